//! Settings of the agent bus, rooms, code and Redis. They are accepted and checked, so that one
//! file serves every version, and are marked as having no use where that is so.

use crate::config::settings::{Group, Kind, flag, setting, whole};

pub(super) const BUS: Group = Group {
    title: "Agent bus",
    settings: &[
        whole("DEDUP_TTL_SECONDS", "300", (1, 86_400), "ids of messages are remembered this long")
            .presets("60", "600", "30")
            .live()
            .later(),
        whole(
            "CLIENT_METRICS_TTL_SECONDS",
            "3600",
            (1, 604_800),
            "counters of clients that are gone are kept this long",
        )
        .presets("600", "3600", "60")
        .live()
        .later(),
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
        .live()
        .later(),
        whole(
            "QUEUE_MAX_PER_CLIENT",
            "1000",
            (1, 1_000_000),
            "undelivered messages kept for a client",
        )
        .presets("=", "=", "100")
        .live()
        .later(),
        whole("MESSAGE_TTL_SECONDS", "86400", (1, 31_536_000), "and how long they are kept")
            .presets("=", "=", "30")
            .live()
            .later(),
        whole(
            "ACK_TIMEOUT_SECONDS",
            "5",
            (1, 3_600),
            "a message that asks for an ack is sent again after this",
        )
        .presets("=", "=", "1")
        .live()
        .later(),
        whole("ACK_RETRIES", "3", (0, 100), "times it is sent again")
            .presets("=", "=", "2")
            .live()
            .later(),
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
        .bare()
        .later(),
        setting("REDIS_KEY_PREFIX", Kind::Text, "inglenook", "begins every key in Redis").later(),
        whole("REDIS_POOL", "50", (1, 10_000), "connections to Redis").later(),
        whole("REDIS_TIMEOUT_SECONDS", "5", (1, 600), "wait for Redis").live().later(),
    ],
};
