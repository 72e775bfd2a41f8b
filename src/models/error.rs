//! What can go wrong with a model's server, told apart by what a person can do about it (SPEC 4.5).
//! Each kind has a slug, an HTTP status and a sentence that says what happened and what to do next.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::base::Timestamp;
use crate::error;

/// Why there is no answer, or no whole one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nobody answers there.
    #[error(
        "no connection to {provider}: {reason}; check that it is running and that its address is right"
    )]
    NoConnection {
        /// Its name.
        provider: String,
        /// What the network said.
        reason: String,
    },
    /// Nothing came in time.
    #[error("{provider} sent nothing for {} seconds; try again, or choose another model", seconds(.waited))]
    Timeout {
        /// Its name.
        provider: String,
        /// The deadline that passed.
        waited: Duration,
        /// Whether part of the answer had come.
        mid_answer: bool,
    },
    /// The key is wrong, missing or has no rights.
    #[error("{provider} does not accept the API key{}; enter another one in Settings, Models", said(.message))]
    WrongKey {
        /// Its name.
        provider: String,
        /// What it said.
        message: String,
    },
    /// The provider has no such model, or this key may not use it.
    #[error("{provider} has no model {model}{}; choose another one", said(.message))]
    NoSuchModel {
        /// Its name.
        provider: String,
        /// The model that was asked for.
        model: String,
        /// What it said.
        message: String,
    },
    /// The prompt does not fit.
    #[error("{}", too_long(.provider, *.limit_tokens, *.asked_tokens))]
    ContextTooLong {
        /// Its name.
        provider: String,
        /// What fits, where it was said.
        limit_tokens: Option<u64>,
        /// What was sent, where it was said.
        asked_tokens: Option<u64>,
    },
    /// Too many requests, or no credit left.
    #[error("{provider} takes no more requests for now{}{}", said(.message), until(*.retry_after))]
    RateLimited {
        /// Its name.
        provider: String,
        /// What it said.
        message: String,
        /// When it is worth trying again, where it was said.
        retry_after: Option<Duration>,
    },
    /// The provider's filter refused.
    #[error("{provider} refused to answer this{}; put the question in another way, or choose another model", said(.message))]
    Refused {
        /// Its name.
        provider: String,
        /// What it said.
        message: String,
    },
    /// The request was not to its liking, in a way that has no kind of its own.
    #[error("{provider} refused the request{}", said(.message))]
    Rejected {
        /// Its name.
        provider: String,
        /// The HTTP status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// It failed.
    #[error("{provider} failed{}; try again, or choose another model", said(.message))]
    Failed {
        /// Its name.
        provider: String,
        /// The HTTP status, when that is how it failed.
        status: Option<u16>,
        /// What it said.
        message: String,
    },
    /// The answer stopped before its end.
    #[error(
        "{provider} broke off in the middle of the answer; what had come is kept, and you can continue it"
    )]
    BrokeOff {
        /// Its name.
        provider: String,
    },
    /// Its breaker is open.
    #[error("{provider} failed several times and is left alone for {} seconds; choose another model, or reset it in Settings, Models", seconds(.retry_after))]
    Paused {
        /// Its name.
        provider: String,
        /// Until probes may pass.
        retry_after: Duration,
    },
    /// What came is not what such a server answers.
    #[error(
        "{provider} answered with something that is no answer of a model ({reason}); check its address"
    )]
    BadAnswer {
        /// Its name.
        provider: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The owner allows this machine only.
    #[error(
        "{provider} is on another machine, and OFFLINE=true allows this one only; choose a local model, or change OFFLINE in config.sh"
    )]
    Offline {
        /// Its name.
        provider: String,
    },
    /// Its address is never asked.
    #[error("the address of {provider} cannot be used: {reason}")]
    BadAddress {
        /// Its name.
        provider: String,
        /// Why not.
        reason: String,
    },
    /// Deleted, or never there.
    #[error("the provider of this model is no longer there; choose another model")]
    NoSuchProvider,
    /// Switched off.
    #[error(
        "{provider} is switched off; switch it on in Settings, Models, or choose another model"
    )]
    SwitchedOff {
        /// Its name.
        provider: String,
    },
    /// Its models only talk.
    #[error(
        "{provider} makes no embeddings; choose an embedding model of another provider, or the \
         built-in one"
    )]
    NoEmbeddings {
        /// Its name.
        provider: String,
    },
    /// It ranks no texts.
    #[error("{provider} ranks no texts; choose a re-ranker of another provider, or none")]
    NoReranking {
        /// Its name.
        provider: String,
    },
    /// The key cannot be decrypted.
    #[error("the stored API key of {provider} cannot be read; enter it again in Settings, Models")]
    KeyUnreadable {
        /// Its name.
        provider: String,
    },
    /// Our own database or client failed.
    #[error("the models could not be read")]
    Internal {
        /// Why, for the log.
        reason: String,
    },
}

