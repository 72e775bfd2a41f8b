//! Talking to other servers: the HTTP client and where it may go, retries, circuit breakers, and the
//! line and event parsers of streamed answers. It knows nothing of models; whoever calls decides
//! what a status means.

pub mod address;
pub mod breaker;
pub mod client;
pub mod fetch;
pub mod lines;
pub mod own;
pub mod redis;
pub mod register;
pub mod retry;
pub mod sse;

pub use address::{BadUrl, is_loopback};
pub use breaker::{Breaker, BreakerPolicy, Permit};
pub use client::{Client, Error};
pub use fetch::Fetcher;
pub use own::{OwnAnswer, OwnServer};
pub use redis::Redis;
pub use register::{Purpose, Register};
pub use retry::{RetryPolicy, Wait};
