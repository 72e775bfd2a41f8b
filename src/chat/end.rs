//! The ways in which a turn ends, and what is said of each.

use serde_json::{Value, json};

use super::turn::{Turn, TurnState};
use crate::base::Timestamp;
use crate::models::{self, Finish};

/// How a turn ended.
pub(super) struct End {
    pub(super) state: TurnState,
    pub(super) error: Option<Value>,
}

pub(super) fn complete(turn: &Turn, finish: Option<Finish>) -> End {
    let said = turn.so_far();
    if said.text.is_empty() {
        return End {
            state: TurnState::Failed,
            error: Some(json!({ "code": "empty_answer", "status": 502,
                "error": "the model answered with nothing; ask again or choose another model" })),
        };
    }
    if finish == Some(Finish::Length) {
        return End {
            state: TurnState::Interrupted,
            error: Some(json!({ "code": "length_limit", "status": 200,
                "error": "the answer reached its length limit; continue it to read on" })),
        };
    }
    End { state: TurnState::Complete, error: None }
}

pub(super) fn stopped() -> End {
    End { state: TurnState::Cancelled, error: None }
}

pub(super) fn shut_down() -> End {
    let error = json!({ "code": "server_shutdown", "status": 503,
        "error": "the answer broke off because the server was stopped; what had come was kept" });
    End { state: TurnState::Interrupted, error: Some(error) }
}

pub(super) fn too_long(limit: usize) -> End {
    let text = format!("the answer was ended at {} kB (MAX_ANSWER_KB)", limit / 1024);
    let error = json!({ "code": "answer_too_long", "status": 502, "error": text });
    End { state: TurnState::Interrupted, error: Some(error) }
}

pub(super) fn too_many_rounds(limit: usize) -> End {
    let text = format!(
        "the model called tools {limit} times and more without answering (TOOL_ROUNDS_MAX)"
    );
    let error = json!({ "code": "too_many_rounds", "status": 502, "error": text });
    End { state: TurnState::Interrupted, error: Some(error) }
}

pub(super) fn failed(turn: &Turn, error: &models::Error) -> End {
    let mut body = json!({ "error": error.to_string(), "code": error.code(),
        "status": error.status() });
    if let Some(seconds) = error.retry_after_s() {
        body["retry_after"] = seconds.into();
        // Whoever reads it later wants to know since when.
        body["timestamp"] = json!(Timestamp::now());
    }
    let details = error.details();
    if !details.is_null() {
        body["details"] = details;
    }
    let empty = turn.text_bytes() == 0;
    let state = if empty { TurnState::Failed } else { TurnState::Interrupted };
    tracing::warn!(code = error.code(), turn.empty = empty, "the model failed: {error}");
    End { state, error: Some(body) }
}
