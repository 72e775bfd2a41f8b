//! `OpenDocument` texts (ODF 1.3 part 3): headings by outline level, lists, tables, footnotes in place;
//! deleted text, comments and tables of contents are left out.

use std::fs::File;
use std::io::BufRead;

use super::archive::Archive;
use super::writer::Writer;
use super::xml::{Node, Tag, Xml};
use super::{Limits, Refusal};

/// `text:s` stands for several spaces; they are one here.
pub(super) fn extract(
    file: &mut File,
    limits: &Limits,
    writer: &mut Writer<'_>,
) -> Result<(), Refusal> {
    let mut archive = Archive::open(file, limits)?;
    if let Some(manifest) = archive.find("META-INF/manifest.xml")?
        && is_encrypted(Xml::new(manifest, limits))?
    {
        let reason = "it is protected with a password: save it without one and add it again";
        return Err(Refusal::new("encrypted", reason));
    }
    if let Some(meta) = archive.find("meta.xml")? {
        title(Xml::new(meta, limits), writer)?;
    }
    let mut walk = Walk { writer, depth: 0, paragraphs: 0, heading: false, notes: 0 };
    walk.part(Xml::new(archive.part("content.xml")?, limits))
}

fn is_encrypted<R: BufRead>(mut xml: Xml<R>) -> Result<bool, Refusal> {
    loop {
        match xml.next()? {
            Node::Start(tag) if tag.name() == "encryption-data" => return Ok(true),
            Node::Eof => return Ok(false),
            _ => {}
        }
    }
}

fn title<R: BufRead>(mut xml: Xml<R>, writer: &mut Writer<'_>) -> Result<(), Refusal> {
    loop {
        match xml.next()? {
            Node::Start(tag) if tag.name() == "title" => break,
            Node::Eof => return Ok(()),
            _ => {}
        }
    }
    writer.set_title(&xml.text(1000)?);
    Ok(())
}

struct Walk<'w, 'o> {
    writer: &'w mut Writer<'o>,
    /// Lists within lists.
    depth: usize,
    /// Paragraphs within paragraphs (text boxes, notes); text counts only inside one.
    paragraphs: usize,
    heading: bool,
    /// Footnotes stand in brackets within the sentence.
    notes: usize,
}

impl Walk<'_, '_> {
    fn part<R: BufRead>(&mut self, mut xml: Xml<R>) -> Result<(), Refusal> {
        loop {
            let mut skip = false;
            match xml.next()? {
                Node::Start(tag) => match tag.name() {
                    "tracked-changes" | "annotation" | "table-of-content" | "automatic-styles"
                    | "sequence-decls" | "note-citation" | "forms" | "scripts" => skip = true,
                    _ => self.start(&tag)?,
                },
                Node::End(tag) => self.end(tag.name())?,
                Node::Text(text) if self.paragraphs > 0 => self.writer.text(&text)?,
                Node::Eof => return Ok(()),
                _ => {}
            }
            if skip {
                xml.skip()?;
            }
        }
    }

    fn start(&mut self, tag: &Tag<'_>) -> Result<(), Refusal> {
        match tag.name() {
            "h" => {
                let level = tag.attr("outline-level").and_then(|v| v.parse().ok()).unwrap_or(1);
                self.writer.heading(level);
                self.heading = true;
                self.paragraphs += 1;
            }
            "p" => {
                if self.notes > 0 {
                    self.writer.space();
                } else if !self.heading {
                    self.writer.block();
                }
                self.paragraphs += 1;
            }
            "list" => {
                if self.depth == 0 {
                    self.writer.block();
                }
                self.depth += 1;
            }
            "list-item" => self.writer.item(self.depth.saturating_sub(1), "-"),
            "table" => self.writer.block(),
            "table-row" => self.writer.row(),
            "table-cell" | "covered-table-cell" => self.writer.cell(),
            "s" | "tab" => self.writer.space(),
            "line-break" if self.heading => self.writer.space(),
            "line-break" => self.writer.line(),
            "note" => {
                self.notes += 1;
                self.writer.text(" (")?;
                self.writer.join();
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, name: &str) -> Result<(), Refusal> {
        match name {
            "h" => {
                self.heading = false;
                self.paragraphs = self.paragraphs.saturating_sub(1);
                self.writer.heading_end();
            }
            "p" => {
                self.paragraphs = self.paragraphs.saturating_sub(1);
                if !self.heading && self.notes == 0 && self.paragraphs == 0 {
                    self.writer.block();
                }
            }
            "list" => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    self.writer.block();
                }
            }
            "list-item" => self.writer.item_end(),
            "table-row" => self.writer.row_end()?,
            "table" => self.writer.block(),
            "note" => {
                self.notes = self.notes.saturating_sub(1);
                self.writer.text(")")?;
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{fixture, refusal};

    #[test]
    fn headings_lists_tables_and_notes_are_kept() {
        let (text, done) = fixture("bees.odt");
        assert_eq!(done.title.as_deref(), Some("Keeping bees on a roof"));
        for expected in [
            "# Keeping bees on a roof",
            "## First inspection",
            "- a smoker",
            "Hive | Frames | Honey",
            "Linden | 11 | 14.5 kg",
            "40 kg. (A hive without a strap fell in the storm of February 2022.)",
        ] {
            assert!(text.contains(expected), "{expected:?} not in:\n{text}");
        }
        assert_eq!(refusal("secret.odt"), "encrypted");
    }
}
