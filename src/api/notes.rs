//! Notes, facts to remember, over HTTP.

use serde::Deserialize;
use utoipa::ToSchema;

use super::bodies::Paging;
use super::call::Call;
use super::reply::{Reply, created, ok};
use crate::base::{NoteId, Page};
use crate::notes::{Filter, Note};

const WHAT: &str = "note";

/// What a note says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NoteText)]
struct Written {
    #[schema(min_length = 1, extensions(("x-setting" = json!("MAX_NOTE_KB"))))]
    text: String,
}

/// Lists notes, newest first.
#[utoipa::path(
    get,
    path = "/notes",
    params(
        Paging,
        ("query" = Option<String>, Query, description = "Words in them"),
        ("trash" = Option<bool>, Query, description = "Those in the trash instead"),
    ),
    responses((status = 200, body = Page<Note>)),
)]
pub(super) async fn list(call: Call) -> Reply {
    let query = call.query()?;
    let words = query.text("query").filter(|text| !text.is_empty());
    let filter = Filter { query: words.map(str::to_owned), trash: query.flag("trash")? };
    let limit = query.limit()?;
    ok(&call.app().notes.list(&call.caller, filter, query.text("cursor"), limit).await?)
}

/// Writes a fact down.
#[utoipa::path(
    post,
    path = "/notes",
    request_body = Written,
    responses((status = 201, body = Note)),
)]
pub(super) async fn create(mut call: Call) -> Reply {
    let Written { text } = call.json().await?;
    created(&call.app().notes.create(&call.caller, &text).await?.value)
}

/// One note.
#[utoipa::path(
    get,
    path = "/notes/{id}",
    params(("id" = NoteId, Path)),
    responses((status = 200, body = Note)),
)]
pub(super) async fn get(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    ok(&call.app().notes.get(&call.caller, id).await?)
}

/// Changes what it says.
#[utoipa::path(
    patch,
    path = "/notes/{id}",
    params(("id" = NoteId, Path)),
    request_body = Written,
    responses((status = 200, body = Note)),
)]
pub(super) async fn update(mut call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    let Written { text } = call.json().await?;
    ok(&call.app().notes.update(&call.caller, id, &text).await?)
}

/// To the trash.
#[utoipa::path(
    delete,
    path = "/notes/{id}",
    params(("id" = NoteId, Path)),
    responses((status = 200, body = Note)),
)]
pub(super) async fn delete(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    ok(&call.app().notes.delete(&call.caller, id).await?)
}

/// Out of the trash.
#[utoipa::path(
    post,
    path = "/notes/{id}/restore",
    params(("id" = NoteId, Path)),
    responses((status = 200, body = Note)),
)]
pub(super) async fn restore(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    ok(&call.app().notes.restore(&call.caller, id).await?)
}
