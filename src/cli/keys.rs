//! `inglenook password` and `inglenook token`: carried out by the server, which proves that it is this
//! person's by the key in the data folder.

use std::io::{self, IsTerminal as _};

use http::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::{exit, say};
use crate::base::Timestamp;
use crate::net::OwnServer;

/// What is to be done.
#[derive(Debug)]
pub enum Keys {
    /// Set a password.
    Password {
        /// Whose; the owner's without a name.
        user: Option<String>,
    },
    /// Make a token.
    Create {
        /// What it is called.
        name: String,
        /// What it may be used for.
        scopes: Vec<String>,
        /// The one agent that may use it.
        client_id: Option<String>,
        /// When it ends.
        expires_at: Option<Timestamp>,
        /// Answer with JSON.
        json: bool,
    },
    /// List the owner's tokens.
    List {
        /// Answer with JSON.
        json: bool,
    },
    /// End a token.
    Revoke {
        /// Which.
        id: String,
    },
}

impl Keys {
    /// Has the server carry it out; the exit code.
    pub async fn run(self, server: &OwnServer) -> u8 {
        match self.carry_out(server).await {
            Ok(()) => exit::DONE,
            Err(message) => {
                say::error(&message);
                exit::FAILED
            }
        }
    }

    async fn carry_out(self, server: &OwnServer) -> Result<(), String> {
        match self {
            Self::Password { user } => {
                let new = read_password().map_err(|error| error.to_string())?;
                let body = json!({ "new": new.expose_secret(), "username": user });
                server.call(Method::POST, "/auth/password", Some(&body)).await?;
                say::line("The password is set. Everybody signs in from now on.");
            }
            Self::Create { name, scopes, client_id, expires_at, json } => {
                let body = json!({ "name": name, "scopes": scopes, "client_id": client_id,
                    "expires_at": expires_at });
                let made = server.call(Method::POST, "/auth/tokens", Some(&body)).await?;
                if json {
                    say::line(&made.to_string());
                } else {
                    say::line(made["token"].as_str().unwrap_or_default());
                    say::error("Keep it now: it is not shown again.");
                }
            }
            Self::List { json } => {
                let list = server.call(Method::GET, "/auth/tokens?limit=200", None).await?;
                if json {
                    say::line(&list["items"].to_string());
                    return Ok(());
                }
                for token in list["items"].as_array().into_iter().flatten() {
                    let text = |name: &str| token[name].as_str().unwrap_or("-").to_owned();
                    let scopes = token["scopes"].as_array().into_iter().flatten();
                    let scopes: Vec<_> = scopes.filter_map(Value::as_str).collect();
                    let (id, name, hint) = (text("id"), text("name"), text("hint"));
                    let used = text("last_used_at");
                    say::line(&format!(
                        "{id}  {hint}  {}  last used {used}  {name}",
                        scopes.join(",")
                    ));
                }
            }
            Self::Revoke { id } => {
                let good = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                let id = if good { id.as_str() } else { "-" };
                server.call(Method::DELETE, &format!("/auth/tokens/{id}"), None).await?;
                say::line("The token is revoked.");
            }
        }
        Ok(())
    }
}

/// From the terminal twice, unseen; else the first line of the standard input.
fn read_password() -> io::Result<SecretString> {
    if !io::stdin().is_terminal() {
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        return Ok(SecretString::from(line.trim_end_matches(['\r', '\n']).to_owned()));
    }
    let new = SecretString::from(rpassword::prompt_password("New password: ")?);
    let again = SecretString::from(rpassword::prompt_password("Once more: ")?);
    if new.expose_secret() == again.expose_secret() {
        return Ok(new);
    }
    Err(io::Error::other("the two were not the same; nothing was changed"))
}
