//! Why nothing was fetched: each reason with a slug for programs and a sentence that says what a
//! person can do about it.

use std::io;
use std::time::Duration;

use super::reach::Refused;

/// Why nothing, or not all of it, was fetched.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No URL that could be fetched.
    #[error("this address cannot be fetched: {reason}")]
    BadUrl {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It leads where only the owner may allow it to lead.
    #[error(
        "{host} is this machine or in a private network, and such addresses are not fetched; to \
         allow it, add it to ALLOWED_FETCH_HOSTS in config.sh"
    )]
    Private {
        /// Which host.
        host: String,
    },
    /// It leads where no document is.
    #[error("{host} leads to a link-local, metadata or reserved address, which is never fetched")]
    Forbidden {
        /// Which host.
        host: String,
    },
    /// The owner allows this machine only.
    #[error(
        "{host} is on another machine, and OFFLINE=true allows this one only; change OFFLINE in \
         config.sh"
    )]
    Offline {
        /// Which host.
        host: String,
    },
    /// The name has no address.
    #[error("there is no server named {host}; check the address")]
    UnknownHost {
        /// Which host.
        host: String,
    },
    /// Nobody answers there, or not in a way that can be trusted.
    #[error("no connection to {host}: {reason}")]
    NoConnection {
        /// Which host.
        host: String,
        /// What the network said.
        reason: String,
    },
    /// It took too long.
    #[error("{host} took longer than {} seconds", .waited.as_secs_f32())]
    TimedOut {
        /// Which host.
        host: String,
        /// The deadline that passed.
        waited: Duration,
    },
    /// The server has no such page.
    #[error("{host} has nothing at this address (it answered {status})")]
    NotFound {
        /// Which host.
        host: String,
        /// 404 or 410.
        status: u16,
    },
    /// Only for people who sign in there.
    #[error(
        "{host} does not give this to strangers (it answered {status}); save it in the browser and \
         upload the file"
    )]
    SignInNeeded {
        /// Which host.
        host: String,
        /// 401, 403, 407.
        status: u16,
    },
    /// Any other answer that is no document.
    #[error("{host} answered {status} in place of a document; try again later")]
    BadStatus {
        /// Which host.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// It goes round in circles, or nearly.
    #[error("the address was redirected more than {limit} times")]
    TooManyRedirects {
        /// What is followed at most.
        limit: u32,
    },
    /// A redirect that leads nowhere.
    #[error("{host} redirects to nowhere")]
    BadRedirect {
        /// Which host.
        host: String,
    },
    /// Larger than is taken.
    #[error("what is at {host} is larger than {} kB", .limit_bytes / 1024)]
    TooLarge {
        /// Which host.
        host: String,
        /// What is taken at most.
        limit_bytes: u64,
    },
    /// Packed in a way that was not asked for, or badly.
    #[error("what {host} sent cannot be unpacked")]
    BadEncoding {
        /// Which host.
        host: String,
    },
    /// The connection broke before the end.
    #[error("{host} broke off before the end; try again")]
    BrokeOff {
        /// Which host.
        host: String,
    },
    /// The writer failed: our own trouble.
    #[error("what was fetched could not be kept")]
    NotKept(#[source] io::Error),
}

impl Error {
    /// The slug for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadUrl { .. } => "bad_url",
            Self::Private { .. } | Self::Forbidden { .. } => "address_refused",
            Self::Offline { .. } => "offline",
            Self::UnknownHost { .. } => "unknown_host",
            Self::NoConnection { .. } => "no_connection",
            Self::TimedOut { .. } => "timed_out",
            Self::NotFound { .. } => "not_found",
            Self::SignInNeeded { .. } => "sign_in_needed",
            Self::BadStatus { .. } => "bad_status",
            Self::TooManyRedirects { .. } => "too_many_redirects",
            Self::BadRedirect { .. } => "bad_redirect",
            Self::TooLarge { .. } => "too_large",
            Self::BadEncoding { .. } => "bad_encoding",
            Self::BrokeOff { .. } => "broke_off",
            Self::NotKept(_) => "not_kept",
        }
    }

    /// Whether the same URL may work another time, all else being equal.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::UnknownHost { .. }
                | Self::NoConnection { .. }
                | Self::TimedOut { .. }
                | Self::BadStatus { .. }
                | Self::BrokeOff { .. }
                | Self::NotKept(_)
        )
    }

    pub(super) fn refused(why: Refused, host: String) -> Self {
        match why {
            Refused::Never => Self::Forbidden { host },
            Refused::Unlisted => Self::Private { host },
            Refused::Offline => Self::Offline { host },
        }
    }
}
