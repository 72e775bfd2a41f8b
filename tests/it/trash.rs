//! Deleting is undoable, then final.

use serde_json::json;

use crate::harness::talk::items;
use crate::harness::{Server, eventually};

#[tokio::test]
async fn a_deleted_conversation_waits_in_the_trash_and_comes_back() {
    let server = Server::start().await;
    let id = server.conversation().await;
    server.answer(&id, "passages/passages", "Unforgettable").await;
    let path = format!("/conversations/{id}");
    let deleted = server.delete(&path).await.is(200);
    assert!(deleted["deleted_at"].is_string());
    assert!(items(&server.get("/conversations").await.is(200)).is_empty());
    assert_eq!(items(&server.get("/conversations?trash=true").await.is(200)).len(), 1);
    let hits = server.post("/search", json!({"query": "unforgettable"})).await.is(200);
    assert!(items(&hits).is_empty(), "what is in the trash is not found");
    server.delete(&path).await.is(200);
    let restored = server.poke(&format!("{path}/restore")).await.is(200);
    assert!(restored["deleted_at"].is_null());
    assert_eq!(server.messages(&id).await.len(), 2);
    let hits = server.post("/search", json!({"query": "unforgettable"})).await.is(200);
    assert!(!items(&hits).is_empty());
}

#[tokio::test]
async fn for_ever_only_from_the_trash_and_then_it_is_gone() {
    let server = Server::start().await;
    let id = server.conversation().await;
    let path = format!("/conversations/{id}");
    server.delete(&format!("{path}?forever=true")).await.error(409);
    server.delete(&path).await.is(200);
    server.delete(&format!("{path}?forever=true")).await.is(204);
    server.get(&path).await.error(404);
    server.poke(&format!("{path}/restore")).await.error(404);
    server.assert_sound();
}

#[tokio::test]
async fn nothing_can_be_said_to_what_is_in_the_trash() {
    let server = Server::start().await;
    let id = server.conversation().await;
    server.delete(&format!("/conversations/{id}")).await.is(200);
    let path = format!("/conversations/{id}/messages");
    server.post(&path, json!({"content": "Hello?", "model": "passages/passages"})).await.error(409);
    server.patch(&format!("/conversations/{id}"), json!({"title": "x"})).await.error(409);
}

#[tokio::test]
async fn a_deleted_message_takes_what_follows_and_comes_back_with_it() {
    let server = Server::start().await;
    let id = server.conversation().await;
    for n in 0..3 {
        server.answer(&id, "passages/passages", &format!("Question {n}")).await;
    }
    let before = server.messages(&id).await;
    let path = format!("/conversations/{id}/messages/{}", before[2]["id"].as_str().unwrap());
    assert!(server.delete(&path).await.is(200)["deleted_at"].is_string());
    assert_eq!(server.messages(&id).await, before[..2]);
    assert_eq!(server.get(&format!("/conversations/{id}")).await.is(200)["message_count"], 2);
    server.poke(&format!("{path}/restore")).await.is(200);
    assert_eq!(server.messages(&id).await, before);
}

#[tokio::test]
async fn the_trash_is_emptied_after_its_days() {
    let server = Server::with("TRASH_DAYS", 0).with("CLEANUP_INTERVAL_SECONDS", 1).start().await;
    let id = server.conversation().await;
    server.answer(&id, "passages/passages", "Soon gone").await;
    server.delete(&format!("/conversations/{id}")).await.is(200);
    eventually("it is gone for good", || async {
        (server.get(&format!("/conversations/{id}")).await.status == 404).then_some(())
    })
    .await;
    server.assert_sound();
}
