//! A client that costs as little as possible, since it shares the processor with what it measures:
//! requests are bytes made beforehand, answers are looked at no further than their length.

use std::sync::Arc;
use std::time::{Duration, Instant};

use memchr::memmem;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::figure::Run;

/// Room for the longest answers at once, so that reading needs few calls.
const BUFFER: usize = 256 * 1024;

/// One kept connection.
#[derive(Debug)]
pub struct Connection {
    /// The socket, for answers that are streams.
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer that has come whole.
#[derive(Debug)]
pub struct Answer<'a> {
    /// Its bytes.
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(self.body).unwrap_or_default()
    }
}

impl Connection {
    /// Connects to loopback.
    pub async fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::with_capacity(BUFFER) }
    }

    /// Sends a request and reads its answer, which must be a good one.
    pub async fn ask(&mut self, request: &[u8]) -> Answer<'_> {
        self.stream.write_all(request).await.unwrap();
        self.buffer.clear();
        let (status, from, to) = loop {
            self.more().await;
            let Some(end) = memmem::find(&self.buffer, b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&self.buffer[..end]).unwrap();
            let status: u16 = head[9..12].parse().unwrap();
            let length = head.split("\r\ncontent-length: ").nth(1).unwrap_or("0");
            let length: usize = length.split('\r').next().unwrap().parse().unwrap();
            break (status, end + 4, end + 4 + length);
        };
        while self.buffer.len() < to {
            self.more().await;
        }
        let body = &self.buffer[from..to];
        assert!(status < 300, "answered {status}: {}", String::from_utf8_lossy(body));
        Answer { body }
    }

    async fn more(&mut self) {
        let read = self.stream.read_buf(&mut self.buffer).await.unwrap();
        assert!(read > 0, "the server closed the connection");
    }
}

/// A GET of the API or the page.
pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").into_bytes()
}

/// The same request with one header more.
pub fn with(request: &[u8], name: &str, value: &str) -> Vec<u8> {
    let end = memmem::find(request, b"\r\n").unwrap();
    let header = format!("\r\n{name}: {value}");
    [&request[..end], header.as_bytes(), &request[end..]].concat()
}

/// A DELETE of the API.
pub fn delete(path: &str) -> Vec<u8> {
    format!("DELETE {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").into_bytes()
}

/// A POST of JSON.
pub fn post(path: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Runs a future on this thread alone, which leaves the other cores to the server.
pub fn alone<F: Future>(work: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, work)
}

/// Asks one thing once.
pub fn once(port: u16, request: &[u8]) -> Value {
    alone(async { Connection::open(port).await.ask(request).await.json() })
}

/// So many connections ask the requests in turn, each as soon as it has its answer, for so long.
pub fn hammer(port: u16, connections: usize, requests: &[Vec<u8>], time: Duration) -> Run {
    let requests: Arc<[Vec<u8>]> = requests.into();
    alone(async move {
        let mut open = Vec::new();
        for _ in 0..connections {
            let mut connection = Connection::open(port).await;
            connection.ask(&requests[0]).await;
            open.push(connection);
        }
        let began = Instant::now();
        let workers = open.into_iter().enumerate().map(|(first, mut connection)| {
            let requests = Arc::clone(&requests);
            tokio::task::spawn_local(async move {
                let mut times = Vec::with_capacity(1 << 16);
                for request in requests.iter().cycle().skip(first) {
                    let asked = Instant::now();
                    connection.ask(request).await;
                    times.push(asked.elapsed());
                    if began.elapsed() > time {
                        break;
                    }
                }
                times
            })
        });
        let workers: Vec<_> = workers.collect();
        let mut times = Vec::new();
        for worker in workers {
            times.extend(worker.await.unwrap());
        }
        Run::new(times, began.elapsed())
    })
}

/// One connection asks each request once.
pub fn each(port: u16, requests: &[Vec<u8>]) -> Vec<Duration> {
    alone(async {
        let mut connection = Connection::open(port).await;
        let mut times = Vec::with_capacity(requests.len());
        for request in requests {
            let asked = Instant::now();
            connection.ask(request).await;
            times.push(asked.elapsed());
        }
        times
    })
}
