//! A turn belongs to the server: numbered events, joined late or again, the same for everyone.

use serde_json::json;

use crate::harness::events::text_of;
use crate::harness::{Act, Server, Upstream};

async fn stage() -> (Server, Upstream, String, String) {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    (server, upstream, model, conversation)
}

#[tokio::test]
async fn asking_answers_202_with_both_messages_kept() {
    let (server, upstream, model, conversation) = stage().await;
    let pace = upstream.paced();
    let path = format!("/conversations/{conversation}/messages");
    let kept = server.post(&path, json!({"content": "Hello", "model": model})).await.is(202);
    assert_eq!(kept["user_message"]["content"], "Hello");
    assert_eq!(kept["assistant_message"]["state"], "streaming");
    assert_eq!(kept["assistant_message"]["parent_id"], kept["user_message"]["id"]);
    let turn = kept["turn_id"].as_str().unwrap();
    assert_eq!(server.get(&format!("/turns/{turn}")).await.is(200)["state"], "running");
    let now = server.get(&format!("/conversations/{conversation}")).await.is(200);
    assert_eq!(now["running_turns"], json!([turn]));
    pace.finish();
    server.whole_turn(turn).await;
    let now = server.get(&format!("/conversations/{conversation}")).await.is(200);
    assert_eq!(now["running_turns"], json!([]));
}

#[tokio::test]
async fn events_are_numbered_from_one_without_a_gap() {
    let (server, upstream, model, conversation) = stage().await;
    upstream.then(Act::answer(&["a", "b", "c"]));
    let asked = server.ask(&conversation, &model, "Go").await;
    let events = server.whole_turn(&asked.turn).await;
    for (n, event) in events.iter().enumerate() {
        assert_eq!(event.id, (n + 1).to_string(), "{event:?}");
        assert_eq!(event.data["seq"], n + 1, "{event:?}");
    }
    let start = &events[0];
    assert_eq!(start.name, "start");
    assert_eq!(start.data["turn_id"], asked.turn.as_str());
    assert_eq!(start.data["message_id"], asked.answer.as_str());
    assert!(start.data["model"].is_string());
    let last = events.last().unwrap();
    assert_eq!(last.name, "complete");
    assert_eq!(last.data["message"], server.message(&conversation, &asked.answer).await);
}

#[tokio::test]
async fn an_answer_resumes_where_the_stream_dropped() {
    let (server, upstream, model, conversation) = stage().await;
    let pace = upstream.paced();
    let asked = server.ask(&conversation, &model, "Go").await;
    let mut stream = server.turn_events(&asked.turn).await;
    pace.say("one ");
    pace.say("two ");
    let first = stream.until(|event| event.data["text"].to_string().contains("two")).await;
    drop(stream);
    pace.say("three ");
    pace.say("four");
    pace.finish();
    let last_id = first.last().unwrap().id.clone();
    let path = format!("/turns/{}/events", asked.turn);
    let by_header = server.events_after(&path, Some(&last_id)).await.rest().await;
    let by_query = server.events(&format!("{path}?after={last_id}")).await.rest().await;
    assert_eq!(text_of(&first) + &text_of(&by_header), "one two three four");
    assert_eq!(text_of(&by_header), text_of(&by_query));
    assert_eq!(text_of(&server.whole_turn(&asked.turn).await), "one two three four");
}

#[tokio::test]
async fn a_client_that_has_everything_is_told_to_stop_asking() {
    let (server, _upstream, model, conversation) = stage().await;
    let asked = server.ask(&conversation, &model, "Go").await;
    let events = server.whole_turn(&asked.turn).await;
    let path = format!("/turns/{}/events", asked.turn);
    let last = &events.last().unwrap().id;
    assert_eq!(server.events_after(&path, Some(last)).await.status, 204);
    let beyond = server.events_after(&path, Some("999999")).await;
    assert!(matches!(beyond.status, 200 | 204 | 400), "{}", beyond.status);
    for bad in ["nonsense", "-1"] {
        server.get(&format!("{path}?after={bad}")).await.error(400);
    }
}

#[tokio::test]
async fn thirty_who_join_at_different_moments_read_the_same_text() {
    let (server, upstream, model, conversation) = stage().await;
    let pace = upstream.paced();
    let asked = server.ask(&conversation, &model, "Go").await;
    let mut readers = Vec::new();
    let mut expected = String::new();
    for n in 0..30 {
        readers.push(server.turn_events(&asked.turn).await);
        let word = format!("word{n} ");
        pace.say(&word);
        expected.push_str(&word);
    }
    pace.finish();
    for mut reader in readers {
        let events = reader.rest().await;
        assert_eq!(text_of(&events), expected);
        let seqs: Vec<u64> =
            events.iter().map(|event| event.data["seq"].as_u64().unwrap()).collect();
        assert!(seqs.windows(2).all(|pair| pair[1] == pair[0] + 1), "{seqs:?}");
    }
}

