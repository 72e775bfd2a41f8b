//! Collections, watched folders and the vectors over HTTP.

use http::StatusCode;
use serde::Deserialize;

use super::call::Call;
use super::reply::{Reply, created, no_content, ok, with_status};
use crate::base::{CollectionId, Page};

const COLLECTION: &str = "collection";
const FOLDER: &str = "watched folder";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

/// `GET /collections`: all collections.
pub(super) async fn collections(call: Call) -> Reply {
    ok(&Page::whole(call.app().documents.collections(&call.caller).await?))
}

/// `POST /collections`: makes one.
pub(super) async fn create_collection(mut call: Call) -> Reply {
    let Named { name } = call.json().await?;
    created(&call.app().documents.create_collection(&call.caller, name).await?)
}

/// `PATCH /collections/{id}`: gives it another name.
pub(super) async fn rename_collection(mut call: Call) -> Reply {
    let id = call.id("id", COLLECTION)?;
    let Named { name } = call.json().await?;
    ok(&call.app().documents.rename_collection(&call.caller, id, name).await?)
}

/// `DELETE /collections/{id}`: deletes it; its documents stay.
pub(super) async fn delete_collection(call: Call) -> Reply {
    let id = call.id("id", COLLECTION)?;
    call.app().documents.delete_collection(&call.caller, id).await?;
    no_content()
}

/// `GET /folders/watched`: the watched folders.
pub(super) async fn folders(call: Call) -> Reply {
    ok(&Page::whole(call.app().documents.folders(&call.caller).await?))
}

/// `POST /folders/watched`: begins to watch one.
pub(super) async fn watch_folder(mut call: Call) -> Reply {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        path: String,
        collection_id: Option<CollectionId>,
    }
    let Body { path, collection_id } = call.json().await?;
    created(&call.app().documents.watch_folder(&call.caller, path, collection_id).await?)
}

/// `DELETE /folders/watched/{id}`: stops watching one.
pub(super) async fn unwatch_folder(call: Call) -> Reply {
    let id = call.id("id", FOLDER)?;
    let with_documents = call.query(&["documents"])?.flag("documents")?;
    call.app().documents.unwatch_folder(&call.caller, id, with_documents).await?;
    no_content()
}

/// `POST /folders/watched/{id}/scan`: looks through one again now.
pub(super) async fn scan_folder(call: Call) -> Reply {
    let id = call.id("id", FOLDER)?;
    let folder = call.app().documents.scan_folder(&call.caller, id).await?;
    with_status(StatusCode::ACCEPTED, &folder)
}

/// `GET /embeddings`: how the vectors are.
pub(super) async fn embeddings(call: Call) -> Reply {
    ok(&call.app().embeddings.status(&call.caller).await?)
}

/// `PUT /embeddings`: chooses another embedding model.
pub(super) async fn choose_embeddings(mut call: Call) -> Reply {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        model: String,
    }
    let Body { model } = call.json().await?;
    let status = call.app().embeddings.choose(&call.caller, model).await?;
    with_status(StatusCode::ACCEPTED, &status)
}
