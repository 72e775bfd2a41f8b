//! Calls of tools inside an answer, as they are kept and shown.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::base::{CallId, words};

/// What stands in a conversation's tools for finding passages of documents.
pub const SEARCH_DOCUMENTS: &str = "search_documents";
/// And for finding what was said in other conversations.
pub const SEARCH_CONVERSATIONS: &str = "search_conversations";

words! {
    /// How far a call of a tool came.
    #[schema(as = ToolCallState)]
    CallState {
        /// A person is asked whether it may be made.
        Waiting = "waiting",
        /// It is being made.
        Running = "running",
        /// It has its result.
        Done = "done",
        /// There is no result, for the reason given.
        Failed = "failed",
        /// A person did not allow it.
        Denied = "denied",
        /// The answer ended before it did.
        Cancelled = "cancelled",
    }
}

/// One call of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ToolCall {
    /// Its id.
    pub id: CallId,
    /// The tool, as the model knows it.
    pub name: String,
    /// The tool's name for people.
    pub title: String,
    /// The server it belongs to; `null` for a search of our own.
    pub server: Option<String>,
    /// What it was given; a text when the model wrote no JSON object.
    #[schema(value_type = Object)]
    pub arguments: Value,
    /// How far it came.
    pub state: CallState,
    /// The result, or the reason why there is none.
    pub result: Option<String>,
    /// Whether there was more of the result than is kept.
    pub cut: bool,
    /// How long it took, without waiting for a person.
    pub took_ms: Option<u64>,
    /// In which round of calls it was made, from 1.
    pub round: u32,
    /// Where in the answer's text it was made, in UTF-16 units.
    pub at: u64,
}

impl ToolCall {
    /// Whether it is at its end.
    pub fn is_over(&self) -> bool {
        !matches!(self.state, CallState::Waiting | CallState::Running)
    }

    /// Ends what was under way when the answer ended.
    pub fn end(&mut self) {
        if !self.is_over() {
            self.state = CallState::Cancelled;
        }
    }
}
