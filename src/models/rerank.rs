//! Asking a re-ranker, a model that reads a question and a text together, how well each of some texts
//! fits. It tells them apart better than words and vectors, and is far too slow for more than some
//! dozens.

use super::Models;
use super::error::Error;
use super::ids::{ModelRef, ProviderRef};
use super::providers::Kind;
use super::said::Trouble;
use crate::base::Caller;
use crate::net::Purpose;

impl Models {
    /// How well each text fits a question, in the order of the texts; higher is better, and what a
    /// number means is the model's own.
    pub async fn rerank(
        &self,
        caller: &Caller,
        model: &ModelRef,
        question: &str,
        texts: &[&str],
    ) -> Result<Vec<f64>, Error> {
        let ProviderRef::Id(id) = model.provider else {
            return Err(Error::NoReranking { provider: Kind::Passages.title().to_owned() });
        };
        let row = self.row(caller, id).ok_or(Error::NoSuchProvider)?;
        let none = || Error::NoReranking { provider: row.name.clone() };
        let dialect = row.kind.dialect().reranking().ok_or_else(none)?;
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let ask = || dialect.ask(&model.name, question, texts);
        let read = |answer: &[u8]| in_order(&dialect.read(answer)?, texts.len());
        self.whole(&row, Purpose::Reranking, &model.name, ask, read).await
    }
}

/// The scores in the order of the texts, if there is one for each.
fn in_order(scores: &[(usize, f64)], texts: usize) -> Result<Vec<f64>, Trouble> {
    let garbage = |reason: &str| Trouble::Garbage(reason.to_owned());
    let mut found = vec![f64::NAN; texts];
    for (index, score) in scores {
        let place = found.get_mut(*index).filter(|place| place.is_nan());
        *place.ok_or_else(|| garbage("it ranks a text that was not sent, or one twice"))? = *score;
    }
    if found.iter().any(|score| !score.is_finite()) {
        return Err(garbage("it does not rank every text that was sent"));
    }
    Ok(found)
}
