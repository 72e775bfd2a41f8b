//! The bus over HTTP. Its routes keep the shapes that its clients know.

use std::net::IpAddr;
use std::str::FromStr;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::bodies::Paging;
use super::call::{Call, Head, Query};
use super::events::{Out, stream, stream_of};
use super::reply::{Failure, Reply, ok};
use crate::base::{BusId, ClientId, Page};
use crate::bus::{
    Client, Dedup, Draft, Filter, Message, Progress, Replay, Sender, Sent, Status, To,
    USUAL_PRIORITY,
};
use crate::limits::Holder;

const WHAT: &str = "message";
/// Messages of an answer when the client does not say.
const DEFAULT_LIMIT: usize = 100;
/// Messages of the longest answer.
const MAX_LIMIT: u64 = 1000;

/// The largest whole number that every client can hold (2^53 - 1).
const MOST_NUMBER: i64 = (1 << 53) - 1;

/// A message to be sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewBusMessage)]
pub(super) struct Written {
    /// Who sends it; who has a token for one client may leave it out.
    from: Option<ClientId>,
    to: To,
    #[serde(rename = "type", default = "usual_type")]
    #[schema(default = "message", min_length = 1, max_length = 200, extensions(("x-name" = json!(true))))]
    kind: String,
    /// Any JSON; `{}` when it is absent.
    #[schema(value_type = Option<Value>)]
    payload: Option<Box<RawValue>>,
    /// Shorthand for `payload.text`.
    text: Option<String>,
    /// What the sender calls it; the same again is not sent again (`DEDUP_TTL_SECONDS`).
    #[schema(min_length = 1, max_length = 200, extensions(("x-name" = json!(true))))]
    id: Option<String>,
    /// Deliver it again until it is acknowledged (`ACK_TIMEOUT_SECONDS`, `ACK_RETRIES`).
    #[serde(default)]
    require_ack: bool,
    /// The message that it answers.
    reply_to: Option<BusId>,
    #[serde(default = "usual_priority")]
    #[schema(minimum = 1, maximum = 9, default = 5)]
    priority: u8,
    /// How long it waits for who is away (`MESSAGE_TTL_SECONDS`).
    #[schema(minimum = 1, maximum = 3_155_760_000_u64)]
    ttl_seconds: Option<u64>,
    /// Refuse it when nobody was ever seen under a client id.
    #[serde(default)]
    strict: bool,
    /// `content`: without an `id`, the same content is the same message.
    dedup: Option<Dedup>,
}

fn usual_type() -> String {
    "message".to_owned()
}

fn usual_priority() -> u8 {
    USUAL_PRIORITY
}

impl From<Written> for Draft {
    fn from(written: Written) -> Self {
        Self {
            from: written.from,
            to: written.to,
            kind: written.kind,
            payload: written.payload,
            text: written.text,
            id: written.id,
            require_ack: written.require_ack,
            reply_to: written.reply_to,
            priority: written.priority,
            ttl_seconds: written.ttl_seconds,
            strict: written.strict,
            dedup: written.dedup,
        }
    }
}

/// Messages to be sent together.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BusBatch)]
struct Batch {
    #[schema(min_items = 1)]
    messages: Vec<Written>,
}

/// What became of each.
#[derive(Serialize, ToSchema)]
#[schema(as = BusBatchSent)]
struct BatchSent {
    results: Vec<Sent>,
}

/// Messages, oldest first.
#[derive(Serialize, ToSchema)]
#[schema(as = BusMessages)]
struct Messages {
    count: usize,
    messages: Vec<Message>,
}

/// Messages that were found, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = BusFound)]
struct Found {
    results: Vec<Message>,
    query: String,
}

/// Who acknowledges.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BusAck)]
struct Acked {
    /// Who has a token for one client may leave it out.
    client_id: Option<ClientId>,
}

/// Which old messages are delivered once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BusReplay)]
struct Again {
    to: ClientId,
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_u64)]
    since_seq: i64,
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_u64)]
    until_seq: Option<i64>,
    /// Only messages of these types.
    #[serde(default)]
    types: Vec<String>,
}

/// How many are delivered once more.
#[derive(Serialize, ToSchema)]
#[schema(as = BusReplayed)]
struct Replayed {
    replayed: usize,
}

