//! Streamable HTTP for the SDK's client, over the product's own connections: every request is entered
//! in the register of what leaves, no redirect is followed, and every answer has a longest length.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use reqwest::{Response, Url};
use rmcp::model::{ClientJsonRpcMessage, ClientRequest, ErrorData, ServerJsonRpcMessage};
use rmcp::transport::common::client_side_sse::SseRetryPolicy;
use rmcp::transport::streamable_http_client::{
    SseError, StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
};
use sse_stream::{Sse, SseStream};

use crate::net::client::{Error, read_start, read_whole};
use crate::net::{Client, Purpose};

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");
const BOTH: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");
const EVENTS: &str = "text/event-stream";
const JSON: &str = "application/json";
/// What is read of a refusal.
const MAX_REFUSAL_BYTES: usize = 16 * 1024;
/// What is repeated of a refusal.
const MAX_SHOWN_CHARS: usize = 200;
/// Longest messages that one answer may hold: progress comes before the result.
const MESSAGES: usize = 4;

/// The least wait before a stream is asked for again, and the first after a failure; that doubles, so many times.
const AGAIN: Duration = Duration::from_millis(500);
const AGAIN_TIMES: usize = 3;
/// What a server may say about that wait.
const RETRY_MS: RangeInclusive<u64> = 500..=30_000;
/// How often one connection asks for a stream that has no place yet.
const BEGUN: u32 = 5;

type Failure = StreamableHttpError<Error>;
type Stream = BoxStream<'static, Result<Sse, SseError>>;

/// One server over HTTP.
#[derive(Debug, Clone)]
pub(super) struct Http {
    pub(super) client: Client,
    /// Time until the head of an answer, and for a whole one that does not stream.
    pub(super) limit: Duration,
    /// The longest message.
    pub(super) max_bytes: usize,
    /// What went wrong last: the SDK does not always hand it on.
    pub(super) why: Why,
    /// How often a stream was asked for from its beginning: a server that ends each at once is not asked for ever.
    pub(super) begun: Arc<AtomicU32>,
}

/// An answer that broke off is asked for again from where it was, if the server gave it a place.
#[derive(Debug)]
pub(super) struct Again;

impl SseRetryPolicy for Again {
    fn retry(&self, times: usize) -> Option<Duration> {
        let wait = AGAIN.checked_mul(1 << times.min(AGAIN_TIMES))?;
        (times < AGAIN_TIMES).then_some(wait)
    }
}

/// A failure for whoever comes to tell of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Why(Arc<Mutex<Option<String>>>);

impl Why {
    pub(super) fn note(&self, words: impl Into<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(words.into());
    }

