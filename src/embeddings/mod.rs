//! Meaning as numbers: the embedding model inside the executable (or one of a provider), the vectors
//! of everything that is found by meaning, and the index that finds like ones among many.
//!
//! Triggers put what is new or changed into a queue; one loop embeds it in the background. The model
//! and the index are loaded when first needed and given back when nobody needed them for a while.

pub mod engine;
mod model;
mod nearest;
mod queries;
mod scan;
pub mod vector;
mod work;

mod attention;
mod curves;
mod linear;
mod network;
mod tensors;
mod tokens;

use std::collections::HashSet;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use utoipa::ToSchema;

pub use queries::Kind;
pub use vector::Vector;

use crate::base::{Caller, Feed, clock};
use crate::config::Live;
use crate::error::Error;
use crate::models::{ModelRef, Models};
use crate::store::Store;
use model::Builtin;
use nearest::Loaded;
use queries::Space;

/// The name of the model inside the executable.
pub const BUILTIN: &str = "builtin/all-MiniLM-L6-v2";

/// Vectors and the model they come from. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Embeddings {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    live: Live,
    feed: Feed,
    models: Models,
    builtin: Builtin,
    /// The index; also held while vectors are written, so that it misses none.
    index: tokio::sync::Mutex<Option<Loaded>>,
    /// Something waits.
    work: Notify,
    /// Counts what was embedded.
    progress: watch::Sender<u64>,
    stop: CancellationToken,
}

/// How the vectors are.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Embeddings)]
pub struct Status {
    /// Whether meaning is looked for at all.
    pub enabled: bool,
    /// The model that serves.
    pub model: String,
    /// Whether the model inside the executable is in memory.
    pub loaded: bool,
    /// Vectors there are.
    pub vectors: u64,
    /// What waits for its vectors.
    pub waiting: u64,
    /// Why it does not get on, if so.
    pub error: Option<String>,
    /// The model that will serve next.
    pub next: Option<Next>,
    /// Models that could be chosen.
    pub choices: Vec<String>,
}

/// A model for which everything is being embedded.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = NextEmbeddings)]
pub struct Next {
    /// Which.
    pub model: String,
    /// What is done.
    pub done: u64,
    /// Of how much.
    pub total: u64,
    /// Why it does not get on, if so.
    pub error: Option<String>,
}

/// Something that means about the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    /// The row of the chunk or message.
    pub item: i64,
    /// The cosine of the angle between the two.
    pub score: f32,
}

impl Embeddings {
    /// Opens what `store` holds, and embeds in the background what waits.
    pub fn open(
        store: Store,
        live: Live,
        feed: Feed,
        models: Models,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let inner = Inner {
            store,
            live,
            feed,
            models,
            builtin: Builtin::default(),
            index: tokio::sync::Mutex::default(),
            work: Notify::new(),
            progress: watch::Sender::new(0),
            stop,
        };
        let embeddings = Self { inner: Arc::new(inner) };
        tasks.spawn(embeddings.clone().embed_waiting());
        embeddings
    }

    /// Says that something new waits.
    pub fn wake(&self) {
        self.inner.work.notify_one();
    }

    /// Changes whenever something was embedded.
    pub fn progress(&self) -> watch::Receiver<u64> {
        self.inner.progress.subscribe()
    }

    /// How the vectors are.
    pub async fn status(&self, caller: &Caller) -> Result<Status, Error> {
        let (active, next) = self
            .inner
            .store
            .read(|db| {
                let measured = |building| -> Result<Option<(Space, u64, u64)>, Error> {
                    let Some(space) = queries::find_space(db, building)? else { return Ok(None) };
                    let vectors = queries::count_vectors(db, space.seq)?;
                    let waiting = queries::count_waiting(db, space.seq)?;
                    Ok(Some((space, vectors, waiting)))
                };
                Ok::<_, Error>((measured(false)?, measured(true)?))
            })
            .await?;
        let (space, vectors, waiting) = active.ok_or_else(no_space)?;
        let mut choices = vec![BUILTIN.to_owned()];
        let models = self.inner.models.list(caller, false).await;
        let embedding = models.into_iter().filter(|model| model.capabilities.embeddings);
        choices.extend(embedding.map(|model| model.id.to_string()));
        Ok(Status {
            enabled: self.inner.live.now().embeddings.enabled,
            model: space.model,
            loaded: self.inner.builtin.is_loaded(),
            vectors,
            waiting,
            error: space.error,
            next: next.map(|(space, done, waiting)| Next {
                model: space.model,
                done,
                total: done + waiting,
                error: space.error,
            }),
            choices,
        })
    }

