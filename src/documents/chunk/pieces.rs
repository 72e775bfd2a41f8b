//! Text in pieces of a few words that are never taken apart, each with how good a place its beginning
//! is to begin a passage: before a heading, a paragraph, a line, a sentence, a word.
//!
//! Works on a window of the text with some look-ahead; a piece is decided by what stands within it
//! and right behind it, so memory does not grow with the text.

use unicode_segmentation::GraphemeCursor;

use super::super::extract::Structure;
use super::tokens::{self, Cost};

/// A window shows at least this much behind the beginning of a piece, or the end of the text.
pub(super) const LOOK_AHEAD: usize = 8 * 1024;
/// A piece is no longer than this in bytes, whatever it is made of. A "character" of more marks than
/// that is split: real ones have a few dozen bytes.
const MAX_PIECE_BYTES: usize = 1024;
/// Bytes of a heading as it stands in a path.
const HEADING_BYTES: usize = 120;
/// Words after which a full stop ends no sentence.
const ABBREVIATIONS: [&str; 16] = [
    "mr", "mrs", "ms", "dr", "prof", "st", "vs", "etc", "fig", "no", "nr", "ca", "bzw", "ie", "eg",
    "vol",
];

/// How good a place is to begin a passage, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Break {
    Word,
    Sentence,
    Line,
    Paragraph,
    Heading,
}

/// What stands at the beginning of a window.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) bytes: usize,
    pub(super) cost: Cost,
    pub(super) before: Break,
    /// Level and text, if it is (the beginning of) a heading.
    pub(super) heading: Option<(usize, String)>,
}

/// Cuts a text into pieces.
pub(super) struct Pieces {
    structure: Structure,
    max_cost: Cost,
    before: Break,
    /// Inside a fenced block, and its mark.
    fence: Option<&'static str>,
    /// Inside a heading: what is left of its lines.
    heading_left: usize,
}

impl Pieces {
    pub(super) fn new(structure: Structure, max_cost: Cost) -> Self {
        Self { structure, max_cost, before: Break::Heading, fence: None, heading_left: 0 }
    }

    /// The piece at the beginning of a window that is not empty.
    pub(super) fn next(&mut self, window: &str) -> Piece {
        let before = self.before;
        let mut heading = None;
        if before >= Break::Line && self.heading_left == 0 && self.structure == Structure::Markdown
        {
            self.begin_line(window);
            if self.fence.is_none()
                && let Some((level, text, bytes)) = heading_at(window)
            {
                heading = Some((level, text));
                self.heading_left = bytes;
            }
        }
        let (bytes, cost, after) = if self.heading_left > 0 {
            let (bytes, cost, after) = self.scan(&window[..self.heading_left], true);
            self.heading_left -= bytes;
            (bytes, cost, if self.heading_left == 0 { Break::Paragraph } else { after })
        } else {
            self.scan(window, false)
        };
        self.before = after;
        let before = if heading.is_some() { Break::Heading } else { before };
        Piece { bytes, cost, before: before.min(limit(heading.is_some())), heading }
    }

