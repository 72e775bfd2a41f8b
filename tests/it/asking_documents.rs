//! Questions that documents answer: by words and by meaning, whole where they fit, cited, verified,
//! and honest where nothing supports the answer.

use serde_json::{Value, json};

use crate::harness::talk::{id_of, items};
use crate::harness::{Act, Server, Upstream, eventually};

const STOVE: &str = "The cast-iron oven stays warm long after the fire is out.";
const GARDEN: &str = "Tomatoes want to be watered in the morning, never at noon.";
const LEASE: &str = "The tenant shall give notice three months before the end of the quarter.";

async fn library(server: &Server) -> Vec<String> {
    let mut ids = Vec::new();
    for (name, text) in [("stove.txt", STOVE), ("garden.txt", GARDEN), ("lease.txt", LEASE)] {
        ids.push(id_of(&server.read_document(name, text.as_bytes()).await));
    }
    ids
}

#[tokio::test]
async fn meaning_finds_what_shares_no_word_and_words_alone_do_not() {
    let server = Server::start().await;
    let ids = library(&server).await;
    let query = "How do I keep vegetables from drying out?";
    let found = server.search(json!({"query": query})).await;
    let first = found.iter().find(|hit| hit["kind"] == "passage").expect("found by meaning");
    assert_eq!(first["document_id"], ids[1].as_str());
    let body =
        json!({"query": "moving out of a rented flat", "scope": "documents", "meaning": false});
    assert!(server.search(body).await.is_empty());
    let body = json!({"query": "moving out of a rented flat", "scope": "documents"});
    assert_eq!(server.search(body).await[0]["document_id"], ids[2].as_str());
}

#[tokio::test]
async fn messages_are_found_by_meaning_soon_after_they_are_said() {
    let server = Server::start().await;
    let conversation = server.conversation_with(json!({"title": "Pets"})).await;
    server.answer(&conversation, "passages/passages", "My puppy chewed the sofa again").await;
    let hit = eventually("the message is found by meaning", || async {
        let found = server.search(json!({"query": "dog ruins furniture"})).await;
        found.into_iter().find(|hit| hit["kind"] == "message")
    })
    .await;
    assert_eq!(hit["conversation_id"], conversation.as_str());
}

#[tokio::test]
async fn without_a_model_the_best_passages_answer() {
    let server = Server::start().await;
    let ids = library(&server).await;
    let conversation = server.conversation().await;
    let asked = "When should I water the tomatoes?";
    let answer = server.answer(&conversation, "passages/passages", asked).await;
    let source = &answer["sources"][0];
    assert_eq!(source["kind"], "document", "{answer}");
    assert_eq!(source["document_id"], ids[1].as_str());
    assert_eq!(source["verified"], true);
    assert_eq!(source["text"], GARDEN);
    assert!(answer["content"].as_str().unwrap().contains("never at noon"));
    assert_eq!(answer["support"], Value::Null);
}

#[tokio::test]
async fn a_model_is_given_numbered_passages_and_its_citations_are_judged() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    library(&server).await;
    let conversation = server.conversation().await;
    upstream.then(Act::answer(&["In the morning [1], not [7]."]));
    let answer = server.answer(&conversation, &model, "When are tomatoes watered?").await;
    let sent = last_chat(&upstream);
    let system = sent["messages"][0]["content"].as_str().unwrap();
    assert!(system.contains("[1] garden.txt") && system.contains(GARDEN), "{system}");
    assert_eq!(answer["support"]["state"], "supported", "{answer}");
    assert_eq!(answer["support"]["cited"], json!([1]));
    assert_eq!(answer["support"]["unknown"], json!([7]));
    upstream.then(Act::answer(&["I believe at noon."]));
    let answer = server.answer(&conversation, &model, "When are tomatoes watered again?").await;
    assert_eq!(answer["support"]["state"], "unsupported", "{answer}");
}

#[tokio::test]
async fn a_named_document_is_given_whole_and_none_when_none_is_wanted() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let ids = library(&server).await;
    let conversation = server.conversation().await;
    upstream.then(Act::answer(&["Three months [1]."]));
    let body =
        json!({"content": "How long?", "model": model, "documents": [ids[2]], "stream": false});
    let path = format!("/conversations/{conversation}/messages");
    let answer = server.post(&path, body).await.is(200);
    assert_eq!(items(&json!({"items": answer["sources"]})).len(), 1, "{answer}");
    assert_eq!(answer["sources"][0]["whole"], true);
    assert_eq!(answer["sources"][0]["text"], LEASE);
    let question = server.messages(&conversation).await.remove(0);
    assert_eq!(question["document_ids"], json!([ids[2]]));
    let missing =
        json!({"content": "How long?", "documents": ["doc_00000000000000000000000000000000"]});
    server.post(&path, missing).await.fails(404, "not_found");
    let change = json!({"document_ids": "none"});
    server.patch(&format!("/conversations/{conversation}"), change).await.is(200);
    upstream.then(Act::answer(&["I cannot know."]));
    let answer = server.answer(&conversation, &model, "When are tomatoes watered?").await;
    let from_documents =
        answer["sources"].as_array().unwrap().iter().filter(|s| s["kind"] == "document");
    assert_eq!(from_documents.count(), 0, "{answer}");
}

