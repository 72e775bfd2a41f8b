//! What leaves this machine: every host that was asked, why, how often, and what was refused. `net`
//! counts; here the counts are kept, many at a time, so that no request waits for the disk.
//!
//! Deliberately absent: what was sent. Only the host is known here, never a path, a header or a body.

mod queries;

use serde::Serialize;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use utoipa::ToSchema;

use crate::base::{Cursor, Page, Timestamp};
use crate::config::Live;
use crate::error::Error;
use crate::net::{Purpose, Register};
use crate::store::Store;

/// One host, asked for one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Contact {
    /// The host, with its port when that is not the scheme's own; `*` are those past the limit.
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

/// A page of contacts, and whether `OFFLINE` is on.
#[derive(Debug, Serialize, ToSchema)]
pub struct Contacts {
    /// The page, by host and purpose.
    #[serde(flatten)]
    pub page: Page<Contact>,
    /// Whether only this machine may be asked now.
    pub offline: bool,
}

/// The register of what leaves, kept. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outbound {
    store: Store,
    live: Live,
    register: Register,
}

impl Outbound {
    /// Keeps what `register` counts, until `stop`.
    pub fn open(
        store: Store,
        live: Live,
        register: Register,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let outbound = Self { store, live, register };
        tasks.spawn(outbound.clone().keep_on(stop));
        outbound
    }

    /// One page of hosts by name.
    pub async fn list(&self, cursor: Option<&str>, limit: usize) -> Result<Contacts, Error> {
        let after: Option<(String, String)> = match cursor {
            None => None,
            Some(text) => {
                let bad = |error: crate::base::page::BadCursor| {
                    Error::invalid("cursor", error.to_string())
                };
                Some(Cursor::decode(text).map_err(bad)?)
            }
        };
        // What cannot be kept now is kept later; what was kept can be shown all the same.
        self.keep().await;
        let read = move |db: &rusqlite::Connection| queries::list(db, after.as_ref(), limit + 1);
        let mut items = self.store.read(move |db| Ok::<_, Error>(read(db)?)).await?;
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| more);
        let next_cursor = last.and_then(|at| Cursor::encode(&(&at.host, at.purpose.as_str())));
        let offline = self.live.now().models.offline;
        Ok(Contacts { page: Page { items, next_cursor }, offline })
    }

    /// Writes what was counted since the last time, in one transaction.
    pub async fn keep(&self) {
        let counts = self.register.take();
        if counts.is_empty() {
            return;
        }
        let most = self.live.now().outbound.max_hosts;
        let rows = counts.clone();
        let kept = self.store.write(move |tx| {
            for count in &rows {
                queries::add(tx, count)?;
            }
            queries::forget_beyond(tx, most)?;
            Ok::<_, Error>(())
        });
        if let Err(error) = kept.await {
            tracing::warn!(%error, "what left this machine was not written down; it will be");
            self.register.give_back(counts);
        }
    }

    async fn keep_on(self, stop: CancellationToken) {
        loop {
            let pause = self.live.now().outbound.pause;
            tokio::select! {
                () = tokio::time::sleep(pause) => self.keep().await,
                () = stop.cancelled() => return,
            }
        }
    }
}
