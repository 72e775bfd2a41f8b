//! The SQL of what the others are yet to be told. Messages are their own outbox: what was accepted here
//! has no origin, and a cursor tells how far it was forwarded. Marks wait in a table of their own, each
//! behind the messages that were there before it.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::value::RawValue;

use super::entry::{Carried, Kind, MESSAGE, Marked, Written};
use crate::base::{BusId, ClientId, Timestamp};
use crate::bus::queries;
use crate::error::Error;

/// Bytes of messages that are forwarded together.
const BATCH_BYTES: usize = 1 << 20;

/// Notes that the others are to be told of something.
pub(in crate::bus) fn note(
    tx: &Connection,
    kind: Kind,
    client: Option<&ClientId>,
    message: Option<i64>,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let after = queries::last_seq(tx)?;
    tx.prepare_cached(
        "INSERT INTO bus_marks (kind, after, client, message, at)
         VALUES (?, ?, ?, (SELECT id FROM bus_messages WHERE seq = ?), ?)",
    )?
    .execute(params![kind, after, client, message, at])
    .map(drop)
}

/// What is forwarded together, and where that leads.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) entries: Vec<Written>,
    /// Everything that was accepted up to this number is in it, or was before.
    pub(super) upto: i64,
    /// The number of the last message that was told with it.
    pub(super) told: i64,
    /// And all marks up to this one.
    pub(super) marks_upto: i64,
    /// Whether more waits behind it.
    pub(super) more: bool,
}

struct Mark {
    n: i64,
    kind: Kind,
    after: i64,
    marked: Marked,
}

/// What comes next, after what was forwarded. What nobody can be given any more is left out.
pub(super) fn next(
    db: &Connection,
    (forwarded, told): (i64, i64),
    now: Timestamp,
    limit: usize,
) -> Result<Batch, Error> {
    let last = queries::last_seq(db)?;
    let found: Vec<(i64, Carried)> = db
        .prepare_cached(
            "SELECT seq, id, sender, recipients, broadcast, type, payload, created_at, expires_at,
               requires_ack, reply_to, thread, priority,
               (SELECT key FROM bus_ids WHERE seq = m.seq)
             FROM bus_messages m WHERE origin IS NULL AND seq > ? AND expires_at > ?
             ORDER BY seq LIMIT ?",
        )?
        .query_map(params![forwarded, now, limit], |row| {
            let payload: String = row.get(6)?;
            let payload = RawValue::from_string(payload).map_err(|error| {
                let kind = rusqlite::types::Type::Text;
                rusqlite::Error::FromSqlConversionFailure(6, kind, Box::new(error))
            })?;
            let carried = Carried {
                number: row.get(0)?,
                after: 0,
                id: row.get(1)?,
                from: row.get(2)?,
                to: row.get(3)?,
                broadcast: row.get(4)?,
                kind: row.get(5)?,
                payload,
                created_at: row.get(7)?,
                expires_at: row.get(8)?,
                requires_ack: row.get(9)?,
                reply_to: row.get(10)?,
                thread: row.get(11)?,
                priority: row.get(12)?,
                deliveries: Vec::new(),
                key: row.get(13)?,
            };
            Ok((row.get(0)?, carried))
        })?
        .collect::<Result<_, _>>()?;
    let marks = marks(db, limit)?;
    let mut batch = Batch { upto: forwarded, told, more: found.len() == limit, ..Batch::default() };
    batch.more |= marks.len() == limit;
    let mut marks = marks.into_iter().peekable();
    let whole = found.len() < limit;
    let mut size = 0;
    for (seq, mut carried) in found {
        if size > BATCH_BYTES {
            batch.more = true;
            return Ok(batch);
        }
        while let Some(mark) = marks.next_if(|mark| mark.after < seq) {
            batch.put(&mark)?;
        }
        carried.after = batch.told;
        carried.deliveries = deliveries(db, seq)?;
        let json = text(&carried)?;
        size += json.len();
        batch.entries.push(Written { kind: MESSAGE, json });
        (batch.upto, batch.told) = (seq, seq);
    }
    if whole {
        batch.upto = batch.upto.max(last);
    }
    while let Some(mark) = marks.next_if(|mark| mark.after <= batch.upto) {
        batch.put(&mark)?;
    }
    Ok(batch)
}

impl Batch {
    fn put(&mut self, mark: &Mark) -> Result<(), Error> {
        self.marks_upto = mark.n;
        let json = text(&mark.marked)?;
        self.entries.push(Written { kind: mark.kind.as_str(), json });
        Ok(())
    }
}

fn text(value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::internal("writing an entry", error))
}

/// Marks in their order; those of one message that stand together are one.
fn marks(db: &Connection, limit: usize) -> rusqlite::Result<Vec<Mark>> {
    let mut statement = db.prepare_cached(
        "SELECT n, kind, after, client, message, at FROM bus_marks ORDER BY n LIMIT ?",
    )?;
    let rows = statement.query_map([limit], |row| {
        let client: Option<ClientId> = row.get(3)?;
        let message: Option<BusId> = row.get(4)?;
        let marked = Marked { message, clients: client.into_iter().collect(), at: row.get(5)? };
        Ok(Mark { n: row.get(0)?, kind: row.get(1)?, after: row.get(2)?, marked })
    })?;
    let mut marks: Vec<Mark> = Vec::new();
    for row in rows {
        let mut mark = row?;
        match marks.last_mut() {
            Some(before)
                if before.kind == mark.kind
                    && before.after == mark.after
                    && before.marked.message == mark.marked.message =>
            {
                before.n = mark.n;
                before.marked.clients.append(&mut mark.marked.clients);
            }
            _ => marks.push(mark),
        }
    }
    Ok(marks)
}

fn deliveries(
    db: &Connection,
    seq: i64,
) -> rusqlite::Result<Vec<(ClientId, crate::bus::types::State)>> {
    db.prepare_cached("SELECT client, state FROM bus_deliveries WHERE message = ? ORDER BY client")?
        .query_map([seq], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// How much waits to be forwarded.
pub(super) fn behind(db: &Connection) -> rusqlite::Result<u64> {
    db.prepare_cached(
        "SELECT (SELECT count(*) FROM bus_messages WHERE origin IS NULL
             AND seq > (SELECT forwarded FROM bus_links)) + (SELECT count(*) FROM bus_marks)",
    )?
    .query_row([], |row| row.get(0))
    .optional()
    .map(|count| count.unwrap_or(0))
}
