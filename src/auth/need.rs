//! What a caller must be allowed for a route.

use serde::{Deserialize, Serialize};

use crate::base::words;

words! {
    /// What a token may be used for.
    Scope {
        /// Messages between agents.
        Bus = "bus",
        /// Rooms.
        Rooms = "rooms",
        /// Everything of one's own: conversations, documents, notes.
        Chat = "chat",
        /// Finding and reading what is one's own.
        Search = "search",
        /// Providers, settings, users, logs.
        Admin = "admin",
    }
}

words! {
    /// What a person is to the product.
    #[schema(as = UserRole)]
    Role {
        /// Looks after it.
        Admin = "admin",
        /// Uses it.
        Member = "member",
    }
}

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing: a stranger may, and credentials are not looked at.
    Nothing,
    /// Nothing, but bad credentials are refused.
    Optional,
    /// To find and read what is one's own.
    Find,
    /// To work with what is one's own.
    Chat,
    /// To talk on the bus.
    Bus,
    /// To use the tools that agents are given, any of them.
    Tools,
    /// To look after the product.
    Admin,
    /// To be the person, not a token of theirs: their password, sessions and tokens.
    Person,
}

impl Need {
    /// Those that somebody may be told of.
    pub const TOLD: [Self; 5] = [Self::Find, Self::Chat, Self::Bus, Self::Admin, Self::Person];

    /// Its word for clients.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing | Self::Optional => "nothing",
            Self::Find => "find",
            Self::Chat => "chat",
            Self::Bus => "bus",
            Self::Tools => "tools",
            Self::Admin => "admin",
            Self::Person => "person",
        }
    }

    /// The scopes of which a token must have one; `None` when no token will do.
    pub fn scopes(self) -> Option<&'static [Scope]> {
        match self {
            Self::Nothing | Self::Optional => Some(&[]),
            Self::Find => Some(&[Scope::Search, Scope::Chat]),
            Self::Chat => Some(&[Scope::Chat]),
            Self::Bus => Some(&[Scope::Bus]),
            Self::Tools => Some(&[Scope::Bus, Scope::Search, Scope::Chat]),
            Self::Admin => Some(&[Scope::Admin]),
            Self::Person => None,
        }
    }
}
