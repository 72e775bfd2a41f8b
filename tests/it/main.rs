//! The tests from outside: one binary that boots the real executable over its own temporary folder,
//! one file per capability. Names are sentences; nothing here sleeps for luck, everything waits for
//! what it wants to see, up to a deadline.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::missing_panics_doc,
    clippy::needless_pass_by_value,
    clippy::unnecessary_debug_formatting,
    clippy::too_many_lines,
    unreachable_pub,
    reason = "a test fails by panicking, reads its own switches and starts the executable"
)]

mod harness;

mod addresses;
mod again;
mod answers;
mod asking_documents;
mod breaker;
mod bus;
mod bus_doors;
mod bus_history;
mod bus_sockets;
mod canary;
mod cancelling;
mod clock_steps;
mod commands;
mod config_file;
mod config_reload;
mod conversations;
mod crashes;
mod crowded_search;
mod disk;
mod document_faults;
mod documents;
mod doors;
mod error_bodies;
mod feed;
mod folders;
mod framing;
mod ground_rules;
mod guard;
mod health;
mod hostile_clients;
mod hostile_json;
mod idempotency;
mod idempotency_routes;
mod idempotency_sign_in;
mod keys;
mod limits;
mod lists;
mod logs;
mod mcp;
mod mcp_sessions;
mod messages;
mod models;
mod nodes;
mod nodes_faults;
mod notes;
mod openapi;
mod outbound;
mod passages;
#[cfg(unix)]
mod private_files;
mod prompts;
mod rate_limits;
mod real_model;
mod rebinding;
mod reranking;
mod retrying;
mod routes;
mod searching;
mod serving;
mod sign_in;
mod socket_answers;
mod sockets;
mod starting;
mod stopping;
mod strangers;
mod titles;
mod tool_faults;
mod tool_servers;
mod tools;
mod trash;
mod turns;
mod upstream_faults;
mod webhook_faults;
mod webhooks;
