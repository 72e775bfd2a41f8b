//! One request, parsed: who asks, what for, and the body under its limits. Nothing past this file
//! sees raw input.

use std::net::SocketAddr;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::auth::{NOBODY, sign_in_first};
use super::kept::Kept;
use super::mcp::Carried;
use super::openapi::Document;
use super::reply::{self, Failure, Reply};
use crate::app::App;
use crate::auth::Identity;
use crate::base::{Caller, Fault, Once};
use crate::limits::{Rate, Who};

/// Items of a page when the client does not say.
const DEFAULT_LIMIT: usize = 50;
/// Items of the longest page.
const MAX_LIMIT: usize = 200;
/// How long a refused body is read on.
const DRAIN: Duration = Duration::from_secs(1);
/// The longest `Idempotency-Key`.
const MAX_KEY_BYTES: usize = 200;

/// What is known of a request before its body is read.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) app: Arc<App>,
    /// Who asks; nobody where the route needs none.
    pub(crate) identity: Option<Arc<Identity>>,
    pub(crate) kept: Arc<Kept>,
    pub(crate) peer: SocketAddr,
    pub(crate) request_id: Arc<str>,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) params: Vec<(String, String)>,
    /// The names that its query may have.
    pub(crate) takes: Arc<[String]>,
    pub(crate) document: Arc<Document>,
    pub(crate) carried: Carried,
    /// The bucket that the door function counted in, when it is not the one everybody shares.
    pub(crate) rate: OnceLock<Rate>,
}

impl Head {
    /// What of a request outlives it, in a socket: its headers are parts of the buffer that they were read into,
    /// which would stay as long.
    pub(crate) fn lasting(&self) -> Arc<Self> {
        Arc::new(Self { headers: HeaderMap::new(), ..self.clone() })
    }
}

/// Whose bucket somebody's requests are counted in.
pub(crate) fn who(identity: &Identity) -> Who {
    identity.token().map_or(Who::User(identity.user), Who::Token)
}

/// The bytes of a request as they arrive.
pub(crate) type Body = Pin<Box<dyn Stream<Item = Result<Bytes, warp::Error>> + Send + Sync>>;

/// A request on its way into a door function.
pub(crate) struct Call {
    pub(crate) head: Arc<Head>,
    pub(crate) caller: Caller,
    body: Option<Body>,
}

impl Call {
    /// Takes a request in; refuses a malformed `Idempotency-Key`.
    pub(crate) fn new(head: Arc<Head>, body: Option<Body>) -> Result<Self, Failure> {
        let key = match head.headers.get("idempotency-key") {
            None => None,
            Some(key) => {
                let text = key.to_str().ok().filter(|text| {
                    (1..=MAX_KEY_BYTES).contains(&text.len())
                        && text.bytes().all(|b| b.is_ascii_graphic())
                });
                let text = text.ok_or_else(|| {
                    Failure::invalid(
                        "Idempotency-Key",
                        "an Idempotency-Key has 1 to 200 visible ASCII characters",
                    )
                })?;
                Some(text.to_owned())
            }
        };
        let writes = !matches!(head.method, Method::GET | Method::HEAD);
        let once = key.filter(|_| writes).map(|key| Once { key, fingerprint: head.print(&[]) });
        let user = head.identity.as_ref().map_or(NOBODY, |identity| identity.user);
        Ok(Self { caller: Caller { user, once }, head, body })
    }

    /// The product.
    pub(crate) fn app(&self) -> &Arc<App> {
        &self.head.app
    }

    /// Who asks.
    pub(crate) fn who(&self) -> Result<&Identity, Failure> {
        self.head.identity.as_deref().ok_or_else(|| sign_in_first().into())
    }

    /// Whose bucket further questions are counted in.
    pub(crate) fn bucket(head: &Head) -> Who {
        match &head.identity {
            Some(identity) if head.app.auth.is_locked() => who(identity),
            _ => Who::Address(head.peer.ip()),
        }
    }

