//! Word documents: headings by style or outline level, lists with their numbers, tables, text boxes,
//! foot- and endnotes; deleted text, fields and tables of contents are left out.

use std::fs::File;
use std::io::BufRead;

use super::archive::Archive;
use super::docx_lists::Lists;
use super::docx_styles::{Styles, outline_level};
use super::writer::Writer;
use super::xml::{Node, Tag, Xml};
use super::{Limits, Refusal, ooxml};

pub(super) fn extract(
    file: &mut File,
    limits: &Limits,
    writer: &mut Writer<'_>,
) -> Result<(), Refusal> {
    let mut archive = Archive::open(file, limits)?;
    let main = ooxml::main_part(&mut archive, limits)?;
    ooxml::title(&mut archive, writer, limits)?;
    let relations = ooxml::relations(&mut archive, &main, limits)?;
    let part = |kind: &str| relations.iter().find(|r| r.kind == kind).map(|r| r.target.as_str());

    let mut walk = Walk {
        writer,
        styles: Styles::default(),
        lists: Lists::default(),
        p: P::default(),
        notes: Vec::new(),
    };
    if let Some(found) = part("styles").map(|name| archive.find(name)).transpose()?.flatten() {
        walk.styles = Styles::read(Xml::new(found, limits), limits)?;
    }
    if let Some(found) = part("numbering").map(|name| archive.find(name)).transpose()?.flatten() {
        walk.lists = Lists::read(Xml::new(found, limits), limits)?;
    }
    walk.part(Xml::new(archive.part(&main)?, limits))?;
    for notes in ["footnotes", "endnotes"] {
        if let Some(found) = part(notes).map(|name| archive.find(name)).transpose()?.flatten() {
            walk.part(Xml::new(found, limits))?;
        }
    }
    Ok(())
}

struct Walk<'w, 'o> {
    writer: &'w mut Writer<'o>,
    styles: Styles,
    lists: Lists,
    p: P,
    /// Foot- and endnotes in the order in which the text refers to them.
    notes: Vec<String>,
}

/// The paragraph being read.
#[derive(Default)]
struct P {
    open: bool,
    style: Option<String>,
    outline: Option<usize>,
    /// Number of the list and level within it.
    list: Option<(String, usize)>,
    level: Option<usize>,
    heading: bool,
    /// A line of a table of contents.
    mute: bool,
}

impl Walk<'_, '_> {
    fn part<R: BufRead>(&mut self, mut xml: Xml<R>) -> Result<(), Refusal> {
        let mut in_text = false;
        loop {
            let mut skip = false;
            match xml.next()? {
                Node::Start(tag) => match tag.name() {
                    // what stands there twice, was deleted or was otherwise before
                    "Fallback" | "pPrChange" | "rPrChange" | "moveFrom" | "instrText" | "tabs"
                    | "sectPr" | "delText" | "del" => skip = true,
                    "t" => in_text = true,
                    "footnote" | "endnote" => {
                        if tag.attr("type").is_some_and(|t| t != "normal") {
                            skip = true;
                        } else {
                            let id = tag.attr("id").unwrap_or_default();
                            let mark = self.note_mark(tag.name(), &id);
                            self.end_paragraph();
                            self.writer.item(0, &format!("{mark}:"));
                        }
                    }
                    _ => self.start(&tag)?,
                },
                Node::End(tag) => match tag.name() {
                    "t" => in_text = false,
                    "pPr" => self.begin_paragraph()?,
                    "p" => self.end_paragraph(),
                    "tr" => self.writer.row_end()?,
                    "tbl" => self.writer.block(),
                    _ => {}
                },
                Node::Text(text) if in_text && !self.p.mute => self.writer.text(&text)?,
                Node::Eof => return Ok(()),
                _ => {}
            }
            if skip {
                xml.skip()?;
            }
        }
    }

    fn start(&mut self, tag: &Tag<'_>) -> Result<(), Refusal> {
        let value = || tag.attr("val");
        match tag.name() {
            // a text box stands inside the paragraph that it is anchored to
            "p" if self.p.open => self.end_paragraph(),
            "p" => self.p.open = true,
            "pStyle" => self.p.style = value(),
            "outlineLvl" => self.p.outline = value().and_then(|v| outline_level(&v)),
            "ilvl" => self.p.level = value().and_then(|v| v.parse().ok()),
            "numId" => {
                let level = self.p.level.unwrap_or_default();
                self.p.list = value().map(|id| (id, level));
            }
            "tbl" => self.writer.block(),
            "tr" => self.writer.row(),
            "tc" => self.writer.cell(),
            "tab" | "ptab" => self.writer.space(),
            "br" | "cr" if self.p.heading => self.writer.space(),
            "br" | "cr" => self.writer.line(),
            "noBreakHyphen" => self.writer.text("-")?,
            "footnoteReference" | "endnoteReference" => {
                let kind = tag.name().trim_end_matches("Reference");
                let mark = self.note_mark(kind, &tag.attr("id").unwrap_or_default());
                self.writer.text(&mark)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// `[^2]` for the second note that the text refers to.
    fn note_mark(&mut self, kind: &str, id: &str) -> String {
        let note = format!("{kind} {id}");
        let known = self.notes.iter().position(|known| *known == note);
        let index = known.unwrap_or_else(|| {
            self.notes.push(note);
            self.notes.len() - 1
        });
        format!("[^{}]", index + 1)
    }

    /// The properties of the paragraph are known, its text follows.
    fn begin_paragraph(&mut self) -> Result<(), Refusal> {
        let style = self.p.style.as_deref();
        self.p.mute = self.styles.is_contents(style);
        let heading = self.p.outline.or_else(|| self.styles.heading(style));
        let list = self.p.list.clone().or_else(|| self.styles.list(style, self.p.level));
        let marker = list.as_ref().and_then(|(id, level)| self.lists.next_marker(id, *level));
        match (heading, marker) {
            _ if self.p.mute => {}
            (Some(level), marker) => {
                self.writer.heading(level);
                self.p.heading = true;
                if let Some(number) = marker.filter(|m| m != "-") {
                    self.writer.text(&number)?;
                    self.writer.space();
                }
            }
            (None, Some(marker)) => {
                let level = list.map(|(_, level)| level).unwrap_or_default();
                self.writer.item(level, &marker);
            }
            (None, None) => {}
        }
        Ok(())
    }

    fn end_paragraph(&mut self) {
        let p = std::mem::take(&mut self.p);
        if p.heading {
            self.writer.heading_end();
        } else {
            self.writer.item_end();
            self.writer.block();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::super::trial::{fixture, refusal};

    #[test]
    fn a_letter_of_word_keeps_its_structure() {
        let (text, done) = fixture("lighthouse.docx");
        assert_eq!(done.kind, Kind::Docx);
        assert_eq!(done.title.as_deref(), Some("The Skerrow lighthouse"));
        for expected in [
            "# The Skerrow lighthouse\n",
            "## The lamp\n",
            "lens of 1874",
            "- paraffin, four barrels",
            "Keeper | From | To",
            "Marta Oyelaran | 1902 | 1931",
            "1. Climb the 143 steps.",
            "21 nautical miles away.[^1]",
            "\n[^1]: Measured by the harbour board in 1904",
        ] {
            assert!(text.contains(expected), "{expected:?} not in:\n{text}");
        }
    }

    #[test]
    fn damage_and_passwords_are_told_apart() {
        assert_eq!(refusal("cut.docx"), "broken");
        assert_eq!(refusal("secret.docx"), "encrypted");
    }
}
