//! What the bus does by itself: it hands out what was stored, notes what was delivered, delivers again
//! what was not acknowledged, ends what waited too long and tells its sender.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::json;
use tokio::sync::{Notify, mpsc};

use super::endings::{self, Lost, Overdue};
use super::marks::Mark;
use super::nodes::{self, Kind};
use super::queries::{self, NewMessage};
use super::sending::fresh;
use super::types::{Happening, USUAL_PRIORITY};
use super::{Bus, Fresh, raw, words};
use crate::base::{BusId, ClientId, Timestamp, clock};
use crate::error::Error;
use crate::store::Fails;

/// Deliveries that are ended together.
const ENDED: usize = 256;
/// The longest sleep.
const NAP: Duration = Duration::from_mins(10);
/// How often messages are indexed.
const INDEXED_EVERY: Duration = Duration::from_millis(250);
/// Tabs are told of what changed no more often than this.
const TOLD_EVERY: Duration = Duration::from_millis(250);
/// When what is to be looked at again.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    due: Mutex<Due>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Due {
    /// Deliveries that want an acknowledgement.
    acks: BTreeSet<(Instant, ClientId, i64)>,
    /// When the first that waits will have waited too long.
    expiry: Option<Timestamp>,
}

impl Agenda {
    fn lock(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A message waits until then.
    pub(super) fn expires(&self, at: Timestamp) {
        let mut due = self.lock();
        if due.expiry.is_none_or(|first| at < first) {
            due.expiry = Some(at);
            drop(due);
            self.changed.notify_one();
        }
    }

    /// A delivery wants an acknowledgement by then.
    pub(super) fn ack_due(&self, at: Instant, client: ClientId, seq: i64) {
        let mut due = self.lock();
        let first = due.acks.first().is_none_or(|(first, _, _)| at < *first);
        due.acks.insert((at, client, seq));
        drop(due);
        if first {
            self.changed.notify_one();
        }
    }

    fn sleep(&self, now: Timestamp) -> Duration {
        let due = self.lock();
        let ack =
            due.acks.first().map(|(at, _, _)| at.saturating_duration_since(clock::monotonic()));
        let expiry = due
            .expiry
            .map(|at| Duration::from_millis(u64::try_from(at.as_ms() - now.as_ms()).unwrap_or(0)));
        [ack, expiry, Some(NAP)].into_iter().flatten().min().unwrap_or(NAP)
    }

    fn take_overdue(&self) -> Vec<(ClientId, i64)> {
        let mut due = self.lock();
        let now = clock::monotonic();
        let mut taken = Vec::new();
        while due.acks.first().is_some_and(|(at, _, _)| *at <= now) {
            taken.extend(due.acks.pop_first().map(|(_, client, seq)| (client, seq)));
        }
        taken
    }

    fn is_expiry_due(&self, now: Timestamp) -> bool {
        self.lock().expiry.is_some_and(|at| at <= now)
    }
}

/// The receiving ends of what the bus does by itself.
#[derive(Debug)]
pub(super) struct Inboxes {
    pub(super) fresh: mpsc::UnboundedReceiver<Fresh>,
    pub(super) marks: mpsc::UnboundedReceiver<Mark>,
}

impl Bus {
    /// Starts what runs by itself.
    pub(super) async fn keep(&self, inboxes: Inboxes) -> Result<(), Error> {
        let (last, unacknowledged, expiry) = self
            .store()
            .read(|db| {
                let last = queries::last_seq(db)?;
                Ok::<_, Error>((last, endings::unacknowledged(db)?, endings::next_expiry(db)?))
            })
            .await?;
        self.inner.hub.begin_after(last);
        let at = clock::monotonic() + self.settings().ack_timeout;
        for (client, seq) in unacknowledged {
            self.inner.agenda.ack_due(at, client, seq);
        }
        self.inner.agenda.lock().expiry = expiry;
        let tasks = &self.inner.tasks;
        tasks.spawn(self.clone().hand_out(inboxes.fresh));
        tasks.spawn(self.clone().write_marks(inboxes.marks));
        tasks.spawn(self.clone().watch_deadlines());
        tasks.spawn(self.clone().keep_index());
        tasks.spawn(self.clone().tell_tabs());
        Ok(())
    }

    /// Hands out what was stored, in the order of its numbers.
    async fn hand_out(self, mut stored: mpsc::UnboundedReceiver<Fresh>) {
        loop {
            let fresh = tokio::select! {
                biased;
                fresh = stored.recv() => fresh,
                () = self.inner.stop.cancelled() => return,
            };
            let Some(Fresh { delivery, audience }) = fresh else { return };
            self.inner.hub.hand_out(&delivery, &audience);
            // Nobody may be listening.
            let _ = self.inner.watch.send(Arc::clone(&delivery.message));
            self.happened(|| Happening::MessageSent(Arc::clone(&delivery.message)));
            self.inner.changed.notify_one();
            self.inner.unindexed.notify_one();
        }
    }

    /// Lets what was stored be found by its words, a moment later and many messages at once.
    async fn keep_index(self) {
        loop {
            if let Err(error) = self.index_words().await {
                tracing::warn!(%error, "messages of the bus could not be indexed; trying again");
            }
            let next = async {
                self.inner.unindexed.notified().await;
                tokio::time::sleep(INDEXED_EVERY).await;
            };
            tokio::select! {
                () = next => {}
                () = self.inner.stop.cancelled() => return,
            }
        }
    }