    /// A part of the path.
    pub(crate) fn part(&self, name: &str) -> &str {
        let value = self.head.params.iter().find(|(key, _)| key == name);
        value.map_or("", |(_, text)| text)
    }

    /// A part of the path, parsed. An id that cannot be one names nothing: 404.
    pub(crate) fn id<T: FromStr>(&self, name: &str, what: &'static str) -> Result<T, Failure> {
        let value = self.head.params.iter().find(|(key, _)| key == name);
        value
            .and_then(|(_, text)| text.parse().ok())
            .ok_or_else(|| crate::error::Error::not_found(what).into())
    }

    /// The query string; a name that the route's description does not list is refused.
    pub(crate) fn query(&self) -> Result<Query, Failure> {
        Query::parse(&self.head.query, &self.head.takes)
    }

    /// The answer to a GET that depends on nothing but the database, which `lasting` says of what was
    /// made: made once, and given again until anything changes.
    pub(crate) async fn kept<T: Serialize>(
        &self,
        make: impl AsyncFnOnce() -> Result<T, Failure>,
        lasting: impl FnOnce(&T) -> bool,
    ) -> Reply {
        // Before anything is read: whatever is written meanwhile makes the answer old.
        let at = self.app().changes();
        let key = (self.caller.user, format!("{}?{}", self.head.path, self.head.query));
        if let Some(bytes) = self.head.kept.get(at, &key) {
            return Ok(reply::raw(StatusCode::OK, "application/json", bytes));
        }
        let value = make().await?;
        let bytes = reply::to_bytes(&value)?;
        if lasting(&value) {
            self.head.kept.put(at, key, bytes.clone());
        }
        Ok(reply::raw(StatusCode::OK, "application/json", bytes))
    }

    /// The body as JSON.
    pub(crate) async fn json<T: DeserializeOwned>(&mut self) -> Result<T, Failure> {
        let bytes = self.bytes(self.head.app.config().server.max_json_bytes).await?;
        self.check_json_type()?;
        self.read_json(&bytes)
    }

    /// The body as JSON; no body at all stands for an empty object.
    pub(crate) async fn json_or_empty<T: DeserializeOwned>(&mut self) -> Result<T, Failure> {
        let bytes = self.bytes(self.head.app.config().server.max_json_bytes).await?;
        if bytes.is_empty() {
            return self.read_json(b"{}");
        }
        self.check_json_type()?;
        self.read_json(&bytes)
    }

    fn read_json<T: DeserializeOwned>(&mut self, bytes: &[u8]) -> Result<T, Failure> {
        if let Some(once) = &mut self.caller.once {
            once.fingerprint = self.head.print(bytes);
        }
        parse_json(bytes, self.head.app.config().server.max_json_depth)
    }

    fn check_json_type(&self) -> Result<(), Failure> {
        let given = self.head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let given = given.map(|text| text.split(';').next().unwrap_or_default().trim());
        if given.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
            return Ok(());
        }
        Err(Failure::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "wrong_content_type",
            "send the body as JSON with Content-Type: application/json",
        ))
    }

    /// The body as it comes, for what is too large to hold; ends with an error when it stalls.
    pub(crate) fn stream(&mut self) -> impl Stream<Item = Result<Bytes, Failure>> + Send + use<> {
        let pause = self.head.app.config().server.body_timeout;
        futures_util::stream::unfold(self.body.take(), move |body| async move {
            let mut body = body?;
            match next_chunk(&mut body, pause).await {
                Ok(None) => None,
                Ok(Some(bytes)) => Some((Ok(bytes), Some(body))),
                Err(failure) => Some((Err(failure), None)),
            }
        })
    }

    /// Makes what was sent part of what an `Idempotency-Key` stands for.
    pub(crate) fn sent(&mut self, body: &[u8]) {
        if let Some(once) = &mut self.caller.once {
            once.fingerprint = self.head.print(body);
        }
    }

    /// The media type of the body, with its parameters.
    pub(crate) fn content_type(&self) -> Option<&str> {
        self.head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok())
    }

    /// The body as it was sent: JSON, as far as its type, size and depth go.
    pub(crate) async fn json_text(&mut self) -> Result<Bytes, Failure> {
        let server = &self.head.app.config().server;
        let bytes = self.bytes(server.max_json_bytes).await?;
        self.check_json_type()?;
        check_depth(&bytes, server.max_json_depth)?;
        Ok(bytes)
    }

    /// The whole body, at most `limit` bytes, without a pause longer than the body timeout.
    async fn bytes(&mut self, limit: usize) -> Result<Bytes, Failure> {
        let too_large = || {
            Failure::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                format!("the body is larger than {} kB (MAX_JSON_KB)", limit / 1024),
            )
            .with_details(json!({ "limit_bytes": limit }))
        };
        let declared = self.head.headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok());
        let declared = declared.and_then(|text| text.parse::<usize>().ok());
        let Some(mut body) = self.body.take() else { return Ok(Bytes::new()) };
        let pause = self.head.app.config().server.body_timeout;
        let mut whole = BytesMut::new();
        while let Some(chunk) = next_chunk(&mut body, pause).await? {
            if declared.is_some_and(|size| size > limit) || whole.len() + chunk.len() > limit {
                drain(body, limit).await;
                return Err(too_large());
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }
}

