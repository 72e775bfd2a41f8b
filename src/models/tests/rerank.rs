//! Ranking texts, by servers that do what they should and by servers that do not.

use serde_json::{Value, json as value};

use super::fake::{json, reply};
use super::*;

impl Bench {
    async fn rerank(&self, model: &ModelRef, texts: &[&str]) -> Result<Vec<f64>, Error> {
        self.models.rerank(&Caller::owner(), model, "What is warm?", texts).await
    }
}

#[tokio::test]
async fn scores_come_back_in_the_order_of_the_texts() {
    let server = Fake::any(|_| {
        let body =
            r#"{"results":[{"index":1,"relevance_score":3.5},{"index":0,"relevance_score":-1}]}"#;
        vec![json("200 OK", body)]
    })
    .await;
    let bench = Bench::new().await;
    let model = bench.add("openai", &format!("{}/v1", server.url), Some("sk-secret-key-12")).await;
    assert_eq!(bench.rerank(&model, &["ice", "fire"]).await, Ok(vec![-1.0, 3.5]));
    let asked = server.last();
    assert_eq!(asked.path, "/v1/rerank");
    assert!(asked.text.to_lowercase().contains("authorization: bearer sk-secret-key-12"));
    let sent: Value = serde_json::from_str(asked.text.split_once("\r\n\r\n").unwrap().1).unwrap();
    let body = value!({"model": "m1", "query": "What is warm?", "documents": ["ice", "fire"],
        "top_n": 2});
    assert_eq!(sent, body);
    assert_eq!(bench.rerank(&model, &[]).await, Ok(Vec::new()));
    assert_eq!(server.questions(), 1);
}

#[tokio::test]
async fn who_ranks_nothing_says_so() {
    let bench = Bench::new().await;
    let server = Fake::any(|_| vec![json("200 OK", "{}")]).await;
    for kind in ["anthropic", "ollama"] {
        let model = bench.add(kind, &server.url, None).await;
        let error = bench.rerank(&model, &["text"]).await.unwrap_err();
        assert_eq!((error.code(), error.status()), ("no_reranking", 409), "{kind}");
    }
    let error = bench.rerank(&ModelRef::passages(), &["text"]).await.unwrap_err();
    assert_eq!(error.code(), "no_reranking");
    assert_eq!(server.questions(), 0);
}

#[tokio::test]
async fn an_answer_that_does_not_rank_every_text_once_is_the_servers_failure() {
    for body in [
        r#"{"results":[{"index":0,"relevance_score":1}]}"#,
        r#"{"results":[{"index":0,"relevance_score":1},{"index":0,"relevance_score":2}]}"#,
        r#"{"results":[{"index":0,"relevance_score":1},{"index":2,"relevance_score":2}]}"#,
        r#"{"results":[{"index":0,"relevance_score":1},{"index":1,"relevance_score":1e999}]}"#,
        r#"{"results":[{"index":0,"relevance_score":1},{"index":1,"relevance_score":null}]}"#,
        r#"{"results":[]}"#,
        "null",
        "",
    ] {
        let server = Fake::any(move |_| vec![json("200 OK", body)]).await;
        let bench = Bench::new().await;
        let model = bench.add("openai", &server.url, None).await;
        let error = bench.rerank(&model, &["one", "two"]).await.unwrap_err();
        assert_eq!((error.code(), server.questions()), ("bad_answer", 1), "{body}");
    }
}

#[tokio::test]
async fn a_failure_is_tried_again_and_counts_for_the_breaker() {
    let server = Fake::any(|_| vec![reply("500 Internal Server Error", "", "oops")]).await;
    let bench = Bench::new().await;
    let model = bench.add("openai", &server.url, None).await;
    for code in ["upstream_failed", "upstream_failed", "upstream_paused"] {
        assert_eq!(bench.rerank(&model, &["text"]).await.unwrap_err().code(), code);
    }
    assert_eq!(bench.code(&model).await, "upstream_paused");
}
