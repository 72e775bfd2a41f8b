//! The one writer, on a thread of its own. Whatever waits when a commit begins goes into it, each
//! piece of work as a savepoint, so that one sync to disk serves many callers (group commit). A piece
//! that fails or panics rolls back alone. Nobody hears of success before the sync.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{Error, indexes};

/// Tells one caller how it went, after the commit.
type Finish = Box<dyn FnOnce(Result<(), Error>) + Send>;
/// Does one caller's work, or hears why it cannot be done; says whether to keep it.
type Work = Box<dyn FnOnce(Result<&Connection, Error>) -> (bool, Finish) + Send>;

/// Whether work may fail when it has changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fails {
    /// It may, and is rolled back to a savepoint, which costs about as much as three changes.
    Anywhere,
    /// It looks first and then changes. Should it fail later all the same, the whole transaction does.
    BeforeChanges,
}

struct Job {
    work: Work,
    fails: Fails,
}

enum Order {
    Work(Job),
    Checkpoint(oneshot::Sender<Result<(), Error>>),
    Mend(oneshot::Sender<()>),
}

/// How the last commit went, for health reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It is on disk.
    Good,
    /// There was no room for it.
    DiskFull,
    /// The disk did not confirm it.
    SyncFailed,
    /// Something else went wrong.
    Failing,
}

#[derive(Debug, Default)]
struct Facts {
    health: AtomicU8,
    commits: AtomicU64,
    /// Damaged indexes of words wait to be made anew.
    mending: AtomicBool,
}

impl Facts {
    /// How a commit went that changed something.
    fn note(&self, outcome: &Result<(), Error>) {
        let health = match outcome {
            Ok(()) => 0,
            Err(Error::DiskFull(_) | Error::ReadOnly(_)) => 1,
            Err(Error::OutcomeUnknown(_)) => 2,
            Err(_) => 3,
        };
        if self.health.swap(health, Ordering::Relaxed) != health {
            match outcome {
                Ok(()) => tracing::info!("the database takes writes again"),
                Err(error) => tracing::error!(error = ?error, "the database does not take writes"),
            }
        }
        self.commits.fetch_add(1, Ordering::Release);
    }
}

#[derive(Debug)]
pub(super) struct Writer {
    orders: Mutex<Option<mpsc::Sender<Order>>>,
    facts: Arc<Facts>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(db: Connection, batch: usize, queue: usize) -> Self {
        let (orders, inbox) = mpsc::channel(queue.max(1));
        let facts = Arc::new(Facts::default());
        let shared = Arc::clone(&facts);
        let thread = std::thread::Builder::new()
            .name("database-writer".to_owned())
            .spawn(move || serve(db, inbox, batch.max(1), &shared))
            .inspect_err(|error| tracing::error!(%error, "the database writer did not start"))
            .ok();
        Self { orders: Mutex::new(Some(orders)), facts, thread: Mutex::new(thread) }
    }

    pub(super) async fn run<T, E>(
        &self,
        fails: Fails,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
        then: impl FnOnce(&T) + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (answer, heard) = oneshot::channel::<Result<T, E>>();
        let span = tracing::Span::current();
        let work: Work = Box::new(move |db| {
            let result = match db {
                Ok(db) => span.in_scope(|| work(db)),
                Err(error) => Err(error.into()),
            };
            let keep = result.is_ok();
            let finish: Finish = Box::new(move |outcome| {
                let result = match outcome {
                    Ok(()) => result,
                    Err(error) => result.and(Err(error.into())),
                };
                if let Ok(value) = &result {
                    then(value);
                }
                // The caller may have gone; the work is done all the same.
                let _ = answer.send(result);
            });
            (keep, finish)
        });
        self.send(Order::Work(Job { work, fails })).await?;
        heard.await.unwrap_or_else(|_| Err(Error::Panicked.into()))
    }

    pub(super) async fn checkpoint(&self) -> Result<(), Error> {
        let (answer, heard) = oneshot::channel();
        self.send(Order::Checkpoint(answer)).await?;
        heard.await.unwrap_or(Err(Error::Closed))
    }

    /// Makes damaged indexes of words anew, after what waits already, and tells when that is done;
    /// `None` where it was ordered before.
    pub(super) fn mend(&self) -> Option<oneshot::Receiver<()>> {
        let orders = self.orders.lock().ok().and_then(|orders| orders.clone())?;
        if self.facts.mending.swap(true, Ordering::Relaxed) {
            return None;
        }
        let (answer, done) = oneshot::channel();
        if orders.try_send(Order::Mend(answer)).is_err() {
            // The queue is full; whoever meets the damage next orders it again.
            self.facts.mending.store(false, Ordering::Relaxed);
        }
        Some(done)
    }

