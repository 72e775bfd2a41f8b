//! The chat WebSocket. Every frame gets an answer: its effect, or an `error` that names it; `typing`
//! alone has neither. All turns of the conversation are shown to every socket of it.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};

use super::call::{Call, Head, parse_json};
use super::events::{full, over};
use super::reply::{Failure, Reply};
use super::upgrade::{GOING_AWAY, Handshake, Socket, TOO_BIG, closing, drain, is_too_big};
use crate::base::{Caller, ConversationId, DocumentId, MessageId, Timestamp, TurnId, clock};
use crate::chat::{Event, NewAttachment, Question, Replay, TurnState, given};
use crate::conversations::Options;
use crate::limits::Holder;

/// Frames that may wait for a slow reader.
const WAITING: usize = 64;

/// Turns of which it is known how far they were shown; what runs is never forgotten for room. The feed
/// may still hold events of one that ended.
const REMEMBERED: usize = 64;

/// A close code of the private range: as HTTP's 401.
const SIGNED_OUT: u16 = 4401;

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Frame {
    Chat {
        content: String,
        #[serde(default)]
        model: Option<String>,
        /// Absent the active leaf, `null` nothing.
        #[serde(default, deserialize_with = "given")]
        parent_id: Option<Option<MessageId>>,
        #[serde(default)]
        attachments: Vec<NewAttachment>,
        #[serde(default)]
        documents: Vec<DocumentId>,
        #[serde(default)]
        options: Options,
        /// Comes back on the answer, so that a client can tell its frames apart.
        #[serde(default)]
        id: Option<String>,
    },
    Cancel {
        turn_id: TurnId,
    },
    Resume {
        turn_id: TurnId,
        #[serde(default)]
        after: u64,
    },
    Typing {},
    Ping {},
}

/// A socket on one conversation.
///
/// Frames are JSON objects with a `type`. A client sends:
/// - `chat` `{content, model?, parent_id?, attachments?, documents?, options?, id?}`: asks; with an `id` it is answered by `accepted`
/// - `cancel` `{turn_id}`: stops a turn, keeping what came
/// - `resume` `{turn_id, after}`: the events of a turn after a number, or a `status` with the code `nothing_newer`
/// - `ping`; `typing`, which has no effect and alone no answer
///
/// The server sends:
/// - `start`, `sources`, `chunk`, `reasoning`, `status`, `complete`, `error`: the events of every turn of the
///   conversation, with `turn_id` and `seq`
/// - `accepted` `{id, turn_id, ...}`, `pong` `{timestamp}`
/// - `signed_out` (then it closes with 4401), `server_shutdown` (1001)
///
/// A message longer than the setting `MAX_FRAME_KB` closes it with 1009.
#[utoipa::path(
    get,
    path = "/ws/chat/{conversation_id}",
    params(("conversation_id" = ConversationId, Path)),
    responses((status = 101, description = "A WebSocket")),
)]
pub(super) async fn chat(call: Call, handshake: Handshake) -> Reply {
    let id: ConversationId = call.id("conversation_id", "conversation")?;
    call.app().conversations.get(&call.caller, id).await?;
    let slot = call.app().take_slot(Holder::Address(call.head.peer.ip())).map_err(full)?;
    let largest = call.app().config().server.max_frame_bytes;
    let (head, caller) = (call.head.lasting(), call.caller.clone());
    let tasks = call.app().tasks.clone();
    Ok(handshake.open(&tasks, largest, move |socket| async move {
        Session::run(head, caller, id, socket).await;
        drop(slot);
    }))
}

struct Session {
    head: Arc<Head>,
    caller: Caller,
    conversation: ConversationId,
    out: mpsc::Sender<Message>,
    /// How far each turn was shown; an event is shown once however it came here.
    shown: HashMap<TurnId, u64>,
    /// Whether it was closed for a message that was too large.
    too_big: bool,
}

