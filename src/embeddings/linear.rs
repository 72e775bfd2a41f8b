//! A matrix of the network and the multiplication with it, where nearly all the time goes.
//!
//! The idea: weights are int8, activations are rounded to 16 bits with a scale for each row, and
//! the products are summed in 32 bits. A processor multiplies and adds pairs of 16-bit numbers
//! twice as fast as it does floats, the rounding is finer than the weights' own by two orders, and
//! the weights stay small in memory.
#![expect(clippy::inline_always, reason = "SIMD code must be inlined up to where its level is set")]

use fearless_simd::prelude::*;

/// Rows that are multiplied at once: with two vectors of columns it fills the registers of AVX2.
pub(super) const TILE: usize = 6;

/// A matrix, packed for vectors of one width.
pub(super) struct Linear {
    inputs: usize,
    outputs: usize,
    /// Columns of a panel: two vectors of 32-bit sums.
    panel: usize,
    /// By panel, by pair of inputs, by column: the pair's two weights.
    weights: Vec<i8>,
    /// What one unit of a column's weights is worth.
    scale: Vec<f32>,
    bias: Vec<f32>,
    /// The largest activation with which no sum can overflow.
    limit: f32,
}

/// Rows of activations, rounded: what [`Linear`] multiplies.
#[derive(Default)]
pub(super) struct Rounded {
    /// By tile, by pair of inputs, by row: the pair as two 16-bit halves.
    pairs: Vec<[i32; TILE]>,
    /// What one unit of a row is worth.
    units: Vec<f32>,
}

impl Linear {
    /// Packs weights `[outputs, inputs]` into panels of so many columns. Inputs are a multiple of
    /// 64, outputs of 32.
    pub(super) fn pack(weights: &[u8], scale: Vec<f32>, bias: Vec<f32>, panel: usize) -> Self {
        let outputs = bias.len();
        let inputs = weights.len() / outputs;
        let mut packed = Vec::with_capacity(weights.len());
        let mut heaviest = 1;
        for columns in weights.chunks_exact(inputs * panel) {
            for pair in (0..inputs).step_by(2) {
                for column in columns.chunks_exact(inputs) {
                    packed.extend(column[pair..pair + 2].iter().map(|byte| byte.cast_signed()));
                }
            }
            for column in columns.chunks_exact(inputs) {
                let sum = column.iter().map(|byte| u32::from(byte.cast_signed().unsigned_abs()));
                heaviest = heaviest.max(sum.sum());
            }
        }
        let most = (i32::MAX.cast_unsigned() / heaviest).min(i16::MAX.unsigned_abs().into());
        #[expect(clippy::cast_precision_loss, reason = "at most 32 767")]
        let limit = most as f32;
        Self { inputs, outputs, panel, weights: packed, scale, bias, limit }
    }

    /// The largest whole number that an activation may be rounded to.
    pub(super) fn limit(&self) -> f32 {
        self.limit
    }

    /// Multiplies rows and adds the bias; `output` holds `outputs` numbers for each row.
    #[inline(always)]
    pub(super) fn apply<S: Simd>(&self, simd: S, rows: &Rounded, output: &mut [f32]) {
        debug_assert_eq!(self.panel, 2 * S::i32s::LEN);
        simd.vectorize(
            #[inline(always)]
            || self.multiply(simd, rows, output),
        );
    }

    #[inline(always)]
    fn multiply<S: Simd>(&self, simd: S, rows: &Rounded, output: &mut [f32]) {
        let lanes = S::f32s::LEN;
        let panels = self.weights.chunks_exact(self.inputs * self.panel);
        for (number, weights) in panels.enumerate() {
            let first = number * self.panel;
            let worth = [first, first + lanes]
                .map(|at| S::f32s::from_slice(simd, &self.scale[at..at + lanes]));
            let bias = [first, first + lanes]
                .map(|at| S::f32s::from_slice(simd, &self.bias[at..at + lanes]));
            let tiles = rows.pairs.chunks_exact(self.inputs / 2);
            let places = output.chunks_mut(TILE * self.outputs);
            for ((tile, units), places) in tiles.zip(rows.units.chunks(TILE)).zip(places) {
                let sums = tile_sums(simd, tile, weights);
                let places = places.chunks_exact_mut(self.outputs);
                for ((sums, unit), place) in sums.iter().zip(units).zip(places) {
                    let place = &mut place[first..first + 2 * lanes];
                    let (left, right) = place.split_at_mut(lanes);
                    let sum: S::f32s = sums[0].to_float();
                    (worth[0] * *unit).mul_add(sum, bias[0]).store_slice(left);
                    let sum: S::f32s = sums[1].to_float();
                    (worth[1] * *unit).mul_add(sum, bias[1]).store_slice(right);
                }
            }
        }
    }
}

