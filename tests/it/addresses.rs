//! URLs that people give lead into the world, or where the owner allows it, in no spelling elsewhere.
//! Behind every address that is refused something listens here, so that a visit would be seen.

use serde_json::json;

use crate::harness::talk::id_of;
use crate::harness::{Act, Server, Upstream};

/// Ways to write this machine; `{port}` is where something listens.
pub const THIS_MACHINE: [&str; 34] = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.0.0.1.",
    "127.255.255.254",
    "2130706433",
    "0x7f000001",
    "0x7F.0.0.0x1",
    "0177.0.0.1",
    "017700000001",
    "0177.0x0.1",
    "%31%32%37.0.0.1",
    "１２７.０.０.１",
    "127。0。0。1",
    "①②⑦.0.0.1",
    "0",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[0000::0001]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "ｌｏｃａｌｈｏｓｔ",
    "local\u{ad}host",
    "app.localhost",
    "user@127.0.0.1",
];

/// Ways to write a link-local address or a cloud's metadata service.
pub const NEVER: [&str; 29] = [
    "169.254.169.254",
    "169.254.169.254.",
    "169.254.1.1",
    "0xa9fea9fe",
    "0xA9.0xFE.0xA9.0xFE",
    "2852039166",
    "0251.0376.0251.0376",
    "0251.254.0xa9.254",
    "169.254.43518",
    "169.16689662",
    "%31%36%39.254.169.254",
    "１６９.２５４.１６９.２５４",
    "169。254。169。254",
    "①⑥⑨.254.169.254",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b::169.254.169.254]",
    "[2002:a9fe:a9fe::1]",
    "[fd00:ec2::254]",
    "[FD00:EC2:0:0:0:0:0:254]",
    "[fe80::1]",
    "[febf:ffff::1]",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "metadata",
    "metadata.google.internal",
    "METADATA.google.internal.",
];

fn port(upstream: &Upstream) -> u16 {
    reqwest::Url::parse(&upstream.base_url()).unwrap().port().unwrap()
}

#[tokio::test]
async fn a_document_by_url_never_comes_from_this_machine_however_it_is_written() {
    let server = Server::with("RATE_LIMIT_UPLOAD", 0).start().await;
    let trap = Upstream::openai().await;
    for host in THIS_MACHINE.iter().chain(&NEVER) {
        for scheme in ["http", "HTTP"] {
            let url = format!("{scheme}://{host}:{}/v1/models", port(&trap));
            let reply = server.post("/documents", json!({"url": url})).await;
            assert!(matches!(reply.status, 400 | 403), "{url}: {} {}", reply.status, reply.text);
            let code = reply.assert_error_body()["code"].as_str().unwrap().to_owned();
            assert!(matches!(code.as_str(), "address_refused" | "invalid_input"), "{url}: {code}");
        }
    }
    assert!(trap.requests().is_empty() && trap.open() == 0, "somebody came");
    let listed = server.get("/documents").await.is(200);
    assert!(listed["items"].as_array().unwrap().is_empty());
    // The trap is no dead end: listed, the same address is fetched.
    let allowing = Server::with("ALLOWED_FETCH_HOSTS", "127.0.0.1").start().await;
    let url = format!("http://127.0.0.1:{}/v1/models", port(&trap));
    allowing.post("/documents", json!({"url": url})).await.is(202);
    assert_eq!(trap.requests().len(), 1);
}

#[tokio::test]
async fn other_schemes_and_shapes_are_no_urls_of_documents() {
    let server = Server::with("ALLOWED_FETCH_HOSTS", "127.0.0.1").start().await;
    for url in [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "gopher://127.0.0.1:70/_x",
        "data:text/plain,hello",
        "javascript:alert(1)",
        "dict://127.0.0.1:11211/stat",
        "jar:http://127.0.0.1!/",
        "//127.0.0.1/x",
        "http://",
        "http://127.0.0.1:99999/",
        "http://user:word@127.0.0.1/",
        "http://a b/",
        "",
    ] {
        let reply = server.post("/documents", json!({"url": url})).await;
        assert_eq!(reply.status, 400, "{url}: {}", reply.text);
        assert!(!reply.text.contains("word@"), "{}", reply.text);
    }
}

