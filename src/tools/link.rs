//! A connection to one server of tools, by the official SDK: opened when it is first needed, ended when
//! nobody uses it, when the server of tools changes and when the product stops; with a program ends
//! all that it started. Whatever the other side does, a call ends in time and costs nobody else.

use std::collections::HashSet;
use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ClientCapabilities, ClientConfig, Implementation,
    JsonObject, PaginatedRequestParams, ProtocolVersion,
};
use rmcp::service::{ClientInitializeError, NotificationContext, RunningService, ServiceError};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt as _, Peer, RoleClient};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::http::{Again, Http, Why};
use super::pipe::{Allowance, Bounded, Tail};
use super::result::{self, Outcome, one_line};
use super::types::ListedTool;
use crate::base::clock;
use crate::base::process::Group;
use crate::config::{Live, Tools as Policy};

/// How long a program has to leave when its input has ended, before it is killed.
const LEAVE: Duration = Duration::from_secs(1);
/// The longest description that every provider takes, in characters.
const MAX_ABOUT_CHARS: usize = 1024;
/// The longest name of a tool, in bytes.
const MAX_NAME_BYTES: usize = 200;
/// Words of a server that are repeated.
const MAX_SHOWN_CHARS: usize = 300;
/// Longest messages that may come between two calls.
const MESSAGES: usize = 4;

/// How a server is reached.
#[derive(Debug)]
pub(super) enum Reach {
    /// Over HTTP.
    Http { http: Http, url: String, token: Option<SecretString> },
    /// As a program.
    Command { program: String, args: Vec<String>, env: Vec<(String, OsString)> },
}

/// Why a server cannot be used: words for the person and the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) why: String,
    /// The last that its program said.
    pub(super) said: Option<String>,
}

impl Trouble {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), said: None }
    }
}

/// What the SDK tells of what a server does of its own.
#[derive(Debug, Clone)]
struct Ear {
    /// It says that its tools are others now.
    stale: Arc<AtomicBool>,
}

impl ClientHandler for Ear {
    fn get_info(&self) -> ClientConfig {
        let who = Implementation::new("inglenook", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(ClientCapabilities::default(), who)
            .with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE)
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.stale.store(true, Ordering::Release);
    }
}

/// A connection that is open.
#[derive(Debug)]
pub(super) struct Link {
    peer: Peer<RoleClient>,
    listed: Mutex<Arc<[ListedTool]>>,
    stale: Arc<AtomicBool>,
    /// Calls under way, and when the last one ended.
    calls: AtomicUsize,
    used: Mutex<Instant>,
    allowance: Allowance,
    why: Why,
    said: Tail,
    /// It is the server that ended it.
    left: AtomicBool,
    /// Ends it.
    over: CancellationToken,
}

/// What a connection lives by.
pub(super) struct Around<'a> {
    pub(super) live: &'a Live,
    pub(super) tasks: &'a TaskTracker,
    /// The product stops.
    pub(super) stop: &'a CancellationToken,
    /// The server of tools was changed or removed.
    pub(super) gone: &'a CancellationToken,
}

impl Link {
    /// Connects and asks for the tools, within `TOOL_CONNECT_SECONDS`.
    pub(super) async fn open(reach: Reach, around: Around<'_>) -> Result<Arc<Self>, Trouble> {
        let limit = around.live.now().tools.connect;
        let (why, said) = (Why::default(), Tail::default());
        let opening = Self::begin(reach, &around, &why, &said);
        let opened = tokio::select! {
            biased;
            () = around.gone.cancelled() => Err("it was changed or removed".to_owned()),
            () = around.stop.cancelled() => Err("the server stops".to_owned()),
            opened = tokio::time::timeout(limit, opening) => opened.unwrap_or_else(|_| {
                let seconds = limit.as_secs_f64();
                Err(format!("it did not list its tools within {seconds} s (TOOL_CONNECT_SECONDS)"))
            }),
        };
        opened.map_err(|told| Trouble { why: why.take().unwrap_or(told), said: said.text() })
    }

