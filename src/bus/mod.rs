//! The agent bus: messages between processes by the names they go by. What is accepted is on disk
//! before it is answered, waits for who is away, and is delivered at least once, in order, with a
//! number that tells. Nothing here knows how clients are connected.
//!
//! One writer numbers the messages, and what was committed is handed out in that order.

mod counters;
mod draft;
mod endings;
mod hub;
mod marks;
mod nodes;
mod queries;
mod sending;
mod subscription;
mod types;
mod upkeep;
mod words;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::{Notify, broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use endings::Replay;
pub use hub::Delivery;
pub use nodes::Seat;
pub use subscription::Subscription;
pub use types::{
    Client, Connection, Counters, Dedup, Draft, Facts, Filter, Happening, Message, Presence,
    Progress, Sender, Sent, State, Status, To, USUAL_PRIORITY,
};

use crate::base::{BusId, Caller, ClientId, ConnectionId, Cursor, Feed, Page, Steady, Timestamp};
use crate::config::{self, Live};
use crate::error::Error;
use crate::net;
use crate::store::{Store, text};
use hub::{Audience, Hub};
use marks::Mark;
use nodes::Nodes;
use upkeep::{Agenda, Inboxes};

/// Old messages that are deleted together.
const PURGED: usize = 500;

/// What a bus is made of.
#[derive(Debug)]
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The settings.
    pub live: Live,
    /// Where tabs hear of changes.
    pub feed: Feed,
    /// Where the Redis server is entered that joins several processes.
    pub register: net::Register,
    /// What runs in the background.
    pub tasks: TaskTracker,
    /// Cancelled when the server stops.
    pub stop: CancellationToken,
}

/// The bus. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bus {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    live: Live,
    feed: Feed,
    tasks: TaskTracker,
    stop: CancellationToken,
    clock: Steady,
    hub: Hub,
    nodes: Option<Arc<Nodes>>,
    agenda: Agenda,
    stored: mpsc::UnboundedSender<Fresh>,
    marks: mpsc::UnboundedSender<Mark>,
    watch: broadcast::Sender<Arc<Message>>,
    happenings: broadcast::Sender<Happening>,
    changed: Notify,
    unindexed: Notify,
    timed: AtomicU64,
}

/// A message that was just stored, on its way to those it is for.
#[derive(Debug)]
struct Fresh {
    delivery: Arc<Delivery>,
    audience: Audience,
}

impl Bus {
    /// Takes up where the last process ended.
    pub async fn open(parts: Parts) -> Result<Self, Error> {
        let Parts { store, live, feed, register, tasks, stop } = parts;
        let nodes = nodes::begin(&store, &live, register).await?;
        let buffer = live.now().bus.buffer;
        let (stored, fresh) = mpsc::unbounded_channel();
        let (marking, marks) = mpsc::unbounded_channel();
        let bus = Self {
            inner: Arc::new(Inner {
                store,
                live,
                feed,
                tasks,
                stop,
                clock: Steady::new(),
                hub: Hub::default(),
                nodes,
                agenda: Agenda::default(),
                stored,
                marks: marking,
                watch: broadcast::Sender::new(buffer),
                happenings: broadcast::Sender::new(buffer),
                changed: Notify::new(),
                unindexed: Notify::new(),
                timed: AtomicU64::new(0),
            }),
        };
        bus.keep(Inboxes { fresh, marks }).await?;
        bus.join();
        Ok(bus)
    }

    /// Messages that a filter lets through, oldest first. What is read for one client after a number
    /// counts as delivered to it.
    pub async fn messages(&self, who: &Sender, filter: Filter) -> Result<Vec<Message>, Error> {
        let reader = filter.to.clone().filter(|_| filter.since_seq.is_some());
        let reader = reader.filter(|to| who.only.as_ref().is_none_or(|me| me == to));
        let who = who.clone();
        let found =
            self.store().read(move |db| Ok::<_, Error>(queries::list(db, &who, &filter)?)).await?;
        if let Some(client) = reader {
            self.mark(Mark::Seen(client.clone(), self.inner.hub.facts().last_seq));
            for message in &found {
                let (seq, wants_ack) = (message.seq, message.requires_ack);
                self.mark(Mark::Delivered { client: client.clone(), seq, wants_ack });
            }
            self.marks_written().await;
        }
        Ok(found)
    }

