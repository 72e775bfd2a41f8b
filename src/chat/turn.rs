//! One answer being made, as a list of numbered events that anybody may join at any number: late,
//! again, from several tabs. Each event is written as JSON once and shared by all who listen.

use std::sync::{Arc, Mutex, MutexGuard};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::base::{ConversationId, MessageId, Timestamp, TurnId, UserId};
use crate::models::{self, ModelRef};

/// How a turn stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnState {
    /// The model talks.
    Running,
    /// The answer is whole.
    Complete,
    /// Somebody stopped it.
    Cancelled,
    /// Nothing came of it.
    Failed,
    /// It broke off in the middle.
    Interrupted,
}

impl TurnState {
    /// The word for it in the database.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// One event of a turn.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its number, from 1, without gaps.
    pub seq: u64,
    /// Its name on the wire.
    pub kind: &'static str,
    /// Its data, a JSON object.
    pub json: Arc<str>,
}

/// The names of events.
const KINDS: [&str; 7] = ["start", "sources", "chunk", "reasoning", "status", "complete", "error"];

/// The event's name, if it is one of ours.
pub(super) fn kind_of(name: &str) -> Option<&'static str> {
    KINDS.into_iter().find(|kind| *kind == name)
}

/// What was sent to the model, for the person to see.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Prompt {
    /// The messages, in order.
    pub messages: Vec<PromptMessage>,
    /// Tokens they come to, estimated.
    pub tokens: u32,
    /// Tokens they might have come to.
    pub budget: u32,
    /// Earlier messages that were left out for want of room.
    pub dropped: u32,
    /// How the model was asked.
    pub options: crate::conversations::Options,
    /// That `tokens` is an estimate and not the model's own count.
    pub estimated: bool,
}

/// One message of a prompt.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PromptMessage {
    /// Who speaks.
    pub role: models::Role,
    /// What was sent.
    pub content: String,
    /// Pictures that went with it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub images: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// A turn as the API shows it.
#[derive(Debug, Clone, Serialize)]
pub struct TurnView {
    /// Its id.
    pub id: TurnId,
    /// Where; `None` for a temporary chat.
    pub conversation_id: Option<ConversationId>,
    /// The answer; `None` for a temporary chat.
    pub message_id: Option<MessageId>,
    /// How it stands.
    pub state: TurnState,
    /// The model that was asked.
    pub model: String,
    /// The number of its last event.
    pub seq: u64,
    /// When it began.
    pub created_at: Timestamp,
    /// What was sent; kept for `TURN_REPLAY_HOURS`.
    pub prompt: Option<Prompt>,
}

/// What makes a turn.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) id: TurnId,
    pub(super) owner: UserId,
    pub(super) conversation: Option<ConversationId>,
    pub(super) message: Option<MessageId>,
    pub(super) model: ModelRef,
    pub(super) created_at: Timestamp,
}

/// A running turn.
#[derive(Debug)]
pub struct Turn {
    pub(super) identity: Identity,
    pub(super) prompt: Prompt,
    /// Ends the answer, keeping what came.
    pub(super) cancel: CancellationToken,
    inner: Mutex<Inner>,
    last: watch::Sender<u64>,
}

#[derive(Debug)]
struct Inner {
    state: TurnState,
    text: String,
    reasoning: String,
    events: Vec<Event>,
}

/// All that a turn has said so far.
#[derive(Debug, Clone)]
pub(super) struct SoFar {
    pub(super) text: String,
    pub(super) reasoning: String,
    pub(super) seq: u64,
}

impl Turn {
    pub(super) fn new(identity: Identity, prompt: Prompt, before: SoFar) -> Self {
        let inner = Inner {
            state: TurnState::Running,
            text: before.text,
            reasoning: before.reasoning,
            events: Vec::new(),
        };
        Self {
            identity,
            prompt,
            cancel: CancellationToken::new(),
            inner: Mutex::new(inner),
            last: watch::Sender::new(0),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Adds text to the answer.
    pub(super) fn add_text(&self, text: &str) -> Event {
        self.add("chunk", json!({ "text": text }), |inner| inner.text.push_str(text))
    }

    /// Adds to what the model thinks.
    pub(super) fn add_reasoning(&self, text: &str) -> Event {
        self.add("reasoning", json!({ "text": text }), |inner| inner.reasoning.push_str(text))
    }

    /// Adds any other event.
    pub(super) fn add_event(&self, kind: &'static str, data: Value) -> Event {
        self.add(kind, data, |_| ())
    }

    /// Adds the last event and says how it ended.
    pub(super) fn finish(&self, state: TurnState, kind: &'static str, data: Value) -> Event {
        self.add(kind, data, |inner| inner.state = state)
    }

    fn add(&self, kind: &'static str, mut data: Value, change: impl FnOnce(&mut Inner)) -> Event {
        let mut inner = self.inner();
        change(&mut inner);
        let seq = inner.events.len() as u64 + 1;
        self.identify(&mut data, kind, seq);
        let event = Event { seq, kind, json: data.to_string().into() };
        inner.events.push(event.clone());
        drop(inner);
        self.last.send_replace(seq);
        event
    }

    fn identify(&self, data: &mut Value, kind: &'static str, seq: u64) {
        if let Some(map) = data.as_object_mut() {
            map.insert("type".to_owned(), kind.into());
            map.insert("turn_id".to_owned(), json!(self.identity.id));
            map.insert("seq".to_owned(), seq.into());
            if let (Some(conversation), Some(message)) =
                (self.identity.conversation, self.identity.message)
            {
                map.insert("conversation_id".to_owned(), json!(conversation));
                map.insert("message_id".to_owned(), json!(message));
            }
        }
    }

    /// Everything so far.
    pub(super) fn so_far(&self) -> SoFar {
        let inner = self.inner();
        SoFar {
            text: inner.text.clone(),
            reasoning: inner.reasoning.clone(),
            seq: inner.events.len() as u64,
        }
    }

    /// Bytes of the answer so far.
    pub(super) fn text_bytes(&self) -> usize {
        let inner = self.inner();
        inner.text.len() + inner.reasoning.len()
    }

    /// The events after a number.
    pub fn events_after(&self, after: u64) -> Vec<Event> {
        let inner = self.inner();
        let from = usize::try_from(after).unwrap_or(usize::MAX).min(inner.events.len());
        inner.events[from..].to_vec()
    }

    /// Wakes when there are more events.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// Whether the last event has been.
    pub fn is_over(&self) -> bool {
        self.inner().state != TurnState::Running
    }

    /// As the API shows it.
    pub(super) fn view(&self) -> TurnView {
        let inner = self.inner();
        TurnView {
            id: self.identity.id,
            conversation_id: self.identity.conversation,
            message_id: self.identity.message,
            state: inner.state,
            model: self.identity.model.to_string(),
            seq: inner.events.len() as u64,
            created_at: self.identity.created_at,
            prompt: Some(self.prompt.clone()),
        }
    }
}

impl Turn {
    /// Its id.
    pub fn id(&self) -> TurnId {
        self.identity.id
    }
}
