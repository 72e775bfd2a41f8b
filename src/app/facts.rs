//! Measured facts: how the product is and what it is doing.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{App, Integrity, database_path};
use crate::base::clock;
use crate::error::Error;
use crate::store::Health;

/// How long a health check waits for the database.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// How the product is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub struct Report {
    /// `ok`, `degraded` or `stopping`.
    pub status: &'static str,
    /// Which version runs.
    pub version: &'static str,
    /// For how long.
    pub uptime_seconds: u64,
    /// What was measured.
    #[schema(value_type = Object)]
    pub checks: Value,
    /// What is on.
    #[schema(value_type = Object)]
    pub features: Value,
    /// Whether it takes work.
    #[serde(skip)]
    pub ready: bool,
}

impl App {
    /// Measures how the product is.
    pub async fn health(&self) -> Report {
        let probe = self.store.read(|db| {
            Ok::<_, Error>(db.query_row("SELECT count(*) FROM users", [], |r| r.get::<_, i64>(0))?)
        });
        let began = clock::monotonic();
        let reads = matches!(tokio::time::timeout(CHECK_TIMEOUT, probe).await, Ok(Ok(_)));
        let read_ms = clock::ms_since(began);
        let writes = self.store.health();
        let integrity = self.integrity.lock().map_or(Integrity::NotChecked, |found| found.clone());
        let damage = self.store.damage();
        let config = self.live.now();
        let folder = config.data_dir.clone();
        let free = tokio::task::spawn_blocking(move || fs4::available_space(folder)).await;
        let free = free.ok().and_then(Result::ok);
        let stopping = self.stop.is_cancelled();
        let redis = self.bus.redis_health().await;
        let joined = redis.as_ref().is_none_or(|redis| redis["status"] == "ok");
        let meaning = match reads {
            true => self.embeddings.health().await.ok(),
            false => None,
        };
        let finds = meaning.as_ref().is_none_or(|meaning| meaning["status"] != "failing");
        let good = reads && writes == Health::Good && damage.is_none() && joined && finds;
        let database = match (reads, writes) {
            (false, _) => "unreadable",
            (true, _) if damage.is_some() => "damaged",
            (true, Health::Good) => "ok",
            (true, Health::DiskFull) => "disk_full",
            (true, Health::SyncFailed) => "sync_failed",
            (true, Health::Failing) => "failing",
        };
        let mut facts = json!(integrity);
        if let Some(found) = damage {
            facts = json!({ "integrity": "damaged", "found": found });
        }
        facts["status"] = database.into();
        facts["read_ms"] = read_ms.into();
        let disk = json!({ "free_bytes": free });
        let mut checks = json!({ "database": facts, "disk": disk, "embeddings": meaning });
        if let Some(redis) = redis {
            checks["redis"] = redis;
        }
        Report {
            status: match (stopping, good) {
                (true, _) => "stopping",
                (false, true) => "ok",
                (false, false) => "degraded",
            },
            version: env!("CARGO_PKG_VERSION"),
            uptime_seconds: clock::ms_since(self.started) / 1000,
            checks,
            features: json!({
                "rate_limiting": config.rates.api > 0 || config.rates.chat > 0,
                "authentication": self.auth.is_locked(),
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
        let mut status = json!({
            "version": report.version,
            "instance": self.instance,
            "status": report.status,
            "uptime_seconds": report.uptime_seconds,
            "pid": std::process::id(),
            "address": self.address.get().map(|address| format!("http://{address}")),
            "data_dir": config.data_dir,
            "connections": {
                "open": self.slots.taken(),
                "limit": self.connections().0,
                "limit_per_client": config.server.max_connections_per_client,
            },
            "bus": self.bus.facts().await?,
            "turns": { "running": self.chat.running(), "limit": config.chat.max_turns },
            "breakers": self.models.breakers(),
            "webhooks": self.webhooks.facts().await?,
            "limits": { "chat_per_minute": config.rates.chat, "api_per_minute": config.rates.api,
                "bus_per_minute": config.rates.bus },
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
        });
        if let Some(nodes) = self.bus.nodes_facts().await? {
            status["nodes"] = nodes.into();
        }
        Ok(status)
    }
}
