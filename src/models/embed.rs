//! Asking for embeddings: the same breaker, attempts and deadlines as for a question, but the answer
//! comes in one piece, so that any failure before its end is worth another attempt. An answer with
//! vectors of different lengths, or with numbers that are none, is an upstream's failure: nothing
//! else may ever reach an index.

use super::Models;
use super::ask::{Admitted, note_retry};
use super::endpoint::{Endpoint, NoAnswer};
use super::error::Error;
use super::ids::{ModelRef, ProviderRef};
use super::providers::{Embeddings, Kind};
use super::settings::Settings;
use crate::base::Caller;
use crate::net::{Purpose, client, retry};

impl Models {
    /// Embeds texts: one vector for each, in their order, all of one length. How many texts a
    /// request may hold is the provider's business, so ask for a few dozen at a time.
    pub async fn embed(
        &self,
        caller: &Caller,
        model: &ModelRef,
        texts: &[&str],
    ) -> Result<Vec<Vec<f32>>, Error> {
        let ProviderRef::Id(id) = model.provider else {
            return Err(Error::NoEmbeddings { provider: Kind::Passages.title().to_owned() });
        };
        let row = self.row(caller, id).ok_or(Error::NoSuchProvider)?;
        let none = || Error::NoEmbeddings { provider: row.name.clone() };
        let dialect = row.kind.dialect().embeddings().ok_or_else(none)?;
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let Admitted { settings, endpoint, health, verdict } =
            self.admit(&row, Purpose::Embedding)?;
        let attempt = || ask(&endpoint, dialect, &model.name, texts, &settings);
        let before_wait = |error: &Error, wait| note_retry(id, &health, error, wait);
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
async fn ask(
    endpoint: &Endpoint,
    dialect: &dyn Embeddings,
    model: &str,
    texts: &[&str],
    settings: &Settings,
) -> Result<Vec<Vec<f32>>, Error> {
    let asked = endpoint.asked(model);
    let outgoing =
        dialect.ask(model, texts).map_err(|e| Error::Internal { reason: e.to_string() })?;
    let mut response = endpoint.ask(outgoing).await.map_err(|no| match no {
        NoAnswer::Said(said) => said.into_error(&asked),
        NoAnswer::Error(error) => error,
    })?;
    let body = client::read_whole(&mut response, settings.max_body_bytes, settings.idle).await;
    let body = body.map_err(|error| endpoint.unsent(&error))?;
    let vectors = dialect.read(&body).map_err(|trouble| asked.error(trouble))?;
    check(&vectors, texts.len()).map_err(|reason| endpoint.bad_answer(reason))?;
    Ok(vectors)
}

/// Holds an answer to what was asked for.
fn check(vectors: &[Vec<f32>], texts: usize) -> Result<(), &'static str> {
    if vectors.len() != texts {
        return Err("it has more or fewer embeddings than texts were sent");
    }
    let dimensions = vectors.first().map_or(0, Vec::len);
    if dimensions == 0 {
        return Err("its embeddings are empty");
    }
    if vectors.iter().any(|vector| vector.len() != dimensions) {
        return Err("its embeddings differ in length");
    }
    if !vectors.iter().flatten().all(|number| number.is_finite()) {
        return Err("its embeddings hold numbers that are too large");
    }
    Ok(())
}
