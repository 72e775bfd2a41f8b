//! What is alike among many: the sign of each number of each vector, in memory, and the stored vectors
//! themselves for the last word. Counting differing signs finds candidates in about a hundredth of the
//! time of comparing numbers; a few hundred candidates, compared exactly, hold the true nearest.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use rusqlite::Connection;

use super::Near;
use super::queries::{self, Kept, Kind, Place};
use super::scan;
use super::vector::{self, Vector};
use crate::base::clock;
use crate::error::Error;

/// The signs of all vectors of one kind.
#[derive(Debug, Default)]
pub(super) struct Index {
    rows: RwLock<Rows>,
}

#[derive(Debug, Default)]
struct Rows {
    /// Words of 64 signs that each vector has.
    words: usize,
    /// Row by row, one behind the other.
    signs: Vec<u64>,
    places: Vec<Place>,
}

/// The indexes of a space, and when they were last needed.
#[derive(Debug)]
pub(super) struct Loaded {
    space: i64,
    chunks: Arc<Index>,
    messages: Arc<Index>,
    used: Instant,
}

impl Loaded {
    /// Reads the vectors of a space; takes some time when there are many.
    pub(super) fn read(db: &Connection, space: i64) -> Result<Self, Error> {
        let read = |kind| {
            let mut rows = Rows::default();
            queries::each_vector(db, space, kind, |place, stored| {
                rows.push(place, &vector::signs_of_stored(stored));
            })?;
            Ok::<_, Error>(Arc::new(Index { rows: RwLock::new(rows) }))
        };
        let (chunks, messages) = (read(Kind::Chunk)?, read(Kind::Message)?);
        Ok(Self { space, chunks, messages, used: clock::monotonic() })
    }

    /// Which space it is of.
    pub(super) fn space(&self) -> i64 {
        self.space
    }

    /// When it was last needed.
    pub(super) fn used(&self) -> Instant {
        self.used
    }

    /// It is needed now.
    pub(super) fn touch(&mut self, now: Instant) {
        self.used = now;
    }

    /// The index of a kind.
    pub(super) fn of(&self, kind: Kind) -> Arc<Index> {
        Arc::clone(match kind {
            Kind::Chunk => &self.chunks,
            Kind::Message => &self.messages,
        })
    }

    /// Takes in what was embedded.
    pub(super) fn add(&self, kept: &[Kept]) {
        for one in kept {
            let index = self.of(one.kind);
            let mut rows = index.rows.write().unwrap_or_else(PoisonError::into_inner);
            for (place, stored) in &one.vectors {
                rows.push(*place, &vector::signs_of_stored(stored));
            }
        }
    }
}

impl Rows {
    fn push(&mut self, place: Place, signs: &[u64]) {
        if self.places.is_empty() {
            self.words = signs.len();
        }
        // Another length is another model's: it cannot be compared.
        if signs.len() == self.words {
            self.signs.extend_from_slice(signs);
            self.places.push(place);
        }
    }
}

impl Index {
    /// The vectors that are likely the most like one, best first.
    pub(super) fn candidates(
        &self,
        like: &Vector,
        limit: usize,
        parents: Option<&HashSet<i64>>,
    ) -> Vec<Place> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        let numbers = like.numbers();
        // Another length is another model's.
        if numbers.len().div_ceil(64) != rows.words {
            return Vec::new();
        }
        let admits =
            |at: usize| parents.is_none_or(|wanted| wanted.contains(&rows.places[at].parent));
        let nearest = scan::nearest(numbers, &rows.signs, limit, admits);
        nearest.into_iter().map(|at| rows.places[at]).collect()
    }
}

/// The items of the candidates by how alike they really are, best first. Of an item with several
/// vectors the best counts; what is gone is left out.
pub(super) fn rescored(
    db: &Connection,
    like: &Vector,
    candidates: &[Place],
    limit: usize,
) -> Result<Vec<Near>, Error> {
    let mut best: HashMap<i64, f32> = HashMap::with_capacity(candidates.len());
    let seqs: Vec<i64> = candidates.iter().map(|place| place.seq).collect();
    queries::each_of(db, &seqs, |at, stored| {
        let score = vector::cosine_to_stored(like, stored);
        let known = best.entry(candidates[at].item).or_insert(score);
        *known = known.max(score);
    })?;
    let mut found: Vec<Near> = best.into_iter().map(|(item, score)| Near { item, score }).collect();
    found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.item.cmp(&b.item)));
    found.truncate(limit);
    Ok(found)
}
