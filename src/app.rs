//! The product, put together: the one place that knows every capability.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::base::{Feed, InstanceId, Timestamp, clock};
use crate::chat::{self, Chat};
use crate::config::{Config, Live};
use crate::conversations::Conversations;
use crate::documents::{self, Documents};
use crate::embeddings::Embeddings;
use crate::error::Error;
use crate::limits::{Class, Full, Rate, Rates, Slot, Slots};
use crate::models::Models;
use crate::net;
use crate::notes::Notes;
use crate::search::Search;
use crate::store::{self, Health, Store};
use crate::telemetry::log::LogHandle;

/// How long a health check waits for the database.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// Everything.
#[derive(Debug)]
pub struct App {
    /// The settings in force.
    pub live: Live,
    /// Conversations and messages.
    pub conversations: Conversations,
    /// Models and where they come from.
    pub models: Models,
    /// Asking them.
    pub chat: Chat,
    /// Finding what was said.
    pub search: Search,
    /// Facts to remember.
    pub notes: Notes,
    /// Documents, collections and watched folders.
    pub documents: Documents,
    /// Vectors and the model they come from.
    pub embeddings: Embeddings,
    /// What changes, for all tabs.
    pub feed: Feed,
    /// The newest lines of the log.
    pub log: LogHandle,
    /// Everything that runs in the background; drained at shutdown.
    pub tasks: TaskTracker,
    /// Cancelled when the server stops.
    pub stop: CancellationToken,
    /// This process, so that clients notice a restart.
    pub instance: InstanceId,
    store: Store,
    rates: Rates,
    slots: Slots,
    started: Instant,
    address: OnceLock<SocketAddr>,
    integrity: Mutex<Integrity>,
}

/// What is known of the soundness of the file.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case", tag = "integrity")]
enum Integrity {
    /// The last stop was clean.
    NotChecked,
    /// The last stop was not; the check runs.
    Checking,
    /// The check found nothing.
    Sound { checked_at: Timestamp },
    /// The check found something.
    Damaged { checked_at: Timestamp, found: String },
}

/// How the product is.
#[derive(Debug, Serialize)]
pub struct Report {
    /// `ok`, `degraded` or `stopping`.
    pub status: &'static str,
    /// Which version runs.
    pub version: &'static str,
    /// For how long.
    pub uptime_seconds: u64,
    /// What was measured.
    pub checks: Value,
    /// What is on.
    pub features: Value,
    /// Whether it takes work.
    #[serde(skip)]
    pub ready: bool,
}

/// The database file of a data folder.
pub fn database_path(config: &Config) -> PathBuf {
    config.data_dir.join("inglenook.db")
}

impl App {
    /// Opens everything over a data folder that is already ours.
    pub async fn open(live: Live, log: LogHandle) -> Result<Arc<Self>, Error> {
        let config = live.now();
        let path = database_path(&config);
        let wal = path.with_extension("db-wal");
        // A clean stop leaves no log behind.
        let unclean = std::fs::metadata(&wal).is_ok_and(|wal| wal.len() > 0);
        let options = store::Options {
            readers: config.store.readers,
            write_batch: config.store.write_batch,
            queue_max: config.store.queue_max,
            cache_kb: config.store.cache_kb,
            snapshots_kept: config.store.snapshot_keep,
        };
        let store = Store::open(&path, &options)?;
        let feed = Feed::new(config.server.feed_buffer);
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let http = net::Client::new()
            .map_err(|error| Error::internal("setting up the HTTP client", error))?;
        let models = Models::open(
            store.clone(),
            live.clone(),
            feed.clone(),
            http,
            &config.data_dir,
            tasks.clone(),
            stop.clone(),
        )
        .await?;
        let conversations = Conversations::new(store.clone(), live.clone(), feed.clone());
        let embeddings = Embeddings::open(
            store.clone(),
            live.clone(),
            feed.clone(),
            models.clone(),
            &tasks,
            stop.clone(),
        );
        let documents = Documents::open(documents::Parts {
            store: store.clone(),
            live: live.clone(),
            feed: feed.clone(),
            embeddings: embeddings.clone(),
            data_dir: &config.data_dir,
            tasks: tasks.clone(),
            stop: stop.clone(),
        })
        .await?;
        let search = Search::new(store.clone(), live.clone(), embeddings.clone());
        let notes = Notes::new(store.clone(), live.clone(), feed.clone());
        let chat = Chat::open(chat::Parts {
            store: store.clone(),
            live: live.clone(),
            feed: feed.clone(),
            conversations: conversations.clone(),
            models: models.clone(),
            search: search.clone(),
            documents: documents.clone(),
            notes: notes.clone(),
            tasks: tasks.clone(),
            stop: stop.clone(),
        })
        .await?;
        let app = Arc::new(Self {
            live,
            conversations,
            models,
            chat,
            search,
            notes,
            documents,
            embeddings,
            feed,
            log,
            tasks,
            stop,
            instance: InstanceId::new(),
            store,
            rates: Rates::default(),
            slots: Slots::default(),
            started: clock::monotonic(),
            address: OnceLock::new(),
            integrity: Mutex::new(Integrity::NotChecked),
        });
        if unclean {
            app.set_integrity(Integrity::Checking);
            app.tasks.spawn(Arc::clone(&app).check_integrity());
        }
        app.tasks.spawn(Arc::clone(&app).keep_house());
        Ok(app)
    }

