//! What a model may call in a conversation: searching what is the person's own, and the tools of MCP
//! servers that the owner listed. A server is asked only when one of its tools is called, or when
//! nothing is known of them yet; what it does costs its own calls and nothing else.
//!
//! Deliberately absent: models and turns (`chat` runs the calls, and asks the person), and our own MCP
//! server, which is a door.

mod check;
mod http;
mod kit;
mod link;
mod own;
mod pipe;
mod queries;
mod result;
mod servers;
mod types;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use kit::Tool;
pub use result::Outcome;
pub use types::{
    Kind, ListedTool, NewToolServer, ToolChoice, ToolServer, ToolServerChanges, ToolServerTest,
    ToolView,
};

use crate::base::{Caller, ConversationId, Feed, ToolServerId};
use crate::config::{Live, Tools as Policy};
use crate::error::Error;
use crate::net;
use crate::search::Search;
use crate::store::{Seal, Store};
use kit::From;
use link::{Around, Link, Trouble};
use types::Row;

/// What it stands on.
#[derive(Debug)]
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The settings in force.
    pub live: Live,
    /// What changes, for all tabs.
    pub feed: Feed,
    /// Every connection that leaves.
    pub http: net::Client,
    /// Where secrets are sealed.
    pub seal: Seal,
    /// Finding what is the person's own.
    pub search: Search,
    /// What runs in the background.
    pub tasks: TaskTracker,
    /// Ends all connections.
    pub stop: CancellationToken,
}

/// Every tool. Cheap to clone.
#[derive(Clone)]
pub struct Tools {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    live: Live,
    feed: Feed,
    http: net::Client,
    seal: Seal,
    search: Search,
    tasks: TaskTracker,
    stop: CancellationToken,
    lines: Mutex<HashMap<ToolServerId, Arc<Line>>>,
}

/// The connection to one server as it is configured now, if there is one.
#[derive(Debug, Default)]
struct Line {
    link: tokio::sync::Mutex<Option<Arc<Link>>>,
    /// Whether there is one, for those who only look.
    shown: Mutex<Option<Arc<Link>>>,
    last_error: Mutex<Option<String>>,
    /// It is configured otherwise now, or not at all.
    gone: CancellationToken,
}

/// What a conversation may use, and what could not be found out.
#[derive(Debug, Clone, Default)]
pub struct Kit {
    /// The tools.
    pub tools: Vec<Tool>,
    /// Servers whose tools are not known, and why, in sentences.
    pub troubles: Vec<String>,
}

impl Tools {
    /// Sets everything up; no server is asked yet.
    pub fn new(parts: Parts) -> Self {
        let Parts { store, live, feed, http, seal, search, tasks, stop } = parts;
        let lines = Mutex::default();
        let inner = Inner { store, live, feed, http, seal, search, tasks, stop, lines };
        Self { inner: Arc::new(inner) }
    }

    fn policy(&self) -> Policy {
        self.inner.live.now().tools
    }

    async fn rows(&self) -> Result<Vec<Row>, Error> {
        self.inner.store.read(|db| Ok(queries::all(db)?)).await
    }

    /// The tools that a conversation may use. No question waits for a server: one that never listed
    /// its tools is asked in the background, and said to be missing.
    pub async fn kit(&self, chosen: Option<&[String]>) -> Result<Kit, Error> {
        let rows = self.rows().await?;
        let unknown = rows.iter().map(|row| &row.server);
        let unknown = unknown.filter(|one| one.listed_at.is_none() && kit::uses(chosen, one));
        let troubles = unknown.map(|server| {
            let last = self.line(server.id).last_error.lock().ok().and_then(|last| last.clone());
            self.ask_later(server.id);
            let why = last.unwrap_or_else(|| "it has not listed them yet".to_owned());
            format!("the tools of {} are not there: {why}", server.name)
        });
        let troubles = troubles.collect();
        Ok(Kit { tools: kit::tools(&rows, chosen, self.policy().max_tools), troubles })
    }

    /// Asks a server for its tools in the background.
    fn ask_later(&self, id: ToolServerId) {
        if self.line(id).link.try_lock().is_err() {
            // Somebody is asking already.
            return;
        }
        let tools = self.clone();
        self.inner.tasks.spawn(async move {
            if let Err(trouble) = tools.link(id).await {
                tracing::debug!(server.id = %id, why = trouble.why, "its tools are not known yet");
            }
        });
    }

    /// What a conversation, or a new one, may choose from, and what it uses.
    pub async fn choices(
        &self,
        conversation: Option<ConversationId>,
        chosen: Option<&[String]>,
    ) -> Result<Vec<ToolChoice>, Error> {
        let read = move |db: &rusqlite::Connection| {
            let consents = conversation.map(|id| queries::consents(db, id)).transpose()?;
            Ok::<_, Error>((queries::all(db)?, consents.unwrap_or_default()))
        };
        let (rows, consents) = self.inner.store.read(read).await?;
        Ok(kit::choices(&rows, chosen, &consents))
    }

    /// A tool as its server describes it now: it is that which a person is asked about. The reason
    /// when it is not there any more, or its server is not.
    pub async fn look_up(&self, tool: &Tool) -> Result<Tool, String> {
        let From::Server { id, tool: name, .. } = &tool.from else { return Ok(tool.clone()) };
        let server = tool.server.clone().unwrap_or_default();
        let missing = |trouble: Trouble| format!("{server} cannot be asked: {}", trouble.why);
        let (row, link) = self.link(*id).await.map_err(missing)?;
        let (listed, anew) = link.tools(&self.policy()).await.map_err(missing)?;
        if anew {
            self.keep_listed(*id, &listed).await;
        }
        let server = ToolServer { tools: listed.to_vec(), ..row.server };
        let found = kit::allowed(&server).find(|listed| listed.name == *name);
        let found = found.map(|listed| Tool::of_server(tool.name.clone(), &server, listed));
        found.ok_or_else(|| format!("{} does not have this tool any more", server.name))
    }

