//! The web UI, from inside the executable: each file with the best encoding the browser takes, its own
//! `ETag`, and for ever when its address carries its hash. A debug build serves `assets/` from disk, so
//! that an edit shows on reload.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderValue,
    IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, StatusCode};

use super::call::Call;
use super::reply::{Failure, Reply, Response};

#[derive(rust_embed::Embed)]
#[cfg_attr(debug_assertions, folder = "assets")]
#[cfg_attr(not(debug_assertions), folder = "$OUT_DIR/assets")]
struct Files;

/// A file as the build found it.
struct Entry {
    path: &'static str,
    hash: &'static str,
    mime: &'static str,
    brotli: bool,
    gzip: bool,
}

/// All files, sorted by path.
static INDEX: &[Entry] = include!(concat!(env!("OUT_DIR"), "/assets_index.rs"));

/// What a frame may do, of a diagram or of a page that an answer wrote: run our own script, draw, and
/// nothing else.
const FRAME_POLICY: &str = "sandbox allow-scripts; default-src 'none'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src data:; font-src 'self' data:; frame-ancestors 'self'";

/// `GET / and the pages that the browser's own routes lead to`: the one page.
pub(super) async fn page(call: Call) -> Reply {
    answer(&call, "index.html")
}

/// `GET /{*path}`: a file of the UI.
pub(super) async fn file(call: Call) -> Reply {
    let path = call.head.path.trim_start_matches('/');
    answer(&call, path)
}

/// A page of the UI that has a route of its own.
pub(super) fn named(call: &Call, path: &str) -> Reply {
    answer(call, path)
}

fn answer(call: &Call, path: &str) -> Reply {
    let missing = || {
        let message = format!("there is nothing at {}", call.head.path);
        Failure::new(StatusCode::NOT_FOUND, "no_such_route", message)
    };
    let entry = INDEX.binary_search_by(|entry| entry.path.cmp(path)).ok().map(|at| &INDEX[at]);
    let encoding = entry.map_or("", |entry| choose(&call.head.headers, entry));
    let stored = match encoding {
        "br" => Files::get(&format!("{path}.br")),
        "gzip" => Files::get(&format!("{path}.gz")),
        _ => Files::get(path),
    };
    let stored = stored.ok_or_else(missing)?;
    // In a debug build files on disk come and go; the index knows only their kinds.
    let kind = |entry: &&Entry| ending(entry.path) == ending(path);
    let mime = entry.or_else(|| INDEX.iter().find(kind)).ok_or_else(missing)?.mime;
    let hash = match entry {
        Some(entry) if !cfg!(debug_assertions) => Cow::Borrowed(entry.hash),
        _ => Cow::Owned(blake3::hash(&stored.data).to_hex()[..32].to_owned()),
    };
    let tag = format!("\"{hash}{}{encoding}\"", if encoding.is_empty() { "" } else { "-" });
    let fresh = call.head.headers.get(IF_NONE_MATCH).is_some_and(|known| {
        let known = known.to_str().unwrap_or_default();
        known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)
    });
    let mut response = if fresh {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        let bytes = match stored.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        };
        Response::new(bytes.into())
    };
    let for_ever = call.head.query.starts_with("v=") && !cfg!(debug_assertions);
    let cache = if for_ever { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(mime));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    if !encoding.is_empty() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    if path.starts_with("frames/") || path == "vendor/mermaid.js" {
        // A sandboxed frame has no origin, so what it loads must be allowed to leave ours.
        headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
        headers.insert("x-frame-options", HeaderValue::from_static("SAMEORIGIN"));
        headers.insert("content-security-policy", HeaderValue::from_static(FRAME_POLICY));
    }
    Ok(response)
}

fn ending(path: &str) -> Option<&str> {
    path.rsplit_once('.').map(|(_, ending)| ending)
}

/// The smallest form that the client takes (RFC 9110, 12.5.3).
fn choose(headers: &HeaderMap, entry: &Entry) -> &'static str {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let takes = |name: &str| {
        accepted.unwrap_or_default().split(',').any(|part| {
            let mut parts = part.split(';').map(str::trim);
            let named = parts.next().is_some_and(|given| given.eq_ignore_ascii_case(name));
            let refused = parts.any(|weight| {
                weight.strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()) == Some(0.0)
            });
            named && !refused
        })
    };
    match entry {
        Entry { brotli: true, .. } if takes("br") => "br",
        Entry { gzip: true, .. } if takes("gzip") => "gzip",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_that_is_refused_is_not_sent() {
        let entry = Entry { path: "a.js", hash: "", mime: "", brotli: true, gzip: true };
        for (accepted, chosen) in [
            ("gzip, deflate, br", "br"),
            ("gzip;q=1.0, br;q=0", "gzip"),
            ("br;q=0, gzip;q=0", ""),
            ("identity", ""),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            assert_eq!(choose(&headers, &entry), chosen, "{accepted}");
        }
        assert_eq!(choose(&HeaderMap::new(), &entry), "");
    }

    #[test]
    fn the_index_is_sorted_and_has_the_page() {
        assert!(INDEX.is_sorted_by_key(|entry| entry.path));
        assert!(INDEX.iter().any(|entry| entry.path == "index.html"));
    }
}