    /// The settings in force.
    pub fn config(&self) -> Arc<Config> {
        self.live.now()
    }

    /// Remembers where the server listens, for people who ask.
    pub fn set_address(&self, address: SocketAddr) {
        let _ = self.address.set(address);
    }

    /// Counts a request; `None` when its class has no limit.
    pub fn count_request(&self, class: Class, peer: IpAddr) -> Option<Rate> {
        let rates = self.live.now().rates;
        let limit = match class {
            Class::Chat => rates.chat,
            Class::Upload => rates.upload,
            Class::Api => rates.api,
        };
        self.rates.count(class, peer, u64::from(limit))
    }

    /// Counts a question that did not come as a request of its own.
    pub fn count_question(&self, peer: IpAddr) -> Result<(), Error> {
        match self.count_request(Class::Chat, peer) {
            Some(rate) if !rate.allowed => Err(Error::TooMany {
                code: "rate_limited",
                message: format!(
                    "{} questions a minute is the limit (RATE_LIMIT_CHAT)",
                    rate.limit
                ),
                retry_after_s: rate.reset_s,
            }),
            _ => Ok(()),
        }
    }

    /// Takes a slot for a connection that stays open.
    pub fn take_slot(&self, peer: IpAddr) -> Result<Slot, Full> {
        let config = self.live.now();
        let server = &config.server;
        self.slots.take(peer, server.max_connections, server.max_connections_per_client)
    }

    /// Measures how the product is.
    pub async fn health(&self) -> Report {
        let probe = self.store.read(|db| {
            Ok::<_, Error>(db.query_row("SELECT count(*) FROM users", [], |r| r.get::<_, i64>(0))?)
        });
        let began = clock::monotonic();
        let reads = matches!(tokio::time::timeout(CHECK_TIMEOUT, probe).await, Ok(Ok(_)));
        let writes = self.store.health();
        let integrity = self.integrity.lock().map_or(Integrity::NotChecked, |found| found.clone());
        let damaged = matches!(integrity, Integrity::Damaged { .. });
        let config = self.live.now();
        let folder = config.data_dir.clone();
        let free = tokio::task::spawn_blocking(move || fs4::available_space(folder)).await;
        let free = free.ok().and_then(Result::ok);
        let stopping = self.stop.is_cancelled();
        let good = reads && writes == Health::Good && !damaged;
        let database = match (reads, writes) {
            (false, _) => "unreadable",
            (true, Health::Good) => "ok",
            (true, Health::DiskFull) => "disk_full",
            (true, Health::SyncFailed) => "sync_failed",
            (true, Health::Failing) => "failing",
        };
        let mut facts = json!(integrity);
        facts["status"] = database.into();
        facts["read_ms"] = clock::ms_since(began).into();
        Report {
            status: match (stopping, good) {
                (true, _) => "stopping",
                (false, true) => "ok",
                (false, false) => "degraded",
            },
            version: env!("CARGO_PKG_VERSION"),
            uptime_seconds: clock::ms_since(self.started) / 1000,
            checks: json!({ "database": facts, "disk": { "free_bytes": free } }),
            features: json!({
                "rate_limiting": config.rates.api > 0 || config.rates.chat > 0,
                "authentication": false,
                "retry_logic": config.models.retry.attempts > 1,
                "offline": config.models.offline,
            }),
            ready: reads && !stopping,
        }
    }

