//! What this dialect writes and how it reads, without a network.

use super::*;
use crate::models::chat::{Image, Options};
use crate::models::providers::Quirks;

fn question(content: &str) -> ChatRequest {
    let images = vec![Image { media_type: "image/png".to_owned(), data_base64: "AA==".to_owned() }];
    ChatRequest {
        messages: vec![ChatMessage { images, ..ChatMessage::new(Role::User, content) }],
        options: Options { max_tokens: Some(9), seed: Some(1), ..Options::default() },
        ..ChatRequest::default()
    }
}

fn manner(context_window: Option<u32>) -> Manner {
    Manner { quirks: Quirks::default(), reserve_tokens: 1024, context_window }
}

fn read_all(parts: &[&str]) -> (Batch, Result<(), Trouble>) {
    let mut out = Batch::default();
    let mut decoder = Ollama.decoder(10_000);
    for part in parts {
        if let Err(trouble) = decoder.push(part.as_bytes(), &mut out) {
            return (out, Err(trouble));
        }
    }
    let end = if out.done { Ok(()) } else { decoder.end(&mut out) };
    (out, end)
}

#[test]
fn a_question_names_its_options_in_ollamas_words() {
    let sent = Ollama.chat("m", &question("hi"), manner(None)).unwrap();
    let wanted = json!({
        "model": "m", "stream": true, "options": {"num_predict": 9, "seed": 1},
        "messages": [{"role": "user", "content": "hi", "images": ["AA=="]}],
    });
    assert_eq!(serde_json::from_slice::<Value>(&sent.body).unwrap(), wanted);
}

#[test]
fn a_long_prompt_asks_for_the_room_it_needs_and_no_more_than_there_is() {
    let long = question(&"word ".repeat(8000));
    assert_eq!(context(&question("hi"), manner(None)), None);
    assert_eq!(context(&long, manner(None)), Some(16_384));
    assert_eq!(context(&long, manner(Some(8192))), Some(8192));
}

#[test]
fn an_answer_is_read_line_by_line() {
    let (out, end) = read_all(&[
        "{\"message\":{\"role\":\"assistant\",\"content\":\"\",\"thinking\":\"hm\"},\"done\":false}\n{\"mess",
        "age\":{\"role\":\"assistant\",\"content\":\"é\\n\"},\"done\":false}\n",
        "{\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"length\",\"prompt_eval_count\":3,\"eval_count\":4}\n",
    ]);
    assert_eq!(end, Ok(()));
    assert_eq!((out.text.as_str(), out.reasoning.as_str()), ("é\n", "hm"));
    assert_eq!((out.finish, out.done), (Some(Finish::Length), true));
    let usage = out.usage.unwrap();
    assert_eq!((usage.input_tokens, usage.output_tokens), (Some(3), Some(4)));
}

#[test]
fn errors_cuts_and_garbage_are_told_apart() {
    let text = "{\"message\":{\"content\":\"x\"},\"done\":false}\n";
    let (out, end) = read_all(&[text, "{\"error\":\"it hurts\"}\n"]);
    assert_eq!(out.text, "x");
    assert!(matches!(end, Err(Trouble::Said(said)) if said.message == "it hurts"));
    let (out, end) = read_all(&[text, "{\"message\":{\"con"]);
    assert_eq!((end, out.finish), (Ok(()), None));
    for bad in ["<html>\n", "{}\n", "", "[1]\n", "{\"message\": 5}\n"] {
        assert!(matches!(read_all(&[bad]).1, Err(Trouble::Garbage(_))), "{bad}");
    }
}

#[test]
fn details_tell_context_and_abilities() {
    let shown = json!({
        "capabilities": ["completion", "vision", "tools", "thinking"],
        "model_info": {"general.architecture": "qwen", "qwen.context_length": 40960},
    });
    let model = listed("qwen".to_owned(), &shown);
    assert_eq!(model.context_window, Some(40_960));
    assert!(model.capabilities.vision && model.capabilities.tools && model.capabilities.reasoning);
    assert!(listed("nomic-embed-text:latest".to_owned(), &Value::Null).capabilities.embeddings);
}
