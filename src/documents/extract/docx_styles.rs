//! The styles of a Word document, as far as they say what is a heading, a list or a table of contents.

use std::collections::HashMap;
use std::io::BufRead;

use super::xml::{Node, Xml};
use super::{Limits, Refusal};

/// Styles based on styles, at most so many deep: real ones have three or four.
const MAX_BASES: usize = 16;

#[derive(Default)]
pub(super) struct Styles {
    styles: HashMap<String, Style>,
}

#[derive(Default)]
struct Style {
    name: String,
    based_on: Option<String>,
    outline: Option<usize>,
    list: Option<String>,
    level: Option<usize>,
}

impl Styles {
    pub(super) fn read<R: BufRead>(mut xml: Xml<R>, limits: &Limits) -> Result<Self, Refusal> {
        let mut styles = HashMap::new();
        let mut open: Option<(String, Style)> = None;
        loop {
            match xml.next()? {
                Node::Start(tag) => {
                    let value = || tag.attr("val");
                    match (tag.name(), open.as_mut()) {
                        ("style", _) => {
                            open =
                                Some((tag.attr("styleId").unwrap_or_default(), Style::default()));
                        }
                        ("name", Some((_, s))) => {
                            s.name = value().unwrap_or_default().to_lowercase();
                        }
                        ("basedOn", Some((_, s))) => s.based_on = value(),
                        ("outlineLvl", Some((_, s))) => {
                            s.outline = value().and_then(|v| outline_level(&v));
                        }
                        ("numId", Some((_, s))) => s.list = value(),
                        ("ilvl", Some((_, s))) => s.level = value().and_then(|v| v.parse().ok()),
                        _ => {}
                    }
                }
                Node::End(tag) if tag.name() == "style" => {
                    if let Some((id, style)) = open.take() {
                        styles.insert(id, style);
                    }
                    if styles.len() > limits.max_archive_entries {
                        return Err(Refusal::too_large("it has too many styles"));
                    }
                }
                Node::Eof => return Ok(Self { styles }),
                _ => {}
            }
        }
    }

    /// The level, from 1, of headings in this style.
    pub(super) fn heading(&self, id: Option<&str>) -> Option<usize> {
        self.bases(id).find_map(|style| match style.name.as_str() {
            "title" => Some(1),
            name => {
                style.outline.or_else(|| name.strip_prefix("heading ").and_then(|n| n.parse().ok()))
            }
        })
    }

    /// The list that paragraphs of this style belong to, and their level in it.
    pub(super) fn list(&self, id: Option<&str>, level: Option<usize>) -> Option<(String, usize)> {
        self.bases(id).find_map(|style| {
            let list = style.list.clone()?;
            Some((list, level.or(style.level).unwrap_or_default()))
        })
    }

    /// Whether paragraphs of this style are lines of a table of contents.
    pub(super) fn is_contents(&self, id: Option<&str>) -> bool {
        let name = id.and_then(|id| self.styles.get(id)).map(|style| style.name.as_str());
        name.is_some_and(|n| {
            n.strip_prefix("toc ").is_some_and(|n| n.parse::<u8>().is_ok())
                || n.starts_with("contents ")
        })
    }

    fn bases<'s>(&'s self, id: Option<&str>) -> impl Iterator<Item = &'s Style> {
        let first = id.and_then(|id| self.styles.get(id));
        std::iter::successors(first, |style| self.styles.get(style.based_on.as_ref()?))
            .take(MAX_BASES)
    }
}

/// `w:outlineLvl` counts from 0; 9 means body text.
pub(super) fn outline_level(value: &str) -> Option<usize> {
    value.parse().ok().filter(|level| *level < 9).map(|level: usize| level + 1)
}

#[cfg(test)]
mod tests {
    use super::super::Limits;
    use super::super::xml::Xml;
    use super::Styles;

    #[test]
    fn headings_are_found_through_bases_and_cycles_end() {
        let xml = r#"<w:styles xmlns:w="w">
            <w:style w:styleId="H1"><w:name w:val="heading 1"/></w:style>
            <w:style w:styleId="Mine"><w:name w:val="Chapter"/><w:basedOn w:val="H1"/></w:style>
            <w:style w:styleId="A"><w:name w:val="a"/><w:basedOn w:val="B"/></w:style>
            <w:style w:styleId="B"><w:name w:val="b"/><w:basedOn w:val="A"/></w:style>
            <w:style w:styleId="T"><w:name w:val="toc 2"/></w:style></w:styles>"#;
        let limits = Limits::default();
        let styles = Styles::read(Xml::new(xml.as_bytes(), &limits), &limits).unwrap();
        assert_eq!(styles.heading(Some("Mine")), Some(1));
        assert_eq!(styles.heading(Some("A")), None);
        assert!(styles.is_contents(Some("T")));
        assert!(!styles.is_contents(Some("Mine")));
    }
}
