//! The bus over a WebSocket. Every frame gets an answer: its effect, or an `error` that names it. One
//! task for each socket reads, writes and keeps time, so that an idle one costs little.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Error as SocketError, Message, Utf8Bytes};

use super::bus::{number, numbered, sender, too_many};
use super::call::{Call, Head, parse_json, who};
use super::events::over;
use super::reply::{Failure, Reply};
use super::upgrade::{GOING_AWAY, Handshake, Socket, TOO_BIG, closing, drain, is_too_big};
use crate::base::client_id::BadClientId;
use crate::base::{BusId, Caller, ClientId, Timestamp, clock};
use crate::bus::{Dedup, Delivery, Draft, Seat, Sender, Subscription, To, USUAL_PRIORITY};
use crate::limits::{Class, Full, Slot};

/// Close codes: RFC 6455, its registry, and those that clients of the bus know.
const POLICY: u16 = 1008;
const TRY_LATER: u16 = 1013;
const NOT_JSON: u16 = 4000;
const UNAUTHORISED: u16 = 4003;

/// Messages that are written before the socket is flushed.
const TOGETHER: usize = 64;

/// A message to be sent; the sender is the client of the socket.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SendFrame {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    to: To,
    #[serde(default)]
    msg_type: Option<String>,
    payload: Option<Box<RawValue>>,
    text: Option<String>,
    #[serde(default)]
    require_ack: bool,
    id: Option<String>,
    reply_to: Option<BusId>,
    priority: Option<u8>,
    ttl_seconds: Option<u64>,
    #[serde(default)]
    strict: bool,
    dedup: Option<Dedup>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AckFrame {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    message_id: BusId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubscribeFrame {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    types: Option<Vec<String>>,
    since_seq: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PingFrame {
    #[serde(rename = "type")]
    _type: IgnoredAny,
}

/// A socket of one client of the bus.
///
/// What waits for the client is delivered first, then what comes. What was written to a connection counts as
/// delivered, so a client that was cut off names the last number that it read. Frames are JSON objects with a `type`.
/// A client sends:
/// - `send` `{to, msg_type?, payload?, text?, require_ack?, id?, reply_to?, priority?, ttl_seconds?, strict?, dedup?}`
/// - `ack` `{message_id}`
/// - `subscribe` `{types?, since_seq?}`: only these types from now on; everything after a number once more
/// - `ping`, `pong`
///
/// The server sends:
/// - `connection_confirmed` `{client_id, connection_id, timestamp, server}`, first
/// - `message` `{message, redelivered?}`
/// - `sent` `{message_id, seq, duplicate, recipients, id?}`, `acknowledged` `{message_id, state}`, `subscribed` `{types, since_seq}`
/// - `ping` `{timestamp}` every `HEARTBEAT_SECONDS`, `pong` `{timestamp}`
/// - `error` `{error, code, request?, timestamp}`; `server_shutdown` `{message, timestamp}`, then it closes with 1001
///
/// It closes with 1008 when the client has as many connections as it may, 1013 when the server has, 4000 after
/// what is not JSON, 1009 after a message longer than `MAX_FRAME_KB`, and 4003 when the credential ended or is
/// for another client.
#[utoipa::path(
    get,
    path = "/ws/{client_id}",
    params(
        ("client_id" = ClientId, Path),
        (
            "since_seq" = Option<u64>, Query, maximum = 9_007_199_254_740_991_u64,
            description = "Everything after this number instead of what waits: for who was cut off after reading it",
        ),
    ),
    responses((status = 101, description = "A WebSocket")),
)]
pub(super) async fn connect(call: Call, handshake: Handshake) -> Reply {
    let since = number(&call.query()?, "since_seq")?;
    let client: Result<ClientId, BadClientId> = call.part("client_id").parse();
    let client = client.map_err(|error| Failure::invalid("client_id", error.to_string()))?;
    let largest = call.app().config().server.max_frame_bytes;
    let (head, caller) = (call.head.lasting(), call.caller.clone());
    let tasks = call.app().tasks.clone();
    Ok(handshake.open(&tasks, largest, move |socket| greet(head, caller, client, since, socket)))
}

