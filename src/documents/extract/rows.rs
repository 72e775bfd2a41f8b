//! Rows of a table as lines that can be found alone: each value with the name of its column.

use super::Refusal;
use super::writer::Writer;

/// A header is looked for among the first rows that hold anything.
const HEADER_ROWS: usize = 10;
/// Bytes of a column's name as it is repeated in every row.
const NAME_BYTES: usize = 60;

/// Writes the rows of one table.
#[derive(Default)]
pub(super) struct Rows {
    header: Option<Vec<String>>,
    seen: usize,
}

impl Rows {
    /// Writes one row. The first that looks like a header gives the names.
    pub(super) fn write(
        &mut self,
        cells: &[String],
        writer: &mut Writer<'_>,
    ) -> Result<(), Refusal> {
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return Ok(());
        }
        self.seen += 1;
        if self.header.is_none() && self.seen <= HEADER_ROWS && is_header(cells) {
            self.header = Some(cells.iter().map(|cell| short(cell)).collect());
        } else if let Some(header) = &self.header {
            return write_named(header, cells, writer);
        }
        writer.line();
        let filled = cells.iter().filter(|cell| !cell.trim().is_empty());
        join(filled.map(|cell| (None, cell.as_str())), writer)
    }
}

fn write_named(
    header: &[String],
    cells: &[String],
    writer: &mut Writer<'_>,
) -> Result<(), Refusal> {
    writer.line();
    let filled = cells.iter().enumerate().filter(|(_, cell)| !cell.trim().is_empty());
    join(
        filled.map(|(column, cell)| {
            let name = header.get(column).filter(|name| !name.is_empty());
            (name.map(String::as_str), cell.as_str())
        }),
        writer,
    )
}

fn join<'c>(
    cells: impl Iterator<Item = (Option<&'c str>, &'c str)>,
    writer: &mut Writer<'_>,
) -> Result<(), Refusal> {
    for (index, (name, cell)) in cells.enumerate() {
        if index > 0 {
            writer.text(" | ")?;
        }
        if let Some(name) = name {
            writer.text(name)?;
            writer.text(": ")?;
        }
        writer.text(cell)?;
    }
    Ok(())
}

/// Two names at least, all different, none of them a number or a date.
fn is_header(cells: &[String]) -> bool {
    let last = cells.iter().rposition(|cell| !cell.trim().is_empty()).unwrap_or_default();
    let names = || cells[..=last].iter().map(|cell| cell.trim());
    let filled = names().filter(|name| !name.is_empty()).count();
    let words = |name: &str| name.is_empty() || name.chars().any(char::is_alphabetic);
    let value = |name: &str| name.starts_with(|c: char| c.is_ascii_digit()) && name.len() > 3;
    let mut sorted: Vec<&str> = names().filter(|name| !name.is_empty()).collect();
    sorted.sort_unstable();
    sorted.dedup();
    filled >= 2
        && filled * 2 > last
        && sorted.len() == filled
        && names().all(|name| words(name) && !value(name) && name.len() < 4 * NAME_BYTES)
}

fn short(name: &str) -> String {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    name[..name.floor_char_boundary(NAME_BYTES)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::is_header;

    fn header(cells: &[&str]) -> bool {
        is_header(&cells.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn headers_are_told_from_values() {
        assert!(header(&["Name", "Born", ""]));
        assert!(header(&["", "Q1", "Q2"]));
        assert!(!header(&["Report for 2024"]));
        assert!(!header(&["Ada", "1815"]));
        assert!(!header(&["Name", "Name"]));
        assert!(!header(&["Ada", "1815-12-10"]));
    }
}
