//! Titles: made once from the first exchange, never over one that a person set.

use serde_json::json;

use crate::harness::{Server, Upstream, eventually};

async fn title(server: &Server, id: &str) -> Option<String> {
    let found = server.get(&format!("/conversations/{id}")).await.is(200);
    found["title"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn without_a_model_the_questions_own_words_make_the_title() {
    let server = Server::start().await;
    let id = server.conversation_with(json!({})).await;
    server.answer(&id, "passages/passages", "How do I prune an old apple tree in winter?").await;
    let made = eventually("a title is made", || title(&server, &id)).await;
    assert!(
        made.to_lowercase().contains("prune") || made.to_lowercase().contains("apple"),
        "{made}"
    );
    assert!(made.chars().count() <= 100, "{made}");
}

#[tokio::test]
async fn with_a_model_the_model_makes_it_in_the_background() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let id = server.conversation_with(json!({})).await;
    upstream.then(crate::harness::Act::answer(&["In late winter."]));
    upstream.then(crate::harness::Act::answer(&["\"Pruning Apple Trees\"\n"]));
    server.answer(&id, &model, "When do I prune an apple tree?").await;
    upstream.chat(2).await;
    eventually("the model's title is taken", || async {
        title(&server, &id).await.filter(|made| made == "Pruning Apple Trees")
    })
    .await;
}

#[tokio::test]
async fn a_title_that_a_person_set_is_never_touched() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let given = server.conversation_with(json!({"title": "Mine"})).await;
    server.answer(&given, &model, "Hello there").await;
    let late = server.conversation_with(json!({})).await;
    let pace = upstream.paced();
    let asked = server.ask(&late, &model, "Hello again").await;
    server.patch(&format!("/conversations/{late}"), json!({"title": "Also mine"})).await.is(200);
    pace.say("Hello.");
    pace.finish();
    server.message_in_state(&late, &asked.answer, "complete").await;
    server.answer(&late, &model, "Once more").await;
    assert_eq!(title(&server, &given).await.as_deref(), Some("Mine"));
    assert_eq!(title(&server, &late).await.as_deref(), Some("Also mine"));
}
