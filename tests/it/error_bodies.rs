//! The one error body, with what belongs into it and nothing of our insides.

use serde_json::json;

use crate::harness::{Act, Server, Upstream};

#[tokio::test]
async fn an_error_names_the_field_at_fault() {
    let server = Server::start().await;
    for (path, body, field) in [
        ("/conversations", json!({"titel": "x"}), "titel"),
        ("/conversations", json!({"title": 5}), "title"),
        ("/conversations", json!({"options": {"temprature": 1}}), "options.temprature"),
        ("/conversations", json!({"options": {"temperature": 99}}), "options.temperature"),
        ("/conversations", json!({"title": "x".repeat(5000)}), "title"),
        ("/conversations", json!({"metadata": 5}), "metadata"),
        ("/providers", json!({"kind": "abacus"}), "kind"),
        ("/search", json!({}), "query"),
        ("/search", json!({"query": "a", "filters": {"role": "king"}}), "filters.role"),
        ("/conversations/bulk", json!({"ids": [], "action": "pin"}), "ids"),
        ("/turns", json!({"messages": []}), "messages"),
    ] {
        let error = server.post(path, body.clone()).await.error(400);
        assert_eq!(error["details"]["field"], field, "{path} {body}: {error}");
    }
}

#[tokio::test]
async fn unknown_fields_inside_metadata_are_nobodys_business() {
    let server = Server::start().await;
    let metadata = json!({"anything": {"deep": [1, {"x": null}]}, "__proto__": "fine"});
    let made = server.post("/conversations", json!({"metadata": metadata})).await.is(201);
    assert_eq!(made["metadata"], metadata);
}

#[tokio::test]
async fn an_upstreams_failure_is_502_503_or_504_and_never_500() {
    let server = Server::with("RETRY_ATTEMPTS", 1).with("BREAKER_FAILURES", 100).start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    for act in [Act::status(500), Act::status(503), Act::Reset, Act::status(401), Act::status(404)]
    {
        upstream.then(act);
        let path = format!("/conversations/{conversation}/messages");
        let body = json!({"content": "x", "model": model, "stream": false});
        let reply = server.post(&path, body).await;
        assert!(matches!(reply.status, 200 | 502..=504), "{} {}", reply.status, reply.text);
        if reply.status == 200 {
            let message = reply.json();
            assert_eq!(message["state"], "failed", "{message}");
            assert!(message["error"]["code"].is_string(), "{message}");
        }
    }
}

#[tokio::test]
async fn no_error_tells_of_paths_or_statements() {
    let server = Server::start().await;
    let home = server.home().to_str().unwrap().to_owned();
    for path in
        ["/conversations/conv_x", "/conversations?cursor=x", "/nothing", "/turns/turn_x/events"]
    {
        let text = server.get(path).await.text;
        for inside in [home.as_str(), "SELECT", "sqlite", ".rs:", "panicked"] {
            assert!(!text.contains(inside), "{path}: {text}");
        }
    }
}
