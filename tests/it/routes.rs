//! Every route, called as a stranger would: wrong method, wrong path, wrong ids, wrong types.

use reqwest::Method;

use crate::harness::routes::{Ids, Route, all};
use crate::harness::{Server, Upstream};

async fn stage() -> (Server, Upstream, Ids) {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let ids = Ids::of(&server, &upstream).await;
    (server, upstream, ids)
}

fn method(route: &Route) -> Method {
    route.method.parse().unwrap()
}

#[test]
fn the_table_of_the_tests_is_the_table_of_the_documents() {
    let documents =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/API.md")).unwrap();
    let plain = |path: &str| -> String {
        let parts = path.split('/').map(|part| if part.starts_with('{') { "*" } else { part });
        parts.collect::<Vec<_>>().join("/")
    };
    let mut documented: Vec<String> = Vec::new();
    for quoted in documents.split('`').skip(1).step_by(2) {
        let Some((methods, rest)) = quoted.split_once(' ') else { continue };
        let path = rest.split(' ').next().unwrap_or_default();
        let path = path.replace("...", "/conversations/{id}/messages");
        let path = path.replace("/messages/messages/", "/messages/");
        let named = methods.starts_with(|first: char| first.is_ascii_uppercase());
        if !named || !path.starts_with('/') || path.starts_with("/health") || path == "/mcp" {
            continue;
        }
        let path = path.replace("\\|", "|");
        for method in methods.trim_end_matches('\\').split(['|', '\\']).filter(|m| !m.is_empty()) {
            documented.push(format!("{method} {}", plain(&path)));
        }
    }
    let ours: Vec<String> =
        all().iter().map(|route| format!("{} {}", route.method, plain(route.path))).collect();
    for line in &documented {
        assert!(ours.contains(line), "documented, but not in tests/it/harness/routes.rs: {line}");
    }
    for line in &ours {
        assert!(documented.contains(line), "tested, but not in docs/API.md: {line}");
    }
}

#[tokio::test]
async fn every_route_answers_under_v1_and_without_it() {
    let (server, _upstream, ids) = stage().await;
    for route in all().iter().filter(|route| route.method == "GET" && !route.streams()) {
        for root in ["/api/v1", "/api"] {
            let path = format!("{root}{}", route.path(&ids));
            let reply = server.get(&path).await;
            if path.contains("/attachments/") {
                assert_eq!((reply.status, reply.text.as_str()), (200, "Hello"), "{path}");
                continue;
            }
            if path.ends_with("/docs") {
                assert!(reply.header("content-type").starts_with("text/html"), "{path}");
                continue;
            }
            if path.ends_with("/content") {
                assert_eq!((reply.status, reply.text.as_str()), (200, "A document"), "{path}");
                continue;
            }
            if path.ends_with("/export") {
                assert_eq!(reply.header("content-type"), "application/x-ndjson", "{path}");
                continue;
            }
            assert!(reply.header("content-type").starts_with("application/json"), "{path}");
            assert!(!reply.header("x-request-id").is_empty(), "{path}");
            reply.is(200);
        }
    }
}

#[tokio::test]
async fn sessions_is_another_name_for_conversations() {
    let (server, _upstream, ids) = stage().await;
    let path = format!("/sessions/{}", ids.conversation);
    let session = server.get(&path).await.is(200);
    assert_eq!(session, server.get(&path.replace("sessions", "conversations")).await.is(200));
    server.get(&format!("{path}/messages")).await.is(200);
    server.post("/sessions", serde_json::json!({})).await.is(201);
}

#[tokio::test]
async fn a_method_that_a_route_does_not_have_is_405_and_says_which_it_has() {
    let (server, _upstream, ids) = stage().await;
    let routes = all();
    for route in &routes {
        let path = route.path(&ids);
        let has: Vec<&str> = routes
            .iter()
            .filter(|other| other.path == route.path)
            .map(|other| other.method)
            .collect();
        for name in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let shared = ["{answer}", "{question}"].iter().any(|end| route.path.ends_with(end));
            if has.contains(&name) || shared {
                continue;
            }
            let reply = server.send(server.request(name.parse().unwrap(), &path)).await;
            let allow = reply.header("allow").to_owned();
            for method in &has {
                let allows = allow.split(',').any(|word| word.trim() == *method);
                assert!(allows, "{name} {path}: Allow is {allow:?}, without {method}");
            }
            reply.error(405);
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_json_404() {
    let (server, _upstream, _ids) = stage().await;
    for path in [
        "/api/v1/nothing",
        "/api/nothing",
        "/api",
        "/api/v1",
        "/api/v2/conversations",
        "/api/v1/conversations/x/y/z",
        "/api/v1/../secret",
        "/api/v1/%2e%2e/secret",
        "/api/v1//conversations",
    ] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let reply = server.send(server.request(method, path)).await;
            assert!(matches!(reply.status, 404 | 405), "{} {}", reply.asked, reply.status);
            reply.assert_error_body();
        }
    }
}

