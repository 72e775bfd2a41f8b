//! Stopping an answer: at once, keeping what came, leaving nothing behind.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Act, Server, Upstream, eventually};

async fn stage() -> (Server, Upstream, String, String) {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    (server, upstream, model, conversation)
}

#[tokio::test]
async fn a_stopped_answer_keeps_what_came_and_ends_the_upstream_request() {
    let (server, upstream, model, conversation) = stage().await;
    let pace = upstream.paced();
    let asked = server.ask(&conversation, &model, "Go").await;
    let mut stream = server.turn_events(&asked.turn).await;
    pace.say("What came ");
    pace.say("so far");
    stream.until(|event| event.data["text"].to_string().contains("far")).await;
    let stopped = server.poke(&format!("/turns/{}/cancel", asked.turn)).await.is(200);
    assert_eq!(stopped["state"], "cancelled", "{stopped}");
    let seen = upstream.chat(1).await;
    eventually("the upstream request is closed", || async {
        seen.was_closed_early().then_some(())
    })
    .await;
    let message = server.message_in_state(&conversation, &asked.answer, "cancelled").await;
    assert_eq!(message["content"], "What came so far");
    assert!(message["error"].is_null(), "{message}");
    let last = stream.rest().await.pop().unwrap();
    assert_eq!(last.name, "complete");
    let again = server.poke(&format!("/turns/{}/cancel", asked.turn)).await.is(200);
    assert_eq!(again["state"], "cancelled", "stopping twice is fine");
}

#[tokio::test]
async fn an_answer_that_has_not_begun_is_stopped_too() {
    let (server, upstream, model, conversation) = stage().await;
    upstream.then(Act::Hang);
    let asked = server.ask(&conversation, &model, "Go").await;
    let seen = upstream.chat(1).await;
    server.poke(&format!("/turns/{}/cancel", asked.turn)).await.is(200);
    eventually("the upstream request is closed", || async {
        seen.was_closed_early().then_some(())
    })
    .await;
    server.message_in_state(&conversation, &asked.answer, "cancelled").await;
}

#[tokio::test]
async fn an_answer_waiting_for_its_next_attempt_is_stopped_too() {
    let server = Server::with("RETRY_BASE_MS", 10_000)
        .with("RETRY_MAX_MS", 10_000)
        .with("BREAKER_FAILURES", 100)
        .start()
        .await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    upstream.then(Act::status(503));
    let asked = server.ask(&conversation, &model, "Go").await;
    server.turn_events(&asked.turn).await.until_named("status").await;
    let path = format!("/turns/{}/cancel", asked.turn);
    let stopping = server.poke(&path);
    let stopped = tokio::time::timeout(Duration::from_secs(5), stopping).await.unwrap().is(200);
    assert_eq!(stopped["state"], "cancelled");
    assert_eq!(upstream.chats().len(), 1);
}

#[tokio::test]
async fn a_stopped_answer_can_be_continued() {
    let (server, upstream, model, conversation) = stage().await;
    let pace = upstream.paced();
    let asked = server.ask(&conversation, &model, "Go").await;
    let mut stream = server.turn_events(&asked.turn).await;
    pace.say("Half ");
    stream.until_named("chunk").await;
    server.poke(&format!("/turns/{}/cancel", asked.turn)).await.is(200);
    server.message_in_state(&conversation, &asked.answer, "cancelled").await;
    upstream.then(Act::answer(&["whole."]));
    let path = format!("/conversations/{conversation}/messages/{}/continue", asked.answer);
    let going_on = server.post(&path, json!({})).await.is(202);
    server.whole_turn(going_on["turn_id"].as_str().unwrap()).await;
    assert_eq!(server.message(&conversation, &asked.answer).await["content"], "Half whole.");
}

#[tokio::test]
async fn two_hundred_stopped_answers_leave_no_connection_behind() {
    let server = Server::with("ENABLE_EMBEDDINGS", false).start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let descriptors =
        || std::fs::read_dir(format!("/proc/{}/fd", server.pid())).map_or(0, Iterator::count);
    let mut before = 0;
    for round in 0..8 {
        let conversations =
            futures_util::future::join_all((0..25).map(|_| server.conversation())).await;
        for n in 0..25 {
            // Some have begun to answer, some say nothing.
            if n % 2 == 0 {
                upstream.paced().say("x");
            } else {
                upstream.then(Act::Hang);
            }
        }
        let asked = futures_util::future::join_all(
            conversations.iter().map(|id| server.ask(id, &model, "Go")),
        )
        .await;
        upstream.chat((round + 1) * 25).await;
        futures_util::future::join_all(asked.iter().map(|asked| async {
            server.poke(&format!("/turns/{}/cancel", asked.turn)).await.is(200);
        }))
        .await;
        eventually("all upstream connections are closed", || async {
            (upstream.open() == 0).then_some(())
        })
        .await;
        if round == 0 {
            before = descriptors();
        }
    }
    let status = server.get("/status").await.is(200);
    assert_eq!(status["turns"]["running"], 0, "{status}");
    eventually("no descriptor is left behind", || async {
        (descriptors() <= before + 10).then_some(())
    })
    .await;
}
