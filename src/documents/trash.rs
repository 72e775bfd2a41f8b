//! The end of documents: out of the trash for good, with their passages, and their bytes when nobody
//! else has them.

use std::time::Duration;

use serde::Serialize;

use super::{Documents, collections, find, folders, queries};
use crate::base::{Caller, DocumentId, Timestamp, UserId};
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
        if self.inner.store.earlier_answer::<Option<String>>(caller).await?.is_some() {
            return Ok(());
        }
        let owner = caller.user;
        let (seq, found) = self.read(move |db| find(db, owner, id)).await?;
        if found.deleted_at.is_none() {
            return Err(Error::conflict(
                "not_in_trash",
                "only what is in the trash can be deleted for good; delete it first",
            ));
        }
        self.remove(caller, seq).await?;
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
                self.remove(&Caller { user: owner, once: None }, seq).await?;
                self.announce(owner, "purged", &Gone { id });
                total += 1;
            }
        }
    }

    /// Deletes the whole library of somebody who is gone.
    pub async fn remove_all(&self, owner: UserId) -> Result<(), Error> {
        // What is watched would bring its documents back.
        self.inner.store.write(move |tx| Ok::<_, Error>(folders::delete_all(tx, owner)?)).await?;
        self.inner.folders.notify_one();
        loop {
            let some =
                self.read(move |db| Ok(queries::list_owned(db, owner, PURGE_BATCH)?)).await?;
            if some.is_empty() {
                break;
            }
            for seq in some {
                self.remove(&Caller { user: owner, once: None }, seq).await?;
            }
        }
        self.inner.store.write(move |tx| Ok::<_, Error>(collections::delete_all(tx, owner)?)).await
    }

    /// Takes a document's passages away a few at a time, then its row, then its bytes when nobody
    /// else has them.
    async fn remove(&self, caller: &Caller, seq: i64) -> Result<(), Error> {
        self.remove_chunks(seq).await?;
        let hash = self
            .inner
            .store
            .write_once(caller, move |tx| {
                let hash = queries::hash_of(tx, seq)?;
                queries::delete(tx, seq)?;
                Ok::<_, Error>((!queries::is_used(tx, &hash)?).then_some(hash))
            })
            .await?;
        let Some(hash) = hash.value else { return Ok(()) };
        self.remove_bytes(hash).await
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

    /// Deletes bytes that no document has. They are looked for and deleted on the writer, as rows
    /// are made there: nobody can be given bytes that are about to go.
    async fn remove_bytes(&self, hash: String) -> Result<(), Error> {
        let blobs = self.inner.blobs.clone();
        self.inner
            .store
            .write(move |tx| {
                if queries::is_used(tx, &hash)? {
                    return Ok(());
                }
                Ok::<_, Error>(blobs.remove(&hash, &BESIDE)?)
            })
            .await
    }

    /// Deletes bytes that no document has: what a crash left between a file and its row.
    pub(super) async fn sweep_bytes(&self) {
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
                self.remove_bytes(hash).await?;
            }
            Ok::<_, Error>(())
        };
        if let Err(error) = swept.await {
            tracing::warn!(%error, "bytes that no document has were not swept");
        }
    }
}
