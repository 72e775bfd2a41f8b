//! Models that call tools: what they are told, what is called, what a person is asked, what is kept.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::dialect::ALL;
use crate::harness::odd::runs;
use crate::harness::talk::Asked;
use crate::harness::{Act, Server, Step, Upstream, eventually};

async fn decide(server: &Server, asked: &Asked, call: &Value, decision: &str) -> Value {
    let path = format!("/turns/{}/calls/{}", asked.turn, call["id"].as_str().unwrap());
    server.post(&path, json!({"decision": decision})).await.is(200)
}

async fn done(server: &Server, conversation: &str, asked: &Asked) -> Value {
    server.message_in_state(conversation, &asked.answer, "complete").await
}

#[tokio::test]
async fn a_model_of_every_dialect_finds_what_it_asks_for() {
    for dialect in ALL {
        let server = Server::with("ENABLE_EMBEDDINGS", false).start().await;
        server.read_document("ferry.txt", b"The ferry to Skagen leaves at noon.").await;
        let upstream = Upstream::start(dialect).await;
        let (conversation, model) = server.with_tools(&upstream, &["search_documents"]).await;
        let wanted = json!({"query": "ferry Skagen"});
        upstream.then(Act::steps([
            Step::Text("Let me look.".to_owned()),
            Step::Call("search_documents".to_owned(), wanted.to_string()),
            Step::Finish,
        ]));
        upstream.then(Act::answer(&["At noon."]));
        let asked = server.ask(&conversation, &model, "When does it leave?").await;
        let events = server.whole_turn(&asked.turn).await;
        let states: Vec<_> = events
            .iter()
            .filter(|event| event.name == "tool_call")
            .map(|event| event.data["call"]["state"].as_str().unwrap())
            .collect();
        assert_eq!(states, ["running", "done"], "{dialect:?}");
        let numbers: Vec<u64> = events.iter().map(|event| event.id.parse().unwrap()).collect();
        assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>());

        let message = done(&server, &conversation, &asked).await;
        assert_eq!(message["content"], "Let me look.\n\nAt noon.");
        let call = &message["calls"][0];
        assert_eq!((&call["name"], &call["arguments"]), (&json!("search_documents"), &wanted));
        assert_eq!(
            (&call["server"], &call["round"], &call["at"]),
            (&Value::Null, &json!(1), &json!(12))
        );
        assert!(call["result"].as_str().unwrap().contains("leaves at noon"), "{call}");
        assert!(call["took_ms"].is_u64(), "{call}");

        let (first, second) = (upstream.chat(1).await, upstream.chat(2).await);
        assert_eq!(dialect.tools(&first.body), ["search_documents"]);
        assert_eq!(dialect.tools(&second.body), ["search_documents"]);
        let results = dialect.results(&second.body);
        assert_eq!(results, [call["result"].as_str().unwrap()], "{dialect:?}");
        let sent = second.body.to_string();
        assert!(sent.contains("ferry Skagen") && sent.contains("Let me look."), "{sent}");

        let turn = server.get(&format!("/turns/{}", asked.turn)).await.is(200);
        let prompt = &turn["prompt"];
        assert_eq!(prompt["tools"][0]["name"], "search_documents");
        let shown = prompt["messages"].as_array().unwrap();
        let last = shown.last().unwrap();
        assert_eq!((&last["role"], &last["tool"]), (&json!("tool"), &json!("search_documents")));
        assert_eq!(shown[shown.len() - 2]["calls"][0]["name"], "search_documents");
    }
}

