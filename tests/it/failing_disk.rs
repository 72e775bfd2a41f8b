//! A disk that fails under the running server: it does not confirm what was written, or it became
//! read-only. Nobody is told of a success that is none, reads go on, and it ends when the fault does.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::strace::Failing;
use crate::harness::talk::{id_of, items};
use crate::harness::{Server, eventually};

async fn database(server: &Server) -> (Value, Value) {
    let health = server.get("/health").await.is(200);
    (health["status"].clone(), health["checks"]["database"]["status"].clone())
}

/// All conversations of this title.
async fn titled(server: &Server, title: &str) -> usize {
    let list = server.get("/conversations").await.is(200);
    items(&list).iter().filter(|one| one["title"] == title).count()
}

#[tokio::test]
async fn a_sync_that_fails_is_told_as_such_and_the_same_key_repeats_it_once() {
    let mut server = Server::start().await;
    let conversation = server.conversation().await;
    let messages = format!("/conversations/{conversation}/messages");
    let question = json!({"content": "Still there?", "model": "passages/passages"});
    let (test, syncs) = ("a_sync_that_fails", "fdatasync,fsync");
    let Some(failing) = Failing::begin(test, &server, syncs, "error=EIO", &[]).await else {
        return;
    };
    let title = json!({"title": "Perhaps"});
    for _ in 0..2 {
        let refused = server.post_once("k1", "/conversations", title.clone()).await;
        let body = refused.fails(500, "outcome_unknown");
        assert!(body["error"].as_str().unwrap().contains("Idempotency-Key"), "{body}");
        server.post_once("k2", &messages, question.clone()).await.fails(500, "outcome_unknown");
    }
    let rename = server.request(Method::PATCH, &format!("/conversations/{conversation}"));
    server.send(rename.json(&json!({"title": "Renamed"}))).await.fails(500, "outcome_unknown");
    assert!(failing.trace().contains("INJECTED"), "{}", failing.trace());
    // Reads go on, and show nothing that was not confirmed.
    assert_eq!(database(&server).await, (json!("degraded"), json!("sync_failed")));
    assert_eq!(titled(&server, "Perhaps").await, 0);
    assert_eq!(server.messages(&conversation).await.len(), 0);
    server.get("/health/live").await.is(200);
    server.get("/health/ready").await.is(200);

    drop(failing);
    let made = server.post_once("k1", "/conversations", title.clone()).await.is(201);
    let again = server.post_once("k1", "/conversations", title).await.is(201);
    assert_eq!(made, again);
    let asked = server.post_once("k2", &messages, question.clone()).await.is(202);
    server.whole_turn(asked["turn_id"].as_str().unwrap()).await;
    assert_eq!(database(&server).await, (json!("ok"), json!("ok")));
    server.kill();
    server.boot().await;
    server.post_once("k2", &messages, question).await.is(202);
    assert_eq!(titled(&server, "Perhaps").await, 1);
    assert_eq!(server.messages(&conversation).await.len(), 2, "asked once, answered once");
    server.assert_sound();
}

#[tokio::test]
async fn a_folder_that_became_read_only_refuses_writes_serves_reads_and_recovers_by_itself() {
    let server = Server::start().await;
    let conversation = server.conversation().await;
    server.answer(&conversation, "passages/passages", "Before it was read-only").await;
    let file = server.data_dir().join("inglenook.db");
    let [wal, shm] = ["db-wal", "db-shm"].map(|ending| file.with_extension(ending));
    let files: [&Path; 3] = [&file, &wal, &shm];
    // What a file system answers that was mounted anew, read-only, after a fault of its disk.
    let (test, writes) = ("a_folder_that_became_read_only", "pwrite64,ftruncate,fallocate");
    let Some(failing) = Failing::begin(test, &server, writes, "error=EROFS", &files).await else {
        return;
    };
    let path = format!("/conversations/{conversation}/messages");
    let question = json!({"content": "Now?", "model": "passages/passages"});
    for _ in 0..3 {
        server.post("/conversations", json!({"title": "Refused"})).await.fails(507, "disk_full");
        server.post(&path, question.clone()).await.fails(507, "disk_full");
        server.post("/send", json!({"from": "a", "to": "b", "text": "x"})).await.error(507);
    }
    assert!(failing.trace().contains("INJECTED"), "{}", failing.trace());
    assert_eq!(database(&server).await, (json!("degraded"), json!("disk_full")));
    assert_eq!(server.messages(&conversation).await.len(), 2, "reads go on");
    let found = server.search_words("read-only").await;
    assert!(!found.is_empty(), "and so does the search");
    server.get("/health/ready").await.is(200);

    drop(failing);
    let made = server.post("/conversations", json!({"title": "After"})).await.is(201);
    server.get(&format!("/conversations/{}", id_of(&made))).await.is(200);
    eventually("health tells that it is over", async || {
        (database(&server).await == (json!("ok"), json!("ok"))).then_some(())
    })
    .await;
    assert_eq!(titled(&server, "Refused").await, 0);
    server.assert_sound();
}
