//! A page of another site can do nothing: Host, Origin, Sec-Fetch-Site, content type, CORS.

use reqwest::Method;
use serde_json::json;

use crate::harness::Server;
use crate::harness::raw::status_of;

#[tokio::test]
async fn a_rebound_host_name_is_refused_on_every_path() {
    let server = Server::start().await;
    let port = server.port();
    for path in [
        "/",
        "/api/v1/conversations",
        "/health/live",
        "/health",
        "/api/v1/events",
        "/nowhere",
        "/api/v1/config",
    ] {
        for host in [
            "evil.example",
            "evil.example:5001",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "169.254.169.254",
            "10.0.0.1",
            "127.0.0.1@evil.example",
            "evil.example#127.0.0.1",
        ] {
            let answer = server.raw_get(path, &[&format!("Host: {host}")]).await;
            assert!(matches!(status_of(&answer), 400 | 403), "{path} for {host}: {answer}");
            assert!(!answer.contains("<html"), "{answer}");
        }
        for none in [
            &[][..],
            &["Host:"],
            &["Host: 127.0.0.1", "Host: evil.example"],
            &["Host: a", "Host: a"],
        ] {
            let answer = server.raw_get(path, none).await;
            assert_eq!(status_of(&answer), 400, "{path} with {none:?}: {answer}");
        }
    }
    for host in ["localhost", "127.0.0.1", "LOCALHOST", "[::1]"] {
        let answer = server.raw_get("/health/live", &[&format!("Host: {host}:{port}")]).await;
        assert_eq!(status_of(&answer), 200, "{host}: {answer}");
    }
}

#[tokio::test]
async fn a_listed_host_is_served() {
    let server = Server::with("ALLOWED_HOSTS", "nook.home.arpa").start().await;
    assert_eq!(status_of(&server.raw_get("/health/live", &["Host: nook.home.arpa"]).await), 200);
    assert_eq!(status_of(&server.raw_get("/health/live", &["Host: nook.example"]).await), 403);
}

#[tokio::test]
async fn an_absolute_target_cannot_smuggle_another_host() {
    let server = Server::start().await;
    let request = format!(
        "GET http://evil.example/health/live HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n",
        server.port()
    );
    let answer = server.raw(request.as_bytes()).await;
    assert!(matches!(status_of(&answer), 400 | 403), "{answer}");
}

#[tokio::test]
async fn state_changes_need_a_sign_that_they_are_ours() {
    let server = Server::start().await;
    let own = server.origin();
    let localhost = own.replace("127.0.0.1", "localhost");
    let ask = |headers: Vec<(&'static str, String)>| {
        let mut request = server.request(Method::POST, "/conversations").json(&json!({}));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        server.send(request)
    };
    ask(vec![]).await.is(201);
    ask(vec![("sec-fetch-site", "same-origin".into())]).await.is(201);
    ask(vec![("origin", own.clone())]).await.is(201);
    ask(vec![("origin", own.clone()), ("sec-fetch-site", "same-origin".into())]).await.is(201);
    for refused in [
        vec![("sec-fetch-site", "cross-site".to_owned())],
        vec![("sec-fetch-site", "same-site".to_owned())],
        vec![("sec-fetch-site", "none".to_owned()), ("origin", "null".to_owned())],
        vec![("origin", "https://evil.example".to_owned())],
        vec![("origin", "null".to_owned())],
        vec![("origin", format!("{own}.evil.example"))],
        vec![("origin", localhost)],
        vec![("origin", "http://127.0.0.1:1".to_owned())],
        vec![
            ("origin", "https://evil.example".to_owned()),
            ("sec-fetch-site", "cross-site".to_owned()),
        ],
    ] {
        let shown = format!("{refused:?}");
        let reply = ask(refused).await;
        assert_eq!(reply.status, 403, "{shown}: {}", reply.text);
        reply.assert_error_body();
    }
    assert_eq!(server.get("/conversations").await.is(200)["items"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn every_state_changing_route_is_guarded() {
    let server = Server::start().await;
    let upstream = crate::harness::Upstream::openai().await;
    let ids = crate::harness::routes::Ids::of(&server, &upstream).await;
    for route in crate::harness::routes::all() {
        if route.method == "GET" {
            continue;
        }
        let mut request = server
            .request(route.method.parse().unwrap(), &route.path(&ids))
            .header("origin", "https://evil.example")
            .header("sec-fetch-site", "cross-site");
        if route.takes_a_body() {
            request = request.json(&route.body(&ids));
        }
        let reply = server.send(request).await;
        assert_eq!(reply.status, 403, "{}: {}", reply.asked, reply.text);
    }
    assert_eq!(server.messages(&ids.conversation).await.len(), 2, "nothing happened");
}

#[tokio::test]
async fn sockets_and_streams_of_another_origin_are_refused() {
    let server = Server::start().await;
    let conversation = server.conversation().await;
    let path = format!("/ws/chat/{conversation}");
    let own = server.origin();
    assert!(server.try_socket(&path, &[("origin", &own)]).await.is_ok());
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1", "file://"] {
        let refused = server.try_socket(&path, &[("origin", origin)]).await;
        assert_eq!(refused.err(), Some(403), "{origin}");
        let request = server.request(Method::GET, "/events").header("origin", origin);
        assert_eq!(server.send(request).await.status, 403, "{origin}");
    }
}

#[tokio::test]
async fn other_origins_may_read_only_when_listed() {
    let server = Server::with("CORS_ORIGINS", "http://localhost:3000").start().await;
    let ask = |origin: &'static str, method: Method| {
        let request = server.request(method, "/conversations").header("origin", origin);
        server.send(request.header("access-control-request-method", "POST"))
    };
    let listed = ask("http://localhost:3000", Method::GET).await;
    assert_eq!(listed.header("access-control-allow-origin"), "http://localhost:3000");
    assert_ne!(listed.header("access-control-allow-origin"), "*");
    let preflight = ask("http://localhost:3000", Method::OPTIONS).await;
    assert!(matches!(preflight.status, 200 | 204), "{}", preflight.status);
    assert!(preflight.header("access-control-allow-methods").contains("POST"));
    for origin in
        ["https://evil.example", "http://localhost:3001", "http://localhost:3000.evil.example"]
    {
        assert_eq!(
            ask(origin, Method::GET).await.header("access-control-allow-origin"),
            "",
            "{origin}"
        );
        assert_eq!(
            ask(origin, Method::OPTIONS).await.header("access-control-allow-origin"),
            "",
            "{origin}"
        );
    }
}

#[tokio::test]
async fn a_form_post_from_anywhere_is_refused_by_its_type() {
    let server = Server::start().await;
    for kind in
        ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "text/plain"]
    {
        let request = server.request(Method::POST, "/conversations").header("content-type", kind);
        server.send(request.body("{}")).await.error(415);
    }
    let request = server.request(Method::POST, "/conversations");
    server
        .send(request.header("content-type", "Application/JSON; charset=UTF-8").body("{}"))
        .await
        .is(201);
}
