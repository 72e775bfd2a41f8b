//! The SQL of how deliveries end: expiry, acknowledgements that never come, replay and clearing away.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::types::{Client, Counters, Presence, State};
use crate::base::{BusId, ClientId, Timestamp};

/// A delivery that came to nothing.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) client: ClientId,
    pub(super) seq: i64,
    pub(super) message_id: BusId,
    pub(super) from: ClientId,
    pub(super) kind: String,
    /// Whether this node accepted it.
    pub(super) ours: bool,
}

/// Ends what has waited too long; at most so many.
pub(super) fn expire(tx: &Connection, now: Timestamp, limit: usize) -> rusqlite::Result<Vec<Lost>> {
    let lost: Vec<Lost> = tx
        .prepare_cached(
            "SELECT d.client, d.message, m.id, m.sender, m.type, m.origin IS NULL
             FROM bus_deliveries d JOIN bus_messages m ON m.seq = d.message
             WHERE d.state = 'stored' AND d.expires_at <= ? ORDER BY d.expires_at LIMIT ?",
        )?
        .query_map(params![now, limit], |row| {
            Ok(Lost {
                client: row.get(0)?,
                seq: row.get(1)?,
                message_id: row.get(2)?,
                from: row.get(3)?,
                kind: row.get(4)?,
                ours: row.get(5)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    for lost in &lost {
        end(tx, &lost.client, lost.seq, State::Expired, now)?;
        tx.prepare_cached("UPDATE bus_clients SET waiting = max(0, waiting - 1) WHERE id = ?")?
            .execute([&lost.client])?;
    }
    Ok(lost)
}

fn end(
    tx: &Connection,
    client: &ClientId,
    seq: i64,
    state: State,
    at: Timestamp,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE bus_deliveries SET state = ?3, ended_at = ?4 WHERE client = ?1 AND message = ?2",
    )?
    .execute(params![client, seq, state, at])
    .map(drop)
}

/// When the next one that waits will have waited too long.
pub(super) fn next_expiry(db: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    db.prepare_cached("SELECT min(expires_at) FROM bus_deliveries WHERE state = 'stored'")?
        .query_row([], |row| row.get(0))
}

/// Deliveries that want an acknowledgement and have none.
pub(super) fn unacknowledged(db: &Connection) -> rusqlite::Result<Vec<(ClientId, i64)>> {
    db.prepare_cached(
        "SELECT client, message FROM bus_deliveries
         WHERE state = 'delivered' AND wants_ack = 1 AND elsewhere IS NULL",
    )?
    .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
    .collect()
}

/// Deliveries of this node's messages that want an acknowledgement and are looked after by a node that
/// is not among these.
pub(super) fn left_alone(db: &Connection, there: &str) -> rusqlite::Result<Vec<(ClientId, i64)>> {
    db.prepare_cached(
        "SELECT client, message FROM bus_deliveries d
         WHERE state = 'delivered' AND wants_ack = 1
           AND elsewhere NOT IN (SELECT value FROM json_each(?))
           AND (SELECT origin IS NULL FROM bus_messages WHERE seq = d.message)",
    )?
    .query_map([there], |row| Ok((row.get(0)?, row.get(1)?)))?
    .collect()
}

/// This node looks after a delivery from now on.
pub(super) fn take_over(tx: &Connection, client: &ClientId, seq: i64) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE bus_deliveries SET elsewhere = NULL WHERE client = ? AND message = ?",
    )?
    .execute(params![client, seq])
    .map(drop)
}

/// What becomes of a delivery that was not acknowledged in time.
#[derive(Debug)]
pub(super) enum Overdue {
    /// Nothing: it was acknowledged, or is gone.
    Settled,
    /// It waits again.
    Again,
    /// It was tried often enough.
    Lost(Lost),
}

/// Decides about a delivery that was not acknowledged in time.
pub(super) fn overdue(
    tx: &Connection,
    client: &ClientId,
    seq: i64,
    retries: u32,
    now: Timestamp,
) -> rusqlite::Result<Overdue> {
    let found = tx
        .prepare_cached(
            "SELECT d.attempts, m.id, m.sender, m.type, m.origin IS NULL
             FROM bus_deliveries d JOIN bus_messages m ON m.seq = d.message
             WHERE d.client = ? AND d.message = ? AND d.state = 'delivered' AND d.wants_ack = 1
               AND d.elsewhere IS NULL",
        )?
        .query_row(params![client, seq], |row| {
            Ok((row.get::<_, u32>(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })
        .optional()?;
    let Some((attempts, message_id, from, kind, ours)) = found else { return Ok(Overdue::Settled) };
    if attempts > retries {
        end(tx, client, seq, State::Timeout, now)?;
        return Ok(Overdue::Lost(Lost {
            client: client.clone(),
            seq,
            message_id,
            from,
            kind,
            ours,
        }));
    }
    requeue(tx, client, seq)?;
    Ok(Overdue::Again)
}

fn requeue(tx: &Connection, client: &ClientId, seq: i64) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE bus_deliveries SET state = 'stored', ended_at = NULL WHERE client = ? AND message = ?",
    )?
    .execute(params![client, seq])?;
    tx.prepare_cached("UPDATE bus_clients SET waiting = waiting + 1 WHERE id = ?")?
        .execute([client])
        .map(drop)
}

/// Which old messages are to be delivered once more.
#[derive(Debug, Clone)]
pub struct Replay {
    /// To whom.
    pub to: ClientId,
    /// Those after this number.
    pub since_seq: i64,
    /// Those up to this number.
    pub until_seq: Option<i64>,
    /// Those of these kinds; all when it is empty.
    pub types: Vec<String>,
}

/// Puts old messages for a client into its queue again, the oldest first, at most so many; they wait
/// until `expires`.
pub(super) fn replay(
    tx: &Connection,
    wanted: &Replay,
    limit: u32,
    expires: Timestamp,
) -> rusqlite::Result<Vec<i64>> {
    let types = serde_json::to_string(&wanted.types)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    // Two places, each with its index.
    let found: Vec<i64> = tx
        .prepare_cached(
            "SELECT message FROM (
               SELECT d.message FROM bus_deliveries d JOIN bus_messages m ON m.seq = d.message
               WHERE d.client = ?1 AND d.broadcast = 0 AND d.message > ?2 AND d.message <= ?3 AND d.state <> 'stored'
                 AND (?4 = '[]' OR m.type IN (SELECT value FROM json_each(?4)))
               UNION SELECT m.seq FROM bus_messages m
               WHERE m.broadcast = 1 AND m.sender <> ?1 AND m.seq > ?2 AND m.seq <= ?3
                 AND (?4 = '[]' OR m.type IN (SELECT value FROM json_each(?4)))
                 AND NOT EXISTS (SELECT 1 FROM bus_deliveries WHERE client = ?1 AND message = m.seq AND state = 'stored'))
             ORDER BY message LIMIT ?5",
        )?
        .query_map(
            params![wanted.to, wanted.since_seq, wanted.until_seq.unwrap_or(i64::MAX), types, limit],
            |row| row.get(0),
        )?
        .collect::<Result<_, _>>()?;
    for &seq in &found {
        // What was said to all may have no row yet.
        tx.prepare_cached(
            "INSERT OR IGNORE INTO bus_deliveries (client, message, state, broadcast, rank, expires_at, stored_at)
             SELECT ?1, seq, 'delivered', broadcast, seq, expires_at, created_at FROM bus_messages WHERE seq = ?2",
        )?
        .execute(params![wanted.to, seq])?;
        tx.prepare_cached(
            "UPDATE bus_deliveries SET attempts = 0, acknowledged_at = NULL, expires_at = ?3,
               rank = message WHERE client = ?1 AND message = ?2",
        )?
        .execute(params![wanted.to, seq, expires])?;
        tx.prepare_cached("INSERT OR IGNORE INTO bus_clients (id) VALUES (?)")?
            .execute([&wanted.to])?;
        requeue(tx, &wanted.to, seq)?;
    }
    Ok(found)
}

/// Deletes all messages; their numbers are not used again.
pub(super) fn clear(tx: &Connection) -> rusqlite::Result<usize> {
    tx.execute("DELETE FROM bus_deliveries", [])?;
    let cleared = tx.execute("DELETE FROM bus_messages", [])?;
    tx.execute("DELETE FROM bus_ids", [])?;
    tx.execute("INSERT INTO bus_fts (bus_fts) VALUES ('delete-all')", [])?;
    tx.execute("UPDATE bus_clients SET waiting = 0", [])?;
    tx.execute("DELETE FROM bus_clients WHERE first_seen_at IS NULL", [])?;
    Ok(cleared)
}

/// Deletes what is older than `before` and waits for nobody; at most so many.
pub(super) fn purge(
    tx: &Connection,
    before: Timestamp,
    now: Timestamp,
    limit: usize,
) -> rusqlite::Result<usize> {
    let old: Vec<i64> = tx
        .prepare_cached(
            "SELECT seq FROM bus_messages m WHERE created_at < ?1 AND expires_at < ?2
               AND NOT EXISTS (SELECT 1 FROM bus_deliveries WHERE message = m.seq AND state = 'stored')
             ORDER BY seq LIMIT ?3",
        )?
        .query_map(params![before, now, limit], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for seq in &old {
        tx.prepare_cached("DELETE FROM bus_fts WHERE rowid = ?")?.execute([seq])?;
        tx.prepare_cached("DELETE FROM bus_messages WHERE seq = ?")?.execute([seq])?;
    }
    Ok(old.len())
}

/// Forgets what senders called their messages, and clients that nobody ever saw and nothing waits for.
pub(super) fn forget(tx: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM bus_ids WHERE expires_at <= ?")?.execute([now])?;
    tx.prepare_cached("DELETE FROM bus_clients WHERE first_seen_at IS NULL AND waiting = 0")?
        .execute([])
        .map(drop)
}

/// Clients in the order of their names, after one of them.
pub(super) fn clients(
    db: &Connection,
    only: Option<&ClientId>,
    after: &str,
    limit: usize,
    now: Timestamp,
) -> rusqlite::Result<Vec<Client>> {
    db.prepare_cached(
        "SELECT id, first_seen_at, last_seen_at, waiting + iif(first_seen_at IS NULL, 0,
           (SELECT count(*) FROM bus_messages m WHERE m.broadcast = 1 AND m.seq > c.heard AND m.sender <> c.id
              AND m.expires_at > ?4
              AND NOT EXISTS (SELECT 1 FROM bus_deliveries WHERE client = c.id AND message = m.seq)))
         FROM bus_clients c WHERE (?1 IS NULL OR id = ?1) AND id > ?2 ORDER BY id LIMIT ?3",
    )?
    .query_map(params![only, after, limit, now], |row| {
        let first_seen_at: Option<Timestamp> = row.get(1)?;
        Ok(Client {
            id: row.get(0)?,
            state: if first_seen_at.is_some() { Presence::Away } else { Presence::Unknown },
            connections: Vec::new(),
            waiting: row.get(3)?,
            counters: Counters::default(),
            first_seen_at,
            last_seen_at: row.get(2)?,
        })
    })?
    .collect()
}

/// The oldest message, how many wait, and clients that were ever seen.
pub(super) fn totals(db: &Connection) -> rusqlite::Result<(i64, u64, u64)> {
    db.prepare_cached(
        "SELECT (SELECT coalesce(min(seq), 0) FROM bus_messages),
           (SELECT coalesce(sum(waiting), 0) FROM bus_clients),
           (SELECT count(*) FROM bus_clients WHERE first_seen_at IS NOT NULL)",
    )?
    .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
}
