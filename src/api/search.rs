//! Search over HTTP.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::Call;
use super::reply::{Failure, Reply, ok};
use crate::base::clock;
use crate::search::{Answer, Filters, Hit, Query, Scope};

/// Hits of an answer when the client does not say.
const DEFAULT_LIMIT: usize = 20;
/// Hits of the longest answer.
const MAX_LIMIT: usize = 100;

/// What to look for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SearchQuery)]
struct Wanted {
    /// In a person's words; any text will do, and its last word is taken as a beginning.
    query: String,
    #[serde(default)]
    scope: Scope,
    #[schema(minimum = 1, maximum = 100, default = 20)]
    limit: Option<usize>,
    /// `false` looks for words alone.
    #[schema(default = true)]
    meaning: Option<bool>,
    #[serde(default)]
    filters: Filters,
}

/// What was found, titles first, then what is inside, best first.
#[derive(Serialize, ToSchema)]
struct Hits {
    items: Vec<Hit>,
    took_ms: u64,
    /// Whether vectors took part.
    meaning: bool,
}

/// Finds what was ever said or added.
#[utoipa::path(
    post,
    path = "/search",
    request_body = Wanted,
    responses((status = 200, body = Hits)),
)]
pub(super) async fn search(mut call: Call) -> Reply {
    let Wanted { query, scope, limit, meaning, filters } = call.json().await?;
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Failure::invalid("limit", format!("limit goes from 1 to {MAX_LIMIT}")));
    }
    let began = clock::monotonic();
    let query = Query { text: query, scope, filters, limit, meaning: meaning.unwrap_or(true) };
    let Answer { hits, meaning } = call.app().search.find(&call.caller, query).await?;
    ok(&Hits { items: hits, took_ms: clock::ms_since(began), meaning })
}