    /// Messages with all of these words, newest first.
    pub async fn search(
        &self,
        who: &Sender,
        words: &str,
        limit: usize,
    ) -> Result<Vec<Message>, Error> {
        let Some(expression) = text::all_of(&text::terms(words, true)) else {
            return Ok(Vec::new());
        };
        if let Err(error) = self.index_words().await {
            tracing::debug!(%error, "the newest messages are not found by their words yet");
        }
        let who = who.clone();
        self.store()
            .read(move |db| Ok::<_, Error>(words::search(db, &who, &expression, limit)?))
            .await
    }

    /// One message.
    pub async fn get(&self, who: &Sender, id: BusId) -> Result<Message, Error> {
        let who = who.clone();
        let found =
            self.store().read(move |db| Ok::<_, Error>(queries::find(db, &who, id)?)).await?;
        found.ok_or(Error::not_found("message"))
    }

    /// The messages of a message's thread, oldest first.
    pub async fn thread(&self, who: &Sender, id: BusId) -> Result<Vec<Message>, Error> {
        let (who, limit) = (who.clone(), self.settings().batch_max);
        self.store()
            .read(move |db| {
                queries::find(db, &who, id)?.ok_or(Error::not_found("message"))?;
                Ok(queries::thread(db, &who, id, limit)?)
            })
            .await
    }

    /// How far a message came with everybody it is for.
    pub async fn status(&self, who: &Sender, id: BusId) -> Result<Status, Error> {
        self.marks_written().await;
        let (who, now) = (who.clone(), self.now());
        let found = self
            .store()
            .read(move |db| Ok::<_, Error>(queries::status(db, &who, id, now)?))
            .await?;
        found.ok_or(Error::not_found("message"))
    }

    /// Acknowledges a message on behalf of one of its recipients.
    pub async fn ack(
        &self,
        caller: &Caller,
        who: &Sender,
        client: Option<ClientId>,
        id: BusId,
    ) -> Result<Progress, Error> {
        let client = match (client, &who.only) {
            (Some(client), Some(me)) if client != *me => return Err(not_yours(me)),
            (Some(client), _) => client,
            (None, Some(me)) => me.clone(),
            (None, None) => {
                return Err(Error::invalid(
                    "client_id",
                    "say which client acknowledges the message",
                ));
            }
        };
        let (now, shared) = (self.now(), self.is_shared());
        let done = self
            .store()
            .write_once(caller, move |tx| {
                let done = queries::acknowledge(tx, &client, id, now)?;
                let done = done.ok_or(Error::not_found("message"))?;
                if shared {
                    let seq = queries::seq_of(tx, id)?;
                    nodes::note(tx, nodes::Kind::Acknowledged, Some(&client), seq, now)?;
                }
                Ok::<_, Error>(done)
            })
            .await?;
        self.tell_nodes();
        self.inner.changed.notify_one();
        Ok(done.value)
    }

