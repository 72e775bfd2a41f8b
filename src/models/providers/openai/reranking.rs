//! `POST /rerank`, as Jina wrote it first and llama.cpp, vLLM, `LocalAI` and Cohere took it over.
//! `OpenAI` itself has none.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::{Outgoing, Reranking, Trouble};
use crate::models::said::Said;

/// How texts are ranked.
#[derive(Debug)]
pub(super) struct Ranks;

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    query: &'a str,
    documents: &'a [&'a str],
    /// Of all: some servers leave the worst out unless asked.
    top_n: usize,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    results: Option<Vec<Row>>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Row {
    index: usize,
    relevance_score: f64,
}

impl Reranking for Ranks {
    fn ask(&self, model: &str, question: &str, texts: &[&str]) -> serde_json::Result<Outgoing> {
        let body = Body { model, query: question, documents: texts, top_n: texts.len() };
        Ok(Outgoing { path: "/rerank", body: serde_json::to_vec(&body)? })
    }

    fn read(&self, answer: &[u8]) -> Result<Vec<(usize, f64)>, Trouble> {
        let garbage = || Trouble::Garbage("it is no list of scores".to_owned());
        let answer: Answer = serde_json::from_slice(answer).map_err(|_| garbage())?;
        if let Some(error) = answer.error {
            return Err(Trouble::Said(Box::new(Said::from_json(&error))));
        }
        let rows = answer.results.ok_or_else(garbage)?;
        Ok(rows.into_iter().map(|row| (row.index, row.relevance_score)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_stand_by_the_number_of_their_text() {
        let read = |answer: &str| Ranks.read(answer.as_bytes());
        let answer = r#"{"object":"list","results":[{"index":1,"relevance_score":7.5,
            "document":{"text":"x"}},{"index":0,"relevance_score":-2}],"usage":{"total_tokens":9}}"#;
        assert_eq!(read(answer), Ok(vec![(1, 7.5), (0, -2.0)]));
        for bad in [
            r#"{"results":[{"index":-1,"relevance_score":1}]}"#,
            r#"{"results":[{"index":0,"relevance_score":"1"}]}"#,
            r#"{"results":[{"index":0}]}"#,
            r#"{"results":{}}"#,
            "{}",
            "[]",
            "<html>",
            "",
        ] {
            assert!(matches!(read(bad), Err(Trouble::Garbage(_))), "{bad}");
        }
        let said = read(r#"{"error":{"message":"no"}}"#);
        assert!(matches!(said, Err(Trouble::Said(said)) if said.message == "no"));
    }
}
