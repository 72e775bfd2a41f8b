//! The machine's clock jumps while the server runs, as after a sleep or when it is set by hand: nothing ends early,
//! nothing waits for ever. The jump is made by libfaketime, under the server alone.

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::people::{PASSWORD, Person};
use crate::harness::{Server, eventually, skipped};

/// A clock that can be set.
struct Clock {
    library: PathBuf,
    folder: TempDir,
}

impl Clock {
    fn find() -> Option<Self> {
        let places = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64"];
        let libraries = places.map(|place| PathBuf::from(place).join("faketime/libfaketime.so.1"));
        let library = libraries.into_iter().find(|library| library.exists())?;
        let clock = Self { library, folder: tempfile::tempdir().unwrap() };
        clock.step("+0s");
        Some(clock)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("offset")
    }

    /// How far it is from the true time from now on.
    fn step(&self, offset: &str) {
        let next = self.folder.path().join("next");
        std::fs::write(&next, offset).unwrap();
        std::fs::rename(next, self.file()).unwrap();
    }

    /// What a process is started with that goes by it.
    fn wrapper(&self) -> Vec<String> {
        vec![
            "env".to_owned(),
            format!("LD_PRELOAD={}", self.library.display()),
            format!("FAKETIME_TIMESTAMP_FILE={}", self.file().display()),
            "FAKETIME_NO_CACHE=1".to_owned(),
            "FAKETIME_DONT_FAKE_MONOTONIC=1".to_owned(),
        ]
    }
}

/// What the server takes for the time.
async fn wall(server: &Server) -> jiff::Timestamp {
    let reply = server.get("/conversations/nothing").await;
    reply.json()["timestamp"].as_str().unwrap().parse().unwrap()
}

