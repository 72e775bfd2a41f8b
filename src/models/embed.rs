//! Asking for embeddings. An answer with vectors of different lengths, or with numbers that are none,
//! is an upstream's failure: nothing else may ever reach an index.

use super::Models;
use super::error::Error;
use super::ids::{ModelRef, ProviderRef};
use super::providers::Kind;
use super::said::Trouble;
use crate::base::Caller;
use crate::net::Purpose;

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
        let ask = || dialect.ask(&model.name, texts);
        let read = |answer: &[u8]| {
            let vectors = dialect.read(answer)?;
            check(&vectors, texts.len()).map_err(|reason| Trouble::Garbage(reason.to_owned()))?;
            Ok(vectors)
        };
        self.whole(&row, Purpose::Embedding, &model.name, ask, read).await
    }
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
