//! A text's place in the space of meanings: numbers of length one together, so that the cosine of two
//! is their product. The built-in model's has 384; a provider's as many as it likes.

/// Numbers of a vector of the built-in model.
pub const DIMENSIONS: usize = 384;
/// Bytes of a stored number.
const NUMBER_BYTES: usize = 4;
/// Signs that a word holds.
const WORD: usize = 64;

/// A direction: numbers whose squares sum to one (or all zero, which is like nothing).
#[derive(Clone, Debug, PartialEq)]
pub struct Vector(Box<[f32]>);

impl Vector {
    /// The direction of these numbers; zeros if they have none.
    pub fn normalised(numbers: impl Into<Box<[f32]>>) -> Self {
        let mut numbers = numbers.into();
        let length = numbers.iter().map(|n| f64::from(*n).powi(2)).sum::<f64>().sqrt();
        #[expect(clippy::cast_possible_truncation, reason = "rounded to what is stored")]
        let factor = if length.is_normal() { (1.0 / length) as f32 } else { 0.0 };
        for number in &mut numbers {
            *number = if factor == 0.0 { 0.0 } else { *number * factor };
        }
        Self(numbers)
    }

    /// The numbers.
    pub fn numbers(&self) -> &[f32] {
        &self.0
    }

    /// The cosine of the angle between two: 1 for the same meaning, about 0 for nothing in common.
    pub fn cosine(&self, other: &Self) -> f32 {
        self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum()
    }

    /// The sign of each number, a bit set where it is above zero: what the index keeps.
    pub fn signs(&self) -> Vec<u64> {
        signs(self.0.iter().copied())
    }

    /// As it is stored: the numbers in order, little-endian.
    pub fn stored(&self) -> Vec<u8> {
        self.0.iter().flat_map(|number| number.to_le_bytes()).collect()
    }
}

/// The signs of a stored vector.
pub(super) fn signs_of_stored(stored: &[u8]) -> Vec<u64> {
    signs(numbers_of(stored))
}

/// The cosine between a vector and a stored one; 0 when they are of different models.
pub(super) fn cosine_to_stored(vector: &Vector, stored: &[u8]) -> f32 {
    if stored.len() != vector.0.len() * NUMBER_BYTES {
        return 0.0;
    }
    vector.0.iter().zip(numbers_of(stored)).map(|(a, b)| a * b).sum()
}

fn numbers_of(stored: &[u8]) -> impl Iterator<Item = f32> {
    let (numbers, _) = stored.as_chunks::<NUMBER_BYTES>();
    numbers.iter().map(|bytes| f32::from_le_bytes(*bytes))
}

fn signs(numbers: impl Iterator<Item = f32>) -> Vec<u64> {
    let mut words = Vec::with_capacity(DIMENSIONS / WORD);
    for (at, number) in numbers.enumerate() {
        if at % WORD == 0 {
            words.push(0);
        }
        if let Some(word) = words.last_mut() {
            *word |= u64::from(number > 0.0) << (at % WORD);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_stored_means_the_same(numbers in proptest::collection::vec(-1.0_f32..1.0, 1..400)) {
            let vector = Vector::normalised(numbers);
            let stored = vector.stored();
            prop_assert_eq!(signs_of_stored(&stored), vector.signs());
            prop_assert!((cosine_to_stored(&vector, &stored) - vector.cosine(&vector)).abs() < 1e-5);
            prop_assert!(cosine_to_stored(&vector, &stored[..stored.len() - 1]) == 0.0);
        }
    }

    #[test]
    fn directions_have_length_one_and_nothing_has_none() {
        let vector = Vector::normalised(vec![3.0, 4.0]);
        assert!((vector.cosine(&vector) - 1.0).abs() < 1e-6);
        assert_eq!(Vector::normalised(vec![0.0, 0.0]).numbers(), [0.0, 0.0]);
    }
}