    pub(super) fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Http {
    /// Notes a failure.
    fn noted<T>(&self, done: Result<T, Failure>) -> Result<T, Failure> {
        if let Err(error) = &done {
            self.why.note(match error {
                StreamableHttpError::Client(error) => words(error),
                StreamableHttpError::UnexpectedServerResponse(said) => said.clone().into_owned(),
                StreamableHttpError::UnexpectedContentType(kind) => {
                    let kind = kind.as_deref().unwrap_or("no type");
                    format!("it answered with {}", super::result::one_line(kind, MAX_SHOWN_CHARS))
                }
                other => super::result::one_line(&other.to_string(), MAX_SHOWN_CHARS),
            });
        }
        done
    }

    async fn send(
        &self,
        method: Method,
        uri: &str,
        session: Option<&str>,
        token: Option<&str>,
        headers: HashMap<HeaderName, HeaderValue>,
        body: Option<Vec<u8>>,
    ) -> Result<Response, Failure> {
        let odd =
            |what: &str| StreamableHttpError::UnexpectedServerResponse(what.to_owned().into());
        let url = Url::parse(uri).map_err(|_| odd("its address cannot be read"))?;
        let mut all: HeaderMap = headers.into_iter().collect();
        all.insert(ACCEPT, BOTH);
        if let Some(session) = session {
            let id = HeaderValue::from_str(session).map_err(|_| odd("its session has no name"))?;
            all.insert(SESSION, id);
        }
        if let Some(token) = token {
            let bearer = HeaderValue::from_str(&format!("Bearer {token}"));
            let mut bearer = bearer.map_err(|_| odd("its token cannot be sent"))?;
            bearer.set_sensitive(true);
            all.insert(AUTHORIZATION, bearer);
        }
        let mut request = self.client.request(Purpose::Tools, method, url);
        if let Some(body) = body {
            all.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
            request = request.body(body);
        }
        request.headers(all).send(self.limit).await.map_err(StreamableHttpError::Client)
    }

    /// Posts a message.
    async fn post(
        &self,
        uri: &str,
        message: ClientJsonRpcMessage,
        session: Option<&str>,
        token: Option<String>,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        let body = serde_json::to_vec(&message)?;
        let (in_session, token) = (session.is_some(), token.as_deref());
        let sent = self.send(Method::POST, uri, session, token, headers, Some(body));
        let mut response = sent.await?;
        let status = response.status();
        if matches!(status, StatusCode::ACCEPTED | StatusCode::NO_CONTENT) {
            return Ok(StreamableHttpPostResponse::Accepted);
        }
        if !status.is_success() {
            return self.refusal(response, &message, in_session).await;
        }
        let opened = response.headers().get(SESSION).and_then(|id| id.to_str().ok());
        let opened = opened.map(str::to_owned);
        if is(&response, EVENTS) {
            return Ok(StreamableHttpPostResponse::Sse(self.events(response), opened));
        }
        let asks = matches!(message, ClientJsonRpcMessage::Request(_));
        if !asks {
            return Ok(StreamableHttpPostResponse::Accepted);
        }
        if !is(&response, JSON) {
            let kind = response.headers().get(CONTENT_TYPE);
            let kind = kind.map(|kind| String::from_utf8_lossy(kind.as_bytes()).into_owned());
            return Err(StreamableHttpError::UnexpectedContentType(kind));
        }
        let body = read_whole(&mut response, self.max_bytes, self.limit).await;
        let body = body.map_err(StreamableHttpError::Client)?;
        let told = serde_json::from_slice(&body).map_err(|_| {
            let what = "it answered with what is no message of this protocol";
            StreamableHttpError::UnexpectedServerResponse(what.into())
        })?;
        Ok(StreamableHttpPostResponse::Json(told, opened))
    }

    /// The messages of an answer that streams.
    fn events(&self, response: Response) -> Stream {
        let (max_bytes, why) = (self.max_bytes, self.why.clone());
        let left = max_bytes.saturating_mul(MESSAGES);
        let bytes = stream::try_unfold((response, left), move |(mut response, left)| async move {
            let Some(part) = response.chunk().await? else { return Ok(None) };
            let left =
                left.checked_sub(part.len()).ok_or(Error::TooLarge { limit_bytes: max_bytes })?;
            Ok::<_, Error>(Some((part, (response, left))))
        });
        let bytes = bytes.inspect_err(move |error| why.note(words(error)));
        let why = self.why.clone();
        SseStream::from_bytes_stream(bytes.boxed())
            .map(move |event| {
                let mut event = event?;
                if event.data.as_ref().is_some_and(|data| data.len() > max_bytes) {
                    let error = Error::TooLarge { limit_bytes: max_bytes };
                    why.note(words(&error));
                    return Err(SseError::Body(Box::new(error)));
                }
                event.retry = event.retry.map(|ms| ms.clamp(*RETRY_MS.start(), *RETRY_MS.end()));
                Ok(event)
            })
            .boxed()
    }

    /// An answer that is no success, in the protocol's own form where it has one.
    async fn refusal(
        &self,
        mut response: Response,
        message: &ClientJsonRpcMessage,
        in_session: bool,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        let status = response.status();
        if status == StatusCode::NOT_FOUND && in_session {
            return Err(StreamableHttpError::SessionExpired);
        }
        let body = read_start(&mut response, MAX_REFUSAL_BYTES, self.limit).await;
        let (body, _) = body.unwrap_or_default();
        let told = serde_json::from_slice::<ServerJsonRpcMessage>(&body).ok();
        let told = told.filter(|told| matches!(told, ServerJsonRpcMessage::Error(_)));
        let barred = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        if let Some(request) = discovers(message)
            && status.is_client_error()
            && !barred
        {
            // Whatever stands there, this server is of the time before discovery.
            let error = ErrorData::invalid_request(format!("it answered {status}"), None);
            let told = ServerJsonRpcMessage::error(error, Some(request));
            return Ok(StreamableHttpPostResponse::Json(told, None));
        }
        match told.filter(|_| !barred) {
            Some(told) => Ok(StreamableHttpPostResponse::Json(told, None)),
            None => {
                let words = String::from_utf8_lossy(&body);
                let words = super::result::one_line(&words, MAX_SHOWN_CHARS);
                let said = format!("it answered {} {words}", status.as_u16());
                Err(StreamableHttpError::UnexpectedServerResponse(said.trim().to_owned().into()))
            }
        }
    }
}

fn words(error: &Error) -> String {
    let (short, root) = (error.to_string(), error.root());
    if short == root { short } else { format!("{short}: {root}") }
}

fn discovers(message: &ClientJsonRpcMessage) -> Option<rmcp::model::RequestId> {
    let ClientJsonRpcMessage::Request(request) = message else { return None };
    matches!(request.request, ClientRequest::DiscoverRequest(_)).then(|| request.id.clone())
}

fn is(response: &Response, kind: &str) -> bool {
    let value = response.headers().get(CONTENT_TYPE);
    value.is_some_and(|value| value.as_bytes().to_ascii_lowercase().starts_with(kind.as_bytes()))
}

impl StreamableHttpClient for Http {
    type Error = Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        token: Option<String>,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        self.noted(self.post(&uri, message, session.as_deref(), token, headers).await)
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session: Arc<str>,
        token: Option<String>,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), Failure> {
        let sent = self.send(Method::DELETE, &uri, Some(&session), token.as_deref(), headers, None);
        // Servers end sessions by themselves as well, and need not let others do it.
        sent.await.map(drop)
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session: Option<Arc<str>>,
        last_event: Option<String>,
        token: Option<String>,
        mut headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<Stream, Failure> {
        if let Some(id) = last_event.and_then(|id| HeaderValue::try_from(id).ok()) {
            // After a connection that broke, the SDK asks without a wait.
            tokio::time::sleep(AGAIN).await;
            headers.insert(LAST_EVENT, id);
        } else if self.begun.fetch_add(1, Ordering::Relaxed) >= BEGUN {
            return Err(StreamableHttpError::ServerDoesNotSupportSse);
        }
        let (session, token) = (session.as_deref(), token.as_deref());
        let response = self.send(Method::GET, &uri, session, token, headers, None).await?;
        if response.status().is_success() && is(&response, EVENTS) {
            return Ok(self.events(response));
        }
        // News that a server has of its own are a help and no need.
        Err(StreamableHttpError::ServerDoesNotSupportSse)
    }
}
