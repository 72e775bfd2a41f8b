//! Reading documents: each is extracted by a child process, cut into passages, and found by its words
//! from then on. The rows are the queue. A document that cannot be read fails alone, with a reason.

use std::fs::File;
use std::path::PathBuf;

use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::chunk::{self, Chunk, Sizes};
use super::extract::{Extracted, Limits};
use super::queries::{self, Facts, NewChunk};
use super::types::State;
use super::worker::{self, Refusal};
use super::{Documents, media};
use crate::config::Config;
use crate::error::Error;
use crate::models::estimate_tokens;

/// Passages that go into the database together.
const BATCH: usize = 200;
/// Batches that wait for the database while more are cut.
const BATCHES_WAITING: usize = 4;

impl Documents {
    /// Reads what is queued, a few at a time, until the product stops.
    pub(super) async fn read_queued(self) {
        let mut reading = JoinSet::new();
        let mut busy = Vec::new();
        loop {
            let workers = self.inner.live.now().documents.workers;
            while reading.len() < workers {
                let wanted = workers + busy.len();
                let queued = self.read(move |db| Ok(queries::list_queued(db, wanted)?)).await;
                let queued = queued.unwrap_or_else(|error| {
                    tracing::error!(%error, "the queue of documents cannot be read");
                    Vec::new()
                });
                let Some(next) = queued.into_iter().find(|seq| !busy.contains(seq)) else { break };
                busy.push(next);
                let documents = self.clone();
                reading.spawn(async move {
                    documents.read_one(next).await;
                    next
                });
            }
            tokio::select! {
                () = self.inner.stop.cancelled() => break,
                () = self.inner.work.notified() => {}
                Some(done) = reading.join_next() => match done {
                    Ok(seq) => busy.retain(|other| *other != seq),
                    Err(error) => {
                        tracing::error!(%error, "reading a document panicked");
                        busy.clear();
                    }
                },
            }
        }
        // What is being read is queued again at the next start.
        reading.shutdown().await;
    }

