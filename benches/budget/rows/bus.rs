//! The agent bus: durable messages against Redis that syncs each command, a message to all against
//! Redis and NATS, the memory of a socket, and coming back after a long time.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::figure::{RUNS, Row, Run, Runs, shown_ms, shown_rate};
use crate::load::{Connection, alone, hammer, once, post};
use crate::peers::{Nats, Redis};
use crate::server::Server;
use crate::wire::{Reader, Socket};

const SETTINGS: [(&str, &str); 7] = [
    ("RATE_LIMIT_BUS", "0"),
    ("MAX_CONNECTIONS", "20000"),
    ("MAX_HTTP_CONNECTIONS", "20000"),
    ("QUEUE_MAX_PER_CLIENT", "1000000"),
    ("HEARTBEAT_SECONDS", "600"),
    ("CONNECTION_TIMEOUT_SECONDS", "1200"),
    ("BUS_LOG_DAYS", "1"),
];

const TIME: Duration = Duration::from_secs(3);

fn message(from: usize, to: &str) -> Value {
    json!({ "from": format!("sender-{from}"), "to": to, "type": "task",
        "payload": { "goal": "Summarise what was decided", "step": 7 } })
}

/// Messages on disk before they are answered.
pub fn durable() -> Vec<Row> {
    let mut rows = Vec::new();
    for senders in [1, 16, 64, 256] {
        let (mut ours, mut redis) = (Runs::default(), Runs::default());
        for _ in 0..RUNS {
            let home = tempfile::tempdir().unwrap();
            let server = Server::start_with(home.path(), &SETTINGS);
            // Each to a client of its own, as agents do; nobody reads yet.
            let requests: Vec<Vec<u8>> = (0..senders)
                .map(|n| post("/api/v1/send", &message(n, &format!("reader-{n}"))))
                .collect();
            ours.add(hammer(server.port, senders, &requests, TIME));
            server.stop();
            if let Some(peer) = Redis::start(true) {
                redis.add(peer.append(senders, TIME));
            }
        }
        let shown = format!(
            "{}, p50 {}, p99 {}",
            shown_rate(ours.rate()),
            shown_ms(ours.ms(50)),
            shown_ms(ours.ms(99))
        );
        let mut row =
            Row::new(format!("bus: durable messages (POST /send), {senders} senders"), shown);
        if redis.is_measured() {
            let yardstick = format!(
                "{}, p50 {}, p99 {} Redis, appendfsync always",
                shown_rate(redis.rate()),
                shown_ms(redis.ms(50)),
                shown_ms(redis.ms(99))
            );
            row = row.against(yardstick, ours.rate() / redis.rate());
        }
        if senders == 64 {
            row = row.within("10 000/s", ours.rate() >= 10_000.0);
        }
        rows.push(row);
    }
    rows
}

/// A message to all, until each of so many sockets has it.
pub fn fan_out() -> Vec<Row> {
    let mut rows = Vec::new();
    for sockets in [1, 100, 1000] {
        let home = tempfile::tempdir().unwrap();
        let server = Server::start_with(home.path(), &SETTINGS);
        let ours = alone(async {
            let mut readers = Vec::new();
            for n in 0..sockets {
                readers.push(Socket::open(server.port, &format!("/ws/reader-{n}")).await);
            }
            let mut sender = Connection::open(server.port).await;
            let request = post("/api/v1/send", &message(0, "all"));
            spread(readers, async || {
                sender.ask(&request).await;
            })
            .await
        });
        server.stop();
        let redis = Redis::start(false).map(|peer| {
            alone(async {
                let readers = peer.subscribers(sockets).await;
                let mut publisher = peer.publisher().await;
                spread(readers, async || publisher.publish().await).await
            })
        });
        let nats = Nats::start().map(|peer| {
            alone(async {
                let readers = peer.subscribers(sockets).await;
                let mut publisher = peer.publisher().await;
                spread(readers, async || publisher.publish().await).await
            })
        });
        let shown =
            format!("p50 {}, last p50 {}", shown_ms(ours.each.ms(50)), shown_ms(ours.last.ms(50)));
        let mut row = Row::new(
            format!("bus: a message to all on {sockets} sockets, kept on disk first"),
            shown,
        );
        let peers: Vec<String> = [("Redis", &redis), ("NATS", &nats)]
            .iter()
            .filter_map(|(name, spread)| {
                spread.as_ref().map(|spread| format!("p50 {} {name}", shown_ms(spread.each.ms(50))))
            })
            .collect();
        if let Some(redis) = &redis {
            row = row.against(peers.join(", "), ours.each.ms(50) / redis.each.ms(50));
        }
        if sockets == 1000 {
            row = row.within("p50 8 ms", ours.each.ms(50) <= 8.0);
        }
        rows.push(row);
    }
    rows
}

