//! People and tokens at the door of a server that has a password.

use std::io::Write as _;
use std::process::{Command, Stdio};

use reqwest::Method;
use serde_json::{Value, json};

use super::Server;
use super::client::Reply;
use super::process::{Finished, finish};

/// What opens a server that was locked with [`Server::lock`].
pub const PASSWORD: &str = "a password for tests";

/// Somebody with something to show at the door.
#[derive(Debug, Clone)]
pub struct Person {
    /// `cookie` or `authorization`
    pub header: &'static str,
    /// its value
    pub value: String,
}

impl Person {
    /// Somebody with a token.
    pub fn with_token(token: &str) -> Self {
        Self { header: "authorization", value: format!("Bearer {token}") }
    }

    /// Somebody whom an answer signed in.
    #[track_caller]
    pub fn signed_in(reply: &Reply) -> Self {
        let cookie = reply.header("set-cookie").split(';').next().unwrap_or_default();
        assert!(cookie.starts_with("inglenook_"), "{}: {}", reply.status, reply.text);
        Self { header: "cookie", value: cookie.to_owned() }
    }

    /// A request of theirs; a null body is none.
    pub async fn call(&self, server: &Server, method: &str, path: &str, body: &Value) -> Reply {
        let method: Method = method.parse().unwrap();
        let mut request = server.request(method, path).header(self.header, &self.value);
        if !body.is_null() {
            request = request.json(body);
        }
        server.send(request).await
    }

    /// GET
    pub async fn get(&self, server: &Server, path: &str) -> Reply {
        self.call(server, "GET", path, &Value::Null).await
    }

    /// POST with a JSON body
    pub async fn post(&self, server: &Server, path: &str, body: Value) -> Reply {
        self.call(server, "POST", path, &body).await
    }

    /// PATCH with a JSON body
    pub async fn patch(&self, server: &Server, path: &str, body: Value) -> Reply {
        self.call(server, "PATCH", path, &body).await
    }

    /// DELETE
    pub async fn delete(&self, server: &Server, path: &str) -> Reply {
        self.call(server, "DELETE", path, &Value::Null).await
    }

    /// A token of theirs.
    pub async fn token(&self, server: &Server, scopes: &[&str]) -> Self {
        let body = json!({ "name": "a token", "scopes": scopes });
        let made = self.post(server, "/auth/tokens", body).await.is(201);
        Self::with_token(made["token"].as_str().unwrap())
    }

    /// Somebody else, invited by this admin and signed in.
    pub async fn invite(&self, server: &Server, name: &str, role: &str) -> (Self, String) {
        let body = json!({ "name": name, "role": role });
        let invited = self.post(server, "/users", body).await.is(201);
        let id = invited["user"]["id"].as_str().unwrap().to_owned();
        let body = json!({ "claim": invited["claim"], "new": PASSWORD });
        (Self::signed_in(&server.post("/auth/password", body).await), id)
    }
}

/// Runs a command that reads a line, on the data folder of a server.
pub fn run_with_input(mut command: Command, arguments: &[&str], line: &str) -> Finished {
    command.args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let written = child.stdin.take().unwrap().write_all(format!("{line}\n").as_bytes());
    if let Err(error) = written {
        // A command that is refused ends without reading it.
        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe, "{error}");
    }
    finish(child)
}

impl Server {
    /// Sets [`PASSWORD`] as a person does on the command line, and signs the owner in.
    pub async fn lock(&self) -> Person {
        let command = self.command();
        let done =
            tokio::task::spawn_blocking(move || run_with_input(command, &["password"], PASSWORD));
        let done = done.await.unwrap();
        assert_eq!(done.code, 0, "{}", done.stderr);
        self.sign_in(json!({ "password": PASSWORD })).await
    }

    /// Signs somebody in.
    pub async fn sign_in(&self, body: Value) -> Person {
        let reply = self.post("/auth/login", body).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        Person::signed_in(&reply)
    }
}