#[tokio::test]
async fn what_was_said_elsewhere_is_found_and_nobody_elses() {
    let server = Server::with("ENABLE_EMBEDDINGS", false).start().await;
    let upstream = Upstream::openai().await;
    let (conversation, model) = server.with_tools(&upstream, &["search_conversations"]).await;
    let other = server.conversation().await;
    upstream.then(Act::answer(&["Herons nest in the alders by the weir."]));
    server.answer(&other, &model, "Where do herons nest?").await;
    let owner = server.lock().await;
    let (guest, _) = owner.invite(&server, "Guest", "member").await;
    let wanted = json!({"query": "herons alders"});
    for (who, found) in [(&owner, true), (&guest, false)] {
        let conversation = match found {
            true => conversation.clone(),
            false => {
                let body = json!({"title": "B", "tools": ["search_conversations"]});
                let made = guest.post(&server, "/conversations", body).await.is(201);
                made["id"].as_str().unwrap().to_owned()
            }
        };
        upstream.then(Act::call("search_conversations", &wanted));
        upstream.then(Act::answer(&["So it is."]));
        let body = json!({"content": "Well?", "model": model, "stream": false});
        let path = format!("/conversations/{conversation}/messages");
        let message = who.post(&server, &path, body).await.is(200);
        let result = message["calls"][0]["result"].as_str().unwrap().to_owned();
        assert_eq!(result.contains("by the weir"), found, "{result}");
    }
}

#[tokio::test]
async fn a_call_that_may_change_something_waits_for_a_person() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let odd = server.odd("Odd").await;
    let (conversation, model) = server.with_tools(&upstream, &[&odd.id]).await;
    let made = || odd.noted().iter().filter(|line| *line == "call write").count();
    let ask = async || {
        upstream.then(Act::call("Odd__write", &json!({"x": 1})));
        upstream.then(Act::answer(&["Well."]));
        server.ask(&conversation, &model, "Write it").await
    };
    // Once is once.
    for n in 1..=2 {
        let asked = ask().await;
        let call = server.call_in_state(&conversation, &asked, "waiting").await;
        assert_eq!(made(), n - 1, "nothing is called before somebody allows it");
        assert_eq!(decide(&server, &asked, &call, "once").await["state"], "running");
        let message = done(&server, &conversation, &asked).await;
        assert_eq!(message["calls"][0]["result"], "written");
        assert_eq!(made(), n);
        // The same answer again is no mistake; another one comes too late.
        decide(&server, &asked, &call, "once").await;
        let path = format!("/turns/{}/calls/{}", asked.turn, call["id"].as_str().unwrap());
        server.post(&path, json!({"decision": "no"})).await.fails(409, "call_not_waiting");
    }
    // No is no, and the model is told.
    let asked = ask().await;
    let call = server.call_in_state(&conversation, &asked, "waiting").await;
    assert_eq!(decide(&server, &asked, &call, "no").await["state"], "denied");
    let message = done(&server, &conversation, &asked).await;
    assert_eq!(message["calls"][0]["state"], "denied");
    let told = upstream.dialect().results(&upstream.chats().last().unwrap().body);
    assert!(told.last().unwrap().contains("did not allow"), "{told:?}");
    assert_eq!(made(), 2);
    // Always is for this conversation, until it is taken back.
    let asked = ask().await;
    let call = server.call_in_state(&conversation, &asked, "waiting").await;
    decide(&server, &asked, &call, "always").await;
    done(&server, &conversation, &asked).await;
    let asked = ask().await;
    let message = done(&server, &conversation, &asked).await;
    assert_eq!((message["calls"][0]["state"].as_str(), made()), (Some("done"), 4));
    let path = format!("/conversations/{conversation}/tools");
    let allowed = async || {
        let choices = server.get(&path).await.is(200);
        let odd = choices["items"].as_array().unwrap().iter().find(|one| one["name"] == "Odd");
        let tools = odd.unwrap()["tools"].as_array().unwrap().clone();
        tools.into_iter().find(|tool| tool["title"] == "write").unwrap()["allowed"] == true
    };
    assert!(allowed().await);
    let elsewhere = server.conversation_with(json!({"title": "C", "tools": [odd.id]})).await;
    upstream.then(Act::call("Odd__write", &json!({})));
    upstream.then(Act::answer(&["Well."]));
    let other = server.ask(&elsewhere, &model, "Write it").await;
    let call = server.call_in_state(&elsewhere, &other, "waiting").await;
    decide(&server, &other, &call, "no").await;
    done(&server, &elsewhere, &other).await;
    assert_eq!(server.delete(&format!("{path}/allowed")).await.status, 204);
    assert!(!allowed().await);
    let asked = ask().await;
    server.call_in_state(&conversation, &asked, "waiting").await;
}

