//! Conversations: made, changed, found, many at once.

use serde_json::{Value, json};

use crate::harness::talk::{id_of, items};
use crate::harness::{Server, Upstream};

#[tokio::test]
async fn a_new_conversation_has_the_whole_shape() {
    let server = Server::start().await;
    let made = server.post("/conversations", json!({})).await.is(201);
    let mut keys: Vec<&str> = made.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "active_leaf_id",
            "archived",
            "created_at",
            "deleted_at",
            "document_ids",
            "folder",
            "id",
            "last_message",
            "message_count",
            "metadata",
            "model",
            "options",
            "pinned",
            "pinned_document_ids",
            "running_turns",
            "system_prompt",
            "tags",
            "title",
            "tools",
            "updated_at",
        ]
    );
    for (key, value) in [
        ("tools", Value::Null),
        ("title", Value::Null),
        ("message_count", json!(0)),
        ("last_message", Value::Null),
        ("pinned", json!(false)),
        ("archived", json!(false)),
        ("tags", json!([])),
        ("document_ids", json!("all")),
        ("metadata", json!({})),
        ("running_turns", json!([])),
    ] {
        assert_eq!(made[key], value, "{key}");
    }
    assert_eq!(server.get(&format!("/conversations/{}", id_of(&made))).await.is(200), made);
}

#[tokio::test]
async fn every_field_can_be_given_changed_and_cleared() {
    let server = Server::start().await;
    let full = json!({"title": "T", "folder": "F", "tags": ["b", "a"], "pinned": true,
        "model": "passages/passages", "system_prompt": "S", "document_ids": "none",
        "options": {"temperature": 0.5, "top_p": 0.9, "max_tokens": 7, "seed": 1, "stop": ["x"], "memory": false},
        "metadata": {"k": 1}});
    let made = server.post("/conversations", full.clone()).await.is(201);
    for (key, value) in full.as_object().unwrap() {
        if key == "tags" {
            assert_eq!(made["tags"], json!(["a", "b"]));
        } else if key == "options" {
            assert_eq!(made["options"]["max_tokens"], value["max_tokens"]);
        } else {
            assert_eq!(&made[key], value, "{key}");
        }
    }
    let path = format!("/conversations/{}", id_of(&made));
    let cleared = json!({"title": null, "folder": null, "model": null, "system_prompt": null, "tags": [],
        "pinned": false, "archived": true, "document_ids": "all", "options": {}, "metadata": {}});
    let changed = server.patch(&path, cleared.clone()).await.is(200);
    for (key, value) in cleared.as_object().unwrap() {
        assert_eq!(&changed[key], value, "{key}");
    }
    assert_eq!(
        server.patch(&path, json!({})).await.is(200)["archived"],
        true,
        "nothing given, nothing changed"
    );
}

#[tokio::test]
async fn last_message_and_count_follow_the_conversation() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    let long = "é".repeat(150);
    server.answer(&conversation, &model, &long).await;
    let now = server.get(&format!("/conversations/{conversation}")).await.is(200);
    assert_eq!(now["message_count"], 2);
    assert_eq!(now["last_message"]["role"], "assistant");
    assert_eq!(now["last_message"]["text"].as_str().unwrap().chars().count(), 100);
    let listed = server.get("/conversations").await.is(200);
    assert_eq!(items(&listed)[0]["last_message"], now["last_message"]);
}

#[tokio::test]
async fn many_are_changed_at_once_all_or_none() {
    let server = Server::start().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(server.conversation().await);
    }
    let bulk = |action: &str, more: Value| {
        let mut body = json!({"ids": ids, "action": action});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let count = |path: &'static str| {
        let server = &server;
        async move { items(&server.get(path).await.is(200)).len() }
    };
    for (action, more, path, left) in [
        ("archive", json!({}), "/conversations", 0),
        ("unarchive", json!({}), "/conversations", 5),
        ("tag", json!({"tag": "t"}), "/conversations?tag=t", 5),
        ("untag", json!({"tag": "t"}), "/conversations?tag=t", 0),
        ("move", json!({"folder": "Box"}), "/conversations?folder=Box", 5),
        ("delete", json!({}), "/conversations?trash=true", 5),
        ("restore", json!({}), "/conversations?trash=true", 0),
        ("pin", json!({}), "/conversations", 5),
        ("unpin", json!({}), "/conversations", 5),
    ] {
        let done = server.post("/conversations/bulk", bulk(action, more)).await.is(200);
        assert_eq!(done["changed"], 5, "{action}");
        assert_eq!(count(path).await, left, "{action}");
    }
    let stranger =
        json!({"ids": [ids[0], "conv_01900000000070008000000000000000"], "action": "pin"});
    server.post("/conversations/bulk", stranger).await.error(404);
    let first = server.get(&format!("/conversations/{}", ids[0])).await.is(200);
    assert_eq!(first["pinned"], false, "one was not there, so none was changed");
    for bad in [
        json!({"ids": [], "action": "pin"}),
        json!({"ids": vec![&ids[0]; 201], "action": "pin"}),
        json!({"ids": ids, "action": "explode"}),
        json!({"ids": ids, "action": "tag"}),
        json!({"ids": ["x"], "action": "pin"}),
    ] {
        server.post("/conversations/bulk", bad).await.error(400);
    }
}

#[tokio::test]
async fn a_branch_is_a_copy_of_the_path_down_to_a_message() {
    let server = Server::start().await;
    let conversation = server.conversation_with(json!({"title": "Trunk", "tags": ["t"]})).await;
    for n in 0..3 {
        server.answer(&conversation, "passages/passages", &format!("Question {n}")).await;
    }
    let messages = server.messages(&conversation).await;
    let path = format!("/conversations/{conversation}/branch");
    let body = json!({"message_id": messages[3]["id"], "title": "Twig"});
    let twig = server.post(&path, body).await.is(201);
    assert_eq!(twig["title"], "Twig");
    assert_eq!(twig["tags"], json!(["t"]));
    let copied = server.messages(&id_of(&twig)).await;
    assert_eq!(copied.len(), 4);
    for (copy, original) in copied.iter().zip(&messages) {
        assert_eq!(copy["content"], original["content"]);
        assert_ne!(copy["id"], original["id"]);
    }
    server.answer(&id_of(&twig), "passages/passages", "Only here").await;
    assert_eq!(server.messages(&conversation).await.len(), 6, "the trunk is as it was");
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let mut server = Server::start().await;
    let conversation = server.conversation().await;
    server.answer(&conversation, "passages/passages", "Remember this").await;
    let before = server.messages(&conversation).await;
    server.restart().await;
    assert_eq!(server.messages(&conversation).await, before);
    server.assert_sound();
}
