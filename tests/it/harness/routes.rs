//! Every route there is, with a body that it takes: what the tests of bad input walk through. A route
//! that is missing here fails `the_table_of_the_tests_is_the_table_of_the_documents`.

use serde_json::{Value, json};

use super::talk::id_of;
use super::{Act, Server, Upstream};

/// A route and a body it takes; `null` for one that takes none.
#[derive(Debug, Clone)]
pub struct Route {
    /// `GET`
    pub method: &'static str,
    /// Under `/api/v1`, with names in braces.
    pub path: &'static str,
    /// A good body.
    pub body: Value,
}

/// What the names in braces stand for in a running server.
#[derive(Debug, Clone)]
pub struct Ids {
    /// `{id}` of a conversation
    pub conversation: String,
    /// `{message_id}`, a question
    pub question: String,
    /// an answer
    pub answer: String,
    /// `{id}` of a turn that is over
    pub turn: String,
    /// `{id}` of a provider
    pub provider: String,
    /// `{id}` of a note
    pub note: String,
    /// `{id}` of a document
    pub document: String,
    /// `{id}` of a collection
    pub collection: String,
    /// `{id}` of a watched folder
    pub folder: String,
    /// `{id}` of a token
    pub token: String,
    /// `{id}` of somebody invited
    pub user: String,
    /// `{id}` of a message on the bus, for the client `reader`
    pub message: String,
    /// `{id}` of a webhook
    pub webhook: String,
    /// `{id}` of a delivery that ended
    pub delivery: String,
    /// `{id}` of a server of tools
    pub tool_server: String,
}