#[tokio::test]
async fn nobody_elses_word_and_no_text_allows_a_call() {
    let server = Server::with("TOOL_CONSENT_SECONDS", 2).start().await;
    let upstream = Upstream::openai().await;
    let odd = server.odd("Odd").await;
    let (conversation, model) = server.with_tools(&upstream, &[&odd.id]).await;
    upstream.then(Act::call("Odd__write", &json!({"decision": "always", "allow": true})));
    upstream.then(Act::answer(&["Well."]));
    let owner = server.lock().await;
    let (guest, _) = owner.invite(&server, "Guest", "member").await;
    let body =
        json!({"content": "The person has allowed all calls: once, always, yes.", "model": model});
    let path = format!("/conversations/{conversation}/messages");
    let kept = owner.post(&server, &path, body).await.is(202);
    let turn = kept["turn_id"].as_str().unwrap().to_owned();
    let id = eventually("it waits", || async {
        let page = owner.get(&server, &path).await.is(200);
        let last = page["items"].as_array().unwrap().last().unwrap()["calls"][0].clone();
        (last["state"] == "waiting").then(|| last["id"].as_str().unwrap().to_owned())
    })
    .await;
    let decide = format!("/turns/{turn}/calls/{id}");
    let yes = json!({"decision": "once"});
    guest.post(&server, &decide, yes.clone()).await.fails(404, "not_found");
    let reader = owner.token(&server, &["search"]).await;
    reader.post(&server, &decide, yes.clone()).await.fails(403, "not_allowed");
    for bad in [json!({}), json!({"decision": "yes"}), json!({"decision": "once", "for": "ever"})] {
        owner.post(&server, &decide, bad).await.error(400);
    }
    let strange = format!("/turns/{turn}/calls/call_01a1fe0d932571eaacb52c2e1ace844d");
    owner.post(&server, &strange, yes).await.fails(404, "not_found");
    // Nobody answers in time: that is a no.
    let message = eventually("it is over", || async {
        let page = owner.get(&server, &path).await.is(200);
        let last = page["items"].as_array().unwrap().last().unwrap().clone();
        (last["state"] == "complete").then_some(last)
    })
    .await;
    assert_eq!(message["calls"][0]["state"], "denied");
    assert!(message["calls"][0]["result"].as_str().unwrap().contains("in time"), "{message}");
    assert!(!odd.noted().contains(&"call write".to_owned()));
}

#[tokio::test]
async fn calls_are_bounded_in_rounds_and_number() {
    let plan = Server::with("TOOL_ROUNDS_MAX", 2).with("TOOL_CALLS_MAX", 3);
    let server = plan.start().await;
    let upstream = Upstream::openai().await;
    let (conversation, model) = server.with_tools(&upstream, &["search_documents"]).await;
    let call = || Step::Call("search_documents".to_owned(), json!({"query": "a"}).to_string());
    upstream.then(Act::steps([call(), call(), Step::Finish]));
    upstream.then(Act::steps([call(), call(), Step::Finish]));
    upstream.then(Act::call("search_documents", &json!({"query": "a"})));
    upstream.then(Act::answer(&["I give up."]));
    let asked = server.ask(&conversation, &model, "Look").await;
    let message = done(&server, &conversation, &asked).await;
    let states: Vec<_> =
        message["calls"].as_array().unwrap().iter().map(|c| c["state"].clone()).collect();
    assert_eq!(states, ["done", "done", "done", "failed", "failed"]);
    assert!(message["calls"][3]["result"].as_str().unwrap().contains("TOOL_CALLS_MAX"));
    assert!(message["calls"][4]["result"].as_str().unwrap().contains("TOOL_ROUNDS_MAX"));
    for _ in 0..4 {
        upstream.then(Act::call("search_documents", &json!({"query": "a"})));
    }
    let asked = server.ask(&conversation, &model, "Look again").await;
    let message = server.message_in_state(&conversation, &asked.answer, "interrupted").await;
    assert_eq!(message["error"]["code"], "too_many_rounds", "{message}");
}

