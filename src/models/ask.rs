//! Asking a question: the breaker lets it pass, attempts follow one another while nothing of an answer
//! has come, and what is given back is an answer that has begun.

use std::sync::Arc;

use bytes::Bytes;
use reqwest::Response;

use super::answer::{AnswerStream, Opened, Verdict};
use super::endpoint::{Endpoint, NoAnswer};
use super::error::Error;
use super::health::Health;
use super::ids::{ModelRef, ProviderRef};
use super::provider::Row;
use super::providers::{Kind, Manner, passages};
use super::said::Trouble;
use super::settings::Settings;
use super::{ChatRequest, Models, Notice};
use crate::base::{Caller, ProviderId, clock};
use crate::net::client::{self, Error as NetError};
use crate::net::{Purpose, retry};

/// Content types that are no answer of a model, whatever follows.
const WRONG_TYPES: [&str; 5] = ["text/html", "image/", "audio/", "video/", "application/pdf"];

/// A provider that may be asked now, and what its answer will be told to.
pub(super) struct Admitted {
    pub(super) settings: Settings,
    pub(super) endpoint: Endpoint,
    pub(super) health: Arc<Health>,
    pub(super) verdict: Verdict,
}

impl Models {
    /// Asks a model. Returns when the first bytes of the answer are there; `notices` is told before
    /// each further attempt. Dropping this, or the answer, ends the request upstream.
    pub async fn stream(
        &self,
        caller: &Caller,
        model: &ModelRef,
        request: &ChatRequest,
        mut notices: impl FnMut(Notice) + Send,
    ) -> Result<AnswerStream, Error> {
        let ProviderRef::Id(id) = model.provider else {
            return Ok(AnswerStream::written(model.clone(), passages::answer(request)));
        };
        let row = self.row(caller, id).ok_or(Error::NoSuchProvider)?;
        let Admitted { settings, endpoint, health, verdict } =
            self.admit(&row, Purpose::Provider)?;
        let manner = Manner {
            quirks: health.quirks(&model.name),
            reserve_tokens: settings.reserve_tokens,
            context_window: self.context_window(id, &model.name),
        };
        let attempt = || begin(&endpoint, &model.name, request, manner, &health, &settings);
        let before_wait = |error: &Error, wait: retry::Wait| {
            note_retry(id, &health, error, wait);
            notices(Notice {
                attempt: wait.attempt,
                of: wait.of,
                wait: wait.wait,
                code: error.code(),
                text: format!(
                    "{error}; attempt {} of {} follows in {:.1} s",
                    wait.attempt,
                    wait.of,
                    wait.wait.as_secs_f64()
                ),
            });
        };
        let begun =
            retry::retry(settings.retry, attempt, Error::is_worth_retrying, before_wait).await;
        match begun {
            Ok(opened) => {
                if !request.tools.is_empty() && health.quirks(&model.name).no_tools {
                    notices(without_tools(&row.name, &model.name));
                }
                Ok(AnswerStream::opened(model.clone(), opened, verdict))
            }
            Err(error) => {
                verdict.failed(&error);
                Err(error)
            }
        }
    }

    /// Lets a question to a provider pass, if the provider is on and its breaker allows it.
    pub(super) fn admit(&self, row: &Row, purpose: Purpose) -> Result<Admitted, Error> {
        let provider = || row.name.clone();
        if !row.enabled {
            return Err(Error::SwitchedOff { provider: provider() });
        }
        let settings = self.settings();
        let endpoint = self.endpoint(row, &settings, purpose)?;
        let health = self.health(row.id);
        let permit = health
            .breaker
            .enter(settings.breaker, clock::monotonic())
            .map_err(|no| Error::Paused { provider: provider(), retry_after: no.retry_after })?;
        let verdict = Verdict::new(self.clone(), row, Arc::clone(&health), permit);
        health.count_request();
        Ok(Admitted { settings, endpoint, health, verdict })
    }
}

/// A word for who gave a model tools that it does not take.
fn without_tools(provider: &str, model: &str) -> Notice {
    Notice {
        attempt: 1,
        of: 1,
        wait: std::time::Duration::ZERO,
        code: "tools_refused",
        text: format!("{model} of {provider} takes no tools, so it was asked without them"),
    }
}

