//! What leaves this machine: every host is listed, and with `OFFLINE=true` nothing leaves at all. The
//! upstreams here really listen, so that a connection that should not be would be seen.

use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::harness::talk::{id_of, items};
use crate::harness::{Act, Server, Upstream, eventually};

/// What the register says of a host and a purpose.
async fn contact(server: &Server, host: &str, purpose: &str) -> Option<Value> {
    let listed = server.get("/outbound?limit=200").await.is(200);
    let found = items(&listed).iter().find(|c| c["host"] == host && c["purpose"] == purpose);
    found.cloned()
}

fn host(upstream: &Upstream) -> String {
    let url = reqwest::Url::parse(&upstream.base_url()).unwrap();
    format!("127.0.0.1:{}", url.port().unwrap())
}

/// An address of this machine that is not loopback, if it has one.
fn own_address() -> Option<std::net::IpAddr> {
    // No packet is sent: this only asks which address would be used.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
}

#[tokio::test]
async fn every_host_is_listed_with_its_purpose_its_counts_and_its_last_error() {
    let mut server = Server::with("ALLOWED_FETCH_HOSTS", "127.0.0.1").start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    server.answer(&conversation, &model, "Hello").await;
    let first = contact(&server, &host(&upstream), "provider").await.unwrap();
    let asked = upstream.requests().len();
    assert_eq!(first["requests"], asked, "{first}");
    assert_eq!((&first["refused"], &first["last_error"]), (&json!(0), &Value::Null), "{first}");
    crate::harness::client::assert_instant(&first["first_at"]);
    upstream.then(Act::status(500)).then(Act::status(400));
    for _ in 0..2 {
        let asked = server.ask(&conversation, &model, "And?").await;
        server.whole_turn(&asked.turn).await;
    }
    let second = contact(&server, &host(&upstream), "provider").await.unwrap();
    assert_eq!(second["requests"], upstream.requests().len(), "{second}");
    assert_eq!(second["last_error"], "it answered 400", "{second}");
    assert_eq!(second["first_at"], first["first_at"]);
    assert!(second["last_at"].as_str() >= first["last_at"].as_str());

    let site = Upstream::openai().await;
    site.then_for_lists(Act::body(200, "text/plain", "A page of words"));
    let url = format!("http://{}/page.txt", host(&site));
    let sent = server.post("/documents", json!({"url": url})).await.is(202);
    server.settled(&id_of(&sent["items"][0]["document"])).await;
    let page = contact(&server, &host(&site), "document").await.unwrap();
    assert_eq!((&page["requests"], &page["refused"]), (&json!(1), &json!(0)), "{page}");

    let before = server.get("/outbound").await.is(200);
    assert_eq!(before["offline"], false);
    server.restart().await;
    for old in items(&before) {
        let now =
            contact(&server, old["host"].as_str().unwrap(), old["purpose"].as_str().unwrap()).await;
        let now = now.unwrap_or_else(|| panic!("{old} is forgotten"));
        assert_eq!(now["first_at"], old["first_at"]);
        assert!(now["requests"].as_u64() >= old["requests"].as_u64(), "{old} {now}");
    }
}

