//! Documents over HTTP: sending, listing, changing, reading. What is sent goes to the disk as it
//! comes; only JSON is ever held whole.

use http::StatusCode;
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;
use utoipa::{IntoParams, ToSchema};

use super::bodies::{Changed, Paging};
use super::call::Call;
use super::reply::{self, Failure, Reply, Response, no_content, ok, with_status};
use super::upload;
use crate::base::{CollectionId, DocumentId, Page};
use crate::documents::{Bulk, Changes, Document, Filter, Passage, State, TextPart, text::Window};

const WHAT: &str = "document";
/// Bytes of an original that are read at a time.
const PIECE: usize = 64 * 1024;

/// Which documents to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "says what `Call::query` takes")]
struct Wanted {
    /// Words in names and titles.
    query: Option<String>,
    /// The id of a collection, or `none` for those in none.
    #[param(pattern = "^(none|coll_[0-9a-f]{32})?$")]
    collection: Option<String>,
    /// Only of this kind, such as `pdf`.
    kind: Option<String>,
    /// Only those this far.
    state: Option<State>,
    /// Those in the trash instead.
    trash: Option<bool>,
}

/// Which part of a text, in characters.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "says what `Call::query` takes")]
struct Part {
    /// From here.
    start: Option<u64>,
    /// To here.
    end: Option<u64>,
    /// Or with this in the middle.
    around: Option<u64>,
}

/// Lists documents, newest first.
#[utoipa::path(
    get,
    path = "/documents",
    params(Paging, Wanted),
    responses((status = 200, body = Page<Document>)),
)]
pub(super) async fn list(call: Call) -> Reply {
    let query = call.query()?;
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

/// Takes documents in, as files of a form, as text, or by a URL.
#[utoipa::path(
    post,
    path = "/documents",
    request_body(
        content((upload::Form = "multipart/form-data"), (upload::Pasted = "application/json")),
    ),
    responses(
        (status = 202, body = upload::Items, description = "What became of each, in the order sent"),
    ),
)]
pub(super) async fn add(mut call: Call) -> Reply {
    let form = call.content_type().is_some_and(|kind| {
        kind.split(';')
            .next()
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("multipart/form-data"))
    });
    let items = if form { upload::form(&mut call).await? } else { upload::json(&mut call).await? };
    with_status(StatusCode::ACCEPTED, &upload::Items { items })
}

/// One document.
#[utoipa::path(
    get,
    path = "/documents/{id}",
    params(("id" = DocumentId, Path)),
    responses((status = 200, body = Document)),
)]
pub(super) async fn get(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    ok(&call.app().documents.get(&call.caller, id).await?)
}

/// Changes what is given.
#[utoipa::path(
    patch,
    path = "/documents/{id}",
    params(("id" = DocumentId, Path)),
    request_body = Changes,
    responses((status = 200, body = Document)),
)]
pub(super) async fn update(mut call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    let changes = call.json().await?;
    ok(&call.app().documents.update(&call.caller, id, changes).await?)
}

/// To the trash; with `forever=true` out of it.
#[utoipa::path(
    delete,
    path = "/documents/{id}",
    params(
        ("id" = DocumentId, Path),
        ("forever" = Option<bool>, Query, description = "Out of the trash, for good"),
    ),
    responses(
        (status = 200, body = Document, description = "In the trash"),
        (status = 204, description = "Gone for good"),
    ),
)]
pub(super) async fn delete(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    if call.query()?.flag("forever")? {
        call.app().documents.purge(&call.caller, id).await?;
        return no_content();
    }
    ok(&call.app().documents.delete(&call.caller, id).await?)
}

/// Out of the trash.
#[utoipa::path(
    post,
    path = "/documents/{id}/restore",
    params(("id" = DocumentId, Path)),
    responses((status = 200, body = Document)),
)]
pub(super) async fn restore(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    ok(&call.app().documents.restore(&call.caller, id).await?)
}

/// Reads its original again.
#[utoipa::path(
    post,
    path = "/documents/{id}/reindex",
    params(("id" = DocumentId, Path)),
    responses((status = 202, body = Document)),
)]
pub(super) async fn reindex(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    let document = call.app().documents.reindex(&call.caller, id).await?;
    with_status(StatusCode::ACCEPTED, &document)
}

/// One thing to do to many documents.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ManyDocuments {
    #[schema(min_items = 1, max_items = 200)]
    ids: Vec<DocumentId>,
    action: Action,
    /// For `move`; none takes them out of theirs.
    collection_id: Option<CollectionId>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DocumentAction)]
enum Action {
    Delete,
    Restore,
    Move,
    Reindex,
}

/// Does one thing to many.
#[utoipa::path(
    post,
    path = "/documents/bulk",
    request_body = ManyDocuments,
    responses((status = 200, body = Changed), (status = 404)),
)]
pub(super) async fn change_many(mut call: Call) -> Reply {
    let ManyDocuments { ids, action, collection_id } = call.json().await?;
    let bulk = match action {
        Action::Delete => Bulk::Delete,
        Action::Restore => Bulk::Restore,
        Action::Move => Bulk::Move(collection_id),
        Action::Reindex => Bulk::Reindex,
    };
    let changed = call.app().documents.change_many(&call.caller, ids, bulk).await?;
    ok(&Changed { changed })
}

/// The original, as a download.
#[utoipa::path(
    get,
    path = "/documents/{id}/content",
    params(("id" = DocumentId, Path)),
    responses(
        (status = 200, body = Vec<u8>, description = "The original, as a download of its own type", content_type = "*/*"),
    ),
)]
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

/// The extracted text, or a part of it.
#[utoipa::path(
    get,
    path = "/documents/{id}/text",
    params(("id" = DocumentId, Path), Part),
    responses((status = 200, body = TextPart)),
)]
pub(super) async fn text(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    let query = call.query()?;
    let window = Window {
        start: query.number("start")?,
        end: query.number("end")?,
        around: query.number("around")?,
    };
    ok(&call.app().documents.text(&call.caller, id, window).await?)
}

/// Its passages.
#[utoipa::path(
    get,
    path = "/documents/{id}/chunks",
    params(("id" = DocumentId, Path), Paging),
    responses((status = 200, body = Page<Passage>)),
)]
pub(super) async fn chunks(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    let query = call.query()?;
    let (cursor, limit) = (query.text("cursor"), query.limit()?);
    ok(&call.app().documents.passages(&call.caller, id, cursor, limit).await?)
}
