//! What may not be shown takes no place in a search: the trash, what others said, what a filter leaves out.

use serde_json::{Value, json};

use crate::harness::{Server, eventually};

const KEPT: &str = "Once, in the mist of a long morning by the river, I believe we saw a heron.";

async fn say(server: &Server, text: &str) -> String {
    let conversation = server.conversation().await;
    server.answer(&conversation, "passages/passages", text).await;
    conversation
}

/// One chat that is kept, and many in the trash that fit better.
async fn marsh() -> (Server, String) {
    let server = Server::start().await;
    for n in 0..6 {
        let gone = say(&server, &format!("Heron, heron, grey heron! Heron number {n}.")).await;
        server.delete(&format!("/conversations/{gone}")).await.is(200);
    }
    let kept = say(&server, KEPT).await;
    (server, kept)
}

fn only_hit(found: &[Value], conversation: &str) -> bool {
    found.len() == 1 && found[0]["conversation_id"] == conversation
}

#[tokio::test]
async fn a_word_is_found_behind_any_number_of_better_matches_in_the_trash() {
    let (server, kept) = marsh().await;
    let body = json!({"query": "heron", "meaning": false, "limit": 1, "scope": "conversations"});
    let found = server.search(body).await;
    assert!(only_hit(&found, &kept), "{found:?}");
}

#[tokio::test]
async fn what_means_the_same_is_found_behind_nearer_things_in_the_trash() {
    let (server, kept) = marsh().await;
    let body = json!({"query": "wading birds", "limit": 1, "scope": "conversations"});
    eventually("the kept chat is found by its meaning", || async {
        only_hit(&server.search(body.clone()).await, &kept).then_some(())
    })
    .await;
    let within = json!({"query": "wading birds", "limit": 1, "scope": "conversations",
        "filters": {"conversation_id": kept, "role": "user"}});
    assert!(only_hit(&server.search(within).await, &kept));
}
