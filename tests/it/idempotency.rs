//! `Idempotency-Key`: one effect and one answer, also after a crash.

use serde_json::json;

use crate::harness::talk::{id_of, items};
use crate::harness::{Server, Upstream};

#[tokio::test]
async fn the_same_key_has_one_effect_and_one_answer() {
    let server = Server::start().await;
    let body = json!({"title": "Once"});
    let first = server.post_once("key-1", "/conversations", body.clone()).await.is(201);
    let again = server.post_once("key-1", "/conversations", body.clone()).await.is(201);
    assert_eq!(first, again);
    let other = server.post_once("key-2", "/conversations", body).await.is(201);
    assert_ne!(id_of(&first), id_of(&other));
    assert_eq!(items(&server.get("/conversations").await.is(200)).len(), 2);
}

#[tokio::test]
async fn keys_are_remembered_through_kill_9() {
    let mut server = Server::start().await;
    let body = json!({"title": "Once"});
    let first = server.post_once("key-1", "/conversations", body.clone()).await.is(201);
    server.kill();
    server.boot().await;
    let again = server.post_once("key-1", "/conversations", body).await.is(201);
    assert_eq!(first, again);
}

#[tokio::test]
async fn many_at_once_with_one_key_are_one() {
    let server = Server::start().await;
    let body = json!({"title": "Once"});
    let all = futures_util::future::join_all(
        (0..20).map(|_| server.post_once("key-1", "/conversations", body.clone())),
    )
    .await;
    let ids: std::collections::BTreeSet<String> =
        all.into_iter().map(|r| id_of(&r.is(201))).collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn a_question_asked_twice_with_one_key_is_asked_once() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let path = format!("/conversations/{conversation}/messages");
    let body = json!({"content": "Only once", "model": model});
    let first = server.post_once("ask-1", &path, body.clone()).await.is(202);
    server.whole_turn(first["turn_id"].as_str().unwrap()).await;
    let again = server.post_once("ask-1", &path, body).await.is(202);
    assert_eq!(first["turn_id"], again["turn_id"]);
    assert_eq!(server.messages(&conversation).await.len(), 2);
    assert_eq!(upstream.chats().len(), 1);
}

#[tokio::test]
async fn a_key_used_for_something_else_is_a_conflict() {
    let server = Server::start().await;
    server.post_once("key-1", "/conversations", json!({"title": "One"})).await.is(201);
    server.post_once("key-1", "/conversations", json!({"title": "Another"})).await.error(409);
    let upstream = Upstream::openai().await;
    let provider = json!({"kind": "openai", "base_url": upstream.base_url()});
    server.post_once("key-1", "/providers", provider).await.error(409);
}

#[tokio::test]
async fn every_write_takes_a_key() {
    let server = Server::start().await;
    let id = server.conversation().await;
    let path = format!("/conversations/{id}");
    let with_key = |method: reqwest::Method, path: &str, key: &str| {
        server.request(method, path).header("idempotency-key", key)
    };
    for round in 0..2 {
        let body = json!({"title": "Renamed"});
        let patch = with_key(reqwest::Method::PATCH, &path, "patch-1").json(&body);
        assert_eq!(server.send(patch).await.is(200)["title"], "Renamed", "round {round}");
        let delete = with_key(reqwest::Method::DELETE, &path, "delete-1");
        server.send(delete).await.is(200);
        if round == 0 {
            server.poke(&format!("{path}/restore")).await.is(200);
        }
    }
    // The second delete was the answer of the first one again, without its effect.
    assert!(server.get(&path).await.is(200)["deleted_at"].is_null());
}

#[tokio::test]
async fn a_malformed_key_is_refused() {
    let server = Server::start().await;
    let long = "k".repeat(201);
    for bad in ["", "with space", long.as_str()] {
        server.post_once(bad, "/conversations", json!({})).await.error(400);
    }
    server.post_once(&"k".repeat(200), "/conversations", json!({})).await.is(201);
}

#[tokio::test]
async fn a_refusal_does_not_use_the_key_up() {
    let server = Server::start().await;
    server.post_once("key-1", "/conversations", json!({"title": 5})).await.error(400);
    server.post_once("key-1", "/conversations", json!({"title": "Good"})).await.is(201);
}
