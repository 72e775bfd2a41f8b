//! The part of a text that shows the words that were looked for.

use serde::Serialize;
use utoipa::ToSchema;

/// What stands before and after a match in text that FTS5 marked; neither occurs in messages that a
/// person can read.
pub(super) const OPEN: char = '\u{1}';
pub(super) const CLOSE: char = '\u{2}';

/// Characters of a snippet, to the end of the word that the last of them is in.
const LENGTH: usize = 160;
/// Further characters that this word may have.
const LONG_WORD: usize = 24;
/// Characters before the first match.
const LEAD: usize = 40;

/// A part of a text and where the matches lie in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Snippet {
    /// The text, on one line.
    pub text: String,
    /// Start and end of each match, in UTF-16 units (what a browser counts in).
    pub matches: Vec<[usize; 2]>,
}

/// Cuts marked text round its first match.
pub(super) fn around_first_match(marked: &str, length: usize) -> Snippet {
    let first = marked.chars().position(|c| c == OPEN).unwrap_or(0);
    let lead = if length > LENGTH { length / 4 } else { LEAD };
    let mut skip = first.saturating_sub(lead);
    if skip > 0 {
        // Begin at a word.
        let head = marked.chars().skip(skip).take(lead);
        skip += head.take_while(|c| !c.is_whitespace()).count().min(lead.saturating_sub(1));
    }
    let mut text = String::new();
    if skip > 0 {
        text.push('…');
    }
    let mut at = text.encode_utf16().count();
    let (mut matches, mut open, mut shown) = (Vec::new(), None, 0);
    let mut cut = false;
    for c in marked.chars().skip(skip) {
        match c {
            OPEN => open = Some(at),
            CLOSE => matches.extend(open.take().filter(|start| *start < at).map(|s| [s, at])),
            _ => {
                let c = if c.is_control() { ' ' } else { c };
                if shown >= length && (c.is_whitespace() || shown >= length + LONG_WORD) {
                    cut = true;
                    break;
                }
                text.push(c);
                at += c.len_utf16();
                shown += 1;
            }
        }
    }
    matches.extend(open.filter(|start| *start < at).map(|start| [start, at]));
    if cut {
        text.push('…');
    }
    Snippet { text, matches }
}

/// A snippet of the usual length.
pub(super) fn short(marked: &str) -> Snippet {
    around_first_match(marked, LENGTH)
}

/// Matches in marked text.
pub(super) fn count(marked: &str) -> usize {
    marked.chars().filter(|c| *c == OPEN).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_match_is_shown_and_marked() {
        let marked =
            format!("{}the \u{1}fire\u{2} is lit{}", "word ".repeat(60), " end".repeat(90));
        let snippet = short(&marked);
        let units: Vec<u16> = snippet.text.encode_utf16().collect();
        let [start, end] = snippet.matches[0];
        assert_eq!(String::from_utf16(&units[start..end]).unwrap(), "fire");
        assert!(snippet.text.starts_with('…') && snippet.text.ends_with('…'));
    }

    #[test]
    fn it_ends_with_a_word_and_not_within_a_match() {
        let marked = format!("{}the last \u{1}Everything\u{2} and more", "w ".repeat(74));
        let snippet = around_first_match(&marked, LENGTH);
        assert!(snippet.text.contains("Everything and more"), "{}", snippet.text);
        let marked = format!("\u{1}one\u{2} {} \u{1}Everything\u{2} more", "w ".repeat(74));
        assert!(short(&marked).text.ends_with("Everything…"), "{}", short(&marked).text);
        assert_eq!(short(&marked).matches.len(), 2);
        let endless = format!("\u{1}one\u{2} {}", "w".repeat(1000));
        assert_eq!(short(&endless).text.chars().count(), LENGTH + LONG_WORD + 1);
    }

    proptest! {
        #[test]
        fn offsets_lie_inside_the_text(marked in "([\u{1}\u{2}]|\\PC){0,300}") {
            let snippet = short(&marked);
            let length = snippet.text.encode_utf16().count();
            for [start, end] in snippet.matches {
                prop_assert!(start < end && end <= length);
            }
        }
    }
}
