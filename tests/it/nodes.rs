//! One bus of several processes, joined by a real Redis server.

use serde_json::{Value, json};

use crate::harness::redis::Redis;
use crate::harness::server::Plan;
use crate::harness::{Server, eventually};

pub(crate) fn plan(url: &str) -> Plan {
    // Sockets that only stand there answer no ping.
    Server::with("REDIS_URL", url)
        .with("QUEUE_MAX_PER_CLIENT", 10_000)
        .with("RATE_LIMIT_BUS", 0)
        .with("CONNECTION_TIMEOUT_SECONDS", 60)
}

pub(crate) async fn node(redis: &Redis) -> Server {
    plan(&redis.url()).start().await
}

pub(crate) async fn say(server: &Server, from: &str, to: &str, text: &str) -> Value {
    server.post("/send", json!({"from": from, "to": to, "text": text})).await.is(200)
}

fn texts(messages: &Value) -> Vec<String> {
    let list = messages["messages"].as_array().unwrap();
    list.iter().map(|m| m["payload"]["text"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Everything that was said under a sender's name, in the order of this node's numbers.
pub(crate) async fn said(server: &Server, from: &str) -> Vec<String> {
    texts(&server.get(&format!("/messages?from={from}&since_seq=0&limit=1000")).await.is(200))
}

/// Waits until a node has all of these from a sender, and holds it to their order.
pub(crate) async fn has(server: &Server, from: &str, wanted: &[String]) {
    let found = eventually("the messages are there", async || {
        let found = said(server, from).await;
        (found.len() >= wanted.len()).then_some(found)
    })
    .await;
    assert_eq!(found, wanted, "{from}");
}

async fn state(server: &Server, sent: &Value, client: &str) -> Value {
    let id = sent["message_id"].as_str().unwrap();
    let reply = server.get(&format!("/messages/{id}/status")).await;
    if reply.status == 404 {
        return Value::Null;
    }
    let rows = reply.is(200)["recipients"].as_array().unwrap().clone();
    rows.iter().find(|row| row["client_id"] == client).cloned().unwrap_or(Value::Null)
}

async fn reaches(server: &Server, sent: &Value, client: &str, wanted: &str) {
    eventually(&format!("the delivery is {wanted} here too"), async || {
        (state(server, sent, client).await["state"] == wanted).then_some(())
    })
    .await;
}

pub(crate) async fn client(server: &Server, id: &str) -> Value {
    let reply = server.get(&format!("/clients/{id}")).await;
    if reply.status == 404 { Value::Null } else { reply.is(200) }
}

pub(crate) async fn is(server: &Server, id: &str, wanted: &str) {
    eventually(&format!("{id} is {wanted}"), async || {
        (client(server, id).await["state"] == wanted).then_some(())
    })
    .await;
}

/// The health of the link to Redis.
pub(crate) async fn link(server: &Server) -> Value {
    server.get("/health").await.is(200)["checks"]["redis"].clone()
}

pub(crate) async fn link_is(server: &Server, wanted: &str) {
    eventually(&format!("Redis is {wanted}"), async || {
        (link(server).await["status"] == wanted).then_some(())
    })
    .await;
}

/// The texts of the next messages of a socket.
pub(crate) async fn heard(
    socket: &mut crate::harness::socket::Socket,
    count: usize,
) -> Vec<String> {
    let mut texts = Vec::new();
    while texts.len() < count {
        let frame = socket.until("message").await.pop().unwrap();
        texts.push(frame["message"]["payload"]["text"].as_str().unwrap().to_owned());
    }
    texts
}

#[tokio::test]
async fn a_message_reaches_a_client_of_another_node() {
    let Some(redis) = Redis::start("a_message_reaches_a_client_of_another_node").await else {
        return;
    };
    let (a, b) = (node(&redis).await, node(&redis).await);
    let mut socket = b.socket("/ws/worker").await;
    socket.until("connection_confirmed").await;
    is(&a, "worker", "online").await;
    let sent = say(&a, "planner", "worker", "hello").await;
    assert_eq!(sent["recipients"], json!({"worker": "online"}));
    let frame = socket.until("message").await.pop().unwrap();
    let message = &frame["message"];
    assert_eq!((&message["id"], &message["from"]), (&sent["message_id"], &json!("planner")));
    assert_eq!(message["payload"]["text"], "hello");
    // What is known of it is the same on both, but for its number.
    let path = format!("/messages/{}", sent["message_id"].as_str().unwrap());
    let (mut here, mut there) = (a.get(&path).await.is(200), b.get(&path).await.is(200));
    (here["seq"], there["seq"]) = (Value::Null, Value::Null);
    assert_eq!(here, there);
    reaches(&a, &sent, "worker", "delivered").await;
    // An answer comes back, to all too, and is found there.
    let all = json!({"from": "worker", "to": "all", "text": "for everybody"});
    b.post("/send", all).await.is(200);
    has(&a, "worker", &["for everybody".to_owned()]).await;
    let found = a.get("/search?q=everybody").await.is(200);
    assert_eq!(found["results"].as_array().unwrap().len(), 1);
    let connections = client(&a, "worker").await["connections"].clone();
    let label = connections[0]["node"].as_str().unwrap().to_owned();
    let nodes = a.get("/status").await.is(200)["nodes"].clone();
    assert_eq!(nodes.as_array().unwrap().len(), 2, "{nodes}");
    let other = nodes.as_array().unwrap().iter().find(|facts| facts["node"] == label.as_str());
    assert_eq!(other.unwrap()["online"], 1);
    a.assert_sound();
    b.assert_sound();
}

#[tokio::test]
async fn what_waits_here_is_delivered_there_once() {
    let Some(redis) = Redis::start("what_waits_here_is_delivered_there_once").await else { return };
    let (a, b) = (node(&redis).await, node(&redis).await);
    let mut last = Value::Null;
    for n in 0..20 {
        last = say(&a, "planner", "worker", &format!("m{n}")).await;
    }
    reaches(&b, &last, "worker", "stored").await;
    let mut socket = b.socket("/ws/worker").await;
    let wanted: Vec<String> = (0..20).map(|n| format!("m{n}")).collect();
    assert_eq!(heard(&mut socket, 20).await, wanted);
    drop(socket);
    reaches(&a, &last, "worker", "delivered").await;
    let waiting = client(&a, "worker").await["waiting"].clone();
    assert_eq!(waiting, 0);
    let mut socket = a.socket("/ws/worker").await;
    socket.until("connection_confirmed").await;
    say(&b, "planner-2", "worker", "new").await;
    assert_eq!(heard(&mut socket, 1).await, ["new"]);
    // What was said to all while it was away waits for it wherever it comes.
    drop(socket);
    is(&b, "worker", "away").await;
    let all = json!({"from": "planner", "to": "all", "text": "to all"});
    let sent = a.post("/send", all).await.is(200);
    reaches(&b, &sent, "worker", "stored").await;
    let mut socket = b.socket("/ws/worker").await;
    assert_eq!(heard(&mut socket, 1).await, ["to all"]);
}

#[tokio::test]
async fn an_acknowledgement_and_its_lack_are_known_on_every_node() {
    let Some(redis) = Redis::start("an_acknowledgement_is_known_on_every_node").await else {
        return;
    };
    let start = async || plan(&redis.url()).with("ACK_RETRIES", 1).start().await;
    let (a, b) = (start().await, start().await);
    let ask = json!({"from": "planner", "to": "worker", "text": "x", "require_ack": true});
    let first = a.post("/send", ask.clone()).await.is(200);
    reaches(&b, &first, "worker", "stored").await;
    let path = format!("/messages/{}/ack", first["message_id"].as_str().unwrap());
    b.post(&path, json!({"client_id": "worker"})).await.is(200);
    reaches(&a, &first, "worker", "acknowledged").await;
    let second = a.post("/send", ask).await.is(200);
    reaches(&b, &second, "worker", "stored").await;
    let mut socket = b.socket("/ws/worker").await;
    // It is delivered twice, never acknowledged, and given up; its sender is told once.
    assert_eq!(heard(&mut socket, 2).await, ["x", "x"]);
    reaches(&b, &second, "worker", "timeout").await;
    reaches(&a, &second, "worker", "timeout").await;
    for server in [&a, &b] {
        let told = eventually("its sender is told", async || {
            let list = server.get("/messages?to=planner&type=delivery_failed").await.is(200);
            list["messages"].get(0).map(|_| list["count"].clone())
        });
        assert_eq!(told.await, 1);
    }
}

#[tokio::test]
async fn what_a_node_delivered_before_it_died_is_delivered_again_by_another() {
    let Some(redis) = Redis::start("what_a_node_delivered_before_it_died").await else { return };
    let start = async || plan(&redis.url()).with("ACK_RETRIES", 50).start().await;
    let (a, mut b) = (start().await, start().await);
    let mut socket = b.socket("/ws/worker").await;
    let ask = json!({"from": "planner", "to": "worker", "text": "x", "require_ack": true});
    let sent = a.post("/send", ask).await.is(200);
    assert_eq!(heard(&mut socket, 1).await, ["x"]);
    reaches(&a, &sent, "worker", "delivered").await;
    b.kill();
    let mut socket = a.socket("/ws/worker").await;
    let frame = socket.until("message").await.pop().unwrap();
    assert_eq!(
        (&frame["message"]["id"], &frame["redelivered"]),
        (&sent["message_id"], &json!(true))
    );
    socket.send(json!({"type": "ack", "message_id": sent["message_id"]})).await;
    reaches(&a, &sent, "worker", "acknowledged").await;
}

#[tokio::test]
async fn what_expires_is_told_once_by_the_node_that_took_it() {
    let Some(redis) = Redis::start("what_expires_is_told_once").await else { return };
    let (a, b) = (node(&redis).await, node(&redis).await);
    let brief = json!({"from": "planner", "to": "worker", "text": "x", "ttl_seconds": 2});
    let sent = a.post("/send", brief).await.is(200);
    reaches(&b, &sent, "worker", "stored").await;
    reaches(&a, &sent, "worker", "expired").await;
    reaches(&b, &sent, "worker", "expired").await;
    say(&b, "last", "x", "last").await;
    has(&a, "last", &["last".to_owned()]).await;
    for server in [&a, &b] {
        let list = eventually("its sender is told", async || {
            let list = server.get("/messages?to=planner&type=delivery_failed").await.is(200);
            (list["count"] != 0).then_some(list)
        })
        .await;
        assert_eq!(list["count"], 1, "{list}");
    }
}

#[tokio::test]
async fn the_order_of_every_sender_is_kept_on_every_node() {
    let Some(redis) = Redis::start("the_order_of_every_sender_is_kept").await else { return };
    let (a, b, c) = (node(&redis).await, node(&redis).await, node(&redis).await);
    let wanted: Vec<String> = (0..150).map(|n| format!("m{n}")).collect();
    let send = async |server: &Server, from: &str| {
        for text in &wanted {
            say(server, from, "worker", text).await;
        }
    };
    let mut socket = c.socket("/ws/worker").await;
    tokio::join!(send(&a, "one"), send(&b, "two"), send(&a, "three"));
    for server in [&a, &b, &c] {
        for from in ["one", "two", "three"] {
            has(server, from, &wanted).await;
        }
    }
    assert_eq!(heard(&mut socket, 450).await.len(), 450);
}

#[tokio::test]
async fn an_id_is_sent_once_whichever_node_is_asked() {
    let Some(redis) = Redis::start("an_id_is_sent_once").await else { return };
    let (a, b) = (node(&redis).await, node(&redis).await);
    let send = async |server: &Server, n: usize| {
        let body =
            json!({"from": "planner", "to": "worker", "id": format!("job-{n}"), "text": "x"});
        server.post("/send", body).await.is(200)
    };
    for n in 0..30 {
        let (one, two) = tokio::join!(send(&a, n), send(&b, n));
        assert_eq!(one["message_id"], two["message_id"], "{one} {two}");
        assert_ne!(one["duplicate"], two["duplicate"], "{one} {two}");
        assert!(one["seq"].as_i64() > Some(0) && two["seq"].as_i64() > Some(0), "{one} {two}");
    }
    let wanted = vec!["x".to_owned(); 30];
    has(&a, "planner", &wanted).await;
    has(&b, "planner", &wanted).await;
    // A claim of a node that ended before it had the message on disk holds nobody up for long.
    let hash = blake3_of("planner\nid:stuck");
    let value =
        "pending node_00000000000000000000000000000001 bus_00000000000000000000000000000001";
    let () = redis.ask(&["SET", &format!("inglenook:id:{hash}"), value, "PX", "5000"]).await;
    let body = json!({"from": "planner", "to": "worker", "id": "stuck"});
    let sent = a.post("/send", body).await.is(200);
    assert_eq!(sent["duplicate"], false);
}

#[tokio::test]
async fn a_connection_that_redis_closed_costs_no_agreement() {
    let Some(redis) = Redis::start("a_connection_that_redis_closed").await else { return };
    let (a, b) = (node(&redis).await, node(&redis).await);
    for n in 0..5 {
        let body =
            json!({"from": "planner", "to": "worker", "id": format!("job-{n}"), "text": "x"});
        let one = a.post("/send", body.clone()).await.is(200);
        let _: u64 = redis.ask(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).await;
        let two = b.post("/send", body).await.is(200);
        assert_eq!(one["message_id"], two["message_id"], "{one} {two}");
        assert_eq!(two["duplicate"], true, "{two}");
    }
}

fn blake3_of(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
}

#[tokio::test]
async fn a_node_that_is_killed_is_gone_with_its_clients() {
    let Some(redis) = Redis::start("a_node_that_is_killed_is_gone").await else { return };
    let each = |plan: Plan| plan.with("MAX_CONNECTIONS_PER_CLIENT", 2);
    let a = each(plan(&redis.url())).start().await;
    let mut b = each(plan(&redis.url())).start().await;
    let (_one, _two) = (b.socket("/ws/worker").await, a.socket("/ws/worker").await);
    eventually("both connections are known", async || {
        (client(&a, "worker").await["connections"].as_array()?.len() == 2).then_some(())
    })
    .await;
    // Two are as many as it may have, wherever they are.
    let mut third = a.socket("/ws/worker").await;
    let refused = third.until("error").await.pop().unwrap();
    assert_eq!(
        (&refused["code"], &refused["current"]),
        (&json!("too_many_client_connections"), &json!(2))
    );
    assert_eq!(third.close_code().await, 1008);
    let _other = b.socket("/ws/other").await;
    is(&a, "other", "online").await;
    b.kill();
    is(&a, "other", "away").await;
    eventually("only its own connection is left", async || {
        (client(&a, "worker").await["connections"].as_array()?.len() == 1).then_some(())
    })
    .await;
    assert_eq!(a.get("/status").await.is(200)["nodes"].as_array().unwrap().len(), 1);
    let mut again = a.socket("/ws/worker").await;
    again.until("connection_confirmed").await;
    // And it comes back as the same node.
    b.boot().await;
    let sent = say(&a, "planner", "other", "welcome back").await;
    let mut socket = b.socket("/ws/other").await;
    assert_eq!(heard(&mut socket, 1).await, ["welcome back"]);
    reaches(&a, &sent, "other", "delivered").await;
}

#[tokio::test]
async fn a_limit_holds_on_all_nodes_together() {
    let Some(redis) = Redis::start("a_limit_holds_on_all_nodes_together").await else { return };
    let start = async || plan(&redis.url()).with("RATE_LIMIT_BUS", 20).start().await;
    let (a, b) = (start().await, start().await);
    let send = async |server: &Server| {
        server.post("/send", json!({"from": "planner", "to": "worker"})).await
    };
    for n in 0..20 {
        let reply = send(if n % 2 == 0 { &a } else { &b }).await;
        assert_eq!(reply.header("ratelimit-remaining"), (19 - n).to_string());
        reply.is(200);
    }
    for server in [&a, &b] {
        let refused = send(server).await;
        assert!(refused.header("retry-after").parse::<u64>().unwrap() <= 60);
        refused.fails(429, "rate_limited");
    }
}

#[tokio::test]
async fn clearing_clears_every_node() {
    let Some(redis) = Redis::start("clearing_clears_every_node").await else { return };
    let (a, b) = (node(&redis).await, node(&redis).await);
    say(&a, "one", "worker", "old").await;
    say(&b, "two", "worker", "old").await;
    has(&b, "one", &["old".to_owned()]).await;
    has(&a, "two", &["old".to_owned()]).await;
    assert_eq!(a.poke("/clear").await.is(200), json!({"cleared": 2}));
    say(&a, "one", "worker", "new").await;
    eventually("it is cleared there too", async || {
        (said(&b, "one").await == ["new"]).then_some(())
    })
    .await;
    assert!(said(&b, "two").await.is_empty());
    // Who joins later hears nothing of what was cleared, and of the rest all.
    let c = node(&redis).await;
    has(&c, "one", &["new".to_owned()]).await;
    assert!(said(&c, "two").await.is_empty());
}