impl Head {
    /// What a request was, for telling whether an idempotency key is used for the same one.
    fn print(&self, body: &[u8]) -> String {
        let mut hash = blake3::Hasher::new();
        for part in [self.method.as_str().as_bytes(), self.path.as_bytes(), self.query.as_bytes()] {
            hash.update(part).update(&[0]);
        }
        hash.update(body).finalize().to_hex().to_string()
    }
}

/// The body of a request as a stream of bytes.
pub(crate) fn body_of(
    stream: impl Stream<Item = Result<impl bytes::Buf, warp::Error>> + Send + Sync + 'static,
) -> Body {
    Box::pin(stream.map(|chunk| chunk.map(|mut buf| buf.copy_to_bytes(buf.remaining()))))
}

/// Reads on for a moment: a client that is still writing when the connection closes would never see
/// why it was refused.
async fn drain(mut body: Body, limit: usize) {
    let mut left = limit.saturating_mul(8);
    let reading = async {
        while let Some(Ok(chunk)) = body.next().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(DRAIN, reading).await;
}

async fn next_chunk(body: &mut Body, pause: Duration) -> Result<Option<Bytes>, Failure> {
    match tokio::time::timeout(pause, body.next()).await {
        Ok(chunk) => chunk.transpose().map_err(|_| {
            Failure::new(
                StatusCode::BAD_REQUEST,
                "body_broke_off",
                "the body ended before it was whole",
            )
        }),
        Err(_) => Err(Failure::new(
            StatusCode::REQUEST_TIMEOUT,
            "body_too_slow",
            "the body made no progress for too long",
        )),
    }
}

/// Reads JSON from outside; says which field is at fault.
pub(crate) fn parse_json<T: DeserializeOwned>(
    bytes: &[u8],
    max_depth: usize,
) -> Result<T, Failure> {
    // serde would take a list for an object whose fields are given in order.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        let message = "the body is not a JSON object";
        return Err(Failure::new(StatusCode::BAD_REQUEST, "invalid_json", message));
    }
    check_depth(bytes, max_depth)?;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        bad_json(&path, error.inner())
    })?;
    reader.end().map_err(|error| bad_json(".", &error))?;
    Ok(value)
}

fn check_depth(bytes: &[u8], max_depth: usize) -> Result<(), Failure> {
    if depth(bytes) > max_depth {
        let message = format!("the JSON is nested deeper than {max_depth} (MAX_JSON_DEPTH)");
        return Err(Failure::new(StatusCode::BAD_REQUEST, "invalid_json", message));
    }
    Ok(())
}

