//! What was said before, as a model is told of it: an answer for which tools were called is told again
//! in the pieces in which it came, with the calls and their results, where the model knows tools at all.

use super::prompt::{self, Said};
use crate::conversations::{CallState, Role, ToolCall};
use crate::models::{self, Answered, ChatMessage, estimate_tokens};

/// Tokens that a picture counts for, whatever its size: `OpenAI` counts 765 for one of 1024 by 1024
/// pixels, Anthropic width times height by 750 (1 398 for the same, 1 600 at most), `LLaVA` 576.
pub(super) const IMAGE_TOKENS: u32 = 1_000;

/// Tokens of one message.
pub(super) fn cost(message: &ChatMessage) -> u32 {
    let calls = message.calls.iter().map(|call| estimate_tokens(&call.arguments));
    let images = message.images.iter().map(|_| IMAGE_TOKENS);
    calls.chain(images).fold(prompt::cost(&message.content), u32::saturating_add)
}

/// One message of the conversation as those that are sent; its results have so many tokens at most.
pub(super) fn told(said: Said, knows_tools: bool, results: u32) -> Vec<ChatMessage> {
    let role = match said.role {
        Role::Assistant => models::Role::Assistant,
        Role::System => models::Role::System,
        Role::User | Role::Tool => models::Role::User,
    };
    if said.calls.is_empty() || !knows_tools {
        return vec![ChatMessage { images: said.images, ..ChatMessage::new(role, said.content) }];
    }
    let share = results / u32::try_from(said.calls.len()).unwrap_or(u32::MAX);
    let (mut messages, mut from) = (Vec::new(), 0);
    for round in said.calls.chunk_by(|a, b| a.round == b.round && a.at == b.at) {
        let upto = round.first().map_or(from, |call| byte_at(&said.content, call.at)).max(from);
        let calls = round.iter().map(|call| models::ToolCall {
            id: call.id.to_string(),
            name: call.name.clone(),
            arguments: call.arguments.to_string(),
        });
        messages.push(ChatMessage {
            calls: calls.collect(),
            ..ChatMessage::new(role, said.content[from..upto].trim())
        });
        messages.extend(round.iter().map(|call| result(call, share)));
        from = upto;
    }
    let rest = said.content[from..].trim();
    if !rest.is_empty() {
        messages.push(ChatMessage::new(role, rest));
    }
    messages
}

fn result(call: &ToolCall, tokens: u32) -> ChatMessage {
    let failed = call.state != CallState::Done;
    let text = call.result.as_deref().unwrap_or("the call was not made");
    let text = match estimate_tokens(text) {
        all if all > tokens => {
            let keep = text.len() as u64 * u64::from(tokens) / u64::from(all);
            let keep = usize::try_from(keep).unwrap_or(usize::MAX);
            let end = (0..=keep).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            format!("{}\n[The rest is left out.]", &text[..end])
        }
        _ => text.to_owned(),
    };
    let content = if failed { format!("Error: {text}") } else { text };
    let answered = Some(Answered { id: call.id.to_string(), name: call.name.clone(), failed });
    ChatMessage { answered, ..ChatMessage::new(models::Role::Tool, content) }
}

/// The byte at which so many UTF-16 units end; the end of the text when it was amended to be shorter.
fn byte_at(text: &str, units: u64) -> usize {
    let mut left = units;
    for (at, letter) in text.char_indices() {
        if left == 0 {
            return at;
        }
        left = left.saturating_sub(letter.len_utf16() as u64);
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::CallId;
    use proptest::prelude::*;

    fn call(round: u32, at: u64, result: &str) -> ToolCall {
        ToolCall {
            id: CallId::new(),
            name: "look".to_owned(),
            title: "Look".to_owned(),
            server: None,
            arguments: serde_json::json!({ "n": round }),
            state: CallState::Done,
            result: Some(result.to_owned()),
            cut: false,
            took_ms: None,
            round,
            at,
        }
    }

    fn said(content: &str, calls: Vec<ToolCall>) -> Said {
        Said { role: Role::Assistant, content: content.to_owned(), images: Vec::new(), calls }
    }

    #[test]
    fn an_answer_with_calls_is_told_in_its_pieces() {
        let calls = vec![call(1, 5, "one"), call(1, 5, "two"), call(2, 13, "three")];
        let messages = told(said("Näh. \n\nOh 🔥!\n\nSo.", calls), true, 1000);
        let shown: Vec<_> =
            messages.iter().map(|m| (m.role, m.content.as_str(), m.calls.len())).collect();
        let (assistant, tool) = (models::Role::Assistant, models::Role::Tool);
        let wanted = [
            (assistant, "Näh.", 2),
            (tool, "one", 0),
            (tool, "two", 0),
            (assistant, "Oh 🔥!", 1),
            (tool, "three", 0),
            (assistant, "So.", 0),
        ];
        assert_eq!(shown, wanted);
        assert_eq!(messages[0].calls[1].id, messages[2].answered.as_ref().unwrap().id);
        let plain = told(said("So.", vec![call(1, 0, "one")]), false, 1000);
        assert_eq!((plain.len(), plain[0].calls.len()), (1, 0));
    }

    proptest! {
        #[test]
        fn whatever_was_amended_nothing_is_lost_and_results_keep_their_share(
            text in "\\PC{0,60}",
            places in proptest::collection::vec(0_u64..80, 1..6),
            result in "[a-z ]{0,4000}",
        ) {
            let calls = (1..).zip(&places).map(|(round, at)| call(round, *at, &result)).collect();
            let messages = told(said(&text, calls), true, 300);
            let words = |text: &str| text.split_whitespace().collect::<String>();
            let again: String = messages
                .iter()
                .filter(|message| message.role == models::Role::Assistant)
                .map(|message| words(&message.content))
                .collect();
            prop_assert_eq!(again, words(&text));
            let results = messages.iter().filter(|message| message.answered.is_some());
            let tokens: u32 = results.map(cost).sum();
            prop_assert!(tokens <= 300 + 16 * 6);
        }
    }
}