/// The sums of products of a tile of rows with a panel of columns.
#[inline(always)]
fn tile_sums<S: Simd>(simd: S, tile: &[[i32; TILE]], panel: &[i8]) -> [[S::i32s; 2]; TILE] {
    let mut sums = [[S::i32s::splat(simd, 0); 2]; TILE];
    for (pairs, weights) in tile.iter().zip(panel.chunks_exact(S::i8s::LEN)) {
        let (left, right) = S::i8s::from_slice(simd, weights).widen();
        for (sums, pair) in sums.iter_mut().zip(pairs) {
            let pair: S::i16s = S::i32s::splat(simd, *pair).bitcast();
            sums[0] += pair.pairwise_dot_product(left);
            sums[1] += pair.pairwise_dot_product(right);
        }
    }
    sums
}

impl Rounded {
    /// Takes in rows of `inputs` numbers, rounded to whole numbers up to `limit`.
    #[inline(always)]
    pub(super) fn take<S: Simd>(&mut self, simd: S, rows: &[f32], inputs: usize, limit: f32) {
        simd.vectorize(
            #[inline(always)]
            || self.round(simd, rows, inputs, limit),
        );
    }

    #[inline(always)]
    fn round<S: Simd>(&mut self, simd: S, rows: &[f32], inputs: usize, limit: f32) {
        let count = rows.len() / inputs;
        let pairs = inputs / 2;
        self.units.clear();
        self.pairs.resize(count.div_ceil(TILE) * pairs, [0; TILE]);
        let lanes = S::f32s::LEN;
        for (number, row) in rows.chunks_exact(inputs).enumerate() {
            let mut largest = S::f32s::splat(simd, f32::MIN_POSITIVE);
            for numbers in row.chunks_exact(lanes) {
                largest = largest.max(S::f32s::from_slice(simd, numbers).abs());
            }
            let largest = largest.reduce_max();
            let factor = limit / largest;
            self.units.push(largest / limit);
            let tile = &mut self.pairs[number / TILE * pairs..][..pairs];
            let at = number % TILE;
            for (numbers, places) in row.chunks_exact(2 * lanes).zip(tile.chunks_exact_mut(lanes)) {
                let (low, high) = numbers.split_at(lanes);
                let [low, high]: [S::i32s; 2] = [low, high].map(|numbers| {
                    (S::f32s::from_slice(simd, numbers) * factor).round_ties_even().to_int()
                });
                let both: S::i32s = low.saturating_narrow(high).bitcast();
                for (place, pair) in places.iter_mut().zip(both.as_slice()) {
                    place[at] = *pair;
                }
            }
        }
    }
}

#[cfg(test)]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "small whole numbers"
)]
mod tests {
    use super::*;
    use fearless_simd::{Level, dispatch};

    /// Numbers between -1 and 1 that are the same every time.
    fn noise(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        std::iter::repeat_with(next).take(count).collect()
    }

    #[inline(always)]
    fn product<S: Simd>(simd: S, weights: &[u8], bias: &[f32], rows: &[f32]) -> Vec<f32> {
        let scale = vec![0.5; bias.len()];
        let linear = Linear::pack(weights, scale, bias.to_vec(), 2 * S::i32s::LEN);
        let inputs = weights.len() / bias.len();
        let mut rounded = Rounded::default();
        rounded.take(simd, rows, inputs, linear.limit());
        let mut output = vec![f32::NAN; rows.len() / inputs * bias.len()];
        linear.apply(simd, &rounded, &mut output);
        output
    }

    #[test]
    fn a_product_is_that_of_plain_arithmetic() {
        let (inputs, outputs) = (128, 64);
        let bias = noise(outputs, 1);
        let weights: Vec<u8> = noise(inputs * outputs, 2)
            .iter()
            .map(|n| ((n * 127.0) as i8).cast_unsigned())
            .collect();
        for count in [1, 5, 6, 7, 24] {
            let rows = noise(count * inputs, 3);
            let ours = dispatch!(Level::new(), simd => product(simd, &weights, &bias, &rows));
            for (row, ours) in rows.chunks(inputs).zip(ours.chunks(outputs)) {
                for ((column, bias), ours) in weights.chunks(inputs).zip(&bias).zip(ours) {
                    let sum: f32 =
                        row.iter().zip(column).map(|(a, b)| a * f32::from(b.cast_signed())).sum();
                    assert!((sum * 0.5 + bias - ours).abs() < 0.05, "{sum} {ours}");
                }
            }
        }
    }

    #[test]
    fn the_largest_sums_do_not_overflow() {
        let (inputs, outputs) = (1536, 32);
        let bias = vec![0.0; outputs];
        for weight in [127_i8, -127] {
            let weights = vec![weight.cast_unsigned(); inputs * outputs];
            let rows = vec![3.0; inputs];
            let ours = dispatch!(Level::new(), simd => product(simd, &weights, &bias, &rows));
            let right = 3.0 * 0.5 * f32::from(weight) * inputs as f32;
            assert!(ours.iter().all(|ours| (ours / right - 1.0).abs() < 1e-4));
        }
    }

    #[test]
    fn a_row_of_zeros_gives_the_bias() {
        let bias = noise(32, 5);
        let ours = dispatch!(Level::new(), simd => product(simd, &[1; 64 * 32], &bias, &[0.0; 64]));
        assert_eq!(ours, bias);
    }
}
