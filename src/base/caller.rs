//! Who asks, and under which idempotency key. Every operation that touches somebody's rows takes a
//! [`Caller`] first, so that ownership can never be forgotten.

use super::ids::UserId;

/// The person (or their agent) on whose behalf something is done.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Whose rows may be seen and changed.
    pub user: UserId,
    /// The key under which the effect must happen at most once.
    pub once: Option<Once>,
}

/// An `Idempotency-Key` with what it was used for.
#[derive(Debug, Clone)]
pub struct Once {
    /// The key the client chose.
    pub key: String,
    /// A hash of method, path and body: the same key for another request is an error.
    pub fingerprint: String,
}

impl Caller {
    /// The local owner, without a key: for the product's own background work.
    pub fn owner() -> Self {
        Self { user: UserId::OWNER, once: None }
    }
}
