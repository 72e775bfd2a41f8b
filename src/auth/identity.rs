//! Who somebody turned out to be, for as long as their credential holds.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::need::{Need, Role, Scope};
use crate::base::{ClientId, SessionId, Timestamp, TokenId, UserId, clock};
use crate::error::Error;

/// What somebody came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// They are on this machine, and no password is set.
    Here,
    /// The key that only this machine's user can read.
    Key,
    /// They signed in.
    Session(SessionId),
    /// A token of theirs.
    Token {
        /// Which.
        id: TokenId,
        /// What it may be used for.
        scopes: Vec<Scope>,
        /// The one agent that may use it.
        client_id: Option<ClientId>,
    },
}

/// Somebody who is known.
#[derive(Debug)]
pub struct Identity {
    /// Whose rows they see.
    pub user: UserId,
    /// What they are to the product.
    pub role: Role,
    /// What they came with.
    pub how: How,
    /// Cancelled when the credential ends, so that whatever is open under it closes.
    pub ended: CancellationToken,
    since: Instant,
    /// When the credential ends if it is not used, in milliseconds after `since` and by the wall clock:
    /// whichever comes first. The wall clock may be set back, the other one stands while the machine
    /// sleeps.
    ends_ms: AtomicU64,
    ends_wall_ms: AtomicI64,
    /// When its use was last written down.
    noted_ms: AtomicU64,
}

/// The longest sleep: the end may move meanwhile, and so may the wall clock.
const NAP: Duration = Duration::from_mins(1);

impl Identity {
    pub(super) fn new(user: UserId, role: Role, how: How, since: Instant) -> Self {
        Self {
            user,
            role,
            how,
            ended: CancellationToken::new(),
            since,
            ends_ms: AtomicU64::new(u64::MAX),
            ends_wall_ms: AtomicI64::new(i64::MAX),
            noted_ms: AtomicU64::new(0),
        }
    }

    /// The one place that decides who may do what; whose object something is, every statement asks
    /// for itself, so that another's is not there.
    pub fn may(&self, need: Need) -> bool {
        let role = need != Need::Admin || self.role == Role::Admin;
        let credential = match &self.how {
            How::Here | How::Key | How::Session(_) => true,
            How::Token { scopes, .. } => need.scopes().is_some_and(|wanted| {
                wanted.is_empty() || wanted.iter().any(|scope| scopes.contains(scope))
            }),
        };
        role && credential
    }

    /// The same, as a refusal that says what is missing.
    pub fn authorize(&self, need: Need) -> Result<(), Error> {
        if self.may(need) {
            return Ok(());
        }
        let message = match (&self.how, need.scopes()) {
            (How::Token { .. }, None) => {
                "a token cannot do this; sign in with the password".to_owned()
            }
            (How::Token { .. }, Some(scopes))
                if self.role == Role::Admin || need != Need::Admin =>
            {
                let names: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
                format!("this token lacks the scope {}", names.join(" or "))
            }
            _ => "only an admin of this Inglenook may do this".to_owned(),
        };
        Err(Error::Forbidden { code: "not_allowed", message })
    }

    /// The session, when it is one.
    pub fn session(&self) -> Option<SessionId> {
        match self.how {
            How::Session(id) => Some(id),
            _ => None,
        }
    }

    /// The token, when it is one.
    pub fn token(&self) -> Option<TokenId> {
        match self.how {
            How::Token { id, .. } => Some(id),
            _ => None,
        }
    }

    /// The one client of the bus that this may be; any when absent.
    pub fn client_id(&self) -> Option<&ClientId> {
        match &self.how {
            How::Token { client_id, .. } => client_id.as_ref(),
            _ => None,
        }
    }

    /// Waits until the credential has ended.
    pub async fn over(&self) {
        while !self.is_over() {
            let nap = self.left().saturating_add(Duration::from_millis(1)).min(NAP);
            let _ = tokio::time::timeout(nap, self.ended.cancelled()).await;
        }
    }

    /// When the credential ends if it is not used; `None` when it does not end by itself.
    pub fn ends_at(&self) -> Option<Timestamp> {
        let ends = self.ends_ms.load(Ordering::Relaxed) != u64::MAX;
        ends.then(|| Timestamp::now().after(self.left()))
    }

    /// How long it holds, by the clock that says less.
    fn left(&self) -> Duration {
        let wall = self.ends_wall_ms.load(Ordering::Relaxed);
        let wall = u64::try_from(wall.saturating_sub(Timestamp::now().as_ms())).unwrap_or(0);
        let steady = self.ends_ms.load(Ordering::Relaxed).saturating_sub(self.now_ms());
        Duration::from_millis(steady.min(wall))
    }

    pub(super) fn is_over(&self) -> bool {
        self.ended.is_cancelled() || self.left().is_zero()
    }

    pub(super) fn ends_in(&self, life: Duration) {
        let wall = Timestamp::now().after(life).as_ms();
        self.ends_wall_ms.store(wall, Ordering::Relaxed);
        let life = u64::try_from(life.as_millis()).unwrap_or(u64::MAX);
        self.ends_ms.store(self.now_ms().saturating_add(life), Ordering::Relaxed);
    }

    /// Whether its use is to be written down again; says so to one caller only.
    pub(super) fn is_use_due(&self, every: Duration) -> bool {
        let (now, noted) = (self.now_ms(), self.noted_ms.load(Ordering::Relaxed));
        let every = u64::try_from(every.as_millis()).unwrap_or(u64::MAX);
        let due = noted == 0 || now.saturating_sub(noted) >= every;
        let order = Ordering::Relaxed;
        due && self.noted_ms.compare_exchange(noted, now.max(1), order, order).is_ok()
    }

    fn now_ms(&self) -> u64 {
        clock::ms_since(self.since)
    }
}

/// Where a session was opened from, for people who look through theirs.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The peer's address.
    pub address: String,
    /// What the browser calls itself.
    pub agent: String,
}

/// A session that was just opened. The secret is shown this once.
#[derive(Debug)]
pub struct Opened {
    /// Which.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// What proves it.
    pub secret: secrecy::SecretString,
    /// Until when, unless it is used.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(role: Role, scopes: &[Scope]) -> Identity {
        let how = How::Token { id: TokenId::new(), scopes: scopes.to_vec(), client_id: None };
        Identity::new(UserId::OWNER, role, how, clock::monotonic())
    }

    #[test]
    fn a_token_may_what_its_scopes_and_its_owners_role_both_allow() {
        let all = [Scope::Bus, Scope::Rooms, Scope::Chat, Scope::Search, Scope::Admin];
        let may = |who: &Identity| Need::TOLD.map(|need| who.may(need));
        assert_eq!(may(&token(Role::Admin, &all)), [true, true, true, true, false]);
        assert_eq!(may(&token(Role::Member, &all)), [true, true, true, false, false]);
        assert_eq!(may(&token(Role::Admin, &[Scope::Search])), [true, false, false, false, false]);
        assert_eq!(may(&token(Role::Admin, &[Scope::Admin])), [false, false, false, true, false]);
        assert_eq!(may(&token(Role::Admin, &[Scope::Bus])), [false, false, true, false, false]);
        let session = |role| {
            let how = How::Session(SessionId::new());
            Identity::new(UserId::OWNER, role, how, clock::monotonic())
        };
        assert_eq!(may(&session(Role::Admin)), [true; 5]);
        assert_eq!(may(&session(Role::Member)), [true, true, true, false, true]);
    }
}
