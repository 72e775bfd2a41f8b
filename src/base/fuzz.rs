//! Fuzzing with the stable compiler: inputs that are kept, damaged again and again for as long as
//! `INGLENOOK_FUZZ_SECONDS` says (a moment, unless it is set), thrown at one parser. An input that
//! panics, or takes too long, is kept beside the others, so that it is tried first ever after.
//! Targets stand beside the parsers; `.ci/run fuzz` gives each of them its ten minutes.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::clock;

/// Longer inputs teach nothing that shorter ones do not.
const MAX_BYTES: usize = 256 * 1024;
/// How long one input may take, on a busy machine too.
const TOO_LONG: Duration = Duration::from_secs(10);
/// Damaged inputs that are damaged further.
const KEPT: usize = 200;
/// Pieces that mean something in one language or another.
const WORDS: [&[u8]; 32] = [
    b"\0",
    b"\n",
    b"\r\n",
    b"\r",
    b"\"",
    b"'",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b"<",
    b">",
    b"$(",
    b"${",
    b":-",
    b"=",
    b"*",
    b"-1",
    b"0",
    b"99999999999999999999",
    b"1e999",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\\ud800",
    b"\xe2\x80\xae",
    b"\xef\xbb\xbf",
    b"data: ",
    b"event: ",
    b"NEAR(",
    b" AND ",
    b"--",
];

/// xorshift64*: small, and the same everywhere.
pub(crate) struct Dice(u64);

impl Dice {
    /// Dice that fall the same way for the same number.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below another.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap() % limit.max(1)
    }

    fn damage(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        for _ in 0..=self.below(5) {
            let (at, length) = (self.below(bytes.len() + 1), self.below(64) + 1);
            let end = bytes.len().min(at + length);
            match self.below(9) {
                0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                1 if at < bytes.len() => bytes[at] = u8::try_from(self.below(256)).unwrap(),
                2 => bytes.truncate(at),
                3 => drop(bytes.drain(at..end)),
                4 => {
                    let piece = bytes[at..end].to_vec();
                    let to = self.below(bytes.len() + 1);
                    drop(bytes.splice(to..to, piece));
                }
                5 => {
                    let piece = bytes[at..end].repeat(self.below(50));
                    drop(bytes.splice(at..end, piece));
                }
                6 => {
                    let from = self.below(other.len() + 1);
                    let piece = other[from..other.len().min(from + 4 * length)].to_vec();
                    drop(bytes.splice(at..at, piece));
                }
                _ => drop(bytes.splice(at..at, WORDS[self.below(WORDS.len())].iter().copied())),
            }
        }
        bytes.truncate(MAX_BYTES);
    }
}

/// Throws the inputs of `fuzz/<target>`, whole and damaged, at a parser.
pub(crate) fn fuzz(target: &str, mut run: impl FnMut(&[u8])) {
    let folder = root().join("fuzz").join(target);
    fuzz_files(target, &folder, |_, _, _| None, |_, bytes| run(bytes));
}

/// The same with the files of another folder, each with its name. `reshape` may damage an input in a
/// way that only its own format allows.
pub(crate) fn fuzz_files(
    target: &str,
    folder: &Path,
    reshape: impl Fn(&mut Dice, &str, &[u8]) -> Option<Vec<u8>>,
    mut run: impl FnMut(&str, &[u8]),
) {
    let mut inputs: Vec<(String, Vec<u8>)> = Vec::new();
    for folder in [folder, &root().join("fuzz").join(target)] {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        files.sort();
        for path in files.into_iter().filter(|path| path.is_file()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = std::fs::read(&path).unwrap();
            if bytes.len() <= MAX_BYTES && !inputs.iter().any(|(known, _)| *known == name) {
                inputs.push((name, bytes));
            }
        }
    }
    assert!(!inputs.is_empty(), "{} holds no input", folder.display());
    let mut attempt = |name: &str, bytes: &[u8]| {
        let begun = clock::monotonic();
        let done = catch_unwind(AssertUnwindSafe(|| run(name, bytes)));
        if let Err(panic) = done {
            println!("{target}: panics at {}", keep(target, name, bytes).display());
            resume_unwind(panic);
        }
        let took = begun.elapsed();
        assert!(took < TOO_LONG, "{took:?} for {}", keep(target, name, bytes).display());
    };
    for (name, bytes) in &inputs {
        attempt(name, bytes);
    }
    let seconds = seconds();
    let mut seed = [0; 8];
    if seconds > 1 {
        getrandom::fill(&mut seed).unwrap();
    }
    let mut dice = Dice::new(u64::from_le_bytes(seed) ^ 0x9e37_79b9_7f4a_7c15);
    let (begun, originals, mut tried) = (clock::monotonic(), inputs.len(), 0_u64);
    while begun.elapsed() < Duration::from_secs(seconds) {
        let (name, mut bytes) = inputs[dice.below(inputs.len())].clone();
        let other = dice.below(inputs.len());
        let reshaped = if dice.below(2) == 0 { reshape(&mut dice, &name, &bytes) } else { None };
        match reshaped {
            Some(reshaped) => bytes = reshaped,
            None => dice.damage(&mut bytes, &inputs[other].1),
        }
        attempt(&name, &bytes);
        tried += 1;
        match dice.below(20) {
            0 if inputs.len() < originals + KEPT => inputs.push((name, bytes)),
            0 => {
                let at = originals + dice.below(KEPT);
                inputs[at] = (name, bytes);
            }
            _ => {}
        }
    }
    println!("fuzz {target}: {originals} inputs whole, {tried} damaged, {seconds} s, no fault");
}

fn keep(target: &str, name: &str, bytes: &[u8]) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let folder = root().join("fuzz").join(target);
    // The ending stays, for whoever goes by it.
    let path = folder.join(format!("found-{:016x}-{name}", hasher.finish()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path
}

#[expect(clippy::disallowed_methods, reason = "a test's own switch")]
fn seconds() -> u64 {
    std::env::var("INGLENOOK_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
