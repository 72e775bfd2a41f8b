//! Answers: JSON, and the one error body. Here a capability's error becomes a status and a slug, and
//! its cause is logged, once.

use std::error::Error as StdError;

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE,
};
use http::{HeaderName, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::base::Timestamp;
use crate::error::Error;

/// When it is worth asking again whether the database was put back.
const RESTORED_S: u64 = 60;
/// The same of an index of words that is made anew.
const MENDED_S: u64 = 2;

/// What a door gives back.
pub(crate) type Response = warp::reply::Response;
/// What a door function returns.
pub(crate) type Reply = Result<Response, Failure>;

/// Why a request was not done, in the terms of HTTP.
#[derive(Debug)]
pub(crate) struct Failure(Box<Told>);

/// Boxed, for most answers are no failures and should not carry the room for one.
#[derive(Debug)]
struct Told {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after_s: Option<u64>,
    details: Value,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
}

/// Why a request was not done.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct ErrorBody<'a> {
    /// For a person.
    error: &'a str,
    /// For programs.
    code: &'a str,
    /// The status of the answer.
    status: u16,
    timestamp: Timestamp,
    /// What the log knows it by; also in `X-Request-ID`.
    request_id: &'a str,
    /// Seconds until it is worth trying again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    retry_after: Option<u64>,
    /// What goes with it: `field` names the field at fault, `limit_bytes` a size that was exceeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    details: Option<&'a Value>,
}

impl Failure {
    /// A refusal with a slug and a sentence.
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Told {
            status,
            code,
            message: message.into(),
            retry_after_s: None,
            details: Value::Null,
            headers: Vec::new(),
            cause: None,
        }))
    }

    fn caused_by(mut self, cause: Box<dyn StdError + Send + Sync>) -> Self {
        self.0.cause = Some(cause);
        self
    }

    /// A bad field of a request.
    pub(crate) fn invalid(field: &str, message: impl Into<String>) -> Self {
        let failure = Self::new(StatusCode::BAD_REQUEST, "invalid_input", message);
        failure.with_details(json!({ "field": field }))
    }

    /// Adds what goes with the sentence.
    pub(crate) fn with_details(mut self, details: Value) -> Self {
        self.0.details = details;
        self
    }

    /// Says when to try again.
    pub(crate) fn with_retry_after(mut self, seconds: Option<u64>) -> Self {
        self.0.retry_after_s = seconds;
        self
    }

    /// Adds a header to the answer.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// The error body; also what an `error` event or frame carries.
    pub(crate) fn body(&self, request_id: &str) -> Value {
        let details = Some(&self.0.details).filter(|details| !details.is_null());
        let body = ErrorBody {
            error: &self.0.message,
            code: self.0.code,
            status: self.0.status.as_u16(),
            timestamp: Timestamp::now(),
            request_id,
            retry_after: self.0.retry_after_s,
            details,
        };
        json!(body)
    }

    /// Writes the cause to the log, bad input at `warn`, our own failures at `error`.
    pub(crate) fn log(&self) {
        let status = self.0.status.as_u16();
        if self.0.status.is_server_error() {
            let cause = self.0.cause.as_deref().map(chain).unwrap_or_default();
            tracing::error!(http.status = status, code = self.0.code, cause, "{}", self.0.message);
        } else {
            tracing::warn!(http.status = status, code = self.0.code, "{}", self.0.message);
        }
    }

    /// The answer.
    pub(crate) fn into_response(mut self, request_id: &str) -> Response {
        self.log();
        let mut response = json_response(self.0.status, &self.body(request_id));
        if let Some(seconds) = self.0.retry_after_s {
            response.headers_mut().insert(http::header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        for (name, value) in self.0.headers.drain(..) {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

fn chain(error: &(dyn StdError + Send + Sync + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (code, message) = (error.code(), error.to_string());
        match error {
            Error::NotFound { .. } | Error::Unknown { .. } => {
                Self::new(StatusCode::NOT_FOUND, code, message)
            }
            Error::Invalid { field, .. } => Self::invalid(&field, message),
            Error::Conflict { .. } => Self::new(StatusCode::CONFLICT, code, message),
            Error::Forbidden { .. } => Self::new(StatusCode::FORBIDDEN, code, message),
            Error::NotSignedIn { .. } => Self::new(StatusCode::UNAUTHORIZED, code, message)
                .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            Error::TooMany { retry_after_s, .. } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, code, message)
                    .with_retry_after(Some(retry_after_s))
            }
            Error::TooLarge { limit_bytes, .. } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, code, message)
                    .with_details(json!({ "limit_bytes": limit_bytes }))
            }
            Error::Unavailable { retry_after_s, .. } => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message)
                    .with_retry_after(Some(retry_after_s.unwrap_or(1)))
            }
            Error::Upstream { status, retry_after_s, details, .. } => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
                Self::new(status, code, message)
                    .with_retry_after(retry_after_s)
                    .with_details(details)
            }
            Error::DiskFull { source } => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, code, message)
                    .caused_by(Box::new(source))
            }
            Error::OutcomeUnknown { source } => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, code, message)
                    .caused_by(Box::new(source))
            }
            Error::Damaged { source } => Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message)
                .with_retry_after(Some(RESTORED_S))
                .caused_by(Box::new(source)),
            Error::Mending { source } => Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message)
                .with_retry_after(Some(MENDED_S))
                .caused_by(Box::new(source)),
            Error::Internal { doing, source } => {
                tracing::debug!(doing, "an operation failed");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    code,
                    "something went wrong here, not with your request; the log knows more under \
                     this request id",
                )
                .caused_by(source)
            }
        }
    }
}

/// 200 with a JSON body.
pub(crate) fn ok(value: &impl Serialize) -> Reply {
    with_status(StatusCode::OK, value)
}

/// 201 with a JSON body.
pub(crate) fn created(value: &impl Serialize) -> Reply {
    with_status(StatusCode::CREATED, value)
}

/// 204.
#[expect(clippy::unnecessary_wraps, reason = "the end of a door function, like the others")]
pub(crate) fn no_content() -> Reply {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// Any status with a JSON body.
pub(crate) fn with_status(status: StatusCode, value: &impl Serialize) -> Reply {
    Ok(raw(status, "application/json", to_bytes(value)?))
}

/// A value as JSON.
pub(crate) fn to_bytes(value: &impl Serialize) -> Result<Bytes, Failure> {
    let written = serde_json::to_vec(value);
    written.map(Bytes::from).map_err(|error| Error::internal("writing an answer", error).into())
}

fn json_response(status: StatusCode, value: &Value) -> Response {
    raw(status, "application/json", value.to_string().into())
}

/// Bytes of a known type that are not to be kept by caches.
pub(crate) fn raw(status: StatusCode, content_type: &'static str, bytes: Bytes) -> Response {
    let mut response = Response::new(bytes.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Bytes of a person's file: of its own type, saved and not shown, and without any power if shown.
pub(crate) fn download(name: &str, media_type: &str, mut response: Response) -> Response {
    let headers = response.headers_mut();
    let kind = HeaderValue::from_str(media_type);
    let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A name may hold anything; RFC 5987 spells it so that a header can carry it.
    let name = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename*=UTF-8''{name}")) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    headers
        .insert("content-security-policy", HeaderValue::from_static("sandbox; default-src 'none'"));
    response
}
