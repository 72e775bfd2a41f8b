//! A server that stands still for a while, as under a debugger or on a machine that swaps: nothing
//! panics, clients go on or come back to the whole text, and what was missed is not made up for at once.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::dialect::Dialect;
use crate::harness::events::text_of;
use crate::harness::{Server, Upstream, eventually, socket};

/// How long it stands still, which is the fault itself: several times as long as between two pings.
const STILL: Duration = Duration::from_secs(5);

async fn freeze(server: &Server, meanwhile: impl FnOnce()) {
    server.signal("STOP");
    meanwhile();
    tokio::time::sleep(STILL).await;
    server.signal("CONT");
}

#[tokio::test]
async fn a_server_that_stood_still_goes_on_and_its_clients_have_the_whole_text() {
    // Silence is borne for less long than it stands still.
    let server = Server::with("HEARTBEAT_SECONDS", 1)
        .with("CONNECTION_TIMEOUT_SECONDS", 3)
        .with("FEED_BUFFER", 16)
        .start()
        .await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let path = format!("/ws/chat/{conversation}");
    let mut feed = server.events("/events").await;
    feed.until_named("hello").await;
    let mut chat = server.socket(&path).await;
    let mut agent = server.socket("/ws/agent").await;
    agent.until("connection_confirmed").await;
    let pace = upstream.paced();
    let asked = server.ask(&conversation, &model, "Go").await;
    let mut turn = server.turn_events(&asked.turn).await;
    pace.say("before ");
    turn.until_named("chunk").await;
    chat.until("chunk").await;

    freeze(&server, || (0..100).for_each(|n| pace.say(&format!("{n} ")))).await;
    pace.say("after");
    pace.finish();
    let whole: String = (0..100).map(|n| format!("{n} ")).collect();
    let whole = format!("before {whole}after");
    let events = turn.rest().await;
    assert_eq!(events.last().unwrap().name, "complete", "{events:?}");
    assert_eq!(format!("before {}", text_of(&events)), whole, "who reads events goes on");
    let answer = server.message_in_state(&conversation, &asked.answer, "complete").await;
    assert_eq!(answer["content"], whole.as_str());
    // A socket is kept, or closed so that its client comes back: either way it is shown everything.
    let shown = async {
        while let Some(message) = chat.next_message().await {
            let Message::Text(text) = message else { return None };
            let frame: serde_json::Value = serde_json::from_str(&text).unwrap();
            if frame["type"] == "complete" {
                return Some(frame);
            }
        }
        None
    };
    let shown = if let Some(frame) = shown.await {
        frame
    } else {
        let mut chat = server.socket(&path).await;
        chat.send(json!({"type": "resume", "turn_id": asked.turn, "after": 0})).await;
        chat.until("complete").await.pop().unwrap()
    };
    assert_eq!(shown["message"]["content"], whole.as_str());
    // The feed goes on, with all of it or a word that something was missed.
    let told = feed.until(|event| event.name == "resync" || event.data["type"] == "complete").await;
    assert!(!told.is_empty());
    drop(agent);
    let mut agent = server.socket("/ws/agent").await;
    server.post("/send", json!({"from": "a", "to": "agent", "text": "hello"})).await.is(200);
    agent.until("message").await;
    assert_eq!(server.get("/health").await.is(200)["status"], "ok");
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[tokio::test]
async fn a_model_is_not_blamed_for_the_time_in_which_the_server_stood_still() {
    let server = Server::with("STREAM_IDLE_TIMEOUT_MS", 3000)
        .with("API_TIMEOUT_MS", 3000)
        .with("RETRY_ATTEMPTS", 1)
        .start()
        .await;
    // Of this dialect nothing comes before the first words.
    let upstream = Upstream::start(Dialect::Ollama).await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let pace = upstream.paced();
    let asked = server.ask(&conversation, &model, "Go").await;
    eventually("the model was asked", || async {
        upstream.requests().iter().any(|seen| seen.path == "/api/chat").then_some(())
    })
    .await;
    freeze(&server, || {}).await;
    pace.say("Here I am.");
    pace.finish();
    let answer = server.message_in_state(&conversation, &asked.answer, "complete").await;
    assert_eq!(answer["content"], "Here I am.");
}

/// How long the next so many pings take to come.
async fn pings(socket: &mut socket::Socket, count: usize) -> Duration {
    let began = Instant::now();
    for _ in 0..count {
        while !matches!(socket.any_message().await, Some(Message::Ping(_))) {}
    }
    began.elapsed()
}

#[tokio::test]
async fn pings_that_were_missed_are_not_made_up_for() {
    let server =
        Server::with("HEARTBEAT_SECONDS", 1).with("CONNECTION_TIMEOUT_SECONDS", 60).start().await;
    let conversation = server.conversation().await;
    let mut chat = server.socket(&format!("/ws/chat/{conversation}")).await;
    let mut agent = server.socket("/ws/agent").await;
    let (_, _) = tokio::join!(pings(&mut chat, 1), pings(&mut agent, 1));
    freeze(&server, || ()).await;
    let (chat, agent) = tokio::join!(pings(&mut chat, 4), pings(&mut agent, 4));
    // Four in one go would be those that were missed; the second of the true ones is a second away.
    for (name, took) in [("chat", chat), ("bus", agent)] {
        assert!(took > Duration::from_secs(1), "four pings of the {name} within {took:?}");
    }
}
