//! Webhooks: others who are told over HTTP what happens here. Each event is a row for each webhook
//! that wants it before anything is sent, and stays one until it arrived or was given up; so nothing
//! is forgotten by a restart, and what was given up can be sent again.
//!
//! A webhook is tried one delivery at a time, the oldest first; webhooks know nothing of each other.
//! Where they may be is `net::fetch`'s to say, for a person chose the address (SPEC 14.3).

mod delivery;
mod line;
mod queries;
mod queue;
mod signature;
mod telling;
mod types;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use telling::News;
pub use types::{Delivery, Event, Facts, Made, NewWebhook, State, Webhook, WebhookChanges};

use crate::base::{Caller, Cursor, DeliveryId, EventId, Feed, HookId, Page, Steady, clock};
use crate::config::{Live, Webhooks as Policy};
use crate::error::Error;
use crate::net::fetch::{self, Fetcher, Rules};
use crate::net::{Purpose, Register};
use crate::store::{Seal, Store};
use line::{Line, Places};
use telling::body;

/// What a test is called.
const TEST: &str = "webhook.test";
/// Ended deliveries that one sweep deletes at a time.
const FORGET_BATCH: u32 = 500;

/// What it stands on.
#[derive(Debug)]
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The settings in force.
    pub live: Live,
    /// What changes, for all tabs.
    pub feed: Feed,
    /// What leaves.
    pub register: Register,
    /// Where secrets are sealed.
    pub seal: Seal,
    /// What runs in the background.
    pub tasks: TaskTracker,
}

/// Everybody who is told. Cheap to clone.
#[derive(Clone)]
pub struct Webhooks {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    live: Live,
    feed: Feed,
    seal: Seal,
    fetcher: Fetcher,
    tasks: TaskTracker,
    /// The lines that run; `None` until they may.
    lines: Mutex<Option<HashMap<HookId, Arc<Line>>>>,
    places: Places,
    /// The events that anybody wants, as bits: what nobody wants costs nothing.
    wanted: AtomicU32,
    /// Held while `wanted` is read anew, so that the last to read has seen every change.
    reading: tokio::sync::Mutex<()>,
    /// Events that could not be kept for anybody.
    missed: AtomicU64,
    /// A try was written down.
    settled: Notify,
    /// Ends all lines.
    closed: CancellationToken,
    /// What waits are counted by.
    clock: Steady,
}

impl Webhooks {
    /// Sets everything up; nothing is sent before [`Webhooks::start`].
    pub async fn open(parts: Parts) -> Result<Self, Error> {
        let Parts { store, live, feed, register, seal, tasks } = parts;
        let (settings, clock) = (live.clone(), Steady::new());
        let rules: fetch::Now = Arc::new(move || {
            let config = settings.now();
            let limit = config.webhooks.timeout;
            Rules { first_byte: limit, total: limit, max_redirects: 0, ..Rules::from(&*config) }
        });
        let fetcher = Fetcher::new(register, Purpose::Webhook, rules)
            .map_err(|error| Error::internal("setting up the client of webhooks", error))?;
        let policy = live.now().webhooks;
        let latest = clock.now().after(policy.retry.max);
        store.write(move |tx| Ok::<_, Error>(queue::clamp(tx, latest)?)).await?;
        let inner = Inner {
            store,
            live,
            feed,
            seal,
            fetcher,
            tasks,
            lines: Mutex::new(None),
            places: Places::new(policy.at_once),
            wanted: AtomicU32::new(0),
            reading: tokio::sync::Mutex::new(()),
            missed: AtomicU64::new(0),
            settled: Notify::new(),
            closed: CancellationToken::new(),
            clock,
        };
        let webhooks = Self { inner: Arc::new(inner) };
        webhooks.refresh().await?;
        Ok(webhooks)
    }

    /// Sends what waits, and from now on what comes.
    pub async fn start(&self) -> Result<(), Error> {
        self.inner
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(HashMap::new);
        let all = self.inner.store.read(|db| Ok::<_, Error>(queries::ids(db)?)).await?;
        for id in all {
            self.begin(id);
        }
        Ok(())
    }

    /// Waits until all is over.
    pub async fn closed(&self) {
        self.inner.closed.cancelled().await;
    }

    /// Gives what was not tried yet a moment, and ends; the rest waits for the next start.
    pub async fn close(&self) {
        let limit = self.policy().last;
        let finishing = async {
            loop {
                let now = self.now();
                let fresh = self.inner.store.read(move |db| Ok(queue::fresh(db, now)?));
                match fresh.await {
                    Ok::<_, Error>(0) | Err(_) => return,
                    Ok(_) => self.inner.settled.notified().await,
                }
            }
        };
        let runs = self.inner.lines.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if runs && tokio::time::timeout(limit, finishing).await.is_err() {
            tracing::info!("some webhooks were not told yet; they will be after the next start");
        }
        self.inner.closed.cancel();
    }

