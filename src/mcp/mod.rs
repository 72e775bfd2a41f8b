//! The MCP door: what agents find and read here as tools and resources, with the official SDK. It
//! speaks the revisions with sessions (up to 2025-11-25) and the one without (2026-07-28) at one
//! address. It is carried by the port of the HTTP door, which has checked host, origin, sign-in and
//! limits before anything comes here; `inglenook mcp` carries it over standard input and output.

mod events;
mod handler;
mod refusal;
mod resources;
mod sessions;
mod tools;

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, Request, Response};
use http_body_util::Full;
use http_body_util::combinators::BoxBody;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde::Deserialize;

use crate::app::App;
use crate::auth::Identity;
use crate::base::Caller;
use crate::error::Error;
use crate::limits::Who;
use handler::Handler;
use sessions::Sessions;

/// How long a stream is silent at most, so that nobody between takes it for dead.
const BEAT: Duration = Duration::from_secs(15);

/// What a session is named by.
static SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
/// Which request it was, for the log.
static REQUEST: HeaderName = HeaderName::from_static("x-request-id");

/// The body of an answer.
pub type Body = BoxBody<Bytes, Infallible>;

/// The door.
#[derive(Clone)]
pub struct Mcp {
    service: StreamableHttpService<Handler, Sessions>,
    sessions: Arc<Sessions>,
}

impl fmt::Debug for Mcp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mcp").field("sessions", &self.sessions).finish_non_exhaustive()
    }
}

/// On whose behalf something is asked.
#[derive(Debug, Clone)]
struct Asker {
    identity: Arc<Identity>,
    /// Whose bucket it is counted in.
    who: Who,
    request_id: Arc<str>,
}

impl Asker {
    fn caller(&self) -> Caller {
        Caller { user: self.identity.user, once: None }
    }
}

impl Mcp {
    /// The door to a product that is open.
    pub fn new(app: Arc<App>) -> Self {
        let sessions = Sessions::new(app.live.clone(), app.tasks.clone(), app.stop.clone());
        let sessions = Arc::new(sessions);
        let config = app.config();
        let server = &config.server;
        // Host and Origin are the HTTP door's business, as for every route, and so is the size.
        let options = StreamableHttpServerConfig::default()
            .disable_allowed_hosts()
            .disable_allowed_origins()
            .with_max_request_body_bytes(usize::MAX)
            .with_sse_keep_alive(Some(server.heartbeat.min(BEAT)))
            .with_json_response(true)
            .with_cancellation_token(app.stop.clone());
        let handler = Handler::new(app);
        let service =
            StreamableHttpService::new(move || Ok(handler.clone()), Arc::clone(&sessions), options);
        Self { service, sessions }
    }

    /// Answers somebody who may use one tool at least. The body was checked for its size alone.
    pub async fn answer(
        &self,
        identity: Arc<Identity>,
        who: Who,
        mut request: Request<Bytes>,
    ) -> Result<Response<Body>, Error> {
        let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let session = text(&SESSION);
        if session.is_some_and(|id| !self.sessions.is_theirs(id, &identity)) {
            return Err(Error::not_found("session; begin one with initialize"));
        }
        let opens = session.is_none() && is_initialize(&request);
        if opens && !self.sessions.make_room().await {
            return Err(Error::Unavailable {
                code: "too_many_sessions",
                message: "there are as many sessions as there may be (MCP_MAX_SESSIONS); end one, \
                          or speak the revision 2026-07-28, which needs none"
                    .to_owned(),
                retry_after_s: None,
            });
        }
        let request_id = text(&REQUEST).unwrap_or_default().into();
        let asker = Asker { identity: Arc::clone(&identity), who, request_id };
        request.extensions_mut().insert(asker);
        let response = self.service.handle(request.map(Full::new)).await;
        if opens && let Some(id) = response.headers().get(&SESSION) {
            let id = id.to_str().unwrap_or_default().into();
            self.sessions.give(id, identity).await;
        }
        Ok(response)
    }
}

/// Whether a request asks for a session.
fn is_initialize(request: &Request<Bytes>) -> bool {
    #[derive(Deserialize)]
    struct Message<'a> {
        #[serde(borrow)]
        method: Cow<'a, str>,
    }
    let message = serde_json::from_slice::<Message<'_>>(request.body());
    message.is_ok_and(|message| message.method == "initialize")
}
