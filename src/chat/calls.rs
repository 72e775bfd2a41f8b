//! The calls of tools inside a turn: each is looked up, asked about where it may change something, made,
//! and its result kept and sent back. What comes back is data: it goes to the model as a result and
//! nowhere else, and nothing in it can allow anything.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::Chat;
use super::end::{End, shut_down, stopped};
use super::turn::{Decision, Turn};
use crate::base::{CallId, Caller, ConversationId, TurnId, clock};
use crate::config::Tools as Policy;
use crate::conversations::{CallState, ToolCall};
use crate::error::Error;
use crate::models::{self, Answered, ChatMessage, Role, estimate_tokens};
use crate::tools::{Outcome, Tool};

/// Tokens of room below which a result is left out.
const LEAST_TOKENS: u32 = 32;

/// One round of calls.
pub(super) struct Round<'a> {
    pub(super) turn: &'a Arc<Turn>,
    pub(super) conversation: ConversationId,
    /// What the model was offered.
    pub(super) tools: &'a [Tool],
    /// From 1.
    pub(super) number: u32,
    /// Whether no call is made any more.
    pub(super) refused: bool,
    /// Tokens that the model still has room for.
    pub(super) room: u32,
}

impl Chat {
    /// Makes the calls of a round, one after the other, and gives what the model is sent of it.
    pub(super) async fn make_calls(
        &self,
        mut round: Round<'_>,
        said: String,
        mut calls: Vec<models::ToolCall>,
    ) -> Result<Vec<ChatMessage>, End> {
        let at = round.turn.so_far().text.encode_utf16().count() as u64;
        let mut messages = vec![ChatMessage::new(Role::Assistant, said)];
        let mut results = Vec::with_capacity(calls.len());
        for call in &mut calls {
            let id = CallId::new();
            if call.id.is_empty() {
                call.id = id.to_string();
            }
            round.room = round.room.saturating_sub(estimate_tokens(&call.arguments));
            let outcome = self.make(&mut round, id, call, at).await?;
            let content = match outcome.failed {
                true => format!("Error: {}", outcome.text),
                false => outcome.text,
            };
            let (id, name) = (call.id.clone(), call.name.clone());
            let answered = Some(Answered { id, name, failed: outcome.failed });
            results.push(ChatMessage { answered, ..ChatMessage::new(Role::Tool, content) });
        }
        messages[0].calls = calls;
        messages.extend(results);
        Ok(messages)
    }

    /// Makes one call.
    async fn make(
        &self,
        round: &mut Round<'_>,
        id: CallId,
        call: &models::ToolCall,
        at: u64,
    ) -> Result<Outcome, End> {
        let (turn, policy) = (round.turn, self.inner.live.now().tools);
        let tool = round.tools.iter().find(|tool| tool.name == call.name);
        let arguments = read(&call.arguments);
        let shown = arguments.clone().map_or_else(|| call.arguments.clone().into(), Value::Object);
        let mut kept = ToolCall {
            id,
            name: call.name.clone(),
            title: tool.map_or_else(|| call.name.clone(), |tool| tool.title.clone()),
            server: tool.and_then(|tool| tool.server.clone()),
            arguments: shown,
            state: CallState::Running,
            result: None,
            cut: false,
            took_ms: None,
            round: round.number,
            at,
        };
        let before = turn.calls();
        self.tell(turn, &turn.put_call(&kept));
        let outcome = match (tool, arguments) {
            _ if round.refused => Err(Outcome::failure(format!(
                "no more calls: {} rounds are the limit (TOOL_ROUNDS_MAX). Answer with what you have",
                policy.max_rounds
            ))),
            _ if before >= policy.max_calls => Err(Outcome::failure(format!(
                "no more calls: {} in one answer are the limit (TOOL_CALLS_MAX)",
                policy.max_calls
            ))),
            (None, _) => Err(Outcome::failure(format!("there is no tool {:?}", call.name))),
            (_, None) => Err(Outcome::failure("the arguments are no JSON object")),
            (Some(tool), Some(arguments)) => Ok((tool, arguments)),
        };
        let outcome = match outcome {
            Err(outcome) => outcome,
            Ok((tool, arguments)) => {
                let made = self.ask_and_call(round, &mut kept, tool, arguments, &policy);
                tokio::select! {
                    biased;
                    () = turn.cancel.cancelled() => return Err(stopped()),
                    () = self.inner.stop.cancelled() => return Err(shut_down()),
                    made = made => made,
                }
            }
        };
        let outcome = fitted(outcome, round.room);
        round.room = round.room.saturating_sub(super::prompt::cost(&outcome.text));
        kept.state = match (kept.state, outcome.failed) {
            (CallState::Denied, _) => CallState::Denied,
            (_, true) => CallState::Failed,
            (_, false) => CallState::Done,
        };
        kept.result = Some(outcome.text.clone());
        kept.cut = outcome.cut;
        tracing::info!(
            tool = kept.name,
            tool.state = kept.state.as_str(),
            tool.ms = kept.took_ms,
            "tool"
        );
        self.tell(turn, &turn.put_call(&kept));
        Ok(outcome)
    }

