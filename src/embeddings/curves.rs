//! The curves between the matrices: exponential, GELU, and normalisation, on rows of floats.
#![expect(clippy::inline_always, reason = "SIMD code must be inlined up to where its level is set")]

use fearless_simd::prelude::*;

/// e to the power of each number, within 3e-7 of it; below -87 it stays at e to the -87, which is
/// next to nothing.
///
/// The polynomial is that of Cephes' `expf`.
#[inline(always)]
pub(super) fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let constant = |value| S::f32s::splat(simd, value);
    let x = x.max(constant(-87.0)).min(constant(88.0));
    let power = (x * std::f32::consts::LOG2_E).round_ties_even();
    // The logarithm of two in two parts: the first has few digits, so that the product is exact.
    let x = power.mul_add(constant(-0.693_359_4), x);
    let x = power.mul_add(constant(2.121_944_4e-4), x);
    let mut sum = constant(1.987_569_1e-4);
    for factor in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5] {
        sum = sum.mul_add(x, constant(factor));
    }
    let sum = sum.mul_add(x * x, x + 1.0);
    let bits: S::i32s = ((power + 127.0) * 8_388_608.0).to_int();
    sum * bits.bitcast::<S::f32s>()
}

/// GELU of each number, by the error function of Abramowitz and Stegun 7.1.26 (within 2e-7).
#[inline(always)]
pub(super) fn gelu<S: Simd>(simd: S, numbers: &mut [f32]) {
    simd.vectorize(
        #[inline(always)]
        || {
            let constant = |value| S::f32s::splat(simd, value);
            for place in numbers.chunks_exact_mut(S::f32s::LEN) {
                let x = S::f32s::from_slice(simd, place);
                let size = x.abs();
                let z = size * std::f32::consts::FRAC_1_SQRT_2;
                let t = constant(1.0) / z.mul_add(constant(0.327_591_1), constant(1.0));
                let mut sum = constant(1.061_405_4);
                for factor in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
                    sum = sum.mul_add(t, constant(factor));
                }
                // Half of one minus the error function.
                let tail = sum * t * exp(simd, -(z * z)) * 0.5;
                (x.max(constant(0.0)) - size * tail).store_slice(place);
            }
        },
    );
}

/// Adds `more` to rows and normalises each row to mean 0 and variance 1, then scales and shifts it
/// (layer normalisation). The rows are as long as `weight`.
#[inline(always)]
pub(super) fn add_and_normalise<S: Simd>(
    simd: S,
    rows: &mut [f32],
    more: &[f32],
    weight: &[f32],
    bias: &[f32],
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let (width, lanes) = (weight.len(), S::f32s::LEN);
            #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
            let count = width as f32;
            for (row, more) in rows.chunks_exact_mut(width).zip(more.chunks_exact(width)) {
                let mut sum = S::f32s::splat(simd, 0.0);
                for (place, more) in row.chunks_exact_mut(lanes).zip(more.chunks_exact(lanes)) {
                    let both = S::f32s::from_slice(simd, place) + S::f32s::from_slice(simd, more);
                    both.store_slice(place);
                    sum += both;
                }
                let mean = sum.reduce_sum() / count;
                let mut squares = S::f32s::splat(simd, 0.0);
                for place in row.chunks_exact(lanes) {
                    let off = S::f32s::from_slice(simd, place) - mean;
                    squares = off.mul_add(off, squares);
                }
                let factor = 1.0 / (squares.reduce_sum() / count + 1e-12).sqrt();
                let shape = weight.chunks_exact(lanes).zip(bias.chunks_exact(lanes));
                for (place, (weight, bias)) in row.chunks_exact_mut(lanes).zip(shape) {
                    let off = (S::f32s::from_slice(simd, place) - mean) * factor;
                    let (weight, bias) =
                        (S::f32s::from_slice(simd, weight), S::f32s::from_slice(simd, bias));
                    off.mul_add(weight, bias).store_slice(place);
                }
            }
        },
    );
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "small whole numbers")]
mod tests {
    use super::*;
    use fearless_simd::{Level, dispatch};

    #[inline(always)]
    fn exp_of<S: Simd>(simd: S, numbers: &mut [f32]) {
        for place in numbers.chunks_exact_mut(S::f32s::LEN) {
            exp(simd, S::f32s::from_slice(simd, place)).store_slice(place);
        }
    }

    #[test]
    fn the_exponential_is_close() {
        let xs: Vec<f32> = (0..4096).map(|n| n as f32 / 4096.0 * 170.0 - 86.0).collect();
        let mut ours = xs.clone();
        dispatch!(Level::new(), simd => exp_of(simd, &mut ours));
        for (x, ours) in xs.iter().zip(&ours) {
            let right = f64::from(*x).exp();
            assert!((f64::from(*ours) / right - 1.0).abs() < 3e-7, "{x}: {ours} {right}");
        }
        let mut far = [-1e30, -88.0, f32::MIN, -0.0].repeat(16);
        dispatch!(Level::new(), simd => exp_of(simd, &mut far));
        assert!(
            far.chunks(4).all(|x| x[..3].iter().all(|x| *x < 1e-37) && (x[3] - 1.0).abs() < 1e-7)
        );
    }

    #[test]
    fn gelu_is_close() {
        let xs: Vec<f32> = (0..4096).map(|n| n as f32 / 256.0 - 8.0).collect();
        let mut ours = xs.clone();
        dispatch!(Level::new(), simd => gelu(simd, &mut ours));
        // From scipy: x * norm.cdf(x).
        for (x, right) in [
            (-3.0, -0.004_049_7),
            (-1.0, -0.158_655_25),
            (0.0, 0.0),
            (0.5, 0.345_731_2),
            (2.0, 1.954_499_7),
        ] {
            let at = xs.iter().position(|other| (other - x).abs() < 1e-6).unwrap();
            assert!((ours[at] - right).abs() < 1e-6, "{x}: {}", ours[at]);
        }
        assert!(ours[0].abs() < 1e-6 && (ours[4095] - xs[4095]).abs() < 1e-6);
    }

    #[test]
    fn a_row_is_normalised() {
        let mut row: Vec<f32> = (0..64).map(|n| n as f32).collect();
        let more = vec![1.0; 64];
        let (weight, bias) = (vec![2.0; 64], vec![0.5; 64]);
        dispatch!(Level::new(), simd => add_and_normalise(simd, &mut row, &more, &weight, &bias));
        let mean = row.iter().sum::<f32>() / 64.0;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / 64.0;
        assert!((mean - 0.5).abs() < 1e-5 && (variance - 4.0).abs() < 1e-4);
        assert!((row[63] - row[0] - 63.0 * 2.0 / (341.25_f32).sqrt()).abs() < 1e-4);
    }
}
