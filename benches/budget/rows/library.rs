//! The library: how soon a text that was sent is found, against the same passages put into FTS5 by hand;
//! and a question asked of 100 000 passages, by words and by meaning, against comparing every vector.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use serde_json::json;

use crate::figure::{RUNS, Row, Run, Runs, shown_ms};
use crate::load::{hammer, once, post};
use crate::seed::{OWNER, reader};
use crate::server::Server;
use crate::words::{Dice, Words};

/// Bytes of the text that is sent.
const TEXT_BYTES: usize = 1_000_000;
/// Passages that are asked.
const PASSAGES: usize = 100_000;
/// Numbers of a vector.
const DIMENSIONS: usize = 384;
/// Directions round which the vectors lie, as texts lie round their subjects.
const SUBJECTS: usize = 2_000;

/// From sending a text of 1 MB until its last word is found.
pub fn upload() -> Vec<Row> {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let (words, mut dice) = (Words::new(), Dice::new(7));
    let (mut ours, mut raw) = (Runs::default(), Runs::default());
    for run in 0..RUNS {
        let mut text = String::with_capacity(TEXT_BYTES + 1000);
        while text.len() < TEXT_BYTES {
            text.push_str(&words.text(&mut dice, 80));
            text.push_str(".\n\n");
        }
        let last = format!("lastword{run}");
        text.push_str(&last);
        let request = post("/api/v1/documents", &json!({ "text": text, "name": "a.txt" }));
        let search = json!({ "query": last, "scope": "documents", "meaning": false });
        let search = post("/api/v1/search", &search);
        let began = Instant::now();
        once(server.port, &request);
        while once(server.port, &search)["items"].as_array().is_none_or(Vec::is_empty) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let took = began.elapsed();
        ours.add(Run::new(vec![took], took));
        raw.add(by_hand(data.path()));
    }
    server.stop();
    vec![
        Row::new("1 MB text, from sending to found by its words", shown_ms(ours.ms(50)))
            .against(format!("{} FTS5 alone", shown_ms(raw.ms(50))), ours.ms(50) / raw.ms(50))
            .within("500 ms", ours.ms(50) <= 500.0),
    ]
}

/// The passages of the latest document, put into a full-text table and synced.
fn by_hand(data: &Path) -> Run {
    let db = reader(data);
    let texts: Vec<String> = db
        .prepare("SELECT text FROM chunks WHERE document = (SELECT max(seq) FROM documents)")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let path = data.join("by-hand.db");
    let _ = std::fs::remove_file(&path);
    let hand = Connection::open(&path).unwrap();
    hand.execute_batch(
        "CREATE VIRTUAL TABLE t USING fts5 (text, tokenize = 'porter unicode61 remove_diacritics 2',
           prefix = '2 3')",
    )
    .unwrap();
    Run::of(1, |_| {
        hand.execute_batch("BEGIN").unwrap();
        let mut insert = hand.prepare_cached("INSERT INTO t (text) VALUES (?)").unwrap();
        for text in &texts {
            insert.execute([text]).unwrap();
        }
        hand.execute_batch("COMMIT").unwrap();
    })
}

/// A question of eight words over 100 000 passages with their vectors.
pub fn question() -> Vec<Row> {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    once(server.port, &crate::load::get("/health/live"));
    server.stop();
    let (words, mut dice) = (Words::new(), Dice::new(11));
    let vectors = fill(data.path(), &words, &mut dice);
    let server = Server::start_with(data.path(), &[("ENABLE_EMBEDDINGS", "true")]);
    let requests: Vec<_> = (0..50)
        .map(|_| {
            let query = words.text(&mut dice, 8);
            let body = json!({ "query": query, "scope": "documents", "limit": 10 });
            post("/api/v1/search", &body)
        })
        .collect();
    let (mut ours, mut raw) = (Runs::default(), Runs::default());
    for _ in 0..RUNS {
        raw.add(Run::of(3, |n| {
            let like = &vectors[n * DIMENSIONS..(n + 1) * DIMENSIONS];
            let best = vectors
                .chunks_exact(DIMENSIONS)
                .map(|vector| vector.iter().zip(like).map(|(a, b)| a * b).sum::<f32>())
                .fold(f32::MIN, f32::max);
            assert!(best > 0.9);
        }));
        ours.add(hammer(server.port, 1, &requests, Duration::from_secs(2)));
    }
    let memory = server.resident_bytes() / 1024 / 1024;
    server.stop();
    vec![
        Row::new(
            "question to passages, 100 000 passages",
            format!("p50 {}", shown_ms(ours.ms(50))),
        )
        .against(format!("{} every vector", shown_ms(raw.ms(50))), ours.ms(50) / raw.ms(50))
        .within("10 ms", ours.ms(50) <= 10.0),
        Row::new("memory with model and index of 100 000 in use", format!("{memory} MB"))
            .within("150 MB", memory <= 150),
    ]
}

/// One document with all the passages, and a vector for each.
fn fill(data: &Path, words: &Words, dice: &mut Dice) -> Vec<f32> {
    let db = Connection::open(data.join("inglenook.db")).unwrap();
    db.pragma_update(None, "synchronous", "OFF").unwrap();
    db.execute_batch("BEGIN").unwrap();
    db.execute(
        "INSERT INTO documents (id, owner, name, size_bytes, hash, origin, state, chunks, created_at,
           updated_at) VALUES (?, ?, 'all.txt', 1, 'none', 'upload', 'ready', ?, ?4, ?4)",
        params![
            format!("doc_{:032x}", 1),
            OWNER,
            PASSAGES as i64,
            "2026-11-01T00:00:00.000Z"
        ],
    )
    .unwrap();
    let mut number = || f32::from(u16::try_from(dice.below(2001)).unwrap()) / 1000.0 - 1.0;
    let subjects: Vec<f32> = (0..SUBJECTS * DIMENSIONS).map(|_| number()).collect();
    let mut all = Vec::with_capacity(PASSAGES * DIMENSIONS);
    for n in 0..PASSAGES {
        let subject = &subjects[n % SUBJECTS * DIMENSIONS..][..DIMENSIONS];
        let vector: Vec<f32> = subject.iter().map(|at| at + 0.7 * number()).collect();
        let length = vector.iter().map(|n| n * n).sum::<f32>().sqrt();
        all.extend(vector.iter().map(|n| n / length));
    }
    let mut chunk = db
        .prepare(
            "INSERT INTO chunks (document, n, start_byte, end_byte, start_char, end_char, heading, text)
             VALUES (1, ?1, ?1, ?1, ?1, ?1, '', ?2)",
        )
        .unwrap();
    let mut keep = db
        .prepare("INSERT INTO vectors (space, kind, item, part, parent, vector) VALUES (1, 1, ?, 0, 1, ?)")
        .unwrap();
    for (n, vector) in all.chunks_exact(DIMENSIONS).enumerate() {
        chunk.execute(params![n as i64, words.text(dice, 120)]).unwrap();
        let stored: Vec<u8> = vector.iter().flat_map(|n| n.to_le_bytes()).collect();
        keep.execute(params![db.last_insert_rowid(), stored]).unwrap();
    }
    db.execute("DELETE FROM to_embed", []).unwrap();
    db.execute_batch("COMMIT").unwrap();
    all
}
