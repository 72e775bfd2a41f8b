//! What a question is answered from: passages of documents and of past conversations, by words and by
//! meaning, without near-copies.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rusqlite::Connection;

use super::chunks::{self, Passage};
use super::looking::{Bounds, Nearest};
use super::queries::{self, Texts};
use super::sight::Sight;
use super::{Filters, Search, cut, fusion, reranker};
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

/// What an answer is to draw on.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Passages of documents at most.
    pub documents: usize,
    /// Of these documents alone.
    pub only: Option<Vec<DocumentId>>,
    /// Passages of past conversations at most.
    pub memory: usize,
    /// Of any conversation but this one.
    pub except: Option<ConversationId>,
}

/// What fits a question best, unnumbered.
#[derive(Debug, Clone, Default)]
pub struct Passages {
    /// Of documents.
    pub documents: Vec<Source>,
    /// Of past conversations.
    pub memory: Vec<Source>,
}

/// How many passages of a kind are found, before they are ranked anew.
#[derive(Debug, Clone, Copy)]
struct Width(usize);

impl Width {
    /// Passages of each ranking that are fused.
    fn depth(self) -> usize {
        LEAST_DEEP.max(self.0 * DEEP)
    }
}

/// Whose question it is, and what it may draw on.
#[derive(Debug, Clone)]
struct Scope {
    owner: UserId,
    bounds: Bounds,
    documents: Width,
    /// The documents that may be looked into; `None` for all.
    visible: Option<Arc<HashSet<i64>>>,
    memory: Width,
    except: Option<ConversationId>,
}

impl Search {
    /// The passages that fit a question best.
    pub async fn passages(
        &self,
        caller: &Caller,
        question: &str,
        wanted: Wanted,
    ) -> Result<Passages, Error> {
        let Wanted { documents, only, memory, except } = wanted;
        let documents = if only.as_ref().is_some_and(Vec::is_empty) { 0 } else { documents };
        if documents + memory == 0 {
            return Ok(Passages::default());
        }
        let (owner, bounds) = (caller.user, self.bounds());
        let (chosen, visible) = self
            .store
            .read(move |db| {
                let visible = match documents {
                    0 => None,
                    _ => chunks::visible(db, owner, &Filters::default(), only.as_deref())?,
                };
                Ok::<_, Error>((reranker::find(db)?, visible.map(Arc::new)))
            })
            .await?;
        let width = |limit| Width(self.width(chosen.as_ref(), limit, documents + memory));
        let scope = Scope {
            owner,
            bounds,
            documents: width(documents),
            visible,
            memory: width(memory),
            except,
        };
        let question = cut(question).to_owned();
        // Words and meaning are looked for at the same time.
        let (by_words, words) = (scope.clone(), question.clone());
        let worded = self.store.read(move |db| by_words.worded(db, &words));
        let (worded, near) = tokio::try_join!(worded, self.near(caller, &question, &scope))?;
        if worded.is_empty() && near.chunks.is_empty() && near.messages.is_empty() {
            return Ok(Passages::default());
        }
        let mut found = self.store.read(move |db| scope.together(db, worded, near)).await?;
        let kinds = [&mut found.documents, &mut found.memory];
        self.rank_anew(caller, chosen, &question, kinds).await;
        found.documents.truncate(documents);
        found.memory.truncate(memory);
        Ok(found)
    }

    /// What means about the same; nothing without a model that tells.
    async fn near(&self, caller: &Caller, question: &str, scope: &Scope) -> Result<Nearest, Error> {
        let Some(direction) = self.embeddings.direction(caller, question).await else {
            return Ok(Nearest::default());
        };
        let Scope { documents, memory, .. } = *scope;
        let mut near = Nearest::default();
        if documents.0 > 0 {
            let visible = scope.visible.clone();
            near.chunks = self.nearest(Kind::Chunk, &direction, visible, documents.depth()).await?;
        }
        if memory.0 > 0 {
            let sight = scope.sight();
            near.messages = self.messages_near(&direction, sight, memory.0, memory.depth()).await?;
        }
        Ok(near)
    }
}

/// What has the words of a question, best first.
#[derive(Debug)]
struct Worded {
    chunks: fusion::Ranking,
    messages: Vec<queries::Found>,
}

impl Worded {
    fn is_empty(&self) -> bool {
        self.chunks.is_empty() && self.messages.is_empty()
    }
}

impl Scope {
    fn sight(&self) -> Sight {
        Sight { owner: self.owner, filters: Filters::default(), citing: Some(self.except) }
    }

    /// Words that are everywhere count only when there are no others.
    fn worded(&self, db: &Connection, question: &str) -> Result<Worded, Error> {
        let rare = |texts, terms: &[text::Term]| {
            let counted = queries::counted(db, texts, terms, self.bounds.candidates)?;
            queries::rare(db, texts, counted, self.bounds.candidates)
        };
        let mut terms = text::terms(question, false);
        let messages = match self.memory {
            Width(0) => Vec::new(),
            Width(width) => {
                let rare = rare(Texts::Messages, &terms)?;
                // A passage should share more with a question than one of its many words.
                let wanted = if rare.len() > 2 { 2 } else { 1 };
                queries::passages(db, self.owner, &rare, wanted, self.except, width * 2)?
            }
        };
        let chunks = match self.documents {
            Width(0) => Vec::new(),
            width => {
                terms.extend(text::joined(question));
                let rare = rare(Texts::Chunks, &terms)?;
                let visible = self.visible.as_deref();
                by_words(db, &rare, visible, self.bounds.words, width.depth())?
            }
        };
        Ok(Worded { chunks, messages })
    }

    /// Words and meaning together, without near-copies.
    fn together(&self, db: &Connection, worded: Worded, near: Nearest) -> Result<Passages, Error> {
        let near_chunks = fusion::plain(near.chunks, self.bounds.meaning);
        let fused = fusion::fused(&[&worded.chunks, &near_chunks], self.bounds.k);
        let chunks = distinct(db, self.owner, fused, self.documents.0)?.into_iter();
        let ranked: Vec<i64> = worded.messages.iter().map(|one| one.seq).collect();
        let fresh: Vec<i64> =
            near.messages.iter().filter(|seq| !ranked.contains(seq)).copied().collect();
        let by_meaning = queries::by_rows(db, &self.sight(), &fresh, None)?;
        let mut known: HashMap<_, _> =
            worded.messages.into_iter().chain(by_meaning).map(|one| (one.seq, one)).collect();
        let mut texts: Vec<HashSet<u64>> = Vec::with_capacity(self.memory.0);
        let said = self
            .bounds
            .fused(ranked, near.messages)
            .into_iter()
            .filter_map(|(seq, score)| Some(known.remove(&seq)?.into_source(score)))
            .filter(|source| {
                let words = fusion::words_of(&source.text);
                let is_new = !texts.iter().any(|known| fusion::nearly_same(known, &words));
                if is_new {
                    texts.push(words);
                }
                is_new
            });
        Ok(Passages {
            documents: chunks.map(|(passage, score)| source(passage, score)).collect(),
            memory: said.take(self.memory.0).collect(),
        })
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
