//! Who is connected, and handing messages to them. Each connection has a queue of its own with a
//! bound: one that is full is passed over and told so, and catches up from what is stored, so that a
//! slow reader holds up nobody and misses nothing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc};

use super::counters::Tally;
use super::types::{Connection, Counters, Facts, Message, Presence};
use crate::base::{ClientId, ConnectionId, clock};

/// A message on its way to connections.
#[derive(Debug)]
pub struct Delivery {
    /// The message.
    pub message: Arc<Message>,
    /// The same as JSON, written once for all connections.
    pub json: Arc<str>,
    /// Whether it was delivered before.
    pub again: bool,
    /// The frame that it goes out in, written once for all connections.
    frame: OnceLock<Bytes>,
}

impl Delivery {
    pub(super) fn new(message: Arc<Message>, json: Arc<str>, again: bool) -> Self {
        Self { message, json, again, frame: OnceLock::new() }
    }

    /// What the first to ask made of it.
    pub fn frame(&self, make: impl FnOnce(&Self) -> Bytes) -> Bytes {
        self.frame.get_or_init(|| make(self)).clone()
    }
}

/// Whom a stored message goes to.
#[derive(Debug, Clone)]
pub(super) enum Audience {
    /// Everybody but the sender.
    All,
    /// These.
    These(Arc<[ClientId]>),
}

/// The hub's end of a connection.
#[derive(Debug)]
struct Link {
    about: Connection,
    queue: mpsc::Sender<Arc<Delivery>>,
    behind: Arc<AtomicBool>,
    nudge: Arc<Notify>,
}

/// The reader's end of a connection; leaving the hub is dropping it.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) id: ConnectionId,
    pub(super) client: Option<ClientId>,
    pub(super) queue: mpsc::Receiver<Arc<Delivery>>,
    pub(super) behind: Arc<AtomicBool>,
    /// Something old waits for the client again.
    pub(super) nudge: Arc<Notify>,
    /// Everything up to this was handed out before.
    pub(super) handed_out: i64,
    /// Whether the client was not there before.
    pub(super) first: bool,
}

#[derive(Debug)]
struct Known {
    links: Vec<Link>,
    tally: Tally,
    /// When it last did anything.
    active: Instant,
}

#[derive(Debug, Default)]
struct Inner {
    clients: HashMap<ClientId, Known>,
    watchers: Vec<Link>,
    connections: usize,
    online: usize,
    handed_out: i64,
    sent: u64,
    duplicates: u64,
    delivered: u64,
    failed: u64,
}

/// Everybody who is there.
#[derive(Debug, Default)]
pub(super) struct Hub {
    inner: Mutex<Inner>,
}

impl Inner {
    fn known(&mut self, client: &ClientId) -> &mut Known {
        let new =
            || Known { links: Vec::new(), tally: Tally::default(), active: clock::monotonic() };
        self.clients.entry(client.clone()).or_insert_with(new)
    }
}

impl Link {
    /// Puts a message into the queue; `false` when it had to be passed over.
    fn hand(&self, delivery: &Arc<Delivery>) -> bool {
        // While it is behind, it is given everything from the disk, in order.
        if self.behind.load(Ordering::Acquire) {
            return true;
        }
        match self.queue.try_send(Arc::clone(delivery)) {
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.behind.store(true, Ordering::Release);
                false
            }
        }
    }
}

impl Hub {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins after what is stored already.
    pub(super) fn begin_after(&self, seq: i64) {
        self.lock().handed_out = seq;
    }

    /// Lets a connection in; without a client it is given everything.
    pub(super) fn enter(&self, client: Option<ClientId>, about: Connection, buffer: usize) -> Seat {
        let (queue, waiting) = mpsc::channel(buffer);
        let behind = Arc::new(AtomicBool::new(false));
        let id = about.id;
        let nudge = Arc::new(Notify::new());
        let link = Link { about, queue, behind: Arc::clone(&behind), nudge: Arc::clone(&nudge) };
        let mut inner = self.lock();
        inner.connections += 1;
        let mut first = false;
        match &client {
            None => inner.watchers.push(link),
            Some(client) => {
                let known = inner.known(client);
                known.active = clock::monotonic();
                first = known.links.is_empty();
                known.links.push(link);
                inner.online += usize::from(first);
            }
        }
        Seat { id, client, queue: waiting, behind, nudge, handed_out: inner.handed_out, first }
    }

    /// Lets a connection go; whether it was the client's last.
    pub(super) fn leave(&self, id: ConnectionId, client: Option<&ClientId>) -> bool {
        let mut inner = self.lock();
        inner.connections = inner.connections.saturating_sub(1);
        let Some(client) = client else {
            inner.watchers.retain(|link| link.about.id != id);
            return false;
        };
        let Some(known) = inner.clients.get_mut(client) else { return false };
        let before = known.links.len();
        known.links.retain(|link| link.about.id != id);
        known.active = clock::monotonic();
        let last = before > 0 && known.links.is_empty();
        inner.online -= usize::from(last);
        last
    }

