//! Excel workbooks: each sheet a heading, each row a line that names its columns.
//!
//! Cells are read as a stream and only cells that exist take memory, whatever size a sheet claims.

use std::fs::File;
use std::io::BufRead;

use super::archive::Archive;
use super::rows::Rows;
use super::writer::Writer;
use super::xlsx_values::{Formats, column_of};
use super::xml::{Node, Xml};
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

    let book = Book::read(Xml::new(archive.part(&main)?, limits), limits)?;
    let formats = match part("styles").map(|name| archive.find(name)).transpose()?.flatten() {
        Some(found) => Formats::read(Xml::new(found, limits), book.since_1904, limits)?,
        None => Formats::default(),
    };
    let strings = match part("sharedStrings").map(|name| archive.find(name)).transpose()?.flatten()
    {
        Some(found) => shared_strings(Xml::new(found, limits), limits)?,
        None => Strings::default(),
    };
    for (name, id) in &book.sheets {
        let Some(sheet) = relations.iter().find(|r| &r.id == id && r.kind == "worksheet") else {
            continue;
        };
        writer.heading(1);
        writer.text(name)?;
        writer.heading_end();
        let part = Xml::new(archive.part(&sheet.target)?, limits);
        sheet_rows(part, &strings, &formats, limits, writer)?;
    }
    Ok(())
}

#[derive(Default)]
struct Book {
    /// Name and relation of each sheet.
    sheets: Vec<(String, String)>,
    since_1904: bool,
}

impl Book {
    fn read<R: BufRead>(mut xml: Xml<R>, limits: &Limits) -> Result<Self, Refusal> {
        let mut book = Self::default();
        loop {
            match xml.next()? {
                Node::Start(tag) if tag.name() == "sheet" => {
                    let id = tag.prefixed("r:id").or_else(|| tag.attr("id"));
                    book.sheets.extend(tag.attr("name").zip(id));
                    if book.sheets.len() > limits.max_archive_entries {
                        return Err(Refusal::too_large("it has too many sheets"));
                    }
                }
                Node::Start(tag) if tag.name() == "workbookPr" => {
                    book.since_1904 = tag.attr("date1904").is_some_and(|v| v == "1" || v == "true");
                }
                Node::Eof => return Ok(book),
                _ => {}
            }
        }
    }
}

/// The texts that cells refer to by number, in one piece of memory.
#[derive(Default)]
struct Strings {
    text: String,
    ends: Vec<usize>,
}

impl Strings {
    fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start =
            index.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.text.get(start..end)
    }
}

fn shared_strings<R: BufRead>(mut xml: Xml<R>, limits: &Limits) -> Result<Strings, Refusal> {
    let mut strings = Strings::default();
    let (mut text, mut phonetic) = (false, false);
    loop {
        match xml.next()? {
            Node::Start(tag) => match tag.name() {
                "t" => text = !phonetic,
                // how a Japanese text is pronounced stands beside it
                "rPh" => phonetic = true,
                _ => {}
            },
            Node::End(tag) => match tag.name() {
                "t" => text = false,
                "rPh" => phonetic = false,
                "si" => strings.ends.push(strings.text.len()),
                _ => {}
            },
            Node::Text(piece) if text => strings.text.push_str(&piece),
            Node::Eof => return Ok(strings),
            _ => {}
        }
        let held = strings.text.len() + strings.ends.len() * size_of::<usize>();
        if held as u64 > limits.max_loaded_bytes {
            return Err(Refusal::too_large("its cells hold too many different texts"));
        }
    }
}

/// The cell being read.
#[derive(Default)]
struct Cell {
    column: usize,
    kind: String,
    style: usize,
    value: String,
}

fn sheet_rows<R: BufRead>(
    mut xml: Xml<R>,
    strings: &Strings,
    formats: &Formats,
    limits: &Limits,
    writer: &mut Writer<'_>,
) -> Result<(), Refusal> {
    let mut rows = Rows::default();
    let mut row: Vec<String> = Vec::new();
    let mut held = 0;
    let mut next_column = 0;
    let mut cell: Option<Cell> = None;
    let mut in_value = false;
    loop {
        let mut skip = false;
        match xml.next()? {
            Node::Start(tag) => match tag.name() {
                "row" => {
                    row.clear();
                    (held, next_column) = (0, 0);
                }
                "c" => {
                    let column = tag.attr("r").and_then(|r| column_of(&r)).unwrap_or(next_column);
                    next_column = column + 1;
                    cell = Some(Cell {
                        column,
                        kind: tag.attr("t").unwrap_or_default(),
                        style: tag.attr("s").and_then(|s| s.parse().ok()).unwrap_or_default(),
                        value: String::new(),
                    });
                }
                "v" | "t" => in_value = true,
                "f" | "rPh" | "headerFooter" => skip = true,
                _ => {}
            },
            Node::End(tag) => match tag.name() {
                "v" | "t" => in_value = false,
                "c" => {
                    if let Some(cell) = cell.take() {
                        let value = shown(&cell, strings, formats);
                        held += value.len() as u64;
                        if held > limits.max_item_bytes {
                            return Err(Refusal::too_large("a row of it holds too much text"));
                        }
                        if !value.is_empty() {
                            if row.len() <= cell.column {
                                row.resize(cell.column + 1, String::new());
                            }
                            row[cell.column] = value;
                        }
                    }
                }
                "row" => rows.write(&row, writer)?,
                _ => {}
            },
            Node::Text(text) if in_value => {
                if let Some(cell) = &mut cell {
                    cell.value.push_str(&text);
                    if cell.value.len() as u64 > limits.max_item_bytes {
                        return Err(Refusal::too_large("a cell of it holds too much text"));
                    }
                }
            }
            Node::Eof => return Ok(()),
            _ => {}
        }
        if skip {
            xml.skip()?;
        }
    }
}

/// A cell's value as a person sees it.
fn shown(cell: &Cell, strings: &Strings, formats: &Formats) -> String {
    match cell.kind.as_str() {
        "s" => {
            let index = cell.value.trim().parse().ok();
            index.and_then(|index| strings.get(index)).unwrap_or_default().to_owned()
        }
        "b" => if cell.value.trim() == "1" { "TRUE" } else { "FALSE" }.to_owned(),
        "str" | "inlineStr" | "e" | "d" => cell.value.clone(),
        _ => formats.shown(cell.value.trim(), cell.style),
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::fixture;

    #[test]
    fn sheets_rows_dates_and_formulas_are_shown() {
        let (text, done) = fixture("orchard.xlsx");
        for expected in [
            "# Harvest\n",
            "Variety | Planted | Trees | Yield kg\n",
            "Variety: Gravensteiner | Planted: 1987-11-03 | Trees: 42 | Yield kg: 3360.5",
            "Variety: Total | Trees: 79 | Yield kg: 6218",
            "# Contacts\n",
        ] {
            assert!(text.contains(expected), "{expected:?} not in:\n{text}");
        }
        assert!(done.pages.is_empty());
    }
}
