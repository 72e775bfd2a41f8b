//! Documents: taken in, kept with their original bytes, read by a child process, cut into passages
//! that are found by words and by meaning. A document's state is its place in the job queue, so a
//! crash loses no work. Searching them is `search`; what they mean is `embeddings`.

pub mod chunk;
mod collections;
pub mod extract;
mod folders;
mod media;
mod naming;
mod process;
mod queries;
pub mod text;
mod trash;
mod types;
mod watch;
mod web;
pub mod worker;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use serde::Serialize;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use types::{
    Added, Bulk, Changes, Collection, Document, Filter, FolderState, Origin, Passage, Skipped,
    State, TextPart, WatchedFolder,
};

use crate::base::{Caller, CollectionId, Cursor, DocumentId, Feed, Page, Timestamp, UserId};
use crate::config::Live;
use crate::embeddings::Embeddings;
use crate::error::Error;
use crate::net::fetch::Rules;
use crate::net::{Fetcher, Purpose, Register};
use crate::store::Store;
use crate::store::blobs::{Blobs, Incoming, Stored};
use queries::NewRow;

/// Everybody's documents.
#[derive(Debug, Clone)]
pub struct Documents {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    live: Live,
    feed: Feed,
    embeddings: Embeddings,
    blobs: Blobs,
    fetcher: Fetcher,
    /// Something waits to be read.
    work: Notify,
    /// A folder was named or let go.
    folders: Notify,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// What documents are made of.
#[derive(Debug)]
pub struct Parts<'a> {
    /// Where rows are.
    pub store: Store,
    /// The settings in force.
    pub live: Live,
    /// Who is told of changes.
    pub feed: Feed,
    /// What finds them by meaning.
    pub embeddings: Embeddings,
    /// Where fetching by URL is entered.
    pub register: Register,
    /// Where bytes are.
    pub data_dir: &'a Path,
    /// Where background work is counted.
    pub tasks: TaskTracker,
    /// When it is to end.
    pub stop: CancellationToken,
}

/// One thing that was sent and is on disk.
#[derive(Debug, Clone)]
pub struct Received {
    /// What it is called.
    pub name: String,
    /// Its bytes.
    pub stored: Stored,
    /// Where it came from.
    pub origin: Origin,
    /// The URL it came from.
    pub source: Option<String>,
}

/// What the feed says of a document.
#[derive(Debug, Serialize)]
struct Change<'a, D: Serialize> {
    change: &'static str,
    document: &'a D,
}

impl Documents {
    /// Opens the folder of originals, goes on with what a stop interrupted, and follows the watched
    /// folders.
    pub async fn open(parts: Parts<'_>) -> Result<Self, Error> {
        let blobs = Blobs::open(&parts.data_dir.join("documents"))?;
        let live = parts.live.clone();
        let rules = Arc::new(move || Rules::from(&*live.now()));
        let fetcher = Fetcher::new(parts.register, Purpose::Document, rules)
            .map_err(|error| Error::internal("setting up the client for URLs", error))?;
        let inner = Inner {
            store: parts.store,
            live: parts.live,
            feed: parts.feed,
            embeddings: parts.embeddings,
            blobs,
            fetcher,
            work: Notify::new(),
            folders: Notify::new(),
            tasks: parts.tasks,
            stop: parts.stop,
        };
        let documents = Self { inner: Arc::new(inner) };
        let again = documents
            .inner
            .store
            .write(|tx| Ok::<_, Error>(queries::update_interrupted(tx)?))
            .await?;
        if again > 0 {
            tracing::info!(documents = again, "reading again what the last stop interrupted");
        }
        // Before anything can be sent: bytes that have no row yet would look like nobody's.
        documents.sweep_bytes().await;
        let tasks = documents.inner.tasks.clone();
        tasks.spawn(documents.clone().read_queued());
        tasks.spawn(documents.clone().follow_embedding());
        tasks.spawn(documents.clone().follow_folders());
        Ok(documents)
    }

    /// Begins to take in the bytes of one document.
    pub fn receive(&self) -> Incoming {
        self.inner.blobs.receive()
    }

    /// Adds what was received, in one transaction. The same bytes again are the document that is
    /// there already; one in the trash comes out of it.
    pub async fn add(
        &self,
        caller: &Caller,
        received: Vec<Received>,
        collection: Option<CollectionId>,
    ) -> Result<Vec<Added>, Error> {
        let owner = caller.user;
        let blobs = self.inner.blobs.clone();
        let written = self
            .inner
            .store
            .write_once(caller, move |tx| {
                let collection = collections::row(tx, owner, collection)?;
                let add = |one: Received| add(tx, &blobs, owner, one, collection);
                received.into_iter().map(add).collect::<Result<Vec<_>, Error>>()
            })
            .await?;
        for added in &written.value {
            let change = if added.duplicate { "updated" } else { "created" };
            self.announce(owner, change, &added.document);
        }
        self.inner.work.notify_one();
        Ok(written.value)
    }

