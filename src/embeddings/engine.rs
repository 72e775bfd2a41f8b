//! The built-in embedding model, all-MiniLM-L6-v2: texts in, directions of meaning out. It lies in
//! the executable; a loaded [`Engine`] holds 12 MB of it unpacked for this processor and gives them
//! back when dropped.
//!
//! Calls compute and block: run them where that does no harm.

use std::cmp::Reverse;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use fearless_simd::Level;

use super::network::{Desk, Network, POSITIONS, WORDS};
use super::tensors::Tensors;
use super::tokens::Tokenizer;
use super::vector::Vector;

pub use super::tensors::Error as LoadError;

pub(super) static MODEL: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/model/model.safetensors"));
pub(super) static WORD_LIST: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/model/vocab.txt"));

/// Tokens of a text that count; what comes after them does not change its vector.
pub const MAX_TOKENS: usize = POSITIONS;

/// Tokens that go through the network together when there are many short texts.
const BATCH_TOKENS: usize = 192;

/// The loaded model.
pub struct Engine {
    tokenizer: Tokenizer,
    network: Network,
    threads: NonZeroUsize,
}

/// Why texts were not embedded.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// A thread ended early, which is a bug.
    #[error("a thread of the embedding model ended early")]
    Thread,
}

impl Engine {
    /// Unpacks the model. At most so many threads work on the texts of one call, the caller's among
    /// them.
    pub fn load(threads: NonZeroUsize) -> Result<Self, LoadError> {
        let tokenizer = Tokenizer::read(WORD_LIST, WORDS)?;
        let network = Network::read(&Tensors::read(MODEL)?, Level::new())?;
        Ok(Self { tokenizer, network, threads })
    }

    /// The vectors of texts, in their order. Any text will do; of long ones the first
    /// [`MAX_TOKENS`] count.
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Vector>, EmbedError> {
        let ids: Vec<_> = texts.iter().map(|text| self.tokenizer.ids(text, MAX_TOKENS)).collect();
        let batches = batches(&ids, self.threads.get());
        let next = AtomicUsize::new(0);
        let work = || {
            let mut desk = Desk::default();
            let mut done = Vec::new();
            while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                let texts: Vec<&[u16]> = batch.iter().map(|at| ids[*at].as_slice()).collect();
                let vectors = self.network.run(&texts, &mut desk);
                done.extend(batch.iter().copied().zip(vectors));
            }
            done
        };
        let mut done = thread::scope(|scope| {
            let more = self.threads.get().min(batches.len()).saturating_sub(1);
            // Where no more threads are to be had, the caller's does the work.
            let threads: Vec<_> = (0..more)
                .map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
                .collect();
            let mut done = work();
            for thread in threads {
                done.extend(thread.join().map_err(|_| EmbedError::Thread)?);
            }
            Ok(done)
        })?;
        done.sort_unstable_by_key(|(at, _)| *at);
        Ok(done.into_iter().map(|(_, vector)| vector).collect())
    }

    /// How many tokens a text has in all.
    pub fn tokens(&self, text: &str) -> usize {
        self.tokenizer.count(text)
    }
}

