//! Fetching what a URL leads to, for URLs that a person (or a page, by a redirect) chose. Such a URL
//! must not become a way into this machine or its network (SPEC 14.3), so an address is judged when
//! a connection is made, by the resolver that the connection uses: a name that answers differently
//! the second time gains nothing. Each redirect is a new URL, judged like the first. No proxy, no
//! cookies, no kept connections, and what comes goes straight into the caller's writer, counted.
//!
//! Deliberately absent: what a page means, and any wish to try again. Whoever gave the URL can.

mod body;
mod error;
mod name;
mod post;
mod reach;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Method, StatusCode, header};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Response, Url, redirect};
use tokio::io::AsyncWrite;

pub use error::Error;
pub use post::Answer;

use super::client;
use super::register::{NoAddress, Purpose, Register};
use crate::config::Config;
use reach::Refused;

/// The longest URL that is looked at.
const MAX_URL_BYTES: usize = 8192;

/// What a fetch may do.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Wait for a connection and the head of an answer, at each hop.
    pub first_byte: Duration,
    /// Time for everything, redirects and body included.
    pub total: Duration,
    /// The largest body, as it travels and as it is unpacked.
    pub max_bytes: u64,
    /// Redirects that are followed.
    pub max_redirects: u32,
    /// Hosts, in lower case, that may lead to this machine or to a private network.
    pub allowed_hosts: Vec<String>,
    /// Only this machine, and only where `allowed_hosts` says so.
    pub offline: bool,
}

impl From<&Config> for Rules {
    fn from(config: &Config) -> Self {
        Self {
            first_byte: config.models.api_timeout,
            total: config.fetch.timeout,
            max_bytes: config.documents.max_bytes,
            max_redirects: config.fetch.max_redirects,
            allowed_hosts: config.fetch.allowed_hosts.clone(),
            offline: config.models.offline,
        }
    }
}

/// Gives the rules in force.
pub type Now = Arc<dyn Fn() -> Rules + Send + Sync>;

/// Looks up the addresses of a name.
type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// What was fetched; its bytes went into the writer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where the redirects ended.
    pub url: String,
    /// What the file is called, as the server or else the URL has it; safe as a file name, though
    /// only a name to show.
    pub name: Option<String>,
    /// `type/subtype` in lower case, as the server has it.
    pub media_type: Option<String>,
    /// The character set, in lower case, as the server has it.
    pub charset: Option<String>,
    /// How much was written, unpacked.
    pub size_bytes: u64,
}

/// Fetches. Cheap to clone.
#[derive(Clone)]
pub struct Fetcher {
    http: reqwest::Client,
    now: Now,
    register: Register,
    purpose: Purpose,
    resolver: Resolver,
}

impl Fetcher {
    /// Sets up the client. Nothing is asked yet; `now` is looked at in every fetch, and each is
    /// entered in the register under this purpose.
    pub fn new(register: Register, purpose: Purpose, now: Now) -> Result<Self, client::Error> {
        let lookup: Lookup = Arc::new(|name| system_lookup(name).boxed());
        Self::with_lookup(register, purpose, now, lookup)
    }

