//! One provider as it is asked: address, key, deadlines. Every request to a model's server leaves
//! through here, so that here is where OFFLINE, the address rules and the bounds of what is read hold.

use std::time::Duration;

use http::Method;
use http::header::{CONTENT_TYPE, HeaderValue};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

use super::error::Error;
use super::providers::{Kind, Outgoing};
use super::said::{Asked, Said, Trouble};
use crate::net::{self, Purpose, address, client};

/// What is read of an error body.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// Where and how one provider is asked.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    pub(super) http: net::Client,
    /// Why it is asked, for the register of what leaves.
    pub(super) purpose: Purpose,
    pub(super) kind: Kind,
    /// The provider's name, for sentences.
    pub(super) name: String,
    pub(super) base: Url,
    pub(super) key: Option<SecretString>,
    /// Until the head of an answer, and for a whole list.
    pub(super) first_byte: Duration,
    /// For details that a list is complete without.
    pub(super) extras: Duration,
    /// The largest list or whole answer.
    pub(super) max_body_bytes: usize,
}

/// Why a chat request got no answer to read.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// The server said no, in these words.
    Said(Box<Said>),
    /// All else.
    Error(Error),
}

impl Endpoint {
    /// Whether it is on this machine.
    pub(super) fn is_local(&self) -> bool {
        net::is_loopback(&self.base)
    }

    /// Refuses what may not be asked at all.
    pub(super) fn check(&self) -> Result<(), Error> {
        let provider = || self.name.clone();
        if let Err(reason) = address::check(&self.base) {
            return Err(Error::BadAddress { provider: provider(), reason: reason.to_string() });
        }
        self.http
            .check(self.purpose, &self.base)
            .map_err(|_| Error::Offline { provider: provider() })
    }

    /// Sends a question; the answer's head is a success.
    pub(super) async fn ask(&self, outgoing: Outgoing) -> Result<reqwest::Response, NoAnswer> {
        let request = self
            .request(Method::POST, self.under(outgoing.path))
            .map_err(NoAnswer::Error)?
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(outgoing.body);
        let sent = request.send(self.first_byte).await;
        let mut response = sent.map_err(|e| NoAnswer::Error(self.unsent(&e)))?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(NoAnswer::Said(Box::new(self.said(&mut response).await)))
    }

    /// Gets JSON from a path below the base URL.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.fetch(Method::GET, self.under(path), None).await
    }

    /// Gets details from a path of the server, whatever the base URL's path is.
    pub(super) async fn get_at<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        let mut url = self.base.clone();
        url.set_path(path);
        self.in_time(self.fetch(Method::GET, url, None)).await
    }

    /// Posts JSON to a path below the base URL and gets details.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<T, Error> {
        self.in_time(self.fetch(Method::POST, self.under(path), Some(body))).await
    }

    /// A failure of this provider whose answer makes no sense.
    pub(super) fn bad_answer(&self, reason: &str) -> Error {
        Error::BadAnswer { provider: self.name.clone(), reason: reason.to_owned() }
    }

    /// Who is asked, for sentences.
    pub(super) fn asked(&self, model: &str) -> Asked {
        Asked { provider: self.name.clone(), model: model.to_owned(), key: self.key.clone() }
    }

    /// The failure that a broken connection means, before any of the answer came.
    pub(super) fn unsent(&self, error: &client::Error) -> Error {
        let provider = self.name.clone();
        match error {
            client::Error::Offline(_) => Error::Offline { provider },
            client::Error::Timeout(waited) => {
                Error::Timeout { provider, waited: *waited, mid_answer: false }
            }
            client::Error::TooLarge { .. } => self.bad_answer(&error.to_string()),
            client::Error::Broken(_) => Error::NoConnection {
                provider,
                reason: format!(
                    "it closed the connection ({})",
                    self.asked("").tidy(&error.root())
                ),
            },
            client::Error::Connect(_) | client::Error::Setup(_) => {
                Error::NoConnection { provider, reason: self.asked("").tidy(&error.root()) }
            }
        }
    }

    async fn in_time<T>(
        &self,
        details: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let late = || self.unsent(&client::Error::Timeout(self.extras));
        tokio::time::timeout(self.extras, details).await.unwrap_or_else(|_| Err(late()))
    }

    async fn fetch<T: DeserializeOwned>(
        &self,
        method: Method,
        url: Url,
        body: Option<&serde_json::Value>,
    ) -> Result<T, Error> {
        let mut request = self.request(method, url)?;
        if let Some(body) = body {
            request = request.json(body);
        }
        let sent = request.send(self.first_byte).await;
        let mut response = sent.map_err(|e| self.unsent(&e))?;
        if !response.status().is_success() {
            return Err(self.said(&mut response).await.into_error(&self.asked("")));
        }
        let body = client::read_whole(&mut response, self.max_body_bytes, self.first_byte).await;
        let body = body.map_err(|e| self.unsent(&e))?;
        serde_json::from_slice(&body).map_err(|_| {
            self.asked("").error(Trouble::Garbage("it is not the JSON of such a server".to_owned()))
        })
    }

    fn request(&self, method: Method, url: Url) -> Result<client::Request, Error> {
        let key = self.key.as_ref().map(ExposeSecret::expose_secret);
        // A key with characters that no header can carry can be no key that this server made.
        let headers = self
            .kind
            .dialect()
            .headers(key)
            .map_err(|_| Error::WrongKey { provider: self.name.clone(), message: String::new() })?;
        Ok(self.http.request(self.purpose, method, url).headers(headers))
    }

    async fn said(&self, response: &mut reqwest::Response) -> Said {
        let status = response.status().as_u16();
        // Half an error body is better than none, and none is no reason for another failure.
        let body = client::read_start(response, MAX_ERROR_BYTES, self.first_byte).await;
        let (body, _) = body.unwrap_or_default();
        Said::from_answer(status, response.headers(), &body)
    }

    fn under(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url
    }
}
