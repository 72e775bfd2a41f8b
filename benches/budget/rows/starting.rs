//! From the start of the process to the first page, and what the process costs while nobody asks.

use std::path::Path;
use std::time::Duration;

use crate::figure::{RUNS, Row, median, ms, shown_mb, shown_ms};
use crate::load::{get, hammer, once};
use crate::seed::{LARGE, folder};
use crate::server::Server;

/// How long idleness is watched.
const WATCHED: Duration = Duration::from_secs(30);

fn until_answered(server: Server, path: &str) -> f64 {
    once(server.port, &get(path));
    let took = ms(server.began.elapsed());
    server.stop();
    took
}

fn ours(data: &Path) -> f64 {
    until_answered(Server::start(data), "/")
}

/// From the start of the process to the first page.
pub fn start() -> Vec<Row> {
    let homes: Vec<_> = (0..RUNS).map(|_| tempfile::tempdir().unwrap()).collect();
    let large = folder(LARGE);
    let bytes = std::fs::metadata(large.join("inglenook.db")).unwrap().len();
    let (mut first, mut again, mut full, mut bare) = (vec![], vec![], vec![], vec![]);
    for home in &homes {
        bare.push(until_answered(Server::hello(), "/"));
        first.push(ours(home.path()));
        again.push(ours(home.path()));
        full.push(ours(&large));
    }
    let bare = median(bare);
    let row = |work: String, took: Vec<f64>| {
        let took = median(took);
        let yardstick = format!("{} a bare hyper server", shown_ms(bare));
        (Row::new(work, shown_ms(took)).against(yardstick, took / bare), took)
    };
    let (first, first_ms) = row("start to first page, first time ever".to_owned(), first);
    let (again, again_ms) = row("start to first page".to_owned(), again);
    let (full, full_ms) = row(format!("the same with a {} database", shown_mb(bytes)), full);
    vec![
        again.within("100 ms", again_ms <= 100.0),
        first.within("100 ms", first_ms <= 100.0),
        full.within("150 ms", full_ms <= 150.0),
    ]
}

/// Memory and processor time of a server that nobody asks anything.
pub fn idle() -> Vec<Row> {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path());
    let bare = Server::hello();
    for port in [server.port, bare.port] {
        hammer(port, 4, &[get("/")], Duration::from_millis(500));
    }
    std::thread::sleep(Duration::from_secs(2));
    let before = server.processor_ticks();
    let resident = median((0..RUNS).map(|_| {
        std::thread::sleep(WATCHED / RUNS as u32);
        server.resident_bytes() as f64
    }));
    // A tick is a hundredth of a second.
    let spent = (server.processor_ticks() - before) as f64 / WATCHED.as_secs_f64();
    let hello = bare.resident_bytes();
    bare.stop();
    server.stop();
    let row = Row::new("resident memory, idle, after some pages", shown_mb(resident as u64));
    let row =
        row.against(format!("{} a bare hyper server", shown_mb(hello)), resident / hello as f64);
    vec![
        row.within("40 MB", resident <= 40e6),
        Row::new("idle processor time", format!("{spent:.3} %")).within("0.1 %", spent < 0.1),
    ]
}
