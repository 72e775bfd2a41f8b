//! A changed `config.sh` takes effect while the server runs; a wrong one does not.

use serde_json::{Value, json};

use crate::harness::{Server, eventually};

async fn setting(server: &Server, key: &str) -> Value {
    let config = server.get("/config").await.is(200);
    let items = config["items"].as_array().unwrap();
    items.iter().find(|item| item["key"] == key).unwrap().clone()
}

#[tokio::test]
async fn a_changed_file_takes_effect_without_dropping_a_connection() {
    let mut server = Server::with("MAX_TAGS", 2).start().await;
    let conversation = server.conversation().await;
    let mut socket = server.socket(&format!("/ws/chat/{conversation}")).await;
    let mut feed = server.events("/events").await;
    feed.until_named("hello").await;
    let three = json!({"tags": ["a", "b", "c"]});
    server.post("/conversations", three.clone()).await.error(400);
    server.configure("MAX_TAGS", 3);
    let told = feed.until_named("config").await;
    assert_eq!(told.last().unwrap().data["ok"], true);
    server.post("/conversations", three).await.is(201);
    assert_eq!(setting(&server, "MAX_TAGS").await["value"].to_string().trim_matches('"'), "3");
    socket.send(json!({"type": "ping"})).await;
    socket.until("pong").await;
}

#[tokio::test]
async fn a_wrong_file_is_refused_and_the_old_values_stay() {
    let mut server = Server::with("MAX_TAGS", 2).start().await;
    let mut feed = server.events("/events").await;
    feed.until_named("hello").await;
    let good = std::fs::read_to_string(server.config_path()).unwrap();
    std::fs::write(server.config_path(), format!("{good}HISTORY_LIMIT=5\nMAX_TAGS=lots\n"))
        .unwrap();
    let told = feed.until_named("config").await;
    let told = &told.last().unwrap().data;
    assert_eq!(told["ok"], false);
    assert!(told["error"].to_string().contains("MAX_TAGS"), "{told}");
    let config = server.get("/config").await.is(200);
    assert!(config["error"].to_string().contains("MAX_TAGS"), "{}", config["error"]);
    assert_eq!(
        setting(&server, "HISTORY_LIMIT").await["value"].to_string().trim_matches('"'),
        "10"
    );
    server.post("/conversations", json!({"tags": ["a", "b", "c"]})).await.error(400);
    server.logs("MAX_TAGS").await;
    server.configure("MAX_TAGS", 3);
    eventually("the mended file is taken", || async {
        let config = server.get("/config").await.is(200);
        config["error"].is_null().then_some(())
    })
    .await;
}

#[tokio::test]
async fn sighup_reads_the_file_again() {
    let server = Server::start().await;
    let before = server.get("/config").await.is(200)["loaded_at"].clone();
    server.signal("HUP");
    eventually("the file is read again", || async {
        let now = server.get("/config").await.is(200)["loaded_at"].clone();
        (now != before).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_file_replaced_by_rename_is_noticed_too() {
    let server = Server::with("MAX_TAGS", 2).start().await;
    let fresh = server.home().join("fresh.sh");
    std::fs::write(&fresh, "MAX_TAGS=9\n").unwrap();
    std::fs::rename(&fresh, server.config_path()).unwrap();
    eventually("the new file is read", || async {
        let value = setting(&server, "MAX_TAGS").await["value"].clone();
        (value.to_string().trim_matches('"') == "9").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_key_that_needs_a_restart_keeps_its_old_value_until_then() {
    let mut server = Server::start().await;
    server.configure("DB_READERS", 2);
    server.configure("MAX_TAGS", 7);
    eventually("the file is read", || async {
        let value = setting(&server, "MAX_TAGS").await["value"].clone();
        (value.to_string().trim_matches('"') == "7").then_some(())
    })
    .await;
    assert_eq!(setting(&server, "DB_READERS").await["value"].to_string().trim_matches('"'), "4");
    server.restart().await;
    assert_eq!(setting(&server, "DB_READERS").await["value"].to_string().trim_matches('"'), "2");
}

#[tokio::test]
async fn the_settings_page_knows_every_key_with_its_layer_and_no_secret() {
    let server = Server::plan().environment("OPENAI_API_KEY", "sk-hidden-0123456789").start().await;
    let reply = server.get("/config").await;
    assert!(!reply.text.contains("hidden"), "{}", reply.text);
    let config = reply.is(200);
    assert_eq!(config["path"], server.config_path().to_str().unwrap());
    for item in config["items"].as_array().unwrap() {
        for field in
            ["key", "value", "default", "layer", "group", "unit", "meaning", "reloadable", "secret"]
        {
            assert!(item.get(field).is_some(), "{field} is not in {item}");
        }
        let layers = ["default", "preset", "file", "environment", "flag"];
        assert!(layers.contains(&item["layer"].as_str().unwrap()), "{item}");
    }
    assert_eq!(setting(&server, "PRESET").await["layer"], "environment");
    assert_eq!(setting(&server, "API_TIMEOUT_MS").await["layer"], "preset");
}
