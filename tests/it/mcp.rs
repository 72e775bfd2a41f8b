//! The MCP door as the official client finds it: both revisions over both transports, tools by what a
//! token may, documents as resources, and clear words for what is wrong.

use reqwest::Method;
use rmcp::ServiceError;
use rmcp::model::{ReadResourceRequestParams, ResourceContents};
use serde_json::{Value, json};

use crate::harness::mcp::{
    REVISIONS, Revision, call, events, initialize, stateless, tool_call, tools,
};
use crate::harness::raw::status_of;
use crate::harness::{Server, Upstream, in_time};

/// Tools that find and read.
const SEARCH: [&str; 2] = ["search_conversations", "search_documents"];

/// Tools that talk with other agents.
const BUS: [&str; 6] =
    ["bus_ask", "bus_broadcast", "bus_messages", "bus_search", "bus_send", "bus_status"];

async fn read(client: &crate::harness::mcp::Client, uri: &str) -> Vec<ResourceContents> {
    let wanted = ReadResourceRequestParams::new(uri);
    in_time("a resource", client.read_resource(wanted)).await.unwrap().contents
}

fn text_of(contents: &ResourceContents) -> (&str, &str) {
    match contents {
        ResourceContents::TextResourceContents { uri, text, .. } => (uri, text),
        other => panic!("not text: {other:?}"),
    }
}

#[tokio::test]
async fn both_revisions_over_both_transports_find_what_was_said_and_added() {
    // What is found by meaning, other tests show.
    let server = Server::with("ENABLE_EMBEDDINGS", false).start().await;
    let ferry = b"The ferry to Skagen leaves at noon from the eastern pier.";
    let document = server.read_document("ferry.txt", ferry).await;
    let upstream = Upstream::openai().await;
    let model = server.connect(&upstream).await;
    let conversation = server.conversation().await;
    upstream.then(crate::harness::Act::answer(&["Herons nest in the alders."]));
    server.answer(&conversation, &model, "Where do herons nest?").await;
    for revision in REVISIONS {
        let (over_stdio, mut child) = server.mcp_over_stdio(revision).await;
        for client in [server.mcp(revision, None).await, over_stdio] {
            let peer = client.peer_info().unwrap();
            assert_eq!(peer.protocol_version.as_str(), revision.name());
            assert!(peer.instructions.as_deref().unwrap().contains("private workspace"));
            let all: Vec<_> = BUS.iter().chain(&SEARCH).copied().collect();
            assert_eq!(tools(&client).await, all);
            let wanted = json!({"query": "ferry skagen"});
            let (failed, found) = call(&client, "search_documents", wanted).await;
            assert!(!failed, "{found}");
            let hits = found["items"].as_array().unwrap();
            let hit = hits.iter().find(|hit| hit["kind"] == "passage").unwrap();
            assert_eq!(hit["document_id"], document["id"], "{found}");
            let uri = hit["uri"].as_str().unwrap();
            let contents = read(&client, uri).await;
            assert_eq!(text_of(&contents[0]), (uri, std::str::from_utf8(ferry).unwrap()));
            let wanted = json!({"query": "herons", "role": "assistant", "limit": 5});
            let (failed, found) = call(&client, "search_conversations", wanted).await;
            assert!(!failed, "{found}");
            let hits = found["items"].as_array().unwrap();
            assert!(hits.iter().any(|hit| hit["conversation_id"] == conversation.as_str()));
            assert!(hits.iter().all(|hit| hit["document_id"].is_null()), "{found}");
            in_time("the client leaves", client.cancel()).await.unwrap();
        }
        let status = in_time("inglenook mcp ends with its input", child.wait()).await.unwrap();
        assert!(status.success(), "{status}");
    }
}

