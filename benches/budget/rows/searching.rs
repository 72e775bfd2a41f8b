//! Searching, for words from the commonest to the rarest and with every keystroke, against FTS5 ranking
//! every match by BM25.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::figure::{RUNS, Row, Run, Runs, shown_ms};
use crate::load::{each, hammer, post};
use crate::seed::{self, LARGE, MEDIUM, folder, reader};
use crate::server::Server;
use crate::words::Words;

/// Results of a search.
const WANTED: usize = 20;

/// A search for these words.
pub fn search(query: &str) -> Vec<u8> {
    post("/api/v1/search", &json!({ "query": query, "limit": WANTED }))
}

/// FTS5 on its own, ranking all that match.
fn raw_search(data: &Path, words: &[&str], times: usize) -> Run {
    let db = reader(data);
    let sql = "SELECT rowid FROM messages_fts WHERE messages_fts MATCH ? ORDER BY rank LIMIT ?";
    let mut statement = db.prepare(sql).unwrap();
    Run::of(times, |n| {
        let mut rows = statement.query((words[n % words.len()], WANTED as i64)).unwrap();
        while rows.next().unwrap().is_some() {}
    })
}

/// Any word in 200 000 messages: a hundred words, from common to rare.
pub fn medium() -> Vec<Row> {
    let data = folder(MEDIUM);
    let server = Server::start(&data);
    let words = Words::new();
    let asked: Vec<&str> = (0..100).map(|n| words.of_rank(n * n * 4)).collect();
    let requests: Vec<_> = asked.iter().map(|word| search(&format!("{word} "))).collect();
    let (mut ours, mut raw) = (Runs::default(), Runs::default());
    for _ in 0..RUNS {
        raw.add(raw_search(&data, &asked, asked.len()));
        ours.add(hammer(server.port, 1, &requests, Duration::from_secs(2)));
    }
    server.stop();
    let shown = format!("p50 {}, p99 {}", shown_ms(ours.ms(50)), shown_ms(ours.ms(99)));
    let yardstick =
        format!("p50 {}, p99 {} FTS5 with BM25", shown_ms(raw.ms(50)), shown_ms(raw.ms(99)));
    vec![
        Row::new("search a word in 10 000 conversations of 20 messages", shown)
            .against(yardstick, ours.ms(50) / raw.ms(50))
            .within("p50 5 ms", ours.ms(50) <= 5.0),
    ]
}

/// Single words over a million messages.
pub fn large() -> Vec<Row> {
    let data = folder(LARGE);
    let server = Server::start(&data);
    let words = Words::new();
    let cases = [
        ("the commonest word", 0),
        ("a common word", 40),
        ("a word", 1_500),
        ("a rare word", 40_000),
    ];
    let mut rows = Vec::new();
    for (name, rank) in cases {
        let word = words.of_rank(rank);
        let matching: i64 = reader(&data)
            .query_row(
                "SELECT count(*) FROM messages_fts WHERE messages_fts MATCH ?",
                [word],
                |r| r.get(0),
            )
            .unwrap();
        let request = [search(&format!("{word} "))];
        let (mut ours, mut raw) = (Runs::default(), Runs::default());
        for _ in 0..RUNS {
            raw.add(raw_search(&data, &[word], 2));
            ours.add(hammer(server.port, 1, &request, Duration::from_secs(1)));
        }
        let work = format!("search {name} ({matching} of 1 000 000 messages)");
        rows.push(
            Row::new(work, format!("p50 {}", shown_ms(ours.ms(50))))
                .against(
                    format!("{} FTS5 with BM25", shown_ms(raw.ms(50))),
                    ours.ms(50) / raw.ms(50),
                )
                .within("20 ms", ours.ms(50) <= 20.0),
        );
    }
    server.stop();
    rows
}

/// The commonest word of a million messages, narrowed down.
pub fn filtered() -> Vec<Row> {
    let data = folder(LARGE);
    let server = Server::start(&data);
    let words = Words::new();
    let long = seed::long_id(LARGE);
    let cases = [
        ("one role", json!({ "role": "user" })),
        ("one conversation", json!({ "conversation_id": long })),
        ("one month, the last", json!({ "from": "2026-10-01T00:00:00Z" })),
        (
            "one month, a while ago",
            json!({ "from": "2026-02-01T00:00:00Z", "to": "2026-03-01T00:00:00Z" }),
        ),
    ];
    let mut rows = Vec::new();
    for (name, filters) in cases {
        let query = format!("{} ", words.of_rank(0));
        let body = json!({ "query": query, "limit": WANTED, "filters": filters });
        let request = [post("/api/v1/search", &body)];
        let mut ours = Runs::default();
        for _ in 0..RUNS {
            ours.add(hammer(server.port, 1, &request, Duration::from_secs(1)));
        }
        let work = format!("search the commonest word, 1 000 000 messages, filtered to {name}");
        let row = Row::new(work, format!("p50 {}", shown_ms(ours.ms(50))));
        rows.push(row.within("20 ms", ours.ms(50) <= 20.0));
    }
    server.stop();
    rows
}

/// Phrases as people type them: common words, rare ones, and mixes, by rank.
const PHRASES: [&[usize]; 8] = [
    &[0, 1, 2],
    &[3, 700, 12_000],
    &[9_000, 22_000],
    &[60, 55, 800],
    &[150, 300, 450],
    &[1_200, 2, 18],
    &[20, 4_000, 7, 90],
    &[30_000, 5, 11],
];

/// Every keystroke of several phrases over a million messages.
pub fn typing() -> Vec<Row> {
    let data = folder(LARGE);
    let server = Server::start(&data);
    let words = Words::new();
    let phrases =
        PHRASES.map(|ranks| ranks.iter().map(|r| words.of_rank(*r)).collect::<Vec<_>>().join(" "));
    let mut typed = Vec::new();
    for phrase in &phrases {
        typed.extend((1..=phrase.len()).map(|end| &phrase[..end]));
    }
    let requests: Vec<_> = typed.iter().map(|text| search(text)).collect();
    let mut ours = Runs::default();
    let mut slowest = (Duration::ZERO, "");
    for _ in 0..RUNS {
        let times = each(server.port, &requests);
        for (time, text) in times.iter().zip(&typed) {
            slowest = slowest.max((*time, text));
        }
        if std::env::var_os("BENCH_EACH").is_some() {
            for (time, text) in times.iter().zip(&typed) {
                eprintln!("{:>8.2} ms  {text}", time.as_secs_f64() * 1e3);
            }
        }
        let whole = times.iter().sum();
        ours.add(Run::new(times, whole));
    }
    server.stop();
    eprintln!("slowest keystroke: {:?} after {:?}", slowest.0, slowest.1);
    let shown = format!("p50 {}, p95 {}", shown_ms(ours.ms(50)), shown_ms(ours.ms(95)));
    let work = format!("as-you-type search, 1 000 000 messages, {} keystrokes", typed.len());
    vec![Row::new(work, shown).within("p95 30 ms", ours.ms(95) <= 30.0)]
}
