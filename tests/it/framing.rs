//! Where a request ends: what two servers in a row could read differently is refused, or is the last
//! that its connection is believed.

use crate::harness::Server;
use crate::harness::raw::status_of;

const BODY: &str = r#"{"title": "Made by the test"}"#;
const JSON: &str = "Content-Type: application/json\r\n";

/// How many answers stand in what came back.
fn answers(raw: &str) -> usize {
    raw.matches("HTTP/1.1 ").count()
}

fn chunked(body: &str) -> String {
    format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
}

async fn made(server: &Server) -> usize {
    server.get("/conversations?limit=200").await.is(200)["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn nothing_is_smuggled_behind_a_body_that_can_be_read_in_two_ways() {
    let server = Server::start().await;
    let host = format!("Host: 127.0.0.1:{}\r\n", server.port());
    let smuggled =
        format!("POST /api/v1/conversations HTTP/1.1\r\n{host}{JSON}Content-Length: 2\r\n\r\n{{}}");
    let length = BODY.len();
    let post = |lines: &str, body: &str| {
        format!("POST /api/v1/conversations HTTP/1.1\r\n{host}{JSON}{lines}\r\n{body}{smuggled}")
    };
    let body = chunked(BODY);
    let cl = format!("Content-Length: {}\r\n", body.len());
    let te = "Transfer-Encoding: chunked\r\n";
    for (what, request) in [
        ("length, then chunked", post(&format!("{cl}{te}"), &body)),
        ("chunked, then length", post(&format!("{te}{cl}"), &body)),
        ("chunked, short length", post(&format!("{te}Content-Length: 4\r\n"), &body)),
        ("length zero and chunked", post(&format!("Content-Length: 0\r\n{te}"), &body)),
        ("two lengths", post(&format!("Content-Length: {length}\r\nContent-Length: 0\r\n"), BODY)),
        ("lengths in a list", post(&format!("Content-Length: {length}, 0\r\n"), BODY)),
        ("a signed length", post(&format!("Content-Length: +{length}\r\n"), BODY)),
        ("a negative length", post("Content-Length: -1\r\n", BODY)),
        ("a hexadecimal length", post("Content-Length: 0x1d\r\n", BODY)),
        ("an endless length", post("Content-Length: 99999999999999999999999\r\n", BODY)),
        ("a space before the colon", post(&format!("Content-Length : {length}\r\n"), BODY)),
        ("chunked with a space", post("Transfer-Encoding : chunked\r\n", &body)),
        ("another coding", post("Transfer-Encoding: xchunked\r\n", &body)),
        ("chunked is not last", post("Transfer-Encoding: chunked, identity\r\n", &body)),
        ("chunked with a tab", post("Transfer-Encoding:\tchunked\r\n", &body)),
        ("chunked with a vertical tab", post("Transfer-Encoding: \u{b}chunked\r\n", &body)),
        ("two codings", post(&format!("{te}Transfer-Encoding: identity\r\n"), &body)),
        ("a folded coding", post("Transfer-Encoding:\r\n chunked\r\n", &body)),
        ("a folded length", post(&format!("Content-Length:\r\n {length}\r\n"), BODY)),
        ("a line that only ends", post(&format!("X: y\nContent-Length: 0\r\n{cl}"), &body)),
        ("a bare CR", post(&format!("X: y\rContent-Length: 0\r\n{cl}"), &body)),
        ("a chunk size that is none", post(te, "zz\r\n{}\r\n0\r\n\r\n")),
        ("a chunk size too long", post(te, "fffffffffffffffff\r\n{}\r\n0\r\n\r\n")),
        ("a signed chunk size", post(te, &format!("+{body}"))),
        ("a chunk without its end", post(te, &format!("{length:x}\r\n{BODY}XX0\r\n\r\n"))),
        ("a chunk line that only ends", post(te, &format!("{length:x}\n{BODY}\r\n0\r\n\r\n"))),
        (
            "an extension with a line end",
            post(te, &format!("{length:x};a\nb\r\n{BODY}\r\n0\r\n\r\n")),
        ),
    ] {
        let before = made(&server).await;
        let answer = server.raw(request.as_bytes()).await;
        let status = status_of(&answer);
        assert!(!(500..600).contains(&status), "{what}: {answer}");
        // One answer at most: whatever follows on this connection was not taken for a request.
        assert!(answers(&answer) <= 1, "{what}: {answer}");
        let now = made(&server).await;
        let fine = if status == 201 { now == before + 1 } else { now == before };
        assert!(fine, "{what}: {before} then {now}: {answer}");
        if what.contains("chunked, ") || what.contains("two lengths") || what.contains("zero and") {
            assert!(status == 400 || answer.to_lowercase().contains("connection: close"), "{what}");
        }
    }
}

#[tokio::test]
async fn a_well_formed_chunked_body_is_read_with_its_extensions_and_trailers() {
    let server = Server::start().await;
    let head = format!(
        "POST /api/v1/conversations HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{JSON}Transfer-Encoding: chunked\r\n\r\n",
        server.port()
    );
    let (a, b) = BODY.split_at(9);
    for body in [
        chunked(BODY),
        format!("{:x};name=value\r\n{BODY}\r\n0\r\n\r\n", BODY.len()),
        format!("{:x}\r\n{a}\r\n{:X}\r\n{b}\r\n0\r\nX-Trailer: 1\r\n\r\n", a.len(), b.len()),
    ] {
        let answer = server.raw(format!("{head}{body}").as_bytes()).await;
        assert_eq!(status_of(&answer), 201, "{answer}");
    }
    let long = format!("{:x};{}\r\n{BODY}\r\n0\r\n\r\n", BODY.len(), "x".repeat(200_000));
    let answer = server.raw(format!("{head}{long}").as_bytes()).await;
    assert_ne!(status_of(&answer), 201, "an extension of any length: {answer}");
    assert_eq!(made(&server).await, 3);
}

#[tokio::test]
async fn a_target_in_absolute_form_must_name_the_host_that_the_header_names() {
    let server = Server::start().await;
    let (port, close) = (server.port(), "Connection: close\r\n\r\n");
    for (target, host, status) in [
        (format!("http://127.0.0.1:{port}/health/live"), format!("127.0.0.1:{port}"), 200),
        (format!("http://localhost:{port}/health/live"), format!("127.0.0.1:{port}"), 400),
        ("http://evil.example/health/live".to_owned(), format!("127.0.0.1:{port}"), 400),
        ("http://evil.example/health/live".to_owned(), "evil.example".to_owned(), 403),
        (format!("https://127.0.0.1:{port}/health/live"), "evil.example".to_owned(), 400),
        (format!("http://user@127.0.0.1:{port}/health/live"), format!("127.0.0.1:{port}"), 400),
        ("//evil.example/health/live".to_owned(), format!("127.0.0.1:{port}"), 404),
        ("*".to_owned(), format!("127.0.0.1:{port}"), 404),
        ("health/live".to_owned(), format!("127.0.0.1:{port}"), 400),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{close}");
        let answer = server.raw(request.as_bytes()).await;
        assert_eq!(status_of(&answer), status, "{target} for {host}: {answer}");
    }
    let request = format!("CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n{close}");
    let answer = server.raw(request.as_bytes()).await;
    assert!((400..500).contains(&status_of(&answer)), "{answer}");
}

#[tokio::test]
async fn no_second_protocol_is_spoken() {
    let server = Server::start().await;
    let host = format!("Host: 127.0.0.1:{}\r\n", server.port());
    for path in ["/health/live", "/api/v1/conversations", "/"] {
        let request = format!(
            "GET {path} HTTP/1.1\r\n{host}Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n\
             HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n"
        );
        let answer = server.raw(request.as_bytes()).await;
        assert_eq!(status_of(&answer), 200, "{path}: {answer}");
        assert!(!answer.contains(" 101 "), "{path}: {answer}");
    }
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let answer = server.raw(preface).await;
    assert!(
        answer.is_empty() || status_of(&answer) == 400 || status_of(&answer) == 505,
        "{answer}"
    );
    for upgrade in ["h2c", "TLS/1.0", "websocket, h2c", "foo/2"] {
        let request = format!(
            "GET /api/v1/ws/chat/conv_01900000000070008000000000000000 HTTP/1.1\r\n{host}\
             Connection: Upgrade, close\r\nUpgrade: {upgrade}\r\n\r\n"
        );
        let answer = server.raw(request.as_bytes()).await;
        assert!((400..500).contains(&status_of(&answer)), "{upgrade}: {answer}");
    }
    let old = format!("GET /health/live HTTP/1.0\r\n{host}\r\n");
    assert_eq!(status_of(&server.raw(old.as_bytes()).await), 200);
    let chunked = format!(
        "POST /api/v1/conversations HTTP/1.0\r\n{host}{JSON}Transfer-Encoding: chunked\r\n\r\n{}",
        chunked(BODY)
    );
    let answer = server.raw(chunked.as_bytes()).await;
    assert!((400..500).contains(&status_of(&answer)), "{answer}");
}
