//! Collections, watched folders and the vectors over HTTP.

use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::call::Call;
use super::reply::{Reply, created, no_content, ok, with_status};
use crate::base::{CollectionId, FolderId, Page};
use crate::documents::{Collection, WatchedFolder};
use crate::embeddings::Status;
use crate::search::RerankerStatus;

const COLLECTION: &str = "collection";
const FOLDER: &str = "watched folder";

/// What a collection is called.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CollectionName)]
struct Named {
    #[schema(min_length = 1, extensions(("x-setting" = json!("MAX_NAME_CHARS"))))]
    name: String,
}

/// All collections.
#[utoipa::path(get, path = "/collections", responses((status = 200, body = Page<Collection>)))]
pub(super) async fn collections(call: Call) -> Reply {
    ok(&Page::whole(call.app().documents.collections(&call.caller).await?))
}

/// Makes one.
#[utoipa::path(
    post,
    path = "/collections",
    request_body = Named,
    responses((status = 201, body = Collection)),
)]
pub(super) async fn create_collection(mut call: Call) -> Reply {
    let Named { name } = call.json().await?;
    created(&call.app().documents.create_collection(&call.caller, name).await?)
}

/// Gives it another name.
#[utoipa::path(
    patch,
    path = "/collections/{id}",
    params(("id" = CollectionId, Path)),
    request_body = Named,
    responses((status = 200, body = Collection)),
)]
pub(super) async fn rename_collection(mut call: Call) -> Reply {
    let id = call.id("id", COLLECTION)?;
    let Named { name } = call.json().await?;
    ok(&call.app().documents.rename_collection(&call.caller, id, name).await?)
}

/// Deletes it; its documents stay.
#[utoipa::path(
    delete,
    path = "/collections/{id}",
    params(("id" = CollectionId, Path)),
    responses((status = 204)),
)]
pub(super) async fn delete_collection(call: Call) -> Reply {
    let id = call.id("id", COLLECTION)?;
    call.app().documents.delete_collection(&call.caller, id).await?;
    no_content()
}

/// The watched folders.
#[utoipa::path(
    get,
    path = "/folders/watched",
    responses((status = 200, body = Page<WatchedFolder>)),
)]
pub(super) async fn folders(call: Call) -> Reply {
    ok(&Page::whole(call.app().documents.folders(&call.caller).await?))
}

/// A folder to watch.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewFolder {
    /// An absolute path on this machine.
    path: String,
    /// Where its documents go.
    collection_id: Option<CollectionId>,
}

/// Begins to watch one.
#[utoipa::path(
    post,
    path = "/folders/watched",
    request_body = NewFolder,
    responses((status = 201, body = WatchedFolder)),
)]
pub(super) async fn watch_folder(mut call: Call) -> Reply {
    let NewFolder { path, collection_id } = call.json().await?;
    created(&call.app().documents.watch_folder(&call.caller, path, collection_id).await?)
}

/// Stops watching one.
#[utoipa::path(
    delete,
    path = "/folders/watched/{id}",
    params(
        ("id" = FolderId, Path),
        ("documents" = Option<bool>, Query, description = "Its documents go to the trash"),
    ),
    responses((status = 204)),
)]
pub(super) async fn unwatch_folder(call: Call) -> Reply {
    let id = call.id("id", FOLDER)?;
    let with_documents = call.query()?.flag("documents")?;
    call.app().documents.unwatch_folder(&call.caller, id, with_documents).await?;
    no_content()
}

/// Looks through one again now.
#[utoipa::path(
    post,
    path = "/folders/watched/{id}/scan",
    params(("id" = FolderId, Path)),
    responses((status = 202, body = WatchedFolder)),
)]
pub(super) async fn scan_folder(call: Call) -> Reply {
    let id = call.id("id", FOLDER)?;
    let folder = call.app().documents.scan_folder(&call.caller, id).await?;
    with_status(StatusCode::ACCEPTED, &folder)
}

/// How the vectors are.
#[utoipa::path(get, path = "/embeddings", responses((status = 200, body = Status)))]
pub(super) async fn embeddings(call: Call) -> Reply {
    ok(&call.app().embeddings.status(&call.caller).await?)
}

/// The embedding model that shall serve.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EmbeddingsChoice)]
struct Chosen {
    /// One of the `choices`.
    model: String,
}

/// Chooses another embedding model.
#[utoipa::path(
    put,
    path = "/embeddings",
    request_body = Chosen,
    responses((status = 202, body = Status)),
)]
pub(super) async fn choose_embeddings(mut call: Call) -> Reply {
    let Chosen { model } = call.json().await?;
    let status = call.app().embeddings.choose(&call.caller, model).await?;
    with_status(StatusCode::ACCEPTED, &status)
}

/// The model that ranks passages anew, and what else could be chosen.
#[utoipa::path(get, path = "/reranker", responses((status = 200, body = RerankerStatus)))]
pub(super) async fn reranker(call: Call) -> Reply {
    ok(&call.app().search.reranker(&call.caller).await?)
}

/// The model that shall rank passages anew.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RerankerChoice)]
struct ChosenReranker {
    /// `<provider id>/<model name>`; `null` for none.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    model: Option<String>,
}

/// Chooses a re-ranker, or none.
#[utoipa::path(
    put,
    path = "/reranker",
    request_body = ChosenReranker,
    responses((status = 200, body = RerankerStatus)),
)]
pub(super) async fn choose_reranker(mut call: Call) -> Reply {
    let ChosenReranker { model } = call.json().await?;
    ok(&call.app().search.choose_reranker(&call.caller, model).await?)
}
