//! The server that runs over this data folder, asked by the command line of the same machine. Nothing
//! leaves, so nothing is entered in a register and no proxy is asked.

use std::collections::VecDeque;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::{Error, sse};

/// The longest event that is read: more than the largest message comes to.
const MAX_EVENT_BYTES: usize = 128 * 1024 * 1024;

/// Where the server listens, and the key that proves whose machine this is.
#[derive(Debug)]
pub struct OwnServer {
    url: String,
    key: SecretString,
    client: reqwest::Client,
}

/// An answer whose body is still to come.
#[derive(Debug)]
pub struct OwnAnswer(reqwest::Response);

impl OwnServer {
    /// A server at an address like `http://127.0.0.1:5001`, and the machine's own key.
    pub fn new(url: String, key: SecretString) -> Result<Self, Error> {
        let client = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { url, key, client })
    }

    /// Asks for a path under `/api/v1`; the status and the text of the answer.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, String), Error> {
        let mut request = self.request(method, &format!("/api/v1{path}"));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        Ok((answer.status(), answer.text().await?))
    }

    /// As [`OwnServer::ask`]: what was answered, or a sentence for a person.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, String> {
        let answer = self.ask(method, path, body).await;
        let (status, text) = answer.map_err(|error| format!("no answer: {}", error.root()))?;
        told(status, &text)
    }

    /// Events under `/api/v1` as they come.
    pub async fn events(&self, path: &str) -> Result<Events, String> {
        let no_answer = |error: Error| format!("no answer: {}", error.root());
        let request = self.request(Method::GET, &format!("/api/v1{path}"));
        let answer = request.send().await.map_err(|error| no_answer(error.into()))?;
        let (status, answer) = (answer.status(), OwnAnswer(answer));
        if status.is_success() {
            return Ok(answer.events());
        }
        Err(told(status, &answer.text().await.map_err(no_answer)?).err().unwrap_or_default())
    }

    /// Sends a body as it is to a path at the root.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<OwnAnswer, Error> {
        let request = self.request(method, path).headers(headers).body(body);
        Ok(OwnAnswer(request.send().await?))
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        request.bearer_auth(self.key.expose_secret())
    }
}

fn told(status: StatusCode, text: &str) -> Result<Value, String> {
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    if status.is_success() {
        return Ok(body);
    }
    Err(body["error"].as_str().unwrap_or("the server did not understand").to_owned())
}

impl OwnAnswer {
    /// How it went.
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// The whole body.
    pub async fn text(self) -> Result<String, Error> {
        Ok(self.0.text().await?)
    }

    /// The body as events.
    pub fn events(self) -> Events {
        let parser = sse::Parser::new(MAX_EVENT_BYTES);
        Events { answer: self.0, parser, whole: VecDeque::new() }
    }
}

/// A stream of events.
#[derive(Debug)]
pub struct Events {
    answer: reqwest::Response,
    parser: sse::Parser,
    whole: VecDeque<(String, String)>,
}

impl Events {
    /// The next event's name and data; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<(String, String)>, Error> {
        loop {
            if let Some(event) = self.whole.pop_front() {
                return Ok(Some(event));
            }
            let Some(part) = self.answer.chunk().await? else { return Ok(None) };
            let whole = &mut self.whole;
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let read = self
                .parser
                .push(&part, |event| whole.push_back((text(event.name), text(event.data))));
            read.map_err(|long| Error::TooLarge { limit_bytes: long.limit_bytes })?;
        }
    }
}
