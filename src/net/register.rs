//! Who was asked, and why. Every request that leaves this process is admitted here first and counted;
//! `OFFLINE` is held here, so that it holds for whatever may ask in the future too. The counts wait
//! in memory until somebody takes them away to keep them: a request costs a lock and no write.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::address;
use crate::base::{Timestamp, clock, words};
use crate::config::Config;

/// What is kept of the reason for a failure.
const MAX_ERROR_CHARS: usize = 200;
/// Under which name hosts are counted that find no room of their own.
pub const OTHERS: &str = "*";

words! {
    /// Why a host is asked.
    #[derive(Hash)]
    Purpose {
        /// Answers and lists of a model's server.
        Provider = "provider",
        /// Vectors of a model's server.
        Embedding = "embedding",
        /// Ranks of a model's server.
        Reranking = "reranking",
        /// Looking for model servers at their usual places.
        Discovery = "discovery",
        /// A document by its URL.
        Document = "document",
        /// Telling a webhook what happened.
        Webhook = "webhook",
        /// Tools of an MCP server.
        Tools = "tools",
        /// The Redis server that joins several processes into one bus.
        Bus = "bus",
    }
}

/// What the register goes by.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// Whether only this machine may be asked.
    pub offline: bool,
    /// Hosts that are counted apart until the counts are taken away.
    pub max_hosts: usize,
}

impl From<&Config> for Policy {
    fn from(config: &Config) -> Self {
        Self { offline: config.models.offline, max_hosts: config.outbound.max_hosts }
    }
}

/// A request that may not leave: its host is another machine's and `OFFLINE` is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("OFFLINE=true allows this machine only")]
pub struct Offline;

/// An address that no connection is made to, whatever name led there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name leads to no address that may be asked")]
pub struct NoAddress;

/// What is known of a host and a purpose since the counts were last taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The host, with its port when that is not the scheme's own.
    pub host: String,
    /// Why it was asked.
    pub purpose: Purpose,
    /// Requests that left.
    pub requests: u64,
    /// Requests that were not let out.
    pub refused: u64,
    /// The first of either.
    pub first_at: Timestamp,
    /// The last of either.
    pub last_at: Timestamp,
    /// What went wrong the last time that something did.
    pub last_error: Option<String>,
}

/// The register. Cheap to clone; all clones are the same one.
#[derive(Clone)]
pub struct Register {
    inner: Arc<Inner>,
}

struct Inner {
    policy: Box<dyn Fn() -> Policy + Send + Sync>,
    counts: Mutex<HashMap<(String, Purpose), Count>>,
}

/// A request that was let out, so that what becomes of it can be told.
pub(super) struct Entry {
    register: Register,
    purpose: Purpose,
    host: String,
}

impl Register {
    /// A register that looks at the policy anew for each request.
    pub fn new(policy: impl Fn() -> Policy + Send + Sync + 'static) -> Self {
        let inner = Inner { policy: Box::new(policy), counts: Mutex::default() };
        Self { inner: Arc::new(inner) }
    }

    /// Refuses, and counts, what may not leave now.
    pub fn check(&self, purpose: Purpose, url: &Url) -> Result<(), Offline> {
        if (self.inner.policy)().offline && !address::is_loopback(url) {
            self.refuse(purpose, url, &Offline.to_string());
            return Err(Offline);
        }
        Ok(())
    }

    /// Counts a request that is not let out, for a reason of the caller's.
    pub fn refuse(&self, purpose: Purpose, url: &Url, why: &str) {
        self.change(purpose, &place(url), |count| {
            count.refused += 1;
            count.last_error = Some(short(why));
        });
    }

    /// Lets a request out, and counts it, or refuses it.
    pub(super) fn admit(&self, purpose: Purpose, url: &Url) -> Result<Entry, Offline> {
        self.check(purpose, url)?;
        let host = place(url);
        self.change(purpose, &host, |count| count.requests += 1);
        Ok(Entry { register: self.clone(), purpose, host })
    }

    /// Takes the counts away; they begin anew.
    pub fn take(&self) -> Vec<Count> {
        std::mem::take(&mut *self.counts()).into_values().collect()
    }

