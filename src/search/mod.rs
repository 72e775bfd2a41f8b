//! Finding what was ever said or added: by words (full text, bounded so that the commonest word of a
//! million messages is found as fast as a rare one) and by meaning, fused; and passages for answers
//! to draw on.

mod chunks;
mod fusion;
mod notes;
mod queries;
mod retrieval;
mod snippet;

use std::sync::Arc;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use snippet::Snippet;

use crate::base::objects;
use crate::base::{Caller, CollectionId, ConversationId, DocumentId, Timestamp, UserId};
use crate::config::Live;
use crate::conversations::Role;
use crate::embeddings::{Embeddings, Kind, Near};
use crate::error::Error;
use crate::store::{Store, text};
use queries::Texts;

/// Titles of each kind that stand above the rest of a result.
const TITLES: usize = 5;
/// The longest query that is looked at.
const MAX_QUERY_BYTES: usize = 4096;

/// What to look through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SearchScope)]
pub enum Scope {
    /// Everything there is.
    #[default]
    All,
    /// Conversations.
    Conversations,
    /// Documents.
    Documents,
}

/// Only what is like this.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default, remote = "Self")]
#[schema(as = SearchFilters)]
pub struct Filters {
    /// Messages of this conversation.
    pub conversation_id: Option<ConversationId>,
    /// Messages said by these.
    pub role: Option<Role>,
    /// Documents of this collection.
    pub collection_id: Option<CollectionId>,
    /// Passages of this document.
    pub document_id: Option<DocumentId>,
    /// Documents of this kind: `pdf`, `docx`.
    pub kind: Option<String>,
    /// Said or added at or after this instant.
    pub from: Option<Timestamp>,
    /// Said or added before this instant.
    pub to: Option<Timestamp>,
}

objects::object!(Filters);

impl Filters {
    /// Whether titles of conversations pass.
    fn lets_titles_pass(&self) -> bool {
        self.lets_messages_pass()
            && self.conversation_id.is_none()
            && self.role.is_none()
            && self.from.is_none()
            && self.to.is_none()
    }

    /// Whether messages may pass: what only documents have keeps them out.
    fn lets_messages_pass(&self) -> bool {
        self.collection_id.is_none() && self.document_id.is_none() && self.kind.is_none()
    }

    /// Whether documents may pass.
    fn lets_documents_pass(&self) -> bool {
        self.conversation_id.is_none() && self.role.is_none()
    }
}

/// What to look for.
#[derive(Debug, Clone)]
pub struct Query {
    /// In a person's words; any text will do.
    pub text: String,
    /// Where.
    pub scope: Scope,
    /// Only what is like this.
    pub filters: Filters,
    /// Hits at most.
    pub limit: usize,
    /// Whether to look for meaning as well as for words.
    pub meaning: bool,
}

/// What was found.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Hit {
    /// `conversation` or `document` for a title, `message`, `passage` or `note` for what is inside.
    pub kind: &'static str,
    /// The id; of a passage, its document's.
    pub id: String,
    /// The title of the conversation or document.
    pub title: Option<String>,
    /// The place, with the words that were looked for.
    pub snippet: Snippet,
    /// How well it fits; higher is better, comparable within one kind of one answer.
    pub score: f64,
    /// Who said it, or where in the document it stands; `title` for a title.
    pub location: String,
    /// When it was said or added.
    pub created_at: Timestamp,
    /// Where it was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub conversation_id: Option<ConversationId>,
    /// Which passage of which document.
    #[serde(flatten)]
    pub passage: Option<Place>,
}

/// Which passage of a document.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = PassagePlace)]
pub struct Place {
    /// The document.
    pub document_id: DocumentId,
    /// The passage's number, from 0.
    pub n: u64,
    /// Where it begins, in characters of the extracted text.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
    /// The page it begins on.
    pub page: Option<u64>,
    /// The headings above it.
    pub heading: String,
}

impl Hit {
    fn new(
        kind: &'static str,
        id: String,
        snippet: Snippet,
        location: &str,
        created_at: Timestamp,
    ) -> Self {
        Self {
            kind,
            id,
            title: None,
            snippet,
            score: 0.0,
            location: location.to_owned(),
            created_at,
            conversation_id: None,
            passage: None,
        }
    }
}

/// What a search answers.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Titles first, then what is inside, best first.
    pub hits: Vec<Hit>,
    /// Whether meaning took part.
    pub meaning: bool,
}