    /// Looks the tool up, asks the person where that is wanted, and calls it.
    async fn ask_and_call(
        &self,
        round: &Round<'_>,
        kept: &mut ToolCall,
        offered: &Tool,
        arguments: Map<String, Value>,
        policy: &Policy,
    ) -> Outcome {
        let (turn, tools) = (round.turn, &self.inner.tools);
        let caller = Caller { user: turn.identity.owner, once: None };
        let tool = match tools.look_up(offered).await {
            Ok(tool) => tool,
            Err(why) => return Outcome::failure(why),
        };
        if tool.changes {
            let allowed = tools.is_allowed(round.conversation, &tool).await;
            // What cannot be found out was not allowed.
            if !allowed.unwrap_or(false) {
                kept.state = CallState::Waiting;
                let answered = turn.ask_person(kept.id, tool.clone());
                self.tell(turn, &turn.put_call(kept));
                let answer = tokio::time::timeout(policy.consent, answered).await;
                turn.forget_question(kept.id);
                let why = match answer {
                    Ok(Ok(Decision::Once | Decision::Always)) => None,
                    Ok(_) => Some("the person did not allow this call; go on without it"),
                    Err(_) => Some("nobody allowed this call in time; go on without it"),
                };
                if let Some(why) = why {
                    kept.state = CallState::Denied;
                    return Outcome::failure(why);
                }
                kept.state = CallState::Running;
                self.tell(turn, &turn.put_call(kept));
            }
        }
        let began = clock::monotonic();
        let outcome = tools.call(&caller, round.conversation, &tool, arguments).await;
        kept.took_ms = Some(clock::ms_since(began));
        outcome
    }

    /// What a person says to a call that waits for them. `always` is kept before anything is called.
    pub async fn decide(
        &self,
        caller: &Caller,
        id: TurnId,
        call: CallId,
        decision: Decision,
    ) -> Result<ToolCall, Error> {
        let state = match decision {
            Decision::No => CallState::Denied,
            Decision::Once | Decision::Always => CallState::Running,
        };
        let Some(turn) = self.find_running(caller, id) else {
            let view = self.get(caller, id).await?;
            let (Some(conversation), Some(message)) = (view.conversation_id, view.message_id)
            else {
                return Err(Error::not_found("call of a tool"));
            };
            let message = self.inner.conversations.message(caller, conversation, message).await?;
            let known = message.calls.into_iter().find(|known| known.id == call);
            return decided(known.ok_or(Error::not_found("call of a tool"))?, state);
        };
        let known = turn.call(call).ok_or(Error::not_found("call of a tool"))?;
        let Some(tool) = turn.asked(call) else { return decided(known, state) };
        if decision == Decision::Always
            && let Some(conversation) = turn.identity.conversation
        {
            self.inner.tools.allow(caller, conversation, &tool).await?;
        }
        match turn.decide(call, decision) {
            true => Ok(ToolCall { state, ..known }),
            false => decided(turn.call(call).unwrap_or(known), state),
        }
    }
}

/// A call that waits for nobody: the same answer again is no mistake, another one comes too late.
fn decided(call: ToolCall, state: CallState) -> Result<ToolCall, Error> {
    let denied = call.state == CallState::Denied;
    if denied == (state == CallState::Denied) && call.state != CallState::Cancelled {
        return Ok(call);
    }
    Err(Error::conflict("call_not_waiting", "this call does not wait for an answer any more"))
}

/// The arguments as an object; some models write nothing where nothing is needed.
fn read(arguments: &str) -> Option<Map<String, Value>> {
    if arguments.trim().is_empty() {
        return Some(Map::new());
    }
    match serde_json::from_str(arguments) {
        Ok(Value::Object(arguments)) => Some(arguments),
        Ok(Value::Null) => Some(Map::new()),
        _ => None,
    }
}

/// A result that leaves the model's window room for an answer, and says so where it is not whole.
fn fitted(mut outcome: Outcome, room: u32) -> Outcome {
    const MORE: &str = "\n[There was more; it was cut off here.]";
    let tokens = estimate_tokens(&outcome.text);
    if tokens > room {
        if room < LEAST_TOKENS {
            return Outcome::failure(
                "the result is left out: the model's window has no room for it",
            );
        }
        // A token stands for about as many bytes everywhere in one text.
        let keep = outcome.text.len() as u64 * u64::from(room) / u64::from(tokens.max(1));
        let keep = usize::try_from(keep).unwrap_or(usize::MAX);
        let end = (0..=keep).rev().find(|at| outcome.text.is_char_boundary(*at)).unwrap_or(0);
        outcome.text.truncate(end);
        outcome.cut = true;
    }
    if outcome.cut {
        outcome.text.push_str(MORE);
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn arguments_are_an_object_or_nothing() {
        for (text, whole) in [
            ("", true),
            (" ", true),
            ("null", true),
            ("{\"a\": 1}", true),
            ("[1]", false),
            ("{\"a\": ", false),
            ("\"{}\"", false),
        ] {
            assert_eq!(read(text).is_some(), whole, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_result_leaves_room(text in "\\PC{0,2000}", room in 0_u32..400) {
            let whole = Outcome { text: text.clone(), failed: false, cut: false };
            let outcome = fitted(whole, room);
            prop_assert!(estimate_tokens(&outcome.text) <= room.max(LEAST_TOKENS) * 2 + 20);
            prop_assert!(outcome.cut || outcome.failed || outcome.text == text);
        }
    }
}