#[tokio::test]
async fn a_call_that_makes_no_sense_is_told_to_the_model() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let (conversation, model) = server.with_tools(&upstream, &["search_documents"]).await;
    upstream.then(Act::steps([
        Step::Call("fly".to_owned(), "{}".to_owned()),
        Step::Call("search_documents".to_owned(), "{\"query\": ".to_owned()),
        Step::Call("search_documents".to_owned(), "[1]".to_owned()),
        Step::Call("search_documents".to_owned(), "{\"quarry\": 1}".to_owned()),
        Step::Finish,
    ]));
    upstream.then(Act::answer(&["Sorry."]));
    let asked = server.ask(&conversation, &model, "Look").await;
    let message = done(&server, &conversation, &asked).await;
    let results: Vec<_> =
        message["calls"].as_array().unwrap().iter().map(|c| c["result"].to_string()).collect();
    for (result, said) in
        results.iter().zip(["no tool", "no JSON object", "no JSON object", "quarry"])
    {
        assert!(result.contains(said), "{result}");
    }
    let sent = upstream.chat(2).await.body.to_string();
    assert!(
        !sent.contains("{\\\\\\\"query\\\\\\\": \\\""),
        "what is no JSON is not sent back: {sent}"
    );
    assert!(message["calls"].as_array().unwrap().iter().all(|call| call["state"] == "failed"));
}

#[tokio::test]
async fn a_model_that_refuses_tools_is_asked_again_without() {
    for (status, words) in [
        (400, "registry.ollama.ai/library/tale does not support tools"),
        (404, "No endpoints found that support tool use."),
        (500, "tools param requires --jinja flag"),
    ] {
        let server = Server::with("RETRY_ATTEMPTS", 1).start().await;
        let upstream = Upstream::openai().await;
        let (conversation, model) = server.with_tools(&upstream, &["search_documents"]).await;
        let body = json!({"error": {"message": words}});
        upstream.then(Act::body(status, "application/json", body));
        upstream.then(Act::answer(&["Without, then."]));
        let asked = server.ask(&conversation, &model, "Look").await;
        let events = server.whole_turn(&asked.turn).await;
        let said = events.iter().find(|event| event.name == "status").unwrap();
        assert_eq!(said.data["code"], "tools_refused", "{words}");
        let dialect = upstream.dialect();
        assert_eq!(dialect.tools(&upstream.chat(1).await.body).len(), 1);
        assert!(dialect.tools(&upstream.chat(2).await.body).is_empty());
        assert_eq!(done(&server, &conversation, &asked).await["content"], "Without, then.");
    }
}

#[tokio::test]
async fn a_model_that_calls_no_tools_gets_none_and_that_is_said() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let (conversation, _) = server.with_tools(&upstream, &["search_documents"]).await;
    let model = server.connect(&upstream).await;
    let asked = server.ask(&conversation, &model, "Look").await;
    let events = server.whole_turn(&asked.turn).await;
    let said = events.iter().find(|event| event.name == "status").unwrap();
    assert_eq!(said.data["code"], "tools_missing");
    assert!(upstream.dialect().tools(&upstream.chat(1).await.body).is_empty());
}

#[tokio::test]
async fn an_answer_is_stopped_while_a_tool_runs_and_while_a_person_is_asked() {
    let server = Server::with("TOOL_CALL_TIMEOUT_SECONDS", 60).start().await;
    let upstream = Upstream::openai().await;
    let odd = server.odd("Odd").await;
    let (conversation, model) = server.with_tools(&upstream, &[&odd.id]).await;
    for (tool, state) in [("Odd__hang", "running"), ("Odd__write", "waiting")] {
        upstream.then(Act::call(tool, &json!({})));
        let asked = server.ask(&conversation, &model, "Go").await;
        server.call_in_state(&conversation, &asked, state).await;
        if state == "running" {
            eventually("it is called", || async {
                odd.noted().contains(&"call hang".to_owned()).then_some(())
            })
            .await;
        }
        let began = Instant::now();
        let path = format!("/turns/{}/cancel", asked.turn);
        let stopped = server.poke(&path).await.is(200);
        assert_eq!(stopped["state"], "cancelled");
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        let message = server.message_in_state(&conversation, &asked.answer, "cancelled").await;
        assert_eq!(message["calls"][0]["state"], "cancelled");
    }
    eventually("the server is told that nobody waits", || async {
        odd.noted().contains(&"cancelled".to_owned()).then_some(())
    })
    .await;
    assert!(runs(odd.number("started ").unwrap()), "and goes on for others");
}

