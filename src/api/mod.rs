//! The HTTP door: the list of routes, and the server that carries them. A door function reads the
//! request, makes one call on a capability and shapes the answer.

mod call;
mod config;
mod conversations;
mod dispatch;
mod documents;
mod events;
mod guard;
mod health;
mod library;
mod messages;
mod models;
mod notes;
mod reply;
mod router;
mod search;
mod serve;
mod socket;
mod stall;
mod status;
mod turns;
mod ui;
mod upload;

use http::Method;

pub use serve::{Listeners, serve};

use crate::limits::Class;
use router::{Kind, Route, Table, route, socket};

/// The trees of routes.
pub(crate) struct Tables {
    api: Table,
    root: Table,
}

const API: Kind = Kind::Counted(Class::Api);
const CHAT: Kind = Kind::Counted(Class::Chat);
const UPLOAD: Kind = Kind::Counted(Class::Upload);
const FREE: Kind = Kind::Free;
const STREAM: Kind = Kind::Stream;

/// Builds the trees.
pub(crate) fn tables() -> Result<Tables, matchit::InsertError> {
    Ok(Tables { api: Table::new(api_routes())?, root: Table::new(root_routes())? })
}

/// Routes under `/api/v1` and `/api`.
fn api_routes() -> Vec<Route> {
    vec![
        get("/conversations", API, conversations::list),
        post("/conversations", API, conversations::create),
        post("/conversations/bulk", API, conversations::change_many),
        get("/conversations/{id}", API, conversations::get),
        patch("/conversations/{id}", API, conversations::update),
        delete("/conversations/{id}", API, conversations::delete),
        post("/conversations/{id}/restore", API, conversations::restore),
        post("/conversations/{id}/branch", API, conversations::branch),
        post("/conversations/{id}/select", API, conversations::select),
        get("/conversations/{id}/tree", API, conversations::tree),
        get("/folders", API, conversations::folders),
        get("/tags", API, conversations::tags),
        get("/conversations/{id}/messages", API, messages::list),
        post("/conversations/{id}/messages", CHAT, messages::ask),
        get("/conversations/{id}/messages/{message_id}", API, messages::get),
        patch("/conversations/{id}/messages/{message_id}", API, messages::amend),
        delete("/conversations/{id}/messages/{message_id}", API, messages::delete),
        post("/conversations/{id}/messages/{message_id}/restore", API, messages::restore),
        post("/conversations/{id}/messages/{message_id}/regenerate", CHAT, messages::regenerate),
        post("/conversations/{id}/messages/{message_id}/continue", CHAT, messages::go_on),
        post("/conversations/{id}/messages/{message_id}/feedback", API, messages::rate),
        get("/conversations/{id}/messages/{message_id}/attachments/{n}", API, messages::attachment),
        post("/turns", CHAT, turns::ask_temporary),
        get("/turns/{id}", API, turns::get),
        get("/turns/{id}/events", STREAM, turns::events),
        post("/turns/{id}/cancel", API, turns::cancel),
        get("/events", STREAM, events::feed),
        get("/models", API, models::list),
        get("/providers", API, models::list_providers),
        post("/providers", API, models::create_provider),
        get("/providers/found", API, models::found),
        get("/providers/{id}", API, models::get_provider),
        patch("/providers/{id}", API, models::update_provider),
        delete("/providers/{id}", API, models::delete_provider),
        post("/providers/{id}/test", API, models::test_provider),
        post("/providers/{id}/reset", API, models::reset_provider),
        get("/notes", API, notes::list),
        post("/notes", API, notes::create),
        get("/notes/{id}", API, notes::get),
        patch("/notes/{id}", API, notes::update),
        delete("/notes/{id}", API, notes::delete),
        post("/notes/{id}/restore", API, notes::restore),
        get("/documents", API, documents::list),
        post("/documents", UPLOAD, documents::add),
        post("/documents/bulk", API, documents::change_many),
        get("/documents/{id}", API, documents::get),
        patch("/documents/{id}", API, documents::update),
        delete("/documents/{id}", API, documents::delete),
        post("/documents/{id}/restore", API, documents::restore),
        post("/documents/{id}/reindex", API, documents::reindex),
        get("/documents/{id}/content", API, documents::content),
        get("/documents/{id}/text", API, documents::text),
        get("/documents/{id}/chunks", API, documents::chunks),
        get("/collections", API, library::collections),
        post("/collections", API, library::create_collection),
        patch("/collections/{id}", API, library::rename_collection),
        delete("/collections/{id}", API, library::delete_collection),
        get("/folders/watched", API, library::folders),
        post("/folders/watched", API, library::watch_folder),
        delete("/folders/watched/{id}", API, library::unwatch_folder),
        post("/folders/watched/{id}/scan", API, library::scan_folder),
        get("/embeddings", API, library::embeddings),
        put("/embeddings", API, library::choose_embeddings),
        post("/search", API, search::search),
        get("/config", API, config::show),
        get("/status", API, status::status),
        get("/logs", API, status::logs),
        socket("/ws/chat/{conversation_id}", socket::chat),
    ]
}

/// Routes at the root.
fn root_routes() -> Vec<Route> {
    vec![
        get("/health", FREE, health::health),
        get("/health/live", FREE, health::live),
        get("/health/ready", FREE, health::ready),
        socket("/ws/chat/{conversation_id}", socket::chat),
        get("/", FREE, ui::page),
        get("/c/{*rest}", FREE, ui::page),
        get("/settings", FREE, ui::page),
        get("/settings/{*rest}", FREE, ui::page),
        get("/search", FREE, ui::page),
        get("/library", FREE, ui::page),
        get("/library/{*rest}", FREE, ui::page),
        get("/temporary", FREE, ui::page),
        get("/{*path}", FREE, ui::file),
    ]
}

fn get<F, A>(path: &'static str, kind: Kind, door: F) -> Route
where
    F: Fn(call::Call) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = reply::Reply> + Send,
{
    route(Method::GET, path, kind, door)
}

fn post<F, A>(path: &'static str, kind: Kind, door: F) -> Route
where
    F: Fn(call::Call) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = reply::Reply> + Send,
{
    route(Method::POST, path, kind, door)
}

fn put<F, A>(path: &'static str, kind: Kind, door: F) -> Route
where
    F: Fn(call::Call) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = reply::Reply> + Send,
{
    route(Method::PUT, path, kind, door)
}

fn patch<F, A>(path: &'static str, kind: Kind, door: F) -> Route
where
    F: Fn(call::Call) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = reply::Reply> + Send,
{
    route(Method::PATCH, path, kind, door)
}

fn delete<F, A>(path: &'static str, kind: Kind, door: F) -> Route
where
    F: Fn(call::Call) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = reply::Reply> + Send,
{
    route(Method::DELETE, path, kind, door)
}
