//! The typed configuration: one plain struct per concern, built from checked values. Durations are
//! durations and sizes are bytes here, so that nobody multiplies by 1000 twice.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::agents::{self, Bus, Machines, Webhooks};
use super::library::{self, Documents, Embeddings, Fetch, Outbound, Search};
use super::mcp::{self, Mcp};
use super::resolved::Resolved;
use super::tools::{self, Tools};

/// Everything that can be tuned, as it is in force.
#[derive(Debug, Clone)]
pub struct Config {
    /// The set of values it started from: `default`, `development`, `production`, `testing`.
    pub preset: String,
    /// Where data lives.
    pub data_dir: PathBuf,
    /// Listening and serving.
    pub server: Server,
    /// Requests a minute.
    pub rates: Rates,
    /// The database.
    pub store: Store,
    /// What conversations may hold and how long they stay.
    pub conversations: Conversations,
    /// Answers.
    pub chat: Chat,
    /// The agent bus.
    pub bus: Bus,
    /// A bus of many processes.
    pub machines: Machines,
    /// Model servers.
    pub models: Models,
    /// Search.
    pub search: Search,
    /// Documents.
    pub documents: Documents,
    /// Finding by meaning.
    pub embeddings: Embeddings,
    /// URLs that a person gives.
    pub fetch: Fetch,
    /// What is remembered of hosts that were contacted.
    pub outbound: Outbound,
    /// Telling others what happened.
    pub webhooks: Webhooks,
    /// Sessions of MCP clients.
    pub mcp: Mcp,
    /// Tools that models may call.
    pub tools: Tools,
    /// Logs.
    pub log: Log,
}

/// Listening and serving.
#[derive(Debug, Clone)]
pub struct Server {
    /// Life of a session after its last use.
    pub session_expiry: Duration,
    /// Life of a link that sets a password.
    pub invitation_expiry: Duration,
    /// Length of the shortest password.
    pub password_min_chars: usize,
    /// Wrong passwords for one name before there is a wait.
    pub password_free_tries: u32,
    /// The longest such wait.
    pub password_wait_max: Duration,
    /// Address to listen on; others than loopback need a password.
    pub host: IpAddr,
    /// Port to listen on; 0 takes a free one.
    pub port: u16,
    /// Whether a start opens the browser.
    pub open_browser: bool,
    /// Names that requests may use for this server, besides `host`; lower case, without ports.
    pub allowed_hosts: Vec<String>,
    /// Pages of other origins that may call the API, as browsers spell them.
    pub cors_origins: Vec<String>,
    /// WebSockets and event streams in all.
    pub max_connections: usize,
    /// WebSockets and event streams of one client.
    pub max_connections_per_client: usize,
    /// TCP connections besides them.
    pub max_http_connections: usize,
    /// Further ones for `/health`.
    pub health_reserved_connections: usize,
    /// The server pings this often.
    pub heartbeat: Duration,
    /// A silent peer is dropped after this.
    pub connection_timeout: Duration,
    /// Time a client has to send its headers.
    pub header_timeout: Duration,
    /// A request body may stall this long.
    pub body_timeout: Duration,
    /// Size of a request's headers.
    pub max_header_bytes: usize,
    /// Size of a JSON body.
    pub max_json_bytes: usize,
    /// Levels of nesting in a JSON body.
    pub max_json_depth: usize,
    /// Size of a WebSocket message.
    pub max_frame_bytes: usize,
    /// Events a slow reader of the live feed may fall behind.
    pub feed_buffer: usize,
    /// Time open work has to end when the server stops.
    pub shutdown_grace: Duration,
    /// What has expired is cleared away this often.
    pub cleanup_interval: Duration,
}

/// Requests a minute by class; 0 is unlimited.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// Messages on the bus.
    pub bus: u32,
    /// Questions to models.
    pub chat: u32,
    /// Attempts to sign in.
    pub login: u32,
    /// Code reviews.
    pub review: u32,
    /// Uploads.
    pub upload: u32,
    /// All the rest.
    pub api: u32,
}