/// How many were deleted.
#[derive(Serialize, ToSchema)]
#[schema(as = BusCleared)]
struct Cleared {
    cleared: usize,
}

/// On whose behalf a call uses the bus.
pub(super) fn sender(head: &Head) -> Sender {
    Sender { only: head.identity.as_ref().and_then(|identity| identity.client_id().cloned()) }
}

/// Counts a message in its sender's own bucket, where callers are not told apart by a credential.
pub(super) async fn count(head: &Head, from: Option<&ClientId>) -> Result<(), Failure> {
    let Some(from) = from.filter(|_| !head.app.auth.is_locked()) else { return Ok(()) };
    let Some(rate) = head.app.count_client(head.peer.ip(), from).await else { return Ok(()) };
    let _ = head.rate.set(rate);
    if rate.allowed {
        return Ok(());
    }
    Err(too_many(head, from, rate.limit, rate.reset_s))
}

/// Refuses somebody who sends more than they may.
pub(super) fn too_many(head: &Head, from: &ClientId, limit: u64, reset_s: u64) -> Failure {
    let address: IpAddr = head.peer.ip();
    tracing::warn!(client = %address, bus.client = %from, limit, "rate limit reached");
    head.app.bus.rate_limit_hit(Some(from.clone()), address.to_string(), limit);
    let message = format!(
        "{limit} messages a minute is the limit for one sender (RATE_LIMIT_BUS); try again in {reset_s} s"
    );
    Failure::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message)
        .with_retry_after(Some(reset_s))
}

/// Sends a message: to a client, to several, or to all.
///
/// It is on disk when this answers, and waits for who is away. `recipients` says who is there.
#[utoipa::path(post, path = "/send", request_body = Written, responses((status = 200, body = Sent), (status = 404)))]
pub(super) async fn send(mut call: Call) -> Reply {
    let written: Written = call.json().await?;
    count(&call.head, written.from.as_ref()).await?;
    ok(&call.app().bus.send(&call.caller, &sender(&call.head), written.into()).await?)
}

/// Sends messages, all or none of them.
#[utoipa::path(post, path = "/send/batch", request_body = Batch, responses((status = 200, body = BatchSent), (status = 404)))]
pub(super) async fn send_batch(mut call: Call) -> Reply {
    let Batch { messages } = call.json().await?;
    count(&call.head, messages.first().and_then(|first| first.from.as_ref())).await?;
    let drafts = messages.into_iter().map(Draft::from).collect();
    let results = call.app().bus.send_many(&call.caller, &sender(&call.head), drafts).await?;
    ok(&BatchSent { results })
}

