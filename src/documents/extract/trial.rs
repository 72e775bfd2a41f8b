//! What the tests of all extractors share: fixtures by name, and what came of them.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use super::{Extracted, Limits, Refusal, extract};

/// The folder of real files; its README says how each was made.
pub(super) fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files"))
}

pub(super) fn extracted(name: &str, bytes: &[u8]) -> Result<(String, Extracted), Refusal> {
    extracted_within(name, bytes, &Limits::default())
}

pub(super) fn extracted_within(
    name: &str,
    bytes: &[u8],
    limits: &Limits,
) -> Result<(String, Extracted), Refusal> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    of_file(&mut file, name, limits)
}

/// Text of a fixture; the counts in `Extracted` are checked against it.
pub(super) fn fixture(name: &str) -> (String, Extracted) {
    let mut file = File::open(folder().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    of_file(&mut file, name, &Limits::default()).unwrap_or_else(|e| panic!("{name}: {e:?}"))
}

/// The code with which a fixture is refused.
pub(super) fn refusal(name: &str) -> &'static str {
    let mut file = File::open(folder().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    match of_file(&mut file, name, &Limits::default()) {
        Ok((text, _)) => panic!("{name} was read:\n{text}"),
        Err(refusal) => refusal.code,
    }
}

/// The page that some words stand on.
pub(super) fn page_of(text: &str, done: &Extracted, words: &str) -> u32 {
    let at = text.find(words).unwrap_or_else(|| panic!("{words:?} not in:\n{text}")) as u64;
    done.pages.iter().rev().find(|mark| mark.start_byte <= at).map_or(0, |mark| mark.page)
}

fn of_file(file: &mut File, name: &str, limits: &Limits) -> Result<(String, Extracted), Refusal> {
    let mut out = Vec::new();
    let done = extract(file, name, limits, &mut out)?;
    let text = String::from_utf8(out).expect("UTF-8");
    assert_eq!((done.bytes, done.chars), (text.len() as u64, text.chars().count() as u64));
    assert!(
        done.pages
            .iter()
            .all(|mark| usize::try_from(mark.start_byte).is_ok_and(|at| text.is_char_boundary(at)))
    );
    Ok((text, done))
}
