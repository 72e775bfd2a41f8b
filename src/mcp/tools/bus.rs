//! Talking with other agents. What is sent is on disk before the tool answers, and waits for who is
//! away.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};

use super::{Answer, Asked, Tool, schema, told};
use crate::auth::Need;
use crate::base::{BusId, ClientId, Timestamp};
use crate::bus::{Draft, Filter, Sender, To, USUAL_PRIORITY};
use crate::error::Error;
use crate::limits::{Class, Who};

/// Messages when the client does not say.
const DEFAULT_LIMIT: usize = 50;
/// Messages of the longest result.
const MAX_LIMIT: usize = 200;
/// Clients that a status names.
const CLIENTS: usize = 200;
/// What a message is that does not say.
const USUAL_TYPE: &str = "message";

/// What the tools that send have in common.
const fn sending(
    name: &'static str,
    title: &'static str,
    about: &'static str,
    takes: fn() -> serde_json::Value,
    call: fn(Asked) -> Answer,
) -> Tool {
    Tool { name, title, about, need: Need::Bus, reads: false, takes, call }
}

/// What the tools that read have in common.
const fn reading(
    name: &'static str,
    title: &'static str,
    about: &'static str,
    takes: fn() -> serde_json::Value,
    call: fn(Asked) -> Answer,
) -> Tool {
    Tool { name, title, about, need: Need::Bus, reads: true, takes, call }
}

pub(super) const SEND: Tool = sending(
    "bus_send",
    "Send a message",
    "Sends a message to another agent by its client id, or to several. It is kept until they read it, \
     also while they are away. The result says who is there, and the message's id and number.",
    schema::<Message>,
    send,
);

pub(super) const ASK: Tool = sending(
    "bus_ask",
    "Ask and wait for the reply",
    "Sends a message to one agent and waits for its reply: a message whose reply_to is the id of this \
     one. When none comes in time, reply is null; it may still come later, to be read with \
     bus_messages.",
    schema::<Question>,
    ask,
);

pub(super) const BROADCAST: Tool = sending(
    "bus_broadcast",
    "Send a message to everybody",
    "Sends a message to every agent that is known here, but to its sender. It is kept until they read \
     it, also while they are away.",
    schema::<Announcement>,
    broadcast,
);

pub(super) const MESSAGES: Tool = Tool {
    // What is read for one client after a number counts as delivered to it.
    reads: false,
    ..reading(
        "bus_messages",
        "Read messages",
        "Lists messages, oldest first: the newest ones, or those after a number (since_seq). To read \
         one's own mail, give one's client id as to and the number of the last message that was read \
         as since_seq, 0 at first; what is read so counts as delivered.",
        schema::<Wanted>,
        messages,
    )
};

pub(super) const SEARCH: Tool = reading(
    "bus_search",
    "Search messages",
    "Finds messages between agents by the words in them, newest first. Any text is a valid query; its \
     last word is taken as a beginning.",
    schema::<Sought>,
    search,
);

pub(super) const STATUS: Tool = reading(
    "bus_status",
    "Status of the bus",
    "Tells how the bus is and which agents are known: who is online, how much waits for whom. With a \
     message_id it tells how far that message came with everybody it is for.",
    schema::<About>,
    status,
);

/// A message to be sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Message {
    /// One's own client id; a token that is bound to one may leave it out.
    #[schema(value_type = Option<String>, nullable = false)]
    from: Option<ClientId>,
    #[schema(schema_with = recipients)]
    to: To,
    /// What it says.
    #[schema(nullable = false)]
    text: Option<String>,
    /// Any JSON besides or instead of a text.
    #[schema(value_type = Option<Object>, nullable = false)]
    payload: Option<Box<RawValue>>,
    /// What kind of message it is; `message` when it is absent.
    #[serde(rename = "type")]
    #[schema(max_length = 200, nullable = false)]
    kind: Option<String>,
    /// The id of the message that it answers.
    #[schema(value_type = Option<String>, nullable = false)]
    reply_to: Option<BusId>,
    /// A name of one's own for it: the same once more is not sent again.
    #[schema(max_length = 200, nullable = false)]
    id: Option<String>,
    /// Deliver it again until it is acknowledged.
    #[schema(nullable = false)]
    require_ack: Option<bool>,
    /// From 1, first, to 9.
    #[schema(minimum = 1, maximum = 9, default = 5, nullable = false)]
    priority: Option<u8>,
    /// Seconds that it waits for who is away.
    #[schema(minimum = 1, nullable = false)]
    ttl_seconds: Option<u64>,
    /// Refuse it when nobody was ever seen under a client id.
    #[schema(nullable = false)]
    strict: Option<bool>,
}

