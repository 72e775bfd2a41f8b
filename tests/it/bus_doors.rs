//! Who may use the bus, how often, and as whom.

use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::people::Person;

/// What is said in a list of messages.
fn texts(messages: &Value) -> Vec<String> {
    let list = messages["messages"].as_array().or(messages["results"].as_array()).unwrap();
    list.iter().map(|m| m["payload"]["text"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn the_sixty_first_message_of_a_sender_within_a_minute_is_refused() {
    let server =
        Server::with("RATE_LIMIT_BUS", 60).with("QUEUE_MAX_PER_CLIENT", 1000).start().await;
    for n in 0..60 {
        let reply = server.post("/send", json!({"from": "a", "to": "b"})).await;
        assert_eq!(reply.header("ratelimit-limit"), "60");
        assert_eq!(reply.header("ratelimit-remaining"), (59 - n).to_string());
        reply.is(200);
    }
    let refused = server.post("/send", json!({"from": "a", "to": "b"})).await;
    assert!(refused.header("retry-after").parse::<u64>().unwrap() <= 60);
    refused.fails(429, "rate_limited");
    // Another sender has a bucket of its own, but one address no more than ten.
    let mut sent = 61;
    'others: for n in 0..20 {
        for _ in 0..60 {
            let reply = server.post("/send", json!({"from": format!("c{n}"), "to": "b"})).await;
            if reply.status == 429 {
                break 'others;
            }
            sent += 1;
        }
    }
    assert_eq!(sent, 600, "all senders of one address together");
}

#[tokio::test]
async fn a_token_for_one_client_is_that_client_and_sees_only_what_is_its() {
    let server = Server::start().await;
    let owner = server.lock().await;
    let token = async |body: Value| {
        let made = owner.post(&server, "/auth/tokens", body).await.is(201);
        Person::with_token(made["token"].as_str().unwrap())
    };
    let bus = json!({"name": "b", "scopes": ["bus"], "client_id": "b"});
    let (b, any) = (token(bus).await, token(json!({"name": "any", "scopes": ["bus"]})).await);
    let search = token(json!({"name": "s", "scopes": ["search"]})).await;
    search.post(&server, "/send", json!({"from": "a", "to": "b"})).await.fails(403, "not_allowed");
    server.post("/send", json!({"from": "a", "to": "b"})).await.fails(401, "not_signed_in");

    any.post(&server, "/send", json!({"from": "a", "to": "b", "text": "for b"})).await.is(200);
    let secret =
        any.post(&server, "/send", json!({"from": "a", "to": "c", "text": "for c"})).await.is(200);
    b.post(&server, "/send", json!({"from": "a", "to": "c"}))
        .await
        .fails(403, "not_your_client_id");
    let sent = b.post(&server, "/send", json!({"to": "c", "text": "of b"})).await.is(200);
    assert_eq!(sent["recipients"], json!({"c": "unknown"}));
    any.post(&server, "/send", json!({"from": "c", "to": "all", "text": "for all"})).await.is(200);

    let mine = async |path: &str| texts(&b.get(&server, path).await.is(200));
    assert_eq!(mine("/messages").await, ["for b", "of b", "for all"]);
    assert_eq!(mine("/messages?to=c").await, ["of b", "for all"].map(str::to_owned)[..1]);
    assert_eq!(mine("/messages?from=a").await, ["for b"]);
    assert_eq!(mine("/search?q=for").await, ["for all", "for b"]);
    let id = secret["message_id"].as_str().unwrap();
    for path in ["", "/status", "/thread"] {
        b.get(&server, &format!("/messages/{id}{path}")).await.fails(404, "not_found");
    }
    b.post(&server, &format!("/messages/{id}/ack"), json!({"client_id": "c"}))
        .await
        .fails(403, "not_your_client_id");
    b.get(&server, "/subscribe?client=c").await.fails(403, "not_your_client_id");
    b.get(&server, "/subscribe").await.fails(403, "not_your_client_id");
    b.post(&server, "/replay", json!({"to": "c", "since_seq": 0}))
        .await
        .fails(403, "not_your_client_id");
    b.post(&server, "/clear", Value::Null).await.fails(403, "not_allowed");
    b.get(&server, "/clients/c").await.fails(404, "not_found");
    let clients = b.get(&server, "/clients").await.is(200);
    assert_eq!(clients["items"].as_array().unwrap().len(), 1);
    let export = b.get(&server, "/messages/export").await;
    assert!(!export.text.contains("for c") && export.text.contains("for b"), "{}", export.text);
    // What the bus is doing is told, the rest of the status is not.
    let status = b.get(&server, "/status").await.is(200);
    assert!(status["bus"]["last_seq"].is_number() && status["data_dir"].is_null(), "{status}");
}
