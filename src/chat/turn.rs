//! One answer being made, as a list of numbered events that anybody may join at any number: late,
//! again, from several tabs. Each event is written as JSON once and shared by all who listen.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use crate::base::{CallId, ConversationId, MessageId, Timestamp, TurnId, UserId};
use crate::conversations::ToolCall;
use crate::models::{self, ModelRef};
use crate::tools::Tool;

/// How a turn stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
const KINDS: [&str; 8] =
    ["start", "sources", "chunk", "reasoning", "tool_call", "status", "complete", "error"];

/// The event's name, if it is one of ours.
pub(super) fn kind_of(name: &str) -> Option<&'static str> {
    KINDS.into_iter().find(|kind| *kind == name)
}

/// What was sent to the model, for the person to see.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
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
    /// The tools that the model was told of.
    #[serde(default)]
    pub tools: Vec<PromptTool>,
}

/// A tool that a model was told of.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PromptTool {
    /// Its name.
    pub name: String,
    /// What the model was told that it does.
    pub description: String,
}

/// A call of a tool, as it was sent back to the model.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PromptCall {
    /// The tool.
    pub name: String,
    /// JSON, as the model wrote it.
    pub arguments: String,
}

/// One message of a prompt.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PromptMessage {
    /// Who speaks.
    pub role: models::Role,
    /// What was sent.
    pub content: String,
    /// Pictures that went with it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub images: usize,
    /// What the model called then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<PromptCall>,
    /// The tool whose result this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub tool: Option<String>,
}

impl PromptMessage {
    /// What is shown of a message that is sent.
    pub(super) fn of(message: &models::ChatMessage) -> Self {
        let calls = message
            .calls
            .iter()
            .map(|call| PromptCall { name: call.name.clone(), arguments: call.arguments.clone() });
        Self {
            role: message.role,
            content: message.content.clone(),
            images: message.images.len(),
            calls: calls.collect(),
            tool: message.answered.as_ref().map(|call| call.name.clone()),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// A turn as the API shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Turn)]
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
    /// What was sent; kept for `PROMPT_KEEP_DAYS`.
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
    calls: Vec<ToolCall>,
    /// Whom the answer about each call that waits for a person goes to, and what it is a call of.
    asked: HashMap<CallId, Asked>,
    prompt: Prompt,
    events: Vec<Event>,
}

/// A question to a person: may this tool be called?
#[derive(Debug)]
struct Asked {
    tool: Tool,
    answer: oneshot::Sender<Decision>,
}

/// What a person says to a call that may change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ToolDecision)]
pub enum Decision {
    /// This time.
    Once,
    /// For the whole conversation, as long as the tool stays what it is.
    Always,
    /// No.
    No,
}

/// All that a turn has said so far.
#[derive(Debug, Clone)]
pub(super) struct SoFar {
    pub(super) text: String,
    pub(super) reasoning: String,
    pub(super) calls: Vec<ToolCall>,
    pub(super) seq: u64,
}

impl SoFar {
    /// Nothing yet.
    pub(super) fn nothing() -> Self {
        Self { text: String::new(), reasoning: String::new(), calls: Vec::new(), seq: 0 }
    }
}

impl Turn {
    pub(super) fn new(identity: Identity, prompt: Prompt, before: SoFar) -> Self {
        let inner = Inner {
            state: TurnState::Running,
            text: before.text,
            reasoning: before.reasoning,
            calls: before.calls,
            asked: HashMap::new(),
            prompt,
            events: Vec::new(),
        };
        Self {
            identity,
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

    /// Adds a call of a tool, or what became of one.
    pub(super) fn put_call(&self, call: &ToolCall) -> Event {
        self.add("tool_call", json!({ "call": call }), |inner| {
            match inner.calls.iter_mut().find(|known| known.id == call.id) {
                Some(known) => known.clone_from(call),
                None => inner.calls.push(call.clone()),
            }
        })
    }

    /// Ends the calls that are under way, because the answer does.
    pub(super) fn end_calls(&self) -> Vec<Event> {
        let open: Vec<ToolCall> =
            self.inner().calls.iter().filter(|c| !c.is_over()).cloned().collect();
        let ended = open.into_iter().map(|mut call| {
            call.end();
            self.put_call(&call)
        });
        ended.collect()
    }

    /// Asks a person whether a tool may be called.
    pub(super) fn ask_person(&self, id: CallId, tool: Tool) -> oneshot::Receiver<Decision> {
        let (answer, answered) = oneshot::channel();
        self.inner().asked.insert(id, Asked { tool, answer });
        answered
    }

    /// The tool that a person is asked about, while they are.
    pub(super) fn asked(&self, id: CallId) -> Option<Tool> {
        self.inner().asked.get(&id).map(|asked| asked.tool.clone())
    }

    /// Gives the answer; `false` when nobody waits for it any more.
    pub(super) fn decide(&self, id: CallId, decision: Decision) -> bool {
        let asked = self.inner().asked.remove(&id);
        asked.is_some_and(|asked| asked.answer.send(decision).is_ok())
    }

    /// Nobody is asked any more.
    pub(super) fn forget_question(&self, id: CallId) {
        self.inner().asked.remove(&id);
    }

    /// A call, if there is one of this id.
    pub(super) fn call(&self, id: CallId) -> Option<ToolCall> {
        self.inner().calls.iter().find(|call| call.id == id).cloned()
    }

    /// Calls so far.
    pub(super) fn calls(&self) -> usize {
        self.inner().calls.len()
    }

    /// Adds what the model is sent after its calls.
    pub(super) fn add_prompt(&self, more: Vec<PromptMessage>, tokens: u32) {
        let mut inner = self.inner();
        inner.prompt.messages.extend(more);
        inner.prompt.tokens = inner.prompt.tokens.saturating_add(tokens);
    }

    /// What was sent so far.
    pub(super) fn prompt(&self) -> Prompt {
        self.inner().prompt.clone()
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
            calls: inner.calls.clone(),
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
            prompt: Some(inner.prompt.clone()),
        }
    }
}

impl Turn {
    /// Its id.
    pub fn id(&self) -> TurnId {
        self.identity.id
    }
}
