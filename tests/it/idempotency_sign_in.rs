//! `Idempotency-Key` where secrets are told once: told again to whoever has the key and the right, and
//! nowhere written down in plain.

use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::client::Reply;
use crate::harness::people::{PASSWORD, Person};
use crate::harness::talk::{id_of, items};

async fn locked() -> (Server, Person) {
    let server = Server::with("RATE_LIMIT_LOGIN", 0).start().await;
    let owner = server.lock().await;
    (server, owner)
}

impl Person {
    async fn once(&self, server: &Server, method: &str, path: &str, body: &Value) -> Reply {
        let request = server.request(method.parse().unwrap(), path);
        let request = request.header(self.header, &self.value);
        let mut request =
            request.header("idempotency-key", format!("{method} {path}").replace(' ', "-"));
        if !body.is_null() {
            request = request.json(body);
        }
        server.send(request).await
    }
}

/// Whether the database holds a text, in its file or its log.
fn is_kept(server: &Server, text: &str) -> bool {
    let files = ["inglenook.db", "inglenook.db-wal"].map(|name| server.data_dir().join(name));
    let mut bytes = files.iter().filter_map(|file| std::fs::read(file).ok());
    let found = bytes.any(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()));
    assert!(files[0].exists(), "the database is elsewhere");
    found
}

fn secret_of(person: &Person) -> &str {
    person.value.split_once('=').unwrap().1
}

#[tokio::test]
async fn a_sign_in_asked_for_twice_is_one_session() {
    let (mut server, owner) = locked().await;
    let right = json!({ "password": PASSWORD });
    let sessions =
        async |server: &Server| items(&owner.get(server, "/auth/sessions").await.is(200)).len();
    let before = sessions(&server).await;
    let login = async |server: &Server, body: &Value| {
        server.post_once("in", "/auth/login", body.clone()).await
    };
    let first = Person::signed_in(&login(&server, &right).await);
    server.kill();
    server.boot().await;
    let again = Person::signed_in(&login(&server, &right).await);
    assert_eq!(first.value, again.value);
    assert!(!is_kept(&server, secret_of(&first)));
    assert_eq!(sessions(&server).await, before + 1);
    // The key alone opens nothing.
    login(&server, &json!({"password": "another password"})).await.fails(401, "wrong_password");
    let other = server.post_once("other", "/auth/login", right.clone()).await;
    assert_ne!(Person::signed_in(&other).value, first.value);
    // Another password is another request.
    let changed = json!({"current": PASSWORD, "new": "the next password"});
    assert_eq!(owner.post(&server, "/auth/password", changed).await.status, 200);
    login(&server, &right).await.fails(401, "wrong_password");
    let next = json!({"password": "the next password"});
    login(&server, &next).await.fails(409, "idempotency_key_reused");
}

#[tokio::test]
async fn a_sign_in_that_has_ended_is_not_given_again() {
    let (server, _owner) = locked().await;
    let right = json!({ "password": PASSWORD });
    let first = Person::signed_in(&server.post_once("in", "/auth/login", right.clone()).await);
    assert_eq!(first.post(&server, "/auth/logout", json!({})).await.status, 204);
    server.post_once("in", "/auth/login", right).await.fails(401, "not_signed_in");
}

#[tokio::test]
async fn a_token_and_a_link_are_told_again_under_their_key_and_kept_sealed() {
    let (mut server, owner) = locked().await;
    let token = json!({"name": "T", "scopes": ["chat"]});
    let user = json!({"name": "U"});
    let mut told = Vec::new();
    for round in 0..2 {
        let token = owner.once(&server, "POST", "/auth/tokens", &token).await.is(201);
        let invited = owner.once(&server, "POST", "/users", &user).await.is(201);
        let path = format!("/users/{}/claim", id_of(&invited["user"]));
        let link = owner.once(&server, "POST", &path, &Value::Null).await.is(201);
        // Where the link leads is where the server is now.
        told.push([token, invited, link].map(|mut told| {
            told.as_object_mut().unwrap().remove("url");
            told
        }));
        if round == 0 {
            server.kill();
            server.boot().await;
        }
    }
    assert_eq!(told[0], told[1]);
    let [token, invited, link] = &told[0];
    assert_ne!(invited["claim"], link["claim"]);
    let secrets = [&token["token"], &invited["claim"], &link["claim"]];
    for secret in secrets.map(|secret| secret.as_str().unwrap()) {
        assert!(!is_kept(&server, secret), "{secret}");
    }
    let agent = Person::with_token(token["token"].as_str().unwrap());
    assert_eq!(agent.get(&server, "/conversations").await.status, 200);
    let tokens = owner.get(&server, "/auth/tokens").await.is(200);
    assert_eq!(items(&tokens).len(), 1);
    let body = json!({ "claim": link["claim"], "new": PASSWORD });
    Person::signed_in(&server.post("/auth/password", body).await);
}

#[tokio::test]
async fn what_was_ended_under_a_key_ended_once() {
    let (server, owner) = locked().await;
    let other = server.sign_in(json!({ "password": PASSWORD })).await;
    let session = other.get(&server, "/auth/session").await.is(200)["session"].clone();
    let token = json!({"name": "T", "scopes": ["chat"]});
    let token = id_of(&owner.post(&server, "/auth/tokens", token).await.is(201));
    let (_, user) = owner.invite(&server, "U", "member").await;
    let out = owner.delete(&server, &format!("/users/{user}")).await;
    assert_eq!(out.status, 200);
    for path in [
        format!("/auth/sessions/{}", id_of(&session)),
        format!("/auth/tokens/{token}"),
        format!("/users/{user}?forever=true"),
    ] {
        for _ in 0..2 {
            let reply = owner.once(&server, "DELETE", &path, &Value::Null).await;
            assert_eq!(reply.status, 204, "{path}: {}", reply.text);
        }
        owner.delete(&server, &path).await.fails(404, "not_found");
    }
    assert_eq!(other.get(&server, "/conversations").await.status, 401);
}

#[tokio::test]
async fn a_password_is_set_once() {
    let (server, owner) = locked().await;
    let body = json!({"current": PASSWORD, "new": "the next password"});
    let set = owner.once(&server, "POST", "/auth/password", &body).await;
    let owner_now = Person::signed_in(&set);
    // What it was asked with is used up, so asked again it changes nothing.
    let again = owner.once(&server, "POST", "/auth/password", &body).await;
    assert_eq!(again.status, 401, "{}", again.text);
    assert_eq!(owner_now.get(&server, "/conversations").await.status, 200);
}
