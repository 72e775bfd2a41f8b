//! One try of a delivery: what is sent, what the answer means, and when it is tried again.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{Webhooks, signature};
use crate::base::{DeliveryId, EventId, HookId, clock};
use crate::config::Retry;
use crate::error::Error;
use crate::net::fetch::Answer;

/// What is kept of the reason for a failure.
const MAX_ERROR_CHARS: usize = 300;

/// A delivery that is to be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    /// Its row.
    pub(super) seq: i64,
    pub(super) id: DeliveryId,
    /// The webhook's row.
    pub(super) webhook: i64,
    pub(super) webhook_id: HookId,
    pub(super) event_id: EventId,
    pub(super) event: String,
    pub(super) body: String,
    /// Tries before this one.
    pub(super) attempts: u32,
    pub(super) url: String,
    /// Sealed.
    pub(super) secret: Vec<u8>,
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    /// What was answered.
    pub(super) status: Option<u16>,
    /// Why it did not arrive; `None` when it did.
    pub(super) error: Option<String>,
    /// How long the webhook asks to be left alone.
    pub(super) retry_after: Option<Duration>,
    /// Whether it wants no more.
    pub(super) gone: bool,
}

impl Outcome {
    fn failed(error: impl Into<String>) -> Self {
        let error = error.into().chars().take(MAX_ERROR_CHARS).collect();
        Self { status: None, error: Some(error), retry_after: None, gone: false }
    }

    /// What an answer means.
    fn of(answer: Answer) -> Self {
        let Answer { status, retry_after, start } = answer;
        let outcome = match status {
            200..=299 => Self { status: None, error: None, retry_after: None, gone: false },
            300..=399 => Self::failed(format!(
                "it answered {status}, a redirect, and redirects are not followed; give the address \
                 where it leads"
            )),
            410 => Self {
                gone: true,
                ..Self::failed("it answered 410: it wants no more, and was turned off")
            },
            _ if start.is_empty() => Self::failed(format!("it answered {status}")),
            _ => Self::failed(format!("it answered {status}: {start}")),
        };
        Self { status: Some(status), retry_after, ..outcome }
    }

    /// Whether it is over.
    pub(super) fn arrived(&self) -> bool {
        self.error.is_none()
    }
}

/// How long to wait after so many tries. What the webhook asks for is granted up to the longest wait.
pub(super) fn pause(policy: Retry, attempts: u32, retry_after: Option<Duration>) -> Duration {
    let doubled = 2_u32.checked_pow(attempts.saturating_sub(1));
    let wait = doubled.and_then(|times| policy.base.checked_mul(times)).unwrap_or(policy.max);
    wait.max(retry_after.unwrap_or_default()).min(policy.max)
}

impl Webhooks {
    /// Sends it, once.
    pub(super) async fn send(&self, job: &Job) -> Outcome {
        let Ok(secret) = self.inner.seal.unseal(job.webhook_id, &job.secret) else {
            return Outcome::failed("its secret cannot be read any more; make a new one for it");
        };
        let headers = signature::sign(&secret, clock::now(), &job.body)
            .and_then(|signature| headers(job, &signature));
        let headers = match headers {
            Ok(headers) => headers,
            Err(error) => return Outcome::failed(error.to_string()),
        };
        let body = Bytes::from(job.body.clone());
        match self.inner.fetcher.post(&job.url, headers, body).await {
            Ok(answer) => Outcome::of(answer),
            Err(error) => Outcome::failed(error.to_string()),
        }
    }
}

fn headers(job: &Job, signature: &str) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in [
        ("x-webhook-signature", signature),
        ("x-webhook-id", &job.event_id.to_string()),
        ("x-webhook-event", &job.event),
    ] {
        let value = HeaderValue::from_str(value);
        let value = value.map_err(|error| Error::internal("naming a delivery", error))?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn policy() -> Retry {
        let (base, max) = (Duration::from_secs(10), Duration::from_hours(1));
        Retry { attempts: 15, base, max, jitter: false }
    }

    fn answer(status: u16, start: &str) -> Answer {
        Answer { status, retry_after: None, start: start.to_owned() }
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let seconds = |n| pause(policy(), n, None).as_secs();
        let waits: Vec<_> = (1..=10).map(seconds).collect();
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600]);
        assert_eq!(seconds(u32::MAX), 3600);
    }

    #[test]
    fn what_a_webhook_asks_for_is_granted_within_bounds() {
        let asked = |s| pause(policy(), 2, Some(Duration::from_secs(s))).as_secs();
        assert_eq!((asked(5), asked(120), asked(999_999)), (20, 120, 3600));
    }

    proptest! {
        #[test]
        fn no_wait_is_longer_than_the_longest(attempts: u32, asked: Option<u32>, base_ms: u32) {
            let base = Duration::from_millis(base_ms.into());
            let asked = asked.map(|s| Duration::from_secs(s.into()));
            let wait = pause(Retry { base, ..policy() }, attempts, asked);
            prop_assert!(wait <= policy().max);
        }
    }

    #[test]
    fn every_answer_but_a_good_one_is_a_failure_that_says_why() {
        for status in [200, 201, 202, 204, 299] {
            assert!(Outcome::of(answer(status, "")).arrived(), "{status}");
        }
        for (status, says) in [
            (302, "redirects are not followed"),
            (304, "redirect"),
            (400, "it answered 400: no such topic"),
            (410, "turned off"),
            (500, "it answered 500"),
            (199, "it answered 199"),
        ] {
            let outcome = Outcome::of(answer(status, "no such topic"));
            assert!(outcome.error.as_deref().unwrap().contains(says), "{outcome:?}");
            assert_eq!((outcome.status, outcome.gone), (Some(status), status == 410));
        }
        let long = Outcome::of(answer(500, &"x".repeat(5000)));
        assert_eq!(long.error.unwrap().chars().count(), MAX_ERROR_CHARS);
    }
}
