//! The SQL of what other nodes tell. Everything here may be told twice, and changes nothing the second
//! time but for a message that is to be delivered once more.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use serde_json::Value;

use super::entry::{Carried, Kind, MESSAGE, Marked};
use super::state;
use crate::base::{ClientId, Timestamp};
use crate::bus::hub::Audience;
use crate::bus::types::{State, To};
use crate::bus::{Fresh, marks, queries, sending};
use crate::config;
use crate::error::Error;

/// An entry of another node.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) node: String,
    pub(super) kind: String,
    pub(super) json: String,
}

/// What is to be done when it is on disk.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Something old waits for these again.
    pub(super) nudged: Vec<ClientId>,
    /// When the first of what came will have waited too long.
    pub(super) expires: Option<Timestamp>,
    /// Nodes that told something before which this node misses something of them.
    pub(super) missed: BTreeSet<String>,
    /// Nodes that miss something of others.
    pub(super) asked: Vec<ClientId>,
}

/// Takes an entry; one that cannot be read is passed over, for it would be there for ever.
pub(super) fn take(
    tx: &Connection,
    settings: &config::Bus,
    now: Timestamp,
    entry: &Taken,
    fresh: &mut Vec<Fresh>,
    news: &mut News,
) -> Result<(), Error> {
    if entry.kind == MESSAGE {
        return match serde_json::from_str::<Carried>(&entry.json) {
            Ok(carried) => message(tx, settings, now, &entry.node, carried, fresh, news),
            Err(error) => {
                passed_over(entry, &error);
                Ok(())
            }
        };
    }
    let kind = serde_json::Value::from(entry.kind.as_str());
    let Ok(kind) = serde_json::from_value::<Kind>(kind) else { return Ok(()) };
    match serde_json::from_str::<Marked>(&entry.json) {
        Ok(marked) => mark(tx, settings, now, (&entry.node, kind), &marked, news),
        Err(error) => {
            passed_over(entry, &error);
            Ok(())
        }
    }
}

fn passed_over(entry: &Taken, error: &serde_json::Error) {
    // The line and column, not what stands there.
    let (kind, node) = (&entry.kind, &entry.node);
    tracing::warn!(kind, node, column = error.column(), "an entry of the bus cannot be read");
}

fn message(
    tx: &Connection,
    settings: &config::Bus,
    now: Timestamp,
    node: &str,
    mut carried: Carried,
    fresh: &mut Vec<Fresh>,
    news: &mut News,
) -> Result<(), Error> {
    if carried.after > state::known_of(tx, node)? {
        news.missed.insert(node.to_owned());
        return Ok(());
    }
    state::know_of(tx, node, carried.number)?;
    let deliveries = std::mem::take(&mut carried.deliveries);
    if let Some(seq) = queries::seq_of(tx, carried.id)? {
        for (client, state) in &deliveries {
            settle(tx, node, (client, seq), *state, now)?;
        }
        return Ok(());
    }
    let (Ok(to), Ok(_)) = (
        serde_json::from_str::<To>(&carried.to),
        serde_json::from_str::<Value>(carried.payload.get()),
    ) else {
        tracing::warn!(node, bus.message = %carried.id, "a message of the bus cannot be read");
        return Ok(());
    };
    let (thread, key) = (carried.thread, carried.key.take());
    let new = carried.into_new();
    let seq = queries::insert_of(tx, &new, thread, Some(node))?;
    let mut waiting = Vec::new();
    for (client, state) in deliveries {
        if !new.broadcast {
            queries::enqueue(tx, &client, seq, &new)?;
        }
        settle(tx, node, (&client, seq), state, now)?;
        if state == State::Stored {
            waiting.push(client);
        }
    }
    if !new.from.is_system() {
        queries::see(tx, &new.from, seq, new.created_at)?;
    }
    if let Some(key) = key {
        let until = now.after(settings.dedup_ttl);
        queries::keep_key(tx, &new.from, &key, (seq, new.id), until)?;
    }
    news.expires = Some(news.expires.map_or(new.expires_at, |first| first.min(new.expires_at)));
    let audience = if new.broadcast { Audience::All } else { Audience::These(waiting.into()) };
    fresh.push(sending::fresh(&new, seq, to, audience)?);
    Ok(())
}

