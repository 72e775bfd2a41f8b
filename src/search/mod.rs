//! Finding what was ever said: full text over titles and messages, bounded so that the commonest word
//! of a million messages is found as fast as a rare one, and passages for answers to draw on.

mod queries;
mod snippet;

use serde::{Deserialize, Serialize};

pub use snippet::Snippet;

use crate::base::{Caller, ConversationId, MessageId, Timestamp};
use crate::config::Live;
use crate::conversations::{Role, Source};
use crate::error::Error;
use crate::store::{Store, text};

/// Titles that stand above the messages of a result.
const TITLES: usize = 5;
/// The longest query that is looked at.
const MAX_QUERY_BYTES: usize = 4096;

/// What to look through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everything there is.
    #[default]
    All,
    /// Conversations.
    Conversations,
}

/// Only messages like this.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filters {
    /// Of this conversation.
    pub conversation_id: Option<ConversationId>,
    /// Said by these.
    pub role: Option<Role>,
    /// Said at or after this instant.
    pub from: Option<Timestamp>,
    /// Said before this instant.
    pub to: Option<Timestamp>,
}

impl Filters {
    fn is_empty(&self) -> bool {
        self.conversation_id.is_none()
            && self.role.is_none()
            && self.from.is_none()
            && self.to.is_none()
    }
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct Hit {
    /// `conversation` for a title, `message` for something said.
    pub kind: &'static str,
    /// The conversation's or message's id.
    pub id: String,
    /// Where it was said.
    pub conversation_id: ConversationId,
    /// The conversation's title.
    pub title: Option<String>,
    /// The place, with the words that were looked for.
    pub snippet: Snippet,
    /// How well it fits; higher is better, comparable within one kind of one answer.
    pub score: f64,
    /// Who said it; `title` for a title.
    pub location: &'static str,
    /// When.
    pub created_at: Timestamp,
}

/// Search over everything a caller may see.
#[derive(Debug, Clone)]
pub struct Search {
    store: Store,
    live: Live,
}

impl Search {
    /// Searches what `store` holds.
    pub fn new(store: Store, live: Live) -> Self {
        Self { store, live }
    }

    /// Titles and messages that have all words of a query, the last word taken as a beginning; if
    /// there are none, those that have some. Any text is a valid query.
    pub async fn find(
        &self,
        caller: &Caller,
        query: String,
        filters: Filters,
        limit: usize,
    ) -> Result<Vec<Hit>, Error> {
        let owner = caller.user;
        let candidates = self.live.now().search.candidates;
        self.store
            .read(move |db| {
                let terms = text::terms(cut(&query), true);
                let Some(all) = text::all_of(&terms) else { return Ok(Vec::new()) };
                let mut hits = match filters.is_empty() {
                    true => queries::titles(db, owner, &all, TITLES.min(limit))?,
                    false => Vec::new(),
                };
                let left = limit - hits.len();
                let common = queries::has_common_term(db, &terms, candidates)?;
                let mut said = queries::messages(db, owner, &all, common, &filters, left)?;
                if said.is_empty() && terms.len() > 1 {
                    let rare = queries::rare_terms(db, &terms, candidates)?;
                    let rare: Vec<_> = rare.into_iter().map(|rare| rare.term).collect();
                    if let Some(any) = text::any_of(&rare) {
                        said = queries::messages(db, owner, &any, false, &filters, left)?;
                    }
                }
                hits.extend(said);
                Ok(hits)
            })
            .await
    }

    /// The passages of past conversations that fit a question best, numbered for citation. Words
    /// that are everywhere count only when there are no others.
    pub async fn passages(
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
        let candidates = self.live.now().search.candidates;
        let question = cut(question).to_owned();
        self.store
            .read(move |db| {
                let terms = text::terms(&question, false);
                let rare = queries::rare_terms(db, &terms, candidates)?;
                // A passage should share more with a question than one of its many words.
                let wanted = if rare.len() > 2 { 2 } else { 1 };
                queries::passages(db, owner, &rare, wanted, except, limit)
            })
            .await
    }
}

fn cut(query: &str) -> &str {
    let mut end = query.len().min(MAX_QUERY_BYTES);
    while !query.is_char_boundary(end) {
        end -= 1;
    }
    &query[..end]
}

/// A message's id, or a conversation's, as text for a hit.
fn id_text(message: MessageId) -> String {
    message.to_string()
}
