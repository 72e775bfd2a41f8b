//! What is asked of a model and what comes back, in no provider's dialect.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// One question with all that goes with it.
#[derive(Debug, Clone, Default)]
pub struct ChatRequest {
    /// The prompt, oldest first.
    pub messages: Vec<ChatMessage>,
    /// How to answer.
    pub options: Options,
    /// What was found for the question, best first. Only the passages provider reads it; for a
    /// model, the caller has written the passages into the prompt.
    pub passages: Vec<Passage>,
    /// Whether the question was kept as a note, which the passages provider says.
    pub noted: bool,
    /// What the model may call. Only for models that can.
    pub tools: Vec<Tool>,
}

impl ChatRequest {
    /// The same for a model that takes no tools: without them, and without calls and results of before.
    pub(super) fn without_tools(&self) -> Self {
        let mut plain = self.clone();
        plain.tools.clear();
        plain.messages.retain(|message| message.role != Role::Tool);
        plain.messages.iter_mut().for_each(|message| message.calls.clear());
        plain.messages.retain(|m| !m.content.is_empty() || !m.images.is_empty());
        plain
    }
}

/// A tool as a model is told of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Its name: 1 to 64 of the characters that every provider takes.
    pub name: String,
    /// What it does.
    pub about: String,
    /// What it takes, as JSON Schema.
    pub takes: Value,
}

/// One call of a tool, as a model makes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolCall {
    /// The model's own name for this call; empty when it gave none.
    pub id: String,
    /// The tool.
    pub name: String,
    /// JSON, as the model wrote it; it may be no object, or no JSON at all.
    pub arguments: String,
}

/// Which call a message is the result of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The call's id, as it was sent to the model.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Whether it is the reason of a failure instead.
    pub failed: bool,
}

/// One message of the prompt.
#[derive(Debug, Clone)]
pub struct ChatMessage {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
    /// Pictures, for models that see.
    pub images: Vec<Image>,
    /// What the model called after it said this.
    pub calls: Vec<ToolCall>,
    /// The call that this is the result of, when a tool speaks.
    pub answered: Option<Answered>,
}

impl ChatMessage {
    /// Words and nothing else.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        let content = content.into();
        Self { role, content, images: Vec::new(), calls: Vec::new(), answered: None }
    }
}

/// Who speaks in a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PromptRole)]
pub enum Role {
    /// Instructions.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// A tool, with its result.
    Tool,
}

/// A picture in a question.
#[derive(Debug, Clone)]
pub struct Image {
    /// For example `image/png`.
    pub media_type: String,
    /// The bytes, base64 with padding.
    pub data_base64: String,
}

/// How to answer; what is absent is the provider's own default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Randomness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// Nucleus sampling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
    /// The longest answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// For an answer that can be had again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// Texts that end the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
}

/// Something found for the question.
#[derive(Debug, Clone)]
pub struct Passage {
    /// Its number in citations.
    pub n: u32,
    /// Where it stands.
    pub title: String,
    /// What it says.
    pub text: String,
    /// Where in a document it stands, or on which day it was said; may be empty.
    pub location: String,
}

/// What one network read brought of an answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Delta {
    /// Text of the answer.
    pub text: String,
    /// Text of the model's thinking.
    pub reasoning: String,
    /// Counts, as far as they are known by now; a later one replaces an earlier one field by field.
    pub usage: Option<Usage>,
    /// Tools that the model calls, whole.
    pub calls: Vec<ToolCall>,
    /// Set once, in the last delta.
    pub finish: Option<Finish>,
}

impl Delta {
    /// Whether nothing came that anybody would want to know.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
            && self.reasoning.is_empty()
            && self.calls.is_empty()
            && self.usage.is_none()
            && self.finish.is_none()
    }
}

/// Tokens read and written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// In the prompt.
    pub input_tokens: Option<u64>,
    /// In the answer.
    pub output_tokens: Option<u64>,
}

impl Usage {
    /// Takes what is known later over what was known.
    pub fn merge(&mut self, later: Self) {
        self.input_tokens = later.input_tokens.or(self.input_tokens);
        self.output_tokens = later.output_tokens.or(self.output_tokens);
    }
}

/// Why an answer ended as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model was done, or met a stop text.
    Stop,
    /// The longest answer or the context's end was reached.
    Length,
    /// Something else that is no failure.
    Other,
}

/// A word for the person who waits, before another attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The attempt that follows, from 2; 1 when there is none to come.
    pub attempt: u32,
    /// Attempts in all.
    pub of: u32,
    /// How long the wait before it is.
    pub wait: Duration,
    /// The failure's slug.
    pub code: &'static str,
    /// A sentence for the status line.
    pub text: String,
}
