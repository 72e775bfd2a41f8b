//! Servers of tools that hang, die, flood, lie and change: each costs its own calls, in time, and both the
//! model and the person are told why.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::halting::Halting;
use crate::harness::odd::runs;
use crate::harness::talk::id_of;
use crate::harness::target::Does;
use crate::harness::{Act, Server, Target, Upstream, eventually};

#[tokio::test]
async fn whatever_a_program_does_costs_only_its_own_call() {
    let plan = Server::with("TOOL_CALL_TIMEOUT_SECONDS", 1).with("TOOL_MESSAGE_MAX_KB", 1024);
    let server = plan.with("TOOL_RESULT_MAX_KB", 4).start().await;
    let upstream = Upstream::openai().await;
    let (odd, good) = (server.odd("Odd").await, server.odd("Good").await);
    let tools = [odd.id.as_str(), good.id.as_str()];
    let (conversation, model) = server.with_tools(&upstream, &tools).await;
    for (tool, state, said) in [
        ("echo", "done", "an echo"),
        ("hang", "failed", "TOOL_CALL_TIMEOUT_SECONDS"),
        ("die", "failed", "ended the connection"),
        ("flood", "failed", "more than is read"),
        ("long", "failed", "TOOL_MESSAGE_MAX_KB"),
        ("garbage", "failed", "TOOL_CALL_TIMEOUT_SECONDS"),
        ("error", "failed", "the odd server says no"),
        ("fail", "failed", "it went wrong"),
        ("huge", "done", "cut off here"),
        ("echo", "done", "an echo"),
    ] {
        upstream.then(Act::call(&format!("Odd__{tool}"), &json!({})));
        upstream.then(Act::call("Good__echo", &json!({})));
        upstream.then(Act::answer(&["So."]));
        let began = Instant::now();
        let answer = server.answer(&conversation, &model, "Go").await;
        assert!(began.elapsed() < Duration::from_secs(10), "{tool}: {:?}", began.elapsed());
        let (first, second) = (&answer["calls"][0], &answer["calls"][1]);
        assert_eq!(first["state"], state, "{tool}: {first}");
        assert!(first["result"].as_str().unwrap().contains(said), "{tool}: {first}");
        assert!(first["result"].as_str().unwrap().len() < 5000, "{tool}");
        assert_eq!(second["state"], "done", "{tool}: {second}");
        let told = upstream.dialect().results(&upstream.chats().last().unwrap().body);
        assert!(told[told.len() - 2].contains(said), "the model is told: {told:?}");
    }
    let started = good.noted().iter().filter(|line| line.starts_with("started")).count();
    assert_eq!(started, 1, "the other one never noticed");
    assert_eq!(server.get("/health").await.status, 200);
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[tokio::test]
async fn a_server_that_does_not_begin_is_given_up_with_a_reason() {
    let server = Server::with("TOOL_CONNECT_SECONDS", 1).start().await;
    for (start, said) in [("hang", "TOOL_CONNECT_SECONDS"), ("die", "ended the connection")] {
        let odd = server.odd_that(start, start, json!({})).await;
        let test = server.poke(&format!("/tool-servers/{}/test", odd.id)).await.is(200);
        assert_eq!((&test["ok"], &test["tools"]), (&json!(false), &json!(0)));
        assert!(test["error"].as_str().unwrap().contains(said), "{start}: {test}");
        assert!(test["said"].as_str().unwrap().contains("standard error"), "{start}: {test}");
        let pid = odd.number("started ").unwrap();
        eventually("it is gone", || async { (!runs(pid)).then_some(()) }).await;
        let shown = server.get(&format!("/tool-servers/{}", odd.id)).await.is(200);
        assert!(shown["last_error"].as_str().unwrap().contains(said), "{shown}");
    }
    for start in ["pages", "babble"] {
        let odd = server.odd_that(start, start, json!({})).await;
        let test = server.poke(&format!("/tool-servers/{}/test", odd.id)).await.is(200);
        assert_eq!(test["ok"], true, "{start}: {test}");
    }
    let body = json!({"name": "Nobody", "kind": "command", "program": "no-such-program-anywhere"});
    let id = id_of(&server.post("/tool-servers", body).await.is(201));
    let test = server.poke(&format!("/tool-servers/{id}/test")).await.is(200);
    assert!(test["error"].as_str().unwrap().contains("could not be started"), "{test}");
    // A question does not wait for it, and says what is missing.
    let upstream = Upstream::openai().await;
    let (conversation, model) = server.with_tools(&upstream, &[&id]).await;
    let asked = server.ask(&conversation, &model, "Go").await;
    let events = server.whole_turn(&asked.turn).await;
    let said = events.iter().find(|event| event.name == "status").unwrap();
    assert_eq!(said.data["code"], "tools_missing");
    assert!(said.data["text"].as_str().unwrap().contains("Nobody"), "{said:?}");
    assert_eq!(events.last().unwrap().name, "complete");
}

#[tokio::test]
async fn a_tool_that_becomes_another_is_another() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let odd = server.odd("Odd").await;
    let (conversation, model) = server.with_tools(&upstream, &[&odd.id]).await;
    upstream.then(Act::call("Odd__change", &json!({})));
    upstream.then(Act::call("Odd__hang", &json!({})));
    upstream.then(Act::call("Odd__echo", &json!({})));
    upstream.then(Act::answer(&["So."]));
    let asked = server.ask(&conversation, &model, "Go").await;
    // It said that it changes nothing when it was offered; now it says that it does.
    let call = server.call_in_state(&conversation, &asked, "waiting").await;
    assert_eq!(call["name"], "Odd__echo");
    let path = format!("/turns/{}/calls/{}", asked.turn, call["id"].as_str().unwrap());
    server.post(&path, json!({"decision": "always"})).await.is(200);
    let message = server.message_in_state(&conversation, &asked.answer, "complete").await;
    assert_eq!(message["calls"][0]["state"], "done");
    assert!(message["calls"][1]["result"].as_str().unwrap().contains("any more"), "{message}");
    assert_eq!(message["calls"][2]["state"], "done");
    let shown = server.get(&format!("/tool-servers/{}", odd.id)).await.is(200);
    let names: Vec<_> =
        shown["tools"].as_array().unwrap().iter().map(|tool| tool["name"].clone()).collect();
    assert_eq!(names, ["other", "echo"], "the list is the new one");
}