/// The database.
#[derive(Debug, Clone, Copy)]
pub struct Store {
    /// Connections that read at the same time.
    pub readers: u32,
    /// Writes that share one commit at most.
    pub write_batch: usize,
    /// Writes that may wait for the writer.
    pub queue_max: usize,
    /// Page cache of each connection, in KiB.
    pub cache_kb: u32,
    /// Snapshots from before an upgrade that are kept.
    pub snapshot_keep: usize,
    /// The answer to an `Idempotency-Key` is remembered this long.
    pub idempotency: Duration,
}

/// What conversations may hold and how long they stay.
#[derive(Debug, Clone, Copy)]
pub struct Conversations {
    /// Length of a title and of a folder's, tag's or model's name.
    pub max_name_chars: usize,
    /// Tags of one conversation.
    pub max_tags: usize,
    /// Conversations or documents that one request may change together.
    pub bulk_max: usize,
    /// Newest messages with its words that a list's query looks at.
    pub query_messages: u32,
    /// Size of one message.
    pub max_message_bytes: usize,
    /// Size of the metadata.
    pub max_metadata_bytes: usize,
    /// Size of one note.
    pub max_note_bytes: usize,
    /// Deleted ones can be restored this long.
    pub trash: Duration,
}

/// Answers.
#[derive(Debug, Clone, Copy)]
pub struct Chat {
    /// Past messages sent to a model, within the token budget.
    pub history_limit: usize,
    /// Tokens of one request; `None` is the model's window less the answer's reserve.
    pub context_token_budget: Option<u64>,
    /// Room left for the answer inside the model's window.
    pub answer_reserve_tokens: u64,
    /// Window assumed for a model that does not say its own.
    pub default_context_tokens: u64,
    /// Size at which an answer is ended.
    pub max_answer_bytes: usize,
    /// Answers written at the same time.
    pub max_turns: usize,
    /// Partial answers reach the disk this often.
    pub checkpoint: Duration,
    /// The events of a finished answer can be replayed this long.
    pub turn_replay: Duration,
    /// What was sent for an answer can be looked at this long.
    pub prompt_keep: Duration,
    /// Length of a title that is made.
    pub title_max_chars: usize,
    /// Time a model has to make a title.
    pub title_timeout: Duration,
    /// Passages of past conversations per question to a model.
    pub memory_results: usize,
    /// Passages per question when they are the answer.
    pub document_results: usize,
    /// Files that one message may bring.
    pub max_attachments: usize,
    /// Messages that a question of a temporary chat may bring along.
    pub temporary_max_messages: usize,
    /// A finished answer of a temporary chat can be read this long.
    pub temporary_linger: Duration,
    /// Share of the prompt that documents and passages may fill, in percent.
    pub documents_percent: u32,
    /// Tokens of notes that a prompt brings along.
    pub notes_max_tokens: u32,
}

/// Model servers.
#[derive(Debug, Clone)]
pub struct Models {
    /// Wait for a connection and the first byte.
    pub api_timeout: Duration,
    /// Silence inside an answer after which it is given up.
    pub stream_idle_timeout: Duration,
    /// Age at which lists of models are fetched again.
    pub refresh: Duration,
    /// Wait for each usual local port when looking for servers.
    pub discovery_timeout: Duration,
    /// Where servers are looked for, each `kind=url`.
    pub discovery_urls: Vec<String>,
    /// The longest line of a streamed answer.
    pub max_line_bytes: usize,
    /// The largest list of models or answer in one piece.
    pub max_body_bytes: usize,
    /// Contact loopback addresses only.
    pub offline: bool,
    /// Attempts and waits.
    pub retry: Retry,
    /// When a server that fails is left alone.
    pub breaker: Breaker,
    /// Key for OpenAI from the environment or the file.
    pub openai_api_key: Option<SecretString>,
    /// Key for Anthropic from the environment or the file.
    pub anthropic_api_key: Option<SecretString>,
}

