//! Every route that writes takes an `Idempotency-Key`: the same answer again, and a conflict for anything
//! else under the key. A new route is in the list by itself and fails here until it does.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::client::Reply;
use crate::harness::routes::{Ids, Route, all};
use crate::harness::{Act, Server, Upstream};

/// Routes that this walk leaves out, each with the reason.
const APART: [(&str, &str); 7] = [
    ("/search", "reads"),
    ("/auth/claim", "reads"),
    ("/auth/login", "is nobody's yet: `a_sign_in_asked_for_twice_is_one_session`"),
    ("/auth/password", "uses up what it is asked with: `a_password_is_set_once`"),
    ("/auth/sessions/{session}", "`what_was_ended_under_a_key_ended_once`"),
    ("/turns/{turn}/calls/{call}", "`a_call_is_allowed_once_under_a_key`"),
    ("/conversations/{conversation}/messages/{answer}/continue", "the answer here is whole"),
];

/// What is told with how it stands at the moment: only its id is the same for sure.
const LIVE: [&str; 3] = ["/embeddings", "/providers", "/tool-servers"];

/// What deletes goes last, and first of it what a thing is deleted with.
fn writes() -> Vec<Route> {
    let writes =
        |route: &Route| route.method != "GET" && !APART.iter().any(|(path, _)| *path == route.path);
    let mut routes: Vec<Route> = all().into_iter().filter(writes).collect();
    routes.sort_by_key(|route| {
        let ends = route.method == "DELETE" || route.path == "/clear";
        (ends, std::cmp::Reverse(route.path.len()))
    });
    routes
}

#[tokio::test]
async fn every_route_that_writes_answers_the_same_key_the_same_way() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let ids = Ids::of(&server, &upstream).await;
    // What is off sends nothing again.
    let on = json!({"enabled": true});
    server.patch(&format!("/webhooks/{}", ids.webhook), on).await.is(200);
    for (n, route) in writes().into_iter().enumerate() {
        let key = format!("key-{n}");
        let send = async || {
            let method = route.method.parse().unwrap();
            let request = server.request(method, &route.path(&ids));
            let request = request.header("idempotency-key", &key);
            let body = route.takes_a_body().then(|| route.body(&ids));
            server.send(body.iter().fold(request, reqwest::RequestBuilder::json)).await
        };
        let first = send().await;
        assert!(first.status < 300, "{}: {} {}", first.asked, first.status, first.text);
        let again = send().await;
        let live = LIVE.iter().any(|root| route.path.starts_with(root)) && !first.text.is_empty();
        let told = |reply: &Reply| match live {
            true => reply.json()["id"].to_string(),
            false => reply.text.clone(),
        };
        assert_eq!((again.status, told(&again)), (first.status, told(&first)), "{}", first.asked);
        let other = json!({"title": "Something else"});
        let other = server.post_once(&key, "/conversations", other).await;
        assert_eq!(other.status, 409, "{}: its key is free: {}", first.asked, other.text);
        assert_eq!(other.error(409)["code"], "idempotency_key_reused");
    }
}

#[tokio::test]
async fn a_bus_cleared_twice_under_a_key_is_cleared_once() {
    let server = Server::start().await;
    let clear = async || {
        let request = server.request(Method::POST, "/clear").header("idempotency-key", "clear");
        server.send(request).await.is(200)["cleared"].clone()
    };
    let send = async |text: &str| {
        let body = json!({"from": "a", "to": "b", "text": text});
        server.post("/send", body).await.is(200)["message_id"].as_str().unwrap().to_owned()
    };
    send("before").await;
    assert_eq!(clear().await, 1);
    let after = send("after").await;
    assert_eq!(clear().await, 1);
    server.get(&format!("/messages/{after}")).await.is(200);
}

#[tokio::test]
async fn messages_replayed_twice_under_a_key_come_back_once() {
    let server = Server::start().await;
    let sent = server.post("/send", json!({"from": "a", "to": "b", "text": "1"})).await.is(200);
    let id = sent["message_id"].as_str().unwrap();
    let state = async || -> Value {
        let status = server.get(&format!("/messages/{id}/status")).await.is(200);
        status["recipients"][0]["state"].clone()
    };
    let read = async || {
        let ack = json!({"client_id": "b"});
        server.post(&format!("/messages/{id}/ack"), ack).await.is(200);
    };
    let replay = async || {
        let body = json!({"to": "b", "since_seq": 0});
        server.post_once("replay", "/replay", body).await.is(200)["replayed"].clone()
    };
    read().await;
    assert_eq!((replay().await, state().await), (json!(1), json!("stored")));
    read().await;
    assert_eq!((replay().await, state().await), (json!(1), json!("acknowledged")));
}

#[tokio::test]
async fn a_temporary_question_under_a_key_is_asked_once() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    upstream.then(Act::answer(&["Once."]));
    let body = json!({"messages": [{"role": "user", "content": "A"}], "model": model});
    let first = server.post_once("ask", "/turns", body.clone()).await.is(202);
    server.whole_turn(first["turn_id"].as_str().unwrap()).await;
    assert_eq!(server.post_once("ask", "/turns", body).await.is(202), first);
    assert_eq!(upstream.chats().len(), 1);
}

#[tokio::test]
async fn a_call_is_allowed_once_under_a_key() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let odd = server.odd("Odd").await;
    let (conversation, model) = server.with_tools(&upstream, &[&odd.id]).await;
    upstream.then(Act::call("Odd__write", &json!({})));
    let question = json!({"content": "Write it down", "model": model});
    let asked = server.ask_with(&conversation, question).await;
    let call = server.call_in_state(&conversation, &asked, "waiting").await;
    let path = format!("/turns/{}/calls/{}", asked.turn, call["id"].as_str().unwrap());
    let decide = |word: &str| server.post_once("decide", &path, json!({ "decision": word }));
    let first = decide("once").await.is(200);
    assert_eq!(decide("once").await.is(200), first);
    decide("no").await.fails(409, "idempotency_key_reused");
}

#[tokio::test]
async fn what_is_deleted_for_good_under_a_key_is_deleted_once() {
    let server = Server::start().await;
    let document = json!({"text": "A text", "name": "a.txt"});
    let added = server.post("/documents", document).await.is(202);
    let document = added["items"][0]["document"]["id"].as_str().unwrap().to_owned();
    let conversation = server.conversation().await;
    for path in [format!("/documents/{document}"), format!("/conversations/{conversation}")] {
        server.delete(&path).await.is(200);
        let forever = format!("{path}?forever=true");
        for _ in 0..2 {
            let request = server.request(Method::DELETE, &forever);
            let reply = server.send(request.header("idempotency-key", &path[1..4])).await;
            assert_eq!(reply.status, 204, "{path}: {}", reply.text);
        }
        server.delete(&forever).await.fails(404, "not_found");
    }
}
