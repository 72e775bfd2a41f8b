//! What happens to every request before and after its door function: request id and log span, host
//! and origin, rate limit, route, and the headers that every answer carries.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use http::header::{AUTHORIZATION, CONNECTION, HeaderName, HeaderValue, ORIGIN, TRANSFER_ENCODING};
use http::{HeaderMap, Method, Request, StatusCode};
use hyper::body::Incoming;
use tracing::Instrument as _;

use super::Tables;
use super::auth::{session_cookie, sign_in_first};
use super::call::{Head, who};
use super::guard;
use super::reply::{Failure, Response};
use super::router::{Found, Kind, Table};
use crate::app::App;
use crate::auth::{Credentials, Identity, Need};
use crate::base::{RequestId, clock};
use crate::error::Error;
use crate::limits::{Rate, Who};

/// The longest request id that is taken from a client.
const MAX_REQUEST_ID: usize = 128;

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers one request.
pub(crate) async fn respond(
    app: Arc<App>,
    tables: Arc<Tables>,
    peer: SocketAddr,
    reserved: bool,
    request: Request<Incoming>,
) -> Response {
    let request_id = request_id(request.headers());
    let span = tracing::info_span!(
        "request",
        request.id = %request_id,
        http.method = %request.method(),
        http.path = request.uri().path(),
        trace.id = trace_id(request.headers()),
    );
    let began = clock::monotonic();
    async move {
        let origin = request.headers().get(ORIGIN).cloned();
        let chunked = request.headers().contains_key(TRANSFER_ENCODING);
        let id = Arc::clone(&request_id);
        let mut response = match decide(&app, &tables, peer, reserved, request, id).await {
            Ok(response) => response,
            Err(failure) => failure.into_response(&request_id),
        };
        guard::add_headers(&mut response, origin.as_ref(), &app.config());
        if chunked {
            // hyper may have passed over a Content-Length beside it, so nothing that follows on this
            // connection is believed to be a request (RFC 9112, 6.1).
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Ok(value) = HeaderValue::from_str(&request_id) {
            response.headers_mut().insert(X_REQUEST_ID.clone(), value);
        }
        tracing::debug!(
            http.status = response.status().as_u16(),
            http.ms = clock::ms_since(began),
            "answered"
        );
        response
    }
    .instrument(span)
    .await
}

async fn decide(
    app: &Arc<App>,
    tables: &Tables,
    peer: SocketAddr,
    reserved: bool,
    request: Request<Incoming>,
    request_id: Arc<str>,
) -> Result<Response, Failure> {
    let config = app.config();
    let host = guard::check_host(&request, &config)?;
    guard::check_framing(request.headers())?;
    let path = request.uri().path().to_owned();
    if reserved && !path.starts_with("/health") {
        return Err(Failure::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too_many_connections",
            "the server has as many connections as it may (MAX_HTTP_CONNECTIONS); try again soon",
        )
        .with_retry_after(Some(1)));
    }
    let method = request.method().clone();
    let (table, inner) = tables.of(&path);
    let found = table.find(&method, &inner);
    let kind = match &found {
        Found::Route(route, _) => route.kind,
        _ => Kind::Counted(crate::limits::Class::Api),
    };
    guard::check_origin(&method, request.headers(), &host, kind, &config)?;
    let preflight = request.headers().contains_key("access-control-request-method");
    if method == Method::OPTIONS && preflight && !matches!(found, Found::Nothing) {
        return Ok(guard::preflight());
    }
    let need = match &found {
        Found::Route(route, _) => route.need,
        _ => Need::Nothing,
    };
    let identity = identify(app, need, request.headers(), peer).await;
    let bucket = match &identity {
        Ok(Some(identity)) if app.auth.is_locked() => who(identity),
        _ => Who::Address(peer.ip()),
    };
    let rate = match kind.class() {
        Some(class) => app.count_request(class, bucket).await,
        None => None,
    };
    if let Some(rate) = rate.filter(|rate| !rate.allowed) {
        tracing::warn!(client = %peer.ip(), limit = rate.limit, "rate limit reached");
        app.bus.rate_limit_hit(None, peer.ip().to_string(), rate.limit);
        let message = format!(
            "{} requests a minute is the limit here; try again in {} s",
            rate.limit, rate.reset_s
        );
        let failure = Failure::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message)
            .with_retry_after(Some(rate.reset_s));
        return Err(with_rate(failure, rate));
    }
    let identity = admit(need, identity);
    let identity = match (identity, rate) {
        (Ok(identity), _) => identity,
        (Err(failure), Some(rate)) => return Err(with_rate(failure, rate)),
        (Err(failure), None) => return Err(failure),
    };
    let mut rate = rate;
    let mut response = match found {
        Found::Route(route, params) => {
            let head = Arc::new(Head {
                identity,
                app: Arc::clone(app),
                kept: Arc::clone(&tables.kept),
                peer,
                request_id,
                method,
                path,
                query: request.uri().query().unwrap_or_default().to_owned(),
                headers: request.headers().clone(),
                params,
                takes: Arc::clone(&route.takes),
                document: Arc::clone(&tables.document),
                carried: tables.carried.clone(),
                rate: OnceLock::new(),
            });
            let response = route.call(Arc::clone(&head), request).await;
            rate = head.rate.get().copied().or(rate);
            response
        }
        Found::WrongMethod(failure) => failure.into_response(&request_id),
        Found::Nothing => Failure::new(
            StatusCode::NOT_FOUND,
            "no_such_route",
            format!("there is nothing at {path}"),
        )
        .into_response(&request_id),
    };
    if let Some(rate) = rate {
        for (name, value) in rate_headers(rate) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// Who asks, when the route wants to know.
async fn identify(
    app: &App,
    need: Need,
    headers: &HeaderMap,
    peer: SocketAddr,
) -> Result<Option<Arc<Identity>>, Error> {
    if need == Need::Nothing {
        return Ok(None);
    }
    let bearer = headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let bearer = bearer.map(|text| match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        // Another scheme is a credential too, and no good one.
        _ => text,
    });
    let session = session_cookie(headers, &app.auth);
    let here = peer.ip().to_canonical().is_loopback();
    app.auth.identify(Credentials { bearer, session, here }).await
}

