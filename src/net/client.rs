//! The HTTP client: one pool for this machine that no proxy setting can reroute, one for the world.
//! Neither follows redirects (a redirect would carry the key elsewhere), and a name that resolves to
//! a link-local or metadata address leads nowhere. Deadlines belong to the caller, because they are
//! settings that change while the client lives.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{RequestBuilder, Url, redirect};
use serde::Serialize;

use super::address;
use super::register::{Entry, NoAddress, Offline, Purpose, Register};
use crate::base::clock;

/// How long a connection nobody uses is kept for the next request.
const IDLE_CONNECTION: Duration = Duration::from_secs(90);

/// Why no usable answer came.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client could not be made.
    #[error("the HTTP client could not be set up")]
    Setup(#[source] reqwest::Error),
    /// It may not leave this machine.
    #[error(transparent)]
    Offline(#[from] Offline),
    /// Nobody answers there: refused, no such name, no route, a failed TLS handshake.
    #[error("no connection")]
    Connect(#[source] reqwest::Error),
    /// Nothing came within the deadline.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The connection broke before the answer was whole.
    #[error("the connection broke")]
    Broken(#[source] reqwest::Error),
    /// The answer is larger than what is read of it.
    #[error("the answer is larger than {limit_bytes} bytes")]
    TooLarge {
        /// What is read at most.
        limit_bytes: usize,
    },
}

impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        // The URL may hold what a person would rather not have in a log.
        let error = error.without_url();
        if error.is_builder() {
            Self::Setup(error)
        } else if error.is_connect() {
            Self::Connect(error)
        } else {
            Self::Broken(error)
        }
    }
}

impl Error {
    /// The innermost cause in words, for the sentence a person reads: without the number that the system gives it.
    pub fn root(&self) -> String {
        let mut cause: &dyn std::error::Error = self;
        while let Some(next) = cause.source() {
            cause = next;
        }
        let words = cause.to_string();
        match words.rsplit_once(" (os error ") {
            Some((words, _)) => words.to_owned(),
            None => words,
        }
    }
}

/// Opens connections and keeps them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    local: reqwest::Client,
    outward: reqwest::Client,
    register: Register,
}

/// A request on its way out. Sending it is the one way in which anything leaves.
#[derive(Debug)]
#[must_use]
pub struct Request {
    builder: RequestBuilder,
    register: Register,
    purpose: Purpose,
    url: Url,
}

impl Client {
    /// Makes the client. No connection is opened; every request is entered in the register.
    pub fn new(register: Register) -> Result<Self, Error> {
        let common = || {
            reqwest::Client::builder()
                .redirect(redirect::Policy::none())
                .tcp_nodelay(true)
                .pool_idle_timeout(IDLE_CONNECTION)
                .user_agent(concat!("inglenook/", env!("CARGO_PKG_VERSION")))
                .referer(false)
        };
        let local = common().no_proxy().dns_resolver(Arc::new(ThisMachine));
        let outward = common().dns_resolver(Arc::new(Guarded));
        Ok(Self {
            local: local.build().map_err(Error::Setup)?,
            outward: outward.build().map_err(Error::Setup)?,
            register,
        })
    }

    /// A request for `url` over the pool that fits it.
    pub fn request(&self, purpose: Purpose, method: http::Method, url: Url) -> Request {
        let client = if address::is_loopback(&url) { &self.local } else { &self.outward };
        Request::new(client, &self.register, purpose, method, url)
    }

    /// Refuses, and counts, what may not leave now.
    pub fn check(&self, purpose: Purpose, url: &Url) -> Result<(), Offline> {
        self.register.check(purpose, url)
    }
}

impl Request {
    pub(super) fn new(
        client: &reqwest::Client,
        register: &Register,
        purpose: Purpose,
        method: http::Method,
        url: Url,
    ) -> Self {
        let builder = client.request(method, url.clone());
        Self { builder, register: register.clone(), purpose, url }
    }

    /// Adds a header.
    pub fn header(self, name: HeaderName, value: HeaderValue) -> Self {
        Self { builder: self.builder.header(name, value), ..self }
    }

    /// Adds headers.
    pub fn headers(self, headers: HeaderMap) -> Self {
        Self { builder: self.builder.headers(headers), ..self }
    }

    /// Sets the body.
    pub fn body(self, body: impl Into<reqwest::Body>) -> Self {
        Self { builder: self.builder.body(body), ..self }
    }

    /// Sets a body of JSON.
    pub fn json(self, body: &impl Serialize) -> Self {
        Self { builder: self.builder.json(body), ..self }
    }

    /// Sends it, if it may leave, and waits at most `limit` for the head of the answer.
    pub async fn send(self, limit: Duration) -> Result<reqwest::Response, Error> {
        let entry = self.register.admit(self.purpose, &self.url)?;
        let answer = match clock::within(limit, self.builder.send()).await {
            Some(answer) => answer.map_err(Error::from),
            None => Err(Error::Timeout(limit)),
        };
        tell(&entry, &answer);
        answer
    }
}

/// Enters what became of a request.
fn tell(entry: &Entry, answer: &Result<reqwest::Response, Error>) {
    match answer {
        Ok(response) => match response.status().as_u16() {
            // Servers differ in which details they tell; to ask for them is no failure.
            0..400 | 404 | 405 => {}
            status => entry.failed(&format!("it answered {status}")),
        },
        Err(error) if led_nowhere(error) => entry.refused(&NoAddress.to_string()),
        Err(Error::Timeout(_)) => entry.failed("no answer in time"),
        Err(error) => entry.failed(&error.root()),
    }
}

/// Whether no connection was made because no address may be asked.
fn led_nowhere(error: &Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<NoAddress>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Reads a body that must be at most `max_bytes` long and whole within `limit`.
pub async fn read_whole(
    response: &mut reqwest::Response,
    max_bytes: usize,
    limit: Duration,
) -> Result<Vec<u8>, Error> {
    let (bytes, cut) = read_start(response, max_bytes, limit).await?;
    if cut { Err(Error::TooLarge { limit_bytes: max_bytes }) } else { Ok(bytes) }
}

/// Reads the first `max_bytes` of a body and says whether there was more.
pub async fn read_start(
    response: &mut reqwest::Response,
    max_bytes: usize,
    limit: Duration,
) -> Result<(Vec<u8>, bool), Error> {
    let reading = async {
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await? {
            let room = max_bytes - body.len();
            body.extend_from_slice(&part[..part.len().min(room)]);
            if part.len() > room {
                return Ok((body, true));
            }
        }
        Ok((body, false))
    };
    clock::within(limit, reading).await.unwrap_or(Err(Error::Timeout(limit)))
}

/// The system's resolver, less the addresses that are never asked.
struct Guarded;

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<_> = found.filter(|at| !address::is_forbidden(at.ip())).collect();
            if allowed.is_empty() {
                return Err(NoAddress.into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}

/// Every name of this machine, without asking a name server.
struct ThisMachine;

impl Resolve for ThisMachine {
    fn resolve(&self, _: Name) -> Resolving {
        let both = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        let addresses: Addrs = Box::new(both.into_iter().map(|ip| SocketAddr::new(ip, 0)));
        Box::pin(std::future::ready(Ok(addresses)))
    }
}