impl Session {
    async fn run(head: Arc<Head>, caller: Caller, conversation: ConversationId, socket: Socket) {
        let app = Arc::clone(&head.app);
        let config = app.config();
        let (mut sink, mut frames) = socket.split();
        let (out, mut waiting) = mpsc::channel::<Message>(WAITING);
        let patience = config.server.connection_timeout;
        let writing = app.tasks.spawn(async move {
            while let Some(message) = waiting.recv().await {
                let closes = message.is_close();
                let sent = tokio::time::timeout(patience, sink.send(message)).await;
                if !matches!(sent, Ok(Ok(()))) || closes {
                    break;
                }
            }
            let _ = tokio::time::timeout(patience, sink.close()).await;
            sink
        });
        let mut news = app.feed.subscribe();
        let identity = head.identity.clone();
        let mut session =
            Self { head, caller, conversation, out, shown: HashMap::new(), too_big: false };
        session.join_running().await;
        let mut beat = tokio::time::interval(config.server.heartbeat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beat.tick().await;
        let mut heard = clock::monotonic();
        loop {
            let go_on = tokio::select! {
                () = over(identity.as_deref()) => {
                    session.say(&json!({ "type": "signed_out" })).await;
                    session.close(SIGNED_OUT, "signed out").await;
                    false
                }
                () = app.stop.cancelled() => {
                    session.say(&json!({ "type": "server_shutdown" })).await;
                    session.close(GOING_AWAY, "the server is stopping").await;
                    false
                }
                frame = frames.next() => {
                    let go_on = session.hear(frame).await;
                    // The time that its answer took is no silence of the peer's.
                    heard = clock::monotonic();
                    go_on
                }
                told = news.recv() => match told {
                    Ok(told) if told.event == "turn" && told.owner == Some(session.caller.user) => {
                        session.follow(&told.json).await
                    }
                    Ok(_) => true,
                    // Too slow for the feed: catch up from the turns themselves.
                    Err(RecvError::Lagged(_)) => session.join_running().await,
                    Err(RecvError::Closed) => false,
                },
                _ = beat.tick() => {
                    let silent = clock::monotonic().saturating_duration_since(heard);
                    silent < patience && session.out.send(Message::Ping(Bytes::new())).await.is_ok()
                }
            };
            if !go_on {
                break;
            }
        }
        let too_big = session.too_big;
        drop(session);
        if too_big
            && let Ok(sink) = writing.await
            && let Ok(mut socket) = frames.reunite(sink)
        {
            drain(&mut socket, config.server.max_frame_bytes).await;
        }
    }

    /// Shows what is being written already.
    async fn join_running(&mut self) -> bool {
        for turn in self.head.app.chat.running_in(&self.caller, self.conversation) {
            let after = self.shown.get(&turn.id()).copied().unwrap_or(0);
            for event in turn.events_after(after) {
                if !self.show(turn.id(), &event).await {
                    return false;
                }
            }
        }
        true
    }

    /// Shows an event of the feed, if it is of this conversation and new here.
    async fn follow(&mut self, json: &Arc<str>) -> bool {
        #[derive(Deserialize)]
        struct Which {
            turn_id: TurnId,
            conversation_id: Option<ConversationId>,
            seq: u64,
        }
        let Ok(which) = serde_json::from_str::<Which>(json) else { return true };
        if which.conversation_id != Some(self.conversation) {
            return true;
        }
        let after = self.shown.get(&which.turn_id).copied().unwrap_or(0);
        if which.seq <= after {
            return true;
        }
        self.catch_up(which.turn_id, after).await.unwrap_or(true)
    }

    /// Shows the events of a turn after a number. The outer result is for what the client did wrong.
    async fn catch_up(&mut self, id: TurnId, after: u64) -> Result<bool, Failure> {
        let events = self.events(id, after).await?;
        self.show_all(id, events).await
    }

    async fn events(&self, id: TurnId, after: u64) -> Result<Vec<Event>, Failure> {
        Ok(match self.head.app.chat.events(&self.caller, id, after).await? {
            Replay::Running(turn) => turn.events_after(after),
            Replay::Over(events) => events,
        })
    }

    async fn show_all(&mut self, id: TurnId, events: Vec<Event>) -> Result<bool, Failure> {
        for event in events {
            if !self.show(id, &event).await {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn show(&mut self, id: TurnId, event: &Event) -> bool {
        if self.shown.len() >= REMEMBERED && !self.shown.contains_key(&id) {
            let running = self.head.app.chat.running_in(&self.caller, self.conversation);
            self.shown.retain(|id, _| running.iter().any(|turn| turn.id() == *id));
        }
        self.shown.insert(id, event.seq);
        self.out.send(Message::text(event.json.as_ref())).await.is_ok()
    }

    async fn hear(&mut self, frame: Option<Result<Message, SocketError>>) -> bool {
        let message = match frame {
            None => return false,
            Some(Ok(message)) => message,
            Some(Err(error)) => {
                if is_too_big(&error) {
                    let config = self.head.app.config();
                    let limit = config.server.max_frame_bytes / 1024;
                    let message = format!("a frame may have {limit} kB (MAX_FRAME_KB)");
                    self.say(&json!({ "type": "error", "code": "too_large", "error": message }))
                        .await;
                    self.close(TOO_BIG, "too large").await;
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
        let config = self.head.app.config();
        let read = serde_json::from_str::<Value>(message.to_text().unwrap_or_default());
        let (Ok(value), true) = (read, message.is_text()) else {
            let error = json!({ "type": "error", "code": "not_json",
                "error": "frames are JSON objects in text messages" });
            return self.say(&error).await;
        };
        let request = value.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let id = value.get("id").cloned().unwrap_or(Value::Null);
        let done = match parse_json(
            message.to_text().unwrap_or_default().as_bytes(),
            config.server.max_json_depth,
        ) {
            Ok(frame) => self.act(frame).await,
            Err(failure) => Err(failure),
        };
        match done {
            Ok(open) => open,
            Err(failure) => {
                failure.log();
                let mut body = failure.body(&self.head.request_id);
                body["type"] = "error".into();
                body["request"] = request.into();
                body["id"] = id;
                self.say(&body).await
            }
        }
    }

    async fn act(&mut self, frame: Frame) -> Result<bool, Failure> {
        let app = Arc::clone(&self.head.app);
        match frame {
            Frame::Ping {} => {
                Ok(self.say(&json!({ "type": "pong", "timestamp": Timestamp::now() })).await)
            }
            // One person needs no word of their own typing.
            Frame::Typing {} => Ok(true),
            Frame::Cancel { turn_id } => {
                self.check_own(turn_id).await?;
                let view = app.chat.cancel(&self.caller, turn_id).await?;
                let mut after = self.shown.get(&turn_id).copied().unwrap_or(0);
                if view.state != TurnState::Running {
                    // Its end is the answer, also to who has seen it.
                    after = after.min(view.seq.saturating_sub(1));
                }
                self.catch_up(turn_id, after).await
            }
            Frame::Resume { turn_id, after } => {
                self.check_own(turn_id).await?;
                let events = self.events(turn_id, after).await?;
                if events.is_empty() {
                    let status = json!({ "type": "status", "turn_id": turn_id,
                        "code": "nothing_newer", "text": "nothing is newer than that" });
                    return Ok(self.say(&status).await);
                }
                self.show_all(turn_id, events).await
            }
            Frame::Chat { content, model, parent_id, attachments, documents, options, id } => {
                let question = Question {
                    content,
                    model,
                    parent_id,
                    attachments,
                    documents,
                    options,
                    stream: None,
                };
                app.count_question(Call::bucket(&self.head)).await?;
                let started = app.chat.ask(&self.caller, self.conversation, question).await?;
                if id.is_some() {
                    let accepted = json!({ "type": "accepted", "id": id,
                        "turn_id": started.turn_id,
                        "user_message_id": started.user_message.id,
                        "message_id": started.assistant_message.id });
                    if !self.say(&accepted).await {
                        return Ok(false);
                    }
                }
                let after = self.shown.get(&started.turn_id).copied().unwrap_or(0);
                self.catch_up(started.turn_id, after).await
            }
        }
    }

    /// Refuses a turn that is not of this conversation.
    async fn check_own(&self, id: TurnId) -> Result<(), Failure> {
        let view = self.head.app.chat.get(&self.caller, id).await?;
        if view.conversation_id == Some(self.conversation) {
            return Ok(());
        }
        Err(crate::error::Error::not_found("turn").into())
    }

    async fn say(&self, frame: &Value) -> bool {
        self.out.send(Message::text(frame.to_string())).await.is_ok()
    }

    async fn close(&self, code: u16, reason: &'static str) {
        let _ = self.out.send(closing(code, reason)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuzz_frames() {
        crate::base::fuzz::fuzz("frames", |bytes| {
            let told = parse_json::<Frame>(bytes, 64).map_err(|failure| failure.body("r"));
            if let Err(body) = told {
                assert!(body["code"].is_string() && body["status"] == 400, "{body}");
            }
        });
    }
}