/// Messages, oldest first: after a number or an instant, or else the newest.
///
/// What is read with `to` and `since_seq` counts as delivered to that client.
#[utoipa::path(
    get,
    path = "/messages",
    params(
        ("to" = Option<ClientId>, Query, description = "For this client"),
        ("from" = Option<ClientId>, Query, description = "Of this client"),
        ("type" = Option<String>, Query, description = "Of this type"),
        ("since" = Option<crate::base::Timestamp>, Query, description = "Not before this instant"),
        ("since_seq" = Option<u64>, Query, description = "After this number", maximum = 9_007_199_254_740_991_u64),
        ("before_seq" = Option<u64>, Query, description = "Before this number", maximum = 9_007_199_254_740_991_u64),
        ("limit" = Option<u64>, Query, description = "So many at most", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, body = Messages)),
)]
pub(super) async fn list(call: Call) -> Reply {
    let query = call.query()?;
    let filter = Filter {
        to: parsed(&query, "to")?,
        from: parsed(&query, "from")?,
        kind: query.text("type").map(str::to_owned),
        since: parsed(&query, "since")?,
        since_seq: number(&query, "since_seq")?,
        before_seq: number(&query, "before_seq")?,
        limit: limit(&query)?,
    };
    let messages = call.app().bus.messages(&sender(&call.head), filter).await?;
    ok(&Messages { count: messages.len(), messages })
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(
    query: &Query,
    name: &str,
) -> Result<Option<T>, Failure> {
    let read = query.text(name).map(str::parse).transpose();
    read.map_err(|error: T::Err| Failure::invalid(name, format!("{name}: {error}")))
}

pub(super) fn number(query: &Query, name: &str) -> Result<Option<i64>, Failure> {
    numbered(name, query.number(name)?.map(|number| i64::try_from(number).unwrap_or(i64::MAX)))
}

/// The number of a message.
pub(super) fn numbered(name: &str, number: Option<i64>) -> Result<Option<i64>, Failure> {
    if number.is_some_and(|number| !(0..=MOST_NUMBER).contains(&number)) {
        return Err(Failure::invalid(name, format!("{name} is the number of a message")));
    }
    Ok(number)
}

fn limit(query: &Query) -> Result<usize, Failure> {
    match query.number("limit")? {
        None => Ok(DEFAULT_LIMIT),
        Some(limit @ 1..=MAX_LIMIT) => Ok(usize::try_from(limit).unwrap_or(DEFAULT_LIMIT)),
        Some(_) => Err(Failure::invalid("limit", format!("limit goes from 1 to {MAX_LIMIT}"))),
    }
}

/// Every message, oldest first, one JSON object a line.
#[utoipa::path(
    get,
    path = "/messages/export",
    responses((status = 200, body = String, content_type = "application/x-ndjson")),
)]
pub(super) async fn export(call: Call) -> Reply {
    call.query()?;
    let who = sender(&call.head);
    let bus = call.app().bus.clone();
    let reply = stream(&call, move |out: Out| async move {
        let mut after = 0;
        loop {
            let limit = DEFAULT_LIMIT;
            let filter = Filter { since_seq: Some(after), limit, ..Filter::default() };
            let page = match bus.messages(&who, filter).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::error!(%error, "an export broke off");
                    let last = json!({ "error": "not all messages could be read; export again" });
                    out.send(format!("{last}\n")).await;
                    return;
                }
            };
            let lines = page.iter().filter_map(|message| serde_json::to_string(message).ok());
            let text: String = lines.map(|line| line + "\n").collect();
            if !text.is_empty() && !out.send(text).await {
                return;
            }
            match page.last() {
                Some(last) if page.len() == limit => after = last.seq,
                _ => return,
            }
        }
    })?;
    Ok(super::reply::download("messages.ndjson", "application/x-ndjson", reply))
}

/// One message.
#[utoipa::path(get, path = "/messages/{id}", params(("id" = BusId, Path)), responses((status = 200, body = Message)))]
pub(super) async fn get(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    ok(&call.app().bus.get(&sender(&call.head), id).await?)
}

/// The messages of its thread, oldest first.
#[utoipa::path(get, path = "/messages/{id}/thread", params(("id" = BusId, Path)), responses((status = 200, body = Messages)))]
pub(super) async fn thread(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    let messages = call.app().bus.thread(&sender(&call.head), id).await?;
    ok(&Messages { count: messages.len(), messages })
}

/// How far it came with everybody it is for.
#[utoipa::path(get, path = "/messages/{id}/status", params(("id" = BusId, Path)), responses((status = 200, body = Status)))]
pub(super) async fn status(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    ok(&call.app().bus.status(&sender(&call.head), id).await?)
}

/// Acknowledges it on behalf of one of those it is for.
#[utoipa::path(
    post,
    path = "/messages/{id}/ack",
    params(("id" = BusId, Path)),
    request_body = Acked,
    responses((status = 200, body = Progress)),
)]
pub(super) async fn ack(mut call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    let Acked { client_id } = call.json_or_empty().await?;
    ok(&call.app().bus.ack(&call.caller, &sender(&call.head), client_id, id).await?)
}

/// Finds messages by the words in them, newest first; any text will do.
#[utoipa::path(
    get,
    path = "/search",
    params(
        ("q" = Option<String>, Query, description = "Words; the last one is taken as a beginning"),
        ("limit" = Option<u64>, Query, description = "So many at most", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, body = Found)),
)]
pub(super) async fn search(call: Call) -> Reply {
    let query = call.query()?;
    let words = query.text("q").unwrap_or_default();
    let results = call.app().bus.search(&sender(&call.head), words, limit(&query)?).await?;
    ok(&Found { results, query: words.to_owned() })
}

