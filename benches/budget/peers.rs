//! Redis and NATS as yardsticks, where the system has them: their servers as processes of their own,
//! asked in their own protocols.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::figure::Run;
use crate::load::alone;
use crate::wire::Reader;

/// What is said, of the length of the messages that our own bus is given.
const SAID: &str =
    r#"{"goal":"Summarise what was decided","step":7,"from":"sender-0","type":"task"}"#;

/// A process that ends with its value.
#[derive(Debug)]
struct Peer {
    child: Child,
    port: u16,
    _home: TempDir,
}

impl Peer {
    fn start(name: &str, arguments: impl FnOnce(u16, &TempDir) -> Vec<String>) -> Option<Self> {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(name);
        command.args(arguments(port, &home)).current_dir(home.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().ok()?;
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(5), "{name} does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(Self { child, port, _home: home })
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection whose lines are looked at.
#[derive(Debug)]
pub struct Lines {
    stream: TcpStream,
    buffer: Vec<u8>,
    from: usize,
    /// What a line begins with that says a message came.
    mark: &'static [u8],
}

impl Lines {
    async fn open(port: u16, mark: &'static [u8]) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::with_capacity(1024), from: 0, mark }
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    async fn line(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.buffer[self.from..]) {
                let line = self.buffer[self.from..self.from + end].to_vec();
                self.from += end + 1;
                return Some(line);
            }
            self.buffer.drain(..self.from);
            self.from = 0;
            if self.stream.read_buf(&mut self.buffer).await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }
}

impl Reader for Lines {
    async fn message(&mut self) -> bool {
        loop {
            match self.line().await {
                None => return false,
                Some(line) if line.starts_with(self.mark) => return true,
                Some(_) => {}
            }
        }
    }
}

/// A publisher of one of them.
#[derive(Debug)]
pub struct Publisher {
    lines: Lines,
    request: Vec<u8>,
}

impl Publisher {
    /// Says it to everybody who listens.
    pub async fn publish(&mut self) {
        self.lines.write(&self.request).await;
    }
}

/// A Redis server.
#[derive(Debug)]
pub struct Redis(Peer);

impl Redis {
    /// Starts one; it syncs every command when it is to keep anything.
    pub fn start(durable: bool) -> Option<Self> {
        let keep = if durable { "yes" } else { "no" };
        let peer = Peer::start("redis-server", |port, _| {
            let words = [
                "--port",
                &port.to_string(),
                "--save",
                "",
                "--appendonly",
                keep,
                "--appendfsync",
                "always",
            ];
            words.map(str::to_owned).to_vec()
        });
        peer.map(Self)
    }

    /// So many connections append to streams of their own, each as soon as it has its answer.
    pub fn append(&self, senders: usize, time: Duration) -> Run {
        alone(async {
            let began = Instant::now();
            let mut workers = Vec::new();
            for n in 0..senders {
                let mut lines = Lines::open(self.0.port, b"$").await;
                let key = format!("reader-{n}");
                let request = format!(
                    "*5\r\n$4\r\nXADD\r\n${}\r\n{key}\r\n$1\r\n*\r\n$1\r\nm\r\n${}\r\n{SAID}\r\n",
                    key.len(),
                    SAID.len()
                );
                workers.push(tokio::task::spawn_local(async move {
                    let mut times = Vec::new();
                    while began.elapsed() < time {
                        let asked = Instant::now();
                        lines.write(request.as_bytes()).await;
                        assert!(lines.line().await.unwrap().starts_with(b"$"));
                        lines.line().await.unwrap();
                        times.push(asked.elapsed());
                    }
                    times
                }));
            }
            let mut times = Vec::new();
            for worker in workers {
                times.extend(worker.await.unwrap());
            }
            Run::new(times, began.elapsed())
        })
    }

    /// Connections that listen.
    pub async fn subscribers(&self, count: usize) -> Vec<Lines> {
        let mut all = Vec::new();
        for _ in 0..count {
            let mut lines = Lines::open(self.0.port, b"$7\r").await;
            lines.write(b"SUBSCRIBE ch\r\n").await;
            while lines.line().await.unwrap() != b":1\r" {}
            all.push(lines);
        }
        all
    }

    /// A connection that speaks.
    pub async fn publisher(&self) -> Publisher {
        let lines = Lines::open(self.0.port, b"").await;
        let request = format!("*3\r\n$7\r\nPUBLISH\r\n$2\r\nch\r\n${}\r\n{SAID}\r\n", SAID.len());
        Publisher { lines, request: request.into_bytes() }
    }
}

/// A NATS server.
#[derive(Debug)]
pub struct Nats(Peer);

impl Nats {
    /// Starts one.
    pub fn start() -> Option<Self> {
        let peer = Peer::start("nats-server", |port, _| {
            ["-a", "127.0.0.1", "-p", &port.to_string()].map(str::to_owned).to_vec()
        });
        peer.map(Self)
    }

    /// Connections that listen.
    pub async fn subscribers(&self, count: usize) -> Vec<Lines> {
        let mut all = Vec::new();
        for _ in 0..count {
            let mut lines = Lines::open(self.0.port, b"MSG ").await;
            lines.write(b"CONNECT {\"verbose\":false}\r\nSUB ch 1\r\nPING\r\n").await;
            while lines.line().await.unwrap() != b"PONG\r" {}
            all.push(lines);
        }
        all
    }

    /// A connection that speaks.
    pub async fn publisher(&self) -> Publisher {
        let mut lines = Lines::open(self.0.port, b"").await;
        lines.write(b"CONNECT {\"verbose\":false}\r\n").await;
        let request = format!("PUB ch {}\r\n{SAID}\r\n", SAID.len());
        Publisher { lines, request: request.into_bytes() }
    }
}
