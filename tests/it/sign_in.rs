//! Signing in: passwords, one-time links, sessions, tokens, and the end of each.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::people::{PASSWORD, Person, run_with_input};
use crate::harness::{Server, eventually, in_time};

/// The link that the terminal shows while no password is set.
async fn setup_claim(server: &Server) -> String {
    eventually("the terminal shows a link", async || {
        let said = server.log();
        let (_, rest) = said.split_once("/setup#")?;
        let (link, _) = rest.split_once(char::is_whitespace)?;
        Some(link.to_owned())
    })
    .await
}

#[tokio::test]
async fn on_this_machine_the_owner_is_let_in_until_a_password_is_set() {
    let server = Server::start().await;
    let who = server.get("/auth/session").await.is(200);
    assert_eq!(who["signed_in"], true);
    assert_eq!(who["password_set"], false);
    assert_eq!(who["user"]["role"], "admin");
    assert_eq!(who["may"], json!(["find", "chat", "bus", "admin", "person"]));
    // What clients of model servers always send means nothing here yet.
    let placeholder = Person::with_token("sk-no-key-required");
    placeholder.get(&server, "/conversations").await.is(200);
    let stale = Person::with_token("ink_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    stale.get(&server, "/conversations").await.fails(401, "not_signed_in");
    let first = json!({ "new": PASSWORD });
    server.post("/auth/password", first).await.fails(401, "not_signed_in");
    let guess =
        json!({ "new": PASSWORD, "claim": "inc_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" });
    server.post("/auth/password", guess).await.fails(403, "bad_claim");
    assert_eq!(server.get("/auth/session").await.is(200)["password_set"], false);
}

#[tokio::test]
async fn the_link_on_the_terminal_sets_the_first_password_once() {
    let server = Server::start().await;
    let claim = setup_claim(&server).await;
    let told = server.post("/auth/claim", json!({ "claim": claim })).await.is(200);
    assert_eq!((&told["purpose"], &told["user"]["name"]), (&json!("setup"), &json!("Owner")));
    let mut open = server.events("/events").await;
    open.until_named("hello").await;
    let short = json!({ "claim": claim, "new": "short" });
    let refused = server.post("/auth/password", short).await.fails(400, "invalid_input");
    assert_eq!(refused["details"]["field"], "new");
    let set = json!({ "claim": claim, "new": PASSWORD, "username": "Ada" });
    let reply = server.post("/auth/password", set.clone()).await;
    let cookie = reply.header("set-cookie").to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "there is no TLS here: {cookie}");
    let ada = Person::signed_in(&reply);
    assert_eq!(reply.is(200)["user"]["name"], "Ada");
    in_time("the open stream ends", open.until_named("signed_out")).await;
    server.post("/auth/password", set).await.fails(403, "bad_claim");
    server.get("/conversations").await.fails(401, "not_signed_in");
    ada.get(&server, "/conversations").await.is(200);
    Person::with_token("sk-no-key-required")
        .get(&server, "/conversations")
        .await
        .fails(401, "not_signed_in");
    assert_eq!(server.get("/health").await.is(200)["features"]["authentication"], true);
}

#[tokio::test]
async fn a_password_opens_a_session_that_survives_a_restart() {
    let mut server = Server::start().await;
    let owner = server.lock().await;
    let who = owner.get(&server, "/auth/session").await.is(200);
    assert!(who["session"]["expires_at"].is_string(), "{who}");
    server.restart().await;
    owner.get(&server, "/conversations").await.is(200);
    let wrong = json!({ "password": "not the password" });
    server.post("/auth/login", wrong.clone()).await.fails(401, "wrong_password");
    let mut same = server.post("/auth/login", wrong).await.fails(401, "wrong_password");
    let nobody = json!({ "username": "nobody at all", "password": "not the password" });
    let mut other = server.post("/auth/login", nobody).await.fails(401, "wrong_password");
    for body in [&mut same, &mut other] {
        body["request_id"] = Value::Null;
        body["timestamp"] = Value::Null;
    }
    assert_eq!(same, other, "an answer tells whether a name exists");
    let database = std::fs::read(server.data_dir().join("inglenook.db")).unwrap();
    let wal = std::fs::read(server.data_dir().join("inglenook.db-wal")).unwrap_or_default();
    let secret = owner.value.split('=').next_back().unwrap().as_bytes();
    for (what, bytes) in [("database", database), ("log", wal)] {
        let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!has(PASSWORD.as_bytes()), "the password lies in the {what}");
        assert!(!has(secret), "a session's secret lies in the {what}");
    }
}