/// A delivery came as far on another node.
fn settle(
    tx: &Connection,
    node: &str,
    (client, seq): (&ClientId, i64),
    state: State,
    at: Timestamp,
) -> rusqlite::Result<()> {
    if state == State::Stored {
        return Ok(());
    }
    if state == State::Expired {
        // It ends here by itself, at the same instant.
        return Ok(());
    }
    if marks::delivered(tx, client, seq, at)? {
        tx.prepare_cached(
            "UPDATE bus_deliveries SET elsewhere = ? WHERE client = ? AND message = ?",
        )?
        .execute(params![node, client, seq])?;
    }
    let (from, field) = match state {
        State::Acknowledged => ("'delivered', 'timeout'", "acknowledged_at"),
        State::Timeout => ("'delivered'", "ended_at"),
        _ => return Ok(()),
    };
    tx.prepare_cached(&format!(
        "UPDATE bus_deliveries SET state = ?3, {field} = ?4
         WHERE client = ?1 AND message = ?2 AND state IN ({from})"
    ))?
    .execute(params![client, seq, state, at])
    .map(drop)
}

fn mark(
    tx: &Connection,
    settings: &config::Bus,
    now: Timestamp,
    (node, kind): (&str, Kind),
    marked: &Marked,
    news: &mut News,
) -> Result<(), Error> {
    match kind {
        Kind::Cleared => {
            if state::cleared(tx, marked.at)? {
                wipe(tx)?;
            }
            return Ok(());
        }
        Kind::Seen => {
            let heard = queries::last_seq(tx)?;
            for client in &marked.clients {
                queries::see(tx, client, heard, marked.at)?;
            }
            return Ok(());
        }
        Kind::Missed => {
            news.asked.extend_from_slice(&marked.clients);
            return Ok(());
        }
        Kind::Delivered | Kind::Acknowledged | Kind::Timeout | Kind::Again => {}
    }
    let Some(id) = marked.message else { return Ok(()) };
    let Some(seq) = queries::seq_of(tx, id)? else { return Ok(()) };
    for client in &marked.clients {
        match kind {
            Kind::Delivered => settle(tx, node, (client, seq), State::Delivered, marked.at)?,
            Kind::Acknowledged => settle(tx, node, (client, seq), State::Acknowledged, marked.at)?,
            Kind::Timeout => settle(tx, node, (client, seq), State::Timeout, marked.at)?,
            _ => {
                let until = now.after(settings.message_ttl);
                if again(tx, client, seq, now, until)? {
                    news.nudged.push(client.clone());
                    news.expires = Some(news.expires.map_or(until, |first| first.min(until)));
                }
            }
        }
    }
    Ok(())
}

/// Puts a delivery into its client's queue once more; whether it was not there.
fn again(
    tx: &Connection,
    client: &ClientId,
    seq: i64,
    now: Timestamp,
    until: Timestamp,
) -> rusqlite::Result<bool> {
    tx.prepare_cached("INSERT OR IGNORE INTO bus_clients (id) VALUES (?)")?.execute([client])?;
    // What was said to all may have no row yet.
    tx.prepare_cached(
        "INSERT OR IGNORE INTO bus_deliveries (client, message, state, broadcast, rank, expires_at, stored_at)
         SELECT ?1, seq, 'delivered', 1, seq, expires_at, created_at FROM bus_messages
         WHERE seq = ?2 AND broadcast = 1",
    )?
    .execute(params![client, seq])?;
    let changed = tx
        .prepare_cached(
            "UPDATE bus_deliveries SET state = 'stored', elsewhere = NULL, ended_at = NULL,
               acknowledged_at = NULL, expires_at = iif(expires_at <= ?3, ?4, expires_at)
             WHERE client = ?1 AND message = ?2 AND state <> 'stored'",
        )?
        .execute(params![client, seq, now, until])?;
    if changed > 0 {
        tx.prepare_cached("UPDATE bus_clients SET waiting = waiting + 1 WHERE id = ?")?
            .execute([client])?;
    }
    Ok(changed > 0)
}

/// Deletes all messages but those that were accepted here and not yet told to anybody: they came after.
fn wipe(tx: &Connection) -> rusqlite::Result<()> {
    let gone = "origin IS NOT NULL OR seq <= (SELECT forwarded FROM bus_links)";
    tx.execute(
        &format!("DELETE FROM bus_fts WHERE rowid IN (SELECT seq FROM bus_messages WHERE {gone})"),
        [],
    )?;
    tx.execute(&format!("DELETE FROM bus_messages WHERE {gone}"), [])?;
    tx.execute("DELETE FROM bus_ids WHERE seq NOT IN (SELECT seq FROM bus_messages)", [])?;
    tx.execute(
        "UPDATE bus_clients SET waiting =
           (SELECT count(*) FROM bus_deliveries WHERE client = bus_clients.id AND state = 'stored')",
        [],
    )?;
    tx.execute("DELETE FROM bus_clients WHERE first_seen_at IS NULL AND waiting = 0", []).map(drop)
}