    /// One page of the list, newest first.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: Filter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Document>, Error> {
        let after = read_cursor(cursor)?;
        let owner = caller.user;
        self.read(move |db| {
            let (items, next) = queries::list(db, owner, &filter, after, limit)?;
            Ok(Page { items, next_cursor: next.and_then(|key| Cursor::encode(&key)) })
        })
        .await
    }

    /// One document, in the trash or not.
    pub async fn get(&self, caller: &Caller, id: DocumentId) -> Result<Document, Error> {
        let owner = caller.user;
        self.read(move |db| Ok(find(db, owner, id)?.1)).await
    }

    /// Changes what is given.
    pub async fn update(
        &self,
        caller: &Caller,
        id: DocumentId,
        changes: Changes,
    ) -> Result<Document, Error> {
        let title = changes.title.map(|title| self.checked_title(title)).transpose()?;
        let changed = self
            .change(caller, "updated", move |tx, owner| {
                let (seq, _) = find(tx, owner, id)?;
                if let Some(title) = &title {
                    queries::update_title(tx, seq, title.as_deref())?;
                }
                if let Some(collection) = changes.collection_id {
                    let row = collections::row(tx, owner, collection)?;
                    queries::update_collection(tx, seq, row)?;
                }
                again(tx, owner, id)
            })
            .await?;
        self.announce_library(caller.user);
        Ok(changed)
    }

    /// Puts a document into the trash. One that is there already stays as it is.
    pub async fn delete(&self, caller: &Caller, id: DocumentId) -> Result<Document, Error> {
        self.change(caller, "deleted", move |tx, owner| {
            let (seq, found) = find(tx, owner, id)?;
            if found.deleted_at.is_none() {
                queries::update_deleted(tx, seq, Some(Timestamp::now()))?;
            }
            again(tx, owner, id)
        })
        .await
    }

    /// Takes a document out of the trash.
    pub async fn restore(&self, caller: &Caller, id: DocumentId) -> Result<Document, Error> {
        let restored = self
            .change(caller, "restored", move |tx, owner| {
                let (seq, _) = find(tx, owner, id)?;
                queries::update_deleted(tx, seq, None)?;
                again(tx, owner, id)
            })
            .await?;
        self.inner.work.notify_one();
        Ok(restored)
    }

    /// Reads a document's original again.
    pub async fn reindex(&self, caller: &Caller, id: DocumentId) -> Result<Document, Error> {
        let queued = self
            .change(caller, "updated", move |tx, owner| {
                let (seq, found) = find(tx, owner, id)?;
                queue_again(tx, seq, &found)?;
                again(tx, owner, id)
            })
            .await?;
        self.inner.work.notify_one();
        Ok(queued)
    }

    /// Does one thing to many documents, all or none, and says how many there were.
    pub async fn change_many(
        &self,
        caller: &Caller,
        ids: Vec<DocumentId>,
        bulk: Bulk,
    ) -> Result<u32, Error> {
        let most = self.inner.live.now().conversations.bulk_max;
        if ids.is_empty() || ids.len() > most {
            return Err(Error::invalid("ids", format!("name 1 to {most} documents (BULK_MAX)")));
        }
        let owner = caller.user;
        let change = match bulk {
            Bulk::Delete => "deleted",
            Bulk::Restore => "restored",
            Bulk::Move(_) | Bulk::Reindex => "updated",
        };
        let written = self
            .inner
            .store
            .write_once(caller, move |tx| {
                let mut done = Vec::with_capacity(ids.len());
                let collection = match bulk {
                    Bulk::Move(collection) => collections::row(tx, owner, collection)?,
                    _ => None,
                };
                for id in ids {
                    let (seq, found) = find(tx, owner, id)?;
                    match bulk {
                        Bulk::Delete => {
                            queries::update_deleted(tx, seq, Some(Timestamp::now()))?;
                        }
                        Bulk::Restore => queries::update_deleted(tx, seq, None)?,
                        Bulk::Move(_) => queries::update_collection(tx, seq, collection)?,
                        Bulk::Reindex => queue_again(tx, seq, &found)?,
                    }
                    done.push(again(tx, owner, id)?);
                }
                Ok::<_, Error>(done)
            })
            .await?;
        for document in &written.value {
            self.announce(owner, change, document);
        }
        self.announce_library(owner);
        self.inner.work.notify_one();
        Ok(u32::try_from(written.value.len()).unwrap_or(u32::MAX))
    }

    /// Where the original of a document is, and what it is.
    pub async fn original(
        &self,
        caller: &Caller,
        id: DocumentId,
    ) -> Result<(Document, PathBuf), Error> {
        let (owner, blobs) = (caller.user, self.inner.blobs.clone());
        self.read(move |db| {
            let (seq, document) = find(db, owner, id)?;
            Ok((document, blobs.path(&queries::hash_of(db, seq)?)))
        })
        .await
    }

    /// A page of a document's passages.
    pub async fn passages(
        &self,
        caller: &Caller,
        id: DocumentId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Passage>, Error> {
        let after = read_cursor(cursor)?;
        let owner = caller.user;
        self.read(move |db| {
            let (seq, _) = find(db, owner, id)?;
            let (items, next) = queries::list_chunks(db, seq, after, limit)?;
            Ok(Page { items, next_cursor: next.and_then(|key| Cursor::encode(&key)) })
        })
        .await
    }

    fn checked_title(&self, title: Option<String>) -> Result<Option<String>, Error> {
        let max = self.inner.live.now().conversations.max_name_chars;
        let long = title.as_ref().is_some_and(|title| title.chars().count() > max);
        let title = title.map(|title| title.trim().to_owned()).filter(|title| !title.is_empty());
        match title {
            _ if long => Err(Error::invalid(
                "title",
                format!("a title has at most {max} characters (MAX_NAME_CHARS)"),
            )),
            Some(title) if title.chars().any(char::is_control) => {
                Err(Error::invalid("title", "a title may not contain control characters"))
            }
            title => Ok(title),
        }
    }

    fn announce(&self, owner: UserId, change: &'static str, document: &impl Serialize) {
        self.inner.feed.announce(owner, "document", &Change { change, document });
    }

    /// Collections or watched folders are not as they were.
    fn announce_library(&self, owner: UserId) {
        self.inner.feed.announce(owner, "library", &serde_json::json!({}));
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.inner.store.read(work).await
    }

    async fn change(
        &self,
        caller: &Caller,
        change: &'static str,
        work: impl FnOnce(&Connection, UserId) -> Result<Document, Error> + Send + 'static,
    ) -> Result<Document, Error> {
        let owner = caller.user;
        let written = self.inner.store.write_once(caller, move |tx| work(tx, owner)).await?;
        self.announce(owner, change, &written.value);
        Ok(written.value)
    }
}

