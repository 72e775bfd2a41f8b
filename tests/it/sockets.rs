//! WebSockets: chat, cancel, resume, typing, ping, and what is wrong gets an error frame.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::socket::text_of;
use crate::harness::{Act, Server, Upstream};

async fn stage() -> (Server, Upstream, String, String) {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    (server, upstream, model, conversation)
}

#[tokio::test]
async fn a_question_over_the_socket_is_answered_in_frames() {
    let (server, upstream, model, conversation) = stage().await;
    for root in ["/ws/chat", "/api/ws/chat", "/api/v1/ws/chat"] {
        let mut socket = server.socket(&format!("{root}/{conversation}")).await;
        upstream.then(Act::answer(&["Over", " the", " wire."]));
        socket.send(json!({"type": "chat", "content": "Hello", "model": model})).await;
        let frames = socket.until("complete").await;
        assert_eq!(text_of(&frames), "Over the wire.");
        assert_eq!(frames[0]["type"], "start", "{frames:?}");
        assert!(frames[0]["turn_id"].is_string() && frames[0]["message_id"].is_string());
        let seqs: Vec<u64> = frames.iter().filter_map(|frame| frame["seq"].as_u64()).collect();
        assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
        assert_eq!(frames.last().unwrap()["message"]["content"], "Over the wire.");
    }
}

#[tokio::test]
async fn every_socket_of_a_conversation_shows_every_turn_of_it() {
    let (server, upstream, model, conversation) = stage().await;
    let path = format!("/ws/chat/{conversation}");
    let (mut one, mut two) = (server.socket(&path).await, server.socket(&path).await);
    let elsewhere = server.conversation().await;
    let mut stranger = server.socket(&format!("/ws/chat/{elsewhere}")).await;
    upstream.then(Act::answer(&["For", " all."])).then(Act::answer(&["Also", " this."]));
    one.send(json!({"type": "chat", "content": "Hello", "model": model})).await;
    assert_eq!(text_of(&one.until("complete").await), "For all.");
    assert_eq!(text_of(&two.until("complete").await), "For all.");
    server.answer(&conversation, &model, "Over HTTP").await;
    assert_eq!(text_of(&one.until("complete").await), "Also this.");
    assert_eq!(text_of(&two.until("complete").await), "Also this.");
    stranger.send(json!({"type": "ping"})).await;
    assert_eq!(
        stranger.next().await["type"],
        "pong",
        "nothing of another conversation came before"
    );
}

#[tokio::test]
async fn a_socket_that_comes_late_or_again_gets_the_same_text_once() {
    let (server, upstream, model, conversation) = stage().await;
    let path = format!("/ws/chat/{conversation}");
    let pace = upstream.paced();
    let mut first = server.socket(&path).await;
    first.send(json!({"type": "chat", "content": "Hello", "model": model})).await;
    pace.say("one ");
    pace.say("two ");
    let mut seen = Vec::new();
    while !text_of(&seen).contains("two") {
        seen.push(first.next().await);
    }
    let (turn, last) = (seen[0]["turn_id"].clone(), seen.last().unwrap()["seq"].clone());
    drop(first);
    let mut again = server.socket(&path).await;
    again.send(json!({"type": "resume", "turn_id": turn, "after": last})).await;
    pace.say("three");
    pace.finish();
    let rest = again.until("complete").await;
    let mut late = server.socket(&path).await;
    late.send(json!({"type": "resume", "turn_id": turn, "after": 0})).await;
    let whole = late.until("complete").await;
    assert_eq!(text_of(&whole), "one two three");
    // A socket is shown running turns from the start, so what it joined to may come before the resume.
    let mut all: Vec<Value> = seen;
    for frame in rest {
        if !all.iter().any(|known| known["seq"] == frame["seq"]) {
            all.push(frame);
        }
    }
    assert_eq!(text_of(&all), "one two three");
}

#[tokio::test]
async fn a_turn_is_stopped_over_the_socket() {
    let (server, upstream, model, conversation) = stage().await;
    let mut socket = server.socket(&format!("/ws/chat/{conversation}")).await;
    let pace = upstream.paced();
    socket.send(json!({"type": "chat", "content": "Hello", "model": model})).await;
    pace.say("Some");
    let frames = socket.until("chunk").await;
    socket.send(json!({"type": "cancel", "turn_id": frames[0]["turn_id"]})).await;
    let done = socket.until("complete").await;
    let message = &done.last().unwrap()["message"];
    assert_eq!(
        (message["state"].as_str(), message["content"].as_str()),
        (Some("cancelled"), Some("Some"))
    );
}

#[tokio::test]
async fn ping_and_typing_are_understood() {
    let (server, _upstream, _model, conversation) = stage().await;
    let mut socket = server.socket(&format!("/ws/chat/{conversation}")).await;
    socket.send(json!({"type": "typing"})).await;
    socket.send(json!({"type": "ping"})).await;
    let pong = socket.next().await;
    assert_eq!(pong["type"], "pong", "typing has no effect for one user");
    crate::harness::client::assert_instant(&pong["timestamp"]);
}

