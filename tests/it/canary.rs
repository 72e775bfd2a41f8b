//! Secrets that are sent in through every door come out nowhere: no log, no error, no answer, no file.

use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::people::{PASSWORD, Person};
use crate::harness::{Act, Server, Step, Upstream};

/// One for each way in, so that a leak names its door. None looks like what a filter would know.
const PROVIDER_KEY: &str = "canary-provider-Jq7Rk2Vw9Xz4";
const CHANGED_KEY: &str = "canary-changed-Mb3Nc8Pd5Lf6";
const URL_PASSWORD: &str = "canary-userinfo-Ht4Gy7Uj2Wd9";
const BEARER: &str = "canary-bearer-Zx6Cv3Bn8Ma5";
const BASIC: &str = "Y2FuYXJ5OmJhc2ljLVFhM1dzN0VkOVJm";
const COOKIE: &str = "canary-cookie-Sd8Fg2Hj6Kl4";
const CONFIG_KEY: &str = "canary-config-Wr5Et9Yu3Io7";
const BROKEN_KEY: &str = "canary-broken-Pl8Ok4Ij7Uh2";
const MISPLACED: &str = "canary-misplaced-Vb6Nh3Mj9Kq8";
const QUERY: &str = "canary-query-Tg5Yh8Uj3Ik6";

const ALL: [&str; 10] = [
    PROVIDER_KEY,
    CHANGED_KEY,
    URL_PASSWORD,
    BEARER,
    BASIC,
    COOKIE,
    CONFIG_KEY,
    BROKEN_KEY,
    MISPLACED,
    QUERY,
];

/// What was seen, by where.
#[derive(Default)]
struct Seen(Vec<(String, Vec<u8>)>);

impl Seen {
    fn add(&mut self, place: &str, bytes: impl AsRef<[u8]>) {
        self.0.push((place.to_owned(), bytes.as_ref().to_vec()));
    }

