//! Lines of Hebrew or Arabic, which PDFs hold as they are seen, from left to right, in the order in
//! which they are read.
//!
//! What is written from left to right inside such a line (numbers, Latin words) keeps its order; this
//! is the common case of Unicode's bidirectional algorithm (UAX 9) backwards.

/// The line as it is read, if it is one of a script that runs from right to left.
pub(super) fn as_read(line: &str) -> Option<String> {
    let (mut right_to_left, mut letters) = (0, 0);
    for c in line.chars().filter(|c| c.is_alphabetic()) {
        letters += 1;
        right_to_left += usize::from(runs_left(c));
    }
    if right_to_left * 2 <= letters {
        return None;
    }
    let mut chars: Vec<char> = line.chars().rev().map(mirrored).collect();
    let mut at = 0;
    while at < chars.len() {
        if !is_left_to_right(chars[at]) {
            at += 1;
            continue;
        }
        let mut end = at + 1;
        let mut next = end;
        while next < chars.len() && !runs_left(chars[next]) {
            next += 1;
            if is_left_to_right(chars[next - 1]) {
                end = next;
            }
        }
        let run = &mut chars[at..end];
        run.reverse();
        for c in run {
            *c = mirrored(*c);
        }
        at = end;
    }
    Some(chars.into_iter().collect())
}

/// Whether any of it is of such a script.
pub(super) fn is_right_to_left(text: &str) -> bool {
    text.contains(runs_left)
}

fn runs_left(c: char) -> bool {
    matches!(u32::from(c), 0x590..=0x65f | 0x66a..=0x6ef | 0x6fa..=0x8ff | 0xfb1d..=0xfdff
        | 0xfe70..=0xfefe | 0x10800..=0x10fff | 0x1e800..=0x1efff)
}

fn is_left_to_right(c: char) -> bool {
    c.is_numeric() || (c.is_alphabetic() && !runs_left(c))
}

fn mirrored(c: char) -> char {
    match c {
        '(' => ')',
        ')' => '(',
        '[' => ']',
        ']' => '[',
        '{' => '}',
        '}' => '{',
        '<' => '>',
        '>' => '<',
        '«' => '»',
        '»' => '«',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::as_read;

    #[test]
    fn lines_are_turned_but_numbers_and_latin_words_are_not() {
        let hebrew = |text: &str| as_read(text);
        assert_eq!(hebrew("plain (text) 12"), None);
        // "shalom 1475 (abc def) olam" as it is seen
        let seen = "\u{5dd}\u{5dc}\u{5d5}\u{5e2} (abc def) 1475 \u{5dd}\u{5d5}\u{5dc}\u{5e9}";
        let turned = hebrew(seen).unwrap();
        assert!(turned.starts_with("\u{5e9}\u{5dc}\u{5d5}\u{5dd} "), "{turned}");
        assert!(turned.contains("abc def"), "{turned}");
        assert!(turned.contains("1475"), "{turned}");
        assert!(turned.ends_with(" \u{5e2}\u{5d5}\u{5dc}\u{5dd}"), "{turned}");
    }
}