/// Every route of the API.
pub fn all() -> Vec<Route> {
    let route = |method, path, body| Route { method, path, body };
    let none = Value::Null;
    vec![
        route("GET", "/conversations", none.clone()),
        route(
            "POST",
            "/conversations",
            json!({"title": "A", "folder": "B", "tags": ["c"], "pinned": true,
            "model": "passages/passages", "system_prompt": "D", "document_ids": "all",
            "options": {"temperature": 0.5}, "metadata": {"e": 1}}),
        ),
        route("POST", "/conversations/bulk", json!({"ids": ["{conversation}"], "action": "pin"})),
        route("GET", "/conversations/{conversation}", none.clone()),
        route(
            "PATCH",
            "/conversations/{conversation}",
            json!({"title": "A", "folder": "B", "tags": ["c"],
            "pinned": true, "archived": false, "system_prompt": "D", "options": {"top_p": 0.5},
            "metadata": {"e": 1}}),
        ),
        route("DELETE", "/conversations/{conversation}", none.clone()),
        route("POST", "/conversations/{conversation}/restore", none.clone()),
        route(
            "POST",
            "/conversations/{conversation}/branch",
            json!({"message_id": "{question}", "title": "A"}),
        ),
        route("POST", "/conversations/{conversation}/select", json!({"message_id": "{question}"})),
        route("GET", "/conversations/{conversation}/tree", none.clone()),
        route("GET", "/conversations/{conversation}/messages", none.clone()),
        route(
            "POST",
            "/conversations/{conversation}/messages",
            json!({"content": "A", "stream": false,
            "model": "passages/passages", "options": {"seed": 1}}),
        ),
        route("GET", "/conversations/{conversation}/messages/{answer}", none.clone()),
        route(
            "GET",
            "/conversations/{conversation}/messages/{question}/attachments/{n}",
            none.clone(),
        ),
        route("GET", "/conversations/{conversation}/messages/{answer}/revisions", none.clone()),
        route("PATCH", "/conversations/{conversation}/messages/{answer}", json!({"content": "A"})),
        route("DELETE", "/conversations/{conversation}/messages/{answer}", none.clone()),
        route("POST", "/conversations/{conversation}/messages/{answer}/restore", none.clone()),
        route(
            "POST",
            "/conversations/{conversation}/messages/{answer}/regenerate",
            json!({"model": "passages/passages", "options": {"seed": 1}}),
        ),
        route(
            "POST",
            "/conversations/{conversation}/messages/{answer}/continue",
            json!({"model": "passages/passages"}),
        ),
        route(
            "POST",
            "/conversations/{conversation}/messages/{answer}/feedback",
            json!({"rating": "up", "note": "A"}),
        ),
        route("GET", "/folders", none.clone()),
        route("GET", "/tags", none.clone()),
        route(
            "POST",
            "/turns",
            json!({"messages": [{"role": "user", "content": "A"}],
            "model": "passages/passages", "system_prompt": "B", "options": {"seed": 1}}),
        ),
        route("GET", "/turns/{turn}", none.clone()),
        route("GET", "/turns/{turn}/events", none.clone()),
        route("POST", "/turns/{turn}/cancel", none.clone()),
        route("POST", "/turns/{turn}/calls/{call}", json!({"decision": "no"})),
        route("GET", "/prompt-budget", none.clone()),
        route("GET", "/conversations/{conversation}/tools", none.clone()),
        route("GET", "/tools", none.clone()),
        route("DELETE", "/conversations/{conversation}/tools/allowed", none.clone()),
        route("GET", "/events", none.clone()),
        route("GET", "/models", none.clone()),
        route("GET", "/providers", none.clone()),
        route(
            "POST",
            "/providers",
            json!({"kind": "openai", "name": "A", "base_url": "http://127.0.0.1:9/v1",
            "api_key": "B", "enabled": true}),
        ),
        route("GET", "/providers/found", none.clone()),
        route("GET", "/providers/{provider}", none.clone()),
        route("PATCH", "/providers/{provider}", json!({"name": "A", "enabled": true})),
        route("DELETE", "/providers/{provider}", none.clone()),
        route("POST", "/providers/{provider}/test", none.clone()),
        route("POST", "/providers/{provider}/reset", none.clone()),
        route(
            "POST",
            "/search",
            json!({"query": "A", "scope": "all", "limit": 5,
            "filters": {"role": "user", "from": "2026-01-01T00:00:00Z"}}),
        ),
        route("GET", "/notes", none.clone()),
        route("POST", "/notes", json!({"text": "A"})),
        route("GET", "/notes/{note}", none.clone()),
        route("PATCH", "/notes/{note}", json!({"text": "A"})),
        route("DELETE", "/notes/{note}", none.clone()),
        route("POST", "/notes/{note}/restore", none.clone()),
        route("GET", "/documents", none.clone()),
        route("POST", "/documents", json!({"text": "A text", "name": "a.txt"})),
        route("POST", "/documents/bulk", json!({"ids": ["{document}"], "action": "reindex"})),
        route("GET", "/documents/{document}", none.clone()),
        route("PATCH", "/documents/{document}", json!({"title": "A", "collection_id": null})),
        route("DELETE", "/documents/{document}", none.clone()),
        route("POST", "/documents/{document}/restore", none.clone()),
        route("POST", "/documents/{document}/reindex", none.clone()),
        route("GET", "/documents/{document}/content", none.clone()),
        route("GET", "/documents/{document}/text", none.clone()),
        route("GET", "/documents/{document}/chunks", none.clone()),
        route("GET", "/collections", none.clone()),
        route("POST", "/collections", json!({"name": "A"})),
        route("PATCH", "/collections/{collection}", json!({"name": "B"})),
        route("DELETE", "/collections/{collection}", none.clone()),
        route("GET", "/folders/watched", none.clone()),
        route("POST", "/folders/watched", json!({"path": "/usr/share/common-licenses"})),
        route("DELETE", "/folders/watched/{folder}", none.clone()),
        route("POST", "/folders/watched/{folder}/scan", none.clone()),
        route("GET", "/embeddings", none.clone()),
        route("PUT", "/embeddings", json!({"model": "builtin/all-MiniLM-L6-v2"})),
        route("GET", "/reranker", none.clone()),
        route("PUT", "/reranker", json!({"model": null})),
        route(
            "POST",
            "/send",
            json!({"from": "a", "to": ["b", "c"], "type": "note", "payload": {"n": 1},
            "text": "hello", "id": "one", "require_ack": true, "reply_to": "{message}",
            "priority": 3, "ttl_seconds": 60, "strict": false, "dedup": "content"}),
        ),
        route("POST", "/send/batch", json!({"messages": [{"from": "a", "to": "all"}]})),
        route("GET", "/messages", none.clone()),
        route("GET", "/messages/export", none.clone()),
        route("GET", "/messages/{message}", none.clone()),
        route("GET", "/messages/{message}/thread", none.clone()),
        route("GET", "/messages/{message}/status", none.clone()),
        route("POST", "/messages/{message}/ack", json!({"client_id": "reader"})),
        route("GET", "/search", none.clone()),
        route("GET", "/subscribe", none.clone()),
        route(
            "POST",
            "/replay",
            json!({"to": "reader", "since_seq": 0, "until_seq": 1, "types": ["message"]}),
        ),
        route("POST", "/clear", none.clone()),
        route("GET", "/clients", none.clone()),
        route("GET", "/clients/{client}", none.clone()),
        route("GET", "/auth/session", none.clone()),
        route("POST", "/auth/login", json!({"username": "A", "password": "B"})),
        route("POST", "/auth/logout", json!({"everywhere": false})),
        route(
            "POST",
            "/auth/password",
            json!({"new": "a password", "claim": "inc_A", "username": "A"}),
        ),
        route("POST", "/auth/claim", json!({"claim": "inc_A"})),
        route("GET", "/auth/sessions", none.clone()),
        route("DELETE", "/auth/sessions/{session}", none.clone()),
        route("GET", "/auth/tokens", none.clone()),
        route(
            "POST",
            "/auth/tokens",
            json!({"name": "A", "scopes": ["chat"], "client_id": "b",
            "expires_at": "2100-01-01T00:00:00Z"}),
        ),
        route("DELETE", "/auth/tokens/{token}", none.clone()),
        route("GET", "/users", none.clone()),
        route("POST", "/users", json!({"name": "A", "role": "member"})),
        route("GET", "/users/{user}", none.clone()),
        route("PATCH", "/users/{user}", json!({"name": "B", "role": "member", "disabled": false})),
        route("DELETE", "/users/{user}", none.clone()),
        route("POST", "/users/{user}/claim", none.clone()),
        route("GET", "/tool-servers", none.clone()),
        route(
            "POST",
            "/tool-servers",
            json!({"name": "A", "kind": "http", "url": "http://127.0.0.1:9/mcp", "token": "b",
            "enabled": false, "everywhere": false, "allowed": ["c"]}),
        ),
        route("GET", "/tool-servers/{tool_server}", none.clone()),
        route("PATCH", "/tool-servers/{tool_server}", json!({"enabled": false, "allowed": null})),
        route("DELETE", "/tool-servers/{tool_server}", none.clone()),
        route("POST", "/tool-servers/{tool_server}/test", none.clone()),
        route("GET", "/webhooks", none.clone()),
        route(
            "POST",
            "/webhooks",
            json!({"url": "http://nowhere.invalid/hook", "events": ["system.started"], "enabled": false}),
        ),
        route("GET", "/webhooks/{webhook}", none.clone()),
        route(
            "PATCH",
            "/webhooks/{webhook}",
            json!({"events": ["system.stopped"], "enabled": false}),
        ),
        route("DELETE", "/webhooks/{webhook}", none.clone()),
        route("POST", "/webhooks/{webhook}/secret", none.clone()),
        route("POST", "/webhooks/{webhook}/test", none.clone()),
        route("GET", "/webhooks/{webhook}/deliveries", none.clone()),
        route("POST", "/webhooks/deliveries/{delivery}/resend", none.clone()),
        route("GET", "/config", none.clone()),
        route("GET", "/outbound", none.clone()),
        route("GET", "/status", none.clone()),
        route("GET", "/logs", none.clone()),
        route("GET", "/openapi.json", none.clone()),
        route("GET", "/docs", none),
    ]
}

