//! What a question is answered from: passages of documents and of past conversations, by words and by
//! meaning, without near-copies.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;

use super::chunks::{self, Passage};
use super::queries::{self, Texts};
use super::sight::Sight;
use super::{Filters, Search, cut, fusion};
use crate::base::{Caller, ConversationId, DocumentId, UserId};
use crate::conversations::{Place, Source};
use crate::embeddings::Kind;
use crate::error::Error;
use crate::store::text;

/// Passages of each ranking that are fused for each one that is wanted.
const DEEP: usize = 5;
/// Passages of each ranking that are fused at least.
const LEAST_DEEP: usize = 50;
/// Passages that are ranked by their words for each one of a ranking: those that have the most.
const LIKELY: usize = 8;

impl Search {
    /// The passages of documents that fit a question best, unnumbered; with `only`, of these
    /// documents.
    pub async fn retrieve(
        &self,
        caller: &Caller,
        question: &str,
        only: Option<Vec<DocumentId>>,
        limit: usize,
    ) -> Result<Vec<Source>, Error> {
        if limit == 0 || only.as_ref().is_some_and(Vec::is_empty) {
            return Ok(Vec::new());
        }
        let owner = caller.user;
        let question = cut(question).to_owned();
        let visible = self.visible(owner, &Filters::default(), true, only).await?;
        let chosen = self.chosen().await?;
        let width = self.width(chosen.as_ref(), limit);
        let depth = LEAST_DEEP.max(width * DEEP);
        let bounds = self.bounds();
        let near = async {
            match self.embeddings.direction(caller, &question).await {
                Some(direction) => {
                    self.nearest(Kind::Chunk, &direction, visible.clone(), depth).await
                }
                None => Ok(Vec::new()),
            }
        };
        let words = question.clone();
        let among = visible.clone();
        let worded = self.store.read(move |db| {
            let mut terms = text::terms(&words, false);
            terms.extend(text::joined(&words));
            let counted = queries::counted(db, Texts::Chunks, &terms, bounds.candidates)?;
            let rare = queries::rare(db, Texts::Chunks, counted, bounds.candidates)?;
            by_words(db, &rare, among.as_deref(), bounds.words, depth)
        });
        let (worded, near) = tokio::try_join!(worded, near)?;
        let found = self.store.read(move |db| {
            let near = fusion::plain(near, bounds.meaning);
            let fused = fusion::fused(&[&worded, &near], bounds.k);
            let found = distinct(db, owner, fused, width)?.into_iter();
            Ok::<_, Error>(found.map(|(passage, score)| source(passage, score)).collect())
        });
        Ok(self.reranked(caller, chosen, &question, found.await?, limit).await)
    }

    /// What past conversations say to a question, unnumbered. Words that are everywhere count only
    /// when there are no others.
    pub async fn remember(
        &self,
        caller: &Caller,
        question: &str,
        except: Option<ConversationId>,
        limit: usize,
    ) -> Result<Vec<Source>, Error> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let owner = caller.user;
        let question = cut(question).to_owned();
        let chosen = self.chosen().await?;
        let width = self.width(chosen.as_ref(), limit);
        let depth = LEAST_DEEP.max(width * DEEP);
        let bounds = self.bounds();
        let sight = Sight { owner, filters: Filters::default(), citing: Some(except) };
        let looks = sight.clone();
        let near = async {
            match self.embeddings.direction(caller, &question).await {
                Some(direction) => self.messages_near(&direction, looks, width, depth).await,
                None => Ok(Vec::new()),
            }
        };
        let words = question.clone();
        let worded = self.store.read(move |db| {
            let terms = text::terms(&words, false);
            let counted = queries::counted(db, Texts::Messages, &terms, bounds.candidates)?;
            let rare = queries::rare(db, Texts::Messages, counted, bounds.candidates)?;
            // A passage should share more with a question than one of its many words.
            let wanted = if rare.len() > 2 { 2 } else { 1 };
            queries::passages(db, owner, &rare, wanted, except, width * 2)
        });
        let (by_words, near) = tokio::try_join!(worded, near)?;
        let found = self.store.read(move |db| {
            let ranked: Vec<i64> = by_words.iter().map(|one| one.seq).collect();
            let fresh: Vec<i64> =
                near.iter().filter(|seq| !ranked.contains(seq)).copied().collect();
            let by_meaning = queries::by_rows(db, &sight, &fresh, None)?;
            let mut known: HashMap<_, _> =
                by_words.into_iter().chain(by_meaning).map(|one| (one.seq, one)).collect();
            let fused = bounds.fused(ranked, near);
            let mut sources: Vec<Source> = Vec::with_capacity(width);
            let mut texts: Vec<HashSet<u64>> = Vec::with_capacity(width);
            for (seq, score) in fused {
                let Some(source) = known.remove(&seq).map(|one| one.into_source(score)) else {
                    continue;
                };
                let words = fusion::words_of(&source.text);
                if texts.iter().any(|known| fusion::nearly_same(known, &words)) {
                    continue;
                }
                texts.push(words);
                sources.push(source);
                if sources.len() == width {
                    break;
                }
            }
            Ok::<_, Error>(sources)
        });
        Ok(self.reranked(caller, chosen, &question, found.await?, limit).await)
    }
}

