//! The servers of tools that the owner lists: adding, changing, asking and removing them. What they are
//! shown (a token, values of variables) is sealed, and shown to nobody again.

use std::sync::{Arc, PoisonError};

use rusqlite::Connection;
use secrecy::{ExposeSecret as _, SecretString};

use super::http::{Http, Why};
use super::link::{Reach, Trouble};
use super::types::{
    Kind, NewToolServer, Row, Secrets, ToolServer, ToolServerChanges, ToolServerTest,
};
use super::{Tools, check, queries};
use crate::base::{Caller, Page, Timestamp, ToolServerId, clock};
use crate::config::passed_on;
use crate::error::Error;
use crate::store::Seal;

fn get_row(db: &Connection, id: ToolServerId) -> Result<Row, Error> {
    queries::find(db, id)?.ok_or(Error::not_found("server of tools"))
}

impl Tools {
    /// Every server, in the order in which they were added.
    pub async fn list_servers(&self) -> Result<Page<ToolServer>, Error> {
        let rows = self.rows().await?;
        Ok(Page::whole(rows.into_iter().map(|row| self.with_state(row.server)).collect()))
    }

    /// One of them.
    pub async fn get_server(&self, id: ToolServerId) -> Result<ToolServer, Error> {
        let row = self.inner.store.read(move |db| get_row(db, id)).await?;
        Ok(self.with_state(row.server))
    }

    /// Adds one, and asks it for its tools in the background.
    pub async fn create_server(
        &self,
        caller: &Caller,
        new: NewToolServer,
    ) -> Result<ToolServer, Error> {
        let name = check::name(&new.name)?;
        check::whole(new.kind, new.url.as_deref(), new.program.as_deref())?;
        let url = new.url.as_deref().map(check::url).transpose()?;
        let program = new.program.as_deref().map(check::program).transpose()?;
        let token = check::token(new.token.as_ref())?;
        check::args(&new.args)?;
        check::env(&new.env)?;
        check::allowed(new.allowed.as_deref())?;
        if new.kind == Kind::Command && token.is_some() {
            return Err(Error::invalid("token", "a server of the kind command takes no token"));
        }
        let (seal, most) = (self.inner.seal.clone(), self.policy().max_servers);
        let secrets = Secrets { token, env: new.env };
        let server = ToolServer {
            id: ToolServerId::new(),
            name,
            kind: new.kind,
            url,
            token: None,
            program,
            args: new.args,
            env: secrets.env.keys().cloned().collect(),
            enabled: new.enabled.unwrap_or(true),
            everywhere: new.everywhere.unwrap_or(false),
            allowed: new.allowed,
            tools: Vec::new(),
            listed_at: None,
            connected: false,
            last_error: None,
            created_at: Timestamp::now(),
            updated_at: Timestamp::now(),
        };
        let made = self
            .inner
            .store
            .write_once(caller, move |tx| {
                if queries::count(tx)? >= most {
                    let message = format!("{most} servers are the limit (TOOL_SERVERS_MAX)");
                    return Err(Error::conflict("too_many_tool_servers", message));
                }
                check_free(tx, &server)?;
                let id = server.id;
                let row = Row { sealed: sealed(&seal, id, &secrets)?, server };
                queries::insert(tx, &row, token_end(&secrets).as_deref())?;
                Ok(get_row(tx, id)?.server)
            })
            .await?;
        self.announce();
        if made.value.enabled && !made.replayed {
            self.ask_later(made.value.id);
        }
        Ok(self.with_state(made.value))
    }

    /// Changes what is given. A connection that is open ends.
    pub async fn update_server(
        &self,
        caller: &Caller,
        id: ToolServerId,
        changes: ToolServerChanges,
    ) -> Result<ToolServer, Error> {
        let name = changes.name.as_deref().map(check::name).transpose()?;
        let url = changes.url.as_deref().map(check::url).transpose()?;
        let program = changes.program.as_deref().map(check::program).transpose()?;
        let token = match &changes.token {
            Some(token) => Some(check::token(token.as_ref())?),
            None => None,
        };
        check::args(changes.args.as_deref().unwrap_or_default())?;
        check::allowed(changes.allowed.as_ref().and_then(|all| all.as_deref()))?;
        let seal = self.inner.seal.clone();
        let changed = self
            .inner
            .store
            .write_once(caller, move |tx| {
                let mut row = get_row(tx, id)?;
                let mut secrets = opened(&seal, &row)?;
                let server = &mut row.server;
                let place = |server: &ToolServer| {
                    (server.url.clone(), server.program.clone(), server.args.clone())
                };
                let before = place(server);
                server.name = name.unwrap_or_else(|| server.name.clone());
                check_free(tx, server)?;
                if let Some(url) = url
                    && server.url.as_ref() != Some(&url)
                {
                    // It was meant for the old address.
                    secrets.token = None;
                    server.url = Some(url);
                }
                server.program = program.or(server.program.take());
                check::whole(server.kind, server.url.as_deref(), server.program.as_deref())?;
                if let Some(token) = token {
                    secrets.token = token;
                }
                server.args = changes.args.unwrap_or(std::mem::take(&mut server.args));
                for (name, value) in changes.env.unwrap_or_default() {
                    match value {
                        Some(value) => drop(secrets.env.insert(name, value)),
                        None => drop(secrets.env.remove(&name)),
                    }
                }
                check::env(&secrets.env)?;
                server.env = secrets.env.keys().cloned().collect();
                server.enabled = changes.enabled.unwrap_or(server.enabled);
                server.everywhere = changes.everywhere.unwrap_or(server.everywhere);
                if let Some(allowed) = changes.allowed {
                    server.allowed = allowed;
                }
                let moved = place(server) != before;
                row.sealed = sealed(&seal, id, &secrets)?;
                if moved {
                    queries::update_other(tx, id)?;
                }
                queries::update(tx, &row, token_end(&secrets).as_deref())?;
                Ok::<_, Error>(get_row(tx, id)?.server)
            })
            .await?;
        self.hang_up(id);
        self.announce();
        if changed.value.enabled {
            self.ask_later(id);
        }
        Ok(self.with_state(changed.value))
    }

