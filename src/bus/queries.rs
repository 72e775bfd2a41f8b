//! The SQL of the bus. Free functions on a connection, so that several compose in one transaction.

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};
use serde_json::value::RawValue;

use super::marks;
use super::types::{Filter, Message, Progress, Sender, State, Status};
use crate::base::{BusId, ClientId, Timestamp};

/// Messages of the highest priority that the usual ones let pass, and so on down: nobody starves.
const OVERTAKES: i64 = 1000;

/// A message before it has a number.
#[derive(Debug)]
pub(super) struct NewMessage {
    pub(super) id: BusId,
    pub(super) from: ClientId,
    /// JSON.
    pub(super) to: String,
    pub(super) broadcast: bool,
    pub(super) kind: String,
    pub(super) payload: Box<RawValue>,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) requires_ack: bool,
    pub(super) reply_to: Option<BusId>,
    pub(super) priority: u8,
}

/// A place in somebody's queue.
pub(super) type Place = (i64, i64);

/// A message in somebody's queue.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) place: Place,
    pub(super) message: Message,
    /// Whether it was delivered before and never acknowledged, or is replayed.
    pub(super) again: bool,
}

/// What [`message`] is made of, of `bus_messages m`.
pub(super) const COLUMNS: &str = "m.seq, m.id, m.sender, m.recipients, m.type, m.payload, m.created_at, m.requires_ack, m.reply_to";

fn bad_json(index: usize, error: serde_json::Error) -> rusqlite::Error {
    let kind = rusqlite::types::Type::Text;
    rusqlite::Error::FromSqlConversionFailure(index, kind, Box::new(error))
}

pub(super) fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    let to = row.get_ref(3)?.as_str()?;
    let payload: String = row.get(5)?;
    Ok(Message {
        seq: row.get(0)?,
        id: row.get(1)?,
        from: row.get(2)?,
        to: serde_json::from_str(to).map_err(|error| bad_json(3, error))?,
        kind: row.get(4)?,
        payload: RawValue::from_string(payload).map_err(|error| bad_json(5, error))?,
        timestamp: row.get(6)?,
        requires_ack: row.get(7)?,
        reply_to: row.get(8)?,
    })
}

/// The newest number that was ever given.
pub(super) fn last_seq(db: &Connection) -> rusqlite::Result<i64> {
    db.prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'bus_messages'")?
        .query_row([], |row| row.get(0))
        .optional()
        .map(|seq| seq.unwrap_or(0))
}

/// What a sender called so before, if that is not too long ago.
pub(super) fn find_key(
    db: &Connection,
    sender: &ClientId,
    key: &str,
    now: Timestamp,
) -> rusqlite::Result<Option<(i64, BusId)>> {
    db.prepare_cached(
        "SELECT seq, id FROM bus_ids WHERE sender = ? AND key = ? AND expires_at > ?",
    )?
    .query_row(params![sender, key, now], |row| Ok((row.get(0)?, row.get(1)?)))
    .optional()
}

/// Remembers what a sender called a message.
pub(super) fn keep_key(
    tx: &Connection,
    sender: &ClientId,
    key: &str,
    message: (i64, BusId),
    until: Timestamp,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO bus_ids (sender, key, seq, id, expires_at) VALUES (?, ?, ?, ?, ?)",
    )?
    .execute(params![sender, key, message.0, message.1, until])
    .map(drop)
}

/// Stores a message that was accepted here; its number.
pub(super) fn insert(tx: &Connection, new: &NewMessage) -> rusqlite::Result<i64> {
    let thread = match new.reply_to {
        None => new.id,
        Some(id) => tx
            .prepare_cached("SELECT thread FROM bus_messages WHERE id = ?")?
            .query_row([id], |row| row.get(0))
            .optional()?
            .unwrap_or(id),
    };
    insert_of(tx, new, thread, None)
}

/// Stores a message of a thread, and which other node accepted it; its number.
pub(super) fn insert_of(
    tx: &Connection,
    new: &NewMessage,
    thread: BusId,
    origin: Option<&str>,
) -> rusqlite::Result<i64> {
    tx.prepare_cached(
        "INSERT INTO bus_messages (id, sender, recipients, broadcast, type, payload, created_at,
           requires_ack, reply_to, thread, priority, expires_at, origin)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        new.id,
        new.from,
        new.to,
        new.broadcast,
        new.kind,
        new.payload.get(),
        new.created_at,
        new.requires_ack,
        new.reply_to,
        thread,
        new.priority,
        new.expires_at,
        origin
    ])?;
    Ok(tx.last_insert_rowid())
}

