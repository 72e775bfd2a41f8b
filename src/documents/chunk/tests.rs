//! Passages tested on text of every kind: what is promised of offsets, order, sizes and structure.

use std::io::{self, Read};

use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

use super::{Chunk, Sizes, chunks, count_chars};
use crate::documents::extract::{PageMark, Structure};

const SIZES: Sizes = Sizes { max_tokens: 220, overlap_tokens: 30 };

fn cut(text: &str, structure: Structure, sizes: Sizes) -> Vec<Chunk> {
    let cut: io::Result<Vec<Chunk>> = chunks(text.as_bytes(), structure, &[], sizes).collect();
    let cut = cut.unwrap();
    check(text, &cut);
    cut
}

fn offset(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap()
}

/// What always holds: exact offsets, order, everything covered, no white space around.
fn check(text: &str, cut: &[Chunk]) {
    let mut covered = 0;
    let mut last_start = None;
    for chunk in cut {
        let (start, end) = (offset(chunk.start_byte), offset(chunk.end_byte));
        assert_eq!(&text[start..end], chunk.text);
        assert_eq!(super::pieces::trimmed(&chunk.text), Some((0, chunk.text.len())));
        assert!(!chunk.text.is_empty());
        assert_eq!(chunk.start_char, count_chars(&text[..start]));
        assert_eq!(chunk.end_char, count_chars(&text[..end]));
        assert!(last_start.is_none_or(|last| start > last), "goes back at {start}");
        assert!(end > covered, "says nothing new at {start}");
        if start > covered {
            assert_eq!(text[covered..start].trim(), "", "left out before {start}");
        }
        (covered, last_start) = (end, Some(start));
    }
    assert_eq!(text[covered..].trim(), "", "left out at the end");
}

fn prose(sentences: usize) -> String {
    (0..sentences).map(|n| format!("The keeper wrote line {n} of the log in green ink. ")).collect()
}

#[test]
fn headings_give_the_path_and_end_passages() {
    let long = prose(12);
    let text = format!(
        "# Engine\n\nIntro.\n\n## Oil\n\n{long}\n\n### Filter\n\n{long}\n\n## Water\n\n{long}\n\n\
         ```\n# not a heading\n```\n\nSetext\n===\n\n{long}"
    );
    let cut = cut(&text, Structure::Markdown, SIZES);
    let paths: Vec<&str> = cut.iter().map(|c| c.heading.as_str()).collect();
    assert_eq!(paths, ["Engine", "Engine > Oil > Filter", "Engine > Water", "Setext"], "{cut:#?}");
    assert!(cut[1].text.starts_with("### Filter"));
    // in plain text a # is only a #
    assert!(
        super::chunks(text.as_bytes(), Structure::Prose, &[], SIZES)
            .all(|c| c.unwrap().heading.is_empty())
    );
}

#[test]
fn passages_overlap_by_whole_sentences_where_they_can() {
    let cut = cut(&prose(60), Structure::Prose, SIZES);
    assert!(cut.len() > 3);
    for pair in cut.windows(2) {
        assert!(pair[1].start_byte < pair[0].end_byte, "no overlap");
        assert!(pair[1].text.starts_with("The keeper"), "{}", pair[1].text);
        assert!(pair[0].text.ends_with("ink."), "{}", pair[0].text);
    }
}

#[test]
fn rows_and_lines_of_code_stay_whole() {
    let rows: String = (0..200).map(|n| format!("Ship: No {n} | Dues: {} EUR\n", n * 37)).collect();
    for structure in [Structure::Lines, Structure::Markdown] {
        for chunk in cut(&rows, structure, SIZES) {
            assert!(chunk.text.starts_with("Ship") && chunk.text.ends_with("EUR"));
        }
    }
    let code: String =
        (0..200).map(|n| format!("    let value_{n} = read(&mut file)?;\n")).collect();
    for chunk in cut(&format!("```\n{code}```\n"), Structure::Markdown, SIZES) {
        assert!(chunk.text.ends_with(';') || chunk.text.ends_with("```"), "{}", chunk.text);
    }
}

#[test]
fn pages_are_those_of_what_is_new() {
    let text = format!("{}\n\n{}\n\n{}", prose(10), prose(10), prose(10));
    let page = prose(10).len() as u64 + 2;
    let pages: Vec<_> =
        (0..3).map(|n| PageMark { page: n + 1, start_byte: u64::from(n) * page }).collect();
    let cut: Vec<Chunk> =
        chunks(text.as_bytes(), Structure::Prose, &pages, SIZES).map(Result::unwrap).collect();
    check(&text, &cut);
    let found: Vec<_> = cut.iter().filter_map(|c| c.page).collect();
    assert_eq!(found, [1, 2, 3], "{cut:#?}");
}