    pub(super) async fn stop(&self) {
        drop(self.orders.lock().ok().and_then(|mut orders| orders.take()));
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        let joined = tokio::task::spawn_blocking(move || thread.map(JoinHandle::join)).await;
        if !matches!(joined, Ok(None | Some(Ok(())))) {
            tracing::error!("the database writer did not end cleanly");
        }
    }

    pub(super) fn health(&self) -> Health {
        match self.facts.health.load(Ordering::Relaxed) {
            0 => Health::Good,
            1 => Health::DiskFull,
            2 => Health::SyncFailed,
            _ => Health::Failing,
        }
    }

    pub(super) fn commits(&self) -> u64 {
        self.facts.commits.load(Ordering::Acquire)
    }

    async fn send(&self, order: Order) -> Result<(), Error> {
        let orders = self.orders.lock().ok().and_then(|orders| orders.clone());
        let orders = orders.ok_or(Error::Closed)?;
        orders.send(order).await.map_err(|_| Error::Closed)
    }
}

fn serve(db: Connection, mut inbox: mpsc::Receiver<Order>, batch: usize, facts: &Facts) {
    let mut jobs = Vec::with_capacity(batch);
    while let Some(order) = inbox.blocking_recv() {
        let mut next = Some(order);
        let mut checkpoint = None;
        let mut mend = None;
        while let Some(order) = next.take() {
            match order {
                Order::Work(job) => jobs.push(job),
                Order::Checkpoint(answer) => checkpoint = Some(answer),
                Order::Mend(answer) => mend = Some(answer),
            }
            if jobs.len() < batch && checkpoint.is_none() && mend.is_none() {
                next = inbox.try_recv().ok();
            }
        }
        if !jobs.is_empty() {
            commit(&db, jobs.drain(..), facts);
        }
        if let Some(answer) = mend {
            if let Err(error) = indexes::mend(&db) {
                tracing::error!(?error, "an index of words could not be made anew");
            }
            facts.mending.store(false, Ordering::Relaxed);
            // Mostly nobody waits.
            let _ = answer.send(());
        }
        if let Some(answer) = checkpoint {
            let _ = answer.send(truncate_log(&db));
        }
    }
    if let Err((_, error)) = db.close() {
        tracing::error!(%error, "the database did not close");
    }
}

fn truncate_log(db: &Connection) -> Result<(), Error> {
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(Error::from)
}

fn commit(db: &Connection, jobs: impl ExactSizeIterator<Item = Job>, facts: &Facts) {
    let mut finishes = Vec::new();
    let before = db.total_changes();
    let outcome = transact(db, jobs, &mut finishes);
    // Where nothing was changed the disk was not asked, and nothing is known of it.
    if outcome.is_err() || db.total_changes() != before {
        facts.note(&outcome);
    }
    for finish in finishes {
        finish(outcome.clone());
    }
}

fn run(db: &Connection, statement: &str) -> Result<(), Error> {
    db.prepare_cached(statement)?.execute([]).map(drop).map_err(Error::from)
}

/// All jobs in one transaction. Each leaves its `Finish`, also when the transaction fails; one that
/// panics leaves none, which its caller hears as such.
fn transact(
    db: &Connection,
    jobs: impl ExactSizeIterator<Item = Job>,
    finishes: &mut Vec<Finish>,
) -> Result<(), Error> {
    let alone = jobs.len() == 1;
    let mut standing = run(db, "BEGIN IMMEDIATE");
    for Job { work, fails } in jobs {
        let guarded = !alone && fails == Fails::Anywhere;
        if standing.is_ok() && guarded {
            standing = run(db, "SAVEPOINT job");
        }
        let before = db.total_changes();
        let handle = standing.clone().map(|()| db);
        let done = catch_unwind(AssertUnwindSafe(|| work(handle)));
        let keep = matches!(done, Ok((true, _)));
        if let Ok((_, finish)) = done {
            finishes.push(finish);
        }
        if standing.is_err() {
            continue;
        }
        standing = if db.is_autocommit() {
            // SQLite gave up the whole transaction (no room, a failed read): nobody's work stands.
            Err(Error::Busy)
        } else {
            match (keep, guarded) {
                (true, true) => run(db, "RELEASE job"),
                (true, false) => Ok(()),
                (false, true) => run(db, "ROLLBACK TO job").and_then(|()| run(db, "RELEASE job")),
                (false, false) if alone => return run(db, "ROLLBACK"),
                (false, false) if db.total_changes() == before => Ok(()),
                (false, false) => {
                    tracing::error!("work failed after it had changed something");
                    Err(Error::Busy)
                }
            }
        };
    }
    let outcome = standing.and_then(|()| run(db, "COMMIT"));
    if outcome.is_err() && !db.is_autocommit() {
        let _ = db.execute_batch("ROLLBACK");
    }
    outcome
}
