//! The store's promises, on real files.

use super::*;

fn options() -> Options {
    Options { readers: 2, write_batch: 64, queue_max: 64, cache_kb: 1024, snapshots_kept: 2 }
}

fn open(folder: &tempfile::TempDir) -> Store {
    Store::open(&folder.path().join("test.db"), &options()).unwrap()
}

async fn count(store: &Store) -> i64 {
    store
        .read(|db| Ok::<_, Error>(db.query_row("SELECT count(*) FROM users", [], |r| r.get(0))?))
        .await
        .unwrap()
}

fn insert(tx: &Connection, name: &str) -> Result<(), Error> {
    tx.execute("INSERT INTO users (id, name, created_at) VALUES (?1, ?1, 'now')", [name])?;
    Ok(())
}

#[tokio::test]
async fn writes_that_wait_together_succeed_and_fail_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let writes = (0..50).map(|n| {
        store.write(move |tx| {
            insert(tx, &format!("user_{n}"))?;
            if n % 5 == 0 { Err(Error::Busy) } else { Ok(()) }
        })
    });
    let mut good = 0;
    for write in futures_util::future::join_all(writes).await {
        good += i64::from(write.is_ok());
    }
    assert_eq!(good, 40);
    assert_eq!(count(&store).await, 41);
}

#[tokio::test]
async fn work_that_fails_before_it_changes_anything_needs_no_savepoint() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let write = |n: usize, refused: bool, late: bool| {
        let work = move |tx: &Connection| {
            if !refused || late {
                insert(tx, &format!("user_{n}"))?;
            }
            if refused { Err(Error::KeyReused) } else { Ok(()) }
        };
        store.write_then(Fails::BeforeChanges, work, |()| ())
    };
    let writes = (0..50).map(|n| write(n, n % 5 == 0, false));
    let good = futures_util::future::join_all(writes).await;
    assert_eq!(good.iter().filter(|write| write.is_ok()).count(), 40);
    assert_eq!(count(&store).await, 41);
    // One that changed something first is never kept, whatever becomes of those beside it.
    let writes = (50..100).map(|n| write(n, n == 75, true));
    let good = futures_util::future::join_all(writes).await;
    let kept = good.iter().filter(|write| write.is_ok()).count();
    assert!(good[25].is_err());
    assert_eq!(count(&store).await, 41 + i64::try_from(kept).unwrap());
    let lost = store.read(|db| {
        Ok::<_, Error>(db.query_row(
            "SELECT count(*) FROM users WHERE id = 'user_75'",
            [],
            |row| row.get::<_, i64>(0),
        )?)
    });
    assert_eq!(lost.await.unwrap(), 0);
}

#[tokio::test]
async fn a_panic_costs_one_write_and_not_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let lost = store
        .write(|tx| -> Result<(), Error> {
            insert(tx, "user_lost")?;
            panic!("a bug");
        })
        .await;
    assert!(matches!(lost, Err(Error::Panicked)));
    store.write(|tx| insert(tx, "user_kept")).await.unwrap();
    assert_eq!(count(&store).await, 2);
    assert_eq!(store.health(), Health::Good);
}

#[tokio::test]
async fn what_changes_nothing_is_no_commit() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let before = store.commits();
    store.write(|_| Ok::<_, Error>(())).await.unwrap();
    store.write(|_| Err::<(), _>(Error::KeyReused)).await.unwrap_err();
    assert_eq!(store.commits(), before);
    store.write(|tx| insert(tx, "user_one")).await.unwrap();
    assert_eq!(store.commits(), before + 1);
}

#[tokio::test]
async fn a_damaged_file_is_only_read_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    assert_eq!(store.damage(), None);
    let found = || {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        Error::from(rusqlite::Error::SqliteFailure(code, None))
    };
    store.read(move |_| Err::<(), _>(found())).await.unwrap_err();
    assert!(store.damage().is_some());
    assert_eq!(store.damaged().await, store.damage().unwrap());
    let refused = store.write(|tx| insert(tx, "user_one")).await;
    assert!(matches!(refused, Err(Error::Damaged)));
    assert_eq!(count(&store).await, 1);
}

#[tokio::test]
async fn a_key_has_one_effect_and_one_answer() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let once = |fingerprint: &str| Caller {
        once: Some(crate::base::Once { key: "k".into(), fingerprint: fingerprint.into() }),
        ..Caller::owner()
    };
    let write = |caller: Caller, name: &'static str| {
        let store = store.clone();
        async move {
            store.write_once(&caller, move |tx| insert(tx, name).map(|()| name.to_owned())).await
        }
    };
    let first = write(once("a"), "user_one").await.unwrap();
    let again = write(once("a"), "user_two").await.unwrap();
    assert_eq!((first.replayed, again.replayed), (false, true));
    assert_eq!(again.value, "user_one");
    assert!(matches!(write(once("b"), "user_three").await, Err(Error::KeyReused)));
    assert_eq!(count(&store).await, 2);
    assert_eq!(store.forget_keys(Duration::from_mins(1)).await.unwrap(), 0);
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(store.forget_keys(Duration::ZERO).await.unwrap(), 1);
}

