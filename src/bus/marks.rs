//! What is noted of messages that were handed out, and of clients that came, many at once: nobody waits for it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rusqlite::{Connection, params};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::nodes::{self, Kind};
use super::{Bus, queries};
use crate::base::{ClientId, Timestamp, clock};
use crate::error::Error;

/// Marks that are written together.
const MARKS: usize = 1024;
/// Marks that come within this are written together.
const MARKED_EVERY: Duration = Duration::from_millis(20);
/// How long marks may still come after the last connection closed.
const LAST_MARKS: Duration = Duration::from_millis(50);

/// Something to be noted that nobody waits for.
#[derive(Debug)]
pub(super) enum Mark {
    /// A message was written to a client.
    Delivered { client: ClientId, seq: i64, wants_ack: bool },
    /// A message that was said to all and wants no acknowledgement was written to a client.
    Told { client: ClientId, seq: i64 },
    /// A client is here; messages to all up to this one were said before it first came.
    Seen(ClientId, i64),
    /// Everything said to all up to this number reached a client.
    Heard(ClientId, i64),
    /// Somebody waits until everything before this is noted.
    Written(oneshot::Sender<()>),
}

impl Mark {
    fn is_urgent(&self) -> bool {
        matches!(self, Self::Seen(..) | Self::Written(_))
    }
}

impl Bus {
    /// Notes what comes, until the bus stops.
    pub(super) async fn write_marks(self, mut marks: mpsc::UnboundedReceiver<Mark>) {
        let mut batch = Vec::new();
        loop {
            let stop = &self.inner.stop;
            let got = if stop.is_cancelled() {
                // Connections that close now still say what they were given.
                match tokio::time::timeout(LAST_MARKS, marks.recv_many(&mut batch, MARKS)).await {
                    Ok(got) => got,
                    Err(_) if self.inner.hub.facts().connections > 0 => continue,
                    Err(_) => 0,
                }
            } else {
                tokio::select! {
                    got = marks.recv_many(&mut batch, MARKS) => got,
                    () = stop.cancelled() => continue,
                }
            };
            if got == 0 {
                return;
            }
            // More deliveries may come in a moment, unless somebody waits for what is noted, or came or went.
            let more = async {
                let mut looked_at = 0;
                while batch.len() < MARKS && !batch[looked_at..].iter().any(Mark::is_urgent) {
                    looked_at = batch.len();
                    if marks.recv_many(&mut batch, MARKS).await == 0 {
                        return;
                    }
                }
            };
            let _ = tokio::time::timeout(MARKED_EVERY, more).await;
            self.write(std::mem::take(&mut batch)).await;
        }
    }

    async fn write(&self, batch: Vec<Mark>) {
        let mut waiting = Vec::new();
        let mut marks = Vec::with_capacity(batch.len());
        for mark in batch {
            match mark {
                Mark::Written(sender) => waiting.push(sender),
                mark => marks.push(mark),
            }
        }
        // Who only waits for what was noted changes nothing.
        if !marks.is_empty() {
            let (now, shared) = (self.now(), self.is_shared());
            match self.store().write(move |tx| note(tx, marks, now, shared)).await {
                Ok(news) => self.noted(news),
                // They will be delivered once more.
                Err(error) => tracing::warn!(%error, "deliveries could not be noted"),
            }
        }
        for sender in waiting {
            let _ = sender.send(());
        }
    }

    fn noted(&self, news: Vec<News>) {
        let at = clock::monotonic() + self.settings().ack_timeout;
        for News { client, seq, wants_ack } in news {
            self.inner.hub.count_delivered(&client);
            if wants_ack {
                self.inner.agenda.ack_due(at, client, seq);
            }
        }
        self.tell_nodes();
        self.inner.changed.notify_one();
    }
}

/// A delivery that was not noted before.
struct News {
    client: ClientId,
    seq: i64,
    wants_ack: bool,
}

