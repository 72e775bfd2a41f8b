//! Clients that are slow, silent, malformed or many: the others are served as before.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::raw::{read_all, status_of};
use crate::harness::{Server, Upstream};

fn host(server: &Server) -> String {
    format!("Host: 127.0.0.1:{}", server.port())
}

#[tokio::test]
async fn a_client_that_never_ends_its_headers_is_dropped_and_the_others_are_served() {
    let server = Server::with("HEADER_TIMEOUT_SECONDS", 1).start().await;
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut connection = server.connection().await;
        connection.write_all(b"GET / HTTP/1.1\r\nX-Slow: ").await.unwrap();
        slow.push(connection);
    }
    let dripping = tokio::spawn({
        let mut connection = server.connection().await;
        async move {
            let mut sent = 0;
            connection.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
            while sent < 100 && connection.write_all(b"X: y\r\n").await.is_ok() {
                sent += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            sent
        }
    });
    server.get("/health/live").await.is(200);
    server.conversation().await;
    for mut connection in slow {
        let answer = read_all(&mut connection).await;
        assert!(answer.is_empty() || status_of(&answer) == 408, "{answer}");
    }
    assert!(dripping.await.unwrap() < 100, "one that drips is dropped too");
}

#[tokio::test]
async fn a_body_that_stalls_is_given_up() {
    let server = Server::with("BODY_TIMEOUT_SECONDS", 1).start().await;
    let mut connection = server.connection().await;
    let head = format!(
        "POST /api/v1/conversations HTTP/1.1\r\n{}\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{{",
        host(&server)
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let answer = read_all(&mut connection).await;
    assert!(answer.is_empty() || (400..500).contains(&status_of(&answer)), "{answer}");
    server.get("/health/live").await.is(200);
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let server = Server::with("HEADER_TIMEOUT_SECONDS", 1).start().await;
    let mut connection = server.connection().await;
    let request = format!("GET /health/live HTTP/1.1\r\n{}\r\n\r\n", host(&server));
    connection.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(status_of(&read_all(&mut connection).await), 200);
}

#[tokio::test]
async fn malformed_requests_get_a_400_or_nothing_and_hurt_nobody() {
    let server = Server::start().await;
    let host = host(&server);
    let huge = format!("GET / HTTP/1.1\r\n{host}\r\nX-Huge: {}\r\n\r\n", "x".repeat(200_000));
    let many = format!("GET / HTTP/1.1\r\n{host}\r\n{}\r\n", "X-Many: 1\r\n".repeat(5000));
    let long = format!("GET /{} HTTP/1.1\r\n{host}\r\n\r\n", "y".repeat(100_000));
    let smuggled = format!(
        "POST /api/v1/conversations HTTP/1.1\r\n{host}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n{{}}GET / HTTP/1.1\r\n\r\n"
    );
    let two_lengths = format!(
        "POST /api/v1/conversations HTTP/1.1\r\n{host}\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}"
    );
    let bad_length =
        format!("POST /api/v1/conversations HTTP/1.1\r\n{host}\r\nContent-Length: -1\r\n\r\n");
    let bad_chunk = format!(
        "POST /api/v1/conversations HTTP/1.1\r\n{host}\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nZZ\r\n{{}}\r\n0\r\n\r\n"
    );
    let null_byte = format!("GET / HTTP/1.1\r\n{host}\r\nX: a\u{0}b\r\n\r\n");
    for request in [
        "\r\n\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\u{0}\u{1}\u{2}\r\n\r\n",
        "GET / HTTP/1.1\r\nBroken\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET / HTTP/1.1\r\n: empty\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}",
        &huge,
        &many,
        &long,
        &smuggled,
        &two_lengths,
        &bad_length,
        &bad_chunk,
        &null_byte,
    ] {
        let mut connection = server.connection().await;
        let _ = connection.write_all(request.as_bytes()).await;
        let _ = connection.shutdown().await;
        let answer = read_all(&mut connection).await;
        let shown = &request[..request.len().min(60)];
        assert!(!answer.starts_with("HTTP/1.1 5"), "{shown:?}: {answer}");
        assert!(!answer.starts_with("HTTP/1.1 2"), "{shown:?}: {answer}");
    }
    server.get("/health/ready").await.is(200);
    assert_eq!(server.get("/conversations").await.is(200)["items"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn a_full_house_still_answers_health() {
    let plan = Server::with("MAX_HTTP_CONNECTIONS", 16)
        .with("MAX_CONNECTIONS", 4)
        .with("MAX_CONNECTIONS_PER_CLIENT", 4);
    let server = plan.start().await;
    let mut guests = Vec::new();
    for _ in 0..20 {
        let mut connection = server.connection().await;
        let request = format!("GET /health/live HTTP/1.1\r\n{}\r\n\r\n", host(&server));
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut byte = [0; 1024];
        if connection.read(&mut byte).await.is_ok() {
            guests.push(connection);
        }
    }
    let host = host(&server);
    let health = server.raw_get("/health/live", &[&host]).await;
    assert_eq!(status_of(&health), 200, "{health}");
    let refused = server.raw_get("/api/v1/conversations", &[&host]).await;
    assert!(matches!(status_of(&refused), 0 | 503), "{refused}");
    drop(guests);
    crate::harness::eventually("there is room again", || async {
        (status_of(&server.raw_get("/api/v1/conversations", &[&host]).await) == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_reader_that_never_reads_is_told_to_fetch_anew_or_dropped_and_slows_nobody() {
    let server = Server::with("FEED_BUFFER", 16).start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let mut stuck = server.connection().await;
    let request = format!(
        "GET /api/v1/events HTTP/1.1\r\n{}\r\nAccept: text/event-stream\r\n\r\n",
        host(&server)
    );
    stuck.write_all(request.as_bytes()).await.unwrap();
    let piece = "z".repeat(2000);
    let pieces: Vec<&str> = std::iter::repeat_n(piece.as_str(), 1000).collect();
    upstream.then(crate::harness::Act::answer(&pieces));
    let asked = server.ask(&conversation, &model, "A lot, please").await;
    let text = crate::harness::events::text_of(&server.whole_turn(&asked.turn).await);
    assert_eq!(text.len(), 2_000_000, "the one who reads gets everything");
    drop(stuck);
    server.get("/health/ready").await.is(200);
}

#[tokio::test]
async fn two_thousand_quick_connections_leave_nothing_behind() {
    let server = Server::start().await;
    let descriptors =
        || std::fs::read_dir(format!("/proc/{}/fd", server.pid())).map_or(0, Iterator::count);
    server.get("/health/live").await.is(200);
    let before = descriptors();
    for _ in 0..20 {
        let batch = (0..100).map(|_| async {
            let mut connection = server.connection().await;
            let _ = connection.write_all(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n").await;
        });
        futures_util::future::join_all(batch).await;
    }
    crate::harness::eventually("the descriptors are given back", || async {
        (descriptors() <= before + 5).then_some(())
    })
    .await;
    server.get("/health/ready").await.is(200);
}