#[tokio::test]
async fn a_token_is_shown_the_tools_that_its_scopes_allow_and_no_other_works() {
    let server = Server::start().await;
    server.read_document("a.txt", b"A walk along the weir").await;
    let owner = server.lock().await;
    for revision in REVISIONS {
        for (scope, shown) in [("search", &SEARCH[..]), ("chat", &SEARCH), ("bus", &BUS)] {
            let token = owner.token(&server, &[scope]).await;
            let client = server.mcp(revision, Some(&token)).await;
            assert_eq!(tools(&client).await, shown, "{scope}");
            for tool in SEARCH.iter().chain(&BUS) {
                // What is wrong with it is only said to who may use it.
                let (failed, told) = call(&client, tool, json!({"no": "such field"})).await;
                let code = if shown.contains(tool) { "invalid_input" } else { "not_allowed" };
                assert!(failed && told["code"] == code, "{scope} {tool}: {told}");
            }
            let resources = client.list_all_resources().await.unwrap();
            assert_eq!(resources.is_empty(), scope == "bus", "{scope}");
        }
    }
    for scope in ["rooms", "admin"] {
        let token = owner.token(&server, &[scope]).await;
        let told = server.mcp_post(Some(&token), &initialize()).await.fails(403, "not_allowed");
        assert!(told["error"].as_str().unwrap().contains("bus or search or chat"), "{told}");
    }
    for message in [initialize(), stateless(1, "server/discover", &json!({}))] {
        server.mcp_post(None, &message).await.fails(401, "not_signed_in");
    }
}

#[tokio::test]
async fn another_persons_documents_and_words_are_not_there() {
    let server = Server::start().await;
    let secret = server.read_document("secret.txt", b"The marmalade is behind the clock").await;
    let owner = server.lock().await;
    let (guest, _) = owner.invite(&server, "Guest", "member").await;
    let token = guest.token(&server, &["search"]).await;
    let client = server.mcp(Revision::Stateless, Some(&token)).await;
    for tool in SEARCH {
        let (_, found) = call(&client, tool, json!({"query": "marmalade"})).await;
        assert_eq!(found["items"], json!([]));
    }
    assert!(client.list_all_resources().await.unwrap().is_empty());
    let uri = format!("inglenook://documents/{}", secret["id"].as_str().unwrap());
    let read = client.read_resource(ReadResourceRequestParams::new(uri)).await;
    let Err(ServiceError::McpError(error)) = read else { panic!("it was read: {read:?}") };
    assert_eq!(error.data.unwrap()["code"], "not_found");
}

#[tokio::test]
async fn a_tool_says_which_argument_is_wrong() {
    let server = Server::start().await;
    for revision in REVISIONS {
        let client = server.mcp(revision, None).await;
        for (arguments, field) in [
            (json!({}), "query"),
            (json!({"query": 7}), "query"),
            (json!({"query": "a", "limit": 0}), "limit"),
            (json!({"query": "a", "limit": "many"}), "limit"),
            (json!({"query": "a", "limit": 51}), "limit"),
            (json!({"query": "a", "document_id": "doc_1"}), "document_id"),
            (json!({"query": "a", "from": "yesterday"}), "from"),
            (json!({"query": "a", "colour": "sesame"}), "colour"),
        ] {
            let (failed, told) = call(&client, "search_documents", arguments.clone()).await;
            assert!(failed, "{arguments}");
            assert_eq!((&told["code"], &told["field"]), (&"invalid_input".into(), &field.into()));
            assert!(told["error"].as_str().unwrap().contains(field), "{told}");
            assert!(!told.to_string().contains("sesame"), "{told}");
        }
        let (failed, told) =
            call(&client, "search_conversations", json!({"query": "a", "role": "boss"})).await;
        assert!(failed && told["field"] == "role", "{told}");
        let wanted = rmcp::model::CallToolRequestParams::new("fly");
        let Err(ServiceError::McpError(error)) = client.call_tool(wanted).await else {
            panic!("there is such a tool");
        };
        assert!(error.message.contains("fly"), "{}", error.message);
    }
}