/// Puts old messages into a client's queue again.
#[utoipa::path(post, path = "/replay", request_body = Again, responses((status = 200, body = Replayed)))]
pub(super) async fn replay(mut call: Call) -> Reply {
    let Again { to, since_seq, until_seq, types } = call.json().await?;
    numbered("since_seq", Some(since_seq))?;
    let wanted = Replay { to, since_seq, until_seq: numbered("until_seq", until_seq)?, types };
    let replayed = call.app().bus.replay(&call.caller, &sender(&call.head), wanted).await?;
    ok(&Replayed { replayed })
}

/// Deletes all messages. Their numbers are not used again.
#[utoipa::path(post, path = "/clear", responses((status = 200, body = Cleared)))]
pub(super) async fn clear(call: Call) -> Reply {
    ok(&Cleared { cleared: call.app().bus.clear(&call.caller).await? })
}

/// Everybody who was ever seen or written to.
#[utoipa::path(get, path = "/clients", params(Paging), responses((status = 200, body = Page<Client>)))]
pub(super) async fn clients(call: Call) -> Reply {
    let query = call.query()?;
    let (cursor, limit) = (query.text("cursor"), query.limit()?);
    ok(&call.app().bus.clients(&sender(&call.head), cursor, limit).await?)
}

/// One of them.
#[utoipa::path(get, path = "/clients/{id}", params(("id" = ClientId, Path)), responses((status = 200, body = Client)))]
pub(super) async fn client(call: Call) -> Reply {
    let id = call.id("id", "client")?;
    ok(&call.app().bus.client(&sender(&call.head), id).await?)
}

/// What waits for a client and then what comes, as server-sent events.
///
/// Events are `message`, their `id` is the message's number, and the data is the message. With
/// `since_seq` (or `Last-Event-ID`, as a browser says it when it comes back) it is everything after
/// that number. Without a client it is everything that is said on the bus.
#[utoipa::path(
    get,
    path = "/subscribe",
    params(
        ("client" = Option<ClientId>, Query, description = "Who listens"),
        ("since_seq" = Option<u64>, Query, description = "After this number", maximum = 9_007_199_254_740_991_u64),
        ("types" = Option<String>, Query, description = "Only these types, with commas between them"),
        ("Last-Event-ID" = Option<u64>, Header, description = "The same as `since_seq`"),
    ),
    responses((status = 200, body = String, content_type = "text/event-stream")),
)]
pub(super) async fn subscribe(call: Call) -> Reply {
    let query = call.query()?;
    let client: Option<ClientId> = parsed(&query, "client")?;
    let last_id = call.head.headers.get("last-event-id").map(|value| {
        let text = value.to_str().unwrap_or_default().trim().parse::<i64>();
        text.ok().filter(|number| (0..=MOST_NUMBER).contains(number)).ok_or_else(|| {
            Failure::invalid("Last-Event-ID", "Last-Event-ID is the number of a message")
        })
    });
    let since = last_id.transpose()?.or(number(&query, "since_seq")?);
    let types = query.text("types").map(|list| list.split(',').map(str::to_owned).collect());
    let (who, bus) = (sender(&call.head), call.app().bus.clone());
    let address = call.head.peer.ip();
    let holder = client.clone().map_or(Holder::Address(address), Holder::Client);
    if let Some(me) = who.only.as_ref().filter(|me| client.as_ref() != Some(*me)) {
        return Err(crate::bus::not_yours(me).into());
    }
    stream_of(&call, holder, move |out: Out| async move {
        let place = ("sse", address.to_string());
        let begun = bus.subscribe(&who, client, since, place);
        let Ok(mut reading) = begun else { return };
        reading.narrow(types, None);
        loop {
            let next = out.wait_for(async {
                let next = reading.next().await;
                next.inspect_err(|error| tracing::warn!(%error, "a reader of the bus is cut off"))
                    .ok()
            });
            let Some(delivery) = next.await else { return };
            let (seq, json) = (delivery.message.seq, &delivery.json);
            if !out.send(format!("event: message\nid: {seq}\ndata: {json}\n\n")).await {
                return;
            }
            reading.delivered(&delivery);
        }
    })
}
