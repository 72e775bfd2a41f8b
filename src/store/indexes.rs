//! The indexes of words. What they hold stands in a table too, so a damaged one costs nothing: it is
//! emptied and filled anew.

use rusqlite::{Connection, ErrorCode, ffi};

use super::Error;

/// Every FTS5 table, and what fills it; its triggers keep it so. The bus fills its own, a moment
/// after a message was stored.
const INDEXES: [(&str, Option<&str>); 6] = [
    ("bus_fts", None),
    ("chunks_fts", Some("(rowid, text, heading) SELECT seq, text, heading FROM chunks")),
    (
        "conversations_fts",
        Some("(rowid, title) SELECT seq, title FROM conversations WHERE title IS NOT NULL"),
    ),
    ("documents_fts", Some("(rowid, name, title) SELECT seq, name, title FROM documents")),
    (
        "messages_fts",
        Some(
            "(rowid, content) SELECT seq, content FROM messages
             WHERE state <> 'streaming' AND deleted_at IS NULL",
        ),
    ),
    ("notes_fts", Some("(rowid, text) SELECT seq, text FROM notes WHERE deleted_at IS NULL")),
];

/// Makes those anew that are damaged, each in a transaction of its own.
pub(super) fn mend(db: &Connection) -> Result<(), Error> {
    for (index, filling) in INDEXES {
        forget(db, index)?;
        let Err(error) = order(db, index, "integrity-check") else { continue };
        if !is_damage(&error) {
            return Err(error.into());
        }
        tracing::warn!(index, %error, "an index of words is damaged; it is made anew");
        let tx = db.unchecked_transaction()?;
        order(db, index, "delete-all")?;
        if let Some(filling) = filling {
            tx.execute(&format!("INSERT INTO {index} {filling}"), [])?;
        }
        tx.commit()?;
        tracing::info!(index, "the index of words is whole again");
    }
    Ok(())
}

/// Lets this connection read anew what holds the index together: it may remember a sound one.
fn forget(db: &Connection, index: &str) -> Result<(), Error> {
    let tx = db.unchecked_transaction()?;
    order(db, index, "flush")?;
    Ok(tx.rollback()?)
}

/// FTS5 takes its orders as rows.
fn order(db: &Connection, index: &str, what: &str) -> rusqlite::Result<usize> {
    db.execute(&format!("INSERT INTO {index} ({index}) VALUES (?)"), [what])
}

/// Whether an index of words does not fit together. The file below it is sound.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| {
        error.code == ErrorCode::DatabaseCorrupt && error.extended_code == ffi::SQLITE_CORRUPT_VTAB
    })
}

/// Whether a finding of `PRAGMA quick_check` is only that.
pub(super) fn is_only_an_index(finding: &str) -> bool {
    ["fts5: ", "malformed inverted index for FTS5 table "]
        .iter()
        .any(|beginning| finding.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::super::migrate;
    use super::*;

    fn column(db: &Connection, sql: &str) -> Vec<String> {
        let mut select = db.prepare(sql).unwrap();
        select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn a_damaged_index_holds_afterwards_what_its_triggers_had_put_there() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate::to_latest(&mut db, std::path::Path::new("unused"), 1).unwrap();
        let named = column(
            &db,
            "SELECT name FROM sqlite_schema WHERE sql LIKE '%USING fts5%' ORDER BY name",
        );
        assert_eq!(named, INDEXES.map(|(index, _)| index), "every index is known");
        db.execute_batch(
            "INSERT INTO conversations (id, owner, title, created_at, updated_at)
             SELECT 'conv_' || value, users.id, iif(value = 2, NULL, 'Harbours of old'), 'now', 'now'
             FROM users, json_each('[1, 2]');
             INSERT INTO messages (id, conversation, role, content, state, created_at, deleted_at)
             SELECT 'msg_' || value, 1, 'assistant', 'Words of answer ' || value,
               iif(value = 2, 'streaming', 'complete'), 'now', iif(value = 3, 'now', NULL)
             FROM json_each('[1, 2, 3, 4]');
             INSERT INTO notes (id, owner, text, created_at, updated_at, deleted_at)
             SELECT 'note_' || value, users.id, 'Remember ' || value, 'now', 'now',
               iif(value = 2, 'now', NULL)
             FROM users, json_each('[1, 2]');
             CREATE VIRTUAL TABLE titles USING fts5vocab (conversations_fts, instance);
             CREATE VIRTUAL TABLE words USING fts5vocab (messages_fts, instance);
             CREATE VIRTUAL TABLE noted USING fts5vocab (notes_fts, instance);",
        )
        .unwrap();
        let all = |db: &Connection| {
            ["titles", "words", "noted"]
                .map(|vocabulary| column(db, &format!("SELECT term || doc FROM {vocabulary}")))
        };
        let before = all(&db);
        assert_eq!(before.each_ref().map(Vec::len), [3, 8, 2], "{before:?}");
        for (index, _) in INDEXES {
            db.execute(
                &format!(
                    "UPDATE {index}_data SET block = x'ffffffffffffffffffffffff' WHERE id >= 10"
                ),
                [],
            )
            .unwrap();
        }
        for (index, _) in INDEXES {
            forget(&db, index).unwrap();
        }
        let damaged = db.query_row("SELECT count(*) FROM words", [], |row| row.get::<_, i64>(0));
        assert!(is_damage(&damaged.unwrap_err()));
        let found = column(&db, "PRAGMA quick_check");
        assert_eq!(found.len(), INDEXES.len(), "{found:?}");
        assert!(found.iter().all(|line| is_only_an_index(line)), "{found:?}");
        mend(&db).unwrap();
        assert_eq!(all(&db), before);
        assert_eq!(column(&db, "PRAGMA quick_check"), ["ok"]);
    }
}
