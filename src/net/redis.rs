//! Connections to Redis: one that all requests share, and one of its own for whoever waits long. Each
//! is entered in the register before it is made. A request waits no longer than its patience allows,
//! and a breaker spares it even that while Redis is away.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisError, RedisResult};
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{Mutex, Semaphore};

use super::address;
use super::breaker::{Breaker, BreakerPolicy, Health, Refused};
use super::register::{Offline, Purpose, Register};
use crate::base::clock;

/// Connects to Redis. Cheap to clone.
#[derive(Clone)]
pub struct Redis {
    inner: Arc<Inner>,
}

/// A connection. Cheap to clone; clones share it.
pub type Wire = MultiplexedConnection;

/// How long anything waits, and when Redis is left alone.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// What runs in the background waits so long.
    pub background: Duration,
    /// What somebody waits for waits so long.
    pub request: Duration,
    /// When requests do not even try.
    pub breaker: BreakerPolicy,
}

/// Why Redis gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be read. It is not repeated, for there may be a password in it.
    #[error("the address of Redis (REDIS_URL) cannot be read")]
    Address,
    /// It may not leave this machine.
    #[error(transparent)]
    Offline(#[from] Offline),
    /// It is left alone for a while.
    #[error("Redis is left alone")]
    LeftAlone(#[from] Refused),
    /// Nothing came in time.
    #[error("no answer of Redis within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// It said no, or the connection broke.
    #[error("{0}")]
    Redis(#[from] RedisError),
}

impl Error {
    /// Whether Redis is there, though it said no.
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::Redis(error) if !error.is_io_error() && !error.is_connection_dropped())
    }
}

struct Inner {
    client: redis::Client,
    /// Where it leads; absent for a socket file of this machine.
    url: Option<Url>,
    register: Register,
    patience: Box<dyn Fn() -> Patience + Send + Sync>,
    breaker: Arc<Breaker>,
    /// So many requests are under way at once.
    turns: Semaphore,
    shared: Mutex<Option<Wire>>,
}

impl Redis {
    /// Reads the address; nothing is connected yet.
    pub fn new(
        url: &SecretString,
        at_once: usize,
        register: Register,
        patience: impl Fn() -> Patience + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let client = redis::Client::open(url.expose_secret()).map_err(|_| Error::Address)?;
        let local = matches!(client.get_connection_info().addr(), redis::ConnectionAddr::Unix(_));
        let url = if local {
            None
        } else {
            let url = Url::parse(url.expose_secret()).map_err(|_| Error::Address)?;
            let host = url.host_str().unwrap_or_default().trim_end_matches('.');
            let forbidden = match address::literal(host) {
                Some(ip) => address::is_forbidden(ip),
                None => address::METADATA_NAMES.iter().any(|name| host.eq_ignore_ascii_case(name)),
            };
            if forbidden || host.is_empty() {
                return Err(Error::Address);
            }
            Some(url)
        };
        Ok(Self {
            inner: Arc::new(Inner {
                client,
                url,
                register,
                patience: Box::new(patience),
                breaker: Arc::default(),
                turns: Semaphore::new(at_once),
                shared: Mutex::default(),
            }),
        })
    }

    /// How long what runs in the background waits.
    pub fn background(&self) -> Duration {
        (self.inner.patience)().background
    }

    /// How long what somebody waits for waits.
    pub fn patience(&self) -> Duration {
        (self.inner.patience)().request
    }

    /// How the requests fare.
    pub fn health(&self) -> Health {
        self.inner.breaker.health((self.inner.patience)().breaker, clock::monotonic())
    }

    /// Somebody else got an answer: requests may try again.
    pub fn is_there(&self) {
        if self.health().state != super::breaker::State::Closed {
            self.inner.breaker.reset();
        }
    }

    /// Refuses when this machine may not be left.
    pub fn check(&self) -> Result<(), Error> {
        match &self.inner.url {
            Some(url) => Ok(self.inner.register.check(Purpose::Bus, url)?),
            None => Ok(()),
        }
    }

