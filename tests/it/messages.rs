//! The tree of messages: siblings, edits, the active path, ratings.

use serde_json::{Value, json};

use crate::harness::talk::{id_of, items};
use crate::harness::{Act, Server, Upstream};

async fn talk() -> (Server, Upstream, String, String) {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    (server, upstream, model, conversation)
}

#[tokio::test]
async fn an_answered_question_has_the_whole_shape() {
    let (server, upstream, model, conversation) = talk().await;
    upstream.then(Act::answer(&["Once", " upon", " a time."]));
    let answer = server.answer(&conversation, &model, "Tell me a story").await;
    for (key, value) in [
        ("role", json!("assistant")),
        ("content", json!("Once upon a time.")),
        ("state", json!("complete")),
        ("error", Value::Null),
        ("model", json!("tale-1")),
        ("usage", json!({"input_tokens": 11, "output_tokens": 3})),
        ("rating", Value::Null),
        ("edited_at", Value::Null),
        ("sources", json!([])),
        ("attachments", json!([])),
    ] {
        if key == "model" {
            assert!(answer["model"].as_str().unwrap().ends_with("tale-1"), "{answer}");
        } else {
            assert_eq!(answer[key], value, "{key}: {answer}");
        }
    }
    assert!(answer["provider"].is_string(), "{answer}");
    assert!(answer["timings"]["total_ms"].is_u64(), "{answer}");
    assert!(answer["timings"]["first_token_ms"].is_u64(), "{answer}");
    assert_eq!(answer["sibling_ids"], json!([answer["id"]]));
    let messages = server.messages(&conversation).await;
    assert_eq!(messages[0]["role"], "user");
    assert_eq!(messages[0]["content"], "Tell me a story");
    assert!(messages[0]["parent_id"].is_null());
    assert_eq!(messages[1]["parent_id"], messages[0]["id"]);
    assert_eq!(messages[1], answer);
}

#[tokio::test]
async fn regenerating_adds_a_sibling_and_overwrites_nothing() {
    let (server, upstream, model, conversation) = talk().await;
    upstream.then(Act::answer(&["First."])).then(Act::answer(&["Second."]));
    let first = server.answer(&conversation, &model, "Tell me").await;
    let path = format!("/conversations/{conversation}/messages/{}/regenerate", id_of(&first));
    let asked = server.post(&path, json!({})).await.is(202);
    server.whole_turn(asked["turn_id"].as_str().unwrap()).await;
    let messages = server.messages(&conversation).await;
    assert_eq!(messages[1]["content"], "Second.");
    assert_eq!(messages[1]["sibling_ids"], json!([first["id"], messages[1]["id"]]));
    server
        .post(&format!("/conversations/{conversation}/select"), json!({"message_id": first["id"]}))
        .await
        .is(200);
    let back = server.messages(&conversation).await;
    assert_eq!(back[1]["content"], "First.");
    assert_eq!(
        upstream.chats()[1].body["messages"].as_array().unwrap().len(),
        1,
        "not its own first answer"
    );
}

#[tokio::test]
async fn editing_a_question_makes_a_sibling_with_a_path_of_its_own() {
    let (server, _upstream, model, conversation) = talk().await;
    server.answer(&conversation, &model, "Original").await;
    server.answer(&conversation, &model, "Follow-up").await;
    let before = server.messages(&conversation).await;
    let asked = json!({"content": "Edited", "model": model, "parent_id": null, "stream": false});
    server.post(&format!("/conversations/{conversation}/messages"), asked).await.is(200);
    let after = server.messages(&conversation).await;
    assert_eq!(after.len(), 2);
    assert_eq!(after[0]["content"], "Edited");
    assert_eq!(after[0]["sibling_ids"], json!([before[0]["id"], after[0]["id"]]));
    let select = format!("/conversations/{conversation}/select");
    let chosen = server.post(&select, json!({"message_id": before[0]["id"]})).await.is(200);
    assert_eq!(chosen["active_leaf_id"], before[3]["id"], "down to the newest leaf");
    let contents =
        |messages: &[Value]| messages.iter().map(|m| m["content"].clone()).collect::<Vec<_>>();
    assert_eq!(contents(&server.messages(&conversation).await), contents(&before));
    let tree = server.get(&format!("/conversations/{conversation}/tree")).await.is(200);
    assert_eq!(items(&tree).len(), 6);
    assert_eq!(items(&tree).iter().filter(|node| node["active"] == true).count(), 4);
}

#[tokio::test]
async fn patching_a_question_is_a_sibling_and_patching_an_answer_amends_it() {
    let (server, _upstream, model, conversation) = talk().await;
    let answer = server.answer(&conversation, &model, "Question").await;
    server.answer(&conversation, &model, "Another").await;
    let path =
        |id: &Value| format!("/conversations/{conversation}/messages/{}", id.as_str().unwrap());
    let amended = server.patch(&path(&answer["id"]), json!({"content": "Better."})).await.is(200);
    assert_eq!(amended["id"], answer["id"]);
    assert_eq!(amended["content"], "Better.");
    assert!(amended["edited_at"].is_string());
    assert_eq!(server.messages(&conversation).await.len(), 4, "what follows stays");
    let question = server.messages(&conversation).await[0].clone();
    let sibling =
        server.patch(&path(&question["id"]), json!({"content": "Asked anew"})).await.is(201);
    assert_ne!(sibling["id"], question["id"]);
    assert_eq!(sibling["sibling_ids"], json!([question["id"], sibling["id"]]));
    server.patch(&path(&question["id"]), json!({"content": "  "})).await.error(400);
    let kept =
        server.database().query_row("SELECT count(*) FROM message_revisions", [], |row| row.get(0));
    assert_eq!(kept, Ok(1_i64), "the earlier text of the answer is kept");
}

