//! The bus over WebSockets and server-sent events: what waits comes first, nothing is lost, nothing
//! twice, and what is wrong gets an error frame.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::client::{assert_id, assert_instant};
use crate::harness::people::Person;
use crate::harness::socket::Socket;
use crate::harness::{Server, eventually};

async fn join(server: &Server, client: &str) -> Socket {
    let mut socket = server.socket(&format!("/ws/{client}")).await;
    let frames = socket.until("connection_confirmed").await;
    assert_eq!(frames.len(), 1, "{frames:?}");
    socket
}

async fn say(server: &Server, from: &str, to: &str, text: &str) -> Value {
    server.post("/send", json!({"from": from, "to": to, "text": text})).await.is(200)
}

/// The text of the next message.
async fn hear(socket: &mut Socket) -> String {
    let frame = socket.until("message").await.pop().unwrap();
    frame["message"]["payload"]["text"].as_str().unwrap().to_owned()
}

async fn error(socket: &mut Socket, code: &str) -> Value {
    let frame = socket.until("error").await.pop().unwrap();
    assert_eq!(frame["code"], code, "{frame}");
    assert_instant(&frame["timestamp"]);
    frame
}

#[tokio::test]
async fn frames_have_the_shapes_that_clients_know_at_every_address() {
    let server = Server::start().await;
    for (n, root) in ["/ws", "/api/ws", "/api/v1/ws"].iter().enumerate() {
        let client = format!("worker-{n}");
        let mut socket = server.socket(&format!("{root}/{client}")).await;
        let mut confirmed = socket.next().await;
        assert_id(&confirmed["connection_id"], "link");
        assert_instant(&confirmed["timestamp"]);
        for name in ["connection_id", "timestamp"] {
            confirmed.as_object_mut().unwrap().remove(name);
        }
        let server_name = format!("inglenook/{}", env!("CARGO_PKG_VERSION"));
        assert_eq!(
            confirmed,
            json!({"type": "connection_confirmed", "client_id": client, "server": server_name})
        );

        socket.send(json!({"type": "ping"})).await;
        assert_instant(&socket.until("pong").await.pop().unwrap()["timestamp"]);

        let frame = json!({"type": "send", "to": client, "msg_type": "note", "payload": {"n": n}, "id": "mine"});
        socket.send(frame).await;
        let (mut sent, mut message) = (None, None);
        while sent.is_none() || message.is_none() {
            let frame = socket.next().await;
            match frame["type"].as_str().unwrap() {
                "sent" => sent = Some(frame),
                "message" => message = Some(frame),
                _ => {}
            }
        }
        let (sent, message) = (sent.unwrap(), message.unwrap());
        assert_eq!(
            sent,
            json!({"type": "sent", "message_id": sent["message_id"], "seq": n + 1, "duplicate": false,
            "recipients": {client.as_str(): "online"}, "id": "mine"})
        );
        let time = message["message"]["timestamp"].clone();
        assert_eq!(
            message,
            json!({"type": "message", "message": {"seq": n + 1, "id": sent["message_id"], "from": client,
            "to": client, "type": "note", "payload": {"n": n}, "timestamp": time,
            "requires_ack": false, "reply_to": null}})
        );
        socket.send(json!({"type": "ack", "message_id": sent["message_id"]})).await;
        let acked = socket.until("acknowledged").await.pop().unwrap();
        assert_eq!(
            (&acked["message_id"], &acked["state"]),
            (&sent["message_id"], &json!("acknowledged"))
        );
    }
}

#[tokio::test]
async fn what_waited_comes_first_in_order_of_priority_and_then_what_comes() {
    let server = Server::with("QUEUE_MAX_PER_CLIENT", 1000).start().await;
    for n in 0..150 {
        let body = json!({"from": "a", "to": "b", "text": format!("m{n}"), "priority": if n % 50 == 49 { 1 } else { 5 }});
        server.post("/send", body).await.is(200);
    }
    let mut socket = join(&server, "b").await;
    say(&server, "a", "b", "live").await;
    let mut heard = Vec::new();
    for _ in 0..151 {
        heard.push(hear(&mut socket).await);
    }
    let urgent = [49, 99, 149];
    let usual = (0..150).filter(|n| !urgent.contains(n));
    let wanted: Vec<String> = urgent.into_iter().chain(usual).map(|n| format!("m{n}")).collect();
    assert_eq!(heard[..150], wanted);
    assert_eq!(heard[150], "live");
    drop(socket);
    let mut again = join(&server, "b").await;
    say(&server, "a", "b", "next").await;
    assert_eq!(hear(&mut again).await, "next", "what was delivered is not delivered again");
}

