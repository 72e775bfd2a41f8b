//! Servers of tools that the owner lists: real ones over both transports, what is kept of them and shown,
//! and when a connection begins and ends.

use serde_json::{Value, json};

use crate::harness::odd::runs;
use crate::harness::talk::{id_of, items};
use crate::harness::{Act, Server, Target, Upstream, eventually};

#[tokio::test]
async fn a_real_server_gives_its_tools_over_both_transports() {
    let other = Server::with("ENABLE_EMBEDDINGS", false).start().await;
    other.read_document("moor.txt", b"The moor is crossed by a causeway of oak.").await;
    let owner = other.lock().await;
    let token = owner.token(&other, &["search", "bus"]).await;
    let token = token.value.strip_prefix("Bearer ").unwrap().to_owned();
    for over_http in [true, false] {
        let server = Server::start().await;
        let upstream = Upstream::openai().await;
        let id = match over_http {
            true => server.lists_over_http(&other, Some(&token)).await,
            false => server.lists_over_stdio(&other).await,
        };
        let shown = server.get(&format!("/tool-servers/{id}")).await.is(200);
        assert_eq!(
            (&shown["connected"], &shown["last_error"]),
            (&json!(true), &Value::Null),
            "{shown}"
        );
        let tools = shown["tools"].as_array().unwrap();
        assert!(tools.len() >= 8, "{shown}");
        let find = |name: &str| tools.iter().find(|tool| tool["name"] == name).unwrap();
        assert_eq!(find("search_documents")["read_only"], true);
        assert_eq!(find("bus_send")["read_only"], false);
        assert_eq!(find("search_documents")["takes"]["type"], "object");
        let (conversation, model) = server.with_tools(&upstream, &[&id]).await;
        upstream.then(Act::call("Other__search_documents", &json!({"query": "causeway"})));
        upstream.then(Act::answer(&["Of oak."]));
        let answer = server.answer(&conversation, &model, "How is the moor crossed?").await;
        let call = &answer["calls"][0];
        assert_eq!((&call["state"], &call["server"]), (&json!("done"), &json!("Other")), "{call}");
        assert!(call["result"].as_str().unwrap().contains("causeway of oak"), "{call}");
        let contacts = server.get("/outbound").await.is(200);
        let contact = items(&contacts).iter().find(|contact| contact["purpose"] == "tools");
        assert_eq!(contact.is_some(), over_http, "{contacts}");
    }
}

#[tokio::test]
async fn what_a_server_is_shown_is_told_to_nobody_again() {
    let mut server = Server::start().await;
    let target = Target::start().await;
    let secrets = ["a-token-that-nobody-sees", "a-value-that-nobody-sees", "a-secret-value"];
    let new = json!({"name": "Far", "kind": "http", "url": target.url(), "token": secrets[0]});
    let far = id_of(&server.post("/tool-servers", new).await.is(201));
    let near = server.odd_that("Near", "well", json!({})).await;
    server.knows_tools(&near.id).await;
    let more = json!({"env": {"MORE": secrets[1]}});
    let changed = server.patch(&format!("/tool-servers/{}", near.id), more).await.is(200);
    assert_eq!(changed["env"], json!(["GIVEN", "LOG", "MORE", "START"]));
    let seen = target.nth(1).await;
    assert_eq!(seen.headers["authorization"], format!("Bearer {}", secrets[0]));
    let mut said = String::new();
    for path in [
        "/tool-servers",
        &format!("/tool-servers/{far}"),
        "/status",
        "/logs?limit=200",
        "/outbound",
    ] {
        said.push_str(&server.get(path).await.text);
    }
    assert!(said.contains("…sees"), "{said}");
    said.push_str(&server.poke(&format!("/tool-servers/{far}/test")).await.text);
    assert!(server.stop().await.success());
    said.push_str(&server.log());
    let mut folders = vec![server.data_dir()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => {
                    said.push_str(&String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()));
                }
            }
        }
    }
    for secret in secrets {
        assert!(!said.contains(secret), "{secret} was shown");
    }
    // Another address is not shown what was meant for the old one.
    server.boot().await;
    let elsewhere = Target::start().await;
    let moved = server
        .patch(&format!("/tool-servers/{far}"), json!({"url": elsewhere.url()}))
        .await
        .is(200);
    assert_eq!(moved["token"], Value::Null);
    assert!(!elsewhere.nth(1).await.headers.contains_key("authorization"));
}

