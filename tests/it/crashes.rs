//! `kill -9`, again and again: every acknowledged write is there once, and nothing is left half done.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::talk::id_of;
use crate::harness::{Server, Upstream, eventually};

#[tokio::test]
async fn every_acknowledged_write_survives_kill_9_once() {
    let mut server = Server::start().await;
    let mut kept: BTreeMap<String, String> = BTreeMap::new();
    let mut questions: Vec<(String, String)> = Vec::new();
    for round in 0..6 {
        let (writes, asked) = {
            let writers = (0..16).map(|writer| {
                let server = &server;
                async move {
                    let (mut made, mut asked) = (Vec::new(), Vec::new());
                    for n in 0.. {
                        let title = format!("{round}-{writer}-{n}");
                        let key = format!("key-{title}");
                        let request = server
                            .request(reqwest::Method::POST, "/conversations")
                            .header("idempotency-key", key)
                            .json(&json!({"title": title}));
                        let Ok(reply) = server.try_send(request).await else { break };
                        assert_eq!(reply.status, 201, "{}", reply.text);
                        let id = id_of(&reply.json());
                        made.push((id.clone(), title));
                        let path = format!("/conversations/{id}/messages");
                        let request = server.request(reqwest::Method::POST, &path).json(
                            &json!({"content": "Still there?", "model": "passages/passages"}),
                        );
                        let Ok(reply) = server.try_send(request).await else { break };
                        assert_eq!(reply.status, 202, "{}", reply.text);
                        let question = id_of(&reply.json()["user_message"]);
                        asked.push((id, question));
                    }
                    (made, asked)
                }
            });
            let pid = server.pid();
            let killing = async {
                // How long the writers run before the power goes: another while each round.
                tokio::time::sleep(Duration::from_millis(60 + 70 * round)).await;
                crate::harness::process::signal(pid, "KILL");
            };
            let (results, ()) = tokio::join!(futures_util::future::join_all(writers), killing);
            let (made, asked): (Vec<_>, Vec<_>) = results.into_iter().unzip();
            (made.concat(), asked.concat())
        };
        kept.extend(writes);
        questions.extend(asked);
        server.kill();
        let start = Instant::now();
        server.boot().await;
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "took {:?} to come back",
            start.elapsed()
        );
    }
    assert!(kept.len() > 20, "the test wrote too little: {}", kept.len());
    for (id, title) in &kept {
        let found = server.get(&format!("/conversations/{id}")).await.is(200);
        assert_eq!(found["title"], title.as_str());
    }
    for (conversation, question) in &questions {
        let messages = server.messages(conversation).await;
        let times = messages.iter().filter(|message| message["id"] == question.as_str()).count();
        assert_eq!(times, 1, "{question} in {conversation}");
        assert!(messages.iter().all(|message| message["state"] != "streaming"), "{messages:?}");
    }
    let twice: i64 = server
        .database()
        .query_row("SELECT count(*) - count(DISTINCT title) FROM conversations", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(twice, 0, "written twice");
    server.assert_sound();
}

#[tokio::test]
async fn a_half_told_answer_is_there_after_kill_9_interrupted_and_can_be_continued() {
    let mut server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let pace = upstream.paced();
    let asked = server.ask(&conversation, &model, "Go").await;
    pace.say("This much ");
    pace.say("had come");
    eventually("the partial text reaches the disk", || async {
        let db = server.database();
        let text: String = db
            .query_row("SELECT content FROM messages WHERE id = ?", [&asked.answer], |row| {
                row.get(0)
            })
            .unwrap_or_default();
        (text == "This much had come").then_some(())
    })
    .await;
    server.kill();
    server.boot().await;
    let message = server.message(&conversation, &asked.answer).await;
    assert_eq!(message["state"], "interrupted", "{message}");
    assert_eq!(message["content"], "This much had come");
    let turn = server.get(&format!("/turns/{}", asked.turn)).await.is(200);
    assert_eq!(turn["state"], "interrupted", "{turn}");
    let events = server.whole_turn(&asked.turn).await;
    assert_eq!(events.last().unwrap().data["message"]["content"], "This much had come");
    let path = format!("/conversations/{conversation}/messages/{}/continue", asked.answer);
    upstream.then(crate::harness::Act::answer(&[", and the rest."]));
    let going_on = server.post(&path, json!({})).await.is(202);
    server.whole_turn(going_on["turn_id"].as_str().unwrap()).await;
    let message = server.message(&conversation, &asked.answer).await;
    assert_eq!(message["content"], "This much had come, and the rest.");
}

#[tokio::test]
async fn a_write_answered_before_the_kill_is_searchable_after_it() {
    let mut server = Server::start().await;
    let conversation = server.conversation().await;
    server.answer(&conversation, "passages/passages", "The heron stands in the reeds").await;
    server.kill();
    server.boot().await;
    let hits = server.post("/search", json!({"query": "heron"})).await.is(200);
    assert!(!hits["items"].as_array().unwrap().is_empty());
}
