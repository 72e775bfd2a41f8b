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

mod answers;
mod asking_documents;
mod breaker;
mod cancelling;
mod config_file;
mod config_reload;
mod conversations;
mod crashes;
mod disk;
mod documents;
mod error_bodies;
mod feed;
mod folders;
mod ground_rules;
mod guard;
mod health;
mod hostile_clients;
mod hostile_json;
mod idempotency;
mod keys;
mod lists;
mod logs;
mod messages;
mod models;
mod notes;
mod passages;
mod prompts;
mod rate_limits;
mod real_model;
mod retrying;
mod routes;
mod searching;
mod serving;
mod sockets;
mod starting;
mod stopping;
mod titles;
mod trash;
mod turns;
mod upstream_faults;