#[tokio::test]
async fn an_id_that_cannot_be_or_is_not_there_is_404_or_400_on_every_route() {
    let (server, _upstream, ids) = stage().await;
    let strange = [
        "nonsense",
        "conv_",
        "conv_0190000000007000800000000000000",
        "conv_ZZ900000000070008000000000000000",
        "msg_01900000000070008000000000000000",
        "conv_01900000000070008000000000000000",
        "%00",
        "..%2f..%2fetc",
        "%F0%9F%92%A9",
        "'%20OR%201=1--",
        "conv_01900000000070008000000000000000x",
        "-1",
        "%ff%fe",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ];
    for route in all() {
        for by in strange {
            for path in route.with_each_name_replaced(&ids, by) {
                let mut request = server.request(method(&route), &path);
                if route.takes_a_body() {
                    request = request.json(&route.body(&ids));
                }
                let reply = server.send(request).await;
                let fine = matches!(reply.status, 400 | 404 | 405);
                assert!(fine, "{} answered {} {}", reply.asked, reply.status, reply.text);
                reply.assert_error_body();
            }
        }
    }
}

#[tokio::test]
async fn a_body_without_its_content_type_is_415() {
    let (server, _upstream, ids) = stage().await;
    for route in all().iter().filter(|route| route.takes_a_body()) {
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "",
        ] {
            if route.path == "/documents" && kind.starts_with("multipart") {
                // Here a form is as good as JSON.
                continue;
            }
            let mut request =
                server.request(method(route), &route.path(&ids)).body(route.body(&ids).to_string());
            if !kind.is_empty() {
                request = request.header("content-type", kind);
            }
            server.send(request).await.error(415);
        }
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_whether_it_says_its_size_or_not() {
    let server = Server::with("MAX_JSON_KB", 16).start().await;
    let upstream = Upstream::openai().await;
    let ids = Ids::of(&server, &upstream).await;
    let large = format!("{{\"content\": \"{}\"}}", "x".repeat(40_000));
    for route in all().iter().filter(|route| route.takes_a_body()) {
        let request = || {
            let request = server.request(method(route), &route.path(&ids));
            request.header("content-type", "application/json")
        };
        server.send(request().body(large.clone())).await.error(413);
        let pieces: Vec<std::io::Result<Vec<u8>>> =
            large.as_bytes().chunks(1000).map(|piece| Ok(piece.to_vec())).collect();
        let stream = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
        server.send(request().body(stream)).await.error(413);
    }
}

#[tokio::test]
async fn an_unknown_field_is_refused_by_name_on_every_route() {
    let (server, _upstream, ids) = stage().await;
    for route in all().iter().filter(|route| route.takes_a_body()) {
        let mut body = route.body(&ids);
        body["wholly_unknown"] = serde_json::json!(1);
        let request = server.request(method(route), &route.path(&ids)).json(&body);
        let reply = server.send(request).await.error(400);
        assert_eq!(reply["details"]["field"], "wholly_unknown", "{} {}", route.method, route.path);
    }
}

#[tokio::test]
async fn every_good_body_is_taken() {
    let (server, upstream, ids) = stage().await;
    drop(upstream);
    for route in all().iter().filter(|route| route.takes_a_body()) {
        let request = server.request(method(route), &route.path(&ids)).json(&route.body(&ids));
        let reply = server.send(request).await;
        // An answer that is whole cannot be continued: that one is a conflict.
        let whole = route.path.ends_with("/continue") && reply.status == 409;
        // Nor is a secret that was made up any good.
        let secret = ["/auth/login", "/auth/password", "/auth/claim"].contains(&route.path)
            && matches!(reply.status, 401 | 403);
        // Nor is there a call that was made up; its body is read before it is looked for.
        let call = route.path.ends_with("/{call}") && reply.status == 404;
        let fine = reply.status < 300 || whole || secret || call;
        assert!(fine, "{} answered {} {}", reply.asked, reply.status, reply.text);
    }
}

#[tokio::test]
async fn bad_query_strings_are_400_and_named() {
    let (server, _upstream, ids) = stage().await;
    let lists = [
        "/conversations",
        "/conversations/{conversation}/messages",
        "/conversations/{conversation}/tree",
        "/conversations/{conversation}/messages/{answer}/revisions",
    ];
    for list in lists {
        let path = list.replace("{conversation}", &ids.conversation);
        let path = path.replace("{answer}", &ids.answer);
        for (query, field) in [
            ("limit=0", "limit"),
            ("limit=201", "limit"),
            ("limit=-1", "limit"),
            ("limit=many", "limit"),
            ("limit=99999999999999999999", "limit"),
            ("cursor=", "cursor"),
            ("cursor=nonsense", "cursor"),
            ("cursor=%00%ff", "cursor"),
            ("cursor=eyJhIjoxfQ", "cursor"),
            ("unheard_of=1", "unheard_of"),
        ] {
            let reply = server.get(&format!("{path}?{query}")).await.error(400);
            assert_eq!(reply["details"]["field"], field, "{path}?{query}");
        }
    }
    for query in ["archived=perhaps", "trash=2"] {
        server.get(&format!("/conversations?{query}")).await.error(400);
    }
}