    async fn read_one(&self, seq: i64) {
        let outcome = self.extract(seq).await;
        let failed = match outcome {
            Ok(Ok(())) => None,
            Ok(Err(refusal)) => Some(json!({ "code": refusal.code, "error": refusal.reason })),
            // Deleted meanwhile, or no room: nothing is wrong with the document.
            Err(Error::NotFound { .. }) => return,
            Err(
                error
                @ (Error::DiskFull { .. } | Error::Unavailable { .. } | Error::Mending { .. }),
            ) => {
                tracing::warn!(%error, "a document waits until it can be kept");
                let pause = self.inner.live.now().documents.retry_pause;
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = self.inner.stop.cancelled() => return,
                }
                let again = self.set_state(seq, State::Queued, None).await;
                if let Err(error) = again {
                    tracing::error!(%error, "a document was not queued again");
                }
                return;
            }
            Err(error) => {
                tracing::error!(%error, cause = ?std::error::Error::source(&error),
                    "a document could not be read");
                Some(json!({ "code": "not_read", "error":
                    "this document could not be read because something went wrong here; try again" }))
            }
        };
        if let Some(failed) = failed {
            tracing::warn!(
                document.seq = seq,
                code = failed["code"].as_str(),
                "a document cannot be read"
            );
            if let Err(error) = self.set_state(seq, State::Failed, Some(failed)).await {
                tracing::error!(%error, "a document's failure was not kept");
            }
        }
    }

    /// From bytes to passages.
    async fn extract(&self, seq: i64) -> Result<Result<(), Refusal>, Error> {
        let found = self.read(move |db| Ok(queries::find_row(db, seq)?)).await?;
        let (_, hash, document) = found.ok_or(Error::not_found("document"))?;
        self.set_state(seq, State::Extracting, None).await?;
        let config = self.inner.live.now();
        let scratch = self.inner.blobs.scratch();
        let job = worker::Job {
            path: self.inner.blobs.path(&hash),
            name: document.name.clone(),
            output: scratch.clone(),
        };
        let extracted = match worker::run(&extraction(&config), &job).await {
            Ok(extracted) => extracted,
            Err(refusal) => {
                // The child may have begun to write.
                let _ = tokio::fs::remove_file(&scratch).await;
                return Ok(Err(refusal));
            }
        };
        let (blobs, name) = (self.inner.blobs.clone(), hash.clone());
        tokio::task::spawn_blocking(move || blobs.keep_beside(&scratch, &name, "txt"))
            .await
            .map_err(|error| Error::internal("keeping a document's text", error))??;
        let facts = Facts {
            kind: extracted.kind.as_str().to_owned(),
            media_type: media::media_type(extracted.kind).to_owned(),
            title: extracted.title.clone().filter(|title| !title.trim().is_empty()),
            pages: (!extracted.pages.is_empty()).then_some(extracted.pages.len() as u64),
            chars: extracted.chars,
        };
        self.inner
            .store
            .write(move |tx| Ok::<_, Error>(queries::update_facts(tx, seq, &facts)?))
            .await?;
        self.tell(seq).await;
        self.remove_chunks(seq).await?;
        let text = self.inner.blobs.beside(&hash, "txt");
        let (chunks, tokens) = self.cut(seq, text, extracted).await?;
        let state =
            if chunks > 0 && config.embeddings.enabled { State::Embedding } else { State::Ready };
        self.inner
            .store
            .write(move |tx| {
                Ok::<_, Error>(queries::update_chunked(tx, seq, chunks, tokens, state)?)
            })
            .await?;
        self.tell(seq).await;
        self.inner.embeddings.wake();
        Ok(Ok(()))
    }

    /// Cuts a text into passages; the disk sets the pace.
    async fn cut(
        &self,
        seq: i64,
        text: PathBuf,
        extracted: Extracted,
    ) -> Result<(u64, u64), Error> {
        let sizes = sizes(&self.inner.live.now());
        let (batches, mut waiting) = mpsc::channel::<Vec<NewChunk>>(BATCHES_WAITING);
        let cutting = tokio::task::spawn_blocking(move || {
            let file = File::open(&text)?;
            let (mut count, mut tokens) = (0_u64, 0_u64);
            let mut batch = Vec::with_capacity(BATCH);
            let structure = extracted.kind.structure();
            for chunk in chunk::chunks(file, structure, &extracted.pages, sizes) {
                let chunk = chunk?;
                tokens += u64::from(estimate_tokens(&chunk.text));
                batch.push(new_chunk(count, chunk));
                count += 1;
                if batch.len() == BATCH
                    && batches.blocking_send(std::mem::take(&mut batch)).is_err()
                {
                    break;
                }
            }
            // Nobody listens any more when the database refused.
            let _ = batches.blocking_send(batch);
            Ok::<_, std::io::Error>((count, tokens))
        });
        while let Some(batch) = waiting.recv().await {
            self.inner
                .store
                .write(move |tx| Ok::<_, Error>(queries::insert_chunks(tx, seq, &batch)?))
                .await?;
        }
        cutting
            .await
            .map_err(|error| Error::internal("cutting a document", error))?
            .map_err(|error| Error::internal("reading a document's text", error))
    }

    async fn set_state(
        &self,
        seq: i64,
        state: State,
        error: Option<serde_json::Value>,
    ) -> Result<(), Error> {
        self.inner
            .store
            .write(move |tx| Ok::<_, Error>(queries::update_state(tx, seq, state, error.as_ref())?))
            .await?;
        self.tell(seq).await;
        Ok(())
    }

    /// Tells the owner's tabs how far a document is.
    pub(super) async fn tell(&self, seq: i64) {
        if !self.inner.feed.is_heard() {
            return;
        }
        let found = self.read(move |db| Ok(queries::find_row(db, seq)?)).await;
        if let Ok(Some((owner, _, document))) = found {
            self.announce(owner, "updated", &document);
        }
    }

    /// Marks documents ready when the last of their passages has its vector.
    pub(super) async fn follow_embedding(self) {
        let mut progress = self.inner.embeddings.progress();
        loop {
            let done = async {
                let waiting = self.read(|db| Ok(queries::list_embedding(db)?)).await?;
                for (seq, owner, left) in waiting {
                    if left > 0 {
                        self.tell(seq).await;
                        continue;
                    }
                    self.inner
                        .store
                        .write(move |tx| {
                            Ok::<_, Error>(queries::update_state(tx, seq, State::Ready, None)?)
                        })
                        .await?;
                    self.tell(seq).await;
                    self.announce_library(owner);
                }
                Ok::<_, Error>(())
            };
            if let Err(error) = done.await {
                tracing::warn!(%error, "how far documents are could not be told");
            }
            tokio::select! {
                () = self.inner.stop.cancelled() => return,
                changed = progress.changed() => if changed.is_err() { return },
            }
        }
    }
}

fn new_chunk(n: u64, chunk: Chunk) -> NewChunk {
    NewChunk {
        n,
        bytes: (chunk.start_byte, chunk.end_byte),
        chars: (chunk.start_char, chunk.end_char),
        page: chunk.page,
        heading: chunk.heading,
        text: chunk.text,
    }
}

fn extraction(config: &Config) -> worker::Settings {
    let may = config.documents.extraction;
    worker::Settings {
        timeout: may.timeout,
        memory_bytes: may.memory_bytes,
        limits: Limits {
            max_text_bytes: may.text_bytes,
            max_unpacked_bytes: may.unpacked_bytes,
            max_unpacked_ratio: may.unpacked_ratio,
            max_archive_entries: may.entries,
            max_item_bytes: may.item_bytes,
            max_loaded_bytes: may.loaded_bytes,
            max_depth: may.depth,
            max_pages: may.pages,
        },
    }
}

fn sizes(config: &Config) -> Sizes {
    let documents = &config.documents;
    Sizes { max_tokens: documents.chunk_tokens, overlap_tokens: documents.chunk_overlap_tokens }
}