/// Search over everything a caller may see.
#[derive(Debug, Clone)]
pub struct Search {
    store: Store,
    live: Live,
    embeddings: Embeddings,
}

/// What means about the same as a query.
#[derive(Debug, Clone, Default)]
struct Nearest {
    chunks: Vec<Near>,
    messages: Vec<Near>,
}

/// How a search is bounded and weighed.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// Texts that are ranked.
    candidates: usize,
    /// For the fusion of rankings.
    k: u32,
    /// How much words count.
    words: f64,
    /// How much meaning counts.
    meaning: f64,
}

impl Search {
    /// Searches what `store` holds.
    pub fn new(store: Store, live: Live, embeddings: Embeddings) -> Self {
        Self { store, live, embeddings }
    }

    fn bounds(&self) -> Bounds {
        let search = self.live.now().search;
        Bounds {
            candidates: search.candidates,
            k: search.fusion_k,
            words: search.words_weight.into(),
            meaning: search.meaning_weight.into(),
        }
    }

    /// Titles, messages, passages and notes that have all words of a query, the last word taken as a
    /// beginning (if there are none, those that have some), and those that mean about the same.
    pub async fn find(&self, caller: &Caller, query: Query) -> Result<Answer, Error> {
        let Query { text: words, scope, filters, limit, meaning } = query;
        let words = cut(&words).to_owned();
        let owner = caller.user;
        let looks = Looks::of(scope, &filters);
        let direction = match meaning && !words.trim().is_empty() {
            true => self.embeddings.direction(caller, &words).await,
            false => None,
        };
        let took_part = direction.is_some();
        let visible = self.visible(owner, &filters, looks.documents, None).await?;
        let mut nearest = Nearest::default();
        if let Some(direction) = direction {
            let wanted = limit * 2;
            if looks.documents {
                let near =
                    self.embeddings.nearest(Kind::Chunk, &direction, visible.clone(), wanted);
                nearest.chunks = self.like_enough(near.await?);
            }
            if looks.messages {
                let near = self.embeddings.nearest(Kind::Message, &direction, None, wanted);
                nearest.messages = self.like_enough(near.await?);
            }
        }
        let bounds = self.bounds();
        let hits = self
            .store
            .read(move |db| {
                let looking =
                    Looking { db, owner, filters: &filters, visible: visible.as_deref(), bounds };
                looking.find(&words, looks, &nearest, limit)
            })
            .await?;
        Ok(Answer { hits, meaning: took_part })
    }

    /// What is near in fact and not only nearer than the rest.
    fn like_enough(&self, mut near: Vec<Near>) -> Vec<Near> {
        let least = self.live.now().search.min_similarity;
        near.retain(|one| one.score >= least);
        near
    }

    /// The documents that may be looked into; `None` for all.
    async fn visible(
        &self,
        owner: UserId,
        filters: &Filters,
        wanted: bool,
        only: Option<Vec<DocumentId>>,
    ) -> Result<Option<Arc<std::collections::HashSet<i64>>>, Error> {
        if !wanted {
            return Ok(None);
        }
        let filters = filters.clone();
        let visible =
            self.store.read(move |db| chunks::visible(db, owner, &filters, only.as_deref()));
        Ok(visible.await?.map(Arc::new))
    }
}

/// Which kinds of things to look through.
#[derive(Debug, Clone, Copy)]
struct Looks {
    titles: bool,
    messages: bool,
    documents: bool,
    notes: bool,
}

impl Looks {
    fn of(scope: Scope, filters: &Filters) -> Self {
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

/// One search on one snapshot.
#[derive(Clone, Copy)]
struct Looking<'a> {
    db: &'a Connection,
    owner: UserId,
    filters: &'a Filters,
    visible: Option<&'a std::collections::HashSet<i64>>,
    bounds: Bounds,
}

impl Looking<'_> {
    fn find(
        self,
        words: &str,
        looks: Looks,
        nearest: &Nearest,
        limit: usize,
    ) -> Result<Vec<Hit>, Error> {
        let terms = text::terms(words, true);
        let all = text::all_of(&terms);
        let any = text::any_of(&terms);
        let titles = TITLES.min(limit);
        let mut hits = Vec::new();
        if let Some(all) = &all {
            if looks.titles {
                hits.extend(queries::titles(self.db, self.owner, all, titles)?);
            }
            if looks.documents {
                hits.extend(chunks::titles(self.db, self.owner, all, self.visible, titles)?);
            }
            if looks.notes {
                hits.extend(notes::find(self.db, self.owner, all, titles)?);
            }
        }
        hits.truncate(limit);
        let left = limit - hits.len();
        let mut inside = Vec::new();
        if looks.messages {
            inside.extend(self.messages(&terms, any.as_deref(), &nearest.messages, left)?);
        }
        if looks.documents {
            inside.extend(self.passages(&terms, any.as_deref(), &nearest.chunks, left)?);
        }
        // Scores of the two kinds are both made of ranks, so they compare.
        inside.sort_by(|a, b| b.score.total_cmp(&a.score));
        inside.truncate(left);
        hits.extend(inside);
        Ok(hits)
    }

