//! Who may come in, and what they may do. Until a password is set whoever is on this machine is the
//! owner; from then on everybody needs a session, a token or the machine's own key.
//!
//! What was once looked up is remembered, and forgotten in the moment it ends: nobody but this
//! capability writes sessions and tokens. Ending a credential closes whatever is open under it.

mod identity;
mod need;
mod password;
mod queries;
mod secret;
mod sign_in;
mod tokens;
mod types;
mod users;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::task::TaskTracker;

pub use identity::{How, Identity, Opened, Origin};
pub use need::{Need, Role, Scope};
pub use types::{Claim, ClaimPurpose, NewToken, NewUser, Session, Token, User, UserChanges};

use crate::base::{Caller, Timestamp, UserId, clock};
use crate::config::Live;
use crate::error::Error;
use crate::store::{self, Seal, Store, files};
use password::Passwords;
use secret::Hash;

/// Credentials that are remembered at most; what is in use is never forgotten for room.
const REMEMBERED: usize = 4096;
/// How exact the instant of last use is.
const NOTE_USE: Duration = Duration::from_mins(1);
/// The file that holds the machine's own key.
const KEY_FILE: &str = "control.key";

/// Users, sessions and tokens.
#[derive(Debug, Clone)]
pub struct Auth {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    live: Live,
    tasks: TaskTracker,
    passwords: Passwords,
    seal: Seal,
    /// What cookies of this data folder are called after.
    instance: String,
    locked: AtomicBool,
    /// Whoever is on this machine while no password is set.
    here: Arc<Identity>,
    /// Whoever can read the data folder.
    key: (Hash, Arc<Identity>),
    /// The link on the terminal that sets the first password.
    setup: Mutex<Option<Hash>>,
    known: Mutex<Known>,
    started: Instant,
}

#[derive(Debug, Default)]
struct Known {
    /// Grows whenever something ends, so that what was read before is not remembered after.
    ended: u64,
    by_hash: HashMap<Hash, Arc<Identity>>,
}

/// What somebody brings to be known by.
#[derive(Debug, Default, Clone, Copy)]
pub struct Credentials<'a> {
    /// A token, or what its client sends in its place.
    pub bearer: Option<&'a str>,
    /// The secret of a session.
    pub session: Option<&'a str>,
    /// Whether they are on this machine.
    pub here: bool,
}

fn not_signed_in(message: &str) -> Error {
    Error::NotSignedIn { code: "not_signed_in", message: message.to_owned() }
}

impl Auth {
    /// Users of `store`; leaves the machine's own key in the data folder.
    pub async fn open(
        store: Store,
        live: Live,
        seal: Seal,
        tasks: TaskTracker,
    ) -> Result<Self, Error> {
        let (instance, locked) = store
            .read(|db| Ok::<_, Error>((queries::instance(db)?, queries::has_passwords(db)?)))
            .await?;
        let started = clock::monotonic();
        let owner = |how| Arc::new(Identity::new(UserId::OWNER, Role::Admin, how, started));
        let key = secret::make(secret::KEY)?;
        files::write_private(&live.now().data_dir.join(KEY_FILE), key.expose_secret().as_bytes())?;
        Ok(Self {
            inner: Arc::new(Inner {
                store,
                live,
                tasks,
                passwords: Passwords::default(),
                seal,
                instance,
                locked: AtomicBool::new(locked),
                here: owner(How::Here),
                key: (secret::hash(key.expose_secret()), owner(How::Key)),
                setup: Mutex::new(None),
                known: Mutex::default(),
                started,
            }),
        })
    }

    /// The machine's own key, for another process of the same person.
    pub fn read_key(data_dir: &Path) -> std::io::Result<SecretString> {
        std::fs::read_to_string(data_dir.join(KEY_FILE)).map(SecretString::from)
    }

    /// Whether a password is set, so that everybody needs to prove who they are.
    pub fn is_locked(&self) -> bool {
        self.inner.locked.load(Ordering::Acquire)
    }

    /// What tells the cookies of this data folder from those of another.
    pub fn instance(&self) -> &str {
        &self.inner.instance
    }