/// Notes everything; what of it is news.
fn note(
    tx: &Connection,
    marks: Vec<Mark>,
    now: Timestamp,
    shared: bool,
) -> Result<Vec<News>, Error> {
    let mut news = Vec::new();
    let mut told: BTreeMap<i64, BTreeSet<ClientId>> = BTreeMap::new();
    for mark in marks {
        match mark {
            Mark::Told { client, seq } => {
                told.entry(seq).or_default().insert(client);
            }
            Mark::Delivered { client, seq, wants_ack } => {
                if delivered(tx, &client, seq, now)? {
                    news.push(News { client, seq, wants_ack });
                }
            }
            Mark::Seen(client, heard) => {
                if shared && !queries::queue(tx, &client)?.1 {
                    nodes::note(tx, Kind::Seen, Some(&client), None, now)?;
                }
                queries::see(tx, &client, heard, now)?;
            }
            Mark::Heard(client, seq) => heard(tx, &client, seq)?,
            Mark::Written(_) => {}
        }
    }
    for (seq, clients) in told {
        let first = told_to(tx, &clients, seq, now)?.into_iter();
        news.extend(first.map(|client| News { client, seq, wants_ack: false }));
    }
    if shared {
        for News { client, seq, .. } in &news {
            nodes::note(tx, Kind::Delivered, Some(client), Some(*seq), now)?;
        }
    }
    Ok(news)
}

/// Notes a delivery; whether that is news.
pub(super) fn delivered(
    tx: &Connection,
    client: &ClientId,
    seq: i64,
    at: Timestamp,
) -> rusqlite::Result<bool> {
    Ok(was_waiting(tx, client, seq, at)?
        || !first_told(tx, &BTreeSet::from([client]), seq, at)?.is_empty())
}

/// Notes whom a message reached that was said to all without an acknowledgement; those for whom that is news.
fn told_to(
    tx: &Connection,
    clients: &BTreeSet<ClientId>,
    seq: i64,
    at: Timestamp,
) -> rusqlite::Result<Vec<ClientId>> {
    let mut rest: BTreeSet<&ClientId> = clients.iter().collect();
    let mut news = first_told(tx, &rest, seq, at)?;
    for client in &news {
        rest.remove(client);
    }
    for client in rest {
        if was_waiting(tx, client, seq, at)? {
            news.push(client.clone());
        }
    }
    Ok(news)
}

/// Notes that a message of a client's queue was delivered; whether it was in it.
fn was_waiting(
    tx: &Connection,
    client: &ClientId,
    seq: i64,
    at: Timestamp,
) -> rusqlite::Result<bool> {
    let changed = tx
        .prepare_cached(
            "UPDATE bus_deliveries SET state = 'delivered', attempts = attempts + 1, elsewhere = NULL,
               delivered_at = coalesce(delivered_at, ?3)
             WHERE client = ?1 AND message = ?2 AND state = 'stored'",
        )?
        .execute(params![client, seq, at])?;
    if changed > 0 {
        tx.prepare_cached("UPDATE bus_clients SET waiting = max(0, waiting - 1) WHERE id = ?")?
            .execute([client])?;
    }
    Ok(changed > 0)
}

/// Notes whom a message reached that was said to all: their rows begin here. Those that had none.
fn first_told(
    tx: &Connection,
    clients: &BTreeSet<&ClientId>,
    seq: i64,
    at: Timestamp,
) -> rusqlite::Result<Vec<ClientId>> {
    tx.prepare_cached(
        "INSERT OR IGNORE INTO bus_deliveries
           (client, message, state, broadcast, rank, attempts, expires_at, stored_at, delivered_at)
         SELECT c.value, seq, 'delivered', 1, seq, 1, expires_at, created_at, ?3
         FROM json_each(?1) c, bus_messages WHERE seq = ?2 AND broadcast = 1 AND sender <> c.value
         RETURNING client",
    )?
    .query_map(params![json!(clients).to_string(), seq, at], |row| row.get(0))?
    .collect()
}

/// Notes that everything said to all up to a number reached a client.
fn heard(tx: &Connection, client: &ClientId, seq: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE bus_clients SET heard = max(heard, ?2) WHERE id = ?1")?
        .execute(params![client, seq])
        .map(drop)
}
