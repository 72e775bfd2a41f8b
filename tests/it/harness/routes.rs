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
        route("GET", "/config", none.clone()),
        route("GET", "/status", none.clone()),
        route("GET", "/logs", none),
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
        self.path.ends_with("/events")
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
            .replace("{n}", "0")
    }
}