#[tokio::test]
async fn a_cookie_of_another_data_folder_opens_nothing_and_disturbs_nothing() {
    let (one, other) = (Server::start().await, Server::start().await);
    let (ada, ben) = (one.lock().await, other.lock().await);
    assert_ne!(ada.value.split('=').next(), ben.value.split('=').next(), "cookies ignore ports");
    ada.get(&other, "/conversations").await.fails(401, "not_signed_in");
    // A browser sends both to either.
    let both = Person { header: "cookie", value: format!("{}; {}", ada.value, ben.value) };
    both.get(&one, "/conversations").await.is(200);
    both.get(&other, "/conversations").await.is(200);
    // The secret under the other's name is no good either.
    let renamed = format!(
        "{}={}",
        ben.value.split('=').next().unwrap(),
        ada.value.split('=').next_back().unwrap()
    );
    let forged = Person { header: "cookie", value: renamed };
    forged.get(&other, "/conversations").await.fails(401, "not_signed_in");
    let out = both.post(&one, "/auth/logout", Value::Null).await;
    assert_eq!(out.status, 204, "{}", out.text);
    both.get(&other, "/conversations").await.is(200);
    both.get(&one, "/conversations").await.fails(401, "not_signed_in");
}

#[tokio::test]
async fn guessing_slows_down_whether_or_not_the_name_exists() {
    let server = Server::start().await;
    let owner = server.lock().await;
    for name in ["owner", "somebody who is not there"] {
        let mut answers = Vec::new();
        for n in 0..8 {
            let guess = json!({ "username": name, "password": format!("guess {n} of many") });
            // A forged address is no way around.
            let request = server
                .request(reqwest::Method::POST, "/auth/login")
                .header("x-forwarded-for", format!("10.0.0.{n}"))
                .header("forwarded", format!("for=10.0.0.{n}"))
                .json(&guess);
            answers.push(server.send(request).await);
        }
        assert_eq!(answers[0].status, 401);
        let last = answers.pop().unwrap();
        assert!(!last.header("retry-after").is_empty());
        last.fails(429, "slow_down");
        let right = json!({ "username": name, "password": PASSWORD });
        server.post("/auth/login", right).await.fails(429, "slow_down");
    }
    owner.get(&server, "/conversations").await.is(200);
}

#[tokio::test]
async fn attempts_to_sign_in_are_limited_by_address() {
    let server = Server::with("RATE_LIMIT_LOGIN", 5).start().await;
    let mut statuses = Vec::new();
    for n in 0..7 {
        let body = json!({ "username": format!("name {n}"), "password": "some password" });
        statuses.push(server.post("/auth/login", body).await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429]);
}

#[tokio::test]
async fn a_crowd_at_the_door_does_not_stop_health() {
    let server = Server::start().await;
    server.lock().await;
    let crowd = async {
        let knocks = (0..40).map(|n| {
            let body = json!({ "username": format!("name {n}"), "password": "some password" });
            server.post("/auth/login", body)
        });
        futures_util::future::join_all(knocks).await
    };
    let health = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..20 {
            let began = Instant::now();
            server.get("/health").await.is(200);
            slowest = slowest.max(began.elapsed());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        slowest
    };
    let (answers, slowest) = tokio::join!(crowd, health);
    assert!(answers.iter().all(|reply| matches!(reply.status, 401 | 503)));
    assert!(slowest < Duration::from_secs(5), "health waited {slowest:?}");
}