#[tokio::test]
async fn a_server_over_http_that_does_not_behave_is_told_of_in_words() {
    let server =
        Server::with("TOOL_CONNECT_SECONDS", 1).with("TOOL_MESSAGE_MAX_KB", 16).start().await;
    let elsewhere = Target::start().await;
    let moved = vec![("location", elsewhere.url())];
    let type_is = |kind: &str| vec![("content-type", kind.to_owned())];
    let huge = format!("{{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":\"{}\"}}", "x".repeat(100_000));
    for (does, said) in [
        (Does::Answers(307, moved.clone(), String::new()), "307"),
        (Does::Answers(302, moved, String::new()), "302"),
        (Does::Answers(401, Vec::new(), "who are you".to_owned()), "401 who are you"),
        (Does::Answers(500, Vec::new(), "\u{1b}[31moops".to_owned()), "500"),
        (Does::Answers(200, type_is("text/html"), "<html>".to_owned()), "text/html"),
        (Does::Answers(200, type_is("application/json"), "{".to_owned()), "no message"),
        (Does::Answers(200, type_is("application/json"), huge.clone()), "larger than"),
        (
            Does::Answers(200, type_is("text/event-stream"), format!("data: {huge}\n\n")),
            "larger than",
        ),
        (Does::Resets, "connection"),
    ] {
        let target = Target::start().await;
        let body = json!({"name": "Far", "kind": "http", "url": target.url(), "enabled": false,
            "token": "a-token"});
        let id = id_of(&server.post("/tool-servers", body).await.is(201));
        target.then(does);
        let test = server.poke(&format!("/tool-servers/{id}/test")).await.is(200);
        assert_eq!(test["ok"], false, "{test}");
        let error = test["error"].as_str().unwrap();
        assert!(error.contains(said), "{said}: {test}");
        assert!(!error.contains('\u{1b}') && !error.contains("a-token"), "{test}");
        assert_eq!(server.delete(&format!("/tool-servers/{id}")).await.status, 204);
    }
    assert!(elsewhere.got().is_empty(), "no redirect is followed");
    let value: Value = server.get("/outbound").await.is(200);
    assert!(value.to_string().contains("tools"), "{value}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_goes_on_where_it_was() {
    let server = Server::with("TOOL_CALL_TIMEOUT_SECONDS", 3).start().await;
    let upstream = Upstream::openai().await;
    let halting = Halting::start().await;
    let body = json!({"name": "Far", "kind": "http", "url": halting.url()});
    let id = id_of(&server.post("/tool-servers", body).await.is(201));
    server.knows_tools(&id).await;
    let (conversation, model) = server.with_tools(&upstream, &[&id]).await;
    upstream.then(Act::call("Far__resumes", &json!({})));
    upstream.then(Act::answer(&["So."]));
    let answer = server.answer(&conversation, &model, "Go").await;
    let call = &answer["calls"][0];
    assert_eq!((&call["state"], &call["result"]), (&json!("done"), &json!("after the break")));
    assert_eq!(halting.asked().len(), 1);
    // A server that ends every stream at once, or breaks each, is asked a few times, and the call fails in time.
    for tool in ["never", "breaks"] {
        upstream.then(Act::call(&format!("Far__{tool}"), &json!({})));
        upstream.then(Act::answer(&["So."]));
        let answer = server.answer(&conversation, &model, "Again").await;
        let call = &answer["calls"][0];
        assert_eq!(call["state"], "failed", "{call}");
        let result = call["result"].as_str().unwrap();
        assert!(result.contains("TOOL_CALL_TIMEOUT_SECONDS"), "{call}");
        let times = halting.asked().iter().filter(|place| place.starts_with(tool)).count();
        assert!((2..10).contains(&times), "{tool}: asked {times} times");
    }
    eventually("nobody asks any more", || async {
        let before = halting.asked().len();
        tokio::time::sleep(Duration::from_millis(1500)).await;
        (halting.asked().len() == before).then_some(())
    })
    .await;
}