#[tokio::test]
async fn a_redirect_is_judged_like_the_url_that_was_given() {
    let server =
        Server::with("ALLOWED_FETCH_HOSTS", "127.0.0.1").with("RATE_LIMIT_UPLOAD", 0).start().await;
    let (site, trap) = (Upstream::openai().await, Upstream::openai().await);
    let from = format!("http://127.0.0.1:{}/start", port(&site));
    let trap_port = port(&trap);
    let mut targets: Vec<String> =
        NEVER.iter().map(|host| format!("http://{host}:{trap_port}/")).collect();
    // Listed is `127.0.0.1`, not every name of the same machine.
    targets.extend(
        ["localhost", "[::1]", "127.0.0.2", "0.0.0.0", "[::ffff:127.0.0.2]", "app.localhost"]
            .map(|host| format!("http://{host}:{trap_port}/")),
    );
    targets.extend(
        ["file:///etc/passwd", "ftp://127.0.0.1/", "http://u:p@127.0.0.1/", "data:text/plain,x"]
            .map(str::to_owned),
    );
    for target in &targets {
        // A header carries bytes; a browser, too, would read them as UTF-8.
        let location = target.clone();
        site.then_for_lists(Act::status_with(302, "location", &location));
        let reply = server.post("/documents", json!({"url": from})).await;
        assert!(
            matches!(reply.status, 400 | 403 | 502),
            "{target}: {} {}",
            reply.status,
            reply.text
        );
        reply.assert_error_body();
    }
    assert!(trap.requests().is_empty() && trap.open() == 0, "somebody came");
    assert_eq!(site.requests().len(), targets.len(), "each began where it was told");
}

#[tokio::test]
async fn a_provider_is_never_at_a_link_local_or_metadata_address() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let path = format!("/providers/{}", server.connect(&upstream).await.replace("/tale-1", ""));
    for host in NEVER {
        for base_url in
            [format!("http://{host}/v1"), format!("{host}:80"), format!("https://{host}")]
        {
            let new = json!({"kind": "openai", "base_url": base_url, "api_key": "sk-0123456789ab"});
            let reply = server.post("/providers", new).await.error(400);
            assert_eq!(reply["details"]["field"], "base_url", "{base_url}: {reply}");
            let moved = server.patch(&path, json!({"base_url": base_url})).await.error(400);
            assert_eq!(moved["details"]["field"], "base_url", "{base_url}: {moved}");
        }
    }
    let still = server.get(&path).await.is(200);
    assert_eq!(still["base_url"], upstream.base_url());
    assert_eq!(still["api_key"], "…abcd", "a refused change leaves the key");
}

#[tokio::test]
async fn no_status_that_redirects_takes_a_key_elsewhere() {
    let server = Server::with("RETRY_ATTEMPTS", 1).with("BREAKER_FAILURES", 100).start().await;
    let (upstream, trap) = (Upstream::openai().await, Upstream::openai().await);
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let provider = model.replace("/tale-1", "");
    for status in [301, 302, 303, 307, 308] {
        let to = format!("{}/chat/completions", trap.base_url());
        upstream.then(Act::status_with(status, "location", &to));
        let question = json!({"content": "Follow me", "model": model, "stream": false});
        let path = format!("/conversations/{conversation}/messages");
        let answer = server.post(&path, question).await.is(200);
        assert_eq!(answer["error"]["code"], "bad_answer", "{status}: {answer}");
        let before = upstream.requests().len();
        upstream.then_for_lists(Act::status_with(status, "location", &trap.base_url()));
        let tested = server.poke(&format!("/providers/{provider}/test")).await.is(200);
        assert!(upstream.requests().len() > before);
        assert_eq!(tested["ok"], false, "{status}: {tested}");
    }
    assert!(trap.requests().is_empty() && trap.open() == 0, "somebody came");
    let moved = server
        .patch(&format!("/providers/{provider}"), json!({"base_url": trap.base_url()}))
        .await
        .is(200);
    assert!(moved["api_key"].is_null(), "a changed base URL drops the key: {moved}");
    server.answer(&conversation, &model, "Hello").await;
    assert!(!trap.requests().is_empty());
    for seen in trap.requests() {
        assert!(!seen.headers.contains_key("authorization"), "{:?}", seen.headers);
    }
    assert_eq!(id_of(&moved), provider);
}
