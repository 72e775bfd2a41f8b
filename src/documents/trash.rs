//! The end of documents: out of the trash for good, with their passages, and their bytes when nobody
//! else has them.

use std::time::Duration;

use serde::Serialize;

use super::{Documents, find, queries};
use crate::base::{Caller, DocumentId, Timestamp};
use crate::error::Error;

/// What belongs to an original beside its bytes: its text.
const BESIDE: [&str; 1] = ["txt"];
/// Documents that one sweep deletes for good at a time.
const PURGE_BATCH: u32 = 20;
/// Passages that one write takes away.
const DELETE_BATCH: u32 = 500;

#[derive(Debug, Serialize)]
struct Gone {
    id: DocumentId,
}

impl Documents {
    /// Deletes for good what is in the trash.
    pub async fn purge(&self, caller: &Caller, id: DocumentId) -> Result<(), Error> {
        let owner = caller.user;
        let (seq, found) = self.read(move |db| find(db, owner, id)).await?;
        if found.deleted_at.is_none() {
            return Err(Error::conflict(
                "not_in_trash",
                "only what is in the trash can be deleted for good; delete it first",
            ));
        }
        self.remove(seq).await?;
        self.announce(owner, "purged", &Gone { id });
        Ok(())
    }

    /// Deletes for good what has been in the trash for long enough.
    pub async fn sweep(&self, keep: Duration) -> Result<usize, Error> {
        let before = Timestamp::now().before(keep);
        let mut total = 0;
        loop {
            let expired =
                self.read(move |db| Ok(queries::list_expired(db, before, PURGE_BATCH)?)).await?;
            if expired.is_empty() {
                return Ok(total);
            }
            for (seq, owner, id) in expired {
                self.remove(seq).await?;
                self.announce(owner, "purged", &Gone { id });
                total += 1;
            }
        }
    }

    /// Takes a document's passages away a few at a time, then its row, then its bytes when nobody
    /// else has them.
    async fn remove(&self, seq: i64) -> Result<(), Error> {
        self.remove_chunks(seq).await?;
        let hash = self
            .inner
            .store
            .write(move |tx| {
                let hash = queries::hash_of(tx, seq)?;
                queries::delete(tx, seq)?;
                Ok::<_, Error>((!queries::is_used(tx, &hash)?).then_some(hash))
            })
            .await?;
        if let Some(hash) = hash {
            self.remove_bytes(hash).await?;
        }
        Ok(())
    }

    pub(super) async fn remove_chunks(&self, seq: i64) -> Result<(), Error> {
        loop {
            let gone = self
                .inner
                .store
                .write(move |tx| Ok::<_, Error>(queries::delete_chunks(tx, seq, DELETE_BATCH)?))
                .await?;
            if gone == 0 {
                return Ok(());
            }
        }
    }

    async fn remove_bytes(&self, hash: String) -> Result<(), Error> {
        let blobs = self.inner.blobs.clone();
        tokio::task::spawn_blocking(move || blobs.remove(&hash, &BESIDE))
            .await
            .map_err(|error| Error::internal("deleting a document's bytes", error))??;
        Ok(())
    }

    /// Deletes bytes that no document has: what a crash left between a file and its row.
    pub(super) async fn sweep_bytes(self) {
        let swept = async {
            let blobs = self.inner.blobs.clone();
            let hashes = tokio::task::spawn_blocking(move || blobs.hashes())
                .await
                .map_err(|error| Error::internal("listing documents' bytes", error))??;
            let unused = self
                .read(move |db| {
                    let mut unused = Vec::new();
                    for hash in hashes {
                        if !queries::is_used(db, &hash)? {
                            unused.push(hash);
                        }
                    }
                    Ok(unused)
                })
                .await?;
            for hash in unused {
                // It may have been sent again meanwhile.
                let again = hash.clone();
                if !self.read(move |db| Ok(queries::is_used(db, &again)?)).await? {
                    self.remove_bytes(hash).await?;
                }
            }
            Ok::<_, Error>(())
        };
        if let Err(error) = swept.await {
            tracing::warn!(%error, "bytes that no document has were not swept");
        }
    }
}
