//! The HTTP client: one pool for this machine that no proxy setting can reroute, one for the world.
//! Neither follows redirects (a redirect would carry the key elsewhere), and a name that resolves to
//! a link-local or metadata address leads nowhere. Deadlines belong to the caller, because they are
//! settings that change while the client lives.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{RequestBuilder, Url, redirect};

use super::address;

/// How long a connection nobody uses is kept for the next request.
const IDLE_CONNECTION: Duration = Duration::from_secs(90);

/// Why no usable answer came.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client could not be made.
    #[error("the HTTP client could not be set up")]
    Setup(#[source] reqwest::Error),
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
    /// The innermost cause in words, for the sentence a person reads.
    pub fn root(&self) -> String {
        let mut cause: &dyn std::error::Error = self;
        while let Some(next) = cause.source() {
            cause = next;
        }
        cause.to_string()
    }
}

/// Opens connections and keeps them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    local: reqwest::Client,
    outward: reqwest::Client,
}

impl Client {
    /// Makes the client. No connection is opened.
    pub fn new() -> Result<Self, Error> {
        let common = || {
            reqwest::Client::builder()
                .redirect(redirect::Policy::none())
                .tcp_nodelay(true)
                .pool_idle_timeout(IDLE_CONNECTION)
                .user_agent(concat!("inglenook/", env!("CARGO_PKG_VERSION")))
                .referer(false)
        };
        let both = [
            SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0),
        ];
        let local = common().no_proxy().resolve_to_addrs("localhost", &both);
        let outward = common().dns_resolver(Arc::new(Guarded));
        Ok(Self {
            local: local.build().map_err(Error::Setup)?,
            outward: outward.build().map_err(Error::Setup)?,
        })
    }

    /// A request for `url` over the pool that fits it.
    pub fn request(&self, method: http::Method, url: Url) -> RequestBuilder {
        let client = if address::is_loopback(&url) { &self.local } else { &self.outward };
        client.request(method, url)
    }
}

/// Sends a request and waits at most `limit` for the head of the answer.
pub async fn send(request: RequestBuilder, limit: Duration) -> Result<reqwest::Response, Error> {
    match tokio::time::timeout(limit, request.send()).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Error::Timeout(limit)),
    }
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
    tokio::time::timeout(limit, reading).await.unwrap_or(Err(Error::Timeout(limit)))
}

/// The system's resolver, less the addresses that are never asked.
struct Guarded;

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<_> = found.filter(|at| !address::is_forbidden(at.ip())).collect();
            if allowed.is_empty() {
                return Err("the name leads to no address that may be asked".into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}
