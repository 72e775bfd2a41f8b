//! Signing in and out, and setting passwords.

use std::sync::PoisonError;

use rusqlite::Connection;
use secrecy::{ExposeSecret as _, SecretString};

use super::identity::{How, Identity, Opened, Origin};
use super::password::{self, Forbearance};
use super::secret::{self, Hash, Told};
use super::types::{Claim, ClaimPurpose, Session};
use super::{Auth, not_signed_in, queries, users};
use crate::base::{Caller, Cursor, Once, Page, SessionId, Timestamp, UserId};
use crate::error::Error;
use crate::store;

/// What is kept of a browser's name.
const MAX_AGENT_CHARS: usize = 200;

fn wrong_password() -> Error {
    Error::NotSignedIn {
        code: "wrong_password",
        message: "the name or the password is wrong".to_owned(),
    }
}

fn bad_claim() -> Error {
    Error::Forbidden {
        code: "bad_claim",
        message: "this link was used, has expired or was never good; ask for a new one, or run \
                  `inglenook password` on the machine"
            .to_owned(),
    }
}

impl Auth {
    /// Opens a session for a name and its password; without a name the owner's. Under a key, whoever
    /// shows the password again gets the session that they got.
    pub async fn sign_in(
        &self,
        once: Option<Once>,
        name: Option<String>,
        password: SecretString,
        from: Origin,
    ) -> Result<Opened, Error> {
        let name = match name {
            Some(name) => name,
            None => self.user(UserId::OWNER).await?.name,
        };
        // As the database compares names.
        let slot = name.to_ascii_lowercase();
        let slot: String = slot.chars().take(users::MAX_NAME_CHARS).collect();
        self.inner.passwords.begin(&slot, self.forbearance())?;
        let found = self
            .inner
            .store
            .read(move |db| Ok::<_, Error>(queries::find_by_name(db, &name)?))
            .await?;
        let (user, kept) = found.map_or((None, None), |(user, kept)| (Some(user), kept));
        let right = self.inner.passwords.verify(kept.clone(), password).await?;
        let user = user.filter(|_| right).ok_or_else(wrong_password)?;
        self.inner.passwords.succeeded(&slot);
        // The password is part of what the key stands for. A quick hash of it is not written down: that
        // of its slow hash is.
        let once = once.map(|once| Once {
            fingerprint: secret::print(&[&once.fingerprint, kept.as_deref().unwrap_or_default()]),
            ..once
        });
        let caller = Caller { user, once };
        let (session, hash) = self.new_session(user)?;
        let (id, expires_at, told) = (session.id, session.expires_at, session.secret.clone());
        let (once, seal) = (caller.clone(), self.inner.seal.clone());
        let written = self
            .inner
            .store
            .write(move |tx| {
                // The password may have become another meanwhile.
                if queries::password(tx, user)? != kept {
                    return Err(wrong_password());
                }
                store::once(tx, &caller, |tx| {
                    queries::insert_session(tx, id, user, &hash, expires_at, &short(from))?;
                    Told::of((id, expires_at), id, &told, (&once, &seal))
                })
            })
            .await?;
        tracing::info!(user.id = %user, "signed in");
        let told = Told::tell(written, session.secret, |(id, _)| *id, &self.inner.seal)?;
        let ((id, expires_at), secret) = told;
        Ok(Opened { id, user, secret, expires_at })
    }

    /// Ends the caller's session, or all of theirs.
    pub async fn sign_out(
        &self,
        caller: &Caller,
        who: &Identity,
        everywhere: bool,
    ) -> Result<(), Error> {
        let (user, session) = (who.user, who.session());
        let work = move |tx: &Connection| {
            if everywhere {
                queries::delete_sessions(tx, user)?;
            } else if let Some(session) = session {
                queries::delete_session(tx, user, session)?;
            }
            Ok(())
        };
        let ends = move |known: &Identity| {
            let open = known.session();
            known.user == user && open.is_some() && (everywhere || open == session)
        };
        self.change(caller, work, move |auth, ()| auth.end(ends)).await
    }

