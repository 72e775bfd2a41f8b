//! Every door against every stranger: each route with a foreign host, a foreign origin, none at all;
//! and what every answer says of itself, whatever kind of answer it is.

use reqwest::Method;
use serde_json::json;

use crate::harness::client::Reply;
use crate::harness::raw::status_of;
use crate::harness::routes::{Ids, Route, all};
use crate::harness::talk::id_of;
use crate::harness::{Act, Server, Upstream};

/// What a browser says of a request that a page of another site makes.
const FOREIGN: [&[(&str, &str)]; 9] = [
    &[("origin", "https://evil.example")],
    &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
    &[("origin", "null")],
    &[("origin", "null"), ("sec-fetch-site", "cross-site")],
    &[("origin", "http://localhost:1"), ("sec-fetch-site", "same-site")],
    &[("origin", "http://127.0.0.1.evil.example")],
    &[("origin", "")],
    &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")],
    &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors")],
];

/// What every answer carries.
fn assert_headers(reply: &Reply) {
    let asked = &reply.asked;
    assert_eq!(reply.header("x-content-type-options"), "nosniff", "{asked}");
    assert_eq!(reply.header("x-frame-options"), "DENY", "{asked}");
    assert_eq!(reply.header("referrer-policy"), "no-referrer", "{asked}");
    assert_eq!(reply.header("cross-origin-opener-policy"), "same-origin", "{asked}");
    assert_eq!(reply.header("cross-origin-resource-policy"), "same-origin", "{asked}");
    assert!(reply.header("permissions-policy").contains("camera=()"), "{asked}");
    let policy = reply.header("content-security-policy");
    assert!(policy.contains("default-src 'none'"), "{asked}: {policy}");
    assert!(!policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"), "{asked}");
    assert!(!reply.header("x-request-id").is_empty(), "{asked}");
    for header in ["server", "x-powered-by", "access-control-allow-origin"] {
        assert_eq!(reply.header(header), "", "{asked}: {header}");
    }
}

async fn knock(server: &Server, route: &Route, ids: &Ids, headers: &[(&str, &str)]) -> Reply {
    let mut request = server.request(route.method.parse().unwrap(), &route.path(ids));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if route.takes_a_body() {
        request = request.json(&route.body(ids));
    }
    server.send(request).await
}

#[tokio::test]
async fn no_route_does_anything_for_a_page_of_another_site() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let ids = Ids::of(&server, &upstream).await;
    let asked_before = upstream.requests().len();
    for route in all() {
        for headers in FOREIGN {
            let changes = route.method != "GET";
            let named = headers.iter().any(|(name, _)| *name == "origin");
            let site = headers.iter().any(|(name, _)| *name == "sec-fetch-site");
            if !changes && !route.streams() && named && !site {
                // A browser without Sec-Fetch-Site: the page cannot read what comes.
                let reply = knock(&server, &route, &ids, headers).await;
                assert_headers(&reply);
                continue;
            }
            let reply = knock(&server, &route, &ids, headers).await;
            assert_eq!(reply.status, 403, "{} {headers:?}: {}", reply.asked, reply.text);
            assert_eq!(reply.assert_error_body()["code"], "cross_site");
            assert_headers(&reply);
        }
    }
    assert_eq!(server.messages(&ids.conversation).await.len(), 2, "nothing happened");
    server.get(&format!("/notes/{}", ids.note)).await.is(200);
    let chats = upstream.requests()[asked_before..].iter().filter(|seen| seen.is_chat()).count();
    assert_eq!(chats, 0, "the model was asked");
}

#[tokio::test]
async fn no_route_answers_to_another_host() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let ids = Ids::of(&server, &upstream).await;
    for route in all() {
        for host in ["evil.example", "127.0.0.1.evil.example:80", "rebound.example"] {
            let request = format!(
                "{} /api/v1{} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
                route.method,
                route.path(&ids)
            );
            let answer = server.raw(request.as_bytes()).await;
            assert_eq!(status_of(&answer), 403, "{} {host}: {answer}", route.path);
            assert!(answer.contains("host_not_allowed"), "{answer}");
            assert!(answer.to_lowercase().contains("x-content-type-options: nosniff"), "{answer}");
        }
    }
}

#[tokio::test]
async fn a_preflight_of_an_unlisted_site_allows_nothing_on_any_route() {
    let server = Server::with("CORS_ORIGINS", "http://localhost:3000").start().await;
    let upstream = Upstream::openai().await;
    let ids = Ids::of(&server, &upstream).await;
    for route in all() {
        for origin in ["https://evil.example", "null", "http://localhost:3001"] {
            let request = server
                .request(Method::OPTIONS, &route.path(&ids))
                .header("origin", origin)
                .header("access-control-request-method", route.method)
                .header("access-control-request-headers", "content-type, authorization");
            let reply = server.send(request).await;
            assert!(reply.status < 500, "{}", reply.asked);
            let allowed = reply.header("access-control-allow-origin");
            assert_eq!(allowed, "", "{} for {origin}", reply.asked);
            assert_eq!(reply.header("access-control-allow-credentials"), "", "{}", reply.asked);
        }
    }
}