#[tokio::test]
async fn signing_out_ends_the_session_and_what_is_open_under_it() {
    let server = Server::start().await;
    let owner = server.lock().await;
    let other = server.sign_in(json!({ "password": PASSWORD })).await;
    let conversation = owner.post(&server, "/conversations", json!({})).await.is(201);
    let path = format!("/ws/chat/{}", conversation["id"].as_str().unwrap());
    let headers = [("cookie", owner.value.as_str())];
    let mut socket = server.try_socket(&path, &headers).await.unwrap();
    let mut stream = server.events_as("/events", &owner).await;
    stream.until_named("hello").await;
    assert_eq!(server.try_socket(&path, &[]).await.err(), Some(401));

    let began = Instant::now();
    let reply = owner.post(&server, "/auth/logout", json!({})).await;
    assert!(reply.header("set-cookie").contains("Max-Age=0"), "{}", reply.header("set-cookie"));
    assert_eq!(reply.status, 204);
    socket.until("signed_out").await;
    assert_eq!(socket.close_code().await, 4401);
    stream.until_named("signed_out").await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    owner.get(&server, "/conversations").await.fails(401, "not_signed_in");
    owner.get(&server, "/auth/session").await.fails(401, "not_signed_in");
    other.get(&server, "/conversations").await.is(200);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_and_all_at_once() {
    let server = Server::start().await;
    let first = server.lock().await;
    let second = server.sign_in(json!({ "password": PASSWORD })).await;
    let third = server.sign_in(json!({ "password": PASSWORD })).await;
    let list = first.get(&server, "/auth/sessions").await.is(200);
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.iter().filter(|one| one["current"] == true).count(), 1);
    let of_second = second.get(&server, "/auth/session").await.is(200)["session"]["id"].clone();
    let path = format!("/auth/sessions/{}", of_second.as_str().unwrap());
    assert_eq!(first.delete(&server, &path).await.status, 204);
    first.delete(&server, &path).await.fails(404, "not_found");
    second.get(&server, "/conversations").await.fails(401, "not_signed_in");
    third.get(&server, "/conversations").await.is(200);
    let everywhere = json!({ "everywhere": true });
    assert_eq!(third.post(&server, "/auth/logout", everywhere).await.status, 204);
    first.get(&server, "/conversations").await.fails(401, "not_signed_in");
}

#[tokio::test]
async fn another_password_ends_every_other_session_and_token() {
    let server = Server::start().await;
    let owner = server.lock().await;
    let other = server.sign_in(json!({ "password": PASSWORD })).await;
    let token = owner.token(&server, &["chat"]).await;
    token.get(&server, "/conversations").await.is(200);
    let wrong = json!({ "current": "not the password", "new": "another password" });
    owner.post(&server, "/auth/password", wrong).await.fails(403, "wrong_password");
    let right = json!({ "current": PASSWORD, "new": "another password" });
    token.post(&server, "/auth/password", right.clone()).await.fails(403, "not_allowed");
    let now = Person::signed_in(&owner.post(&server, "/auth/password", right).await);
    for gone in [&owner, &other, &token] {
        gone.get(&server, "/conversations").await.fails(401, "not_signed_in");
    }
    now.get(&server, "/conversations").await.is(200);
    server.post("/auth/login", json!({ "password": PASSWORD })).await.fails(401, "wrong_password");
    server.sign_in(json!({ "username": "OWNER", "password": "another password" })).await;
}

