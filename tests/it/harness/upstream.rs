//! A model server on loopback that does what a test tells it: answers piece by piece when the test
//! lets it, fails in every way that servers fail, and remembers what it was asked. Chats take their
//! act from the script, in order; when the script is empty it answers `You said: <the question>`.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::dialect::{Dialect, Voice};
use super::eventually;

/// One thing that happens inside a streamed answer.
#[derive(Debug, Clone)]
pub enum Step {
    /// A piece of the answer.
    Text(String),
    /// A piece of the model's thinking.
    Thought(String),
    /// A call of a tool: its name and its arguments, JSON.
    Call(String, String),
    /// Bytes that may be anything.
    Raw(Vec<u8>),
    /// The proper end.
    Finish,
    /// The connection closes in the middle.
    Truncate,
    /// The connection is reset in the middle.
    Reset,
    /// Nothing more, until the client gives up.
    Hang,
}

/// What the server does with one chat request.
#[derive(Debug)]
pub enum Act {
    /// Streams an answer.
    Stream(UnboundedReceiver<Step>),
    /// Takes the request and says nothing.
    Hang,
    /// Takes the request and resets the connection.
    Reset,
    /// Answers with this status and, unless given, an error body of the dialect.
    Status { status: u16, headers: Vec<(String, String)>, body: Option<String> },
    /// Answers with these bytes in place of HTTP.
    Raw(Vec<u8>),
}

/// The hand that lets a paced answer go on.
#[derive(Debug, Clone)]
pub struct Pace(UnboundedSender<Step>);

impl Pace {
    /// The next piece.
    pub fn say(&self, text: &str) {
        self.step(Step::Text(text.to_owned()));
    }

    /// The proper end.
    pub fn finish(&self) {
        self.step(Step::Finish);
    }

    /// Any step.
    pub fn step(&self, step: Step) {
        let _ = self.0.send(step);
    }
}

impl Act {
    /// An answer that comes at once, in these pieces.
    pub fn answer(pieces: &[&str]) -> Self {
        let steps = pieces.iter().map(|&text| Step::Text(text.to_owned()));
        Self::steps(steps.chain([Step::Finish]))
    }

    /// An answer that calls a tool and ends.
    pub fn call(name: &str, arguments: &Value) -> Self {
        Self::steps([Step::Call(name.to_owned(), arguments.to_string()), Step::Finish])
    }

    /// These steps, at once.
    pub fn steps(steps: impl IntoIterator<Item = Step>) -> Self {
        let (act, pace) = Self::paced();
        steps.into_iter().for_each(|step| pace.step(step));
        act
    }

    /// An answer whose steps the test lets go one by one.
    pub fn paced() -> (Self, Pace) {
        let (sender, receiver) = unbounded_channel();
        (Self::Stream(receiver), Pace(sender))
    }

    /// Some text, and then this.
    pub fn text_then(text: &str, step: Step) -> Self {
        Self::steps([Step::Text(text.to_owned()), step])
    }

    /// An error of this status.
    pub fn status(status: u16) -> Self {
        Self::Status { status, headers: Vec::new(), body: None }
    }

    /// An error of this status with a header.
    pub fn status_with(status: u16, name: &str, value: &str) -> Self {
        Self::Status { status, headers: vec![(name.to_owned(), value.to_owned())], body: None }
    }

    /// A status with a body of its own.
    pub fn body(status: u16, content_type: &str, body: impl ToString) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self::Status { status, headers, body: Some(body.to_string()) }
    }
}

/// A request as it came.
#[derive(Debug)]
pub struct Seen {
    /// `/v1/chat/completions`
    pub path: String,
    /// Header names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body, `null` when there was none.
    pub body: Value,
    /// Whether the client closed before the answer was at its end.
    pub closed_early: AtomicBool,
}

impl Seen {
    /// Whether this was a question and not a look at the models.
    pub fn is_chat(&self) -> bool {
        ["/chat/completions", "/messages", "/api/chat"].iter().any(|end| self.path.ends_with(end))
    }

    /// Whether the client closed before the answer was at its end.
    pub fn was_closed_early(&self) -> bool {
        self.closed_early.load(Ordering::SeqCst)
    }
}