#[tokio::test]
async fn sockets_and_streams_open_for_our_own_pages_only() {
    let server = Server::start().await;
    let conversation = server.conversation().await;
    let asked = server.ask(&conversation, "passages/passages", "Hello").await;
    server.whole_turn(&asked.turn).await;
    let (own, port) = (server.origin(), server.port());
    for prefix in ["", "/api", "/api/v1"] {
        let path = format!("{prefix}/ws/chat/{conversation}");
        assert!(server.try_socket(&path, &[("origin", &own)]).await.is_ok(), "{path}");
        assert!(server.try_socket(&path, &[]).await.is_ok(), "{path}: no browser");
        for origin in [
            "https://evil.example".to_owned(),
            "null".to_owned(),
            String::new(),
            "file://".to_owned(),
            format!("http://localhost:{port}"),
            format!("http://127.0.0.1:{}", port.wrapping_add(1)),
            format!("{own}.evil.example"),
            format!("{own}@evil.example"),
            format!("ftp://127.0.0.1:{port}"),
        ] {
            let refused = server.try_socket(&path, &[("origin", &origin)]).await;
            assert_eq!(refused.err(), Some(403), "{path} {origin}");
        }
        let site = server.try_socket(&path, &[("sec-fetch-site", "cross-site")]).await;
        assert_eq!(site.err(), Some(403), "{path}");
    }
    for path in ["/events".to_owned(), format!("/turns/{}/events", asked.turn)] {
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let request = server.request(Method::GET, &path).header(name, value);
            let reply = server.send(request).await;
            assert_eq!(reply.status, 403, "{path} {name}: {value}");
            assert_headers(&reply);
        }
    }
}

#[tokio::test]
async fn a_link_that_a_person_follows_works() {
    let server = Server::start().await;
    let document = id_of(&server.read_document("a.txt", b"A document").await);
    for path in ["/".to_owned(), format!("/documents/{document}/content")] {
        let request = server
            .request(Method::GET, &path)
            .header("sec-fetch-site", "cross-site")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document");
        assert_eq!(server.send(request).await.status, 200, "{path}");
    }
    server
        .send(server.request(Method::GET, "/conversations").header("sec-fetch-site", "none"))
        .await
        .is(200);
}

#[tokio::test]
async fn every_kind_of_answer_carries_the_headers() {
    let server = Server::with("MAX_JSON_KB", 1)
        .with("MAX_UPLOAD_MB", 1)
        .with("RATE_LIMIT_UPLOAD", 3)
        .start()
        .await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let page = b"<!doctype html><script>alert(1)</script><p>Words</p>";
    let document = id_of(&server.read_document("page.html", page).await);
    let root = |path: &str| server.http.get(format!("{}{path}", server.origin()));
    let shell = server.send(root("/")).await;
    let tag = shell.header("etag").to_owned();
    let asset = shell.text.split("src=\"").nth(1).and_then(|rest| rest.split('"').next());
    let asset = asset.expect("the page loads a script").to_owned();
    let post = |path: &str| server.request(Method::POST, path);
    upstream.then(Act::status(500));
    let question = json!({"content": "x", "model": model, "stream": false});
    let large = format!("{{\"title\": \"{}\"}}", "x".repeat(3000));
    let requests = [
        (200, root("/")),
        (304, root("/").header("if-none-match", tag)),
        (200, root(&asset)),
        (200, root("/health")),
        (404, root("/assets/nothing.js")),
        (200, server.request(Method::GET, "/conversations")),
        (200, server.request(Method::HEAD, "/conversations")),
        (201, post("/conversations").json(&json!({}))),
        (400, server.request(Method::GET, "/conversations?limit=0")),
        (400, post("/conversations").header("content-type", "application/json").body("{")),
        (404, server.request(Method::GET, "/nothing")),
        (404, server.request(Method::GET, "/conversations/conv_01900000000070008000000000000000")),
        (405, server.request(Method::PUT, "/conversations")),
        (413, post("/conversations").header("content-type", "application/json").body(large)),
        (415, post("/conversations").header("content-type", "text/plain").body("{}")),
        (426, server.request(Method::GET, &format!("/ws/chat/{conversation}"))),
        (200, post(&format!("/conversations/{conversation}/messages")).json(&question)),
        (
            204,
            server
                .request(Method::OPTIONS, "/conversations")
                .header("access-control-request-method", "POST"),
        ),
        (405, server.request(Method::OPTIONS, "/conversations")),
        (200, server.request(Method::GET, &format!("/documents/{document}/content"))),
        (200, server.request(Method::GET, &format!("/documents/{document}/text"))),
    ];
    for (status, request) in requests {
        let reply = server.send(request).await;
        assert!(reply.status == status, "{} {} wanted {status}", reply.asked, reply.status);
        assert_headers(&reply);
    }
    let file = server.get(&format!("/documents/{document}/content")).await;
    assert!(file.header("content-disposition").starts_with("attachment"));
    assert!(file.header("content-security-policy").contains("sandbox"));
    let limited = loop {
        let reply = server.upload(&[("a.txt", b"x")]).await;
        if reply.status == 429 {
            break reply;
        }
    };
    assert_headers(&limited);
    let events = server.events("/events").await;
    let stream = Reply {
        status: events.status,
        headers: events.headers.clone(),
        text: String::new(),
        asked: "GET /events".to_owned(),
    };
    assert_eq!(stream.header("content-type"), "text/event-stream");
    assert_headers(&stream);
    let socket = server.socket(&format!("/ws/chat/{conversation}")).await;
    let upgrade = Reply {
        status: 101,
        headers: socket.headers.clone(),
        asked: "socket".to_owned(),
        ..stream
    };
    assert_headers(&upgrade);
    let bad_host = server.raw_get("/", &["Host: evil.example"]).await.to_lowercase();
    for header in ["content-security-policy: default-src 'none'", "x-frame-options: deny"] {
        assert!(bad_host.contains(header), "{bad_host}");
    }
}