async fn state(server: &Server, sent: &Value) -> String {
    let id = sent["message_id"].as_str().unwrap();
    let status = server.get(&format!("/messages/{id}/status")).await.is(200);
    status["recipients"][0]["state"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_clock_that_jumps_ends_nothing_on_the_bus_and_holds_nothing_up() {
    let Some(clock) = Clock::find() else {
        return skipped("a_clock_that_jumps_ends_nothing_on_the_bus", "no libfaketime");
    };
    let wrapper = clock.wrapper();
    let words: Vec<&str> = wrapper.iter().map(String::as_str).collect();
    let server = Server::with("ACK_TIMEOUT_SECONDS", 600)
        .with("CONNECTION_TIMEOUT_SECONDS", 600)
        .under(&words)
        .start()
        .await;
    let send = async |body: Value| server.post("/send", body).await.is(200);
    let mut socket = server.socket("/ws/here").await;
    socket.until("connection_confirmed").await;
    let unanswered =
        send(json!({"from": "a", "to": "here", "text": "0", "require_ack": true})).await;
    socket.until("message").await;
    let waiting = send(json!({"from": "a", "to": "away", "text": "1", "ttl_seconds": 3600})).await;
    for (n, offset) in [(2, "+3d"), (3, "-3d")] {
        clock.step(offset);
        let off = wall(&server).await.duration_since(jiff::Timestamp::now());
        assert!(off.abs() > jiff::SignedDuration::from_hours(48), "the clock did not jump: {off}");
        // What is new ends in its time, and whatever would have ended by mistake has had that time too.
        let short =
            send(json!({"from": "a", "to": "gone", "text": "short", "ttl_seconds": 1})).await;
        eventually("it expires", async || {
            (state(&server, &short).await == "expired").then_some(())
        })
        .await;
        assert_eq!(state(&server, &waiting).await, "stored");
        assert_eq!(state(&server, &unanswered).await, "delivered");
        send(json!({"from": "a", "to": "here", "text": n.to_string()})).await;
        let frames = socket.until("message").await;
        assert_eq!(frames.last().unwrap()["message"]["payload"]["text"], n.to_string());
    }
    // Their order is that of their numbers, whatever the clock said.
    let list = server.get("/messages?from=a&since_seq=0").await.is(200);
    let list = list["messages"].as_array().unwrap();
    let texts: Vec<&Value> = list.iter().map(|message| &message["payload"]["text"]).collect();
    assert_eq!(texts, ["0", "1", "short", "2", "short", "3"]);
    let mut later = server.socket("/ws/away").await;
    let frames = later.until("message").await;
    assert_eq!(frames.last().unwrap()["message"]["payload"]["text"], "1");
}

#[tokio::test]
async fn a_session_ends_by_whichever_clock_says_so_first() {
    let Some(clock) = Clock::find() else {
        return skipped("a_session_ends_by_whichever_clock_says_so_first", "no libfaketime");
    };
    let wrapper = clock.wrapper();
    let words: Vec<&str> = wrapper.iter().map(String::as_str).collect();
    let server = Server::with("SESSION_EXPIRY_HOURS", 1).under(&words).start().await;
    let owner = server.lock().await;
    assert_eq!(owner.get(&server, "/conversations").await.status, 200);
    // As after a sleep: the wall clock went on, the other one stood.
    clock.step("+2h");
    assert_eq!(owner.get(&server, "/conversations").await.status, 401);
    // Set back, the wall clock lengthens nothing and ends nothing.
    let later = server.sign_in(json!({ "password": PASSWORD })).await;
    let ends = |session: Value| -> jiff::Timestamp {
        session["session"]["expires_at"].as_str().unwrap().parse().unwrap()
    };
    clock.step("+0s");
    let session = later.get(&server, "/auth/session").await.is(200);
    let left = ends(session).duration_since(wall(&server).await);
    assert!(left <= jiff::SignedDuration::from_hours(1), "it has {left} left");
}

#[tokio::test]
async fn a_clock_that_is_set_back_lets_nothing_live_longer() {
    let Some(clock) = Clock::find() else {
        return skipped("a_clock_that_is_set_back", "no libfaketime");
    };
    let wrapper = clock.wrapper();
    let words: Vec<&str> = wrapper.iter().map(String::as_str).collect();
    let mut server = Server::plan().under(&words).start().await;
    let owner = server.lock().await;
    let idle = server.sign_in(json!({ "password": PASSWORD })).await;
    // A session that nobody uses ends soon: its hour is almost over.
    assert!(server.stop().await.success());
    let soon = || (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(5)).to_string();
    let soon = || format!("{}Z", &soon()[..23]);
    let last = "UPDATE sessions SET expires_at = ? WHERE id = (SELECT max(id) FROM sessions)";
    assert_eq!(server.database().execute(last, [soon()]).unwrap(), 1);
    server.boot().await;
    owner.get(&server, "/conversations").await.is(200);
    let body = json!({ "name": "short", "scopes": ["chat"], "expires_at": soon() });
    let made = owner.post(&server, "/auth/tokens", body).await.is(201);
    let token = Person::with_token(made["token"].as_str().unwrap());
    let mut feed = server.events_as("/events", &token).await;
    feed.until_named("hello").await;

    clock.step("-3d");
    let off = wall(&server).await.duration_since(jiff::Timestamp::now());
    assert!(off < jiff::SignedDuration::from_hours(-48), "the clock did not jump: {off}");
    feed.until_named("signed_out").await;
    // Both have had their time, whatever the clock says.
    for gone in [&token, &idle, &token, &idle] {
        gone.get(&server, "/conversations").await.fails(401, "not_signed_in");
    }
    for offset in ["-3d", "+0s"] {
        clock.step(offset);
        owner.get(&server, "/conversations").await.is(200);
        let another = server.sign_in(json!({ "password": PASSWORD })).await;
        another.get(&server, "/conversations").await.is(200);
        token.get(&server, "/conversations").await.fails(401, "not_signed_in");
    }
}
