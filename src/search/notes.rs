//! Notes as search sees them: short facts, found by their words.

use rusqlite::{Connection, params};

use super::Hit;
use super::snippet::{CLOSE, OPEN, short};
use crate::base::UserId;
use crate::error::Error;

/// Notes that match, the latest first.
pub(super) fn find(
    db: &Connection,
    owner: UserId,
    expression: &str,
    limit: usize,
) -> Result<Vec<Hit>, Error> {
    let mut statement = db.prepare_cached(
        "SELECT n.id, n.created_at, highlight(notes_fts, 0, ?2, ?3)
         FROM notes_fts CROSS JOIN notes n ON n.seq = notes_fts.rowid
         WHERE notes_fts MATCH ?1 AND n.owner = ?4 AND n.deleted_at IS NULL
         ORDER BY notes_fts.rowid DESC LIMIT ?5",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(
        params![expression, OPEN.to_string(), CLOSE.to_string(), owner, limit],
        |row| {
            let id: String = row.get(0)?;
            let marked: String = row.get(2)?;
            Ok(Hit::new("note", id, short(&marked), "note", row.get(1)?))
        },
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
