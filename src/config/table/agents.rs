//! Settings of the agent bus, webhooks, rooms, code and Redis. They are accepted and checked, so that one
//! file serves every version, and are marked as having no use where that is so.

use crate::config::settings::{Group, Kind, flag, setting, whole};

pub(super) const BUS: Group = Group {
    title: "Agent bus",
    settings: &[
        whole("DEDUP_TTL_SECONDS", "300", (1, 86_400), "ids of messages are remembered this long")
            .presets("60", "600", "30")
            .live(),
        whole(
            "CLIENT_METRICS_TTL_SECONDS",
            "3600",
            (1, 604_800),
            "counters of clients that are gone are kept this long",
        )
        .presets("600", "3600", "60")
        .live(),
        whole(
            "CLEANUP_INTERVAL_SECONDS",
            "300",
            (1, 86_400),
            "what has expired is cleared away this often",
        )
        .presets("60", "600", "10")
        .live(),
        setting(
            "METRICS_SAMPLE_RATE",
            Kind::Decimal(0.0, 1.0),
            "1.0",
            "share of requests that are measured",
        )
        .presets("=", "0.1", "=")
        .live(),
        whole(
            "QUEUE_MAX_PER_CLIENT",
            "1000",
            (1, 1_000_000),
            "undelivered messages kept for a client",
        )
        .presets("=", "=", "100")
        .live(),
        whole("MESSAGE_TTL_SECONDS", "86400", (1, 31_536_000), "and how long they are kept")
            .presets("=", "=", "30")
            .live(),
        whole(
            "ACK_TIMEOUT_SECONDS",
            "5",
            (1, 3_600),
            "a message that asks for an ack is sent again after this",
        )
        .presets("=", "=", "1")
        .live(),
        whole("ACK_RETRIES", "3", (0, 100), "times it is sent again").presets("=", "=", "2").live(),
        whole(
            "BUS_BATCH_MAX",
            "1000",
            (1, 100_000),
            "messages of one batch, clients that one is for",
        )
        .live(),
        whole(
            "BUS_BUFFER",
            "256",
            (8, 65_536),
            "messages a reader may fall behind before it is given them from the disk",
        ),
        whole(
            "BUS_LOG_DAYS",
            "30",
            (1, 36_500),
            "messages that nobody waits for are kept this long",
        )
        .presets("=", "=", "1")
        .live(),
        whole(
            "BUS_ASK_SECONDS",
            "60",
            (1, 3_600),
            "who asks waits this long for the reply, unless they say",
        )
        .presets("=", "=", "5")
        .live(),
    ],
};

pub(super) const WEBHOOKS: Group = Group {
    title: "Webhooks",
    settings: &[
        whole("WEBHOOK_MAX", "100", (1, 10_000), "webhooks that can be added")
            .presets("=", "=", "10")
            .live(),
        whole("WEBHOOK_TIMEOUT_MS", "10000", (50, 600_000), "time a webhook has to answer")
            .presets("=", "=", "500")
            .live(),
        whole("WEBHOOK_ATTEMPTS", "15", (1, 100), "tries of one delivery in all")
            .presets("=", "=", "4")
            .live(),
        whole(
            "WEBHOOK_RETRY_BASE_MS",
            "10000",
            (1, 3_600_000),
            "wait before the second try; it doubles each time",
        )
        .presets("=", "=", "20")
        .live(),
        whole(
            "WEBHOOK_RETRY_MAX_SECONDS",
            "3600",
            (1, 604_800),
            "longest wait, also of those that a webhook asks for",
        )
        .presets("=", "=", "1")
        .live(),
        whole(
            "WEBHOOK_ORDERED_ATTEMPTS",
            "3",
            (0, 100),
            "tries of a delivery for which later ones to the same webhook wait, to keep their order",
        )
        .live(),
        whole("WEBHOOK_AT_ONCE", "16", (1, 1_000), "webhooks that are told at the same time")
            .presets("=", "=", "4"),
        whole(
            "WEBHOOK_QUEUE_MAX",
            "1000",
            (1, 1_000_000),
            "deliveries that may wait for one webhook; what is beyond is counted as lost",
        )
        .presets("=", "=", "20")
        .live(),
        whole(
            "WEBHOOK_KEEP_MAX",
            "1000",
            (1, 1_000_000),
            "deliveries of one webhook that are kept after their end, of those that arrived and of \
             those that did not",
        )
        .presets("=", "=", "20")
        .live(),
        whole("WEBHOOK_KEEP_DAYS", "7", (1, 3_650), "and how long they are kept").live(),
        whole(
            "WEBHOOK_LAST_MS",
            "1000",
            (0, 5_000),
            "time that deliveries have when the server stops; what is left goes at the next start",
        )
        .live(),
    ],
};

pub(super) const ROOMS: Group = Group {
    title: "Rooms",
    settings: &[
        whole("ROOM_FILE_MAX_MB", "10", (1, 10_240), "size of one file in a room")
            .presets("=", "=", "1")
            .live()
            .later(),
        whole("ROOM_TOTAL_FILE_MB", "100", (1, 1_048_576), "size of all files of a room")
            .presets("=", "=", "3")
            .live()
            .later(),
    ],
};

pub(super) const CODE: Group = Group {
    title: "Code",
    settings: &[
        flag("ENABLE_CODE_EXECUTION", "false", "let code be run in a sandbox")
            .bare()
            .presets("=", "=", "true")
            .live()
            .later(),
        whole("EXECUTION_TIMEOUT_SECONDS", "30", (1, 3_600), "time a run has")
            .presets("=", "=", "5")
            .live()
            .later(),
        whole("EXECUTION_MEMORY_MB", "512", (16, 1_048_576), "memory a run has")
            .presets("=", "=", "256")
            .live()
            .later(),
        whole(
            "FILE_LOCK_TIMEOUT_SECONDS",
            "10",
            (1, 600),
            "wait for a file that another fix is changing",
        )
        .presets("=", "=", "2")
        .live()
        .later(),
    ],
};

pub(super) const MACHINES: Group = Group {
    title: "Many machines",
    settings: &[
        setting(
            "REDIS_URL",
            Kind::Url(&["redis://", "rediss://", "unix://"]),
            "off",
            "Redis server that joins several processes into one bus",
        )
        .secret()
        .bare(),
        setting("REDIS_KEY_PREFIX", Kind::Text, "inglenook", "begins every key in Redis"),
        whole("REDIS_POOL", "50", (1, 10_000), "requests to Redis that are under way at once"),
        whole(
            "REDIS_TIMEOUT_SECONDS",
            "5",
            (1, 600),
            "what runs in the background waits for Redis",
        )
        .presets("=", "=", "2")
        .live(),
        whole(
            "REDIS_REQUEST_MS",
            "500",
            (10, 600),
            "what somebody waits for waits this long for Redis, then does without",
        )
        .live(),
        whole(
            "REDIS_PRESENCE_SECONDS",
            "10",
            (1, 600),
            "a process that is silent this long is gone, and its clients with it",
        )
        .presets("=", "=", "2")
        .live(),
        whole(
            "REDIS_STREAM_MAX",
            "100000",
            (1000, 100_000_000),
            "messages that Redis keeps for processes that are away",
        )
        .live(),
    ],
};