#[tokio::test]
async fn the_last_priority_is_overtaken_so_often_and_no_more() {
    let server =
        Server::with("QUEUE_MAX_PER_CLIENT", 10_000).with("BUS_BATCH_MAX", 10_000).start().await;
    let message = |priority: u8, text: String| json!({"from": "a", "to": "b", "text": text, "priority": priority});
    server.post("/send", message(9, "low".to_owned())).await.is(200);
    let batch: Vec<Value> = (0..8500).map(|n| message(1, format!("h{n}"))).collect();
    for part in batch.chunks(500) {
        server.post("/send/batch", json!({"messages": part})).await.is(200);
    }
    let mut socket = join(&server, "b").await;
    let mut heard = Vec::new();
    for _ in 0..8501 {
        heard.push(hear(&mut socket).await);
    }
    let at = heard.iter().position(|text| text == "low").unwrap();
    assert!((7900..8100).contains(&at), "{at}");
}

#[tokio::test]
async fn a_message_to_all_reaches_who_is_there_and_waits_for_who_was_and_not_for_who_was_not() {
    let mut server = Server::start().await;
    let mut there = join(&server, "there").await;
    drop(join(&server, "away").await);
    eventually("it is away", async || {
        (server.get("/clients/away").await.is(200)["state"] == "away").then_some(())
    })
    .await;
    let sent = say(&server, "a", "all", "hello").await;
    assert_eq!(sent["recipients"], json!({"away": "away", "there": "online"}));
    assert_eq!(hear(&mut there).await, "hello");
    assert_eq!(server.get("/clients/away").await.is(200)["waiting"], 1);
    server.kill();
    server.boot().await;
    let mut away = join(&server, "away").await;
    assert_eq!(hear(&mut away).await, "hello");
    let mut new = join(&server, "new").await;
    say(&server, "a", "all", "second").await;
    assert_eq!(hear(&mut new).await, "second", "it came after the first was said");
    assert_eq!(hear(&mut away).await, "second");
    let path = format!("/messages/{}/status", sent["message_id"].as_str().unwrap());
    let status = server.get(&path).await.is(200);
    for row in status["recipients"].as_array().unwrap() {
        assert_eq!(row["state"], "delivered", "{status}");
        assert_instant(&row["delivered_at"]);
    }
}

#[tokio::test]
async fn every_socket_of_a_client_is_given_each_message_once() {
    let server = Server::start().await;
    let (mut one, mut two) = (join(&server, "b").await, join(&server, "b").await);
    for n in 0..50 {
        say(&server, "a", "b", &n.to_string()).await;
    }
    for socket in [&mut one, &mut two] {
        for n in 0..50 {
            assert_eq!(hear(socket).await, n.to_string());
        }
    }
    let client = server.get("/clients/b").await.is(200);
    assert_eq!(client["connections"].as_array().unwrap().len(), 2, "{client}");
    assert_eq!((&client["state"], &client["waiting"]), (&json!("online"), &json!(0)));
}

#[tokio::test]
async fn a_slow_reader_slows_nobody_and_misses_nothing() {
    let plan = Server::with("BUS_BUFFER", 16)
        .with("QUEUE_MAX_PER_CLIENT", 100_000)
        .with("CONNECTION_TIMEOUT_SECONDS", 20);
    let server = plan.with("HEARTBEAT_SECONDS", 10).start().await;
    let (mut slow, mut quick) = (join(&server, "slow").await, join(&server, "quick").await);
    let text = "x".repeat(20_000);
    let mut sent = 0;
    for _ in 0..30 {
        let one = json!({"from": "a", "to": ["slow", "quick"], "payload": {"text": text}});
        let batch = json!({"messages": vec![one; 20]});
        server.post("/send/batch", batch).await.is(200);
        sent += 20;
        for _ in 0..20 {
            hear(&mut quick).await;
        }
    }
    let mut last = 0;
    for _ in 0..sent {
        let frame = slow.until("message").await.pop().unwrap();
        let seq = frame["message"]["seq"].as_i64().unwrap();
        assert_eq!(seq, last + 1);
        last = seq;
    }
    let client = server.get("/clients/slow").await.is(200);
    assert!(client["counters"]["overflows"].as_u64() >= Some(1), "{client}");
}

