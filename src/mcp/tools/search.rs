//! Finding what was said or added.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Answer, Asked, Tool, schema, told};
use crate::auth::Need;
use crate::base::{CollectionId, ConversationId, DocumentId, Timestamp, clock};
use crate::conversations::Role;
use crate::error::Error;
use crate::mcp::resources;
use crate::search::{Filters, Hit, Query, Scope};

/// Hits when the client does not say.
const DEFAULT_LIMIT: usize = 10;
/// Hits of the longest result.
const MAX_LIMIT: usize = 50;

pub(super) const DOCUMENTS: Tool = Tool {
    name: "search_documents",
    title: "Search documents",
    about: "Finds passages in the person's documents by words and by meaning, best first. Each has \
            the document's title, where in it the passage stands, and a uri by which its text can \
            be read as a resource.",
    need: Need::Find,
    reads: true,
    takes: schema::<WantedDocuments>,
    call: documents,
};

pub(super) const CONVERSATIONS: Tool = Tool {
    name: "search_conversations",
    title: "Search conversations",
    about: "Finds what was said in the person's past conversations with models, by words and by \
            meaning, best first. Each hit has the conversation's title, who said it and when.",
    need: Need::Find,
    reads: true,
    takes: schema::<WantedConversations>,
    call: conversations,
};

/// What to look for in documents.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WantedDocuments {
    /// In a person's words; any text will do.
    query: String,
    /// Hits at most.
    #[schema(minimum = 1, maximum = 50, default = 10, nullable = false)]
    limit: Option<usize>,
    /// Only passages of this document.
    #[schema(value_type = Option<String>, nullable = false)]
    document_id: Option<DocumentId>,
    /// Only documents of this collection.
    #[schema(value_type = Option<String>, nullable = false)]
    collection_id: Option<CollectionId>,
    /// Only documents of this kind, such as `pdf` or `docx`.
    #[schema(nullable = false)]
    kind: Option<String>,
    /// Only documents added at or after this instant (RFC 3339).
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    from: Option<Timestamp>,
    /// Only documents added before this instant (RFC 3339).
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    to: Option<Timestamp>,
}

/// What to look for in conversations.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WantedConversations {
    /// In a person's words; any text will do.
    query: String,
    /// Hits at most.
    #[schema(minimum = 1, maximum = 50, default = 10, nullable = false)]
    limit: Option<usize>,
    /// Only messages of this conversation.
    #[schema(value_type = Option<String>, nullable = false)]
    conversation_id: Option<ConversationId>,
    /// Only messages said by these: `user` (the person) or `assistant` (a model).
    #[schema(value_type = Option<String>, pattern = "^(user|assistant|system|tool)$", nullable = false)]
    role: Option<Role>,
    /// Only what was said at or after this instant (RFC 3339).
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    from: Option<Timestamp>,
    /// Only what was said before this instant (RFC 3339).
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    to: Option<Timestamp>,
}

/// What was found.
#[derive(Serialize)]
struct Found {
    items: Vec<FoundHit>,
    took_ms: u64,
    /// Whether vectors took part.
    meaning: bool,
}

#[derive(Serialize)]
struct FoundHit {
    #[serde(flatten)]
    hit: Hit,
    /// Where its text can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
}

fn documents(mut asked: Asked) -> Answer {
    Box::pin(async move {
        let wanted: WantedDocuments = asked.read()?;
        let filters = Filters {
            collection_id: wanted.collection_id,
            document_id: wanted.document_id,
            kind: wanted.kind,
            from: wanted.from,
            to: wanted.to,
            ..Filters::default()
        };
        find(&asked, wanted.query, Scope::Documents, filters, wanted.limit).await
    })
}

fn conversations(mut asked: Asked) -> Answer {
    Box::pin(async move {
        let wanted: WantedConversations = asked.read()?;
        let filters = Filters {
            conversation_id: wanted.conversation_id,
            role: wanted.role,
            from: wanted.from,
            to: wanted.to,
            ..Filters::default()
        };
        find(&asked, wanted.query, Scope::Conversations, filters, wanted.limit).await
    })
}

async fn find(
    asked: &Asked,
    text: String,
    scope: Scope,
    filters: Filters,
    limit: Option<usize>,
) -> Result<Value, Error> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Error::invalid("limit", format!("limit goes from 1 to {MAX_LIMIT}")));
    }
    let began = clock::monotonic();
    let query = Query { text, scope, filters, limit, meaning: true };
    let found = asked.app.search.find(&asked.asker.caller(), query).await?;
    let items = found.hits.into_iter().map(|hit| {
        let place = hit.passage.as_ref().map(|place| (place.document_id, Some(place.start)));
        let whole = || Some((hit.id.parse().ok()?, None));
        let uri = place.or_else(whole).map(|(id, start)| resources::uri(id, start));
        FoundHit { hit, uri }
    });
    let items = items.collect();
    told(&Found { items, took_ms: clock::ms_since(began), meaning: found.meaning })
}