#[tokio::test]
async fn an_answer_goes_on_when_nobody_watches() {
    let (server, upstream, model, conversation) = stage().await;
    let pace = upstream.paced();
    let asked = server.ask(&conversation, &model, "Go").await;
    let mut stream = server.turn_events(&asked.turn).await;
    pace.say("Before. ");
    stream.until_named("chunk").await;
    drop(stream);
    pace.say("After.");
    pace.finish();
    let message = server.message_in_state(&conversation, &asked.answer, "complete").await;
    assert_eq!(message["content"], "Before. After.");
    assert!(!upstream.chats()[0].was_closed_early());
}

#[tokio::test]
async fn a_message_that_streams_shows_its_text_so_far_and_where_to_go_on() {
    let (server, upstream, model, conversation) = stage().await;
    let pace = upstream.paced();
    let asked = server.ask(&conversation, &model, "Go").await;
    let mut stream = server.turn_events(&asked.turn).await;
    pace.say("So far");
    stream.until_named("chunk").await;
    let message = server.message(&conversation, &asked.answer).await;
    assert_eq!(
        (message["content"].as_str(), message["state"].as_str()),
        (Some("So far"), Some("streaming"))
    );
    let seq = message["turn_seq"].as_u64().unwrap();
    pace.say(", so good");
    pace.finish();
    let path = format!("/turns/{}/events?after={seq}", asked.turn);
    let rest = server.events(&path).await.rest().await;
    assert_eq!(text_of(&rest), ", so good");
}

#[tokio::test]
async fn two_conversations_answer_at_the_same_time() {
    let (server, upstream, model, conversation) = stage().await;
    let other = server.conversation().await;
    let slow = upstream.paced();
    let first = server.ask(&conversation, &model, "Slow").await;
    upstream.chat(1).await;
    assert_eq!(server.answer(&other, &model, "Quick").await["content"], "You said: Quick");
    slow.say("At last.");
    slow.finish();
    server.message_in_state(&conversation, &first.answer, "complete").await;
}

#[tokio::test]
async fn a_turn_can_be_read_after_a_restart() {
    let (mut server, upstream, model, conversation) = stage().await;
    upstream.then(Act::answer(&["Kept", " well."]));
    let asked = server.ask(&conversation, &model, "Go").await;
    let before = server.whole_turn(&asked.turn).await;
    server.restart().await;
    assert_eq!(server.get(&format!("/turns/{}", asked.turn)).await.is(200)["state"], "complete");
    let after = server.whole_turn(&asked.turn).await;
    assert_eq!(text_of(&after), text_of(&before));
    assert_eq!(after.last().unwrap().data["message"], before.last().unwrap().data["message"]);
}

#[tokio::test]
async fn an_interrupted_answer_is_continued_in_place() {
    let (server, upstream, model, conversation) = stage().await;
    upstream.then(Act::text_then("The first half", crate::harness::Step::Reset));
    let asked = server.ask(&conversation, &model, "Go").await;
    server.message_in_state(&conversation, &asked.answer, "interrupted").await;
    upstream.then(Act::answer(&[" and the second."]));
    let path = format!("/conversations/{conversation}/messages/{}/continue", asked.answer);
    let going_on = server.post(&path, json!({})).await.is(202);
    server.whole_turn(going_on["turn_id"].as_str().unwrap()).await;
    let message = server.message(&conversation, &asked.answer).await;
    assert_eq!(message["content"], "The first half and the second.");
    assert_eq!(message["state"], "complete");
    assert!(message["error"].is_null(), "{message}");
    server.post(&path, json!({})).await.error(409);
}

#[tokio::test]
async fn a_fifty_kilobyte_answer_arrives_whole() {
    let (server, upstream, model, conversation) = stage().await;
    let piece = "0123456789".repeat(100);
    let pieces: Vec<&str> = std::iter::repeat_n(piece.as_str(), 50).collect();
    upstream.then(Act::answer(&pieces));
    let asked = server.ask(&conversation, &model, "Go").await;
    assert_eq!(text_of(&server.whole_turn(&asked.turn).await).len(), 50_000);
}
