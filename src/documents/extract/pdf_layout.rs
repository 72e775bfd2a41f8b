//! Paragraphs and headings out of the lines of pages, as people see them: by distance and size.
//!
//! Running text is the size that most letters have; what is larger and short is a heading. Lines are
//! joined when the next one follows closely and its first word had no room in the last one.

use std::collections::BTreeMap;

use super::pdf_lines::{Line, Lines, SPACE};
use super::writer::Writer;
use super::{Refusal, pdf_direction, pdf_letters};

/// Pages held back until the sizes of the text are known.
const HELD_PAGES: usize = 8;
/// A heading is this much larger than running text, and no longer than this.
const HEADING_RATIO: f64 = 1.12;
const HEADING_CHARS: usize = 160;
/// Marks of list items that mean nothing else.
const BULLETS: [char; 7] =
    ['\u{2022}', '\u{25e6}', '\u{25aa}', '\u{25cf}', '\u{25cb}', '\u{f0b7}', '\u{b7}'];
/// Lines further apart than this, in sizes of the font, begin a paragraph.
const PARAGRAPH_GAP: f64 = 1.75;

#[derive(Default)]
pub(super) struct Layout {
    held: Vec<(u32, Vec<Line>)>,
    /// Letters of each size, in half points.
    sizes: BTreeMap<u32, usize>,
    /// Size of running text, in half points, once known.
    body: Option<u32>,
}

impl Layout {
    pub(super) fn page(
        &mut self,
        number: u32,
        lines: Lines,
        writer: &mut Writer<'_>,
    ) -> Result<(), Refusal> {
        let lines = kept(lines.lines);
        if self.body.is_none() {
            for line in &lines {
                *self.sizes.entry(half_points(line.size)).or_default() += line.text.len();
            }
        }
        self.held.push((number, lines));
        if self.held.len() >= HELD_PAGES || self.body.is_some() { self.end(writer) } else { Ok(()) }
    }

    /// Writes the pages held back.
    pub(super) fn end(&mut self, writer: &mut Writer<'_>) -> Result<(), Refusal> {
        let most = self.sizes.iter().max_by_key(|(_, letters)| **letters);
        let body = *self.body.get_or_insert(most.map_or(0, |(size, _)| *size));
        for (number, lines) in std::mem::take(&mut self.held) {
            writer.page(number)?;
            self.write(&lines, f64::from(body) / 2.0, writer)?;
        }
        Ok(())
    }

    fn write(&mut self, lines: &[Line], body: f64, writer: &mut Writer<'_>) -> Result<(), Refusal> {
        let mut previous: Option<&Line> = None;
        let mut heading = false;
        for (index, line) in lines.iter().enumerate() {
            let is_heading = is_heading(line, body);
            let close = previous.is_some_and(|last| follows(last, line));
            if heading && (!is_heading || !close) {
                writer.heading_end();
                heading = false;
            }
            let mut text = line.text.trim();
            let item = text.strip_prefix(BULLETS).map(str::trim_start);
            match previous {
                _ if is_heading && !heading => {
                    self.sizes.entry(half_points(line.size)).or_default();
                    writer.heading(self.level(line.size, body));
                    heading = true;
                }
                Some(_) if heading => writer.space(),
                Some(last) if close && !is_heading && goes_on(last, line, lines, index) => {
                    if !is_hyphenated(last, text) && !is_spaceless(last, text) {
                        writer.space();
                    }
                }
                Some(_) if close => writer.line(),
                _ => writer.block(),
            }
            if let Some(item) = item {
                writer.item(0, "-");
                text = item;
            }
            let next = lines.get(index + 1);
            if let Some(next) = next
                && is_hyphenated(line, next.text.trim())
                && !is_heading
                && follows(line, next)
                && goes_on(line, next, lines, index + 1)
            {
                text = text.trim_end_matches(['-', '\u{ad}', '\u{2010}']);
            }
            writer.text(text)?;
            previous = Some(line);
        }
        if heading {
            writer.heading_end();
        }
        Ok(())
    }

    /// The larger of the sizes seen so far is the higher level.
    fn level(&self, size: f64, body: f64) -> usize {
        let least = half_points(body * HEADING_RATIO);
        // sizes a point apart are the same to the eye
        let larger = self.sizes.range(half_points(size) + 2..).map(|(size, _)| *size);
        let mut distinct: Vec<u32> = larger.filter(|size| *size >= least).collect();
        distinct.dedup_by(|b, a| *b < *a + 2);
        1 + distinct.len()
    }
}

/// Without page furniture, unless that is all there is.
fn kept(mut lines: Vec<Line>) -> Vec<Line> {
    lines.retain(|line| !line.text.trim().is_empty());
    for line in &mut lines {
        if let Some(text) = pdf_direction::as_read(&line.text) {
            line.text = text;
        }
    }
    lines.dedup_by(|next, last| goes_on_to_the_left(last, next));
    let letters = |lines: &[Line], furniture: bool| -> usize {
        lines.iter().filter(|l| l.furniture == furniture).map(|l| l.text.len()).sum()
    };
    if letters(&lines, false) >= letters(&lines, true) {
        lines.retain(|line| !line.furniture);
    }
    lines
}

