//! Whole answers, in each dialect.

use super::fake::{json, piece, send, stream_head};
use super::*;
use fake::{Step, good};

#[tokio::test]
async fn an_answer_comes_with_its_counts_and_its_end() {
    let server = Fake::chat(|_| good()).await;
    let bench = Bench::new().await;
    let model = bench.add("openai", &server.url, Some("sk-secret-key-1234")).await;
    let (text, _, last) = bench.answer(&model).await;
    assert_eq!(text, "Hello, world.");
    let last = last.unwrap();
    assert_eq!(last.finish, Some(Finish::Stop));
    let usage = Usage { input_tokens: Some(3), output_tokens: Some(5) };
    assert_eq!(last.usage, Some(usage));
    let asked = server.last();
    assert_eq!(asked.path, "/v1/chat/completions");
    assert!(asked.text.contains("authorization: Bearer sk-secret-key-1234"));
    let shown = bench.provider(&model);
    assert_eq!((shown.stats.requests, shown.stats.failures), (1, 0));
}

#[tokio::test]
async fn what_one_read_brings_is_one_delta_and_text_flows_before_the_end() {
    let events = (0..100).map(|n| {
        format!(
            "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{n} \"}}}}]}}

"
        )
    });
    let burst = events.collect::<Vec<_>>().concat();
    let server = Fake::chat(move |_| {
        vec![stream_head(), send(burst.clone()), Step::Wait(150), piece("end"), fake::finish()]
    })
    .await;
    let bench = Bench::new().await;
    let model = bench.add("openai", &server.url, None).await;
    let mut stream = bench.ask(&model).await.unwrap();
    let first = stream.next().await.unwrap().unwrap();
    assert!(first.text.starts_with("0 1 2 ") && first.text.ends_with("99 "), "{}", first.text);
    assert_eq!(first.finish, None);
    let mut rest = String::new();
    while let Some(step) = stream.next().await {
        rest.push_str(&step.unwrap().text);
    }
    assert_eq!(rest, "end");
}

#[tokio::test]
async fn thinking_in_the_text_is_told_apart() {
    let server = Fake::chat(|_| {
        vec![stream_head(), piece("<thi"), piece("nk>hm</think>"), piece("\n\nYes"), fake::finish()]
    })
    .await;
    let bench = Bench::new().await;
    let model = bench.add("openai", &server.url, None).await;
    let (text, reasoning, last) = bench.answer(&model).await;
    assert_eq!((text.as_str(), reasoning.as_str(), last.is_ok()), ("Yes", "hm", true));
}

#[tokio::test]
async fn anthropic_and_ollama_answer_too() {
    let server = Fake::any(|asked| match asked.path.as_str() {
        "/v1/messages" => vec![
            stream_head(),
            send("data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"A\"}}\n\n"),
            send("data: {\"type\":\"message_stop\"}\n\n"),
        ],
        "/api/chat" => vec![
            send("HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\nconnection: close\r\n\r\n"),
            send("{\"message\":{\"content\":\"O\"},\"done\":false}\n{\"message\":{\"content\":\"!\"},\"done\":true,\"done_reason\":\"stop\"}\n"),
        ],
        _ => vec![json("404 Not Found", "{}")],
    })
    .await;
    let bench = Bench::new().await;
    let anthropic = bench.add("anthropic", &server.url, Some("sk-ant-0123456789")).await;
    let (text, _, last) = bench.answer(&anthropic).await;
    assert_eq!((text.as_str(), last.unwrap().finish), ("A", Some(Finish::Stop)));
    let asked = server.last().text;
    assert!(asked.contains("x-api-key: sk-ant-0123456789"));
    assert!(
        asked.contains("anthropic-version: 2023-06-01") && asked.contains("\"max_tokens\":1024")
    );
    let ollama = bench.add("ollama", &server.url, None).await;
    let (text, _, last) = bench.answer(&ollama).await;
    assert_eq!((text.as_str(), last.unwrap().finish), ("O!", Some(Finish::Stop)));
}

#[tokio::test]
async fn an_answer_in_one_piece_is_taken_when_it_is_one() {
    let server = Fake::chat(|asked| match asked.n {
        0 => vec![json(
            "200 OK",
            r#"{"choices":[{"message":{"content":"whole"},"finish_reason":"stop"}]}"#,
        )],
        _ => vec![json("200 OK", r#"{"hello":"world"}"#)],
    })
    .await;
    let bench = Bench::new().await;
    let model = bench.add("openai", &server.url, None).await;
    let (text, _, last) = bench.answer(&model).await;
    assert_eq!((text.as_str(), last.unwrap().finish), ("whole", Some(Finish::Stop)));
    assert_eq!(bench.code(&model).await, "bad_answer");
}

#[tokio::test]
async fn a_server_that_knows_no_stream_options_is_asked_without_and_remembered() {
    let server = Fake::chat(|asked| {
        if asked.text.contains("stream_options") {
            return vec![json(
                "400 Bad Request",
                r#"{"error":{"message":"unknown field stream_options"}}"#,
            )];
        }
        good()
    })
    .await;
    let bench = Bench::new().await;
    let model = bench.add("openai", &server.url, None).await;
    assert_eq!(bench.answer(&model).await.0, "Hello, world.");
    assert_eq!(server.questions(), 2);
    assert_eq!(bench.answer(&model).await.0, "Hello, world.");
    assert_eq!(server.questions(), 3);
    assert_eq!(bench.provider(&model).stats.retries, 0);
}

#[tokio::test]
async fn without_a_model_the_passages_answer() {
    let bench = Bench::new().await;
    let model = bench.models.pick(&Caller::owner(), None).await.unwrap();
    assert!(model.is_passages());
    let mut request = question();
    request.passages = vec![Passage {
        n: 1,
        title: "T".to_owned(),
        text: "found".to_owned(),
        location: String::new(),
    }];
    let stream = bench.models.stream(&Caller::owner(), &model.id, &request, |_| ()).await;
    let (mut stream, mut text, mut deltas) = (stream.unwrap(), String::new(), 0);
    while let Some(delta) = stream.next().await {
        let delta = delta.unwrap();
        deltas += 1;
        text.push_str(&delta.text);
        assert_eq!(delta.finish.is_some(), text.contains("Settings"));
    }
    assert!(deltas > 1 && text.contains("> found"));
}