/// How long a message took to each reader, and to the last of them.
struct Spread {
    each: Runs,
    last: Runs,
}

async fn spread<R: Reader + 'static>(readers: Vec<R>, mut publish: impl AsyncFnMut()) -> Spread {
    const MESSAGES: usize = 40;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let count = readers.len();
    for mut reader in readers {
        let told = told.clone();
        tokio::task::spawn_local(async move {
            while reader.message().await {
                if told.send(Instant::now()).is_err() {
                    return;
                }
            }
        });
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut spread = Spread { each: Runs::default(), last: Runs::default() };
    for _ in 0..MESSAGES {
        let began = Instant::now();
        let sent = publish();
        let all = async {
            let mut times = Vec::with_capacity(count);
            for _ in 0..count {
                times.push(heard.recv().await.unwrap().duration_since(began));
            }
            times
        };
        let ((), times) = tokio::join!(sent, all);
        let last = *times.iter().max().unwrap();
        spread.each.add(Run::new(times, last));
        spread.last.add(Run::new(vec![last], last));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    spread
}

/// Memory of sockets that say nothing.
pub fn sockets() -> Vec<Row> {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start_with(home.path(), &SETTINGS);
    let mut rows = Vec::new();
    alone(async {
        once_warm(&server).await;
        let before = server.resident_bytes();
        let mut open = Vec::new();
        for sockets in [1_000, 10_000] {
            while open.len() < sockets {
                open.push(Socket::open(server.port, &format!("/ws/idle-{}", open.len())).await);
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
            let resident = server.resident_bytes();
            let each = (resident - before) as f64 / sockets as f64 / 1000.0;
            let shown = format!("{each:.1} kB each, {} MB in all", resident / 1_000_000);
            let row = Row::new(format!("bus: memory of {sockets} idle WebSockets"), shown);
            rows.push(
                row.within("20 kB each, 300 MB in all", each <= 20.0 && resident <= 300_000_000),
            );
        }
    });
    server.stop();
    rows
}

async fn once_warm(server: &Server) {
    for n in 0..50 {
        drop(Socket::open(server.port, &format!("/ws/idle-{n}")).await);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
}

/// A client that missed 100 000 messages.
pub fn resume() -> Vec<Row> {
    const MISSED: usize = 100_000;
    let home = tempfile::tempdir().unwrap();
    let server = Server::start_with(home.path(), &SETTINGS);
    let batch: Vec<Value> = (0..1000).map(|_| message(0, "reader")).collect();
    let request = post("/api/v1/send/batch", &json!({ "messages": batch }));
    for _ in 0..MISSED / 1000 {
        once(server.port, &request);
    }
    let mut runs = Runs::default();
    for _ in 0..2 {
        let took = alone(async {
            let began = Instant::now();
            let mut socket = Socket::open(server.port, "/ws/reader").await;
            // The second time they wait no more, and are asked for by their number.
            if runs.is_measured() {
                socket.send(&json!({ "type": "subscribe", "since_seq": 0 })).await;
            }
            for _ in 0..MISSED {
                assert!(socket.message().await);
            }
            began.elapsed()
        });
        runs.add(Run::new(vec![took], took));
    }
    server.stop();
    let rate = MISSED as f64 * 1000.0 / runs.ms(50);
    vec![Row::new(
        "bus: 100 000 missed messages, until the last is read",
        format!("{} ms, {}", runs.ms(50).round(), shown_rate(rate)),
    )]
}