/// Lets a socket in, or says why not.
async fn greet(
    head: Arc<Head>,
    caller: Caller,
    client: ClientId,
    since: Option<i64>,
    socket: Socket,
) {
    let (sink, mut frames) = socket.split();
    let who = sender(&head);
    let server = head.app.config().server.clone();
    let mut out = Out { sink, patience: server.connection_timeout };
    let slot = match Box::pin(head.app.take_client_slot(&client)).await {
        Ok(slot) => slot,
        Err(full) => return out.refuse_full(&client, full).await,
    };
    let place = ("websocket", head.peer.ip().to_string());
    let reading = match head.app.bus.subscribe(&who, Some(client.clone()), since, place) {
        Ok(reading) => reading,
        Err(error) => {
            let failure = Failure::from(error);
            out.say(&error_frame(&failure, &head, Value::Null)).await;
            return out.close(UNAUTHORISED, "not your client id").await;
        }
    };
    let confirmed = json!({
        "type": "connection_confirmed",
        "client_id": client,
        "connection_id": reading.id(),
        "timestamp": Timestamp::now(),
        "server": concat!("inglenook/", env!("CARGO_PKG_VERSION")),
    });
    if !out.say(&confirmed).await {
        return;
    }
    let heard = clock::monotonic();
    let mut session =
        Session { head, caller, who, client, out, reading, heard, too_big: false, _slot: slot };
    session.run(&mut frames, server.heartbeat).await;
    let Session { too_big, out, .. } = session;
    if too_big && let Ok(mut socket) = frames.reunite(out.sink) {
        drain(&mut socket, server.max_frame_bytes).await;
    }
}

/// The writing end. Nothing waits longer for a peer than a silent one is borne.
struct Out {
    sink: SplitSink<Socket, Message>,
    patience: Duration,
}

impl Out {
    async fn say(&mut self, frame: &Value) -> bool {
        self.write(Message::text(frame.to_string())).await
    }

    async fn write(&mut self, message: Message) -> bool {
        matches!(tokio::time::timeout(self.patience, self.sink.send(message)).await, Ok(Ok(())))
    }

    async fn close(&mut self, code: u16, reason: &'static str) {
        if self.write(closing(code, reason)).await {
            let _ = tokio::time::timeout(self.patience, self.sink.close()).await;
        }
    }

    async fn refuse_full(&mut self, client: &ClientId, full: Full) {
        let (code, limit, open, whose, close) = match full {
            Full::Client { limit, open } => {
                ("too_many_client_connections", limit, open, client.as_str(), POLICY)
            }
            Full::Total { limit, open } => {
                ("too_many_connections", limit, open, "all clients together", TRY_LATER)
            }
        };
        tracing::warn!(bus.client = %client, limit, open, "a connection was refused");
        let error =
            format!("{limit} open connections are the limit for {whose}, and there are {open}");
        let frame = json!({ "type": "error", "code": code, "error": error, "limit": limit,
            "current": open, "timestamp": Timestamp::now() });
        self.say(&frame).await;
        self.close(close, "too many connections").await;
    }
}

fn error_frame(failure: &Failure, head: &Head, request: Value) -> Value {
    let mut body = failure.body(&head.request_id);
    body["type"] = "error".into();
    body["request"] = request;
    body
}

struct Session {
    head: Arc<Head>,
    caller: Caller,
    who: Sender,
    client: ClientId,
    out: Out,
    reading: Subscription,
    heard: Instant,
    /// Whether it was closed for a message that was too large.
    too_big: bool,
    _slot: (Slot, Option<Seat>),
}

