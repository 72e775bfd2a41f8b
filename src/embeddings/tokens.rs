//! Text to tokens as BERT's uncased models were trained on: words without case and accents, split
//! at punctuation and between Chinese characters, then each cut into the longest known pieces
//! (`WordPiece`; Wu et al. 2016).
//!
//! The idea: a text is read once, character by character, and the reader may stop at any token; so
//! a text of any size costs no more than the part that is used, and one without a space no more
//! than one with.

use std::collections::HashMap;
use std::ops::ControlFlow;

use icu_normalizer::{DecomposingNormalizer, DecomposingNormalizerBorrowed};
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointMapDataBorrowed};

use super::tensors::Error;

/// Characters of a word, beyond which it counts as unknown.
const LONGEST_WORD: usize = 100;
/// Marks the start of a text.
const START: u16 = 101;
/// Marks the end of a text.
const END: u16 = 102;
/// A word that cannot be made of known pieces.
const UNKNOWN: u16 = 100;
/// Marks that stand for themselves when they are written out in a text.
const MARKS: [(&str, u16); 5] =
    [("[PAD]", 0), ("[UNK]", UNKNOWN), ("[CLS]", START), ("[SEP]", END), ("[MASK]", 103)];
/// What the list of words puts before a piece that continues a word.
const CONTINUED: &str = "##";

/// Kinds of characters that no token is made of; a character that is not assigned counts as a
/// letter.
const LEFT_OUT: GeneralCategoryGroup =
    GeneralCategoryGroup::Other.intersection(GeneralCategoryGroup::Unassigned.complement());

/// The list of known pieces.
pub(super) struct Tokenizer {
    /// Pieces that begin a word.
    first: HashMap<&'static str, u16>,
    /// Pieces that continue one.
    later: HashMap<&'static str, u16>,
    /// Bytes of the longest piece.
    longest: usize,
    decompose: DecomposingNormalizerBorrowed<'static>,
    categories: CodePointMapDataBorrowed<'static, GeneralCategory>,
}

impl Tokenizer {
    /// Reads a list of pieces, one a line, whose places are their ids; there must be so many.
    pub(super) fn read(list: &'static str, count: usize) -> Result<Self, Error> {
        let (mut first, mut later) = (HashMap::new(), HashMap::new());
        let (mut ids, mut longest) = (0..=u16::MAX, 0);
        for piece in list.lines() {
            let id = ids.next().ok_or(Error::Words)?;
            longest = longest.max(piece.len());
            match piece.strip_prefix(CONTINUED) {
                Some(rest) if !rest.is_empty() => later.insert(rest, id),
                _ => first.insert(piece, id),
            };
        }
        if first.len() + later.len() != count {
            return Err(Error::Words);
        }
        let decompose = DecomposingNormalizer::new_nfd();
        let categories = CodePointMapData::<GeneralCategory>::new();
        Ok(Self { first, later, longest, decompose, categories })
    }