#[tokio::test]
async fn documents_are_listed_page_by_page_and_read_part_by_part() {
    let server =
        Server::with("TEXT_WINDOW_CHARS", 1000).with("ENABLE_EMBEDDINGS", false).start().await;
    let long: String = (0..400).map(|n| format!("word{n:04} ")).collect();
    let id = server.read_document("long.txt", long.as_bytes()).await["id"].clone();
    for n in 0..50 {
        let text = format!("Leaf {n}");
        server.document(&format!("leaf{n}.txt"), text.as_bytes()).await;
    }
    crate::harness::eventually("all are ready", || async {
        let ready = server.get("/documents?state=ready&limit=200").await.is(200);
        (ready["items"].as_array().unwrap().len() == 51).then_some(())
    })
    .await;
    let client = server.mcp(Revision::Sessions, None).await;
    let first = client.list_resources(None).await.unwrap();
    assert_eq!(first.resources.len(), 50);
    assert!(first.next_cursor.is_some());
    let all = client.list_all_resources().await.unwrap();
    assert_eq!(all.len(), 51);
    let uri = format!("inglenook://documents/{}", id.as_str().unwrap());
    let listed = all.iter().find(|one| one.uri == uri).unwrap();
    assert_eq!(
        (listed.name.as_str(), listed.mime_type.as_deref()),
        ("long.txt", Some("text/plain"))
    );
    let (mut whole, mut next) = (String::new(), Some(uri.clone()));
    let mut parts = 0;
    while let Some(uri) = next.take() {
        let contents = read(&client, &uri).await;
        whole.push_str(text_of(&contents[0]).1);
        next = contents.get(1).map(|rest| text_of(rest).0.to_owned());
        parts += 1;
    }
    assert_eq!((whole.trim(), parts), (long.trim(), 4));
    let templates = client.list_all_resource_templates().await.unwrap();
    assert_eq!(templates[0].uri_template, "inglenook://documents/{id}{?start}");
    for (bad, code) in [
        (format!("{uri}?start=-1"), "invalid_input"),
        ("file:///etc/passwd".to_owned(), "invalid_input"),
        ("inglenook://documents/../a".to_owned(), "not_found"),
        ("inglenook://documents/doc_01a1fe0d932571eaacb52c2e1ace844d".to_owned(), "not_found"),
    ] {
        let read = client.read_resource(ReadResourceRequestParams::new(&bad)).await;
        let Err(ServiceError::McpError(error)) = read else { panic!("{bad} was read") };
        assert_eq!(error.data.unwrap()["code"], code, "{bad}");
    }
}

#[tokio::test]
async fn pages_of_other_sites_and_other_hosts_are_refused_even_with_a_token() {
    let server = Server::start().await;
    let owner = server.lock().await;
    let token = owner.token(&server, &["search"]).await;
    for method in [Method::POST, Method::GET, Method::DELETE] {
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("origin", "http://localhost:1"),
            ("sec-fetch-site", "cross-site"),
        ] {
            let request = server.mcp_request(method.clone(), Some(&token)).header(name, value);
            let reply = server.send(request.json(&initialize())).await;
            reply.fails(403, "cross_site");
        }
    }
    let own = server.mcp_request(Method::POST, Some(&token)).header("origin", server.origin());
    assert_eq!(server.send(own.json(&initialize())).await.status, 200);
    let line = format!("Authorization: {}", token.value);
    for host in ["evil.example", "127.0.0.1.evil.example"] {
        let answer = server.raw_get("/mcp", &[&format!("Host: {host}"), &line]).await;
        assert_eq!(status_of(&answer), 403, "{answer}");
    }
}

