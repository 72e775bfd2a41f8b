//! Keeps secrets out of the log, whoever hands them to it. Code should not log secrets in the first
//! place; this catches what an error message of a server or a crate brings along.

use std::borrow::Cow;

const HIDDEN: &str = "[REDACTED]";
/// What keys of model servers begin with, and what stands before a token in a header.
const MARKS: [&str; 3] = ["sk-", "Bearer ", "api_key="];
/// Shorter ones are words, not keys.
const SHORTEST_KEY: usize = 12;

/// Whether a field of that name never shows its value.
pub(super) fn is_secret_name(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    matches!(
        last,
        "api_key" | "authorization" | "cookie" | "password" | "secret" | "set_cookie" | "token"
    )
}

/// The value shown for such a field.
pub(super) fn hidden() -> String {
    HIDDEN.to_owned()
}

/// The text with everything that looks like a key taken out.
pub(super) fn redact(text: &str) -> Cow<'_, str> {
    if !MARKS.iter().any(|mark| text.contains(mark)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, mark)) = first_mark(rest) {
        let (before, from) = rest.split_at(at);
        let after = from.get(mark.len()..).unwrap_or("");
        let key = after.find(|c: char| !is_key_char(c)).unwrap_or(after.len());
        let inside_a_word = before.ends_with(|c: char| c.is_ascii_alphanumeric());
        out.push_str(before);
        out.push_str(mark);
        if key >= SHORTEST_KEY && !inside_a_word {
            out.push_str(HIDDEN);
            rest = after.get(key..).unwrap_or("");
        } else {
            rest = after;
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn first_mark(text: &str) -> Option<(usize, &'static str)> {
    MARKS.iter().filter_map(|mark| text.find(mark).map(|at| (at, *mark))).min()
}

fn is_key_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+' | '/' | '=' | '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_out_and_words_are_left() {
        for (text, shown) in [
            ("wrong key: sk-abcdEFGH12345678.", "wrong key: sk-[REDACTED]"),
            ("Authorization: Bearer abc.def-ghi_jkl x", "Authorization: Bearer [REDACTED] x"),
            ("?api_key=0123456789abcdef&x=1", "?api_key=[REDACTED]&x=1"),
            ("sk-or-v1-0123456789ab, sk-0123456789ab", "sk-[REDACTED], sk-[REDACTED]"),
        ] {
            assert_eq!(redact(text), shown);
        }
        for text in ["desk-0123456789abcdef", "sk-short", "Bearer of news", "plain", "ask-sk-"] {
            assert_eq!(redact(text), text);
        }
    }

    #[test]
    fn secret_fields_are_known_by_the_last_part_of_their_name() {
        assert!(is_secret_name("provider.api_key") && is_secret_name("token"));
        assert!(!is_secret_name("usage.input_tokens") && !is_secret_name("config.key"));
    }
}
