//! The typed settings of the tools that models may call, and what the programs of MCP servers are
//! given of the environment.

use std::ffi::OsString;
use std::time::Duration;

use super::resolved::Resolved;

/// What a program needs of the environment to run at all. Keys and tokens stand in other variables,
/// which no MCP server is given unless its owner says so.
const PASSED_ON: [&str; 20] = [
    "HOME",
    "LANG",
    "LC_ALL",
    "LOGNAME",
    "PATH",
    "SHELL",
    "TERM",
    "TMPDIR",
    "TZ",
    "USER",
    "APPDATA",
    "LOCALAPPDATA",
    "PATHEXT",
    "PROGRAMFILES",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "USERNAME",
    "USERPROFILE",
];

/// Tools.
#[derive(Debug, Clone, Copy)]
pub struct Tools {
    /// MCP servers that can be added.
    pub max_servers: usize,
    /// Tools of one server, and of one question.
    pub max_tools: usize,
    /// Times that a model may call tools before it must answer.
    pub max_rounds: usize,
    /// Calls of one answer.
    pub max_calls: usize,
    /// Time a tool has.
    pub call_timeout: Duration,
    /// Time a person has to allow a call.
    pub consent: Duration,
    /// Time a server has to start and to list its tools.
    pub connect: Duration,
    /// A connection that nobody uses ends after this.
    pub idle: Duration,
    /// Largest message of a server.
    pub max_message_bytes: usize,
    /// What a model is given of one result.
    pub max_result_bytes: usize,
}

pub(super) fn tools(values: &Resolved) -> Tools {
    Tools {
        max_servers: values.size("TOOL_SERVERS_MAX"),
        max_tools: values.size("TOOLS_MAX"),
        max_rounds: values.size("TOOL_ROUNDS_MAX"),
        max_calls: values.size("TOOL_CALLS_MAX"),
        call_timeout: values.seconds("TOOL_CALL_TIMEOUT_SECONDS"),
        consent: values.seconds("TOOL_CONSENT_SECONDS"),
        connect: values.seconds("TOOL_CONNECT_SECONDS"),
        idle: values.seconds("TOOL_IDLE_SECONDS"),
        max_message_bytes: values.kib("TOOL_MESSAGE_MAX_KB"),
        max_result_bytes: values.kib("TOOL_RESULT_MAX_KB"),
    }
}

/// The part of the environment that the program of an MCP server is started with.
#[expect(clippy::disallowed_methods, reason = "this is config")]
pub fn passed_on() -> Vec<(&'static str, OsString)> {
    PASSED_ON.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))).collect()
}