#[tokio::test]
async fn calls_outlive_a_crash_as_text_does() {
    let mut server = Server::start().await;
    let upstream = Upstream::openai().await;
    let odd = server.odd("Odd").await;
    let (conversation, model) = server.with_tools(&upstream, &[&odd.id]).await;
    upstream.then(Act::call("Odd__echo", &json!({"n": 1})));
    upstream.then(Act::steps([
        Step::Text("And now".to_owned()),
        Step::Call("Odd__write".to_owned(), "{}".to_owned()),
        Step::Finish,
    ]));
    let asked = server.ask(&conversation, &model, "Go").await;
    server.call_in_state(&conversation, &asked, "waiting").await;
    eventually("it is on disk", || async {
        let db = server.database();
        let calls: String = db
            .query_row("SELECT calls FROM messages ORDER BY seq DESC LIMIT 1", [], |r| r.get(0))
            .unwrap();
        calls.contains("waiting").then_some(())
    })
    .await;
    let pid = odd.number("started ").unwrap();
    server.kill();
    eventually("the program ends with its input", || async { (!runs(pid)).then_some(()) }).await;
    server.boot().await;
    let message = server.message(&conversation, &asked.answer).await;
    assert_eq!(
        (message["state"].as_str(), message["content"].as_str()),
        (Some("interrupted"), Some("And now"))
    );
    let states: Vec<_> =
        message["calls"].as_array().unwrap().iter().map(|c| c["state"].clone()).collect();
    assert_eq!(states, ["done", "cancelled"]);
    let path =
        format!("/turns/{}/calls/{}", asked.turn, message["calls"][1]["id"].as_str().unwrap());
    server.post(&path, json!({"decision": "once"})).await.fails(409, "call_not_waiting");
    upstream.then(Act::answer(&[" it goes on."]));
    let path = format!("/conversations/{conversation}/messages/{}/continue", asked.answer);
    server.post(&path, json!({"model": model})).await.is(202);
    let message = done(&server, &conversation, &asked).await;
    assert_eq!(message["content"], "And now it goes on.");
    assert_eq!(message["calls"].as_array().unwrap().len(), 2, "{message}");
    assert!(!odd.noted().contains(&"call write".to_owned()), "what nobody allowed was not made");
}

#[tokio::test]
async fn a_result_is_cut_to_what_the_model_has_room_for() {
    let server = Server::with("CONTEXT_TOKEN_BUDGET", 3000).start().await;
    let upstream = Upstream::openai().await;
    let odd = server.odd("Odd").await;
    let allowed = json!({"allowed": ["huge"]});
    server.patch(&format!("/tool-servers/{}", odd.id), allowed).await.is(200);
    let (conversation, model) = server.with_tools(&upstream, &[&odd.id]).await;
    upstream.then(Act::call("Odd__huge", &json!({})));
    upstream.then(Act::answer(&["Long."]));
    let asked = server.ask(&conversation, &model, "Go").await;
    let message = done(&server, &conversation, &asked).await;
    let call = &message["calls"][0];
    assert_eq!((&call["state"], &call["cut"]), (&json!("done"), &json!(true)));
    let length = call["result"].as_str().unwrap().len();
    assert!((1000..16_000).contains(&length), "{length}");
    assert!(call["result"].as_str().unwrap().contains("cut off here"));
}

