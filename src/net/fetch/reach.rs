//! Where a URL that somebody gave may lead. Three kinds of address: those in the world, which may be
//! asked; this machine and private networks, which may be asked when the owner listed the host; and
//! those that are never asked. IPv6 is judged by what is known to be good, for most of it is not
//! handed out; IPv4 by what is known to be bad.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

use super::Rules;
use crate::net::address::{self, METADATA_NAMES, literal, unmapped};

/// Blocks of IPv4 that are not in the world (IANA's special-purpose registry): first address, bits.
const NOT_PUBLIC_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];
/// The block of IPv6 that is handed out.
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// Blocks inside it that are not in the world: protocols (Teredo among them), documentation.
const NOT_PUBLIC_V6: [(Ipv6Addr, u32); 3] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Why an address is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// Nothing that could be fetched is there.
    Never,
    /// The owner did not list its host.
    Unlisted,
    /// It is not this machine.
    Offline,
}

/// Judges what a URL says before any name is looked up. A name's addresses are judged when it is.
pub(super) fn check_host(url: &Url, rules: &Rules) -> Result<(), Refused> {
    let host = url.host_str().unwrap_or_default();
    let listed = is_listed(host, rules);
    if let Some(ip) = literal(host) {
        return check_address(ip, listed, rules.offline);
    }
    let name = tidy(host);
    if METADATA_NAMES.contains(&name.as_str()) {
        return Err(Refused::Never);
    }
    // To ask a name server is to leave this machine.
    if rules.offline && name != "localhost" {
        return Err(Refused::Offline);
    }
    let here = name == "localhost" || name.ends_with(".localhost");
    if here && !listed { Err(Refused::Unlisted) } else { Ok(()) }
}

/// Judges an address that a connection would go to.
pub(super) fn check_address(ip: IpAddr, listed: bool, offline: bool) -> Result<(), Refused> {
    if address::is_forbidden(ip) {
        return Err(Refused::Never);
    }
    if offline && !unmapped(ip).is_loopback() {
        return Err(Refused::Offline);
    }
    if listed || is_public(ip) { Ok(()) } else { Err(Refused::Unlisted) }
}

/// Whether the owner allows a host to be in a private network.
pub(super) fn is_listed(host: &str, rules: &Rules) -> bool {
    let host = literal(host).map_or_else(|| tidy(host), |ip| ip.to_string());
    rules.allowed_hosts.iter().any(|allowed| tidy(allowed) == host)
}

/// A name without what may stand or not.
pub(super) fn tidy(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn is_public(ip: IpAddr) -> bool {
    match unmapped(ip) {
        IpAddr::V4(v4) => {
            let inside = |(first, bits): &(Ipv4Addr, u32)| {
                (v4.to_bits() ^ first.to_bits()).leading_zeros() >= *bits
            };
            !NOT_PUBLIC_V4.iter().any(inside)
        }
        IpAddr::V6(v6) => {
            let inside = |(first, bits): &(Ipv6Addr, u32)| {
                (v6.to_bits() ^ first.to_bits()).leading_zeros() >= *bits
            };
            inside(&GLOBAL_V6) && !NOT_PUBLIC_V6.iter().any(inside)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().unwrap())
    }

    #[test]
    fn addresses_in_the_world_are_told_from_all_others() {
        for yes in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2001:4860:4860::8888",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
        ] {
            assert!(public(yes), "{yes}");
        }
        for no in [
            "0.0.0.0",
            "0.1.2.3",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.1.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.255.255",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:10.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:a00:1::",
            "2002:7f00:1::1",
            "3fff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!public(no), "{no}");
        }
    }

    #[test]
    fn what_is_listed_may_be_private_but_never_link_local() {
        let judged = |ip: &str, listed| check_address(ip.parse().unwrap(), listed, false);
        assert_eq!(judged("10.0.0.1", false), Err(Refused::Unlisted));
        assert_eq!(judged("10.0.0.1", true), Ok(()));
        for never in ["169.254.169.254", "fe80::1", "fd00:ec2::254", "0.0.0.0", "ff02::1"] {
            assert_eq!(judged(never, true), Err(Refused::Never), "{never}");
        }
        let offline = check_address("1.1.1.1".parse().unwrap(), true, true);
        assert_eq!(offline, Err(Refused::Offline));
        assert_eq!(check_address("::1".parse().unwrap(), true, true), Ok(()));
    }
}
