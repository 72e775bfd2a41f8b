//! The SQL of the `outbound` table.

use rusqlite::{Connection, Row, named_params, params};

use super::Contact;
use crate::net::register::Count;

const COLUMNS: &str = "host, purpose, requests, refused, first_at, last_at, last_error";

/// Adds counts to what is known of a host and purpose.
pub(super) fn add(tx: &Connection, count: &Count) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT INTO outbound ({COLUMNS})
         VALUES (:host, :purpose, :requests, :refused, :first_at, :last_at, :last_error)
         ON CONFLICT (host, purpose) DO UPDATE SET
           requests = requests + excluded.requests,
           refused = refused + excluded.refused,
           last_at = max(last_at, excluded.last_at),
           last_error = coalesce(excluded.last_error, last_error)"
    );
    tx.prepare_cached(&sql)?.execute(named_params! {
        ":host": count.host,
        ":purpose": count.purpose,
        ":requests": count.requests,
        ":refused": count.refused,
        ":first_at": count.first_at,
        ":last_at": count.last_at,
        ":last_error": count.last_error,
    })?;
    Ok(())
}

/// Forgets the hosts that were not asked for longest, where there are more than so many.
pub(super) fn forget_beyond(tx: &Connection, most: usize) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "DELETE FROM outbound WHERE (host, purpose) IN
           (SELECT host, purpose FROM outbound ORDER BY last_at DESC, host LIMIT -1 OFFSET ?)",
    )?
    .execute([most])
}

/// So many after this host and purpose.
pub(super) fn list(
    db: &Connection,
    after: Option<&(String, String)>,
    limit: usize,
) -> rusqlite::Result<Vec<Contact>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM outbound WHERE (host, purpose) > (?, ?)
         ORDER BY host, purpose LIMIT ?"
    );
    let (host, purpose) = after.map_or(("", ""), |(host, purpose)| (host, purpose));
    db.prepare_cached(&sql)?.query_map(params![host, purpose, limit], row)?.collect()
}

fn row(row: &Row<'_>) -> rusqlite::Result<Contact> {
    Ok(Contact {
        host: row.get("host")?,
        purpose: row.get("purpose")?,
        requests: row.get("requests")?,
        refused: row.get("refused")?,
        first_at: row.get("first_at")?,
        last_at: row.get("last_at")?,
        last_error: row.get("last_error")?,
    })
}
