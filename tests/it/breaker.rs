//! The circuit breaker, one per upstream.

use serde_json::json;

use crate::harness::{Act, Server, Upstream, eventually};

async fn ask(server: &Server, model: &str) -> serde_json::Value {
    let conversation = server.conversation().await;
    let path = format!("/conversations/{conversation}/messages");
    server.post(&path, json!({"content": "Go", "model": model, "stream": false})).await.json()
}

async fn breaker(server: &Server, model: &str) -> serde_json::Value {
    let provider = model.replace("/tale-1", "");
    server.get(&format!("/providers/{provider}")).await.is(200)["breaker"].clone()
}

async fn stage(open_seconds: u32) -> (Server, Upstream, String) {
    let server = Server::with("RETRY_ATTEMPTS", 1)
        .with("BREAKER_FAILURES", 2)
        .with("BREAKER_SUCCESSES", 2)
        .with("BREAKER_HALF_OPEN_CALLS", 2)
        .with("BREAKER_OPEN_SECONDS", open_seconds)
        .start()
        .await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    (server, upstream, model)
}

#[tokio::test]
async fn it_opens_after_the_failures_and_then_nobody_is_asked() {
    let (server, upstream, model) = stage(60).await;
    for _ in 0..2 {
        upstream.then(Act::status(503));
        ask(&server, &model).await;
    }
    assert_eq!(breaker(&server, &model).await["state"], "open");
    let asked = upstream.chats().len();
    let refused = ask(&server, &model).await;
    let code =
        if refused["code"].is_string() { &refused["code"] } else { &refused["error"]["code"] };
    assert_eq!(code, "upstream_paused", "{refused}");
    assert_eq!(upstream.chats().len(), asked);
    let status = server.get("/status").await.is(200);
    assert!(status["breakers"].to_string().contains("open"), "{status}");
}

#[tokio::test]
async fn one_bad_upstream_never_affects_another() {
    let (server, upstream, model) = stage(60).await;
    let healthy = Upstream::openai().await;
    let other = server.connect(&healthy).await;
    for _ in 0..2 {
        upstream.then(Act::Reset);
        ask(&server, &model).await;
    }
    assert_eq!(breaker(&server, &model).await["state"], "open");
    assert_eq!(ask(&server, &other).await["state"], "complete");
    assert_eq!(breaker(&server, &other).await["state"], "closed");
}

#[tokio::test]
async fn it_closes_again_after_the_successes() {
    let (server, upstream, model) = stage(1).await;
    for _ in 0..2 {
        upstream.then(Act::status(503));
        ask(&server, &model).await;
    }
    assert_eq!(breaker(&server, &model).await["state"], "open");
    eventually("a probe passes", || async {
        (ask(&server, &model).await["state"] == "complete").then_some(())
    })
    .await;
    assert_eq!(breaker(&server, &model).await["state"], "half_open");
    assert_eq!(ask(&server, &model).await["state"], "complete");
    assert_eq!(breaker(&server, &model).await["state"], "closed");
}

#[tokio::test]
async fn a_failing_probe_opens_it_again() {
    let (server, upstream, model) = stage(1).await;
    for _ in 0..3 {
        upstream.then(Act::status(503));
    }
    ask(&server, &model).await;
    ask(&server, &model).await;
    eventually("the probe reaches the upstream", || async {
        ask(&server, &model).await;
        (upstream.chats().len() == 3).then_some(())
    })
    .await;
    assert_eq!(breaker(&server, &model).await["state"], "open");
}

#[tokio::test]
async fn half_open_lets_only_so_many_through_and_a_cancelled_probe_gives_its_place_back() {
    let (server, upstream, model) = stage(1).await;
    for _ in 0..2 {
        upstream.then(Act::status(503));
        ask(&server, &model).await;
    }
    let paces: Vec<_> = (0..3).map(|_| upstream.paced()).collect();
    let mut probes = Vec::new();
    eventually("two probes are let through", || async {
        (breaker(&server, &model).await["state"] != "open").then_some(())
    })
    .await;
    for expected in 1..=2 {
        let conversation = server.conversation().await;
        probes.push(server.ask(&conversation, &model, "Probe").await);
        upstream.chat(2 + expected).await;
    }
    let refused = ask(&server, &model).await;
    let code =
        if refused["code"].is_string() { &refused["code"] } else { &refused["error"]["code"] };
    assert_eq!(code, "upstream_paused", "{refused}");
    server.poke(&format!("/turns/{}/cancel", probes[0].turn)).await.is(200);
    let conversation = server.conversation().await;
    server.ask(&conversation, &model, "In its place").await;
    upstream.chat(5).await;
    drop(paces);
}

#[tokio::test]
async fn it_can_be_reset_by_hand() {
    let (server, upstream, model) = stage(60).await;
    for _ in 0..2 {
        upstream.then(Act::status(503));
        ask(&server, &model).await;
    }
    let provider = model.replace("/tale-1", "");
    let reset = server.poke(&format!("/providers/{provider}/reset")).await.is(200);
    assert_eq!(reset["breaker"]["state"], "closed", "{reset}");
    assert_eq!(ask(&server, &model).await["state"], "complete");
}

#[tokio::test]
async fn a_no_from_a_healthy_server_does_not_count() {
    let (server, upstream, model) = stage(60).await;
    for status in [401, 429, 400, 404] {
        upstream.then(Act::status(status));
        ask(&server, &model).await;
    }
    assert_eq!(breaker(&server, &model).await["state"], "closed");
}
