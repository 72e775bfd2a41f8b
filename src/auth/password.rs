//! Passwords: kept as Argon2id, one at a time so that a crowd at the door takes neither the processor
//! nor the memory of everybody else, and with a wait that grows with every wrong one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use crate::base::clock;
use crate::error::Error;

/// Characters of the longest; the work of hashing must have an end.
const MAX_CHARS: usize = 1024;
/// How long somebody waits for their turn.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long wrong passwords are remembered.
const MEMORY: Duration = Duration::from_hours(1);
/// Names whose wrong passwords are remembered.
const MAX_NAMES: usize = 10_000;

/// How wrong passwords are borne.
#[derive(Debug, Clone, Copy)]
pub(super) struct Forbearance {
    /// Wrong passwords for one name before there is a wait.
    pub(super) free_tries: u32,
    /// The longest wait.
    pub(super) longest: Duration,
}

/// Makes and checks hashes.
#[derive(Debug)]
pub(super) struct Passwords {
    turn: Arc<Semaphore>,
    wrong: Mutex<HashMap<String, Wrong>>,
}

#[derive(Debug, Clone, Copy)]
struct Wrong {
    tries: u32,
    last: Instant,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { turn: Arc::new(Semaphore::new(1)), wrong: Mutex::default() }
    }
}

/// Refuses what is no good as a password, or shorter than it has to be.
pub(super) fn check(new: &SecretString, shortest: usize) -> Result<(), Error> {
    let chars = new.expose_secret().chars().count();
    if (shortest..=MAX_CHARS).contains(&chars) {
        return Ok(());
    }
    let message = format!("a password has {shortest} to {MAX_CHARS} characters");
    Err(Error::invalid("new", message))
}

impl Passwords {
    /// The hash to keep.
    pub(super) async fn hash(&self, password: SecretString) -> Result<String, Error> {
        self.run(move || {
            let hash = Argon2::default().hash_password(password.expose_secret().as_bytes());
            hash.map(|hash| hash.to_string())
                .map_err(|error| Error::internal("hashing a password", error.to_string()))
        })
        .await?
    }

    /// Whether a password is the one that was kept. Nobody's password takes as long to be found wrong
    /// as somebody's.
    pub(super) async fn verify(
        &self,
        kept: Option<String>,
        given: SecretString,
    ) -> Result<bool, Error> {
        let Some(kept) = kept else {
            self.hash(given).await?;
            return Ok(false);
        };
        self.run(move || {
            let kept = PasswordHash::new(&kept)
                .map_err(|error| Error::internal("reading a password's hash", error.to_string()))?;
            let given = given.expose_secret().as_bytes();
            Ok(Argon2::default().verify_password(given, &kept).is_ok())
        })
        .await?
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let turn = Arc::clone(&self.turn).acquire_owned();
        let busy = || Error::Unavailable {
            code: "too_many_sign_ins",
            message: "too many people sign in at once; try again in a moment".to_owned(),
            retry_after_s: Some(5),
        };
        let turn = tokio::time::timeout(PATIENCE, turn).await.map_err(|_| busy())?;
        let turn = turn.map_err(|_| busy())?;
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        })
        .await
        .map_err(|error| Error::internal("hashing a password", error))
    }

    /// Counts a try before it is made, so that many at once are no way around the wait. Whether the
    /// name exists makes no difference.
    pub(super) fn begin(&self, name: &str, bears: Forbearance) -> Result<(), Error> {
        self.begin_at(name, bears, clock::monotonic()).map_err(|wait| Error::TooMany {
            code: "slow_down",
            message: format!(
                "too many wrong passwords for this name; wait {} s",
                wait.as_secs().max(1)
            ),
            retry_after_s: wait.as_secs().max(1),
        })
    }

    fn begin_at(&self, name: &str, bears: Forbearance, now: Instant) -> Result<(), Duration> {
        let longest = bears.longest;
        let Ok(mut wrong) = self.wrong.lock() else { return Err(longest) };
        if wrong.len() >= MAX_NAMES && !wrong.contains_key(name) {
            wrong.retain(|_, known| now.saturating_duration_since(known.last) < longest);
            if wrong.len() >= MAX_NAMES {
                return Err(longest);
            }
        }
        let known = wrong.entry(name.to_owned()).or_insert(Wrong { tries: 0, last: now });
        let since = now.saturating_duration_since(known.last);
        if since >= MEMORY {
            known.tries = 0;
        }
        let wait = wait_after(known.tries, bears);
        if since < wait {
            return Err(wait.saturating_sub(since) + Duration::from_millis(999));
        }
        *known = Wrong { tries: known.tries.saturating_add(1), last: now };
        Ok(())
    }

    /// Forgets the wrong ones after a right one.
    pub(super) fn succeeded(&self, name: &str) {
        if let Ok(mut wrong) = self.wrong.lock() {
            wrong.remove(name);
        }
    }
}

fn wait_after(tries: u32, bears: Forbearance) -> Duration {
    let Some(waits) = tries.checked_sub(bears.free_tries) else { return Duration::ZERO };
    Duration::from_secs(2_u64.saturating_pow(waits)).min(bears.longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_same_password_is_right() {
        let passwords = Passwords::default();
        let kept = passwords.hash("correct horse".into()).await.unwrap();
        assert!(kept.starts_with("$argon2id$"), "{kept}");
        assert!(passwords.verify(Some(kept.clone()), "correct horse".into()).await.unwrap());
        assert!(!passwords.verify(Some(kept), "correct horsf".into()).await.unwrap());
        assert!(!passwords.verify(None, "correct horse".into()).await.unwrap());
    }

    #[test]
    fn the_wait_grows_and_ends() {
        let (passwords, start) = (Passwords::default(), clock::monotonic());
        let bears = Forbearance { free_tries: 3, longest: Duration::from_mins(5) };
        for _ in 0..bears.free_tries {
            assert_eq!(passwords.begin_at("anna", bears, start), Ok(()));
        }
        assert!(passwords.begin_at("anna", bears, start).is_err());
        assert_eq!(passwords.begin_at("berta", bears, start), Ok(()), "another's wait is not hers");
        let mut now = start;
        let mut waits = Vec::new();
        for _ in 0..12 {
            let mut wait = Duration::ZERO;
            while passwords.begin_at("anna", bears, now + wait).is_err() {
                wait += Duration::from_secs(1);
            }
            now += wait;
            waits.push(wait.as_secs());
        }
        assert_eq!(waits[..5], [1, 2, 4, 8, 16]);
        assert_eq!(waits[11], bears.longest.as_secs());
        assert_eq!(passwords.begin_at("anna", bears, now + MEMORY), Ok(()));
        assert_eq!(
            passwords.begin_at("anna", bears, now + MEMORY),
            Ok(()),
            "an hour makes it good"
        );
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        for bad in ["", "1234567", &"x".repeat(1025)] {
            assert!(check(&SecretString::from(bad), 8).is_err(), "{}", bad.len());
        }
        for good in ["12345678", "äöüäöüäö", &"x".repeat(1024)] {
            assert!(check(&SecretString::from(good), 8).is_ok(), "{}", good.len());
        }
    }
}
