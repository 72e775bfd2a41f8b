//! `inglenook send`, `ask` and `listen`: the bus from a shell. The running server carries them out; it
//! knows by the key in the data folder whose shell it is.

use std::io::{self, Read as _, Write as _};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::{exit, say};
use crate::net::{OwnServer, own::Events};

/// What is to be done.
#[derive(Debug)]
pub enum Bus {
    /// Send a message.
    Send {
        /// What it says, from whom, to whom.
        message: Outgoing,
        /// Answer with JSON.
        json: bool,
    },
    /// Send a message and wait for the reply to it.
    Ask {
        /// What it says, from whom, to whom.
        message: Outgoing,
        /// How long to wait, where it is not the usual.
        patience: Option<Duration>,
        /// Answer with JSON.
        json: bool,
    },
    /// Print what comes for a client.
    Listen {
        /// Which client.
        client: String,
        /// Messages of these types alone; all when there are none.
        types: Vec<String>,
        /// What comes after this number, and not what waits.
        since: Option<u64>,
        /// Messages after which it ends.
        count: Option<u64>,
        /// One JSON object a line.
        json: bool,
    },
}

/// A message to be sent.
#[derive(Debug)]
pub struct Outgoing {
    /// Who sends it.
    pub from: String,
    /// Whom it is for; several, or `all`.
    pub to: Vec<String>,
    /// What it says; `-` reads it from the standard input.
    pub text: Option<String>,
    /// What kind it is.
    pub kind: Option<String>,
    /// Any JSON.
    pub payload: Option<Value>,
    /// Delivered again until it is acknowledged.
    pub ack: bool,
    /// The message that it answers.
    pub reply_to: Option<String>,
    /// From 1, first, to 9.
    pub priority: Option<u8>,
    /// How long it waits.
    pub ttl_seconds: Option<u64>,
    /// Refused when nobody was ever seen under the id.
    pub strict: bool,
}

impl Outgoing {
    /// As the server takes it.
    fn body(self) -> Result<Value, String> {
        let text = match self.text.as_deref() {
            Some("-") => {
                let mut text = String::new();
                let read = io::stdin().read_to_string(&mut text);
                read.map_err(|error| format!("the standard input cannot be read: {error}"))?;
                Some(text.trim_end_matches(['\r', '\n']).to_owned())
            }
            text => text.map(str::to_owned),
        };
        let to = match self.to.as_slice() {
            [one] => json!(one),
            several => json!(several),
        };
        let mut body = json!({ "from": self.from, "to": to, "require_ack": self.ack,
            "strict": self.strict });
        for (name, value) in [
            ("text", text.map(Value::from)),
            ("type", self.kind.map(Value::from)),
            ("payload", self.payload),
            ("reply_to", self.reply_to.map(Value::from)),
            ("priority", self.priority.map(Value::from)),
            ("ttl_seconds", self.ttl_seconds.map(Value::from)),
        ] {
            if let Some(value) = value {
                body[name] = value;
            }
        }
        Ok(body)
    }
}

impl Bus {
    /// Has the server carry it out; the exit code. Replies are waited for so long, unless it says.
    pub async fn run(self, server: &OwnServer, usual: Duration) -> u8 {
        let done = match self {
            Self::Send { message, json } => send(server, message, json).await,
            Self::Ask { message, patience, json } => {
                ask(server, message, patience.unwrap_or(usual), json).await
            }
            Self::Listen { client, types, since, count, json } => {
                listen(server, &client, &types, since, count, json).await
            }
        };
        match done {
            Ok(()) => exit::DONE,
            Err(message) => {
                say::error(&message);
                exit::FAILED
            }
        }
    }
}

async fn send(server: &OwnServer, message: Outgoing, json: bool) -> Result<(), String> {
    let sent = server.call(Method::POST, "/send", Some(&message.body()?)).await?;
    if json {
        say::line(&sent.to_string());
    } else {
        say::line(sent["message_id"].as_str().unwrap_or_default());
        for (client, state) in sent["recipients"].as_object().into_iter().flatten() {
            match state.as_str() {
                Some("unknown") => say::error(&format!(
                    "{client} was never seen here; the message waits all the same"
                )),
                Some("away") => say::error(&format!("{client} is away; the message waits")),
                _ => {}
            }
        }
    }
    Ok(())
}

