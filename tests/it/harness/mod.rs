//! What the tests stand on: the server under test, the clients that talk to it and the scripted
//! model server that it talks to.

pub mod client;
pub mod dialect;
pub mod events;
pub mod halting;
pub mod library;
pub mod mcp;
pub mod odd;
pub mod people;
pub mod process;
pub mod raw;
pub mod redis;
pub mod routes;
pub mod server;
pub mod socket;
pub mod strace;
pub mod talk;
pub mod target;
pub mod upstream;

pub use process::run_in;
pub use server::Server;
pub use target::Target;
pub use upstream::{Act, Step, Upstream};

use std::time::{Duration, Instant};

/// How long anything may take before a test says that it never happened.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Asks again and again until the answer is `Some`, and fails with the sentence after the deadline.
pub async fn eventually<T, F>(what: &str, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(start.elapsed() < DEADLINE, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits for a future, and fails with the sentence after the deadline.
pub async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future)
        .await
        .unwrap_or_else(|_| panic!("never happened: {what}"))
}

/// Says on the test's output that a test could not do its work here, and why.
pub fn skipped(test: &str, why: &str) {
    println!("SKIPPED {test}: {why}");
}