/// Passages that have some of the terms, best first by BM25, each counting by the share of the terms
/// that it has, the rare ones more.
fn by_words(
    db: &Connection,
    terms: &[queries::Counted],
    visible: Option<&HashSet<i64>>,
    weight: f64,
    depth: usize,
) -> Result<fusion::Ranking, Error> {
    if weight <= 0.0 {
        return Ok(Vec::new());
    }
    let words: Vec<_> = terms.iter().map(|one| one.term.clone()).collect();
    let Some(any) = text::any_of(&words) else { return Ok(Vec::new()) };
    let covered = queries::coverage(db, Texts::Chunks, terms)?;
    // Where only some may be seen, those with most words may all be others.
    let likely = match visible {
        None => most_covered(&covered, depth * LIKELY),
        Some(_) => None,
    };
    let order = likely.as_deref().map_or(chunks::Order::Best, chunks::Order::BestOf);
    let ranked = chunks::by_words(db, &any, order, visible, depth)?;
    let share = |seq: i64| covered.get(&seq).copied().unwrap_or_default().sqrt();
    Ok(ranked.into_iter().map(|seq| (seq, weight * share(seq))).collect())
}

/// The rows that have the largest shares, at least so many, and all that have as much as the last of
/// them; `None` stands for all.
fn most_covered(shares: &HashMap<i64, f64>, least: usize) -> Option<Vec<i64>> {
    let mut all: Vec<f64> = shares.values().copied().collect();
    if all.len() <= least {
        return None;
    }
    let (_, last, _) = all.select_nth_unstable_by(least.saturating_sub(1), |a, b| b.total_cmp(a));
    let enough = *last;
    Some(shares.iter().filter(|(_, share)| **share >= enough).map(|(row, _)| *row).collect())
}

/// The best of a ranking that say something of their own: no near-copies, and none that lies mostly
/// inside another.
pub(super) fn distinct(
    db: &Connection,
    owner: UserId,
    ranking: Vec<(i64, f64)>,
    limit: usize,
) -> Result<Vec<(Passage, f64)>, Error> {
    let mut kept: Vec<(Passage, f64)> = Vec::with_capacity(limit);
    let mut texts: Vec<HashSet<u64>> = Vec::with_capacity(limit);
    for (seq, score) in ranking {
        if kept.len() == limit {
            break;
        }
        let Some(passage) = chunks::find(db, owner, seq)? else { continue };
        let inside = kept.iter().any(|(other, _)| {
            other.document == passage.document
                && fusion::overlap((other.start, other.end), (passage.start, passage.end))
        });
        if inside {
            continue;
        }
        let words = fusion::words_of(&passage.text);
        if texts.iter().any(|known| fusion::nearly_same(known, &words)) {
            continue;
        }
        texts.push(words);
        kept.push((passage, score));
    }
    Ok(kept)
}

fn source(passage: Passage, score: f64) -> Source {
    Source {
        n: 0,
        kind: "document".to_owned(),
        title: passage.shown_title(),
        location: passage.location(),
        text: passage.text,
        score,
        created_at: passage.created_at,
        conversation_id: None,
        message_id: None,
        place: Some(Place {
            document_id: passage.document_id,
            start: passage.start,
            end: passage.end,
            page: passage.page,
            heading: passage.heading,
            whole: false,
            // Whoever sends it to a model looks.
            verified: false,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_covered_rows_are_all_that_have_as_much_as_the_last_of_them() {
        let shares = HashMap::from([(1, 0.9), (2, 0.2), (3, 0.5), (4, 0.5), (5, 0.1)]);
        let rows = |least| {
            let mut rows = most_covered(&shares, least)?;
            rows.sort_unstable();
            Some(rows)
        };
        assert_eq!(rows(1), Some(vec![1]));
        assert_eq!(rows(2), Some(vec![1, 3, 4]));
        assert_eq!(rows(4), Some(vec![1, 2, 3, 4]));
        assert_eq!(rows(5), None);
        assert_eq!(rows(9), None);
    }
}
