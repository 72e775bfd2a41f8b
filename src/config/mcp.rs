//! The MCP door's part of the configuration.

use std::time::Duration;

use super::resolved::Resolved;

/// Sessions of MCP clients.
#[derive(Debug, Clone, Copy)]
pub struct Mcp {
    /// So many at the same time.
    pub max_sessions: usize,
    /// A session without a request ends after this.
    pub session_idle: Duration,
    /// An answer whose stream broke can be fetched again this long.
    pub replay: Duration,
    /// And so much of all of them is kept.
    pub replay_bytes: usize,
    /// The longest that a tool waits for a reply.
    pub ask_max: Duration,
}

pub(super) fn mcp(values: &Resolved) -> Mcp {
    Mcp {
        max_sessions: values.size("MCP_MAX_SESSIONS"),
        session_idle: values.seconds("MCP_SESSION_IDLE_SECONDS"),
        replay: values.seconds("MCP_REPLAY_SECONDS"),
        ask_max: values.seconds("MCP_ASK_MAX_SECONDS"),
        replay_bytes: usize::try_from(values.mib("MCP_REPLAY_MB")).unwrap_or(usize::MAX),
    }
}