/// Attempts and waits.
#[derive(Debug, Clone, Copy)]
pub struct Retry {
    /// Attempts in all.
    pub attempts: u32,
    /// Wait before the second attempt; it doubles each time.
    pub base: Duration,
    /// Longest wait.
    pub max: Duration,
    /// Shorten each wait at random.
    pub jitter: bool,
}

/// When a server that fails is left alone.
#[derive(Debug, Clone, Copy)]
pub struct Breaker {
    /// Failures in a row that open it.
    pub failures: u32,
    /// Successful probes that close it.
    pub successes: u32,
    /// Time it stays open.
    pub open: Duration,
    /// Probes at the same time after that.
    pub half_open_calls: u32,
}

/// Logs.
#[derive(Debug, Clone)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    /// One JSON object a line instead of lines for people.
    pub json: bool,
    /// `daily`, `hourly` or `never`.
    pub rotation: String,
    /// Log files that are kept.
    pub keep_files: usize,
    /// Newest lines kept in memory for the settings page.
    pub ring_lines: usize,
}

impl Config {
    /// The typed form of checked values.
    pub(super) fn from_values(values: &Resolved) -> Self {
        Self {
            preset: values.text("PRESET"),
            data_dir: PathBuf::from(values.text("DATA_DIR")),
            server: server(values),
            rates: Rates {
                bus: values.count("RATE_LIMIT_BUS"),
                chat: values.count("RATE_LIMIT_CHAT"),
                login: values.count("RATE_LIMIT_LOGIN"),
                review: values.count("RATE_LIMIT_REVIEW"),
                upload: values.count("RATE_LIMIT_UPLOAD"),
                api: values.count("RATE_LIMIT_API"),
            },
            store: Store {
                readers: values.count("DB_READERS"),
                write_batch: values.size("DB_WRITE_BATCH"),
                queue_max: values.size("DB_QUEUE_MAX"),
                cache_kb: values.count("DB_CACHE_MB") * 1024,
                snapshot_keep: values.size("SNAPSHOT_KEEP"),
                idempotency: values.hours("IDEMPOTENCY_HOURS"),
            },
            conversations: Conversations {
                max_name_chars: values.size("MAX_NAME_CHARS"),
                max_tags: values.size("MAX_TAGS"),
                bulk_max: values.size("BULK_MAX"),
                query_messages: values.count("LIST_QUERY_MESSAGES"),
                max_message_bytes: values.kib("MAX_MESSAGE_KB"),
                max_metadata_bytes: values.kib("MAX_METADATA_KB"),
                max_note_bytes: values.kib("MAX_NOTE_KB"),
                trash: 24 * values.hours("TRASH_DAYS"),
            },
            chat: chat(values),
            bus: agents::bus(values),
            machines: agents::machines(values),
            models: models(values),
            search: library::search(values),
            documents: library::documents(values),
            embeddings: library::embeddings(values),
            fetch: library::fetch(values),
            outbound: library::outbound(values),
            webhooks: agents::webhooks(values),
            mcp: mcp::mcp(values),
            tools: tools::tools(values),
            log: Log {
                level: values.text("LOG_LEVEL"),
                json: values.text("LOG_FORMAT") == "json",
                rotation: values.text("LOG_ROTATION"),
                keep_files: values.size("LOG_KEEP_FILES"),
                ring_lines: values.size("LOG_RING_LINES"),
            },
        }
    }
}