#[tokio::test]
async fn a_parent_that_is_elsewhere_or_gone_is_refused() {
    let (server, _upstream, model, conversation) = talk().await;
    let elsewhere = server.conversation().await;
    let stranger = server.answer(&elsewhere, &model, "Here").await;
    let path = format!("/conversations/{conversation}/messages");
    for parent in [stranger["id"].as_str().unwrap(), "msg_01900000000070008000000000000000"] {
        let body = json!({"content": "x", "model": model, "parent_id": parent});
        let reply = server.post(&path, body).await;
        assert!(matches!(reply.status, 400 | 404 | 409), "{} {}", reply.status, reply.text);
        reply.assert_error_body();
    }
    server
        .post(&path, json!({"content": "x", "model": model, "parent_id": "nonsense"}))
        .await
        .error(400);
    let answer = server.answer(&conversation, &model, "Here").await;
    server.delete(&format!("{path}/{}", id_of(&answer))).await.is(200);
    let body = json!({"content": "x", "model": model, "parent_id": answer["id"]});
    let reply = server.post(&path, body).await;
    assert!(matches!(reply.status, 400 | 404 | 409), "{} {}", reply.status, reply.text);
}

#[tokio::test]
async fn an_answer_can_be_rated_and_the_rating_taken_back() {
    let (server, _upstream, model, conversation) = talk().await;
    let answer = server.answer(&conversation, &model, "Question").await;
    let path = format!("/conversations/{conversation}/messages/{}/feedback", id_of(&answer));
    let rated = server.post(&path, json!({"rating": "up", "note": "Just so"})).await.is(200);
    assert_eq!((rated["rating"].as_str(), rated["note"].as_str()), (Some("up"), Some("Just so")));
    let unrated = server.post(&path, json!({"rating": null})).await.is(200);
    assert!(unrated["rating"].is_null());
    server.post(&path, json!({"rating": "sideways"})).await.error(400);
}

#[tokio::test]
async fn empty_and_oversized_questions_are_refused() {
    let (server, upstream, model, conversation) = talk().await;
    let path = format!("/conversations/{conversation}/messages");
    for content in ["", "   \n"] {
        server.post(&path, json!({"content": content, "model": model})).await.error(400);
    }
    let long = "x".repeat(600 * 1024);
    server.post(&path, json!({"content": long, "model": model})).await.error(413);
    assert!(server.messages(&conversation).await.is_empty());
    assert!(upstream.chats().is_empty());
}

#[tokio::test]
async fn any_text_comes_back_as_it_went_in() {
    let (server, _upstream, _model, conversation) = talk().await;
    for text in [
        "emoji 👩‍👩‍👧‍👦 and e\u{301}",
        "right \u{202e}to left",
        "nul \u{0} inside",
        "<script>alert(1)</script>",
        "'; DROP TABLE messages; --",
        "tab\tnew\nline\r\n",
        "\u{1F9FF}\u{FE0F}",
    ] {
        server.answer(&conversation, "passages/passages", text).await;
        let messages = server.messages(&conversation).await;
        assert_eq!(messages[messages.len() - 2]["content"], text);
    }
}

#[tokio::test]
async fn text_files_join_the_question_and_pictures_go_to_models_that_see() {
    let server = Server::start().await;
    let upstream = Upstream::start(crate::harness::dialect::Dialect::Ollama).await;
    let model = server.connect(&upstream).await;
    server.get("/models?refresh=true").await.is(200);
    let conversation = server.conversation().await;
    let png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let body = json!({"content": "What is in these?", "model": model, "stream": false, "attachments": [
        {"name": "notes.txt", "media_type": "text/plain", "data": "VGhlIGtleSBpcyB1bmRlciB0aGUgbWF0Lg=="},
        {"name": "dot.png", "media_type": "image/png", "data": png}]});
    server.post(&format!("/conversations/{conversation}/messages"), body).await.is(200);
    let sent = upstream.chats()[0].body.to_string();
    assert!(sent.contains("The key is under the mat."), "{sent}");
    assert!(sent.contains(png), "the picture went along");
    let question = &server.messages(&conversation).await[0];
    assert_eq!(question["attachments"].as_array().unwrap().len(), 2);
    assert_eq!(question["attachments"][0]["name"], "notes.txt");
    let bad = json!({"content": "x", "model": model, "attachments": [
        {"name": "a.txt", "media_type": "text/plain", "data": "%%%"}]});
    server.post(&format!("/conversations/{conversation}/messages"), bad).await.error(400);
}

#[tokio::test]
async fn a_question_asked_in_other_words_keeps_its_files() {
    let (server, upstream, model, conversation) = talk().await;
    let path = format!("/conversations/{conversation}/messages");
    let body = json!({"content": "What is in this?", "model": model, "stream": false, "attachments": [
        {"name": "notes.txt", "data": "VGhlIGtleSBpcyB1bmRlciB0aGUgbWF0Lg=="}]});
    server.post(&path, body).await.is(200);
    let question = server.messages(&conversation).await.remove(0);
    let amended = json!({"content": "Where is the key?"});
    let sibling = server.patch(&format!("{path}/{}", id_of(&question)), amended).await.is(201);
    assert_eq!(sibling["attachments"], question["attachments"], "{sibling}");
    let file = server.get(&format!("{path}/{}/attachments/0", id_of(&sibling))).await;
    assert_eq!((file.status, file.text.as_str()), (200, "The key is under the mat."));
    let again = format!("{path}/{}/regenerate", id_of(&sibling));
    server.post(&again, json!({"model": model})).await.is(202);
    let sent = upstream.chat(2).await.body.to_string();
    assert!(sent.contains("Where is the key?") && sent.contains("under the mat"), "{sent}");
}
