//! One bus of many processes, joined by a Redis server. Each process is a node: what it accepts is in
//! its own file first, so a node without Redis works as ever. From there it is forwarded to a stream,
//! in order, and every node takes from the stream what the others accepted. Who is connected where,
//! what is being sent at this moment and how often somebody asked is shared through Redis alone.
//!
//! Redis may be away, lose everything or stand still: the stream is only ever made from the files.

#[expect(unreachable_pub, reason = "the words are written by a macro that others read too")]
mod entry;
mod follow;
mod forward;
mod intake;
mod outbox;
mod presence;
mod shared;
mod state;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::sync::Notify;

pub(super) use entry::Kind;
pub(super) use outbox::note;
pub(super) use shared::Claim;
pub use shared::Seat;

use super::Bus;
use super::types::{Connection as There, Presence};
use crate::base::{ClientId, NodeId, Timestamp, clock};
use crate::config::{Live, Machines};
use crate::error::Error;
use crate::net::redis::Patience;
use crate::net::{self, BreakerPolicy, Redis};
use crate::store::Store;

/// This node among the others.
#[derive(Debug)]
pub(super) struct Nodes {
    pub(super) id: NodeId,
    redis: Redis,
    prefix: String,
    /// Something is to be forwarded.
    wake: Notify,
    /// Somebody came or went.
    moved: Notify,
    others: Mutex<Arc<Vec<Other>>>,
    link: Mutex<Link>,
    seats: Arc<Mutex<HashMap<ClientId, usize>>>,
    /// When other nodes were last asked for what is missing.
    asked: Mutex<HashMap<String, Instant>>,
}

/// Another node, as it last told.
#[derive(Debug)]
struct Other {
    node: String,
    facts: Value,
    here: HashMap<ClientId, Vec<There>>,
}

/// What needs Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    Forward,
    Follow,
    Presence,
    /// What somebody waits for.
    Request,
}

/// How the link to Redis is.
#[derive(Debug, Default)]
struct Link {
    /// Since when each task has it no more, and why.
    away: BTreeMap<Task, (Timestamp, String)>,
    /// When it was last heard of.
    heard: Option<Timestamp>,
}

impl Nodes {
    /// This node among others through a Redis server.
    pub(super) fn new(id: NodeId, redis: Redis, prefix: &str) -> Self {
        Self {
            id,
            redis,
            prefix: prefix.to_owned(),
            wake: Notify::new(),
            moved: Notify::new(),
            others: Mutex::default(),
            link: Mutex::default(),
            seats: Arc::default(),
            asked: Mutex::default(),
        }
    }

    /// Something is to be forwarded.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Somebody came or went.
    pub(super) fn moved(&self) {
        self.moved.notify_one();
    }

    fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }

    fn others(&self) -> Arc<Vec<Other>> {
        Arc::clone(&self.others.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn link(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks clients that are connected to another node.
    pub(super) fn mark_online(&self, clients: &mut [(ClientId, Presence)]) {
        let others = self.others();
        for (client, presence) in clients {
            if others.iter().any(|other| other.here.contains_key(client)) {
                *presence = Presence::Online;
            }
        }
    }

    /// Clients that are connected to other nodes.
    pub(super) fn online(&self) -> Vec<ClientId> {
        self.others().iter().flat_map(|other| other.here.keys().cloned()).collect()
    }

    /// A client's connections to other nodes.
    pub(super) fn connections(&self, client: &ClientId) -> Vec<There> {
        let others = self.others();
        others.iter().filter_map(|other| other.here.get(client)).flatten().cloned().collect()
    }

    /// Says of connections to this node that they are.
    pub(super) fn label(&self, connections: &mut [There]) {
        for connection in connections {
            connection.node = Some(self.id);
        }
    }

    /// Whether a node may be asked for what is missing: it has a while to answer.
    fn may_ask(&self, node: &str) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::monotonic();
        let patience = self.redis.background();
        if asked.get(node).is_some_and(|last| now.saturating_duration_since(*last) < patience) {
            return false;
        }
        asked.insert(node.to_owned(), now);
        true
    }

    /// Redis did what a task asked.
    fn there(&self, task: Task) {
        self.redis.is_there();
        let mut link = self.link();
        link.heard = Some(Timestamp::now());
        let since = link.away.values().map(|(since, _)| *since).min();
        // What answers a task answers whoever asks next.
        link.away.retain(|away, _| *away != task && *away != Task::Request);
        if let Some(since) = since
            && link.away.is_empty()
        {
            drop(link);
            tracing::info!(redis.away_since = %since, "Redis is back; the bus is one again");
        }
    }

    /// Redis did not do what a task asked.
    fn away(&self, task: Task, error: &(impl std::fmt::Display + ?Sized)) {
        let mut link = self.link();
        let (first, why) = (link.away.is_empty(), error.to_string());
        let known = link.away.entry(task).or_insert_with(|| (Timestamp::now(), String::new()));
        known.1.clone_from(&why);
        drop(link);
        if first {
            tracing::warn!(error = why, "Redis is away; this node serves its own clients");
        }
    }
}

/// This process as a node, when there is a Redis server to join it to others.
pub(super) async fn begin(
    store: &Store,
    live: &Live,
    register: net::Register,
) -> Result<Option<Arc<Nodes>>, Error> {
    let machines = live.now().machines.clone();
    let Some(url) = &machines.redis_url else {
        store.write(|tx| Ok::<_, Error>(state::alone(tx)?)).await?;
        return Ok(None);
    };
    let settings = live.clone();
    let redis = Redis::new(url, machines.at_once, register, move || {
        let config = settings.now();
        let breaker = config.models.breaker;
        Patience {
            background: config.machines.timeout,
            request: config.machines.patience,
            breaker: BreakerPolicy {
                failures: breaker.failures,
                successes: breaker.successes,
                open: breaker.open,
                half_open_calls: breaker.half_open_calls,
            },
        }
    });
    let redis = redis.map_err(|error| Error::internal("joining other nodes", error))?;
    let standing = store.write(|tx| Ok::<_, Error>(state::begin(tx)?)).await?;
    tracing::info!(bus.node = %standing.node, "this process is a node of a bus of many");
    Ok(Some(Arc::new(Nodes::new(standing.node, redis, &machines.prefix))))
}

/// Notes that all messages were deleted, which the others are to do too.
pub(super) fn note_cleared(tx: &Connection, at: Timestamp) -> rusqlite::Result<()> {
    state::alone(tx)?;
    state::cleared(tx, at)?;
    note(tx, Kind::Cleared, None, None, at)
}

impl Bus {
    /// The node that this process is, where there are several.
    pub(super) fn nodes(&self) -> Option<&Nodes> {
        self.inner.nodes.as_deref()
    }

    pub(super) fn machines(&self) -> Machines {
        self.inner.live.now().machines.clone()
    }

    /// Whether others are to be told of what happens here.
    pub(super) fn is_shared(&self) -> bool {
        self.inner.nodes.is_some()
    }

    /// Starts what joins this node to the others.
    pub(super) fn join(&self) {
        if let Some(nodes) = &self.inner.nodes {
            let tasks = &self.inner.tasks;
            tasks.spawn(self.clone().keep_forwarding(Arc::clone(nodes)));
            tasks.spawn(self.clone().keep_following(Arc::clone(nodes)));
            tasks.spawn(self.clone().keep_present(Arc::clone(nodes)));
        }
    }

    /// How the link to the other nodes is, measured now; `None` where there is no Redis.
    pub async fn redis_health(&self) -> Option<Value> {
        let nodes = self.nodes()?;
        let began = clock::monotonic();
        let asked =
            nodes.redis.ask(async |mut wire| redis::cmd("PING").query_async(&mut wire).await);
        let asked: Result<String, _> = asked.await;
        let ms = clock::ms_since(began);
        match &asked {
            Ok(_) => nodes.there(Task::Request),
            Err(error) => nodes.away(Task::Request, error),
        }
        let behind = self.store().read(|db| Ok::<_, Error>(outbox::behind(db)?)).await;
        let link = nodes.link();
        let away = link.away.values().min();
        let error = away.map(|(_, why)| why.clone());
        let error = error.or_else(|| asked.as_ref().err().map(ToString::to_string));
        Some(json!({
            "status": if error.is_none() { "ok" } else { "away" },
            "away_since": away.map(|(since, _)| since),
            "error": error,
            "ping_ms": asked.is_ok().then_some(ms),
            "heard_at": link.heard,
            // What was accepted here and is not with the others yet.
            "to_forward": behind.ok(),
        }))
    }

    /// What is known of every node, this one first; `None` where there is no Redis.
    pub async fn nodes_facts(&self) -> Result<Option<Vec<Value>>, Error> {
        let Some(nodes) = self.nodes() else { return Ok(None) };
        let mut mine = json!(self.facts().await?);
        mine["node"] = json!(nodes.id);
        let others = nodes.others();
        let theirs = others.iter().map(|other| {
            let mut facts = other.facts.clone();
            facts["node"] = json!(other.node);
            facts
        });
        Ok(Some(std::iter::once(mine).chain(theirs).collect()))
    }
}