#[tokio::test]
async fn the_list_has_pages_and_refuses_what_is_no_cursor() {
    let server = Server::with("ALLOWED_FETCH_HOSTS", "127.0.0.1").start().await;
    for n in 1..=7 {
        let url = format!("http://127.0.0.1:{n}/x");
        let reply = server.post("/documents", json!({"url": url})).await;
        assert!(reply.status >= 400, "{}", reply.text);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/outbound?limit=3{cursor}")).await.is(200);
        assert!(items(&page).len() <= 3);
        seen.extend(items(&page).iter().map(|c| c["host"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    seen.retain(|host| host.len() == "127.0.0.1:1".len());
    let expected: Vec<String> = (1..=7).map(|n| format!("127.0.0.1:{n}")).collect();
    assert_eq!(seen, expected);
    for bad in ["cursor=", "cursor=x", "cursor=eyJhIjoxfQ", "limit=0", "odd=1"] {
        server.get(&format!("/outbound?{bad}")).await.error(400);
    }
}

#[tokio::test]
async fn offline_reaches_only_this_machine_whoever_asks() {
    let Some(away) = own_address() else {
        return crate::harness::skipped("offline_reaches_only_this_machine", "no other address");
    };
    // This listener would take any connection: it is on this machine, but not on loopback.
    let listener = TcpListener::bind((away, 0)).await.unwrap();
    let there = listener.local_addr().unwrap();
    let other = TcpListener::bind((away, 0)).await.unwrap();
    let elsewhere = other.local_addr().unwrap();
    let server = Server::with("OFFLINE", "true")
        .with("ALLOWED_FETCH_HOSTS", away)
        .with("DISCOVERY_URLS", format!("openai=http://{elsewhere}/v1"))
        .start()
        .await;
    let new = json!({"kind": "openai", "name": "Away", "base_url": format!("http://{there}/v1"),
        "api_key": "sk-never-to-be-sent-1234"});
    let provider = id_of(&server.post("/providers", new).await.is(201));
    let tested = server.poke(&format!("/providers/{provider}/test")).await.is(200);
    assert_eq!(tested["error"]["code"], "offline", "{tested}");
    let conversation = server.conversation().await;
    let question =
        json!({"content": "Anybody?", "model": format!("{provider}/m1"), "stream": false});
    let path = format!("/conversations/{conversation}/messages");
    let answer = server.post(&path, question).await.is(200);
    assert_eq!(answer["error"]["code"], "offline", "{answer}");
    let found = server.get("/providers/found").await.is(200);
    assert!(items(&found).is_empty(), "{found}");
    let by_url = json!({"url": format!("http://{there}/page")});
    server.post("/documents", by_url).await.fails(403, "offline");
    let named = json!({"url": "http://name.example/page"});
    server.post("/documents", named).await.fails(403, "offline");
    let embeddings = json!({"model": format!("{provider}/embed-1")});
    let chosen = server.send(server.request(reqwest::Method::PUT, "/embeddings").json(&embeddings));
    let chosen = chosen.await;
    assert!(chosen.status < 500 || chosen.json()["code"] == "offline", "{}", chosen.text);

    for (host, purpose) in [(there, "provider"), (elsewhere, "discovery"), (there, "document")] {
        let entry = contact(&server, &host.to_string(), purpose).await;
        let entry = entry.unwrap_or_else(|| panic!("{purpose} is not in the register"));
        assert_eq!(entry["requests"], 0, "{entry}");
        assert!(entry["refused"].as_u64() >= Some(1), "{entry}");
        let why = entry["last_error"].as_str().unwrap_or_default().to_lowercase();
        assert!(why.contains("offline"), "{entry}");
    }
    assert!(contact(&server, "name.example", "document").await.is_some());
    assert_eq!(server.get("/outbound").await.is(200)["offline"], true);
    for listener in [&listener, &other] {
        let nobody = tokio::time::timeout(std::time::Duration::from_millis(300), listener.accept());
        assert!(nobody.await.is_err(), "somebody connected");
    }

    // The same listener is reached as soon as the owner allows it, so it could have been before.
    let mut server = server;
    server.configure("OFFLINE", "false");
    let (reset, test) =
        (format!("/providers/{provider}/reset"), format!("/providers/{provider}/test"));
    eventually("the provider is asked again", || async {
        server.poke(&reset).await;
        let ask = server.poke(&test);
        let came = async {
            tokio::select! {
                came = listener.accept() => came.is_ok(),
                _ = ask => false,
            }
        };
        came.await.then_some(())
    })
    .await;
}

#[tokio::test]
async fn offline_leaves_loopback_alone() {
    let server = Server::with("OFFLINE", "true").start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let answer = server.answer(&conversation, &model, "Hello").await;
    assert_eq!(answer["content"], "You said: Hello");
    let entry = contact(&server, &host(&upstream), "provider").await.unwrap();
    assert_eq!(entry["refused"], 0, "{entry}");
}

#[tokio::test]
async fn a_thousand_pieces_of_an_answer_cost_the_register_no_write() {
    let server = Server::with("OUTBOUND_KEEP_SECONDS", 3600).start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    for _ in 0..20 {
        server.answer(&conversation, &model, "Hello").await;
    }
    let rows = || -> i64 {
        let db = server.database();
        db.query_row("SELECT count(*) FROM outbound", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(rows(), 0, "nothing is written while nobody looks");
    let entry = contact(&server, &host(&upstream), "provider").await.unwrap();
    assert!(entry["requests"].as_u64() >= Some(20), "{entry}");
    assert!(rows() >= 1);
}
