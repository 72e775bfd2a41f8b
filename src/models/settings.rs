//! The settings that concern models, taken from the configuration at the moment they matter, so that a
//! changed `config.sh` counts from the next request on.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::providers::Kind;
use crate::config::Config;
use crate::net::{BreakerPolicy, RetryPolicy};

/// Gives the settings in force.
pub(super) type Now = Arc<dyn Fn() -> Settings + Send + Sync>;

/// What shapes the talk with model servers.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// Connecting and the head of an answer.
    pub(super) first_byte: Duration,
    /// Silence inside an answer.
    pub(super) idle: Duration,
    pub(super) retry: RetryPolicy,
    pub(super) breaker: BreakerPolicy,
    /// Age at which a list of models is asked for again.
    pub(super) refresh: Duration,
    /// Wait for a usual local port, and for a first list that somebody waits for.
    pub(super) discovery: Duration,
    pub(super) discovery_urls: Vec<(Kind, String)>,
    /// Room for an answer, where a dialect must name a longest one.
    pub(super) reserve_tokens: u32,
    /// The longest line of a streamed answer.
    pub(super) max_line_bytes: usize,
    /// The largest list of models or answer in one piece.
    pub(super) max_body_bytes: usize,
    pub(super) openai_api_key: Option<SecretString>,
    pub(super) anthropic_api_key: Option<SecretString>,
}

impl From<&Config> for Settings {
    fn from(config: &Config) -> Self {
        let models = &config.models;
        Self {
            first_byte: models.api_timeout,
            idle: models.stream_idle_timeout,
            retry: RetryPolicy {
                attempts: models.retry.attempts,
                base: models.retry.base,
                max: models.retry.max,
                jitter: models.retry.jitter,
            },
            breaker: BreakerPolicy {
                failures: models.breaker.failures,
                successes: models.breaker.successes,
                open: models.breaker.open,
                half_open_calls: models.breaker.half_open_calls,
            },
            refresh: models.refresh,
            discovery: models.discovery_timeout,
            discovery_urls: models.discovery_urls.iter().filter_map(|at| server(at)).collect(),
            reserve_tokens: u32::try_from(config.chat.answer_reserve_tokens).unwrap_or(u32::MAX),
            max_line_bytes: models.max_line_bytes,
            max_body_bytes: models.max_body_bytes,
            openai_api_key: models.openai_api_key.clone(),
            anthropic_api_key: models.anthropic_api_key.clone(),
        }
    }
}

/// Reads `kind=url`, as the settings table has checked it.
fn server(entry: &str) -> Option<(Kind, String)> {
    let (kind, url) = entry.split_once('=')?;
    Some((Kind::of_added(kind)?, url.to_owned()))
}
