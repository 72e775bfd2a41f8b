//! Retries: which failures, how many, when, and that the person sees them.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::client::assert_instant;
use crate::harness::{Act, Server, Step, Upstream, eventually};

async fn stage(attempts: u32) -> (Server, Upstream, String, String) {
    let server =
        Server::with("RETRY_ATTEMPTS", attempts).with("BREAKER_FAILURES", 100).start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    (server, upstream, model, conversation)
}

#[tokio::test]
async fn a_passing_failure_is_tried_again_and_shown() {
    for act in [
        || Act::status(502),
        || Act::status(503),
        || Act::status(504),
        || Act::status(529),
        || Act::Reset,
    ] {
        let (server, upstream, model, conversation) = stage(3).await;
        upstream.then(act()).then(act());
        let asked = server.ask(&conversation, &model, "Go").await;
        let events = server.whole_turn(&asked.turn).await;
        let attempts: Vec<(u64, u64)> = events
            .iter()
            .filter(|event| event.name == "status")
            .filter_map(|event| Some((event.data["attempt"].as_u64()?, event.data["of"].as_u64()?)))
            .collect();
        assert_eq!(attempts, [(2, 3), (3, 3)], "{events:#?}");
        assert_eq!(events.last().unwrap().name, "complete");
        assert_eq!(upstream.chats().len(), 3);
        eventually("a warning before each wait is logged", || async {
            let warnings = server.log().lines().filter(|line| line.contains("WARN")).count();
            (warnings >= 2).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_no_is_not_tried_again() {
    for (status, code) in
        [(400, "upstream_rejected"), (401, "wrong_key"), (403, "wrong_key"), (429, "rate_limited")]
    {
        let (server, upstream, model, conversation) = stage(3).await;
        upstream.then(Act::status(status));
        let asked = server.ask(&conversation, &model, "Go").await;
        let events = server.whole_turn(&asked.turn).await;
        let last = events.last().unwrap();
        assert_eq!(
            (last.name.as_str(), &last.data["code"]),
            ("error", &json!(code)),
            "{status}: {last:?}"
        );
        assert_eq!(upstream.chats().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn an_internal_error_of_the_upstream_is_not_tried_again() {
    let (server, upstream, model, conversation) = stage(3).await;
    upstream.then(Act::status(500));
    let asked = server.ask(&conversation, &model, "Go").await;
    assert_eq!(server.whole_turn(&asked.turn).await.last().unwrap().name, "error");
    assert_eq!(upstream.chats().len(), 1);
}

#[tokio::test]
async fn nothing_is_tried_again_once_text_has_come() {
    let (server, upstream, model, conversation) = stage(3).await;
    upstream.then(Act::text_then("Begun", Step::Reset));
    let asked = server.ask(&conversation, &model, "Go").await;
    server.message_in_state(&conversation, &asked.answer, "interrupted").await;
    assert_eq!(upstream.chats().len(), 1);
}

#[tokio::test]
async fn attempts_end_at_their_number() {
    let (server, upstream, model, conversation) = stage(2).await;
    upstream.then(Act::status(503)).then(Act::status(503)).then(Act::answer(&["too late"]));
    let asked = server.ask(&conversation, &model, "Go").await;
    let message = server.message_in_state(&conversation, &asked.answer, "failed").await;
    assert_eq!(message["error"]["code"], "upstream_failed", "{message}");
    assert_eq!(upstream.chats().len(), 2);
}

#[tokio::test]
async fn waits_double_up_to_their_cap() {
    let server = Server::with("RETRY_ATTEMPTS", 4)
        .with("RETRY_BASE_MS", 100)
        .with("RETRY_MAX_MS", 300)
        .with("BREAKER_FAILURES", 100)
        .start()
        .await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    for _ in 0..3 {
        upstream.then(Act::status(503));
    }
    let start = Instant::now();
    assert_eq!(server.answer(&conversation, &model, "Go").await["state"], "complete");
    // 100 + 200 + 300: never less; how much more is the machine's affair.
    assert!(start.elapsed() >= Duration::from_millis(600), "{:?}", start.elapsed());
    let provider =
        server.get(&format!("/providers/{}", model.replace("/tale-1", ""))).await.is(200);
    assert_eq!(provider["stats"]["retries"], 3, "{provider}");
}

#[tokio::test]
async fn the_upstreams_own_wait_is_passed_on() {
    let (server, upstream, model, conversation) = stage(3).await;
    upstream.then(Act::status_with(429, "retry-after", "17"));
    let asked = server.ask(&conversation, &model, "Go").await;
    let events = server.whole_turn(&asked.turn).await;
    let said = &events.last().unwrap().data;
    assert_eq!(said["retry_after"], 17, "{events:?}");
    assert_instant(&said["timestamp"]);
}
