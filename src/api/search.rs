//! Search over HTTP.

use serde::Deserialize;
use serde_json::json;

use super::call::Call;
use super::reply::{Failure, Reply, ok};
use crate::base::clock;
use crate::search::{Filters, Scope};

/// Hits of an answer when the client does not say.
const DEFAULT_LIMIT: usize = 20;
/// Hits of the longest answer.
const MAX_LIMIT: usize = 100;

/// `POST /search`: finds what was ever said.
pub(super) async fn search(mut call: Call) -> Reply {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        query: String,
        /// Both values mean conversations, which is all there is to search.
        #[serde(default)]
        scope: Scope,
        limit: Option<usize>,
        #[serde(default)]
        filters: Filters,
    }
    let body: Body = call.json().await?;
    let (Scope::All | Scope::Conversations) = body.scope;
    let limit = body.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Failure::invalid("limit", format!("limit goes from 1 to {MAX_LIMIT}")));
    }
    let began = clock::monotonic();
    let items = call.app().search.find(&call.caller, body.query, body.filters, limit).await?;
    ok(&json!({ "items": items, "took_ms": clock::ms_since(began) }))
}
