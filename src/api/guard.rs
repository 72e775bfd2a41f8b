//! A page of another site can do nothing here: the `Host` must be ours (a rebound DNS name is not),
//! and what changes something, or opens a stream, must come from our own pages or from no page at all.

use std::net::IpAddr;

use http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, HeaderValue, TRANSFER_ENCODING};
use http::{HeaderMap, Method, Request, StatusCode};

use super::reply::{Failure, Response};
use super::router::Kind;
use crate::config::Config;

/// Checks the `Host` header, before anything else looks at the request. Returns it.
pub(crate) fn check_host<B>(request: &Request<B>, config: &Config) -> Result<String, Failure> {
    let bad = |message: &'static str| Failure::new(StatusCode::BAD_REQUEST, "bad_host", message);
    let mut hosts = request.headers().get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().map_err(|_| bad("the Host header is not ASCII"))?,
        (None, _) => return Err(bad("the request has no Host header")),
        (Some(_), Some(_)) => return Err(bad("the request has more than one Host header")),
    };
    let in_target = request.uri().authority().map(http::uri::Authority::as_str);
    if in_target.is_some_and(|authority| !authority.eq_ignore_ascii_case(host)) {
        return Err(bad("the request names two different hosts"));
    }
    let name = host_name(host).ok_or_else(|| bad("the Host header is malformed"))?;
    let ours = is_loopback_name(name)
        || name.eq_ignore_ascii_case(&config.server.host.to_string())
        || config.server.allowed_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(name));
    if ours {
        return Ok(host.to_ascii_lowercase());
    }
    Err(Failure::new(
        StatusCode::FORBIDDEN,
        "host_not_allowed",
        "this server does not answer to that host name; add it to ALLOWED_HOSTS in config.sh",
    ))
}

/// The name without its port; `None` when it is none.
fn host_name(host: &str) -> Option<&str> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (address, after) = rest.split_once(']')?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            (address, after.strip_prefix(':').or_else(|| after.is_empty().then_some(""))?)
        }
        None => host.split_once(':').unwrap_or((host, "")),
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':');
    (!name.is_empty() && name.bytes().all(plain) && port.bytes().all(|b| b.is_ascii_digit()))
        .then_some(name)
}

fn is_loopback_name(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Checks that a request which changes something, opens a stream or reads data is not another site's.
pub(crate) fn check_origin(
    method: &Method,
    headers: &HeaderMap,
    host: &str,
    kind: Kind,
    config: &Config,
) -> Result<(), Failure> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let (site, origin) = (text("sec-fetch-site"), text("origin"));
    let trusted = origin.is_some_and(|origin| {
        is_own(origin, host) || config.server.cors_origins.iter().any(|known| known == origin)
    });
    let not_another = matches!(site, None | Some("same-origin" | "none"));
    let fine = if kind.opens_stream() {
        // A browser names the origin of every socket and of a stream that a page reads; of a stream
        // that a page only opens, as it would an image, it names the site alone.
        trusted || (origin.is_none() && not_another)
    } else {
        match *method {
            // Asked before a request, and answered without doing anything.
            Method::OPTIONS => true,
            // What is read without being readable can still be timed, and has the product do work. A
            // link that a person follows is theirs.
            Method::GET | Method::HEAD => {
                let link = text("sec-fetch-mode") == Some("navigate");
                kind == Kind::Free || not_another || trusted || link || has_bearer(headers)
            }
            _ => {
                let no_browser = site.is_none() && origin.is_none();
                no_browser || trusted || site == Some("same-origin") || has_bearer(headers)
            }
        }
    };
    if fine {
        return Ok(());
    }
    Err(Failure::new(
        StatusCode::FORBIDDEN,
        "cross_site",
        "requests from other sites' pages are refused; list the site in CORS_ORIGINS to allow it",
    ))
}

/// Refuses a request of which two servers in a row could disagree where it ends (RFC 9112, 6.1).
pub(crate) fn check_framing(headers: &HeaderMap) -> Result<(), Failure> {
    if headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH) {
        return Err(Failure::new(
            StatusCode::BAD_REQUEST,
            "bad_framing",
            "the request has both a Content-Length and a Transfer-Encoding",
        ));
    }
    Ok(())
}

fn has_bearer(headers: &HeaderMap) -> bool {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    value.is_some_and(|text| {
        text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer "))
    })
}

fn is_own(origin: &str, host: &str) -> bool {
    let rest = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    rest.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

/// What a browser must know of every answer.
const HEADERS: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
         font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; frame-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types inglenook dompurify",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    ),
    ("x-permitted-cross-domain-policies", "none"),
];

/// Adds the security headers, and those that let a listed other site read the answer.
pub(crate) fn add_headers(response: &mut Response, origin: Option<&HeaderValue>, config: &Config) {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        if !headers.contains_key(name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    let listed = |origin: &&HeaderValue| {
        config.server.cors_origins.iter().any(|known| known.as_bytes() == origin.as_bytes())
    };
    if let Some(origin) = origin.filter(listed) {
        headers.insert("access-control-allow-origin", origin.clone());
        headers.insert("vary", HeaderValue::from_static("origin, accept-encoding"));
        headers.insert(
            "access-control-expose-headers",
            HeaderValue::from_static(
                "x-request-id, ratelimit-limit, ratelimit-remaining, ratelimit-reset, retry-after, \
                 mcp-session-id",
            ),
        );
        headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    }
}

/// The answer to a listed site's question whether it may ask.
pub(crate) fn preflight() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    for (name, value) in [
        ("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE"),
        (
            "access-control-allow-headers",
            "authorization, content-type, idempotency-key, x-request-id, last-event-id, \
             mcp-session-id, mcp-protocol-version, mcp-method, mcp-name",
        ),
        ("access-control-max-age", "600"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_and_a_port_and_nothing_else() {
        for (host, name) in [
            ("localhost", Some("localhost")),
            ("localhost:5001", Some("localhost")),
            ("[::1]:5001", Some("::1")),
            ("[::1]", Some("::1")),
            ("", None),
            ("localhost:5001@evil", None),
            ("[::1]evil", None),
            ("evil.example/localhost", None),
            ("local host", None),
        ] {
            assert_eq!(host_name(host), name, "{host}");
        }
    }

    #[test]
    fn only_our_own_origin_is_our_own() {
        assert!(is_own("http://localhost:5001", "localhost:5001"));
        for other in ["null", "http://localhost:5002", "http://localhost:5001.evil.example", "?"] {
            assert!(!is_own(other, "localhost:5001"), "{other}");
        }
    }
}