fn add(
    tx: &Connection,
    blobs: &Blobs,
    owner: UserId,
    one: Received,
    collection: Option<i64>,
) -> Result<Added, Error> {
    if let Some((seq, same)) = queries::find_same(tx, owner, &one.stored.hash)? {
        if same.deleted_at.is_some() {
            queries::update_deleted(tx, seq, None)?;
        }
        return Ok(Added { document: again(tx, owner, same.id)?, duplicate: true });
    }
    check_there(blobs, &one.stored)?;
    let Received { name, stored, origin, source } = one;
    let name = naming::shown(&name);
    let row = NewRow { name, stored, origin, source, collection, folder: None };
    let id = queries::insert(tx, owner, &row)?;
    Ok(Added { document: again(tx, owner, id)?, duplicate: false })
}

/// Bytes may go while the same ones come in, when their last document is deleted for good just then.
fn check_there(blobs: &Blobs, stored: &Stored) -> Result<(), Error> {
    if blobs.has(&stored.hash) {
        return Ok(());
    }
    Err(Error::Unavailable {
        code: "bytes_gone",
        message: "the same file was being deleted for good just now; send it again".to_owned(),
        retry_after_s: Some(1),
    })
}

fn queue_again(tx: &Connection, seq: i64, found: &Document) -> Result<(), Error> {
    if found.deleted_at.is_some() {
        return Err(Error::conflict(
            "document_in_trash",
            "this document is in the trash; restore it first",
        ));
    }
    // One that is being read will be whole anyway.
    if matches!(found.state, State::Ready | State::Failed | State::Embedding) {
        queries::update_state(tx, seq, State::Queued, None)?;
    }
    Ok(())
}

fn find(db: &Connection, owner: UserId, id: DocumentId) -> Result<(i64, Document), Error> {
    queries::find(db, owner, id)?.ok_or(Error::not_found("document"))
}

fn again(db: &Connection, owner: UserId, id: DocumentId) -> Result<Document, Error> {
    Ok(find(db, owner, id)?.1)
}

fn read_cursor<K: serde::de::DeserializeOwned>(cursor: Option<&str>) -> Result<Option<K>, Error> {
    cursor
        .map(Cursor::decode)
        .transpose()
        .map_err(|error| Error::invalid("cursor", error.to_string()))
}