/// Takes the next line into the last one if it stands right before it in a line that runs from right
/// to left: some programs draw such a line in parts.
fn goes_on_to_the_left(last: &mut Line, next: &Line) -> bool {
    let size = last.size.max(next.size);
    let gap = last.start - next.end;
    let joined = last.is_parallel(next)
        && pdf_direction::is_right_to_left(&last.text)
        && (last.across - next.across).abs() < 0.3 * size
        && (-0.5 * size..1.5 * size).contains(&gap);
    if joined {
        if gap > SPACE * size && !last.text.ends_with(' ') {
            last.text.push(' ');
        }
        last.text.push_str(&next.text);
        last.start = next.start;
    }
    joined
}

fn half_points(size: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to what fits"
    )]
    let rounded = (size * 2.0).round().clamp(0.0, 100_000.0) as u32;
    rounded
}

fn is_heading(line: &Line, body: f64) -> bool {
    line.size >= body * HEADING_RATIO
        && line.text.chars().filter(|c| c.is_alphanumeric()).nth(1).is_some()
        && line.text.chars().count() <= HEADING_CHARS
}

/// Whether the next line stands right below, in the same size.
fn follows(last: &Line, next: &Line) -> bool {
    let size = last.size.max(next.size);
    let down = last.across - next.across;
    last.is_parallel(next)
        && (last.size - next.size).abs() < 0.15 * size
        && down > 0.3 * size
        && down < PARAGRAPH_GAP * size
        && next.start < last.end
        && last.start < next.end
}

/// Whether a paragraph goes on: the first word of the next line had no room in the last one, and it
/// begins no item.
fn goes_on(last: &Line, next: &Line, lines: &[Line], index: usize) -> bool {
    // rows of a table stay rows
    if last.text.contains(" | ") || next.text.contains(" | ") {
        return false;
    }
    let around = &lines[index.saturating_sub(12)..lines.len().min(index + 12)];
    let column = around
        .iter()
        .filter(|line| line.is_parallel(last) && line.start < last.end && last.start < line.end);
    let edge = column.map(|line| line.end).fold(last.end, f64::max);
    let word = next.text.split_whitespace().next().unwrap_or_default();
    let letter = (next.end - next.start) / letters(&next.text).max(1.0);
    let needed = (letters(word) + 1.0) * letter;
    let indent = next.start - last.start;
    edge - last.end < needed && indent < 1.2 * last.size && !begins_item(next.text.trim())
}

fn letters(text: &str) -> f64 {
    text.chars().map(|_| 1.0).sum()
}

fn begins_item(text: &str) -> bool {
    if text.starts_with(BULLETS) || text.starts_with(['-', '\u{2013}', '\u{2014}', '*']) {
        return true;
    }
    let number = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = text.len() - number.len();
    (1..=3).contains(&digits) && (number.starts_with(". ") || number.starts_with(") "))
}

/// Both sides are of a script that has no spaces between words.
fn is_spaceless(last: &Line, next: &str) -> bool {
    let spaceless = pdf_letters::is_spaceless;
    last.text.trim_end().ends_with(spaceless) && next.starts_with(spaceless)
}

/// A word cut at the end of the line, going on in small letters.
fn is_hyphenated(last: &Line, next: &str) -> bool {
    let last = last.text.trim_end();
    let Some(cut) = last.strip_suffix(['-', '\u{ad}', '\u{2010}']) else { return false };
    cut.ends_with(char::is_alphabetic) && next.starts_with(char::is_lowercase)
}

#[cfg(test)]
mod tests {
    use super::super::pdf_lines::{Lines, Placed};
    use super::super::writer::Writer;
    use super::super::{Kind, Limits};
    use super::Layout;
    use hayro_interpret::kurbo::Affine;

    /// Lines of equal letters: place, size, text.
    fn laid_out(lines: &[(f64, f64, f64, &str)]) -> String {
        let mut page = Lines::default();
        for (x, y, size, text) in lines {
            let mut next = *x;
            for c in text.chars() {
                let x = next;
                next += size * 0.5;
                let place = Affine::translate((x, *y)) * Affine::scale(size / 1000.0);
                let placed = Placed::new(place, 1000.0, 500.0, false, false).unwrap();
                page.push(&placed, c.encode_utf8(&mut [0; 4]));
            }
        }
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out, &Limits::default());
        let mut layout = Layout::default();
        layout.page(1, page, &mut writer).unwrap();
        layout.end(&mut writer).unwrap();
        writer.finish(Kind::Pdf).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_become_paragraphs_and_headings() {
        let text = laid_out(&[
            (0.0, 800.0, 20.0, "A title of two"),
            (0.0, 776.0, 20.0, "lines"),
            (0.0, 740.0, 14.0, "Smaller"),
            (0.0, 700.0, 10.0, "This running text has lines that are near-"),
            (0.0, 688.0, 10.0, "ly full and belong to one paragraph as you"),
            (0.0, 676.0, 10.0, "see."),
            (0.0, 664.0, 10.0, "A new one begins after a short line."),
            (0.0, 620.0, 10.0, "Far below is another."),
        ]);
        assert_eq!(
            text,
            "# A title of two lines\n\n## Smaller\n\nThis running text has lines that are nearly \
             full and belong to one paragraph as you see.\nA new one begins after a short line.\
             \n\nFar below is another."
        );
    }

    #[test]
    fn columns_drawn_one_after_the_other_stay_apart() {
        let text = laid_out(&[
            (0.0, 100.0, 10.0, "left one"),
            (0.0, 88.0, 10.0, "left two"),
            (200.0, 100.0, 10.0, "right one"),
            (200.0, 88.0, 10.0, "right two"),
        ]);
        assert_eq!(text, "left one left two\n\nright one right two");
    }
}
