//! Answers in the three dialects: text, thinking, usage, options.

use serde_json::{Value, json};

use crate::harness::dialect::{ALL, Dialect};
use crate::harness::events::text_of;
use crate::harness::{Act, Server, Step, Upstream};

#[tokio::test]
async fn an_answer_streams_in_every_dialect() {
    let server = Server::start().await;
    for dialect in ALL {
        let upstream = Upstream::start(dialect).await;
        let model = server.connect(&upstream).await;
        let conversation = server.conversation().await;
        upstream.then(Act::answer(&[
            "Es",
            " war",
            " einmal",
            " 🏰",
            " \u{1F468}\u{200D}\u{1F469}",
        ]));
        let asked = server.ask(&conversation, &model, "Erzähl").await;
        let events = server.whole_turn(&asked.turn).await;
        assert_eq!(text_of(&events), "Es war einmal 🏰 \u{1F468}\u{200D}\u{1F469}", "{dialect:?}");
        let message = server.message(&conversation, &asked.answer).await;
        assert_eq!(message["content"], text_of(&events));
        assert_eq!(message["state"], "complete");
        assert_eq!(
            message["usage"],
            json!({"input_tokens": 11, "output_tokens": 5}),
            "{dialect:?}"
        );
        let sent = upstream.chat(1).await;
        assert_eq!(sent.body["model"], "tale-1");
        assert_eq!(sent.path, dialect.chat_path());
    }
}

#[tokio::test]
async fn a_letter_cut_in_two_by_the_network_comes_out_whole() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let line = format!(
        "data: {}\r\n\r\n",
        json!({"choices": [{"index": 0, "delta": {"content": "größer 🏰"}}]})
    );
    let bytes = line.into_bytes();
    let mut steps: Vec<Step> = bytes.iter().map(|byte| Step::Raw(vec![*byte])).collect();
    steps.push(Step::Raw(b": a comment\r\n\r\nevent: ping\r\n\r\n".to_vec()));
    steps.push(Step::Finish);
    upstream.then(Act::steps(steps));
    assert_eq!(server.answer(&conversation, &model, "x").await["content"], "größer 🏰");
}

#[tokio::test]
async fn thinking_is_kept_apart_and_timed() {
    let server = Server::start().await;
    for dialect in ALL {
        let upstream = Upstream::start(dialect).await;
        let model = server.connect(&upstream).await;
        let conversation = server.conversation().await;
        upstream.then(Act::steps([
            Step::Thought("Let me ".into()),
            Step::Thought("see.".into()),
            Step::Text("Forty-two.".into()),
            Step::Finish,
        ]));
        let asked = server.ask(&conversation, &model, "What is it?").await;
        let events = server.whole_turn(&asked.turn).await;
        let thought: String = events
            .iter()
            .filter(|event| event.name == "reasoning")
            .map(|event| event.data["text"].as_str().unwrap())
            .collect();
        assert_eq!(thought, "Let me see.", "{dialect:?}");
        let message = server.message(&conversation, &asked.answer).await;
        assert_eq!(message["content"], "Forty-two.");
        assert_eq!(message["reasoning"], "Let me see.");
        assert!(message["timings"]["reasoning_ms"].is_u64(), "{message}");
    }
}

#[tokio::test]
async fn options_reach_the_model_and_a_message_wins_over_its_conversation() {
    let server = Server::start().await;
    for dialect in ALL {
        let upstream = Upstream::start(dialect).await;
        let model = server.connect(&upstream).await;
        let options = json!({"temperature": 0.25, "max_tokens": 77, "stop": ["END"], "seed": 5});
        let made =
            json!({"title": "x", "options": options, "system_prompt": "Speak like a pirate."});
        let conversation = server.conversation_with(made).await;
        let body = json!({"content": "Hello", "model": model, "stream": false, "options": {"temperature": 0.75}});
        server.post(&format!("/conversations/{conversation}/messages"), body).await.is(200);
        let sent = upstream.chat(1).await.body.clone();
        let (from, limit) = match dialect {
            Dialect::Ollama => (sent["options"].clone(), "num_predict"),
            Dialect::OpenAi | Dialect::Anthropic => (sent.clone(), "max_tokens"),
        };
        assert_eq!(from["temperature"], 0.75, "{dialect:?}: {sent}");
        let limited =
            if from[limit].is_null() { &from["max_completion_tokens"] } else { &from[limit] };
        assert_eq!(limited, &json!(77), "{dialect:?}: {sent}");
        assert!(sent.to_string().contains("END"), "{dialect:?}: {sent}");
        assert!(sent.to_string().contains("Speak like a pirate."), "{dialect:?}: {sent}");
        if dialect == Dialect::Anthropic {
            assert!(sent["system"].to_string().contains("pirate"), "{sent}");
        } else {
            assert_eq!(sent["messages"][0]["role"], "system", "{sent}");
        }
    }
}

#[tokio::test]
async fn a_conversations_own_model_is_asked_when_the_question_names_none() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await.replace("tale-1", "tale-2");
    let conversation = server.conversation_with(json!({"title": "x", "model": model})).await;
    let body = json!({"content": "Hello", "stream": false});
    server.post(&format!("/conversations/{conversation}/messages"), body).await.is(200);
    assert_eq!(upstream.chat(1).await.body["model"], "tale-2");
}

#[tokio::test]
async fn a_temporary_chat_leaves_nothing() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let body = json!({"model": model, "system_prompt": "Be brief.", "messages": [
        {"role": "user", "content": "A quiet question"}, {"role": "assistant", "content": "Yes?"},
        {"role": "user", "content": "What is the secret word?"}]});
    upstream.then(Act::answer(&["It is", " rhubarb."]));
    let asked = server.post("/turns", body).await.is(202);
    let turn = asked["turn_id"].as_str().unwrap();
    assert_eq!(text_of(&server.whole_turn(turn).await), "It is rhubarb.");
    let sent = upstream.chat(1).await.body.clone();
    assert_eq!(sent["messages"].as_array().map(Vec::len), Some(4), "{sent}");
    let list = server.get("/conversations").await.is(200);
    assert_eq!(list["items"], json!([]));
    let hits = server.post("/search", json!({"query": "rhubarb"})).await.is(200);
    assert_eq!(hits["items"], json!([]));
    for entry in std::fs::read_dir(server.data_dir()).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_file() {
            let bytes = std::fs::read(&entry).unwrap();
            assert!(!bytes.windows(7).any(|window| window == b"rhubarb"), "it stands in {entry:?}");
        }
    }
}

#[tokio::test]
async fn asking_without_streaming_waits_for_the_whole_message() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let pace = upstream.paced();
    let path = format!("/conversations/{conversation}/messages");
    let body = json!({"content": "Hello", "model": model, "stream": false});
    let asking = server.post(&path, body);
    let talking = async {
        upstream.chat(1).await;
        pace.say("All");
        pace.say(" of it.");
        pace.finish();
    };
    let (reply, ()) = tokio::join!(asking, talking);
    let message: Value = reply.is(200);
    assert_eq!(
        (message["content"].as_str(), message["state"].as_str()),
        (Some("All of it."), Some("complete"))
    );
}
