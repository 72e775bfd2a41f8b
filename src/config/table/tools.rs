//! Settings of the tools that models may call: how often, how long, how much.

use crate::config::settings::{Group, whole};

pub(super) const TOOLS: Group = Group {
    title: "Tools",
    settings: &[
        whole("TOOL_SERVERS_MAX", "50", (1, 1_000), "MCP servers that can be added")
            .presets("=", "=", "10")
            .live(),
        whole(
            "TOOLS_MAX",
            "64",
            (1, 1_000),
            "tools that are taken from one server, and that one question may bring along",
        )
        .live(),
        whole(
            "TOOL_ROUNDS_MAX",
            "8",
            (1, 100),
            "times that a model may call tools before it must answer",
        )
        .live(),
        whole("TOOL_CALLS_MAX", "32", (1, 1_000), "calls of one answer in all").live(),
        whole("TOOL_CALL_TIMEOUT_SECONDS", "60", (1, 3_600), "time a tool has")
            .presets("=", "=", "2")
            .live(),
        whole(
            "TOOL_CONSENT_SECONDS",
            "300",
            (1, 86_400),
            "time a person has to allow a call that may change something; then it is not made",
        )
        .presets("=", "=", "30")
        .live(),
        whole(
            "TOOL_CONNECT_SECONDS",
            "20",
            (1, 600),
            "time an MCP server has to start and to list its tools",
        )
        .presets("=", "=", "5")
        .live(),
        whole(
            "TOOL_IDLE_SECONDS",
            "300",
            (1, 86_400),
            "a connection to an MCP server that nobody uses ends after this, and its program with it",
        )
        .live(),
        whole(
            "TOOL_MESSAGE_MAX_KB",
            "2048",
            (16, 65_536),
            "largest message of an MCP server; one beyond it ends the connection",
        )
        .live(),
        whole("TOOL_RESULT_MAX_KB", "32", (1, 4_096), "what a model is given of one result").live(),
    ],
};
