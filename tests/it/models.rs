//! Providers and their models: added, listed, tested, found on this machine.

use serde_json::json;

use crate::harness::dialect::{ALL, Dialect};
use crate::harness::talk::{id_of, items};
use crate::harness::{Act, Server, Upstream, eventually, skipped};

#[tokio::test]
async fn each_kind_of_provider_lists_its_models() {
    let server = Server::start().await;
    for dialect in ALL {
        let upstream = Upstream::start(dialect).await;
        let model = server.connect(&upstream).await;
        let models = server.get("/models?refresh=true").await.is(200);
        let listed = items(&models).iter().find(|item| item["id"] == model.as_str());
        let listed = listed.unwrap_or_else(|| panic!("{model} is not in {models}"));
        assert_eq!(listed["name"], "tale-1");
        assert_eq!(listed["kind"], dialect.kind());
        assert_eq!(listed["provider_name"], "Scripted");
        assert_eq!(listed["reachable"], true);
        assert_eq!(listed["local"], true);
        for field in ["provider_id", "context_window", "capabilities", "price", "reason"] {
            assert!(listed.get(field).is_some(), "{field} is not in {listed}");
        }
        if dialect != Dialect::Anthropic {
            assert_eq!(listed["context_window"], 8192, "{listed}");
        }
        if dialect == Dialect::Ollama {
            assert_eq!(listed["capabilities"]["vision"], true, "{listed}");
        }
    }
}

#[tokio::test]
async fn a_provider_that_is_gone_is_said_to_be_unreachable_and_why() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    server.get("/models?refresh=true").await.is(200);
    upstream.close();
    drop(upstream);
    let models = server.get("/models?refresh=true").await.is(200);
    let listed = items(&models).iter().find(|item| item["id"] == model.as_str()).unwrap();
    assert_eq!(listed["reachable"], false, "{listed}");
    assert!(listed["reason"].is_string(), "{listed}");
    let passages = items(&models).iter().find(|item| item["id"] == "passages/passages").unwrap();
    assert_eq!(passages["reachable"], true, "one bad upstream never affects another");
}

#[tokio::test]
async fn a_provider_is_added_changed_switched_off_and_removed() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let body = json!({"kind": "openai", "name": "Mine", "base_url": upstream.base_url()});
    let made = server.post("/providers", body).await.is(201);
    assert_eq!(made["api_key"], json!(null));
    assert_eq!(made["breaker"]["state"], "closed");
    let path = format!("/providers/{}", id_of(&made));
    assert_eq!(server.get(&path).await.is(200)["name"], "Mine");
    let off = server.patch(&path, json!({"name": "Ours", "enabled": false})).await.is(200);
    assert_eq!((&off["name"], &off["enabled"]), (&json!("Ours"), &json!(false)));
    let models = server.get("/models?refresh=true").await.is(200);
    assert!(items(&models).iter().all(|model| model["provider_id"] != made["id"]));
    let conversation = server.conversation().await;
    let question =
        json!({"content": "x", "model": format!("{}/tale-1", id_of(&made)), "stream": false});
    let messages = format!("/conversations/{conversation}/messages");
    let refused = server.post(&messages, question.clone()).await.is(200);
    assert_eq!(refused["error"]["code"], "provider_off", "{refused}");
    server.delete(&path).await.is(204);
    server.get(&path).await.error(404);
    let refused = server.post(&messages, question).await.error(400);
    assert_eq!(refused["details"]["field"], "model", "{refused}");
    server.delete("/providers/passages").await;
    assert!(
        items(&server.get("/providers").await.is(200))
            .iter()
            .any(|item| item["kind"] == "passages")
    );
}

#[tokio::test]
async fn addresses_that_cannot_be_are_refused() {
    let server = Server::start().await;
    for base_url in [
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "http://",
        "http://user:secret@127.0.0.1/v1",
        "javascript:alert(1)",
        "http://169.254.169.254/latest",
        "http://[fe80::1]/v1",
        "http://metadata.google.internal/v1",
    ] {
        let body = json!({"kind": "openai", "base_url": base_url});
        let reply = server.post("/providers", body).await;
        assert_eq!(reply.status, 400, "{base_url}: {}", reply.text);
        assert_eq!(reply.assert_error_body()["details"]["field"], "base_url", "{base_url}");
        assert!(!reply.text.contains("secret"), "{}", reply.text);
    }
    server.post("/providers", json!({"kind": "passages"})).await.error(400);
}

