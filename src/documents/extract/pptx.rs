//! Presentations: slides in the order they are shown, each a page; titles as headings, bullets,
//! tables and the speaker's notes. Dates, footers and slide numbers are left out.

use std::fs::File;
use std::io::BufRead;

use super::archive::Archive;
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
    let order = slide_ids(Xml::new(archive.part(&main)?, limits), limits)?;
    let mut number = 0;
    for id in order {
        let Some(slide) = relations.iter().find(|r| r.id == id) else { continue };
        number += 1;
        writer.page(number)?;
        let mut walk = Walk::new(writer, false);
        walk.part(Xml::new(archive.part(&slide.target)?, limits))?;
        let notes = ooxml::relations(&mut archive, &slide.target, limits)?;
        if let Some(notes) = notes.iter().find(|r| r.kind == "notesSlide")
            && let Some(part) = archive.find(&notes.target)?
        {
            Walk::new(writer, true).part(Xml::new(part, limits))?;
        }
    }
    Ok(())
}

fn slide_ids<R: BufRead>(mut xml: Xml<R>, limits: &Limits) -> Result<Vec<String>, Refusal> {
    let mut ids = Vec::new();
    loop {
        match xml.next()? {
            Node::Start(tag) if tag.name() == "sldId" => {
                // `id` is a number of the slide, `r:id` names the relation
                let id = tag.prefixed("r:id").or_else(|| tag.attr("id"));
                ids.extend(id);
                if ids.len() > limits.max_pages as usize {
                    let limit = limits.max_pages;
                    return Err(Refusal::too_large(format!("it has more than {limit} slides")));
                }
            }
            Node::Eof => return Ok(ids),
            _ => {}
        }
    }
}

/// What a shape is for, by its placeholder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Title,
    Body,
    Free,
    /// Date, footer, number, the picture of the slide on a notes page.
    Furniture,
}

struct Walk<'w, 'o> {
    writer: &'w mut Writer<'o>,
    notes: bool,
    role: Role,
    /// Level of the paragraph, when it is a bullet of which nothing was written yet.
    bullet: Option<usize>,
    noted: bool,
}

impl<'w, 'o> Walk<'w, 'o> {
    fn new(writer: &'w mut Writer<'o>, notes: bool) -> Self {
        Self { writer, notes, role: Role::Free, bullet: None, noted: false }
    }

    fn part<R: BufRead>(&mut self, mut xml: Xml<R>) -> Result<(), Refusal> {
        let mut in_text = false;
        loop {
            let mut skip = false;
            match xml.next()? {
                Node::Start(tag) => match tag.name() {
                    "Fallback" => skip = true,
                    "fld" => skip = tag.attr("type").is_some_and(|t| t.starts_with("slidenum")),
                    "t" => in_text = true,
                    _ => self.start(&tag),
                },
                Node::End(tag) => {
                    in_text &= tag.name() != "t";
                    self.end(tag.name())?;
                }
                Node::Text(text) if in_text && self.wanted() => self.text(&text)?,
                Node::Eof => return Ok(()),
                _ => {}
            }
            if skip {
                xml.skip()?;
            }
        }
    }

    fn wanted(&self) -> bool {
        self.role != Role::Furniture && !(self.notes && self.role == Role::Title)
    }

    fn text(&mut self, text: &str) -> Result<(), Refusal> {
        if self.notes && !std::mem::replace(&mut self.noted, true) {
            self.writer.block();
            self.writer.text("Notes: ")?;
        } else if let Some(level) = self.bullet.take() {
            self.writer.item(level, "-");
        }
        self.writer.text(text)
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag.name() {
            "sp" | "graphicFrame" => self.role = Role::Free,
            "ph" => {
                self.role = match tag.attr("type").as_deref() {
                    Some("title" | "ctrTitle") => Role::Title,
                    Some("dt" | "ftr" | "sldNum" | "hdr" | "sldImg") => Role::Furniture,
                    Some("subTitle") => Role::Free,
                    _ => Role::Body,
                }
            }
            "txBody" if self.role == Role::Title => self.writer.heading(1),
            "txBody" | "tbl" => self.writer.block(),
            "tr" => self.writer.row(),
            "tc" => self.writer.cell(),
            "p" => match self.role {
                Role::Title => self.writer.space(),
                Role::Body if !self.notes => self.bullet = Some(0),
                _ => self.writer.line(),
            },
            "pPr" if self.bullet.is_some() => {
                let level = tag.attr("lvl").and_then(|v| v.parse().ok());
                self.bullet = Some(level.unwrap_or_default());
            }
            "buNone" if self.bullet.take().is_some() => self.writer.line(),
            "br" if self.role == Role::Title => self.writer.space(),
            "br" => self.writer.line(),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) -> Result<(), Refusal> {
        match name {
            "txBody" if self.role == Role::Title => self.writer.heading_end(),
            "txBody" | "tbl" => self.writer.block(),
            "tr" => self.writer.row_end()?,
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{fixture, page_of};

    #[test]
    fn slides_are_pages_with_titles_bullets_and_notes() {
        let (text, done) = fixture("tides.pptx");
        assert_eq!(done.pages.len(), 3);
        for expected in ["# Reading the tide tables", "- Springs follow the full moon", "Notes: "] {
            assert!(text.contains(expected), "{expected:?} not in:\n{text}");
        }
        assert_eq!(page_of(&text, &done, "Harbour | High water"), 2);
        assert_eq!(page_of(&text, &done, "quarter moons"), 3);
    }
}