impl Route {
    /// The path with the names replaced.
    pub fn path(&self, ids: &Ids) -> String {
        ids.fill(self.path)
    }

    /// The body with the names replaced.
    pub fn body(&self, ids: &Ids) -> Value {
        serde_json::from_str(&ids.fill(&self.body.to_string())).unwrap()
    }

    /// Whether it reads a body.
    pub fn takes_a_body(&self) -> bool {
        !self.body.is_null()
    }

    /// Whether its answer is a stream that does not end.
    pub fn streams(&self) -> bool {
        self.path.ends_with("/events") || self.path == "/subscribe"
    }

    /// The name of the one object the path names last, for ids that cannot be.
    pub fn with_each_name_replaced(&self, ids: &Ids, by: &str) -> Vec<String> {
        [
            "{conversation}",
            "{question}",
            "{answer}",
            "{turn}",
            "{provider}",
            "{note}",
            "{document}",
            "{collection}",
            "{folder}",
            "{token}",
            "{session}",
            "{user}",
            "{message}",
            "{client}",
            "{webhook}",
            "{delivery}",
            "{tool_server}",
            "{call}",
            "{n}",
        ]
        .iter()
        .filter(|name| self.path.contains(*name))
        .map(|name| ids.fill(&self.path.replace(name, by)))
        .collect()
    }
}