#[tokio::test]
async fn a_test_says_how_it_went() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let provider = server.connect(&upstream).await.replace("/tale-1", "");
    let path = format!("/providers/{provider}/test");
    let good = server.poke(&path).await.is(200);
    assert_eq!(good["ok"], true, "{good}");
    assert!(
        good["took_ms"].is_number() && good["models"].is_number() || good["models"].is_array(),
        "{good}"
    );
    // The look that a new provider gets in the background would meet the next act instead.
    eventually("both looks at the models came", || async {
        let lists = upstream.requests().into_iter().filter(|seen| seen.path.ends_with("/models"));
        (lists.count() >= 2).then_some(())
    })
    .await;
    upstream.then_for_lists(Act::status(401));
    let bad = server.poke(&path).await.is(200);
    assert_eq!((&bad["ok"], &bad["error"]["code"]), (&json!(false), &json!("wrong_key")), "{bad}");
    upstream.then_for_lists(Act::body(200, "text/html", "<html>a router's login page</html>"));
    let bad = server.poke(&path).await.is(200);
    assert_eq!(bad["error"]["code"], "bad_answer", "{bad}");
    drop(upstream);
    let bad = server.poke(&path).await.is(200);
    assert_eq!(bad["error"]["code"], "no_connection", "{bad}");
}

#[tokio::test]
async fn a_server_on_a_usual_port_is_found_and_offered_until_it_is_added() {
    let Ok(upstream) = Upstream::on(Dialect::Ollama, 11434).await else {
        return skipped("a_server_on_a_usual_port_is_found", "port 11434 is taken on this machine");
    };
    let server = Server::start().await;
    let found = eventually("it is found", || async {
        let found = server.get("/providers/found").await.is(200);
        items(&found).iter().find(|item| item["kind"] == "ollama").cloned()
    })
    .await;
    assert!(found["base_url"].as_str().unwrap().contains(":11434"), "{found}");
    assert!(found["models"].to_string().contains("tale-1"), "{found}");
    let body = json!({"kind": "ollama", "base_url": found["base_url"]});
    server.post("/providers", body).await.is(201);
    eventually("it is not offered again", || async {
        let found = server.get("/providers/found").await.is(200);
        items(&found).iter().all(|item| item["kind"] != "ollama").then_some(())
    })
    .await;
    drop(upstream);
}

#[tokio::test]
async fn providers_follow_no_redirects() {
    let server = Server::with("RETRY_ATTEMPTS", 1).start().await;
    let (trap, upstream) = (Upstream::openai().await, Upstream::openai().await);
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    upstream.then(Act::status_with(
        307,
        "location",
        &format!("{}/chat/completions", trap.base_url()),
    ));
    let asked = server.ask(&conversation, &model, "Follow me").await;
    let message = server.message_in_state(&conversation, &asked.answer, "failed").await;
    assert!(message["error"]["code"].is_string());
    assert!(trap.requests().is_empty(), "the key would have gone with it");
}

#[tokio::test]
async fn offline_means_this_machine_only() {
    let server = Server::with("OFFLINE", true).start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    assert_eq!(server.answer(&conversation, &model, "Hello").await["state"], "complete");
    let body = json!({"kind": "openai", "name": "Far", "base_url": "http://192.0.2.1/v1"});
    let reply = server.post("/providers", body).await;
    if reply.status == 201 {
        let provider = id_of(&reply.json());
        let tested = server.poke(&format!("/providers/{provider}/test")).await.is(200);
        assert_eq!(tested["error"]["code"], "offline", "{tested}");
    } else {
        reply.assert_error_body();
    }
}

#[tokio::test]
async fn a_stopped_provider_can_be_reset_and_counts_what_happened() {
    let server = Server::start().await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    server.answer(&conversation, &model, "Hello").await;
    let provider =
        server.get(&format!("/providers/{}", model.replace("/tale-1", ""))).await.is(200);
    assert!(provider["stats"]["requests"].as_u64().unwrap() >= 1, "{provider}");
    assert_eq!(provider["stats"]["failures"], 0, "{provider}");
}
