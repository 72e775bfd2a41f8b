//! The network of all-MiniLM-L6-v2: six layers of BERT over 384 numbers a token, then the mean of
//! the tokens.
//!
//! Texts of any length lie end to end in one batch. The matrices see only rows of tokens, and
//! attention goes text by text, so nothing is padded. Devlin et al. 2018 (BERT), Wang et al. 2020
//! (`MiniLM`), Reimers and Gurevych 2019 (sentence embeddings by mean pooling).
#![expect(clippy::inline_always, reason = "SIMD code must be inlined up to where its level is set")]

use std::ops::Range;

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch};

use super::attention::Attention;
use super::curves::{add_and_normalise, gelu};
use super::linear::{Linear, Rounded, TILE};
use super::tensors::{Error, Tensors};
use super::vector::{DIMENSIONS, Vector};

/// Words that the embedding table has.
pub(super) const WORDS: usize = 30_522;
/// Tokens of a text that the network can take.
pub(super) const POSITIONS: usize = 256;
const LAYERS: usize = 6;
/// Numbers of a token inside a layer.
const WIDE: usize = 4 * DIMENSIONS;
/// Rows that go through the matrices together, so that what lies between two of them stays in the
/// cache.
const ROWS: usize = 8 * TILE;

/// The weights.
pub(super) struct Network {
    level: Level,
    words: &'static [u8],
    word_scale: Vec<f32>,
    positions: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

struct Layer {
    attend: Linear,
    gather: Linear,
    attended: Norm,
    widen: Linear,
    narrow: Linear,
    done: Norm,
}

/// Room for one thread to work in, kept between batches.
#[derive(Default)]
pub(super) struct Desk {
    state: Vec<f32>,
    joined: Vec<f32>,
    mixed: Vec<f32>,
    wide: Vec<f32>,
    more: Vec<f32>,
    rounded: Rounded,
    attention: Attention,
}

impl Network {
    /// Packs the weights for this processor.
    pub(super) fn read(tensors: &Tensors, level: Level) -> Result<Self, Error> {
        let panel = dispatch!(level, simd => panel(simd));
        let norm = |name: &str| {
            Ok(Norm {
                weight: tensors.floats(&format!("{name}.weight"), &[DIMENSIONS])?,
                bias: tensors.floats(&format!("{name}.bias"), &[DIMENSIONS])?,
            })
        };
        let linear = |name: &str, outputs: usize, inputs: usize| {
            let weights = tensors.bytes(&format!("{name}.weight"), &[outputs, inputs])?;
            let scale = tensors.floats(&format!("{name}.scale"), &[outputs])?;
            let bias = tensors.floats(&format!("{name}.bias"), &[outputs])?;
            Ok(Linear::pack(weights, scale, bias, panel))
        };
        let layer = |number: usize| {
            let name = |part: &str| format!("layers.{number}.{part}");
            Ok(Layer {
                attend: linear(&name("attend"), 3 * DIMENSIONS, DIMENSIONS)?,
                gather: linear(&name("gather"), DIMENSIONS, DIMENSIONS)?,
                attended: norm(&name("attended"))?,
                widen: linear(&name("widen"), WIDE, DIMENSIONS)?,
                narrow: linear(&name("narrow"), DIMENSIONS, WIDE)?,
                done: norm(&name("done"))?,
            })
        };
        Ok(Self {
            level,
            words: tensors.bytes("words", &[WORDS, DIMENSIONS])?,
            word_scale: tensors.floats("words.scale", &[WORDS])?,
            positions: tensors.floats("positions", &[POSITIONS, DIMENSIONS])?,
            norm: norm("norm")?,
            layers: (0..LAYERS).map(layer).collect::<Result<_, Error>>()?,
        })
    }

    /// The vectors of texts, given as the ids of their tokens: 1 to [`POSITIONS`] a text, each
    /// below [`WORDS`].
    pub(super) fn run(&self, texts: &[&[u16]], desk: &mut Desk) -> Vec<Vector> {
        let mut places = Vec::with_capacity(texts.len());
        let mut end = 0;
        for text in texts {
            places.push(end..end + text.len());
            end += text.len();
        }
        desk.lay_out(end);
        for (text, place) in texts.iter().zip(&places) {
            self.embed(text, &mut desk.state[numbers(place, DIMENSIONS)]);
        }
        dispatch!(self.level, simd => self.forward(simd, &places, desk));
        places.iter().map(|place| mean(&desk.state[numbers(place, DIMENSIONS)])).collect()
    }

    /// What the words mean on their own, and where they stand.
    fn embed(&self, text: &[u16], state: &mut [f32]) {
        let rows = state.chunks_exact_mut(DIMENSIONS);
        let positions = self.positions.chunks_exact(DIMENSIONS);
        for ((id, row), position) in text.iter().zip(rows).zip(positions) {
            let id = usize::from(*id);
            let scale = self.word_scale[id];
            let word = &self.words[id * DIMENSIONS..][..DIMENSIONS];
            for ((place, number), position) in row.iter_mut().zip(word).zip(position) {
                *place = f32::from(number.cast_signed()) * scale + position;
            }
        }
    }