/// A failed attempt is followed by another one.
pub(super) fn note_retry(id: ProviderId, health: &Health, error: &Error, wait: retry::Wait) {
    health.count_retry();
    tracing::warn!(
        provider.id = %id, error.code = error.code(), retry.attempt = wait.attempt,
        retry.of = wait.of, retry.wait_ms = wait.wait.as_millis(), "asking again"
    );
}

/// One attempt, to the first bytes of the answer.
async fn begin(
    endpoint: &Endpoint,
    model: &str,
    request: &ChatRequest,
    mut manner: Manner,
    health: &Health,
    settings: &Settings,
) -> Result<Opened, Error> {
    let dialect = endpoint.kind.dialect();
    loop {
        let plain =
            (manner.quirks.no_tools && !request.tools.is_empty()).then(|| request.without_tools());
        let asked = plain.as_ref().unwrap_or(request);
        let outgoing = dialect
            .chat(model, asked, manner)
            .map_err(|e| Error::Internal { reason: e.to_string() })?;
        match endpoint.ask(outgoing).await {
            Ok(response) => return open(endpoint, model, response, settings).await,
            Err(NoAnswer::Error(error)) => return Err(error),
            Err(NoAnswer::Said(said)) => {
                // A parameter that this server does not know is left out from now on.
                let tools = !request.tools.is_empty() && !manner.quirks.no_tools;
                if tools && said.refuses_tools() {
                    manner.quirks.no_tools = true;
                } else if !dialect.learn(&said, &mut manner.quirks) {
                    return Err(said.into_error(&endpoint.asked(model)));
                }
                health.learnt(model, manner.quirks);
            }
        }
    }
}

/// Waits for the first bytes and tells from them whether the answer streams.
async fn open(
    endpoint: &Endpoint,
    model: &str,
    mut response: Response,
    settings: &Settings,
) -> Result<Opened, Error> {
    let asked = endpoint.asked(model);
    let garbage = |reason: String| asked.error(Trouble::Garbage(reason));
    let content_type = content_type(&response);
    if WRONG_TYPES.iter().any(|wrong| content_type.starts_with(wrong)) {
        return Err(garbage(format!("its type is {content_type}")));
    }
    let first = loop {
        match clock::within(settings.idle, response.chunk()).await {
            Some(Ok(Some(bytes))) if bytes.is_empty() => {}
            Some(Ok(Some(bytes))) => break bytes,
            Some(Ok(None)) => return Err(endpoint.bad_answer("it is empty")),
            Some(Err(error)) => return Err(endpoint.unsent(&NetError::from(error))),
            None => {
                return Err(Error::Timeout {
                    provider: endpoint.name.clone(),
                    waited: settings.idle,
                    mid_answer: true,
                });
            }
        }
    };
    let mut decoder = endpoint.kind.dialect().decoder(settings.max_line_bytes);
    let in_one_piece = endpoint.kind != Kind::Ollama
        && matches!(first.trim_ascii_start().first(), Some(b'{' | b'['));
    let whole = if in_one_piece {
        let room = settings.max_body_bytes.saturating_sub(first.len());
        let rest = client::read_whole(&mut response, room, settings.idle).await;
        let rest = rest.map_err(|e| cut(endpoint, &e))?;
        let mut out = super::providers::Batch::default();
        let whole = [&first[..], &rest].concat();
        decoder.whole(&whole, &mut out).map_err(|trouble| asked.error(trouble))?;
        Some(out)
    } else {
        None
    };
    let first = if whole.is_some() { Bytes::new() } else { first };
    Ok(Opened { response, first, whole, decoder, asked, idle: settings.idle })
}

/// The failure of an answer in one piece whose end did not come.
fn cut(endpoint: &Endpoint, error: &NetError) -> Error {
    let provider = endpoint.name.clone();
    match error {
        NetError::Timeout(waited) => Error::Timeout { provider, waited: *waited, mid_answer: true },
        NetError::TooLarge { .. } => endpoint.bad_answer(&error.to_string()),
        _ => Error::Failed { provider, status: None, message: "it broke off".to_owned() },
    }
}

fn content_type(response: &Response) -> String {
    let value = response.headers().get(http::header::CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