/// A failure as it is shown and stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fault {
    /// The slug.
    pub code: String,
    /// The sentence.
    pub error: String,
}

/// The newest failure of a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastError {
    /// The slug.
    pub code: String,
    /// The sentence.
    pub error: String,
    /// When it happened.
    pub at: Timestamp,
}

impl Error {
    /// The slug for programs.
    pub fn code(&self) -> &'static str {
        self.facts().0
    }

    /// The HTTP status that tells it best.
    pub fn status(&self) -> u16 {
        self.facts().1
    }

    fn facts(&self) -> (&'static str, u16) {
        match self {
            Self::NoConnection { .. } => ("no_connection", 502),
            Self::Timeout { .. } => ("upstream_timeout", 504),
            Self::WrongKey { .. } => ("wrong_key", 502),
            Self::NoSuchModel { .. } => ("no_such_model", 502),
            Self::ContextTooLong { .. } => ("context_too_long", 502),
            Self::RateLimited { .. } => ("rate_limited", 429),
            Self::Refused { .. } => ("refused", 502),
            Self::Rejected { .. } => ("upstream_rejected", 502),
            Self::Failed { .. } => ("upstream_failed", 502),
            Self::BrokeOff { .. } => ("broke_off", 502),
            Self::Paused { .. } => ("upstream_paused", 503),
            Self::BadAnswer { .. } => ("bad_answer", 502),
            Self::Offline { .. } => ("offline", 503),
            Self::BadAddress { .. } => ("bad_address", 502),
            Self::NoSuchProvider => ("no_such_provider", 404),
            Self::SwitchedOff { .. } => ("provider_off", 409),
            Self::NoEmbeddings { .. } => ("no_embeddings", 409),
            Self::NoReranking { .. } => ("no_reranking", 409),
            Self::KeyUnreadable { .. } => ("key_unreadable", 503),
            Self::Internal { .. } => ("internal", 500),
        }
    }

    /// Whole seconds until it is worth trying again.
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::RateLimited { retry_after, .. } => retry_after.as_ref().map(seconds),
            Self::Paused { retry_after, .. } => Some(seconds(retry_after)),
            _ => None,
        }
    }

    /// Numbers and names for programs.
    pub fn details(&self) -> serde_json::Value {
        match self {
            Self::ContextTooLong { limit_tokens, asked_tokens, .. } => {
                json!({ "limit_tokens": limit_tokens, "asked_tokens": asked_tokens })
            }
            Self::NoSuchModel { model, .. } => json!({ "model": model }),
            Self::Failed { status: Some(status), .. } | Self::Rejected { status, .. } => {
                json!({ "upstream_status": status })
            }
            _ => serde_json::Value::Null,
        }
    }

    /// Whether it can happen in the middle of an answer: what had come is kept and can be continued.
    pub fn is_cut(&self) -> bool {
        matches!(
            self,
            Self::BrokeOff { .. }
                | Self::Failed { .. }
                | Self::BadAnswer { .. }
                | Self::RateLimited { .. }
                | Self::Timeout { .. }
        )
    }

    /// Whether the upstream itself is at fault, so that its breaker counts it. A no (wrong key, too
    /// many requests) comes from a server that is well.
    pub(super) fn is_failure(&self) -> bool {
        matches!(
            self,
            Self::NoConnection { .. }
                | Self::Timeout { .. }
                | Self::BrokeOff { .. }
                | Self::BadAnswer { .. }
                | Self::Failed { .. }
        )
    }

    /// Whether another attempt is worth it before any of the answer came (SPEC 4.3).
    pub(super) fn is_worth_retrying(&self) -> bool {
        match self {
            Self::NoConnection { .. } | Self::BrokeOff { .. } => true,
            Self::Timeout { mid_answer, .. } => !mid_answer,
            Self::Failed { status, .. } => matches!(status, Some(502 | 503 | 504 | 529)),
            _ => false,
        }
    }

    /// As it is shown.
    pub fn fault(&self) -> Fault {
        Fault { code: self.code().to_owned(), error: self.to_string() }
    }
}

