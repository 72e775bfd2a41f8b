//! A server that does what a script says, byte by byte, faults included.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

/// One thing that the server does.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Send(Vec<u8>),
    Wait(u64),
    /// Waits for the client to close.
    Hang,
    /// Closes so that the client sees a reset.
    Reset,
}

/// What was asked: the request's head and body as text, and its number.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) n: usize,
    pub(crate) path: String,
    pub(crate) text: String,
}

pub(crate) struct Fake {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Asked>>>,
    /// Connections that the client closed while the server hung.
    left: Arc<AtomicUsize>,
    _server: AbortOnDropHandle<()>,
}

impl Fake {
    /// Every chat request gets the script's answer; a list of models gets `m1`.
    pub(crate) async fn chat(script: impl Fn(&Asked) -> Vec<Step> + Send + Sync + 'static) -> Self {
        Self::any(move |asked| {
            if asked.path.ends_with("/models") {
                return vec![json("200 OK", r#"{"object":"list","data":[{"id":"m1"}]}"#)];
            }
            script(asked)
        })
        .await
    }

    /// Every request gets the script's answer. Chat requests are counted from 0.
    pub(crate) async fn any(script: impl Fn(&Asked) -> Vec<Step> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (requests, left) = (Arc::default(), Arc::new(AtomicUsize::new(0)));
        let (seen, gone) = (Arc::clone(&requests), Arc::clone(&left));
        let script = Arc::new(script);
        let tasks = TaskTracker::new();
        let server = tasks.clone().spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (script, seen) = (Arc::clone(&script), Arc::clone(&seen));
                let gone = Arc::clone(&gone);
                tasks.spawn(async move { serve(socket, &*script, &seen, &gone).await });
            }
        });
        Self { url, requests, left, _server: AbortOnDropHandle::new(server) }
    }

    /// How many questions came.
    pub(crate) fn questions(&self) -> usize {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter(|asked| is_question(&asked.path)).count()
    }

    /// The newest question.
    pub(crate) fn last(&self) -> Asked {
        let requests = self.requests.lock().unwrap();
        requests.iter().rev().find(|asked| is_question(&asked.path)).unwrap().clone()
    }

    pub(crate) fn count(&self, path: &str) -> usize {
        self.requests.lock().unwrap().iter().filter(|asked| asked.path == path).count()
    }

    pub(crate) fn left(&self) -> usize {
        self.left.load(Ordering::SeqCst)
    }
}

fn is_question(path: &str) -> bool {
    let ends =
        ["/chat/completions", "/v1/messages", "/api/chat", "/embeddings", "/api/embed", "/rerank"];
    ends.iter().any(|end| path.ends_with(end))
}

async fn serve(
    mut socket: TcpStream,
    script: &(dyn Fn(&Asked) -> Vec<Step> + Send + Sync),
    seen: &Mutex<Vec<Asked>>,
    gone: &AtomicUsize,
) {
    let Some(text) = read_request(&mut socket).await else { return };
    let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
    let asked = {
        let mut seen = seen.lock().unwrap();
        let n = seen.iter().filter(|asked| is_question(&asked.path)).count();
        let asked = Asked { n, path, text };
        seen.push(asked.clone());
        asked
    };
    for step in script(&asked) {
        match step {
            Step::Send(bytes) => {
                if socket.write_all(&bytes).await.is_err() {
                    gone.fetch_add(1, Ordering::SeqCst);
                    return;
                }
            }
            Step::Wait(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            Step::Hang => {
                let mut rest = [0; 64];
                while matches!(socket.read(&mut rest).await, Ok(1..)) {}
                gone.fetch_add(1, Ordering::SeqCst);
                return;
            }
            Step::Reset => {
                socket.set_zero_linger().unwrap();
                return;
            }
        }
    }
    let _ = socket.shutdown().await;
}

async fn read_request(socket: &mut TcpStream) -> Option<String> {
    let mut all = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&all).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(0, |(_, value)| value.trim().parse().unwrap());
            if body.len() >= length {
                return Some(text);
            }
        }
        let mut more = [0; 4096];
        match socket.read(&mut more).await {
            Ok(n) if n > 0 => all.extend_from_slice(&more[..n]),
            _ => return None,
        }
    }
}

pub(crate) fn send(text: impl Into<String>) -> Step {
    Step::Send(text.into().into_bytes())
}

/// A whole answer, closed after it.
pub(crate) fn reply(status: &str, headers: &str, body: &str) -> Step {
    let length = body.len();
    send(format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    ))
}

pub(crate) fn json(status: &str, body: &str) -> Step {
    reply(status, "content-type: application/json\r\n", body)
}

/// The head of a stream that ends when the connection closes.
pub(crate) fn stream_head() -> Step {
    send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
}

pub(crate) fn piece(text: &str) -> Step {
    let text = serde_json::to_string(text).unwrap();
    send(format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{text}}},\"finish_reason\":null}}]}}\n\n"
    ))
}

pub(crate) fn finish() -> Step {
    send(
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":5}}\n\ndata: [DONE]\n\n",
    )
}

/// A good answer of a few pieces.
pub(crate) fn good() -> Vec<Step> {
    vec![stream_head(), piece("Hello"), piece(", "), piece("world."), finish()]
}
