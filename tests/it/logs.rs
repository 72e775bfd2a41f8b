//! Logs: for people or one JSON object a line, in rotating files, without secrets.

use serde_json::{Value, json};

use crate::harness::{Server, eventually};

fn log_files(server: &Server) -> String {
    let folder = std::fs::read_dir(server.data_dir().join("logs")).unwrap();
    folder.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect()
}

#[tokio::test]
async fn json_logs_are_one_valid_object_a_line_on_the_terminal_and_in_the_file() {
    let mut server = Server::with("LOG_FORMAT", "json").start().await;
    server.post("/conversations", json!({"title": "A \"quoted\" line"})).await.is(201);
    server.post("/conversations", json!({"title": "A \"quoted\"\nline"})).await.error(400);
    server.get("/conversations?limit=0").await.error(400);
    assert!(server.stop().await.success());
    let file = log_files(&server);
    assert!(file.lines().count() > 3, "{file}");
    for line in file.lines() {
        let entry: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for field in ["timestamp", "level", "target"] {
            assert!(entry[field].is_string(), "{field} is not in {line}");
        }
        crate::harness::client::assert_instant(&entry["timestamp"]);
    }
    let terminal = server.log();
    let objects = terminal.lines().filter(|line| line.starts_with('{'));
    assert!(objects.clone().count() > 3, "{terminal}");
    for line in objects {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}

#[tokio::test]
async fn levels_say_what_they_should() {
    let mut server = Server::with("LOG_LEVEL", "info").start().await;
    server.get("/conversations?limit=0").await.error(400);
    server.stop().await;
    let log = log_files(&server);
    let has = |level: &str, word: &str| {
        log.lines().any(|line| line.contains(level) && line.contains(word))
    };
    assert!(has("WARN", "limit"), "bad input is a warning: {log}");
    assert!(has("INFO", "ready"), "{log}");
    assert!(!log.contains("DEBUG"), "{log}");
}

#[tokio::test]
async fn what_people_say_is_not_in_the_log() {
    let mut server = Server::with("LOG_LEVEL", "trace").start().await;
    let id = server.conversation_with(json!({"title": "Marigold matters"})).await;
    server.answer(&id, "passages/passages", "A confidential zeppelin").await;
    server.stop().await;
    for word in ["zeppelin", "Marigold"] {
        assert!(!server.log().contains(word), "{word} is in the log");
        assert!(!log_files(&server).contains(word), "{word} is in the log file");
    }
}

#[tokio::test]
async fn the_settings_page_shows_the_newest_lines() {
    let server = Server::start().await;
    server.get("/conversations?limit=0").await.error(400);
    let lines = eventually("the line is shown", || async {
        let logs = server.get("/logs?limit=20").await.is(200);
        let lines = logs["items"].as_array().unwrap().clone();
        lines.iter().any(|line| line["level"] == "WARN" || line["level"] == "warn").then_some(lines)
    })
    .await;
    assert!(lines.len() <= 20);
    for line in &lines {
        for field in ["timestamp", "level", "target", "message"] {
            assert!(line[field].is_string(), "{field}: {line}");
        }
    }
    server.get("/logs?limit=0").await.error(400);
}

#[tokio::test]
async fn the_level_changes_while_it_runs() {
    let mut server = Server::with("LOG_LEVEL", "error").start().await;
    server.get("/conversations?limit=0").await.error(400);
    server.configure("LOG_LEVEL", "debug");
    eventually("the new level is in force", || async {
        server.get("/conversations?limit=0").await.error(400);
        server.log().contains("WARN").then_some(())
    })
    .await;
}
