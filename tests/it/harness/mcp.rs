//! MCP clients: the official one over both transports, and bare requests for what it would not send.

use std::process::Stdio;

use reqwest::{Method, RequestBuilder};
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, Implementation,
    ProtocolVersion,
};
use rmcp::service::RunningService;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientLifecycleMode, ClientServiceExt as _, RoleClient};
use serde_json::{Value, json};

use super::people::Person;
use super::process::{self, Finished};
use super::{Server, in_time};

/// The official client, connected.
pub type Client = RunningService<RoleClient, ClientConfig>;

/// Which revision a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revision {
    /// 2025-11-25, with a session
    Sessions,
    /// 2026-07-28, without
    Stateless,
}

/// Both.
pub const REVISIONS: [Revision; 2] = [Revision::Sessions, Revision::Stateless];

impl Revision {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sessions => "2025-11-25",
            Self::Stateless => "2026-07-28",
        }
    }

    fn lifecycle(self) -> ClientLifecycleMode {
        match self {
            Self::Sessions => ClientLifecycleMode::Initialize,
            Self::Stateless => ClientLifecycleMode::Discover {
                preferred_versions: vec![ProtocolVersion::V_2026_07_28],
            },
        }
    }
}

fn config() -> ClientConfig {
    ClientConfig::new(ClientCapabilities::default(), Implementation::new("a test", "1"))
}

/// A tool's result, whether it is an error, as JSON.
pub fn result(result: &CallToolResult) -> (bool, Value) {
    let text = result.content[0].as_text().unwrap().text.clone();
    let structured = result.structured_content.clone().unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), structured, "both say the same");
    (result.is_error == Some(true), structured)
}

/// Calls a tool.
pub async fn call(client: &Client, tool: &'static str, arguments: Value) -> (bool, Value) {
    let mut wanted = CallToolRequestParams::new(tool);
    wanted.arguments = arguments.as_object().cloned();
    result(&in_time(tool, client.call_tool(wanted)).await.unwrap())
}

/// The names of the tools that a client is shown, sorted.
pub async fn tools(client: &Client) -> Vec<String> {
    let tools = in_time("the tools", client.list_all_tools()).await.unwrap();
    let mut names: Vec<_> = tools.into_iter().map(|tool| tool.name.into_owned()).collect();
    names.sort();
    names
}

/// A message of the revision without sessions.
pub fn stateless(id: u32, method: &str, params: &Value) -> Value {
    let mut params = params.clone();
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "a test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

/// The message that opens a session.
pub fn initialize() -> Value {
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": {"name": "a test", "version": "1"}}})
}

/// The call of a tool.
pub fn tool_call(id: u32, name: &str, arguments: &Value) -> Value {
    let params = json!({"name": name, "arguments": arguments});
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})
}

/// The messages in a stream of events that is over.
pub fn events(text: &str) -> Vec<Value> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
    data.filter_map(|data| serde_json::from_str(data.trim()).ok()).collect()
}

/// The id of the first event of a stream.
pub fn first_event_id(text: &str) -> Option<String> {
    text.lines().find_map(|line| line.strip_prefix("id:")).map(|id| id.trim().to_owned())
}

impl Server {
    /// The official client over HTTP.
    pub async fn mcp(&self, revision: Revision, who: Option<&Person>) -> Client {
        let mut transport =
            StreamableHttpClientTransportConfig::with_uri(format!("{}/mcp", self.origin()));
        transport.auth_header =
            who.map(|who| who.value.strip_prefix("Bearer ").unwrap().to_owned());
        let transport = StreamableHttpClientTransport::with_client(self.http.clone(), transport);
        let client = config().serve_with_lifecycle(transport, revision.lifecycle());
        in_time("the client connects", client).await.unwrap()
    }

    /// The official client over the standard input and output of `inglenook mcp`.
    pub async fn mcp_over_stdio(&self, revision: Revision) -> (Client, tokio::process::Child) {
        let mut command = self.command();
        command.arg("mcp").stdin(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = tokio::process::Command::from(command).kill_on_drop(true).spawn().unwrap();
        let pipes = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        let client = config().serve_with_lifecycle(pipes, revision.lifecycle());
        (in_time("the client connects", client).await.unwrap(), child)
    }

    /// `inglenook mcp` with these lines as its whole input.
    pub async fn mcp_lines(&self, lines: &[Value]) -> Finished {
        let mut command = self.command();
        command.arg("mcp").stdin(Stdio::piped());
        let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let run = move || {
            let mut child = command.spawn().unwrap();
            let mut stdin = child.stdin.take().unwrap();
            // One that does not run any more reads nothing.
            let _ = std::io::Write::write_all(&mut stdin, input.as_bytes());
            drop(stdin);
            process::finish(child)
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    /// A bare request to the MCP door.
    pub fn mcp_request(&self, method: Method, who: Option<&Person>) -> RequestBuilder {
        let request = self.request(method, "/mcp");
        let request = request.header("accept", "application/json, text/event-stream");
        match who {
            Some(who) => request.header(who.header, &who.value),
            None => request,
        }
    }

    /// Sends a message outside of any session.
    pub async fn mcp_post(&self, who: Option<&Person>, message: &Value) -> super::client::Reply {
        let mut request = self.mcp_request(Method::POST, who).json(message);
        if message.pointer("/params/_meta").is_some() {
            request = request
                .header("mcp-protocol-version", "2026-07-28")
                .header("mcp-method", message["method"].as_str().unwrap());
            let name = ["name", "uri"].iter().find_map(|key| message["params"][key].as_str());
            if let Some(name) = name {
                request = request.header("mcp-name", name);
            }
        }
        self.send(request).await
    }

    /// Opens a session by hand and gives its id.
    pub async fn mcp_session(&self, who: Option<&Person>) -> String {
        let opened = self.mcp_post(who, &initialize()).await;
        assert_eq!(opened.status, 200, "{}", opened.text);
        let session = opened.header("mcp-session-id").to_owned();
        assert!(session.len() > 20, "{:?}", opened.headers);
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let request = self.mcp_request(Method::POST, who).header("mcp-session-id", &session);
        assert_eq!(self.send(request.json(&ready)).await.status, 202);
        session
    }

    /// Sends a message in a session.
    pub async fn mcp_in(
        &self,
        who: Option<&Person>,
        session: &str,
        message: &Value,
    ) -> super::client::Reply {
        let request = self.mcp_request(Method::POST, who).header("mcp-session-id", session);
        self.send(request.json(message)).await
    }
}