    fn with_lookup(
        register: Register,
        purpose: Purpose,
        now: Now,
        lookup: Lookup,
    ) -> Result<Self, client::Error> {
        let resolver = Resolver { now: Arc::clone(&now), lookup };
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            // A kept connection would be used again without its address being judged again.
            .pool_max_idle_per_host(0)
            .referer(false)
            .user_agent(concat!("inglenook/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(resolver.clone()))
            .build()
            .map_err(client::Error::Setup)?;
        Ok(Self { http, now, register, purpose, resolver })
    }

    /// Fetches `url` into a writer. After an error the writer may hold a part.
    pub async fn fetch<W>(&self, url: &str, into: &mut W) -> Result<Fetched, Error>
    where
        W: AsyncWrite + Unpin + Send,
    {
        let rules = (self.now)();
        let url = parse(url)?;
        let (host, waited) = (host_of(&url), rules.total);
        let fetching = tokio::time::timeout(rules.total, self.follow(url, &rules, into));
        fetching.await.unwrap_or(Err(Error::TimedOut { host, waited }))
    }

    async fn follow<W>(&self, mut url: Url, rules: &Rules, into: &mut W) -> Result<Fetched, Error>
    where
        W: AsyncWrite + Unpin + Send,
    {
        let mut hops = 0;
        let response = loop {
            let response = self.ask(&url, rules).await?;
            let Some(next) = redirected(&url, &response)? else { break response };
            if hops == rules.max_redirects {
                return Err(Error::TooManyRedirects { limit: rules.max_redirects });
            }
            hops += 1;
            url = next;
        };
        let host = host_of(&url);
        check_status(response.status(), &host)?;
        let header = |name| response.headers().get(name).cloned();
        let content_type = header(header::CONTENT_TYPE);
        let disposition = header(header::CONTENT_DISPOSITION);
        let size_bytes = body::copy(response, &host, rules.max_bytes, into).await?;
        let (media_type, charset) = name::content_type(content_type.as_ref());
        tracing::info!(fetch.host = host, fetch.bytes = size_bytes, fetch.hops = hops, "fetched");
        let name = name::file_name(disposition.as_ref(), &url);
        Ok(Fetched { url: url.into(), name, media_type, charset, size_bytes })
    }

    /// Asks one URL, and waits for the head of the answer.
    async fn ask(&self, url: &Url, rules: &Rules) -> Result<Response, Error> {
        let host = host_of(url);
        self.check(url, rules)?;
        client::Request::new(&self.http, &self.register, self.purpose, Method::GET, url.clone())
            .header(header::ACCEPT, HeaderValue::from_static("*/*"))
            .header(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"))
            .send(rules.first_byte)
            .await
            .map_err(|error| unanswered(error, host))
    }

    /// Refuses, and counts, a URL whose host may not be asked.
    fn check(&self, url: &Url, rules: &Rules) -> Result<(), Error> {
        let Err(why) = reach::check_host(url, rules) else { return Ok(()) };
        let error = Error::refused(why, host_of(url));
        self.register.refuse(self.purpose, url, error.code());
        Err(error)
    }
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetcher").finish_non_exhaustive()
    }
}

/// Reads a URL that could be fetched at all.
fn parse(text: &str) -> Result<Url, Error> {
    let text = text.trim();
    let bad = |reason| Err(Error::BadUrl { reason });
    if text.len() > MAX_URL_BYTES {
        return bad("it is too long");
    }
    let Ok(mut url) = Url::parse(text) else {
        return bad("it is no web address; write it like https://example.org/page");
    };
    if !matches!(url.scheme(), "http" | "https") {
        return bad("only http:// and https:// addresses are fetched");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return bad("it must not contain a user name or password");
    }
    if url.host_str().is_none_or(str::is_empty) {
        return bad("it names no server");
    }
    url.set_fragment(None);
    Ok(url)
}

/// Where an answer sends us on to, if it does.
fn redirected(from: &Url, response: &Response) -> Result<Option<Url>, Error> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = response.headers().get(header::LOCATION);
    let location = location.and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    let joined = location.and_then(|to| from.join(to).ok());
    let Some(next) = joined else { return Err(Error::BadRedirect { host: host_of(from) }) };
    parse(next.as_str()).map(Some)
}

fn check_status(status: StatusCode, host: &str) -> Result<(), Error> {
    let host = || host.to_owned();
    match status.as_u16() {
        200..=299 => Ok(()),
        status @ (404 | 410) => Err(Error::NotFound { host: host(), status }),
        status @ (401 | 403 | 407) => Err(Error::SignInNeeded { host: host(), status }),
        status => Err(Error::BadStatus { host: host(), status }),
    }
}

fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// What it means that no head of an answer came.
fn unanswered(error: client::Error, host: String) -> Error {
    if let Some(unresolved) = unresolved(&error) {
        return unresolved.told(host);
    }
    match error {
        client::Error::Offline(_) => Error::Offline { host },
        client::Error::Timeout(waited) => Error::TimedOut { host, waited },
        client::Error::Broken(_) => Error::BrokeOff { host },
        other => Error::NoConnection { host, reason: other.root() },
    }
}

/// Why a name leads nowhere.
#[derive(Debug, thiserror::Error)]
enum Unresolved {
    /// To no address that may be asked.
    #[error("the name leads to no address that may be asked")]
    Refused(Refused, #[source] NoAddress),
    /// To no address at all.
    #[error("the name is not known")]
    Unknown,
}

impl Unresolved {
    fn told(&self, host: String) -> Error {
        match self {
            Self::Refused(why, _) => Error::refused(*why, host),
            Self::Unknown => Error::UnknownHost { host },
        }
    }
}

/// What the resolver said, among the causes of an error.
fn unresolved<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Unresolved> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// The resolver of every connection: only addresses that may be asked leave it.
#[derive(Clone)]
struct Resolver {
    now: Now,
    lookup: Lookup,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rules = (self.now)();
        let looking = if reach::tidy(name.as_str()) == "localhost" {
            // No name server is asked about this machine.
            std::future::ready(Ok(this_machine())).boxed()
        } else {
            (self.lookup)(name.as_str().to_owned())
        };
        Box::pin(async move {
            let found = looking.await.map_err(|_| Unresolved::Unknown)?;
            let listed = reach::is_listed(name.as_str(), &rules);
            let mut allowed = Vec::with_capacity(found.len());
            let mut last = Unresolved::Unknown;
            for at in found {
                match reach::check_address(at.ip(), listed, rules.offline) {
                    Ok(()) => allowed.push(at),
                    Err(why) => last = Unresolved::Refused(why, NoAddress),
                }
            }
            if allowed.is_empty() {
                return Err(last.into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}

fn this_machine() -> Vec<SocketAddr> {
    let both = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    both.map(|ip| SocketAddr::new(ip, 0)).into()
}

async fn system_lookup(name: String) -> io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((name.as_str(), 0)).await?.collect())
}
