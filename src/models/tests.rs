//! The promises of this module, against scripted servers on loopback.

mod answers;
mod catalog;
mod embeddings;
mod fake;
mod providers;
mod rerank;
mod resilience;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::*;
use crate::base::clock;
use crate::net::register::{Policy, Register};
use crate::net::{BreakerPolicy, RetryPolicy};
use crate::store;
use fake::Fake;

/// The module over a throw-away database, with settings that a test may change while it runs.
pub(super) struct Bench {
    pub(super) models: Models,
    pub(super) settings: Arc<Mutex<Settings>>,
    pub(super) tasks: TaskTracker,
    pub(super) feed: Feed,
    pub(super) folder: tempfile::TempDir,
}

pub(super) fn quick() -> Settings {
    Settings {
        first_byte: Duration::from_millis(600),
        idle: Duration::from_millis(400),
        retry: RetryPolicy {
            attempts: 3,
            base: Duration::from_millis(5),
            max: Duration::from_millis(20),
            jitter: false,
        },
        breaker: BreakerPolicy {
            failures: 2,
            successes: 1,
            open: Duration::from_millis(150),
            half_open_calls: 1,
        },
        refresh: Duration::from_mins(1),
        discovery: Duration::from_millis(400),
        discovery_urls: Vec::new(),
        reserve_tokens: 1024,
        max_line_bytes: 64 * 1024,
        max_body_bytes: 1024 * 1024,
        openai_api_key: None,
        anthropic_api_key: None,
    }
}

impl Bench {
    pub(super) async fn new() -> Self {
        Self::with(quick()).await
    }

    pub(super) async fn with(settings: Settings) -> Self {
        Self::over(tempfile::tempdir().unwrap(), settings).await
    }

    /// As with `OFFLINE=true`.
    pub(super) async fn offline(settings: Settings) -> Self {
        Self::registered(tempfile::tempdir().unwrap(), settings, true).await
    }

    /// Opens the module over a folder that may hold an earlier run's data.
    pub(super) async fn over(folder: tempfile::TempDir, settings: Settings) -> Self {
        Self::registered(folder, settings, false).await
    }

    async fn registered(folder: tempfile::TempDir, settings: Settings, offline: bool) -> Self {
        let register = Register::new(move || Policy { offline, max_hosts: 100 });
        let options = store::Options {
            readers: 2,
            write_batch: 64,
            queue_max: 64,
            cache_kb: 1024,
            snapshots_kept: 1,
        };
        let store = Store::open(&folder.path().join("test.db"), &options).unwrap();
        let settings = Arc::new(Mutex::new(settings));
        let shared = Arc::clone(&settings);
        let (tasks, feed) = (TaskTracker::new(), Feed::new(64));
        let models = Models::with_settings(
            store,
            Arc::new(move || shared.lock().unwrap().clone()),
            feed.clone(),
            net::Client::new(register).unwrap(),
            store::Seal::open(folder.path()),
            tasks.clone(),
            CancellationToken::new(),
        )
        .await
        .unwrap();
        Self { models, settings, tasks, feed, folder }
    }

    /// Adds a provider and names one of its models.
    pub(super) async fn add(&self, kind: &str, url: &str, key: Option<&str>) -> ModelRef {
        let new = NewProvider {
            kind: kind.to_owned(),
            name: Some("Shop".to_owned()),
            base_url: Some(url.to_owned()),
            api_key: key.map(SecretString::from),
            enabled: None,
        };
        let provider = self.models.create_provider(&Caller::owner(), new).await.unwrap();
        ModelRef { provider: provider.id, name: "m1".to_owned() }
    }

    pub(super) async fn ask(&self, model: &ModelRef) -> Result<AnswerStream, Error> {
        self.models.stream(&Caller::owner(), model, &question(), |_| ()).await
    }

    /// Asks and reads to the end: the text, the thinking, and how it ended.
    pub(super) async fn answer(&self, model: &ModelRef) -> (String, String, Result<Delta, Error>) {
        let (mut text, mut reasoning) = (String::new(), String::new());
        let mut stream = match self.ask(model).await {
            Ok(stream) => stream,
            Err(error) => return (text, reasoning, Err(error)),
        };
        let mut last = Err(Error::NoSuchProvider);
        while let Some(step) = stream.next().await {
            if let Ok(delta) = &step {
                text.push_str(&delta.text);
                reasoning.push_str(&delta.reasoning);
            }
            last = step;
        }
        (text, reasoning, last)
    }

    pub(super) async fn code(&self, model: &ModelRef) -> &'static str {
        self.answer(model).await.2.unwrap_err().code()
    }

    pub(super) fn provider(&self, model: &ModelRef) -> Provider {
        self.models.get_provider(&Caller::owner(), model.provider).unwrap()
    }
}

pub(super) fn question() -> ChatRequest {
    ChatRequest { messages: vec![ChatMessage::new(Role::User, "hello?")], ..ChatRequest::default() }
}

/// Waits until something holds; fails after some seconds.
pub(super) async fn eventually(mut holds: impl FnMut() -> bool) {
    let begun = clock::monotonic();
    while !holds() {
        assert!(clock::ms_since(begun) < 5000, "it never came to hold");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
