//! What routing, guards and headers cost on top of hyper.

use std::time::Duration;

use crate::figure::{RUNS, Row, Runs, shown_rate};
use crate::load::{get, hammer};
use crate::server::Server;

const CONNECTIONS: usize = 32;

/// `/health/live` against a bare `hello`.
pub fn live() -> Vec<Row> {
    let home = tempfile::tempdir().unwrap();
    let (server, bare) = (Server::start(home.path()), Server::hello());
    let (mut ours, mut raw) = (Runs::default(), Runs::default());
    let request = [get("/health/live")];
    for _ in 0..RUNS {
        raw.add(hammer(bare.port, CONNECTIONS, &request, Duration::from_secs(2)));
        ours.add(hammer(server.port, CONNECTIONS, &request, Duration::from_secs(2)));
    }
    bare.stop();
    server.stop();
    let ratio = ours.rate() / raw.rate();
    vec![
        Row::new("routing and guards: /health/live, 32 connections", shown_rate(ours.rate()))
            .against(format!("{} a bare hyper server", shown_rate(raw.rate())), ratio)
            .within("0.5 times the bare server", ratio >= 0.5),
    ]
}