/// Puts a message into a client's queue.
pub(super) fn enqueue(
    tx: &Connection,
    client: &ClientId,
    seq: i64,
    new: &NewMessage,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO bus_deliveries (client, message, state, rank, wants_ack, expires_at, stored_at)
         VALUES (?, ?, 'stored', ?, ?, ?, ?)",
    )?
    .execute(params![
        client,
        seq,
        seq + (i64::from(new.priority) - 1) * OVERTAKES,
        new.requires_ack,
        new.expires_at,
        new.created_at
    ])?;
    tx.prepare_cached(
        "INSERT INTO bus_clients (id, waiting) VALUES (?, 1)
         ON CONFLICT (id) DO UPDATE SET waiting = waiting + 1",
    )?
    .execute([client])
    .map(drop)
}

/// How many messages wait for a client, and whether it was ever seen.
pub(super) fn queue(db: &Connection, client: &ClientId) -> rusqlite::Result<(u32, bool)> {
    db.prepare_cached("SELECT waiting, first_seen_at IS NOT NULL FROM bus_clients WHERE id = ?")?
        .query_row([client], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
        .map(|found| found.unwrap_or((0, false)))
}

/// Everybody who was ever seen.
pub(super) fn seen_clients(db: &Connection) -> rusqlite::Result<Vec<ClientId>> {
    db.prepare_cached("SELECT id FROM bus_clients WHERE first_seen_at IS NOT NULL")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Notes that a client is or was here. What was said to all before it first came is not for it.
pub(super) fn see(
    tx: &Connection,
    client: &ClientId,
    heard: i64,
    at: Timestamp,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO bus_clients (id, first_seen_at, last_seen_at, heard) VALUES (?1, ?2, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET
           heard = iif(first_seen_at IS NULL, excluded.heard, heard),
           first_seen_at = coalesce(first_seen_at, excluded.first_seen_at),
           last_seen_at = max(coalesce(last_seen_at, ''), excluded.last_seen_at)",
    )?
    .execute(params![client, at, heard])
    .map(drop)
}

/// What waits for a client, up to a number, in the order of its queue, after a place in it.
pub(super) fn waiting(
    db: &Connection,
    client: &ClientId,
    up_to: i64,
    after: Place,
    now: Timestamp,
    limit: usize,
) -> rusqlite::Result<Vec<Waiting>> {
    let rank = format!("m.seq + (m.priority - 1) * {OVERTAKES}");
    let sql = format!(
        "SELECT * FROM (
           SELECT {COLUMNS}, d.rank AS rank, d.attempts > 0 AS again FROM bus_deliveries d JOIN bus_messages m ON m.seq = d.message
           WHERE d.client = ?1 AND d.state = 'stored' AND (d.rank, d.message) > (?3, ?4)
             AND d.message <= ?2 AND d.expires_at > ?5
           ORDER BY d.rank, d.message LIMIT ?6)
         UNION ALL SELECT * FROM (
           SELECT {COLUMNS}, {rank} AS rank, 0 AS again FROM bus_messages m
           WHERE m.broadcast = 1 AND m.seq <= ?2 AND m.sender <> ?1 AND m.expires_at > ?5
             AND m.seq > (SELECT heard FROM bus_clients WHERE id = ?1)
             AND ({rank}, m.seq) > (?3, ?4)
             AND NOT EXISTS (SELECT 1 FROM bus_deliveries d WHERE d.client = ?1 AND d.message = m.seq)
           ORDER BY rank, m.seq LIMIT ?6)
         ORDER BY rank, 1 LIMIT ?6"
    );
    db.prepare_cached(&sql)?
        .query_map(params![client, up_to, after.0, after.1, now, limit], |row| {
            let message = message(row)?;
            let place = (row.get("rank")?, message.seq);
            Ok(Waiting { place, message, again: row.get("again")? })
        })?
        .collect()
}

/// Notes what a recipient acknowledged; `None` when the message was not for it.
pub(super) fn acknowledge(
    tx: &Connection,
    client: &ClientId,
    id: BusId,
    at: Timestamp,
) -> rusqlite::Result<Option<Progress>> {
    let Some(seq) = seq_of(tx, id)? else { return Ok(None) };
    marks::delivered(tx, client, seq, at)?;
    tx.prepare_cached(
        "UPDATE bus_deliveries SET state = 'acknowledged', acknowledged_at = ?3
         WHERE client = ?1 AND message = ?2 AND state IN ('delivered', 'timeout')",
    )?
    .execute(params![client, seq, at])?;
    progress_of(tx, client, seq)
}

/// The number of a message.
pub(super) fn seq_of(db: &Connection, id: BusId) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT seq FROM bus_messages WHERE id = ?")?
        .query_row([id], |row| row.get(0))
        .optional()
}

