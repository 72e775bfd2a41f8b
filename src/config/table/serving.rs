//! Settings of the server itself: where it listens, what it accepts, what it keeps.

use crate::config::settings::{Group, Kind, flag, setting, whole};

pub(super) const ADDRESS: Group = Group {
    title: "Address and data",
    settings: &[
        setting(
            "PRESET",
            Kind::Choice(&["default", "development", "production", "testing"]),
            "default",
            "a set of values for a purpose; what stands in this file wins over it",
        ),
        setting(
            "HOST",
            Kind::Address,
            "127.0.0.1",
            "address to listen on; another than loopback needs a password, set with `inglenook password`",
        )
        .bare(),
        whole("PORT", "5001", (0, 65_535), "port to listen on; 0 takes a free one")
            .bare()
            .presets("=", "=", "0"),
        setting(
            "DATA_DIR",
            Kind::Folder,
            "auto",
            "folder of the database and the logs; auto is the platform's data folder, temp a \
                 fresh temporary one",
        )
        .presets("=", "=", "temp"),
    ],
};

pub(super) const SIGN_IN: Group = Group {
    title: "Sign-in",
    settings: &[
        whole(
            "SESSION_EXPIRY_HOURS",
            "24",
            (1, 8_760),
            "life of a login session after its last use",
        )
        .presets("=", "=", "1")
        .live(),
        whole(
            "INVITATION_EXPIRY_HOURS",
            "168",
            (1, 8_760),
            "life of a link that lets somebody set a password",
        )
        .live(),
        whole("PASSWORD_MIN_CHARS", "8", (8, 128), "length of the shortest password").live(),
        whole(
            "PASSWORD_FREE_TRIES",
            "3",
            (1, 100),
            "wrong passwords for one name before there is a wait, which doubles each time",
        )
        .live(),
        whole("PASSWORD_WAIT_MAX_SECONDS", "300", (1, 3_600), "the longest such wait").live(),
    ],
};

pub(super) const CONNECTIONS: Group = Group {
    title: "Connections",
    settings: &[
        whole("MAX_CONNECTIONS", "1000", (1, 1_000_000), "WebSockets and event streams in all")
            .bare()
            .presets("=", "=", "50")
            .live(),
        whole("MAX_CONNECTIONS_PER_CLIENT", "10", (1, 1_000_000), "of them from one client")
            .bare()
            .presets("=", "=", "3")
            .live(),
        whole("HEARTBEAT_SECONDS", "30", (1, 3_600), "the server pings this often")
            .presets("=", "=", "1")
            .live(),
        whole(
            "CONNECTION_TIMEOUT_SECONDS",
            "90",
            (1, 86_400),
            "a silent peer is dropped after this",
        )
        .presets("60", "=", "3")
        .live(),
        whole(
            "MAX_HTTP_CONNECTIONS",
            "512",
            (16, 1_000_000),
            "further TCP connections, of clients that ask",
        ),
        whole(
            "HEALTH_RESERVED_CONNECTIONS",
            "8",
            (0, 1_000),
            "further ones kept free for /health, so that a full server still answers it",
        ),
        whole(
            "HEADER_TIMEOUT_SECONDS",
            "10",
            (1, 600),
            "time a client has to send its next request's headers; an idle connection is closed",
        ),
        whole("BODY_TIMEOUT_SECONDS", "30", (1, 3_600), "a request body may stall this long")
            .live(),
        whole("MAX_HEADER_KB", "64", (8, 1_024), "size of a request's headers"),
        whole(
            "FEED_BUFFER",
            "1024",
            (16, 1_000_000),
            "events a slow reader may fall behind before it must fetch anew",
        ),
        whole(
            "SHUTDOWN_GRACE_SECONDS",
            "8",
            (1, 9),
            "time open work has to end when the server stops",
        ),
    ],
};

pub(super) const RATES: Group = Group {
    title: "Rate limits (0 turns one off)",
    settings: &[
        whole("RATE_LIMIT_BUS", "60", (0, 1_000_000), "messages on the bus")
            .presets("=", "=", "0")
            .live(),
        whole("RATE_LIMIT_CHAT", "30", (0, 1_000_000), "questions to models")
            .presets("=", "=", "0")
            .live(),
        whole("RATE_LIMIT_LOGIN", "5", (0, 1_000_000), "attempts to sign in")
            .presets("=", "=", "0")
            .live(),
        whole("RATE_LIMIT_REVIEW", "10", (0, 1_000_000), "code reviews")
            .presets("=", "=", "0")
            .live()
            .later(),
        whole("RATE_LIMIT_UPLOAD", "60", (0, 1_000_000), "uploads, of several documents each")
            .presets("=", "=", "0")
            .live(),
        whole("RATE_LIMIT_API", "1200", (0, 1_000_000), "all other requests")
            .presets("=", "=", "0")
            .live(),
    ],
};