async fn ask(
    server: &OwnServer,
    message: Outgoing,
    patience: Duration,
    json: bool,
) -> Result<(), String> {
    let me = message.from.clone();
    let body = message.body()?;
    // Everything is listened to, and from before the question, so that no reply is too quick; what
    // else waits for the one who asks stays there.
    let mut events = server.events("/subscribe").await?;
    let sent = server.call(Method::POST, "/send", Some(&body)).await?;
    let id = sent["message_id"].clone();
    let reply = tokio::time::timeout(patience, async {
        loop {
            let reply = next_message(&mut events).await?;
            if reply["reply_to"] == id && is_for(&reply, &me) {
                return Ok::<_, String>(reply);
            }
        }
    });
    let Ok(reply) = reply.await else {
        let id = id.as_str().unwrap_or_default();
        return Err(format!(
            "no reply to {id} within {} seconds; it may still come: inglenook listen --client {me}",
            patience.as_secs()
        ));
    };
    let reply = reply?;
    print(&reply, json, false).map_err(|error| error.to_string())?;
    // It was read here, so it need not wait for them any longer; where it did not wait, that is fine.
    let _ = acknowledge(server, &reply, &me).await;
    Ok(())
}

async fn listen(
    server: &OwnServer,
    client: &str,
    types: &[String],
    since: Option<u64>,
    count: Option<u64>,
    json: bool,
) -> Result<(), String> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("client", client);
    if !types.is_empty() {
        query.append_pair("types", &types.join(","));
    }
    if let Some(since) = since {
        query.append_pair("since_seq", &since.to_string());
    }
    let mut events = server.events(&format!("/subscribe?{}", query.finish())).await?;
    let mut left = count.unwrap_or(u64::MAX);
    while left > 0 {
        let message = next_message(&mut events).await?;
        match print(&message, json, true) {
            // `inglenook listen | head` is no failure, and what was not printed was not received.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            printed => printed.map_err(|error| error.to_string())?,
        }
        if message["requires_ack"] == true {
            acknowledge(server, &message, client).await?;
        }
        left -= 1;
    }
    Ok(())
}

async fn next_message(events: &mut Events) -> Result<Value, String> {
    loop {
        let event = events.next().await.map_err(|error| format!("no answer: {}", error.root()))?;
        let Some((name, data)) = event else {
            return Err("the server ended the connection".to_owned());
        };
        match name.as_str() {
            "message" => return serde_json::from_str(&data).map_err(|error| error.to_string()),
            "server_shutdown" => return Err("the server stops".to_owned()),
            _ => {}
        }
    }
}

fn is_for(message: &Value, client: &str) -> bool {
    match &message["to"] {
        Value::String(to) => to == client || to == "all",
        Value::Array(to) => to.iter().any(|one| one == client),
        _ => false,
    }
}

async fn acknowledge(server: &OwnServer, message: &Value, client: &str) -> Result<(), String> {
    let path = format!("/messages/{}/ack", message["id"].as_str().unwrap_or("-"));
    server.call(Method::POST, &path, Some(&json!({ "client_id": client }))).await.map(drop)
}

/// Prints a message: one JSON object, or what it says.
fn print(message: &Value, json: bool, with_sender: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        writeln!(out, "{message}")?;
        return out.flush();
    }
    let said = match message["payload"]["text"].as_str() {
        Some(text) => text.to_owned(),
        None => message["payload"].to_string(),
    };
    // What others wrote must not steer the terminal.
    let said = said.replace(|c: char| c.is_control() && !matches!(c, '\n' | '\t'), "\u{fffd}");
    if with_sender {
        write!(out, "{}: ", message["from"].as_str().unwrap_or_default())?;
    }
    writeln!(out, "{said}")?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(to: &[&str], text: Option<&str>) -> Outgoing {
        Outgoing {
            from: "me".to_owned(),
            to: to.iter().map(|&one| one.to_owned()).collect(),
            text: text.map(str::to_owned),
            kind: None,
            payload: None,
            ack: false,
            reply_to: None,
            priority: None,
            ttl_seconds: None,
            strict: false,
        }
    }

    #[test]
    fn only_what_was_given_is_sent() {
        let plain = outgoing(&["you"], Some("hello")).body().unwrap();
        let expected = json!({ "from": "me", "to": "you", "text": "hello", "require_ack": false,
            "strict": false });
        assert_eq!(plain, expected);
        let several = Outgoing { priority: Some(1), ..outgoing(&["you", "her"], None) };
        let body = several.body().unwrap();
        assert_eq!((&body["to"], &body["priority"]), (&json!(["you", "her"]), &json!(1)));
        assert!(body.get("text").is_none());
    }

    #[test]
    fn a_reply_is_for_those_it_names() {
        for (to, yes) in [
            (json!("me"), true),
            (json!("all"), true),
            (json!(["you", "me"]), true),
            (json!("you"), false),
            (json!(["you"]), false),
        ] {
            assert_eq!(is_for(&json!({ "to": to }), "me"), yes, "{to}");
        }
    }
}
