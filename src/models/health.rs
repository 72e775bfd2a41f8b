//! How a provider is doing in this run of the program: its breaker, its counts, its newest failure,
//! the models it listed last, and what was learnt of its ways.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use utoipa::ToSchema;

use super::error::{Error, LastError};
use super::providers::{Listed, Quirks};
use crate::base::clock;
use crate::net::breaker::{Breaker, BreakerPolicy, State};

/// A breaker as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Breaker)]
pub struct BreakerView {
    /// Where it stands.
    pub state: State,
    /// Failures in a row.
    pub failures: u32,
    /// Until probes may pass, while open.
    pub opens_again_in_seconds: Option<u64>,
}

/// Counts since the program started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ProviderStats)]
pub struct Stats {
    /// Questions asked.
    pub requests: u64,
    /// Attempts after the first.
    pub retries: u64,
    /// Questions without a whole answer, by the provider's fault or its refusal.
    pub failures: u64,
}

/// What a provider was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    List,
    Question,
}

/// The models a provider listed last.
#[derive(Debug, Default, Clone)]
pub(super) struct Listing {
    /// When it was asked last; `None` before the first time.
    pub(super) at: Option<Instant>,
    /// What it listed when it last answered.
    pub(super) models: Arc<[Listed]>,
    /// Why it did not answer the last time.
    pub(super) fault: Option<Error>,
}

impl Listing {
    /// Whether it is time to ask again.
    pub(super) fn is_stale(&self, refresh: Duration) -> bool {
        self.at.is_none_or(|at| clock::monotonic().saturating_duration_since(at) >= refresh)
    }

    /// Whether it would look the same to a person.
    fn shows_like(&self, other: &Self) -> bool {
        let code = |listing: &Self| listing.fault.as_ref().map(Error::code);
        code(self) == code(other) && self.models == other.models && self.at.is_some()
    }
}

/// All of it, for one provider.
#[derive(Debug)]
pub(super) struct Health {
    pub(super) breaker: Arc<Breaker>,
    requests: AtomicU64,
    retries: AtomicU64,
    failures: AtomicU64,
    last_error: Mutex<Option<(LastError, About)>>,
    listing: Mutex<Listing>,
    quirks: Mutex<HashMap<String, Quirks>>,
    /// Whether the list is being asked for now.
    asking: watch::Sender<bool>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            breaker: Arc::default(),
            requests: AtomicU64::default(),
            retries: AtomicU64::default(),
            failures: AtomicU64::default(),
            last_error: Mutex::default(),
            listing: Mutex::default(),
            quirks: Mutex::default(),
            asking: watch::Sender::new(false),
        }
    }
}

impl Health {
    pub(super) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// A question ended in a failure.
    pub(super) fn failed(&self, error: &Error) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.note(error, About::Question);
    }

    /// Keeps the newest failure.
    pub(super) fn note(&self, error: &Error, about: About) {
        let last =
            LastError { code: error.code().to_owned(), error: error.to_string(), at: clock::now() };
        *lock(&self.last_error) = Some((last, about));
    }

    /// It answered. A failed question is over only when a question succeeds, for some servers list
    /// their models to anybody.
    pub(super) fn answered(&self, about: About) {
        let mut last = lock(&self.last_error);
        if about == About::Question || last.as_ref().is_some_and(|(_, was)| *was == About::List) {
            *last = None;
        }
    }

    pub(super) fn last_error(&self) -> Option<LastError> {
        lock(&self.last_error).as_ref().map(|(last, _)| last.clone())
    }

    pub(super) fn stats(&self) -> Stats {
        Stats {
            requests: self.requests.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
        }
    }

    pub(super) fn breaker_view(&self, policy: BreakerPolicy) -> BreakerView {
        let health = self.breaker.health(policy, clock::monotonic());
        let left = health.opens_again_in;
        BreakerView {
            state: health.state,
            failures: health.failures,
            opens_again_in_seconds: left
                .map(|left| left.as_secs() + u64::from(left.subsec_nanos() > 0)),
        }
    }

    pub(super) fn listing(&self) -> Listing {
        lock(&self.listing).clone()
    }

    /// Keeps what came of asking for the list; after a failure the last models stay. `true` when
    /// something is new to a person.
    pub(super) fn listed(&self, result: Result<Vec<Listed>, Error>) -> bool {
        let mut listing = lock(&self.listing);
        let (models, fault) = match result {
            Ok(models) => (models.into(), None),
            Err(error) => (Arc::clone(&listing.models), Some(error)),
        };
        let new = Listing { at: Some(clock::monotonic()), models, fault };
        let changed = !listing.shows_like(&new);
        *listing = new;
        changed
    }

    pub(super) fn quirks(&self, model: &str) -> Quirks {
        lock(&self.quirks).get(model).copied().unwrap_or_default()
    }

    pub(super) fn learnt(&self, model: &str, quirks: Quirks) {
        lock(&self.quirks).insert(model.to_owned(), quirks);
    }

    /// Takes the turn to ask for the list; `None` when somebody is asking already.
    pub(super) fn begin_asking(self: &Arc<Self>) -> Option<Asking> {
        let mine = self.asking.send_if_modified(|asking| !std::mem::replace(asking, true));
        mine.then(|| Asking(Arc::clone(self)))
    }

    /// Waits until nobody is asking.
    pub(super) async fn asked(&self) {
        // An error would mean that the sender is gone, and it is ours.
        let _ = self.asking.subscribe().wait_for(|asking| !asking).await;
    }
}

/// The turn to ask for a list; its end, in whatever way, wakes those who wait.
#[derive(Debug)]
pub(super) struct Asking(Arc<Health>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.asking.send_replace(false);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whole values are replaced under these locks, so what a panic left is sound.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Listed {
        Listed { name: name.to_owned(), ..Listed::default() }
    }

    #[test]
    fn a_failed_look_keeps_the_last_models() {
        let health = Health::default();
        assert!(health.listing().is_stale(Duration::from_mins(1)));
        assert!(health.listed(Ok(vec![named("a")])));
        assert!(!health.listed(Ok(vec![named("a")])));
        assert!(health.listed(Err(Error::NoSuchProvider)));
        assert!(!health.listed(Err(Error::NoSuchProvider)));
        let listing = health.listing();
        assert_eq!((listing.models.len(), listing.fault.is_some()), (1, true));
        assert!(!listing.is_stale(Duration::from_mins(1)));
    }

    #[tokio::test]
    async fn one_asks_and_the_others_wait() {
        let health = Arc::new(Health::default());
        health.asked().await;
        let turn = health.begin_asking().unwrap();
        assert!(health.begin_asking().is_none());
        let waiting = health.asked();
        drop(turn);
        waiting.await;
        assert!(health.begin_asking().is_some());
    }
}
