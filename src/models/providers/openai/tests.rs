//! What this dialect writes and how it reads, without a network.

use serde_json::json;

use super::*;
use crate::models::chat::{Image, Options};

fn manner(quirks: Quirks) -> Manner {
    Manner { quirks, reserve_tokens: 1024, context_window: None }
}

fn body(request: &ChatRequest, quirks: Quirks) -> Value {
    let sent = OpenAi.chat("m", request, manner(quirks)).unwrap();
    serde_json::from_slice(&sent.body).unwrap()
}

fn read(parts: &[&str]) -> (Batch, Result<(), Trouble>) {
    let mut out = Batch::default();
    let mut decoder = OpenAi.decoder(10_000);
    for part in parts {
        if let Err(trouble) = decoder.push(part.as_bytes(), &mut out) {
            return (out, Err(trouble));
        }
    }
    let end = if out.done { Ok(()) } else { decoder.end(&mut out) };
    (out, end)
}

fn delta(delta: &str) -> String {
    format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":null}}],\"usage\":null}}\n\n"
    )
}

#[test]
fn a_question_is_written_with_only_what_was_chosen() {
    let mut request = ChatRequest {
        messages: vec![ChatMessage::new(Role::User, "hi")],
        ..ChatRequest::default()
    };
    let plain = json!({
        "model": "m", "messages": [{"role": "user", "content": "hi"}],
        "stream": true, "stream_options": {"include_usage": true},
    });
    assert_eq!(body(&request, Quirks::default()), plain);
    request.messages[0].images =
        vec![Image { media_type: "image/png".to_owned(), data_base64: "AAAA".to_owned() }];
    request.options = Options {
        temperature: Some(0.5),
        max_tokens: Some(7),
        stop: vec!["END".to_owned()],
        ..Options::default()
    };
    let sent = body(
        &request,
        Quirks { no_stream_options: true, completion_tokens: true, no_tools: false },
    );
    let rich = json!({
        "model": "m", "stream": true, "temperature": 0.5, "max_completion_tokens": 7, "stop": ["END"],
        "messages": [{"role": "user", "content": [
            {"type": "text", "text": "hi"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        ]}],
    });
    assert_eq!(sent, rich);
}

#[test]
fn refusals_of_a_parameter_are_learnt_from_once() {
    let said =
        |message: &str| Said { status: Some(400), message: message.to_owned(), ..Said::default() };
    let mut quirks = Quirks::default();
    assert!(OpenAi.learn(&said("unknown field stream_options"), &mut quirks));
    assert!(!OpenAi.learn(&said("unknown field stream_options"), &mut quirks));
    let refusal = "'max_tokens' is not supported, use 'max_completion_tokens'";
    assert!(OpenAi.learn(&said(refusal), &mut quirks));
    assert!(!OpenAi.learn(&said("no"), &mut quirks));
    let learnt = Quirks { no_stream_options: true, completion_tokens: true, no_tools: false };
    assert_eq!(quirks, learnt);
}

#[test]
fn an_answer_is_read_with_thinking_counts_and_escapes() {
    let (out, end) = read(&[
        ": OPENROUTER PROCESSING\n\n",
        &delta(r#"{"role":"assistant","content":"","reasoning_content":"hm"}"#),
        &delta(r#"{"content":"a\n\"b\" é🙂"}"#),
        &delta(r#"{"content":null,"reasoning":"!"}"#),
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n",
        "data: [DONE]\n\n",
    ]);
    assert_eq!(end, Ok(()));
    assert_eq!((out.text.as_str(), out.reasoning.as_str()), ("a\n\"b\" é🙂", "hm!"));
    assert_eq!((out.finish, out.done), (Some(Finish::Stop), true));
    let usage = out.usage.unwrap();
    assert_eq!((usage.input_tokens, usage.output_tokens), (Some(3), Some(4)));
}

#[test]
fn content_in_parts_is_read_too() {
    let parts = r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"yes"}]}"#;
    let (out, _) = read(&[&delta(parts)]);
    assert_eq!((out.text.as_str(), out.reasoning.as_str()), ("yes", "hm"));
}

#[test]
fn a_stream_without_its_end_has_no_finish() {
    let (out, end) = read(&[&delta(r#"{"content":"half"}"#)]);
    assert_eq!((end, out.finish), (Ok(()), None));
    let (out, end) = read(&[&delta(r#"{"content":"half"}"#), "data: {\"choices\":[{\"del"]);
    assert_eq!((end, out.finish, out.text.as_str()), (Ok(()), None, "half"));
}

#[test]
fn errors_filters_and_garbage_are_trouble() {
    let kind = |parts: &[&str]| read(parts).1.unwrap_err();
    assert!(matches!(
        kind(&["data: {\"error\":{\"code\":429,\"message\":\"slow\"},\"choices\":[]}\n\n"]),
        Trouble::Said(said) if said.status == Some(429) && said.message == "slow"
    ));
    let filtered = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\n";
    assert!(matches!(kind(&[filtered]), Trouble::Refused(_)));
    assert!(matches!(kind(&["data: hello\n\n"]), Trouble::Garbage(_)));
    assert!(matches!(kind(&["data: {\"choices\": 5}\n\n"]), Trouble::Garbage(_)));
    assert!(matches!(kind(&["nothing of the kind\n\n"]), Trouble::Garbage(_)));
    assert!(matches!(kind(&[&"x".repeat(20_000)]), Trouble::Garbage(_)));
    let (out, end) = read(&[&delta(r#"{"content":"kept"}"#), "data: {{{\n\n"]);
    assert!(end.is_err() && out.text == "kept");
}

#[test]
fn a_whole_answer_is_taken_when_it_is_one() {
    let mut out = Batch::default();
    let whole = br#"{"choices":[{"message":{"role":"assistant","content":"hello"},"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#;
    assert_eq!(OpenAi.decoder(100).whole(whole, &mut out), Ok(()));
    assert_eq!((out.text.as_str(), out.finish, out.done), ("hello", Some(Finish::Length), true));
    for bad in [&b"{}"[..], b"[1]", b"{\"choices\":[]}", b"{\"error\":\"x\"}"] {
        assert!(OpenAi.decoder(100).whole(bad, &mut Batch::default()).is_err());
    }
}

#[test]
fn fuzz_provider_streams() {
    use crate::models::providers::{Batch, Kind};
    const LIMIT: usize = 64 * 1024;
    let stream = |kind: Kind, bytes: &[u8]| {
        let mut decoder = kind.dialect().decoder(LIMIT);
        let mut out = Batch::default();
        if bytes.chunks(31).all(|piece| decoder.push(piece, &mut out).is_ok()) {
            let _ = decoder.end(&mut out);
        }
        out
    };
    for (kind, calls) in [
        (Kind::Openai, &include_bytes!("../../../../fuzz/provider_streams/openai-calls.txt")[..]),
        (Kind::Anthropic, include_bytes!("../../../../fuzz/provider_streams/anthropic-calls.txt")),
        (Kind::Ollama, include_bytes!("../../../../fuzz/provider_streams/ollama-calls.txt")),
    ] {
        assert!(!stream(kind, calls).calls.is_empty(), "{kind:?} calls something");
    }
    crate::base::fuzz::fuzz("provider_streams", |bytes| {
        for kind in [Kind::Openai, Kind::Anthropic, Kind::Ollama] {
            let mut whole = Batch::default();
            let _ = kind.dialect().decoder(LIMIT).whole(bytes, &mut whole);
            for out in [stream(kind, bytes), whole] {
                let taken: usize = out.calls.iter().map(|call| call.arguments.len()).sum();
                assert!(taken <= LIMIT && out.calls.iter().all(|call| !call.name.is_empty()));
            }
        }
    });
}
