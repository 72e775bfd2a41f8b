//! API keys: encrypted at rest, shown as their last four characters, sent only where they belong.

use serde_json::json;

use crate::harness::dialect::ALL;
use crate::harness::talk::id_of;
use crate::harness::{Act, Server, Upstream};

const KEY: &str = "sk-scripted-0123456789abcd";

#[tokio::test]
async fn a_key_goes_to_its_provider_in_the_providers_own_way() {
    let server = Server::start().await;
    for dialect in ALL {
        let upstream = Upstream::start(dialect).await;
        let model = server.connect(&upstream).await;
        let conversation = server.conversation().await;
        server.answer(&conversation, &model, "Hello").await;
        let sent = upstream.chat(1).await;
        let header = match dialect.kind() {
            "anthropic" => sent.headers.get("x-api-key").cloned(),
            _ => sent.headers.get("authorization").map(|value| value.replace("Bearer ", "")),
        };
        assert_eq!(header.as_deref(), Some(KEY), "{dialect:?}: {:?}", sent.headers);
        if dialect.kind() == "anthropic" {
            assert!(sent.headers.contains_key("anthropic-version"));
        }
    }
}

#[tokio::test]
async fn a_key_is_shown_by_its_last_four_characters_and_nowhere_else() {
    let mut server = Server::with("LOG_LEVEL", "trace").start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let provider = model.replace("/tale-1", "");
    let conversation = server.conversation().await;
    upstream.then(Act::body(
        401,
        "application/json",
        json!({"error": {"message": format!("Incorrect API key provided: {KEY}")}}),
    ));
    let asked = server.ask(&conversation, &model, "Hello").await;
    server.message_in_state(&conversation, &asked.answer, "failed").await;
    let mut seen = String::new();
    for path in ["/providers", "/models", "/config", "/status", "/logs", "/health"] {
        seen.push_str(&server.get(path).await.text);
    }
    seen.push_str(&server.get(&format!("/conversations/{conversation}/messages")).await.text);
    seen.push_str(&server.get(&format!("/turns/{}", asked.turn)).await.text);
    assert!(!seen.contains(KEY), "the key is in an answer");
    let shown = server.get(&format!("/providers/{provider}")).await.is(200);
    assert_eq!(shown["api_key"], "…abcd");
    server.stop().await;
    assert!(!server.log().contains(KEY), "the key is in the log");
    for entry in walk(&server.data_dir()) {
        let bytes = std::fs::read(&entry).unwrap();
        let found = bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes());
        assert!(!found, "the key stands in {entry:?}");
    }
    server.boot().await;
    server.answer(&conversation, &model, "Again").await;
    let sent = upstream.chats().pop().unwrap();
    assert_eq!(
        sent.headers["authorization"],
        format!("Bearer {KEY}"),
        "it can still be read after a restart"
    );
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn a_changed_address_drops_the_key() {
    let server = Server::start().await;
    let (mine, theirs) = (Upstream::openai().await, Upstream::openai().await);
    let model = server.connect(&mine).await;
    let path = format!("/providers/{}", model.replace("/tale-1", ""));
    server.patch(&path, json!({"name": "Renamed"})).await.is(200);
    assert_eq!(server.get(&path).await.is(200)["api_key"], "…abcd");
    let moved = server.patch(&path, json!({"base_url": theirs.base_url()})).await.is(200);
    assert!(moved["api_key"].is_null(), "{moved}");
    let conversation = server.conversation().await;
    server.answer(&conversation, &model, "Hello").await;
    for request in theirs.requests() {
        assert!(!request.headers.contains_key("authorization"), "{:?}", request.headers);
    }
}

#[tokio::test]
async fn a_key_of_the_environment_makes_a_provider_and_is_not_stored() {
    let server = Server::plan().environment("OPENAI_API_KEY", KEY).start().await;
    let providers = server.get("/providers").await.is(200);
    let found = providers["items"].as_array().unwrap().iter().find(|item| item["kind"] == "openai");
    let found = found.unwrap_or_else(|| panic!("no openai provider: {providers}"));
    assert_eq!(found["api_key"], "…abcd");
    for entry in walk(&server.data_dir()) {
        let bytes = std::fs::read(&entry).unwrap();
        assert!(
            !bytes.windows(KEY.len()).any(|w| w == KEY.as_bytes()),
            "the key stands in {entry:?}"
        );
    }
}

#[tokio::test]
async fn a_key_can_be_replaced_and_removed() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let provider = server.connect(&upstream).await.replace("/tale-1", "");
    let path = format!("/providers/{provider}");
    let replaced = server.patch(&path, json!({"api_key": "sk-another-9876wxyz"})).await.is(200);
    assert_eq!(replaced["api_key"], "…wxyz");
    let removed = server.patch(&path, json!({"api_key": null})).await.is(200);
    assert!(removed["api_key"].is_null(), "{removed}");
    let bad =
        json!({"kind": "openai", "base_url": upstream.base_url(), "api_key": "with\nnewline"});
    server.post("/providers", bad).await.error(400);
    let short = json!({"kind": "openai", "base_url": upstream.base_url(), "api_key": "abc"});
    let short = server.post("/providers", short).await;
    if short.status == 201 {
        let shown = short.json();
        assert_ne!(shown["api_key"], "…abc", "a short key must not be shown whole");
        server.delete(&format!("/providers/{}", id_of(&shown))).await.is(204);
    }
}