    /// Who somebody is; `None` for a stranger, an error for credentials that are no good.
    pub async fn identify(&self, given: Credentials<'_>) -> Result<Option<Arc<Identity>>, Error> {
        let open_here = given.here && !self.is_locked();
        let secret = match (given.bearer, given.session) {
            // Clients of model servers always send some key; while the door is open it means nothing.
            (Some(bearer), _) if !open_here || secret::is_one(bearer) => bearer,
            (_, Some(session)) if !open_here => session,
            _ => return Ok(open_here.then(|| Arc::clone(&self.inner.here))),
        };
        let refused = || not_signed_in("this session or token is not known or has ended; sign in");
        if !secret::is_one(secret) {
            return Err(refused());
        }
        let hash = secret::hash(secret);
        if hash == self.inner.key.0 {
            return Ok(Some(Arc::clone(&self.inner.key.1)));
        }
        let found = match self.remembered(&hash) {
            Some(known) => Some(known),
            None => self.look_up(hash).await?,
        };
        let identity = found.ok_or_else(refused)?;
        self.note_use(&identity);
        Ok(Some(identity))
    }

    /// Who has the machine's own say, for work that the product does for itself.
    pub fn machine(&self) -> Arc<Identity> {
        Arc::clone(&self.inner.key.1)
    }

    fn remembered(&self, hash: &Hash) -> Option<Arc<Identity>> {
        let mut known = self.known();
        let identity = known.by_hash.get(hash)?;
        if identity.is_over() {
            known.by_hash.remove(hash);
            return None;
        }
        Some(Arc::clone(identity))
    }

    async fn look_up(&self, hash: Hash) -> Result<Option<Arc<Identity>>, Error> {
        loop {
            let before = self.known().ended;
            let found = self
                .inner
                .store
                .read(move |db| Ok::<_, Error>(queries::find_credential(db, &hash)?))
                .await?;
            let Some((user, role, how, expires_at)) = found else { return Ok(None) };
            let identity = Identity::new(user, role, how, self.inner.started);
            if let Some(expires_at) = expires_at {
                let left = expires_at.as_ms().saturating_sub(Timestamp::now().as_ms());
                let Ok(left @ 1..) = u64::try_from(left) else { return Ok(None) };
                identity.ends_in(Duration::from_millis(left));
            }
            let mut known = self.known();
            if known.ended != before {
                continue;
            }
            if known.by_hash.len() >= REMEMBERED {
                known.by_hash.retain(|_, identity| Arc::strong_count(identity) > 1);
            }
            // Two requests may look the same up; the first is the one whose end is announced.
            let identity = known.by_hash.entry(hash).or_insert_with(|| Arc::new(identity));
            return Ok(Some(Arc::clone(identity)));
        }
    }

    /// Lets a session live on, and writes its use down now and then.
    fn note_use(&self, identity: &Arc<Identity>) {
        let life = self.inner.live.now().server.session_expiry;
        if identity.session().is_some() {
            identity.ends_in(life);
        }
        if !identity.is_use_due(NOTE_USE) {
            return;
        }
        let (store, identity) = (self.inner.store.clone(), Arc::clone(identity));
        self.inner.tasks.spawn(async move {
            let expires_at = Timestamp::now().after(life);
            let noted = store
                .write(move |tx| {
                    queries::update_used(tx, &identity.how, identity.user, expires_at)?;
                    Ok::<_, Error>(())
                })
                .await;
            if let Err(error) = noted {
                tracing::warn!(%error, "the use of a session was not written down");
            }
        });
    }

    /// Writes, and does what follows from it, even when whoever asked has gone meanwhile: nothing may
    /// stay open that is gone from the database. What follows does no harm twice.
    async fn change<T: Serialize + DeserializeOwned + Send + 'static>(
        &self,
        caller: &Caller,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
        after: impl FnOnce(&Self, &T) + Send + 'static,
    ) -> Result<T, Error> {
        let (auth, caller) = (self.clone(), caller.clone());
        let changed = self.inner.tasks.spawn(async move {
            let done = auth.inner.store.write(move |tx| store::once(tx, &caller, work)).await?;
            after(&auth, &done.value);
            Ok(done.value)
        });
        changed.await.map_err(|error| Error::internal("changing who may come in", error))?
    }

    /// Forgets credentials and closes what is open under them. To be called when they are gone from
    /// the database.
    fn end(&self, which: impl Fn(&Identity) -> bool) {
        let mut known = self.known();
        known.ended += 1;
        known.by_hash.retain(|_, identity| {
            let ends = which(identity);
            if ends {
                identity.ended.cancel();
            }
            !ends
        });
    }

    /// From now on everybody must prove who they are.
    fn lock_up(&self) {
        self.inner.locked.store(true, Ordering::Release);
        self.inner.here.ended.cancel();
        *self.inner.setup.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        // What is in it is whole after every step.
        self.inner.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Clears away what has ended by itself.
    pub async fn sweep(&self) -> Result<usize, Error> {
        self.known().by_hash.retain(|_, identity| !identity.is_over());
        self.inner.store.write(|tx| Ok::<_, Error>(queries::delete_expired(tx)?)).await
    }
}
