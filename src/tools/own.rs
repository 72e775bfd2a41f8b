//! The product's own tools: finding what was added and what was said. They change nothing.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::result::Outcome;
use crate::base::{Caller, ConversationId, DocumentId, Fault, Timestamp};
use crate::conversations::{SEARCH_CONVERSATIONS, SEARCH_DOCUMENTS, Source};
use crate::error::Error;
use crate::search::{self, Search};

/// Passages when the model does not say.
const DEFAULT_LIMIT: usize = 5;
/// Passages of the longest result.
const MAX_LIMIT: usize = 20;

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Own {
    Documents,
    Conversations,
}

impl Own {
    pub(super) const ALL: [Self; 2] = [Self::Documents, Self::Conversations];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Documents => SEARCH_DOCUMENTS,
            Self::Conversations => SEARCH_CONVERSATIONS,
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Documents => "Search documents",
            Self::Conversations => "Search conversations",
        }
    }

    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Documents => {
                "Finds passages in the person's own documents by words and by meaning, best first, \
                 each with the document's title and where in it the passage stands. Use it when the \
                 passages that came with the question do not answer it."
            }
            Self::Conversations => {
                "Finds what was said in the person's other conversations with models, by words and \
                 by meaning, best first, each with the conversation's title, who said it and when."
            }
        }
    }

    pub(super) fn takes() -> Value {
        json!({
            "type": "object",
            "properties": {
                "query": { "type": "string",
                    "description": "What to look for, in a person's words" },
                "limit": { "type": "integer", "minimum": 1, "maximum": MAX_LIMIT,
                    "description": "Passages at most; 5 when absent" },
            },
            "required": ["query"],
            "additionalProperties": false,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    query: String,
    #[serde(default)]
    limit: Option<usize>,
}

/// A passage as a model reads it.
#[derive(Serialize)]
struct Found {
    title: String,
    location: String,
    text: String,
    said_or_added_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    document_id: Option<DocumentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_id: Option<ConversationId>,
}

impl From<Source> for Found {
    fn from(source: Source) -> Self {
        Self {
            title: source.title,
            location: source.location,
            text: source.text,
            said_or_added_at: source.created_at,
            document_id: source.place.map(|place| place.document_id),
            conversation_id: source.conversation_id,
        }
    }
}

/// Searches on somebody's behalf.
pub(super) async fn call(
    search: &Search,
    caller: &Caller,
    own: Own,
    conversation: ConversationId,
    arguments: Value,
    max_bytes: usize,
) -> Outcome {
    let wanted: Wanted = match serde_path_to_error::deserialize(arguments) {
        Ok(wanted) => wanted,
        Err(error) => {
            let Fault { field, message } = Fault::of(&error.path().to_string(), error.inner());
            return Outcome::failure(format!("{field}: {message}"));
        }
    };
    let limit = wanted.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let look = match own {
        Own::Documents => search::Wanted { documents: limit, ..Default::default() },
        Own::Conversations => {
            search::Wanted { memory: limit, except: Some(conversation), ..Default::default() }
        }
    };
    let found = search.passages(caller, &wanted.query, look).await;
    match found.map(|found| [found.documents, found.memory].concat()) {
        Ok(found) if found.is_empty() => Outcome::bounded("Nothing was found.".into(), false, 100),
        Ok(found) => {
            let found: Vec<Found> = found.into_iter().map(Found::from).collect();
            let text = serde_json::to_string_pretty(&found).unwrap_or_default();
            Outcome::bounded(text, false, max_bytes)
        }
        Err(error) => Outcome::failure(failure(&error)),
    }
}

/// The reason in words; what is a bug is nobody's business but the log's.
fn failure(error: &Error) -> String {
    if matches!(error, Error::Internal { .. }) {
        tracing::error!(%error, cause = ?std::error::Error::source(error), "a search of a model failed");
        return "the search failed because something went wrong here".to_owned();
    }
    error.to_string()
}
