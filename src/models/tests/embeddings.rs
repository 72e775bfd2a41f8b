//! Embeddings, from servers that do what they should and from servers that do not.

use serde_json::{Value, json as value};

use super::fake::{json, reply};
use super::*;
use fake::Step;

/// The body of a request.
fn sent(asked: &fake::Asked) -> Value {
    serde_json::from_str(asked.text.split_once("\r\n\r\n").unwrap().1).unwrap()
}

async fn serving(body: &'static str) -> Fake {
    Fake::any(move |_| vec![json("200 OK", body)]).await
}

impl Bench {
    async fn embed(&self, model: &ModelRef, texts: &[&str]) -> Result<Vec<Vec<f32>>, Error> {
        self.models.embed(&Caller::owner(), model, texts).await
    }
}

#[tokio::test]
async fn each_dialect_is_asked_in_its_own_way_and_answers_in_order() {
    let openai = serving(
        r#"{"data":[{"index":1,"embedding":[3,4]},{"index":0,"embedding":[1,2]}],"model":"m1"}"#,
    )
    .await;
    let ollama = serving(r#"{"model":"m1","embeddings":[[1,2],[3,4]]}"#).await;
    let bench = Bench::new().await;
    let model = bench.add("openai", &format!("{}/v1", openai.url), Some("sk-secret-key-12")).await;
    let vectors = bench.embed(&model, &["one", "two"]).await.unwrap();
    assert_eq!(vectors, [[1.0, 2.0], [3.0, 4.0]]);
    let asked = openai.last();
    assert_eq!(asked.path, "/v1/embeddings");
    assert!(asked.text.to_lowercase().contains("authorization: bearer sk-secret-key-12"));
    let body = value!({"model": "m1", "input": ["one", "two"], "encoding_format": "float"});
    assert_eq!(sent(&asked), body);

    let model = bench.add("ollama", &ollama.url, None).await;
    assert_eq!(bench.embed(&model, &["one", "two"]).await.unwrap(), vectors);
    assert_eq!(ollama.last().path, "/api/embed");
    assert_eq!(sent(&ollama.last()), value!({"model": "m1", "input": ["one", "two"]}));
    assert_eq!(bench.provider(&model).stats.requests, 1);
}

#[tokio::test]
async fn nothing_to_embed_asks_nobody() {
    let server = serving("{}").await;
    let bench = Bench::new().await;
    let model = bench.add("openai", &server.url, None).await;
    assert_eq!(bench.embed(&model, &[]).await, Ok(Vec::new()));
    assert_eq!(server.questions(), 0);
}

#[tokio::test]
async fn who_makes_none_says_so() {
    let server = serving("{}").await;
    let bench = Bench::new().await;
    let model = bench.add("anthropic", &server.url, None).await;
    for model in [model, ModelRef::passages()] {
        let error = bench.embed(&model, &["text"]).await.unwrap_err();
        assert_eq!((error.code(), error.status()), ("no_embeddings", 409), "{model}");
    }
    assert_eq!(server.questions(), 0);
    let nobody = ModelRef { provider: ProviderRef::Id(ProviderId::new()), name: "m".to_owned() };
    assert_eq!(bench.embed(&nobody, &["text"]).await, Err(Error::NoSuchProvider));
}

#[tokio::test]
async fn an_answer_that_fits_no_index_is_the_servers_failure() {
    for body in [
        r#"{"data":[{"index":0,"embedding":[1,2]}]}"#,
        r#"{"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[1]}]}"#,
        r#"{"data":[{"index":0,"embedding":[]},{"index":1,"embedding":[]}]}"#,
        r#"{"data":[{"index":0,"embedding":[1e39]},{"index":1,"embedding":[1]}]}"#,
        r#"{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}"#,
        r#"{"data":[]}"#,
        "null",
        "",
    ] {
        let server = serving(body).await;
        let bench = Bench::new().await;
        let model = bench.add("openai", &server.url, None).await;
        let error = bench.embed(&model, &["one", "two"]).await.unwrap_err();
        assert_eq!((error.code(), server.questions()), ("bad_answer", 1), "{body}");
        assert_eq!(bench.provider(&model).last_error.unwrap().code, "bad_answer");
    }
}

#[tokio::test]
async fn a_failure_is_tried_again_and_a_refusal_is_not() {
    let server = Fake::any(|asked| match asked.n {
        _ if !asked.path.ends_with("/embeddings") => vec![json("200 OK", r#"{"data":[]}"#)],
        0 => vec![reply("503 Service Unavailable", "", "busy")],
        1 => {
            vec![fake::send("HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{\"data\":"), Step::Reset]
        }
        2 => vec![json("200 OK", r#"{"data":[{"embedding":[1]}]}"#)],
        _ => vec![reply("429 Too Many Requests", "retry-after: 7\r\n", "{}")],
    })
    .await;
    let bench = Bench::new().await;
    let model = bench.add("openai", &server.url, None).await;
    assert_eq!(bench.embed(&model, &["text"]).await, Ok(vec![vec![1.0]]));
    assert_eq!((server.questions(), bench.provider(&model).stats.retries), (3, 2));
    let error = bench.embed(&model, &["text"]).await.unwrap_err();
    assert_eq!((error.code(), error.retry_after_s()), ("rate_limited", Some(7)));
    assert_eq!(server.questions(), 4);
}

#[tokio::test]
async fn too_large_an_answer_and_silence_have_their_ends() {
    let mut settings = quick();
    settings.max_body_bytes = 64;
    settings.retry.attempts = 1;
    settings.first_byte = Duration::from_millis(100);
    let large = Fake::any(|_| vec![json("200 OK", &format!("[{}1]", "1,".repeat(100)))]).await;
    let silent = Fake::any(|_| vec![Step::Hang]).await;
    let bench = Bench::with(settings).await;
    for (server, code) in [(&large, "bad_answer"), (&silent, "upstream_timeout")] {
        let model = bench.add("openai", &server.url, None).await;
        assert_eq!(bench.embed(&model, &["text"]).await.unwrap_err().code(), code);
    }
}

#[tokio::test]
async fn a_server_that_fails_again_and_again_is_left_alone() {
    let server = Fake::any(|_| vec![reply("500 Internal Server Error", "", "oops")]).await;
    let bench = Bench::new().await;
    let model = bench.add("openai", &server.url, None).await;
    for code in ["upstream_failed", "upstream_failed", "upstream_paused"] {
        assert_eq!(bench.embed(&model, &["text"]).await.unwrap_err().code(), code);
    }
    // A question to the same server is not let through either.
    assert_eq!(bench.code(&model).await, "upstream_paused");
    assert_eq!(server.questions(), 2);
}
