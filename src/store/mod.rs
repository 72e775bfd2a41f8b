//! The one SQLite file. [`Store::read`] runs on a snapshot from a pool of read-only connections,
//! [`Store::write`] on the one writer, where work that waits together is committed together. Both
//! leave the async threads at once, and no handle crosses an `await`.
//!
//! What was written is on disk (committed and synced) before `write` returns.

pub mod blobs;
mod error;
pub mod files;
mod indexes;
pub mod lock;
mod migrate;
pub mod restore;
mod seal;
pub mod text;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::{Semaphore, watch};

pub use error::{Error, WorkError};
pub use seal::{Seal, Unreadable};
pub use writer::{Fails, Health};

use crate::base::{Caller, Once, Timestamp, UserId};
use writer::Writer;

/// How long a connection waits for a lock before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Statements kept ready on each connection; the product has fewer than this.
const STATEMENTS: usize = 96;

/// What shapes a store.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections that read at the same time.
    pub readers: u32,
    /// Writes that are committed together at most.
    pub write_batch: usize,
    /// Writes that may wait; further ones wait to wait.
    pub queue_max: usize,
    /// Page cache of each connection, in KiB.
    pub cache_kb: u32,
    /// Snapshots from before a migration that are kept.
    pub snapshots_kept: usize,
}

/// What was written, or what the same key had written before.
#[derive(Debug)]
pub struct Written<T> {
    /// The answer.
    pub value: T,
    /// Whether it is the answer of an earlier request with the same key.
    pub replayed: bool,
}

/// The database, shared by all capabilities.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    readers: r2d2::Pool<SqliteConnectionManager>,
    turns: Semaphore,
    writer: Writer,
    damage: watch::Sender<Option<String>>,
}

