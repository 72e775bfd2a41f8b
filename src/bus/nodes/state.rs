//! The SQL of where this node stands: its id, what it forwarded, and what it took from the stream.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::base::{NodeId, Timestamp};

/// Where this node stands.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub(super) node: NodeId,
    pub(super) forwarded: i64,
    pub(super) sent: String,
    pub(super) sent_life: String,
    pub(super) told: i64,
    pub(super) again_upto: i64,
    pub(super) followed: String,
    pub(super) followed_life: String,
}

/// Where this node stands; the first time, it is given its id.
pub(super) fn begin(tx: &Connection) -> rusqlite::Result<Standing> {
    tx.execute("INSERT OR IGNORE INTO bus_links (one, node) VALUES (1, ?)", [NodeId::new()])?;
    get(tx)
}

/// Nobody is told of marks where there is nobody to tell.
pub(super) fn alone(tx: &Connection) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM bus_marks", []).map(drop)
}

pub(super) fn get(db: &Connection) -> rusqlite::Result<Standing> {
    db.prepare_cached(
        "SELECT node, forwarded, sent, sent_life, told, again_upto, followed, followed_life FROM bus_links",
    )?
    .query_row([], |row| {
        Ok(Standing {
            node: row.get(0)?,
            forwarded: row.get(1)?,
            sent: row.get(2)?,
            sent_life: row.get(3)?,
            told: row.get(4)?,
            again_upto: row.get(5)?,
            followed: row.get(6)?,
            followed_life: row.get(7)?,
        })
    })
}

/// So much is with the others: messages up to a number, the last that there is, and marks.
pub(super) fn sent(
    tx: &Connection,
    (forwarded, told, marks): (i64, i64, i64),
    (sent, life): (&str, &str),
) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE bus_links SET forwarded = ?, told = ?, sent = ?, sent_life = ?")?
        .execute(params![forwarded, told, sent, life])?;
    tx.prepare_cached("DELETE FROM bus_marks WHERE n <= ?")?.execute([marks]).map(drop)
}

/// The stream that it was put on is no more: everything is told once more on the new one.
pub(super) fn lost(tx: &Connection, life: &str, now: Timestamp) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE bus_links SET sent = '', sent_life = ?")?.execute([life])?;
    again(tx, now)
}

/// Everything that still waits is told once more, and what others may not have been told.
pub(super) fn again(tx: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE bus_links SET forwarded = 0, told = 0, again_upto = max(again_upto, forwarded)",
    )?
    .execute([])?;
    tx.prepare_cached(
        "INSERT INTO bus_marks (kind, after, client, message, at)
         SELECT 'seen', 0, id, NULL, first_seen_at FROM bus_clients WHERE first_seen_at IS NOT NULL",
    )?
    .execute([])?;
    // What became here of messages that others accepted; of ours it is told with them.
    tx.prepare_cached(
        "INSERT INTO bus_marks (kind, after, client, message, at)
         SELECT d.state, 0, d.client, m.id, coalesce(d.delivered_at, d.stored_at)
         FROM bus_deliveries d JOIN bus_messages m ON m.seq = d.message
         WHERE m.origin IS NOT NULL AND d.elsewhere IS NULL AND m.expires_at > ?
           AND d.state IN ('delivered', 'acknowledged', 'timeout') ORDER BY d.message",
    )?
    .execute([now])
    .map(drop)
}

/// The stream up to this entry is in the file.
pub(super) fn followed(tx: &Connection, id: &str, life: &str) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE bus_links SET followed = ?, followed_life = ?")?
        .execute(params![id, life])
        .map(drop)
}

/// How far this node has what another accepted.
pub(super) fn known_of(db: &Connection, node: &str) -> rusqlite::Result<i64> {
    db.prepare_cached("SELECT number FROM bus_origins WHERE node = ?")?
        .query_row([node], |row| row.get(0))
        .optional()
        .map(Option::unwrap_or_default)
}

/// Another's messages are here up to a number.
pub(super) fn know_of(tx: &Connection, node: &str, number: i64) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO bus_origins (node, number) VALUES (?, ?)
         ON CONFLICT (node) DO UPDATE SET number = max(number, excluded.number)",
    )?
    .execute(params![node, number])
    .map(drop)
}

/// Remembers that the messages were cleared; whether that was not known.
pub(super) fn cleared(tx: &Connection, at: Timestamp) -> rusqlite::Result<bool> {
    let known: Option<Timestamp> = tx
        .query_row("SELECT cleared_at FROM bus_links", [], |row| row.get(0))
        .optional()?
        .flatten();
    if known.is_some_and(|known| at <= known) {
        return Ok(false);
    }
    tx.execute("UPDATE bus_links SET cleared_at = ?", [at]).map(|_| true)
}