    fn messages(
        self,
        terms: &[text::Term],
        any: Option<&str>,
        near: &[Near],
        limit: usize,
    ) -> Result<Vec<Hit>, Error> {
        let Self { db, owner, filters, bounds, .. } = self;
        let mut by_words = Vec::new();
        if let Some(all) = text::all_of(terms) {
            let common = queries::has_common_term(db, Texts::Messages, terms, bounds.candidates)?;
            by_words = queries::messages(db, owner, &all, common, filters, limit)?;
            if by_words.is_empty()
                && terms.len() > 1
                && let Some(some) = self.some_of(Texts::Messages, terms)?
            {
                by_words = queries::messages(db, owner, &some, false, filters, limit)?;
            }
        }
        let ranked: Vec<i64> = by_words.iter().map(|one| one.seq).collect();
        let near: Vec<i64> = near.iter().map(|one| one.item).collect();
        let fresh: Vec<i64> = near.iter().filter(|seq| !ranked.contains(seq)).copied().collect();
        let by_meaning = queries::by_rows(db, owner, &fresh, filters, any)?;
        let mut known: std::collections::HashMap<i64, queries::Found> =
            by_words.into_iter().chain(by_meaning).map(|one| (one.seq, one)).collect();
        let rankings = [&fusion::plain(ranked, bounds.words), &fusion::plain(near, bounds.meaning)];
        let fused = fusion::fused(&rankings, bounds.k);
        let hits = fused.into_iter().filter_map(|(seq, score)| {
            let mut found = known.remove(&seq)?;
            found.score = score;
            Some(found.into_hit())
        });
        Ok(hits.take(limit).collect())
    }

    fn passages(
        self,
        terms: &[text::Term],
        any: Option<&str>,
        near: &[Near],
        limit: usize,
    ) -> Result<Vec<Hit>, Error> {
        let Self { db, owner, visible, bounds, .. } = self;
        let mut ranked = Vec::new();
        if let Some(all) = text::all_of(terms) {
            let common = queries::has_common_term(db, Texts::Chunks, terms, bounds.candidates)?;
            ranked = chunks::by_words(db, &all, common, visible, limit)?;
            if ranked.is_empty()
                && terms.len() > 1
                && let Some(some) = self.some_of(Texts::Chunks, terms)?
            {
                ranked = chunks::by_words(db, &some, false, visible, limit)?;
            }
        }
        let near: Vec<i64> = near.iter().map(|one| one.item).collect();
        let rankings = [&fusion::plain(ranked, bounds.words), &fusion::plain(near, bounds.meaning)];
        let fused = fusion::fused(&rankings, bounds.k);
        let mut hits: Vec<Hit> = Vec::new();
        for found in retrieval::distinct(db, owner, fused, limit)? {
            let (passage, score) = found;
            let marked = match any {
                Some(any) => chunks::marked(db, any, &passage)?,
                None => passage.text.clone(),
            };
            let location = passage.location();
            hits.push(Hit {
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
                ..Hit::new(
                    "passage",
                    passage.document_id.to_string(),
                    snippet::short(&marked),
                    &location,
                    passage.created_at,
                )
            });
        }
        Ok(hits)
    }

    /// The terms that tell texts apart, any of them.
    fn some_of(self, texts: Texts, terms: &[text::Term]) -> Result<Option<String>, Error> {
        let rare = queries::rare_terms(self.db, texts, terms, self.bounds.candidates)?;
        let rare: Vec<_> = rare.into_iter().map(|rare| rare.term).collect();
        Ok(text::any_of(&rare))
    }
}

fn cut(query: &str) -> &str {
    let mut end = query.len().min(MAX_QUERY_BYTES);
    while !query.is_char_boundary(end) {
        end -= 1;
    }
    &query[..end]
}