#[tokio::test]
async fn a_token_does_what_its_scopes_say_until_it_is_revoked() {
    let server = Server::start().await;
    let owner = server.lock().await;
    for bad in [
        json!({ "name": "a", "scopes": [] }),
        json!({ "name": "", "scopes": ["chat"] }),
        json!({ "name": "a", "scopes": ["root"] }),
        json!({ "name": "a", "scopes": ["chat"], "client_id": "" }),
        json!({ "name": "a", "scopes": ["chat"], "expires_at": "2020-01-01T00:00:00Z" }),
    ] {
        owner.post(&server, "/auth/tokens", bad).await.is(400);
    }
    let body = json!({ "name": "reader", "scopes": ["search", "search"], "client_id": "agent-7" });
    let made = owner.post(&server, "/auth/tokens", body).await.is(201);
    assert_eq!(made["scopes"], json!(["search"]));
    let token = Person::with_token(made["token"].as_str().unwrap());
    token.get(&server, "/documents").await.is(200);
    token.post(&server, "/conversations", json!({})).await.fails(403, "not_allowed");
    token.get(&server, "/config").await.fails(403, "not_allowed");
    token.get(&server, "/auth/tokens").await.fails(403, "not_allowed");
    let list = owner.get(&server, "/auth/tokens").await.is(200);
    assert_eq!(list["items"][0]["client_id"], "agent-7");
    assert!(!list.to_string().contains(made["token"].as_str().unwrap()));
    eventually("the use of the token is told", || async {
        let list = owner.get(&server, "/auth/tokens").await.is(200);
        list["items"][0]["last_used_at"].is_string().then_some(())
    })
    .await;
    let path = format!("/auth/tokens/{}", made["id"].as_str().unwrap());
    assert_eq!(owner.delete(&server, &path).await.status, 204);
    token.get(&server, "/documents").await.fails(401, "not_signed_in");
    let soon = jiff_in(1);
    let body = json!({ "name": "short", "scopes": ["chat"], "expires_at": soon });
    let made = owner.post(&server, "/auth/tokens", body).await.is(201);
    let short = Person::with_token(made["token"].as_str().unwrap());
    short.get(&server, "/conversations").await.is(200);
    eventually("the token ends by itself", || async {
        let reply = short.get(&server, "/conversations").await;
        (reply.status == 401).then_some(())
    })
    .await;
}

/// The instant so many seconds from now.
fn jiff_in(seconds: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let ms = i64::try_from(now.as_millis()).unwrap() + seconds * 1000;
    inglenook::base::Timestamp::from_ms(ms).to_string()
}

