//! What is sent to a model, and that a person can see exactly that.

use serde_json::{Value, json};

use crate::harness::{Act, Server, Upstream, eventually};

fn contents(sent: &Value) -> Vec<(String, String)> {
    let messages = sent["messages"].as_array().unwrap();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    messages.iter().map(|m| (text(&m["role"]), text(&m["content"]))).collect()
}

#[tokio::test]
async fn the_turn_shows_exactly_what_was_sent() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let made = json!({"title": "x", "system_prompt": "Be brief.", "options": {"memory": false}});
    let conversation = server.conversation_with(made).await;
    server.answer(&conversation, &model, "First").await;
    let asked = server.ask(&conversation, &model, "Second").await;
    server.whole_turn(&asked.turn).await;
    let sent = contents(&upstream.chat(2).await.body);
    let shown = server.get(&format!("/turns/{}", asked.turn)).await.is(200);
    assert_eq!(contents(&shown["prompt"]), sent);
    let expected = [
        ("system", "Be brief."),
        ("user", "First"),
        ("assistant", "You said: First"),
        ("user", "Second"),
    ];
    let expected: Vec<(String, String)> =
        expected.iter().map(|(role, text)| ((*role).to_owned(), (*text).to_owned())).collect();
    assert_eq!(sent, expected);
    let prompt = &shown["prompt"];
    assert!(prompt["tokens"].as_u64().unwrap() > 0, "{prompt}");
    assert_eq!(prompt["estimated"], true);
    assert_eq!(prompt["budget"], 8192 - 1024, "the window less the answer's reserve: {prompt}");
}

#[tokio::test]
async fn only_the_last_messages_are_sent_and_never_an_orphaned_answer() {
    for limit in 1..=4 {
        let server = Server::with("HISTORY_LIMIT", limit).start().await;
        let upstream = Upstream::openai().await;
        let model = server.connect(&upstream).await;
        let made = json!({"title": "x", "options": {"memory": false}});
        let conversation = server.conversation_with(made).await;
        for n in 0..4 {
            server.answer(&conversation, &model, &format!("Question {n}")).await;
        }
        let sent = contents(&upstream.chat(4).await.body);
        let (last, past) = sent.split_last().unwrap();
        assert_eq!(last.1, "Question 3");
        assert!(past.len() <= limit, "limit {limit}: {sent:?}");
        assert!(past.first().is_none_or(|(role, _)| role == "user"), "limit {limit}: {sent:?}");
    }
}

#[tokio::test]
async fn the_oldest_go_first_when_the_budget_is_tight() {
    let server = Server::with("CONTEXT_TOKEN_BUDGET", 600).start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let made = json!({"title": "x", "options": {"memory": false}, "system_prompt": "Be brief."});
    let conversation = server.conversation_with(made).await;
    for n in 0..4 {
        upstream.then(Act::answer(&["word ".repeat(120).as_str()]));
        server.answer(&conversation, &model, &format!("Question number {n}")).await;
    }
    let asked = server.ask(&conversation, &model, "The last question").await;
    server.whole_turn(&asked.turn).await;
    let sent = contents(&upstream.chat(5).await.body);
    assert_eq!(sent.first().unwrap().0, "system", "the system prompt stays");
    assert_eq!(sent.last().unwrap().1, "The last question");
    assert!(!sent.iter().any(|(_, text)| text.contains("number 0")), "{sent:?}");
    let prompt = server.get(&format!("/turns/{}", asked.turn)).await.is(200)["prompt"].clone();
    assert!(prompt["tokens"].as_u64().unwrap() <= 600, "{prompt}");
    assert!(prompt["dropped"].as_u64().unwrap() > 0, "{prompt}");
}

#[tokio::test]
async fn passages_from_earlier_conversations_are_sent_numbered_and_cited() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let before = server.conversation_with(json!({"title": "The allotment"})).await;
    upstream.then(Act::answer(&["The shed combination is on the underside of the watering can."]));
    server.answer(&before, &model, "Where is the shed combination written?").await;
    let conversation = server.conversation().await;
    let asked = server.ask(&conversation, &model, "shed combination watering can").await;
    let events = server.whole_turn(&asked.turn).await;
    let sent = upstream.chat(2).await.body.to_string();
    assert!(sent.contains("underside of the watering can"), "{sent}");
    assert!(sent.contains("[1]"), "{sent}");
    assert!(events.iter().any(|event| event.name == "sources"), "{events:?}");
    let message = server.message(&conversation, &asked.answer).await;
    let source = &message["sources"][0];
    assert_eq!((&source["n"], &source["kind"]), (&json!(1), &json!("message")), "{message}");
    assert_eq!(source["conversation_id"], before.as_str());
    for field in ["message_id", "title", "location", "text", "score", "created_at"] {
        assert!(!source[field].is_null(), "{field}: {source}");
    }
    let without =
        server.conversation_with(json!({"title": "x", "options": {"memory": false}})).await;
    server.answer(&without, &model, "shed combination watering can").await;
    assert!(!upstream.chat(3).await.body.to_string().contains("underside"));
}

