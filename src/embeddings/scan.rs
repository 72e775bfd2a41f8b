//! Which of very many vectors share the most signs with a query. The more signs two directions share, the smaller
//! the angle between them (Charikar 2002); comparing 48 bytes takes a few instructions, so a plain scan is fast,
//! takes any filter, and has no structure that could be damaged or would have to be kept in balance.

use std::collections::BinaryHeap;

use fearless_simd::{Level, Simd, dispatch};

/// Rows whose distances are taken at once, before they are judged.
const BLOCK: usize = 256;

/// The places of the `n` rows that differ from the query in the fewest signs, those first that differ least, among
/// the rows that are let through. `signs` holds row behind row, each as long as the query.
pub(super) fn nearest(
    query: &[u64],
    signs: &[u64],
    n: usize,
    admits: impl Fn(usize) -> bool,
) -> Vec<usize> {
    if query.is_empty() || n == 0 {
        return Vec::new();
    }
    let level = Level::new();
    let rows = signs.len() / query.len();
    // The worst of the best is on top.
    let mut best = BinaryHeap::with_capacity(n.min(rows) + 1);
    let mut worst = u32::MAX;
    let mut distances = [0; BLOCK];
    for (block, signs) in signs.chunks(BLOCK * query.len()).enumerate() {
        dispatch!(level, simd => measure(simd, query, signs, &mut distances));
        for (row, distance) in distances.iter().take(signs.len() / query.len()).enumerate() {
            let row = block * BLOCK + row;
            if *distance < worst && admits(row) {
                best.push((*distance, row));
                if best.len() > n {
                    best.pop();
                }
                if best.len() == n {
                    worst = best.peek().map_or(worst, |(distance, _)| *distance);
                }
            }
        }
    }
    best.into_sorted_vec().into_iter().map(|(_, row)| row).collect()
}

#[expect(clippy::inline_always, reason = "SIMD code must be inlined up to where its level is set")]
#[inline(always)]
fn measure<S: Simd>(simd: S, query: &[u64], signs: &[u64], distances: &mut [u32; BLOCK]) {
    simd.vectorize(
        #[inline(always)]
        || {
            // The built-in model's vectors have six words: a length that is known is twice as fast.
            if let Ok(query) = <&[u64; 6]>::try_from(query) {
                let (rows, _) = signs.as_chunks::<6>();
                for (row, place) in rows.iter().zip(distances) {
                    *place = distance(query, row);
                }
            } else {
                for (row, place) in signs.chunks_exact(query.len()).zip(distances) {
                    *place = distance(query, row);
                }
            }
        },
    );
}

#[expect(clippy::inline_always, reason = "SIMD code must be inlined up to where its level is set")]
#[inline(always)]
fn distance(query: &[u64], row: &[u64]) -> u32 {
    query.iter().zip(row).map(|(a, b)| (a ^ b).count_ones()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words that are the same every time.
    fn noise(count: usize) -> Vec<u64> {
        let mut state = 88_172_645_463_325_252_u64;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        std::iter::repeat_with(next).take(count).collect()
    }

    #[test]
    fn the_nearest_come_first_whatever_the_length() {
        for words in [1, 5, 6, 7, 12] {
            let signs = noise(words * 1_000);
            let mut query = signs[words * 700..words * 701].to_vec();
            query[0] ^= 3;
            let found = nearest(&query, &signs, 9, |_| true);
            let mut all: Vec<(u32, usize)> = signs
                .chunks(words)
                .enumerate()
                .map(|(row, signs)| (distance(&query, signs), row))
                .collect();
            all.sort_unstable();
            assert_eq!(found[0], 700);
            assert_eq!(found, all[..9].iter().map(|(_, row)| *row).collect::<Vec<_>>());
        }
    }

    #[test]
    fn only_what_is_admitted_is_found() {
        let signs = noise(6 * 600);
        let found = nearest(&signs[..6], &signs, 600, |row| row % 7 == 3);
        assert_eq!(found.len(), 86);
        assert!(found.iter().all(|row| row % 7 == 3));
        assert!(nearest(&signs[..6], &signs, 10, |_| false).is_empty());
    }

    #[test]
    fn nothing_is_found_in_nothing() {
        assert!(nearest(&[0; 6], &[], 10, |_| true).is_empty());
        assert!(nearest(&[], &[], 10, |_| true).is_empty());
        assert!(nearest(&[1; 6], &[1; 60], 0, |_| true).is_empty());
    }
}
