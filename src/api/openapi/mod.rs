//! The API's own description: an `OpenAPI` 3.1 document made from the routes themselves. What a door
//! function says of itself (`#[utoipa::path]`) is the route; what all routes of a kind have in common
//! (errors, headers, who may) is added here from the `Need` and `Kind` that the list of routes gives.

mod answers;
mod schemas;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::reply::{Reply, raw, to_bytes};
use super::router::{About, Kind, Route};
use super::ui;
use crate::auth::Need;
use crate::config::Snapshot;

/// What a topic is about, by the file that its door functions are in. A file that is not named here is
/// a topic of its own name.
const TOPICS: [(&str, &str, &str); 21] = [
    ("conversations", "Conversations", "Also under `/sessions`, with the same answers."),
    (
        "messages",
        "Messages",
        "Asking, answering again, amending. A conversation is a tree of them.",
    ),
    ("turns", "Turns", "The making of one answer, with numbered events."),
    ("socket", "Chat socket", "Asking and following a conversation over one WebSocket."),
    ("events", "Live feed", "Everything that changes, over one connection."),
    ("models", "Models and providers", "Where models run, and which there are."),
    ("documents", "Documents", "Taken in, read, and cut into passages that answers cite."),
    ("library", "Collections and folders", "Collections, watched folders, and the vectors."),
    ("notes", "Notes", "Facts to remember."),
    ("search", "Search", "Words and meaning, over everything said and added."),
    ("bus", "Agent bus", "Messages between agents, by the names they go by."),
    ("bus_socket", "Agent socket", "The bus over one WebSocket for each client."),
    ("webhooks", "Webhooks", "Who is told over HTTP what happens, and what became of it."),
    ("auth", "Sign-in", "Password, sessions, tokens."),
    ("users", "Users", "Who may come in."),
    ("config", "Configuration", "Every setting and where its value comes from."),
    ("status", "Status and log", "What the running product is doing."),
    (
        "mcp",
        "MCP",
        "Tools and documents for agents, by the Model Context Protocol; at the root. Revisions up to \
         2025-11-25 with sessions, 2026-07-28 without.",
    ),
    ("outbound", "Outbound hosts", "Every host that was contacted, when and why."),
    ("openapi", "This document", "The routes, for programs and for people."),
    ("health", "Health", "For people and for supervisors; at the root, never limited."),
];

const ABOUT: &str = "Everything under `/api/v1` is also under `/api`. Instants are RFC 3339 UTC with \
    three fraction digits, ids are `<kind>_<32 hex>`. Unknown JSON fields and unknown query \
    parameters are refused. Lists answer a page: `items` and the `next_cursor` to ask on with. Errors \
    have one body; a known path with another method answers 405 and `Allow`. Every answer has an \
    `X-Request-ID`: the one that was sent, or a new one. While no password is set, this machine needs \
    no sign-in.";

/// The routes that the document describes.
#[derive(Debug)]
pub(crate) struct Document {
    routes: Vec<Described>,
}

/// One route as the document needs it.
#[derive(Debug)]
struct Described {
    path: String,
    method: String,
    need: Need,
    kind: Kind,
    about: About,
}

impl Document {
    /// Of these trees, each under its prefix. Pages of the UI are no part of it.
    pub(crate) fn of(trees: &[(&str, &[Route])]) -> Self {
        let mut routes = Vec::new();
        for (prefix, tree) in trees {
            for route in *tree {
                let Some(about) = route.about else { continue };
                let (need, kind) = (route.need, route.kind);
                let path = format!("{prefix}{}", route.path);
                let method = route.method.as_str().to_ascii_lowercase();
                routes.push(Described { path, method, need, kind, about });
            }
        }
        Self { routes }
    }

    /// The document, with the limits that are settings as they are now.
    pub(crate) fn json(&self, settings: &Snapshot) -> Value {
        let mut paths = Map::new();
        for route in &self.routes {
            let item = paths.entry(route.path.clone()).or_insert_with(|| json!({}));
            item[&route.method] = route.operation();
        }
        let mut document = json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Inglenook",
                "version": env!("CARGO_PKG_VERSION"),
                "summary": env!("CARGO_PKG_DESCRIPTION"),
                "description": ABOUT,
                "license": { "name": "Apache 2.0", "identifier": env!("CARGO_PKG_LICENSE") },
            },
            "servers": [{ "url": "/" }],
            "tags": self.topics(),
            "paths": paths,
            "components": {
                "schemas": schemas::all(&self.routes),
                "responses": answers::errors(),
                "headers": answers::headers(),
                "parameters": answers::parameters(),
                "securitySchemes": answers::security(),
            },
        });
        schemas::tidy(&mut document, settings);
        document
    }

    fn topics(&self) -> Vec<Value> {
        let used = |file: &str| self.routes.iter().any(|route| route.about.name.0 == file);
        let named = TOPICS.iter().filter(|(file, ..)| used(file));
        named.map(|(_, name, about)| json!({ "name": name, "description": about })).collect()
    }
}

/// Routes that change nothing, or that cannot be asked the same thing twice: they take no
/// `Idempotency-Key`.
const KEYLESS: [&str; 4] = ["/v1/search", "/auth/claim", "/auth/password", "/mcp"];

impl Described {
    fn writes(&self) -> bool {
        self.method != "get"
    }

    /// The whole operation: what the door function says, and what goes for all of its kind.
    fn operation(&self) -> Value {
        let mut operation = json!((self.about.operation)());
        let (file, door) = self.about.name;
        let topic = TOPICS.iter().find(|(topic, ..)| *topic == file).map_or(file, |row| row.1);
        let api = self.path.starts_with("/api/") || file == "health" || file == "mcp";
        let end = if api { "" } else { ".root" };
        operation["operationId"] = format!("{file}.{door}{end}").into();
        operation["tags"] = json!([topic]);
        // Without a password, whoever is on this machine is its owner.
        operation["security"] = match (self.need, self.need.scopes()) {
            (Need::Nothing, _) => json!([]),
            (_, Some(scopes)) => json!([{ "session": [] }, { "token": scopes }, {}]),
            (_, None) => json!([{ "session": [] }, {}]),
        };
        self.add_parameters(&mut operation);
        answers::complete(self, &mut operation);
        operation
    }

    fn add_parameters(&self, operation: &mut Value) {
        let mut parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        for parameter in &mut parameters {
            // Absent is absent; there is no way to write null in an address.
            schemas::drop_null(&mut parameter["schema"]);
        }
        if self.writes() && !KEYLESS.iter().any(|path| self.path.ends_with(path)) {
            parameters.push(json!({ "$ref": "#/components/parameters/Idempotency-Key" }));
        }
        operation["parameters"] = parameters.into();
    }
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", responses((status = 200, body = Object)))]
pub(super) async fn document(call: Call) -> Reply {
    let document = call.head.document.json(&call.app().live.snapshot());
    Ok(raw(StatusCode::OK, "application/json", to_bytes(&document)?))
}

/// This document as a page to read.
#[utoipa::path(
    get,
    path = "/docs",
    responses((status = 200, body = String, content_type = "text/html")),
)]
pub(super) async fn page(call: Call) -> Reply {
    ui::named(&call, "docs.html")
}
