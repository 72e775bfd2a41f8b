//! The typed settings of the agent bus, on one machine and on many, and of webhooks.

use std::time::Duration;

use secrecy::SecretString;

use super::concerns::Retry;
use super::resolved::Resolved;

/// The agent bus.
#[derive(Debug, Clone, Copy)]
pub struct Bus {
    /// What a sender called its messages is remembered this long.
    pub dedup_ttl: Duration,
    /// Counters of clients that are gone are kept this long.
    pub client_metrics_ttl: Duration,
    /// Share of messages whose way through is timed.
    pub sample_rate: f32,
    /// Messages that may wait for one client.
    pub queue_max: u32,
    /// How long a message waits, unless it says.
    pub message_ttl: Duration,
    /// A message that wants an acknowledgement is delivered again after this.
    pub ack_timeout: Duration,
    /// Times it is delivered again.
    pub ack_retries: u32,
    /// Messages of a batch, and clients that one message is for.
    pub batch_max: usize,
    /// Messages a reader may fall behind.
    pub buffer: usize,
    /// Messages that nobody waits for are kept this long.
    pub log_keep: Duration,
    /// Who asks waits this long for the reply.
    pub ask_patience: Duration,
}

pub(super) fn bus(values: &Resolved) -> Bus {
    Bus {
        dedup_ttl: values.seconds("DEDUP_TTL_SECONDS"),
        client_metrics_ttl: values.seconds("CLIENT_METRICS_TTL_SECONDS"),
        sample_rate: values.decimal("METRICS_SAMPLE_RATE"),
        queue_max: values.count("QUEUE_MAX_PER_CLIENT"),
        message_ttl: values.seconds("MESSAGE_TTL_SECONDS"),
        ack_timeout: values.seconds("ACK_TIMEOUT_SECONDS"),
        ack_retries: values.count("ACK_RETRIES"),
        batch_max: values.size("BUS_BATCH_MAX"),
        buffer: values.size("BUS_BUFFER"),
        log_keep: 24 * values.hours("BUS_LOG_DAYS"),
        ask_patience: values.seconds("BUS_ASK_SECONDS"),
    }
}

/// A bus of many processes.
#[derive(Debug, Clone)]
pub struct Machines {
    /// The Redis server that joins them; there is one process without it.
    pub redis_url: Option<SecretString>,
    /// Begins every key.
    pub prefix: String,
    /// Requests under way at once.
    pub at_once: usize,
    /// What runs in the background waits so long.
    pub timeout: Duration,
    /// What somebody waits for waits so long.
    pub patience: Duration,
    /// A process that is silent so long is gone.
    pub presence: Duration,
    /// Messages kept for processes that are away.
    pub stream_max: usize,
}

pub(super) fn machines(values: &Resolved) -> Machines {
    Machines {
        redis_url: values.secret("REDIS_URL"),
        prefix: values.text("REDIS_KEY_PREFIX"),
        at_once: values.size("REDIS_POOL"),
        timeout: values.seconds("REDIS_TIMEOUT_SECONDS"),
        patience: values.milliseconds("REDIS_REQUEST_MS"),
        presence: values.seconds("REDIS_PRESENCE_SECONDS"),
        stream_max: values.size("REDIS_STREAM_MAX"),
    }
}

/// Telling others what happened.
#[derive(Debug, Clone, Copy)]
pub struct Webhooks {
    /// So many webhooks.
    pub max: usize,
    /// Time one has to answer.
    pub timeout: Duration,
    /// Tries of one delivery, and the waits between.
    pub retry: Retry,
    /// Tries of a delivery for which later ones wait.
    pub ordered_attempts: u32,
    /// Webhooks that are told at the same time.
    pub at_once: usize,
    /// Deliveries that may wait for one webhook.
    pub queue_max: usize,
    /// Ended deliveries of one webhook that are kept, of each kind.
    pub keep_max: usize,
    /// And how long.
    pub keep: Duration,
    /// Time that deliveries have when the server stops.
    pub last: Duration,
}

pub(super) fn webhooks(values: &Resolved) -> Webhooks {
    Webhooks {
        max: values.size("WEBHOOK_MAX"),
        timeout: values.milliseconds("WEBHOOK_TIMEOUT_MS"),
        retry: Retry {
            attempts: values.count("WEBHOOK_ATTEMPTS"),
            base: values.milliseconds("WEBHOOK_RETRY_BASE_MS"),
            max: values.seconds("WEBHOOK_RETRY_MAX_SECONDS"),
            jitter: false,
        },
        ordered_attempts: values.count("WEBHOOK_ORDERED_ATTEMPTS"),
        at_once: values.size("WEBHOOK_AT_ONCE"),
        queue_max: values.size("WEBHOOK_QUEUE_MAX"),
        keep_max: values.size("WEBHOOK_KEEP_MAX"),
        keep: 24 * values.hours("WEBHOOK_KEEP_DAYS"),
        last: values.milliseconds("WEBHOOK_LAST_MS"),
    }
}