fn server(values: &Resolved) -> Server {
    Server {
        host: values.address("HOST"),
        session_expiry: values.hours("SESSION_EXPIRY_HOURS"),
        invitation_expiry: values.hours("INVITATION_EXPIRY_HOURS"),
        password_min_chars: values.size("PASSWORD_MIN_CHARS"),
        password_free_tries: values.count("PASSWORD_FREE_TRIES"),
        password_wait_max: values.seconds("PASSWORD_WAIT_MAX_SECONDS"),
        port: values.port("PORT"),
        open_browser: values.flag("OPEN_BROWSER"),
        allowed_hosts: values.list("ALLOWED_HOSTS"),
        cors_origins: values.list("CORS_ORIGINS"),
        max_connections: values.size("MAX_CONNECTIONS"),
        max_connections_per_client: values.size("MAX_CONNECTIONS_PER_CLIENT"),
        max_http_connections: values.size("MAX_HTTP_CONNECTIONS"),
        health_reserved_connections: values.size("HEALTH_RESERVED_CONNECTIONS"),
        heartbeat: values.seconds("HEARTBEAT_SECONDS"),
        connection_timeout: values.seconds("CONNECTION_TIMEOUT_SECONDS"),
        header_timeout: values.seconds("HEADER_TIMEOUT_SECONDS"),
        body_timeout: values.seconds("BODY_TIMEOUT_SECONDS"),
        max_header_bytes: values.kib("MAX_HEADER_KB"),
        max_json_bytes: values.kib("MAX_JSON_KB"),
        max_json_depth: values.size("MAX_JSON_DEPTH"),
        max_frame_bytes: values.kib("MAX_FRAME_KB"),
        feed_buffer: values.size("FEED_BUFFER"),
        shutdown_grace: values.seconds("SHUTDOWN_GRACE_SECONDS"),
        cleanup_interval: values.seconds("CLEANUP_INTERVAL_SECONDS"),
    }
}

fn chat(values: &Resolved) -> Chat {
    Chat {
        history_limit: values.size("HISTORY_LIMIT"),
        context_token_budget: values.optional("CONTEXT_TOKEN_BUDGET"),
        answer_reserve_tokens: values.whole("ANSWER_RESERVE_TOKENS"),
        default_context_tokens: values.whole("DEFAULT_CONTEXT_TOKENS"),
        max_answer_bytes: values.kib("MAX_ANSWER_KB"),
        max_turns: values.size("MAX_TURNS"),
        checkpoint: values.milliseconds("CHECKPOINT_MS"),
        turn_replay: values.hours("TURN_REPLAY_HOURS"),
        prompt_keep: 24 * values.hours("PROMPT_KEEP_DAYS"),
        title_max_chars: values.size("TITLE_MAX_CHARS"),
        title_timeout: values.milliseconds("TITLE_TIMEOUT_MS"),
        memory_results: values.size("RAG_MAX_MEMORY_RESULTS"),
        document_results: values.size("RAG_MAX_DOCUMENT_RESULTS"),
        max_attachments: values.size("MAX_ATTACHMENTS"),
        temporary_max_messages: values.size("TEMPORARY_MAX_MESSAGES"),
        temporary_linger: values.seconds("TEMPORARY_LINGER_SECONDS"),
        documents_percent: values.count("DOCUMENTS_PERCENT"),
        notes_max_tokens: values.count("NOTES_MAX_TOKENS"),
    }
}

fn models(values: &Resolved) -> Models {
    Models {
        api_timeout: values.milliseconds("API_TIMEOUT_MS"),
        stream_idle_timeout: values.milliseconds("STREAM_IDLE_TIMEOUT_MS"),
        refresh: values.seconds("MODELS_REFRESH_SECONDS"),
        discovery_timeout: values.milliseconds("DISCOVERY_TIMEOUT_MS"),
        discovery_urls: values.list("DISCOVERY_URLS"),
        max_line_bytes: values.kib("MODEL_LINE_MAX_KB"),
        max_body_bytes: values.kib("MODEL_BODY_MAX_KB"),
        offline: values.flag("OFFLINE"),
        retry: Retry {
            attempts: values.count("RETRY_ATTEMPTS"),
            base: values.milliseconds("RETRY_BASE_MS"),
            max: values.milliseconds("RETRY_MAX_MS"),
            jitter: values.flag("RETRY_JITTER"),
        },
        breaker: Breaker {
            failures: values.count("BREAKER_FAILURES"),
            successes: values.count("BREAKER_SUCCESSES"),
            open: values.seconds("BREAKER_OPEN_SECONDS"),
            half_open_calls: values.count("BREAKER_HALF_OPEN_CALLS"),
        },
        openai_api_key: values.secret("OPENAI_API_KEY"),
        anthropic_api_key: values.secret("ANTHROPIC_API_KEY"),
    }
}
