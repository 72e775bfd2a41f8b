//! Lists: pages, cursors, order, filters, and the cost of a list.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::talk::{id_of, items};

async fn walk(server: &Server, path: &str, limit: usize) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let joint = if path.contains('?') { '&' } else { '?' };
        let from = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page = server.get(&format!("{path}{joint}limit={limit}{from}")).await.is(200);
        assert!(items(&page).len() <= limit);
        all.extend(items(&page).iter().cloned());
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        assert!(page.get("next_cursor").is_some(), "next_cursor is null at the end, not absent");
        if cursor.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn pages_give_everything_once_newest_first() {
    let server = Server::start().await;
    let mut made = Vec::new();
    for n in 0..23 {
        made.push(server.conversation_with(json!({"title": format!("Number {n}")})).await);
    }
    made.reverse();
    for limit in [1, 5, 7, 50, 200] {
        let all: Vec<String> =
            walk(&server, "/conversations", limit).await.iter().map(id_of).collect();
        assert_eq!(all, made, "limit {limit}");
    }
    let page = server.get("/conversations").await.is(200);
    assert_eq!(items(&page).len(), 23, "the default limit is 50");
}

#[tokio::test]
async fn a_cursor_stays_right_while_rows_are_added_and_touched() {
    let server = Server::start().await;
    let mut made = BTreeSet::new();
    for n in 0..10 {
        made.insert(server.conversation_with(json!({"title": format!("Old {n}")})).await);
    }
    let first = server.get("/conversations?limit=5").await.is(200);
    let mut seen: Vec<String> = items(&first).iter().map(id_of).collect();
    for n in 0..3 {
        server.conversation_with(json!({"title": format!("New {n}")})).await;
    }
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = server.get(&format!("/conversations?limit=50&cursor={cursor}")).await.is(200);
    seen.extend(items(&second).iter().map(id_of));
    let unique: BTreeSet<String> = seen.iter().cloned().collect();
    assert_eq!(unique.len(), seen.len(), "nothing twice");
    assert_eq!(unique, made, "nothing of the old missing");
}

#[tokio::test]
async fn pinned_ones_stand_on_top_and_activity_orders_the_rest() {
    let server = Server::start().await;
    let a = server.conversation_with(json!({"title": "a"})).await;
    let b = server.conversation_with(json!({"title": "b", "pinned": true})).await;
    let c = server.conversation_with(json!({"title": "c"})).await;
    server.answer(&a, "passages/passages", "A question moves it up").await;
    let order: Vec<String> = walk(&server, "/conversations", 1).await.iter().map(id_of).collect();
    assert_eq!(order, [b, a, c]);
}

#[tokio::test]
async fn filters_find_by_folder_tag_archive_and_words() {
    let server = Server::start().await;
    let trip = json!({"title": "Trip to Wales", "folder": "Travel", "tags": ["summer", "rain"]});
    let trip = server.conversation_with(trip).await;
    let bread =
        server.conversation_with(json!({"title": "Sourdough bread", "tags": ["food"]})).await;
    let old = server.conversation_with(json!({"title": "Old matters", "folder": "Travel"})).await;
    server.patch(&format!("/conversations/{old}"), json!({"archived": true})).await.is(200);
    for (query, expected) in [
        ("folder=Travel", vec![&trip]),
        ("folder=travel-nowhere", vec![]),
        ("tag=food", vec![&bread]),
        ("tag=rain", vec![&trip]),
        ("archived=true", vec![&old]),
        ("query=wales", vec![&trip]),
        ("query=sourd", vec![&bread]),
        ("query=bread&tag=rain", vec![]),
        ("query=%22%27%28NEAR", vec![]),
    ] {
        let found: Vec<String> =
            walk(&server, &format!("/conversations?{query}"), 50).await.iter().map(id_of).collect();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query}");
    }
}

#[tokio::test]
async fn folders_and_tags_are_counted() {
    let server = Server::start().await;
    for n in 0..3 {
        let tags = if n == 0 { json!(["one", "all"]) } else { json!(["all"]) };
        server.conversation_with(json!({"folder": "Work", "tags": tags})).await;
    }
    let folders = server.get("/folders").await.is(200);
    assert_eq!(folders, json!({"items": [{"name": "Work", "count": 3}], "next_cursor": null}));
    let tags = server.get("/tags").await.is(200);
    assert_eq!(
        items(&tags),
        &vec![json!({"name": "all", "count": 3}), json!({"name": "one", "count": 1})]
    );
}

#[tokio::test]
async fn messages_come_newest_page_first_and_oldest_first_within_it() {
    let server = Server::start().await;
    let conversation = server.conversation().await;
    for n in 0..6 {
        server.answer(&conversation, "passages/passages", &format!("Question {n}")).await;
    }
    let path = format!("/conversations/{conversation}/messages");
    let whole: Vec<String> = server.messages(&conversation).await.iter().map(id_of).collect();
    assert_eq!(whole.len(), 12);
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("{path}?limit=5{cursor}")).await.is(200);
        pages.push(items(&page).iter().map(id_of).collect::<Vec<_>>());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    pages.reverse();
    assert_eq!(pages.concat(), whole);
}
