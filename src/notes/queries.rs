//! The SQL of notes. Free functions on a connection, so that several compose in one transaction.

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};

use super::{Filter, Note};
use crate::base::{NoteId, Timestamp, UserId};
use crate::store::text;

/// What a page is sorted by: when it was deleted (empty outside of the trash), row.
pub(super) type ListKey = (String, i64);

const COLUMNS: &str = "n.seq, n.id, n.text,
    (SELECT id FROM conversations WHERE seq = n.conversation),
    (SELECT id FROM messages WHERE seq = n.message),
    n.created_at, n.updated_at, n.deleted_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<(i64, Note)> {
    let note = Note {
        id: row.get(1)?,
        text: row.get(2)?,
        conversation_id: row.get(3)?,
        message_id: row.get(4)?,
        created_at: row.get(5)?,
        updated_at: row.get(6)?,
        deleted_at: row.get(7)?,
    };
    Ok((row.get(0)?, note))
}

/// The note and its row, in the trash or not; `None` when absent or somebody else's.
pub(super) fn find(
    db: &Connection,
    owner: UserId,
    id: NoteId,
) -> rusqlite::Result<Option<(i64, Note)>> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM notes n WHERE n.id = ? AND n.owner = ?"))?
        .query_row(params![id, owner], from_row)
        .optional()
}

/// One page, and the key of the next.
pub(super) fn list(
    db: &Connection,
    owner: UserId,
    filter: &Filter,
    after: Option<&ListKey>,
    limit: usize,
) -> rusqlite::Result<(Vec<Note>, Option<ListKey>)> {
    let mut sql = format!("SELECT {COLUMNS} FROM notes n WHERE n.owner = ?");
    let mut values: Vec<SqlValue> = vec![owner.to_string().into()];
    sql.push_str(match filter.trash {
        true => " AND n.deleted_at IS NOT NULL",
        false => " AND n.deleted_at IS NULL",
    });
    // What is in the trash is in no index, and there is little of it: its list has no search.
    if let Some(query) = filter.query.as_deref().filter(|_| !filter.trash)
        && let Some(expression) = text::all_of(&text::terms(query, true))
    {
        sql.push_str(" AND n.seq IN (SELECT rowid FROM notes_fts WHERE notes_fts MATCH ?)");
        values.push(expression.into());
    }
    match after {
        Some((at, seq)) if filter.trash => {
            sql.push_str(" AND (n.deleted_at, n.seq) < (?, ?)");
            values.extend([at.clone().into(), SqlValue::from(*seq)]);
        }
        Some((_, seq)) => {
            sql.push_str(" AND n.seq < ?");
            values.push(SqlValue::from(*seq));
        }
        None => {}
    }
    sql.push_str(match filter.trash {
        true => " ORDER BY n.deleted_at DESC, n.seq DESC LIMIT ?",
        false => " ORDER BY n.seq DESC LIMIT ?",
    });
    values.push(i64::try_from(limit + 1).unwrap_or(i64::MAX).into());

    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), from_row)?;
    let mut found = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let more = found.len() > limit;
    found.truncate(limit);
    let key = found
        .last()
        .filter(|_| more)
        .map(|(seq, last)| (last.deleted_at.map(|at| at.to_string()).unwrap_or_default(), *seq));
    Ok((found.into_iter().map(|(_, note)| note).collect(), key))
}

/// Writes a note down; `said` holds the rows of the conversation and message it came from.
pub(super) fn insert(
    tx: &Connection,
    owner: UserId,
    id: NoteId,
    text: &str,
    said: Option<(i64, i64)>,
) -> rusqlite::Result<()> {
    let (conversation, message) = said.unzip();
    tx.prepare_cached(
        "INSERT INTO notes (id, owner, text, conversation, message, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
    )?
    .execute(params![id, owner, text, conversation, message, Timestamp::now()])
    .map(drop)
}

/// Changes what a note says.
pub(super) fn update(tx: &Connection, seq: i64, text: &str) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE notes SET text = ?, updated_at = ? WHERE seq = ?")?
        .execute(params![text, Timestamp::now(), seq])
        .map(drop)
}

/// Puts a note into the trash or takes it out.
pub(super) fn update_deleted(
    tx: &Connection,
    seq: i64,
    at: Option<Timestamp>,
) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE notes SET deleted_at = ? WHERE seq = ?")?
        .execute(params![at, seq])
        .map(drop)
}

/// Deletes for good what has been in the trash since before an instant, a few at a time so that
/// other writes go on between. Says how many went.
pub(super) fn purge(tx: &Connection, before: Timestamp, limit: u32) -> rusqlite::Result<usize> {
    tx.execute(
        "DELETE FROM notes WHERE seq IN (SELECT seq FROM notes WHERE deleted_at < ? LIMIT ?)",
        params![before, limit],
    )
}

/// Deletes all notes of an owner.
pub(super) fn delete_all(tx: &Connection, owner: UserId) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM notes WHERE owner = ?", [owner]).map(drop)
}
