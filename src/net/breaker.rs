//! A circuit breaker: after so many failures in a row its upstream is left alone for a while, then a
//! few probes may pass, and enough successes close it again. Time comes in as a parameter, from the
//! monotonic clock, and the policy with every call, so that changed settings take effect at once.
//!
//! A [`Permit`] that is dropped without a verdict (a cancelled call) gives its slot back and counts
//! as nothing. A verdict on a call that began before the last change of state is ignored: it tells
//! about a time that is over.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// When a breaker opens and closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// Failures in a row that open it.
    pub failures: u32,
    /// Probes in a row that must succeed to close it.
    pub successes: u32,
    /// How long it stays open.
    pub open: Duration,
    /// Probes that may run at the same time.
    pub half_open_calls: u32,
}

/// Where a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BreakerState)]
pub enum State {
    /// Calls pass.
    Closed,
    /// No call passes.
    Open,
    /// A few probes pass.
    HalfOpen,
}

/// What a breaker shows of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// Where it stands.
    pub state: State,
    /// Failures in a row so far (while closed), or those that opened it.
    pub failures: u32,
    /// How long until probes may pass, while open.
    pub opens_again_in: Option<Duration>,
}

/// No call may pass now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the upstream is left alone for {} s", .retry_after.as_secs())]
pub struct Refused {
    /// When it is worth asking again.
    pub retry_after: Duration,
}

/// The breaker of one upstream.
#[derive(Debug, Default)]
pub struct Breaker {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    phase: Phase,
    failures: u32,
    /// Counts the changes of state, so that late verdicts are known as such.
    generation: u64,
}

#[derive(Debug, Default, Clone, Copy)]
enum Phase {
    #[default]
    Closed,
    Open {
        since: Instant,
    },
    HalfOpen {
        probes: u32,
        successes: u32,
    },
}

impl Breaker {
    /// Asks to make a call.
    pub fn enter(self: &Arc<Self>, policy: BreakerPolicy, now: Instant) -> Result<Permit, Refused> {
        let mut inner = self.lock();
        inner.wake(policy, now);
        match &mut inner.phase {
            Phase::Closed => {}
            Phase::Open { since } => {
                return Err(Refused { retry_after: left(*since, policy, now) });
            }
            Phase::HalfOpen { probes, .. } if *probes < policy.half_open_calls.max(1) => {
                *probes += 1;
            }
            // The probes on their way decide; nobody knows when, so ask again soon.
            Phase::HalfOpen { .. } => {
                return Err(Refused { retry_after: Duration::from_secs(1) });
            }
        }
        let generation = inner.generation;
        drop(inner);
        Ok(Permit { breaker: Arc::clone(self), generation, settled: false })
    }

    /// Where it stands.
    pub fn health(&self, policy: BreakerPolicy, now: Instant) -> Health {
        let mut inner = self.lock();
        inner.wake(policy, now);
        let (state, opens_again_in) = match inner.phase {
            Phase::Closed => (State::Closed, None),
            Phase::Open { since } => (State::Open, Some(left(since, policy, now))),
            Phase::HalfOpen { .. } => (State::HalfOpen, None),
        };
        Health { state, failures: inner.failures, opens_again_in }
    }