/// The scripted server.
#[derive(Debug)]
pub struct Upstream {
    dialect: Dialect,
    address: SocketAddr,
    stage: Arc<Stage>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
struct Stage {
    dialect: Dialect,
    script: Mutex<VecDeque<Act>>,
    lists: Mutex<VecDeque<Act>>,
    seen: Mutex<Vec<Arc<Seen>>>,
    open: AtomicUsize,
}

impl Upstream {
    /// Starts one on a free port.
    pub async fn start(dialect: Dialect) -> Self {
        Self::on(dialect, 0).await.unwrap()
    }

    /// An OpenAI-compatible one.
    pub async fn openai() -> Self {
        Self::start(Dialect::OpenAi).await
    }

    /// Starts one on this port, which may be taken.
    pub async fn on(dialect: Dialect, port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        let stage = Arc::new(Stage {
            dialect,
            script: Mutex::default(),
            lists: Mutex::default(),
            seen: Mutex::default(),
            open: AtomicUsize::new(0),
        });
        let shared = Arc::clone(&stage);
        let task = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let stage = Arc::clone(&shared);
                tokio::spawn(async move {
                    stage.open.fetch_add(1, Ordering::SeqCst);
                    // A client may leave at any moment; that is part of many tests.
                    let _ = stage.serve(connection).await;
                    stage.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Ok(Self { dialect, address, stage, task })
    }

    /// How it speaks.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The provider kind of our API.
    pub fn kind(&self) -> &'static str {
        self.dialect.kind()
    }

    /// The base URL a person would enter.
    pub fn base_url(&self) -> String {
        format!("http://{}{}", self.address, self.dialect.base())
    }

    /// Puts an act at the end of the script.
    pub fn then(&self, act: Act) -> &Self {
        self.stage.script.lock().unwrap().push_back(act);
        self
    }

    /// Puts a paced answer at the end of the script and gives the hand that lets it go on.
    pub fn paced(&self) -> Pace {
        let (act, pace) = Act::paced();
        self.then(act);
        pace
    }

    /// Lets the next look at the models meet this act.
    pub fn then_for_lists(&self, act: Act) -> &Self {
        self.stage.lists.lock().unwrap().push_back(act);
        self
    }

    /// Every chat that was asked, in order.
    pub fn chats(&self) -> Vec<Arc<Seen>> {
        self.requests().into_iter().filter(|seen| seen.is_chat()).collect()
    }

    /// Every request, in order.
    pub fn requests(&self) -> Vec<Arc<Seen>> {
        self.stage.seen.lock().unwrap().clone()
    }

    /// Waits until so many chats were asked, and gives the last of them.
    pub async fn chat(&self, count: usize) -> Arc<Seen> {
        eventually(&format!("{count} chats reach the model"), || async {
            self.chats().get(count - 1).cloned()
        })
        .await
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.stage.open.load(Ordering::SeqCst)
    }

    /// Stops listening; what is open goes on.
    pub fn close(&self) {
        self.task.abort();
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Stage {
    async fn serve(&self, mut connection: TcpStream) -> std::io::Result<()> {
        connection.set_nodelay(true)?;
        let Some(Request { path, headers, body }) = read_request(&mut connection).await? else {
            return Ok(());
        };
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let seen = Arc::new(Seen { path, headers, body, closed_early: AtomicBool::new(false) });
        let chat = seen.is_chat();
        let act = if chat { &self.script } else { &self.lists }.lock().unwrap().pop_front();
        self.seen.lock().unwrap().push(Arc::clone(&seen));
        match act {
            Some(act) => self.play(&mut connection, &seen, act).await,
            None if chat => {
                let said = format!("You said: {}", question(&seen.body));
                self.play(&mut connection, &seen, Act::answer(&[&said])).await
            }
            None => match self.dialect.tells(&seen.path, &seen.body) {
                Some(body) => {
                    whole(&mut connection, 200, "application/json", &body.to_string()).await
                }
                None => {
                    let body = self.dialect.error(404, "no such path");
                    whole(&mut connection, 404, "application/json", &body.to_string()).await
                }
            },
        }
    }

    async fn play(&self, connection: &mut TcpStream, seen: &Seen, act: Act) -> std::io::Result<()> {
        match act {
            Act::Hang => hang(connection, seen).await,
            Act::Reset => connection.set_zero_linger(),
            Act::Raw(bytes) => connection.write_all(&bytes).await,
            Act::Status { status, headers, body } => {
                let body = body.unwrap_or_else(|| {
                    self.dialect.error(status, "the scripted server says no").to_string()
                });
                let mut head = format!("HTTP/1.1 {status} Scripted\r\nConnection: close\r\n");
                head.push_str(&format!("Content-Length: {}\r\n", body.len()));
                if !headers.iter().any(|(name, _)| name == "content-type") {
                    head.push_str("Content-Type: application/json\r\n");
                }
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                connection.write_all(format!("{head}\r\n{body}").as_bytes()).await
            }
            Act::Stream(steps) => self.stream(connection, seen, steps).await,
        }
    }

    async fn stream(
        &self,
        connection: &mut TcpStream,
        seen: &Seen,
        mut steps: UnboundedReceiver<Step>,
    ) -> std::io::Result<()> {
        let mut voice = Voice::new(self.dialect, seen.body["model"].as_str().unwrap_or("?"));
        let streamed = seen.body["stream"].as_bool().unwrap_or(self.dialect == Dialect::Ollama);
        if !streamed {
            return self.at_once(connection, seen, &voice, steps).await;
        }
        let head = format!(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
            self.dialect.stream_type()
        );
        connection.write_all(head.as_bytes()).await?;
        chunk(connection, voice.opening().as_bytes()).await?;
        loop {
            let step = tokio::select! {
                step = steps.recv() => step.unwrap_or(Step::Hang),
                () = gone(connection) => {
                    seen.closed_early.store(true, Ordering::SeqCst);
                    return Ok(());
                }
            };
            let sent = match step {
                Step::Text(text) => chunk(connection, voice.text(&text).as_bytes()).await,
                Step::Thought(text) => chunk(connection, voice.thought(&text).as_bytes()).await,
                Step::Call(name, given) => {
                    chunk(connection, voice.call(&name, &given).as_bytes()).await
                }
                Step::Raw(bytes) => chunk(connection, &bytes).await,
                Step::Finish => {
                    chunk(connection, voice.closing().as_bytes()).await?;
                    return connection.write_all(b"0\r\n\r\n").await;
                }
                Step::Truncate => return Ok(()),
                Step::Reset => return connection.set_zero_linger(),
                Step::Hang => return hang(connection, seen).await,
            };
            if sent.is_err() {
                seen.closed_early.store(true, Ordering::SeqCst);
                return sent;
            }
        }
    }

    async fn at_once(
        &self,
        connection: &mut TcpStream,
        seen: &Seen,
        voice: &Voice,
        mut steps: UnboundedReceiver<Step>,
    ) -> std::io::Result<()> {
        let mut text = String::new();
        loop {
            match steps.recv().await {
                Some(Step::Text(piece)) => text.push_str(&piece),
                Some(Step::Thought(_) | Step::Call(..) | Step::Raw(_)) => {}
                Some(Step::Finish) => break,
                Some(Step::Truncate) => return Ok(()),
                Some(Step::Reset) => return connection.set_zero_linger(),
                Some(Step::Hang) | None => return hang(connection, seen).await,
            }
        }
        whole(connection, 200, "application/json", &voice.whole(&text).to_string()).await
    }
}

async fn hang(connection: &mut TcpStream, seen: &Seen) -> std::io::Result<()> {
    gone(connection).await;
    seen.closed_early.store(true, Ordering::SeqCst);
    Ok(())
}

/// Waits until the client has closed.
pub async fn gone(connection: &mut TcpStream) {
    let mut byte = [0; 256];
    while matches!(connection.read(&mut byte).await, Ok(count) if count > 0) {}
}

async fn chunk(connection: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let mut framed = format!("{:x}\r\n", bytes.len()).into_bytes();
    framed.extend_from_slice(bytes);
    framed.extend_from_slice(b"\r\n");
    connection.write_all(&framed).await
}

async fn whole(
    connection: &mut TcpStream,
    status: u16,
    content_type: &str,
    body: &str,
) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status} Scripted\r\nConnection: close\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all(format!("{head}{body}").as_bytes()).await
}

/// The text of the last question in a request of any dialect.
pub fn question(body: &Value) -> String {
    let last = body["messages"].as_array().and_then(|all| all.last()).cloned().unwrap_or_default();
    match &last["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("")
        }
        _ => String::new(),
    }
}

/// A request as it came over the wire.
#[derive(Debug)]
pub struct Request {
    /// Without the query.
    pub path: String,
    /// Header names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

/// Reads one request; `None` when the client left before its end.
pub async fn read_request(connection: &mut TcpStream) -> std::io::Result<Option<Request>> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if connection.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let path = first.nth(1).unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = bytes.split_off(head_end + 4);
    while body.len() < length {
        if connection.read_buf(&mut body).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(Request { path, headers, body }))
}