    /// Lets everything that is stored by now be found by its words.
    pub(super) async fn index_words(&self) -> Result<(), Error> {
        let newest = self.store().read(|db| Ok::<_, Error>(words::unindexed(db)?)).await?;
        let mut missing = newest.is_some();
        while missing {
            // The words are taken apart here, while others write.
            let next = self.store().read(|db| Ok::<_, Error>(words::next(db)?)).await?;
            let last = next.last().map(|(seq, _)| *seq);
            missing = last.is_some() && last < newest;
            self.store().write(move |tx| Ok::<_, Error>(words::index(tx, &next)?)).await?;
        }
        Ok(())
    }

    async fn watch_deadlines(self) {
        loop {
            let nap = self.inner.agenda.sleep(self.now());
            tokio::select! {
                () = tokio::time::sleep(nap) => {}
                () = self.inner.agenda.changed.notified() => continue,
                () = self.inner.stop.cancelled() => return,
            }
            let overdue = self.inner.agenda.take_overdue();
            let expiry = self.inner.agenda.is_expiry_due(self.now());
            if let Err(error) = self.end(overdue, expiry).await {
                tracing::warn!(%error, "messages on the bus could not be looked after; trying again");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }

    /// Looks after deliveries that are overdue and messages that waited too long.
    async fn end(&self, overdue: Vec<(ClientId, i64)>, expiry: bool) -> Result<(), Error> {
        for part in overdue.chunks(ENDED) {
            let (part, retries, now) = (part.to_vec(), self.settings().ack_retries, self.now());
            let put_back = part.clone();
            let (ttl, shared) = (self.settings().message_ttl, self.is_shared());
            let done = self
                .commit(Fails::Anywhere, move |tx, fresh| {
                    let (mut again, mut lost) = (Vec::new(), Vec::new());
                    for (client, seq) in part {
                        match endings::overdue(tx, &client, seq, retries, now)? {
                            Overdue::Settled => {}
                            Overdue::Again => {
                                if shared {
                                    nodes::note(tx, Kind::Again, Some(&client), Some(seq), now)?;
                                }
                                again.push(client);
                            }
                            Overdue::Lost(delivery) => {
                                if shared {
                                    nodes::note(tx, Kind::Timeout, Some(&client), Some(seq), now)?;
                                }
                                report(tx, fresh, &delivery, "timeout", now, ttl)?;
                                lost.push(delivery);
                            }
                        }
                    }
                    Ok((again, lost))
                })
                .await;
            match done {
                Ok((again, lost)) => {
                    for client in &again {
                        self.inner.hub.nudge(client);
                    }
                    self.gave_up(&lost, "timeout");
                }
                Err(error) => {
                    let at = clock::monotonic() + self.settings().ack_timeout;
                    for (client, seq) in put_back {
                        self.inner.agenda.ack_due(at, client, seq);
                    }
                    return Err(error);
                }
            }
        }
        let mut more = expiry;
        while more {
            let (now, ttl) = (self.now(), self.settings().message_ttl);
            let (lost, full, next) = self
                .commit(Fails::Anywhere, move |tx, fresh| {
                    let mut lost = endings::expire(tx, now, ENDED)?;
                    let full = lost.len() == ENDED;
                    // The node that accepted it tells.
                    lost.retain(|delivery| delivery.ours);
                    for delivery in &lost {
                        report(tx, fresh, delivery, "expired", now, ttl)?;
                    }
                    Ok((lost, full, endings::next_expiry(tx)?))
                })
                .await?;
            self.gave_up(&lost, "expired");
            self.inner.agenda.lock().expiry = next;
            more = full;
        }
        Ok(())
    }

    fn gave_up(&self, lost: &[Lost], reason: &'static str) {
        for lost in lost {
            tracing::info!(bus.message = %lost.message_id, bus.client = %lost.client, reason, "a message did not arrive");
            self.inner.hub.count_failed(&lost.client, reason == "expired");
            self.happened(|| Happening::MessageFailed {
                message_id: lost.message_id,
                from: lost.from.clone(),
                client: lost.client.clone(),
                reason,
            });
        }
    }

    /// Tells open pages that something changed, a few times a second at most.
    async fn tell_tabs(self) {
        loop {
            tokio::select! {
                () = self.inner.changed.notified() => {}
                () = self.inner.stop.cancelled() => return,
            }
            let facts = self.inner.hub.facts();
            let news = json!({ "last_seq": facts.last_seq, "online": facts.online });
            self.inner.feed.announce_to_all("bus", &news);
            tokio::time::sleep(TOLD_EVERY).await;
        }
    }
}

/// Tells the sender of a message that somebody did not get it.
fn report(
    tx: &Connection,
    out: &mut Vec<Fresh>,
    lost: &Lost,
    reason: &str,
    now: Timestamp,
    ttl: Duration,
) -> Result<(), Error> {
    if lost.from.is_system() {
        return Ok(());
    }
    let payload = json!({
        "message_id": lost.message_id,
        "seq": lost.seq,
        "client_id": lost.client,
        "type": lost.kind,
        "reason": reason,
    });
    let new = NewMessage {
        id: BusId::new(),
        from: ClientId::system(),
        to: json!(lost.from).to_string(),
        broadcast: false,
        kind: "delivery_failed".to_owned(),
        payload: raw(&payload)?,
        created_at: now,
        expires_at: now.after(ttl),
        requires_ack: false,
        reply_to: Some(lost.message_id),
        priority: USUAL_PRIORITY,
    };
    let seq = queries::insert(tx, &new)?;
    queries::enqueue(tx, &lost.from, seq, &new)?;
    let audience = super::hub::Audience::These([lost.from.clone()].into());
    out.push(fresh(&new, seq, super::types::To::One(lost.from.clone()), audience)?);
    Ok(())
}
