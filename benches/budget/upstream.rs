//! A model server on loopback that speaks the OpenAI dialect and has its answer ready: so many tokens,
//! so many of them in a write, with a pause between writes. What it costs is measured by asking it
//! directly.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use memchr::memmem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The text of every token; nothing else that is sent contains it.
pub const TOKEN: &str = " hearth";
/// The model's name.
pub const MODEL: &str = "scripted";

/// What it answers.
#[derive(Debug, Default)]
pub struct Script {
    tokens: AtomicUsize,
    at_once: AtomicUsize,
    pause_us: AtomicU64,
}

/// The server, on a thread of its own.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Where it listens.
    pub port: u16,
    script: Arc<Script>,
}

impl Upstream {
    /// Starts it; it lives as long as the bench.
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let script = Arc::new(Script::default());
        let shared = Arc::clone(&script);
        std::thread::spawn(move || {
            crate::load::alone(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    // The other side leaves when it has what it wants.
                    tokio::task::spawn_local(serve(stream, Arc::clone(&shared)));
                }
            });
        });
        Self { port, script }
    }

    /// Answers from now on with so many tokens, `at_once` of them in a write, pausing between writes.
    pub fn says(&self, tokens: usize, at_once: usize, pause: Duration) {
        self.script.tokens.store(tokens, Ordering::Relaxed);
        self.script.at_once.store(at_once, Ordering::Relaxed);
        let pause = u64::try_from(pause.as_micros()).unwrap();
        self.script.pause_us.store(pause, Ordering::Relaxed);
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Script>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(64 * 1024);
    loop {
        let end = loop {
            if let Some(end) = memmem::find(&buffer, b"\r\n\r\n") {
                break end;
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
        let length = head.split("\r\ncontent-length:").nth(1).unwrap_or("0");
        let length: usize = length.lines().next().unwrap_or("0").trim().parse().unwrap_or(0);
        while buffer.len() < end + 4 + length {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        }
        buffer.drain(..end + 4 + length);
        if head.starts_with("post") {
            answer(&mut stream, &script).await?;
        } else {
            list(&mut stream).await?;
        }
    }
}

async fn list(stream: &mut TcpStream) -> std::io::Result<()> {
    let body = format!(r#"{{"object":"list","data":[{{"id":"{MODEL}","object":"model"}}]}}"#);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length:";
    stream.write_all(format!("{head} {}\r\n\r\n{body}", body.len()).as_bytes()).await
}

async fn answer(stream: &mut TcpStream, script: &Script) -> std::io::Result<()> {
    let tokens = script.tokens.load(Ordering::Relaxed);
    let at_once = script.at_once.load(Ordering::Relaxed);
    let pause = Duration::from_micros(script.pause_us.load(Ordering::Relaxed));
    let event = event(&format!(r#"{{"content":"{TOKEN}"}}"#), "null");
    let block = framed(&event.repeat(at_once));
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    // The first token comes alone, as a model's does.
    stream.write_all(framed(&event).as_bytes()).await?;
    let mut left = tokens.saturating_sub(1);
    while left > 0 {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        if left >= at_once {
            stream.write_all(block.as_bytes()).await?;
        } else {
            stream.write_all(framed(&event.repeat(left)).as_bytes()).await?;
        }
        left = left.saturating_sub(at_once);
    }
    let last = framed(&format!("{}data: [DONE]\n\n", self::event("{}", "\"stop\"")));
    stream.write_all(format!("{last}0\r\n\r\n").as_bytes()).await
}

fn event(delta: &str, finish: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\
         \"model\":\"{MODEL}\",\"choices\":[{{\"index\":0,\"delta\":{delta},\
         \"finish_reason\":{finish}}}]}}\n\n"
    )
}

fn framed(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}
