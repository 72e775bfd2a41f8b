//! The HTTP door: the list of routes, and the server that carries them. A door function reads the
//! request, makes one call on a capability and shapes the answer.

mod auth;
mod bodies;
mod bus;
mod bus_socket;
mod call;
mod config;
mod conversations;
mod dispatch;
mod documents;
mod events;
mod guard;
mod health;
mod kept;
mod library;
mod mcp;
mod messages;
mod models;
mod notes;
mod openapi;
mod outbound;
mod repeat;
mod reply;
mod router;
mod search;
mod serve;
mod socket;
mod stall;
mod status;
mod tools;
mod turns;
mod ui;
mod upgrade;
mod upload;
mod users;
mod webhooks;

use std::sync::Arc;

pub use mcp::{Carried, CarriedBody};
pub use serve::{Listeners, serve};

use crate::auth::Need;
use crate::limits::Class;
use kept::Kept;
use openapi::Document;
use router::{Kind, Route, Table, door, plain, socket};

/// The trees of routes.
pub(crate) struct Tables {
    api: Table,
    root: Table,
    kept: Arc<Kept>,
    document: Arc<Document>,
    carried: Carried,
}

const OPEN: Need = Need::Nothing;
const FIND: Need = Need::Find;
const CHAT: Need = Need::Chat;
const TOOLS: Need = Need::Tools;
const BUS: Need = Need::Bus;
const ADMIN: Need = Need::Admin;
const PERSON: Need = Need::Person;
const ANYBODY: Need = Need::Optional;

const API: Kind = Kind::Counted(Class::Api);
const ASK: Kind = Kind::Counted(Class::Chat);
const SEND: Kind = Kind::Counted(Class::Bus);
const LOGIN: Kind = Kind::Counted(Class::Login);
const UPLOAD: Kind = Kind::Counted(Class::Upload);
const FREE: Kind = Kind::Free;
const STREAM: Kind = Kind::Stream;

/// Builds the trees.
pub(crate) fn tables(carried: Carried) -> Result<Tables, matchit::InsertError> {
    let api = api_routes().into_iter().chain(house_routes()).chain(bus_routes());
    let api = api.collect::<Vec<_>>();
    let root = root_routes();
    let document = Arc::new(Document::of(&[("/api/v1", &api), ("", &root)]));
    let (api, root) = (Table::new(api)?, Table::new(root)?);
    Ok(Tables { api, root, kept: Arc::default(), document, carried })
}

/// Routes under `/api/v1` and `/api`. Method and path of each stand above its door function.
fn api_routes() -> Vec<Route> {
    vec![
        door!(conversations::list, CHAT, API),
        door!(conversations::create, CHAT, API),
        door!(conversations::change_many, CHAT, API),
        door!(conversations::get, CHAT, API),
        door!(conversations::update, CHAT, API),
        door!(conversations::delete, CHAT, API),
        door!(conversations::restore, CHAT, API),
        door!(conversations::branch, CHAT, API),
        door!(conversations::select, CHAT, API),
        door!(conversations::tree, CHAT, API),
        door!(conversations::folders, CHAT, API),
        door!(conversations::tags, CHAT, API),
        door!(messages::list, CHAT, API),
        door!(messages::ask, CHAT, ASK),
        door!(messages::get, CHAT, API),
        door!(messages::amend, CHAT, API),
        door!(messages::delete, CHAT, API),
        door!(messages::restore, CHAT, API),
        door!(messages::regenerate, CHAT, ASK),
        door!(messages::go_on, CHAT, ASK),
        door!(messages::rate, CHAT, API),
        door!(messages::attachment, CHAT, API),
        door!(turns::ask_temporary, CHAT, ASK),
        door!(turns::get, CHAT, API),
        door!(turns::events, CHAT, STREAM),
        door!(turns::cancel, CHAT, API),
        door!(turns::decide, CHAT, API),
        door!(events::feed, CHAT, STREAM),
        door!(models::list, CHAT, API),
        door!(models::list_providers, ADMIN, API),
        door!(models::create_provider, ADMIN, API),
        door!(models::found, ADMIN, API),
        door!(models::get_provider, ADMIN, API),
        door!(models::update_provider, ADMIN, API),
        door!(models::delete_provider, ADMIN, API),
        door!(models::test_provider, ADMIN, API),
        door!(models::reset_provider, ADMIN, API),
        door!(notes::list, FIND, API),
        door!(notes::create, CHAT, API),
        door!(notes::get, FIND, API),
        door!(notes::update, CHAT, API),
        door!(notes::delete, CHAT, API),
        door!(notes::restore, CHAT, API),
        door!(documents::list, FIND, API),
        door!(documents::add, CHAT, UPLOAD),
        door!(documents::change_many, CHAT, API),
        door!(documents::get, FIND, API),
        door!(documents::update, CHAT, API),
        door!(documents::delete, CHAT, API),
        door!(documents::restore, CHAT, API),
        door!(documents::reindex, CHAT, API),
        door!(documents::content, FIND, API),
        door!(documents::text, FIND, API),
        door!(documents::chunks, FIND, API),
        door!(library::collections, FIND, API),
        door!(library::create_collection, CHAT, API),
        door!(library::rename_collection, CHAT, API),
        door!(library::delete_collection, CHAT, API),
        door!(library::folders, ADMIN, API),
        door!(library::watch_folder, ADMIN, API),
        door!(library::unwatch_folder, ADMIN, API),
        door!(library::scan_folder, ADMIN, API),
        door!(library::embeddings, FIND, API),
        door!(library::choose_embeddings, ADMIN, API),
        door!(library::reranker, FIND, API),
        door!(library::choose_reranker, ADMIN, API),
        door!(search::search, FIND, API),
        door!(auth::session, ANYBODY, API),
        door!(auth::login, OPEN, LOGIN),
        door!(auth::logout, PERSON, API),
        door!(auth::password, ANYBODY, LOGIN),
        door!(auth::claim, OPEN, LOGIN),
        door!(auth::sessions, PERSON, API),
        door!(auth::end_session, PERSON, API),
        door!(auth::tokens, PERSON, API),
        door!(auth::create_token, PERSON, API),
        door!(auth::revoke_token, PERSON, API),
        socket!(socket::chat, CHAT),
        door!(openapi::document, OPEN, API),
        door!(openapi::page, OPEN, API),
    ]
}

