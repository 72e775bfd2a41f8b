//! Health and status: measured facts.

use serde_json::json;

use crate::harness::{Server, Upstream};

#[tokio::test]
async fn health_tells_measured_facts() {
    let server = Server::start().await;
    assert_eq!(server.get("/health/live").await.status, 200);
    assert_eq!(server.get("/health/ready").await.status, 200);
    let health = server.get("/health").await.is(200);
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert!(health["uptime_seconds"].is_number(), "{health}");
    for check in ["database", "disk", "embeddings"] {
        assert!(!health["checks"][check].is_null(), "{check}: {health}");
    }
    for feature in ["rate_limiting", "authentication", "retry_logic"] {
        assert!(health["features"][feature].is_boolean(), "{feature}: {health}");
    }
    assert_eq!(health["features"]["rate_limiting"], false, "the testing preset turns it off");
    assert_eq!(health["features"]["authentication"], false, "there is no sign-in yet");
    let limited = Server::with("RATE_LIMIT_API", 100).start().await;
    assert_eq!(limited.get("/health").await.is(200)["features"]["rate_limiting"], true);
}

#[tokio::test]
async fn status_counts_what_is_open_and_running() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let before = server.get("/status").await.is(200);
    assert_eq!(before["pid"], server.pid());
    assert_eq!(before["connections"]["open"], 0, "{before}");
    assert_eq!(before["connections"]["limit"], 50, "{before}");
    let _feed = server.events("/events").await;
    let _socket = server.socket(&format!("/ws/chat/{conversation}")).await;
    let pace = upstream.paced();
    server.ask(&conversation, &model, "Go").await;
    let during = server.get("/status").await.is(200);
    assert_eq!(during["connections"]["open"], 2, "{during}");
    assert_eq!(during["turns"]["running"], 1, "{during}");
    assert!(during["database"]["size_bytes"].as_u64().unwrap() > 0, "{during}");
    assert!(during["database"]["wal_bytes"].is_u64(), "{during}");
    assert_eq!(during["data_dir"], server.data_dir().to_str().unwrap());
    assert!(
        during["breakers"].as_array().unwrap().iter().any(|b| b["state"] == "closed"),
        "{during}"
    );
    pace.finish();
}

#[tokio::test]
async fn instances_are_told_apart() {
    let mut server = Server::start().await;
    let first = server.get("/status").await.is(200)["instance"].clone();
    assert_ne!(first, json!(null));
    server.restart().await;
    let second = server.get("/status").await.is(200)["instance"].clone();
    assert_ne!(first, second, "a page sees by it that the server was started anew");
}