impl Session {
    async fn run(&mut self, frames: &mut SplitStream<Socket>, heartbeat: Duration) {
        let head = Arc::clone(&self.head);
        let (app, identity) = (&head.app, head.identity.as_deref());
        let mut beat = tokio::time::interval(heartbeat);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        beat.tick().await;
        let mut over = pin!(over(identity));
        let mut stopping = pin!(app.stop.cancelled());
        loop {
            if let Err(error) = self.reading.fetch().await {
                let failure = Failure::from(error);
                failure.log();
                self.out.say(&error_frame(&failure, &head, Value::Null)).await;
                return self.out.close(TRY_LATER, "try again later").await;
            }
            let go_on = tokio::select! {
                () = &mut over => {
                    let frame = json!({ "type": "error", "code": "signed_out", "timestamp": Timestamp::now(),
                        "error": "the credential of this connection has ended" });
                    self.out.say(&frame).await;
                    return self.out.close(UNAUTHORISED, "signed out").await;
                }
                () = &mut stopping => {
                    let frame = json!({ "type": "server_shutdown", "timestamp": Timestamp::now(),
                        "message": "the server is stopping; connect again in a moment" });
                    self.out.say(&frame).await;
                    return self.out.close(GOING_AWAY, "the server is stopping").await;
                }
                frame = frames.next() => {
                    self.heard = clock::monotonic();
                    // Apart, for an idle socket would hold the room for it all the time.
                    Box::pin(self.hear(frame)).await
                }
                next = self.reading.next() => match next {
                    Ok(delivery) => self.deliver(delivery).await,
                    Err(_) => false,
                },
                _ = beat.tick() => self.beat().await,
            };
            if !go_on {
                return;
            }
        }
    }

    /// Pings, unless the peer was silent for too long.
    async fn beat(&mut self) -> bool {
        let silent = clock::monotonic().saturating_duration_since(self.heard);
        if silent >= self.out.patience {
            tracing::debug!(bus.client = %self.client, "a silent connection is dropped");
            return false;
        }
        let ping = json!({ "type": "ping", "timestamp": Timestamp::now() });
        // Libraries answer the protocol's own ping by themselves, so every live peer is heard.
        self.out.say(&ping).await && self.out.write(Message::Ping(Bytes::new())).await
    }

    /// Writes a message, and those that are there already, before the socket is flushed.
    async fn deliver(&mut self, first: Arc<Delivery>) -> bool {
        let mut written = Vec::with_capacity(1);
        let mut next = Some(first);
        while let Some(delivery) = next.take() {
            let Ok(frame) = Utf8Bytes::try_from(delivery.frame(frame)) else { return false };
            let fed = self.out.sink.feed(Message::Text(frame));
            if !matches!(tokio::time::timeout(self.out.patience, fed).await, Ok(Ok(()))) {
                return false;
            }
            written.push(delivery);
            if written.len() < TOGETHER {
                next = self.reading.next_now();
            }
        }
        let flushed = tokio::time::timeout(self.out.patience, self.out.sink.flush()).await;
        if !matches!(flushed, Ok(Ok(()))) {
            return false;
        }
        for delivery in &written {
            self.reading.delivered(delivery);
        }
        true
    }

    async fn hear(&mut self, frame: Option<Result<Message, SocketError>>) -> bool {
        let message = match frame {
            None => return false,
            Some(Ok(message)) => message,
            Some(Err(error)) => {
                if is_too_big(&error) {
                    let limit = self.head.app.config().server.max_frame_bytes / 1024;
                    let error = format!("a frame may have {limit} kB (MAX_FRAME_KB)");
                    let frame = json!({ "type": "error", "code": "too_large", "error": error,
                        "timestamp": Timestamp::now() });
                    self.out.say(&frame).await;
                    self.out.close(TOO_BIG, "too large").await;
                    self.too_big = true;
                }
                return false;
            }
        };
        if message.is_close() {
            return false;
        }
        if message.is_ping() || message.is_pong() {
            return true;
        }
        let text = message.to_text().ok().filter(|_| message.is_text());
        let Some(value) = text.and_then(|text| serde_json::from_str::<Value>(text).ok()) else {
            let frame = json!({ "type": "error", "code": "not_json", "timestamp": Timestamp::now(),
                "error": "frames are JSON objects in text messages" });
            self.out.say(&frame).await;
            self.out.close(NOT_JSON, "not JSON").await;
            return false;
        };
        match self.act(&value, text.unwrap_or_default().as_bytes()).await {
            Ok(None) => true,
            Ok(Some(answer)) => self.out.say(&answer).await,
            Err(failure) => {
                failure.log();
                let mut frame = error_frame(&failure, &self.head, value["type"].clone());
                if let Some(id) = value.get("id") {
                    frame["id"] = id.clone();
                }
                self.out.say(&frame).await
            }
        }
    }