#[tokio::test]
async fn a_program_gets_only_what_it_needs_of_the_environment() {
    let plan = Server::plan().environment("OPENAI_API_KEY", "sk-of-the-environment");
    let server = plan.environment("SOMETHING_ELSE", "of mine").start().await;
    let upstream = Upstream::openai().await;
    let odd = server.odd("Odd").await;
    let (conversation, model) = server.with_tools(&upstream, &[&odd.id]).await;
    upstream.then(Act::call("Odd__env", &json!({})));
    upstream.then(Act::answer(&["So."]));
    let answer = server.answer(&conversation, &model, "Look around").await;
    let result = answer["calls"][0]["result"].as_str().unwrap().to_owned();
    assert!(result.contains(" PATH ") && result.contains("GIVEN=a-secret-value"), "{result}");
    for name in ["OPENAI_API_KEY", "SOMETHING_ELSE", "INGLENOOK"] {
        assert!(!result.contains(name), "{result}");
    }
}

#[tokio::test]
async fn a_program_runs_while_it_is_used_and_ends_with_all_that_it_started() {
    let mut server = Server::with("TOOL_IDLE_SECONDS", 1).start().await;
    let upstream = Upstream::openai().await;
    let odd = server.odd("Odd").await;
    let (conversation, model) = server.with_tools(&upstream, &[&odd.id]).await;
    let first = odd.number("started ").unwrap();
    eventually("it ends when nobody uses it", || async { (!runs(first)).then_some(()) }).await;
    assert!(odd.noted().contains(&"left".to_owned()), "of its own, when its input ended");
    let call = async |server: &Server| {
        upstream.then(Act::call("Odd__child", &json!({})));
        upstream.then(Act::answer(&["So."]));
        server.answer(&conversation, &model, "Have a child").await
    };
    assert_eq!(call(&server).await["calls"][0]["state"], "done");
    let (second, child) = (odd.number("started ").unwrap(), odd.number("child ").unwrap());
    assert_ne!(first, second, "it is started again when it is needed");
    eventually("and its child with it", || async { (!runs(second) && !runs(child)).then_some(()) })
        .await;
    server.configure("TOOL_IDLE_SECONDS", 600);
    eventually("the setting counts", || async {
        let config = server.get("/config").await.is(200).to_string();
        config.contains("\"600\"").then_some(())
    })
    .await;
    // Changed, removed, and when the server stops.
    let path = format!("/tool-servers/{}", odd.id);
    call(&server).await;
    let (program, child) = (odd.number("started ").unwrap(), odd.number("child ").unwrap());
    server.patch(&path, json!({"enabled": false})).await.is(200);
    eventually("it ends when it is turned off", || async {
        (!runs(program) && !runs(child)).then_some(())
    })
    .await;
    server.patch(&path, json!({"enabled": true})).await.is(200);
    call(&server).await;
    let (program, child) = (odd.number("started ").unwrap(), odd.number("child ").unwrap());
    assert!(server.stop().await.success());
    assert!(!runs(program) && !runs(child), "nothing is left behind");
}

#[tokio::test]
async fn offline_only_this_machine_is_asked() {
    let server = Server::with("OFFLINE", true).start().await;
    let new = json!({"name": "Far", "kind": "http", "url": "https://tools.example/mcp"});
    let far = id_of(&server.post("/tool-servers", new).await.is(201));
    let test = server.poke(&format!("/tool-servers/{far}/test")).await.is(200);
    assert_eq!(test["ok"], false);
    assert!(test["error"].as_str().unwrap().contains("OFFLINE"), "{test}");
    let contacts = server.get("/outbound").await.is(200);
    let contact = items(&contacts).iter().find(|one| one["host"] == "tools.example").unwrap();
    assert_eq!(
        (&contact["purpose"], &contact["requests"]),
        (&json!("tools"), &json!(0)),
        "{contact}"
    );
    server.odd("Near").await;
}