    /// Whether meaning can be found now: `off`, `ok`, or `failing` and why.
    pub async fn health(&self) -> Result<Value, Error> {
        let space =
            self.inner.store.read(|db| queries::find_space(db, false)?.ok_or_else(no_space));
        let Space { model, error, .. } = space.await?;
        let status = match (self.inner.live.now().embeddings.enabled, &error) {
            (false, _) => "off",
            (true, None) => "ok",
            (true, Some(_)) => "failing",
        };
        let loaded = self.inner.builtin.is_loaded();
        Ok(json!({ "status": status, "model": model, "loaded": loaded, "error": error }))
    }

    /// Chooses another model. Everything is embedded for it in the background while the present
    /// vectors go on serving; choosing the present one again gives that up.
    pub async fn choose(&self, caller: &Caller, model: String) -> Result<Status, Error> {
        if model != BUILTIN {
            // Asks once, so that a wrong choice is told now and not in the background.
            self.inner.models.embed(caller, &model_ref(&model)?, &["Inglenook"]).await?;
        }
        self.inner
            .store
            .write_once(caller, move |tx| {
                let active = queries::find_space(tx, false)?.ok_or_else(no_space)?;
                let building = queries::find_space(tx, true)?;
                match building {
                    Some(building) if building.model == model => {}
                    _ if active.model == model => queries::retire_building(tx)?,
                    _ => queries::insert_space(tx, &model)?,
                }
                Ok::<_, Error>(())
            })
            .await?;
        self.wake();
        self.announce();
        self.status(caller).await
    }

    /// The direction of a text, for finding what is like it. `None` when meaning is not looked for,
    /// or when the model that serves cannot be asked now: words are looked for all the same.
    pub async fn direction(&self, caller: &Caller, text: &str) -> Option<Direction> {
        if !self.inner.live.now().embeddings.enabled || text.trim().is_empty() {
            return None;
        }
        let found = self.find_direction(caller, text).await;
        found
            .inspect_err(|error| tracing::warn!(%error, "a question was not embedded"))
            .ok()
            .flatten()
    }

    async fn find_direction(
        &self,
        caller: &Caller,
        text: &str,
    ) -> Result<Option<Direction>, Error> {
        let space =
            self.inner.store.read(|db| queries::find_space(db, false)?.ok_or_else(no_space));
        let space = space.await?;
        let vectors = self.vectors(caller, &space.model, vec![text.to_owned()]).await?;
        let vector = vectors.into_iter().next();
        Ok(vector.map(|vector| Direction { space: space.seq, vector }))
    }

    /// The vectors of texts, by a model.
    async fn vectors(
        &self,
        caller: &Caller,
        model: &str,
        texts: Vec<String>,
    ) -> Result<Vec<Vector>, Error> {
        if model == BUILTIN {
            let threads = self.inner.live.now().embeddings.threads;
            return self.inner.builtin.embed(threads, texts).await;
        }
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let numbers = self.inner.models.embed(caller, &model_ref(model)?, &texts).await?;
        Ok(numbers.into_iter().map(Vector::normalised).collect())
    }

    /// The items of a kind that mean most nearly the same, best first; with `parents`, only those of
    /// these documents or conversations. Items may be gone or in the trash: the caller looks.
    pub async fn nearest(
        &self,
        kind: Kind,
        direction: &Direction,
        parents: Option<Arc<HashSet<i64>>>,
        limit: usize,
    ) -> Result<Vec<Near>, Error> {
        let space = direction.space;
        let mut held = self.inner.index.lock().await;
        if held.as_ref().is_none_or(|loaded| loaded.space() != space) {
            let loaded = self.inner.store.read(move |db| Loaded::read(db, space)).await?;
            *held = Some(loaded);
        }
        let Some(loaded) = held.as_mut() else { return Ok(Vec::new()) };
        loaded.touch(clock::monotonic());
        let index = loaded.of(kind);
        // Nobody waits for the scan but this question.
        drop(held);
        let candidates = self.inner.live.now().embeddings.candidates.max(limit);
        let vector = direction.vector.clone();
        self.inner
            .store
            .read(move |db| {
                let found = index.candidates(&vector, candidates, parents.as_deref());
                nearest::rescored(db, &vector, &found, limit)
            })
            .await
    }

    /// Tells every tab that what finds by meaning changed.
    pub fn announce(&self) {
        self.inner.feed.announce_to_all("embeddings", &json!({}));
    }
}

/// A direction in the space of one model.
#[derive(Debug, Clone)]
pub struct Direction {
    space: i64,
    vector: Vector,
}

fn no_space() -> Error {
    Error::internal("finding the vectors", std::io::Error::other("there is no embedding space"))
}

fn model_ref(model: &str) -> Result<ModelRef, Error> {
    model.parse().map_err(|_| {
        Error::invalid("model", format!("model is {BUILTIN} or <provider id>/<model name>"))
    })
}
