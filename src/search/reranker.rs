//! The re-ranker: a model of a provider that reads a question together with each of the best passages,
//! and ranks them anew. There is none until one is chosen, and where it fails the passages keep the
//! ranks that they had.

use std::sync::PoisonError;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _};
use serde::Serialize;
use utoipa::ToSchema;

use super::Search;
use crate::base::Caller;
use crate::conversations::Source;
use crate::error::Error;
use crate::models::ModelRef;

/// The re-ranker, and what else could be chosen.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Reranker)]
pub struct Status {
    /// The model that ranks; `null` for none.
    pub model: Option<String>,
    /// Why it did not rank when it was last asked, if so.
    pub error: Option<String>,
    /// Models that could be chosen, as far as their names tell.
    pub choices: Vec<String>,
}

impl Search {
    /// How the re-ranker is.
    pub async fn reranker(&self, caller: &Caller) -> Result<Status, Error> {
        let model = self.store.read(|db| Ok::<_, Error>(find(db)?)).await?;
        let error = self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let models = self.models.list(caller, false).await.into_iter();
        let choices = models.filter(|model| model.capabilities.reranking);
        Ok(Status {
            error: error.filter(|_| model.is_some()),
            model,
            choices: choices.map(|model| model.id.to_string()).collect(),
        })
    }

    /// Chooses a re-ranker, or none. It is asked once, so that a wrong choice is told now.
    pub async fn choose_reranker(
        &self,
        caller: &Caller,
        model: Option<String>,
    ) -> Result<Status, Error> {
        if let Some(model) = &model {
            let probe = ["a fire in a hearth", "a page of a book"];
            self.models.rerank(caller, &model_ref(model)?, "What is warm?", &probe).await?;
        }
        self.store.write_once(caller, move |tx| keep(tx, model.as_deref())).await?;
        self.note(None);
        self.embeddings.announce();
        self.reranker(caller).await
    }

    /// How many passages of a kind are found for so many that are wanted, `of` so many of all kinds:
    /// a re-ranker is shown its fill.
    pub(super) fn width(&self, chosen: Option<&String>, limit: usize, of: usize) -> usize {
        let shown = || self.live.now().search.rerank_candidates * limit / of.max(1);
        chosen.map_or(limit, |_| limit.max(shown()))
    }

    /// Ranks passages anew, each kind by itself, where a model was chosen that can; else they keep
    /// the order in which they were found. All are scored together, so that scores compare.
    pub(super) async fn rank_anew(
        &self,
        caller: &Caller,
        chosen: Option<String>,
        question: &str,
        mut kinds: [&mut Vec<Source>; 2],
    ) {
        let Some(model) = chosen else { return };
        let texts: Vec<&str> =
            kinds.iter().flat_map(|kind| kind.iter()).map(|source| source.text.as_str()).collect();
        if texts.len() < 2 {
            return;
        }
        let scores = self.scores(caller, &model, question, &texts).await;
        self.note(scores.as_ref().err());
        let Ok(scores) = scores else { return };
        let all = kinds.iter_mut().flat_map(|kind| kind.iter_mut());
        for (source, score) in all.zip(scores) {
            source.score = score;
        }
        for kind in kinds {
            kind.sort_by(|a, b| b.score.total_cmp(&a.score));
        }
    }

    async fn scores(
        &self,
        caller: &Caller,
        model: &str,
        question: &str,
        texts: &[&str],
    ) -> Result<Vec<f64>, String> {
        let model = model_ref(model).map_err(|error| error.to_string())?;
        let patience = self.live.now().search.rerank_timeout;
        let asked = self.models.rerank(caller, &model, question, texts);
        match tokio::time::timeout(patience, asked).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => Err(too_slow(patience)),
        }
    }

    /// Keeps why the re-ranker failed, until it works again.
    fn note(&self, error: Option<&String>) {
        if let Some(error) = error {
            tracing::warn!(%error, "passages were not ranked anew");
        }
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = error.cloned();
    }
}

fn too_slow(patience: Duration) -> String {
    format!("it took longer than {} seconds (RERANK_TIMEOUT_SECONDS)", patience.as_secs())
}

fn model_ref(model: &str) -> Result<ModelRef, Error> {
    model.parse().map_err(|_| {
        Error::invalid("model", "model is <provider id>/<model name>, or null for none".to_owned())
    })
}

/// The model that was chosen.
pub(super) fn find(db: &Connection) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT model FROM reranker")?.query_row([], |row| row.get(0)).optional()
}

fn keep(tx: &Connection, model: Option<&str>) -> Result<(), Error> {
    match model {
        Some(model) => tx.execute("INSERT OR REPLACE INTO reranker VALUES (1, ?)", [model])?,
        None => tx.execute("DELETE FROM reranker", [])?,
    };
    Ok(())
}
