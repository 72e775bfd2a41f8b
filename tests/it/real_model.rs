//! A real model in the loop. Opt in: `INGLENOOK_REAL_MODEL_URL=http://127.0.0.1:8080/v1` names an
//! OpenAI-compatible server, for example llama.cpp's with a small instruct model.

use serde_json::json;

use crate::harness::events::text_of;
use crate::harness::talk::{id_of, items};
use crate::harness::{Server, skipped};

#[tokio::test]
async fn a_real_model_holds_a_conversation() {
    let Ok(base_url) = std::env::var("INGLENOOK_REAL_MODEL_URL") else {
        return skipped(
            "a_real_model_holds_a_conversation",
            "INGLENOOK_REAL_MODEL_URL names no server",
        );
    };
    let server =
        Server::with("API_TIMEOUT_MS", 60_000).with("STREAM_IDLE_TIMEOUT_MS", 60_000).start().await;
    let body = json!({"kind": "openai", "name": "Real", "base_url": base_url});
    let provider = id_of(&server.post("/providers", body).await.is(201));
    let models = server.get("/models?refresh=true").await.is(200);
    let model = items(&models).iter().find(|model| model["provider_id"] == provider.as_str());
    let model = id_of(model.expect("the server lists a model"));
    let options = json!({"max_tokens": 24, "temperature": 0.0, "memory": false});
    let conversation = server
        .conversation_with(json!({"title": "Real", "model": model, "options": options}))
        .await;
    let asked = server.ask(&conversation, &model, "Say hello in one short sentence.").await;
    let events = server.whole_turn(&asked.turn).await;
    assert_eq!(events.last().unwrap().name, "complete", "{events:?}");
    let text = text_of(&events);
    assert!(!text.trim().is_empty());
    let chunks = events.iter().filter(|event| event.name == "chunk").count();
    assert!(chunks > 1, "it streams: {chunks} chunk");
    let message = server.message(&conversation, &asked.answer).await;
    assert_eq!(message["content"], text);
    println!("the model said: {text}");
}