#[tokio::test]
async fn whatever_is_sent_is_answered_and_never_with_a_fault_of_ours() {
    let server = Server::start().await;
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let session = server.mcp_session(None).await;
    let bodies = [
        "",
        "null",
        "[]",
        "{}",
        "{",
        "7",
        "\"a\"",
        &deep,
        r#"{"jsonrpc": "2.0"}"#,
        r#"{"jsonrpc": "1.0", "id": 1, "method": "ping"}"#,
        r#"{"jsonrpc": "2.0", "id": 1, "method": 7}"#,
        r#"{"jsonrpc": "2.0", "id": {}, "method": "tools/list"}"#,
        r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": 7}"#,
        r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/call"}"#,
        r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 7}}"#,
        r#"{"jsonrpc": "2.0", "id": 1, "method": "no/such/method"}"#,
        r#"{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}"#,
        r#"{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "1"}}"#,
        r#"{"jsonrpc": "2.0", "id": 99, "result": {}}"#,
        r#"{"jsonrpc": "2.0", "id": 99, "error": {"code": 1, "message": "a"}}"#,
        r#"{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 4}}"#,
        r#"[{"jsonrpc": "2.0", "id": 1, "method": "ping"}]"#,
    ];
    let dressings: [&[(&str, &str)]; 6] = [
        &[],
        &[("mcp-session-id", &session)],
        &[("mcp-session-id", "no-such-session")],
        &[("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/list")],
        &[("mcp-protocol-version", "1999-01-01")],
        &[("last-event-id", "7/7"), ("mcp-session-id", &session)],
    ];
    for dressing in dressings {
        for body in &bodies {
            let mut request = server.mcp_request(Method::POST, None);
            for (name, value) in dressing {
                request = request.header(*name, *value);
            }
            let request = request.header("content-type", "application/json");
            let reply = server.send(request.body((*body).to_owned())).await;
            let good = (200..300).contains(&reply.status) || (400..500).contains(&reply.status);
            assert!(good, "{dressing:?} {body}: {} {}", reply.status, reply.text);
        }
    }
    for params in [json!({"name": 7}), json!({"name": "bus_status", "arguments": 7})] {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        let told = server.mcp_in(None, &session, &message).await;
        let told = events(&told.text);
        assert_eq!(told[0]["error"]["code"], -32602, "{told:?}");
        let said = told[0]["error"]["message"].as_str().unwrap();
        assert!(said.contains("arguments an object"), "{said}");
    }
    let type_is_needed = server.mcp_request(Method::POST, None).body(initialize().to_string());
    server.send(type_is_needed).await.fails(415, "wrong_content_type");
    let accept = server.request(Method::POST, "/mcp").json(&initialize());
    server.send(accept.header("accept", "text/html")).await.fails(406, "not_acceptable");
    server
        .send(server.request(Method::PUT, "/mcp").json(&json!({})))
        .await
        .fails(405, "method_not_allowed");
    let stale = server.mcp_in(None, "no-such-session", &tool_call(1, "a", &json!({}))).await;
    stale.fails(404, "not_found");
    assert_eq!(server.get("/health").await.status, 200);
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[tokio::test]
async fn the_revision_without_sessions_needs_nothing_but_the_request() {
    let server = Server::start().await;
    let found = server.mcp_post(None, &stateless(1, "server/discover", &json!({}))).await.is(200);
    let versions = found["result"]["supportedVersions"].as_array().unwrap();
    for version in ["2025-11-25", "2026-07-28"] {
        assert!(versions.contains(&json!(version)), "{found}");
    }
    let listed = server.mcp_post(None, &stateless(2, "tools/list", &json!({}))).await.is(200);
    assert!(listed["result"]["tools"].as_array().unwrap().len() >= SEARCH.len(), "{listed}");
    let params = json!({"name": "search_documents", "arguments": {"query": "a"}});
    let reply = server.mcp_post(None, &stateless(3, "tools/call", &params)).await;
    assert_eq!(reply.header("mcp-session-id"), "");
    assert!(!reply.header("x-request-id").is_empty());
    let called = reply.is(200);
    assert_eq!(called["result"]["isError"], false, "{called}");
    // Without its metadata it is refused, in the protocol's own words.
    let mut bare = stateless(4, "tools/list", &json!({}));
    bare["params"]["_meta"] = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28"});
    let refused = server.mcp_post(None, &bare).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert_eq!(refused.json()["error"]["code"], -32602);
    server
        .send(server.mcp_request(Method::GET, None).header("mcp-protocol-version", "2026-07-28"))
        .await
        .fails(405, "method_not_allowed");
}