    /// Hands a message to everybody it is for. Called in the order of their numbers.
    pub(super) fn hand_out(&self, delivery: &Arc<Delivery>, audience: &Audience) {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let message = &delivery.message;
        inner.handed_out = message.seq;
        for link in &inner.watchers {
            link.hand(delivery);
        }
        match audience {
            Audience::All => {
                for (client, known) in &mut inner.clients {
                    if *client != message.from {
                        known.hand(delivery);
                    }
                }
            }
            Audience::These(clients) => {
                for client in clients.iter() {
                    match inner.clients.get_mut(client) {
                        Some(known) if !known.links.is_empty() => known.hand(delivery),
                        Some(known) => known.tally.queued += 1,
                        None => inner.known(client).tally.queued += 1,
                    }
                }
            }
        }
    }

    /// Has a client's connections look into its queue again.
    pub(super) fn nudge(&self, client: &ClientId) {
        let mut inner = self.lock();
        if let Some(known) = inner.clients.get_mut(client) {
            for link in &known.links {
                link.nudge.notify_one();
            }
        }
    }

    /// Says which of these are connected.
    pub(super) fn mark_online(&self, clients: &mut [(ClientId, Presence)]) {
        let inner = self.lock();
        for (client, presence) in clients {
            if inner.clients.get(client).is_some_and(|known| !known.links.is_empty()) {
                *presence = Presence::Online;
            }
        }
    }

    /// Counts what a client sent; `took` for those that are timed.
    pub(super) fn count_sent(&self, client: &ClientId, duplicate: bool, took: Option<Duration>) {
        let mut inner = self.lock();
        inner.sent += 1;
        inner.duplicates += u64::from(duplicate);
        let known = inner.known(client);
        known.active = clock::monotonic();
        known.tally.sent += 1;
        known.tally.deduplicated += u64::from(duplicate);
        if let Some(took) = took {
            known.tally.time(took);
        }
    }

    /// Counts what was written to a client.
    pub(super) fn count_delivered(&self, client: &ClientId) {
        let mut inner = self.lock();
        inner.delivered += 1;
        let known = inner.known(client);
        known.active = clock::monotonic();
        known.tally.delivered += 1;
    }

    /// Counts what was written to a client once more.
    pub(super) fn count_again(&self, client: &ClientId) {
        self.lock().known(client).tally.redelivered += 1;
    }

    /// Counts what was given up.
    pub(super) fn count_failed(&self, client: &ClientId, expired: bool) {
        let mut inner = self.lock();
        inner.failed += 1;
        if let Some(known) = inner.clients.get_mut(client) {
            known.tally.expired += u64::from(expired);
        }
    }

    /// Forgets what was counted of those who are gone for so long.
    pub(super) fn sweep(&self, keep: Duration) {
        let now = clock::monotonic();
        let mut inner = self.lock();
        inner.clients.retain(|_, known| {
            !known.links.is_empty() || now.saturating_duration_since(known.active) < keep
        });
        inner.clients.shrink_to_fit();
    }

    /// A client's connections and counters.
    pub(super) fn about(&self, client: &ClientId) -> (Vec<Connection>, Counters) {
        match self.lock().clients.get(client) {
            None => (Vec::new(), Counters::default()),
            Some(known) => (
                known.links.iter().map(|link| link.about.clone()).collect(),
                known.tally.counters(),
            ),
        }
    }

    /// Everybody's connections.
    pub(super) fn here(&self) -> HashMap<ClientId, Vec<Connection>> {
        let inner = self.lock();
        let there = inner.clients.iter().filter(|(_, known)| !known.links.is_empty());
        there
            .map(|(client, known)| {
                (client.clone(), known.links.iter().map(|link| link.about.clone()).collect())
            })
            .collect()
    }

    /// Clients that are connected.
    pub(super) fn online(&self) -> Vec<ClientId> {
        let inner = self.lock();
        let there = inner.clients.iter().filter(|(_, known)| !known.links.is_empty());
        there.map(|(client, _)| client.clone()).collect()
    }

    /// What is known without asking the disk.
    pub(super) fn facts(&self) -> Facts {
        let inner = self.lock();
        Facts {
            last_seq: inner.handed_out,
            first_seq: 0,
            waiting: 0,
            clients: 0,
            online: inner.online,
            connections: inner.connections,
            sent: inner.sent,
            duplicates: inner.duplicates,
            delivered: inner.delivered,
            failed: inner.failed,
        }
    }
}

impl Known {
    fn hand(&mut self, delivery: &Arc<Delivery>) {
        for link in &self.links {
            if !link.hand(delivery) {
                self.tally.overflows += 1;
            }
        }
    }
}
