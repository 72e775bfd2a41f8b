//! One search: what has the words, and, together with what means about the same, what is shown of it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rusqlite::Connection;

use super::queries::{self, Texts};
use super::sight::Sight;
use super::{Filters, Hit, Place, Scope, TITLES, chunks, fusion, notes, retrieval, snippet};
use crate::base::UserId;
use crate::error::Error;
use crate::store::text::{self, Term};

/// What means about the same as a query.
#[derive(Debug, Clone, Default)]
pub(super) struct Nearest {
    pub(super) chunks: Vec<i64>,
    pub(super) messages: Vec<i64>,
}

/// How a search is bounded and weighed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Texts that are ranked.
    pub(super) candidates: usize,
    /// For the fusion of rankings.
    pub(super) k: u32,
    /// How much words count.
    pub(super) words: f64,
    /// How much meaning counts.
    pub(super) meaning: f64,
}

impl Bounds {
    /// Rows by words and rows by meaning, each best first, as one ranking.
    pub(super) fn fused(self, words: Vec<i64>, meaning: Vec<i64>) -> fusion::Ranking {
        let rankings = [&fusion::plain(words, self.words), &fusion::plain(meaning, self.meaning)];
        fusion::fused(&rankings, self.k)
    }
}

/// Which kinds of things to look through.
#[derive(Debug, Clone, Copy)]
pub(super) struct Looks {
    pub(super) titles: bool,
    pub(super) messages: bool,
    pub(super) documents: bool,
    pub(super) notes: bool,
}

impl Looks {
    pub(super) fn of(scope: Scope, filters: &Filters) -> Self {
        let said = scope != Scope::Documents && filters.lets_messages_pass();
        let titles = said && filters.lets_titles_pass();
        Self {
            titles,
            messages: said,
            documents: scope != Scope::Conversations && filters.lets_documents_pass(),
            notes: titles && scope == Scope::All,
        }
    }
}

/// Who looks, and at what.
#[derive(Debug, Clone)]
pub(super) struct Looking {
    pub(super) owner: UserId,
    pub(super) filters: Filters,
    pub(super) visible: Option<Arc<HashSet<i64>>>,
    pub(super) bounds: Bounds,
    pub(super) looks: Looks,
    pub(super) terms: Vec<Term>,
    /// Hits at most.
    pub(super) limit: usize,
}

/// What has the words of a query, best first.
#[derive(Debug)]
pub(super) struct Worded {
    titles: Vec<Hit>,
    messages: Vec<queries::Found>,
    passages: Vec<i64>,
}

impl Looking {
    /// Titles that have all words, and texts that have all or some.
    pub(super) fn by_words(&self, db: &Connection) -> Result<Worded, Error> {
        let mut worded = Worded { titles: Vec::new(), messages: Vec::new(), passages: Vec::new() };
        let Some(all) = text::all_of(&self.terms) else { return Ok(worded) };
        let (looks, limit) = (self.looks, self.limit);
        let (owner, filters, visible) = (self.owner, &self.filters, self.visible.as_deref());
        let most = TITLES.min(limit);
        if looks.titles {
            worded.titles.extend(queries::titles(db, owner, &all, most)?);
        }
        if looks.documents {
            worded.titles.extend(chunks::titles(db, owner, &all, visible, most)?);
        }
        if looks.notes {
            worded.titles.extend(notes::find(db, owner, &all, most)?);
        }
        worded.titles.truncate(limit);
        let left = limit - worded.titles.len();
        if looks.messages {
            worded.messages = self.all_or_some(db, Texts::Messages, |words, common| {
                queries::messages(db, owner, words, common, filters, left)
            })?;
        }
        if looks.documents {
            worded.passages = self.all_or_some(db, Texts::Chunks, |words, common| {
                let order = if common { chunks::Order::Newest } else { chunks::Order::Best };
                chunks::by_words(db, words, order, visible, left)
            })?;
        }
        Ok(worded)
    }

