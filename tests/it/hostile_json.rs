//! Sixty bodies that no client of ours would send, on every route: each is refused, none is a 500,
//! and the server is well afterwards.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::routes::{Ids, all};
use crate::harness::{Server, Upstream};

/// Bodies that are good for no route at all.
fn sixty() -> Vec<Vec<u8>> {
    let deep = |open: &str, close: &str, n: usize| format!("{}{}", open.repeat(n), close.repeat(n));
    let mut texts: Vec<String> = [
        "",
        " ",
        "\n\n",
        "{",
        "}",
        "[",
        "]",
        "[]",
        "[[]]",
        "[{}]",
        "null",
        "true",
        "false",
        "0",
        "-1",
        "1e999",
        "-1e999",
        "1e-999",
        "NaN",
        "Infinity",
        "-",
        "01",
        "0x10",
        "1.",
        ".5",
        "\"\"",
        "\"text\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\"\\x\"",
        "\"unfinished",
        "'single'",
        "{a:1}",
        "{'a':1}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\" 1}",
        "{\"a\":1 \"b\":2}",
        "{}{}",
        "{} trailing",
        "{\"a\":1}\u{0}",
        "/* comment */ {}",
        "// comment\n{}",
        "\u{feff}{}",
        "{\"__proto__\": {}}",
        "{\"constructor\": {\"prototype\": {}}}",
        "{\"\": 1}",
        "{\"a\": 1, \"a\": 2}",
        "undefined",
        "<xml/>",
        "title=form&encoded=1",
        "{\"\\ud800\": 1}",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push(deep("[", "]", 100_000));
    texts.push(deep("{\"a\":", "}", 50_000));
    texts.push(format!("{{\"n\": {}}}", "9".repeat(10_000)));
    texts.push(format!("{{\"{}\": 1}}", "k".repeat(100_000)));
    let mut bodies: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
    bodies.push(vec![b'{', b'"', 0xff, 0xfe, b'"', b':', b'1', b'}']);
    assert!(bodies.len() >= 60, "{}", bodies.len());
    bodies
}

#[tokio::test]
async fn sixty_hostile_bodies_on_every_route_are_refused() {
    let mut server = Server::start().await;
    // Each body on a connection of its own: what is left unread of one closes it.
    server.http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
    let upstream = Upstream::openai().await;
    let ids = Ids::of(&server, &upstream).await;
    for route in all().iter().filter(|route| route.method != "GET" && route.method != "DELETE") {
        let method: Method = route.method.parse().unwrap();
        for body in sixty() {
            let request = server.request(method.clone(), &route.path(&ids));
            let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
            let request = request.header("content-type", "application/json").body(body.clone());
            let reply = server.send(request).await;
            if route.takes_a_body() {
                // `regenerate` and `continue` take an absent body for an empty object.
                let empty_is_fine = body.is_empty() && reply.status < 500;
                let refused = (400..500).contains(&reply.status);
                assert!(
                    refused || empty_is_fine,
                    "{} {shown:?}: {} {}",
                    reply.asked,
                    reply.status,
                    reply.text
                );
                if refused {
                    reply.assert_error_body();
                }
            } else {
                assert!(reply.status < 500, "{} {shown:?}: {}", reply.asked, reply.text);
            }
        }
    }
    server.get("/health/ready").await.is(200);
    assert_eq!(server.messages(&ids.conversation).await.len(), 2);
}

#[tokio::test]
async fn every_field_of_every_body_may_be_of_any_type_without_a_500() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let ids = Ids::of(&server, &upstream).await;
    let values = [
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("\u{0}"),
        json!("a\u{202e}b\u{fffd}"),
        json!("x".repeat(20_000)),
        json!([]),
        json!([null]),
        json!([[]]),
        json!({}),
        json!({"a": {"b": null}}),
        json!("conv_01900000000070008000000000000000"),
        json!(["", "", ""]),
        json!("'; DROP TABLE messages; --"),
        json!("\" OR NEAR( AND"),
    ];
    for route in all().iter().filter(|route| route.takes_a_body()) {
        let body = route.body(&ids);
        let method: Method = route.method.parse().unwrap();
        for field in body.as_object().unwrap().keys() {
            for value in &values {
                let mut body = body.clone();
                body[field] = value.clone();
                let request = server.request(method.clone(), &route.path(&ids)).json(&body);
                let reply = server.send(request).await;
                // A model that is not there is the upstream's 5xx; a bug of ours is 500.
                let fine = reply.status < 500 || matches!(reply.status, 502..=504);
                assert!(fine, "{} {field}={value}: {} {}", reply.asked, reply.status, reply.text);
                if reply.status >= 400 {
                    reply.assert_error_body();
                }
            }
        }
    }
    server.get("/health/ready").await.is(200);
}

#[tokio::test]
async fn hostile_frames_on_a_socket_get_an_error_frame_each() {
    let server = Server::start().await;
    let conversation = server.conversation().await;
    let mut socket = server.socket(&format!("/ws/chat/{conversation}")).await;
    let mut frames: Vec<String> =
        sixty().into_iter().filter_map(|bytes| String::from_utf8(bytes).ok()).collect();
    for frame in [
        json!({"type": "dance"}),
        json!({"type": 1}),
        json!({"type": "chat"}),
        json!({"type": "chat", "content": ""}),
        json!({"type": "chat", "content": 5}),
        json!({"type": "chat", "content": "x", "wholly_unknown": 1}),
        json!({"type": "cancel"}),
        json!({"type": "cancel", "turn_id": "turn_01900000000070008000000000000000"}),
        json!({"type": "resume", "turn_id": "nonsense", "after": -1}),
    ] {
        frames.push(frame.to_string());
    }
    for frame in frames {
        socket.send_text(&frame).await;
        let answer = socket.next().await;
        assert_eq!(answer["type"], "error", "{frame:.80}: {answer}");
        assert!(answer["code"].is_string() && answer["error"].is_string(), "{frame:.80}: {answer}");
    }
    socket.send(json!({"type": "ping"})).await;
    socket.until("pong").await;
}