/// A message; `None` for who is neither its sender nor one of its recipients.
pub(super) fn find(db: &Connection, who: &Sender, id: BusId) -> rusqlite::Result<Option<Message>> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM bus_messages m WHERE m.id = ?1 AND (?2 IS NULL OR {MINE})"
    ))?
    .query_row(params![id, who.only], message)
    .optional()
}

/// Whether a message concerns the client `?2`.
pub(super) const MINE: &str = "(m.sender = ?2 OR m.broadcast = 1 OR EXISTS
    (SELECT 1 FROM bus_deliveries d WHERE d.client = ?2 AND d.message = m.seq))";

/// The messages of a thread after a number, oldest first.
pub(super) fn thread(
    db: &Connection,
    who: &Sender,
    id: BusId,
    after: i64,
    limit: usize,
) -> rusqlite::Result<Vec<Message>> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM bus_messages m
         WHERE m.thread = coalesce((SELECT thread FROM bus_messages WHERE id = ?1), ?1)
           AND (?2 IS NULL OR {MINE}) AND m.seq > ?3
         ORDER BY m.seq LIMIT ?4"
    ))?
    .query_map(params![id, who.only, after, limit], message)?
    .collect()
}

/// Messages that a filter lets through, oldest first. Each place where one may be found is looked
/// into by its own index.
pub(super) fn list(
    db: &Connection,
    who: &Sender,
    filter: &Filter,
) -> rusqlite::Result<Vec<Message>> {
    let mut values: Vec<SqlValue> = Vec::new();
    let mut bind = |value: SqlValue| {
        values.push(value);
        format!("?{}", values.len())
    };
    let text = |client: &ClientId| SqlValue::Text(client.to_string());
    let mut wanted = String::new();
    if let Some(after) = filter.since_seq {
        wanted += &format!(" AND m.seq > {}", bind(after.into()));
    }
    if let Some(before) = filter.before_seq {
        wanted += &format!(" AND m.seq < {}", bind(before.into()));
    }
    if let Some(from) = &filter.from {
        wanted += &format!(" AND m.sender = {}", bind(text(from)));
    }
    if let Some(kind) = &filter.kind {
        wanted += &format!(" AND m.type = {}", bind(kind.clone().into()));
    }
    if let Some(since) = filter.since {
        wanted += &format!(" AND m.created_at >= {}", bind(since.to_string().into()));
    }
    // From the beginning when there is one to begin at, else the newest.
    let forward = filter.since_seq.is_some() || filter.since.is_some();
    let order = if forward && filter.before_seq.is_none() { "ASC" } else { "DESC" };
    let limit = bind(i64::try_from(filter.limit).unwrap_or(i64::MAX).into());
    let rows = "bus_messages m";
    let delivered = "bus_deliveries d JOIN bus_messages m ON m.seq = d.message";
    let mut places: Vec<(&str, String)> = Vec::new();
    let mut for_client =
        |client: &ClientId, and: &str, bind: &mut dyn FnMut(SqlValue) -> String| {
            let client = bind(text(client));
            places.push((delivered, format!("d.client = {client} AND d.broadcast = 0{and}")));
            places.push((rows, format!("m.broadcast = 1 AND m.sender <> {client}{and}")));
        };
    match (&who.only, &filter.to) {
        (None, Some(to)) => for_client(to, "", &mut bind),
        (None, None) => places.push((rows, "TRUE".to_owned())),
        (Some(me), Some(to)) if me == to => for_client(to, "", &mut bind),
        (Some(me), Some(to)) => {
            let mine = format!(" AND m.sender = {}", bind(text(me)));
            for_client(to, &mine, &mut bind);
        }
        (Some(me), None) => {
            for_client(me, "", &mut bind);
            let mine = format!("m.sender = {}", bind(text(me)));
            places.push((rows, mine));
        }
    }
    let parts: Vec<String> = places
        .into_iter()
        .map(|(from, condition)| {
            // By its own column, or all that was ever delivered to a client is sorted for each page.
            let seq = if from == delivered { "d.message" } else { "m.seq" };
            let wanted = wanted.replace("m.seq", seq);
            format!(
                "SELECT * FROM (SELECT {COLUMNS} FROM {from} WHERE {condition}{wanted}
                 ORDER BY {seq} {order} LIMIT {limit})"
            )
        })
        .collect();
    let sql = format!("{} ORDER BY 1 {order} LIMIT {limit}", parts.join(" UNION "));
    let mut found: Vec<Message> = db
        .prepare_cached(&sql)?
        .query_map(params_from_iter(values), message)?
        .collect::<Result<_, _>>()?;
    if order == "DESC" {
        found.reverse();
    }
    Ok(found)
}

