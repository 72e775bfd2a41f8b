//! Trying again. Which failures are worth it is the caller's judgement; here is only the order of
//! things: so many attempts in all, waits that double up to a cap (2 s, 4 s, ...), and a word to the
//! caller, who logs and shows it, before each wait.

use std::future::Future;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use http::HeaderMap;

use crate::base::Timestamp;

/// How often and how patiently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all; 1 never tries again.
    pub attempts: u32,
    /// The first wait.
    pub base: Duration,
    /// The longest wait.
    pub max: Duration,
    /// Whether each wait is shortened at random (full jitter), so that many clients of one server do
    /// not come back together.
    pub jitter: bool,
}

/// A wait that is about to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// The attempt that follows it, from 2.
    pub attempt: u32,
    /// Attempts in all.
    pub of: u32,
    /// How long it is.
    pub wait: Duration,
}

/// Runs `work` until it succeeds, fails with what `again` refuses, or the attempts are used up; the
/// last failure is the answer then. Dropping the future stops everything.
pub async fn retry<T, E, F>(
    policy: RetryPolicy,
    work: impl FnMut() -> F,
    again: impl FnMut(&E) -> bool,
    mut before_wait: impl FnMut(&E, Wait),
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let schedule = ExponentialBuilder::new()
        .with_factor(2.0)
        .with_min_delay(policy.base)
        .with_max_delay(policy.max.max(policy.base))
        .with_max_times(usize::try_from(policy.attempts.saturating_sub(1)).unwrap_or(usize::MAX));
    let mut attempt = 1;
    work.retry(schedule)
        .when(again)
        .adjust(|_, wait| wait.map(|wait| if policy.jitter { shortened(wait) } else { wait }))
        .notify(|error, wait| {
            attempt += 1;
            let of = policy.attempts;
            before_wait(error, Wait { attempt, of, wait });
        })
        .await
}

/// Some part of a wait, any as likely as the other.
fn shortened(wait: Duration) -> Duration {
    // Without randomness the whole wait is right too.
    getrandom::u32().map_or(wait, |drawn| wait.mul_f64(f64::from(drawn) / f64::from(u32::MAX)))
}

/// How long a server asks to be left alone: `Retry-After` in seconds or as a date, or the millisecond form some providers add.
pub fn after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(ms) = text("retry-after-ms").and_then(|t| t.parse::<u64>().ok()) {
        return Some(Duration::from_millis(ms));
    }
    let value = text("retry-after")?;
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    let ms = at.as_millisecond().saturating_sub(now.as_ms());
    Some(Duration::from_millis(u64::try_from(ms).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::{Cell, RefCell};

    fn policy(attempts: u32) -> RetryPolicy {
        let (base, max) = (Duration::from_millis(2), Duration::from_millis(10));
        RetryPolicy { attempts, base, max, jitter: false }
    }

    async fn run(attempts: u32, succeeds_at: u32, again: bool) -> (Result<u32, String>, Vec<Wait>) {
        let (tries, waits) = (Cell::new(0), RefCell::new(Vec::new()));
        let work = || async {
            tries.set(tries.get() + 1);
            let n = tries.get();
            if n == succeeds_at { Ok(n) } else { Err(format!("failed {n}")) }
        };
        let note = |_: &String, wait| waits.borrow_mut().push(wait);
        let end = retry(policy(attempts), work, |_| again, note).await;
        (end, waits.into_inner())
    }

    #[tokio::test]
    async fn waits_double_up_to_the_cap_and_are_told_before() {
        let (end, waits) = run(6, 6, true).await;
        assert_eq!(end, Ok(6));
        let ms: Vec<_> = waits.iter().map(|w| w.wait.as_millis()).collect();
        assert_eq!(ms, [2, 4, 8, 10, 10]);
        assert_eq!(waits[0], Wait { attempt: 2, of: 6, wait: Duration::from_millis(2) });
    }

    #[tokio::test]
    async fn attempts_are_counted_in_all_and_the_last_failure_is_the_answer() {
        let (end, waits) = run(3, 9, true).await;
        assert_eq!(end, Err("failed 3".to_owned()));
        assert_eq!(waits.len(), 2);
        let (end, waits) = run(1, 9, true).await;
        assert_eq!((end, waits.len()), (Err("failed 1".to_owned()), 0));
    }

    #[test]
    fn a_shortened_wait_is_never_longer() {
        for _ in 0..100 {
            assert!(shortened(Duration::from_secs(2)) <= Duration::from_secs(2));
        }
    }

    #[tokio::test]
    async fn what_is_not_worth_it_fails_at_once() {
        let (end, waits) = run(3, 2, false).await;
        assert_eq!((end, waits.len()), (Err("failed 1".to_owned()), 0));
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date() {
        let read = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            after(&headers, "2015-10-21T07:27:00Z".parse().unwrap())
        };
        assert_eq!(read("retry-after", "12"), Some(Duration::from_secs(12)));
        assert_eq!(read("retry-after-ms", "250"), Some(Duration::from_millis(250)));
        let date = "Wed, 21 Oct 2015 07:28:00 GMT";
        assert_eq!(read("retry-after", date), Some(Duration::from_mins(1)));
        assert_eq!(read("retry-after", "-3"), None);
        assert_eq!(read("retry-after", "soon"), None);
    }
}
