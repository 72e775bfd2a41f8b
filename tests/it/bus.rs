//! The agent bus over HTTP: sending, queues, duplicates, acknowledgements, expiry, threads, replay.

use serde_json::{Value, json};

use crate::harness::client::{assert_id, assert_instant};
use crate::harness::{Server, eventually};

async fn send(server: &Server, body: Value) -> Value {
    server.post("/send", body).await.is(200)
}

async fn say(server: &Server, from: &str, to: &str, text: &str) -> Value {
    send(server, json!({"from": from, "to": to, "text": text})).await
}

/// What is said in a list of messages.
fn texts(messages: &Value) -> Vec<String> {
    let list = messages["messages"].as_array().or(messages["results"].as_array()).unwrap();
    list.iter().map(|m| m["payload"]["text"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn read(server: &Server, query: &str) -> Vec<String> {
    texts(&server.get(&format!("/messages?{query}")).await.is(200))
}

async fn state(server: &Server, sent: &Value, client: &str) -> Value {
    let id = sent["message_id"].as_str().unwrap();
    let status = server.get(&format!("/messages/{id}/status")).await.is(200);
    let rows = status["recipients"].as_array().unwrap();
    rows.iter().find(|row| row["client_id"] == client).cloned().unwrap_or(Value::Null)
}

#[tokio::test]
async fn what_is_sent_has_the_shape_that_its_clients_know() {
    let server = Server::start().await;
    let sent =
        send(&server, json!({"from": "planner", "to": "worker-1", "payload": {"n": 1}})).await;
    assert_id(&sent["message_id"], "bus");
    let id = sent["message_id"].clone();
    assert_eq!(
        sent,
        json!({"status": "sent", "message_id": id, "seq": 1, "duplicate": false,
        "recipients": {"worker-1": "unknown"}})
    );
    let list = server.get("/messages").await.is(200);
    assert_eq!(list["count"], 1);
    let message = &list["messages"][0];
    assert_instant(&message["timestamp"]);
    let time = message["timestamp"].clone();
    assert_eq!(
        *message,
        json!({"seq": 1, "id": id, "from": "planner", "to": "worker-1", "type": "message",
        "payload": {"n": 1}, "timestamp": time, "requires_ack": false, "reply_to": null})
    );
    assert_eq!(server.get(&format!("/messages/{}", id.as_str().unwrap())).await.is(200), *message);
    // The planner was seen, for it sent.
    assert_eq!(
        say(&server, "worker-1", "planner", "x").await["recipients"],
        json!({"planner": "away"})
    );
    for root in ["/api", "/api/v1"] {
        server.get(&format!("{root}/messages")).await.is(200);
    }
}

#[tokio::test]
async fn a_payload_is_any_json_and_comes_back_as_it_was() {
    let server = Server::start().await;
    for payload in [
        "12345678901234567890123.5",
        "null",
        "[1, {\"a\": []}]",
        "\"é\\u00e9\"",
        "{\"b\": 1, \"a\": 2}",
    ] {
        let body = format!(r#"{{"from": "a", "to": "b", "payload": {payload}}}"#);
        server.post_text("/send", &body).await.is(200);
        let text = server.get("/messages?limit=1").await.text;
        let wanted = if payload == "null" { "{}" } else { payload };
        assert!(text.contains(&format!("\"payload\":{wanted}")), "{payload}: {text}");
    }
    send(&server, json!({"from": "a", "to": "b", "text": "hi", "payload": {"n": 1}})).await;
    let last = server.get("/messages?limit=1").await.is(200);
    assert_eq!(last["messages"][0]["payload"], json!({"n": 1, "text": "hi"}));
    let both = json!({"from": "a", "to": "b", "text": "hi", "payload": {"text": "ho"}});
    server.post("/send", both).await.invalid("text");
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_with_the_field_and_nothing_is_kept() {
    let server = Server::start().await;
    let long = "x".repeat(65);
    for (field, change) in [
        ("from", json!({"from": "a b"})),
        ("from", json!({"from": ""})),
        ("from", json!({"from": "inglenook"})),
        ("from", json!({"from": "all"})),
        ("from", json!({"from": long})),
        ("from", json!({"from": null})),
        ("to", json!({"to": long})),
        ("to", json!({"to": []})),
        ("to", json!({"to": ["b", "c d"]})),
        ("to", json!({"to": 7})),
        ("to", json!({"to": null})),
        ("type", json!({"type": ""})),
        ("type", json!({"type": "a\nb"})),
        ("type", json!({"type": 5})),
        ("id", json!({"id": ""})),
        ("priority", json!({"priority": 0})),
        ("priority", json!({"priority": 10})),
        ("ttl_seconds", json!({"ttl_seconds": 0})),
        ("reply_to", json!({"reply_to": "msg_1"})),
        ("dedup", json!({"dedup": "always"})),
        ("colour", json!({"colour": 1})),
    ] {
        let mut body = json!({"from": "a", "to": "b"});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        server.post("/send", body).await.invalid(field);
    }
    let sixty_four = "x".repeat(64);
    say(&server, &sixty_four, &sixty_four, "to itself").await;
    let strict = json!({"from": "a", "to": "nobody", "strict": true});
    server.post("/send", strict).await.fails(404, "unknown_recipient");
    assert_eq!(read(&server, "").await, ["to itself"]);
}

#[tokio::test]
async fn lists_are_filtered_by_client_type_time_and_number() {
    let server = Server::start().await;
    say(&server, "a", "b", "one").await;
    send(&server, json!({"from": "b", "to": ["a", "c"], "type": "task", "text": "two"})).await;
    let third = say(&server, "c", "all", "three").await;
    assert_eq!(third["recipients"], json!({"a": "away", "b": "away"}));
    say(&server, "a", "c", "four").await;
    for (query, wanted) in [
        ("", vec!["one", "two", "three", "four"]),
        ("to=a", vec!["two", "three"]),
        ("to=c", vec!["two", "four"]),
        ("from=a", vec!["one", "four"]),
        ("type=task", vec!["two"]),
        ("to=b&from=c", vec!["three"]),
        ("since_seq=2", vec!["three", "four"]),
        ("since_seq=1&limit=1", vec!["two"]),
        ("limit=2", vec!["three", "four"]),
        ("before_seq=3&limit=1", vec!["two"]),
        ("before_seq=3", vec!["one", "two"]),
        ("to=nobody", vec!["three"]),
        ("since=2100-01-01T00:00:00Z", vec![]),
        ("since=2020-01-01T01:00:00%2B01:00", vec!["one", "two", "three", "four"]),
    ] {
        assert_eq!(read(&server, query).await, wanted, "{query}");
    }
    let time =
        server.get("/messages?since_seq=2").await.is(200)["messages"][0]["timestamp"].clone();
    let found = read(&server, &format!("since={}", time.as_str().unwrap())).await;
    assert!(found.ends_with(&["three".to_owned(), "four".to_owned()]), "{found:?}");
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("since=yesterday", "since"),
        ("to=a b", "to"),
        ("since_seq=-1", "since_seq"),
        ("x=1", "x"),
    ] {
        server.get(&format!("/messages?{query}")).await.invalid(field);
    }
}

#[tokio::test]
async fn the_same_id_of_the_same_sender_is_sent_once_and_alike_messages_without_one_twice() {
    let server = Server::with("DEDUP_TTL_SECONDS", 2).start().await;
    let body = json!({"from": "a", "to": "b", "id": "job-7", "text": "x"});
    let first = send(&server, body.clone()).await;
    let again = send(&server, body.clone()).await;
    assert_eq!((&again["duplicate"], &again["message_id"]), (&json!(true), &first["message_id"]));
    assert_eq!(again["seq"], first["seq"]);
    let other = send(&server, json!({"from": "c", "to": "b", "id": "job-7"})).await;
    assert_eq!(other["duplicate"], false, "ids are of their sender");
    for _ in 0..2 {
        assert_eq!(say(&server, "a", "b", "alike").await["duplicate"], false);
    }
    let same = json!({"from": "a", "to": "b", "dedup": "content", "payload": {"x": 1, "y": [2]}});
    let turned = json!({"payload": {"y": [2], "x": 1}, "dedup": "content", "to": "b", "from": "a"});
    assert_eq!(send(&server, same).await["duplicate"], false);
    assert_eq!(send(&server, turned).await["duplicate"], true);
    let differs =
        json!({"from": "a", "to": "b", "dedup": "content", "payload": {"x": 2, "y": [2]}});
    assert_eq!(send(&server, differs).await["duplicate"], false);
    eventually("the id is forgotten", async || {
        let now = send(&server, body.clone()).await;
        (now["duplicate"] == false).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_id_counts_only_once_its_message_is_kept() {
    let server = Server::with("QUEUE_MAX_PER_CLIENT", 1).start().await;
    say(&server, "a", "b", "fills the queue").await;
    let body = json!({"from": "a", "to": "b", "id": "again", "text": "later"});
    server.post("/send", body.clone()).await.fails(429, "queue_full");
    read(&server, "to=b&since_seq=0").await;
    assert_eq!(send(&server, body).await["duplicate"], false);
}

#[tokio::test]
async fn duplicates_and_queues_outlive_a_kill() {
    let mut server = Server::start().await;
    let body = json!({"from": "a", "to": "b", "id": "once", "text": "kept"});
    let first = send(&server, body.clone()).await;
    server.kill();
    server.boot().await;
    let again = send(&server, body).await;
    assert_eq!((&again["duplicate"], &again["message_id"]), (&json!(true), &first["message_id"]));
    let second = say(&server, "a", "b", "later").await;
    assert!(second["seq"].as_i64() > first["seq"].as_i64());
    assert_eq!(state(&server, &first, "b").await["state"], "stored");
    assert_eq!(server.get("/clients/b").await.is(200)["waiting"], 2);
    server.assert_sound();
}

#[tokio::test]
async fn a_full_queue_is_told_to_the_sender_and_loses_nothing() {
    let server = Server::with("QUEUE_MAX_PER_CLIENT", 3).start().await;
    for n in 0..3 {
        say(&server, "a", "slow", &format!("m{n}")).await;
    }
    let refused =
        server.post("/send", json!({"from": "a", "to": ["b", "slow"], "text": "no"})).await;
    assert_eq!(refused.header("retry-after"), "5");
    let body = refused.fails(429, "queue_full").to_string();
    assert!(body.contains("slow") && body.contains("QUEUE_MAX_PER_CLIENT"), "{body}");
    let messages = json!({"messages": [{"from": "a", "to": "b"}, {"from": "a", "to": "slow"}]});
    server.post("/send/batch", messages).await.fails(429, "queue_full");
    assert_eq!(read(&server, "").await, ["m0", "m1", "m2"], "nothing of what was refused is kept");
    assert_eq!(read(&server, "to=slow&since_seq=0").await, ["m0", "m1", "m2"]);
    say(&server, "a", "slow", "m3").await;
}

#[tokio::test]
async fn a_batch_is_all_or_nothing_and_names_what_is_wrong() {
    let server = Server::with("BUS_BATCH_MAX", 4).start().await;
    let good = json!({"from": "a", "to": "b", "text": "x"});
    let sent = server.post("/send/batch", json!({"messages": [good, good, good]})).await.is(200);
    let seqs: Vec<i64> =
        sent["results"].as_array().unwrap().iter().map(|r| r["seq"].as_i64().unwrap()).collect();
    assert_eq!(seqs, [1, 2, 3]);
    let bad = json!({"messages": [good, {"from": "a", "to": "b", "priority": 77}]});
    server.post("/send/batch", bad).await.invalid("messages[1].priority");
    server.post("/send/batch", json!({"messages": []})).await.invalid("messages");
    server
        .post("/send/batch", json!({"messages": vec![good.clone(); 5]}))
        .await
        .invalid("messages");
    let strict = json!({"messages": [good, {"from": "a", "to": "nobody", "strict": true}]});
    server.post("/send/batch", strict).await.fails(404, "unknown_recipient");
    assert_eq!(read(&server, "").await.len(), 3);
    let twice = json!({"from": "a", "to": "b", "id": "same"});
    let sent = server.post("/send/batch", json!({"messages": [twice, twice]})).await.is(200);
    assert_eq!(sent["results"][1]["duplicate"], true);
}

#[tokio::test]
async fn an_idempotency_key_sends_once() {
    let server = Server::start().await;
    let body = json!({"from": "a", "to": "b", "text": "x"});
    let send = async || {
        let request = server.request(reqwest::Method::POST, "/send").json(&body);
        server.send(request.header("idempotency-key", "k1")).await.is(200)
    };
    let (first, again) = (send().await, send().await);
    assert_eq!(first, again);
    assert_eq!(read(&server, "").await.len(), 1);
}

#[tokio::test]
async fn what_was_read_with_a_cursor_is_delivered_and_waits_no_more() {
    let server = Server::start().await;
    let sent = say(&server, "a", "b", "x").await;
    let waiting = state(&server, &sent, "b").await;
    assert_eq!((&waiting["state"], &waiting["delivered_at"]), (&json!("stored"), &Value::Null));
    assert_instant(&waiting["stored_at"]);
    read(&server, "to=b").await;
    assert_eq!(state(&server, &sent, "b").await["state"], "stored", "a look is no delivery");
    assert_eq!(read(&server, "to=b&since_seq=0").await, ["x"]);
    let delivered = state(&server, &sent, "b").await;
    assert_eq!((&delivered["state"], &delivered["attempts"]), (&json!("delivered"), &json!(1)));
    assert_instant(&delivered["delivered_at"]);
    let id = sent["message_id"].as_str().unwrap();
    server
        .post(&format!("/messages/{id}/ack"), json!({"client_id": "stranger"}))
        .await
        .fails(404, "not_found");
    server.post(&format!("/messages/{id}/ack"), json!({})).await.invalid("client_id");
    let acked =
        server.post(&format!("/messages/{id}/ack"), json!({"client_id": "b"})).await.is(200);
    assert_eq!(acked["state"], "acknowledged");
    assert_instant(&acked["acknowledged_at"]);
}

#[tokio::test]
async fn what_is_never_acknowledged_is_delivered_again_and_then_reported() {
    let plan = Server::with("ACK_TIMEOUT_SECONDS", 1).with("ACK_RETRIES", 1);
    let server = plan.start().await;
    let sent =
        send(&server, json!({"from": "a", "to": "b", "text": "x", "require_ack": true})).await;
    for attempt in 1..=2 {
        eventually("it waits for its reader", async || {
            (state(&server, &sent, "b").await["state"] == "stored").then_some(())
        })
        .await;
        assert_eq!(read(&server, "to=b&since_seq=0").await, ["x"]);
        assert_eq!(state(&server, &sent, "b").await["attempts"], attempt);
    }
    eventually("it is given up", async || {
        (state(&server, &sent, "b").await["state"] == "timeout").then_some(())
    })
    .await;
    let told = eventually("its sender is told", async || {
        let list = server.get("/messages?to=a&type=delivery_failed").await.is(200);
        list["messages"].get(0).cloned()
    })
    .await;
    assert_eq!((&told["from"], &told["reply_to"]), (&json!("inglenook"), &sent["message_id"]));
    let payload = &told["payload"];
    assert_eq!((&payload["client_id"], &payload["reason"]), (&json!("b"), &json!("timeout")));
}

#[tokio::test]
async fn what_waits_too_long_expires_and_its_sender_is_told() {
    let server = Server::start().await;
    let sent = send(&server, json!({"from": "a", "to": "b", "text": "x", "ttl_seconds": 1})).await;
    let kept = say(&server, "a", "b", "stays").await;
    eventually("it expires", async || {
        (state(&server, &sent, "b").await["state"] == "expired").then_some(())
    })
    .await;
    let list = server.get("/messages?to=a&type=delivery_failed").await.is(200);
    assert_eq!(list["messages"][0]["payload"]["reason"], "expired");
    assert_eq!(state(&server, &kept, "b").await["state"], "stored");
    assert_eq!(server.get("/clients/b").await.is(200)["waiting"], 1);
}

#[tokio::test]
async fn a_thread_is_what_answers_and_what_is_answered() {
    let server = Server::with("BUS_BATCH_MAX", 3).start().await;
    let root = say(&server, "a", "b", "question").await;
    let reply = json!({"from": "b", "to": "a", "text": "answer", "reply_to": root["message_id"]});
    let reply = send(&server, reply).await;
    say(&server, "a", "b", "something else").await;
    let thanks = json!({"from": "a", "to": "b", "text": "thanks", "reply_to": reply["message_id"]});
    let thanks = send(&server, thanks).await;
    for sent in [&root, &reply, &thanks] {
        let path = format!("/messages/{}/thread", sent["message_id"].as_str().unwrap());
        assert_eq!(texts(&server.get(&path).await.is(200)), ["question", "answer", "thanks"]);
    }
    let more =
        json!({"from": "b", "to": "a", "text": "not at all", "reply_to": thanks["message_id"]});
    send(&server, more).await;
    let path = format!("/messages/{}/thread", root["message_id"].as_str().unwrap());
    assert_eq!(texts(&server.get(&path).await.is(200)).len(), 3, "a page of it");
    let path = format!("{path}?since_seq={}", thanks["seq"]);
    assert_eq!(texts(&server.get(&path).await.is(200)), ["not at all"]);
    server.get(&path.replace("since_seq=", "since_seq=x")).await.fails(400, "invalid_input");
}

#[tokio::test]
async fn any_text_searches_and_the_newest_is_first() {
    let server = Server::start().await;
    say(&server, "a", "b", "the tide comes in").await;
    send(&server, json!({"from": "a", "to": "b", "type": "weather-report", "payload": {"station": "Brighton", "wind": [7, "Süd"]}})).await;
    say(&server, "a", "b", "low tide at noon").await;
    let found = async |words: &str| {
        let path = format!(
            "/search?q={}",
            percent_encoding::utf8_percent_encode(words, percent_encoding::NON_ALPHANUMERIC)
        );
        server.get(&path).await.is(200)
    };
    assert_eq!(texts(&found("tide").await), ["low tide at noon", "the tide comes in"]);
    assert_eq!(found("tide").await["query"], "tide");
    for words in ["brighton", "wind 7", "sud", "station", "weather-report", "brigh"] {
        assert_eq!(found(words).await["results"].as_array().unwrap().len(), 1, "{words}");
    }
    for words in ["", "\"", "AND OR NOT", "a* ^b -c (", "tide\"", "日本"] {
        found(words).await;
    }
    assert_eq!(server.get("/search").await.is(200), json!({"results": [], "query": ""}));
    // More words than are indexed together.
    for n in 0..12 {
        say(&server, "b", "c", &format!("{} ends{n}x", "tide ".repeat(10_000))).await;
    }
    for n in 0..12 {
        assert_eq!(found(&format!("ends{n}x")).await["results"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn old_messages_are_delivered_once_more_on_demand() {
    let server = Server::start().await;
    for text in ["one", "two", "three"] {
        say(&server, "a", "b", text).await;
    }
    read(&server, "to=b&since_seq=0").await;
    assert_eq!(server.get("/clients/b").await.is(200)["waiting"], 0);
    let done = server.post("/replay", json!({"to": "b", "since_seq": 1})).await.is(200);
    assert_eq!(done, json!({"replayed": 2}));
    assert_eq!(server.get("/clients/b").await.is(200)["waiting"], 2);
    let mut socket = server.socket("/ws/b").await;
    socket.until("connection_confirmed").await;
    for text in ["two", "three"] {
        let frame = socket.until("message").await.pop().unwrap();
        assert_eq!(frame["message"]["payload"]["text"], text);
        assert_eq!(frame["redelivered"], Value::Null);
    }
    // A connected client is given them at once.
    server.post("/replay", json!({"to": "b", "since_seq": 0, "until_seq": 1})).await.is(200);
    let frame = socket.until("message").await.pop().unwrap();
    assert_eq!(frame["message"]["payload"]["text"], "one");
}

#[tokio::test]
async fn what_was_said_to_all_is_delivered_once_more_to_one_on_demand() {
    let server = Server::start().await;
    let (mut b, mut c) = (server.socket("/ws/b").await, server.socket("/ws/c").await);
    b.until("connection_confirmed").await;
    c.until("connection_confirmed").await;
    let sent = say(&server, "a", "all", "to everybody").await;
    for socket in [&mut b, &mut c] {
        let frame = socket.until("message").await.pop().unwrap();
        assert_eq!(frame["message"]["seq"], sent["seq"]);
    }
    let noted = async |client: &str| {
        eventually("its delivery is noted", || async {
            let now = state(&server, &sent, client).await;
            let waiting =
                server.get(&format!("/clients/{client}")).await.is(200)["waiting"].clone();
            (now["state"] == "delivered" && now["attempts"] == 1 && waiting == 0).then_some(())
        })
        .await;
    };
    noted("b").await;
    noted("c").await;
    server.post("/replay", json!({"to": "b", "since_seq": 0})).await.is(200);
    let frame = b.until("message").await.pop().unwrap();
    assert_eq!(frame["message"]["seq"], sent["seq"]);
    noted("b").await;
    noted("c").await;
}

#[tokio::test]
async fn messages_are_exported_line_by_line_and_cleared_without_using_numbers_again() {
    let server = Server::with("QUEUE_MAX_PER_CLIENT", 1000).start().await;
    for n in 0..250 {
        say(&server, "a", "b", &format!("m{n}")).await;
    }
    let export = server.get("/messages/export").await;
    assert_eq!(export.header("content-type"), "application/x-ndjson");
    let lines: Vec<Value> =
        export.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 250);
    assert!(lines.iter().zip(1..).all(|(line, seq)| line["seq"] == seq));
    assert_eq!(server.poke("/clear").await.is(200), json!({"cleared": 250}));
    assert!(read(&server, "").await.is_empty());
    assert_eq!(server.get("/search?q=m1").await.is(200)["results"], json!([]));
    assert_eq!(server.get("/clients/b").await.status, 404, "nobody was ever seen as b");
    assert_eq!(say(&server, "a", "b", "next").await["seq"], 251);
}
