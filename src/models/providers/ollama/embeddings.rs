//! `POST /api/embed`: texts in, vectors out in the same order.

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
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    embeddings: Option<Vec<Vec<f32>>>,
    #[serde(default)]
    error: Option<Value>,
}

impl Embeddings for Vectors {
    fn ask(&self, model: &str, texts: &[&str]) -> Result<Outgoing, serde_json::Error> {
        let body = serde_json::to_vec(&Body { model, input: texts })?;
        Ok(Outgoing { path: "/api/embed", body })
    }

    fn read(&self, answer: &[u8]) -> Result<Vec<Vec<f32>>, Trouble> {
        let garbage = || Trouble::Garbage("it is no list of embeddings".to_owned());
        let answer: Answer = serde_json::from_slice(answer).map_err(|_| garbage())?;
        match answer.error {
            Some(error) => Err(Trouble::Said(Box::new(Said::from_json(&error)))),
            None => answer.embeddings.ok_or_else(garbage),
        }
    }
}