#[tokio::test]
async fn a_conversation_keeps_to_its_documents_and_says_when_they_hold_nothing() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let ids = library(&server).await;
    let body = json!({"title": "Oven", "document_ids": [ids[0]], "pinned_document_ids": [],
        "options": {"memory": false}});
    let conversation = server.conversation_with(body).await;
    upstream.then(Act::answer(&["Long [1]."]));
    let answer = server.answer(&conversation, &model, "When are tomatoes watered?").await;
    let sources = answer["sources"].as_array().unwrap();
    assert!(sources.iter().all(|source| source["document_id"] == ids[0].as_str()), "{answer}");
    server.delete(&format!("/documents/{}", ids[0])).await.is(200);
    upstream.then(Act::answer(&["Perhaps."]));
    let answer = server.answer(&conversation, &model, "How warm?").await;
    assert_eq!(answer["sources"], json!([]), "{answer}");
    assert_eq!(answer["support"]["state"], "nothing_found");
}

#[tokio::test]
async fn what_is_remembered_is_told_to_every_model() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    upstream.then(Act::answer(&["I will."]));
    server.answer(&conversation, &model, "Remember that my sister is called Ada.").await;
    let notes = server.get("/notes").await.is(200);
    assert_eq!(items(&notes)[0]["text"], "my sister is called Ada.");
    assert_eq!(items(&notes)[0]["conversation_id"], conversation.as_str());
    let other = server.conversation().await;
    upstream.then(Act::answer(&["Ada."]));
    server.answer(&other, &model, "What is her name?").await;
    let sent = last_chat(&upstream);
    let system = sent["messages"][0]["content"].as_str().unwrap();
    assert!(system.contains("my sister is called Ada."), "{system}");
    assert!(!server.search_words("sister Ada").await.is_empty());
}

#[tokio::test]
async fn any_text_is_a_query() {
    let server = Server::start().await;
    library(&server).await;
    let long = "word ".repeat(5000);
    for query in [
        "",
        " ",
        "\"",
        "a\"b",
        "*",
        "NEAR(",
        "^",
        "-",
        "AND OR NOT",
        "col:x",
        "{}",
        "🍏",
        "\u{0}",
        "'; DROP TABLE chunks; --",
        "ß",
        "１２",
        "日本語",
        "a\nb",
        "%",
        &long,
    ] {
        for meaning in [true, false] {
            let body = json!({"query": query, "meaning": meaning});
            server.post("/search", body).await.is(200);
        }
    }
}

#[tokio::test]
async fn the_embedding_model_is_given_back_when_idle_and_search_can_do_without() {
    let server = Server::start().await;
    library(&server).await;
    eventually("the model left the memory", || async {
        let status = server.get("/embeddings").await.is(200);
        (status["loaded"] == false && status["waiting"] == 0).then_some(())
    })
    .await;
    let status = server.get("/embeddings").await.is(200);
    assert_eq!(status["model"], "builtin/all-MiniLM-L6-v2");
    assert_eq!(status["vectors"], 3);
    let off = Server::with("ENABLE_EMBEDDINGS", false).start().await;
    let document = off.read_document("stove.txt", STOVE.as_bytes()).await;
    assert_eq!(document["state"], "ready");
    let found = off.post("/search", json!({"query": "oven"})).await.is(200);
    assert_eq!(found["meaning"], false);
    assert_eq!(items(&found).len(), 1);
}

#[tokio::test]
async fn another_embedding_model_takes_over_without_a_gap() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let provider = model.split('/').next().unwrap();
    let ids = library(&server).await;
    let chosen = format!("{provider}/embed-1");
    let status = server
        .send(server.request(reqwest::Method::PUT, "/embeddings").json(&json!({"model": chosen})))
        .await
        .is(202);
    assert!(status["model"] == "builtin/all-MiniLM-L6-v2" || status["model"] == chosen.as_str());
    assert!(!server.search(json!({"query": "oven", "scope": "documents"})).await.is_empty());
    eventually("the chosen model serves", || async {
        let status = server.get("/embeddings").await.is(200);
        (status["model"] == chosen.as_str() && status["next"].is_null()).then_some(())
    })
    .await;
    let hits = server.search(json!({"query": "oven", "scope": "documents"})).await;
    assert_eq!(hits[0]["document_id"], ids[0].as_str());
    for bad in ["nonsense", "builtin/other", "prov_00000000000000000000000000000000/x"] {
        let request =
            server.request(reqwest::Method::PUT, "/embeddings").json(&json!({"model": bad}));
        let reply = server.send(request).await;
        assert!((400..500).contains(&reply.status), "{bad}: {}", reply.text);
    }
}

/// The body of the latest question to a model.
fn last_chat(upstream: &Upstream) -> Value {
    upstream.chats().pop().expect("a question reached the model").body.clone()
}
