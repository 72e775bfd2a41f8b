//! Asking for what comes in one piece: the same breaker, attempts and deadlines as for a question, but
//! any failure before its end is worth another attempt.

use super::Models;
use super::ask::{Admitted, note_retry};
use super::endpoint::{Endpoint, NoAnswer};
use super::error::Error;
use super::provider::Row;
use super::providers::Outgoing;
use super::said::Trouble;
use super::settings::Settings;
use crate::net::{Purpose, client, retry};

impl Models {
    /// Sends what `ask` writes to a model, and gives what `read` finds in the answer.
    pub(super) async fn whole<T>(
        &self,
        row: &Row,
        purpose: Purpose,
        model: &str,
        ask: impl Fn() -> serde_json::Result<Outgoing>,
        read: impl Fn(&[u8]) -> Result<T, Trouble>,
    ) -> Result<T, Error> {
        let Admitted { settings, endpoint, health, verdict } = self.admit(row, purpose)?;
        let attempt = || attempt(&endpoint, model, &ask, &read, &settings);
        let before_wait = |error: &Error, wait| note_retry(row.id, &health, error, wait);
        let answer =
            retry::retry(settings.retry, attempt, Error::is_worth_retrying, before_wait).await;
        match &answer {
            Ok(_) => verdict.succeeded(),
            Err(error) => verdict.failed(error),
        }
        answer
    }
}

/// One attempt.
async fn attempt<T>(
    endpoint: &Endpoint,
    model: &str,
    ask: &impl Fn() -> serde_json::Result<Outgoing>,
    read: &impl Fn(&[u8]) -> Result<T, Trouble>,
    settings: &Settings,
) -> Result<T, Error> {
    let asked = endpoint.asked(model);
    let outgoing = ask().map_err(|e| Error::Internal { reason: e.to_string() })?;
    let mut response = endpoint.ask(outgoing).await.map_err(|no| match no {
        NoAnswer::Said(said) => said.into_error(&asked),
        NoAnswer::Error(error) => error,
    })?;
    let body = client::read_whole(&mut response, settings.max_body_bytes, settings.idle).await;
    let body = body.map_err(|error| endpoint.unsent(&error))?;
    read(&body).map_err(|trouble| asked.error(trouble))
}
