//! A history of the bus under kills, cuts and reconnections: every send and every delivery is written
//! down, and afterwards checked for loss, duplicates and order. `INGLENOOK_HISTORY_SECONDS` makes it
//! longer, `INGLENOOK_HISTORY_SEED` repeats one.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::harness::Server;

const SENDERS: usize = 4;
const READERS: usize = 3;

/// Random enough, and the same for the same seed (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

/// What somebody saw.
#[derive(Debug)]
enum Seen {
    /// The server said that it has a message.
    Accepted { sender: usize, n: u64, to: Value, id: String, seq: i64 },
    /// A reader was given one.
    Delivered { reader: usize, connection: u64, message: Value },
}

fn reader_name(n: usize) -> String {
    format!("reader-{n}")
}

/// Sends one message after the other, each until it is accepted, under an id of its own.
async fn send(
    url: String,
    sender: usize,
    mut dice: Dice,
    over: Arc<AtomicBool>,
    history: mpsc::UnboundedSender<Seen>,
) {
    let http = Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().unwrap();
    for n in 0_u64.. {
        let to = match dice.roll(4) {
            0 => json!("all"),
            1 => json!([reader_name(0), reader_name(1)]),
            _ => json!(reader_name(usize::try_from(dice.roll(READERS as u64)).unwrap())),
        };
        let body = json!({"from": format!("sender-{sender}"), "to": to, "id": format!("m{n}"),
            "payload": {"sender": sender, "n": n}, "require_ack": false});
        let sent = loop {
            let answer = http.post(format!("{url}/api/v1/send")).json(&body).send().await;
            if let Ok(answer) = answer
                && answer.status() == 200
                && let Ok(sent) = answer.json::<Value>().await
            {
                break sent;
            }
            // Killed, or the queue is full: the same once more.
            tokio::time::sleep(Duration::from_millis(20)).await;
            if over.load(Ordering::Relaxed) && dice.roll(200) == 0 {
                return;
            }
        };
        let id = sent["message_id"].as_str().unwrap().to_owned();
        let seq = sent["seq"].as_i64().unwrap();
        history.send(Seen::Accepted { sender, n, to, id, seq }).unwrap();
        if over.load(Ordering::Relaxed) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(dice.roll(8))).await;
    }
}

/// Reads over streams that it cuts now and then and takes up after the number it read last, until
/// nothing has come for a while after the end.
async fn read(
    url: String,
    reader: usize,
    mut dice: Dice,
    over: Arc<AtomicBool>,
    history: mpsc::UnboundedSender<Seen>,
) {
    let http = Client::builder().no_proxy().build().unwrap();
    let (mut connection, mut last) = (0, 0);
    loop {
        let path =
            format!("{url}/api/v1/subscribe?client={}&since_seq={last}", reader_name(reader));
        let answer = http.get(path).send().await;
        let Ok(mut answer) = answer.and_then(reqwest::Response::error_for_status) else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        connection += 1;
        let cut = Instant::now() + Duration::from_millis(50 + dice.roll(1500));
        let (mut quiet, mut text) = (Instant::now(), String::new());
        loop {
            let next = tokio::time::timeout(Duration::from_millis(100), answer.chunk()).await;
            match next {
                Ok(Ok(Some(bytes))) => text.push_str(&String::from_utf8_lossy(&bytes)),
                Ok(_) => break,
                Err(_) => {}
            }
            while let Some(end) = text.find("\n\n") {
                let frame: String = text.drain(..end + 2).collect();
                let data = frame.lines().find_map(|line| line.strip_prefix("data: "));
                let Some(data) = data.filter(|_| frame.starts_with("event: message")) else {
                    continue;
                };
                let message: Value = serde_json::from_str(data).unwrap();
                (quiet, last) = (Instant::now(), message["seq"].as_i64().unwrap());
                history.send(Seen::Delivered { reader, connection, message }).unwrap();
            }
            let ending = over.load(Ordering::Relaxed);
            if ending && quiet.elapsed() > Duration::from_secs(3) {
                return;
            }
            if !ending && Instant::now() > cut {
                // Not closed: gone.
                break;
            }
        }
    }
}

