//! XML as a stream of elements and text: local names only, entities never expanded, depth and the
//! size of one piece bounded.
//!
//! A document type that declares entities is refused outright: no office document or book needs one,
//! and every "billion laughs" has one.

use std::borrow::Cow;
use std::io::BufRead;

use quick_xml::escape;
use quick_xml::events::{BytesEnd, BytesStart, Event};
use quick_xml::{Error, Reader};

use super::capped::{Capped, Meter};
use super::{Limits, Refusal};

pub(super) struct Xml<R: BufRead> {
    reader: Reader<Capped<R>>,
    buffer: Vec<u8>,
    piece: Meter,
    depth: usize,
    max_depth: usize,
}

/// One step through a document. An empty element comes as a start and an end.
pub(super) enum Node<'a> {
    Start(Tag<'a>),
    End(EndTag<'a>),
    /// Part of the text between tags, unescaped; one text may come in several nodes.
    Text(Cow<'a, str>),
    /// Comments and the like.
    Other,
    Eof,
}

pub(super) struct Tag<'a>(BytesStart<'a>);
pub(super) struct EndTag<'a>(BytesEnd<'a>);

impl<R: BufRead> Xml<R> {
    pub(super) fn new(inner: R, limits: &Limits) -> Self {
        let (capped, piece) = Capped::new(inner, limits.max_item_bytes);
        let mut reader = Reader::from_reader(capped);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.allow_dangling_amp = true;
        Self { reader, buffer: Vec::new(), piece, depth: 0, max_depth: limits.max_depth }
    }

    pub(super) fn next(&mut self) -> Result<Node<'_>, Refusal> {
        self.buffer.clear();
        self.piece.reset();
        let event = self.reader.read_event_into(&mut self.buffer).map_err(|e| refused(&e))?;
        Ok(match event {
            Event::Start(tag) => {
                self.depth += 1;
                if self.depth > self.max_depth {
                    return Err(Refusal::too_deep());
                }
                Node::Start(Tag(tag))
            }
            Event::End(tag) => {
                self.depth = self.depth.saturating_sub(1);
                Node::End(EndTag(tag))
            }
            Event::Text(text) => Node::Text(text.xml10_content()),
            Event::CData(text) => Node::Text(text.xml10_content()),
            Event::GeneralRef(entity) => match entity.resolve_char_ref() {
                Ok(Some(c)) => Node::Text(Cow::Owned(c.to_string())),
                _ => Node::Text(Cow::Borrowed(
                    escape::resolve_predefined_entity(&entity).unwrap_or_default(),
                )),
            },
            Event::DocType(text) if text.contains("<!ENTITY") => {
                let reason = "it declares its own XML entities, by which a small file can grow \
                              without end";
                return Err(Refusal::too_large(reason));
            }
            Event::Eof if self.depth > 0 => {
                return Err(Refusal::broken("the file is cut short: an XML part has no end"));
            }
            Event::Eof => Node::Eof,
            _ => Node::Other,
        })
    }

    /// Passes over the element that has just started.
    pub(super) fn skip(&mut self) -> Result<(), Refusal> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            if let Node::Eof = self.next()? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// All text within the element that has just started, at most `max` bytes of it.
    pub(super) fn text(&mut self, max: usize) -> Result<String, Refusal> {
        let outside = self.depth.saturating_sub(1);
        let mut all = String::new();
        while self.depth > outside {
            match self.next()? {
                Node::Text(text) if all.len() < max => all.push_str(&text),
                Node::Eof => break,
                _ => {}
            }
        }
        Ok(all)
    }
}

impl Tag<'_> {
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// An attribute by its local name.
    pub(super) fn attr(&self, name: &str) -> Option<String> {
        let found = self.attrs().find(|a| a.0 == name);
        found.map(|(_, value)| value)
    }

    /// An attribute by its whole name, prefix and all, where the local name is not enough.
    pub(super) fn prefixed(&self, name: &str) -> Option<String> {
        let mut attributes = self.0.attributes();
        let found = attributes.with_checks(false).flatten().find(|a| a.key.0 == name);
        found.map(|a| unescaped(&a.value))
    }

    fn attrs(&self) -> impl Iterator<Item = (&str, String)> {
        let mut attributes = self.0.attributes();
        attributes.with_checks(false);
        let whole = attributes.flatten();
        whole.map(|a| {
            let name = a.key.0;
            (name.rsplit_once(':').map_or(name, |(_, local)| local), unescaped(&a.value))
        })
    }
}

impl EndTag<'_> {
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }
}

fn unescaped(value: &str) -> String {
    escape::unescape(value).map_or_else(|_| value.to_owned(), Cow::into_owned)
}

fn refused(error: &Error) -> Refusal {
    match error {
        Error::Io(io) => Refusal::from_io(io),
        other => Refusal::broken(format!("an XML part of it is damaged ({other})")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, Refusal};
    use super::{Node, Xml};

    fn all(xml: &str) -> Result<String, Refusal> {
        let limits = Limits { max_depth: 10, max_item_bytes: 1000, ..Limits::default() };
        let mut xml = Xml::new(xml.as_bytes(), &limits);
        let mut out = String::new();
        loop {
            match xml.next()? {
                Node::Start(tag) => {
                    out += &format!("<{} {}>", tag.name(), tag.attr("v").unwrap_or_default());
                }
                Node::End(tag) => out += &format!("</{}>", tag.name()),
                Node::Text(text) => out += &text,
                Node::Other => {}
                Node::Eof => return Ok(out),
            }
        }
    }

    #[test]
    fn names_are_local_and_entities_plain() {
        assert_eq!(
            all(r#"<w:a w:v="1&lt;2"><b/>x &amp; &#x41;&odd;</w:a>"#).unwrap(),
            "<a 1<2><b ></b>x & A</a>"
        );
    }

    #[test]
    fn bombs_and_damage_are_refused() {
        let laughs = "<!DOCTYPE a [<!ENTITY b \"ha\"><!ENTITY c \"&b;&b;\">]><a>&c;</a>";
        assert_eq!(all(laughs).unwrap_err().code, "too_large");
        assert_eq!(all(&"<a>".repeat(11)).unwrap_err().code, "too_deep");
        assert_eq!(all(&format!("<a>{}", "x".repeat(2000))).unwrap_err().code, "too_large");
        assert_eq!(all("<a><b></a>").unwrap_err().code, "broken");
        assert_eq!(all("<a>").unwrap_err().code, "broken");
    }
}