#[tokio::test]
async fn failed_and_empty_answers_are_not_sent_as_history() {
    let server = Server::with("RETRY_ATTEMPTS", 1).with("BREAKER_FAILURES", 100).start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation =
        server.conversation_with(json!({"title": "x", "options": {"memory": false}})).await;
    upstream.then(Act::status(401));
    let failed = server.ask(&conversation, &model, "First").await;
    server.message_in_state(&conversation, &failed.answer, "failed").await;
    server.answer(&conversation, &model, "Second").await;
    let sent = contents(&upstream.chat(2).await.body);
    assert!(sent.iter().all(|(_, text)| !text.is_empty()), "{sent:?}");
}

/// Makes a turn so many days old.
fn age(server: &Server, turn: &str, days: u32) {
    let sql =
        "UPDATE turns SET created_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?2) WHERE id = ?1";
    let aged = server.database().execute(sql, [turn, &format!("-{days} days")]);
    assert_eq!(aged, Ok(1));
}

/// Pieces of a turn's events on the disk.
fn events_kept(server: &Server, turn: &str) -> i64 {
    let sql = "SELECT count(*) FROM turn_events WHERE turn = ?";
    server.database().query_row(sql, [turn], |row| row.get(0)).unwrap()
}

async fn prompt_of(server: &Server, turn: &str) -> Value {
    server.get(&format!("/turns/{turn}")).await.is(200)["prompt"].clone()
}

#[tokio::test]
async fn what_was_sent_is_shown_long_after_the_events_are_gone() {
    let server = Server::with("CLEANUP_INTERVAL_SECONDS", 1).start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let asked = server.ask(&conversation, &model, "Hello").await;
    server.whole_turn(&asked.turn).await;
    let turn = asked.turn.as_str();
    assert!(events_kept(&server, turn) > 0);
    age(&server, turn, 2);
    eventually("the events are gone", || async { (events_kept(&server, turn) == 0).then_some(()) })
        .await;
    let prompt = prompt_of(&server, turn).await;
    assert_eq!(contents(&prompt).last().unwrap().1, "Hello", "{prompt}");
    age(&server, turn, 31);
    eventually("the prompt is gone", || async {
        prompt_of(&server, turn).await.is_null().then_some(())
    })
    .await;
}

#[tokio::test]
async fn events_go_in_their_time_where_no_prompt_is_kept() {
    let plan = Server::with("CLEANUP_INTERVAL_SECONDS", 1).with("PROMPT_KEEP_DAYS", 0);
    let server = plan.start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let asked = server.ask(&conversation, &model, "Hello").await;
    server.whole_turn(&asked.turn).await;
    let turn = asked.turn.as_str();
    eventually("the prompt is gone", || async {
        prompt_of(&server, turn).await.is_null().then_some(())
    })
    .await;
    assert!(events_kept(&server, turn) > 0, "the events stay for their hours");
    age(&server, turn, 2);
    eventually("the events are gone", || async { (events_kept(&server, turn) == 0).then_some(()) })
        .await;
}

#[tokio::test]
async fn a_branched_chat_shows_what_was_sent_for_its_answers() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let answer = server.answer(&conversation, &model, "Hello").await;
    let path = format!("/conversations/{conversation}/branch");
    let branch = server.post(&path, json!({"message_id": answer["id"]})).await.is(201);
    let copy = server.messages(branch["id"].as_str().unwrap()).await.pop().unwrap();
    assert_ne!(copy["id"], answer["id"]);
    assert_eq!(copy["turn_id"], answer["turn_id"]);
    let prompt = prompt_of(&server, copy["turn_id"].as_str().unwrap()).await;
    assert_eq!(contents(&prompt).last().unwrap().1, "Hello", "{prompt}");
}
