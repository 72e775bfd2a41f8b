//! Requests to the server under test, and what its answers must look like.

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::Server;

/// An answer, read to its end.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
    /// The request, for a failing test's message.
    pub asked: String,
}

impl Reply {
    /// The body as JSON; `null` when there is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        if self.text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{}: {error} in {}", self.asked, self.text))
    }

    /// Asserts the status and gives the body.
    #[track_caller]
    pub fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{} answered {}", self.asked, self.text);
        self.json()
    }

    /// Asserts an error of this status and code with the one body that all errors have.
    #[track_caller]
    pub fn fails(self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{} answered {}", self.asked, self.text);
        let body = self.assert_error_body();
        assert_eq!(body["code"], code, "{}: {body}", self.asked);
        body
    }

    /// Asserts that a field was refused.
    #[track_caller]
    pub fn invalid(self, field: &str) -> Value {
        let body = self.fails(400, "invalid_input");
        assert_eq!(body["details"]["field"], field, "{body}");
        body
    }

    /// Asserts an error of this status with the one body that all errors have.
    #[track_caller]
    pub fn error(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{} answered {}", self.asked, self.text);
        self.assert_error_body()
    }

    /// Asserts that the body is the one error body of the whole API.
    #[track_caller]
    pub fn assert_error_body(&self) -> Value {
        let (asked, body) = (&self.asked, self.json());
        assert_eq!(self.header("content-type"), "application/json", "{asked}");
        let keys: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
        let known =
            ["error", "code", "status", "timestamp", "request_id", "retry_after", "details"];
        assert!(keys.iter().all(|key| known.contains(key)), "{asked}: {body}");
        assert_eq!(body["status"], self.status, "{asked}: {body}");
        assert!(body["error"].as_str().is_some_and(|text| text.len() > 3), "{asked}: {body}");
        let code = body["code"].as_str().unwrap_or_default();
        assert!(
            !code.is_empty()
                && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
            "{asked}: {body}"
        );
        assert_instant(&body["timestamp"]);
        assert_eq!(body["request_id"], self.header("x-request-id"), "{asked}: {body}");
        if matches!(self.status, 429 | 503) {
            assert_eq!(
                body["retry_after"].to_string(),
                self.header("retry-after"),
                "{asked}: {body}"
            );
        }
        body
    }

    /// A header's text; empty when absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap_or("?"))
    }
}

/// RFC 3339, UTC, exactly three fraction digits.
#[track_caller]
pub fn assert_instant(value: &Value) {
    let text = value.as_str().unwrap_or_else(|| panic!("no instant: {value}"));
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z", "{text}");
}

/// `<kind>_<32 hex>`
#[track_caller]
pub fn assert_id(value: &Value, kind: &str) {
    let text = value.as_str().unwrap_or_else(|| panic!("no id: {value}"));
    let hex = text.strip_prefix(kind).and_then(|rest| rest.strip_prefix('_')).unwrap_or_default();
    let good = hex.len() == 32 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    assert!(good, "{text} is not {kind}_ and 32 hex digits");
    assert_eq!(hex.as_bytes()[12], b'7', "{text} is not a UUIDv7");
}

impl Server {
    /// The address of a path; one that names no root of its own stands under `/api/v1`.
    pub fn url(&self, path: &str) -> String {
        let rooted = ["/api/", "/health", "/ws/", "/metrics", "/assets/"];
        let rooted =
            ["/", "/mcp"].contains(&path) || rooted.iter().any(|root| path.starts_with(root));
        let prefix = if rooted { "" } else { "/api/v1" };
        format!("{}{prefix}{path}", self.origin())
    }

    /// A request to be dressed further.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path))
    }

    /// Sends a request and reads the answer.
    pub async fn send(&self, request: RequestBuilder) -> Reply {
        self.try_send(request).await.unwrap()
    }

    /// Sends a request whose connection may break, as when the server is killed.
    pub async fn try_send(&self, request: RequestBuilder) -> reqwest::Result<Reply> {
        let (client, request) = request.build_split();
        let request = request?;
        let asked = format!("{} {}", request.method(), request.url().path());
        let answer = client.execute(request).await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok(Reply { status, headers, text: answer.text().await?, asked })
    }

    /// GET
    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    /// POST with a JSON body
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    /// POST with a body of JSON as it was written
    pub async fn post_text(&self, path: &str, json: &str) -> Reply {
        let request = self.request(Method::POST, path).header("content-type", "application/json");
        self.send(request.body(json.to_owned())).await
    }

    /// POST with no body at all
    pub async fn poke(&self, path: &str) -> Reply {
        self.send(self.request(Method::POST, path)).await
    }

    /// PATCH with a JSON body
    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(self.request(Method::PATCH, path).json(&body)).await
    }

    /// DELETE
    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// POST under an idempotency key
    pub async fn post_once(&self, key: &str, path: &str, body: Value) -> Reply {
        let request = self.request(Method::POST, path).header("idempotency-key", key);
        self.send(request.json(&body)).await
    }
}
