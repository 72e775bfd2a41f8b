//! The people of this Inglenook.

use rusqlite::Connection;
use secrecy::{ExposeSecret as _, SecretString};

use super::need::Role;
use super::secret::{self, Told};
use super::sign_in::{page, read_cursor};
use super::types::{ClaimPurpose, NewUser, User, UserChanges};
use super::{Auth, queries};
use crate::base::{Caller, Page, Timestamp, UserId};
use crate::error::Error;

/// Somebody with a link that sets their password: the secret in it, and until when it is good.
pub(super) type Invited = (User, SecretString, Timestamp);

/// Characters of a name.
pub(super) const MAX_NAME_CHARS: usize = 100;

/// A name without the blanks around it, if it is one.
pub(super) fn checked_name(name: &str) -> Result<String, Error> {
    let short = name.chars().count() <= MAX_NAME_CHARS;
    let name = name.trim();
    if short && !name.is_empty() && !name.chars().any(char::is_control) {
        return Ok(name.to_owned());
    }
    let message =
        format!("a name has 1 to {MAX_NAME_CHARS} characters, none of them control codes");
    Err(Error::invalid("name", message))
}

/// Refuses a name that somebody else has.
pub(super) fn free_name(tx: &Connection, name: &str, but: UserId) -> Result<(), Error> {
    if queries::is_name_taken(tx, name, but)? {
        return Err(Error::conflict("name_taken", "somebody here has this name already"));
    }
    Ok(())
}

fn get(db: &Connection, id: UserId) -> Result<User, Error> {
    queries::find_user(db, id)?.ok_or(Error::not_found("user"))
}

fn another_admin(tx: &Connection, id: UserId) -> Result<(), Error> {
    if queries::has_other_admin(tx, id)? {
        return Ok(());
    }
    Err(Error::conflict(
        "last_admin",
        "nobody else could look after this Inglenook then; make somebody else an admin first",
    ))
}

impl Auth {
    /// Everybody, in the order in which they came.
    pub async fn users(&self, cursor: Option<&str>, limit: usize) -> Result<Page<User>, Error> {
        let after = read_cursor(cursor)?;
        let items = self
            .inner
            .store
            .read(move |db| Ok::<_, Error>(queries::list_users(db, after, limit + 1)?))
            .await?;
        Ok(page(items, limit, |user| user.id))
    }

    /// One person.
    pub async fn user(&self, id: UserId) -> Result<User, Error> {
        self.inner.store.read(move |db| get(db, id)).await
    }

    /// Adds somebody, with the link that lets them set their password.
    pub async fn invite(&self, caller: &Caller, new: NewUser) -> Result<Invited, Error> {
        let name = checked_name(&new.name)?;
        let role = new.role.unwrap_or(Role::Member);
        let claim = secret::make(secret::CLAIM)?;
        let hash = secret::hash(claim.expose_secret());
        let expires_at = self.claim_end();
        let work = move |tx: &Connection| {
            let id = UserId::new();
            free_name(tx, &name, id)?;
            queries::insert_user(tx, id, &name, role)?;
            queries::insert_claim(tx, id, &hash, ClaimPurpose::Invitation, expires_at)?;
            tracing::info!(user.id = %id, "somebody was invited");
            Ok((get(tx, id)?, expires_at))
        };
        self.link(caller, claim, work).await
    }

    /// A fresh link for somebody: an invitation until they have a password, then another password.
    /// The password that they have stays good until the link is used.
    pub async fn new_claim(&self, caller: &Caller, id: UserId) -> Result<Invited, Error> {
        let claim = secret::make(secret::CLAIM)?;
        let hash = secret::hash(claim.expose_secret());
        let expires_at = self.claim_end();
        let work = move |tx: &Connection| {
            let user = get(tx, id)?;
            if user.disabled {
                return Err(Error::conflict("user_disabled", "let them in again first"));
            }
            let purpose =
                if user.has_password { ClaimPurpose::Reset } else { ClaimPurpose::Invitation };
            queries::insert_claim(tx, id, &hash, purpose, expires_at)?;
            Ok((user, expires_at))
        };
        self.link(caller, claim, work).await
    }

    /// Makes a link with this secret, once under the caller's key.
    async fn link(
        &self,
        caller: &Caller,
        claim: SecretString,
        work: impl FnOnce(&Connection) -> Result<(User, Timestamp), Error> + Send + 'static,
    ) -> Result<Invited, Error> {
        let (kept, once, seal) = (claim.clone(), caller.clone(), self.inner.seal.clone());
        let work = move |tx: &Connection| {
            let made = work(tx)?;
            let id = made.0.id;
            Told::of(made, id, &kept, (&once, &seal))
        };
        let written = self.inner.store.write_once(caller, work).await?;
        let told = Told::tell(written, claim, |(user, _)| user.id, &self.inner.seal)?;
        let ((user, expires_at), claim) = told;
        Ok((user, claim, expires_at))
    }

    /// Changes what is given. Another role, and being kept out, end whatever is open.
    pub async fn update_user(
        &self,
        caller: &Caller,
        id: UserId,
        changes: UserChanges,
    ) -> Result<User, Error> {
        let name = changes.name.map(|name| checked_name(&name)).transpose()?;
        let work = move |tx: &Connection| {
            let before = get(tx, id)?;
            if let Some(name) = name {
                free_name(tx, &name, id)?;
                queries::update_name(tx, id, &name)?;
            }
            let role = changes.role.filter(|role| *role != before.role);
            let disabled = changes.disabled.filter(|disabled| *disabled != before.disabled);
            let leaves = role == Some(Role::Member) || disabled == Some(true);
            if before.role == Role::Admin && leaves {
                another_admin(tx, id)?;
            }
            if let Some(role) = role {
                queries::update_role(tx, id, role)?;
            }
            if let Some(disabled) = disabled {
                queries::update_disabled(tx, id, disabled.then(Timestamp::now))?;
            }
            let ends = role.is_some() || disabled.is_some();
            if ends {
                queries::delete_credentials(tx, id)?;
            }
            Ok((get(tx, id)?, ends))
        };
        let after = move |auth: &Self, (_, ends): &(User, bool)| {
            if *ends {
                auth.end(|known| known.user == id);
            }
        };
        Ok(self.change(caller, work, after).await?.0)
    }

    /// Whether somebody can be deleted for good: they are kept out already.
    pub async fn check_deletable(&self, id: UserId) -> Result<(), Error> {
        let user = self.user(id).await?;
        if id == UserId::OWNER {
            return Err(Error::conflict("owner", "the first user stays"));
        }
        if user.disabled {
            return Ok(());
        }
        Err(Error::conflict("not_disabled", "only who is kept out can be deleted for good"))
    }

    /// Deletes somebody who owns nothing any more.
    pub async fn delete_user(&self, caller: &Caller, id: UserId) -> Result<(), Error> {
        let work = move |tx: &Connection| {
            queries::delete_credentials(tx, id)?;
            Ok(queries::delete_user(tx, id)?)
        };
        self.change(caller, work, move |auth, ()| auth.end(|known| known.user == id)).await
    }

    fn claim_end(&self) -> Timestamp {
        Timestamp::now().after(self.inner.live.now().server.invitation_expiry)
    }
}