    /// Calls a tool that was looked up; the result, or why there is none.
    pub async fn call(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        tool: &Tool,
        arguments: serde_json::Map<String, Value>,
    ) -> Outcome {
        let policy = self.policy();
        match &tool.from {
            From::Own(own) => {
                let (search, most) = (&self.inner.search, policy.max_result_bytes);
                let given = Value::Object(arguments);
                let called = own::call(search, caller, *own, conversation, given, most);
                tokio::time::timeout(policy.call_timeout, called).await.unwrap_or_else(|_| {
                    Outcome::failure("no result in time (TOOL_CALL_TIMEOUT_SECONDS)")
                })
            }
            From::Server { id, tool: name, .. } => {
                // Whatever it was meanwhile made into is another tool, which nobody was asked about.
                match self.look_up(tool).await {
                    Ok(now) if now.from == tool.from => {}
                    Ok(_) => return Outcome::failure("the tool was changed before it was called"),
                    Err(why) => return Outcome::failure(why),
                }
                match self.link(*id).await {
                    Ok((_, link)) => link.call(name, arguments, &policy).await,
                    Err(trouble) => Outcome::failure(trouble.why),
                }
            }
        }
    }

    /// Whether a person allowed a tool, as it is now, for a whole conversation.
    pub async fn is_allowed(
        &self,
        conversation: ConversationId,
        tool: &Tool,
    ) -> Result<bool, Error> {
        let read =
            move |db: &rusqlite::Connection| Ok::<_, Error>(queries::consents(db, conversation)?);
        Ok(kit::is_allowed(tool, &self.inner.store.read(read).await?))
    }

    /// Allows a tool, as it is now, for a whole conversation.
    pub async fn allow(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        tool: &Tool,
    ) -> Result<(), Error> {
        let From::Server { id, tool, print } = tool.from.clone() else { return Ok(()) };
        let owner = caller.user;
        let allow = move |tx: &rusqlite::Connection| {
            let kept = queries::insert_consent(tx, owner, conversation, (id, &tool, &print))?;
            kept.then_some(()).ok_or(Error::not_found("conversation"))
        };
        self.inner.store.write(allow).await
    }

    /// Takes back what was allowed for a conversation.
    pub async fn forbid(&self, caller: &Caller, conversation: ConversationId) -> Result<(), Error> {
        let owner = caller.user;
        let forbid = move |tx: &rusqlite::Connection| {
            Ok::<_, Error>(queries::delete_consents(tx, owner, conversation)?)
        };
        self.inner.store.write_once(caller, forbid).await.map(drop)
    }

    /// The connection to a server that is on; opened where there is none.
    async fn link(&self, id: ToolServerId) -> Result<(Row, Arc<Link>), Trouble> {
        let row = self.inner.store.read(move |db| Ok::<_, Error>(queries::find(db, id)?)).await;
        let row = row.ok().flatten().ok_or_else(|| Trouble::new("it was removed"))?;
        if !row.server.enabled {
            return Err(Trouble::new("it is turned off"));
        }
        let link = self.connect(&row).await?;
        Ok((row, link))
    }

    /// The connection to a server, whether it is on or not.
    async fn connect(&self, row: &Row) -> Result<Arc<Link>, Trouble> {
        let id = row.server.id;
        let line = self.line(id);
        let mut slot = line.link.lock().await;
        if let Some(link) = slot.as_ref().filter(|link| link.is_open()) {
            return Ok(Arc::clone(link));
        }
        let Inner { live, tasks, stop, .. } = &*self.inner;
        let opened = match self.reach(row) {
            Ok(reach) => Link::open(reach, Around { live, tasks, stop, gone: &line.gone }).await,
            Err(trouble) => Err(trouble),
        };
        let why = opened.as_ref().err().map(|trouble| trouble.why.clone());
        if let Some(why) = &why {
            tracing::warn!(server.id = %id, why, "a server of tools cannot be used");
        }
        *line.last_error.lock().unwrap_or_else(PoisonError::into_inner) = why;
        *slot = opened.as_ref().ok().map(Arc::clone);
        line.shown.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&slot);
        let link = opened?;
        if let Ok((listed, _)) = link.tools(&self.policy()).await {
            self.keep_listed(id, &listed).await;
        }
        Ok(link)
    }

    /// Keeps what a server listed, so that it need not be asked at every question.
    async fn keep_listed(&self, id: ToolServerId, listed: &Arc<[ListedTool]>) {
        let listed = Arc::clone(listed);
        let keep = move |tx: &rusqlite::Connection| {
            Ok::<_, Error>(queries::update_tools(tx, id, &listed)?)
        };
        if let Err(error) = self.inner.store.write(keep).await {
            tracing::warn!(%error, "the tools of a server were not kept");
        }
        self.announce();
    }

    fn line(&self, id: ToolServerId) -> Arc<Line> {
        let mut lines = self.inner.lines.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(lines.entry(id).or_default())
    }

    /// Tells every tab that the servers, or what is known of them, changed.
    fn announce(&self) {
        self.inner.feed.announce_to_all("tool_servers", &serde_json::json!({}));
    }
}

impl fmt::Debug for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tools").finish_non_exhaustive()
    }
}
