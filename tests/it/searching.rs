//! Full-text search over everything said.

use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::talk::items;

async fn library() -> (Server, String, String) {
    let server = Server::start().await;
    let garden = server.conversation_with(json!({"title": "Gardening in autumn"})).await;
    server.answer(&garden, "passages/passages", "When should I plant daffodil bulbs?").await;
    let music = server.conversation_with(json!({"title": "Counterpoint"})).await;
    server.answer(&music, "passages/passages", "Explain the fugue in Bach's Kunst der Fuge").await;
    (server, garden, music)
}

async fn search(server: &Server, body: Value) -> Vec<Value> {
    let found = server.post("/search", body).await.is(200);
    assert!(found["took_ms"].is_number(), "{found}");
    items(&found).clone()
}

#[tokio::test]
async fn a_word_is_found_in_messages_and_titles_while_it_is_typed() {
    let (server, garden, _music) = library().await;
    for typed in ["daff", "daffodil", "DAFFODIL", "bulbs daff", "autumn", "gard"] {
        let hits = search(&server, json!({"query": typed})).await;
        assert!(
            hits.iter().any(|hit| hit["conversation_id"] == garden.as_str()),
            "{typed}: {hits:?}"
        );
    }
    assert!(search(&server, json!({"query": "submarine"})).await.is_empty());
}

#[tokio::test]
async fn a_hit_says_where_and_marks_what_matched() {
    let (server, garden, _music) = library().await;
    let hits = search(&server, json!({"query": "daffodil", "filters": {"role": "user"}})).await;
    let hit = hits.iter().find(|hit| hit["kind"] == "message").unwrap();
    for field in
        ["kind", "id", "conversation_id", "title", "snippet", "score", "location", "created_at"]
    {
        assert!(hit.get(field).is_some(), "{field} is not in {hit}");
    }
    assert_eq!(hit["conversation_id"], garden.as_str());
    let text: Vec<u16> = hit["snippet"]["text"].as_str().unwrap().encode_utf16().collect();
    let marks = hit["snippet"]["matches"].as_array().unwrap();
    assert!(!marks.is_empty(), "{hit}");
    for mark in marks {
        let at = |n: usize| usize::try_from(mark[n].as_u64().unwrap()).unwrap();
        let marked = String::from_utf16(&text[at(0)..at(1)]).unwrap();
        assert_eq!(marked.to_lowercase(), "daffodil");
    }
}

#[tokio::test]
async fn marks_are_right_behind_letters_outside_the_first_plane() {
    let (server, _garden, _music) = library().await;
    let id = server.conversation().await;
    server.answer(&id, "passages/passages", "👩‍🚀👩‍🚀 a needle in 🌾").await;
    let hits = search(
        &server,
        json!({"query": "needle", "filters": {"conversation_id": id, "role": "user"}}),
    )
    .await;
    let hit = &hits[0];
    let text: Vec<u16> = hit["snippet"]["text"].as_str().unwrap().encode_utf16().collect();
    let mark = &hit["snippet"]["matches"][0];
    let at = |n: usize| usize::try_from(mark[n].as_u64().unwrap()).unwrap();
    assert_eq!(String::from_utf16(&text[at(0)..at(1)]).unwrap(), "needle");
}

#[tokio::test]
async fn filters_narrow_it_down() {
    let (server, garden, music) = library().await;
    let only = |id: &str| json!({"query": "the", "filters": {"conversation_id": id}});
    for hit in search(&server, only(&music)).await {
        assert_eq!(hit["conversation_id"], music.as_str());
    }
    let later = json!({"query": "daffodil", "filters": {"from": "2099-01-01T00:00:00Z"}});
    assert!(search(&server, later).await.is_empty());
    let limited = search(&server, json!({"query": "a", "limit": 1})).await;
    assert!(limited.len() <= 1);
    server.delete(&format!("/conversations/{garden}")).await.is(200);
    assert!(
        search(&server, json!({"query": "daffodil"}))
            .await
            .iter()
            .all(|hit| hit["conversation_id"] != garden.as_str())
    );
}

#[tokio::test]
async fn an_edited_text_is_found_by_its_new_words_only() {
    let (server, garden, _music) = library().await;
    let answer = server.messages(&garden).await[1]["id"].as_str().unwrap().to_owned();
    let path = format!("/conversations/{garden}/messages/{answer}");
    server.patch(&path, json!({"content": "Plant them in xylophone season"})).await.is(200);
    assert!(!search(&server, json!({"query": "xylophone"})).await.is_empty());
    server.patch(&path, json!({"content": "Plant them in October"})).await.is(200);
    assert!(search(&server, json!({"query": "xylophone"})).await.is_empty());
}

#[tokio::test]
async fn no_query_breaks_the_search() {
    let (server, _garden, _music) = library().await;
    for query in [
        "\"",
        "'",
        "*",
        "NEAR(",
        "a AND",
        "OR OR",
        "title:x",
        "-x",
        "^a",
        "(((",
        "{x}:y",
        "a\u{0}b",
        "🦊",
        "日本語",
        "%",
        "_",
        ":",
        "a\"b*c",
        "\\",
        &"long ".repeat(500),
    ] {
        let reply = server.post("/search", json!({"query": query})).await;
        assert!(matches!(reply.status, 200 | 400), "{query:.30}: {} {}", reply.status, reply.text);
    }
    server.post("/search", json!({"query": ""})).await;
    server.get("/health/ready").await.is(200);
}