fn bad_json(path: &str, error: &serde_json::Error) -> Failure {
    if !error.is_data() {
        let message = format!("the body is not valid JSON: {error}");
        return Failure::new(StatusCode::BAD_REQUEST, "invalid_json", message)
            .with_details(json!({ "line": error.line(), "column": error.column() }));
    }
    let Fault { field, message } = Fault::of(path, error);
    Failure::invalid(&field, message)
}

/// How deep brackets nest outside of strings.
fn depth(bytes: &[u8]) -> usize {
    let (mut deepest, mut now, mut in_string, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                now += 1;
                deepest = deepest.max(now);
            }
            b']' | b'}' if !in_string => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// A parsed query string.
#[derive(Debug)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    fn parse(query: &str, known: &[String]) -> Result<Self, Failure> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if !known.iter().any(|known| *known == name) {
                let message = format!("there is no query parameter {name:?} here");
                return Err(Failure::invalid(&name, message)
                    .with_details(json!({ "field": name, "known": known })));
            }
            if pairs.iter().any(|(given, _)| *given == name) {
                return Err(Failure::invalid(&name, format!("{name} is given twice")));
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self { pairs })
    }

    /// A parameter as text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that is `true` or `false`; absent is `false`.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Failure> {
        match self.text(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Failure::invalid(name, format!("{name} is true or false"))),
        }
    }

    /// A whole number.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Failure> {
        self.text(name)
            .map(str::parse)
            .transpose()
            .map_err(|_| Failure::invalid(name, format!("{name} is a whole number")))
    }

    /// The length of a page.
    pub(crate) fn limit(&self) -> Result<usize, Failure> {
        match self.number("limit")?.map(usize::try_from) {
            None => Ok(DEFAULT_LIMIT),
            Some(Ok(limit @ 1..=MAX_LIMIT)) => Ok(limit),
            Some(_) => Err(Failure::invalid("limit", format!("limit goes from 1 to {MAX_LIMIT}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Outer {
        name: String,
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Inner {
        size: u32,
    }

    fn field_at_fault(json: &str) -> String {
        let failure = parse_json::<Outer>(json.as_bytes(), 8).unwrap_err();
        failure.body("r")["details"]["field"].as_str().unwrap_or_default().to_owned()
    }

    #[test]
    fn the_field_at_fault_is_named() {
        assert_eq!(field_at_fault(r#"{"name": "a", "colour": 1}"#), "colour");
        assert_eq!(field_at_fault(r"{}"), "name");
        assert_eq!(field_at_fault(r#"{"name": 7}"#), "name");
        assert_eq!(field_at_fault(r#"{"name": "a", "inner": {"size": -1}}"#), "inner.size");
        assert_eq!(field_at_fault(r#"{"name": "a", "inner": {"sise": 1}}"#), "inner.sise");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_json::<serde_json::Value>(&bytes, 8);
        }

        #[test]
        fn brackets_in_strings_do_not_nest(text in "\\PC{0,40}") {
            let json = serde_json::to_string(&vec![text]).unwrap();
            prop_assert_eq!(depth(json.as_bytes()), 1);
        }
    }

    #[test]
    fn the_value_at_fault_is_not_told() {
        for json in [r#"{"name": "a", "inner": "sesame"}"#, r#"{"name": {"sesame": 1}}"#] {
            let said = parse_json::<Outer>(json.as_bytes(), 8).unwrap_err().body("r").to_string();
            assert!(!said.contains("sesame") && said.contains("expected"), "{said}");
        }
    }

    #[test]
    fn fuzz_json_bodies() {
        crate::base::fuzz::fuzz("json_bodies", |bytes| {
            let _ = parse_json::<Outer>(bytes, 64);
            let _ = parse_json::<serde_json::Map<String, serde_json::Value>>(bytes, 64);
        });
    }

    #[test]
    fn fuzz_query_strings() {
        let known = ["limit", "trash", "query"].map(str::to_owned);
        crate::base::fuzz::fuzz("query_strings", |bytes| {
            if let Ok(query) = Query::parse(&String::from_utf8_lossy(bytes), &known) {
                let _ = (query.limit(), query.flag("trash"), query.number("query"));
            }
        });
    }
}
