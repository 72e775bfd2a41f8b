//! Every route, called by somebody who may not: a stranger, a token of each scope, another person.

use serde_json::Value;

use crate::harness::people::Person;
use crate::harness::raw::status_of;
use crate::harness::routes::{Ids, Route, all};
use crate::harness::{Server, Upstream};

/// What a route is for, told independently of the server's own table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Anybody,
    Readers,
    Writers,
    Agents,
    Admins,
    People,
}

fn purpose(route: &Route) -> For {
    let (method, path) = (route.method, route.path);
    let begins = |roots: &[&str]| roots.iter().any(|root| path.starts_with(root));
    if begins(&[
        "/auth/session",
        "/auth/login",
        "/auth/password",
        "/auth/claim",
        "/openapi",
        "/docs",
    ]) && !path.starts_with("/auth/sessions")
    {
        return For::Anybody;
    }
    if begins(&["/auth/"]) {
        return For::People;
    }
    let admin = ["/providers", "/folders/watched", "/users", "/config", "/clear", "/logs"];
    if begins(&admin)
        || begins(&["/outbound", "/webhooks", "/tool-servers"])
        || (method == "PUT" && begins(&["/embeddings", "/reranker"]))
    {
        return For::Admins;
    }
    let bus = ["/send", "/messages", "/replay", "/subscribe", "/clients", "/status"];
    if begins(&bus) || (method, path) == ("GET", "/search") {
        return For::Agents;
    }
    let read = ["/documents", "/collections", "/notes", "/embeddings", "/reranker"];
    if path == "/search" || (method == "GET" && begins(&read)) {
        return For::Readers;
    }
    For::Writers
}

async fn call(server: &Server, who: Option<&Person>, route: &Route, ids: &Ids) -> (u16, Value) {
    let (path, body) = (route.path(ids), route.body(ids));
    let method = route.method.parse().unwrap();
    let mut request = server.request(method, &path);
    if let Some(who) = who {
        request = request.header(who.header, &who.value);
    }
    if !body.is_null() {
        request = request.json(&body);
    }
    if route.streams() {
        // It does not end; its head is answer enough.
        let answer = request.send().await.unwrap();
        return (answer.status().as_u16(), Value::Null);
    }
    let reply = server.send(request).await;
    (reply.status, serde_json::from_str(&reply.text).unwrap_or_default())
}

async fn stage() -> (Server, Upstream, Ids, Person) {
    let server = Server::with("MAX_CONNECTIONS_PER_CLIENT", 50).start().await;
    let upstream = Upstream::openai().await;
    let ids = Ids::of(&server, &upstream).await;
    let owner = server.lock().await;
    (server, upstream, ids, owner)
}

