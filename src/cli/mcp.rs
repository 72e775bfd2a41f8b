//! `inglenook mcp`: what an MCP client writes line by line goes to the running server, and what that
//! answers comes back line by line. Nothing is decided here; a message is only looked at for the
//! headers that it needs on its way.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Stdout};
use tokio::sync::Mutex;
use tokio::task::{AbortHandle, JoinSet};

use super::{exit, say};
use crate::net::{Error, OwnAnswer, OwnServer};

/// Said when there is nobody to carry messages to.
pub const NOT_RUNNING: &str = "Inglenook is not running; start it with: inglenook";

const PATH: &str = "/mcp";
const SESSION: &str = "mcp-session-id";
const VERSION: &str = "mcp-protocol-version";
/// Where a request without a session says which revision it speaks.
const META_VERSION: &str = "/params/_meta/io.modelcontextprotocol~1protocolVersion";
/// What tells the server that a session's client is ready.
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
/// JSON-RPC: this is no JSON.
const PARSE_ERROR: i32 = -32_700;
/// JSON-RPC: it was not done, and not for the request's sake.
const INTERNAL_ERROR: i32 = -32_603;

/// Carries messages between standard input and output and the server that `find` finds, until the
/// input ends; the exit code.
pub async fn carry<F>(find: F) -> u8
where
    F: Fn() -> Result<OwnServer, String> + Send + Sync + 'static,
{
    let line = match Line::open(find).await {
        Ok(line) => Arc::new(line),
        Err(message) => {
            say::error(&message);
            return exit::FAILED;
        }
    };
    let mut input = BufReader::new(tokio::io::stdin()).lines();
    let mut under_way = JoinSet::new();
    let mut by_id: HashMap<String, AbortHandle> = HashMap::new();
    while let Ok(Some(text)) = input.next_line().await {
        if text.trim().is_empty() {
            continue;
        }
        while under_way.try_join_next().is_some() {}
        by_id.retain(|_, call| !call.is_finished());
        let Ok(message) = serde_json::from_str::<Value>(&text) else {
            line.fail(&Value::Null, PARSE_ERROR, "this line is not JSON").await;
            continue;
        };
        let message = Message { text: text.into(), json: message };
        match (message.method(), message.id()) {
            // What follows needs the session that this opens.
            ("initialize", _) => line.take(&message).await,
            ("", _) | (_, None) => {
                line.take(&message).await;
                let cancelled = message.json.pointer("/params/requestId");
                if let Some(id) =
                    cancelled.filter(|_| message.method() == "notifications/cancelled")
                    && let Some(call) = by_id.remove(&id.to_string())
                {
                    call.abort();
                }
            }
            (_, Some(id)) => {
                let (id, line) = (id.to_string(), Arc::clone(&line));
                let call = under_way.spawn(async move { line.take(&message).await });
                by_id.insert(id, call);
            }
        }
    }
    while under_way.join_next().await.is_some() {}
    line.close().await;
    exit::DONE
}

/// One message as it was written.
struct Message {
    text: Bytes,
    json: Value,
}

impl Message {
    fn method(&self) -> &str {
        self.json["method"].as_str().unwrap_or_default()
    }

    fn id(&self) -> Option<&Value> {
        self.json.get("id").filter(|id| !id.is_null())
    }

    /// The revision it speaks when it needs no session.
    fn version(&self) -> Option<&str> {
        self.json.pointer(META_VERSION).and_then(Value::as_str)
    }

