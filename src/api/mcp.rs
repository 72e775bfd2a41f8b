//! The MCP door's place on this port. What it answers is its own business; here it gets what every
//! route has: who asks, limits, and an end of its streams with the credential or the server.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HeaderValue};
use http::{HeaderName, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use http_body_util::combinators::BoxBody;
use warp::Reply as _;

use super::auth::sign_in_first;
use super::call::Call;
use super::events::{full, over};
use super::reply::{Failure, Reply, Response};
use crate::auth::Identity;
use crate::error::Error;
use crate::limits::{Holder, Slot, Who};

/// The body of what is carried.
pub type CarriedBody = BoxBody<Bytes, Infallible>;
/// An answer on its way.
type Answer = Pin<Box<dyn Future<Output = Result<http::Response<CarriedBody>, Error>> + Send>>;

/// What answers: it is told who asks and in whose bucket that is counted.
type Door = dyn Fn(Arc<Identity>, Who, Request<Bytes>) -> Answer + Send + Sync;

/// Another door that is carried on this port.
#[derive(Clone)]
pub struct Carried(Arc<Door>);

impl Carried {
    /// A door by the function that answers for it.
    pub fn new<F, A>(door: F) -> Self
    where
        F: Fn(Arc<Identity>, Who, Request<Bytes>) -> A + Send + Sync + 'static,
        A: Future<Output = Result<http::Response<CarriedBody>, Error>> + Send + 'static,
    {
        Self(Arc::new(move |identity, who, request| Box::pin(door(identity, who, request))))
    }
}

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Carried")
    }
}

/// One message of the protocol; JSON-RPC. Its answer is JSON, or a stream of events that ends with it.
#[utoipa::path(
    post,
    path = "/mcp",
    request_body = Object,
    responses(
        (status = 200, description = "The answer", content(
            (Object = "application/json"), (String = "text/event-stream"),
        )),
        (status = 202, description = "Taken; there is nothing to answer"),
        (status = 400, body = Object, description = "A bad message, told as JSON-RPC where it is one"),
        (status = 404, body = Object, description = "There is no such session, or no such method"),
        (status = 406, description = "An answer may be JSON or a stream: accept both"),
    ),
)]
pub(super) async fn send(mut call: Call) -> Reply {
    let message = call.json_text().await?;
    carry(call, message).await
}

/// What a session is told besides answers, and, with `Last-Event-ID`, the rest of an answer whose
/// stream broke.
#[utoipa::path(
    get,
    path = "/mcp",
    responses(
        (status = 200, body = String, content_type = "text/event-stream"),
        (status = 404, description = "There is no such session"),
        (status = 405, description = "This revision has no such stream"),
        (status = 406, description = "Accept `text/event-stream`"),
    ),
)]
pub(super) async fn listen(call: Call) -> Reply {
    carry(call, Bytes::new()).await
}

/// Ends a session.
#[utoipa::path(
    delete,
    path = "/mcp",
    responses(
        (status = 204, description = "It is over"),
        (status = 404, description = "There is no such session"),
        (status = 405, description = "This revision has no sessions"),
    ),
)]
pub(super) async fn end(call: Call) -> Reply {
    carry(call, Bytes::new()).await
}

async fn carry(call: Call, body: Bytes) -> Reply {
    call.query()?;
    let head = &call.head;
    let identity = head.identity.clone().ok_or_else(sign_in_first)?;
    // An answer that is waited for is a request like others; this stream stays open.
    let stays = head.method == Method::GET;
    let slot = stays
        .then(|| head.app.take_slot(Holder::Address(head.peer.ip())))
        .transpose()
        .map_err(full)?;
    let mut request = Request::new(body);
    *request.method_mut() = head.method.clone();
    *request.uri_mut() = http::Uri::from_static("/mcp");
    *request.headers_mut() = head.headers.clone();
    for secret in [AUTHORIZATION, COOKIE, CONTENT_LENGTH] {
        request.headers_mut().remove(secret);
    }
    if let Ok(id) = HeaderValue::from_str(&head.request_id) {
        request.headers_mut().insert(HeaderName::from_static("x-request-id"), id);
    }
    let answer = (head.carried.0)(Arc::clone(&identity), Call::bucket(head), request);
    let response = tokio::select! {
        answer = answer => answer?,
        () = over(Some(&identity)) => return Err(sign_in_first().into()),
        () = head.app.stop.cancelled() => return Err(stopping()),
    };
    told(&call, response, slot).await
}

/// The answer as this door gives it: streams under their credential, refusals in the one error body.
async fn told(call: &Call, response: http::Response<CarriedBody>, slot: Option<Slot>) -> Reply {
    let (parts, body) = response.into_parts();
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default();
    let mut response = if kind.starts_with("text/event-stream") {
        let (app, identity) = (Arc::clone(call.app()), call.head.identity.clone());
        let ended = async move {
            tokio::select! {
                () = over(identity.as_deref()) => {}
                () = app.stop.cancelled() => {}
            }
            drop(slot);
        };
        warp::reply::stream(body.into_data_stream().take_until(Box::pin(ended))).into_response()
    } else {
        let bytes = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(never) => match never {},
        };
        if parts.status.as_u16() >= 400 && kind != "application/json" {
            return Err(refused(&parts, &bytes));
        }
        Response::new(bytes.into())
    };
    // A session that is over is over; not all clients take it for a success that this was accepted.
    let ended = call.head.method == Method::DELETE && parts.status == StatusCode::ACCEPTED;
    *response.status_mut() = if ended { StatusCode::NO_CONTENT } else { parts.status };
    response.headers_mut().extend(parts.headers);
    let not_kept = HeaderValue::from_static("no-store");
    response.headers_mut().insert(http::header::CACHE_CONTROL, not_kept);
    Ok(response)
}

/// What the SDK refuses in plain words.
fn refused(parts: &http::response::Parts, said: &[u8]) -> Failure {
    let mut said = String::from_utf8_lossy(said).into_owned();
    let (status, code) = match parts.status {
        // The type of the body is good, or it would not have come so far.
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            "the body is not a JSON-RPC message".clone_into(&mut said);
            (StatusCode::BAD_REQUEST, "invalid_json")
        }
        StatusCode::NOT_FOUND => (parts.status, "not_found"),
        StatusCode::METHOD_NOT_ALLOWED => (parts.status, "method_not_allowed"),
        StatusCode::NOT_ACCEPTABLE => (parts.status, "not_acceptable"),
        // A session that ended in just this moment, or the server did.
        status if status.is_server_error() => {
            tracing::warn!(said, "an MCP session broke off");
            return Failure::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "session_broke_off",
                "the session broke off; begin a new one",
            )
            .with_retry_after(Some(1));
        }
        status => (status, "invalid_request"),
    };
    let failure = Failure::new(status, code, said);
    match parts.headers.get(http::header::ALLOW) {
        Some(allow) => failure.with_header(http::header::ALLOW, allow.clone()),
        None => failure,
    }
}

fn stopping() -> Failure {
    Failure::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the server is stopping")
        .with_retry_after(Some(1))
}
