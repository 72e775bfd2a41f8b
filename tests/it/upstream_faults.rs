//! Model servers that hang, drip, reset, truncate, send garbage and endless lines: a clear error, what
//! came is kept, other chats go on.

use serde_json::{Value, json};

use crate::harness::dialect::{ALL, Dialect};
use crate::harness::{Act, Server, Step, Upstream};

struct Stage {
    server: Server,
    upstream: Upstream,
    model: String,
}

impl Stage {
    async fn new(dialect: Dialect) -> Self {
        let server = Server::with("RETRY_ATTEMPTS", 1)
            .with("BREAKER_FAILURES", 100)
            .with("API_TIMEOUT_MS", 400)
            .with("STREAM_IDLE_TIMEOUT_MS", 400)
            .with("MAX_ANSWER_KB", 256)
            .start()
            .await;
        let upstream = Upstream::start(dialect).await;
        let model = server.connect(&upstream).await;
        Self { server, upstream, model }
    }

    /// What becomes of an answer that meets this act.
    async fn meets(&self, act: Act) -> Value {
        let conversation = self.server.conversation().await;
        self.upstream.then(act);
        let asked = self.server.ask(&conversation, &self.model, "Go").await;
        let events = self.server.whole_turn(&asked.turn).await;
        let last = events.last().unwrap();
        let message = self.server.message(&conversation, &asked.answer).await;
        if message["state"] != "complete" {
            assert_eq!(last.name, "error", "{last:?}");
            assert_eq!(last.data["code"], message["error"]["code"], "{last:?}");
            assert!(message["error"]["error"].as_str().unwrap().len() > 10, "{message}");
        }
        message
    }

    async fn fails(&self, act: Act, code: &str) {
        let message = self.meets(act).await;
        assert_eq!(message["state"], "failed", "{message}");
        assert_eq!(message["error"]["code"], code, "{message}");
        assert_eq!(message["content"], "", "{message}");
    }

    async fn breaks_off(&self, act: Act, codes: &[&str]) {
        let message = self.meets(act).await;
        assert_eq!(message["state"], "interrupted", "{message}");
        assert_eq!(message["content"], "What came", "{message}");
        let code = message["error"]["code"].as_str().unwrap();
        assert!(codes.contains(&code), "{code}: {message}");
    }

    async fn still_well(&self) {
        let conversation = self.server.conversation().await;
        let answer = self.server.answer(&conversation, &self.model, "Are you well?").await;
        assert_eq!(answer["content"], "You said: Are you well?");
    }
}

#[tokio::test]
async fn each_no_is_told_apart_in_every_dialect() {
    for dialect in ALL {
        let stage = Stage::new(dialect).await;
        stage.fails(Act::status(401), "wrong_key").await;
        stage.fails(Act::status(403), "wrong_key").await;
        stage.fails(Act::status(404), "no_such_model").await;
        stage.fails(Act::status(429), "rate_limited").await;
        stage.fails(Act::status(500), "upstream_failed").await;
        stage.fails(Act::status(503), "upstream_failed").await;
        stage.fails(Act::status(529), "upstream_failed").await;
        let too_long = Act::body(400, "application/json", dialect.too_long());
        let message = stage.meets(too_long).await;
        assert_eq!(message["error"]["code"], "context_too_long", "{dialect:?}: {message}");
        if dialect != Dialect::Ollama {
            let text = message["error"].to_string();
            assert!(text.contains("8192") && text.contains("9000"), "with the numbers: {text}");
        }
        stage.still_well().await;
    }
}

#[tokio::test]
async fn one_that_breaks_off_leaves_what_came_in_every_dialect() {
    for dialect in ALL {
        let stage = Stage::new(dialect).await;
        stage.breaks_off(Act::text_then("What came", Step::Reset), &["broke_off"]).await;
        stage.breaks_off(Act::text_then("What came", Step::Truncate), &["broke_off"]).await;
        stage
            .breaks_off(Act::text_then("What came", Step::Hang), &["upstream_timeout", "broke_off"])
            .await;
        stage.still_well().await;
    }
}

#[tokio::test]
async fn a_stream_that_ends_without_its_end_is_not_called_complete() {
    let stage = Stage::new(Dialect::OpenAi).await;
    // A proper end of the transfer, but neither a finish reason nor [DONE].
    let body = format!(
        "data: {}\n\n",
        json!({"choices": [{"index": 0, "delta": {"content": "What came"}}]})
    );
    stage.breaks_off(Act::body(200, "text/event-stream", body), &["broke_off"]).await;
}