    fn headers(&self, session: &Session) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let both = HeaderValue::from_static("application/json, text/event-stream");
        headers.insert(ACCEPT, both);
        let mut say = |name: &'static str, value: &str| {
            let plain =
                Some(value).filter(|value| value.bytes().all(|b| (0x21..0x7f).contains(&b)));
            let spelled = plain.map_or_else(
                || format!("=?base64?{}?=", base64::prelude::BASE64_STANDARD.encode(value)),
                str::to_owned,
            );
            if let Ok(value) = HeaderValue::from_str(&spelled) {
                headers.insert(name, value);
            }
        };
        if !self.method().is_empty() {
            say("mcp-method", self.method());
        }
        let name = match self.method() {
            "tools/call" | "prompts/get" => self.json.pointer("/params/name"),
            "resources/read" | "resources/subscribe" | "resources/unsubscribe" => {
                self.json.pointer("/params/uri")
            }
            _ => None,
        };
        if let Some(name) = name.and_then(Value::as_str) {
            say("mcp-name", name);
        }
        let opens = self.method() == "initialize";
        match (self.version(), session) {
            (Some(version), _) => say(VERSION, version),
            (None, Session { id: Some(id), version, .. }) if !opens => {
                say(SESSION, id);
                if let Some(version) = version {
                    say(VERSION, version);
                }
            }
            _ => {}
        }
        headers
    }
}

/// What is known of the session, if the client opened one.
#[derive(Clone, Default)]
struct Session {
    id: Option<String>,
    version: Option<String>,
    /// What it was opened with, so that a server that was started anew can be given it again.
    opening: Option<Bytes>,
}

/// The line to the server.
struct Line<F> {
    find: F,
    now: Mutex<Now>,
    output: Mutex<Stdout>,
}

struct Now {
    server: Arc<OwnServer>,
    session: Session,
    /// Grows whenever the server was found again.
    found: u64,
}

/// Why a message was not taken.
enum Trouble {
    /// The server or the session is not there any more; it is worth finding it again.
    Gone(String),
    /// It was refused, or its answer broke off.
    Refused(String),
    /// It was refused in the protocol's own form.
    Told(String),
}

impl Trouble {
    fn why(self) -> String {
        match self {
            Self::Gone(why) | Self::Refused(why) | Self::Told(why) => why,
        }
    }
}

impl<F: Fn() -> Result<OwnServer, String>> Line<F> {
    async fn open(find: F) -> Result<Self, String> {
        let server = find()?;
        let there = server.ask(Method::GET, "/auth/session", None).await;
        there.map_err(|_| NOT_RUNNING.to_owned())?;
        let now = Now { server: Arc::new(server), session: Session::default(), found: 0 };
        Ok(Self { find, now: Mutex::new(now), output: Mutex::new(tokio::io::stdout()) })
    }

    /// Carries a message there and what it is answered back.
    async fn take(&self, message: &Message) {
        let (server, session, found) = self.now().await;
        let told = match self.try_take(&server, &session, message).await {
            Err(Trouble::Gone(_)) => match self.find_again(found).await {
                Ok(()) => {
                    let (server, session, _) = self.now().await;
                    self.try_take(&server, &session, message).await
                }
                Err(message) => Err(Trouble::Gone(message)),
            },
            told => told,
        };
        let Err(trouble) = told else { return };
        let asked = message.id().filter(|_| !message.method().is_empty());
        match (trouble, asked) {
            (Trouble::Told(text), Some(_)) => self.say(text.as_bytes()).await,
            (trouble, Some(id)) => self.fail(id, INTERNAL_ERROR, &trouble.why()).await,
            (trouble, None) => say::error(&trouble.why()),
        }
    }

    async fn now(&self) -> (Arc<OwnServer>, Session, u64) {
        let now = self.now.lock().await;
        (Arc::clone(&now.server), now.session.clone(), now.found)
    }