/// Whom a message is for.
fn recipients() -> RefOr<Schema> {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    OneOfBuilder::new()
        .description(Some("The client id that it is for, or a list of them."))
        .item(text())
        .item(ArrayBuilder::new().items(text()).min_items(Some(1)))
        .into()
}

/// A message that waits for its reply.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Question {
    /// One's own client id; a token that is bound to one may leave it out.
    #[schema(value_type = Option<String>, nullable = false)]
    from: Option<ClientId>,
    /// The client id of the agent that is asked.
    #[schema(value_type = String)]
    to: ClientId,
    /// What it says.
    #[schema(nullable = false)]
    text: Option<String>,
    /// Any JSON besides or instead of a text.
    #[schema(value_type = Option<Object>, nullable = false)]
    payload: Option<Box<RawValue>>,
    /// What kind of message it is; `message` when it is absent.
    #[serde(rename = "type")]
    #[schema(max_length = 200, nullable = false)]
    kind: Option<String>,
    /// A name of one's own for it: the same once more is not asked again, but waits for the reply.
    #[schema(max_length = 200, nullable = false)]
    id: Option<String>,
    /// Seconds to wait for the reply.
    #[schema(minimum = 1, nullable = false)]
    wait_seconds: Option<u64>,
    /// Refuse it when nobody was ever seen under the client id.
    #[schema(nullable = false)]
    strict: Option<bool>,
}

/// A message to everybody.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Announcement {
    /// One's own client id; a token that is bound to one may leave it out.
    #[schema(value_type = Option<String>, nullable = false)]
    from: Option<ClientId>,
    /// What it says.
    #[schema(nullable = false)]
    text: Option<String>,
    /// Any JSON besides or instead of a text.
    #[schema(value_type = Option<Object>, nullable = false)]
    payload: Option<Box<RawValue>>,
    /// What kind of message it is; `message` when it is absent.
    #[serde(rename = "type")]
    #[schema(max_length = 200, nullable = false)]
    kind: Option<String>,
}

/// Which messages to list.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Only messages for this client id.
    #[schema(value_type = Option<String>, nullable = false)]
    to: Option<ClientId>,
    /// Only messages of this client id.
    #[schema(value_type = Option<String>, nullable = false)]
    from: Option<ClientId>,
    /// Only messages of this type.
    #[serde(rename = "type")]
    #[schema(nullable = false)]
    kind: Option<String>,
    /// Not before this instant (RFC 3339).
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    since: Option<Timestamp>,
    /// After the message of this number.
    #[schema(minimum = 0, nullable = false)]
    since_seq: Option<i64>,
    /// Before the message of this number.
    #[schema(minimum = 0, nullable = false)]
    before_seq: Option<i64>,
    /// Messages at most.
    #[schema(minimum = 1, maximum = 200, default = 50, nullable = false)]
    limit: Option<usize>,
}

/// What to look for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Sought {
    /// Words.
    query: String,
    /// Messages at most.
    #[schema(minimum = 1, maximum = 200, default = 50, nullable = false)]
    limit: Option<usize>,
}

/// What to tell of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct About {
    /// A message, to be told how far it came.
    #[schema(value_type = Option<String>, nullable = false)]
    message_id: Option<BusId>,
}

/// What became of a question.
#[derive(Serialize)]
struct Replied<S, M> {
    sent: S,
    reply: Option<M>,
}

fn send(mut asked: Asked) -> Answer {
    Box::pin(async move {
        let given: Message = asked.read()?;
        asked.count(given.from.as_ref()).await?;
        let draft = Draft {
            payload: given.payload,
            text: given.text,
            id: given.id,
            require_ack: given.require_ack.unwrap_or(false),
            reply_to: given.reply_to,
            priority: given.priority.unwrap_or(USUAL_PRIORITY),
            ttl_seconds: given.ttl_seconds,
            strict: given.strict.unwrap_or(false),
            ..Draft::new(given.from, given.to, kind(given.kind))
        };
        told(&asked.app.bus.send(&asked.asker.caller(), &asked.sender(), draft).await?)
    })
}