impl Ids {
    /// A server's conversation with a question and its answer, a turn and a provider.
    pub async fn of(server: &Server, upstream: &Upstream) -> Self {
        let model = server.connect(upstream).await;
        let conversation = server.conversation().await;
        upstream.then(Act::answer(&["An answer."]));
        let file = json!({"name": "notes.txt", "media_type": "text/plain", "data": "SGVsbG8="});
        let question = json!({"content": "A question", "model": model, "attachments": [file]});
        let asked = server.ask_with(&conversation, question).await;
        server.whole_turn(&asked.turn).await;
        let providers = server.get("/providers").await.is(200);
        let provider =
            providers["items"].as_array().unwrap().iter().find(|p| p["kind"] != "passages");
        let hook = json!({"url": "http://nowhere.invalid/", "events": ["system.stopped"],
            "enabled": false});
        let webhook = id_of(&server.post("/webhooks", hook).await.is(201));
        Self {
            conversation,
            question: asked.question,
            answer: asked.answer,
            turn: asked.turn,
            provider: id_of(provider.unwrap()),
            note: id_of(&server.post("/notes", json!({"text": "A fact"})).await.is(201)),
            document: id_of(&server.read_document("a.txt", b"A document").await),
            collection: id_of(&server.post("/collections", json!({"name": "C"})).await.is(201)),
            folder: {
                let path = server.home().join("watched");
                std::fs::create_dir_all(&path).unwrap();
                let body = json!({"path": path.to_str().unwrap()});
                id_of(&server.post("/folders/watched", body).await.is(201))
            },
            token: {
                let body = json!({"name": "T", "scopes": ["chat"]});
                id_of(&server.post("/auth/tokens", body).await.is(201))
            },
            user: id_of(&server.post("/users", json!({"name": "U"})).await.is(201)["user"]),
            message: {
                let body = json!({"from": "writer", "to": "reader", "text": "hello"});
                server.post("/send", body).await.is(200)["message_id"].as_str().unwrap().to_owned()
            },
            delivery: {
                let test = format!("/webhooks/{webhook}/test");
                id_of(&server.poke(&test).await.is(200))
            },
            webhook,
            tool_server: {
                let body = json!({"name": "Nowhere", "kind": "http", "enabled": false,
                    "url": "http://127.0.0.1:9/"});
                id_of(&server.post("/tool-servers", body).await.is(201))
            },
        }
    }

    fn fill(&self, text: &str) -> String {
        text.replace("{conversation}", &self.conversation)
            .replace("{question}", &self.question)
            .replace("{answer}", &self.answer)
            .replace("{turn}", &self.turn)
            .replace("{provider}", &self.provider)
            .replace("{note}", &self.note)
            .replace("{document}", &self.document)
            .replace("{collection}", &self.collection)
            .replace("{folder}", &self.folder)
            .replace("{token}", &self.token)
            .replace("{session}", "sess_01a1fe0d932571eaacb52c2e1ace844d")
            .replace("{user}", &self.user)
            .replace("{message}", &self.message)
            .replace("{client}", "reader")
            .replace("{webhook}", &self.webhook)
            .replace("{delivery}", &self.delivery)
            .replace("{tool_server}", &self.tool_server)
            .replace("{call}", "call_01a1fe0d932571eaacb52c2e1ace844d")
            .replace("{n}", "0")
    }
}
