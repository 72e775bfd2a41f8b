//! Telling webhooks what happened: an event becomes a row for each that wants it, or is counted where
//! there is no room for it.

use std::sync::atomic::Ordering;

use serde::Serialize;

use super::types::{Event, Facts};
use super::{Webhooks, queries, queue};
use crate::base::{EventId, Timestamp, clock};
use crate::error::Error;

/// How many lost events there are between two lines of the log.
const LOST_BETWEEN_LINES: u64 = 100;

/// Something that happened, as webhooks are told it.
#[derive(Debug, Clone)]
pub struct News {
    pub(super) event: Event,
    pub(super) id: EventId,
    pub(super) at: Timestamp,
    pub(super) body: String,
}

/// The body of a delivery.
#[derive(Serialize)]
struct Body<'a, T> {
    id: EventId,
    event: &'a str,
    timestamp: Timestamp,
    data: T,
}

/// What is sent of it.
pub(super) fn body(
    id: EventId,
    event: &str,
    at: Timestamp,
    data: impl Serialize,
) -> Result<String, Error> {
    serde_json::to_string(&Body { id, event, timestamp: at, data })
        .map_err(|error| Error::internal("writing an event down", error))
}

impl News {
    /// What happened, now, with what is known of it.
    pub fn new(event: Event, data: &impl Serialize) -> Result<Self, Error> {
        let (id, at) = (EventId::new(), clock::now());
        Ok(Self { event, id, at, body: body(id, event.as_str(), at, data)? })
    }
}

impl Webhooks {
    /// Tells everybody who wants to know, after it is on disk; what cannot be kept is counted.
    pub async fn tell(&self, event: Event, data: &(impl Serialize + Sync)) {
        if self.is_wanted(event) {
            match News::new(event, data) {
                Ok(news) => self.tell_all(vec![news]).await,
                Err(error) => self.missed(1, &error.to_string()),
            }
        }
    }

    /// The same for several at once, in one transaction and in this order.
    pub async fn tell_all(&self, mut news: Vec<News>) {
        news.retain(|news| self.is_wanted(news.event));
        let (count, room) = (news.len(), self.policy().queue_max);
        if count == 0 {
            return;
        }
        let kept =
            self.inner.store.write(move |tx| Ok::<_, Error>(queue::insert_news(tx, &news, room)?));
        match kept.await {
            Err(error) => self.missed(count as u64, &error.to_string()),
            Ok(told) => told.iter().for_each(|told| {
                self.wake(told.id);
                let lines = |lost: u64| lost.div_ceil(LOST_BETWEEN_LINES);
                if lines(told.lost_in_all) > lines(told.lost_in_all - told.lost) {
                    tracing::warn!(webhook.id = %told.id, lost = told.lost_in_all, "a webhook loses events, for too many wait for it (WEBHOOK_QUEUE_MAX)");
                    self.announce();
                }
            }),
        }
    }

    /// Whether anybody wants to be told of it.
    pub fn is_wanted(&self, event: Event) -> bool {
        self.inner.wanted.load(Ordering::Acquire) & event.bit() != 0
    }

    /// Counts events that nobody will be told of, if anybody wants to be told of any.
    pub fn missed(&self, count: u64, why: &str) {
        if self.inner.wanted.load(Ordering::Acquire) == 0 {
            return;
        }
        self.inner.missed.fetch_add(count, Ordering::Relaxed);
        tracing::error!(events = count, why, "webhooks are not told of something that happened");
    }

    /// What all of them are doing.
    pub async fn facts(&self) -> Result<Facts, Error> {
        let facts = self.inner.store.read(|db| Ok::<_, Error>(queries::facts(db)?)).await?;
        Ok(Facts { missed: self.inner.missed.load(Ordering::Relaxed), ..facts })
    }
}
