//! Documents over HTTP: sending, listing, changing, reading. What is sent goes to the disk as it
//! comes; only JSON is ever held whole.

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use tokio::io::AsyncReadExt as _;

use super::call::Call;
use super::reply::{self, Failure, Reply, Response, no_content, ok, with_status};
use super::upload;
use crate::base::{CollectionId, DocumentId};
use crate::documents::{Bulk, Filter, State, text::Window};

const WHAT: &str = "document";
/// Bytes of an original that are read at a time.
const PIECE: usize = 64 * 1024;

/// `GET /documents`: lists documents, newest first.
pub(super) async fn list(call: Call) -> Reply {
    let query =
        call.query(&["limit", "cursor", "query", "collection", "kind", "state", "trash"])?;
    let text = |name| query.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let collection = match query.text("collection").filter(|text| !text.is_empty()) {
        None => None,
        Some("none") => Some(None),
        Some(id) => Some(Some(id.parse::<CollectionId>().map_err(|_| {
            Failure::invalid("collection", "collection is the id of one, or none")
        })?)),
    };
    let state = text("state").map(|word| state_of(&word)).transpose()?;
    let filter = Filter {
        query: text("query"),
        collection,
        kind: text("kind"),
        state,
        trash: query.flag("trash")?,
    };
    let limit = query.limit()?;
    ok(&call.app().documents.list(&call.caller, filter, query.text("cursor"), limit).await?)
}

fn state_of(word: &str) -> Result<State, Failure> {
    serde_json::from_value(word.into()).map_err(|_| {
        let known = "queued, extracting, chunking, embedding, ready or failed";
        Failure::invalid("state", format!("state is {known}"))
    })
}

/// `POST /documents`: takes documents in, as files of a form, as text, or by a URL.
pub(super) async fn add(mut call: Call) -> Reply {
    let form = call.content_type().is_some_and(|kind| {
        kind.split(';')
            .next()
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("multipart/form-data"))
    });
    let items = if form { upload::form(&mut call).await? } else { upload::json(&mut call).await? };
    with_status(StatusCode::ACCEPTED, &json!({ "items": items }))
}

/// `GET /documents/{id}`: one document.
pub(super) async fn get(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    ok(&call.app().documents.get(&call.caller, id).await?)
}

/// `PATCH /documents/{id}`: changes what is given.
pub(super) async fn update(mut call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    let changes = call.json().await?;
    ok(&call.app().documents.update(&call.caller, id, changes).await?)
}

/// `DELETE /documents/{id}`: to the trash; with `forever=true` out of it.
pub(super) async fn delete(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    if call.query(&["forever"])?.flag("forever")? {
        call.app().documents.purge(&call.caller, id).await?;
        return no_content();
    }
    ok(&call.app().documents.delete(&call.caller, id).await?)
}

/// `POST /documents/{id}/restore`: out of the trash.
pub(super) async fn restore(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    ok(&call.app().documents.restore(&call.caller, id).await?)
}

/// `POST /documents/{id}/reindex`: reads its original again.
pub(super) async fn reindex(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    let document = call.app().documents.reindex(&call.caller, id).await?;
    with_status(StatusCode::ACCEPTED, &document)
}

/// `POST /documents/bulk`: does one thing to many.
pub(super) async fn change_many(mut call: Call) -> Reply {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        ids: Vec<DocumentId>,
        action: String,
        collection_id: Option<CollectionId>,
    }
    let Body { ids, action, collection_id } = call.json().await?;
    let bulk = match action.as_str() {
        "delete" => Bulk::Delete,
        "restore" => Bulk::Restore,
        "move" => Bulk::Move(collection_id),
        "reindex" => Bulk::Reindex,
        _ => return Err(Failure::invalid("action", "action is delete, restore, move or reindex")),
    };
    let changed = call.app().documents.change_many(&call.caller, ids, bulk).await?;
    ok(&json!({ "changed": changed }))
}

/// `GET /documents/{id}/content`: the original, as a download.
pub(super) async fn content(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    let (document, path) = call.app().documents.original(&call.caller, id).await?;
    let file = tokio::fs::File::open(&path)
        .await
        .map_err(|error| crate::error::Error::internal("opening a document's original", error))?;
    let pieces = futures_util::stream::unfold(file, |mut file| async move {
        let mut piece = vec![0; PIECE];
        match file.read(&mut piece).await {
            Ok(0) => None,
            Ok(read) => {
                piece.truncate(read);
                Some((Ok::<_, std::io::Error>(piece), file))
            }
            Err(error) => Some((Err(error), file)),
        }
    });
    let mut response: Response = warp::Reply::into_response(warp::reply::stream(pieces));
    response.headers_mut().insert(http::header::CONTENT_LENGTH, document.size_bytes.into());
    let media_type = document.media_type.as_deref().unwrap_or("application/octet-stream");
    Ok(reply::download(&document.name, media_type, response))
}

/// `GET /documents/{id}/text`: the extracted text, or a part of it.
pub(super) async fn text(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    let query = call.query(&["start", "end", "around"])?;
    let window = Window {
        start: query.number("start")?,
        end: query.number("end")?,
        around: query.number("around")?,
    };
    ok(&call.app().documents.text(&call.caller, id, window).await?)
}

/// `GET /documents/{id}/chunks`: its passages.
pub(super) async fn chunks(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    let query = call.query(&["limit", "cursor"])?;
    let (cursor, limit) = (query.text("cursor"), query.limit()?);
    ok(&call.app().documents.passages(&call.caller, id, cursor, limit).await?)
}
