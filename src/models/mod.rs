//! Where answers come from. Providers are added by the owner or stand in the environment; each speaks
//! a dialect (`providers/`), is asked through one [`endpoint`], guarded by its own breaker, and listed
//! in the catalog. The passages provider is always there, so there is always an answer.
//!
//! Deliberately absent: prompts (they are `chat`'s) and the storage of answers.

mod answer;
mod ask;
mod base_url;
mod catalog;
mod chat;
mod discover;
mod embed;
mod endpoint;
mod error;
mod health;
mod ids;
mod provider;
mod providers;
mod queries;
mod rerank;
mod said;
mod settings;
#[cfg(test)]
mod tests;
mod think;
mod tokens;
mod whole;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use answer::AnswerStream;
pub use catalog::{BreakerStatus, Model, Test};
pub use chat::{
    Answered, ChatMessage, ChatRequest, Delta, Finish, Image, Notice, Options, Passage, Role, Tool,
    ToolCall, Usage,
};
pub use discover::Found;
pub use error::{Error, Fault, LastError};
pub use health::{BreakerView, Stats};
pub use ids::{BadRef, ModelRef, ProviderRef};
pub use provider::{NewProvider, Provider, ProviderChange};
pub use providers::{Capabilities, Kind, Price};
pub use tokens::estimate_tokens;

use crate::base::{Caller, Feed, ProviderId, UserId};
use crate::config;
use crate::error::Error as CapabilityError;
use crate::net::{self, Purpose};
use crate::store::{Seal, Store};
use endpoint::Endpoint;
use health::Health;
use provider::{Key, Row};
use settings::{Now, Settings};

/// Providers and their models. Cheap to clone.
#[derive(Clone)]
pub struct Models {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    now: Now,
    feed: Feed,
    http: net::Client,
    seal: Seal,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// The rows, kept here so that a question costs no statement.
    rows: Mutex<Rows>,
    /// Numbers the readings of the rows: a later reading is never replaced by an earlier one.
    readings: AtomicU64,
    health: Mutex<HashMap<ProviderId, Arc<Health>>>,
}

#[derive(Default)]
struct Rows {
    reading: u64,
    all: Arc<[Row]>,
}

/// Whose providers are everybody's: admins look after them, all ask them.
const HOUSE: UserId = UserId::OWNER;

fn is_for(row: &Row, caller: &Caller) -> bool {
    row.owner == HOUSE || row.owner == caller.user
}

impl Models {
    /// Reads the providers and asks each for its models in the background. `stop` ends what runs in
    /// the background, all of which `tasks` knows.
    pub async fn open(
        store: Store,
        live: config::Live,
        feed: Feed,
        http: net::Client,
        seal: Seal,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Result<Self, CapabilityError> {
        let now: Now = Arc::new(move || Settings::from(&*live.now()));
        Self::with_settings(store, now, feed, http, seal, tasks, stop).await
    }

    async fn with_settings(
        store: Store,
        now: Now,
        feed: Feed,
        http: net::Client,
        seal: Seal,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Result<Self, CapabilityError> {
        let inner = Inner {
            store,
            now,
            feed,
            http,
            seal,
            tasks,
            stop,
            rows: Mutex::default(),
            readings: AtomicU64::default(),
            health: Mutex::default(),
        };
        let models = Self { inner: Arc::new(inner) };
        models.read_rows().await?;
        models.refresh_all();
        Ok(models)
    }

    fn store(&self) -> &Store {
        &self.inner.store
    }

    fn inner_arc(&self) -> Arc<Inner> {
        Arc::clone(&self.inner)
    }

    fn settings(&self) -> Settings {
        (self.inner.now)()
    }

    /// Tells the owner's tabs that providers, or how they are doing, changed.
    fn announce(&self) {
        self.inner.feed.announce_to_all("providers", &json!({}));
    }

    /// A caller's providers: those stored, then those of the environment.
    fn rows(&self, caller: &Caller) -> Vec<Row> {
        let mut rows = self.every_row();
        rows.retain(|row| is_for(row, caller));
        rows
    }

    fn every_row(&self) -> Vec<Row> {
        let mut rows = self.stored_rows().to_vec();
        rows.extend(Row::of_environment(&self.settings()));
        rows
    }

    fn row(&self, caller: &Caller, id: ProviderId) -> Option<Row> {
        let of_caller = |row: &&Row| row.id == id && is_for(row, caller);
        let stored = self.stored_rows().iter().find(of_caller).cloned();
        stored.or_else(|| Row::of_environment(&self.settings()).iter().find(of_caller).cloned())
    }

    fn stored_rows(&self) -> Arc<[Row]> {
        Arc::clone(&self.inner.rows.lock().unwrap_or_else(PoisonError::into_inner).all)
    }

    /// Reads the rows anew. Each reading begins after the write that calls for it, so the one with
    /// the highest number has seen them all.
    async fn read_rows(&self) -> Result<(), CapabilityError> {
        let reading = self.inner.readings.fetch_add(1, Ordering::SeqCst) + 1;
        let read = self.inner.store.read(|db| Ok::<_, CapabilityError>(queries::all(db)?)).await?;
        let mut rows = self.inner.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if reading > rows.reading {
            *rows = Rows { reading, all: read.into() };
        }
        Ok(())
    }

    /// A provider was added, changed or removed.
    async fn changed(&self, caller: &Caller, id: ProviderRef) -> Result<(), CapabilityError> {
        let ProviderRef::Id(id) = id else { return Ok(()) };
        let before = self.row(caller, id);
        self.read_rows().await?;
        let after = self.row(caller, id);
        let same = match (&before, &after) {
            (Some(a), Some(b)) => a.base_url == b.base_url && a.key.sealed() == b.key.sealed(),
            _ => false,
        };
        if !same {
            // Another server or another key: what was known is about something else.
            self.inner.health.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        }
        if let Some(row) = after.filter(|row| row.enabled && !same) {
            self.refresh(&row);
        }
        self.announce();
        Ok(())
    }

    fn health(&self, id: ProviderId) -> Arc<Health> {
        let mut all = self.inner.health.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(id).or_default())
    }

    /// A provider as it is asked now; fails when it may not or cannot be.
    fn endpoint(
        &self,
        row: &Row,
        settings: &Settings,
        purpose: Purpose,
    ) -> Result<Endpoint, Error> {
        let provider = || row.name.clone();
        let key = match &row.key {
            Key::None => None,
            Key::Environment(key) => Some(key.clone()),
            Key::Sealed(sealed) => Some(
                self.inner
                    .seal
                    .unseal(row.id, sealed)
                    .map_err(|_| Error::KeyUnreadable { provider: provider() })?,
            ),
        };
        let base = reqwest::Url::parse(&row.base_url)
            .map_err(|e| Error::BadAddress { provider: provider(), reason: e.to_string() })?;
        let endpoint = Endpoint {
            http: self.inner.http.clone(),
            purpose,
            kind: row.kind,
            name: provider(),
            base,
            key,
            first_byte: settings.first_byte,
            extras: settings.discovery,
            max_body_bytes: settings.max_body_bytes,
        };
        endpoint.check()?;
        Ok(endpoint)
    }
}

impl std::fmt::Debug for Models {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Models").finish_non_exhaustive()
    }
}
