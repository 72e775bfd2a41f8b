//! Notes: facts to remember, seen, changed and deleted.

use serde_json::{Value, json};

use crate::harness::client::{assert_id, assert_instant};
use crate::harness::talk::{id_of, items};
use crate::harness::{Server, eventually};

async fn texts(server: &Server, path: &str) -> Vec<String> {
    let list = server.get(path).await.is(200);
    items(&list).iter().map(|note| note["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_note_is_written_changed_deleted_and_restored() {
    let server = Server::start().await;
    let made =
        server.post("/notes", json!({"text": "  The bins go out on Monday \n"})).await.is(201);
    let mut keys: Vec<&str> = made.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    let expected =
        ["conversation_id", "created_at", "deleted_at", "id", "message_id", "text", "updated_at"];
    assert_eq!(keys, expected);
    assert_id(&made["id"], "note");
    assert_instant(&made["created_at"]);
    assert_eq!(made["text"], "The bins go out on Monday");
    for empty in ["conversation_id", "message_id", "deleted_at"] {
        assert_eq!(made[empty], Value::Null, "{empty}");
    }
    let path = format!("/notes/{}", id_of(&made));
    assert_eq!(server.get(&path).await.is(200), made);
    let changed = server.patch(&path, json!({"text": "They go out on Tuesday"})).await.is(200);
    assert_eq!(changed["text"], "They go out on Tuesday");
    assert_eq!(changed["created_at"], made["created_at"]);
    assert!(changed["updated_at"].as_str() >= made["updated_at"].as_str());

    let deleted = server.delete(&path).await.is(200);
    assert_instant(&deleted["deleted_at"]);
    assert_eq!(server.delete(&path).await.is(200), deleted, "once more changes nothing");
    assert!(texts(&server, "/notes").await.is_empty());
    assert_eq!(texts(&server, "/notes?trash=true").await, ["They go out on Tuesday"]);
    server.patch(&path, json!({"text": "x"})).await.fails(409, "note_in_trash");
    let restored = server.poke(&format!("{path}/restore")).await.is(200);
    assert_eq!(restored, changed);
    assert_eq!(texts(&server, "/notes").await, ["They go out on Tuesday"]);
    server.assert_sound();
}

#[tokio::test]
async fn the_list_is_newest_first_in_pages_and_by_words() {
    let server = Server::start().await;
    for n in 0..7 {
        server.post("/notes", json!({"text": format!("Fact number {n}")})).await.is(201);
    }
    let all: Vec<String> = (0..7).rev().map(|n| format!("Fact number {n}")).collect();
    for path in ["/notes", "/notes?trash=true"] {
        for limit in [1, 3, 7, 200] {
            let (mut found, mut from) = (Vec::new(), String::new());
            loop {
                let joint = if path.contains('?') { '&' } else { '?' };
                let page = format!("{path}{joint}limit={limit}{from}");
                found.extend(texts(&server, &page).await);
                let page = server.get(&page).await.is(200);
                let Some(cursor) = page["next_cursor"].as_str() else { break };
                from = format!("&cursor={cursor}");
            }
            assert_eq!(found, all, "{path} by {limit}");
        }
        assert_eq!(
            texts(&server, "/notes?query=number%206").await.len(),
            usize::from(path == "/notes")
        );
        for note in items(&server.get("/notes?limit=200").await.is(200)).iter().rev() {
            server.delete(&format!("/notes/{}", id_of(note))).await.is(200);
        }
    }
    for (query, field) in
        [("limit=0", "limit"), ("cursor=nonsense", "cursor"), ("trash=2", "trash"), ("x=1", "x")]
    {
        let reply = server.get(&format!("/notes?{query}")).await.error(400);
        assert_eq!(reply["details"]["field"], field, "{query}");
    }
}

#[tokio::test]
async fn a_note_says_something_and_not_too_much() {
    let server = Server::with("MAX_NOTE_KB", 1).start().await;
    let note = id_of(&server.post("/notes", json!({"text": "x".repeat(1024)})).await.is(201));
    for (text, status) in [("", 400), (" \n\t", 400), ("x".repeat(1025).as_str(), 413)] {
        for reply in [
            server.post("/notes", json!({"text": text})).await,
            server.patch(&format!("/notes/{note}"), json!({"text": text})).await,
        ] {
            let body = reply.error(status);
            match status {
                400 => assert_eq!(body["details"]["field"], "text"),
                _ => assert_eq!(body["details"]["limit_bytes"], 1024),
            }
        }
    }
    assert_eq!(texts(&server, "/notes").await, ["x".repeat(1024)]);
}

#[tokio::test]
async fn every_change_of_a_note_is_told() {
    let server = Server::start().await;
    let mut feed = server.events("/events").await;
    feed.until_named("hello").await;
    let note = id_of(&server.post("/notes", json!({"text": "A fact"})).await.is(201));
    let path = format!("/notes/{note}");
    server.patch(&path, json!({"text": "Another"})).await.is(200);
    server.delete(&path).await.is(200);
    server.poke(&format!("{path}/restore")).await.is(200);
    for (change, text) in [
        ("created", "A fact"),
        ("updated", "Another"),
        ("deleted", "Another"),
        ("restored", "Another"),
    ] {
        let event = feed.until_named("note").await.pop().unwrap();
        assert_eq!(event.data["change"], change, "{event:?}");
        assert_eq!(event.data["note"]["id"], note.as_str());
        assert_eq!(event.data["note"]["text"], text);
    }
}

#[tokio::test]
async fn a_key_makes_one_note_through_kill_9() {
    let mut server = Server::start().await;
    let body = json!({"text": "Only once"});
    let first = server.post_once("note-1", "/notes", body.clone()).await.is(201);
    server.kill();
    server.boot().await;
    assert_eq!(server.post_once("note-1", "/notes", body).await.is(201), first);
    assert_eq!(texts(&server, "/notes").await, ["Only once"]);
    server.post_once("note-1", "/notes", json!({"text": "Other"})).await.error(409);
}

#[tokio::test]
async fn the_trash_is_emptied_after_its_days() {
    let server = Server::with("TRASH_DAYS", 0).with("CLEANUP_INTERVAL_SECONDS", 1).start().await;
    let kept = id_of(&server.post("/notes", json!({"text": "Stays"})).await.is(201));
    let gone = id_of(&server.post("/notes", json!({"text": "Goes"})).await.is(201));
    server.delete(&format!("/notes/{gone}")).await.is(200);
    eventually("it is gone for good", || async {
        (server.get(&format!("/notes/{gone}")).await.status == 404).then_some(())
    })
    .await;
    server.poke(&format!("/notes/{gone}/restore")).await.error(404);
    server.get(&format!("/notes/{kept}")).await.is(200);
    server.assert_sound();
}
