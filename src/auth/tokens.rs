//! Keys for agents: named, scoped, shown once.

use rusqlite::Connection;
use secrecy::{ExposeSecret as _, SecretString};

use super::identity::Identity;
use super::need::{Need, Scope};
use super::secret::{self, Told};
use super::sign_in::{page, read_cursor};
use super::types::{NewToken, Token};
use super::{Auth, How, queries, users};
use crate::base::{Caller, Page, Timestamp, TokenId};
use crate::error::Error;

impl Auth {
    /// The caller's tokens, newest first.
    pub async fn tokens(
        &self,
        who: &Identity,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Token>, Error> {
        let (user, after) = (who.user, read_cursor(cursor)?);
        let items = self
            .inner
            .store
            .read(move |db| Ok::<_, Error>(queries::list_tokens(db, user, after, limit + 1)?))
            .await?;
        Ok(page(items, limit, |token| token.id))
    }

    /// Makes a token. The secret is told this once.
    pub async fn create_token(
        &self,
        caller: &Caller,
        who: &Identity,
        mut new: NewToken,
    ) -> Result<(Token, SecretString), Error> {
        new.name = users::checked_name(&new.name)?;
        new.scopes.sort_unstable_by_key(|scope| scope.as_str());
        new.scopes.dedup();
        if new.scopes.is_empty() {
            return Err(Error::invalid(
                "scopes",
                "a token needs at least one scope: bus, rooms, chat, search or admin",
            ));
        }
        if new.scopes.contains(&Scope::Admin) {
            who.authorize(Need::Admin)?;
        }
        if new.expires_at.is_some_and(|at| at <= Timestamp::now()) {
            return Err(Error::invalid("expires_at", "a token must end in the future"));
        }
        let secret = secret::make(secret::TOKEN)?;
        let hash = secret::hash(secret.expose_secret());
        let hint = secret::hint(secret::TOKEN, &secret);
        let user = who.user;
        let (kept, once, seal) = (secret.clone(), caller.clone(), self.inner.seal.clone());
        let work = move |tx: &Connection| {
            let token = queries::insert_token(tx, user, &hash, &hint, &new)?;
            tracing::info!(token.id = %token.id, "a token was made");
            let id = token.id;
            Told::of(token, id, &kept, (&once, &seal))
        };
        let written = self.inner.store.write_once(caller, work).await?;
        Told::tell(written, secret, |token| token.id, &self.inner.seal)
    }

    /// Ends a token of the caller.
    pub async fn revoke_token(
        &self,
        caller: &Caller,
        who: &Identity,
        id: TokenId,
    ) -> Result<(), Error> {
        let user = who.user;
        let work = move |tx: &Connection| {
            let there = queries::delete_token(tx, user, id)?;
            there.then_some(()).ok_or(Error::not_found("token"))
        };
        let ends = move |known: &Identity| matches!(known.how, How::Token { id: other, .. } if other == id);
        self.change(caller, work, move |auth, ()| auth.end(ends)).await
    }
}