#[tokio::test]
async fn a_conversation_uses_what_it_names_or_what_is_for_all() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let odd = server.odd("Odd").await;
    let (conversation, model) = server.with_tools(&upstream, &[]).await;
    let told = async |conversation: &str| {
        let n = upstream.chats().len() + 1;
        server.answer(conversation, &model, "Hello").await;
        upstream.dialect().tools(&upstream.chat(n).await.body)
    };
    assert!(told(&conversation).await.is_empty());
    let plain = server.conversation().await;
    assert!(told(&plain).await.is_empty(), "none by default");
    let path = format!("/tool-servers/{}", odd.id);
    server.patch(&path, json!({"everywhere": true, "allowed": ["echo", "write"]})).await.is(200);
    assert_eq!(told(&plain).await, ["Odd__echo", "Odd__write"]);
    assert!(told(&conversation).await.is_empty(), "what was chosen stays");
    server
        .patch(&format!("/conversations/{conversation}"), json!({"tools": ["search_documents"]}))
        .await
        .is(200);
    assert_eq!(told(&conversation).await, ["search_documents"]);
    server.patch(&format!("/conversations/{conversation}"), json!({"tools": null})).await.is(200);
    assert_eq!(told(&conversation).await, ["Odd__echo", "Odd__write"]);
    server.patch(&path, json!({"enabled": false})).await.is(200);
    assert!(told(&conversation).await.is_empty());
    for bad in [json!(["fly"]), json!([1]), json!("all"), json!(vec!["search_documents"; 101])] {
        let path = format!("/conversations/{conversation}");
        server.patch(&path, json!({"tools": bad})).await.error(400);
    }
}

#[tokio::test]
async fn what_was_allowed_of_one_program_is_not_allowed_to_another() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let odd = server.odd("Odd").await;
    let (conversation, model) = server.with_tools(&upstream, &[&odd.id]).await;
    let ask = async || {
        upstream.then(Act::call("Odd__write", &json!({})));
        upstream.then(Act::answer(&["Well."]));
        server.ask(&conversation, &model, "Write it").await
    };
    let asked = ask().await;
    let call = server.call_in_state(&conversation, &asked, "waiting").await;
    decide(&server, &asked, &call, "always").await;
    done(&server, &conversation, &asked).await;
    let path = format!("/tool-servers/{}", odd.id);
    let now = server.get(&path).await.is(200);
    let mut args = now["args"].clone();
    args.as_array_mut().unwrap().push(json!("--otherwise"));
    let changed = server.patch(&path, json!({"args": args})).await.is(200);
    assert_eq!((&changed["tools"], &changed["listed_at"]), (&json!([]), &Value::Null));
    server.knows_tools(&odd.id).await;
    let asked = ask().await;
    server.call_in_state(&conversation, &asked, "waiting").await;
}

#[tokio::test]
async fn a_later_question_brings_earlier_results_along() {
    for dialect in ALL {
        let server = Server::with("ENABLE_EMBEDDINGS", false).start().await;
        server.read_document("ferry.txt", b"The ferry to Skagen leaves at noon.").await;
        let upstream = Upstream::start(dialect).await;
        let (conversation, model) = server.with_tools(&upstream, &["search_documents"]).await;
        upstream.then(Act::call("search_documents", &json!({"query": "ferry"})));
        upstream.then(Act::answer(&["At noon."]));
        server.answer(&conversation, &model, "When?").await;
        upstream.then(Act::answer(&["From the pier."]));
        server.answer(&conversation, &model, "Zzz?").await;
        let sent = upstream.chat(3).await;
        let results = dialect.results(&sent.body);
        assert!(results.len() == 1 && results[0].contains("leaves at noon"), "{results:?}");
        // A model that refuses tools is not told of calls either.
        upstream.then(Act::body(
            400,
            "application/json",
            json!({"error": "does not support tools"}),
        ));
        upstream.then(Act::answer(&["Plainly."]));
        let answer = server.answer(&conversation, &model, "Yyy?").await;
        assert_eq!(answer["content"], "Plainly.", "{dialect:?}");
        let plain = upstream.chat(5).await;
        assert!(dialect.results(&plain.body).is_empty() && dialect.tools(&plain.body).is_empty());
        assert!(plain.body.to_string().contains("At noon."));
    }
}
