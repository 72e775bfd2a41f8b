//! Earlier texts of an answer that was amended: nothing is overwritten.

use serde_json::{Value, json};

use crate::harness::talk::items;
use crate::harness::{Server, Upstream};

fn texts(page: &Value) -> Vec<&str> {
    items(page).iter().map(|one| one["content"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_earlier_text_is_shown_with_its_time_and_can_be_put_back() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let answer = server.answer(&conversation, &model, "Hello").await;
    let path = format!("/conversations/{conversation}/messages/{}", answer["id"].as_str().unwrap());
    let revisions = format!("{path}/revisions");
    assert_eq!(server.get(&revisions).await.is(200), json!({"items": [], "next_cursor": null}));
    let mut edited = Vec::new();
    for content in ["Second.", "Third.", "You said: Hello"] {
        let amended = server.patch(&path, json!({"content": content})).await.is(200);
        edited.push(amended["edited_at"].clone());
    }
    let kept = server.get(&revisions).await.is(200);
    assert_eq!(texts(&kept), ["Third.", "Second.", "You said: Hello"], "the newest first");
    let times = |field: &str| items(&kept).iter().map(|one| one[field].clone()).collect::<Vec<_>>();
    assert_eq!(times("replaced_at"), [&edited[2], &edited[1], &edited[0]].map(Clone::clone));
    assert_eq!(
        times("created_at"),
        [&edited[1], &edited[0], &answer["created_at"]].map(Clone::clone)
    );

    let first = server.get(&format!("{revisions}?limit=2")).await.is(200);
    assert_eq!(texts(&first), ["Third.", "Second."]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = server.get(&format!("{revisions}?limit=2&cursor={cursor}")).await.is(200);
    assert_eq!(texts(&second), ["You said: Hello"]);
    assert_eq!(second["next_cursor"], Value::Null);
}

#[tokio::test]
async fn a_branch_takes_the_earlier_texts_along_and_a_question_has_none() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let answer = server.answer(&conversation, &model, "Hello").await;
    let path = format!("/conversations/{conversation}/messages");
    let id = answer["id"].as_str().unwrap();
    server.patch(&format!("{path}/{id}"), json!({"content": "Better."})).await.is(200);
    let branch = format!("/conversations/{conversation}/branch");
    let branch = server.post(&branch, json!({"message_id": id})).await.is(201);
    let branch = branch["id"].as_str().unwrap();
    let copies = server.messages(branch).await;
    let revisions = |message: &Value| {
        let id = message["id"].as_str().unwrap();
        format!("/conversations/{branch}/messages/{id}/revisions")
    };
    let kept = server.get(&revisions(&copies[1])).await.is(200);
    assert_eq!(texts(&kept), ["You said: Hello"]);
    let none = server.get(&revisions(&copies[0])).await.is(200);
    assert_eq!(texts(&none), Vec::<&str>::new());
    let nowhere = format!("{path}/msg_01900000000070008000000000000000/revisions");
    server.get(&nowhere).await.fails(404, "not_found");
}
