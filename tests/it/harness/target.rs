//! A webhook's target on loopback that answers as a test tells it and remembers what it was sent, byte
//! for byte. When its script is empty it answers 200.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::upstream::{gone, read_request};
use super::{Server, eventually};

/// What the target does with one delivery.
#[derive(Debug, Clone)]
pub enum Does {
    /// Answers with a status, headers and a body.
    Answers(u16, Vec<(&'static str, String)>, String),
    /// Takes it and says nothing until the sender gives up.
    Hangs,
    /// Takes it and resets the connection.
    Resets,
    /// Answers with a status and a body that does not end.
    Floods(u16),
}

impl Does {
    /// Answers with a status.
    pub fn answers(status: u16) -> Self {
        Self::Answers(status, Vec::new(), String::new())
    }

    /// Answers with a status and a header.
    pub fn with(status: u16, name: &'static str, value: impl ToString) -> Self {
        Self::Answers(status, vec![(name, value.to_string())], String::new())
    }
}

/// A delivery as it came.
#[derive(Debug, Clone)]
pub struct Got {
    /// When.
    pub at: Instant,
    /// Header names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body as it was sent.
    pub body: String,
}

impl Got {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The name of the event.
    pub fn event(&self) -> String {
        self.json()["event"].as_str().unwrap().to_owned()
    }

    /// The id of the event.
    pub fn id(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }
}

/// The target.
#[derive(Debug)]
pub struct Target {
    address: SocketAddr,
    stage: Arc<Stage>,
    _task: tokio_util::task::AbortOnDropHandle<()>,
}

#[derive(Debug, Default)]
struct Stage {
    script: Mutex<VecDeque<Does>>,
    always: Mutex<Option<Does>>,
    got: Mutex<Vec<Got>>,
}

impl Target {
    /// One on a free port.
    pub async fn start() -> Self {
        Self::on(0).await
    }

    /// One on this port.
    pub async fn on(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stage = Arc::<Stage>::default();
        let shared = Arc::clone(&stage);
        let task = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let stage = Arc::clone(&shared);
                // A sender may leave at any moment.
                tokio::spawn(async move { stage.serve(connection).await.ok() });
            }
        });
        Self { address, stage, _task: tokio_util::task::AbortOnDropHandle::new(task) }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Puts this at the end of the script.
    pub fn then(&self, does: Does) -> &Self {
        self.stage.script.lock().unwrap().push_back(does);
        self
    }

    /// What it does when the script is empty; 200 with nothing.
    pub fn always(&self, does: Option<Does>) {
        *self.stage.always.lock().unwrap() = does;
    }

    /// Everything it was sent, in order.
    pub fn got(&self) -> Vec<Got> {
        self.stage.got.lock().unwrap().clone()
    }

    /// The names of the events it was sent, in order.
    pub fn events(&self) -> Vec<String> {
        self.got().iter().map(Got::event).collect()
    }

    /// Waits until it was sent so much, and gives the last.
    pub async fn nth(&self, count: usize) -> Got {
        let what = format!("{count} deliveries reach the target");
        eventually(&what, || async { self.got().get(count - 1).cloned() }).await
    }
}

impl Stage {
    async fn serve(&self, mut connection: TcpStream) -> std::io::Result<()> {
        let Some(request) = read_request(&mut connection).await? else { return Ok(()) };
        let does = self.script.lock().unwrap().pop_front();
        let does = does.or_else(|| self.always.lock().unwrap().clone());
        self.got.lock().unwrap().push(Got {
            at: Instant::now(),
            headers: request.headers,
            body: String::from_utf8(request.body).unwrap(),
        });
        match does.unwrap_or(Does::answers(200)) {
            Does::Answers(status, headers, body) => {
                let length = body.len();
                let mut head =
                    format!("HTTP/1.1 {status} Scripted\r\nContent-Length: {length}\r\n");
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                connection.write_all(format!("{head}\r\n{body}").as_bytes()).await
            }
            Does::Hangs => {
                gone(&mut connection).await;
                Ok(())
            }
            Does::Resets => connection.set_zero_linger(),
            Does::Floods(status) => {
                let head =
                    format!("HTTP/1.1 {status} Scripted\r\nTransfer-Encoding: chunked\r\n\r\n");
                connection.write_all(head.as_bytes()).await?;
                let piece = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
                loop {
                    connection.write_all(piece.as_bytes()).await?;
                }
            }
        }
    }
}

/// A webhook of the server under test.
#[derive(Debug, Clone)]
pub struct Hook {
    /// Its id.
    pub id: String,
    /// What its deliveries are signed with.
    pub secret: String,
}

impl Server {
    /// A server that may tell targets on loopback.
    pub fn telling() -> super::server::Plan {
        Self::with("ALLOWED_FETCH_HOSTS", "127.0.0.1")
    }

    /// Adds a webhook.
    pub async fn hook(&self, target: &Target, events: &[&str]) -> Hook {
        let new = json!({"url": target.url(), "events": events});
        let made = self.post("/webhooks", new).await.is(201);
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Hook { id: text("id"), secret: text("secret") }
    }

    /// A webhook as it is shown.
    pub async fn shown(&self, hook: &Hook) -> Value {
        self.get(&format!("/webhooks/{}", hook.id)).await.is(200)
    }

    /// The deliveries of a webhook in a state, newest first.
    pub async fn deliveries(&self, hook: &Hook, state: &str) -> Vec<Value> {
        let path = format!("/webhooks/{}/deliveries?limit=200&state={state}", hook.id);
        self.get(&path).await.is(200)["items"].as_array().unwrap().clone()
    }
}
