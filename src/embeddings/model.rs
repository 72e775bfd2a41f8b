//! The model inside the executable: unpacked when first needed, given back when idle. It computes on
//! threads where that does no harm.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::engine::Engine;
use super::vector::Vector;
use crate::base::clock;
use crate::error::Error;

/// The model, in memory or not.
#[derive(Debug, Default, Clone)]
pub(super) struct Builtin {
    held: Arc<Mutex<Option<Held>>>,
}

struct Held {
    engine: Arc<Engine>,
    threads: NonZeroUsize,
    used: Instant,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held").field("used", &self.used).finish_non_exhaustive()
    }
}

impl Builtin {
    /// Whether it is in memory.
    pub(super) fn is_loaded(&self) -> bool {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// The vectors of texts, in their order.
    pub(super) async fn embed(
        &self,
        threads: NonZeroUsize,
        texts: Vec<String>,
    ) -> Result<Vec<Vector>, Error> {
        let builtin = self.clone();
        tokio::task::spawn_blocking(move || {
            let engine = builtin.engine(threads)?;
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            engine.embed(&texts).map_err(|error| Error::internal("embedding texts", error))
        })
        .await
        .map_err(|error| Error::internal("embedding texts", error))?
    }

    /// The model, which is unpacked by the first who asks.
    fn engine(&self, threads: NonZeroUsize) -> Result<Arc<Engine>, Error> {
        let now = clock::monotonic();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = held.as_mut().filter(|held| held.threads == threads) {
            held.used = now;
            return Ok(Arc::clone(&held.engine));
        }
        let engine = Engine::load(threads)
            .map_err(|error| Error::internal("unpacking the embedding model", error))?;
        let engine = Arc::new(engine);
        tracing::debug!(took_ms = clock::ms_since(now), "the embedding model is in memory");
        *held = Some(Held { engine: Arc::clone(&engine), threads, used: now });
        Ok(engine)
    }

    /// Gives the memory back when nobody asked for so long.
    pub(super) fn unload_after(&self, idle: Duration) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.as_ref().is_some_and(|held| held.used.elapsed() >= idle) {
            *held = None;
            tracing::debug!("the embedding model left the memory");
        }
    }
}