    /// Gives back counts that could not be kept.
    pub fn give_back(&self, counts: Vec<Count>) {
        for old in counts {
            self.change(old.purpose, &old.host, |count| {
                count.requests += old.requests;
                count.refused += old.refused;
                count.first_at = count.first_at.min(old.first_at);
                if count.last_error.is_none() {
                    count.last_error = old.last_error;
                }
            });
        }
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<(String, Purpose), Count>> {
        self.inner.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, purpose: Purpose, host: &str, change: impl FnOnce(&mut Count)) {
        let (now, max_hosts) = (clock::now(), (self.inner.policy)().max_hosts);
        let mut counts = self.counts();
        let mut key = (host.to_owned(), purpose);
        if counts.len() >= max_hosts && !counts.contains_key(&key) {
            OTHERS.clone_into(&mut key.0);
        }
        let host = key.0.clone();
        let count = counts.entry(key).or_insert_with(|| Count {
            host,
            purpose,
            requests: 0,
            refused: 0,
            first_at: now,
            last_at: now,
            last_error: None,
        });
        count.last_at = count.last_at.max(now);
        change(count);
    }
}

impl Entry {
    /// The request, or its answer, came to nothing.
    pub(super) fn failed(&self, why: &str) {
        let why = short(why);
        self.register.change(self.purpose, &self.host, |count| count.last_error = Some(why));
    }

    /// No connection was made after all, because of where it would have led.
    pub(super) fn refused(&self, why: &str) {
        let why = short(why);
        self.register.change(self.purpose, &self.host, |count| {
            // The counts may have been taken away since it was let out.
            count.requests = count.requests.saturating_sub(1);
            count.refused += 1;
            count.last_error = Some(why);
        });
    }
}

/// The host, with its port when that is not the scheme's own.
fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

fn short(why: &str) -> String {
    why.chars().take(MAX_ERROR_CHARS).collect()
}

impl fmt::Debug for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Register").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn register(offline: bool, max_hosts: usize) -> Register {
        Register::new(move || Policy { offline, max_hosts })
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn facts(register: &Register) -> Vec<(String, u64, u64, Option<String>)> {
        let mut counts = register.take();
        counts.sort_by(|a, b| a.host.cmp(&b.host));
        let fact = |c: Count| (c.host, c.requests, c.refused, c.last_error);
        counts.into_iter().map(fact).collect()
    }

    #[test]
    fn requests_are_counted_by_host_and_what_became_of_them_is_told() {
        let register = register(false, 10);
        let good = register.admit(Purpose::Provider, &url("https://a.example/v1")).unwrap();
        let bad = register.admit(Purpose::Provider, &url("https://A.example:443/x?key=1"));
        bad.unwrap().failed("it answered 500");
        let led_astray = register.admit(Purpose::Document, &url("http://b.example.:81/")).unwrap();
        led_astray.refused("no such place");
        drop(good);
        let expected = [
            ("a.example".to_owned(), 2, 0, Some("it answered 500".to_owned())),
            ("b.example:81".to_owned(), 0, 1, Some("no such place".to_owned())),
        ];
        assert_eq!(facts(&register), expected);
        assert!(register.take().is_empty(), "they begin anew");
    }

    #[test]
    fn offline_lets_out_what_stays_on_this_machine() {
        let register = register(true, 10);
        for here in ["http://localhost:1/", "http://127.0.0.1:1/", "http://[::1]:1/"] {
            assert!(register.check(Purpose::Provider, &url(here)).is_ok(), "{here}");
        }
        assert!(register.take().is_empty());
        for away in ["http://10.0.0.1/", "https://a.example/", "http://localhost.example/"] {
            let refused = register.admit(Purpose::Provider, &url(away)).map(drop);
            assert_eq!(refused, Err(Offline), "{away}");
        }
        assert!(
            facts(&register)
                .iter()
                .all(|(_, requests, refused, _)| (*requests, *refused) == (0, 1))
        );
    }

    #[test]
    fn what_could_not_be_kept_is_counted_on() {
        let register = register(false, 10);
        let ask = || drop(register.admit(Purpose::Document, &url("http://a.example/")).unwrap());
        ask();
        let taken = register.take();
        let first = taken[0].first_at;
        ask();
        register.give_back(taken);
        let now = register.take();
        assert_eq!((now.len(), now[0].requests, now[0].first_at), (1, 2, first));
    }

    #[test]
    fn a_flood_of_hosts_is_counted_together() {
        let register = register(false, 3);
        for n in 0..100 {
            let _ = register.admit(Purpose::Document, &url(&format!("http://h{n}.example/")));
        }
        let counts = register.take();
        assert_eq!(counts.len(), 4);
        assert_eq!(counts.iter().map(|count| count.requests).sum::<u64>(), 100);
        assert!(counts.iter().any(|count| count.host == OTHERS && count.requests == 97));
    }
}
