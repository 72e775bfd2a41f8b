//! Turns over HTTP: what was sent, and the numbered events as an SSE stream.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::Call;
use super::events::{self, Out};
use super::reply::{Failure, Reply, no_content, ok, with_status};
use crate::base::{CallId, ConversationId, TurnId};
use crate::chat::{Decision, Event, PromptBudget, Replay, TemporaryQuestion, TurnView};
use crate::conversations::ToolCall;

const WHAT: &str = "turn";

/// A turn that leaves nothing behind.
#[derive(Serialize, ToSchema)]
#[schema(as = TemporaryTurn)]
struct Begun {
    turn_id: TurnId,
}

/// Asks without keeping anything.
#[utoipa::path(
    post,
    path = "/turns",
    request_body = TemporaryQuestion,
    responses((status = 202, body = Begun)),
)]
pub(super) async fn ask_temporary(mut call: Call) -> Reply {
    let question: TemporaryQuestion = call.json().await?;
    let turn_id = call.app().chat.ask_temporary(&call.caller, question).await?;
    with_status(StatusCode::ACCEPTED, &Begun { turn_id })
}

/// What the next question is sent with, in tokens; the passages that are found for it come on top.
#[utoipa::path(
    get,
    path = "/prompt-budget",
    params(
        ("conversation_id" = Option<ConversationId>, Query, description = "Where it is asked; absent for a new conversation"),
        ("model" = Option<String>, Query, description = "The model to ask instead of the conversation's"),
    ),
    responses((status = 200, body = PromptBudget), (status = 404)),
)]
pub(super) async fn budget(call: Call) -> Reply {
    let query = call.query()?;
    let id = query.text("conversation_id").map(str::parse);
    let id: Option<ConversationId> = id.transpose().map_err(|_| {
        Failure::invalid("conversation_id", "conversation_id is the id of a conversation")
    })?;
    let model = query.text("model").filter(|text| !text.is_empty());
    ok(&call.app().chat.prompt_budget(&call.caller, id, model).await?)
}

/// How a turn stands and what was sent.
#[utoipa::path(
    get,
    path = "/turns/{id}",
    params(("id" = TurnId, Path)),
    responses((status = 200, body = TurnView)),
)]
pub(super) async fn get(call: Call) -> Reply {
    ok(&call.app().chat.get(&call.caller, call.id("id", WHAT)?).await?)
}

/// Stops it, keeping what came.
#[utoipa::path(
    post,
    path = "/turns/{id}/cancel",
    params(("id" = TurnId, Path)),
    responses((status = 200, body = TurnView)),
)]
pub(super) async fn cancel(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    call.once(async { Ok(call.app().chat.cancel(&call.caller, id).await?) }).await
}

/// What is said to a call that waits for a person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CallDecision {
    decision: Decision,
}

/// Allows a call of a tool that may change something, once or for the whole conversation, or does not.
#[utoipa::path(
    post,
    path = "/turns/{id}/calls/{call_id}",
    params(("id" = TurnId, Path), ("call_id" = CallId, Path)),
    request_body = CallDecision,
    responses((status = 200, body = ToolCall)),
)]
pub(super) async fn decide(mut call: Call) -> Reply {
    let (id, call_id) = (call.id("id", WHAT)?, call.id("call_id", "call of a tool")?);
    let CallDecision { decision } = call.json().await?;
    let chat = &call.app().chat;
    call.once(async { Ok(chat.decide(&call.caller, id, call_id, decision).await?) }).await
}

/// Its events after a number, then live until the last.
///
/// Server-sent events, numbered from 1 without gaps. The data of each is a JSON object:
/// - `start` `{turn_id, conversation_id, message_id, model}`
/// - `sources` `{items}`: the passages that the answer may cite
/// - `chunk` and `reasoning` `{seq, text}`: a piece of the answer, of what the model thinks
/// - `tool_call` `{call}`: a call of a tool, whenever something of it is new
/// - `status` `{text, code, attempt?, of?}`: what is waited for
/// - `complete` `{message}`, last
/// - `error` `{code, error, status, turn_id, message, retry_after?, details?}`, last; `message` is what was kept
#[utoipa::path(
    get,
    path = "/turns/{id}/events",
    params(
        ("id" = TurnId, Path),
        ("after" = Option<u64>, Query, description = "The number of the last event that is known"),
        ("Last-Event-ID" = Option<u64>, Header, description = "The same, as a browser says it when it comes back"),
    ),
    responses(
        (status = 200, body = String, content_type = "text/event-stream"),
        (status = 204, description = "Nothing is left to tell"),
    ),
)]
pub(super) async fn events(call: Call) -> Reply {
    let id: TurnId = call.id("id", WHAT)?;
    let asked = call.query()?.number("after")?;
    let last_id = match call.head.headers.get("last-event-id") {
        None => None,
        Some(value) => {
            let number = value.to_str().ok().and_then(|text| text.trim().parse().ok());
            Some(number.ok_or_else(|| {
                Failure::invalid("Last-Event-ID", "Last-Event-ID is the number of an event")
            })?)
        }
    };
    // A browser that reconnects repeats the address and adds how far it came.
    let after: u64 = last_id.or(asked).unwrap_or(0);
    match call.app().chat.events(&call.caller, id, after).await? {
        Replay::Over(events) if events.is_empty() => no_content(),
        Replay::Over(list) => events::stream(&call, move |out| async move {
            for event in &list {
                if !out.send(frame(event)).await {
                    return;
                }
            }
        }),
        Replay::Running(turn) => events::stream(&call, move |out: Out| async move {
            let (mut seen, mut news) = (after, turn.watch());
            loop {
                news.borrow_and_update();
                for event in turn.events_after(seen) {
                    seen = event.seq;
                    if !out.send(frame(&event)).await {
                        return;
                    }
                }
                if turn.is_over() && turn.events_after(seen).is_empty() {
                    return;
                }
                if !out.wait(&mut news).await {
                    return;
                }
            }
        }),
    }
}

fn frame(event: &Event) -> String {
    format!("event: {}\nid: {}\ndata: {}\n\n", event.kind, event.seq, event.json)
}