#[tokio::test]
async fn inglenook_mcp_says_so_when_nothing_runs_and_finds_what_was_started_again() {
    let mut server = Server::start().await;
    let (client, _child) = server.mcp_over_stdio(Revision::Sessions).await;
    assert!(!tools(&client).await.is_empty());
    // Another port, another key, and no session that it knows.
    server.restart().await;
    assert!(!tools(&client).await.is_empty());
    drop(client);
    let asked =
        [initialize(), json!("no message"), json!({"jsonrpc": "2.0", "id": 1, "method": "ping"})];
    let done = server.mcp_lines(&asked).await;
    assert_eq!(done.code, 0, "{}", done.said());
    let lines: Vec<Value> =
        done.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(lines.last().unwrap(), &json!({"jsonrpc": "2.0", "id": 1, "result": {}}));
    server.stop().await;
    let done = server.mcp_lines(&[initialize()]).await;
    assert_eq!(done.code, 1);
    assert!(done.stderr.contains("not running; start it with: inglenook"), "{}", done.stderr);
    assert_eq!(done.stdout, "");
}

#[tokio::test]
async fn calls_are_counted_like_other_requests() {
    let server = Server::with("RATE_LIMIT_API", 3).start().await;
    let listed = stateless(1, "tools/list", &json!({}));
    let first = server.mcp_post(None, &listed).await;
    assert_eq!(first.header("ratelimit-limit"), "3");
    for _ in 0..2 {
        server.mcp_post(None, &listed).await.is(200);
    }
    server.mcp_post(None, &listed).await.fails(429, "rate_limited");
}

