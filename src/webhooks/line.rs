//! The line of deliveries to one webhook: one task for each, so that one that hangs keeps nobody but
//! itself waiting. What waits stands in the database; a line looks there for what comes next, tries
//! it, writes down what came of it, and sleeps until there is more to do.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use super::delivery::{Job, Outcome};
use super::queue::{self, Next, Settled};
use super::types::State;
use super::{Policy, Webhooks};
use crate::base::{DeliveryId, HookId, Timestamp};
use crate::error::Error;

/// Wait before the database is asked again after it failed.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

/// What others tell a line.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// There may be something to do.
    pub(super) wake: Notify,
    /// The webhook is gone.
    pub(super) gone: CancellationToken,
}

/// How many are told at once. Those that failed the last time share half of the places, so that a
/// crowd of them that hangs leaves room for those that answer.
#[derive(Debug)]
pub(super) struct Places {
    all: Semaphore,
    doubtful: Semaphore,
}

impl Places {
    pub(super) fn new(at_once: usize) -> Self {
        Self { all: Semaphore::new(at_once), doubtful: Semaphore::new((at_once / 2).max(1)) }
    }
}

impl Webhooks {
    /// Begins the line of a webhook, unless nothing may begin yet or it has begun.
    pub(super) fn begin(&self, id: HookId) {
        let mut lines = self.inner.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(lines) = lines.as_mut() else { return };
        let line = Arc::new(Line::default());
        let std::collections::hash_map::Entry::Vacant(free) = lines.entry(id) else { return };
        free.insert(Arc::clone(&line));
        let (webhooks, closed) = (self.clone(), self.inner.closed.clone());
        self.inner.tasks.spawn(async move {
            tokio::select! {
                () = webhooks.run(id, &line) => {}
                () = line.gone.cancelled() => {}
                () = closed.cancelled() => {}
            }
        });
    }

    /// Tells a line to look again.
    pub(super) fn wake(&self, id: HookId) {
        let lines = self.inner.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.as_ref().and_then(|lines| lines.get(&id)) {
            line.wake.notify_one();
        }
    }

    /// Ends a line at once.
    pub(super) fn end(&self, id: HookId) {
        let mut lines = self.inner.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.as_mut().and_then(|lines| lines.remove(&id)) {
            line.gone.cancel();
        }
    }

    async fn run(&self, id: HookId, line: &Line) {
        // Failures since something last arrived.
        let mut row = 0_u32;
        loop {
            let wait = match self.next(id).await {
                Ok(Next::Try(job)) => {
                    self.try_once(&job, &mut row).await;
                    continue;
                }
                Ok(Next::At(at)) => Some(self.until(at)),
                Ok(Next::Nothing) => None,
                Ok(Next::Gone) => return self.end(id),
                Err(error) => {
                    tracing::error!(webhook.id = %id, %error, "what a webhook waits for was not read");
                    Some(DATABASE_PAUSE)
                }
            };
            let sleep = async {
                match wait {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = line.wake.notified() => {}
                () = sleep => {}
            }
        }
    }

    async fn next(&self, id: HookId) -> Result<Next, Error> {
        let (now, ordered) = (self.now(), self.policy().ordered_attempts);
        self.inner.store.read(move |db| Ok(queue::next(db, id, now, ordered)?)).await
    }

    /// Tries what is next, and writes down what came of it before anything else is done.
    async fn try_once(&self, job: &Job, row: &mut u32) {
        let outcome = self.send_in_turn(job, *row > 0).await;
        let recovered = outcome.arrived() && *row >= self.policy().ordered_attempts.max(2);
        *row = if outcome.arrived() { 0 } else { row.saturating_add(1) };
        while let Err(error) = self.settle(job, &outcome, false, recovered).await {
            // Without this it would be sent again and again, as if nothing had come of it.
            tracing::error!(delivery.id = %job.id, %error, "what came of a delivery was not written down yet");
            tokio::time::sleep(DATABASE_PAUSE).await;
        }
    }

    /// Sends it when there is a place.
    pub(super) async fn send_in_turn(&self, job: &Job, doubtful: bool) -> Outcome {
        let places = &self.inner.places;
        let _doubtful = match doubtful {
            true => places.doubtful.acquire().await.ok(),
            false => None,
        };
        let _place = places.all.acquire().await.ok();
        self.send(job).await
    }

    /// Writes down what came of a try, and tells who should know.
    pub(super) async fn settle(
        &self,
        job: &Job,
        outcome: &Outcome,
        last: bool,
        recovered: bool,
    ) -> Result<(), Error> {
        let (policy, now) = (self.policy(), self.now());
        let (job, of) = (job.clone(), outcome.clone());
        let told = Told { webhook: job.webhook_id, delivery: job.id, attempts: job.attempts + 1 };
        let settled = self
            .inner
            .store
            .write(move |tx| {
                let how = (last, recovered);
                Ok::<_, Error>(queue::settle(tx, &job, &of, &policy, now, how)?)
            })
            .await?;
        self.inner.settled.notify_one();
        self.tell_of(&told, outcome, settled);
        if outcome.gone {
            self.refresh().await?;
        }
        Ok(())
    }

    fn tell_of(&self, told: &Told, outcome: &Outcome, settled: Settled) {
        let (id, delivery, attempts) = (told.webhook, told.delivery, told.attempts);
        let status = outcome.status;
        match settled.state {
            State::Delivered => {
                tracing::debug!(webhook.id = %id, delivery.id = %delivery, attempts, "a webhook was told");
            }
            State::Waiting => {
                tracing::debug!(webhook.id = %id, delivery.id = %delivery, attempts, http.status = status, "a webhook could not be told yet");
            }
            State::Dead => {
                tracing::warn!(webhook.id = %id, delivery.id = %delivery, attempts, http.status = status, "a webhook could not be told; the delivery is kept, to be sent again");
            }
        }
        if settled.lost > 0 {
            tracing::warn!(webhook.id = %id, lost = settled.lost, "dead deliveries made room for newer ones (WEBHOOK_KEEP_MAX)");
        }
        if outcome.gone {
            tracing::warn!(webhook.id = %id, "a webhook answered that it wants no more, and was turned off");
        }
        if settled.state == State::Dead || outcome.gone {
            self.announce();
        }
    }

    fn until(&self, at: Timestamp) -> Duration {
        let ms = at.as_ms().saturating_sub(self.now().as_ms());
        // A little more, for an instant has whole milliseconds.
        Duration::from_millis(u64::try_from(ms).unwrap_or(0) + 1)
    }

    /// The time that waits are counted by.
    pub(super) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    pub(super) fn policy(&self) -> Policy {
        self.inner.live.now().webhooks
    }

    /// Tells every tab that webhooks changed; it fetches what it shows.
    pub(super) fn announce(&self) {
        self.inner.feed.announce_to_all("webhooks", &json!({}));
    }
}

/// Whom and what a log line is about.
struct Told {
    webhook: HookId,
    delivery: DeliveryId,
    attempts: u32,
}
