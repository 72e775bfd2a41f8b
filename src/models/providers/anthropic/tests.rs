//! What this dialect writes and how it reads, without a network.

use serde_json::json;

use super::*;
use crate::models::chat::{Image, Options};
use crate::models::providers::Quirks;

fn message(role: Role, content: &str) -> ChatMessage {
    ChatMessage::new(role, content)
}

fn read(parts: &[&str]) -> (Batch, Result<(), Trouble>) {
    let mut out = Batch::default();
    let mut decoder = Anthropic.decoder(10_000);
    for part in parts {
        if let Err(trouble) = decoder.push(part.as_bytes(), &mut out) {
            return (out, Err(trouble));
        }
    }
    let end = if out.done { Ok(()) } else { decoder.end(&mut out) };
    (out, end)
}

#[test]
fn the_system_prompt_stands_apart_and_an_answer_has_a_longest_length() {
    let mut request = ChatRequest {
        messages: vec![
            message(Role::System, "be kind"),
            message(Role::System, "be brief"),
            message(Role::User, "one"),
            message(Role::User, "two"),
            message(Role::Assistant, " "),
            message(Role::Assistant, "half an answer \n"),
        ],
        options: Options { stop: vec!["END".to_owned()], ..Options::default() },
        ..ChatRequest::default()
    };
    request.messages[3].images =
        vec![Image { media_type: "image/png".to_owned(), data_base64: "AAAA".to_owned() }];
    let manner = Manner { quirks: Quirks::default(), reserve_tokens: 1024, context_window: None };
    let sent = Anthropic.chat("m", &request, manner).unwrap();
    let wanted = json!({
        "model": "m", "max_tokens": 1024, "system": "be kind\n\nbe brief", "stream": true,
        "stop_sequences": ["END"],
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "one"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                {"type": "text", "text": "two"},
            ]},
            {"role": "assistant", "content": [{"type": "text", "text": "half an answer"}]},
        ],
    });
    assert_eq!(serde_json::from_slice::<Value>(&sent.body).unwrap(), wanted);
}

#[test]
fn an_answer_is_read_with_thinking_and_counts() {
    let (out, end) = read(&[
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"x\",\"usage\":{\"input_tokens\":10,\"cache_read_input_tokens\":5,\"output_tokens\":1}}}\n\n",
        "event: ping\ndata: {\"type\":\"ping\"}\n\n",
        "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\"}}\n\n",
        "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"hm\"}}\n\n",
        "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"zz\"}}\n\n",
        "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"a\\nb\"}}\n\n",
        "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"max_tokens\"},\"usage\":{\"output_tokens\":20}}\n\n",
        "data: {\"type\":\"message_stop\"}\n\n",
    ]);
    assert_eq!(end, Ok(()));
    assert_eq!((out.text.as_str(), out.reasoning.as_str()), ("a\nb", "hm"));
    assert_eq!((out.finish, out.done), (Some(Finish::Length), true));
    let usage = out.usage.unwrap();
    assert_eq!((usage.input_tokens, usage.output_tokens), (Some(15), Some(20)));
}

#[test]
fn errors_refusals_cuts_and_garbage_are_told_apart() {
    let text = "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"x\"}}\n\n";
    let overloaded = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
    let (out, end) = read(&[text, overloaded]);
    assert_eq!(out.text, "x");
    assert!(matches!(end, Err(Trouble::Said(said)) if said.code == "overloaded_error"));
    let refusal = "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\"}}\n\n";
    assert!(matches!(read(&[refusal]).1, Err(Trouble::Refused(_))));
    let (out, end) = read(&[text, "data: {\"type\":\"mess"]);
    assert_eq!((end, out.finish), (Ok(()), None));
    assert!(matches!(read(&["hello\n\n"]).1, Err(Trouble::Garbage(_))));
    assert!(matches!(read(&["data: {}\n\n"]).1, Err(Trouble::Garbage(_))));
}

#[test]
fn a_whole_answer_is_taken_when_it_is_one() {
    let mut out = Batch::default();
    let whole = br#"{"type":"message","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}}"#;
    assert_eq!(Anthropic.decoder(100).whole(whole, &mut out), Ok(()));
    assert_eq!((out.text.as_str(), out.finish), ("hi", Some(Finish::Stop)));
    assert!(Anthropic.decoder(100).whole(b"{}", &mut out).is_err());
}

#[test]
fn the_list_is_read_as_it_was_and_as_it_is() {
    let rows: List = serde_json::from_value(json!({"data": [
        {"type": "model", "id": "claude-3-opus-20240229", "display_name": "x"},
        {"id": "claude-next", "max_input_tokens": 1_000_000, "capabilities": {"thinking": {"supported": true}}},
    ]}))
    .unwrap();
    let models: Vec<Listed> = rows.data.into_iter().map(Row::listed).collect();
    assert_eq!(models[0].context_window, Some(200_000));
    assert!(!models[0].capabilities.reasoning && models[0].capabilities.vision);
    assert_eq!(models[1].context_window, Some(1_000_000));
    assert!(models[1].capabilities.reasoning);
}
