//! Serving: the page, its caching and compression, the headers that protect it.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Server, skipped};

#[tokio::test]
async fn every_answer_carries_the_headers_that_protect_it() {
    let server = Server::start().await;
    for path in ["/", "/api/v1/conversations", "/api/v1/nothing", "/health/live", "/app.js"] {
        let reply = server.get(path).await;
        for (name, words) in [
            (
                "content-security-policy",
                &["default-src 'none'", "frame-ancestors 'none'", "trusted-types"][..],
            ),
            ("x-content-type-options", &["nosniff"]),
            ("referrer-policy", &["no-referrer"]),
            ("cross-origin-opener-policy", &["same-origin"]),
            ("cross-origin-resource-policy", &["same-origin"]),
            ("permissions-policy", &["camera=()"]),
        ] {
            for word in words {
                assert!(reply.header(name).contains(word), "{path} {name}: {}", reply.header(name));
            }
        }
        let policy = reply.header("content-security-policy");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"), "{policy}");
        assert!(!policy.contains("http://") && !policy.contains("https://"), "{policy}");
    }
}

#[tokio::test]
async fn the_page_has_urls_that_can_be_reloaded() {
    let server = Server::start().await;
    let conversation = server.conversation().await;
    let page = server.get("/").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    for path in [
        format!("/c/{conversation}"),
        "/settings".into(),
        "/temporary".into(),
        "/settings/models".into(),
        "/search".into(),
    ] {
        let reply = server.send(server.http.get(format!("{}{path}", server.origin()))).await;
        assert_eq!((reply.status, &reply.text), (200, &page.text), "{path}");
    }
    for path in ["/missing.js", "/vendor/missing.js", "/missing.css", "/favicon-missing.svg"] {
        let reply = server.send(server.http.get(format!("{}{path}", server.origin()))).await;
        assert_eq!(reply.status, 404, "{path}");
    }
}

#[tokio::test]
async fn assets_are_compressed_tagged_and_not_sent_twice() {
    if cfg!(debug_assertions) {
        return skipped("assets_are_compressed", "a debug build serves them from disk as they are");
    }
    let server = Server::start().await;
    let ask = |encoding: &'static str, tag: Option<String>| {
        let mut request = server.request(Method::GET, "/").header("accept-encoding", encoding);
        if let Some(tag) = tag {
            request = request.header("if-none-match", tag);
        }
        server.send(request)
    };
    let plain = ask("identity", None).await;
    let mut tags = vec![plain.header("etag").to_owned()];
    for encoding in ["br", "gzip"] {
        let reply = ask(encoding, None).await;
        assert_eq!(reply.header("content-encoding"), encoding);
        assert!(reply.header("vary").to_lowercase().contains("accept-encoding"));
        tags.push(reply.header("etag").to_owned());
        let again = ask(encoding, Some(reply.header("etag").to_owned())).await;
        assert_eq!((again.status, again.text.len()), (304, 0));
    }
    assert_eq!(ask("br;q=0, gzip", None).await.header("content-encoding"), "gzip");
    assert_eq!(ask("br;q=0, gzip;q=0", None).await.header("content-encoding"), "");
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 3, "each encoding has a tag of its own");
    let head = server.send(server.request(Method::HEAD, "/")).await;
    assert_eq!((head.status, head.text.len()), (200, 0));
    let wrong = server.send(server.request(Method::POST, "/")).await;
    assert!(matches!(wrong.status, 404 | 405), "{}", wrong.status);
}

#[tokio::test]
async fn no_path_leads_out_of_the_assets() {
    let server = Server::start().await;
    let host = format!("Host: 127.0.0.1:{}", server.port());
    for path in [
        "/../Cargo.toml",
        "/..%2fCargo.toml",
        "/%2e%2e/Cargo.toml",
        "/vendor/../../Cargo.toml",
        "//etc/passwd",
        "/....//Cargo.toml",
        "/%00",
        "/vendor/%2e%2e%2f%2e%2e%2fCargo.toml",
        "/\\..\\Cargo.toml",
    ] {
        let answer = server.raw_get(path, &[&host]).await;
        assert!(!answer.contains("[package]") && !answer.contains("root:"), "{path}: {answer}");
        assert!(!answer.starts_with("HTTP/1.1 5"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn the_page_fits_its_budget() {
    // At most 12 requests and 150 kB until one can type; what those requests are is tested in tests/ui.
    let server = Server::start().await;
    let page = server.get("/").await.text;
    assert!(!page.contains("<script>") && !page.contains("style=\""), "nothing inline");
    assert!(!page.contains("http://") && !page.contains("https://"), "no other host");
}

#[tokio::test]
async fn an_attachment_comes_back_as_a_sandboxed_download_of_what_it_is() {
    let server = Server::start().await;
    let conversation = server.conversation().await;
    let path = format!("/conversations/{conversation}/messages");
    let page = "PGh0bWw+PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==";
    let file = |media_type: &str| json!({"name": "a \"b\"\r\n.html", "media_type": media_type, "data": page});
    for media_type in ["text/html", "image/png", "image/svg+xml", "text/plain"] {
        let body = json!({"content": "Look", "model": "passages/passages", "stream": false,
            "attachments": [file(media_type)]});
        let reply = server.post(&path, body).await;
        if reply.status == 400 {
            continue;
        }
        let answer = reply.is(200);
        let question = answer["parent_id"].as_str().unwrap();
        let served = server.get(&format!("{path}/{question}/attachments/0")).await;
        assert_eq!(served.status, 200, "{}", served.text);
        assert!(served.header("content-disposition").starts_with("attachment"), "{media_type}");
        assert!(served.header("content-security-policy").contains("sandbox"), "{media_type}");
        assert_eq!(served.header("x-content-type-options"), "nosniff");
        assert_ne!(served.header("content-type"), "image/png", "a page is no picture");
    }
}
