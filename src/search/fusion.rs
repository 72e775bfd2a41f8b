//! Rankings made into one by the reciprocal of the rank (Cormack, Clarke and Büttcher 2009): what both
//! words and meaning bring up stands above what only one does, without any scale between the two. An
//! item found by words counts by how much of the question its words cover, so that a text with one
//! stray word of seven does not push out what means the same; `docs/RETRIEVAL.md` has the figures.

use std::collections::{HashMap, HashSet};

/// Items, best first, each with how much it counts.
pub(super) type Ranking = Vec<(i64, f64)>;

/// A ranking whose items all count the same; none when they count nothing.
pub(super) fn plain(items: impl IntoIterator<Item = i64>, weight: f64) -> Ranking {
    items.into_iter().filter(|_| weight > 0.0).map(|item| (item, weight)).collect()
}

/// Items of several rankings, best first, each with its fused score. `k` says how slowly a place
/// lower down loses weight.
pub(super) fn fused(rankings: &[&Ranking], k: u32) -> Vec<(i64, f64)> {
    let mut scores: HashMap<i64, f64> = HashMap::new();
    for ranking in rankings {
        for (rank, (item, weight)) in (1_u32..).zip(ranking.iter()) {
            *scores.entry(*item).or_default() += weight / f64::from(k.saturating_add(rank));
        }
    }
    let mut all: Vec<_> = scores.into_iter().collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    all
}

/// The share of words that two texts have in common at which they say the same.
const SAME: f64 = 0.8;

/// Whether two texts are nearly the same: a copy, another version, the same page header.
pub(super) fn nearly_same(a: &HashSet<u64>, b: &HashSet<u64>) -> bool {
    if a.is_empty() || b.is_empty() {
        return a.is_empty() && b.is_empty();
    }
    let both = a.intersection(b).count();
    let count = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    count(both) >= SAME * count(a.len() + b.len() - both)
}

/// The words of a text, hashed, for [`nearly_same`].
pub(super) fn words_of(text: &str) -> HashSet<u64> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| {
            let hash = blake3::hash(word.to_lowercase().as_bytes());
            hash.as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
        })
        .collect()
}

/// Whether two stretches share more than half of the shorter one.
pub(super) fn overlap(a: (u64, u64), b: (u64, u64)) -> bool {
    let shared = a.1.min(b.1).saturating_sub(a.0.max(b.0));
    let shorter = (a.1.saturating_sub(a.0)).min(b.1.saturating_sub(b.0));
    shared * 2 > shorter
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_both_rankings_have_stands_first() {
        let order: Vec<i64> = fused(&[&plain([1, 2, 3], 1.0), &plain([4, 3, 5], 1.0)], 60)
            .into_iter()
            .map(|(i, _)| i)
            .collect();
        assert_eq!(order[0], 3);
        assert_eq!(order.len(), 5);
    }

    #[test]
    fn copies_are_told_from_texts_that_only_share_a_subject() {
        let same = |a: &str, b: &str| nearly_same(&words_of(a), &words_of(b));
        assert!(same("The stove burns oak, slowly.", "the STOVE burns oak slowly"));
        assert!(!same("The stove burns oak slowly", "The stove was sold to a neighbour"));
        assert!(overlap((0, 100), (40, 140)) && !overlap((0, 100), (90, 190)));
    }

    proptest! {
        #[test]
        fn fusion_keeps_every_item_once_in_falling_order(
            a in proptest::collection::hash_set(0_i64..50, 0..30),
            b in proptest::collection::hash_set(0_i64..50, 0..30),
        ) {
            let (left, right) = (plain(a.iter().copied(), 1.0), plain(b.iter().copied(), 0.5));
            let all = fused(&[&left, &right], 60);
            let items: HashSet<i64> = all.iter().map(|(item, _)| *item).collect();
            prop_assert_eq!(items.len(), all.len());
            prop_assert_eq!(items, a.union(&b).copied().collect());
            prop_assert!(all.windows(2).all(|pair| pair[0].1 >= pair[1].1));
        }
    }
}