    /// What the product is doing.
    pub async fn status(&self) -> Result<Value, Error> {
        let config = self.live.now();
        let size = |path: PathBuf| std::fs::metadata(path).map_or(0, |file| file.len());
        let database = database_path(&config);
        let report = self.health().await;
        let config_state = self.live.snapshot();
        Ok(json!({
            "version": report.version,
            "instance": self.instance,
            "status": report.status,
            "uptime_seconds": report.uptime_seconds,
            "pid": std::process::id(),
            "address": self.address.get().map(|address| format!("http://{address}")),
            "data_dir": config.data_dir,
            "connections": {
                "open": self.slots.taken(),
                "limit": config.server.max_connections,
                "limit_per_client": config.server.max_connections_per_client,
            },
            "turns": { "running": self.chat.running(), "limit": config.chat.max_turns },
            "breakers": self.models.breakers(),
            "limits": { "chat_per_minute": config.rates.chat, "api_per_minute": config.rates.api },
            "database": {
                "size_bytes": size(database.clone()),
                "wal_bytes": size(database.with_extension("db-wal")),
            },
            "checks": report.checks,
            "config": {
                "path": config_state.path,
                "loaded_at": config_state.loaded_at,
                "error": config_state.error,
            },
        }))
    }

    /// Waits for background work to end, at most so long, and closes the database.
    pub async fn close(&self, grace: Duration) {
        self.tasks.close();
        if tokio::time::timeout(grace, self.tasks.wait()).await.is_err() {
            tracing::warn!(tasks = self.tasks.len(), "some work did not end in time");
        }
        match self.store.close().await {
            Ok(()) => tracing::info!("database closed"),
            Err(error) => tracing::error!(%error, "the database did not close cleanly"),
        }
    }

    fn set_integrity(&self, integrity: Integrity) {
        if let Ok(mut known) = self.integrity.lock() {
            *known = integrity;
        }
    }

    async fn check_integrity(self: Arc<Self>) {
        tracing::info!("the last stop was not clean; checking the database");
        let checked = tokio::select! {
            checked = self.store.check() => checked,
            () = self.stop.cancelled() => return,
        };
        let checked_at = Timestamp::now();
        self.set_integrity(match checked {
            Ok(None) => {
                tracing::info!("the database is sound");
                Integrity::Sound { checked_at }
            }
            Ok(Some(found)) => {
                tracing::error!(found, "the database is damaged");
                Integrity::Damaged { checked_at, found }
            }
            Err(error) => {
                tracing::error!(%error, "the database could not be checked");
                Integrity::Damaged { checked_at, found: error.to_string() }
            }
        });
        self.feed.announce_to_all("status", &json!({ "checks": self.health().await.checks }));
    }

    /// Clears away what has expired, again and again.
    async fn keep_house(self: Arc<Self>) {
        loop {
            let config = self.live.now();
            tokio::select! {
                () = tokio::time::sleep(config.server.cleanup_interval) => {}
                () = self.stop.cancelled() => return,
            }
            self.rates.sweep();
            let cleared = async {
                self.store.forget_keys(config.store.idempotency).await?;
                self.conversations.sweep(config.conversations.trash).await?;
                self.notes.sweep(config.conversations.trash).await?;
                self.documents.sweep(config.conversations.trash).await?;
                self.chat.sweep(config.chat.turn_replay).await?;
                self.store.checkpoint().await?;
                Ok::<_, Error>(())
            };
            if let Err(error) = cleared.await {
                tracing::warn!(%error, "what has expired was not cleared away");
            }
        }
    }
}
