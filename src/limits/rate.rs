//! Requests in a minute, counted for each caller and class of route. A bucket holds a minute's worth
//! and is whole again at the end of its minute: a window, not a drip.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::base::{ClientId, TokenId, UserId, clock};

/// The length of a window.
const WINDOW: Duration = Duration::from_mins(1);

/// Routes that share a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Questions to a model.
    Chat,
    /// Messages on the bus.
    Bus,
    /// Documents on their way in.
    Upload,
    /// Attempts to sign in.
    Login,
    /// Everything without a class of its own.
    Api,
}

impl Class {
    /// Its name in messages and settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Bus => "bus",
            Self::Upload => "upload",
            Self::Login => "login",
            Self::Api => "api",
        }
    }
}

/// Whose bucket it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Who {
    /// Somebody who signed in, wherever they are.
    User(UserId),
    /// An agent with a token of its own.
    Token(TokenId),
    /// A client of the bus without a token, at an address.
    Client(IpAddr, ClientId),
    /// Anybody at an address.
    Address(IpAddr),
}

/// How a caller stands after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Whether this request may go on.
    pub allowed: bool,
    /// Requests in a whole window.
    pub limit: u64,
    /// Requests left in this one.
    pub remaining: u64,
    /// Seconds until the window is whole again, at least 1.
    pub reset_s: u64,
}

#[derive(Debug)]
struct Bucket {
    since: Instant,
    used: u64,
}

/// Everybody's buckets.
#[derive(Debug, Default)]
pub struct Rates {
    buckets: Mutex<HashMap<(Class, Who), Bucket>>,
}

impl Rates {
    /// Counts a request; `None` when the class has no limit.
    pub fn count(&self, class: Class, who: Who, limit: u64) -> Option<Rate> {
        self.count_at(class, who, limit, clock::monotonic())
    }

    /// Forgets buckets that are whole again.
    pub fn sweep(&self) {
        let now = clock::monotonic();
        if let Ok(mut buckets) = self.buckets.lock() {
            buckets.retain(|_, bucket| now.saturating_duration_since(bucket.since) < WINDOW);
            buckets.shrink_to_fit();
        }
    }

    fn count_at(&self, class: Class, who: Who, limit: u64, now: Instant) -> Option<Rate> {
        if limit == 0 {
            return None;
        }
        let mut buckets = self.buckets.lock().ok()?;
        let bucket = buckets.entry((class, who)).or_insert(Bucket { since: now, used: 0 });
        if now.saturating_duration_since(bucket.since) >= WINDOW {
            *bucket = Bucket { since: now, used: 0 };
        }
        let allowed = bucket.used < limit;
        bucket.used += u64::from(allowed);
        let left = WINDOW.saturating_sub(now.saturating_duration_since(bucket.since));
        Some(Rate {
            allowed,
            limit,
            remaining: limit.saturating_sub(bucket.used),
            reset_s: (left.as_millis().div_ceil(1000)).clamp(1, 60) as u64,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: Who = Who::Address(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    #[test]
    fn the_request_after_the_last_is_refused_until_the_window_is_whole_again() {
        let (rates, start) = (Rates::default(), clock::monotonic());
        for left in (0..60).rev() {
            let rate = rates.count_at(Class::Api, HOME.clone(), 60, start).unwrap();
            assert_eq!((rate.allowed, rate.remaining), (true, left));
        }
        let late = start + Duration::from_millis(59_500);
        let refused = rates.count_at(Class::Api, HOME.clone(), 60, late).unwrap();
        assert_eq!((refused.allowed, refused.reset_s), (false, 1));
        assert!(rates.count_at(Class::Chat, HOME.clone(), 60, late).unwrap().allowed);
        let other = Who::Address(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST));
        assert!(rates.count_at(Class::Api, other, 60, late).unwrap().allowed);
        assert!(rates.count_at(Class::Api, HOME.clone(), 60, start + WINDOW).unwrap().allowed);
        assert_eq!(rates.count_at(Class::Api, HOME.clone(), 0, late), None);
    }
}
