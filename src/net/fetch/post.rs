//! Sending to a URL that a person chose, under the same rules as fetching. What is sent went to where
//! the person said or nowhere: a redirect is an answer like another, and is not followed.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, header};
use reqwest::Response;
use reqwest::dns::Resolve as _;

use super::{Error, Fetcher, Unresolved, host_of, parse, unanswered, unresolved};
use crate::base::clock;
use crate::net::{address, client, retry};

/// What is read of an answer's body, and only of one that says no.
const START_BYTES: usize = 512;

/// What became of something that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// How long the server asks to be left alone.
    pub retry_after: Option<Duration>,
    /// How the body of an answer that says no begins: one line of visible characters.
    pub start: String,
}

impl Fetcher {
    /// Judges a URL that is to be kept for later, by what it says and by where its name leads now;
    /// a name that leads nowhere yet is left to the first time that something is sent. Gives the URL
    /// back as it will be used.
    pub async fn judge(&self, url: &str) -> Result<String, Error> {
        let rules = (self.now)();
        let url = parse(url)?;
        self.check(&url, &rules)?;
        let host = host_of(&url);
        if address::literal(&host).is_none()
            && let Ok(name) = host.parse()
        {
            let looked = tokio::time::timeout(rules.first_byte, self.resolver.resolve(name)).await;
            if let Ok(Err(error)) = looked
                && let Some(refused @ Unresolved::Refused(..)) = unresolved(&*error)
            {
                let error = refused.told(host);
                self.register.refuse(self.purpose, &url, error.code());
                return Err(error);
            }
        }
        Ok(url.into())
    }

    /// Sends a body, and waits for the head of the answer.
    pub async fn post(&self, url: &str, headers: HeaderMap, body: Bytes) -> Result<Answer, Error> {
        let (rules, began) = ((self.now)(), clock::monotonic());
        let url = parse(url)?;
        self.check(&url, &rules)?;
        let host = host_of(&url);
        let request =
            client::Request::new(&self.http, &self.register, self.purpose, Method::POST, url);
        let sent = request.headers(headers).body(body).send(rules.total).await;
        let spent = Duration::from_millis(clock::ms_since(began));
        let mut response = sent.map_err(|error| unanswered(error, host))?;
        let status = response.status().as_u16();
        let retry_after = retry::after(response.headers(), clock::now());
        let start = match response.status().is_success() {
            // What was sent has arrived; what there is to say about it is not waited for.
            true => String::new(),
            false => start_of(&mut response, rules.total.saturating_sub(spent)).await,
        };
        Ok(Answer { status, retry_after, start })
    }
}

/// The first words of a body that is text, as far as they come in time.
async fn start_of(response: &mut Response, limit: Duration) -> String {
    if response.headers().contains_key(header::CONTENT_ENCODING) {
        return String::new();
    }
    // The status says enough when the body does not come.
    let read = client::read_start(response, START_BYTES, limit).await;
    let (bytes, _) = read.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let plain = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words = plain.filter(|word| !word.is_empty()).collect::<Vec<_>>();
    words.join(" ").replace(char::REPLACEMENT_CHARACTER, "")
}