#[tokio::test]
async fn agents_talk_with_each_other_over_the_tools() {
    let server = Server::start().await;
    for revision in REVISIONS {
        let client = server.mcp(revision, None).await;
        let word = format!("heron{}", revision.name().replace('-', ""));
        let (ada, bob) = (format!("ada-{word}"), format!("bob-{word}"));
        let message = json!({"from": ada, "to": bob, "text": word, "payload": {"n": 1}});
        let (failed, sent) = call(&client, "bus_send", message).await;
        assert!(!failed, "{sent}");
        assert_eq!(
            (&sent["status"], &sent["recipients"][&bob]),
            (&"sent".into(), &"unknown".into())
        );
        let told = json!({"from": bob, "text": "a word to all", "type": "news"});
        let (failed, sent_to_all) = call(&client, "bus_broadcast", told).await;
        assert!(!failed, "{sent_to_all}");
        let before = sent["seq"].as_i64().unwrap() - 1;
        let mail = json!({"to": bob, "since_seq": before});
        let (_, read) = call(&client, "bus_messages", mail).await;
        assert_eq!((&read["count"], &read["messages"][0]["id"]), (&1.into(), &sent["message_id"]));
        assert_eq!(read["messages"][0]["payload"], json!({"n": 1, "text": word}));
        let (_, status) =
            call(&client, "bus_status", json!({"message_id": sent["message_id"]})).await;
        assert_eq!(status["recipients"][0]["state"], "delivered", "{status}");
        let (_, found) = call(&client, "bus_search", json!({"query": word})).await;
        assert_eq!(found["results"][0]["id"], sent["message_id"], "{found}");
        let (_, status) = call(&client, "bus_status", json!({})).await;
        let clients = status["clients"].as_array().unwrap();
        assert!(clients.iter().any(|one| one["id"] == bob.as_str()), "{status}");
        assert!(status["bus"]["last_seq"].as_i64().unwrap() >= 2, "{status}");
        let question = json!({"from": ada, "to": bob, "text": "Where?", "wait_seconds": 10});
        let answering = async {
            let asked = crate::harness::eventually("bob is asked", || async {
                let path = format!("/messages?to={bob}&from={ada}");
                let read = server.get(&path).await.is(200);
                let asked = read["messages"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .find(|one| one["payload"]["text"] == "Where?");
                asked.map(|one| one["id"].clone())
            })
            .await;
            // What is said to somebody else about it is no reply to who asked.
            let aside = json!({"from": bob, "to": "carol", "text": "Hm.", "reply_to": asked});
            server.post("/send", aside).await.is(200);
            let reply = json!({"from": bob, "to": ada, "text": "Here.", "reply_to": asked});
            server.post("/send", reply).await.is(200)
        };
        let ((failed, replied), sent) = tokio::join!(call(&client, "bus_ask", question), answering);
        assert!(!failed, "{replied}");
        assert_eq!(replied["reply"]["id"], sent["message_id"], "{replied}");
        assert_eq!(replied["reply"]["payload"]["text"], "Here.");
        let nobody = json!({"from": ada, "to": "nobody", "text": "?", "wait_seconds": 1});
        let (failed, replied) = call(&client, "bus_ask", nobody).await;
        assert!(!failed && replied["reply"].is_null(), "{replied}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_message_is_said() {
    let server = Server::with("RATE_LIMIT_BUS", 3).start().await;
    let client = server.mcp(Revision::Stateless, None).await;
    let long = "a".repeat(65);
    for (tool, arguments, field) in [
        ("bus_send", json!({"to": "bob", "text": "a"}), "from"),
        ("bus_send", json!({"from": "ada", "text": "a"}), "to"),
        ("bus_send", json!({"from": long, "to": "bob"}), "from"),
        ("bus_send", json!({"from": "ada", "to": [], "text": "a"}), "to"),
        ("bus_ask", json!({"from": "ada", "to": ["a", "b"]}), "to"),
        ("bus_ask", json!({"from": "ada", "to": "bob", "wait_seconds": 601}), "wait_seconds"),
        ("bus_messages", json!({"limit": 0}), "limit"),
        ("bus_messages", json!({"since": "soon"}), "since"),
        ("bus_search", json!({}), "query"),
        ("bus_status", json!({"message_id": "msg_1"}), "message_id"),
    ] {
        let (failed, told) = call(&client, tool, arguments.clone()).await;
        assert!(failed && told["code"] == "invalid_input", "{tool} {arguments}: {told}");
        assert_eq!(told["field"], field, "{tool} {arguments}: {told}");
    }
    let unknown = json!({"from": "eve", "to": "nobody", "text": "a", "strict": true});
    let (failed, told) = call(&client, "bus_send", unknown).await;
    assert!(failed && told["code"] == "unknown_recipient", "{told}");
    let mut last = json!(null);
    for n in 0..4 {
        let message = json!({"from": "dan", "to": "bob", "text": "a"});
        let (failed, told) = call(&client, "bus_send", message).await;
        assert_eq!(failed, n == 3, "{told}");
        last = told;
    }
    assert_eq!(last["code"], "rate_limited");
    assert!(last["retry_after"].as_u64().unwrap() <= 60, "{last}");
}

#[tokio::test]
async fn a_token_for_one_client_is_that_client() {
    let server = Server::start().await;
    let owner = server.lock().await;
    let body = json!({"name": "bob", "scopes": ["bus"], "client_id": "bob"});
    let made = owner.post(&server, "/auth/tokens", body).await.is(201);
    let bob = crate::harness::people::Person::with_token(made["token"].as_str().unwrap());
    let client = server.mcp(Revision::Sessions, Some(&bob)).await;
    let (failed, sent) = call(&client, "bus_send", json!({"to": "ada", "text": "a"})).await;
    assert!(!failed, "{sent}");
    let (failed, told) =
        call(&client, "bus_send", json!({"from": "ada", "to": "bob", "text": "a"})).await;
    assert!(failed && told["code"] == "not_your_client_id", "{told}");
    owner
        .post(&server, "/send", json!({"from": "ada", "to": "eve", "text": "a secret"}))
        .await
        .is(200);
    let (_, found) = call(&client, "bus_search", json!({"query": "secret"})).await;
    assert_eq!(found["results"], json!([]));
}
