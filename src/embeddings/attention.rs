//! Attention of the tokens of one text to each other, head by head, in floats.
//!
//! The idea: keys and values are packed once for each head, then a few queries at a time go all the
//! way from scores to mixed values, so that the scores never leave the nearest cache.
#![expect(clippy::inline_always, reason = "SIMD code must be inlined up to where its level is set")]

use fearless_simd::prelude::*;

use super::curves::exp;
use super::linear::TILE;

/// Numbers of a head's query, key and value.
const HEAD: usize = 32;

/// Room to work in, kept between calls.
#[derive(Default)]
pub(super) struct Attention {
    /// By panel of tokens, by number of the key, by token.
    keys: Vec<f32>,
    /// By panel of numbers of the value, by token.
    values: Vec<f32>,
    /// By query of the tile, by token.
    scores: Vec<f32>,
}

impl Attention {
    /// Mixes values by the likeness of queries and keys. A row of `joined` is a token's query, key
    /// and value of `width` numbers each; a row of `mixed` takes `width` numbers. The queries are
    /// scaled already.
    #[inline(always)]
    pub(super) fn mix<S: Simd>(
        &mut self,
        simd: S,
        joined: &[f32],
        width: usize,
        mixed: &mut [f32],
    ) {
        for head in (0..width).step_by(HEAD) {
            simd.vectorize(
                #[inline(always)]
                || {
                    self.pack(2 * S::f32s::LEN, joined, width, head);
                    self.mix_head(simd, joined, width, head, mixed);
                },
            );
        }
    }

    /// Lays out the keys and values of a head for multiplication by panels. Places of absent tokens
    /// hold zeros.
    #[inline(always)]
    fn pack(&mut self, panel: usize, joined: &[f32], width: usize, head: usize) {
        let count = joined.len() / (3 * width);
        self.keys.clear();
        self.keys.resize(count.next_multiple_of(panel) * HEAD, 0.0);
        self.values.resize(count * HEAD, 0.0);
        for (token, row) in joined.chunks_exact(3 * width).enumerate() {
            let key = &row[width + head..][..HEAD];
            let place = &mut self.keys[token / panel * panel * HEAD..][..panel * HEAD];
            for (place, number) in place.chunks_exact_mut(panel).zip(key) {
                place[token % panel] = *number;
            }
            let value = &row[2 * width + head..][..HEAD];
            let places = self.values.chunks_exact_mut(count * panel);
            for (place, numbers) in places.zip(value.chunks_exact(panel)) {
                place[token * panel..][..panel].copy_from_slice(numbers);
            }
        }
    }

    #[inline(always)]
    fn mix_head<S: Simd>(
        &mut self,
        simd: S,
        joined: &[f32],
        width: usize,
        head: usize,
        mixed: &mut [f32],
    ) {
        let count = joined.len() / (3 * width);
        let lanes = S::f32s::LEN;
        let panel = 2 * lanes;
        let padded = count.next_multiple_of(panel);
        self.scores.resize(TILE * padded, 0.0);
        for first in (0..count).step_by(TILE) {
            // A last tile of fewer rows repeats its last.
            let queries: [&[f32]; TILE] = std::array::from_fn(|row| {
                let token = (first + row).min(count - 1);
                &joined[token * 3 * width + head..][..HEAD]
            });
            for (number, keys) in self.keys.chunks_exact(HEAD * panel).enumerate() {
                let sums = tile_sums(simd, queries, keys);
                for (row, sums) in self.scores.chunks_exact_mut(padded).zip(sums) {
                    let (left, right) = row[number * panel..][..panel].split_at_mut(lanes);
                    sums[0].store_slice(left);
                    sums[1].store_slice(right);
                }
            }
            let mut shares = [0.0; TILE];
            for (row, share) in self.scores.chunks_exact_mut(padded).zip(&mut shares) {
                row[count..].fill(f32::MIN);
                *share = 1.0 / soften(simd, row);
            }
            let mut rows = self.scores.chunks_exact(padded);
            let weights = std::array::from_fn(|_| &rows.next().unwrap_or_default()[..count]);
            for (number, values) in self.values.chunks_exact(count * panel).enumerate() {
                let sums = tile_sums(simd, weights, values);
                for (row, (sums, share)) in sums.iter().zip(shares).take(count - first).enumerate()
                {
                    let place =
                        &mut mixed[(first + row) * width + head + number * panel..][..panel];
                    let (left, right) = place.split_at_mut(lanes);
                    (sums[0] * share).store_slice(left);
                    (sums[1] * share).store_slice(right);
                }
            }
        }
    }
}

