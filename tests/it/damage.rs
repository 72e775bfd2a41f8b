//! A damaged database: read around, never written over, never replaced by a fresh one, and a copy of it
//! put back.

use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::harness::process::{Finished, finish};
use crate::harness::talk::items;
use crate::harness::{Server, eventually};

/// A stopped server with two conversations, the first of them so long that it has pages of its own.
async fn stopped_with_two() -> (Server, String, String) {
    let mut server = Server::with("ENABLE_EMBEDDINGS", false).start().await;
    let (first, second) = (server.conversation().await, server.conversation().await);
    for n in 0..12 {
        let long = format!("Question {n} {}", "about the harbour ".repeat(200));
        server.answer(&first, "passages/passages", &long).await;
    }
    server.answer(&second, "passages/passages", "A short one").await;
    assert!(server.stop().await.success());
    (server, first, second)
}

fn file_of(server: &Server) -> PathBuf {
    server.database().path().unwrap().into()
}

/// Overwrites the first page that holds messages.
fn damage(server: &Server) -> PathBuf {
    let db = server.database();
    let (page, size): (u64, u64) = db
        .query_row(
            "SELECT pageno, pgsize FROM dbstat WHERE name = 'messages' AND pagetype = 'leaf'
             ORDER BY path LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    drop(db);
    let file = file_of(server);
    let mut damaged = std::fs::File::options().write(true).open(&file).unwrap();
    damaged.seek(SeekFrom::Start((page - 1) * size)).unwrap();
    damaged.write_all(&vec![0xff; usize::try_from(size).unwrap()]).unwrap();
    file
}

async fn restore(server: &Server, arguments: &[&str]) -> Finished {
    let child = server.command().arg("restore").args(arguments).spawn().unwrap();
    tokio::task::spawn_blocking(|| finish(child)).await.unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_damaged_page_makes_the_file_read_only_and_a_copy_is_put_back() {
    let (mut server, first, second) = stopped_with_two().await;
    let copy = server.home().join("copy.db");
    std::fs::copy(file_of(&server), &copy).unwrap();
    let file = damage(&server);
    server.boot().await;
    let hit = server.get(&format!("/conversations/{first}/messages")).await;
    let refused = hit.fails(503, "database_damaged");
    assert!(refused["error"].as_str().unwrap().contains("inglenook restore"), "{refused}");
    assert_eq!(server.get("/conversations").await.is(200)["items"].as_array().unwrap().len(), 2);
    assert_eq!(server.messages(&second).await.len(), 2, "what is sound is read");
    let write = server.post("/conversations", json!({"title": "No more"})).await;
    write.fails(503, "database_damaged");
    let health: Value = server.get("/health").await.json();
    assert_eq!(health["status"], "degraded");
    assert_eq!(health["checks"]["database"]["status"], "damaged", "{health}");
    server.get("/health/live").await.is(200);
    eventually("the log names the file and the command", || async {
        let log = server.log();
        (log.contains(text(&file)) && log.contains("inglenook restore")).then_some(())
    })
    .await;
    let running = restore(&server, &[text(&copy)]).await;
    assert_eq!(running.code, 75, "{}", running.said());
    assert!(server.stop().await.success());

    let damaged = std::fs::read(&file).unwrap();
    let done = restore(&server, &[text(&copy)]).await;
    assert_eq!(done.code, 0, "{}", done.said());
    let kept = done.stdout.lines().last().unwrap().rsplit(' ').next().unwrap();
    let kept = Path::new(kept).join(file.file_name().unwrap());
    assert!(std::fs::read(kept).unwrap() == damaged, "what was there is kept as it was");
    server.boot().await;
    assert_eq!(server.messages(&first).await.len(), 24);
    server.post("/conversations", json!({"title": "Again"})).await.is(201);
    server.assert_sound();
}

#[tokio::test]
async fn damage_that_a_check_finds_stops_writing_before_anybody_meets_it() {
    let (mut server, _, second) = stopped_with_two().await;
    server.boot().await;
    server.answer(&second, "passages/passages", "One more").await;
    server.database().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    damage(&server);
    server.post("/conversations", json!({"title": "So that a log is left"})).await;
    server.kill();
    server.boot().await;
    eventually("the check found it", || async {
        let health: Value = server.get("/health").await.json();
        (health["checks"]["database"]["integrity"] == "damaged").then_some(())
    })
    .await;
    let refused = server.post("/conversations", json!({"title": "No more"})).await;
    refused.fails(503, "database_damaged");
}

/// Makes all records of three indexes of words unreadable.
fn damage_indexes(server: &Server) {
    let db = server.database();
    for index in ["messages_fts", "conversations_fts", "bus_fts"] {
        db.execute(
            &format!("UPDATE {index}_data SET block = x'ffffffffffffffffffffffff' WHERE id >= 10"),
            [],
        )
        .unwrap();
    }
}

#[tokio::test]
async fn a_damaged_index_of_words_is_made_anew_when_it_is_met() {
    let (mut server, first, _) = stopped_with_two().await;
    damage_indexes(&server);
    server.boot().await;
    let search = || server.post("/search", json!({"query": "harbour"}));
    let refused = search().await.fails(503, "index_damaged");
    assert!(refused["error"].as_str().unwrap().contains("nothing is lost"), "{refused}");
    let found = eventually("what was said is found again", || async {
        let reply = search().await;
        (reply.status == 200).then(|| reply.json())
    })
    .await;
    assert_eq!(found["items"][0]["conversation_id"], *first, "{found}");
    server.logs("the index of words is whole again").await;
    server.answer(&first, "passages/passages", "About the lighthouse").await;
    let said = server.post("/search", json!({"query": "lighthouse"})).await.is(200);
    assert!(!said["items"].as_array().unwrap().is_empty(), "{said}");
    server.assert_sound();
}

#[tokio::test]
async fn what_is_said_is_kept_once_a_damaged_index_is_made_anew() {
    let (mut server, first, _) = stopped_with_two().await;
    damage_indexes(&server);
    server.boot().await;
    let note = || server.post("/conversations", json!({"title": "Boats"}));
    note().await.fails(503, "index_damaged");
    eventually("a title is taken again", || async { (note().await.status == 201).then_some(()) })
        .await;
    let all = server.get("/conversations").await.is(200);
    assert_eq!(items(&all).len(), 3, "what was refused was not kept: {all}");
    assert_eq!(server.messages(&first).await.len(), 24);
    server.assert_sound();
}

#[tokio::test]
async fn a_check_makes_damaged_indexes_anew_before_anybody_meets_them() {
    let (mut server, ..) = stopped_with_two().await;
    server.boot().await;
    damage_indexes(&server);
    server.kill();
    server.boot().await;
    eventually("it was checked, and found sound but for them", || async {
        let health: Value = server.get("/health").await.json();
        (health["checks"]["database"]["integrity"] == "sound").then_some(())
    })
    .await;
    server.post("/search", json!({"query": "harbour"})).await.is(200);
    server.assert_sound();
}

#[tokio::test]
async fn a_cut_log_costs_what_was_in_its_end_and_nothing_else() {
    let mut server = Server::with("ENABLE_EMBEDDINGS", false).start().await;
    let mut made = Vec::new();
    for _ in 0..20 {
        made.push(server.conversation().await);
    }
    server.kill();
    let log = server.data_dir().join("inglenook.db-wal");
    let length = std::fs::metadata(&log).unwrap().len();
    std::fs::File::options().write(true).open(&log).unwrap().set_len(length * 2 / 3 + 7).unwrap();
    server.boot().await;
    let kept = server.get("/conversations?limit=200").await.is(200);
    let kept = kept["items"].as_array().unwrap();
    assert!(!kept.is_empty(), "everything is gone");
    assert!(kept.len() < made.len(), "the cut cost nothing, so nothing was cut");
    for one in kept {
        assert!(made.iter().any(|id| one["id"] == **id), "{one}");
    }
    eventually("it was checked and found sound", || async {
        let health: Value = server.get("/health").await.json();
        (health["checks"]["database"]["integrity"] == "sound").then_some(())
    })
    .await;
    server.conversation().await;
    server.assert_sound();
}

#[tokio::test]
async fn the_log_of_a_database_that_is_gone_is_not_taken_for_the_copys() {
    let (mut server, first, _) = stopped_with_two().await;
    let (file, copy) = (file_of(&server), server.home().join("copy.db"));
    std::fs::copy(&file, &copy).unwrap();
    server.boot().await;
    for _ in 0..30 {
        server.conversation().await;
    }
    server.kill();
    std::fs::remove_file(&file).unwrap();
    assert!(std::fs::metadata(file.with_extension("db-wal")).unwrap().len() > 0);
    let done = restore(&server, &[text(&copy)]).await;
    assert_eq!(done.code, 0, "{}", done.said());
    assert!(!file.with_extension("db-wal").exists());
    server.boot().await;
    assert_eq!(server.messages(&first).await.len(), 24);
    let kept = server.get("/conversations?limit=200").await.is(200);
    assert_eq!(kept["items"].as_array().unwrap().len(), 2);
    server.assert_sound();
}

#[tokio::test]
async fn what_is_no_sound_copy_is_refused_and_changes_nothing() {
    let (server, ..) = stopped_with_two().await;
    let file = file_of(&server);
    let before = std::fs::read(&file).unwrap();
    let at = |name: &str| server.home().join(name);
    std::fs::write(at("prose.db"), "no database at all, but long enough to be looked at").unwrap();
    rusqlite::Connection::open(at("other.db"))
        .unwrap()
        .execute_batch("CREATE TABLE t (x)")
        .unwrap();
    std::fs::copy(&file, at("newer.db")).unwrap();
    let newer = rusqlite::Connection::open(at("newer.db")).unwrap();
    newer.pragma_update(None, "user_version", 9999).unwrap();
    drop(newer);
    for (name, code) in [("prose.db", 1), ("other.db", 1), ("newer.db", 65), ("absent.db", 1)] {
        let said = restore(&server, &[text(&at(name))]).await;
        assert_eq!(said.code, code, "{name}: {}", said.said());
        assert!(said.stderr.contains("Nothing was changed"), "{name}: {}", said.said());
        assert!(std::fs::read(&file).unwrap() == before, "{name} changed the file");
    }
    let damaged = damage(&server);
    std::fs::rename(&damaged, at("damaged.db")).unwrap();
    std::fs::write(&file, &before).unwrap();
    let said = restore(&server, &[text(&at("damaged.db"))]).await;
    assert_eq!(said.code, 1, "{}", said.said());
    assert!(std::fs::read(&file).unwrap() == before);
}

#[tokio::test]
async fn copies_are_listed_newest_first() {
    let (server, ..) = stopped_with_two().await;
    let none = restore(&server, &["--json"]).await;
    assert_eq!((none.code, none.stdout.trim()), (0, r#"{"items":[]}"#), "{}", none.said());
    let snapshots = server.data_dir().join("snapshots");
    std::fs::create_dir(&snapshots).unwrap();
    for (name, age) in [("before-schema-2-1.db", 2000), ("before-schema-3-2.db", 1000)] {
        std::fs::copy(file_of(&server), snapshots.join(name)).unwrap();
        let file = std::fs::File::options().write(true).open(snapshots.join(name)).unwrap();
        let then =
            std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000 - age);
        file.set_modified(then).unwrap();
    }
    let listed: Value = serde_json::from_str(&restore(&server, &["--json"]).await.stdout).unwrap();
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert!(items[0]["path"].as_str().unwrap().ends_with("before-schema-3-2.db"), "{listed}");
    assert_eq!(items[0]["made_at"], "1970-01-12T13:30:00.000Z");
    let words = restore(&server, &[]).await;
    assert!(words.stdout.lines().count() == 2 && words.stderr.contains("inglenook restore PATH"));
}
