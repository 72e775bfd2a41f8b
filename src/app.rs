//! The product, put together: the one place that knows every capability.

mod facts;
mod happenings;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::Auth;
use crate::base::{Caller, ClientId, Feed, InstanceId, Timestamp, UserId, clock};
use crate::bus::{self, Bus, Seat};
use crate::chat::{self, Chat};
use crate::config::{Config, Live};
use crate::conversations::Conversations;
use crate::documents::{self, Documents};
use crate::embeddings::Embeddings;
use crate::error::Error;
use crate::limits::{Class, Full, Holder, Rate, Rates, Slot, Slots, Who};
use crate::models::Models;
use crate::net;
use crate::notes::Notes;
use crate::outbound::Outbound;
use crate::search::Search;
use crate::store::{self, Seal, Store};
use crate::telemetry::log::LogHandle;
use crate::tools::{self, Tools};
use crate::webhooks::{self, Webhooks};
pub use facts::Report;

/// Clients of the bus without a token that one address may be at full rate.
const CLIENTS_OF_AN_ADDRESS: u32 = 10;

/// Everything.
#[derive(Debug)]
pub struct App {
    /// The settings in force.
    pub live: Live,
    /// Who may come in.
    pub auth: Auth,
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
    /// Messages between agents.
    pub bus: Bus,
    /// Whom this machine contacted.
    pub outbound: Outbound,
    /// Who is told over HTTP what happens.
    pub webhooks: Webhooks,
    /// What models may call.
    pub tools: Tools,
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

/// The database file of a data folder.
pub fn database_path(config: &Config) -> PathBuf {
    config.data_dir.join("inglenook.db")
}

/// The database, and whether the last stop was unclean.
fn open_store(config: &Config) -> Result<(Store, bool), store::Error> {
    let path = database_path(config);
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
    Ok((Store::open(&path, &options)?, unclean))
}

fn register(live: Live) -> net::Register {
    net::Register::new(move || net::register::Policy::from(&*live.now()))
}

fn http_client(register: net::Register) -> Result<net::Client, Error> {
    net::Client::new(register).map_err(|error| Error::internal("setting up the HTTP client", error))
}

/// What every capability stands on.
struct Ground {
    store: Store,
    live: Live,
    feed: Feed,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Ground {
    fn tools(&self, http: net::Client, seal: Seal, search: Search) -> Tools {
        Tools::new(tools::Parts {
            store: self.store.clone(),
            live: self.live.clone(),
            feed: self.feed.clone(),
            tasks: self.tasks.clone(),
            stop: self.stop.clone(),
            http,
            seal,
            search,
        })
    }

    fn search(&self, embeddings: &Embeddings, models: &Models) -> Search {
        let (store, live) = (self.store.clone(), self.live.clone());
        Search::new(store, live, embeddings.clone(), models.clone())
    }

    fn embeddings(&self, models: &Models) -> Embeddings {
        let Self { store, live, feed, tasks, stop } = self;
        let (store, live, feed) = (store.clone(), live.clone(), feed.clone());
        Embeddings::open(store, live, feed, models.clone(), tasks, stop.clone())
    }
}

impl App {
    /// Opens everything over a data folder that is already ours.
    pub async fn open(live: Live, log: LogHandle) -> Result<Arc<Self>, Error> {
        let config = live.now();
        let (store, unclean) = open_store(&config)?;
        let feed = Feed::new(config.server.feed_buffer);
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let (register, seal) = (register(live.clone()), Seal::open(&config.data_dir));
        let outbound =
            Outbound::open(store.clone(), live.clone(), register.clone(), &tasks, stop.clone());
        let auth = Auth::open(store.clone(), live.clone(), seal.clone(), tasks.clone()).await?;
        let http = http_client(register.clone())?;
        let models = Models::open(
            store.clone(),
            live.clone(),
            feed.clone(),
            http.clone(),
            seal.clone(),
            tasks.clone(),
            stop.clone(),
        )
        .await?;
        let conversations = Conversations::new(store.clone(), live.clone(), feed.clone());
        let ground = Ground { store, live, feed, tasks, stop };
        let embeddings = ground.embeddings(&models);
        let search = ground.search(&embeddings, &models);
        let tools = ground.tools(http, seal.clone(), search.clone());
        let Ground { store, live, feed, tasks, stop } = ground;
        let webhooks = Webhooks::open(webhooks::Parts {
            store: store.clone(),
            live: live.clone(),
            feed: feed.clone(),
            register: register.clone(),
            seal,
            tasks: tasks.clone(),
        })
        .await?;
        let documents = Documents::open(documents::Parts {
            store: store.clone(),
            live: live.clone(),
            feed: feed.clone(),
            embeddings: embeddings.clone(),
            register: register.clone(),
            data_dir: &config.data_dir,
            tasks: tasks.clone(),
            stop: stop.clone(),
        })
        .await?;
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
            tools: tools.clone(),
            tasks: tasks.clone(),
            stop: stop.clone(),
        })
        .await?;
        let bus = Bus::open(bus::Parts {
            store: store.clone(),
            live: live.clone(),
            feed: feed.clone(),
            register,
            tasks: tasks.clone(),
            stop: stop.clone(),
        })
        .await?;
        let app = Arc::new(Self {
            live,
            auth,
            conversations,
            models,
            chat,
            search,
            notes,
            documents,
            embeddings,
            bus,
            outbound,
            webhooks,
            tools,
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
        app.begin(unclean);
        Ok(app)
    }

    /// Starts what runs by itself.
    fn begin(self: &Arc<Self>, unclean: bool) {
        if unclean {
            self.set_integrity(Integrity::Checking);
            self.tasks.spawn(Arc::clone(self).check_integrity());
        }
        self.tasks.spawn(happenings::follow(self.webhooks.clone(), self.bus.happenings()));
        self.tasks.spawn(Arc::clone(self).keep_house());
    }

    /// The settings in force.
    pub fn config(&self) -> Arc<Config> {
        self.live.now()
    }

    /// Grows whenever anything in the database changes.
    pub fn changes(&self) -> u64 {
        self.store.commits()
    }

    /// Remembers where the server listens, for people who ask.
    pub fn set_address(&self, address: SocketAddr) {
        let _ = self.address.set(address);
    }

    /// Counts a request; `None` when its class has no limit.
    pub async fn count_request(&self, class: Class, who: Who) -> Option<Rate> {
        let rates = self.live.now().rates;
        let limit = match class {
            Class::Chat => rates.chat,
            // All clients without a token at one address, together.
            Class::Bus if matches!(who, Who::Address(_)) => {
                rates.bus.saturating_mul(CLIENTS_OF_AN_ADDRESS)
            }
            Class::Bus => rates.bus,
            Class::Upload => rates.upload,
            Class::Login => rates.login,
            Class::Api => rates.api,
        };
        let limit = u64::from(limit);
        let here = self.rates.count(class, who.clone(), limit)?;
        // Whoever asked enough here already need not be counted elsewhere.
        let everywhere = match here.allowed {
            true => self.bus.count_everywhere(class, &who, limit).await,
            false => None,
        };
        Some(everywhere.filter(|rate| rate.remaining <= here.remaining).unwrap_or(here))
    }

    /// Counts a message of a client that shows no credential; `None` when there is no limit.
    pub async fn count_client(&self, address: IpAddr, client: &ClientId) -> Option<Rate> {
        self.count_request(Class::Bus, Who::Client(address, client.clone())).await
    }

    /// Counts a question that did not come as a request of its own.
    pub async fn count_question(&self, who: Who) -> Result<(), Error> {
        match self.count_request(Class::Chat, who).await {
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
    pub fn take_slot(&self, holder: Holder) -> Result<Slot, Full> {
        let config = self.live.now();
        let server = &config.server;
        self.slots.take(holder, server.max_connections, server.max_connections_per_client)
    }

    /// Takes a slot for a client of the bus; its connections to other nodes count too.
    pub async fn take_client_slot(&self, client: &ClientId) -> Result<(Slot, Option<Seat>), Full> {
        let slot = self.take_slot(Holder::Client(client.clone()))?;
        let each = self.live.now().server.max_connections_per_client;
        Ok((slot, self.bus.take_seat(client, each).await?))
    }

    /// What a request was answered under the caller's key, where the answer is all there is to keep.
    pub async fn earlier_answer(&self, caller: &Caller) -> Result<Option<Box<RawValue>>, Error> {
        Ok(self.store.earlier_answer(caller).await?)
    }

    /// Keeps an answer under the caller's key, if there is one, and gives that of whoever was faster.
    pub async fn keep_answer(
        &self,
        caller: &Caller,
        answer: Box<RawValue>,
    ) -> Result<Box<RawValue>, Error> {
        if caller.once.is_none() {
            return Ok(answer);
        }
        Ok(self.store.write_once(caller, move |_| Ok::<_, Error>(answer)).await?.value)
    }

    /// Deletes somebody who is kept out already, with everything that is theirs. Broken off, it can be
    /// asked for again.
    pub async fn delete_user(&self, caller: &Caller, id: UserId) -> Result<(), Error> {
        if self.store.earlier_answer::<()>(caller).await?.is_some() {
            return Ok(());
        }
        self.auth.check_deletable(id).await?;
        self.chat.remove_all(id).await?;
        self.conversations.remove_all(id).await?;
        self.notes.remove_all(id).await?;
        self.documents.remove_all(id).await?;
        self.store.forget_keys_of(id).await?;
        self.auth.delete_user(caller, id).await
    }

    /// Waits for background work to end, no longer than until then, and closes the database.
    pub async fn close(&self, until: Instant) {
        self.tasks.close();
        let work = tokio::time::timeout_at(until.into(), self.tasks.wait());
        match tokio::join!(self.webhooks.close(), work).1 {
            Ok(()) => tracing::info!("answers and other work ended"),
            Err(_) => tracing::warn!(tasks = self.tasks.len(), "some work did not end in time"),
        }
        self.outbound.keep().await;
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
                self.auth.sweep().await?;
                self.bus.sweep().await?;
                self.webhooks.sweep().await?;
                self.store.checkpoint().await?;
                Ok::<_, Error>(())
            };
            if let Err(error) = cleared.await {
                tracing::warn!(%error, "what has expired was not cleared away");
            }
        }
    }
}