#[tokio::test]
async fn a_failed_turn_is_an_error_frame_with_what_was_kept() {
    let (server, upstream, model, conversation) = stage().await;
    let mut socket = server.socket(&format!("/ws/chat/{conversation}")).await;
    upstream.then(Act::status(401));
    socket.send(json!({"type": "chat", "content": "Hello", "model": model})).await;
    let frames = socket.until("error").await;
    let error = frames.last().unwrap();
    assert_eq!(error["code"], "wrong_key", "{error}");
    assert!(error["turn_id"].is_string() && error["message"]["id"].is_string(), "{error}");
}

#[tokio::test]
async fn a_frame_over_the_limit_closes_with_1009() {
    let server = Server::with("MAX_FRAME_KB", 16).start().await;
    let conversation = server.conversation().await;
    let mut socket = server.socket(&format!("/ws/chat/{conversation}")).await;
    let large = json!({"type": "chat", "content": "x".repeat(110_000)});
    socket.send(large).await;
    assert_eq!(socket.close_code().await, 1009);
    server.get("/health/ready").await.is(200);
}

#[tokio::test]
async fn binary_frames_are_answered_with_an_error() {
    let (server, _upstream, _model, conversation) = stage().await;
    let mut socket = server.socket(&format!("/ws/chat/{conversation}")).await;
    socket.send_message(Message::binary(vec![0_u8, 1, 2, 255])).await;
    assert_eq!(socket.next().await["type"], "error");
}

#[tokio::test]
async fn a_conversation_that_is_not_there_has_no_socket() {
    let (server, _upstream, _model, conversation) = stage().await;
    for id in ["conv_01900000000070008000000000000000", "nonsense"] {
        let refused = server.try_socket(&format!("/ws/chat/{id}"), &[]).await;
        assert_eq!(refused.err(), Some(404), "{id}");
    }
    server.delete(&format!("/conversations/{conversation}")).await.is(200);
    let mut socket = match server.try_socket(&format!("/ws/chat/{conversation}"), &[]).await {
        Ok(socket) => socket,
        Err(status) => return assert!(matches!(status, 404 | 409), "{status}"),
    };
    socket.send(json!({"type": "chat", "content": "Hello?", "model": "passages/passages"})).await;
    assert_eq!(socket.until("error").await.last().unwrap()["status"], 409);
}

#[tokio::test]
async fn a_silent_peer_is_pinged_and_then_dropped() {
    let server = Server::start().await; // The preset pings every second and gives up after three.
    let conversation = server.conversation().await;
    let path = format!("/ws/chat/{conversation}");
    let mut alive = server.socket(&path).await;
    let mut dead = server.connection().await;
    let upgrade = format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        server.port()
    );
    tokio::io::AsyncWriteExt::write_all(&mut dead, upgrade.as_bytes()).await.unwrap();
    let keeps_answering = async {
        loop {
            if let Some(Message::Close(_)) | None = alive.next_message().await {
                return;
            }
        }
    };
    let reading = crate::harness::raw::read_all(&mut dead);
    tokio::select! {
        answer = reading => assert!(answer.contains("101"), "{answer}"),
        () = keeps_answering => panic!("the one that answers was dropped"),
    }
}

#[tokio::test]
async fn a_question_over_the_socket_names_documents_and_begins_anew_as_over_http() {
    let (server, _upstream, model, conversation) = stage().await;
    let lease = "The tenant shall give notice three months before the end of the quarter.";
    let lease = server.read_document("lease.txt", lease.as_bytes()).await;
    let mut socket = server.socket(&format!("/ws/chat/{conversation}")).await;
    let ask = |more: Value| {
        let mut frame = json!({"type": "chat", "content": "How long?", "model": model});
        frame.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        frame
    };
    socket.send(ask(json!({"documents": [lease["id"]]}))).await;
    let answer = socket.until("complete").await.pop().unwrap()["message"].clone();
    assert_eq!(answer["sources"][0]["document_id"], lease["id"], "{answer}");
    assert_eq!(answer["sources"][0]["whole"], true, "{answer}");
    let question = server.messages(&conversation).await.remove(0);
    assert_eq!(question["document_ids"], json!([lease["id"]]));
    socket.send(ask(json!({}))).await;
    socket.until("complete").await;
    assert_eq!(server.messages(&conversation).await.len(), 4, "it follows what was said last");
    socket.send(ask(json!({"parent_id": null}))).await;
    socket.until("complete").await;
    let path = server.messages(&conversation).await;
    assert_eq!((path.len(), &path[0]["parent_id"]), (2, &Value::Null), "it follows nothing");
    socket.send(ask(json!({"documents": ["doc_00000000000000000000000000000000"]}))).await;
    assert_eq!(socket.until("error").await.pop().unwrap()["code"], "not_found");
}