pub(super) const CALLERS: Group = Group {
    title: "Who may call",
    settings: &[
        setting("CORS_ORIGINS", Kind::Origins, "", "pages of other origins that may call the API")
            .bare()
            .presets("http://localhost:3000", "=", "=")
            .live(),
        setting(
            "ALLOWED_HOSTS",
            Kind::Hosts,
            "localhost,127.0.0.1,::1",
            "names that requests may use for this server; HOST is always one of them",
        )
        .live(),
    ],
};

pub(super) const LOGS: Group = Group {
    title: "Logs",
    settings: &[
        setting(
            "LOG_LEVEL",
            Kind::Choice(&["error", "warn", "info", "debug", "trace"]),
            "info",
            "least important lines that are kept",
        )
        .bare()
        .presets("debug", "=", "debug")
        .live(),
        setting(
            "LOG_FORMAT",
            Kind::Choice(&["standard", "json"]),
            "standard",
            "lines for people or one JSON object a line",
        )
        .bare()
        .presets("=", "json", "="),
        setting(
            "LOG_ROTATION",
            Kind::Choice(&["daily", "hourly", "never"]),
            "daily",
            "when a new file in DATA_DIR/logs begins, by UTC",
        ),
        whole("LOG_KEEP_FILES", "14", (1, 10_000), "log files that are kept"),
        whole("LOG_RING_LINES", "500", (10, 100_000), "newest lines shown on the settings page")
            .live(),
        setting(
            "OTLP_ENDPOINT",
            Kind::Url(&["http://", "https://"]),
            "off",
            "OpenTelemetry collector for traces and metrics",
        )
        .later(),
    ],
};

pub(super) const BACKUPS: Group = Group {
    title: "Backups and deletion",
    settings: &[
        setting(
            "BACKUP_INTERVAL_HOURS",
            Kind::WholeOr("off", 1, 8_760),
            "24",
            "a backup is made this often",
        )
        .presets("=", "=", "off")
        .live()
        .later(),
        whole("BACKUP_KEEP", "7", (1, 1_000), "backups that are kept").live().later(),
        whole("TRASH_DAYS", "30", (0, 3_650), "deleted conversations can be restored this long")
            .live(),
        whole(
            "IDEMPOTENCY_HOURS",
            "24",
            (24, 720),
            "the answer to an Idempotency-Key is remembered this long",
        )
        .live(),
    ],
};

pub(super) const SIZES: Group = Group {
    title: "Sizes of requests",
    settings: &[
        whole("MAX_JSON_KB", "1024", (1, 1_048_576), "size of a JSON body").live(),
        whole("MAX_FRAME_KB", "1024", (1, 65_536), "size of a WebSocket message").live(),
        whole("MAX_JSON_DEPTH", "64", (8, 120), "levels of nesting in a JSON body").live(),
    ],
};

pub(super) const DATABASE: Group = Group {
    title: "Database",
    settings: &[
        whole("DB_READERS", "4", (1, 64), "connections that read at the same time"),
        whole("DB_WRITE_BATCH", "256", (1, 10_000), "writes that share one commit at most"),
        whole("DB_QUEUE_MAX", "4096", (1, 1_000_000), "writes that may wait for the writer"),
        whole("DB_CACHE_MB", "8", (1, 4_096), "page cache of each connection"),
        whole("SNAPSHOT_KEEP", "5", (1, 100), "snapshots from before an upgrade that are kept"),
    ],
};

pub(super) const OUTBOUND: Group = Group {
    title: "What leaves this machine",
    settings: &[
        setting(
            "ALLOWED_FETCH_HOSTS",
            Kind::Hosts,
            "",
            "private hosts that documents by URL and webhooks may reach",
        )
        .live(),
        flag("OFFLINE", "false", "contact loopback addresses only").live(),
        whole(
            "OUTBOUND_MAX_HOSTS",
            "10000",
            (1, 10_000_000),
            "hosts of which it is remembered that they were contacted",
        )
        .live(),
        whole(
            "OUTBOUND_KEEP_SECONDS",
            "10",
            (1, 3_600),
            "contacts are written down this often, together",
        )
        .presets("=", "=", "1")
        .live(),
    ],
};

pub(super) const START: Group = Group {
    title: "Start",
    settings: &[flag("OPEN_BROWSER", "true", "open the browser when the server starts")
        .presets("=", "false", "false")],
};