    /// The ids of a text's first tokens between the marks of start and end, at most `limit` with
    /// them (at least 2).
    pub(super) fn ids(&self, text: &str, limit: usize) -> Vec<u16> {
        let mut ids = vec![START];
        if limit > 2 {
            self.each(text, &mut |id| {
                ids.push(id);
                if ids.len() + 1 < limit {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            });
        }
        ids.push(END);
        ids
    }

    /// How many tokens a text has, without the marks of start and end.
    pub(super) fn count(&self, text: &str) -> usize {
        let mut count = 0;
        self.each(text, &mut |_| {
            count += 1;
            ControlFlow::Continue(())
        });
        count
    }

    /// Hands out tokens until the text or the wish for them ends.
    fn each(&self, text: &str, take: &mut impl FnMut(u16) -> ControlFlow<()>) {
        let mut rest = text;
        let mut from = 0;
        while let Some(at) = rest[from..].find('[').map(|at| from + at) {
            match MARKS.iter().find(|(mark, _)| rest[at..].starts_with(mark)) {
                Some((mark, id)) => {
                    if self.plain(&rest[..at], take).is_break() || take(*id).is_break() {
                        return;
                    }
                    rest = &rest[at + mark.len()..];
                    from = 0;
                }
                None => from = at + 1,
            }
        }
        // Whoever asks notes the end itself.
        let _ended = self.plain(rest, take);
    }

    /// The tokens of a text without marks.
    fn plain(&self, text: &str, take: &mut impl FnMut(u16) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut word = Word::default();
        let kept = text.chars().filter_map(|c| self.kept(c));
        for c in self.decompose.normalize_iter(kept) {
            if c.is_ascii() {
                let c = c.to_ascii_lowercase();
                self.read_on(c, Kind::of_ascii(c), &mut word, take)?;
                continue;
            }
            let category = self.categories.get(c);
            if category == GeneralCategory::NonspacingMark {
                continue;
            }
            let kind = if c.is_whitespace() {
                Kind::Space
            } else if is_chinese(c) || GeneralCategoryGroup::Punctuation.contains(category) {
                Kind::Alone
            } else {
                Kind::Letter
            };
            for c in c.to_lowercase() {
                self.read_on(c, kind, &mut word, take)?;
            }
        }
        self.cut(&mut word, take)
    }

    /// The character, or a space for it; `None` for what is left out: control characters and the
    /// like.
    fn kept(&self, c: char) -> Option<char> {
        match c {
            '\t' | '\n' | '\r' => Some(' '),
            ' '..='~' => Some(c),
            '\0' | char::REPLACEMENT_CHARACTER => None,
            _ if LEFT_OUT.contains(self.categories.get(c)) => None,
            _ if c.is_whitespace() => Some(' '),
            _ => Some(c),
        }
    }

    fn read_on(
        &self,
        c: char,
        kind: Kind,
        word: &mut Word,
        take: &mut impl FnMut(u16) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        match kind {
            Kind::Letter => word.push(c),
            Kind::Space => self.cut(word, take)?,
            Kind::Alone => {
                self.cut(word, take)?;
                word.push(c);
                self.cut(word, take)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Cuts a word into the longest known pieces from its start, or into one unknown, and empties
    /// it.
    fn cut(
        &self,
        word: &mut Word,
        take: &mut impl FnMut(u16) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Word { text, characters, pieces } = word;
        pieces.clear();
        let mut rest = text.as_str();
        if *characters > LONGEST_WORD {
            pieces.push(UNKNOWN);
            rest = "";
        }
        while !rest.is_empty() {
            let known = if pieces.is_empty() { &self.first } else { &self.later };
            let longest = rest.floor_char_boundary(self.longest);
            let ends = rest[..longest].char_indices().rev().map(|(at, c)| at + c.len_utf8());
            let found = ends.into_iter().find_map(|end| Some((known.get(&rest[..end])?, end)));
            match found {
                Some((id, end)) => {
                    pieces.push(*id);
                    rest = &rest[end..];
                }
                None => {
                    pieces.clear();
                    pieces.push(UNKNOWN);
                    rest = "";
                }
            }
        }
        text.clear();
        *characters = 0;
        pieces.iter().try_for_each(|id| take(*id))
    }
}

/// What a character does to the word before it.
#[derive(Clone, Copy)]
enum Kind {
    /// Continues it.
    Letter,
    /// Ends it.
    Space,
    /// Ends it and is a word of its own.
    Alone,
}

impl Kind {
    fn of_ascii(c: char) -> Self {
        match c {
            ' ' => Self::Space,
            _ if c.is_ascii_punctuation() => Self::Alone,
            _ => Self::Letter,
        }
    }
}

/// The word that is being read.
#[derive(Default)]
struct Word {
    /// Its first characters; enough to know when it is too long.
    text: String,
    characters: usize,
    /// The pieces it was cut into; kept for its room.
    pieces: Vec<u16>,
}

impl Word {
    fn push(&mut self, c: char) {
        self.characters += 1;
        if self.characters <= LONGEST_WORD {
            self.text.push(c);
        }
    }
}

/// Whether BERT takes it for a Chinese character, a word by itself: the CJK blocks, without kana
/// and hangul.
fn is_chinese(c: char) -> bool {
    matches!(
        c,
        '\u{4e00}'..='\u{9fff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{20000}'..='\u{2a6df}'
            | '\u{2a700}'..='\u{2b73f}'
            | '\u{2b740}'..='\u{2b81f}'
            | '\u{2b820}'..='\u{2ceaf}'
            | '\u{f900}'..='\u{faff}'
            | '\u{2f800}'..='\u{2fa1f}'
    )
}

#[cfg(test)]
mod tests {
    use super::super::engine::WORD_LIST;
    use super::super::network::WORDS;
    use super::*;

    fn tokenizer() -> Tokenizer {
        Tokenizer::read(WORD_LIST, WORDS).unwrap()
    }

    /// The ids without the marks of start and end.
    fn inner(tokenizer: &Tokenizer, text: &str) -> Vec<u16> {
        let ids = tokenizer.ids(text, 1000);
        assert_eq!((ids.first(), ids.last()), (Some(&START), Some(&END)));
        ids[1..ids.len() - 1].to_vec()
    }

    #[test]
    fn ids_are_those_of_the_reference() {
        // From the Python package `tokenizers` 0.23 with the model's tokenizer.json.
        let cases: [(&str, &[u16]); 11] = [
            ("", &[]),
            ("Hello, world!", &[7592, 1010, 2088, 999]),
            ("naïve CAFÉ Ünïcödé", &[15743, 7668, 27260]),
            ("日本語テスト東京", &[1864, 1876, 1950, 1713, 30233, 30240, 1879, 1755]),
            (
                "[CLS] marks [SEP] in [MASK] text [mask]",
                &[101, 6017, 102, 1999, 103, 3793, 1031, 7308, 1033],
            ),
            ("\u{200b}zero\u{200b}width\0\u{7} \u{fffd}", &[5717, 9148, 11927, 2232]),
            (
                "don't stop-me_now@x.y",
                &[2123, 1005, 1056, 2644, 1011, 2033, 1035, 2085, 1030, 1060, 1012, 1061],
            ),
            ("İstanbul straße ẞ", &[9960, 2358, 27807, 1096]),
            ("🙂 unbelievably ok", &[100, 4895, 8671, 2666, 3567, 6321, 7929]),
            ("한국어", &[1469, 30006, 30021, 29991, 30014, 30020, 29999, 30008]),
            ("a\u{a0}b\u{3000}c\u{2028}d \u{378}", &[1037, 1038, 1039, 1040, 100]),
        ];
        let tokenizer = tokenizer();
        for (text, ids) in cases {
            assert_eq!(inner(&tokenizer, text), ids, "{text:?}");
            assert_eq!(tokenizer.count(text), ids.len(), "{text:?}");
        }
    }

    #[test]
    fn a_word_of_more_than_a_hundred_characters_is_unknown() {
        let tokenizer = tokenizer();
        assert_eq!(inner(&tokenizer, &"x".repeat(100)).len(), 50);
        assert_eq!(inner(&tokenizer, &"x".repeat(101)), [UNKNOWN]);
        assert_eq!(inner(&tokenizer, &"é".repeat(1_000_000)), [UNKNOWN]);
    }

    #[test]
    fn ids_end_at_the_limit_and_the_rest_is_not_read() {
        let tokenizer = tokenizer();
        let text = "word ".repeat(1_000_000);
        for limit in [2, 3, 256] {
            let ids = tokenizer.ids(&text, limit);
            assert_eq!(ids.len(), limit);
            assert_eq!(ids.last(), Some(&END));
        }
        assert_eq!(tokenizer.ids("[MASK] [MASK] x", 3), [START, 103, END]);
        assert_eq!(tokenizer.count(&text), 1_000_000);
    }

    #[test]
    fn hostile_text_is_counted_in_one_pass() {
        let tokenizer = tokenizer();
        let million = 1 << 20;
        for (part, most) in [("[", million), ("a\u{301}", 1), ("\u{301}", 0), ("\u{200d}", 0)] {
            assert_eq!(tokenizer.count(&part.repeat(million / part.len())), most, "{part:?}");
        }
        assert!(tokenizer.count(&"[CLS".repeat(million / 4)) > million / 4);
    }

    #[test]
    fn another_list_of_words_is_refused() {
        assert!(Tokenizer::read("a\nb", 3).is_err());
        assert!(Tokenizer::read("a\na", 2).is_err());
        assert!(Tokenizer::read("a\nb", 2).is_ok());
    }
}
