//! `inglenook send`, `ask` and `listen`: the bus from a shell.

use std::process::Child;

use serde_json::{Value, json};

use crate::harness::client::assert_id;
use crate::harness::people::run_with_input;
use crate::harness::process::{Finished, finish};
use crate::harness::{Server, eventually, run_in};

/// Runs a command over the server to its end.
async fn run(server: &Server, arguments: &[&str]) -> Finished {
    run_saying(server, arguments, "").await
}

/// The same with a line on its standard input.
async fn run_saying(server: &Server, arguments: &[&str], line: &str) -> Finished {
    let (command, line) = (server.command(), line.to_owned());
    let arguments: Vec<String> = arguments.iter().map(|&one| one.to_owned()).collect();
    let work = move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run_with_input(command, &arguments, &line)
    };
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// Starts a command over the server that ends by itself, later.
fn begin(server: &Server, arguments: &[&str]) -> Child {
    server.command().args(arguments).spawn().unwrap()
}

async fn end(child: Child) -> Finished {
    tokio::task::spawn_blocking(move || finish(child)).await.unwrap()
}

/// Waits until a client has a connection.
async fn online(server: &Server, client: &str) {
    eventually(&format!("{client} is online"), || async {
        let reply = server.get(&format!("/clients/{client}")).await;
        (reply.status == 200 && reply.json()["state"] == "online").then_some(())
    })
    .await;
}

