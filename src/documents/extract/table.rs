//! Tables in plain text (RFC 4180 and its relatives): the delimiter is found by counting, each row
//! becomes a line that names its columns.

use std::fs::File;
use std::io::Seek;

use csv::{ReaderBuilder, StringRecord};

use super::capped::Capped;
use super::decode::{Utf8, encoding_of};
use super::rows::Rows;
use super::writer::Writer;
use super::{Limits, Refusal};

const SAMPLE_LINES: usize = 50;
const SAMPLE_BYTES: usize = 16 * 1024;

pub(super) fn extract(
    file: &mut File,
    limits: &Limits,
    writer: &mut Writer<'_>,
) -> Result<(), Refusal> {
    let encoding = encoding_of(file)?;
    let mut sample = String::new();
    let mut text = Utf8::new(&mut *file, encoding);
    while sample.len() < SAMPLE_BYTES && text.read_text(&mut sample)? {}
    file.rewind().map_err(|e| Refusal::from_io(&e))?;

    let (capped, row) = Capped::new(Utf8::new(file, encoding), limits.max_item_bytes);
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(&sample))
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(32 * 1024)
        .from_reader(capped);
    let mut record = StringRecord::new();
    let mut rows = Rows::default();
    let mut cells: Vec<String> = Vec::new();
    loop {
        row.reset();
        let line = reader.position().line();
        if !reader.read_record(&mut record).map_err(|e| refused(&e, line))? {
            return Ok(());
        }
        cells.resize(record.len(), String::new());
        for (cell, value) in cells.iter_mut().zip(&record) {
            cell.clear();
            cell.push_str(value);
        }
        rows.write(&cells, writer)?;
    }
}

/// The character that splits the first lines into the same number of fields, more than one.
fn delimiter(sample: &str) -> u8 {
    let lines: Vec<&str> = sample.lines().filter(|l| !l.trim().is_empty()).collect();
    let lines = &lines[..lines.len().min(SAMPLE_LINES)];
    let score = |delimiter: char| {
        let counts: Vec<usize> = lines.iter().map(|line| count(line, delimiter)).collect();
        let first = counts.first().copied().unwrap_or_default();
        let same = counts.iter().filter(|count| **count == first).count();
        if first == 0 { (0, 0) } else { (same * 100 / counts.len(), first) }
    };
    // of equals the last wins, so the commonest comes last
    let best = ['|', '\t', ';', ','].into_iter().max_by_key(|delimiter| score(*delimiter));
    best.filter(|delimiter| score(*delimiter).0 > 0).map_or(b',', |delimiter| delimiter as u8)
}

/// How often a character stands outside quotes.
fn count(line: &str, delimiter: char) -> usize {
    let mut quoted = false;
    let outside = line.chars().filter(|c| {
        quoted ^= *c == '"';
        !quoted && *c == delimiter
    });
    outside.count()
}

fn refused(error: &csv::Error, line: u64) -> Refusal {
    match error.kind() {
        csv::ErrorKind::Io(io) if Refusal::from_io(io).code == "too_large" => {
            Refusal::broken(format!("the row in line {line} has no end: a quote is not closed"))
        }
        csv::ErrorKind::Io(io) => Refusal::from_io(io),
        _ => Refusal::broken(format!("the row in line {line} cannot be read ({error})")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Limits;
    use super::super::trial::{extracted, extracted_within, fixture};
    use super::delimiter;

    #[test]
    fn every_row_names_its_columns() {
        let (text, _) = fixture("harbour-dues.csv");
        assert!(text.starts_with("Ship | Length m | Dues EUR | Remark\n"), "{text}");
        assert!(
            text.contains(
                "\nShip: Nordlys | Length m: 121.8 | Dues EUR: 4310 | Remark: mail, daily\n"
            ),
            "{text}"
        );
    }

    #[test]
    fn delimiters_are_found() {
        assert_eq!(delimiter("a;b,c;d\n1;2,5;3\n"), b';');
        assert_eq!(delimiter("a\tb, c\n1\t2\n"), b'\t');
        assert_eq!(delimiter("\"x;y\",b\n1,2\n"), b',');
        assert_eq!(delimiter(""), b',');
        let (text, _) = extracted("a.csv", "Name;Größe\nAda;1,65\n".as_bytes()).unwrap();
        assert_eq!(text, "Name | Größe\nName: Ada | Größe: 1,65");
    }

    #[test]
    fn an_open_quote_ends_in_a_reason() {
        let limits = Limits { max_item_bytes: 10_000, ..Limits::default() };
        let csv = format!("a,b\n1,\"2{}", "\nx,y".repeat(100_000));
        let refused = extracted_within("a.csv", csv.as_bytes(), &limits).unwrap_err();
        assert_eq!(refused.code, "broken");
        assert!(refused.reason.contains("line 2"), "{}", refused.reason);
    }
}
