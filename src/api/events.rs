//! Streams of events (SSE), and the live feed that keeps all tabs in step over one of them.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tracing::Instrument as _;
use warp::Reply as _;

use super::call::Call;
use super::reply::{Failure, Reply};
use crate::app::App;
use crate::auth::{Identity, Need};
use crate::limits::{Full, Holder};

/// Events that may wait for a slow reader before its producer waits.
const WAITING: usize = 16;

/// Where a stream's producer puts its events.
pub(super) struct Out {
    sender: mpsc::Sender<Bytes>,
    app: Arc<App>,
    beat: Duration,
    identity: Option<Arc<Identity>>,
}

/// Waits until somebody's credential has ended.
pub(super) async fn over(identity: Option<&Identity>) {
    match identity {
        Some(identity) => identity.over().await,
        None => std::future::pending().await,
    }
}

impl Out {
    /// Sends an event; `false` when nobody reads any more or the server stops.
    pub(super) async fn send(&self, frame: String) -> bool {
        tokio::select! {
            // What is said at the very end is still said.
            biased;
            sent = self.sender.send(frame.into()) => sent.is_ok(),
            () = self.app.stop.cancelled() => false,
            () = over(self.identity.as_deref()) => false,
        }
    }

    /// Waits for news, keeping the connection alive meanwhile; `false` when it is over.
    pub(super) async fn wait(&self, news: &mut watch::Receiver<u64>) -> bool {
        self.wait_for(async { news.changed().await.ok() }).await.is_some()
    }

    /// Waits for something, keeping the connection alive meanwhile; `None` when it is over.
    pub(super) async fn wait_for<T>(
        &self,
        something: impl Future<Output = Option<T>>,
    ) -> Option<T> {
        tokio::pin!(something);
        loop {
            tokio::select! {
                got = &mut something => return got,
                () = self.sender.closed() => return None,
                () = over(self.identity.as_deref()) => {
                    let _ = self.sender.try_send("event: signed_out\ndata: {}\n\n".into());
                    return None;
                }
                () = self.app.stop.cancelled() => {
                    let frame = format!("event: server_shutdown\ndata: {}\n\n", json!({}));
                    let _ = self.sender.try_send(frame.into());
                    return None;
                }
                () = tokio::time::sleep(self.beat) => {
                    if !self.send(": still here\n\n".to_owned()).await {
                        return None;
                    }
                }
            }
        }
    }
}

/// Answers with a stream that `produce` fills, as long as the client has a connection to spare.
pub(super) fn stream<F, A>(call: &Call, produce: F) -> Reply
where
    F: FnOnce(Out) -> A,
    A: Future<Output = ()> + Send + 'static,
{
    stream_of(call, Holder::Address(call.head.peer.ip()), produce)
}

/// The same on account of somebody else than whoever is at the address.
pub(super) fn stream_of<F, A>(call: &Call, holder: Holder, produce: F) -> Reply
where
    F: FnOnce(Out) -> A,
    A: Future<Output = ()> + Send + 'static,
{
    let app = Arc::clone(call.app());
    let slot = app.take_slot(holder).map_err(full)?;
    let beat = app.config().server.heartbeat.min(Duration::from_secs(15));
    let (sender, receiver) = mpsc::channel(WAITING);
    let done =
        produce(Out { sender, app: Arc::clone(&app), beat, identity: call.head.identity.clone() });
    let task = async move {
        done.await;
        drop(slot);
    };
    app.tasks.spawn(task.instrument(tracing::Span::current()));
    let body = ReceiverStream::new(receiver).map(Ok::<_, Infallible>);
    let mut response = warp::reply::stream(body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// The refusal of a client that has no connection to spare.
pub(super) fn full(full: Full) -> Failure {
    let (code, limit, whose) = match full {
        Full::Client { limit, .. } => ("too_many_client_connections", limit, "one client"),
        Full::Total { limit, .. } => ("too_many_streams", limit, "all clients together"),
    };
    let message = format!("{limit} open connections are the limit for {whose}; close one first");
    Failure::new(StatusCode::TOO_MANY_REQUESTS, code, message)
        .with_retry_after(Some(1))
        .with_details(json!({ "limit": limit }))
}

/// Everything that changes for this caller, from now on.
///
/// Server-sent events that never end by themselves. The data of each is a JSON object:
/// - `hello` `{instance, version}`, first
/// - `conversation` `{change, conversation}`: created, updated, deleted, restored or purged
/// - `message` `{conversation_id, message}`: added, amended, deleted, restored, rated or finished
/// - `turn` `{type, turn_id, conversation_id, message_id, seq, ...}`: an event of a turn
/// - `document` `{change, document}`, also while it is processed; `note` `{change, note}`
/// - `library`, `embeddings`, `providers`, `tool_servers`: `{}`; fetch them again
/// - `config` `{ok, error?}`: `config.sh` was read again; `status` `{checks}`: a health fact changed
/// - `resync` `{}`: this client was too slow; fetch what is shown again
/// - `signed_out` `{}` and `server_shutdown` `{}`: the stream ends
#[utoipa::path(
    get,
    path = "/events",
    responses((status = 200, body = String, content_type = "text/event-stream")),
)]
pub(super) async fn feed(call: Call) -> Reply {
    call.query()?;
    let mut news = call.app().feed.subscribe();
    let (app, user) = (Arc::clone(call.app()), call.caller.user);
    // What went wrong in the configuration is nobody else's business.
    let admin = call.who()?.may(Need::Admin);
    stream(&call, move |out: Out| async move {
        let hello = json!({ "instance": app.instance, "version": env!("CARGO_PKG_VERSION") });
        if !out.send(format!("event: hello\ndata: {hello}\n\n")).await {
            return;
        }
        loop {
            let next = out.wait_for(async {
                match news.recv().await {
                    Ok(told) => Some(Some(told)),
                    Err(RecvError::Lagged(_)) => Some(None),
                    Err(RecvError::Closed) => None,
                }
            });
            let frame = match next.await {
                None => return,
                Some(None) => "event: resync\ndata: {}\n\n".to_owned(),
                Some(Some(told)) if told.owner.is_none() && told.event == "config" && !admin => {
                    continue;
                }
                Some(Some(told)) if told.owner.is_none_or(|owner| owner == user) => {
                    format!("event: {}\ndata: {}\n\n", told.event, told.json)
                }
                Some(Some(_)) => continue,
            };
            if !out.send(frame).await {
                return;
            }
        }
    })
}