    /// Texts that have all terms; where there are none, those that have some of the terms that tell
    /// texts apart. `ranked` is told whether some term is in so many texts that ranking all would be slow.
    fn all_or_some<T>(
        &self,
        db: &Connection,
        texts: Texts,
        ranked: impl Fn(&str, bool) -> Result<Vec<T>, Error>,
    ) -> Result<Vec<T>, Error> {
        let (terms, candidates) = (&self.terms, self.bounds.candidates);
        let counted = queries::counted(db, texts, terms, candidates)?;
        if counted.iter().all(|one| one.texts > 0)
            && let Some(all) = text::all_of(terms)
        {
            let common = counted.iter().any(|one| one.texts >= candidates);
            let found = ranked(&all, common)?;
            if !found.is_empty() || terms.len() == 1 {
                return Ok(found);
            }
        }
        let rare = queries::rare(db, texts, counted, candidates)?;
        let rare: Vec<_> = rare.into_iter().map(|one| one.term).collect();
        text::any_of(&rare).map_or(Ok(Vec::new()), |some| ranked(&some, false))
    }

    /// Which messages may be shown.
    pub(super) fn sight(&self) -> Sight {
        Sight { owner: self.owner, filters: self.filters.clone(), citing: None }
    }

    /// Titles, and then what is inside, words and meaning fused.
    pub(super) fn together(
        &self,
        db: &Connection,
        worded: Worded,
        nearest: Nearest,
    ) -> Result<Vec<Hit>, Error> {
        let Worded { titles: mut hits, messages, passages } = worded;
        let any = text::any_of(&self.terms);
        let left = self.limit - hits.len();
        let mut inside = self.messages(db, any.as_deref(), messages, nearest.messages, left)?;
        inside.extend(self.passages(db, any.as_deref(), passages, nearest.chunks, left)?);
        // Scores of the two kinds are both made of ranks, so they compare.
        inside.sort_by(|a, b| b.score.total_cmp(&a.score));
        inside.truncate(left);
        hits.extend(inside);
        Ok(hits)
    }

    fn messages(
        &self,
        db: &Connection,
        any: Option<&str>,
        worded: Vec<queries::Found>,
        near: Vec<i64>,
        limit: usize,
    ) -> Result<Vec<Hit>, Error> {
        let ranked: Vec<i64> = worded.iter().map(|one| one.seq).collect();
        let fresh: Vec<i64> = near.iter().filter(|seq| !ranked.contains(seq)).copied().collect();
        let by_meaning = queries::by_rows(db, &self.sight(), &fresh, any)?;
        let mut known: HashMap<i64, queries::Found> =
            worded.into_iter().chain(by_meaning).map(|one| (one.seq, one)).collect();
        let fused = self.bounds.fused(ranked, near);
        let hits = fused.into_iter().filter_map(|(seq, score)| {
            let mut found = known.remove(&seq)?;
            found.score = score;
            Some(found.into_hit())
        });
        Ok(hits.take(limit).collect())
    }

    fn passages(
        &self,
        db: &Connection,
        any: Option<&str>,
        ranked: Vec<i64>,
        near: Vec<i64>,
        limit: usize,
    ) -> Result<Vec<Hit>, Error> {
        let fused = self.bounds.fused(ranked, near);
        let found = retrieval::distinct(db, self.owner, fused, limit)?;
        let mut marked: HashMap<usize, String> = HashMap::new();
        if let Some(any) = any {
            let texts: Vec<&str> = found.iter().map(|(one, _)| one.text.as_str()).collect();
            marked.extend(text::marked(any, &texts, (snippet::OPEN, snippet::CLOSE))?);
        }
        let hits = found.into_iter().enumerate().map(|(n, (passage, score))| {
            let snippet = snippet::short(marked.get(&n).unwrap_or(&passage.text));
            let location = passage.location();
            let id = passage.document_id.to_string();
            Hit {
                title: Some(passage.shown_title()),
                score,
                passage: Some(Place {
                    document_id: passage.document_id,
                    n: passage.n,
                    start: passage.start,
                    end: passage.end,
                    page: passage.page,
                    heading: passage.heading,
                }),
                ..Hit::new("passage", id, snippet, &location, passage.created_at)
            }
        });
        Ok(hits.collect())
    }
}