    /// Puts old messages into a client's queue again; says how many.
    pub async fn replay(
        &self,
        caller: &Caller,
        who: &Sender,
        wanted: Replay,
    ) -> Result<usize, Error> {
        if let Some(me) = who.only.as_ref().filter(|me| **me != wanted.to) {
            return Err(not_yours(me));
        }
        self.marks_written().await;
        let (settings, now, shared) = (self.settings(), self.now(), self.is_shared());
        let expires = now.after(settings.message_ttl);
        let client = wanted.to.clone();
        let replayed = self
            .store()
            .write_once(caller, move |tx| {
                let (waiting, _) = queries::queue(tx, &wanted.to)?;
                let room = settings.queue_max.saturating_sub(waiting);
                if room == 0 {
                    return Err(queue_full(&wanted.to, settings.queue_max));
                }
                let replayed = endings::replay(tx, &wanted, room, expires)?;
                for &seq in replayed.iter().filter(|_| shared) {
                    nodes::note(tx, nodes::Kind::Again, Some(&wanted.to), Some(seq), now)?;
                }
                Ok(replayed.len())
            })
            .await?;
        self.tell_nodes();
        self.inner.agenda.expires(expires);
        self.inner.hub.nudge(&client);
        self.inner.changed.notify_one();
        Ok(replayed.value)
    }

    /// Deletes all messages; says how many.
    pub async fn clear(&self, caller: &Caller) -> Result<usize, Error> {
        self.marks_written().await;
        let (now, shared) = (Timestamp::now(), self.is_shared());
        let cleared = self
            .store()
            .write_once(caller, move |tx| {
                let cleared = endings::clear(tx)?;
                if shared {
                    nodes::note_cleared(tx, now)?;
                }
                Ok::<_, Error>(cleared)
            })
            .await?;
        let cleared = cleared.value;
        self.tell_nodes();
        tracing::info!(cleared, "the messages of the bus were cleared");
        self.inner.changed.notify_one();
        Ok(cleared)
    }

