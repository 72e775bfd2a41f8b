//! Sessions of the MCP door: resumed after a broken connection, bound to who opened them, ended with
//! their credential, with the server, and when there are too many.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use reqwest::{Method, Response};
use serde_json::json;

use crate::harness::mcp::{
    Revision, events, first_event_id, initialize, stateless, tool_call, tools,
};
use crate::harness::people::Person;
use crate::harness::{Server, eventually, in_time};

/// What a credential's end may take.
const TWO_SECONDS: Duration = Duration::from_secs(2);

fn wanted(id: u32) -> serde_json::Value {
    tool_call(id, "search_documents", &json!({"query": "a"}))
}

/// The stream of a session.
async fn listen(
    server: &Server,
    who: Option<&Person>,
    session: &str,
    after: Option<&str>,
) -> Response {
    let mut request = server.mcp_request(Method::GET, who).header("mcp-session-id", session);
    if let Some(after) = after {
        request = request.header("last-event-id", after);
    }
    in_time("the stream opens", request.send()).await.unwrap()
}

/// Reads a stream until it says this, or to its end.
async fn until(response: Response, what: &str) -> String {
    let (mut text, mut bytes) = (String::new(), response.bytes_stream());
    in_time(what, async {
        while let Some(Ok(chunk)) = bytes.next().await {
            text.push_str(&String::from_utf8_lossy(&chunk));
            if text.contains(what) {
                break;
            }
        }
    })
    .await;
    text
}

#[tokio::test]
async fn an_answer_whose_stream_broke_is_fetched_again() {
    let server = Server::start().await;
    let session = server.mcp_session(None).await;
    let whole = server.mcp_in(None, &session, &wanted(7)).await;
    assert_eq!(whole.status, 200);
    assert_eq!(events(&whole.text).last().unwrap()["id"], 7);
    // Only the beginning arrived, as far as the client knows.
    let first = first_event_id(&whole.text).unwrap();
    for _ in 0..2 {
        let again = listen(&server, None, &session, Some(&first)).await;
        let again = in_time("the rest", again.text()).await.unwrap();
        assert_eq!(events(&again), events(&whole.text));
    }
    // Broken off for real: the connection is dropped as soon as the stream has begun.
    let request = server.mcp_request(Method::POST, None).header("mcp-session-id", &session);
    let begun = request.json(&wanted(8)).send().await.unwrap();
    let begun = until(begun, "id:").await;
    let first = first_event_id(&begun).unwrap();
    let rest = listen(&server, None, &session, Some(&first)).await;
    let rest = until(rest, "\"id\":8").await;
    assert!(rest.contains("\"id\":8"), "{rest}");
    // What another session was told is not told here, and neither is what never was.
    let other = server.mcp_session(None).await;
    for strange in [first.as_str(), "nonsense", "a.0", "9/9"] {
        let nothing = listen(&server, None, &other, Some(strange)).await;
        assert_eq!(nothing.status(), 200);
        assert_eq!(in_time("an empty stream", nothing.text()).await.unwrap(), "", "{strange}");
    }
}

#[tokio::test]
async fn what_is_not_kept_any_more_is_not_told_again() {
    let server = Server::with("MCP_REPLAY_MB", 0).start().await;
    let session = server.mcp_session(None).await;
    let whole = server.mcp_in(None, &session, &wanted(1)).await;
    let first = first_event_id(&whole.text).unwrap();
    let again = listen(&server, None, &session, Some(&first)).await;
    assert_eq!(in_time("an empty stream", again.text()).await.unwrap(), "");
}