    /// Closes it and forgets what was.
    pub fn reset(&self) {
        let mut inner = self.lock();
        inner.failures = 0;
        inner.change(Phase::Closed);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here panics while it holds the lock, and a count is never half written.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn left(since: Instant, policy: BreakerPolicy, now: Instant) -> Duration {
    policy.open.saturating_sub(now.saturating_duration_since(since))
}

impl Inner {
    fn change(&mut self, phase: Phase) {
        self.phase = phase;
        self.generation += 1;
    }

    /// An open breaker whose time is over lets probes pass.
    fn wake(&mut self, policy: BreakerPolicy, now: Instant) {
        if let Phase::Open { since } = self.phase
            && left(since, policy, now).is_zero()
        {
            self.change(Phase::HalfOpen { probes: 0, successes: 0 });
        }
    }
}

/// The right to make one call, to be settled with how it went.
#[derive(Debug)]
#[must_use]
pub struct Permit {
    breaker: Arc<Breaker>,
    generation: u64,
    settled: bool,
}

impl Permit {
    /// The upstream did its work. An answer that says no (a wrong key) counts too: it is alive.
    pub fn success(mut self, policy: BreakerPolicy) {
        self.settled = true;
        let mut inner = self.breaker.lock();
        if inner.generation != self.generation {
            return;
        }
        match &mut inner.phase {
            Phase::Closed => inner.failures = 0,
            Phase::HalfOpen { probes, successes } => {
                *probes = probes.saturating_sub(1);
                *successes += 1;
                if *successes >= policy.successes {
                    inner.failures = 0;
                    inner.change(Phase::Closed);
                }
            }
            Phase::Open { .. } => {}
        }
    }

    /// The upstream could not be reached, was too slow, broke off or failed.
    pub fn failure(mut self, policy: BreakerPolicy, now: Instant) {
        self.settled = true;
        let mut inner = self.breaker.lock();
        if inner.generation != self.generation {
            return;
        }
        inner.failures = inner.failures.saturating_add(1);
        let opens = match inner.phase {
            Phase::Closed => inner.failures >= policy.failures,
            Phase::HalfOpen { .. } => true,
            Phase::Open { .. } => false,
        };
        if opens {
            inner.change(Phase::Open { since: now });
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let mut inner = self.breaker.lock();
        if inner.generation == self.generation
            && let Phase::HalfOpen { probes, .. } = &mut inner.phase
        {
            *probes = probes.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock;
    use proptest::prelude::*;

    const POLICY: BreakerPolicy = BreakerPolicy {
        failures: 3,
        successes: 2,
        open: Duration::from_mins(1),
        half_open_calls: 2,
    };

    fn opened(at: Instant) -> Arc<Breaker> {
        let breaker = Arc::new(Breaker::default());
        for _ in 0..3 {
            breaker.enter(POLICY, at).unwrap().failure(POLICY, at);
        }
        breaker
    }

    fn state(breaker: &Breaker, at: Instant) -> State {
        breaker.health(POLICY, at).state
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_says_until_when() {
        let now = clock::monotonic();
        let breaker = Arc::new(Breaker::default());
        for _ in 0..4 {
            breaker.enter(POLICY, now).unwrap().failure(POLICY, now);
            breaker.enter(POLICY, now).unwrap().failure(POLICY, now);
            breaker.enter(POLICY, now).unwrap().success(POLICY);
        }
        assert_eq!(state(&breaker, now), State::Closed);
        let breaker = opened(now);
        let soon = now + Duration::from_secs(50);
        let refused = breaker.enter(POLICY, soon).unwrap_err();
        assert_eq!(refused.retry_after, Duration::from_secs(10));
        assert_eq!(breaker.health(POLICY, soon).failures, 3);
    }

    #[test]
    fn probes_are_few_and_close_or_open_it() {
        let now = clock::monotonic();
        let later = now + POLICY.open;
        let breaker = opened(now);
        let (one, two) =
            (breaker.enter(POLICY, later).unwrap(), breaker.enter(POLICY, later).unwrap());
        assert!(breaker.enter(POLICY, later).is_err());
        one.success(POLICY);
        assert_eq!(state(&breaker, later), State::HalfOpen);
        two.success(POLICY);
        assert_eq!(state(&breaker, later), State::Closed);
        let breaker = opened(now);
        breaker.enter(POLICY, later).unwrap().failure(POLICY, later);
        assert_eq!(state(&breaker, later), State::Open);
    }

    #[test]
    fn a_cancelled_probe_gives_its_slot_back() {
        let now = clock::monotonic();
        let later = now + POLICY.open;
        let breaker = opened(now);
        for _ in 0..50 {
            drop(breaker.enter(POLICY, later).unwrap());
        }
        assert_eq!(state(&breaker, later), State::HalfOpen);
    }

    #[test]
    fn a_late_verdict_from_before_changes_nothing() {
        let now = clock::monotonic();
        let breaker = Arc::new(Breaker::default());
        let slow: Vec<_> = (0..9).map(|_| breaker.enter(POLICY, now).unwrap()).collect();
        for (n, permit) in slow.into_iter().enumerate() {
            let at = now + Duration::from_secs(if n < 3 { 0 } else { 61 });
            if n == 3 {
                // Half-open by now: old calls neither close it nor open it again.
                assert_eq!(state(&breaker, at), State::HalfOpen);
            }
            if n % 2 == 0 || n < 3 { permit.failure(POLICY, at) } else { permit.success(POLICY) }
        }
        assert_eq!(state(&breaker, now + Duration::from_secs(61)), State::HalfOpen);
        breaker.reset();
        assert_eq!(state(&breaker, now), State::Closed);
    }

    proptest! {
        /// Against a model written from the rules: whatever is done in whatever order, it agrees.
        #[test]
        fn it_follows_its_rules(steps in proptest::collection::vec((0u8..6, 0usize..8, 0u64..90), 1..120)) {
            #[derive(Debug)]
            enum Model { Closed(u32), Open(Instant), Half { running: usize, good: u32 } }
            let breaker = Arc::new(Breaker::default());
            let mut now = clock::monotonic();
            let mut model = Model::Closed(0);
            let mut era = 0u32;
            let mut held: Vec<(u32, Permit)> = Vec::new();
            for (what, which, seconds) in steps {
                if let Model::Open(since) = model && now - since >= POLICY.open {
                    model = Model::Half { running: 0, good: 0 };
                    era += 1;
                }
                let permit = (!held.is_empty()).then(|| which % held.len());
                match (what, permit) {
                    (0 | 1, _) => {
                        let allowed = match &mut model {
                            Model::Closed(_) => true,
                            Model::Open(_) => false,
                            Model::Half { running, .. } => { *running < 2 && { *running += 1; true } }
                        };
                        let got = breaker.enter(POLICY, now);
                        prop_assert_eq!(got.is_ok(), allowed);
                        if let Ok(permit) = got { held.push((era, permit)); }
                    }
                    (2, _) => now += Duration::from_secs(seconds),
                    (verdict, Some(at)) => {
                        let (born, permit) = held.swap_remove(at);
                        let ours = born == era;
                        match verdict {
                            3 => permit.success(POLICY),
                            4 => permit.failure(POLICY, now),
                            _ => drop(permit),
                        }
                        if !ours { continue; }
                        model = match (model, verdict) {
                            (Model::Closed(_), 3) => Model::Closed(0),
                            (Model::Closed(n), 4) if n + 1 >= 3 => { era += 1; Model::Open(now) }
                            (Model::Closed(n), 4) => Model::Closed(n + 1),
                            (Model::Half { good, .. }, 3) if good + 1 >= 2 => { era += 1; Model::Closed(0) }
                            (Model::Half { running, good }, 3) => Model::Half { running: running - 1, good: good + 1 },
                            (Model::Half { .. }, 4) => { era += 1; Model::Open(now) }
                            (Model::Half { running, good }, _) => Model::Half { running: running - 1, good },
                            (other, _) => other,
                        };
                    }
                    _ => {}
                }
                let expected = match model {
                    Model::Open(since) if now - since >= POLICY.open => State::HalfOpen,
                    Model::Closed(_) => State::Closed,
                    Model::Open(_) => State::Open,
                    Model::Half { .. } => State::HalfOpen,
                };
                // Looking may itself wake it; the model does so at its next step.
                prop_assert_eq!(breaker.health(POLICY, now).state, expected);
            }
        }
    }
}