    #[inline(always)]
    fn forward<S: Simd>(&self, simd: S, texts: &[Range<usize>], desk: &mut Desk) {
        let Desk { state, joined, mixed, wide, more, rounded, attention } = desk;
        more[..ROWS * DIMENSIONS].fill(0.0);
        for rows in state.chunks_mut(ROWS * DIMENSIONS) {
            add_and_normalise(simd, rows, more, &self.norm.weight, &self.norm.bias);
        }
        for layer in &self.layers {
            let blocks = joined.chunks_mut(ROWS * 3 * DIMENSIONS);
            for (rows, output) in state.chunks(ROWS * DIMENSIONS).zip(blocks) {
                rounded.take(simd, rows, DIMENSIONS, layer.attend.limit());
                layer.attend.apply(simd, rounded, output);
            }
            for text in texts {
                let joined = &joined[numbers(text, 3 * DIMENSIONS)];
                attention.mix(simd, joined, DIMENSIONS, &mut mixed[numbers(text, DIMENSIONS)]);
            }
            let blocks = mixed.chunks(ROWS * DIMENSIONS);
            for (rows, mixed) in state.chunks_mut(ROWS * DIMENSIONS).zip(blocks) {
                let more = &mut more[..rows.len()];
                rounded.take(simd, mixed, DIMENSIONS, layer.gather.limit());
                layer.gather.apply(simd, rounded, more);
                add_and_normalise(simd, rows, more, &layer.attended.weight, &layer.attended.bias);
                let wide = &mut wide[..rows.len() / DIMENSIONS * WIDE];
                rounded.take(simd, rows, DIMENSIONS, layer.widen.limit());
                layer.widen.apply(simd, rounded, wide);
                gelu(simd, wide);
                rounded.take(simd, wide, WIDE, layer.narrow.limit());
                layer.narrow.apply(simd, rounded, more);
                add_and_normalise(simd, rows, more, &layer.done.weight, &layer.done.bias);
            }
        }
    }
}

impl Desk {
    fn lay_out(&mut self, tokens: usize) {
        self.state.resize(tokens * DIMENSIONS, 0.0);
        self.mixed.resize(tokens * DIMENSIONS, 0.0);
        self.joined.resize(tokens * 3 * DIMENSIONS, 0.0);
        self.wide.resize(ROWS * WIDE, 0.0);
        self.more.resize(ROWS * DIMENSIONS, 0.0);
    }
}

/// Columns of a panel of weights at this level.
#[inline(always)]
fn panel<S: Simd>(_: S) -> usize {
    2 * S::i32s::LEN
}

/// Where the numbers of these rows are.
fn numbers(rows: &Range<usize>, width: usize) -> Range<usize> {
    rows.start * width..rows.end * width
}

/// The mean of the tokens, at length one.
fn mean(rows: &[f32]) -> Vector {
    let mut sum = [0.0; DIMENSIONS];
    for row in rows.chunks_exact(DIMENSIONS) {
        for (sum, number) in sum.iter_mut().zip(row) {
            *sum += number;
        }
    }
    Vector::normalised(sum)
}

#[cfg(test)]
mod tests {
    use super::super::engine::MODEL;
    use super::*;

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn every_kind_of_processor_gives_the_same_vectors() {
        let best = Level::new();
        let levels = [
            best.as_sse2().map(Simd::level),
            best.as_sse4_2().map(Simd::level),
            best.as_avx2().map(Simd::level),
            Some(best),
        ];
        let tensors = Tensors::read(MODEL).unwrap();
        let long: Vec<u16> = (1000..1060).collect();
        let texts: [&[u16]; 3] = [&[101, 102], &long, &[101, 7592, 1010, 2088, 999, 102]];
        let results: Vec<Vec<Vector>> = levels
            .into_iter()
            .flatten()
            .map(|level| Network::read(&tensors, level).unwrap().run(&texts, &mut Desk::default()))
            .collect();
        assert!(results.len() >= 2);
        for vectors in &results[1..] {
            for (ours, first) in vectors.iter().zip(&results[0]) {
                assert!(ours.cosine(first) > 0.9999, "{}", ours.cosine(first));
            }
        }
    }

    #[test]
    fn a_desk_can_be_used_again() {
        let network = Network::read(&Tensors::read(MODEL).unwrap(), Level::new()).unwrap();
        let mut desk = Desk::default();
        let long: Vec<u16> = (2000..2256).collect();
        let (first, short) = (network.run(&[&long], &mut desk), network.run(&[&[7]], &mut desk));
        assert_eq!(first, network.run(&[&long], &mut desk));
        assert_eq!(short, network.run(&[&[7]], &mut desk));
    }
}
