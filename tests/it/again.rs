//! Answering again and going on: by the model that wrote before, with the sources that it was given.

use serde_json::{Value, json};

use crate::harness::talk::id_of;
use crate::harness::{Act, Server, Step, Upstream};

/// Asks for another answer, or for more of it, names no model, and gives the finished message.
async fn once_more(server: &Server, conversation: &str, answer: &str, how: &str) -> Value {
    let path = format!("/conversations/{conversation}/messages/{answer}/{how}");
    let begun = server.post(&path, json!({})).await.is(202);
    server.whole_turn(begun["turn_id"].as_str().unwrap()).await;
    server.message(conversation, &id_of(&begun["assistant_message"])).await
}

/// An answer that breaks off after these words.
async fn broken_off(
    server: &Server,
    upstream: &Upstream,
    (conversation, model): (&str, &str),
    (question, words): (&str, &str),
) -> Value {
    upstream.then(Act::text_then(words, Step::Reset));
    let asked = server.ask(conversation, model, question).await;
    server.message_in_state(conversation, &asked.answer, "interrupted").await
}

#[tokio::test]
async fn another_answer_is_of_the_model_that_wrote_the_first() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let first = server.connect(&upstream).await;
    let second = first.replace("tale-1", "tale-2");
    let plain = server.conversation().await;
    let of_first = server.conversation_with(json!({"title": "x", "model": first})).await;
    for conversation in [plain, of_first] {
        let answer = server.answer(&conversation, &second, "Tell me").await;
        let again = once_more(&server, &conversation, &id_of(&answer), "regenerate").await;
        assert_eq!(again["model"], second.as_str(), "{again}");
        assert_eq!(upstream.chats().last().unwrap().body["model"], "tale-2");
        let path = format!("/conversations/{conversation}/messages/{}/regenerate", id_of(&answer));
        let named = server.post(&path, json!({"model": first})).await.is(202);
        assert_eq!(named["assistant_message"]["model"], first.as_str(), "a named one wins");
        server.whole_turn(named["turn_id"].as_str().unwrap()).await;
    }
}

#[tokio::test]
async fn an_answer_is_gone_on_with_by_the_model_that_wrote_it() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await.replace("tale-1", "tale-2");
    let conversation = server.conversation().await;
    let talk = (conversation.as_str(), model.as_str());
    let broken = broken_off(&server, &upstream, talk, ("Go", "The first half")).await;
    upstream.then(Act::answer(&[" and the second."]));
    let whole = once_more(&server, &conversation, &id_of(&broken), "continue").await;
    assert_eq!(upstream.chat(2).await.body["model"], "tale-2");
    assert_eq!(whole["content"], "The first half and the second.");
    assert_eq!(whole["model"], model.as_str());
    assert_eq!(whole["provider"], broken["provider"]);
}

#[tokio::test]
async fn another_model_stands_in_for_one_whose_provider_is_gone_or_off() {
    let server = Server::start().await;
    let (leaving, staying) = (Upstream::openai().await, Upstream::openai().await);
    let gone = server.connect(&leaving).await;
    let here = server.connect(&staying).await.replace("tale-1", "tale-2");
    let conversation = server.conversation_with(json!({"title": "x", "model": here})).await;
    let talk = (conversation.as_str(), gone.as_str());
    let broken = broken_off(&server, &leaving, talk, ("Go", "Half")).await;
    let provider = format!("/providers/{}", gone.replace("/tale-1", ""));
    server.patch(&provider, json!({"enabled": false})).await.is(200);
    let again = once_more(&server, &conversation, &id_of(&broken), "regenerate").await;
    assert_eq!(again["model"], here.as_str(), "it is off: {again}");
    server.delete(&provider).await.is(204);
    let again = once_more(&server, &conversation, &id_of(&broken), "regenerate").await;
    assert_eq!(again["model"], here.as_str(), "it is gone: {again}");
    let select = format!("/conversations/{conversation}/select");
    server.post(&select, json!({"message_id": broken["id"]})).await.is(200);
    staying.then(Act::answer(&[" and half."]));
    let whole = once_more(&server, &conversation, &id_of(&broken), "continue").await;
    assert_eq!(whole["content"], "Half and half.");
    assert_eq!(whole["model"], here.as_str(), "the one that ended it: {whole}");
}

#[tokio::test]
async fn a_model_that_is_there_by_now_answers_in_place_of_the_passages() {
    let server = Server::start().await;
    let conversation = server.conversation().await;
    let stood_in = server.answer(&conversation, "passages/passages", "Hello").await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let again = once_more(&server, &conversation, &id_of(&stood_in), "regenerate").await;
    assert_eq!(again["model"], model.as_str(), "{again}");
}

#[tokio::test]
async fn a_number_means_the_same_source_before_and_after_an_interruption() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let garden = "Tomatoes want to be watered in the morning, never at noon.";
    server.read_document("garden.txt", garden.as_bytes()).await;
    let conversation = server.conversation().await;
    let talk = (conversation.as_str(), model.as_str());
    let question = "When are tomatoes watered?";
    let broken = broken_off(&server, &upstream, talk, (question, "In the morning [1]")).await;
    let sources = &broken["sources"];
    assert_eq!((&sources[0]["n"], &sources[0]["text"]), (&json!(1), &json!(garden)), "{broken}");
    // What would come first if it were looked for anew.
    let newer = "When are tomatoes watered? Tomatoes are watered in the evening.";
    server.read_document("newer.txt", newer.as_bytes()).await;
    upstream.then(Act::answer(&[", never at noon [1], not [2]."]));
    let path = format!("/conversations/{conversation}/messages/{}/continue", id_of(&broken));
    let begun = server.post(&path, json!({})).await.is(202);
    let events = server.whole_turn(begun["turn_id"].as_str().unwrap()).await;
    let sent = upstream.chat(2).await.body.to_string();
    assert!(sent.contains("[1] garden.txt") && !sent.contains("newer.txt"), "{sent}");
    let told = events.iter().find(|event| event.name == "sources").expect("the sources are told");
    assert_eq!(&told.data["items"], sources);
    let whole = server.message(&conversation, &id_of(&broken)).await;
    assert_eq!(whole["content"], "In the morning [1], never at noon [1], not [2].");
    assert_eq!(&whole["sources"], sources);
    let support = json!({"state": "supported", "cited": [1], "unknown": [2]});
    assert_eq!(whole["support"], support, "{whole}");
}
