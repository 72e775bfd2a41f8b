//! A server of tools over HTTP whose answers break off: `resumes` goes on when it is asked for the rest, `never`
//! only says that it will, and `breaks` breaks off again.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::upstream::read_request;

/// The server.
#[derive(Debug)]
pub struct Halting {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    _task: tokio_util::task::AbortOnDropHandle<()>,
}

impl Halting {
    /// One on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let shared = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let asked = Arc::clone(&shared);
                // A client may leave at any moment.
                tokio::spawn(async move { serve(connection, &asked).await.ok() });
            }
        });
        Self { port, asked, _task: tokio_util::task::AbortOnDropHandle::new(task) }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/mcp", self.port)
    }

    /// The places after which it was asked to go on, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(mut connection: TcpStream, asked: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let Some(request) = read_request(&mut connection).await? else { return Ok(()) };
    let Ok(message) = serde_json::from_slice::<Value>(&request.body) else {
        let Some(place) = request.headers.get("last-event-id") else {
            return say(&mut connection, "405 None", "text/plain", "").await;
        };
        asked.lock().unwrap().push(place.clone());
        let events = match place.split_once('-') {
            Some(("resumes", id)) => format!("data: {}\n\n", text(id, "after the break")),
            Some(("breaks", _)) => return begin(&mut connection, place).await,
            // It is over at once, and may be asked again without a wait.
            _ => format!("id: {place}\nretry: 0\ndata:\n\n"),
        };
        return say(&mut connection, "200 OK", "text/event-stream", &events).await;
    };
    let id = &message["id"];
    let result = match message["method"].as_str().unwrap_or_default() {
        "initialize" => json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
            "serverInfo": {"name": "halting", "version": "1"}}),
        "tools/list" => {
            let tool = |name: &str| {
                json!({"name": name, "description": "It breaks off", "inputSchema": {"type": "object"},
                    "annotations": {"readOnlyHint": true}})
            };
            json!({"tools": [tool("resumes"), tool("never"), tool("breaks")]})
        }
        "tools/call" => {
            let tool = message["params"]["name"].as_str().unwrap_or_default();
            return begin(&mut connection, &format!("{tool}-{id}")).await;
        }
        _ => return say(&mut connection, "202 Accepted", "text/plain", "").await,
    };
    let answer = json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string();
    say(&mut connection, "200 OK", "application/json", &answer).await
}

/// Begins an answer: its head promises more than comes.
async fn begin(to: &mut TcpStream, place: &str) -> std::io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9000\r\n\r\n";
    to.write_all(format!("{head}id: {place}\nretry: 0\ndata:\n\n").as_bytes()).await
}

fn text(id: &str, text: &str) -> String {
    let id: Value = serde_json::from_str(id).unwrap_or_default();
    let content = json!([{"type": "text", "text": text}]);
    json!({"jsonrpc": "2.0", "id": id, "result": {"content": content}}).to_string()
}

async fn say(to: &mut TcpStream, status: &str, kind: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    to.write_all(format!("{head}{body}").as_bytes()).await
}
