//! Search over HTTP.

use serde::Deserialize;
use serde_json::json;

use super::call::Call;
use super::reply::{Failure, Reply, ok};
use crate::base::clock;
use crate::search::{Answer, Filters, Query, Scope};

/// Hits of an answer when the client does not say.
const DEFAULT_LIMIT: usize = 20;
/// Hits of the longest answer.
const MAX_LIMIT: usize = 100;

/// `POST /search`: finds what was ever said or added.
pub(super) async fn search(mut call: Call) -> Reply {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        query: String,
        #[serde(default)]
        scope: Scope,
        limit: Option<usize>,
        meaning: Option<bool>,
        #[serde(default)]
        filters: Filters,
    }
    let Body { query, scope, limit, meaning, filters } = call.json().await?;
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Failure::invalid("limit", format!("limit goes from 1 to {MAX_LIMIT}")));
    }
    let began = clock::monotonic();
    let query = Query { text: query, scope, filters, limit, meaning: meaning.unwrap_or(true) };
    let Answer { hits, meaning } = call.app().search.find(&call.caller, query).await?;
    ok(&json!({ "items": hits, "took_ms": clock::ms_since(began), "meaning": meaning }))
}
