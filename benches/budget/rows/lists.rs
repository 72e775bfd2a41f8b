//! Listing conversations and opening one, against the statement that SQLite needs for the same rows, and
//! a bare server that sends as many bytes.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::json;

use crate::figure::{RUNS, Row, Run, Runs, shown_ms, shown_rate};
use crate::load::{get, hammer, once};
use crate::seed::{LARGE, LONG, MEDIUM, OWNER, Size, folder, long_id, reader};
use crate::server::Server;

/// One run of a load.
const RUN: Duration = Duration::from_secs(2);
/// Rows of a page.
const PAGE: usize = 60;

/// The page that the sidebar asks for first.
pub fn first_page() -> Vec<u8> {
    get(&format!("/api/v1/conversations?limit={PAGE}"))
}

/// The long conversation, whole.
pub fn long_conversation(size: Size) -> Vec<u8> {
    get(&format!("/api/v1/conversations/{}/messages?limit={LONG}", long_id(size)))
}

/// Reads every column of every row, as whoever uses them must.
fn read_all(db: &Connection, sql: &str, values: impl rusqlite::Params) -> usize {
    let mut statement = db.prepare_cached(sql).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query(values).unwrap();
    let mut bytes = 0;
    while let Some(row) = rows.next().unwrap() {
        for column in 0..columns {
            bytes += row
                .get_ref(column)
                .unwrap()
                .as_bytes_or_null()
                .unwrap_or(None)
                .map_or(8, <[u8]>::len);
        }
    }
    bytes
}

/// The statement behind a page of the list.
pub fn raw_list(data: &Path) -> Run {
    let db = reader(data);
    Run::of(2000, |_| {
        let sql = "SELECT * FROM conversations WHERE owner = ? AND deleted_at IS NULL
                   AND archived = 0 ORDER BY pinned DESC, updated_at DESC, seq DESC LIMIT ?";
        read_all(&db, sql, (OWNER, PAGE as i64));
    })
}

/// The statement behind an open conversation.
fn raw_path(data: &Path) -> Run {
    let db = reader(data);
    Run::of(500, |_| {
        let sql = "WITH RECURSIVE path (seq) AS (
                     SELECT max(active_leaf) FROM conversations UNION ALL
                     SELECT m.parent FROM path JOIN messages m ON m.seq = path.seq
                     WHERE m.parent IS NOT NULL)
                   SELECT m.* FROM path CROSS JOIN messages m ON m.seq = path.seq";
        read_all(&db, sql, ());
    })
}

/// Every page of the list: more than the server keeps answers for, so that each is read anew.
fn all_pages(port: u16) -> Vec<Vec<u8>> {
    let mut pages = vec![first_page()];
    loop {
        let page = once(port, pages.last().unwrap());
        let Some(cursor) = page["next_cursor"].as_str() else { return pages };
        pages.push(get(&format!("/api/v1/conversations?limit={PAGE}&cursor={cursor}")));
    }
}

/// The list at one connection and at sixteen.
pub fn list() -> Vec<Row> {
    let data = folder(MEDIUM);
    let (server, bare) = (Server::start(&data), Server::hello());
    let pages = all_pages(server.port);
    let bytes = once(server.port, &first_page()).to_string().len();
    let as_many = get(&format!("/{bytes}"));
    let (mut one, mut many, mut raw) = (Runs::default(), Runs::default(), Runs::default());
    let (mut unkept, mut bare_one, mut bare_many) =
        (Runs::default(), Runs::default(), Runs::default());
    for _ in 0..RUNS {
        raw.add(raw_list(&data));
        unkept.add(hammer(server.port, 1, &pages, RUN));
        one.add(hammer(server.port, 1, &[first_page()], RUN));
        bare_one.add(hammer(bare.port, 1, std::slice::from_ref(&as_many), RUN));
        many.add(hammer(server.port, 16, &[first_page()], RUN));
        bare_many.add(hammer(bare.port, 16, std::slice::from_ref(&as_many), RUN));
    }
    server.stop();
    bare.stop();
    let shown = |runs: &Runs, percent| {
        format!("{}, p{percent} {}", shown_rate(runs.rate()), shown_ms(runs.ms(percent)))
    };
    let sent =
        |bare: &Runs| format!("{} a bare hyper server, as many bytes", shown_rate(bare.rate()));
    vec![
        Row::new("list 60 of 10 000 conversations, 1 connection", shown(&one, 50))
            .against(sent(&bare_one), one.rate() / bare_one.rate())
            .within(
                "p50 0.3 ms; 11 600/s (50 times the peer)",
                one.ms(50) <= 0.3 && one.rate() >= 11_600.0,
            ),
        Row::new("the same, another page each time", shown(&unkept, 50))
            .against(
                format!("{} the raw statement", shown_ms(raw.ms(50))),
                unkept.ms(50) / raw.ms(50),
            )
            .within("p50 0.3 ms", unkept.ms(50) <= 0.3),
        Row::new("the same, 16 connections", shown(&many, 99))
            .against(sent(&bare_many), many.rate() / bare_many.rate())
            .within(
                "p99 10 ms; 19 200/s (100 times)",
                many.ms(99) <= 10.0 && many.rate() >= 19_200.0,
            ),
    ]
}

/// A page at the far end of a long list, against the first.
pub fn deep() -> Vec<Row> {
    let data = folder(LARGE);
    let server = Server::start(&data);
    let mut cursor = String::new();
    let mut passed = 0;
    while passed + 400 < LARGE.conversations {
        let page = once(server.port, &get(&format!("/api/v1/conversations?limit=200{cursor}")));
        cursor = format!("&cursor={}", page["next_cursor"].as_str().unwrap());
        passed += page["items"].as_array().unwrap().len();
    }
    let deep_page = get(&format!("/api/v1/conversations?limit={PAGE}{cursor}"));
    let (mut first, mut deep) = (Runs::default(), Runs::default());
    for _ in 0..RUNS {
        first.add(hammer(server.port, 1, &[first_page()], RUN));
        deep.add(hammer(server.port, 1, std::slice::from_ref(&deep_page), RUN));
    }
    server.stop();
    let ratio = deep.ms(50) / first.ms(50);
    vec![
        Row::new(format!("a page after {passed} conversations"), shown_ms(deep.ms(50)))
            .against(format!("{} the first page", shown_ms(first.ms(50))), ratio)
            .within("as fast as the first", ratio <= 1.2),
    ]
}

/// A conversation of 200 messages.
pub fn open() -> Vec<Row> {
    let data = folder(MEDIUM);
    let server = Server::start(&data);
    let request = long_conversation(MEDIUM);
    let items = once(server.port, &request)["items"].as_array().map(Vec::len);
    assert_eq!(json!(items), json!(LONG));
    let (mut ours, mut raw) = (Runs::default(), Runs::default());
    for _ in 0..RUNS {
        raw.add(raw_path(&data));
        ours.add(hammer(server.port, 1, std::slice::from_ref(&request), RUN));
    }
    server.stop();
    let shown = format!("{}, p50 {}", shown_rate(ours.rate()), shown_ms(ours.ms(50)));
    vec![
        Row::new("open a conversation of 200 messages", shown)
            .against(
                format!("{} the raw statement", shown_ms(raw.ms(50))),
                ours.ms(50) / raw.ms(50),
            )
            .within("1 890/s (30 times the peer)", ours.rate() >= 1_890.0),
    ]
}