    /// A connection of one's own.
    pub async fn connect(&self) -> Result<Wire, Error> {
        let entry = match &self.inner.url {
            Some(url) => Some(self.inner.register.admit(Purpose::Bus, url)?),
            None => None,
        };
        let limit = self.background();
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(limit))
            .set_response_timeout(None);
        let connecting = self.inner.client.get_multiplexed_async_connection_with_config(&config);
        let made = match tokio::time::timeout(limit, connecting).await {
            Ok(made) => made.map_err(Error::from),
            Err(_) => Err(Error::Timeout(limit)),
        };
        if let (Err(error), Some(entry)) = (&made, &entry) {
            entry.failed(&error.to_string());
        }
        made
    }

    /// Asks on behalf of somebody who waits. It takes no longer than their patience. What is asked over
    /// a connection that was kept and has ended meanwhile is asked once more over a new one, so it must
    /// be the same when it is done twice.
    pub async fn ask<T, F>(&self, work: impl Fn(Wire) -> F) -> Result<T, Error>
    where
        F: Future<Output = RedisResult<T>>,
    {
        self.check()?;
        let patience = (self.inner.patience)();
        let permit = self.inner.breaker.enter(patience.breaker, clock::monotonic())?;
        let asking = async {
            let _turn = self.inner.turns.acquire().await;
            let (wire, kept) = self.shared().await?;
            match work(wire).await.map_err(Error::from) {
                Err(error) if kept && !error.is_answer() => {
                    self.forget();
                    work(self.shared().await?.0).await.map_err(Error::from)
                }
                done => done,
            }
        };
        let asked = match tokio::time::timeout(patience.request, asking).await {
            Ok(asked) => asked,
            Err(_) => Err(Error::Timeout(patience.request)),
        };
        match &asked {
            Err(error) if !error.is_answer() => {
                permit.failure(patience.breaker, clock::monotonic());
                self.forget();
            }
            _ => permit.success(patience.breaker),
        }
        asked
    }

    /// The connection that all requests share, and whether it was there already.
    async fn shared(&self) -> Result<(Wire, bool), Error> {
        let mut shared = self.inner.shared.lock().await;
        if let Some(wire) = &*shared {
            return Ok((wire.clone(), true));
        }
        let wire = self.connect().await?;
        *shared = Some(wire.clone());
        Ok((wire, false))
    }

    /// Lets the next request make a connection of its own.
    fn forget(&self) {
        // Whoever makes a new one now has it; the next finds none.
        if let Ok(mut shared) = self.inner.shared.try_lock() {
            *shared = None;
        }
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address may hold a password.
        f.debug_struct("Redis").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::register::Policy;

    fn redis(url: &str, offline: bool) -> Result<Redis, Error> {
        let register = Register::new(move || Policy { offline, max_hosts: 9 });
        let breaker = BreakerPolicy {
            failures: 2,
            successes: 1,
            open: Duration::from_mins(1),
            half_open_calls: 1,
        };
        Redis::new(&url.into(), 5, register, move || Patience {
            background: Duration::from_secs(1),
            request: Duration::from_millis(50),
            breaker,
        })
    }

    #[test]
    fn a_password_is_in_no_text() {
        for url in ["redis://:hush-hush@[", "redis://:hush-hush@169.254.169.254:6379"] {
            let error = redis(url, false).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
        }
        let good = redis("redis://:hush-hush@127.0.0.1:6379/1", false).unwrap();
        assert!(!format!("{good:?}").contains("hush"));
    }

    #[tokio::test]
    async fn offline_leaves_only_this_machine() {
        for (url, allowed) in [
            ("redis://redis.example:6379", false),
            ("rediss://10.1.2.3", false),
            ("redis://localhost:6379", true),
            ("redis://[::1]:6379", true),
            ("redis://127.0.0.1", true),
            ("unix:///run/redis.sock", true),
        ] {
            assert_eq!(redis(url, true).unwrap().check().is_ok(), allowed, "{url}");
            assert!(redis(url, false).unwrap().check().is_ok(), "{url}");
        }
    }

    #[tokio::test]
    async fn who_waits_is_not_kept_long_and_soon_not_at_all() {
        // A listener that takes connections and never answers.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let redis = redis(&format!("redis://127.0.0.1:{port}"), false).unwrap();
        for _ in 0..2 {
            let asked = redis.ask(async |mut wire| redis::cmd("PING").query_async(&mut wire).await);
            let asked: Result<String, Error> = asked.await;
            assert!(matches!(asked, Err(Error::Timeout(_))), "{asked:?}");
        }
        let asked = redis.ask(async |mut wire| redis::cmd("PING").query_async(&mut wire).await);
        let asked: Result<String, Error> = asked.await;
        assert!(matches!(asked, Err(Error::LeftAlone(_))), "{asked:?}");
        redis.is_there();
        assert_eq!(redis.health().state, crate::net::breaker::State::Closed);
    }
}