/// Whether somebody gets what a route needs.
fn admit(
    need: Need,
    identity: Result<Option<Arc<Identity>>, Error>,
) -> Result<Option<Arc<Identity>>, Failure> {
    let identity = identity?;
    if matches!(need, Need::Nothing | Need::Optional) {
        return Ok(identity);
    }
    let identity = identity.ok_or_else(sign_in_first)?;
    identity.authorize(need)?;
    Ok(Some(identity))
}

fn rate_headers(rate: Rate) -> [(HeaderName, HeaderValue); 3] {
    [
        (HeaderName::from_static("ratelimit-limit"), rate.limit.into()),
        (HeaderName::from_static("ratelimit-remaining"), rate.remaining.into()),
        (HeaderName::from_static("ratelimit-reset"), rate.reset_s.into()),
    ]
}

fn with_rate(failure: Failure, rate: Rate) -> Failure {
    rate_headers(rate)
        .into_iter()
        .fold(failure, |failure, (name, value)| failure.with_header(name, value))
}

/// The client's request id when it is one, else a fresh one.
fn request_id(headers: &HeaderMap) -> Arc<str> {
    let given = headers.get(&X_REQUEST_ID).and_then(|value| value.to_str().ok());
    let good = |text: &&str| {
        (1..=MAX_REQUEST_ID).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
    };
    given.filter(good).map_or_else(|| RequestId::new().to_string().into(), Arc::from)
}

/// The trace that a W3C `traceparent` names.
fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let mut parts = text.split('-');
    let (version, trace) = (parts.next()?, parts.next()?);
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    let good = version.len() == 2 && trace.len() == 32 && hex(version) && hex(trace);
    (good && trace.bytes().any(|b| b != b'0')).then_some(trace)
}

impl Tables {
    /// The table for a path, and the path inside it: the API is served under `/api/v1` and `/api`.
    fn of(&self, path: &str) -> (&Table, String) {
        for prefix in ["/api/v1", "/api"] {
            if let Some(rest) = path.strip_prefix(prefix)
                && (rest.is_empty() || rest.starts_with('/'))
            {
                // Clients that call conversations sessions.
                let inner = match rest.strip_prefix("/sessions") {
                    Some(more) if more.is_empty() || more.starts_with('/') => {
                        format!("/conversations{more}")
                    }
                    _ => rest.to_owned(),
                };
                return (&self.api, inner);
            }
        }
        (&self.root, path.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_traceparent_is_honoured() {
        let trace = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", HeaderValue::from_static(text));
            trace_id(&headers).map(str::to_owned)
        };
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(trace(good).as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));
        for bad in ["", "00", "00-xyz-1-01", "00-00000000000000000000000000000000-1-01"] {
            assert_eq!(trace(bad), None, "{bad}");
        }
    }
}