    /// The caller's sessions, newest first.
    pub async fn sessions(
        &self,
        who: &Identity,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Session>, Error> {
        let (user, current) = (who.user, who.session());
        let after = read_cursor(cursor)?;
        let items = self
            .inner
            .store
            .read(move |db| {
                Ok::<_, Error>(queries::list_sessions(db, user, current, after, limit + 1)?)
            })
            .await?;
        Ok(page(items, limit, |session| session.id))
    }

    /// Ends one of the caller's sessions.
    pub async fn end_session(
        &self,
        caller: &Caller,
        who: &Identity,
        id: SessionId,
    ) -> Result<(), Error> {
        let user = who.user;
        let work = move |tx: &Connection| {
            let there = queries::delete_session(tx, user, id)?;
            there.then_some(()).ok_or(Error::not_found("session"))
        };
        let ends = move |known: &Identity| known.session() == Some(id);
        self.change(caller, work, move |auth, ()| auth.end(ends)).await
    }

    /// Gives the caller another password. Whatever else was open in their name ends.
    pub async fn change_password(
        &self,
        who: &Identity,
        current: SecretString,
        new: SecretString,
        from: Origin,
    ) -> Result<Opened, Error> {
        if who.how == How::Here {
            return Err(Error::Forbidden {
                code: "bad_claim",
                message: "the first password is set with the link on the terminal, or with \
                          `inglenook password`"
                    .to_owned(),
            });
        }
        self.check_password(&new)?;
        let user = who.user;
        let slot = user.to_string();
        self.inner.passwords.begin(&slot, self.forbearance())?;
        let kept =
            self.inner.store.read(move |db| Ok::<_, Error>(queries::password(db, user)?)).await?;
        if !self.inner.passwords.verify(kept, current).await? {
            return Err(Error::Forbidden {
                code: "wrong_password",
                message: "the current password is wrong".to_owned(),
            });
        }
        self.inner.passwords.succeeded(&slot);
        self.set_password(user, new, None, None, from).await
    }

    /// Gives anybody another password, without asking: for whoever has the machine's own key.
    pub async fn force_password(
        &self,
        who: &Identity,
        name: Option<String>,
        new: SecretString,
        from: Origin,
    ) -> Result<Opened, Error> {
        if who.how != How::Key {
            return Err(not_signed_in("send the current password, or a claim"));
        }
        self.check_password(&new)?;
        let user = match name {
            None => UserId::OWNER,
            Some(name) => {
                let found = self
                    .inner
                    .store
                    .read(move |db| Ok::<_, Error>(queries::find_by_name(db, &name)?))
                    .await?;
                found.ok_or(Error::not_found("user"))?.0
            }
        };
        self.set_password(user, new, None, None, from).await
    }

    /// Sets the password that a one-time link is for, and a name if one is wished.
    pub async fn claim_password(
        &self,
        claim: &SecretString,
        name: Option<String>,
        new: SecretString,
        from: Origin,
    ) -> Result<Opened, Error> {
        self.check_password(&new)?;
        let name = name.map(|name| users::checked_name(&name)).transpose()?;
        let found = self.claim(claim).await?;
        let hash = secret::hash(claim.expose_secret());
        self.set_password(found.user.id, new, name, Some(hash), from).await
    }

    /// What a one-time link is for.
    pub async fn claim(&self, claim: &SecretString) -> Result<Claim, Error> {
        if !secret::is_one(claim.expose_secret()) {
            return Err(bad_claim());
        }
        let hash = secret::hash(claim.expose_secret());
        let setup = self.is_setup(&hash);
        self.inner
            .store
            .read(move |db| {
                let (owner, purpose, expires_at) = match queries::find_claim(db, &hash)? {
                    Some((owner, purpose, expires_at)) => (owner, purpose, Some(expires_at)),
                    None if setup => (UserId::OWNER, ClaimPurpose::Setup, None),
                    None => return Err(bad_claim()),
                };
                let user = queries::find_user(db, owner)?.ok_or_else(bad_claim)?;
                Ok(Claim { user, purpose, expires_at })
            })
            .await
    }

    /// A link for the terminal that sets the first password, as long as there is none.
    pub fn setup_claim(&self) -> Result<Option<SecretString>, Error> {
        if self.is_locked() {
            return Ok(None);
        }
        let claim = secret::make(secret::CLAIM)?;
        let hash = secret::hash(claim.expose_secret());
        *self.inner.setup.lock().unwrap_or_else(PoisonError::into_inner) = Some(hash);
        Ok(Some(claim))
    }

    fn is_setup(&self, hash: &Hash) -> bool {
        let setup = *self.inner.setup.lock().unwrap_or_else(PoisonError::into_inner);
        setup == Some(*hash) && !self.is_locked()
    }

    async fn set_password(
        &self,
        user: UserId,
        new: SecretString,
        name: Option<String>,
        claim: Option<Hash>,
        from: Origin,
    ) -> Result<Opened, Error> {
        let password = self.inner.passwords.hash(new).await?;
        let (session, hash) = self.new_session(user)?;
        let opened = (session.id, session.expires_at);
        let auth = self.clone();
        let work = move |tx: &Connection| {
            // A link is good once, also for two who use it in the same moment.
            if let Some(claim) = claim
                && queries::find_claim(tx, &claim)?.is_none()
                && (!auth.is_setup(&claim) || queries::has_passwords(tx)?)
            {
                return Err(bad_claim());
            }
            if let Some(name) = name {
                users::free_name(tx, &name, user)?;
                queries::update_name(tx, user, &name)?;
            }
            queries::update_password(tx, user, &password)?;
            queries::delete_credentials(tx, user)?;
            queries::insert_session(tx, opened.0, user, &hash, opened.1, &short(from))?;
            Ok(())
        };
        // What proves who asks is used up with it, so it takes no key: nobody can ask for it twice but who
        // has the machine's own, and finds it as it was.
        let caller = Caller { user, once: None };
        self.change(&caller, work, move |auth, ()| {
            auth.lock_up();
            auth.end(|known| known.user == user);
        })
        .await?;
        tracing::info!(user.id = %user, "a password was set");
        Ok(session)
    }

    fn check_password(&self, new: &SecretString) -> Result<(), Error> {
        password::check(new, self.inner.live.now().server.password_min_chars)
    }

    fn forbearance(&self) -> Forbearance {
        let server = &self.inner.live.now().server;
        Forbearance { free_tries: server.password_free_tries, longest: server.password_wait_max }
    }

    fn new_session(&self, user: UserId) -> Result<(Opened, Hash), Error> {
        let secret = secret::make(secret::SESSION)?;
        let hash = secret::hash(secret.expose_secret());
        let expires_at = Timestamp::now().after(self.inner.live.now().server.session_expiry);
        Ok((Opened { id: SessionId::new(), user, secret, expires_at }, hash))
    }
}

fn short(from: Origin) -> Origin {
    Origin { agent: from.agent.chars().take(MAX_AGENT_CHARS).collect(), ..from }
}

pub(super) fn read_cursor<K: serde::de::DeserializeOwned>(
    cursor: Option<&str>,
) -> Result<Option<K>, Error> {
    let read = cursor.map(Cursor::decode).transpose();
    read.map_err(|error| Error::invalid("cursor", error.to_string()))
}

/// A page of rows, of which one more than wanted was read.
pub(super) fn page<T, K: serde::Serialize>(
    mut items: Vec<T>,
    limit: usize,
    key: impl Fn(&T) -> K,
) -> Page<T> {
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).and_then(|last| Cursor::encode(&key(last)));
    Page { items, next_cursor: next }
}
