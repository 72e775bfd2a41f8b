//! Extracted text becomes passages to search and to cite: about `max_tokens` long, along headings,
//! paragraphs, lines and sentences, each beginning with the end of the one before.
//!
//! One pass, bounded memory: the text is read through a window that holds the open passage and a
//! little more. Offsets are exact: a passage is the text between its offsets, byte for byte.
//! `text-splitter` does the same on whole texts in memory, which rules it out for large files.

mod pieces;
mod tokens;

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::Arc;

use super::extract::{PageMark, Structure};
use pieces::{Break, LOOK_AHEAD, Piece, Pieces};
use tokens::{Cost, TOKEN};

/// Text is read in pieces of this size.
const READ_BYTES: usize = 64 * 1024;
/// White space and the like costs nothing in tokens; this many bytes count as one all the same.
const BYTES_PER_TOKEN: usize = 24;

/// How long passages are, in tokens by the estimate of `tokens`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// A passage has at most so many.
    pub max_tokens: usize,
    /// So many of the passage before are said again, if no heading stands between.
    pub overlap_tokens: usize,
}

/// A passage of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Offsets into the text in bytes, the end excluded.
    pub start_byte: u64,
    /// See `start_byte`.
    pub end_byte: u64,
    /// The same in Unicode scalar values.
    pub start_char: u64,
    /// See `start_char`.
    pub end_char: u64,
    /// The headings above it, outermost first: `Engine > Oil`. Empty above the first.
    pub heading: String,
    /// The page that it begins on, where there are pages.
    pub page: Option<u32>,
    /// The text itself, without white space around it (but for a space that bears an accent).
    pub text: String,
}

/// Cuts a text (UTF-8) into passages. `pages` in order, as `extract` gives them.
///
/// An item is an error when reading fails or the text is not UTF-8; the iteration ends there.
pub fn chunks<R: Read>(
    text: R,
    structure: Structure,
    pages: &[PageMark],
    sizes: Sizes,
) -> Chunks<'_, R> {
    let max = sizes.max_tokens.max(8) * TOKEN;
    let overlap = (sizes.overlap_tokens * TOKEN).min(max / 2);
    // half the overlap, so that what is said again is never much less than asked for
    let piece = if overlap > 0 { overlap / 2 } else { max / 8 };
    Chunks {
        window: Window::new(text),
        pieces: Pieces::new(structure, piece.clamp(TOKEN, max / 2)),
        pages,
        max,
        overlap,
        open: VecDeque::new(),
        open_cost: 0,
        open_bytes: 0,
        repeated: 0,
        headings: Vec::new(),
        path: Arc::from(""),
        done: false,
    }
}

/// The passages of a text, one after the other.
pub struct Chunks<'p, R> {
    window: Window<R>,
    pieces: Pieces,
    pages: &'p [PageMark],
    max: Cost,
    overlap: Cost,
    /// The open passage, and what its pieces cost and measure together.
    open: VecDeque<Held>,
    open_cost: Cost,
    open_bytes: usize,
    /// How many of its pieces the passage before had already.
    repeated: usize,
    /// Level and text of the headings above.
    headings: Vec<(usize, String)>,
    path: Arc<str>,
    done: bool,
}

/// A piece of the open passage.
struct Held {
    start_byte: u64,
    start_char: u64,
    bytes: usize,
    cost: Cost,
    before: Break,
    path: Arc<str>,
    is_heading: bool,
    begins_page: bool,
}