    async fn act(&mut self, frame: &Value, bytes: &[u8]) -> Result<Option<Value>, Failure> {
        let depth = self.head.app.config().server.max_json_depth;
        match frame.get("type").and_then(Value::as_str) {
            Some("send") => self.send(read(bytes, depth)?).await.map(Some),
            Some("ack") => {
                let AckFrame { message_id, .. } = read(bytes, depth)?;
                let client = Some(self.client.clone());
                let done =
                    self.head.app.bus.ack(&self.caller, &self.who, client, message_id).await?;
                let answer = json!({ "type": "acknowledged", "message_id": message_id,
                    "state": done.state });
                Ok(Some(answer))
            }
            Some("subscribe") => {
                let SubscribeFrame { types, since_seq, .. } = read(bytes, depth)?;
                self.reading.narrow(types.clone(), numbered("since_seq", since_seq)?);
                let answer =
                    json!({ "type": "subscribed", "types": types, "since_seq": since_seq });
                Ok(Some(answer))
            }
            Some("ping") => {
                read::<PingFrame>(bytes, depth)?;
                Ok(Some(json!({ "type": "pong", "timestamp": Timestamp::now() })))
            }
            // It is an answer itself, and was heard, which is all it is for.
            Some("pong") => Ok(None),
            _ => {
                let message = "a frame's type is send, ack, subscribe, ping or pong";
                Err(Failure::invalid("type", message))
            }
        }
    }

    async fn send(&self, frame: SendFrame) -> Result<Value, Failure> {
        self.count().await?;
        let draft = Draft {
            from: Some(self.client.clone()),
            to: frame.to,
            kind: frame.msg_type.unwrap_or_else(|| "message".to_owned()),
            payload: frame.payload,
            text: frame.text,
            id: frame.id.clone(),
            require_ack: frame.require_ack,
            reply_to: frame.reply_to,
            priority: frame.priority.unwrap_or(USUAL_PRIORITY),
            ttl_seconds: frame.ttl_seconds,
            strict: frame.strict,
            dedup: frame.dedup,
        };
        let sent = self.head.app.bus.send(&self.caller, &self.who, draft).await?;
        let mut answer = json!({ "type": "sent", "message_id": sent.message_id, "seq": sent.seq,
            "duplicate": sent.duplicate, "recipients": sent.recipients });
        if let Some(id) = frame.id {
            answer["id"] = id.into();
        }
        Ok(answer)
    }

    /// Counts a message in the bucket of whoever sends it.
    async fn count(&self) -> Result<(), Failure> {
        let app = &self.head.app;
        let rate = match &self.head.identity {
            Some(identity) if app.auth.is_locked() => {
                app.count_request(Class::Bus, who(identity)).await
            }
            _ => app.count_client(self.head.peer.ip(), &self.client).await,
        };
        match rate {
            Some(rate) if !rate.allowed => {
                Err(too_many(&self.head, &self.client, rate.limit, rate.reset_s))
            }
            _ => Ok(()),
        }
    }
}

fn frame(delivery: &Delivery) -> Bytes {
    let again = if delivery.again { r#","redelivered":true"# } else { "" };
    format!(r#"{{"type":"message","message":{}{again}}}"#, delivery.json).into()
}

fn read<T: DeserializeOwned>(bytes: &[u8], depth: usize) -> Result<T, Failure> {
    parse_json(bytes, depth)
}
