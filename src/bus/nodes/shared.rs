//! What nodes must agree on at once: what a sender calls its messages, how many connections a client
//! has, how often somebody asked. All of it is asked of Redis while somebody waits, so none of it waits
//! long, and without an answer what this node knows decides alone.

use std::collections::HashMap;
use std::sync::PoisonError;
use std::time::Duration;

use redis::Script;

use super::Nodes;
use crate::base::{BusId, ClientId, NodeId, clock};
use crate::bus::draft::Checked;
use crate::bus::{Bus, queries};
use crate::error::Error;
use crate::limits::{Class, Full, Rate, Who};

/// How long a node may take from calling a message its own to having it on disk.
const PENDING: Duration = Duration::from_secs(5);
/// How often it is looked whether another node has it by now.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// The length of a window.
const WINDOW: Duration = Duration::from_mins(1);

/// What this node may send under a name, or what another sent.
#[derive(Debug, Clone)]
pub(in crate::bus) enum Claim {
    /// Nothing to agree on.
    None,
    /// It is this node's to send.
    Ours(String),
    /// Another node has sent it.
    Theirs(BusId),
}

/// A claim for each message of a request.
#[derive(Debug, Default)]
pub(in crate::bus) struct Claims(pub(in crate::bus) Vec<Claim>);

/// A client's connection, as the other nodes count it; given back when it is dropped.
#[derive(Debug)]
pub struct Seat {
    bus: Bus,
    client: ClientId,
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(nodes) = self.bus.nodes() {
            nodes.change_seats(&self.client, -1);
            nodes.moved();
        }
    }
}

impl Nodes {
    pub(super) fn seats(&self) -> HashMap<ClientId, usize> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many it has now.
    fn change_seats(&self, client: &ClientId, by: isize) -> usize {
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        let count = seats.get(client).copied().unwrap_or(0).saturating_add_signed(by);
        if count == 0 {
            seats.remove(client);
        } else {
            seats.insert(client.clone(), count);
        }
        count
    }

    /// The key under which a message is claimed: names of clients and messages are nobody's business.
    fn claim_key(&self, sender: &ClientId, key: &str) -> String {
        let hash = blake3::hash(format!("{sender}\n{key}").as_bytes()).to_hex();
        self.key(&format!("id:{}", hash.get(..32).unwrap_or_default()))
    }
}

impl Bus {
    /// Takes a connection for a client, whatever it has elsewhere counted in; `None` where there is one
    /// node, or no answer.
    pub async fn take_seat(&self, client: &ClientId, each: usize) -> Result<Option<Seat>, Full> {
        let Some(nodes) = self.nodes() else { return Ok(None) };
        let mine = nodes.change_seats(client, 1);
        let seat = Seat { bus: self.clone(), client: client.clone() };
        let script = Script::new(include_str!("seat.lua"));
        let me = nodes.id.to_string();
        let ttl = u64::try_from(self.machines().presence.as_millis()).unwrap_or(u64::MAX);
        let mut call = script.key(nodes.key("nodes"));
        call.key(nodes.key(&format!("seats:{me}"))).arg(&me).arg(client.as_str()).arg(mine);
        call.arg(each).arg(nodes.key("")).arg(ttl);
        let asked = nodes.redis.ask(async |mut wire| call.invoke_async(&mut wire).await);
        let asked: Result<(bool, usize), _> = asked.await;
        match asked {
            Ok((false, open)) => Err(Full::Client { limit: each, open }),
            Ok((true, _)) => {
                nodes.moved();
                Ok(Some(seat))
            }
            Err(error) => {
                tracing::debug!(%error, "connections to other nodes are not counted");
                Ok(Some(seat))
            }
        }
    }