#[tokio::test]
async fn what_is_no_server_is_refused_by_its_field() {
    let server = Server::with("TOOL_SERVERS_MAX", 2).start().await;
    let http =
        json!({"name": "A", "kind": "http", "url": "http://127.0.0.1:9/mcp", "enabled": false});
    let command = json!({"name": "A", "kind": "command", "program": "true", "enabled": false});
    let with = |base: &Value, key: &str, value: Value| {
        let mut body = base.clone();
        body[key] = value;
        body
    };
    for (body, field) in [
        (with(&http, "name", json!("")), "name"),
        (with(&http, "name", json!("x".repeat(61))), "name"),
        (with(&http, "name", json!("a\nb")), "name"),
        (with(&http, "kind", json!("socket")), "kind"),
        (with(&http, "url", Value::Null), "url"),
        (with(&http, "url", json!("ftp://host/")), "url"),
        (with(&http, "url", json!("http://me:word@host/")), "url"),
        (with(&http, "url", json!("http://169.254.169.254/mcp")), "url"),
        (with(&http, "url", json!("http://metadata.google.internal/")), "url"),
        (with(&http, "program", json!("sh")), "program"),
        (with(&http, "token", json!("a b")), "token"),
        (with(&http, "colour", json!(1)), "colour"),
        (with(&command, "program", json!(" ")), "program"),
        (with(&command, "url", json!("http://a/")), "url"),
        (with(&command, "token", json!("t")), "token"),
        (with(&command, "args", json!(["a", "b\u{0}"])), "args[1]"),
        (with(&command, "args", json!(vec!["a"; 101])), "args"),
        (with(&command, "env", json!({"A=B": "c"})), "env"),
        (with(&command, "env", json!({"A": "c\u{0}"})), "env"),
        (with(&command, "allowed", json!([""])), "allowed"),
    ] {
        let reply = server.post("/tool-servers", body.clone()).await;
        assert!(!reply.text.contains("word@"), "{}", reply.text);
        assert_eq!(reply.error(400)["details"]["field"], field, "{body}");
    }
    let one = id_of(&server.post("/tool-servers", http.clone()).await.is(201));
    server.post("/tool-servers", with(&http, "name", json!("a"))).await.fails(409, "name_taken");
    let two =
        id_of(&server.post("/tool-servers", with(&command, "name", json!("B"))).await.is(201));
    let path = format!("/tool-servers/{two}");
    server.patch(&path, json!({"name": "A"})).await.fails(409, "name_taken");
    server.patch(&path, json!({"url": "http://a/"})).await.error(400);
    server
        .post("/tool-servers", with(&http, "name", json!("C")))
        .await
        .fails(409, "too_many_tool_servers");
    let listed = server.get("/tool-servers").await.is(200);
    let names: Vec<_> = items(&listed).iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["A", "B"]);
    assert_eq!(server.delete(&format!("/tool-servers/{one}")).await.status, 204);
    server.get(&format!("/tool-servers/{one}")).await.fails(404, "not_found");
    server.delete(&format!("/tool-servers/{one}")).await.fails(404, "not_found");
}

#[tokio::test]
async fn a_server_that_is_listed_twice_with_one_key_is_listed_once() {
    let server = Server::start().await;
    let new = json!({"name": "A", "kind": "http", "url": "http://127.0.0.1:9/", "enabled": false});
    let made = server.post_once("one", "/tool-servers", new.clone()).await.is(201);
    let again = server.post_once("one", "/tool-servers", new).await.is(201);
    assert_eq!(made, again);
    assert_eq!(items(&server.get("/tool-servers").await.is(200)).len(), 1);
}