#[tokio::test]
async fn a_subscription_narrows_types_and_goes_back_to_a_number() {
    let server = Server::start().await;
    let mut socket = join(&server, "b").await;
    for (kind, text) in [("task", "one"), ("chatter", "two"), ("task", "three")] {
        server
            .post("/send", json!({"from": "a", "to": "b", "type": kind, "text": text}))
            .await
            .is(200);
        assert_eq!(hear(&mut socket).await, text);
    }
    socket.send(json!({"type": "subscribe", "types": ["task"], "since_seq": 0})).await;
    let subscribed = socket.until("subscribed").await.pop().unwrap();
    assert_eq!(subscribed, json!({"type": "subscribed", "types": ["task"], "since_seq": 0}));
    assert_eq!(hear(&mut socket).await, "one");
    assert_eq!(hear(&mut socket).await, "three");
    server
        .post("/send", json!({"from": "a", "to": "b", "type": "chatter", "text": "four"}))
        .await
        .is(200);
    server
        .post("/send", json!({"from": "a", "to": "b", "type": "task", "text": "five"}))
        .await
        .is(200);
    assert_eq!(hear(&mut socket).await, "five");
    // What was not wanted waits still.
    drop(socket);
    assert_eq!(hear(&mut join(&server, "b").await).await, "four");
}

#[tokio::test]
async fn who_was_cut_off_begins_after_the_number_it_read_last() {
    let server = Server::start().await;
    let mut socket = join(&server, "b").await;
    for text in ["one", "two", "three"] {
        say(&server, "a", "b", text).await;
    }
    for text in ["one", "two", "three"] {
        assert_eq!(hear(&mut socket).await, text);
    }
    drop(socket);
    say(&server, "a", "b", "four").await;
    let mut again = server.socket("/ws/b?since_seq=1").await;
    again.until("connection_confirmed").await;
    for text in ["two", "three", "four"] {
        assert_eq!(hear(&mut again).await, text);
    }
    say(&server, "a", "all", "five").await;
    assert_eq!(hear(&mut again).await, "five");
    assert_eq!(server.try_socket("/ws/b?since_seq=x", &[]).await.unwrap_err(), 400);
    assert_eq!(server.try_socket("/ws/b?x=1", &[]).await.unwrap_err(), 400);
}

#[tokio::test]
async fn what_is_not_acknowledged_is_delivered_again_and_says_so() {
    let server = Server::with("ACK_TIMEOUT_SECONDS", 1).with("ACK_RETRIES", 1).start().await;
    let (mut reader, mut sender) = (join(&server, "b").await, join(&server, "a").await);
    sender.send(json!({"type": "send", "to": "b", "text": "x", "require_ack": true})).await;
    let first = reader.until("message").await.pop().unwrap();
    assert_eq!(
        (&first["redelivered"], &first["message"]["requires_ack"]),
        (&Value::Null, &json!(true))
    );
    let second = reader.until("message").await.pop().unwrap();
    assert_eq!(
        (&second["redelivered"], &second["message"]["seq"]),
        (&json!(true), &first["message"]["seq"])
    );
    eventually("once more is counted once", async || {
        let client = server.get("/clients/b").await.is(200);
        (client["counters"]["redelivered"] == 1).then_some(())
    })
    .await;
    let told = sender.until("message").await.pop().unwrap();
    assert_eq!(told["message"]["type"], "delivery_failed");
    assert_eq!(told["message"]["payload"]["message_id"], first["message"]["id"]);
    // Acknowledged in time, it comes once.
    sender.send(json!({"type": "send", "to": "b", "text": "y", "require_ack": true})).await;
    let message = reader.until("message").await.pop().unwrap();
    reader.send(json!({"type": "ack", "message_id": message["message"]["id"]})).await;
    reader.until("acknowledged").await;
    let quiet = tokio::time::timeout(Duration::from_millis(2500), reader.until("message")).await;
    assert!(quiet.is_err(), "it was delivered again: {quiet:?}");
}

