//! What is counted of a client, in a few hundred bytes.

use std::time::Duration;

use super::types::Counters;

/// Timings that the percentile is taken of.
const KEPT: usize = 128;

/// Counts and the newest timings.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) sent: u64,
    pub(super) delivered: u64,
    pub(super) queued: u64,
    pub(super) expired: u64,
    pub(super) deduplicated: u64,
    pub(super) overflows: u64,
    pub(super) redelivered: u64,
    /// In microseconds; nothing is kept of clients that only listen.
    newest: Vec<u32>,
    /// Where the next one goes.
    next: usize,
}

impl Tally {
    /// Remembers how long a message took.
    pub(super) fn time(&mut self, took: Duration) {
        let micros = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        if self.newest.len() < KEPT {
            self.newest.push(micros);
        } else {
            self.newest[self.next] = micros;
        }
        self.next = (self.next + 1) % KEPT;
    }

    /// For people.
    pub(super) fn counters(&self) -> Counters {
        let mut sorted = self.newest.clone();
        sorted.sort_unstable();
        let ms = |micros: f64| (micros / 10.0).round() / 100.0;
        let sum: f64 = sorted.iter().map(|&micros| f64::from(micros)).sum();
        let count = u32::try_from(sorted.len().max(1)).unwrap_or(u32::MAX);
        let last = sorted.len().saturating_sub(1);
        let p95 = sorted.get((last * 95).div_ceil(100)).copied().unwrap_or(0);
        Counters {
            r#in: self.sent,
            out: self.delivered,
            queued: self.queued,
            expired: self.expired,
            deduplicated: self.deduplicated,
            overflows: self.overflows,
            redelivered: self.redelivered,
            send_ms_avg: ms(sum / f64::from(count)),
            send_ms_p95: ms(f64::from(p95)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_and_the_slow_end_of_the_newest_timings() {
        let mut tally = Tally::default();
        let near = |a: f64, b: f64| (a - b).abs() < 0.001;
        assert!(near(tally.counters().send_ms_avg, 0.0) && near(tally.counters().send_ms_p95, 0.0));
        for _ in 0..1000 {
            tally.time(Duration::from_secs(9));
        }
        for ms in 1..=128 {
            tally.time(Duration::from_millis(ms));
        }
        let counters = tally.counters();
        assert!(near(counters.send_ms_avg, 64.5), "{}", counters.send_ms_avg);
        assert!(near(counters.send_ms_p95, 122.0), "{}", counters.send_ms_p95);
    }
}
