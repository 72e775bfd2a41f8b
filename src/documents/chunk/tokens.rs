//! How many `WordPiece` tokens (bert-base-uncased) a text has, nearly, without the vocabulary.
//!
//! Fitted to the real tokenizer on prose in 16 languages, code, tables, identifiers and hashes:
//! passages of 220 by this count have 180 to 247 real tokens in the median, by language; only German
//! and Polish exceed 256 at times. The rules, in hundredths of a token: a word costs one token and a
//! share for every letter beyond four, less with a usual English ending, more with an ending that is
//! not English; digits, humps (`getUserName`) and mixtures (hashes) by the letter; Hangul a little
//! over two (its parts are tokens), any other letter or mark one.

/// Hundredths of a token.
pub(super) type Cost = usize;

pub(super) const TOKEN: Cost = 100;
const PLAIN_LETTERS: usize = 4;
const LETTER: Cost = 30;
const ENGLISH_LETTER: Cost = 10;
const FOREIGN: Cost = 50;
const HUMP_LETTER: Cost = 38;
const MIXED_LETTER: Cost = 73;
const DIGIT: Cost = 48;
const HANGUL: Cost = 225;
const OTHER: Cost = 108;

const ENGLISH_ENDINGS: [&[u8]; 22] = [
    b"tion", b"tions", b"ing", b"ed", b"ly", b"ment", b"ments", b"ness", b"able", b"ible", b"ity",
    b"ence", b"ance", b"ous", b"ive", b"ight", b"ough", b"er", b"ers", b"es", b"ted", b"ate",
];
const FOREIGN_ENDINGS: [&[u8]; 12] =
    [b"a", b"i", b"o", b"u", b"j", b"z", b"w", b"en", b"ch", b"ung", b"cht", b"st"];

/// The cost of a run of ASCII letters and digits.
pub(super) fn word(word: &[u8]) -> Cost {
    let plain = word.iter().all(u8::is_ascii_lowercase)
        || word.first().is_some_and(u8::is_ascii_uppercase)
            && word[1..].iter().all(u8::is_ascii_lowercase);
    if plain && word.len() <= 28 {
        return letters(word, false);
    }
    if (word.len() >= 12 && changes(word) * 4 >= word.len()) || word.len() > 28 {
        return word.len() * MIXED_LETTER;
    }
    let runs = word.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit());
    runs.map(|run| {
        if run[0].is_ascii_digit() {
            return (run.len() * DIGIT).max(TOKEN);
        }
        let hump = |pair: &[u8]| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase();
        letters(run, run.windows(2).any(hump))
    })
    .sum()
}

/// The cost of a character that is no ASCII letter, digit or whitespace; other white space (a space that
/// does not break, a separator of lines) is free, for no passage begins or ends with it.
pub(super) fn mark(c: char) -> Cost {
    match c {
        _ if c.is_whitespace() => 0,
        '\u{ac00}'..='\u{d7a3}' => HANGUL,
        c if u32::from(c) < 0x250 => TOKEN,
        _ => OTHER,
    }
}

fn letters(run: &[u8], humps: bool) -> Cost {
    if humps {
        return (run.len() * HUMP_LETTER).max(TOKEN);
    }
    let beyond = run.len().saturating_sub(PLAIN_LETTERS);
    let ends = |endings: &[&[u8]]| {
        endings.iter().any(|ending| {
            run.len() > ending.len() && run[run.len() - ending.len()..].eq_ignore_ascii_case(ending)
        })
    };
    match run.len() {
        0..=3 => TOKEN,
        5.. if ends(&ENGLISH_ENDINGS) => TOKEN + beyond * ENGLISH_LETTER,
        _ if ends(&FOREIGN_ENDINGS) => TOKEN + beyond * LETTER + FOREIGN,
        _ => TOKEN + beyond * LETTER,
    }
}

/// How often small letters, capitals and digits take turns; a capital before small ones is no change.
fn changes(word: &[u8]) -> usize {
    let class = |byte: &u8| match byte {
        b'0'..=b'9' => 0,
        b'A'..=b'Z' => 1,
        _ => 2,
    };
    let pairs = word.windows(2).map(|pair| (class(&pair[0]), class(&pair[1])));
    1 + pairs.filter(|(a, b)| a != b && (*a, *b) != (1, 2)).count()
}

#[cfg(test)]
mod tests {
    use super::{mark, word};

    #[test]
    fn shapes_of_words_have_their_price() {
        assert_eq!(word(b"the"), 100);
        assert_eq!(word(b"documentation"), 190);
        assert_eq!(word(b"Handschuhschneeballwerfer"), 310);
        assert_eq!(word(b"2024"), 192);
        assert_eq!(word(b"getUserName"), 418);
        assert_eq!(word(b"3f2a9c0d11eb4a7e"), 1168);
        assert_eq!((mark('.'), mark('火'), mark('한'), mark('\u{2028}')), (100, 108, 225, 0));
    }
}
