//! Settings of the MCP door: how many sessions there may be, and how long they and what they missed
//! are kept.

use crate::config::settings::{Group, whole};

pub(super) const MCP: Group = Group {
    title: "MCP",
    settings: &[
        whole(
            "MCP_MAX_SESSIONS",
            "200",
            (1, 100_000),
            "sessions of MCP clients at the same time; then one that is not used gives way",
        )
        .presets("=", "=", "4")
        .live(),
        whole(
            "MCP_SESSION_IDLE_SECONDS",
            "3600",
            (1, 604_800),
            "a session without a request ends after this",
        ),
        whole(
            "MCP_REPLAY_SECONDS",
            "300",
            (0, 86_400),
            "an answer whose stream broke can be fetched again this long",
        )
        .live(),
        whole("MCP_REPLAY_MB", "16", (0, 1_024), "and so much of all of them is kept").live(),
        whole(
            "MCP_ASK_MAX_SECONDS",
            "600",
            (1, 86_400),
            "the longest that bus_ask may be told to wait for a reply",
        )
        .live(),
    ],
};