fn ask(mut asked: Asked) -> Answer {
    Box::pin(async move {
        let given: Question = asked.read()?;
        let longest = asked.app.config().mcp.ask_max;
        let wait = given.wait_seconds.map(Duration::from_secs);
        if wait.is_some_and(|wait| wait.is_zero() || wait > longest) {
            let message =
                format!("wait_seconds goes from 1 to {} (MCP_ASK_MAX_SECONDS)", longest.as_secs());
            return Err(Error::invalid("wait_seconds", message));
        }
        asked.count(given.from.as_ref()).await?;
        let draft = Draft {
            payload: given.payload,
            text: given.text,
            id: given.id,
            strict: given.strict.unwrap_or(false),
            ..Draft::new(given.from, To::One(given.to), kind(given.kind))
        };
        let bus = &asked.app.bus;
        let (sent, reply) = bus.ask(&asked.asker.caller(), &asked.sender(), draft, wait).await?;
        told(&Replied { sent, reply })
    })
}

fn broadcast(mut asked: Asked) -> Answer {
    Box::pin(async move {
        let given: Announcement = asked.read()?;
        asked.count(given.from.as_ref()).await?;
        let draft = Draft {
            payload: given.payload,
            text: given.text,
            ..Draft::new(given.from, To::All, kind(given.kind))
        };
        told(&asked.app.bus.send(&asked.asker.caller(), &asked.sender(), draft).await?)
    })
}

fn messages(mut asked: Asked) -> Answer {
    Box::pin(async move {
        let wanted: Wanted = asked.read()?;
        let filter = Filter {
            to: wanted.to,
            from: wanted.from,
            kind: wanted.kind,
            since: wanted.since,
            since_seq: wanted.since_seq,
            before_seq: wanted.before_seq,
            limit: limit(wanted.limit)?,
        };
        let messages = asked.app.bus.messages(&asked.sender(), filter).await?;
        told(&json!({ "count": messages.len(), "messages": messages }))
    })
}

fn search(mut asked: Asked) -> Answer {
    Box::pin(async move {
        let Sought { query, limit: wanted } = asked.read()?;
        let results = asked.app.bus.search(&asked.sender(), &query, limit(wanted)?).await?;
        told(&json!({ "results": results, "query": query }))
    })
}

fn status(mut asked: Asked) -> Answer {
    Box::pin(async move {
        let About { message_id } = asked.read()?;
        let (bus, who) = (&asked.app.bus, asked.sender());
        if let Some(id) = message_id {
            return told(&bus.status(&who, id).await?);
        }
        let clients = bus.clients(&who, None, CLIENTS).await?.items;
        told(&json!({ "bus": bus.facts().await?, "clients": clients }))
    })
}

fn kind(given: Option<String>) -> String {
    given.unwrap_or_else(|| USUAL_TYPE.to_owned())
}

fn limit(wanted: Option<usize>) -> Result<usize, Error> {
    let limit = wanted.unwrap_or(DEFAULT_LIMIT);
    if (1..=MAX_LIMIT).contains(&limit) {
        return Ok(limit);
    }
    Err(Error::invalid("limit", format!("limit goes from 1 to {MAX_LIMIT}")))
}

impl Asked {
    /// On whose behalf the bus is used.
    fn sender(&self) -> Sender {
        Sender { only: self.asker.identity.client_id().cloned() }
    }

    /// Counts a message as if it had come over HTTP: by credential, or by who says they send it.
    async fn count(&self, from: Option<&ClientId>) -> Result<(), Error> {
        let who = self.asker.who.clone();
        let address = match who {
            Who::Address(address) => Some(address),
            _ => None,
        };
        let theirs = match address.zip(from) {
            Some((address, from)) => self.app.count_client(address, from).await,
            None => None,
        };
        let rates = [self.app.count_request(Class::Bus, who).await, theirs];
        let Some(rate) = rates.into_iter().flatten().find(|rate| !rate.allowed) else {
            return Ok(());
        };
        let place = address.map(|address| address.to_string()).unwrap_or_default();
        self.app.bus.rate_limit_hit(from.cloned(), place, rate.limit);
        Err(Error::TooMany {
            code: "rate_limited",
            message: format!(
                "{} messages a minute is the limit for one sender (RATE_LIMIT_BUS); try again in {} s",
                rate.limit, rate.reset_s
            ),
            retry_after_s: rate.reset_s,
        })
    }
}
