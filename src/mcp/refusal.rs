//! What went wrong, as an agent is told: of a tool in its result, where the model can read it and do
//! better; of a resource as an error of the protocol. Causes go to the log here, once.

use rmcp::ErrorData;
use rmcp::model::CallToolResult;
use serde_json::{Value, json};

use crate::error::Error;

/// The result of a tool that did not do what it was asked.
pub(super) fn of_tool(error: &Error) -> CallToolResult {
    CallToolResult::structured_error(told(error))
}

/// The answer to a request that could not be answered.
pub(super) fn of_request(error: &Error) -> ErrorData {
    let told = told(error);
    let message = told["error"].as_str().unwrap_or_default().to_owned();
    match error {
        Error::NotFound { .. } => ErrorData::resource_not_found(message, Some(told)),
        Error::Invalid { .. } => ErrorData::invalid_params(message, Some(told)),
        error if error.is_ours() => ErrorData::internal_error(message, Some(told)),
        _ => ErrorData::invalid_request(message, Some(told)),
    }
}

/// The sentence, the slug and what goes with them.
fn told(error: &Error) -> Value {
    let code = error.code();
    if error.is_ours() {
        tracing::error!(code, cause = ?error, "{error}");
    } else {
        tracing::warn!(code, "{error}");
    }
    let message = match error {
        Error::Internal { .. } => {
            "something went wrong in Inglenook, not with this call; its log knows more".to_owned()
        }
        error => error.to_string(),
    };
    let mut told = json!({ "error": message, "code": code });
    match error {
        Error::Invalid { field, .. } => told["field"] = field.as_str().into(),
        Error::TooMany { retry_after_s, .. } => told["retry_after"] = (*retry_after_s).into(),
        Error::TooLarge { limit_bytes, .. } => told["limit_bytes"] = (*limit_bytes).into(),
        Error::Unavailable { retry_after_s, .. } => {
            told["retry_after"] = retry_after_s.unwrap_or(1).into();
        }
        Error::Upstream { retry_after_s: Some(after), .. } => {
            told["retry_after"] = (*after).into();
        }
        _ => {}
    }
    told
}
