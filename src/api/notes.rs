//! Notes, facts to remember, over HTTP.

use serde::Deserialize;

use super::call::Call;
use super::reply::{Reply, created, ok};
use crate::notes::Filter;

const WHAT: &str = "note";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    text: String,
}

/// `GET /notes`: lists notes, newest first.
pub(super) async fn list(call: Call) -> Reply {
    let query = call.query(&["limit", "cursor", "query", "trash"])?;
    let words = query.text("query").filter(|text| !text.is_empty());
    let filter = Filter { query: words.map(str::to_owned), trash: query.flag("trash")? };
    let limit = query.limit()?;
    ok(&call.app().notes.list(&call.caller, filter, query.text("cursor"), limit).await?)
}

/// `POST /notes`: writes a fact down.
pub(super) async fn create(mut call: Call) -> Reply {
    let Body { text } = call.json().await?;
    created(&call.app().notes.create(&call.caller, &text).await?.value)
}

/// `GET /notes/{id}`: one note.
pub(super) async fn get(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    ok(&call.app().notes.get(&call.caller, id).await?)
}

/// `PATCH /notes/{id}`: changes what it says.
pub(super) async fn update(mut call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    let Body { text } = call.json().await?;
    ok(&call.app().notes.update(&call.caller, id, &text).await?)
}

/// `DELETE /notes/{id}`: to the trash.
pub(super) async fn delete(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    ok(&call.app().notes.delete(&call.caller, id).await?)
}

/// `POST /notes/{id}/restore`: out of the trash.
pub(super) async fn restore(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    ok(&call.app().notes.restore(&call.caller, id).await?)
}