#[test]
fn text_without_spaces_is_cut_between_characters() {
    let hostile = [
        "a".repeat(200_000),
        "\n".repeat(200_000),
        " \u{301}".repeat(30_000),
        "火".repeat(60_000),
        "👩‍👩‍👧‍👦".repeat(20_000),
        "🇩🇪".repeat(10_000),
        "e\u{301}".repeat(30_000),
        "# ".repeat(60_000),
        "#\n".repeat(60_000),
        "###### x\n".repeat(10_000),
        format!("a{}b", " ".repeat(200_000)),
        "\u{301}".repeat(60_000),
        ".".repeat(60_000),
        "```\n".repeat(30_000),
    ];
    for text in &hostile {
        for structure in [Structure::Markdown, Structure::Prose, Structure::Lines] {
            let cut = cut(text, structure, SIZES);
            assert!(cut.iter().all(|chunk| chunk.text.len() < 40_000));
        }
    }
}

#[test]
fn memory_stays_flat() {
    for byte in [b'a', b'\n', b' ', b'.'] {
        let mut cut = chunks(io::repeat(byte).take(4_000_000), Structure::Markdown, &[], SIZES);
        while let Some(chunk) = cut.next() {
            assert!(chunk.unwrap().text.len() < 40_000);
            assert!(cut.window.text.capacity() < 1_000_000, "{}", cut.window.text.capacity());
        }
    }
}

#[test]
fn what_is_not_utf8_is_an_error_and_ends() {
    let mut cut = chunks(&b"fine \xff broken"[..], Structure::Prose, &[], SIZES);
    assert!(cut.next().unwrap().is_err());
    assert!(cut.next().is_none());
}

/// Gives a few bytes at a time, so that characters are cut.
struct Drip<'t>(&'t [u8]);

impl Read for Drip<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = out.len().min(3);
        Read::read(&mut self.0, &mut out[..count])
    }
}

fn any_text() -> impl Strategy<Value = String> {
    let bits = prop_oneof![
        "[a-z]{1,12}",
        "[ \t]{1,3}",
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("\n\n".to_owned()),
        Just(". ".to_owned()),
        Just("\n# Heading\n".to_owned()),
        Just("\nUnder\n---\n".to_owned()),
        Just("\n```\n".to_owned()),
        Just("a | b\n".to_owned()),
        "\\PC{1,4}",
        Just("e\u{301}\u{328}".to_owned()),
        Just("👩‍👩‍👧‍👦".to_owned()),
        Just("🇩🇪".to_owned()),
        Just("\u{600}a".to_owned()),
        Just("한국어".to_owned()),
        Just("日本語。".to_owned()),
        Just("กำลัง".to_owned()),
        "[0-9a-f]{30,90}",
    ];
    prop::collection::vec(bits, 0..400).prop_map(|bits| bits.concat())
}

#[test]
fn a_blank_line_behind_what_is_said_again_makes_no_passage() {
    let letters = "0a000aaaaa0a0a0a0a0aa0aa00aa0a";
    let text = format!("{}| b\n\nUnder\n---\n{letters}", letters.repeat(3));
    for max_tokens in 8..14 {
        for overlap_tokens in 0..4 {
            cut(&text, Structure::Markdown, Sizes { max_tokens, overlap_tokens });
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_covered_exactly_and_never_cut_inside_a_character(
        text in any_text(),
        max_tokens in 8..300usize,
        overlap_tokens in 0..60usize,
        structure in prop_oneof![
            Just(Structure::Markdown), Just(Structure::Prose), Just(Structure::Lines)
        ],
    ) {
        let sizes = Sizes { max_tokens, overlap_tokens };
        let cut = cut(&text, structure, sizes);
        let dripped: Vec<Chunk> =
            chunks(Drip(text.as_bytes()), structure, &[], sizes).map(Result::unwrap).collect();
        prop_assert_eq!(&dripped, &cut);
        let mut ends: Vec<u64> =
            text.grapheme_indices(true).map(|(at, _)| at as u64).collect();
        ends.push(text.len() as u64);
        for chunk in &cut {
            let whole = |at: &u64| ends.binary_search(at).is_ok();
            prop_assert!(whole(&chunk.start_byte), "{:?}", chunk.text);
            prop_assert!(whole(&chunk.end_byte), "{:?}", chunk.text);
        }
    }
}

#[test]
fn fuzz_chunker() {
    crate::base::fuzz::fuzz("chunker", |bytes| {
        let Some((&first, rest)) = bytes.split_first() else { return };
        let text = String::from_utf8_lossy(rest);
        let structure = match first % 3 {
            0 => Structure::Markdown,
            1 => Structure::Prose,
            _ => Structure::Lines,
        };
        let max_tokens = 8 + usize::from(first);
        cut(&text, structure, Sizes { max_tokens, overlap_tokens: max_tokens / 8 });
        // Bytes that are no text end it with an error.
        let _ = chunks(rest, structure, &[], SIZES).collect::<io::Result<Vec<Chunk>>>();
    });
}
