//! Peers that vanish without a word, as a phone does that leaves the house: nothing comes from them any
//! more, not even an end, and what is sent to them goes nowhere. The test runs once more by itself in a
//! network of its own, whose one interface it takes down.

use std::process::Command;

use crate::harness::{Server, eventually, skipped};

/// Set for the run in a network of its own.
const ALONE: &str = "INGLENOOK_TEST_ALONE";

/// Runs a test of this binary in a network of its own; `None` where that is not allowed.
fn alone(test: &str) -> Option<std::process::Output> {
    let kinds: [&[&str]; 2] = [&["-n"], &["-Urn"]];
    let kind = kinds.into_iter().find(|kind| {
        let mut trial = Command::new("unshare");
        trial.args(*kind).args(["ip", "link", "set", "lo", "up"]);
        trial.output().is_ok_and(|output| output.status.success())
    })?;
    let mut again = Command::new("unshare");
    again.args(kind).arg(std::env::current_exe().unwrap());
    again.args(["--exact", test, "--nocapture"]).env(ALONE, "1");
    Some(again.output().unwrap())
}

fn loopback(state: &str) {
    let set = Command::new("ip").args(["link", "set", "lo", state]).status().unwrap();
    assert!(set.success());
}

#[tokio::test]
async fn peers_that_vanish_without_a_word_are_dropped_and_their_places_are_free() {
    if std::env::var_os(ALONE).is_none() {
        let test =
            "half_open::peers_that_vanish_without_a_word_are_dropped_and_their_places_are_free";
        let done = tokio::task::spawn_blocking(move || alone(test)).await.unwrap();
        let Some(done) = done else {
            return skipped(test, "this machine allows no networks of one's own");
        };
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        );
        assert!(done.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    loopback("up");
    let server = Server::with("HEARTBEAT_SECONDS", 1)
        .with("CONNECTION_TIMEOUT_SECONDS", 2)
        .with("BODY_TIMEOUT_SECONDS", 2)
        .with("HEADER_TIMEOUT_SECONDS", 1)
        .with("MAX_CONNECTIONS", 5)
        .with("MAX_CONNECTIONS_PER_CLIENT", 5)
        .start()
        .await;
    let sockets = || {
        let open = std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().flatten();
        let targets = open.filter_map(|entry| std::fs::read_link(entry.path()).ok());
        targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
    };
    let before = sockets();
    let conversation = server.conversation().await;
    let chat = server.socket(&format!("/ws/chat/{conversation}")).await;
    let mut agent = server.socket("/ws/agent").await;
    agent.until("connection_confirmed").await;
    let mut streams = Vec::new();
    for path in ["/events", "/events", "/subscribe?client=reader"] {
        streams.push(server.events(path).await);
    }
    let status = server.get("/status").await.is(200);
    assert_eq!(status["connections"]["open"], 5, "{status}");
    assert!(sockets() >= before + 5);
    loopback("down");
    eventually("all are dropped", || async { (sockets() <= before).then_some(()) }).await;
    loopback("up");
    // The connection that was kept for the next request is gone as well.
    let status = eventually("it is reached again", || async {
        server.try_send(server.request(reqwest::Method::GET, "/status")).await.ok()
    })
    .await
    .is(200);
    assert_eq!(status["connections"]["open"], 0, "{status}");
    server.events("/events").await.until_named("hello").await;
    assert!(!server.log().contains("panicked"));
    drop((chat, agent, streams));
}
