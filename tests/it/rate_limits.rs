//! Rate limits: a window, one bucket per client and class, told in every answer.

use serde_json::json;

use crate::harness::Server;

#[tokio::test]
async fn the_request_after_the_last_allowed_one_is_429() {
    let server = Server::with("RATE_LIMIT_API", 5).start().await;
    for left in (0..5).rev() {
        let reply = server.get("/folders").await;
        assert_eq!(reply.header("ratelimit-limit"), "5");
        assert_eq!(reply.header("ratelimit-remaining"), left.to_string());
        let reset: u64 = reply.header("ratelimit-reset").parse().unwrap();
        assert!((1..=60).contains(&reset), "{reset}");
        reply.is(200);
    }
    let refused = server.get("/folders").await;
    assert_eq!(refused.header("ratelimit-remaining"), "0");
    let body = refused.error(429);
    assert!((1..=60).contains(&body["retry_after"].as_u64().unwrap()), "{body}");
    crate::harness::eventually("the refusal is logged with the client", || async {
        server
            .log()
            .lines()
            .any(|line| line.contains("127.0.0.1") && line.contains("rate"))
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn questions_have_a_bucket_of_their_own() {
    let server = Server::with("RATE_LIMIT_CHAT", 2).start().await;
    let conversation = server.conversation().await;
    let path = format!("/conversations/{conversation}/messages");
    let body = json!({"content": "Hello", "model": "passages/passages", "stream": false});
    for _ in 0..2 {
        server.post(&path, body.clone()).await.is(200);
    }
    server.post(&path, body).await.error(429);
    server.get("/folders").await.is(200);
    assert_eq!(server.messages(&conversation).await.len(), 4, "what was refused was not kept");
}

#[tokio::test]
async fn questions_over_a_socket_count_too() {
    let server = Server::with("RATE_LIMIT_CHAT", 1).start().await;
    let conversation = server.conversation().await;
    let mut socket = server.socket(&format!("/ws/chat/{conversation}")).await;
    let question = json!({"type": "chat", "content": "Hello", "model": "passages/passages"});
    socket.send(question.clone()).await;
    socket.until("complete").await;
    socket.send(question).await;
    let refused = socket.until("error").await;
    let refused = refused.last().unwrap();
    assert_eq!(refused["status"], 429, "{refused}");
    assert!(refused["retry_after"].is_u64(), "{refused}");
}

#[tokio::test]
async fn no_header_of_the_client_chooses_the_bucket() {
    let server = Server::with("RATE_LIMIT_API", 3).start().await;
    for n in 0..4 {
        let request = server
            .request(reqwest::Method::GET, "/folders")
            .header("x-forwarded-for", format!("10.0.0.{n}"))
            .header("forwarded", format!("for=10.0.0.{n}"))
            .header("x-real-ip", format!("10.0.0.{n}"))
            .header("authorization", format!("Bearer {n}"))
            .header("user-agent", format!("agent {n}"));
        let reply = server.send(request).await;
        assert_eq!(reply.status, if n < 3 { 200 } else { 429 });
    }
}

#[tokio::test]
async fn health_and_the_page_are_not_limited() {
    let server = Server::with("RATE_LIMIT_API", 1).start().await;
    server.get("/folders").await.is(200);
    server.get("/folders").await.error(429);
    for _ in 0..5 {
        assert_eq!(server.get("/health/live").await.status, 200);
        assert_eq!(server.get("/").await.status, 200);
    }
}

#[tokio::test]
async fn zero_turns_a_limit_off() {
    let server = Server::with("RATE_LIMIT_API", 0).start().await;
    for _ in 0..50 {
        server.get("/folders").await.is(200);
    }
}

#[tokio::test]
async fn streams_are_capped_per_client() {
    let server = Server::with("MAX_CONNECTIONS_PER_CLIENT", 2).start().await;
    let conversation = server.conversation().await;
    let _one = server.events("/events").await;
    let socket = server.socket(&format!("/ws/chat/{conversation}")).await;
    let third = server.get("/events").await;
    assert!(matches!(third.status, 429 | 503), "{} {}", third.status, third.text);
    third.assert_error_body();
    assert!(server.try_socket(&format!("/ws/chat/{conversation}"), &[]).await.is_err());
    drop(socket);
    crate::harness::eventually("a place is free again", || async {
        let events = server.events_after("/events", None).await;
        (events.status == 200).then_some(())
    })
    .await;
}
