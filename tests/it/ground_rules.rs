//! What every route keeps: instants, ids, request ids.

use serde_json::{Value, json};

use crate::harness::client::{assert_id, assert_instant};
use crate::harness::raw::status_of;
use crate::harness::{Server, Upstream};

/// Every instant and id anywhere in a body.
fn check_everywhere(value: &Value, name: &str) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, inner)| check_everywhere(inner, key)),
        Value::Array(items) => items.iter().for_each(|inner| check_everywhere(inner, name)),
        Value::String(_) if name.ends_with("_at") || name == "timestamp" => assert_instant(value),
        Value::String(text) => {
            for kind in ["conv", "msg", "turn", "prov"] {
                if text.starts_with(&format!("{kind}_")) && !text.contains('/') {
                    assert_id(value, kind);
                }
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn instants_and_ids_have_one_form_everywhere() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let asked = server.ask(&conversation, &model, "What time is it?").await;
    for event in server.whole_turn(&asked.turn).await {
        check_everywhere(&event.data, "");
    }
    for path in [
        "/conversations",
        "/providers",
        "/models",
        "/config",
        "/status",
        "/logs",
        "/health",
        &format!("/conversations/{conversation}"),
        &format!("/conversations/{conversation}/messages"),
        &format!("/conversations/{conversation}/tree"),
        &format!("/turns/{}", asked.turn),
    ] {
        check_everywhere(&server.get(path).await.is(200), "");
    }
    assert_id(&json!(conversation), "conv");
    assert_id(&json!(asked.question), "msg");
    assert_id(&json!(asked.turn), "turn");
}

#[tokio::test]
async fn ids_sort_by_the_time_they_were_made() {
    let server = Server::start().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(server.conversation().await);
    }
    let mut sorted = ids.clone();
    sorted.sort();
    assert_eq!(ids, sorted);
}

#[tokio::test]
async fn a_good_request_id_is_kept_and_a_bad_one_replaced() {
    let server = Server::start().await;
    let longest = "x".repeat(128);
    for good in ["abc", "my-request/1:2", longest.as_str()] {
        let request = server.request(reqwest::Method::GET, "/folders").header("x-request-id", good);
        let reply = server.send(request).await;
        assert_eq!(reply.header("x-request-id"), good);
    }
    let too_long = "x".repeat(129);
    for bad in ["", "with space", "tab\there", too_long.as_str()] {
        let request = server.request(reqwest::Method::GET, "/folders").header("x-request-id", bad);
        let reply = server.send(request).await;
        assert_id(&json!(reply.header("x-request-id")), "req");
    }
}

#[tokio::test]
async fn the_request_id_is_on_errors_assets_health_and_upgrades() {
    let server = Server::start().await;
    for path in ["/api/v1/nothing", "/", "/health/live", "/nowhere.js"] {
        let request = server.request(reqwest::Method::GET, path).header("x-request-id", "mine-1");
        assert_eq!(server.send(request).await.header("x-request-id"), "mine-1", "{path}");
    }
    let conversation = server.conversation().await;
    let path = format!("/ws/chat/{conversation}");
    let socket = server.try_socket(&path, &[("x-request-id", "mine-2")]).await.unwrap();
    assert_eq!(socket.headers["x-request-id"], "mine-2");
    let malformed = server.raw_get("/api/v1/folders", &[]).await;
    assert_eq!(status_of(&malformed), 400, "{malformed}");
    assert!(malformed.to_ascii_lowercase().contains("x-request-id: req_"), "{malformed}");
}

#[tokio::test]
async fn the_request_id_is_on_the_log_lines_of_its_request() {
    let server = Server::with("LOG_FORMAT", "json").start().await;
    let request = server.request(reqwest::Method::GET, "/conversations?limit=0");
    server.send(request.header("x-request-id", "find-me-1")).await.error(400);
    crate::harness::eventually("the line is logged", || async {
        server
            .log()
            .lines()
            .any(|line| line.contains("find-me-1") && line.contains("limit"))
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn input_instants_may_have_any_offset() {
    let server = Server::start().await;
    let body = |from: &str| json!({"query": "a", "filters": {"from": from}});
    for good in ["2026-02-22T12:30:45+02:00", "2026-02-22T10:30:45.123456Z", "2026-02-22T10:30:45Z"]
    {
        server.post("/search", body(good)).await.is(200);
    }
    for bad in ["yesterday", "2026-02-22", "2026-13-01T00:00:00Z"] {
        server.post("/search", body(bad)).await.error(400);
    }
}

#[tokio::test]
async fn a_traceparent_is_on_the_log_lines_too() {
    let server = Server::with("LOG_FORMAT", "json").start().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = server
        .request(reqwest::Method::GET, "/conversations?limit=0")
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    server.send(request).await.error(400);
    server.logs(trace).await;
}
