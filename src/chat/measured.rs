//! What is measured while a turn runs: times, and tokens over all its rounds.

use std::time::Instant;

use crate::base::clock;
use crate::conversations::{Support, Timings, Usage};
use crate::models::{self, Delta};

/// What is measured while a turn runs.
pub(super) struct Measured {
    pub(super) began: Instant,
    first: Option<Instant>,
    first_thought: Option<Instant>,
    first_text: Option<Instant>,
    /// Tokens of the rounds that are over, and of this one.
    earlier: models::Usage,
    usage: models::Usage,
    pub(super) saved_seq: u64,
    pub(super) support: Option<Support>,
}

impl Measured {
    /// From now on.
    pub(super) fn begin() -> Self {
        Self {
            began: clock::monotonic(),
            first: None,
            first_thought: None,
            first_text: None,
            earlier: models::Usage::default(),
            usage: models::Usage::default(),
            saved_seq: 0,
            support: None,
        }
    }

    /// Something came.
    pub(super) fn take(&mut self, delta: &Delta) {
        if let Some(usage) = delta.usage {
            self.usage.merge(usage);
        }
        let now = clock::monotonic();
        if !delta.reasoning.is_empty() || !delta.text.is_empty() {
            self.first.get_or_insert(now);
        }
        if !delta.reasoning.is_empty() {
            self.first_thought.get_or_insert(now);
        }
        if !delta.text.is_empty() {
            self.first_text.get_or_insert(now);
        }
    }

    pub(super) fn timings(&self) -> Timings {
        let since = |from: Instant, to: Instant| {
            u64::try_from(to.saturating_duration_since(from).as_millis()).unwrap_or(u64::MAX)
        };
        // Both may come at once: then it took no time, and is thought all the same.
        let thought = self.first_thought.zip(self.first_text);
        let thought = thought.map(|(first, text)| since(first, text));
        Timings {
            first_token_ms: self.first.map(|first| since(self.began, first)),
            total_ms: clock::ms_since(self.began),
            reasoning_ms: thought,
        }
    }

    pub(super) fn usage(&self) -> Option<Usage> {
        let both = |a: Option<u64>, b: Option<u64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (a, b) => a.or(b),
        };
        let input_tokens = both(self.earlier.input_tokens, self.usage.input_tokens);
        let output_tokens = both(self.earlier.output_tokens, self.usage.output_tokens);
        (input_tokens.is_some() || output_tokens.is_some())
            .then_some(Usage { input_tokens, output_tokens })
    }

    /// Another round begins.
    pub(super) fn begin_round(&mut self) {
        if let Some(Usage { input_tokens, output_tokens }) = self.usage() {
            self.earlier = models::Usage { input_tokens, output_tokens };
        }
        self.usage = models::Usage::default();
    }
}