impl Store {
    /// Opens or makes the database, brings it to this program's schema, and starts the writer.
    #[expect(clippy::disallowed_methods, reason = "the one place that opens SQLite")]
    pub fn open(path: &Path, options: &Options) -> Result<Self, Error> {
        if files::was_emptied(path) {
            return Err(Error::Emptied);
        }
        files::create_private(path)?;
        let mut connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        set_up_writer(&connection, options)?;
        migrate::to_latest(&mut connection, path, options.snapshots_kept)?;
        let writer = Writer::start(connection, options.write_batch, options.queue_max);

        let cache_kb = options.cache_kb;
        let manager = SqliteConnectionManager::file(path)
            .with_flags(OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .with_init(move |db| set_up_reader(db, cache_kb));
        let readers = r2d2::Pool::builder()
            .max_size(options.readers)
            .min_idle(Some(1))
            .test_on_check_out(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .connection_timeout(BUSY_TIMEOUT)
            .build(manager)?;
        Ok(Self {
            inner: Arc::new(Inner {
                path: path.to_owned(),
                readers,
                turns: Semaphore::new(usize::try_from(options.readers).unwrap_or(1)),
                writer,
                damage: watch::Sender::new(None),
            }),
        })
    }

    /// Runs `work` on a snapshot of the database.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: WorkError,
    {
        // Waiting here costs no thread, waiting in the pool would.
        let _turn = self.inner.turns.acquire().await.map_err(|_| Error::Closed)?;
        let inner = Arc::clone(&self.inner);
        let span = tracing::Span::current();
        let done = tokio::task::spawn_blocking(move || {
            span.in_scope(|| {
                let db = inner.readers.get().map_err(Error::from)?;
                let snapshot = db.unchecked_transaction().map_err(Error::from)?;
                work(&snapshot)
            })
        });
        self.seen(done.await.unwrap_or_else(|_| Err(Error::Panicked.into())))
    }

    /// Runs `work` in a transaction of its own and returns when it is on disk. When `work` fails
    /// nothing of it is kept. It runs to its end even when the caller has gone.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: WorkError,
    {
        self.write_then(Fails::Anywhere, work, |_| ()).await
    }

    /// As [`Store::write`]; under the caller's idempotency key `work` runs once, and the same key
    /// gets the same answer, crashes included, because answer and effect are committed together.
    pub async fn write_once<T, E>(
        &self,
        caller: &Caller,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<Written<T>, E>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        E: WorkError,
    {
        let caller = caller.clone();
        self.write(move |tx| once(tx, &caller, work)).await
    }

    /// As [`Store::write`]; when it is on disk, `then` hears of it, in the order of the commits and
    /// before anybody is answered. It runs on the writer's thread, so it must be quick.
    pub async fn write_then<T, E>(
        &self,
        fails: Fails,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
        then: impl FnOnce(&T) + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: WorkError,
    {
        if self.inner.damage.borrow().is_some() {
            return Err(Error::Damaged.into());
        }
        self.seen(self.inner.writer.run(fails, work, then).await)
    }

    /// The answer that the caller's idempotency key had before, if any; for operations that must
    /// look at the world before they write.
    pub async fn earlier_answer<T>(&self, caller: &Caller) -> Result<Option<T>, Error>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let Some(once) = caller.once.clone() else { return Ok(None) };
        let owner = caller.user;
        self.read(move |db| find_answer(db, owner, &once)).await
    }

    /// Forgets idempotency keys older than `keep`.
    pub async fn forget_keys(&self, keep: Duration) -> Result<usize, Error> {
        let before = Timestamp::now().before(keep);
        self.write(move |tx| {
            Ok(tx.execute("DELETE FROM idempotency WHERE created_at < ?", [before])?)
        })
        .await
    }

    /// Forgets the idempotency keys of somebody who is gone.
    pub async fn forget_keys_of(&self, owner: UserId) -> Result<(), Error> {
        self.write(move |tx| {
            tx.execute("DELETE FROM idempotency WHERE owner = ?", [owner])?;
            Ok(())
        })
        .await
    }

    /// Checks the whole file; slow on a large one. `None` means that it is sound. Indexes of words
    /// that are not are made anew.
    pub async fn check(&self) -> Result<Option<String>, Error> {
        let findings = self
            .read(|db| {
                let mut check = db.prepare("PRAGMA quick_check")?;
                let findings = check.query_map([], |row| row.get::<_, String>(0))?;
                Ok::<_, Error>(findings.collect::<Result<Vec<_>, _>>()?)
            })
            .await?;
        let (of_indexes, others): (Vec<_>, Vec<_>) = findings
            .into_iter()
            .filter(|found| found != "ok")
            .partition(|found| indexes::is_only_an_index(found));
        if let Some(found) = others.into_iter().next() {
            return Ok(Some(found));
        }
        if !of_indexes.is_empty()
            && let Some(done) = self.inner.writer.mend()
        {
            let _ = done.await;
        }
        Ok(None)
    }

    /// What is wrong with the file, once anything was found; from then on it is only read.
    pub fn damage(&self) -> Option<String> {
        self.inner.damage.borrow().clone()
    }

    /// Waits until the file is found to be damaged.
    pub async fn damaged(&self) -> String {
        let mut damage = self.inner.damage.subscribe();
        // Never an error: the sender lives as long as this store.
        damage
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|found| found.clone())
            .unwrap_or_default()
    }

    /// Only reads from now on.
    pub fn note_damage(&self, found: String) {
        self.inner.damage.send_if_modified(|damage| {
            let first = damage.is_none();
            damage.get_or_insert(found);
            first
        });
    }

    /// Looks whether a piece of work met with damage.
    fn seen<T, E: WorkError>(&self, done: Result<T, E>) -> Result<T, E> {
        match done.as_ref().err().and_then(E::of_store) {
            Some(Error::Corrupt(found)) => self.note_damage(found.to_string()),
            Some(Error::Index(_)) => drop(self.inner.writer.mend()),
            _ => {}
        }
        done
    }

    /// How often anything was committed: while it stays the same, so does whatever is read.
    pub fn commits(&self) -> u64 {
        self.inner.writer.commits()
    }

    /// How the last commit went.
    pub fn health(&self) -> Health {
        self.inner.writer.health()
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Moves the log into the file, when nobody reads an old snapshot.
    pub async fn checkpoint(&self) -> Result<(), Error> {
        self.inner.writer.checkpoint().await
    }

    /// Finishes what waits, moves the log into the file and closes the writer.
    pub async fn close(&self) -> Result<(), Error> {
        self.checkpoint().await?;
        self.inner.writer.stop().await;
        Ok(())
    }
}

/// Runs `work` once under the caller's idempotency key, as a part of a write.
pub fn once<T, E>(
    tx: &Connection,
    caller: &Caller,
    work: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<Written<T>, E>
where
    T: Serialize + DeserializeOwned,
    E: From<Error>,
{
    let Some(once) = &caller.once else {
        return work(tx).map(|value| Written { value, replayed: false });
    };
    if let Some(value) = find_answer(tx, caller.user, once)? {
        return Ok(Written { value, replayed: true });
    }
    let value = work(tx)?;
    let answer = serde_json::to_string(&value)
        .map_err(|e| Error::Unreadable { what: "answer", source: Arc::new(e) })?;
    tx.prepare_cached(
        "INSERT INTO idempotency (owner, key, fingerprint, answer, created_at)
         VALUES (?, ?, ?, ?, ?)",
    )
    .and_then(|mut statement| {
        let now = Timestamp::now();
        statement.execute(params![caller.user, once.key, once.fingerprint, answer, now])
    })
    .map_err(Error::from)?;
    Ok(Written { value, replayed: false })
}

fn find_answer<T: DeserializeOwned>(
    db: &Connection,
    owner: UserId,
    once: &Once,
) -> Result<Option<T>, Error> {
    let known: Option<(String, String)> = db
        .prepare_cached("SELECT fingerprint, answer FROM idempotency WHERE owner = ? AND key = ?")?
        .query_row(params![owner, once.key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((fingerprint, answer)) = known else { return Ok(None) };
    if fingerprint != once.fingerprint {
        return Err(Error::KeyReused);
    }
    serde_json::from_str(&answer)
        .map(Some)
        .map_err(|error| Error::Unreadable { what: "answer", source: Arc::new(error) })
}

/// What both kinds of connection need, before anything else.
fn set_up(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    // Without this a kept statement is planned anew for other values, which costs more than it runs.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

fn set_up_writer(db: &Connection, options: &Options) -> Result<(), Error> {
    set_up(db)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "cell_size_check", true)?;
    db.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    db.pragma_update(None, "cache_size", -i64::from(options.cache_kb))?;
    // What a savepoint keeps to roll back to is small, and a file for it costs more than the work.
    db.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

fn set_up_reader(db: &Connection, cache_kb: u32) -> rusqlite::Result<()> {
    set_up(db)?;
    db.pragma_update(None, "query_only", true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "cell_size_check", true)?;
    db.pragma_update(None, "cache_size", -i64::from(cache_kb))
}

#[cfg(test)]
mod tests;