#[tokio::test]
async fn a_failed_write_leaves_its_key_free() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let caller = Caller {
        once: Some(crate::base::Once { key: "k".into(), fingerprint: "f".into() }),
        ..Caller::owner()
    };
    let failed = store.write_once(&caller, |_| Err::<(), _>(Error::Busy)).await;
    assert!(failed.is_err());
    let second = store.write_once(&caller, |tx| insert(tx, "user_x")).await.unwrap();
    assert!(!second.replayed);
}

#[tokio::test]
async fn readers_cannot_write_and_a_closed_store_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    assert!(store.read(|db| insert(db, "user_sneaky")).await.is_err());
    store.close().await.unwrap();
    assert!(matches!(store.write(|tx| insert(tx, "user_late")).await, Err(Error::Closed)));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test of files that the store did not open")]
fn a_newer_file_is_refused_and_an_older_one_is_upgraded_after_a_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let mut db = Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", 999).unwrap();
    assert!(matches!(
        migrate::to_latest(&mut db, &path, 2),
        Err(Error::Newer { found: 999, known }) if known == migrate::STEPS.len()
    ));
    db.pragma_update(None, "user_version", 0).unwrap();
    db.execute_batch(migrate::STEPS[0]).unwrap();
    db.pragma_update(None, "user_version", 1).unwrap();
    migrate::to_latest(&mut db, &path, 2).unwrap();
    let snapshots: Vec<_> =
        std::fs::read_dir(folder.path().join("snapshots")).unwrap().flatten().collect();
    assert_eq!(snapshots.len(), 1);
    let old = Connection::open(snapshots[0].path()).unwrap();
    let version: i64 = old.query_row("PRAGMA user_version", [], |r| r.get(0)).unwrap();
    assert_eq!(version, 1);
}

/// `schema.sql` is what the migrations make, for people to read; a run that finds it old rewrites it.
#[test]
fn schema_sql_is_what_the_migrations_make() {
    let mut db = Connection::open_in_memory().unwrap();
    migrate::to_latest(&mut db, Path::new("unused"), 1).unwrap();
    let mut statement = db
        .prepare(
            "SELECT sql FROM sqlite_schema
             WHERE sql IS NOT NULL AND name NOT LIKE '%\\_fts\\_%' ESCAPE '\\'
               AND name NOT LIKE 'sqlite%' OR type = 'trigger'
             ORDER BY type = 'trigger', tbl_name, type <> 'table', name",
        )
        .unwrap();
    let mut made =
        String::from("-- The schema that the migrations make; written by a test, for reading.\n");
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    for sql in rows {
        made.push_str(&format!("\n{};\n", sql.unwrap()));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/schema.sql");
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    if kept != made {
        std::fs::write(&path, &made).unwrap();
        panic!("src/store/schema.sql was not up to date; it is now, commit it");
    }
}

#[test]
fn vectors_are_the_same_under_numbers_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("inglenook.db");
    let mut db = Connection::open_in_memory().unwrap();
    migrate::STEPS[..14].iter().for_each(|step| db.execute_batch(step).unwrap());
    db.pragma_update(None, "user_version", 14).unwrap();
    db.execute_batch(
        "INSERT INTO conversations (id, owner, title, created_at, updated_at)
         SELECT 'conv_1', id, 'One', created_at, created_at FROM users LIMIT 1;
         INSERT INTO messages (id, conversation, role, content, state, created_at)
         SELECT 'msg_' || value, 1, 'user', 'Words', 'complete', '2026-01-01T00:00:00.000Z'
         FROM json_each('[1, 2]');
         INSERT INTO vectors (space, kind, item, part, parent, vector)
         VALUES (1, 2, 2, 1, 1, x'04'), (1, 2, 1, 0, 1, x'01'), (1, 2, 2, 0, 1, x'03')",
    )
    .unwrap();
    let columns = "space, kind, item, part, parent, hex(vector)";
    let all = |db: &Connection| -> Vec<String> {
        let sql = format!("SELECT concat_ws(' ', {columns}) FROM vectors ORDER BY 1");
        let mut statement = db.prepare(&sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let before = all(&db);
    assert_eq!(before, ["1 2 1 0 1 01", "1 2 2 0 1 03", "1 2 2 1 1 04"]);
    migrate::to_latest(&mut db, &file, 1).unwrap();
    assert_eq!(all(&db), before);
    // What is changed or goes takes its vectors along, as before.
    db.execute("UPDATE messages SET content = 'Others' WHERE seq = 1", []).unwrap();
    assert_eq!(all(&db), before[1..]);
    db.execute("DELETE FROM messages WHERE seq = 2", []).unwrap();
    assert_eq!(all(&db), [""; 0]);
    let next: i64 = db
        .query_row(
            "INSERT INTO vectors (space, kind, item, part, parent, vector)
             VALUES (1, 2, 1, 0, 1, x'05') RETURNING seq",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(next, 4, "a number is not given twice");
}