#[tokio::test]
async fn an_error_inside_the_stream_is_told() {
    let stage = Stage::new(Dialect::OpenAi).await;
    let error = format!("data: {}\n\n", Dialect::OpenAi.error(503, "out of memory"));
    let message = stage.meets(Act::text_then("What came", Step::Raw(error.into_bytes()))).await;
    assert_eq!(message["content"], "What came", "{message}");
    assert_eq!(message["state"], "interrupted", "{message}");
    let stage = Stage::new(Dialect::Anthropic).await;
    let error = format!("event: error\ndata: {}\n\n", Dialect::Anthropic.error(529, "Overloaded"));
    let message = stage.meets(Act::text_then("What came", Step::Raw(error.into_bytes()))).await;
    assert_eq!(
        (&message["content"], &message["state"]),
        (&json!("What came"), &json!("interrupted"))
    );
}

#[tokio::test]
async fn one_that_hangs_before_answering_is_given_up() {
    let stage = Stage::new(Dialect::OpenAi).await;
    stage.fails(Act::Hang, "upstream_timeout").await;
    stage.still_well().await;
}

#[tokio::test]
async fn one_that_is_not_there_is_no_connection() {
    let stage = Stage::new(Dialect::OpenAi).await;
    stage.upstream.close();
    let Stage { server, upstream, model } = stage;
    drop(upstream);
    let conversation = server.conversation().await;
    let asked = server.ask(&conversation, &model, "Anyone?").await;
    let message = server.message_in_state(&conversation, &asked.answer, "failed").await;
    assert_eq!(message["error"]["code"], "no_connection", "{message}");
}

#[tokio::test]
async fn garbage_in_place_of_an_answer_is_named_as_such() {
    let stage = Stage::new(Dialect::OpenAi).await;
    stage
        .fails(
            Act::body(200, "text/html", "<html><body>Sign in to the router</body></html>"),
            "bad_answer",
        )
        .await;
    for raw in [&b"\x00\x01\x02\xff not http at all\r\n\r\n"[..], b"HTTP/1.1 banana\r\n\r\n", b""] {
        let message = stage.meets(Act::Raw(raw.to_vec())).await;
        assert_eq!(message["state"], "failed", "{message}");
    }
    for data in
        ["data: not json\n\n", "data: {\"choices\": 7}\n\n", "data: [1,2\n\n", "\u{fffd}\u{0}\n\n"]
    {
        let message =
            stage.meets(Act::steps([Step::Raw(data.as_bytes().to_vec()), Step::Finish])).await;
        assert!(
            matches!(message["state"].as_str(), Some("failed" | "interrupted" | "complete")),
            "{message}"
        );
    }
    let message = stage.meets(Act::steps([Step::Raw(vec![0xff; 3000]), Step::Truncate])).await;
    assert_eq!(message["state"], "failed", "{message}");
    stage.still_well().await;
}

#[tokio::test]
async fn an_endless_line_is_cut_off_and_costs_no_memory() {
    let stage = Stage::new(Dialect::OpenAi).await;
    let before = resident_kb(stage.server.pid());
    let (act, pace) = Act::paced();
    pace.step(Step::Raw(b"data: ".to_vec()));
    for _ in 0..512 {
        pace.step(Step::Raw(vec![b'x'; 128 * 1024]));
    }
    let message = stage.meets(act).await;
    assert_eq!(message["state"], "failed", "{message}");
    let after = resident_kb(stage.server.pid());
    assert!(after < before + 40_000, "{before} kB before, {after} kB after 64 MB in one line");
    stage.still_well().await;
}

fn resident_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_endless_answer_ends_at_its_limit() {
    let stage = Stage::new(Dialect::OpenAi).await;
    let piece = "x".repeat(16 * 1024);
    let (act, pace) = Act::paced();
    (0..200).for_each(|_| pace.say(&piece));
    let message = stage.meets(act).await;
    let length = message["content"].as_str().unwrap().len();
    // What one read brings is still taken; the upstream would have sent 3 MB.
    assert!((256 * 1024..512 * 1024).contains(&length), "{length}");
    assert_ne!(message["state"], "streaming");
}

#[tokio::test]
async fn a_drip_that_keeps_coming_is_patience_not_failure() {
    let stage = Stage::new(Dialect::OpenAi).await;
    let conversation = stage.server.conversation().await;
    let pace = stage.upstream.paced();
    let asked = stage.server.ask(&conversation, &stage.model, "Go").await;
    let mut stream = stage.server.turn_events(&asked.turn).await;
    for n in 0..8 {
        pace.say(&format!("drop{n} "));
        stream.until_named("chunk").await;
        // The upstream's own slowness, well inside the allowed silence of 400 ms.
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    pace.finish();
    assert_eq!(stream.rest().await.last().unwrap().name, "complete");
}

#[tokio::test]
async fn other_chats_go_on_while_one_upstream_hangs() {
    let stage = Stage::new(Dialect::OpenAi).await;
    let healthy = Upstream::openai().await;
    let other = stage.server.connect(&healthy).await;
    for _ in 0..10 {
        stage.upstream.then(Act::Hang);
        let conversation = stage.server.conversation().await;
        stage.server.ask(&conversation, &stage.model, "Hang").await;
    }
    let conversation = stage.server.conversation().await;
    assert_eq!(stage.server.answer(&conversation, &other, "Quick").await["state"], "complete");
}