async fn messages(server: &Server, query: &str) -> Vec<Value> {
    let found = server.get(&format!("/messages?{query}")).await.is(200);
    found["messages"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_message_is_sent_from_a_shell() {
    let server = Server::start().await;
    let sent = run(&server, &["send", "--from", "me", "--to", "bot", "hello there"]).await;
    assert_eq!(sent.code, 0, "{}", sent.stderr);
    assert_id(&json!(sent.stdout.trim()), "bus");
    assert!(sent.stderr.contains("bot was never seen here"), "{}", sent.stderr);
    let kept = messages(&server, "to=bot").await;
    assert_eq!((&kept[0]["id"], &kept[0]["from"]), (&json!(sent.stdout.trim()), &json!("me")));
    assert_eq!(
        (&kept[0]["payload"], &kept[0]["type"]),
        (&json!({"text": "hello there"}), &json!("message"))
    );

    let arguments = [
        "send",
        "--from",
        "ci",
        "--to",
        "bot",
        "--to",
        "nina",
        "--type",
        "build",
        "--payload",
        r#"{"ok": true, "n": 1.50}"#,
        "--ack",
        "--priority",
        "1",
        "--ttl",
        "60",
        "--reply-to",
        sent.stdout.trim(),
        "--json",
    ];
    let full = run(&server, &arguments).await;
    assert_eq!(full.code, 0, "{}", full.stderr);
    let answer: Value = serde_json::from_str(&full.stdout).unwrap();
    assert_eq!((&answer["status"], &answer["duplicate"]), (&json!("sent"), &json!(false)));
    let kept = messages(&server, "from=ci").await;
    assert_eq!(kept[0]["to"], json!(["bot", "nina"]));
    assert_eq!((&kept[0]["type"], &kept[0]["requires_ack"]), (&json!("build"), &json!(true)));
    assert_eq!(kept[0]["payload"], json!({"ok": true, "n": 1.5}));
    assert_eq!(kept[0]["reply_to"], sent.stdout.trim());

    let read = run_saying(&server, &["send", "--from", "me", "--to", "bot", "-"], "from a pipe");
    assert_eq!(read.await.code, 0);
    assert_eq!(messages(&server, "to=bot").await.last().unwrap()["payload"]["text"], "from a pipe");
}

#[tokio::test]
async fn what_cannot_be_sent_ends_with_its_reason_and_code() {
    let mut server = Server::start().await;
    let strict = run(&server, &["send", "--from", "me", "--to", "nobody", "--strict", "hi"]).await;
    assert_eq!((strict.code, strict.stdout.as_str()), (1, ""));
    assert!(strict.stderr.contains("nobody"), "{}", strict.stderr);
    let odd = run(&server, &["send", "--from", "not an id", "--to", "bot", "hi"]).await;
    assert_eq!(odd.code, 1, "{}", odd.stderr);
    for wrong in [
        &["send", "--from", "me", "hi"][..],
        &["send", "--to", "bot", "hi"],
        &["send", "--from", "me", "--to", "bot"],
        &["send", "--from", "me", "--to", "bot", "--payload", "{no json", "hi"],
        &["send", "--from", "me", "--to", "bot", "--priority", "0", "hi"],
        &["ask", "--from", "me", "--to", "bot", "--timeout", "soon", "hi"],
        &["listen"],
    ] {
        let refused = run(&server, wrong).await;
        assert_eq!(refused.code, 2, "{wrong:?}: {}", refused.said());
    }
    assert!(server.stop().await.success());
    let nobody = run(&server, &["send", "--from", "me", "--to", "bot", "hi"]).await;
    assert_eq!(nobody.code, 1);
    assert!(nobody.stderr.contains("not running"), "{}", nobody.stderr);
}

#[tokio::test]
async fn a_listener_prints_what_waits_and_what_comes_and_acknowledges() {
    let server = Server::start().await;
    for text in ["one", "two \u{1b}[31mred"] {
        server.post("/send", json!({"from": "bot", "to": "me", "text": text})).await.is(200);
    }
    let listening = begin(&server, &["listen", "--client", "me", "--count", "4"]);
    online(&server, "me").await;
    let asks = json!({"from": "bot", "to": "me", "text": "three", "require_ack": true});
    let asks = server.post("/send", asks).await.is(200);
    let odd = json!({"from": "bot", "to": "me", "payload": {"n": 4}});
    server.post("/send", odd).await.is(200);
    let heard = end(listening).await;
    assert_eq!(heard.code, 0, "{}", heard.stderr);
    assert_eq!(heard.stdout, "bot: one\nbot: two \u{fffd}[31mred\nbot: three\nbot: {\"n\":4}\n");
    let status = format!("/messages/{}/status", asks["message_id"].as_str().unwrap());
    eventually("it is acknowledged", || async {
        let status = server.get(&status).await.is(200);
        (status["recipients"][0]["state"] == "acknowledged").then_some(())
    })
    .await;
    // What was heard waits no more.
    let typed = ["listen", "--client", "me", "--types", "build,deploy", "--json", "--count", "1"];
    let listening = begin(&server, &typed);
    online(&server, "me").await;
    for kind in ["chatter", "deploy"] {
        let body = json!({"from": "ci", "to": "me", "type": kind, "payload": {"n": 1}});
        server.post("/send", body).await.is(200);
    }
    let heard = end(listening).await;
    let message: Value = serde_json::from_str(&heard.stdout).unwrap();
    assert_eq!((&message["type"], &message["from"]), (&json!("deploy"), &json!("ci")));
}

#[tokio::test]
async fn a_listener_ends_with_the_server() {
    let mut server = Server::start().await;
    let listening = begin(&server, &["listen", "--client", "me"]);
    online(&server, "me").await;
    assert!(server.stop().await.success());
    let ended = end(listening).await;
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("the server"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_question_waits_for_its_reply_and_for_no_other() {
    let server = Server::start().await;
    // What waits for the one who asks is left alone.
    server.post("/send", json!({"from": "nina", "to": "me", "text": "later"})).await.is(200);
    let asking =
        begin(&server, &["ask", "--from", "me", "--to", "bot", "--timeout", "15", "how far?"]);
    let question = eventually("the question is sent", || async {
        messages(&server, "to=bot").await.first().cloned()
    })
    .await;
    for (from, to, reply_to) in
        [("bot", "me", Value::Null), ("bot", "nina", question["id"].clone())]
    {
        let other = json!({"from": from, "to": to, "text": "not this", "reply_to": reply_to});
        server.post("/send", other).await.is(200);
    }
    let reply = json!({"from": "bot", "to": "me", "text": "nearly there", "reply_to": question["id"],
        "require_ack": true});
    let reply = server.post("/send", reply).await.is(200);
    let heard = end(asking).await;
    assert_eq!((heard.code, heard.stdout.as_str()), (0, "nearly there\n"), "{}", heard.stderr);
    let status = format!("/messages/{}/status", reply["message_id"].as_str().unwrap());
    let status = server.get(&status).await.is(200);
    assert_eq!(status["recipients"][0]["state"], "acknowledged", "{status}");
    let waits = server.get("/clients/me").await.is(200);
    assert_eq!(waits["waiting"], 2, "the others wait still: {waits}");
}

#[tokio::test]
async fn a_question_without_a_reply_ends_in_time() {
    let server = Server::start().await;
    let asked =
        run(&server, &["ask", "--from", "me", "--to", "bot", "--timeout", "1", "anybody?"]).await;
    assert_eq!((asked.code, asked.stdout.as_str()), (1, ""));
    assert!(asked.stderr.contains("no reply to bus_"), "{}", asked.stderr);
}

#[test]
fn every_command_explains_itself_with_examples() {
    let home = tempfile::tempdir().unwrap();
    for command in ["send", "ask", "listen"] {
        let help = run_in(home.path(), &[command, "--help"], &[]);
        assert_eq!(help.code, 0);
        for expected in ["Examples:", "Exit codes:", &format!("inglenook {command} --")] {
            assert!(help.stdout.contains(expected), "{command}: {}", help.stdout);
        }
    }
}
