//! An answer as it streams in. Everything that one wake-up of the network brought is one [`Delta`],
//! read without a timer; a timer runs only while there is nothing to read. An answer is whole only
//! when its end was said: a connection that merely closes broke off.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use reqwest::Response;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::Models;
use super::chat::{Delta, Finish, Usage};
use super::error::Error;
use super::health::{About, Health};
use super::ids::ModelRef;
use super::provider::Row;
use super::providers::{Batch, Decoder};
use super::said::Asked;
use super::think::Splitter;
use crate::base::{ProviderId, clock};
use crate::net::breaker::Permit;

/// What one delta gathers at most before it is handed on.
const MAX_DELTA_BYTES: usize = 64 * 1024;
/// How often the client's own task is let run for one delta.
const MAX_TURNS: usize = 32;
/// How long the unused rest of a finished answer is read, so that its connection can be used again.
const DRAIN: Duration = Duration::from_millis(500);

/// An answer that has begun. Dropping it ends the request upstream at once.
#[derive(Debug)]
pub struct AnswerStream {
    model: ModelRef,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// Written by the program itself.
    Written(VecDeque<String>),
    /// Coming from a server.
    Upstream(Box<Upstream>),
    /// Told to its end.
    Over,
}

/// What the first bytes of an answer showed.
pub(super) struct Opened {
    pub(super) response: Response,
    pub(super) first: Bytes,
    /// An answer that came in one piece.
    pub(super) whole: Option<Batch>,
    pub(super) decoder: Box<dyn Decoder>,
    pub(super) asked: Asked,
    pub(super) idle: Duration,
}

impl AnswerStream {
    pub(super) fn written(model: ModelRef, pieces: Vec<String>) -> Self {
        Self { model, source: Source::Written(pieces.into()) }
    }

    pub(super) fn opened(model: ModelRef, opened: Opened, verdict: Verdict) -> Self {
        let Opened { response, first, whole, decoder, asked, idle } = opened;
        let upstream = Upstream {
            response: Some(response),
            first: (!first.is_empty()).then_some(first),
            decoder,
            splitter: Splitter::default(),
            usage: None,
            finish: None,
            end: None,
            verdict: Some(verdict),
            asked,
            idle,
            quiet_until: from_now(idle),
            whole,
            gathered: Delta::default(),
            begun: false,
        };
        Self { model, source: Source::Upstream(Box::new(upstream)) }
    }

    /// The model that answers.
    pub fn model(&self) -> &ModelRef {
        &self.model
    }

    /// The next part of the answer; `None` after the one with `finish`, or after an error. Loses
    /// nothing when its future is dropped.
    pub async fn next(&mut self) -> Option<Result<Delta, Error>> {
        let step = match &mut self.source {
            Source::Over => return None,
            Source::Upstream(upstream) => upstream.next().await,
            Source::Written(pieces) => {
                let text = pieces.pop_front().unwrap_or_default();
                let finish = pieces.is_empty().then_some(Finish::Stop);
                Ok(Delta { text, finish, ..Delta::default() })
            }
        };
        if !matches!(&step, Ok(Delta { finish: None, .. })) {
            self.source = Source::Over;
        }
        Some(step)
    }
}

struct Upstream {
    /// Gone when its end was read.
    response: Option<Response>,
    /// Read before the answer was handed out.
    first: Option<Bytes>,
    decoder: Box<dyn Decoder>,
    splitter: Splitter,
    usage: Option<Usage>,
    finish: Option<Finish>,
    /// How it ended, told after the last text.
    end: Option<Result<(), Error>>,
    verdict: Option<Verdict>,
    asked: Asked,
    idle: Duration,
    /// When silence has lasted too long. Kept here, for a caller that looks up from `next` every
    /// second must not start the silence anew.
    quiet_until: Instant,
    /// An answer that came in one piece.
    whole: Option<Batch>,
    /// What the next delta will hold; kept here so that a caller that looks up loses nothing.
    gathered: Delta,
    /// The first words were handed on.
    begun: bool,
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream").field("asked", &self.asked).finish_non_exhaustive()
    }
}

impl Upstream {
    async fn next(&mut self) -> Result<Delta, Error> {
        loop {
            if let Some(whole) = self.whole.take() {
                self.take(&whole);
                self.end = Some(Ok(()));
            }
            if self.end.is_none() && self.gathered.is_empty() {
                let bytes = match self.first.take() {
                    Some(bytes) => Ok(Some(bytes)),
                    None => self.read().await,
                };
                self.feed(bytes);
                self.quiet_until = from_now(self.idle);
            }
            self.gather().await;
            if let Some(end) = &self.end {
                let failed = end.is_err();
                self.splitter.finish(&mut self.gathered.text, &mut self.gathered.reasoning);
                if failed && !self.gathered.is_empty() {
                    return Ok(std::mem::take(&mut self.gathered));
                }
                return self.conclude();
            }
            if !self.gathered.is_empty() {
                self.begun = true;
                return Ok(std::mem::take(&mut self.gathered));
            }
        }
    }