    fn begin_line(&mut self, window: &str) {
        let line = first_line(window).trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| line.starts_with(mark));
        match (self.fence, mark) {
            (None, Some(mark)) => self.fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => self.fence = None,
            _ => {}
        }
    }

    /// Length and cost of the piece, and how good the place behind it is.
    fn scan(&self, window: &str, whole: bool) -> (usize, Cost, Break) {
        let bytes = window.as_bytes();
        let (mut at, mut cost) = (0, 0);
        // the last place where words may be parted, and the cost up to there
        let mut parting = (0, 0);
        let mut word_start = 0;
        while at < bytes.len() {
            let unit = at;
            let byte = bytes[at];
            let unit_cost = if byte.is_ascii_alphanumeric() {
                let rest = &bytes[at..bytes.len().min(at + 64)];
                let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
                at += length;
                tokens::word(&rest[..length])
            } else if byte.is_ascii_whitespace() {
                let (end, lines) = blank(bytes, at);
                if let Some(after) = self.break_behind(window, end, lines, whole)
                    && is_boundary(window, end)
                {
                    return (end, cost, after);
                }
                at = end;
                if is_boundary(window, end) {
                    parting = (end, cost);
                }
                word_start = end;
                0
            } else {
                let c = window[at..].chars().next().unwrap_or(' ');
                at += c.len_utf8();
                if !whole && let Some(end) = sentence_end(window, at, c, &window[word_start..unit])
                {
                    return (end, cost + tokens::mark(c), self.behind_sentence(window, end));
                }
                tokens::mark(c)
            };
            if (cost + unit_cost > self.max_cost || at > MAX_PIECE_BYTES) && unit > 0 {
                if parting.0 > 0 {
                    return (parting.0, parting.1, Break::Word);
                }
                if is_boundary(window, unit) || at > MAX_PIECE_BYTES {
                    return (unit, cost, Break::Word);
                }
            }
            cost += unit_cost;
            if is_spaceless(&window[unit..at]) && is_boundary(window, at) {
                parting = (at, cost);
            }
        }
        (at, cost, if whole { Break::Paragraph } else { Break::Word })
    }

    /// Whether white space up to `end` with so many line ends ends the piece.
    fn break_behind(&self, window: &str, end: usize, lines: usize, whole: bool) -> Option<Break> {
        if whole || lines == 0 || end == window.len() {
            return None;
        }
        if lines > 1 {
            return Some(Break::Paragraph);
        }
        let hard = self.structure == Structure::Lines
            || self.fence.is_some()
            || begins_line(&window[end..], self.structure);
        hard.then_some(Break::Line)
    }

    fn behind_sentence(&self, window: &str, end: usize) -> Break {
        let blank_start = window[..end].trim_end().len();
        let (_, lines) = blank(window.as_bytes(), blank_start);
        self.break_behind(window, end, lines, false).unwrap_or(Break::Sentence)
    }
}

/// A text without the white space around it, as offsets; nothing if there is nothing else. White
/// space that is one character with what it touches stays.
pub(super) fn trimmed(text: &str) -> Option<(usize, usize)> {
    let mut end = text.trim_end().len();
    let mut start = text.len() - text.trim_start().len();
    if start >= end {
        return None;
    }
    if !is_boundary(text, start) {
        start -= text[..start].chars().next_back().map_or(0, char::len_utf8);
    }
    if !is_boundary(text, end) {
        end += text[end..].chars().next().map_or(0, char::len_utf8);
    }
    Some((start, end))
}

fn limit(is_heading: bool) -> Break {
    if is_heading { Break::Heading } else { Break::Paragraph }
}

fn first_line(window: &str) -> &str {
    let end = memchr::memchr(b'\n', window.as_bytes()).unwrap_or(window.len());
    &window[..end.min(window.floor_char_boundary(MAX_PIECE_BYTES))]
}

/// Level, text and length (with the line end) of a heading in Markdown: `## x`, or underlined.
fn heading_at(window: &str) -> Option<(usize, String, usize)> {
    let line = first_line(window);
    let end = line.len() + usize::from(window.as_bytes().get(line.len()) == Some(&b'\n'));
    let marks = line.bytes().take_while(|b| *b == b'#').count();
    if (1..=6).contains(&marks) {
        let text = line[marks..].strip_prefix([' ', '\t'])?;
        return Some((marks, short(text.trim().trim_end_matches('#')), end));
    }
    let text = line.trim();
    if text.is_empty() || end == line.len() || begins_line(line, Structure::Markdown) {
        return None;
    }
    let under = first_line(&window[end..]).trim_end();
    let level = match under.as_bytes() {
        [b'=', b'=', rest @ ..] if rest.iter().all(|b| *b == b'=') => 1,
        [b'-', b'-', rest @ ..] if rest.iter().all(|b| *b == b'-') => 2,
        _ => return None,
    };
    Some((level, short(text), end + under.len()))
}