    /// Counts a request on all nodes together; `None` where this node's count is all there is.
    pub async fn count_everywhere(&self, class: Class, who: &Who, limit: u64) -> Option<Rate> {
        let nodes = self.nodes()?;
        let name = match who {
            Who::Client(address, client) => format!("{address} {client}"),
            Who::Address(address) => address.to_string(),
            // People and tokens are each node's own.
            Who::User(_) | Who::Token(_) => return None,
        };
        let hash = blake3::hash(name.as_bytes()).to_hex();
        let key =
            nodes.key(&format!("rate:{}:{}", class.name(), hash.get(..32).unwrap_or_default()));
        let script = Script::new(
            "local n = redis.call('INCR', KEYS[1])
             local left = redis.call('PTTL', KEYS[1])
             if left < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) left = tonumber(ARGV[1]) end
             return { n, left }",
        );
        let window = u64::try_from(WINDOW.as_millis()).unwrap_or(u64::MAX);
        let mut call = script.key(key);
        call.arg(window);
        let asked = nodes.redis.ask(async |mut wire| call.invoke_async(&mut wire).await);
        let (used, left_ms): (u64, u64) = match asked.await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::debug!(%error, "requests to other nodes are not counted");
                return None;
            }
        };
        Some(Rate {
            allowed: used <= limit,
            limit,
            remaining: limit.saturating_sub(used),
            reset_s: left_ms.div_ceil(1000).clamp(1, WINDOW.as_secs()),
        })
    }

    /// Claims what the senders of these call them, so that no other node sends the same.
    pub(in crate::bus) async fn claim(&self, checked: &[Checked]) -> Result<Claims, Error> {
        let none = || Claims(vec![Claim::None; checked.len()]);
        let Some(nodes) = self.nodes() else { return Ok(none()) };
        let named: Vec<(usize, ClientId, String, BusId)> = checked
            .iter()
            .enumerate()
            .filter_map(|(at, one)| Some((at, one.new.from.clone(), one.key.clone()?, one.new.id)))
            .collect();
        if named.is_empty() {
            return Ok(none());
        }
        let now = self.now();
        let named = self
            .store()
            .read(move |db| {
                let mut unknown = Vec::new();
                for one in named {
                    if queries::find_key(db, &one.1, &one.2, now)?.is_none() {
                        unknown.push(one);
                    }
                }
                Ok::<_, Error>(unknown)
            })
            .await?;
        let mut claims = none();
        let until = clock::monotonic() + nodes.redis.patience();
        let mut open: Vec<_> = named
            .into_iter()
            .map(|(at, sender, key, id)| (at, nodes.claim_key(&sender, &key), id))
            .collect();
        while !open.is_empty() {
            let held = nodes.hold(&open).await;
            let late = clock::monotonic() >= until;
            let mut pending = Vec::new();
            for (one, held) in open.into_iter().zip(held) {
                let at = one.0;
                claims.0[at] = match held {
                    Held::Ours => Claim::Ours(one.1),
                    Held::Sent(theirs) => Claim::Theirs(theirs),
                    // Twice is better than never.
                    Held::Unknown => Claim::None,
                    Held::Pending => {
                        pending.push(one);
                        Claim::None
                    }
                };
            }
            if late || pending.is_empty() {
                break;
            }
            open = pending;
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.await_theirs(&claims, until).await?;
        Ok(claims)
    }

    /// What another node has sent is on its way here.
    async fn await_theirs(&self, claims: &Claims, until: std::time::Instant) -> Result<(), Error> {
        for claim in &claims.0 {
            let Claim::Theirs(id) = *claim else { continue };
            while clock::monotonic() < until {
                let found = self.store().read(move |db| Ok::<_, Error>(queries::seq_of(db, id)?));
                if found.await?.is_some() {
                    break;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        Ok(())
    }

    /// Says what became of claims: what was sent under each, or nothing. Nobody waits for it.
    pub(in crate::bus) fn settle_claims(&self, claims: Claims, sent: Option<Vec<BusId>>) {
        let Some(nodes) = self.inner.nodes.clone() else { return };
        let ours = claims.0.into_iter().enumerate().filter_map(|(at, claim)| match claim {
            Claim::Ours(key) => Some((at, key)),
            Claim::None | Claim::Theirs(_) => None,
        });
        let ours: Vec<_> = ours.collect();
        if ours.is_empty() {
            return;
        }
        let ttl = u64::try_from(self.settings().dedup_ttl.as_millis()).unwrap_or(u64::MAX);
        self.inner.tasks.spawn(async move {
            let told = nodes.redis.ask(async |mut wire| {
                let mut pipe = redis::pipe();
                for (at, key) in &ours {
                    match sent.as_ref().and_then(|sent| sent.get(*at)) {
                        Some(id) => {
                            let value = held(true, nodes.id, *id);
                            pipe.cmd("SET").arg(key).arg(value).arg("PX").arg(ttl).ignore();
                        }
                        None => {
                            pipe.del(key).ignore();
                        }
                    }
                }
                pipe.exec_async(&mut wire).await
            });
            if let Err(error) = told.await {
                tracing::debug!(%error, "claims of messages were left to end by themselves");
            }
        });
    }
}

/// Who holds a claim.
enum Held {
    Ours,
    Sent(BusId),
    Pending,
    /// Redis did not say.
    Unknown,
}

fn held(sent: bool, node: NodeId, id: BusId) -> String {
    format!("{} {node} {id}", if sent { "sent" } else { "pending" })
}

impl Nodes {
    /// Asks for claims, each under its key, all at once.
    async fn hold(&self, open: &[(usize, String, BusId)]) -> Vec<Held> {
        let ttl = u64::try_from(PENDING.as_millis()).unwrap_or(u64::MAX);
        let asked = self.redis.ask(async |mut wire| {
            let mut pipe = redis::pipe();
            for (_, key, id) in open {
                let value = held(false, self.id, *id);
                pipe.cmd("SET").arg(key).arg(value).arg("NX").arg("PX").arg(ttl).ignore();
                pipe.cmd("GET").arg(key);
            }
            pipe.query_async(&mut wire).await
        });
        let found: Vec<Option<String>> = match asked.await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::debug!(%error, "other nodes were not asked what messages are called");
                Vec::new()
            }
        };
        let held = found.into_iter().map(|found| self.holder(found.as_deref()));
        held.chain(std::iter::repeat_with(|| Held::Unknown)).take(open.len()).collect()
    }

    fn holder(&self, found: Option<&str>) -> Held {
        let mut parts = found.unwrap_or_default().split(' ');
        match (parts.next(), parts.next(), parts.next().and_then(|id| id.parse().ok())) {
            (_, Some(node), _) if node == self.id.to_string() => Held::Ours,
            (Some("sent"), Some(_), Some(id)) => Held::Sent(id),
            (Some("pending"), Some(_), Some(_)) => Held::Pending,
            _ => Held::Unknown,
        }
    }
}
