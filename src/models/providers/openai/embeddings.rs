//! `POST /embeddings`, whose answer numbers the vectors because some servers give them out of order.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::{Embeddings, Outgoing, Trouble};
use crate::models::said::Said;

/// How embeddings are asked for.
#[derive(Debug)]
pub(super) struct Vectors;

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    input: &'a [&'a str],
    encoding_format: &'static str,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    data: Option<Vec<Row>>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    index: Option<usize>,
    embedding: Vec<f32>,
}

impl Embeddings for Vectors {
    fn ask(&self, model: &str, texts: &[&str]) -> Result<Outgoing, serde_json::Error> {
        let body = serde_json::to_vec(&Body { model, input: texts, encoding_format: "float" })?;
        Ok(Outgoing { path: "/embeddings", body })
    }

    fn read(&self, answer: &[u8]) -> Result<Vec<Vec<f32>>, Trouble> {
        let garbage = || Trouble::Garbage("it is no list of embeddings".to_owned());
        let answer: Answer = serde_json::from_slice(answer).map_err(|_| garbage())?;
        if let Some(error) = answer.error {
            return Err(Trouble::Said(Box::new(Said::from_json(&error))));
        }
        let mut rows = answer.data.ok_or_else(garbage)?;
        if rows.iter().any(|row| row.index.is_some()) {
            rows.sort_by_key(|row| row.index);
            let in_order = rows.iter().enumerate().all(|(n, row)| row.index == Some(n));
            in_order.then_some(()).ok_or_else(garbage)?;
        }
        Ok(rows.into_iter().map(|row| row.embedding).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_stand_in_the_order_of_their_numbers() {
        let read = |answer: &str| Vectors.read(answer.as_bytes());
        let out_of_order = r#"{"data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1]}]}"#;
        assert_eq!(read(out_of_order), Ok(vec![vec![1.0], vec![2.0]]));
        let unnumbered = r#"{"data":[{"embedding":[2.5]},{"embedding":[1]}]}"#;
        assert_eq!(read(unnumbered), Ok(vec![vec![2.5], vec![1.0]]));
        for bad in [
            r#"{"data":[{"index":1,"embedding":[1]},{"index":1,"embedding":[2]}]}"#,
            r#"{"data":[{"index":1,"embedding":[1]}]}"#,
            r#"{"data":[{"embedding":[1]},{"index":0,"embedding":[2]}]}"#,
            r#"{"data":[{"index":0,"embedding":"AACAPw=="}]}"#,
            r#"{"data":[{"index":0,"embedding":[null]}]}"#,
            r#"{"data":[{"index":-1,"embedding":[1]}]}"#,
            "{}",
            "[]",
            "<html>",
        ] {
            assert!(matches!(read(bad), Err(Trouble::Garbage(_))), "{bad}");
        }
        let said = read(r#"{"error":{"message":"no"}}"#);
        assert!(matches!(said, Err(Trouble::Said(said)) if said.message == "no"));
    }
}
