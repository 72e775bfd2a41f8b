//! Following: what the other nodes accepted is taken from the stream into this node's file, together
//! with how far the stream was read, and handed out like what was accepted here. What is there already
//! is passed over, so reading anything twice is harmless.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use redis::Script;
use redis::streams::StreamReadReply;

use super::entry::Kind;
use super::forward::{Broken, PAUSE};
use super::intake::{self, Taken};
use super::{Nodes, Other, Task, outbox, state};
use crate::base::ClientId;
use crate::bus::Bus;
use crate::error::Error;
use crate::net::redis::Wire;
use crate::store::Fails;

/// Entries that are read together.
const BATCH: usize = 200;
/// How long Redis waits for an entry before it says that there is none.
const BLOCK_MS: u64 = 1000;
/// The pause while no node has begun a stream.
const NO_STREAM: Duration = Duration::from_millis(100);

impl Bus {
    pub(super) async fn keep_following(self, nodes: Arc<Nodes>) {
        let head = Script::new(include_str!("head.lua"));
        let mut wire = None;
        loop {
            let pause = tokio::select! {
                done = self.follow(&nodes, &head, &mut wire) => match done {
                    Ok(true) => continue,
                    Ok(false) => NO_STREAM,
                    Err(error) => {
                        wire = None;
                        nodes.failed(Task::Follow, &error);
                        PAUSE
                    }
                },
                () = self.inner.stop.cancelled() => return,
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.inner.stop.cancelled() => return,
            }
        }
    }

    /// Takes what comes next; whether there is a stream at all.
    async fn follow(
        &self,
        nodes: &Nodes,
        head: &Script,
        wire: &mut Option<Wire>,
    ) -> Result<bool, Broken> {
        let standing = self.store().read(|db| Ok::<_, Error>(state::get(db)?)).await?;
        nodes.redis.check()?;
        let mut from = match wire {
            Some(wire) => wire.clone(),
            None => wire.insert(nodes.redis.connect().await?).clone(),
        };
        let stream = nodes.key("bus");
        let mut call = head.key(&stream);
        call.key(nodes.key("life"));
        let (life, last): (String, String) = nodes.in_time(call.invoke_async(&mut from)).await?;
        nodes.there(Task::Follow);
        if life.is_empty() {
            return Ok(false);
        }
        // Another stream is read from its beginning, and so is one that went back.
        let same = life == standing.followed_life && place(&standing.followed) <= place(&last);
        let after = if same { standing.followed } else { "0-0".to_owned() };
        let others = nodes.others();
        let mut read = redis::cmd("XREAD");
        read.arg("COUNT").arg(BATCH).arg("BLOCK").arg(BLOCK_MS);
        read.arg("STREAMS").arg(&stream).arg(&after);
        let limit = Duration::from_millis(BLOCK_MS) + nodes.redis.background();
        let reading = read.query_async::<Option<StreamReadReply>>(&mut from);
        let reply = match tokio::time::timeout(limit, reading).await {
            Ok(reply) => reply?,
            Err(_) => return Err(crate::net::redis::Error::Timeout(limit).into()),
        };
        nodes.there(Task::Follow);
        let mut entries = Vec::new();
        let (mut upto, mut read) = (after, 0);
        for entry in reply.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids) {
            entries.extend(taken(&entry.map).filter(|taken| taken.node != nodes.id.to_string()));
            (upto, read) = (entry.id, read + 1);
        }
        if read > 0 {
            self.take(nodes, entries, upto, life).await?;
        }
        // Everything is read that was there when the others told how far they are.
        if read < BATCH {
            self.compare(nodes, &others).await?;
        }
        Ok(true)
    }

    /// Stores what was read, and that it was read, and hands it out.
    async fn take(
        &self,
        nodes: &Nodes,
        entries: Vec<Taken>,
        upto: String,
        life: String,
    ) -> Result<(), Error> {
        let (settings, now, me) = (self.settings(), self.now(), nodes.id.to_string());
        let news = self
            .commit(Fails::Anywhere, move |tx, fresh| {
                let mut news = intake::News::default();
                for entry in &entries {
                    intake::take(tx, &settings, now, entry, fresh, &mut news)?;
                }
                if news.asked.iter().any(|node| node.as_str() == me) {
                    state::again(tx, now)?;
                }
                state::followed(tx, &upto, &life)?;
                Ok(news)
            })
            .await?;
        if let Some(expires) = news.expires {
            self.inner.agenda.expires(expires);
        }
        for client in &news.nudged {
            self.inner.hub.nudge(client);
        }
        self.inner.changed.notify_one();
        if !news.asked.is_empty() {
            self.tell_nodes();
        }
        self.miss(nodes, news.missed).await
    }

    /// Looks whether everything is here that the others have told.
    async fn compare(&self, nodes: &Nodes, others: &[Other]) -> Result<(), Error> {
        let told: Vec<(String, i64)> = others
            .iter()
            .filter_map(|other| Some((other.node.clone(), other.facts["told"].as_i64()?)))
            .collect();
        if told.is_empty() {
            return Ok(());
        }
        let missed = self
            .store()
            .read(move |db| {
                let mut missed = BTreeSet::new();
                for (node, told) in told {
                    if state::known_of(db, &node)? < told {
                        missed.insert(node);
                    }
                }
                Ok::<_, Error>(missed)
            })
            .await?;
        self.miss(nodes, missed).await
    }

    /// Asks nodes to tell once more what still waits, from its beginning; what they tell before that is
    /// not taken, so that their order is kept.
    async fn miss(&self, nodes: &Nodes, missed: BTreeSet<String>) -> Result<(), Error> {
        let missed: Vec<ClientId> = missed
            .iter()
            .filter(|node| nodes.may_ask(node))
            .filter_map(|node| node.parse().ok())
            .collect();
        if missed.is_empty() {
            return Ok(());
        }
        tracing::warn!(
            nodes = missed.len(),
            "this node misses messages of others, as after it was away for longer than the stream of the bus reaches back \
             (REDIS_STREAM_MAX); they are asked for what still waits"
        );
        let now = self.now();
        self.store()
            .write(move |tx| {
                for node in &missed {
                    outbox::note(tx, Kind::Missed, Some(node), None, now)?;
                }
                Ok::<_, Error>(())
            })
            .await?;
        self.tell_nodes();
        Ok(())
    }
}

/// An entry's fields; `None` for what no node wrote.
fn taken(fields: &HashMap<String, redis::Value>) -> Option<Taken> {
    let text = |name: &str| {
        let value = fields.get(name)?;
        redis::from_redis_value_ref::<String>(value).ok()
    };
    Some(Taken { node: text("n")?, kind: text("k")?, json: text("v")? })
}

/// The order of entries.
fn place(id: &str) -> (u64, u64) {
    let (ms, n) = id.split_once('-').unwrap_or((id, "0"));
    (ms.parse().unwrap_or(0), n.parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_have_an_order_that_is_not_that_of_their_text() {
        assert!(place("9-5") < place("10-0"));
        assert!(place("10-9") < place("10-10"));
        assert_eq!(place("0-0"), (0, 0));
    }
}
