//! Limits are settings: what they are set to is what is held to, said by name, and described.

use serde_json::{Value, json};

use crate::harness::people::PASSWORD;
use crate::harness::talk::items;
use crate::harness::{Act, Server, Upstream};

fn ids(kind: &str, count: usize) -> Value {
    let id = format!("{kind}_01900000000070008000000000000000");
    vec![id; count].into()
}

#[tokio::test]
async fn what_is_over_a_limit_is_refused_with_the_settings_name() {
    let server = Server::with("MAX_ATTACHMENTS", 1)
        .with("TEMPORARY_MAX_MESSAGES", 1)
        .with("BULK_MAX", 201)
        .with("MAX_UPLOAD_FILES", 1)
        .with("MAX_WATCHED_FOLDERS", 1)
        .start()
        .await;
    let refused = |body: Value, field: &str, setting: &str| {
        assert_eq!(
            (&body["code"], &body["details"]["field"]),
            (&json!("invalid_input"), &json!(field))
        );
        assert!(body["error"].as_str().unwrap().contains(setting), "{body}");
    };
    let conversation = server.conversation().await;
    let file = json!({"name": "a.txt", "data": "SGVsbG8="});
    let question = json!({"content": "A", "attachments": [file, file]});
    let path = format!("/conversations/{conversation}/messages");
    refused(server.post(&path, question).await.error(400), "attachments", "MAX_ATTACHMENTS");
    let said = json!({"role": "user", "content": "A"});
    let question = json!({"messages": [said, said]});
    let body = server.post("/turns", question).await.error(400);
    refused(body, "messages", "TEMPORARY_MAX_MESSAGES");
    for (path, kind, action) in
        [("/conversations/bulk", "conv", "pin"), ("/documents/bulk", "doc", "reindex")]
    {
        let bulk = |count| json!({"ids": ids(kind, count), "action": action});
        refused(server.post(path, bulk(202)).await.error(400), "ids", "BULK_MAX");
        server.post(path, bulk(201)).await.fails(404, "not_found");
    }
    let files: [(&str, &[u8]); 2] = [("a.txt", b"A"), ("b.txt", b"B")];
    refused(server.upload(&files).await.error(400), "file", "MAX_UPLOAD_FILES");
    for (name, status) in [("one", 201), ("two", 409)] {
        let folder = server.home().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let reply = server.post("/folders/watched", json!({ "path": folder })).await;
        assert_eq!(reply.status, status, "{}", reply.text);
    }
}

#[tokio::test]
async fn passwords_are_as_long_and_tried_as_often_as_the_settings_say() {
    let server = Server::with("PASSWORD_MIN_CHARS", 12)
        .with("PASSWORD_FREE_TRIES", 1)
        .with("PASSWORD_WAIT_MAX_SECONDS", 1)
        .with("RATE_LIMIT_LOGIN", 0)
        .start()
        .await;
    let owner = server.lock().await;
    let short = json!({"current": PASSWORD, "new": "eleven char"});
    let body = owner.post(&server, "/auth/password", short).await.error(400);
    assert!(body["error"].as_str().unwrap().contains("12 to 1024"), "{body}");
    let wrong = json!({"password": "a wrong password"});
    server.post("/auth/login", wrong.clone()).await.fails(401, "wrong_password");
    server.post("/auth/login", wrong).await.fails(429, "slow_down");
}

#[tokio::test]
async fn a_list_looks_at_as_many_messages_as_the_setting_says() {
    for (looks_at, found) in [(1, 1), (2000, 2)] {
        let server = Server::with("LIST_QUERY_MESSAGES", looks_at).start().await;
        let upstream = Upstream::openai().await;
        let model = server.connect(&upstream).await;
        for title in ["One", "Two"] {
            let conversation = server.conversation_with(json!({ "title": title })).await;
            upstream.then(Act::answer(&["Yes."]));
            server.answer(&conversation, &model, "Is there a needle?").await;
        }
        let list = server.get("/conversations?query=needle").await.is(200);
        assert_eq!(items(&list).len(), found);
        assert_eq!(items(&list)[0]["title"], "Two");
    }
}

#[tokio::test]
async fn the_description_of_the_api_has_the_limits_of_now() {
    let server = Server::with("PASSWORD_MIN_CHARS", 11)
        .with("MAX_ATTACHMENTS", 12)
        .with("TEMPORARY_MAX_MESSAGES", 13)
        .with("BULK_MAX", 214)
        .with("MAX_UPLOAD_FILES", 15)
        .start()
        .await;
    let document = server.get("/openapi.json").await.is(200);
    for (path, value) in [
        ("NewPassword/properties/new/minLength", 11),
        ("Question/properties/attachments/maxItems", 12),
        ("TemporaryQuestion/properties/messages/maxItems", 13),
        ("ManyConversations/properties/ids/maxItems", 214),
        ("ManyDocuments/properties/ids/maxItems", 214),
        ("Form/properties/file/maxItems", 15),
    ] {
        let length = document.pointer(&format!("/components/schemas/{path}"));
        assert_eq!(length, Some(&json!(value)), "{path}");
    }
}