    async fn begin(
        reach: Reach,
        around: &Around<'_>,
        why: &Why,
        said: &Tail,
    ) -> Result<Arc<Self>, String> {
        let policy = around.live.now().tools;
        let over = around.gone.child_token();
        let stale = Arc::new(AtomicBool::new(false));
        let ear = Ear { stale: Arc::clone(&stale) };
        let allowance = Allowance::default();
        allowance.set(policy.max_message_bytes.saturating_mul(MESSAGES));
        let (running, group) = match reach {
            Reach::Http { mut http, url, token } => {
                http.why = why.clone();
                (over_http(ear, &http, &url, token.as_ref()).await?, None)
            }
            Reach::Command { program, args, env } => {
                let start = Group::start(&program, |command| {
                    command.args(args).envs(env);
                });
                let mut group =
                    start.map_err(|error| format!("{program} could not be started ({error})"))?;
                let child = &mut group.child;
                let (Some(output), Some(input), Some(errors)) =
                    (child.stdout.take(), child.stdin.take(), child.stderr.take())
                else {
                    return Err(format!("{program} has no pipes"));
                };
                let (tail, ended) = (said.clone(), over.clone());
                around.tasks.spawn(async move {
                    tokio::select! {
                        () = tail.follow(errors) => {}
                        () = ended.cancelled() => {}
                    }
                });
                let output = Bounded {
                    inner: output,
                    max_line: policy.max_message_bytes,
                    line: 0,
                    allowance: allowance.clone(),
                    why: why.clone(),
                };
                let lifecycle = ClientLifecycleMode::Initialize;
                let running = ear.serve_with_lifecycle((output, input), lifecycle).await;
                (running.map_err(|error| not_begun(&error))?, Some(group))
            }
        };
        let peer = running.peer().clone();
        let listed = list(&peer, policy.max_tools).await?;
        let link = Arc::new(Self {
            peer,
            listed: Mutex::new(listed.into()),
            stale,
            calls: AtomicUsize::new(0),
            used: Mutex::new(clock::monotonic()),
            allowance,
            why: why.clone(),
            said: said.clone(),
            left: AtomicBool::new(false),
            over,
        });
        let (kept, live, stop) = (Arc::clone(&link), around.live.clone(), around.stop.clone());
        around.tasks.spawn(kept.keep(running, group, live, stop));
        Ok(link)
    }

    /// Whether it can still be used.
    pub(super) fn is_open(&self) -> bool {
        !self.over.is_cancelled() && !self.peer.is_transport_closed()
    }

    /// The tools as they are known now, and whether they were asked for anew.
    pub(super) async fn tools(
        &self,
        policy: &Policy,
    ) -> Result<(Arc<[ListedTool]>, bool), Trouble> {
        if self.stale.swap(false, Ordering::AcqRel) {
            self.let_come(policy);
            let asked = tokio::time::timeout(policy.connect, list(&self.peer, policy.max_tools));
            let listed = match asked.await {
                Ok(Ok(listed)) => listed.into(),
                Ok(Err(why)) => return Err(self.trouble(why)),
                Err(_) => return Err(self.trouble("it did not list its tools in time".to_owned())),
            };
            *self.listed.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&listed);
            return Ok((listed, true));
        }
        Ok((Arc::clone(&self.listed.lock().unwrap_or_else(PoisonError::into_inner)), false))
    }

    /// Calls a tool. Dropped, the server is told that nobody waits any more.
    pub(super) async fn call(&self, tool: &str, arguments: JsonObject, policy: &Policy) -> Outcome {
        let _busy = Busy::of(self);
        self.let_come(policy);
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let called = tokio::select! {
            biased;
            () = self.over.cancelled() => Err(match self.left.load(Ordering::Acquire) {
                true => "it ended the connection".to_owned(),
                false => "the connection was ended".to_owned(),
            }),
            called = tokio::time::timeout(policy.call_timeout, self.peer.call_tool_once(params)) => {
                match called {
                    Ok(Ok(called)) => Ok(called),
                    Ok(Err(error)) => Err(not_answered(&error)),
                    Err(_) => {
                        let seconds = policy.call_timeout.as_secs_f64();
                        let why = self.why.take().map(|why| format!("; {why}"));
                        let why = why.unwrap_or_default();
                        Err(format!("no result within {seconds} s (TOOL_CALL_TIMEOUT_SECONDS){why}"))
                    }
                }
            }
        };
        match called {
            Ok(CallToolResponse::Complete(given)) => result::read(&given, policy.max_result_bytes),
            Ok(CallToolResponse::InputRequired(_)) => {
                Outcome::failure("the tool asks the person something, which it cannot do here")
            }
            Ok(_) => Outcome::failure("the tool began a task of its own, which is not waited for"),
            Err(told) => Outcome::failure(self.trouble(told).why),
        }
    }

    fn trouble(&self, told: String) -> Trouble {
        Trouble { why: self.why.take().unwrap_or(told), said: self.said.text() }
    }

    fn let_come(&self, policy: &Policy) {
        // What went wrong before is no reason for what goes wrong now.
        self.why.take();
        self.allowance.set(policy.max_message_bytes.saturating_mul(MESSAGES));
    }

    fn idle_for(&self) -> Duration {
        if self.calls.load(Ordering::Acquire) > 0 {
            return Duration::ZERO;
        }
        let used = *self.used.lock().unwrap_or_else(PoisonError::into_inner);
        clock::monotonic().saturating_duration_since(used)
    }

    /// Lives as long as the connection, and cleans up after it.
    async fn keep(
        self: Arc<Self>,
        running: RunningService<RoleClient, Ear>,
        group: Option<Group>,
        live: Live,
        stop: CancellationToken,
    ) {
        let end = running.cancellation_token();
        let mut running = std::pin::pin!(running.waiting());
        let mut ended = false;
        loop {
            let (idle, limit) = (self.idle_for(), live.now().tools.idle);
            if idle >= limit {
                break;
            }
            tokio::select! {
                _ = &mut running => {
                    ended = true;
                    self.left.store(true, Ordering::Release);
                    break;
                }
                () = self.over.cancelled() => break,
                () = stop.cancelled() => break,
                () = tokio::time::sleep(limit.saturating_sub(idle)) => {}
            }
        }
        if !ended {
            end.cancel();
            // A server over HTTP may take its time to hear that its session ends.
            let _ = tokio::time::timeout(LEAVE, running).await;
        }
        if let Some(mut group) = group {
            let _ = tokio::time::timeout(LEAVE, group.child.wait()).await;
            group.kill();
        }
        self.over.cancel();
    }
}