/// The sums of products of a tile of rows with a panel, which has two vectors for each number of a
/// row.
#[inline(always)]
fn tile_sums<S: Simd>(simd: S, rows: [&[f32]; TILE], panel: &[f32]) -> [[S::f32s; 2]; TILE] {
    let lanes = S::f32s::LEN;
    let count = panel.len() / (2 * lanes);
    let rows = rows.map(|row| &row[..count]);
    let mut sums = [[S::f32s::splat(simd, 0.0); 2]; TILE];
    for (at, pair) in (0..count).zip(panel.chunks_exact(2 * lanes)) {
        let left = S::f32s::from_slice(simd, &pair[..lanes]);
        let right = S::f32s::from_slice(simd, &pair[lanes..]);
        for (sums, row) in sums.iter_mut().zip(rows) {
            let number = S::f32s::splat(simd, row[at]);
            sums[0] = number.mul_add(left, sums[0]);
            sums[1] = number.mul_add(right, sums[1]);
        }
    }
    sums
}

/// Turns scores into weights, the largest of which is one; returns their sum.
#[inline(always)]
fn soften<S: Simd>(simd: S, row: &mut [f32]) -> f32 {
    let lanes = S::f32s::LEN;
    let mut largest = S::f32s::splat(simd, f32::MIN);
    for place in row.chunks_exact(lanes) {
        largest = largest.max(S::f32s::from_slice(simd, place));
    }
    let largest = largest.reduce_max();
    let mut sum = S::f32s::splat(simd, 0.0);
    for place in row.chunks_exact_mut(lanes) {
        let weight = exp(simd, S::f32s::from_slice(simd, place) - largest);
        weight.store_slice(place);
        sum += weight;
    }
    sum.reduce_sum()
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "small whole numbers")]
mod tests {
    use super::*;
    use fearless_simd::{Level, dispatch};

    /// Softmax of products, as the paper has it.
    fn plain(joined: &[f32], width: usize) -> Vec<f32> {
        let rows: Vec<_> = joined.chunks(3 * width).collect();
        let mut mixed = vec![0.0; rows.len() * width];
        for head in (0..width).step_by(HEAD) {
            for (query, mixed) in rows.iter().zip(mixed.chunks_mut(width)) {
                let scores = rows.iter().map(|key| {
                    let pairs = query[head..][..HEAD].iter().zip(&key[width + head..]);
                    pairs.map(|(a, b)| a * b).sum::<f32>().exp()
                });
                let scores: Vec<f32> = scores.collect();
                let sum: f32 = scores.iter().sum();
                for (score, row) in scores.iter().zip(&rows) {
                    let value = &row[2 * width + head..][..HEAD];
                    for (place, number) in mixed[head..].iter_mut().zip(value) {
                        *place += score / sum * number;
                    }
                }
            }
        }
        mixed
    }

    #[test]
    fn values_are_mixed_as_in_plain_arithmetic() {
        let width = 64;
        let mut attention = Attention::default();
        for count in [1, 2, 6, 7, 33, 70] {
            let joined: Vec<f32> =
                (0..count * 3 * width).map(|n| ((n * 7919) % 1013) as f32 / 1013.0 - 0.4).collect();
            let mut mixed = vec![f32::NAN; count * width];
            dispatch!(Level::new(), simd => attention.mix(simd, &joined, width, &mut mixed));
            for (ours, right) in mixed.iter().zip(plain(&joined, width)) {
                assert!((ours - right).abs() < 1e-5, "{count}: {ours} {right}");
            }
        }
    }
}
