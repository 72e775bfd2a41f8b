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
    reason = "a test fails by panicking, reads its own switches and starts the executable"
)]

mod harness;