#[tokio::test]
async fn a_stranger_gets_nothing_but_the_door() {
    let (server, _upstream, ids, _owner) = stage().await;
    let forged = Person::with_token("ink_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    let placeholder = Person::with_token("sk-no-key-required");
    let basic = Person { header: "authorization", value: "Basic b3duZXI6cGFzc3dvcmQ=".to_owned() };
    for route in all().iter().filter(|route| purpose(route) != For::Anybody) {
        for who in [None, Some(&forged), Some(&placeholder), Some(&basic)] {
            let (status, body) = call(&server, who, route, &ids).await;
            let what = format!("{} {} as {who:?}: {body}", route.method, route.path);
            assert_eq!(status, 401, "{what}");
            assert_eq!(body["code"].as_str().unwrap_or("not_signed_in"), "not_signed_in", "{what}");
        }
    }
    let host = format!("Host: 127.0.0.1:{}", server.port());
    for path in ["/", "/settings", "/login", "/setup", "/health", "/health/live"] {
        let answer = server.raw_get(path, &[&host]).await;
        assert_eq!(status_of(&answer), 200, "{path}");
    }
    for root in ["/ws/chat/", "/api/ws/chat/", "/api/v1/ws/chat/"] {
        let path = format!("{root}{}", ids.conversation);
        assert_eq!(server.try_socket(&path, &[]).await.err(), Some(401), "{path}");
    }
}

#[tokio::test]
async fn a_token_gets_what_its_scope_is_for() {
    let (server, _upstream, ids, owner) = stage().await;
    for (scope, gets) in [
        ("bus", &[For::Agents][..]),
        ("rooms", &[]),
        ("search", &[For::Readers]),
        ("chat", &[For::Readers, For::Writers]),
        ("admin", &[For::Admins]),
    ] {
        let token = owner.token(&server, &[scope]).await;
        for route in all().iter().filter(|route| purpose(route) != For::Anybody) {
            // What it may, other tests show; here nothing is to be changed.
            if gets.contains(&purpose(route)) && route.method != "GET" {
                continue;
            }
            let (status, body) = call(&server, Some(&token), route, &ids).await;
            let what = format!("{scope}: {} {}: {body}", route.method, route.path);
            if gets.contains(&purpose(route)) {
                assert!(!matches!(status, 401 | 403), "{status} {what}");
            } else {
                assert_eq!(status, 403, "{what}");
                assert_eq!(body["code"].as_str().unwrap_or("not_allowed"), "not_allowed", "{what}");
            }
        }
    }
}

#[tokio::test]
async fn another_person_finds_nothing_of_somebody_elses() {
    let (server, _upstream, ids, owner) = stage().await;
    let (member, _) = owner.invite(&server, "Berta", "member").await;
    let (admin, _) = owner.invite(&server, "Cleo", "admin").await;
    let mine = [
        &ids.conversation,
        &ids.question,
        &ids.answer,
        &ids.turn,
        &ids.note,
        &ids.document,
        &ids.collection,
        &ids.folder,
    ];
    let mut before = Vec::new();
    for path in ["/conversations", "/documents", "/notes", "/collections"] {
        before.push((path, owner.get(&server, path).await.is(200)));
    }
    for who in [&member, &admin] {
        for route in all().iter().filter(|route| !matches!(purpose(route), For::Anybody)) {
            if purpose(route) == For::People || route.path.starts_with("/users") {
                continue;
            }
            let may = who.value == admin.value || purpose(route) != For::Admins;
            // The configuration belongs to the house: admins share it.
            let house = purpose(route) == For::Admins && !route.path.contains("{folder}");
            if house && may {
                continue;
            }
            let names_mine = mine.iter().any(|id| {
                route.path(&ids).contains(id.as_str())
                    || route.body(&ids).to_string().contains(id.as_str())
            });
            let (status, body) = call(&server, Some(who), route, &ids).await;
            let what = format!("{} {}: {status} {body}", route.method, route.path);
            if !may {
                assert_eq!((status, &body["code"]), (403, &"not_allowed".into()), "{what}");
            } else if names_mine {
                assert_eq!(status, 404, "{what}");
            } else {
                assert!(matches!(status, 200..=202), "{what}");
            }
            for id in mine {
                assert!(!body.to_string().contains(id.as_str()), "{what}");
            }
        }
        let path = format!("/ws/chat/{}", ids.conversation);
        let headers = [(who.header, who.value.as_str())];
        assert_eq!(server.try_socket(&path, &headers).await.err(), Some(404));
    }
    for (path, items) in before {
        assert_eq!(owner.get(&server, path).await.is(200), items, "{path} was changed");
    }
}

#[tokio::test]
async fn a_person_hears_of_nothing_that_is_somebody_elses() {
    let (server, _upstream, _ids, owner) = stage().await;
    let (member, _) = owner.invite(&server, "Berta", "member").await;
    let mut heard = server.events_as("/events", &member).await;
    heard.until_named("hello").await;
    let mine = serde_json::json!({ "title": "A secret plan" });
    owner.post(&server, "/conversations", mine).await.is(201);
    let hers = serde_json::json!({ "title": "The end" });
    member.post(&server, "/conversations", hers).await.is(201);
    let events = heard.until(|event| event.data.to_string().contains("The end")).await;
    for event in events {
        assert!(!event.data.to_string().contains("A secret plan"), "{event:?}");
    }
}
