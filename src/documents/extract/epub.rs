//! Books: the chapters in reading order (EPUB 3.3, 5.7), each as a web page.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufRead;

use super::archive::Archive;
use super::writer::Writer;
use super::xml::{Node, Xml};
use super::{Limits, Refusal, html, ooxml};

pub(super) fn extract(
    file: &mut File,
    limits: &Limits,
    writer: &mut Writer<'_>,
) -> Result<(), Refusal> {
    let mut archive = Archive::open(file, limits)?;
    let locked = match archive.find("META-INF/encryption.xml")? {
        Some(part) => values(Xml::new(part, limits), "CipherReference", "URI")?,
        None => Vec::new(),
    };
    let container = Xml::new(archive.part("META-INF/container.xml")?, limits);
    let package = values(container, "rootfile", "full-path")?.into_iter().next();
    let package = package
        .ok_or_else(|| Refusal::broken("the book is damaged: it does not say where its text is"))?;
    let folder = package.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();

    let book = Book::read(Xml::new(archive.part(&package)?, limits), limits)?;
    if let Some(title) = &book.title {
        writer.set_title(title);
    }
    for id in &book.spine {
        let Some(href) = book.manifest.get(id) else { continue };
        let href = href.split('#').next().unwrap_or_default();
        let name = ooxml::resolve(&folder, &percent_decoded(href));
        if locked.contains(&name) {
            let reason = "it is a book with copy protection, which only its own reader opens";
            return Err(Refusal::new("encrypted", reason));
        }
        let Some(part) = archive.find(&name)? else {
            writer.warn(format!("A chapter is missing ({name})."));
            continue;
        };
        writer.block();
        html::page(part, limits, writer)?;
    }
    Ok(())
}

#[derive(Default)]
struct Book {
    title: Option<String>,
    manifest: HashMap<String, String>,
    spine: Vec<String>,
}

impl Book {
    fn read<R: BufRead>(mut xml: Xml<R>, limits: &Limits) -> Result<Self, Refusal> {
        let mut book = Self::default();
        loop {
            let mut title = false;
            match xml.next()? {
                Node::Start(tag) => match tag.name() {
                    "title" => title = book.title.is_none(),
                    "item" => {
                        if let (Some(id), Some(href)) = (tag.attr("id"), tag.attr("href")) {
                            book.manifest.insert(id, href);
                        }
                    }
                    // the same chapter again is how a small book grows without end
                    "itemref" => {
                        book.spine.extend(tag.attr("idref").filter(|id| !book.spine.contains(id)));
                    }
                    _ => {}
                },
                Node::Eof => return Ok(book),
                _ => {}
            }
            if title {
                book.title = Some(xml.text(1000)?);
            }
            if book.manifest.len().max(book.spine.len()) > limits.max_archive_entries {
                return Err(Refusal::too_large("it is a book of too many parts"));
            }
        }
    }
}

/// One attribute of all elements of a name.
fn values<R: BufRead>(mut xml: Xml<R>, element: &str, attr: &str) -> Result<Vec<String>, Refusal> {
    let mut values = Vec::new();
    loop {
        match xml.next()? {
            Node::Start(tag) if tag.name() == element => values.extend(tag.attr(attr)),
            Node::Eof => return Ok(values),
            _ => {}
        }
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match hex.filter(|_| *first == b'%').and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::trial::{fixture, refusal};
    use super::percent_decoded;

    #[test]
    fn chapters_come_in_reading_order() {
        let (text, done) = fixture("lantern.epub");
        assert_eq!(done.title.as_deref(), Some("The Paper Lantern"));
        let at =
            |words: &str| text.find(words).unwrap_or_else(|| panic!("{words} not in:\n{text}"));
        assert!(at("# One: The workshop") < at("rice paper from Echizen"));
        assert!(at("rice paper from Echizen") < at("# Two: The flood"));
        assert!(at("# Two: The flood") < at("forty-one lanterns"));
        assert_eq!(refusal("protected.epub"), "encrypted");
    }

    #[test]
    fn names_are_percent_decoded() {
        assert_eq!(percent_decoded("a%20b%C3%A9%zz%4"), "a bé%zz%4");
    }
}
