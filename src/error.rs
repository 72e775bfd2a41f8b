//! The one error a capability returns. A door turns it into its protocol's form in one `match`; the
//! cause goes to the log there, never to the client.

use std::error::Error as StdError;

use crate::store;

/// Why an operation did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Absent, or somebody else's.
    #[error("there is no such {what}")]
    NotFound {
        /// The kind of thing, for a person.
        what: &'static str,
    },
    /// Absent, and there is more to say of it.
    #[error("{message}")]
    Unknown {
        /// A slug for programs.
        code: &'static str,
        /// What is not there, and what to do.
        message: String,
    },
    /// Bad input.
    #[error("{message}")]
    Invalid {
        /// The field at fault.
        field: String,
        /// What is wrong and what would be right.
        message: String,
    },
    /// The state of things does not allow it.
    #[error("{message}")]
    Conflict {
        /// A slug for programs.
        code: &'static str,
        /// What stands in the way.
        message: String,
    },
    /// Refused for want of rights.
    #[error("{message}")]
    Forbidden {
        /// A slug for programs.
        code: &'static str,
        /// Why, and how to be allowed.
        message: String,
    },
    /// Too many at once or in too short a time.
    #[error("{message}")]
    TooMany {
        /// A slug for programs.
        code: &'static str,
        /// Which limit was met.
        message: String,
        /// Seconds until it is worth trying again.
        retry_after_s: u64,
    },
    /// Larger than a limit.
    #[error("{message}")]
    TooLarge {
        /// Which limit was met.
        message: String,
        /// The limit.
        limit_bytes: u64,
    },
    /// Not possible at present.
    #[error("{message}")]
    Unavailable {
        /// A slug for programs.
        code: &'static str,
        /// Why not.
        message: String,
        /// Seconds until it is worth trying again.
        retry_after_s: Option<u64>,
    },
    /// Nobody, as far as can be told.
    #[error("{message}")]
    NotSignedIn {
        /// A slug for programs.
        code: &'static str,
        /// What is wrong with the credentials.
        message: String,
    },
    /// A model's server failed or refused.
    #[error("{message}")]
    Upstream {
        /// A slug for programs.
        code: &'static str,
        /// What happened and what to do.
        message: String,
        /// The HTTP status that tells it best: 429, 502, 503, 504.
        status: u16,
        /// Seconds until it is worth trying again.
        retry_after_s: Option<u64>,
        /// Numbers and names that go with it.
        details: serde_json::Value,
    },
    /// Nothing was written.
    #[error(
        "the disk is full or cannot be written, so nothing was kept; free some space and try again"
    )]
    DiskFull {
        /// What the database said.
        #[source]
        source: store::Error,
    },
    /// It may or may not be on disk.
    #[error(
        "the disk did not confirm the write, so whether it was kept is not known; \
         repeat it with the same Idempotency-Key"
    )]
    OutcomeUnknown {
        /// What the database said.
        #[source]
        source: store::Error,
    },
    /// The file holds what cannot be read, or was found to before.
    #[error(
        "the database file is damaged, so nothing more is written to it and some of it cannot be \
         read; stop Inglenook and put a copy back: `inglenook restore` lists those there are"
    )]
    Damaged {
        /// What the database said.
        #[source]
        source: store::Error,
    },
    /// Words cannot be looked up or noted for a moment; nothing was written.
    #[error(
        "an index of words was damaged and is being made anew; nothing is lost, try again in a moment"
    )]
    Mending {
        /// What the database said.
        #[source]
        source: store::Error,
    },
    /// A bug, or a broken system below.
    #[error("{doing} failed")]
    Internal {
        /// What was being done, for the log.
        doing: &'static str,
        /// The cause, for the log.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl Error {
    /// Its slug for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::Invalid { .. } => "invalid_input",
            Self::TooLarge { .. } => "too_large",
            Self::DiskFull { .. } => "disk_full",
            Self::OutcomeUnknown { .. } => "outcome_unknown",
            Self::Damaged { .. } => "database_damaged",
            Self::Mending { .. } => "index_damaged",
            Self::Internal { .. } => "internal_error",
            Self::Conflict { code, .. }
            | Self::Forbidden { code, .. }
            | Self::Unknown { code, .. }
            | Self::NotSignedIn { code, .. }
            | Self::TooMany { code, .. }
            | Self::Unavailable { code, .. }
            | Self::Upstream { code, .. } => code,
        }
    }

    /// Whether the fault lies here and not in what was asked.
    pub fn is_ours(&self) -> bool {
        matches!(
            self,
            Self::Internal { .. }
                | Self::DiskFull { .. }
                | Self::OutcomeUnknown { .. }
                | Self::Damaged { .. }
                | Self::Mending { .. }
        )
    }

    /// Absent, or somebody else's.
    pub fn not_found(what: &'static str) -> Self {
        Self::NotFound { what }
    }

    /// Bad input in a field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), message: message.into() }
    }

    /// The state of things does not allow it.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::Conflict { code, message: message.into() }
    }

    /// A bug, or a broken system below.
    pub fn internal(
        doing: &'static str,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::Internal { doing, source: source.into() }
    }
}

impl From<store::Error> for Error {
    fn from(source: store::Error) -> Self {
        match source {
            store::Error::DiskFull(_) | store::Error::ReadOnly(_) => Self::DiskFull { source },
            store::Error::File { source: ref cause, .. }
                if matches!(
                    cause.kind(),
                    std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
                ) =>
            {
                Self::DiskFull { source }
            }
            store::Error::OutcomeUnknown(_) => Self::OutcomeUnknown { source },
            store::Error::Corrupt(_) | store::Error::Damaged => Self::Damaged { source },
            store::Error::KeyReused => Self::conflict(
                "idempotency_key_reused",
                "this Idempotency-Key was used for another request; choose a new one",
            ),
            store::Error::Busy | store::Error::Closed | store::Error::Pool(_) => {
                Self::Unavailable {
                    code: "database_busy",
                    message: "the database is busy; try again in a moment".to_owned(),
                    retry_after_s: Some(1),
                }
            }
            store::Error::Index(_) => Self::Mending { source },
            other => Self::internal("using the database", other),
        }
    }
}

impl store::WorkError for Error {
    fn of_store(&self) -> Option<&store::Error> {
        match self {
            Self::DiskFull { source }
            | Self::OutcomeUnknown { source }
            | Self::Damaged { source }
            | Self::Mending { source } => Some(source),
            _ => None,
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        store::Error::from(error).into()
    }
}
