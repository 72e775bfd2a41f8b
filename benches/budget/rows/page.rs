//! What is downloaded: the executable once, the page on a first visit.

use std::collections::BTreeSet;

use crate::figure::{Row, shown_mb};
use crate::load::{Connection, alone, get};
use crate::server::Server;

/// The size of the executable.
pub fn size() -> Vec<Row> {
    let bytes = std::fs::metadata(env!("CARGO_BIN_EXE_inglenook")).unwrap().len();
    let row = Row::new("executable, all inside", shown_mb(bytes));
    vec![row.within("80 MB", bytes <= 80_000_000)]
}

/// The page and everything it names, as a browser with nothing kept fetches it.
pub fn load() -> Vec<Row> {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let (bytes, requests) = alone(fetch_all(server.port));
    server.stop();
    let shown = format!("{:.1} kB, {requests} requests", bytes as f64 / 1e3);
    let row = Row::new("cold page load, compressed, without what the API answers", shown);
    vec![row.within("150 kB, 12 requests", bytes <= 150_000 && requests <= 12)]
}

async fn fetch_all(port: u16) -> (usize, usize) {
    let mut connection = Connection::open(port).await;
    let (mut bytes, mut seen) = (0, BTreeSet::new());
    let mut open = vec!["/".to_owned()];
    while let Some(path) = open.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let plain = connection.ask(&get(&path)).await.body.to_vec();
        let head = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: br\r\n\r\n");
        bytes += connection.ask(head.as_bytes()).await.body.len();
        let text = String::from_utf8_lossy(&plain);
        let marks: &[&str] = match path.split(['?', '.']).nth(1) {
            None => &[" href=\"", " src=\""],
            Some("js") => &["from\"", "from \"", "import\"", "import \""],
            Some("css") => &["url(\"", "url("],
            Some(_) => &[],
        };
        for mark in marks {
            for rest in text.split(mark).skip(1) {
                let address = rest.split(['"', ')']).next().unwrap_or_default();
                if address.starts_with('/') && !address.starts_with("//") {
                    open.push(address.to_owned());
                }
            }
        }
    }
    (bytes, seen.len())
}
