//! The live feed: one stream that keeps every tab in step.

use serde_json::json;

use crate::harness::{Act, Server, Upstream};

#[tokio::test]
async fn it_greets_with_the_instance_and_version() {
    let server = Server::start().await;
    let mut feed = server.events("/events").await;
    assert!(feed.headers["content-type"].to_str().unwrap().starts_with("text/event-stream"));
    let hello = feed.next().await.unwrap();
    assert_eq!(hello.name, "hello");
    assert_eq!(hello.data["version"], env!("CARGO_PKG_VERSION"));
    let status = server.get("/status").await.is(200);
    assert_eq!(hello.data["instance"], status["instance"]);
}

#[tokio::test]
async fn what_happens_to_a_conversation_is_told() {
    let server = Server::start().await;
    let mut feed = server.events("/events").await;
    feed.until_named("hello").await;
    let id = server.conversation().await;
    let path = format!("/conversations/{id}");
    server.patch(&path, json!({"title": "Renamed"})).await.is(200);
    server.delete(&path).await.is(200);
    server.poke(&format!("{path}/restore")).await.is(200);
    server.delete(&path).await.is(200);
    server.delete(&format!("{path}?forever=true")).await.is(204);
    for change in ["created", "updated", "deleted", "restored", "deleted", "purged"] {
        let event = feed.until_named("conversation").await.pop().unwrap();
        assert_eq!(event.data["change"], change, "{event:?}");
        assert_eq!(event.data["conversation"]["id"], id.as_str());
    }
}

#[tokio::test]
async fn a_turn_is_told_to_every_tab_from_question_to_answer() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let mut tabs = vec![server.events("/events").await, server.events("/events").await];
    for tab in &mut tabs {
        tab.until_named("hello").await;
    }
    upstream.then(Act::answer(&["To", " every", " tab."]));
    let asked = server.ask(&conversation, &model, "Hello").await;
    for tab in &mut tabs {
        let events = tab.until(|event| event.data["type"] == "complete").await;
        let mut text = String::new();
        let mut told = Vec::new();
        for event in &events {
            match event.name.as_str() {
                "turn" => {
                    assert_eq!(event.data["turn_id"], asked.turn.as_str());
                    assert_eq!(event.data["conversation_id"], conversation.as_str());
                    assert!(event.data["seq"].is_u64(), "{event:?}");
                    if event.data["type"] == "chunk" {
                        text.push_str(event.data["text"].as_str().unwrap());
                    }
                }
                "message" => told.push(event.data["message"]["id"].clone()),
                _ => {}
            }
        }
        assert_eq!(text, "To every tab.");
        assert!(
            told.contains(&json!(asked.question)) && told.contains(&json!(asked.answer)),
            "{told:?}"
        );
        let after = tab
            .until(|event| event.name == "message" && event.data["message"]["state"] == "complete");
        let finished = if events.iter().any(|e| e.data["message"]["state"] == "complete") {
            events.clone()
        } else {
            after.await
        };
        assert!(finished.iter().any(|event| event.data["message"]["content"] == "To every tab."));
    }
}

#[tokio::test]
async fn a_changed_provider_is_told() {
    let server = Server::start().await;
    let mut feed = server.events("/events").await;
    feed.until_named("hello").await;
    let upstream = Upstream::openai().await;
    server.connect(&upstream).await;
    feed.until_named("providers").await;
}