    /// Removes one, with what was allowed of it.
    pub async fn delete_server(&self, caller: &Caller, id: ToolServerId) -> Result<(), Error> {
        let gone = move |tx: &Connection| {
            let there = queries::delete(tx, id)?;
            there.then_some(()).ok_or(Error::not_found("server of tools"))
        };
        self.inner.store.write_once(caller, gone).await?;
        self.hang_up(id);
        self.announce();
        Ok(())
    }

    /// Connects to one anew, on or off, and asks for its tools.
    pub async fn test_server(&self, id: ToolServerId) -> Result<ToolServerTest, Error> {
        let row = self.inner.store.read(move |db| get_row(db, id)).await?;
        self.hang_up(id);
        let began = clock::monotonic();
        let connected = self.connect(&row).await;
        let took_ms = clock::ms_since(began);
        let policy = self.policy();
        let listed = match connected {
            Ok(link) => link.tools(&policy).await.map(|(listed, _)| listed.len()),
            Err(trouble) => Err(trouble),
        };
        self.announce();
        Ok(match listed {
            Ok(tools) => ToolServerTest { ok: true, took_ms, tools, error: None, said: None },
            Err(Trouble { why, said }) => {
                ToolServerTest { ok: false, took_ms, tools: 0, error: Some(why), said }
            }
        })
    }

    /// How to reach a server.
    pub(super) fn reach(&self, row: &Row) -> Result<Reach, Trouble> {
        let secrets = opened(&self.inner.seal, row).map_err(|_| {
            Trouble::new("what it was given to keep secret cannot be read; enter it again")
        })?;
        let (server, policy) = (&row.server, self.policy());
        Ok(match (&server.url, &server.program) {
            (Some(url), _) => Reach::Http {
                http: Http {
                    client: self.inner.http.clone(),
                    limit: policy.call_timeout.max(policy.connect),
                    max_bytes: policy.max_message_bytes,
                    why: Why::default(),
                    begun: Arc::default(),
                },
                url: url.clone(),
                token: secrets.token,
            },
            (None, Some(program)) => {
                let usual = passed_on().into_iter().map(|(name, value)| (name.to_owned(), value));
                let own = secrets.env.iter();
                let own = own.map(|(name, value)| (name.clone(), value.expose_secret().into()));
                Reach::Command {
                    program: program.clone(),
                    args: server.args.clone(),
                    env: usual.chain(own).collect(),
                }
            }
            (None, None) => return Err(Trouble::new("it has neither an address nor a program")),
        })
    }

    /// Ends the connection to a server; the next use opens another.
    fn hang_up(&self, id: ToolServerId) {
        let mut lines = self.inner.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.remove(&id) {
            line.gone.cancel();
        }
    }

    fn with_state(&self, mut server: ToolServer) -> ToolServer {
        let lines = self.inner.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get(&server.id).map(Arc::clone) {
            let shown = line.shown.lock().unwrap_or_else(PoisonError::into_inner);
            server.connected = shown.as_ref().is_some_and(|link| link.is_open());
            let last = line.last_error.lock().unwrap_or_else(PoisonError::into_inner);
            server.last_error.clone_from(&last);
        }
        server
    }
}

fn check_free(tx: &Connection, server: &ToolServer) -> Result<(), Error> {
    if queries::is_taken(tx, &server.name, server.id)? {
        let message = "another server of tools has this name";
        return Err(Error::conflict("name_taken", message));
    }
    Ok(())
}

fn sealed(seal: &Seal, id: ToolServerId, secrets: &Secrets) -> Result<Option<Vec<u8>>, Error> {
    let failed = |error| Error::internal("keeping a secret", error);
    let text = secrets.text().map_err(|error| Error::internal("keeping a secret", error))?;
    let text = text.map(|text: SecretString| seal.seal(id, text.expose_secret()));
    text.transpose().map_err(failed)
}

fn opened(seal: &Seal, row: &Row) -> Result<Secrets, Error> {
    let Some(sealed) = &row.sealed else { return Ok(Secrets::default()) };
    let unreadable = || {
        let message =
            "what was kept secret for this server cannot be read; remove it and add it again";
        Error::conflict("secret_unreadable", message)
    };
    let text = seal.unseal(row.server.id, sealed).map_err(|_| unreadable())?;
    Secrets::read(&text).map_err(|_| unreadable())
}

/// The last four characters of a token, fewer of one so short that they would be half of it.
fn token_end(secrets: &Secrets) -> Option<String> {
    let token = secrets.token.as_ref()?.expose_secret();
    let count = token.chars().count();
    Some(token.chars().skip(count - (count / 2).min(4)).collect())
}
