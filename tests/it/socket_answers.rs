//! Every frame of the chat socket gets its answer, once.

use serde_json::{Value, json};

use crate::harness::socket::Socket;
use crate::harness::{Act, Server, Upstream};

/// A server, its model, a conversation and a socket on it.
async fn stage() -> (Server, Upstream, (String, String), Socket) {
    // Nothing is read while something is asked over HTTP, so no ping is answered either.
    let server = Server::with("CONNECTION_TIMEOUT_SECONDS", 60).start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let socket = server.socket(&format!("/ws/chat/{conversation}")).await;
    (server, upstream, (model, conversation), socket)
}

/// What comes before the answer to a ping: everything that was due.
async fn due(socket: &mut Socket) -> Vec<Value> {
    socket.send(json!({"type": "ping"})).await;
    let mut frames = socket.until("pong").await;
    frames.pop();
    frames
}

#[tokio::test]
async fn a_turn_of_another_conversation_is_not_stopped_from_this_one() {
    let (server, upstream, (model, _), mut socket) = stage().await;
    let elsewhere = server.conversation().await;
    let pace = upstream.paced();
    let asked = server.ask(&elsewhere, &model, "Hello").await;
    pace.say("Some");
    for kind in ["cancel", "resume"] {
        socket.send(json!({"type": kind, "turn_id": asked.turn})).await;
        let error = socket.next().await;
        let told = [&error["type"], &error["code"], &error["request"]];
        assert_eq!(told, ["error", "not_found", kind], "{error}");
    }
    assert_eq!(server.get(&format!("/turns/{}", asked.turn)).await.is(200)["state"], "running");
}

#[tokio::test]
async fn a_turn_with_nothing_newer_is_said_to_have_nothing_newer() {
    let (server, upstream, (model, conversation), mut socket) = stage().await;
    let pace = upstream.paced();
    let asked = server.ask(&conversation, &model, "Hello").await;
    pace.say("Some");
    let seen = socket.until("chunk").await.last().unwrap()["seq"].clone();
    let resume = |after: &Value| json!({"type": "resume", "turn_id": asked.turn, "after": after});
    socket.send(resume(&seen)).await;
    let status = socket.next().await;
    assert_eq!(status["type"], "status", "{status}");
    assert_eq!(
        (&status["code"], &status["turn_id"]),
        (&json!("nothing_newer"), &json!(asked.turn))
    );
    pace.finish();
    let last = socket.until("complete").await.last().unwrap()["seq"].clone();
    socket.send(resume(&last)).await;
    assert_eq!(socket.next().await["code"], "nothing_newer");
}

#[tokio::test]
async fn the_end_of_a_turn_that_is_stopped_is_told_once_for_each_time_it_is_asked_for() {
    let (_server, upstream, (model, _), mut socket) = stage().await;
    let pace = upstream.paced();
    let question = json!({"type": "chat", "content": "Hello", "model": model});
    socket.send(question).await;
    pace.say("Some");
    let frames = socket.until("chunk").await;
    let cancel = json!({"type": "cancel", "turn_id": frames[0]["turn_id"]});
    socket.send(cancel.clone()).await;
    let end = socket.until("complete").await.pop().unwrap();
    assert!(due(&mut socket).await.is_empty(), "what was shown is shown again");
    socket.send(cancel).await;
    assert_eq!(socket.next().await, end);
    assert!(due(&mut socket).await.is_empty());
}

#[tokio::test]
async fn a_finished_turn_is_shown_once() {
    let (_server, upstream, (model, _), mut socket) = stage().await;
    upstream.then(Act::answer(&["All", " of", " it."]));
    let question = json!({"type": "chat", "content": "Hello", "model": model});
    socket.send(question).await;
    socket.until("complete").await;
    assert!(due(&mut socket).await.is_empty());
}
