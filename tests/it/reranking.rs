//! The re-ranker, where one is chosen: which passages answer is its word, and its failures cost nothing
//! but its word.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::client::Reply;
use crate::harness::dialect::Dialect;
use crate::harness::{Act, Server, Upstream, eventually};

const QUESTION: &str = "When are tomatoes watered in the garden?";
const LONG: &str = "Tomatoes in the garden are watered in the morning: water tomatoes early, and the \
                    garden will thank you.";
const SHORT: &str = "Water tomatoes at dawn.";

async fn choose(server: &Server, model: Value) -> Reply {
    let request = server.request(Method::PUT, "/reranker").json(&json!({"model": model}));
    server.send(request).await
}

/// The passages that answer a question, best first: each with its kind.
async fn all_that_answer(server: &Server) -> Vec<(String, String)> {
    let conversation = server.conversation().await;
    let answer = server.answer(&conversation, "passages/passages", QUESTION).await;
    let sources = answer["sources"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    sources.map(|source| (text(&source["kind"]), text(&source["text"]))).collect()
}

/// Those of documents.
async fn answered_by(server: &Server) -> Vec<String> {
    let all = all_that_answer(server).await.into_iter();
    all.filter(|(kind, _)| kind == "document").map(|(_, text)| text).collect()
}

/// Two documents and a model server; its model ranks the shortest text first.
async fn garden() -> (Server, Upstream, String) {
    let server = Server::with("RERANK_TIMEOUT_SECONDS", 1).with("RETRY_ATTEMPTS", 1).start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await.replace("tale-1", "bge-reranker");
    server.read_document("long.txt", LONG.as_bytes()).await;
    server.read_document("short.txt", SHORT.as_bytes()).await;
    (server, upstream, model)
}

#[tokio::test]
async fn a_reranker_says_which_passages_come_first_until_none_is_chosen() {
    let (mut server, upstream, model) = garden().await;
    assert_eq!(answered_by(&server).await[..2], [LONG, SHORT]);
    let none = server.get("/reranker").await.is(200);
    assert_eq!((&none["model"], &none["error"]), (&Value::Null, &Value::Null), "{none}");

    let chosen = choose(&server, json!(model)).await.is(200);
    assert_eq!(chosen["model"], model.as_str(), "{chosen}");
    // What was asked before is remembered, and ranked together with the documents.
    let all: Vec<String> =
        all_that_answer(&server).await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(all, [SHORT, QUESTION, LONG]);
    let asked = upstream.requests();
    let ranked = json!({"model": "bge-reranker", "query": QUESTION,
        "documents": [LONG, SHORT, QUESTION], "top_n": 3});
    assert!(asked.iter().any(|seen| seen.path == "/v1/rerank" && seen.body == ranked));
    let contacts = server.get("/outbound").await.is(200);
    let contacts = contacts["items"].as_array().unwrap().clone();
    assert!(contacts.iter().any(|one| one["purpose"] == "reranking"), "{contacts:?}");

    server.restart().await;
    assert_eq!(server.get("/reranker").await.is(200)["model"], model.as_str());
    assert_eq!(answered_by(&server).await[0], SHORT);
    assert_eq!(choose(&server, Value::Null).await.is(200)["model"], Value::Null);
    assert_eq!(answered_by(&server).await[0], LONG);
}

#[tokio::test]
async fn models_that_rank_are_offered_and_asked_no_question() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let models =
        json!({"object": "list", "data": [{"id": "bge-reranker-v2-m3", "object": "model"}]});
    upstream.then_for_lists(Act::body(200, "application/json", &models));
    let provider = server.connect(&upstream).await.replace("/tale-1", "");
    let id = format!("{provider}/bge-reranker-v2-m3");
    eventually("the re-ranker is offered", || async {
        let status = server.get("/reranker").await.is(200);
        (status["choices"] == json!([id])).then_some(())
    })
    .await;
    // Whoever names no model is answered by one that talks.
    let conversation = server.conversation().await;
    let body = json!({"content": "Hello", "stream": false});
    let path = format!("/conversations/{conversation}/messages");
    let answer = server.post(&path, body).await.is(200);
    assert_eq!(answer["model"], "passages/passages", "{answer}");
}

#[tokio::test]
async fn a_choice_that_cannot_rank_is_told_at_once() {
    let server = Server::start().await;
    let claude = Upstream::start(Dialect::Anthropic).await;
    let model = server.connect(&claude).await;
    choose(&server, json!(model)).await.fails(409, "no_reranking");
    choose(&server, json!("passages/passages")).await.fails(409, "no_reranking");
    choose(&server, json!("nonsense")).await.invalid("model");
    choose(&server, json!("prov_00000000000000000000000000000000/m")).await.fails(404, "not_found");
    choose(&server, json!(7)).await.invalid("model");
    let request = server.request(Method::PUT, "/reranker").json(&json!({}));
    server.send(request).await.invalid("model");
    assert_eq!(server.get("/reranker").await.is(200)["model"], Value::Null);
}

#[tokio::test]
async fn where_it_fails_the_passages_keep_their_ranks_and_the_reason_is_told() {
    let (server, upstream, model) = garden().await;
    choose(&server, json!(model)).await.is(200);
    upstream.then_for_lists(Act::body(200, "application/json", json!({"results": []})));
    assert_eq!(answered_by(&server).await[0], LONG);
    let status = server.get("/reranker").await.is(200);
    assert!(status["error"].as_str().is_some_and(|why| why.contains("rank")), "{status}");
    assert_eq!(answered_by(&server).await[0], SHORT);
    assert_eq!(server.get("/reranker").await.is(200)["error"], Value::Null);
    upstream.close();
    assert_eq!(answered_by(&server).await[0], LONG);
    assert!(server.get("/reranker").await.is(200)["error"].is_string());
}

#[tokio::test]
async fn a_slow_one_is_not_waited_for() {
    let (server, upstream, model) = garden().await;
    choose(&server, json!(model)).await.is(200);
    upstream.then_for_lists(Act::Hang);
    assert_eq!(answered_by(&server).await[0], LONG);
    let status = server.get("/reranker").await.is(200);
    let why = status["error"].as_str().unwrap_or_default();
    assert!(why.contains("RERANK_TIMEOUT_SECONDS"), "{status}");
}
