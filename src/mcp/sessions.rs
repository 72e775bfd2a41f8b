//! The sessions of clients that speak a revision with sessions. Each belongs to the credential that
//! opened it: another's session is not there, and it ends with the credential.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_util::{Stream, StreamExt as _};
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::streamable_http_server::session::local::{
    LocalSessionManager, LocalSessionManagerError,
};
use rmcp::transport::streamable_http_server::session::{
    ServerSseMessage, SessionId, SessionManager,
};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::events::Events;
use crate::auth::{How, Identity};
use crate::base::{UserId, clock};
use crate::config::Live;

/// The id of the event that begins a stream which says nothing yet.
const BEGINNING: &str = "0";

/// All sessions.
#[derive(Debug)]
pub(super) struct Sessions {
    inner: LocalSessionManager,
    events: Arc<Events>,
    live: Live,
    held: Mutex<HashMap<SessionId, Held>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Whose a session is.
#[derive(Debug)]
struct Held {
    user: UserId,
    how: How,
    /// When it was last asked anything.
    used: Instant,
    /// Cancelled when the session is over.
    gone: CancellationToken,
}

impl Held {
    fn is_of(&self, identity: &Identity) -> bool {
        self.user == identity.user && self.how == identity.how
    }
}

type Told = Pin<Box<dyn Stream<Item = ServerSseMessage> + Send + Sync>>;

impl Sessions {
    pub(super) fn new(live: Live, tasks: TaskTracker, stop: CancellationToken) -> Self {
        let events = Arc::new(Events::new(live.clone()));
        let mut inner =
            LocalSessionManager::default().with_event_store(Arc::<Events>::clone(&events));
        inner.session_config.keep_alive = Some(live.now().mcp.session_idle);
        Self { inner, events, live, held: Mutex::default(), tasks, stop }
    }

    /// Makes room for one more; `false` when there may be no more of them. One that nobody has used
    /// for a while gives way, for clients end without a word; theirs that still lives begins anew.
    pub(super) async fn make_room(&self) -> bool {
        let config = self.live.now();
        let longest_unused = {
            let held = self.held();
            if held.len() < config.mcp.max_sessions {
                return true;
            }
            let oldest = held.iter().min_by_key(|(_, held)| held.used);
            oldest.map(|(id, held)| (Arc::clone(id), held.used))
        };
        let Some((id, used)) = longest_unused else { return false };
        let unused = clock::monotonic().saturating_duration_since(used);
        unused > config.server.connection_timeout && self.close_session(&id).await.is_ok()
    }

    /// Whether a session is somebody's own, who uses it now.
    pub(super) fn is_theirs(&self, id: &str, identity: &Identity) -> bool {
        let mut held = self.held();
        let theirs = held.get_mut(id).filter(|held| held.is_of(identity));
        theirs.map(|held| held.used = clock::monotonic()).is_some()
    }

    /// Gives a session that was just opened to whoever opened it, and ends it with their credential.
    pub(super) async fn give(self: &Arc<Self>, id: SessionId, identity: Arc<Identity>) {
        let gone = CancellationToken::new();
        let (user, how) = (identity.user, identity.how.clone());
        let held = Held { user, how, used: clock::monotonic(), gone: gone.clone() };
        self.held().insert(Arc::clone(&id), held);
        if !matches!(self.inner.has_session(&id).await, Ok(true)) {
            // It was over before it was given.
            self.held().remove(&id);
            return;
        }
        let sessions = Arc::clone(self);
        self.tasks.spawn(async move {
            tokio::select! {
                () = identity.over() => {
                    if let Err(error) = sessions.close_session(&id).await {
                        tracing::warn!(%error, "a session did not end with its credential");
                    }
                }
                () = gone.cancelled() => {}
                () = sessions.stop.cancelled() => {}
            }
        });
    }

    /// What a session is told; it may ask for it again.
    fn heard(
        &self,
        id: &SessionId,
        told: impl Stream<Item = ServerSseMessage> + Send + Sync + 'static,
    ) -> Told {
        let (events, id) = (Arc::clone(&self.events), Arc::clone(id));
        Box::pin(told.inspect(move |event| events.heard(&id, event.event_id.as_deref())))
    }

    fn held(&self) -> MutexGuard<'_, HashMap<SessionId, Held>> {
        // What is in it is whole after every step.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The SDK's own sessions, with what it leaves to us. It is not told of the store of events: only
/// sessions have something to go on with.
#[expect(
    refining_impl_trait,
    reason = "what is told goes through one type, whichever stream it is"
)]
impl SessionManager for Sessions {
    type Error = LocalSessionManagerError;
    type Transport = <LocalSessionManager as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        self.inner.create_session().await
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Self::Error> {
        self.inner.initialize_session(id, message).await
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Self::Error> {
        self.inner.has_session(id).await
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), Self::Error> {
        if let Some(held) = self.held().remove(id) {
            held.gone.cancel();
        }
        let closed = self.inner.close_session(id).await;
        self.events.forget(id);
        closed
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<Told, Self::Error> {
        let mut told = Box::pin(self.inner.create_stream(id, message).await?);
        // The first event only begins the stream. It is taken at once, so that the stream is known to
        // be this session's even if nobody listens any more.
        let first = told.next().await;
        let event_id = first.as_ref().and_then(|event| event.event_id.as_deref());
        self.events.heard(id, event_id);
        Ok(self.heard(id, futures_util::stream::iter(first).chain(told)))
    }

    async fn accept_message(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<(), Self::Error> {
        self.inner.accept_message(id, message).await
    }

    async fn create_standalone_stream(&self, id: &SessionId) -> Result<Told, Self::Error> {
        let told = self.inner.create_standalone_stream(id).await?;
        Ok(self.heard(id, told))
    }

    async fn resume(&self, id: &SessionId, last_event_id: String) -> Result<Told, Self::Error> {
        if last_event_id == BEGINNING {
            return self.create_standalone_stream(id).await;
        }
        if !self.events.has(id, &last_event_id) {
            return Ok(Box::pin(futures_util::stream::empty()));
        }
        let told = self.inner.resume(id, last_event_id).await?;
        Ok(self.heard(id, told))
    }
}