/// A call under way: a connection that is used does not end for want of use.
struct Busy<'a>(&'a Link);

impl<'a> Busy<'a> {
    fn of(link: &'a Link) -> Self {
        link.calls.fetch_add(1, Ordering::AcqRel);
        Self(link)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        *self.0.used.lock().unwrap_or_else(PoisonError::into_inner) = clock::monotonic();
        self.0.calls.fetch_sub(1, Ordering::AcqRel);
    }
}

/// First as nearly all servers begin, then as those begin that know no sessions any more.
async fn over_http(
    ear: Ear,
    http: &Http,
    url: &str,
    token: Option<&SecretString>,
) -> Result<RunningService<RoleClient, Ear>, String> {
    let transport = || {
        let mut config = StreamableHttpClientTransportConfig::with_uri(url);
        config.auth_header = token.map(|token| token.expose_secret().to_owned());
        config.retry_config = Arc::new(Again);
        StreamableHttpClientTransport::with_client(http.clone(), config)
    };
    let lifecycle = ClientLifecycleMode::Initialize;
    match ear.clone().serve_with_lifecycle(transport(), lifecycle).await {
        Err(ClientInitializeError::JsonRpcError(_)) => {
            let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
            let lifecycle = ClientLifecycleMode::Discover { preferred_versions };
            let running = ear.serve_with_lifecycle(transport(), lifecycle).await;
            running.map_err(|error| not_begun(&error))
        }
        running => running.map_err(|error| not_begun(&error)),
    }
}

/// Asks for the tools, page by page, and takes so many.
async fn list(peer: &Peer<RoleClient>, most: usize) -> Result<Vec<ListedTool>, String> {
    let (mut tools, mut known, mut cursor) = (Vec::new(), HashSet::new(), None);
    // A server that gives a page after the other with nothing in it is not followed for ever.
    for _ in 0..=most {
        let page = PaginatedRequestParams::default().with_cursor(cursor.take());
        let page = peer.list_tools(Some(page)).await.map_err(|error| not_answered(&error))?;
        for tool in page.tools {
            let sound = (1..=MAX_NAME_BYTES).contains(&tool.name.len());
            if sound && tools.len() < most && known.insert(tool.name.to_string()) {
                tools.push(described(tool));
            }
        }
        cursor = page.next_cursor;
        if cursor.is_none() || tools.len() >= most {
            break;
        }
    }
    Ok(tools)
}

fn described(tool: rmcp::model::Tool) -> ListedTool {
    let hints = tool.annotations.unwrap_or_default();
    let title = tool.title.or(hints.title).unwrap_or_else(|| tool.name.to_string());
    let about = tool.description.unwrap_or_default();
    let mut takes = (*tool.input_schema).clone();
    takes.entry("type").or_insert_with(|| "object".into());
    ListedTool {
        name: tool.name.into_owned(),
        title: one_line(&title, MAX_NAME_BYTES),
        description: about.chars().take(MAX_ABOUT_CHARS).collect(),
        takes: Value::Object(takes),
        read_only: hints.read_only_hint == Some(true),
    }
}

fn not_begun(error: &ClientInitializeError) -> String {
    match error {
        ClientInitializeError::JsonRpcError(error) => {
            format!("it refused the connection: {}", one_line(&error.message, MAX_SHOWN_CHARS))
        }
        ClientInitializeError::ConnectionClosed(_) => "it ended the connection".to_owned(),
        other => {
            tracing::debug!(error = %other, "a server of tools did not begin");
            "it does not speak this protocol, or not as it should".to_owned()
        }
    }
}

fn not_answered(error: &ServiceError) -> String {
    match error {
        ServiceError::McpError(error) => {
            format!("it answered: {}", one_line(&error.message, MAX_SHOWN_CHARS))
        }
        ServiceError::TransportClosed | ServiceError::Cancelled { .. } => {
            "it ended the connection".to_owned()
        }
        other => {
            tracing::debug!(error = %other, "a server of tools did not answer");
            "it did not answer as it should".to_owned()
        }
    }
}