#[tokio::test]
async fn a_revoked_token_ends_its_session_and_streams_within_two_seconds() {
    let server = Server::start().await;
    let owner = server.lock().await;
    let token = owner.token(&server, &["search"]).await;
    let other = owner.token(&server, &["search"]).await;
    let session = server.mcp_session(Some(&token)).await;
    let stream = listen(&server, Some(&token), &session, None).await;
    assert_eq!(stream.status(), 200);
    // It belongs to the token, not to the person.
    for who in [&other, &owner] {
        server.mcp_in(Some(who), &session, &wanted(1)).await.fails(404, "not_found");
        assert_eq!(listen(&server, Some(who), &session, None).await.status(), 404);
        let request = server.mcp_request(Method::DELETE, Some(who));
        server.send(request.header("mcp-session-id", &session)).await.fails(404, "not_found");
    }
    assert_eq!(server.mcp_in(Some(&token), &session, &wanted(1)).await.status, 200);
    let listed = owner.get(&server, "/auth/tokens").await.is(200);
    let ids: Vec<_> =
        listed["items"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    let since = Instant::now();
    for id in ids {
        owner.delete(&server, &format!("/auth/tokens/{}", id.as_str().unwrap())).await.is(204);
    }
    let _ = in_time("the stream ends", stream.text()).await;
    assert!(since.elapsed() < TWO_SECONDS, "{:?}", since.elapsed());
    server.mcp_in(Some(&token), &session, &wanted(2)).await.fails(401, "not_signed_in");
}

#[tokio::test]
async fn there_are_so_many_sessions_and_one_that_ends_makes_room() {
    let plan = Server::with("MCP_MAX_SESSIONS", 2).with("CONNECTION_TIMEOUT_SECONDS", 60);
    let server = plan.start().await;
    let first = server.mcp_session(None).await;
    server.mcp_session(None).await;
    let told = server.mcp_post(None, &initialize()).await.fails(503, "too_many_sessions");
    assert!(told["error"].as_str().unwrap().contains("MCP_MAX_SESSIONS"), "{told}");
    // Who needs no session is not kept out.
    server.mcp_post(None, &stateless(1, "tools/list", &json!({}))).await.is(200);
    let request = server.mcp_request(Method::DELETE, None).header("mcp-session-id", &first);
    assert_eq!(server.send(request).await.status, 204);
    server.mcp_in(None, &first, &wanted(1)).await.fails(404, "not_found");
    server.mcp_session(None).await;
}

#[tokio::test]
async fn a_session_that_nobody_uses_gives_way_to_another() {
    let plan = Server::with("MCP_MAX_SESSIONS", 2).with("CONNECTION_TIMEOUT_SECONDS", 1);
    let server = plan.with("HEARTBEAT_SECONDS", 1).start().await;
    let (left, kept) = (server.mcp_session(None).await, server.mcp_session(None).await);
    eventually("one gives way", || async {
        assert_eq!(server.mcp_in(None, &kept, &wanted(1)).await.status, 200);
        let opened = server.mcp_post(None, &initialize()).await;
        (opened.status == 200).then_some(())
    })
    .await;
    server.mcp_in(None, &left, &wanted(1)).await.fails(404, "not_found");
    assert_eq!(server.mcp_in(None, &kept, &wanted(1)).await.status, 200);
}

#[tokio::test]
async fn an_idle_session_ends_by_itself() {
    let server =
        Server::with("MCP_SESSION_IDLE_SECONDS", 1).with("MCP_MAX_SESSIONS", 1).start().await;
    let session = server.mcp_session(None).await;
    eventually("it makes room", || async {
        let opened = server.mcp_post(None, &initialize()).await;
        (opened.status == 200).then_some(())
    })
    .await;
    server.mcp_in(None, &session, &wanted(1)).await.fails(404, "not_found");
}

#[tokio::test]
async fn the_server_stops_in_time_whoever_listens() {
    let mut server = Server::start().await;
    let client = server.mcp(Revision::Sessions, None).await;
    assert!(!tools(&client).await.is_empty());
    let session = server.mcp_session(None).await;
    let stream = listen(&server, None, &session, None).await;
    let since = Instant::now();
    assert!(server.stop().await.success());
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    let _ = in_time("the stream ends", stream.text()).await;
    assert!(!server.log().contains("did not end in time"), "{}", server.log());
}
