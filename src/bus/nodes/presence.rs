//! Presence: each node tells, for a short time, who is connected to it and how it is, again and again;
//! one that stops telling is gone, and its clients with it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use redis::Script;
use serde_json::Value;

use super::forward::Broken;
use super::{Nodes, Other, Task, state};
use crate::base::{ClientId, NodeId, clock};
use crate::bus::types::Connection;
use crate::bus::{Bus, endings};
use crate::error::Error;
use crate::net::redis::Wire;

/// How often others are asked for at least.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Comings and goings are told no more often than this.
const TOLD_EVERY: Duration = Duration::from_millis(200);

/// A node, its facts and its clients with their connections, as JSON.
type Told = (String, String, HashMap<String, String>);

impl Bus {
    pub(super) async fn keep_present(self, nodes: Arc<Nodes>) {
        let script = Script::new(include_str!("presence.lua"));
        let mut wire = None;
        let (mut anew, mut seen) = (true, clock::monotonic());
        loop {
            let ttl = self.machines().presence;
            tokio::select! {
                told = self.tell_presence(&nodes, &script, &mut wire, anew) => match told {
                    Ok(true) => {
                        (anew, seen) = (false, clock::monotonic());
                        if let Err(error) = self.look_after(&nodes).await {
                            tracing::warn!(%error, "deliveries of nodes that are gone wait");
                        }
                    }
                    // Redis has lost what was told.
                    Ok(false) if !anew => {
                        anew = true;
                        continue;
                    }
                    Ok(false) => {}
                    Err(error) => {
                        (wire, anew) = (None, true);
                        nodes.failed(Task::Presence, &error);
                        self.forget_others(&nodes, seen, ttl);
                    }
                },
                () = self.inner.stop.cancelled() => return nodes.leave().await,
            }
            tokio::select! {
                () = nodes.moved.notified() => {
                    anew = true;
                    tokio::time::sleep(TOLD_EVERY).await;
                }
                () = tokio::time::sleep(LOOK_EVERY.min(ttl / 4)) => {}
                () = self.inner.stop.cancelled() => return nodes.leave().await,
            }
        }
    }

    /// Tells who is here and hears who is there; `false` when everything must be told anew.
    async fn tell_presence(
        &self,
        nodes: &Nodes,
        script: &Script,
        wire: &mut Option<Wire>,
        anew: bool,
    ) -> Result<bool, Broken> {
        nodes.redis.check()?;
        let mut to = match wire {
            Some(wire) => wire.clone(),
            None => wire.insert(nodes.redis.connect().await?).clone(),
        };
        let standing = self.store().read(|db| Ok::<_, Error>(state::get(db)?)).await?;
        let mut facts = serde_json::json!(self.facts().await?);
        facts["told"] = standing.told.into();
        let facts = facts.to_string();
        let here = self.inner.hub.here();
        let seats = nodes.seats();
        let me = nodes.id.to_string();
        let mut call = script.key(nodes.key("nodes"));
        for name in ["here", "seats", "facts"] {
            call.key(nodes.key(&format!("{name}:{me}")));
        }
        call.key(nodes.key("places"));
        let ttl = u64::try_from(self.machines().presence.as_millis()).unwrap_or(u64::MAX);
        call.arg(&me).arg(ttl).arg(facts).arg(nodes.key("")).arg(u8::from(anew));
        call.arg(&standing.followed).arg(here.len()).arg(seats.len());
        if anew {
            for (client, connections) in &here {
                let json = serde_json::to_string(connections)
                    .map_err(|error| Error::internal("writing connections", error))?;
                call.arg(client.as_str()).arg(json);
            }
            for (client, count) in &seats {
                call.arg(client.as_str()).arg(count);
            }
        }
        let (whole, told): (bool, Vec<Told>) = nodes.in_time(call.invoke_async(&mut to)).await?;
        nodes.there(Task::Presence);
        if whole {
            self.set_others(nodes, told);
        }
        Ok(whole)
    }

    fn set_others(&self, nodes: &Nodes, told: Vec<Told>) {
        let others: Vec<Other> = told.into_iter().map(other).collect();
        let mut known = nodes.others.lock().unwrap_or_else(PoisonError::into_inner);
        let clients = |others: &[Other]| {
            let each = others.iter().flat_map(|other| {
                other.here.iter().map(|(client, there)| (client.clone(), there.len()))
            });
            let mut each: Vec<_> = each.collect();
            each.sort();
            each
        };
        let changed = clients(&known) != clients(&others);
        *known = Arc::new(others);
        drop(known);
        if changed {
            self.inner.changed.notify_one();
        }
    }

    /// Deliveries that a node looked after which is gone are this node's to look after, if it accepted
    /// the message: one node does, not each.
    async fn look_after(&self, nodes: &Nodes) -> Result<(), Error> {
        let others = nodes.others();
        let there: Vec<&str> = others.iter().map(|other| other.node.as_str()).collect();
        let there = serde_json::json!(there).to_string();
        let left =
            self.store().read(move |db| Ok::<_, Error>(endings::left_alone(db, &there)?)).await?;
        if left.is_empty() {
            return Ok(());
        }
        let taken = left.clone();
        self.store()
            .write(move |tx| {
                for (client, seq) in &taken {
                    endings::take_over(tx, client, *seq)?;
                }
                Ok::<_, Error>(())
            })
            .await?;
        let at = clock::monotonic() + self.settings().ack_timeout;
        for (client, seq) in left {
            self.inner.agenda.ack_due(at, client, seq);
        }
        Ok(())
    }

    /// Who was not heard of for so long is not there.
    fn forget_others(&self, nodes: &Nodes, seen: Instant, ttl: Duration) {
        if clock::monotonic().saturating_duration_since(seen) >= ttl {
            self.set_others(nodes, Vec::new());
        }
    }
}

/// What a node told; what cannot be read of it is left out.
fn other((node, facts, here): Told) -> Other {
    let label: Option<NodeId> = node.parse().ok();
    let here = here.into_iter().filter_map(|(client, json)| {
        let client: ClientId = client.parse().ok()?;
        let mut connections: Vec<Connection> = serde_json::from_str(&json).ok()?;
        for connection in &mut connections {
            connection.node = label;
        }
        Some((client, connections))
    });
    let here = here.collect();
    Other { node, facts: serde_json::from_str(&facts).unwrap_or(Value::Null), here }
}

impl Nodes {
    /// Tells that this node is gone; it would be found out soon.
    async fn leave(&self) {
        let me = self.id.to_string();
        let keys: Vec<String> = ["here", "seats", "facts"]
            .iter()
            .map(|name| self.key(&format!("{name}:{me}")))
            .collect();
        let (nodes, places) = (self.key("nodes"), self.key("places"));
        let left = self.redis.ask(async |mut wire| {
            let mut pipe = redis::pipe();
            pipe.del(&keys).srem(&nodes, &me).hdel(&places, &me);
            pipe.exec_async(&mut wire).await
        });
        if let Err(error) = left.await {
            tracing::debug!(%error, "the other nodes were not told that this one ends");
        }
    }
}