    #[track_caller]
    fn assert_holds_none(&self, secrets: &[&str]) {
        for secret in secrets {
            for (place, bytes) in &self.0 {
                let found = bytes.windows(secret.len()).position(|part| part == secret.as_bytes());
                if let Some(at) = found {
                    let around = &bytes[at.saturating_sub(200)..(at + 80).min(bytes.len())];
                    panic!("{secret} in {place}: {}", String::from_utf8_lossy(around));
                }
            }
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// An upstream's error that tells all it was told.
fn echo(status: u16, key: &str) -> Act {
    let message = format!("bad request; headers: Authorization: Bearer {key}, x-api-key: {key}");
    Act::body(status, "application/json", json!({"error": {"message": message, "code": key}}))
}

async fn through_providers(server: &Server, seen: &mut Seen) {
    for dialect in crate::harness::dialect::ALL {
        let upstream = Upstream::start(dialect).await;
        let new = json!({"kind": upstream.kind(), "name": "Echo", "base_url": upstream.base_url(),
            "api_key": PROVIDER_KEY});
        let made = server.post("/providers", new).await.is(201);
        let id = made["id"].as_str().unwrap().to_owned();
        seen.add("POST /providers", made.to_string());
        let conversation = server.conversation().await;
        let path = format!("/conversations/{conversation}/messages");
        let ask = json!({"content": "Hello", "model": format!("{id}/tale-1"), "stream": false});
        for status in [400, 401, 403, 404, 413, 422, 429, 500, 503, 529] {
            upstream.then(echo(status, PROVIDER_KEY));
            let reply = server.post(&path, ask.clone()).await;
            seen.add(&format!("an answer after {status} of {dialect:?}"), &reply.text);
            server.poke(&format!("/providers/{id}/reset")).await;
        }
        let inside = format!("data: {{\"error\": {{\"message\": \"key {PROVIDER_KEY}\"}}}}\n\n");
        upstream.then(Act::text_then("Some", Step::Raw(inside.into_bytes())));
        let asked = server.ask(&conversation, &format!("{id}/tale-1"), "Hello").await;
        for event in server.whole_turn(&asked.turn).await {
            seen.add("an event", event.data.to_string());
        }
        upstream.then_for_lists(echo(401, PROVIDER_KEY));
        seen.add("a test", server.poke(&format!("/providers/{id}/test")).await.text);
        let changed = json!({"api_key": CHANGED_KEY});
        let changed = server.patch(&format!("/providers/{id}"), changed).await;
        seen.add("PATCH /providers", changed.text);
        upstream.then(echo(401, CHANGED_KEY));
        seen.add("an answer", server.post(&path, ask).await.text);
    }
}

async fn through_requests(server: &Server, seen: &mut Seen) {
    for base_url in [
        format!("http://user:{URL_PASSWORD}@127.0.0.1:9/v1"),
        format!("http://{URL_PASSWORD}@127.0.0.1:9/v1"),
        format!("ftp://user:{URL_PASSWORD}@127.0.0.1:9"),
    ] {
        let new = json!({"kind": "openai", "base_url": base_url});
        seen.add("POST /providers", server.post("/providers", new).await.text);
        let document = server.post("/documents", json!({"url": base_url})).await;
        assert!(document.status >= 400);
        seen.add("POST /documents", document.text);
    }
    for (method, path) in [
        (Method::GET, "/conversations"),
        (Method::GET, "/nothing"),
        (Method::POST, "/conversations"),
        (Method::PUT, "/conversations"),
        (Method::GET, "/events?odd=1"),
        (Method::GET, "/conversations?limit=0"),
    ] {
        let request = server
            .request(method.clone(), path)
            .bearer_auth(BEARER)
            .header("cookie", format!("session={COOKIE}; other={COOKIE}"))
            .header("x-api-key", BEARER)
            .header("origin", server.origin());
        seen.add(path, server.send(request).await.text);
        let basic = server.request(method, path).header("authorization", format!("Basic {BASIC}"));
        seen.add(path, server.send(basic).await.text);
    }
    let cookie = format!("session={COOKIE}");
    let token = format!("Bearer {BEARER}");
    let headers = [("cookie", cookie.as_str()), ("authorization", token.as_str())];
    let conversation = server.conversation().await;
    drop(server.try_socket(&format!("/ws/chat/{conversation}"), &headers).await);
    let query = format!("api_key={QUERY}&token={QUERY}&password={QUERY}");
    for path in ["/conversations", "/nothing", "/documents", "/events"] {
        seen.add(path, server.get(&format!("{path}?{query}")).await.text);
    }
    // A secret where it does not belong: the field is named, its value is not.
    for (path, body) in [
        ("/providers", json!({"kind": MISPLACED, "base_url": "http://127.0.0.1:9"})),
        (
            "/providers",
            json!({"kind": "openai", "base_url": "http://127.0.0.1:9", "enabled": MISPLACED}),
        ),
        ("/providers", json!({"kind": "openai", "base_url": MISPLACED.replace('-', " ")})),
        ("/providers", json!({"kind": "openai", "base_url": 1, "api_key": MISPLACED})),
        ("/providers", json!({"kind": "openai", "apikey": MISPLACED})),
        ("/providers", json!({"kind": "openai", "api_key": [MISPLACED]})),
        ("/conversations", json!({"pinned": MISPLACED})),
        ("/conversations", json!({"options": {"temperature": MISPLACED}})),
        ("/conversations", json!({"tags": MISPLACED})),
        ("/search", json!({"query": "a", "filters": {"role": MISPLACED}})),
        ("/documents", json!({"text": "a", "collection_id": MISPLACED})),
    ] {
        seen.add(path, server.post(path, body).await.text);
    }
    let broken = format!("{{\"api_key\": \"{MISPLACED}\", }}");
    let request =
        server.request(Method::POST, "/providers").header("content-type", "application/json");
    seen.add("broken JSON", server.send(request.body(broken)).await.text);
}

#[tokio::test]
async fn no_secret_comes_out_anywhere() {
    let mut server = Server::with("LOG_LEVEL", "trace")
        .with("OPENAI_API_KEY", CONFIG_KEY)
        .with("RETRY_ATTEMPTS", 2)
        .with("BREAKER_FAILURES", 100)
        .with("DISCOVERY_URLS", "openai=http://127.0.0.1:9/v1")
        .with("OFFLINE", "true")
        .start()
        .await;
    let mut seen = Seen::default();
    let mut feed = server.events("/events").await;
    through_providers(&server, &mut seen).await;
    through_requests(&server, &mut seen).await;
    // A file that cannot be used is quoted in the log, on the settings page and in an event.
    server.configure("OPENAI_API_KEY", format!("{BROKEN_KEY}'$(id)'"));
    crate::harness::eventually("the broken file is refused", || async {
        (!server.get("/config").await.is(200)["error"].is_null()).then_some(())
    })
    .await;
    for path in [
        "/config",
        "/status",
        "/logs?limit=200",
        "/health",
        "/providers",
        "/models",
        "/outbound",
        "/conversations",
        "/documents",
        "/search",
        "/providers/found",
        "/embeddings",
    ] {
        seen.add(path, server.get(path).await.text);
    }
    seen.add("the page", server.get("/").await.text);
    let shown = server.get("/config").await.is(200);
    let items = shown["items"].as_array().unwrap();
    let key = items.iter().find(|item| item["key"] == "OPENAI_API_KEY").unwrap();
    assert!(key["secret"] == true && key["value"] != Value::Null, "{key}");
    feed.until(|event| event.name == "config").await.into_iter().for_each(|event| {
        seen.add("the feed", event.data.to_string());
    });
    for folder_state in ["running", "killed", "stopped"] {
        match folder_state {
            "killed" => {
                server.kill();
            }
            "stopped" => {
                server.configure("OPENAI_API_KEY", CONFIG_KEY);
                server.boot().await;
                server.get("/conversations").await.is(200);
                assert!(server.stop().await.success());
            }
            _ => {}
        }
        let all = files(&server.data_dir());
        assert!(all.iter().any(|path| path.to_string_lossy().contains("/logs/")));
        for path in all {
            let name = format!("{} ({folder_state})", path.display());
            seen.add(&name, std::fs::read(&path).unwrap_or_default());
        }
    }
    seen.add("the terminal", server.log());
    seen.assert_holds_none(&ALL);
    let log = server.log();
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "the log was not looked at closely");
}

#[tokio::test]
async fn what_signs_somebody_in_comes_out_nowhere() {
    const WRONG: &str = "canary wrong password Fd7Kp2";
    const CHANGED: &str = "canary changed password Ws9Rt3";
    let mut server = Server::with("LOG_LEVEL", "trace").start().await;
    let owner = server.lock().await;
    let mut seen = Seen::default();
    let made = json!({ "name": "an agent", "scopes": ["chat", "admin"] });
    let token = owner.post(&server, "/auth/tokens", made).await.is(201)["token"].clone();
    let token = token.as_str().unwrap().to_owned();
    let invited = owner.post(&server, "/users", json!({ "name": "Ben" })).await.is(201);
    let claim = invited["claim"].as_str().unwrap().to_owned();
    for body in [
        json!({ "password": WRONG }),
        json!({ "username": WRONG, "password": WRONG }),
        json!({ "password": [WRONG] }),
        json!({ "passwort": WRONG }),
    ] {
        seen.add("POST /auth/login", server.post("/auth/login", body).await.text);
    }
    for body in [
        json!({ "new": CHANGED, "current": WRONG }),
        json!({ "new": "short", "claim": claim }),
        json!({ "new": {"value": CHANGED}, "claim": claim }),
        json!({ "new": CHANGED, "claim": format!("{claim}x") }),
    ] {
        seen.add("POST /auth/password", server.post("/auth/password", body).await.text);
    }
    let agent = Person::with_token(&token);
    agent.get(&server, "/conversations").await.is(200);
    for path in [
        "/auth/session",
        "/auth/sessions",
        "/auth/tokens",
        "/users",
        "/config",
        "/status",
        "/logs?limit=200",
        "/nothing",
    ] {
        for who in [&owner, &agent] {
            seen.add(path, who.get(&server, path).await.text);
        }
    }
    let query = format!("/conversations?token={token}&claim={claim}&password={WRONG}");
    seen.add("a query", owner.get(&server, &query).await.text);
    let change = json!({ "new": CHANGED, "current": PASSWORD });
    let changed = Person::signed_in(&owner.post(&server, "/auth/password", change).await);
    for state in ["running", "stopped"] {
        if state == "stopped" {
            assert!(server.stop().await.success());
        }
        for path in files(&server.data_dir()) {
            let name = format!("{} ({state})", path.display());
            seen.add(&name, std::fs::read(&path).unwrap_or_default());
        }
    }
    seen.add("the terminal", server.log());
    let secret = |who: &Person| who.value.split('=').next_back().unwrap().to_owned();
    let (first, second) = (secret(&owner), secret(&changed));
    seen.assert_holds_none(&[PASSWORD, WRONG, CHANGED, &token, &claim, &first, &second]);
}

#[tokio::test]
async fn the_command_line_shows_no_secret() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config.sh");
    for text in [
        format!("OPENAI_API_KEY='{CONFIG_KEY}'\n"),
        format!("OPENAI_API_KEY='{CONFIG_KEY}' junk\n"),
        format!("OPENAI_API_KEY={CONFIG_KEY}$(id)\n"),
        format!("OPENAI_API_KYE='{CONFIG_KEY}'\n"),
        format!("PORT=abc\nexport ANTHROPIC_API_KEY=\"{CONFIG_KEY}\"\n"),
    ] {
        std::fs::write(&config, &text).unwrap();
        let path = config.to_str().unwrap();
        for arguments in [
            &["--config", path, "config", "show"][..],
            &["config", "check", path],
            &["--config", path],
        ] {
            if arguments.len() == 2 && text.ends_with("'\n") && text.starts_with("OPENAI_API_KEY") {
                // This one is good, so the server would start.
                continue;
            }
            let environment = [("OPENAI_API_KEY", BEARER), ("INGLENOOK_ANTHROPIC_API_KEY", COOKIE)];
            let said = crate::harness::run_in(home.path(), arguments, &environment).said();
            for secret in [CONFIG_KEY, BEARER, COOKIE] {
                assert!(!said.contains(secret), "{arguments:?} with {text:?}: {said}");
            }
        }
    }
}
