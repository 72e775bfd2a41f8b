//! The SQL of webhooks. Free functions on a connection, so that several compose in one transaction.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};

use super::queue;
use super::types::{Event, Facts, Webhook};
use crate::base::{HookId, Timestamp};

const COLUMNS: &str =
    "w.id, w.url, w.events, w.enabled, w.created_at, w.updated_at, w.last_at, w.last_status,
     w.last_error, w.lost,
     (SELECT count(*) FROM webhook_deliveries WHERE webhook = w.seq AND state = 'waiting') AS waiting,
     (SELECT count(*) FROM webhook_deliveries WHERE webhook = w.seq AND state = 'dead') AS dead";

/// Names of events as they are stored.
struct Names(Vec<Event>);

impl ToSql for Names {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let json = serde_json::to_string(&self.0);
        json.map(ToSqlOutput::from).map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()))
    }
}

impl FromSql for Names {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let read = serde_json::from_str(value.as_str()?);
        read.map(Self).map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

fn webhook(row: &Row<'_>) -> rusqlite::Result<Webhook> {
    Ok(Webhook {
        id: row.get("id")?,
        url: row.get("url")?,
        events: row.get::<_, Names>("events")?.0,
        enabled: row.get("enabled")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        last_at: row.get("last_at")?,
        last_status: row.get("last_status")?,
        last_error: row.get("last_error")?,
        waiting: row.get("waiting")?,
        dead: row.get("dead")?,
        lost: row.get("lost")?,
    })
}

/// Adds a webhook.
pub(super) fn insert(
    tx: &Connection,
    id: HookId,
    url: &str,
    events: &[Event],
    secret: &[u8],
    enabled: bool,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO webhooks (id, url, events, secret, enabled, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
    )?
    .execute(params![id, url, Names(events.to_vec()), secret, enabled, Timestamp::now()])
    .map(drop)
}

/// The webhook and its row.
pub(super) fn find(db: &Connection, id: HookId) -> rusqlite::Result<Option<(i64, Webhook)>> {
    let sql = format!("SELECT {COLUMNS}, w.seq FROM webhooks w WHERE w.id = ?");
    let read = |row: &Row<'_>| Ok((row.get("seq")?, webhook(row)?));
    db.prepare_cached(&sql)?.query_row([id], read).optional()
}

/// So many after this one, in the order in which they were added.
pub(super) fn list(
    db: &Connection,
    after: Option<HookId>,
    limit: usize,
) -> rusqlite::Result<Vec<Webhook>> {
    let sql = format!("SELECT {COLUMNS} FROM webhooks w WHERE w.id > ? ORDER BY w.id LIMIT ?");
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    db.prepare_cached(&sql)?.query_map(params![after, limit], webhook)?.collect()
}

/// The ids of all.
pub(super) fn ids(db: &Connection) -> rusqlite::Result<Vec<HookId>> {
    db.prepare_cached("SELECT id FROM webhooks ORDER BY seq")?
        .query_map([], |r| r.get(0))?
        .collect()
}

/// Writes what a person may change. What waits is tried at once.
pub(super) fn update(tx: &Connection, seq: i64, now: &Webhook) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE webhooks SET url = :url, events = :events, enabled = :enabled, updated_at = :at,
           paused_until = NULL
         WHERE seq = :seq",
    )?
    .execute(named_params! {
        ":seq": seq,
        ":url": now.url,
        ":events": Names(now.events.clone()),
        ":enabled": now.enabled,
        ":at": Timestamp::now(),
    })?;
    queue::update_due(tx, seq)
}

/// Another secret.
pub(super) fn update_secret(tx: &Connection, seq: i64, secret: &[u8]) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE webhooks SET secret = ?, updated_at = ? WHERE seq = ?")?
        .execute(params![secret, Timestamp::now(), seq])
        .map(drop)
}

/// The secret, sealed.
pub(super) fn find_secret(db: &Connection, id: HookId) -> rusqlite::Result<Option<Vec<u8>>> {
    db.prepare_cached("SELECT secret FROM webhooks WHERE id = ?")?
        .query_row([id], |row| row.get(0))
        .optional()
}

/// Removes one with all that is on its way to it; `false` when there is none.
pub(super) fn delete(tx: &Connection, id: HookId) -> rusqlite::Result<bool> {
    Ok(tx.prepare_cached("DELETE FROM webhooks WHERE id = ?")?.execute([id])? > 0)
}

/// What all of them come to; what was missed is not known here.
pub(super) fn facts(db: &Connection) -> rusqlite::Result<Facts> {
    let sql = "SELECT count(*), coalesce(sum(lost), 0),
         (SELECT count(*) FROM webhook_deliveries WHERE state = 'waiting'),
         (SELECT count(*) FROM webhook_deliveries WHERE state = 'dead')
       FROM webhooks";
    db.prepare_cached(sql)?.query_row([], |row| {
        let (webhooks, lost) = (row.get(0)?, row.get(1)?);
        Ok(Facts { webhooks, lost, waiting: row.get(2)?, dead: row.get(3)?, missed: 0 })
    })
}

/// The events that somebody wants to be told of, as bits.
pub(super) fn wanted(db: &Connection) -> rusqlite::Result<u32> {
    let all = listeners(db)?;
    Ok(all.iter().flat_map(|(_, _, events)| events).fold(0, |bits, event| bits | event.bit()))
}

/// Those that are on, with what they want.
pub(super) fn listeners(db: &Connection) -> rusqlite::Result<Vec<(i64, HookId, Vec<Event>)>> {
    db.prepare_cached("SELECT seq, id, events FROM webhooks WHERE enabled ORDER BY seq")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Names>(2)?.0)))?
        .collect()
}

/// Counts what a webhook lost; what it ever lost.
pub(super) fn add_lost(tx: &Connection, webhook: i64, lost: u64) -> rusqlite::Result<u64> {
    tx.prepare_cached("UPDATE webhooks SET lost = lost + ? WHERE seq = ? RETURNING lost")?
        .query_row(params![lost, webhook], |row| row.get(0))
}