#[tokio::test]
async fn people_are_invited_named_kept_out_and_deleted() {
    let server = Server::start().await;
    let owner = server.lock().await;
    let body = json!({ "name": "Berta" });
    let invited = owner.post(&server, "/users", body.clone()).await.is(201);
    assert_eq!(invited["user"]["role"], "member");
    assert!(invited["url"].as_str().unwrap().contains("/setup#inc_"), "{invited}");
    owner.post(&server, "/users", json!({ "name": "berta" })).await.fails(409, "name_taken");
    let claim = json!({ "claim": invited["claim"], "new": PASSWORD });
    let berta = Person::signed_in(&server.post("/auth/password", claim.clone()).await);
    server.post("/auth/password", claim).await.fails(403, "bad_claim");
    berta.get(&server, "/users").await.fails(403, "not_allowed");
    berta.post(&server, "/auth/tokens", json!({ "name": "a", "scopes": ["admin"] })).await.is(403);
    let token = berta.token(&server, &["chat"]).await;
    let mine = berta.post(&server, "/conversations", json!({ "title": "Mine" })).await.is(201);
    let body = json!({ "text": "Berta's text", "name": "b.txt" });
    berta.post(&server, "/documents", body).await.is(202);

    let path = format!("/users/{}", invited["user"]["id"].as_str().unwrap());
    let renamed = owner.patch(&server, &path, json!({ "name": "Bertha" })).await.is(200);
    assert_eq!(renamed["name"], "Bertha");
    berta.get(&server, "/conversations").await.is(200);
    owner.patch(&server, &path, json!({ "role": "admin" })).await.is(200);
    berta.get(&server, "/conversations").await.fails(401, "not_signed_in");
    token.get(&server, "/conversations").await.fails(401, "not_signed_in");
    let berta = server.sign_in(json!({ "username": "bertha", "password": PASSWORD })).await;
    berta.get(&server, "/users").await.is(200);

    let me = owner.get(&server, "/auth/session").await.is(200)["user"]["id"].clone();
    let mine_path = format!("/users/{}", me.as_str().unwrap());
    owner.patch(&server, &path, json!({ "role": "member" })).await.is(200);
    owner.patch(&server, &mine_path, json!({ "role": "member" })).await.fails(409, "last_admin");
    owner.delete(&server, &mine_path).await.fails(409, "last_admin");

    owner.delete(&server, &format!("{path}?forever=true")).await.fails(409, "not_disabled");
    let berta = server.sign_in(json!({ "username": "Bertha", "password": PASSWORD })).await;
    assert_eq!(owner.delete(&server, &path).await.is(200)["disabled"], true);
    berta.get(&server, "/conversations").await.fails(401, "not_signed_in");
    let again = json!({ "username": "Bertha", "password": PASSWORD });
    server.post("/auth/login", again.clone()).await.fails(401, "wrong_password");
    owner.patch(&server, &path, json!({ "disabled": false })).await.is(200);
    let berta = server.sign_in(again).await;
    berta.get(&server, &format!("/conversations/{}", mine["id"].as_str().unwrap())).await.is(200);

    let link = owner.post(&server, &format!("{path}/claim"), json!({})).await.is(201);
    let told = server.post("/auth/claim", json!({ "claim": link["claim"] })).await.is(200);
    assert_eq!(told["purpose"], "reset");
    owner.delete(&server, &path).await.is(200);
    server.post("/auth/claim", json!({ "claim": link["claim"] })).await.fails(403, "bad_claim");
    assert_eq!(owner.delete(&server, &format!("{path}?forever=true")).await.status, 204);
    owner.get(&server, &path).await.fails(404, "not_found");
    let left: i64 = server
        .database()
        .query_row(
            "SELECT (SELECT count(*) FROM conversations) + (SELECT count(*) FROM documents)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(left, 0, "something of hers is still there");
    server.assert_sound();
}

#[tokio::test]
async fn another_address_is_served_only_behind_a_password() {
    let mut server = Server::with("HOST", "0.0.0.0").prepared();
    let command = server.command();
    let set = run_with_input(command, &["password"], PASSWORD);
    assert_eq!(set.code, 0, "{}", set.stderr);
    server.boot().await;
    server.get("/conversations").await.fails(401, "not_signed_in");
    let owner = server.sign_in(json!({ "password": PASSWORD })).await;
    owner.get(&server, "/conversations").await.is(200);
    let command = server.command();
    let forgotten = run_with_input(command, &["password"], "a new one for it");
    assert_eq!(forgotten.code, 0, "{}", forgotten.stderr);
    owner.get(&server, "/conversations").await.fails(401, "not_signed_in");
    let owner = server.sign_in(json!({ "password": "a new one for it" })).await;
    owner.get(&server, "/conversations").await.is(200);
}

#[tokio::test]
async fn tokens_are_looked_after_on_the_command_line() {
    let server = Server::start().await;
    server.lock().await;
    let run = |arguments: &[&str]| run_with_input(server.command(), arguments, "");
    let made = run(&["token", "create", "bot", "--scope", "search", "--client", "bot-1"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let token = Person::with_token(made.stdout.trim());
    token.get(&server, "/documents").await.is(200);
    let listed = run(&["token", "list", "--json"]);
    let listed: Value = serde_json::from_str(listed.stdout.trim()).unwrap();
    assert_eq!(listed[0]["client_id"], "bot-1");
    let revoked = run(&["token", "revoke", listed[0]["id"].as_str().unwrap()]);
    assert_eq!(revoked.code, 0, "{}", revoked.stderr);
    token.get(&server, "/documents").await.fails(401, "not_signed_in");
    assert_eq!(run(&["token", "revoke", "tok_nothing"]).code, 1);
    assert_eq!(run(&["token", "create", "bot", "--scope", "everything"]).code, 1);
}