/// Puts texts together, by their places, so that a batch has enough tokens to be worth it and every
/// thread has work.
fn batches(ids: &[Vec<u16>], threads: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..ids.len()).collect();
    order.sort_by_key(|at| Reverse(ids[*at].len()));
    let all: usize = ids.iter().map(Vec::len).sum();
    let enough = BATCH_TOKENS.min(all.div_ceil(threads));
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut room = 0;
    for at in order {
        let tokens = ids[at].len();
        match batches.last_mut() {
            Some(batch) if tokens <= room => {
                batch.push(at);
                room -= tokens;
            }
            _ => {
                room = enough.saturating_sub(tokens);
                batches.push(vec![at]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::super::vector::DIMENSIONS;
    use super::*;

    fn engine(threads: usize) -> Engine {
        Engine::load(NonZeroUsize::new(threads).unwrap()).unwrap()
    }

    #[test]
    fn vectors_are_those_of_the_reference() {
        // The first numbers, from ONNX Runtime with the f32 model; rounding the weights costs up to
        // 0.01.
        let cases: [(&str, [f32; 6]); 5] = [
            ("How do I reset my password?", [0.0069, -0.063, -0.072, -0.0325, -0.0427, 0.0704]),
            ("日本語の文章です。", [0.0178, 0.0886, 0.0156, 0.0185, -0.1034, 0.0303]),
            (
                "fn main() { println!(\"hi\"); }",
                [-0.0275, 0.082, -0.0592, -0.0179, -0.0378, -0.0294],
            ),
            ("", [-0.1188, 0.0483, -0.0025, -0.011, 0.052, 0.0103]),
            (
                &"The quick brown fox jumps over the lazy dog. ".repeat(100),
                [0.0623, -0.0579, 0.0723, -0.006, -0.0454, 0.0058],
            ),
        ];
        let vectors = engine(2).embed(&cases.map(|(text, _)| text)).unwrap();
        for (vector, (text, right)) in vectors.iter().zip(cases) {
            for (ours, right) in vector.numbers().iter().zip(right) {
                assert!((ours - right).abs() < 0.01, "{text:?}: {ours} {right}");
            }
        }
    }

    #[test]
    fn what_means_the_same_is_near() {
        let texts = [
            "How do I reset my password?",
            "Steps to recover access when you have forgotten your login",
            "The cat sat on the mat",
        ];
        let vectors = engine(1).embed(&texts).unwrap();
        assert!((vectors[0].cosine(&vectors[1]) - 0.59).abs() < 0.02);
        assert!((vectors[0].cosine(&vectors[2]) - 0.09).abs() < 0.02);
        assert!((vectors[2].cosine(&vectors[2]) - 1.0).abs() < 1e-5);
    }

    #[test]
    fn a_vector_does_not_depend_on_its_company_or_the_threads() {
        let texts: Vec<String> = (0..23)
            .map(|n| "some words of a text, and more ".repeat(n % 7 * 5) + &n.to_string())
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let together = engine(3).embed(&texts).unwrap();
        let alone = engine(1);
        assert_eq!(together.len(), texts.len());
        for (text, vector) in texts.iter().zip(&together) {
            let alone = &alone.embed(&[text]).unwrap()[0];
            assert!(alone.cosine(vector) > 0.999_99, "{text:?}");
        }
    }

    #[test]
    fn any_text_has_a_vector() {
        let long = "x".repeat(10 << 20);
        let dense = "[]".repeat(5 << 20);
        let texts = ["", " ", "\0\u{1}\u{7f}", "🙂🏽", "[CLS][SEP]", "\u{301}", &long, &dense];
        for vector in engine(2).embed(&texts).unwrap() {
            assert_eq!(vector.numbers().len(), DIMENSIONS);
            assert!((vector.cosine(&vector) - 1.0).abs() < 1e-5);
        }
        assert!(engine(2).embed(&[]).unwrap().is_empty());
    }

    #[test]
    fn tokens_are_counted_beyond_those_that_count() {
        let engine = engine(1);
        assert_eq!(engine.tokens("Hello, world!"), 4);
        assert_eq!(engine.tokens(&"word ".repeat(3 * MAX_TOKENS)), 3 * MAX_TOKENS);
    }

    #[test]
    fn every_text_is_in_one_batch_and_every_thread_has_work() {
        let ids: Vec<Vec<u16>> = (0..40).map(|n| vec![1; 1 + n * 7 % 200]).collect();
        let batches = batches(&ids, 4);
        let mut seen: Vec<usize> = batches.concat();
        seen.sort_unstable();
        assert_eq!(seen, (0..40).collect::<Vec<_>>());
        assert!(batches.len() >= 4);
        let tokens = |batch: &Vec<usize>| batch.iter().map(|at| ids[*at].len()).sum::<usize>();
        assert!(batches.iter().all(|batch| batch.len() == 1 || tokens(batch) <= BATCH_TOKENS));
    }
}