impl<R: Read> Iterator for Chunks<'_, R> {
    type Item = io::Result<Chunk>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.done {
            match self.step() {
                Ok(Some(chunk)) => return Some(Ok(chunk)),
                Ok(None) => {}
                Err(error) => {
                    self.done = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

impl<R: Read> Chunks<'_, R> {
    /// Takes the next piece; gives a passage when that ends one.
    fn step(&mut self) -> io::Result<Option<Chunk>> {
        if let Some(cut) = self.place_to_cut() {
            return Ok(self.cut(cut));
        }
        self.window.fill()?;
        if self.window.ahead().is_empty() {
            self.done = true;
            return Ok(self.cut(self.open.len()));
        }
        let piece = self.pieces.next(self.window.ahead());
        let held = self.hold(&piece);
        let ends = held.before == Break::Heading && self.ends_section(held.begins_page);
        // white space leads no passage
        if self.open.is_empty() && held.cost == 0 && !held.is_heading {
            self.window.forget_before(self.window.at_byte);
        } else {
            self.open_cost += held.cost;
            self.open_bytes += held.bytes;
            self.open.push_back(held);
        }
        let chunk = if ends { self.cut(self.open.len() - 1) } else { None };
        Ok(chunk)
    }

    fn hold(&mut self, piece: &Piece) -> Held {
        if let Some((level, text)) = &piece.heading {
            self.headings.retain(|(above, _)| above < level);
            self.headings.push((*level, text.clone()));
            let texts: Vec<&str> = self.headings.iter().map(|(_, text)| text.as_str()).collect();
            self.path = texts.join(" > ").into();
        }
        let (start_byte, start_char) = (self.window.at_byte, self.window.at_char);
        self.window.advance(piece.bytes);
        let page = self.pages.partition_point(|mark| mark.start_byte < start_byte);
        Held {
            start_byte,
            start_char,
            bytes: piece.bytes,
            cost: if piece.cost > 0 { piece.cost.max(weight(piece.bytes)) } else { 0 },
            before: piece.before,
            path: Arc::clone(&self.path),
            is_heading: piece.heading.is_some(),
            begins_page: self.pages.get(page).is_some_and(|mark| mark.start_byte == start_byte),
        }
    }

    /// Whether a heading ends the open passage: not if that is only a few words, or headings.
    fn ends_section(&self, begins_page: bool) -> bool {
        let body = self.open.iter().skip(self.repeated).filter(|held| !held.is_heading);
        let cost: Cost = body.map(|held| held.cost).sum();
        cost > if begins_page { 0 } else { self.max / 4 }
    }

    /// Where to cut a passage that has grown too long: how many of its pieces belong to it.
    fn place_to_cut(&self) -> Option<usize> {
        let max_bytes = self.max / TOKEN * BYTES_PER_TOKEN * 2;
        let fits = self.open_cost <= self.max && self.open_bytes <= max_bytes;
        if fits || self.open.len() < self.repeated + 2 {
            return None;
        }
        let mut best = (Break::Word, self.open.len() - 1);
        let mut cost = 0;
        for (index, held) in self.open.iter().enumerate() {
            // a better place is worth a shorter passage, within reason
            let least = match held.before {
                Break::Heading => self.max / 4,
                Break::Paragraph => self.max * 3 / 5,
                Break::Line => self.max * 7 / 10,
                Break::Sentence => self.max / 2,
                Break::Word => self.max,
            };
            if index > self.repeated && cost >= least && held.before >= best.0 {
                best = (held.before, index);
            }
            cost += held.cost;
        }
        Some(best.1)
    }

    /// Closes the passage behind `count` pieces; the rest, and the overlap, open the next.
    fn cut(&mut self, count: usize) -> Option<Chunk> {
        let chunk = self.chunk(count);
        let at_heading = self.open.get(count).is_none_or(|next| next.before == Break::Heading);
        let keep = if at_heading { count } else { self.overlap_from(count) };
        self.open.drain(..keep.min(self.open.len()));
        self.repeated = count - keep;
        while self.repeated == 0 && self.open.front().is_some_and(|h| h.cost == 0) {
            self.open.pop_front();
        }
        self.open_cost = self.open.iter().map(|held| held.cost).sum();
        self.open_bytes = self.open.iter().map(|held| held.bytes).sum();
        let from = self.open.front().map_or(self.window.at_byte, |held| held.start_byte);
        self.window.forget_before(from);
        chunk
    }

    /// The first of the pieces before `count` that are said again: a sentence begins there, if one
    /// begins near enough.
    fn overlap_from(&self, count: usize) -> usize {
        let mut cost = 0;
        let mut from = count;
        // the next passage begins further on than this one did
        let first = self.open.iter().position(|held| held.cost > 0).unwrap_or(count);
        while from > first + 1 && !self.open[from - 1].is_heading {
            cost += self.open[from - 1].cost.max(weight(self.open[from - 1].bytes));
            if cost > self.overlap {
                break;
            }
            from -= 1;
        }
        let sentence = (from..count).find(|index| self.open[*index].before >= Break::Sentence);
        sentence.unwrap_or(from)
    }

    fn chunk(&self, count: usize) -> Option<Chunk> {
        let held = || self.open.iter().take(count);
        let first = self.open.front().filter(|_| count > self.repeated)?;
        let bytes: usize = held().map(|h| h.bytes).sum();
        let whole = self.window.text(first.start_byte, bytes);
        let said: usize = held().take(self.repeated).map(|h| h.bytes).sum();
        // white space behind what was said before is no passage
        pieces::trimmed(&whole[said..])?;
        let (start, end) = pieces::trimmed(whole)?;
        let (leading, text) = (&whole[..start], &whole[start..end]);
        let start_byte = first.start_byte + leading.len() as u64;
        let start_char = first.start_char + count_chars(leading);
        let fresh = self.open.get(self.repeated).unwrap_or(first);
        let body = held().skip(self.repeated).find(|h| !h.is_heading);
        let path =
            body.or_else(|| self.open.get(count.saturating_sub(1))).map(|h| h.path.to_string());
        let page = self.pages.partition_point(|mark| mark.start_byte <= fresh.start_byte);
        Some(Chunk {
            start_byte,
            end_byte: start_byte + text.len() as u64,
            start_char,
            end_char: start_char + count_chars(text),
            heading: path.unwrap_or_default(),
            page: page.checked_sub(1).and_then(|i| self.pages.get(i)).map(|mark| mark.page),
            text: text.to_owned(),
        })
    }
}

/// The part of the text in memory: the open passage and what comes next.
struct Window<R> {
    input: R,
    text: String,
    /// Bytes at the end of what was read that are no whole character yet.
    cut: Vec<u8>,
    /// Offset of `text` in the whole.
    base: u64,
    /// Offsets of what comes next.
    at_byte: u64,
    at_char: u64,
    ended: bool,
}

impl<R: Read> Window<R> {
    fn new(input: R) -> Self {
        Self {
            input,
            text: String::new(),
            cut: Vec::new(),
            base: 0,
            at_byte: 0,
            at_char: 0,
            ended: false,
        }
    }

    /// What comes next; enough of it after `fill`.
    fn ahead(&self) -> &str {
        &self.text[self.index(self.at_byte)..]
    }

    fn fill(&mut self) -> io::Result<()> {
        while !self.ended && self.ahead().len() < LOOK_AHEAD {
            let held = self.cut.len();
            self.cut.resize(held + READ_BYTES, 0);
            let read = self.input.read(&mut self.cut[held..])?;
            self.cut.truncate(held + read);
            self.ended = read == 0;
            let whole = match std::str::from_utf8(&self.cut) {
                Ok(_) => self.cut.len(),
                Err(error) if error.error_len().is_none() && !self.ended => error.valid_up_to(),
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            };
            self.text.push_str(&String::from_utf8_lossy(&self.cut[..whole]));
            self.cut.drain(..whole);
        }
        Ok(())
    }

    /// Passes over bytes of what comes next.
    fn advance(&mut self, bytes: usize) {
        self.at_char += count_chars(self.text(self.at_byte, bytes));
        self.at_byte += bytes as u64;
    }

    fn text(&self, from: u64, bytes: usize) -> &str {
        let start = self.index(from);
        &self.text[start..start + bytes]
    }

    /// Lets go of what stands before an offset, once that is worth moving the rest.
    fn forget_before(&mut self, offset: u64) {
        let index = self.index(offset);
        if index >= READ_BYTES {
            self.text.drain(..index);
            self.base = offset;
        }
    }

    fn index(&self, offset: u64) -> usize {
        usize::try_from(offset - self.base).unwrap_or(usize::MAX)
    }
}

/// What bytes cost at least.
fn weight(bytes: usize) -> Cost {
    bytes * TOKEN / BYTES_PER_TOKEN
}

fn count_chars(text: &str) -> u64 {
    text.chars().count() as u64
}

#[cfg(test)]
mod tests;