    async fn try_take(
        &self,
        server: &OwnServer,
        session: &Session,
        message: &Message,
    ) -> Result<(), Trouble> {
        let answer = ask(server, session, message).await?;
        if answer.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")) {
            let opened = answer.header(SESSION).map(str::to_owned);
            let broke_off =
                |error: Error| Trouble::Refused(format!("the answer broke off: {}", error.root()));
            let mut events = answer.events();
            while let Some((_, data)) = events.next().await.map_err(broke_off)? {
                if message.method() == "initialize" {
                    self.opened(opened.as_deref(), message, data.as_bytes()).await;
                }
                self.say(data.as_bytes()).await;
            }
            return Ok(());
        }
        let text = answer.text().await;
        let text = text.map_err(|error| Trouble::Refused(error.root()))?;
        self.say(text.as_bytes()).await;
        Ok(())
    }

    /// Remembers the session that an answer opened.
    async fn opened(&self, id: Option<&str>, message: &Message, answer: &[u8]) {
        let version = version_of(answer);
        if version.is_some() {
            let (id, opening) = (id.map(str::to_owned), Some(message.text.clone()));
            self.now.lock().await.session = Session { id, version, opening };
        }
    }

    /// Finds the server again, which was started anew, and opens the session again there.
    async fn find_again(&self, found: u64) -> Result<(), String> {
        let mut now = self.now.lock().await;
        if now.found != found {
            return Ok(());
        }
        let server = (self.find)()?;
        let mut session = Session { opening: now.session.opening.clone(), ..Session::default() };
        if let Some(opening) = &session.opening {
            let json = serde_json::from_slice(opening).unwrap_or_default();
            let message = Message { text: opening.clone(), json };
            let answer = ask(&server, &Session::default(), &message).await.map_err(Trouble::why)?;
            session.id = answer.header(SESSION).map(str::to_owned);
            let mut events = answer.events();
            let mut version = None;
            while let Some((_, data)) = events.next().await.map_err(|error| error.root())? {
                version = version_of(data.as_bytes()).or(version);
            }
            session.version = version;
            let json = serde_json::from_str(INITIALIZED).unwrap_or_default();
            let ready = Message { text: Bytes::from_static(INITIALIZED.as_bytes()), json };
            ask(&server, &session, &ready).await.map_err(Trouble::why)?;
        }
        *now = Now { server: Arc::new(server), session, found: found + 1 };
        Ok(())
    }

    /// Ends the session.
    async fn close(&self) {
        let (server, session, _) = self.now().await;
        if session.id.is_some() {
            let message = Message { text: Bytes::new(), json: Value::Null };
            let headers = message.headers(&session);
            // The server ends it by itself as well, only later.
            let _ = server.send(Method::DELETE, PATH, headers, Bytes::new()).await;
        }
    }

    /// Answers a request that did not get through.
    async fn fail(&self, id: &Value, code: i32, message: &str) {
        let error =
            json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } });
        self.say(error.to_string().as_bytes()).await;
    }

    /// Writes a line; what is empty only began a stream.
    async fn say(&self, text: &[u8]) {
        if text.is_empty() {
            return;
        }
        let mut line = text.to_owned();
        line.push(b'\n');
        let mut output = self.output.lock().await;
        // A closed pipe is the reader's choice; the input ends with it.
        let written = output.write_all(&line).await;
        if written.is_ok() {
            let _ = output.flush().await;
        }
    }
}

/// The revision that the answer to `initialize` settles.
fn version_of(answer: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    answer["result"]["protocolVersion"].as_str().map(str::to_owned)
}

/// Sends a message; what is refused in the protocol's own form is an answer.
async fn ask(
    server: &OwnServer,
    session: &Session,
    message: &Message,
) -> Result<OwnAnswer, Trouble> {
    let sent =
        server.send(Method::POST, PATH, message.headers(session), message.text.clone()).await;
    let answer = sent.map_err(|error| {
        Trouble::Gone(format!("Inglenook does not answer ({}); is it running?", error.root()))
    })?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let text = answer.text().await.unwrap_or_default();
    let json: Value = serde_json::from_str(&text).unwrap_or_default();
    if json["jsonrpc"].is_string() {
        return Err(Trouble::Told(text));
    }
    let said = json["error"].as_str().unwrap_or("the server did not understand").to_owned();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND => Err(Trouble::Gone(said)),
        _ => Err(Trouble::Refused(said)),
    }
}