fn is_for(to: &Value, reader: usize) -> bool {
    let name = reader_name(reader);
    *to == "all" || *to == name || to.as_array().is_some_and(|all| all.contains(&json!(name)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_doubled_or_out_of_order_under_kills_and_cuts() {
    let number = |key: &str| std::env::var(key).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = number("INGLENOOK_HISTORY_SECONDS").unwrap_or(12);
    let seed = number("INGLENOOK_HISTORY_SEED").unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        u64::from(now.subsec_nanos()) << 20 | now.as_secs() | 1
    });
    println!("INGLENOOK_HISTORY_SEED={seed}");
    let mut dice = Dice(seed);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let mut server = Server::plan()
        .environment("INGLENOOK_PORT", &port.to_string())
        .with("QUEUE_MAX_PER_CLIENT", 100_000)
        .with("MESSAGE_TTL_SECONDS", 86_400)
        .with("DEDUP_TTL_SECONDS", 86_400)
        .with("MAX_CONNECTIONS", 1000)
        .with("LOG_LEVEL", "info")
        .start()
        .await;
    // What is said to all waits for who was here.
    for reader in 0..READERS {
        let mut socket = server.socket(&format!("/ws/{}", reader_name(reader))).await;
        socket.until("connection_confirmed").await;
        server.get(&format!("/clients/{}", reader_name(reader))).await.is(200);
    }
    let url = server.origin();
    let over = Arc::new(AtomicBool::new(false));
    let (history, mut seen) = mpsc::unbounded_channel();
    let mut tasks = Vec::new();
    for n in 0..SENDERS {
        let dice = Dice(dice.roll(u64::MAX) | 1);
        tasks.push(tokio::spawn(send(url.clone(), n, dice, Arc::clone(&over), history.clone())));
    }
    for n in 0..READERS {
        let dice = Dice(dice.roll(u64::MAX) | 1);
        tasks.push(tokio::spawn(read(url.clone(), n, dice, Arc::clone(&over), history.clone())));
    }
    drop(history);
    let (began, mut kills) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(seconds) {
        tokio::time::sleep(Duration::from_millis(300 + dice.roll(2200))).await;
        server.kill();
        kills += 1;
        server.boot().await;
    }
    over.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    let mut events = Vec::new();
    while let Some(event) = seen.recv().await {
        events.push(event);
    }
    check(&events, kills);
    server.assert_sound();
}

/// Holds what was seen against what was promised.
fn check(events: &[Seen], kills: u32) {
    let mut accepted: BTreeMap<(usize, u64), (&Value, &str, i64)> = BTreeMap::new();
    for event in events {
        if let Seen::Accepted { sender, n, to, id, seq } = event {
            assert!(accepted.insert((*sender, *n), (to, id, *seq)).is_none());
        }
    }
    // One message for one id, whatever was killed in between; the order of a sender is that of its numbers.
    let numbers: HashSet<i64> = accepted.values().map(|(_, _, seq)| *seq).collect();
    assert_eq!(numbers.len(), accepted.len(), "two messages have one number");
    for ((a, (_, _, first)), (b, (_, _, second))) in accepted.iter().zip(accepted.iter().skip(1)) {
        assert!(a.0 != b.0 || first < second, "{a:?} was accepted before {b:?}");
    }
    let (mut deliveries, mut again) = (0, 0);
    for reader in 0..READERS {
        let mut first: Vec<(usize, u64)> = Vec::new();
        let mut known = HashSet::new();
        let mut on_connection = HashSet::new();
        let mut last: BTreeMap<usize, u64> = BTreeMap::new();
        for event in events {
            let Seen::Delivered { reader: of, connection, message } = event else { continue };
            if *of != reader {
                continue;
            }
            let sender = usize::try_from(message["payload"]["sender"].as_u64().unwrap()).unwrap();
            let n = message["payload"]["n"].as_u64().unwrap();
            deliveries += 1;
            assert!(
                on_connection.insert((*connection, sender, n)),
                "{reader} got {sender}/{n} twice on one connection"
            );
            if let Some((_, id, seq)) = accepted.get(&(sender, n)) {
                assert_eq!((&message["id"], &message["seq"]), (&json!(id), &json!(seq)));
            }
            if known.insert((sender, n)) {
                let before = last.insert(sender, n);
                assert!(
                    before.is_none_or(|before| before < n),
                    "{reader} got {sender}/{n} after {before:?}"
                );
                first.push((sender, n));
            } else {
                again += 1;
            }
        }
        let missing: Vec<_> = accepted
            .iter()
            .filter(|(key, (to, _, _))| is_for(to, reader) && !known.contains(*key))
            .collect();
        assert!(missing.is_empty(), "{reader} never got {} messages: {missing:?}", missing.len());
    }
    println!(
        "{} accepted, {deliveries} deliveries, {again} of them once more, {kills} kills: none lost, none doubled, in order",
        accepted.len()
    );
    assert!(!accepted.is_empty() && kills > 0);
}
