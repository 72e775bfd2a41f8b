//! Inglenook: a private AI workspace in one executable. The modules in reading order; who may import
//! whom stands in ARCHITECTURE.md and is held by `tests/tidy.rs`.

// Foundations: know no domain.
pub mod base;
pub mod config;
pub mod error;
pub mod limits;
pub mod net;
pub mod store;
pub mod telemetry;

// Capabilities: each owns its types, operations, tables and SQL.
pub mod auth;
pub mod bus;
pub mod chat;
pub mod conversations;
pub mod documents;
pub mod embeddings;
pub mod models;
pub mod notes;
pub mod outbound;
pub mod search;
pub mod tools;
pub mod webhooks;

// Wiring: the only place that knows all of them.
pub mod app;

// Doors: translate a protocol into one call on a capability and decide nothing.
pub mod api;
pub mod cli;
pub mod mcp;

// The executable's own course: start, run, stop.
pub mod start;