impl From<Error> for error::Error {
    fn from(error: Error) -> Self {
        let (code, status) = error.facts();
        let message = error.to_string();
        match error {
            Error::NoSuchProvider => Self::not_found("provider"),
            Error::SwitchedOff { .. } | Error::NoEmbeddings { .. } => Self::conflict(code, message),
            Error::Internal { reason } => Self::internal("reading the models", reason),
            Error::Paused { .. } | Error::Offline { .. } | Error::KeyUnreadable { .. } => {
                let retry_after_s = error.retry_after_s();
                Self::Unavailable { code, message, retry_after_s }
            }
            _ => {
                let (retry_after_s, details) = (error.retry_after_s(), error.details());
                Self::Upstream { code, message, status, retry_after_s, details }
            }
        }
    }
}

/// Rounded up, for a person and for `Retry-After`.
fn seconds(wait: &Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

fn said(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(" (it said: {message})") }
}

fn until(retry_after: Option<Duration>) -> String {
    match retry_after {
        Some(wait) => format!("; try again in {} seconds", seconds(&wait)),
        None => "; wait a while, or choose another model".to_owned(),
    }
}

fn too_long(provider: &str, limit: Option<u64>, asked: Option<u64>) -> String {
    let numbers = match (asked, limit) {
        (Some(asked), Some(limit)) => {
            format!(": it would be {asked} tokens, and {limit} fit")
        }
        (None, Some(limit)) => format!(": {limit} tokens fit"),
        (Some(asked), None) => format!(": it would be {asked} tokens"),
        (None, None) => String::new(),
    };
    format!(
        "the conversation is too long for the model of {provider}{numbers}; shorten it, start a new \
         conversation, or choose a model with a larger context"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_says_what_happened_and_what_to_do() {
        let error = Error::ContextTooLong {
            provider: "Shop".to_owned(),
            limit_tokens: Some(8192),
            asked_tokens: Some(9000),
        };
        assert!(error.to_string().contains("9000 tokens, and 8192 fit"));
        assert_eq!(error.details()["limit_tokens"], 8192);
        let error = Error::RateLimited {
            provider: "Shop".to_owned(),
            message: "slow down".to_owned(),
            retry_after: Some(Duration::from_millis(1500)),
        };
        assert_eq!(
            error.to_string(),
            "Shop takes no more requests for now (it said: slow down); try again in 2 seconds"
        );
        assert_eq!(error.retry_after_s(), Some(2));
    }

    #[test]
    fn each_kind_becomes_the_capability_error_that_fits() {
        let provider = || "Shop".to_owned();
        let status = |error: Error| match error::Error::from(error) {
            error::Error::Upstream { status, .. } => status,
            error::Error::Unavailable { .. } => 503,
            error::Error::Conflict { .. } => 409,
            error::Error::NotFound { .. } => 404,
            other => panic!("{other:?}"),
        };
        let retry_after = Duration::from_secs(9);
        assert_eq!(status(Error::Paused { provider: provider(), retry_after }), 503);
        assert_eq!(status(Error::BrokeOff { provider: provider() }), 502);
        assert_eq!(status(Error::SwitchedOff { provider: provider() }), 409);
        assert_eq!(status(Error::NoSuchProvider), 404);
    }
}
