//! Forwarding: what this node accepted goes onto the stream in the order of its numbers, from a cursor
//! that is kept in the file. When the stream is not the one that this node knows, or lacks its last
//! entry, whatever still waits for anybody is put on it again; nodes that have it already pass it over.

use std::sync::Arc;
use std::time::Duration;

use redis::Script;

use super::outbox::{self, Batch};
use super::{Nodes, Task, state};
use crate::base::InstanceId;
use crate::bus::Bus;
use crate::error::Error;
use crate::net::{self, redis::Wire};

/// Entries that are forwarded together.
const BATCH: usize = 500;
/// How often the stream is looked at when there is nothing to forward.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The pause after a failure.
pub(super) const PAUSE: Duration = Duration::from_millis(500);

/// Why a round came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error(transparent)]
    Redis(#[from] net::redis::Error),
    #[error(transparent)]
    Own(#[from] Error),
}

impl From<redis::RedisError> for Broken {
    fn from(error: redis::RedisError) -> Self {
        Self::Redis(error.into())
    }
}

impl Bus {
    pub(super) async fn keep_forwarding(self, nodes: Arc<Nodes>) {
        let script = Script::new(include_str!("forward.lua"));
        let mut wire = None;
        let stop = &self.inner.stop;
        while !stop.is_cancelled() {
            let pause = match self.forward(&nodes, &script, &mut wire).await {
                Ok(true) => continue,
                Ok(false) => LOOK_EVERY,
                Err(error) => {
                    wire = None;
                    nodes.failed(Task::Forward, &error);
                    PAUSE
                }
            };
            tokio::select! {
                () = nodes.wake.notified(), if pause == LOOK_EVERY => {}
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => {}
            }
        }
        // What was accepted last need not wait for the next start.
        let rest = async { while let Ok(true) = self.forward(&nodes, &script, &mut wire).await {} };
        let _ = tokio::time::timeout(nodes.redis.patience(), rest).await;
    }

    /// Forwards what comes next; whether there is more.
    async fn forward(
        &self,
        nodes: &Nodes,
        script: &Script,
        wire: &mut Option<Wire>,
    ) -> Result<bool, Broken> {
        let now = self.now();
        let (standing, batch) = self
            .store()
            .read(move |db| {
                let standing = state::get(db)?;
                let batch = outbox::next(db, (standing.forwarded, standing.told), now, BATCH)?;
                Ok::<_, Error>((standing, batch))
            })
            .await?;
        nodes.redis.check()?;
        let mut to = match wire {
            Some(wire) => wire.clone(),
            None => wire.insert(nodes.redis.connect().await?).clone(),
        };
        let fresh = InstanceId::new().to_string();
        let Batch { entries, upto, told, marks_upto, more } = batch;
        let mut call = script.key(nodes.key("bus"));
        call.key(nodes.key("life"))
            .key(nodes.key("places"))
            .arg(&standing.sent)
            .arg(&standing.sent_life)
            .arg(fresh);
        // What is told once more is not to push itself off the stream.
        let telling_again = standing.forwarded < standing.again_upto;
        let most = if telling_again { 0 } else { self.machines().stream_max };
        call.arg(most).arg(nodes.id.to_string());
        for entry in &entries {
            call.arg(entry.kind).arg(&entry.json);
        }
        let (verdict, life, sent): (String, String, String) =
            nodes.in_time(call.invoke_async(&mut to)).await?;
        nodes.there(Task::Forward);
        if verdict == "lost" {
            tracing::warn!("the stream of the bus was lost; what still waits is sent again");
            self.store().write(move |tx| Ok::<_, Error>(state::lost(tx, &life, now)?)).await?;
            return Ok(true);
        }
        let changed = upto != standing.forwarded || !entries.is_empty();
        if changed || life != standing.sent_life {
            self.store()
                .write(move |tx| {
                    Ok::<_, Error>(state::sent(tx, (upto, told, marks_upto), (&sent, &life))?)
                })
                .await?;
        }
        Ok(more)
    }
}

impl Nodes {
    /// Waits for an answer of Redis, and no longer than anything in the background does.
    pub(super) async fn in_time<T>(
        &self,
        answer: impl Future<Output = redis::RedisResult<T>>,
    ) -> Result<T, Broken> {
        let limit = self.redis.background();
        match tokio::time::timeout(limit, answer).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(net::redis::Error::Timeout(limit).into()),
        }
    }

    /// Tells that a round came to nothing.
    pub(super) fn failed(&self, task: Task, error: &Broken) {
        match error {
            Broken::Redis(error) => self.away(task, error),
            Broken::Own(error) => {
                tracing::warn!(%error, "the link of the bus could not be written; trying again");
            }
        }
    }
}
