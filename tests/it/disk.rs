//! The disk: synced before the answer, full, read-only.

use std::io::Write;
use std::process::Command;

use serde_json::json;

use crate::harness::process::wrapped;
use crate::harness::server::Plan;
use crate::harness::{Server, eventually, skipped};

fn has(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

#[tokio::test]
async fn a_write_is_synced_before_it_is_answered() {
    if !has("strace", &["-f", "-o", "/dev/null", "true"]) {
        return skipped(
            "a_write_is_synced_before_it_is_answered",
            "strace cannot watch processes here",
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let calls = "trace=fdatasync,fsync,write,writev,sendto,sendmsg,pwrite64";
    // -D keeps the process id for the server, so that killing it leaves nothing behind.
    let wrapper =
        ["strace", "-D", "-f", "-y", "-s", "400", "-e", calls, "-o", trace.to_str().unwrap()];
    let server = Server::plan().under(&wrapper).start().await;
    let request =
        server.request(reqwest::Method::POST, "/conversations").header("x-request-id", "watch-me");
    server.send(request.json(&json!({"title": "Find this exact title"}))).await.is(201);
    let lines: Vec<String> = eventually("the answer is in the trace", || async {
        let text = std::fs::read_to_string(&trace).unwrap_or_default();
        let sent = text.contains("watch-me") && text.contains("201 Created");
        sent.then(|| text.lines().map(str::to_owned).collect())
    })
    .await;
    let position = |what: &dyn Fn(&String) -> bool| lines.iter().position(what);
    let last =
        |what: &dyn Fn(&String) -> bool, before: usize| lines[..before].iter().rposition(what);
    let answered = position(&|line| line.contains("201 Created")).unwrap();
    let into_wal = last(&|line| line.contains("pwrite64") && line.contains("-wal"), answered);
    let into_wal = into_wal.expect("a write to the WAL precedes the answer");
    let synced = last(&|line| line.contains("sync(") && line.contains("-wal"), answered);
    let synced = synced.expect("a sync of the WAL precedes the answer");
    assert!(synced > into_wal, "line {synced} syncs before line {into_wal} writes");
}

/// A server inside a mount of its own, so small that it fills up.
async fn on_a_small_disk(test: &str) -> Option<Server> {
    on_a_disk_of(12, test, Server::plan()).await
}

/// A server inside a mount of its own.
async fn on_a_disk_of(mib: usize, test: &str, plan: Plan) -> Option<Server> {
    let root = has("unshare", &["-m", "true"]);
    let unshare: &[&str] = if root { &["unshare", "-m"] } else { &["unshare", "-Urm"] };
    let disk = tempfile::tempdir().unwrap().keep();
    let script =
        format!("mount -t tmpfs -o size={mib}m,mode=700 none '{}' && exec \"$@\"", disk.display());
    let mut wrapper = unshare.to_vec();
    wrapper.extend(["sh", "-c", &script, "sh"]);
    if !has(wrapper[0], &[&wrapper[1..], &["true"]].concat()) {
        skipped(test, "this machine allows no mounts of one's own");
        return None;
    }
    Some(plan.under(&wrapper).data_in(&disk.join("data")).start().await)
}

/// The folder as the server sees it.
fn inside(server: &Server) -> std::path::PathBuf {
    let path = format!("/proc/{}/root{}", server.pid(), server.data_dir().display());
    path.into()
}

fn fill(server: &Server) -> std::path::PathBuf {
    let filler = inside(server).parent().unwrap().join("filler");
    let mut file = std::fs::File::options().append(true).create(true).open(&filler).unwrap();
    let mut block = 1 << 20;
    while block > 0 {
        if file.write_all(&vec![7; block]).is_err() {
            block /= 2;
        }
    }
    filler
}

#[tokio::test]
async fn a_full_disk_refuses_writes_serves_reads_and_recovers_by_itself() {
    let Some(server) = on_a_small_disk("a_full_disk_refuses_writes").await else { return };
    let conversation = server.conversation().await;
    server.answer(&conversation, "passages/passages", "Before it was full").await;
    let filler = fill(&server);
    let mut kept = Vec::new();
    let refused = loop {
        let body =
            json!({"title": format!("Number {}", kept.len()), "system_prompt": "x".repeat(60_000)});
        let reply = server.post("/conversations", body).await;
        match reply.status {
            201 => kept.push(crate::harness::talk::id_of(&reply.json())),
            _ => break reply,
        }
        assert!(kept.len() < 2000, "the disk never filled up");
    };
    refused.fails(507, "disk_full");
    assert_eq!(server.messages(&conversation).await.len(), 2, "reads go on");
    let page = std::fs::read_to_string(inside(&server).join("..").join("data")).is_err();
    assert!(page);
    let health = server.get("/health").await;
    assert!(health.text.contains("disk"), "{}", health.text);
    server.get("/health/live").await.is(200);
    std::fs::remove_file(filler).unwrap();
    eventually("writes are taken again without a restart", || async {
        (server.post("/conversations", json!({"title": "After"})).await.status == 201).then_some(())
    })
    .await;
    for id in kept {
        server.get(&format!("/conversations/{id}")).await.is(200);
    }
    let backup = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(inside(&server)).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_file() {
            std::fs::copy(&entry, backup.path().join(entry.file_name().unwrap())).unwrap();
        }
    }
    let database = std::fs::read_dir(backup.path()).unwrap().map(|entry| entry.unwrap().path());
    let database = database.into_iter().find(|path| path.extension().is_some_and(|e| e == "db"));
    let db = rusqlite::Connection::open(database.expect("the database")).unwrap();
    let check: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
}

#[tokio::test]
async fn a_full_disk_in_the_middle_of_an_answer_ends_it_with_a_reason() {
    let Some(server) = on_a_small_disk("a_full_disk_in_the_middle_of_an_answer").await else {
        return;
    };
    let upstream = crate::harness::Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let pace = upstream.paced();
    let asked = server.ask(&conversation, &model, "Go").await;
    let mut events = server.turn_events(&asked.turn).await;
    pace.say("Some");
    events.until_named("chunk").await;
    let filler = fill(&server);
    let piece = "y".repeat(100_000);
    (0..20).for_each(|_| pace.say(&piece));
    pace.finish();
    let last = events.rest().await.pop().unwrap();
    assert!(matches!(last.name.as_str(), "error" | "complete"), "{last:?}");
    if last.name == "error" {
        assert_eq!(last.data["code"], "disk_full", "{:.300}", last.data.to_string());
    }
    std::fs::remove_file(filler).unwrap();
    eventually("the next question is answered", || async {
        let body = json!({"content": "And now?", "model": "passages/passages", "stream": false});
        let elsewhere = server.post("/conversations", json!({"title": "x"})).await;
        if elsewhere.status != 201 {
            return None;
        }
        let path =
            format!("/conversations/{}/messages", crate::harness::talk::id_of(&elsewhere.json()));
        (server.post(&path, body).await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_full_disk_in_the_middle_of_a_document_makes_it_wait_and_not_fail() {
    let plan = Server::plan().with("ENABLE_EMBEDDINGS", false).with("DOCUMENT_RETRY_SECONDS", 1);
    let test = "a_full_disk_in_the_middle_of_a_document";
    let Some(server) = on_a_disk_of(60, test, plan).await else { return };
    // So little is free that the rest is full in a moment.
    let filler = fill(&server);
    let file = std::fs::File::options().write(true).open(&filler).unwrap();
    file.set_len(file.metadata().unwrap().len() - (16 << 20)).unwrap();
    drop(file);
    let text: String = (0..60_000).map(|n| format!("Line {n} of the harbour book.\n")).collect();
    let id = server.document("book.txt", text.as_bytes()).await;
    let state = async || {
        let document = server.get(&format!("/documents/{id}")).await.is(200);
        document["state"].as_str().unwrap_or_default().to_owned()
    };
    let path = format!("/documents/{id}/chunks?limit=1");
    eventually("it is being read", || async {
        let begun = server.get(&path).await;
        (begun.status == 200 && begun.text.contains("Line") || state().await == "chunking")
            .then_some(())
    })
    .await;
    fill(&server);
    assert_ne!(state().await, "ready", "it was read before the disk was full");
    server.logs("waits until it can be kept").await;
    assert_ne!(state().await, "failed");
    server.get("/health/live").await.is(200);
    std::fs::remove_file(filler).unwrap();
    let document = server.settled(&id).await;
    assert_eq!(document["state"], "ready", "{document}");
    assert!(!server.search_words("harbour book 59999").await.is_empty());
}

#[tokio::test]
async fn a_read_only_folder_is_refused_at_the_start_with_78() {
    let disk = tempfile::tempdir().unwrap();
    let root = has("unshare", &["-m", "true"]);
    let unshare: &[&str] = if root { &["unshare", "-m"] } else { &["unshare", "-Urm"] };
    let script =
        format!("mount -t tmpfs -o ro,size=1m none '{}' && exec \"$@\"", disk.path().display());
    let mut wrapper: Vec<String> = unshare.iter().map(|&word| word.to_owned()).collect();
    wrapper.extend(["sh".into(), "-c".into(), script, "sh".into()]);
    let words: Vec<&str> = wrapper.iter().map(String::as_str).collect();
    if !has(words[0], &[&words[1..], &["true"]].concat()) {
        return skipped(
            "a_read_only_folder_is_refused",
            "this machine allows no mounts of one's own",
        );
    }
    let home = tempfile::tempdir().unwrap();
    let mut command = wrapped(home.path(), &wrapper);
    command.env("INGLENOOK_DATA_DIR", disk.path().join("data"));
    let child = command.spawn().unwrap();
    let said =
        tokio::task::spawn_blocking(|| crate::harness::process::finish(child)).await.unwrap();
    assert_eq!(said.code, 78, "{}", said.said());
    assert!(said.said().to_lowercase().contains("read"), "{}", said.said());
}