    /// Adds one. Its secret is told this once.
    pub async fn create(&self, caller: &Caller, new: NewWebhook) -> Result<Made, Error> {
        let url = self.judged(&new.url).await?;
        let events = checked(&new.events)?;
        let (seal, most) = (self.inner.seal.clone(), self.policy().max);
        let secret = signature::fresh_secret()?;
        let made = self
            .inner
            .store
            .write_once(caller, move |tx| {
                if queries::facts(tx)?.webhooks >= most as u64 {
                    let message = format!("{most} webhooks are the limit (WEBHOOK_MAX)");
                    return Err(Error::conflict("too_many_webhooks", message));
                }
                let id = HookId::new();
                let sealed = seal.seal(id, secret.expose_secret());
                let sealed = sealed.map_err(|e| Error::internal("keeping a secret", e))?;
                let enabled = new.enabled.unwrap_or(true);
                queries::insert(tx, id, &url, &events, &sealed, enabled)?;
                Ok(get_row(tx, id)?.1)
            })
            .await?;
        self.begin(made.value.id);
        self.made(made.value).await
    }

    /// Another secret instead of the one it has.
    pub async fn change_secret(&self, caller: &Caller, id: HookId) -> Result<Made, Error> {
        let seal = self.inner.seal.clone();
        let secret = signature::fresh_secret()?;
        let changed = self
            .inner
            .store
            .write_once(caller, move |tx| {
                let (seq, webhook) = get_row(tx, id)?;
                let sealed = seal.seal(id, secret.expose_secret());
                let sealed = sealed.map_err(|e| Error::internal("keeping a secret", e))?;
                queries::update_secret(tx, seq, &sealed)?;
                Ok::<_, Error>(webhook)
            })
            .await?;
        self.made(changed.value).await
    }

    /// The secret as it is kept: a repeated request gets the same answer, and no answer that is kept
    /// for one holds a secret.
    async fn made(&self, webhook: Webhook) -> Result<Made, Error> {
        self.changed().await?;
        let id = webhook.id;
        let kept = self.inner.store.read(move |db| Ok::<_, Error>(queries::find_secret(db, id)?));
        let kept = kept.await?.ok_or(Error::not_found("webhook"))?;
        let secret = self.inner.seal.unseal(id, &kept);
        let secret = secret.map_err(|error| Error::internal("reading a secret", error))?;
        Ok(Made { webhook, secret })
    }

