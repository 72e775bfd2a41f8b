//! What a hundred times the history costs: the list, an open conversation, a search, and memory.

use std::time::Duration;

use super::lists::{first_page, long_conversation};
use super::searching::search;
use crate::figure::{RUNS, Row, Runs, shown_mb, shown_ms};
use crate::load::hammer;
use crate::seed::{LARGE, SMALL, folder};
use crate::server::Server;
use crate::words::Words;

/// 1 000 conversations against 100 000.
pub fn growth() -> Vec<Row> {
    let (small, large) = (Server::start(&folder(SMALL)), Server::start(&folder(LARGE)));
    let words = Words::new();
    let find: Vec<_> =
        [0, 300, 9_000].map(|rank| search(&format!("{} ", words.of_rank(rank)))).into();
    let cases = [
        ("list 60", vec![first_page()], vec![first_page()]),
        ("open 200 messages", vec![long_conversation(SMALL)], vec![long_conversation(LARGE)]),
        ("search a common, a middling, a rare word", find.clone(), find),
    ];
    let mut rows = Vec::new();
    for (name, few, many) in cases {
        let (mut less, mut more) = (Runs::default(), Runs::default());
        for _ in 0..RUNS {
            less.add(hammer(small.port, 1, &few, Duration::from_secs(1)));
            more.add(hammer(large.port, 1, &many, Duration::from_secs(1)));
        }
        let ratio = more.ms(50) / less.ms(50);
        rows.push(
            Row::new(format!("growth: {name}, 100 000 conversations"), shown_ms(more.ms(50)))
                .against(format!("{} with 1 000", shown_ms(less.ms(50))), ratio)
                .within("1.5 times", ratio <= 1.5),
        );
    }
    std::thread::sleep(Duration::from_secs(1));
    let (less, more) = (small.resident_bytes(), large.resident_bytes());
    small.stop();
    large.stop();
    let ratio = more as f64 / less as f64;
    rows.push(
        Row::new("growth: resident memory after that, 100 000 conversations", shown_mb(more))
            .against(format!("{} with 1 000", shown_mb(less)), ratio)
            .within("1.5 times", ratio <= 1.5),
    );
    rows
}