fn short(text: &str) -> String {
    let text = text.trim();
    text[..text.floor_char_boundary(HEADING_BYTES)].to_owned()
}

/// Whether a line begins a thing of its own: a list item, a row, a quote, a heading, a fence.
fn begins_line(line: &str, structure: Structure) -> bool {
    let start = line.trim_start_matches([' ', '\t']);
    let markdown = structure == Structure::Markdown;
    let bytes = start.as_bytes();
    match bytes {
        [b'-' | b'*' | b'+', b' ', ..] | [b'|', ..] => true,
        [b'#' | b'>' | b'`' | b'~', ..] => markdown,
        [b'0'..=b'9', ..] => {
            let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
            digits <= 3 && matches!(bytes.get(digits..), Some([b'.' | b')', b' ', ..]))
        }
        // rows of tables as they are extracted
        _ => markdown && first_line(line).contains(" | "),
    }
}

/// The end of a run of white space, at most as long as a piece, and its line ends.
fn blank(bytes: &[u8], from: usize) -> (usize, usize) {
    let rest = &bytes[from..bytes.len().min(from + MAX_PIECE_BYTES)];
    let length = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
    let lines = memchr::memchr_iter(b'\n', &rest[..length]).count();
    (from + length, lines)
}

/// The beginning of the next sentence, if `mark` before `at` ends one; `word` stands before it.
fn sentence_end(window: &str, at: usize, mark: char, word: &str) -> Option<usize> {
    if !".!?\u{2026}\u{3002}\u{ff01}\u{ff1f}\u{ff61}".contains(mark) {
        return None;
    }
    let closing = |c: char| "\"')]}»”’」』）".contains(c);
    let end = window[at..].trim_start_matches(closing);
    let at = window.len() - end.len();
    match mark {
        '\u{3002}' | '\u{ff01}' | '\u{ff1f}' | '\u{ff61}' => {
            let (next, _) = blank(window.as_bytes(), at);
            is_boundary(window, next).then_some(next)
        }
        _ => {
            let (next, lines) = blank(window.as_bytes(), at);
            let follows = window[next..].chars().next()?;
            let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
            let abbreviated = mark == '.'
                && lines < 2
                && (word.chars().nth(1).is_none()
                    || ABBREVIATIONS.iter().any(|a| word.eq_ignore_ascii_case(a)));
            let ends = next > at && (lines > 1 || !(follows.is_lowercase() || abbreviated));
            (ends && is_boundary(window, next)).then_some(next)
        }
    }
}

/// A letter of a script without spaces: words may be parted behind it.
fn is_spaceless(unit: &str) -> bool {
    let c = u32::from(unit.chars().next().unwrap_or(' '));
    matches!(c, 0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x3000..=0x30ff
        | 0x3400..=0x9fff | 0xf900..=0xfaff | 0xff00..=0xffef | 0x20000..=0x3ffff)
}

/// Whether no character as people see it reaches across `at`; the window begins with a whole one.
fn is_boundary(window: &str, at: usize) -> bool {
    let (before, after) = window.split_at(at);
    let (Some(last), Some(next)) = (before.chars().next_back(), after.chars().next()) else {
        return true;
    };
    let plain = |c: char| {
        (c.is_ascii() && c != '\r')
            || matches!(c, '\u{3400}'..='\u{9fff}' | '\u{3001}'..='\u{3029}')
            || matches!(c, '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}')
    };
    if plain(last) && plain(next) {
        return true;
    }
    let near = &window[..window.len().min(window.ceil_char_boundary(at + 64))];
    GraphemeCursor::new(at, near.len(), true).is_boundary(near, 0).unwrap_or(true)
}
