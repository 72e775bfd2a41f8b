//! What is told before a question is asked: what it will be sent with, and which tools it may call.

use serde_json::{Value, json};

use crate::harness::talk::{id_of, items};
use crate::harness::{Server, Upstream};

async fn told(server: &Server, conversation: &str, model: &str) -> Value {
    let path = format!("/prompt-budget?conversation_id={conversation}&model={model}");
    server.get(&path).await.is(200)
}

fn tokens(told: &Value, names: &[&str]) -> u64 {
    names.iter().map(|name| told[name].as_u64().unwrap()).sum()
}

#[tokio::test]
async fn what_is_told_before_a_question_is_what_it_is_sent_with() {
    let server = Server::with("HISTORY_LIMIT", 3).start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let options = json!({"memory": false, "max_tokens": 500});
    let made = json!({"title": "x", "system_prompt": "Be brief.", "options": options});
    let conversation = server.conversation_with(made).await;
    for question in ["First", "Second, and this one is longer"] {
        server.answer(&conversation, &model, question).await;
    }
    let told_then = told(&server, &conversation, &model).await;
    assert_eq!(told_then["history_limit"], 3);
    assert_eq!(told_then["budget_tokens"], 8192 - 500, "what the answer may have is kept free");

    let picture = json!({"name": "a.png", "data": "iVBORw0KGgo="});
    let question = json!({"content": "Then four", "model": model, "attachments": [picture]});
    let asked = server.ask_with(&conversation, question).await;
    server.whole_turn(&asked.turn).await;
    let prompt = server.get(&format!("/turns/{}", asked.turn)).await.is(200)["prompt"].clone();
    let parts = ["fixed_tokens", "past_tokens", "message_tokens", "image_tokens"];
    let words = "Then four".len().div_ceil(4) as u64;
    assert_eq!(prompt["tokens"], tokens(&told_then, &parts) + words, "{told_then} {prompt}");
    assert_eq!(prompt["budget"], told_then["budget_tokens"]);
    assert_eq!(prompt["dropped"], 2, "the third last is an answer, which goes with its question");

    let after = told(&server, &conversation, &model).await;
    let picture = tokens(&after, &["image_tokens"]);
    assert!(tokens(&after, &["past_tokens"]) > picture, "a picture of the past counts: {after}");
}

#[tokio::test]
async fn a_new_conversation_has_its_budget_and_tools_take_of_it() {
    let server = Server::with("CONTEXT_TOKEN_BUDGET", 2000).start().await;
    let upstream = Upstream::openai().await;
    let (with_tools, model) = server.with_tools(&upstream, &["search_documents"]).await;
    let new = server.get(&format!("/prompt-budget?model={model}")).await.is(200);
    assert_eq!(tokens(&new, &["fixed_tokens", "past_tokens"]), 0, "{new}");
    assert_eq!(new["budget_tokens"], 2000);
    let less = told(&server, &with_tools, &model).await;
    let left = tokens(&less, &["budget_tokens"]);
    assert!((1000..2000).contains(&left), "{less}");

    server.get("/prompt-budget?conversation_id=mine").await.invalid("conversation_id");
    let nowhere = "/prompt-budget?conversation_id=conv_01900000000070008000000000000000";
    server.get(nowhere).await.fails(404, "not_found");
    let owner = server.lock().await;
    let (member, _) = owner.invite(&server, "Berta", "member").await;
    let path = format!("/prompt-budget?conversation_id={with_tools}");
    owner.get(&server, &path).await.is(200);
    member.get(&server, &path).await.fails(404, "not_found");
}

#[tokio::test]
async fn a_new_conversation_says_what_it_may_choose_from() {
    let server = Server::start().await;
    let body = json!({"name": "Nowhere", "kind": "http", "url": "http://127.0.0.1:9/",
        "everywhere": true});
    let nowhere = id_of(&server.post("/tool-servers", body).await.is(201));
    let used = |choices: &Value| {
        let used = items(choices).iter().filter(|choice| choice["used"] == true);
        used.map(|choice| choice["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let choices = server.get("/tools").await.is(200);
    let all: Vec<_> = items(&choices).iter().map(|choice| choice["id"].clone()).collect();
    assert_eq!(all, [json!("search_documents"), json!("search_conversations"), json!(nowhere)]);
    assert_eq!(used(&choices), [nowhere], "what every chat uses");
    assert_eq!(server.get("/conversations").await.is(200)["items"], json!([]), "none was made");

    let made = server.conversation_with(json!({"tools": ["search_documents"]})).await;
    let choices = server.get(&format!("/conversations/{made}/tools")).await.is(200);
    assert_eq!(used(&choices), ["search_documents"]);
}
