//! The loop that embeds what waits, in the background and a little at a time, so that a question
//! never waits for it. What fails is tried again later; the queue is in the database.

use std::time::Duration;

use super::queries::{self, Embedded, Space, Waiting};
use super::vector::Vector;
use super::{Embeddings, no_space};
use crate::base::{Caller, clock};
use crate::error::Error;

/// Characters of a part of a long message: about as much as the built-in model takes in.
const PART_CHARS: usize = 900;
/// Parts of one message that are embedded; what comes after is found by words.
const PARTS: usize = 32;
/// Rows of a retired space that one write clears away.
const CLEAR_BATCH: u32 = 2000;

/// What came of one step.
enum Step {
    /// Something was done, and there may be more.
    Done,
    /// Nothing waits.
    Idle,
}

impl Embeddings {
    /// Embeds what waits until the product stops.
    pub(super) async fn embed_waiting(self) {
        loop {
            let config = self.inner.live.now();
            let step = match config.embeddings.enabled {
                true => self.step().await,
                false => Ok(Step::Idle),
            };
            let pause = match step {
                Ok(Step::Done) if self.inner.stop.is_cancelled() => return,
                Ok(Step::Done) => continue,
                Ok(Step::Idle) => config.embeddings.idle,
                Err(error) => {
                    tracing::warn!(%error, "what waits for its vectors is tried again later");
                    config.embeddings.retry
                }
            };
            tokio::select! {
                () = self.inner.stop.cancelled() => return,
                () = self.inner.work.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
            self.give_back(config.embeddings.idle).await;
        }
    }

    /// Gives memory back that nobody needed for a while.
    async fn give_back(&self, idle: Duration) {
        self.inner.builtin.unload_after(idle);
        let mut index = self.inner.index.lock().await;
        if index.as_ref().is_some_and(|loaded| loaded.used().elapsed() >= idle) {
            *index = None;
        }
    }

    async fn step(&self) -> Result<Step, Error> {
        let (active, building) = self
            .inner
            .store
            .read(|db| {
                let active = queries::find_space(db, false)?.ok_or_else(no_space)?;
                Ok::<_, Error>((active, queries::find_space(db, true)?))
            })
            .await?;
        if let Step::Done = self.embed_some(&active).await? {
            return Ok(Step::Done);
        }
        let Some(building) = building else { return self.clear_retired().await };
        if let Step::Done = self.embed_some(&building).await? {
            return Ok(Step::Done);
        }
        let built = building.seq;
        let switched = self
            .inner
            .store
            .write(move |tx| {
                // Something may have come while nobody looked.
                if queries::count_waiting(tx, built)? > 0 {
                    return Ok(false);
                }
                queries::update_switched(tx, built)?;
                Ok::<_, Error>(true)
            })
            .await?;
        if switched {
            tracing::info!(model = building.model, "another embedding model serves now");
            self.announce();
        }
        Ok(Step::Done)
    }

    async fn clear_retired(&self) -> Result<Step, Error> {
        let cleared = self
            .inner
            .store
            .write(|tx| Ok::<_, Error>(queries::delete_retired(tx, CLEAR_BATCH)?))
            .await?;
        Ok(if cleared { Step::Done } else { Step::Idle })
    }

    /// Embeds the next few of a space.
    async fn embed_some(&self, space: &Space) -> Result<Step, Error> {
        let config = self.inner.live.now();
        let (seq, limit) = (space.seq, config.embeddings.batch);
        let waiting = self
            .inner
            .store
            .read(move |db| Ok::<_, Error>(queries::list_waiting(db, seq, limit)?))
            .await?;
        if waiting.is_empty() {
            return Ok(Step::Idle);
        }
        let began = clock::monotonic();
        let mut texts = Vec::new();
        let counts: Vec<usize> = waiting
            .iter()
            .map(|one| {
                let parts = parts(one);
                let count = parts.len();
                texts.extend(parts);
                count
            })
            .collect();
        let vectors = self.vectors(&Caller::owner(), &space.model, texts).await;
        let vectors = match vectors {
            Ok(vectors) => vectors,
            Err(error) => {
                self.note_error(space, Some(error.to_string())).await;
                return Err(error);
            }
        };
        if space.error.is_some() {
            self.note_error(space, None).await;
        }
        let mut vectors = vectors.into_iter();
        let batch: Vec<Embedded> = waiting
            .into_iter()
            .zip(counts)
            .map(|(waiting, count)| {
                let vectors = vectors.by_ref().take(count).map(|vector| Vector::stored(&vector));
                Embedded { vectors: vectors.collect(), waiting }
            })
            .collect();
        // Held over the write: an index that is read meanwhile would miss these.
        let index = self.inner.index.lock().await;
        let kept = self
            .inner
            .store
            .write(move |tx| Ok::<_, Error>(queries::insert_vectors(tx, seq, batch)?))
            .await?;
        if let Some(loaded) = index.as_ref().filter(|loaded| loaded.space() == seq) {
            loaded.add(&kept);
        }
        drop(index);
        self.inner.progress.send_modify(|count| *count += kept.len() as u64);
        tracing::trace!(items = kept.len(), took_ms = clock::ms_since(began), "embedded");
        Ok(Step::Done)
    }

    async fn note_error(&self, space: &Space, error: Option<String>) {
        let seq = space.seq;
        let noted = self
            .inner
            .store
            .write(move |tx| Ok::<_, Error>(queries::update_error(tx, seq, error.as_deref())?));
        if let Err(error) = noted.await {
            tracing::warn!(%error, "the state of the vectors was not kept");
        }
        self.announce();
    }
}

/// The texts that stand for an item: a chunk is one, a long message several.
fn parts(waiting: &Waiting) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = waiting.text.trim();
    while !rest.is_empty() && parts.len() < PARTS {
        let end = rest.char_indices().nth(PART_CHARS).map_or(rest.len(), |(at, _)| at);
        let end = match rest[..end].rfind(char::is_whitespace) {
            // A passage was cut to measure already.
            _ if waiting.kind == queries::Kind::Chunk => rest.len(),
            Some(space) if end < rest.len() && space > 0 => space,
            _ => end,
        };
        parts.push(rest[..end].to_owned());
        rest = rest[end..].trim_start();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::queries::Kind;
    use super::*;

    fn waiting(kind: Kind, text: &str) -> Waiting {
        Waiting { kind, parent: 1, item: 1, text: text.to_owned() }
    }

    #[test]
    fn a_long_message_has_parts_that_hold_all_its_words() {
        let text = "word ".repeat(1000);
        let parts = parts(&waiting(Kind::Message, &text));
        assert_eq!(parts.len(), 6);
        assert!(parts.iter().all(|part| part.chars().count() <= PART_CHARS));
        assert_eq!(parts.join(" "), text.trim());
        let unbroken = "x".repeat(PART_CHARS * PARTS * 2);
        assert_eq!(super::parts(&waiting(Kind::Message, &unbroken)).len(), PARTS);
        assert_eq!(super::parts(&waiting(Kind::Chunk, &text)).len(), 1);
        assert!(super::parts(&waiting(Kind::Message, " \n ")).is_empty());
    }
}