#[tokio::test]
async fn a_frame_that_is_wrong_gets_an_error_that_names_it() {
    let server = Server::start().await;
    let mut socket = join(&server, "b").await;
    for (frame, field) in [
        (json!({"type": "send"}), "to"),
        (json!({"type": "send", "to": "c", "from": "d"}), "from"),
        (json!({"type": "send", "to": "a b"}), "to"),
        (json!({"type": "send", "to": "c", "msg_type": ""}), "type"),
        (json!({"type": "ack"}), "message_id"),
        (json!({"type": "ack", "message_id": "msg_1"}), "message_id"),
        (json!({"type": "subscribe", "since_seq": -1}), "since_seq"),
        (json!({"type": "subscribe", "rooms": ["x"]}), "rooms"),
        (json!({"type": "ping", "x": 1}), "x"),
        (json!({"type": "dance"}), "type"),
        (json!({}), "type"),
    ] {
        socket.send(frame.clone()).await;
        let told = error(&mut socket, "invalid_input").await;
        assert_eq!(told["details"]["field"], field, "{told}");
        assert_eq!(told["request"], frame.get("type").cloned().unwrap_or(Value::Null));
    }
    socket.send(json!({"type": "ack", "message_id": "bus_01a1fe0d932571eaacb52c2e1ace844d"})).await;
    error(&mut socket, "not_found").await;
    socket.send(json!({"type": "send", "to": "nobody", "strict": true, "id": "x"})).await;
    assert_eq!(error(&mut socket, "unknown_recipient").await["id"], "x");
    socket.send_text("[1, 2]").await;
    error(&mut socket, "invalid_input").await;
    socket.send(json!({"type": "send", "to": "b", "text": "still here"})).await;
    assert_eq!(hear(&mut socket).await, "still here");
}

#[tokio::test]
async fn what_is_no_json_or_too_large_closes_the_socket_with_its_code() {
    let server = Server::start().await;
    for frame in [
        Message::text("hello"),
        Message::text(""),
        Message::text("{\"a\":"),
        Message::binary(vec![1, 2]),
        Message::binary("{}"),
    ] {
        let mut socket = join(&server, "b").await;
        socket.send_message(frame).await;
        error(&mut socket, "not_json").await;
        assert_eq!(socket.close_code().await, 4000);
    }
    let padded = |bytes: usize| {
        let frame = json!({"type": "send", "to": "b", "text": ""}).to_string();
        frame.replace("\"\"", &format!("\"{}\"", "x".repeat(bytes - frame.len())))
    };
    let mut socket = join(&server, "b").await;
    socket.send_text(&padded(1024 * 1024)).await;
    assert!(hear(&mut socket).await.len() > 1_000_000, "a frame of 1 MiB is taken");
    socket.send_text(&padded(1024 * 1024 + 1)).await;
    error(&mut socket, "too_large").await;
    assert_eq!(socket.close_code().await, 1009);
    for bad in ["a b", "all", "inglenook", &"x".repeat(65)] {
        let path = format!("/ws/{}", bad.replace(' ', "%20"));
        assert_eq!(server.try_socket(&path, &[]).await.unwrap_err(), 400, "{bad}");
    }
    join(&server, &"x".repeat(64)).await;
}