const PROGRESS: &str = "client, state, attempts, stored_at, delivered_at, acknowledged_at, ended_at FROM bus_deliveries";

fn progress(row: &Row<'_>) -> rusqlite::Result<Progress> {
    Ok(Progress {
        client_id: row.get(0)?,
        state: row.get(1)?,
        attempts: row.get(2)?,
        stored_at: row.get(3)?,
        delivered_at: row.get(4)?,
        acknowledged_at: row.get(5)?,
        ended_at: row.get(6)?,
    })
}

/// How far a message came with one recipient.
pub(super) fn progress_of(
    db: &Connection,
    client: &ClientId,
    seq: i64,
) -> rusqlite::Result<Option<Progress>> {
    db.prepare_cached(&format!("SELECT {PROGRESS} WHERE client = ? AND message = ?"))?
        .query_row(params![client, seq], progress)
        .optional()
}

/// How far a message came with everybody it is for.
pub(super) fn status(
    db: &Connection,
    who: &Sender,
    id: BusId,
    now: Timestamp,
) -> rusqlite::Result<Option<Status>> {
    let head = db
        .prepare_cached(&format!(
            "SELECT m.seq, m.priority, m.expires_at, m.created_at, m.broadcast, m.sender FROM bus_messages m
             WHERE m.id = ?1 AND (?2 IS NULL OR {MINE})"
        ))?
        .query_row(params![id, who.only], |row| {
            let status = Status {
                message_id: id,
                seq: row.get(0)?,
                priority: row.get(1)?,
                expires_at: row.get(2)?,
                recipients: Vec::new(),
            };
            Ok((status, row.get::<_, Timestamp>(3)?, row.get::<_, bool>(4)?, row.get::<_, ClientId>(5)?))
        })
        .optional()?;
    let Some((mut status, stored_at, broadcast, sender)) = head else { return Ok(None) };
    status.recipients = db
        .prepare_cached(&format!("SELECT {PROGRESS} WHERE message = ? ORDER BY client"))?
        .query_map([status.seq], progress)?
        .collect::<Result<_, _>>()?;
    if broadcast {
        let mut statement = db.prepare_cached(
            "SELECT id FROM bus_clients c WHERE first_seen_at IS NOT NULL AND heard < ?1 AND id <> ?2
               AND NOT EXISTS (SELECT 1 FROM bus_deliveries WHERE client = c.id AND message = ?1)",
        )?;
        let waiting = statement.query_map(params![status.seq, sender], |row| row.get(0))?;
        // Nothing is written of whom it never reached.
        let over = (status.expires_at <= now).then_some(status.expires_at);
        for client_id in waiting {
            status.recipients.push(Progress {
                client_id: client_id?,
                state: if over.is_some() { State::Expired } else { State::Stored },
                attempts: 0,
                stored_at,
                delivered_at: None,
                acknowledged_at: None,
                ended_at: over,
            });
        }
    }
    Ok(Some(status))
}
