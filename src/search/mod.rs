//! Finding what was ever said or added: by words (full text, bounded so that the commonest word of a
//! million messages is found as fast as a rare one) and by meaning, fused; and passages for answers
//! to draw on.

mod chunks;
mod fusion;
mod looking;
mod nearby;
mod notes;
mod queries;
mod reranker;
mod retrieval;
mod sight;
mod snippet;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use reranker::Status as RerankerStatus;
pub use retrieval::{Passages, Wanted};
pub use snippet::Snippet;

use crate::base::objects;
use crate::base::{Caller, CollectionId, ConversationId, DocumentId, Timestamp, UserId};
use crate::config::Live;
use crate::conversations::Role;
use crate::embeddings::{Embeddings, Kind};
use crate::error::Error;
use crate::models::Models;
use crate::store::{Store, text};
use looking::{Bounds, Looking, Looks, Nearest};

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
    models: Models,
    /// Why the re-ranker failed when it was last asked.
    last_error: Arc<Mutex<Option<String>>>,
}

impl Search {
    /// Searches what `store` holds.
    pub fn new(store: Store, live: Live, embeddings: Embeddings, models: Models) -> Self {
        Self { store, live, embeddings, models, last_error: Arc::default() }
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
        let (owner, looks, bounds) = (caller.user, Looks::of(scope, &filters), self.bounds());
        let visible = self.visible(owner, &filters, looks.documents).await?;
        let terms = text::terms(&words, true);
        let looking = Looking { owner, filters, visible, bounds, looks, terms, limit };
        if !meaning {
            let hits = self.store.read(move |db| {
                let worded = looking.by_words(db)?;
                looking.together(db, worded, Nearest::default())
            });
            return Ok(Answer { hits: hits.await?, meaning });
        }
        // Words and meaning are looked for at the same time.
        let by_words = looking.clone();
        let worded = self.store.read(move |db| by_words.by_words(db));
        let meant = self.meant(caller, &words, &looking);
        let (worded, meant) = tokio::try_join!(worded, meant)?;
        let meaning = meant.is_some();
        let nearest = meant.unwrap_or_default();
        let hits = self.store.read(move |db| looking.together(db, worded, nearest));
        Ok(Answer { hits: hits.await?, meaning })
    }

    /// What means about the same as a query; `None` without a model that tells.
    async fn meant(
        &self,
        caller: &Caller,
        words: &str,
        looking: &Looking,
    ) -> Result<Option<Nearest>, Error> {
        let Some(direction) = self.embeddings.direction(caller, words).await else {
            return Ok(None);
        };
        let (mut nearest, wanted) = (Nearest::default(), looking.limit * 2);
        if looking.looks.documents {
            let visible = looking.visible.clone();
            nearest.chunks = self.nearest(Kind::Chunk, &direction, visible, wanted).await?;
        }
        if looking.looks.messages {
            let sight = looking.sight();
            nearest.messages = self.messages_near(&direction, sight, looking.limit, wanted).await?;
        }
        Ok(Some(nearest))
    }

    /// The documents that may be looked into; `None` for all.
    async fn visible(
        &self,
        owner: UserId,
        filters: &Filters,
        wanted: bool,
    ) -> Result<Option<Arc<HashSet<i64>>>, Error> {
        if !wanted {
            return Ok(None);
        }
        let filters = filters.clone();
        let visible = self.store.read(move |db| chunks::visible(db, owner, &filters, None));
        Ok(visible.await?.map(Arc::new))
    }
}

fn cut(query: &str) -> &str {
    &query[..query.floor_char_boundary(MAX_QUERY_BYTES)]
}
