//! With no model at all: answers from what was said before, quoted, cited, and honest about it.

use serde_json::json;

use crate::harness::Server;

#[tokio::test]
async fn a_fresh_install_answers_and_says_what_to_do_next() {
    let server = Server::start().await;
    let conversation = server.conversation().await;
    let answer = server.answer(&conversation, "passages/passages", "What did we decide?").await;
    assert_eq!(answer["state"], "complete");
    let text = answer["content"].as_str().unwrap().to_lowercase();
    assert!(text.contains("model"), "it says that no model is there: {text}");
    assert_eq!(answer["sources"], json!([]));
}

#[tokio::test]
async fn the_best_passages_are_quoted_and_cited() {
    let server = Server::start().await;
    let before = server.conversation_with(json!({"title": "Boiler"})).await;
    server
        .answer(
            &before,
            "passages/passages",
            "The boiler valve is behind the blue panel in the cellar",
        )
        .await;
    let other = server.conversation_with(json!({"title": "Cats"})).await;
    server.answer(&other, "passages/passages", "Cats sleep for sixteen hours").await;
    let conversation = server.conversation().await;
    let answer =
        server.answer(&conversation, "passages/passages", "Where is the boiler valve?").await;
    let text = answer["content"].as_str().unwrap();
    assert!(text.contains("behind the blue panel"), "{text}");
    assert!(text.contains("[1]"), "{text}");
    assert!(text.to_lowercase().contains("no model"), "it says that no model wrote them: {text}");
    assert!(!text.contains("sixteen hours"), "{text}");
    assert_eq!(answer["sources"][0]["conversation_id"], before.as_str(), "{answer}");
    assert_eq!(answer["sources"][0]["n"], 1);
}

#[tokio::test]
async fn it_is_the_answer_when_no_model_is_named_and_none_is_there() {
    let server = Server::start().await;
    let conversation = server.conversation().await;
    let path = format!("/conversations/{conversation}/messages");
    let answer = server.post(&path, json!({"content": "Hello", "stream": false})).await.is(200);
    assert_eq!(answer["model"], "passages/passages", "{answer}");
    assert_eq!(answer["state"], "complete");
}

#[tokio::test]
async fn past_chats_are_left_out_when_they_are_not_wanted() {
    let server = Server::start().await;
    let before = server.conversation_with(json!({"title": "Boiler"})).await;
    server.answer(&before, "passages/passages", "The boiler valve is behind the blue panel").await;
    server.read_document("boiler.txt", b"The boiler valve is turned twice a year.").await;
    let conversation = server.conversation().await;
    let path = format!("/conversations/{conversation}/messages");
    let kinds = async |options: serde_json::Value| {
        let body = json!({"content": "Where is the boiler valve?", "model": "passages/passages",
            "options": options, "stream": false});
        let answer = server.post(&path, body).await.is(200);
        let sources = answer["sources"].as_array().unwrap().iter();
        sources.map(|source| source["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let with = kinds(json!({})).await;
    assert!(with.iter().any(|kind| kind == "message"), "{with:?}");
    assert_eq!(kinds(json!({"memory": false})).await, ["document"]);
}
