//! What tests say most often: make a conversation, connect a model, ask.

use serde_json::{Value, json};

use super::events::{Event, Events};
use super::{Server, Upstream, eventually};

/// A question on its way to an answer.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The turn.
    pub turn: String,
    /// The question's id.
    pub question: String,
    /// The answer's id.
    pub answer: String,
}

impl Server {
    /// A new conversation with a title of its own, so that no model is asked for one.
    pub async fn conversation(&self) -> String {
        self.conversation_with(json!({"title": "A walk in the woods"})).await
    }

    /// A new conversation made from this body.
    pub async fn conversation_with(&self, body: Value) -> String {
        id_of(&self.post("/conversations", body).await.is(201))
    }

    /// Adds the scripted upstream as a provider and gives its first model's id.
    pub async fn connect(&self, upstream: &Upstream) -> String {
        let body = json!({"kind": upstream.kind(), "name": "Scripted", "base_url": upstream.base_url(),
            "api_key": "sk-scripted-0123456789abcd"});
        let provider = id_of(&self.post("/providers", body).await.is(201));
        format!("{provider}/tale-1")
    }

    /// Asks, and comes back as soon as the question is kept.
    pub async fn ask(&self, conversation: &str, model: &str, content: &str) -> Asked {
        self.ask_with(conversation, json!({"content": content, "model": model})).await
    }

    /// Asks with this body.
    pub async fn ask_with(&self, conversation: &str, body: Value) -> Asked {
        let path = format!("/conversations/{conversation}/messages");
        let kept = self.post(&path, body).await.is(202);
        Asked {
            turn: kept["turn_id"].as_str().unwrap().to_owned(),
            question: id_of(&kept["user_message"]),
            answer: id_of(&kept["assistant_message"]),
        }
    }

    /// Asks and waits for the finished message.
    pub async fn answer(&self, conversation: &str, model: &str, content: &str) -> Value {
        let body = json!({"content": content, "model": model, "stream": false});
        self.post(&format!("/conversations/{conversation}/messages"), body).await.is(200)
    }

    /// The events of a turn from its beginning.
    pub async fn turn_events(&self, turn: &str) -> Events {
        self.events(&format!("/turns/{turn}/events")).await
    }

    /// All events of a turn, to its end.
    pub async fn whole_turn(&self, turn: &str) -> Vec<Event> {
        self.turn_events(turn).await.rest().await
    }

    /// The active path of a conversation.
    pub async fn messages(&self, conversation: &str) -> Vec<Value> {
        let page = self.get(&format!("/conversations/{conversation}/messages")).await.is(200);
        page["items"].as_array().unwrap().clone()
    }

    /// One message of the active path.
    pub async fn message(&self, conversation: &str, id: &str) -> Value {
        let path = self.messages(conversation).await;
        path.into_iter().find(|message| message["id"] == id).unwrap_or_else(|| panic!("no {id}"))
    }

    /// Waits until a message is in this state, and gives it.
    pub async fn message_in_state(&self, conversation: &str, id: &str, state: &str) -> Value {
        eventually(&format!("{id} is {state}"), || async {
            let message = self.message(conversation, id).await;
            (message["state"] == state).then_some(message)
        })
        .await
    }
}

/// The id in a body.
#[track_caller]
pub fn id_of(body: &Value) -> String {
    body["id"].as_str().unwrap_or_else(|| panic!("no id in {body}")).to_owned()
}

/// The items of a list's body.
#[track_caller]
pub fn items(body: &Value) -> &Vec<Value> {
    body["items"].as_array().unwrap_or_else(|| panic!("no list: {body}"))
}
