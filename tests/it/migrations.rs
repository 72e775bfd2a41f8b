//! A process that is killed while it brings an older database up to date: the file is as it was, or of
//! the new schema, never in between, and the next start is whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::harness::server::Plan;
use crate::harness::strace::can_start;
use crate::harness::talk::items;
use crate::harness::{Server, eventually};

/// The schema changes, oldest first.
fn steps() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

/// Makes a database of an earlier schema, with conversations in it.
fn make(file: &Path, version: usize) {
    let db = Connection::open(file).unwrap();
    steps()[..version].iter().for_each(|step| db.execute_batch(step).unwrap());
    db.pragma_update(None, "user_version", version).unwrap();
    let rows = "
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 40)
        INSERT INTO conversations (id, owner, title, created_at, updated_at, active_leaf)
        SELECT printf('conv_%032x', n), 'user_00000000000000000000000000000001', 'Number ' || n,
               '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', n FROM n;
        INSERT INTO messages (id, conversation, role, content, state, created_at)
        SELECT printf('msg_%032x', seq), seq, 'user', printf('%.*c', 3000, 'x'), 'complete', created_at
        FROM conversations;";
    db.execute_batch(rows).unwrap();
}

/// The version that a file says it is of, and what it is made of; looked up in a copy, for a look recovers.
fn schema(file: &Path) -> (usize, Vec<String>) {
    let copy = tempfile::tempdir().unwrap();
    let looked_at = copy.path().join("copy.db");
    std::fs::copy(file, &looked_at).unwrap();
    let log = file.with_extension("db-wal");
    if log.exists() {
        std::fs::copy(log, looked_at.with_extension("db-wal")).unwrap();
    }
    let db = Connection::open(looked_at).unwrap();
    let check: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok", "{}", file.display());
    let rows: i64 = db.query_row("SELECT count(*) FROM messages", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 40, "{}", file.display());
    let version = db.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    let mut all =
        db.prepare("SELECT name || coalesce(sql, '') FROM sqlite_schema ORDER BY 1").unwrap();
    let all = all.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>();
    (version, all.unwrap())
}

/// A data folder with a database in it.
fn folder_with(template: &Path) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("inglenook.db");
    std::fs::copy(template, &file).unwrap();
    (folder, file)
}

fn plan(folder: &Path) -> Plan {
    Server::with("ENABLE_EMBEDDINGS", false).data_in(folder)
}

/// How often the thread that upgrades a file makes each of these calls until the server listens.
async fn counted(template: &Path) -> BTreeMap<String, usize> {
    let (folder, _) = folder_with(template);
    let trace = folder.path().join("trace");
    let calls = "trace=pwrite64,fdatasync,fsync";
    let watched = ["strace", "-D", "-f", "-e", calls, "-o", trace.to_str().unwrap()];
    let server = plan(folder.path()).under(&watched).start().await;
    let text = eventually("the upgrade is in the trace", || async {
        let text = std::fs::read_to_string(&trace).unwrap_or_default();
        text.contains("pwrite64").then_some(text)
    })
    .await;
    drop(server);
    let mut threads: BTreeMap<&str, BTreeMap<String, usize>> = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.split([' ', '(']).filter(|word| !word.is_empty());
        if let (Some(thread), Some(call @ ("pwrite64" | "fdatasync" | "fsync"))) =
            (words.next(), words.next())
        {
            *threads.entry(thread).or_default().entry(call.to_owned()).or_default() += 1;
        }
    }
    threads.into_values().max_by_key(|calls| calls.values().sum::<usize>()).unwrap()
}

#[tokio::test]
async fn a_kill_during_an_upgrade_leaves_the_file_upgraded_or_as_it_was() {
    if !can_start("a_kill_during_an_upgrade") {
        return;
    }
    let newest = steps().len();
    let templates = tempfile::tempdir().unwrap();
    for version in [1, newest - 1] {
        let template = templates.path().join(format!("{version}.db"));
        make(&template, version);
        let before = schema(&template);
        let (folder, file) = folder_with(&template);
        let server = plan(folder.path()).start().await;
        drop(server);
        let after = schema(&file);
        assert_eq!((before.0, after.0), (version, newest));
        let mut kept = 0;
        // One start after the other over the same file, each killed at another call: as it begins, in the middle of the
        // snapshot, in the middle of the commit and of its sync, and in what follows.
        let (folder, file) = folder_with(&template);
        for (call, count) in counted(&template).await {
            let step = (count / 5).max(1);
            for nth in (1..=count).step_by(step) {
                let inject = format!("inject={call}:signal=KILL:when={nth}");
                let fatal = [
                    "strace",
                    "-D",
                    "-f",
                    "-o",
                    "/dev/null",
                    "-e",
                    &format!("trace={call}"),
                    "-e",
                    &inject,
                ];
                let mut server = plan(folder.path()).under(&fatal).prepared();
                if let Err(said) = server.try_boot().await {
                    assert_eq!(said.code, -1, "{}", said.stderr);
                }
                server.kill();
                let found = schema(&file);
                assert!(found == before || found == after, "{inject}: in between, {}", found.0);
                if found == before {
                    kept += 1;
                } else {
                    let _ = std::fs::remove_file(file.with_extension("db-wal"));
                    let _ = std::fs::remove_file(file.with_extension("db-shm"));
                    std::fs::copy(&template, &file).unwrap();
                }
            }
        }
        assert!(kept > 5, "hardly any start was killed before the upgrade: {kept}");
        let mut server = plan(folder.path()).start().await;
        let list = server.get("/conversations?limit=200").await.is(200);
        assert_eq!(items(&list).len(), 40);
        server.conversation().await;
        assert!(server.stop().await.success());
        server.assert_sound();
        let snapshots = std::fs::read_dir(folder.path().join("snapshots")).unwrap();
        let newest = snapshots.map(|entry| entry.unwrap().path()).max().unwrap();
        assert_eq!(schema(&newest), before, "the file as it was is kept");
    }
}