/// What is about the product and not about somebody's own; what a conversation may use beside it.
fn house_routes() -> Vec<Route> {
    vec![
        door!(users::list, ADMIN, API),
        door!(users::invite, ADMIN, API),
        door!(users::get, ADMIN, API),
        door!(users::update, ADMIN, API),
        door!(users::delete, ADMIN, API),
        door!(users::claim, ADMIN, API),
        door!(tools::list, ADMIN, API),
        door!(tools::create, ADMIN, API),
        door!(tools::get, ADMIN, API),
        door!(tools::update, ADMIN, API),
        door!(tools::delete, ADMIN, API),
        door!(tools::test, ADMIN, API),
        door!(tools::of_conversation, CHAT, API),
        door!(tools::forbid, CHAT, API),
        door!(webhooks::list, ADMIN, API),
        door!(webhooks::create, ADMIN, API),
        door!(webhooks::get, ADMIN, API),
        door!(webhooks::update, ADMIN, API),
        door!(webhooks::delete, ADMIN, API),
        door!(webhooks::change_secret, ADMIN, API),
        door!(webhooks::test, ADMIN, API),
        door!(webhooks::deliveries, ADMIN, API),
        door!(webhooks::resend, ADMIN, API),
        door!(config::show, ADMIN, API),
        door!(outbound::list, ADMIN, API),
        door!(status::status, BUS, API),
        door!(status::logs, ADMIN, API),
    ]
}

/// The bus, in the shapes that its clients know.
fn bus_routes() -> Vec<Route> {
    vec![
        door!(bus::send, BUS, SEND),
        door!(bus::send_batch, BUS, SEND),
        door!(bus::list, BUS, API),
        door!(bus::export, BUS, STREAM),
        door!(bus::get, BUS, API),
        door!(bus::thread, BUS, API),
        door!(bus::status, BUS, API),
        door!(bus::ack, BUS, API),
        door!(bus::search, BUS, API),
        door!(bus::replay, BUS, API),
        door!(bus::clear, ADMIN, API),
        door!(bus::clients, BUS, API),
        door!(bus::client, BUS, API),
        door!(bus::subscribe, BUS, STREAM),
        socket!(bus_socket::connect, BUS),
    ]
}

/// Routes at the root.
fn root_routes() -> Vec<Route> {
    vec![
        door!(health::health, OPEN, FREE),
        door!(health::live, OPEN, FREE),
        door!(health::ready, OPEN, FREE),
        socket!(socket::chat, CHAT),
        door!(mcp::send, TOOLS, STREAM),
        door!(mcp::listen, TOOLS, STREAM),
        door!(mcp::end, TOOLS, STREAM),
        socket!(bus_socket::connect, BUS),
        plain(ui::page).page("/"),
        plain(ui::page).page("/agents"),
        plain(ui::page).page("/agents/{*rest}"),
        plain(ui::page).page("/c/{*rest}"),
        plain(ui::page).page("/settings"),
        plain(ui::page).page("/settings/{*rest}"),
        plain(ui::page).page("/search"),
        plain(ui::page).page("/library"),
        plain(ui::page).page("/library/{*rest}"),
        plain(ui::page).page("/temporary"),
        plain(ui::page).page("/login"),
        plain(ui::page).page("/setup"),
        plain(ui::file).page("/{*path}"),
    ]
}
