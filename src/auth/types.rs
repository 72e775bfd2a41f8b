//! What people, sessions and tokens are. These types are the JSON on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::need::{Role, Scope};
use crate::base::{ClientId, SessionId, Timestamp, TokenId, UserId, words};

/// A person who may sign in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// What they are called, and sign in with.
    pub name: String,
    /// What they are to the product.
    pub role: Role,
    /// Whether they have set a password.
    pub has_password: bool,
    /// Whether they are kept out.
    pub disabled: bool,
    /// Since when they are known.
    pub created_at: Timestamp,
    /// When they last signed in or came back.
    pub last_seen_at: Option<Timestamp>,
}

/// Somebody to be invited.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// What they are called.
    #[schema(min_length = 1, max_length = 100, extensions(("x-name" = json!(true))))]
    pub name: String,
    /// What they will be; a member unless it is said.
    pub role: Option<Role>,
}

/// What changes about somebody.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChanges {
    /// Another name.
    #[schema(min_length = 1, max_length = 100, extensions(("x-name" = json!(true))))]
    pub name: Option<String>,
    /// Another role; ends their sessions and tokens.
    pub role: Option<Role>,
    /// Kept out or let in again; ends their sessions and tokens.
    pub disabled: Option<bool>,
}

/// A sign-in that lasts.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, within a minute.
    pub last_used_at: Timestamp,
    /// When it ends, unless it is used.
    pub expires_at: Timestamp,
    /// Where it was opened from.
    pub address: String,
    /// What the browser called itself.
    pub agent: String,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// A key for agents.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// What it is called.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// The one agent that may use it.
    pub client_id: Option<ClientId>,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when; `None` until it is revoked.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, within a minute.
    pub last_used_at: Option<Timestamp>,
    /// Its end, to tell it apart.
    pub hint: String,
}

/// A token to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, extensions(("x-name" = json!(true))))]
    pub name: String,
    /// What it may be used for.
    #[schema(min_items = 1)]
    pub scopes: Vec<Scope>,
    /// The one agent that may use it.
    #[schema(min_length = 1, max_length = 128)]
    pub client_id: Option<ClientId>,
    /// Until when.
    pub expires_at: Option<Timestamp>,
}

words! {
    /// What a one-time link is for.
    ClaimPurpose {
        /// The owner's first password.
        Setup = "setup",
        /// Somebody's first password.
        Invitation = "invitation",
        /// Another password instead of a forgotten one.
        Reset = "reset",
    }
}

/// A one-time link, as whoever holds it sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Claim {
    /// Whose password it sets.
    pub user: User,
    /// What for.
    pub purpose: ClaimPurpose,
    /// Until when; `None` until the process ends.
    pub expires_at: Option<Timestamp>,
}