    /// Takes along what is there already. The client hands chunks over one by one, from a task of its
    /// own, so that task is let run as long as it brings more. The first words wait for nobody.
    async fn gather(&mut self) {
        for turn in 0..MAX_TURNS {
            let mut came = turn == 0;
            while self.end.is_none() && self.gathered_bytes() < MAX_DELTA_BYTES {
                let Some(more) = self.read_now() else { break };
                self.feed(more);
                came = true;
            }
            let full = self.gathered_bytes() >= MAX_DELTA_BYTES;
            if !came || !self.begun || full || self.end.is_some() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    fn gathered_bytes(&self) -> usize {
        self.gathered.text.len() + self.gathered.reasoning.len()
    }

    /// Waits for the next bytes; `None` at the end of the body.
    async fn read(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(response) = &mut self.response else { return Ok(None) };
        loop {
            return match tokio::time::timeout_at(self.quiet_until, response.chunk()).await {
                Ok(Ok(bytes)) => Ok(bytes),
                Ok(Err(_)) => Err(Error::BrokeOff { provider: self.asked.provider.clone() }),
                // It was this process that stood still: what came meanwhile is yet to be read.
                Err(_) if self.quiet_until.elapsed() > clock::STOOD_STILL => {
                    self.quiet_until = from_now(self.idle);
                    continue;
                }
                Err(_) => Err(Error::Timeout {
                    provider: self.asked.provider.clone(),
                    waited: self.idle,
                    mid_answer: true,
                }),
            };
        }
    }

    /// What is there without waiting.
    fn read_now(&mut self) -> Option<Result<Option<Bytes>, Error>> {
        let read = self.response.as_mut()?.chunk().now_or_never()?;
        Some(read.map_err(|_| Error::BrokeOff { provider: self.asked.provider.clone() }))
    }

    fn feed(&mut self, bytes: Result<Option<Bytes>, Error>) {
        let mut batch = Batch::default();
        let read = match bytes {
            Ok(Some(bytes)) => self.decoder.push(&bytes, &mut batch),
            Ok(None) => {
                self.response = None;
                let ended = self.decoder.end(&mut batch);
                batch.done = true;
                ended
            }
            Err(error) => {
                self.ended(Err(error));
                return;
            }
        };
        let done = batch.done;
        self.take(&batch);
        match read {
            Err(trouble) => {
                let error = self.asked.error(trouble);
                self.ended(Err(error));
            }
            Ok(()) if done => {
                let provider = self.asked.provider.clone();
                self.ended(self.finish.map(|_| ()).ok_or(Error::BrokeOff { provider }));
            }
            Ok(()) => {}
        }
    }

    /// After the answer's own end nothing can go wrong with it any more.
    fn ended(&mut self, how: Result<(), Error>) {
        self.end = Some(if self.finish.is_some() { Ok(()) } else { how });
    }

    fn take(&mut self, batch: &Batch) {
        let delta = &mut self.gathered;
        delta.reasoning.push_str(&batch.reasoning);
        delta.calls.extend_from_slice(&batch.calls);
        if !batch.text.is_empty() {
            self.splitter.push(&batch.text, &mut delta.text, &mut delta.reasoning);
        }
        if let Some(usage) = batch.usage {
            self.usage.get_or_insert_default().merge(usage);
            delta.usage = self.usage;
        }
        self.finish = batch.finish.or(self.finish);
    }

    /// The last word: the finish, or the failure.
    fn conclude(&mut self) -> Result<Delta, Error> {
        let mut delta = std::mem::take(&mut self.gathered);
        let end = self.end.take().unwrap_or(Ok(()));
        let verdict = self.verdict.take();
        match end {
            Ok(()) => {
                if let Some(verdict) = verdict {
                    if let Some(response) = self.response.take() {
                        drain(&verdict.models.inner.tasks, response);
                    }
                    verdict.succeeded();
                }
                delta.finish = Some(self.finish.unwrap_or(Finish::Other));
                Ok(delta)
            }
            Err(error) => {
                // The connection is closed before anybody hears of the failure.
                self.response = None;
                if let Some(verdict) = verdict {
                    verdict.failed(&error);
                }
                Err(error)
            }
        }
    }
}

fn from_now(wait: Duration) -> Instant {
    Instant::from_std(clock::monotonic()) + wait
}

/// Reads on to the end of the body, for a moment, so that the connection can be used again.
fn drain(tasks: &TaskTracker, mut response: Response) {
    let reading = async move {
        let mut left = MAX_DELTA_BYTES;
        while let Ok(Some(bytes)) = response.chunk().await {
            left = left.saturating_sub(bytes.len());
            if left == 0 {
                break;
            }
        }
    };
    tasks.spawn(tokio::time::timeout(DRAIN, reading));
}

/// What becomes known of a provider through one question: told once, at its end. Dropped without a
/// word (the question was cancelled) it counts as nothing.
pub(super) struct Verdict {
    models: Models,
    id: ProviderId,
    health: Arc<Health>,
    permit: Permit,
}

impl Verdict {
    pub(super) fn new(models: Models, row: &Row, health: Arc<Health>, permit: Permit) -> Self {
        Self { models, id: row.id, health, permit }
    }

    /// The answer is whole.
    pub(super) fn succeeded(self) {
        let policy = self.models.settings().breaker;
        let before = self.health.breaker_view(policy).state;
        let was_failing = self.health.last_error().is_some();
        self.permit.success(policy);
        self.health.answered(About::Question);
        if was_failing || self.health.breaker_view(policy).state != before {
            self.models.announce();
        }
    }

    /// There is no answer, or not all of one.
    pub(super) fn failed(self, error: &Error) {
        let policy = self.models.settings().breaker;
        let before = self.health.breaker_view(policy).state;
        if error.is_failure() {
            self.permit.failure(policy, clock::monotonic());
        } else {
            self.permit.success(policy);
        }
        self.health.failed(error);
        let after = self.health.breaker_view(policy).state;
        tracing::warn!(
            provider.id = %self.id, error.code = error.code(), error.status = error.status(),
            breaker.state = ?after, "the provider did not answer"
        );
        if after != before {
            tracing::warn!(provider.id = %self.id, breaker.from = ?before, breaker.to = ?after, "breaker");
        }
        self.models.announce();
    }
}