    /// Clients in the order of their ids.
    pub async fn clients(
        &self,
        who: &Sender,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Client>, Error> {
        let after = cursor.map(Cursor::decode).transpose();
        let after = after.map_err(|error| Error::invalid("cursor", error.to_string()))?;
        let after: String = after.unwrap_or_default();
        self.marks_written().await;
        let (only, now) = (who.only.clone(), self.now());
        let mut items = self
            .store()
            .read(move |db| {
                Ok::<_, Error>(endings::clients(db, only.as_ref(), &after, limit + 1, now)?)
            })
            .await?;
        let more = items.len() > limit;
        items.truncate(limit);
        for client in &mut items {
            (client.connections, client.counters) = self.inner.hub.about(&client.id);
            if let Some(nodes) = self.nodes() {
                nodes.label(&mut client.connections);
                client.connections.extend(nodes.connections(&client.id));
            }
            if !client.connections.is_empty() {
                client.state = Presence::Online;
            }
        }
        let next_cursor = items.last().filter(|_| more).and_then(|last| Cursor::encode(&last.id));
        Ok(Page { items, next_cursor })
    }

    /// One client.
    pub async fn client(&self, who: &Sender, id: ClientId) -> Result<Client, Error> {
        if who.only.as_ref().is_some_and(|me| *me != id) {
            return Err(Error::not_found("client"));
        }
        let one = Sender { only: Some(id) };
        let found = self.clients(&one, None, 1).await?.items.pop();
        found.ok_or(Error::not_found("client"))
    }

    /// How the bus is.
    pub async fn facts(&self) -> Result<Facts, Error> {
        let (first_seq, waiting, clients) =
            self.store().read(|db| Ok::<_, Error>(endings::totals(db)?)).await?;
        Ok(Facts { first_seq, waiting, clients, ..self.inner.hub.facts() })
    }

    /// Listens for a client, or to everything: to what waits and then what comes, or to everything
    /// after a number.
    pub fn subscribe(
        &self,
        who: &Sender,
        client: Option<ClientId>,
        since: Option<i64>,
        (kind, address): (&'static str, String),
    ) -> Result<Subscription, Error> {
        if let Some(me) = who.only.as_ref().filter(|me| client.as_ref() != Some(*me)) {
            return Err(not_yours(me));
        }
        let about = Connection {
            id: ConnectionId::new(),
            kind: kind.into(),
            since: Timestamp::now(),
            address,
            node: None,
        };
        let seat = self.inner.hub.enter(client, about, self.settings().buffer);
        self.tell_moved();
        Ok(Subscription::begin(self.clone(), seat, since))
    }

    /// Every message from now on, in order.
    pub fn watch(&self) -> broadcast::Receiver<Arc<Message>> {
        self.inner.watch.subscribe()
    }

    /// What happens from now on.
    pub fn happenings(&self) -> broadcast::Receiver<Happening> {
        self.inner.happenings.subscribe()
    }

    /// Tells those who want to know that somebody sent more than they may.
    pub fn rate_limit_hit(&self, client: Option<ClientId>, address: String, limit: u64) {
        self.happened(|| Happening::RateLimitHit { client, address, limit });
    }

    /// Clears away what is old: messages, what their senders called them, counters.
    pub async fn sweep(&self) -> Result<(), Error> {
        let settings = self.settings();
        self.inner.hub.sweep(settings.client_metrics_ttl);
        let now = self.now();
        self.store().write(move |tx| Ok::<_, Error>(endings::forget(tx, now)?)).await?;
        let before = now.before(settings.log_keep);
        loop {
            let gone = self
                .store()
                .write(move |tx| Ok::<_, Error>(endings::purge(tx, before, now, PURGED)?))
                .await?;
            if gone < PURGED {
                return Ok(());
            }
        }
    }

    /// The instant by which what waits is judged.
    fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    fn settings(&self) -> config::Bus {
        self.inner.live.now().bus
    }

    fn store(&self) -> &Store {
        &self.inner.store
    }

    fn mark(&self, mark: Mark) {
        // The receiver ends with the process.
        let _ = self.inner.marks.send(mark);
    }

    /// Waits until everything that was marked is in the database.
    async fn marks_written(&self) {
        let (told, written) = oneshot::channel();
        self.mark(Mark::Written(told));
        let _ = written.await;
    }

    fn happened(&self, what: impl FnOnce() -> Happening) {
        if self.inner.happenings.receiver_count() > 0 {
            let _ = self.inner.happenings.send(what());
        }
    }

    /// The other nodes are to be told of something, where there are any.
    fn tell_nodes(&self) {
        if let Some(nodes) = &self.inner.nodes {
            nodes.wake();
        }
    }

    /// Somebody came or went.
    fn tell_moved(&self) {
        if let Some(nodes) = &self.inner.nodes {
            nodes.moved();
        }
    }

    fn tell_connected(&self, client: &ClientId) {
        tracing::debug!(bus.client = %client, "a client connected");
        self.happened(|| Happening::ClientConnected(client.clone()));
        self.inner.changed.notify_one();
    }

    fn leave(&self, id: ConnectionId, client: Option<&ClientId>) {
        let last = self.inner.hub.leave(id, client);
        self.tell_moved();
        if let Some(client) = client.filter(|_| last) {
            tracing::debug!(bus.client = %client, "a client disconnected");
            self.happened(|| Happening::ClientDisconnected(client.clone()));
            self.mark(Mark::Seen(client.clone(), 0));
        }
        self.inner.changed.notify_one();
    }
}

fn queue_full(client: &ClientId, limit: u32) -> Error {
    Error::TooMany {
        code: "queue_full",
        message: format!(
            "{limit} messages wait for {client} already (QUEUE_MAX_PER_CLIENT); it must read some first"
        ),
        retry_after_s: 5,
    }
}

/// The refusal of who may be one client only and wants to be another.
pub fn not_yours(me: &ClientId) -> Error {
    Error::Forbidden {
        code: "not_your_client_id",
        message: format!("this token is bound to the client id {me} and can be no other"),
    }
}

/// JSON as it goes out.
fn raw(value: &impl Serialize) -> Result<Box<RawValue>, Error> {
    serde_json::value::to_raw_value(value).map_err(|error| Error::internal("writing JSON", error))
}

fn json_of(message: &Message) -> Result<Arc<str>, Error> {
    let json = serde_json::to_string(message);
    json.map(Arc::from).map_err(|error| Error::internal("writing a message", error))
}
