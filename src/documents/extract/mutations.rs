//! Damaged copies of every real file: whatever comes of them, it is text or a refusal, never a panic,
//! and never more than the limits allow. The damage is the same in every run.

use std::io::{Cursor, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::Limits;
use super::trial::{extracted_within, folder};

const ROUNDS: u64 = 30;

/// xorshift64*: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize;
        high % limit.max(1)
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        const WORDS: [&[u8]; 12] = [
            b"<",
            b">",
            b"&#x110000;",
            b"\"",
            b"{",
            b"}",
            b"[",
            b"\\u-1",
            b"99999999999",
            b"-1",
            b"\0",
            b"<!DOCTYPE a [<!ENTITY b \"c\">]>",
        ];
        for _ in 0..=self.below(6) {
            let at = self.below(bytes.len());
            match self.below(6) {
                0 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
                1 => bytes.truncate(at),
                2 => {
                    let piece: Vec<u8> =
                        bytes[at..].iter().take(self.below(200)).copied().collect();
                    let to = self.below(bytes.len());
                    bytes.splice(to..to, piece);
                }
                3 => drop(bytes.drain(at..bytes.len().min(at + self.below(100) + 1))),
                4 => drop(bytes.splice(at..at, WORDS[self.below(WORDS.len())].iter().copied())),
                _ if !bytes.is_empty() => bytes[at] = u8::try_from(self.below(256)).unwrap(),
                _ => {}
            }
        }
    }

    /// Damages a part inside an archive, which then is whole as an archive.
    fn damage_part(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut from = ZipArchive::new(Cursor::new(bytes)).ok()?;
        let mut to = ZipWriter::new(Cursor::new(Vec::new()));
        let chosen = self.below(from.len());
        for index in 0..from.len() {
            let mut part = from.by_index(index).ok()?;
            let name = part.name().ok()?.into_owned();
            let mut content = Vec::new();
            part.read_to_end(&mut content).ok()?;
            if index == chosen {
                self.damage(&mut content);
            }
            to.start_file(name, SimpleFileOptions::default()).ok()?;
            to.write_all(&content).ok()?;
        }
        Some(to.finish().ok()?.into_inner())
    }
}

#[test]
fn damaged_files_are_read_or_refused() {
    let limits = Limits {
        max_text_bytes: 4_000_000,
        max_unpacked_bytes: 20_000_000,
        max_item_bytes: 1_000_000,
        ..Limits::default()
    };
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.is_file()).collect();
    files.sort();
    for path in files {
        let name = path.file_name().unwrap().to_str().unwrap();
        let original = std::fs::read(&path).unwrap();
        for round in 1..=ROUNDS {
            let mut dice = Dice(round * 0x9e37_79b9);
            let inside = if round % 2 == 0 { dice.damage_part(&original) } else { None };
            let bytes = inside.unwrap_or_else(|| {
                let mut bytes = original.clone();
                dice.damage(&mut bytes);
                bytes
            });
            let result = catch_unwind(AssertUnwindSafe(|| extracted_within(name, &bytes, &limits)));
            match result.unwrap_or_else(|_| panic!("{name}, round {round}")) {
                Ok((text, _)) => assert!(text.len() as u64 <= limits.max_text_bytes),
                Err(refusal) => assert!(!refusal.reason.is_empty()),
            }
        }
    }
}

#[test]
fn fuzz_extractors() {
    let limits = Limits {
        max_text_bytes: 1_000_000,
        max_unpacked_bytes: 5_000_000,
        max_item_bytes: 300_000,
        ..Limits::default()
    };
    // A damaged archive is mostly no archive, so a part inside is damaged as well.
    let inside = |dice: &mut crate::base::fuzz::Dice, _: &str, bytes: &[u8]| {
        Dice(dice.below(usize::MAX) as u64 | 1).damage_part(bytes)
    };
    crate::base::fuzz::fuzz_files("extractors", &folder(), inside, |name, bytes| {
        match extracted_within(name, bytes, &limits) {
            Ok((text, _)) => assert!(text.len() as u64 <= limits.max_text_bytes),
            Err(refusal) => assert!(!refusal.reason.is_empty()),
        }
    });
}