#[tokio::test]
async fn a_client_over_its_limit_is_told_and_those_connected_notice_nothing() {
    let plan = Server::with("MAX_CONNECTIONS_PER_CLIENT", 2).with("MAX_CONNECTIONS", 4);
    let server = plan.start().await;
    let (mut one, _two) = (join(&server, "b").await, join(&server, "b").await);
    let mut third = server.socket("/ws/b").await;
    let told = error(&mut third, "too_many_client_connections").await;
    assert_eq!((&told["limit"], &told["current"]), (&json!(2), &json!(2)));
    assert_eq!(third.close_code().await, 1008);
    let (_c, _d) = (join(&server, "c").await, join(&server, "d").await);
    let mut fifth = server.socket("/ws/e").await;
    let told = error(&mut fifth, "too_many_connections").await;
    assert_eq!((&told["limit"], &told["current"]), (&json!(4), &json!(4)));
    assert_eq!(fifth.close_code().await, 1013);
    say(&server, "a", "b", "x").await;
    assert_eq!(hear(&mut one).await, "x");
    drop(one);
    eventually("the place is free again", async || {
        let mut socket = server.socket("/ws/b").await;
        (socket.next().await["type"] == "connection_confirmed").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_silent_peer_is_dropped_and_one_that_answers_pings_stays() {
    // The preset pings every second and bears three of silence.
    let server = Server::start().await;
    let _silent = join(&server, "silent").await;
    let mut alive = join(&server, "alive").await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(5) {
        let frame = alive.next().await;
        assert_eq!(frame["type"], "ping", "{frame}");
        assert_instant(&frame["timestamp"]);
    }
    eventually("the silent one is gone", async || {
        (server.get("/clients/silent").await.is(200)["state"] == "away").then_some(())
    })
    .await;
    assert_eq!(server.get("/clients/alive").await.is(200)["state"], "online");
}

#[tokio::test]
async fn a_stop_is_announced_and_closes_with_1001() {
    let mut server = Server::start().await;
    let mut socket = join(&server, "b").await;
    let stopping = async { server.stop().await };
    let reading = async {
        let told = socket.until("server_shutdown").await.pop().unwrap();
        assert!(told["message"].is_string());
        assert_instant(&told["timestamp"]);
        assert_eq!(socket.close_code().await, 1001);
    };
    let (status, ()) = tokio::join!(stopping, reading);
    assert!(status.success());
}

#[tokio::test]
async fn a_token_opens_the_socket_of_its_client_and_closing_it_closes_the_socket() {
    let server = Server::start().await;
    let owner = server.lock().await;
    let body = json!({"name": "b", "scopes": ["bus"], "client_id": "b"});
    let made = owner.post(&server, "/auth/tokens", body).await.is(201);
    let person = Person::with_token(made["token"].as_str().unwrap());
    let header = [(person.header, person.value.as_str())];
    assert_eq!(server.try_socket("/ws/b", &[]).await.unwrap_err(), 401);
    let mut other = server.try_socket("/ws/c", &header).await.unwrap();
    error(&mut other, "not_your_client_id").await;
    assert_eq!(other.close_code().await, 4003);
    let mut socket = server.try_socket("/ws/b", &header).await.unwrap();
    socket.until("connection_confirmed").await;
    let began = Instant::now();
    let id = made["id"].as_str().unwrap();
    owner.delete(&server, &format!("/auth/tokens/{id}")).await.is(204);
    error(&mut socket, "signed_out").await;
    assert_eq!(socket.close_code().await, 4003);
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_stream_gives_what_waits_then_what_comes_and_resumes_at_a_number() {
    let server = Server::start().await;
    say(&server, "a", "b", "one").await;
    let mut stream = server.events("/subscribe?client=b").await;
    say(&server, "a", "b", "two").await;
    for (n, text) in [(1, "one"), (2, "two")] {
        let event = stream.next().await.unwrap();
        assert_eq!((event.name.as_str(), event.id.as_str()), ("message", n.to_string().as_str()));
        assert_eq!(event.data["payload"]["text"], text);
        assert_eq!(event.data["seq"], n);
    }
    drop(stream);
    say(&server, "a", "c", "not for b").await;
    say(&server, "a", "b", "three").await;
    let mut stream = server.events("/subscribe?client=b&since_seq=1").await;
    for text in ["two", "three"] {
        assert_eq!(stream.next().await.unwrap().data["payload"]["text"], text);
    }
    let mut all = server.events("/subscribe?since_seq=0&types=message").await;
    for text in ["one", "two", "not for b", "three"] {
        assert_eq!(all.next().await.unwrap().data["payload"]["text"], text);
    }
    say(&server, "x", "y", "four").await;
    assert_eq!(all.next().await.unwrap().data["payload"]["text"], "four");
    let id = server.get("/messages?limit=1&to=b").await.is(200)["messages"][0]["id"].clone();
    let path = format!("/messages/{}/status", id.as_str().unwrap());
    eventually("it is delivered", async || {
        let status = server.get(&path).await.is(200);
        (status["recipients"][0]["state"] == "delivered").then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_rate_of_a_socket_is_that_of_its_client() {
    let server = Server::with("RATE_LIMIT_BUS", 5).start().await;
    let mut socket = join(&server, "a").await;
    for _ in 0..5 {
        socket.send(json!({"type": "send", "to": "b"})).await;
        socket.until("sent").await;
    }
    socket.send(json!({"type": "send", "to": "b", "id": "sixth"})).await;
    let told = error(&mut socket, "rate_limited").await;
    assert!(told["retry_after"].is_number() && told["id"] == "sixth", "{told}");
    server.post("/send", json!({"from": "a", "to": "b"})).await.fails(429, "rate_limited");
}
