//! Writes that are on disk before they are answered, against one writer that syncs every commit.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::json;

use crate::figure::{RUNS, Row, Run, Runs, shown_ms, shown_rate};
use crate::load::{get, hammer, once, post};
use crate::seed::OWNER;
use crate::server::Server;

const WRITERS: usize = 64;

/// One writer on a copy of the schema, a sync for every row.
fn raw_commits(data: &Path, first: usize) -> Run {
    let db = Connection::open(data.join("inglenook.db")).unwrap();
    db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).unwrap();
    db.pragma_update(None, "synchronous", "FULL").unwrap();
    let mut insert = db
        .prepare(
            "INSERT INTO conversations (id, owner, title, created_at, updated_at)
             VALUES (?, ?, 'Written', '2026-11-01T00:00:00.000Z', '2026-11-01T00:00:00.000Z')",
        )
        .unwrap();
    Run::of(200, |n| {
        insert.execute((format!("conv_{:032x}", first + n), OWNER)).unwrap();
    })
}

/// Conversations made by 64 writers at once.
pub fn durable() -> Vec<Row> {
    let (home, schema) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(schema.path());
    once(server.port, &get("/health/live"));
    server.stop();
    let server = Server::start(home.path());
    let request = [post("/api/v1/conversations", &json!({ "title": "Written" }))];
    let (mut ours, mut raw) = (Runs::default(), Runs::default());
    for run in 0..RUNS {
        raw.add(raw_commits(schema.path(), 1 + run * 1000));
        ours.add(hammer(server.port, WRITERS, &request, Duration::from_secs(3)));
    }
    server.stop();
    let shown = format!("{}, p99 {}", shown_rate(ours.rate()), shown_ms(ours.ms(99)));
    let yardstick =
        format!("{}, p50 {} commits one by one", shown_rate(raw.rate()), shown_ms(raw.ms(50)));
    vec![
        Row::new("durable writes (POST /conversations), 64 writers", shown)
            .against(yardstick, ours.rate() / raw.rate())
            .within("p99 within three syncs", ours.ms(99) <= 3.0 * raw.ms(50).max(raw.ms(99))),
    ]
}
