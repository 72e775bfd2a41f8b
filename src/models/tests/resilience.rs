//! Servers that hang, drip, reset, truncate, send garbage, endless lines, redirects, wrong types and
//! refusals (reliability promise 9), and what retries and breakers make of them.

use super::fake::{json, piece, reply, send, stream_head};
use super::*;
use crate::net::breaker::State;
use fake::{Step, good};

#[tokio::test]
async fn a_server_that_fails_is_asked_again_and_each_wait_is_told() {
    let server = Fake::chat(|asked| match asked.n {
        0 => vec![reply("503 Service Unavailable", "", "busy")],
        1 => vec![Step::Reset],
        _ => good(),
    })
    .await;
    let bench = Bench::new().await;
    let model = bench.add("openai", &server.url, None).await;
    let mut notices = Vec::new();
    let asked = question();
    let answer = bench.models.stream(&Caller::owner(), &model, &asked, |n| notices.push(n)).await;
    assert!(answer.is_ok());
    let told: Vec<_> = notices.iter().map(|n| (n.attempt, n.of, n.code)).collect();
    assert_eq!(told, [(2, 3, "upstream_failed"), (3, 3, "no_connection")]);
    assert_eq!(bench.provider(&model).stats.retries, 2);
}

#[tokio::test]
async fn refusals_fail_at_once_with_their_own_words() {
    for (status, headers, body, code) in [
        (
            "401 Unauthorized",
            "",
            r#"{"error":{"message":"bad key sk-secret-key-1234"}}"#,
            "wrong_key",
        ),
        ("403 Forbidden", "", "{}", "wrong_key"),
        ("404 Not Found", "", r#"{"error":{"message":"model m1 not found"}}"#, "no_such_model"),
        (
            "400 Bad Request",
            "",
            r#"{"error":{"message":"maximum context length is 4096 tokens, you sent 5000"}}"#,
            "context_too_long",
        ),
        ("429 Too Many Requests", "retry-after: 7\r\n", "{}", "rate_limited"),
        ("302 Found", "location: http://127.0.0.1:1/\r\n", "", "bad_answer"),
        ("500 Internal Server Error", "", "oops", "upstream_failed"),
    ] {
        let server = Fake::chat(move |_| vec![reply(status, headers, body)]).await;
        let bench = Bench::new().await;
        let model = bench.add("openai", &server.url, Some("sk-secret-key-1234")).await;
        let error = bench.answer(&model).await.2.unwrap_err();
        assert_eq!(error.code(), code, "{status}");
        assert_eq!(server.questions(), 1, "{status}");
        assert!(!error.to_string().contains("sk-secret"), "{error}");
        if code == "rate_limited" {
            assert_eq!(error.retry_after_s(), Some(7));
        }
        let last = bench.provider(&model).last_error.unwrap();
        assert_eq!((last.code.as_str(), last.error.contains("sk-secret")), (code, false));
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_and_its_socket_closed() {
    let server = Fake::chat(|_| vec![Step::Hang]).await;
    let mut settings = quick();
    settings.first_byte = Duration::from_millis(80);
    let bench = Bench::with(settings).await;
    let model = bench.add("openai", &server.url, None).await;
    assert_eq!(bench.code(&model).await, "upstream_timeout");
    assert_eq!(server.questions(), 3);
    eventually(|| server.left() == 3).await;
}

#[tokio::test]
async fn nobody_there_is_no_connection() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let bench = Bench::new().await;
    let model = bench.add("openai", &url, None).await;
    let error = bench.answer(&model).await.2.unwrap_err();
    assert_eq!((error.code(), error.status()), ("no_connection", 502));
}

#[tokio::test]
async fn an_answer_that_breaks_off_keeps_what_had_come() {
    let endings: [fn() -> Vec<Step>; 4] = [
        Vec::new,
        || vec![Step::Wait(20), Step::Reset],
        || vec![send("data: {\"choices\":[{\"delta\":{\"con")],
        || vec![send("event: ")],
    ];
    for ending in endings {
        let server = Fake::chat(move |_| {
            let mut steps = vec![stream_head(), piece("kept "), piece("text"), Step::Wait(20)];
            steps.extend(ending());
            steps
        })
        .await;
        let bench = Bench::new().await;
        let model = bench.add("openai", &server.url, None).await;
        let (text, _, last) = bench.answer(&model).await;
        let error = last.unwrap_err();
        assert_eq!((text.as_str(), error.code(), error.is_cut()), ("kept text", "broke_off", true));
        assert_eq!(server.questions(), 1);
    }
}

#[tokio::test]
async fn silence_inside_an_answer_ends_it() {
    let server = Fake::chat(|_| vec![stream_head(), piece("kept"), Step::Hang]).await;
    let mut settings = quick();
    settings.idle = Duration::from_millis(80);
    let bench = Bench::with(settings).await;
    let model = bench.add("openai", &server.url, None).await;
    let (text, _, last) = bench.answer(&model).await;
    assert_eq!((text.as_str(), last.unwrap_err().code()), ("kept", "upstream_timeout"));
    eventually(|| server.left() == 1).await;
}

#[tokio::test]
async fn silence_counts_on_while_the_reader_looks_up_now_and_then() {
    let server = Fake::chat(|_| vec![stream_head(), piece("kept"), Step::Hang]).await;
    let mut settings = quick();
    settings.idle = Duration::from_millis(120);
    let bench = Bench::with(settings).await;
    let model = bench.add("openai", &server.url, None).await;
    let mut stream = bench.ask(&model).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().text, "kept");
    let begun = clock::monotonic();
    let error = loop {
        assert!(clock::ms_since(begun) < 5000, "the silence never ended");
        let look = tokio::time::timeout(Duration::from_millis(20), stream.next()).await;
        if let Ok(step) = look {
            break step.unwrap().unwrap_err();
        }
    };
    assert_eq!(error.code(), "upstream_timeout");
}

#[tokio::test]
async fn a_dripping_answer_is_read_to_its_end() {
    let server = Fake::chat(|_| {
        let whole: String = good()
            .iter()
            .map(|step| match step {
                Step::Send(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                _ => String::new(),
            })
            .collect();
        whole.as_bytes().chunks(7).flat_map(|c| [Step::Send(c.to_vec()), Step::Wait(1)]).collect()
    })
    .await;
    let bench = Bench::new().await;
    let model = bench.add("openai", &server.url, None).await;
    let (text, _, last) = bench.answer(&model).await;
    assert_eq!((text.as_str(), last.is_ok()), ("Hello, world.", true));
}

#[tokio::test]
async fn garbage_endless_lines_and_wrong_types_are_bad_answers() {
    let scripts: [fn() -> Vec<Step>; 6] = [
        || vec![stream_head(), Step::Send(vec![0xFF, 0xFE, 0, 1, b'\n', b'\n'])],
        || vec![stream_head(), send("data: not json\n\n")],
        || {
            let long = || send("x".repeat(8192));
            std::iter::once(stream_head()).chain((0..100).map(|_| long())).collect()
        },
        || vec![reply("200 OK", "content-type: text/html\r\n", "<html>hello</html>")],
        || vec![reply("200 OK", "content-type: image/png\r\n", "PNG")],
        || vec![json("200 OK", "{\"choices\": {\"a\": 1}}")],
    ];
    for (n, script) in scripts.into_iter().enumerate() {
        let server = Fake::chat(move |_| script()).await;
        let bench = Bench::new().await;
        let model = bench.add("openai", &server.url, None).await;
        assert_eq!(bench.code(&model).await, "bad_answer", "script {n}");
    }
}

#[tokio::test]
async fn errors_and_filters_inside_a_stream_are_told_after_the_text() {
    for (event, code) in [
        (r#"{"error":{"code":429,"message":"slow"}}"#, "rate_limited"),
        (r#"{"error":{"message":"boom"}}"#, "upstream_failed"),
        (r#"{"choices":[{"delta":{},"finish_reason":"content_filter"}]}"#, "refused"),
    ] {
        let server = Fake::chat(move |_| {
            vec![stream_head(), piece("kept"), send(format!("data: {event}\n\n"))]
        })
        .await;
        let bench = Bench::new().await;
        let model = bench.add("openai", &server.url, None).await;
        let (text, _, last) = bench.answer(&model).await;
        assert_eq!((text.as_str(), last.unwrap_err().code()), ("kept", code));
    }
}

#[tokio::test]
async fn a_dropped_answer_closes_its_connection_at_once_and_leaves_nothing() {
    let server = Fake::chat(|_| vec![stream_head(), piece("one"), Step::Hang]).await;
    let bench = Bench::new().await;
    let model = bench.add("openai", &server.url, None).await;
    for n in 1..=20 {
        let mut stream = bench.ask(&model).await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap().text, "one");
        drop(stream);
        let begun = clock::monotonic();
        eventually(|| server.left() == n).await;
        assert!(clock::ms_since(begun) < 1000);
    }
    let shown = bench.provider(&model);
    assert_eq!((shown.breaker.state, shown.stats.failures), (State::Closed, 0));
    bench.tasks.close();
    bench.tasks.wait().await;
}

#[tokio::test]
async fn a_failing_server_is_left_alone_and_probed_later_and_others_are_not_touched() {
    let broken = Fake::chat(|asked| match asked.n {
        0 | 1 => vec![reply("500 Internal Server Error", "", "")],
        _ => good(),
    })
    .await;
    let well = Fake::chat(|_| good()).await;
    let bench = Bench::new().await;
    let bad = bench.add("openai", &broken.url, None).await;
    let other = bench.add("openai", &well.url, None).await;
    assert_eq!(bench.code(&bad).await, "upstream_failed");
    assert_eq!(bench.provider(&bad).breaker.state, State::Closed);
    assert_eq!(bench.code(&bad).await, "upstream_failed");
    let error = bench.ask(&bad).await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("upstream_paused", 503));
    assert_eq!(error.retry_after_s(), Some(1));
    assert_eq!(broken.questions(), 2);
    assert_eq!(bench.models.breakers()[0].state, State::Open);
    assert_eq!(bench.answer(&other).await.0, "Hello, world.");
    eventually(|| bench.provider(&bad).breaker.state == State::HalfOpen).await;
    assert_eq!(bench.answer(&bad).await.0, "Hello, world.");
    assert_eq!(bench.provider(&bad).breaker.state, State::Closed);
    assert_eq!(bench.provider(&bad).last_error, None);
}

#[tokio::test]
async fn a_probe_that_is_cancelled_gives_its_slot_back_and_a_reset_closes() {
    let server = Fake::chat(|asked| match asked.n {
        2 | 3 => vec![stream_head(), piece("x"), Step::Hang],
        _ => vec![reply("500 Internal Server Error", "", "")],
    })
    .await;
    let bench = Bench::new().await;
    let model = bench.add("openai", &server.url, None).await;
    bench.code(&model).await;
    bench.code(&model).await;
    eventually(|| bench.provider(&model).breaker.state == State::HalfOpen).await;
    let probe = bench.ask(&model).await.unwrap();
    assert_eq!(bench.code(&model).await, "upstream_paused");
    drop(probe);
    let probe = bench.ask(&model).await.unwrap();
    drop(probe);
    assert_eq!(bench.code(&model).await, "upstream_failed");
    assert_eq!(bench.provider(&model).breaker.state, State::Open);
    let reset = bench.models.reset_provider(&Caller::owner(), model.provider).unwrap();
    assert_eq!((reset.breaker.state, reset.last_error), (State::Closed, None));
}

#[tokio::test]
async fn offline_asks_this_machine_only() {
    let bench = Bench::offline(quick()).await;
    let far = bench.add("openai", "https://models.example", None).await;
    let error = bench.ask(&far).await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("offline", 503));
    let server = Fake::chat(|_| good()).await;
    let near = bench.add("openai", &server.url, None).await;
    assert_eq!(bench.answer(&near).await.0, "Hello, world.");
}