    /// One page of all, in the order in which they were added.
    pub async fn list(&self, cursor: Option<&str>, limit: usize) -> Result<Page<Webhook>, Error> {
        let after: Option<HookId> = read_cursor(cursor)?;
        let read = move |db: &Connection| Ok::<_, Error>(queries::list(db, after, limit + 1)?);
        let mut items = self.inner.store.read(read).await?;
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| more);
        let next_cursor = last.and_then(|last| Cursor::encode(&last.id));
        Ok(Page { items, next_cursor })
    }

    /// One.
    pub async fn get(&self, id: HookId) -> Result<Webhook, Error> {
        self.inner.store.read(move |db| Ok(get_row(db, id)?.1)).await
    }

    /// Changes what is given. What waits is tried at once.
    pub async fn update(
        &self,
        caller: &Caller,
        id: HookId,
        changes: WebhookChanges,
    ) -> Result<Webhook, Error> {
        let url = match &changes.url {
            Some(url) => Some(self.judged(url).await?),
            None => None,
        };
        let events = changes.events.as_deref().map(checked).transpose()?;
        let changed = self
            .inner
            .store
            .write_once(caller, move |tx| {
                let (seq, mut webhook) = get_row(tx, id)?;
                webhook.url = url.unwrap_or(webhook.url);
                webhook.events = events.unwrap_or(webhook.events);
                webhook.enabled = changes.enabled.unwrap_or(webhook.enabled);
                queries::update(tx, seq, &webhook)?;
                Ok::<_, Error>(get_row(tx, id)?.1)
            })
            .await?;
        self.changed().await?;
        self.wake(id);
        Ok(changed.value)
    }

    /// Removes one, with all that is on its way to it.
    pub async fn delete(&self, caller: &Caller, id: HookId) -> Result<(), Error> {
        let gone = move |tx: &Connection| {
            let there = queries::delete(tx, id)?;
            there.then_some(()).ok_or(Error::not_found("webhook"))
        };
        self.inner.store.write_once(caller, gone).await?;
        self.end(id);
        self.changed().await
    }

    /// Sends a test now, once, on or off; what came of it.
    pub async fn test(&self, caller: &Caller, id: HookId) -> Result<Delivery, Error> {
        let (event_id, now) = (EventId::new(), clock::now());
        let body = body(event_id, TEST, now, json!({ "webhook_id": id }))?;
        let test = self
            .inner
            .store
            .write_once(caller, move |tx| {
                let (seq, _) = get_row(tx, id)?;
                Ok::<_, Error>(queue::insert_test(tx, seq, TEST, event_id, &body)?)
            })
            .await?;
        let find = |id: DeliveryId| {
            let find = move |db: &Connection| Ok::<_, Error>(queue::find_job(db, id)?);
            self.inner.store.read(find)
        };
        if !test.replayed
            && let Some(job) = find(test.value).await?
        {
            let outcome = self.send_in_turn(&job, true).await;
            self.settle(&job, &outcome, true, false).await?;
        }
        self.get_delivery(test.value).await
    }

    /// One page of what was on its way to a webhook, the newest first.
    pub async fn deliveries(
        &self,
        id: HookId,
        state: Option<State>,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Delivery>, Error> {
        let before: Option<i64> = read_cursor(cursor)?;
        let read = move |db: &Connection| {
            let (seq, _) = get_row(db, id)?;
            Ok::<_, Error>(queue::list_deliveries(db, seq, state, before, limit + 1)?)
        };
        let mut rows = self.inner.store.read(read).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        let next_cursor = last.and_then(|(seq, _)| Cursor::encode(seq));
        Ok(Page { items: rows.into_iter().map(|(_, row)| row).collect(), next_cursor })
    }

    /// Lets a delivery that ended begin anew; one that waits is tried at once.
    pub async fn resend(&self, caller: &Caller, id: DeliveryId) -> Result<Delivery, Error> {
        let room = self.policy().queue_max;
        let revived = self
            .inner
            .store
            .write_once(caller, move |tx| {
                let was = queue::find_delivery(tx, id)?.ok_or(Error::not_found("delivery"))?;
                let (seq, webhook) = get_row(tx, was.webhook_id)?;
                if !webhook.enabled {
                    let message = "this webhook is off; turn it on first";
                    return Err(Error::conflict("webhook_off", message));
                }
                if was.state != State::Waiting && queue::waiting(tx, seq)? >= room {
                    let message = format!("{room} deliveries wait already (WEBHOOK_QUEUE_MAX)");
                    return Err(Error::conflict("queue_full", message));
                }
                queue::revive(tx, id)?;
                queue::find_delivery(tx, id)?.ok_or(Error::not_found("delivery"))
            })
            .await?;
        self.wake(revived.value.webhook_id);
        self.announce();
        Ok(revived.value)
    }

    /// Gives up what has waited for too long, and forgets what ended long ago.
    pub async fn sweep(&self) -> Result<(), Error> {
        let before = clock::now().before(self.policy().keep);
        let store = &self.inner.store;
        let given_up = store.write(move |tx| Ok::<_, Error>(queue::give_up(tx, before)?)).await?;
        if given_up > 0 {
            tracing::warn!(
                deliveries = given_up,
                "webhooks could not be told for WEBHOOK_KEEP_DAYS"
            );
            self.announce();
        }
        loop {
            let forget =
                move |tx: &Connection| Ok::<_, Error>(queue::forget(tx, before, FORGET_BATCH)?);
            let (gone, dead) = store.write(forget).await?;
            if dead > 0 {
                tracing::info!(
                    deliveries = dead,
                    "dead deliveries of WEBHOOK_KEEP_DAYS ago are gone"
                );
            }
            if gone == 0 {
                return Ok(());
            }
        }
    }

    async fn get_delivery(&self, id: DeliveryId) -> Result<Delivery, Error> {
        let find = move |db: &Connection| {
            queue::find_delivery(db, id)?.ok_or(Error::not_found("delivery"))
        };
        self.inner.store.read(find).await
    }

    /// The URL as it will be used, if anything may be sent there.
    async fn judged(&self, url: &str) -> Result<String, Error> {
        self.inner.fetcher.judge(url).await.map_err(|error| {
            let (code, message) = (error.code(), error.to_string());
            match error {
                fetch::Error::BadUrl { .. } => Error::invalid("url", message),
                _ => Error::Forbidden { code, message },
            }
        })
    }

    async fn changed(&self) -> Result<(), Error> {
        self.refresh().await?;
        self.announce();
        Ok(())
    }

    /// Reads anew which events anybody wants.
    async fn refresh(&self) -> Result<(), Error> {
        let _reading = self.inner.reading.lock().await;
        let wanted = self.inner.store.read(|db| Ok::<_, Error>(queries::wanted(db)?)).await?;
        self.inner.wanted.store(wanted, Ordering::Release);
        Ok(())
    }
}

fn get_row(db: &Connection, id: HookId) -> Result<(i64, Webhook), Error> {
    queries::find(db, id)?.ok_or(Error::not_found("webhook"))
}

/// In one order, each once.
fn checked(events: &[Event]) -> Result<Vec<Event>, Error> {
    if events.is_empty() {
        return Err(Error::invalid("events", "a webhook wants at least one kind of event"));
    }
    Ok(Event::ALL.into_iter().filter(|event| events.contains(event)).collect())
}

fn read_cursor<K: DeserializeOwned>(cursor: Option<&str>) -> Result<Option<K>, Error> {
    let read = cursor.map(Cursor::decode).transpose();
    read.map_err(|error| Error::invalid("cursor", error.to_string()))
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks").finish_non_exhaustive()
    }
}
