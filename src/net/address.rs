//! Which addresses may be asked. Base URLs are the owner's choice, so private networks are allowed;
//! link-local and cloud metadata addresses never are, because nothing that answers there is a model
//! and what answers there may hand out credentials.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

/// Names under which clouds serve their metadata.
pub(super) const METADATA_NAMES: [&str; 4] =
    ["metadata.google.internal", "metadata.goog", "metadata", "instance-data.ec2.internal"];
/// Metadata services that are not at a link-local address: Alibaba, Azure's wire server, Oracle.
const METADATA_V4: [Ipv4Addr; 3] = [
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(192, 0, 0, 192),
];
/// Amazon's metadata service over IPv6.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// A URL that is not asked, with the reason for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// Not a URL at all.
    #[error("this is not a web address; write it like http://127.0.0.1:11434")]
    Unreadable,
    /// Another scheme.
    #[error("only http:// and https:// addresses can be asked")]
    Scheme,
    /// User name or password inside.
    #[error("the address must not contain a user name or password; keys have their own field")]
    Credentials,
    /// A query or fragment.
    #[error("the address must not have a ? or # part")]
    Extra,
    /// Link-local or metadata.
    #[error("link-local and cloud metadata addresses are never asked")]
    Forbidden,
}

/// Reads a base URL that a person typed. The scheme may be missing: loopback hosts get `http`, all
/// others `https`. The result has no trailing slash in its path.
pub fn parse_base_url(text: &str) -> Result<Url, BadUrl> {
    let text = text.trim();
    if text.is_empty() || text.len() > 2048 || text.chars().any(char::is_whitespace) {
        return Err(BadUrl::Unreadable);
    }
    let mut url = if text.contains("://") {
        Url::parse(text).map_err(|_| BadUrl::Unreadable)?
    } else {
        let plain = Url::parse(&format!("http://{text}")).map_err(|_| BadUrl::Unreadable)?;
        if is_loopback(&plain) {
            plain
        } else {
            Url::parse(&format!("https://{text}")).map_err(|_| BadUrl::Unreadable)?
        }
    };
    check(&url)?;
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// Refuses what is never asked.
pub fn check(url: &Url) -> Result<(), BadUrl> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(BadUrl::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BadUrl::Credentials);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(BadUrl::Extra);
    }
    let Some(host) = url.host_str() else { return Err(BadUrl::Unreadable) };
    let forbidden = match literal(host) {
        Some(ip) => is_forbidden(ip),
        None => {
            let name = host.trim_end_matches('.').to_ascii_lowercase();
            METADATA_NAMES.contains(&name.as_str())
        }
    };
    if forbidden { Err(BadUrl::Forbidden) } else { Ok(()) }
}

/// Whether the URL names this machine: `localhost`, 127.0.0.0/8 or `::1`.
pub fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    match literal(host) {
        Some(ip) => unmapped(ip).is_loopback(),
        None => host.trim_end_matches('.').eq_ignore_ascii_case("localhost"),
    }
}

/// Whether an address is link-local or a cloud's metadata service, whatever its spelling.
pub fn is_forbidden(ip: IpAddr) -> bool {
    match unmapped(ip) {
        IpAddr::V4(v4) => {
            v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_multicast()
                || v4.is_broadcast()
                || METADATA_V4.contains(&v4)
        }
        IpAddr::V6(v6) => {
            v6.is_unicast_link_local()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6 == METADATA_V6
        }
    }
}

/// An IPv4 address inside IPv6 (mapped, NAT64 or 6to4) is what it leads to.
pub(super) fn unmapped(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    let parts = v6.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => v4(high, low),
        _ => ip,
    }
}

pub(super) fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_tidied_and_its_scheme_guessed() {
        for (typed, read) in [
            ("http://x:8080", "http://x:8080/"),
            (" http://x:8080/v1/ ", "http://x:8080/v1"),
            ("localhost:1234", "http://localhost:1234/"),
            ("127.0.0.1:11434/", "http://127.0.0.1:11434/"),
            ("openrouter.ai/api/v1", "https://openrouter.ai/api/v1"),
            ("HTTPS://API.example.COM//", "https://api.example.com/"),
            ("http://192.168.1.4:8000", "http://192.168.1.4:8000/"),
        ] {
            assert_eq!(parse_base_url(typed).unwrap().as_str(), read, "{typed}");
        }
    }

    #[test]
    fn what_is_never_asked_is_refused_with_its_reason() {
        for (typed, why) in [
            ("", BadUrl::Unreadable),
            ("http://", BadUrl::Unreadable),
            ("http://a b", BadUrl::Unreadable),
            ("file:///etc/passwd", BadUrl::Scheme),
            ("ftp://host", BadUrl::Scheme),
            ("http://me:secret@host", BadUrl::Credentials),
            ("http://host/v1?key=1", BadUrl::Extra),
            ("http://host/#x", BadUrl::Extra),
            ("http://169.254.169.254/latest", BadUrl::Forbidden),
            ("http://0xA9FEA9FE", BadUrl::Forbidden),
            ("http://2852039166/", BadUrl::Forbidden),
            ("http://[::ffff:169.254.169.254]/", BadUrl::Forbidden),
            ("http://[64:ff9b::a9fe:a9fe]/", BadUrl::Forbidden),
            ("http://[fe80::1]/", BadUrl::Forbidden),
            ("http://[fd00:ec2::254]/", BadUrl::Forbidden),
            ("http://metadata.google.internal./x", BadUrl::Forbidden),
            ("http://100.100.100.200", BadUrl::Forbidden),
            ("http://0.0.0.0:80", BadUrl::Forbidden),
        ] {
            assert_eq!(parse_base_url(typed), Err(why), "{typed}");
        }
    }

    #[test]
    fn loopback_is_told_in_every_spelling() {
        for yes in
            ["http://localhost:1/", "http://127.9.9.9", "http://[::1]:5", "http://0x7f000001"]
        {
            assert!(is_loopback(&Url::parse(yes).unwrap()), "{yes}");
        }
        for no in ["http://localhost.example", "http://10.0.0.1", "http://[::2]", "https://a.b"] {
            assert!(!is_loopback(&Url::parse(no).unwrap()), "{no}");
        }
    }
}
