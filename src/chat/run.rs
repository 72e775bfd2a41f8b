//! Running a turn: the model talks, every piece becomes an event, and what came reaches the disk in
//! short intervals and at the end, whatever the end is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval};

use super::turn::{Event, Turn, TurnState};
use super::{Chat, last_event, queries};
use super::{support, title};
use crate::base::{Caller, ConversationId, MessageId, TurnId, clock};
use crate::conversations::tree::{self, Progress};
use crate::conversations::{Message, Source, State, Support, Timings, Usage};
use crate::error::Error;
use crate::models::{self, ChatRequest, Delta, Finish};

/// How long a turn waits before it tries again to keep its answer on a disk that is full.
const RETRY_SAVE: Duration = Duration::from_secs(1);

/// A turn and what it needs to run.
pub(super) struct Job {
    pub(super) turn: Arc<Turn>,
    pub(super) request: ChatRequest,
    pub(super) sources: Vec<Source>,
    /// Whether the answer is to be judged by its sources.
    pub(super) looked: bool,
    /// Where the answer is kept; `None` for a temporary chat.
    pub(super) kept: Option<(ConversationId, MessageId)>,
    /// When the conversation has no title of its own yet.
    pub(super) title: Option<title::Wanted>,
}

/// How a turn ended.
struct End {
    state: TurnState,
    error: Option<Value>,
}

/// What is measured while a turn runs.
struct Measured {
    began: Instant,
    first: Option<Instant>,
    first_text: Option<Instant>,
    usage: models::Usage,
    saved_seq: u64,
    support: Option<Support>,
}

impl Measured {
    fn timings(&self) -> Timings {
        let since = |from: Instant, to: Instant| {
            u64::try_from(to.saturating_duration_since(from).as_millis()).unwrap_or(u64::MAX)
        };
        let thought = match (self.first, self.first_text) {
            (Some(first), Some(text)) if text > first => Some(since(first, text)),
            _ => None,
        };
        Timings {
            first_token_ms: self.first.map(|first| since(self.began, first)),
            total_ms: clock::ms_since(self.began),
            reasoning_ms: thought,
        }
    }

    fn usage(&self) -> Option<Usage> {
        let models::Usage { input_tokens, output_tokens } = self.usage;
        (input_tokens.is_some() || output_tokens.is_some())
            .then_some(Usage { input_tokens, output_tokens })
    }
}

impl Chat {
    /// Starts a turn on its own task; it ends when the answer does, or the server.
    pub(super) fn start(&self, job: Job) {
        let chat = self.clone();
        if let Ok(mut running) = self.inner.running.lock() {
            running.insert(job.turn.identity.id, Arc::clone(&job.turn));
        }
        let span = tracing::info_span!("turn", turn.id = %job.turn.identity.id);
        let task = async move {
            let id = job.turn.identity.id;
            chat.run(job).await;
            chat.forget(id);
        };
        self.inner.tasks.spawn(tracing::Instrument::instrument(task, span));
    }

    fn forget(&self, id: TurnId) {
        if let Ok(mut running) = self.inner.running.lock() {
            running.remove(&id);
        }
    }

    async fn run(&self, job: Job) {
        let Job { turn, request, sources, looked, kept, title } = job;
        let mut measured = Measured {
            began: clock::monotonic(),
            first: None,
            first_text: None,
            usage: models::Usage::default(),
            saved_seq: 0,
            support: None,
        };
        let model = turn.identity.model.to_string();
        self.tell(&turn, &turn.add_event("start", json!({ "model": model })));
        if !sources.is_empty() {
            self.tell(&turn, &turn.add_event("sources", json!({ "items": sources })));
        }
        let end = self.talk(&turn, &request, kept.is_some(), &mut measured).await;
        tracing::info!(
            turn.state = ?end.state,
            turn.model = %turn.identity.model,
            turn.ms = clock::ms_since(measured.began),
            "answer ended"
        );
        let is_whole = end.state == TurnState::Complete;
        let support = (looked && is_whole).then(|| support::judge(&turn.so_far().text, &sources));
        let Some((conversation, message)) = kept else {
            let text = turn.so_far();
            let answer = json!({ "content": text.text, "reasoning": text.reasoning,
                "state": end.state, "sources": sources, "support": support,
                "usage": measured.usage() });
            let mut data = end.error.unwrap_or_else(|| json!({}));
            data["message"] = answer;
            let good = matches!(end.state, TurnState::Complete | TurnState::Cancelled);
            turn.finish(end.state, if good { "complete" } else { "error" }, data);
            // Those who watch have a moment to read the end of what is not kept anywhere.
            tokio::select! {
                () = tokio::time::sleep(self.inner.live.now().chat.temporary_linger) => {}
                () = self.inner.stop.cancelled() => {}
            }
            return;
        };
        measured.support = support;
        let ended = self.keep(&turn, &end, (conversation, message), &measured).await;
        let Some(ended) = ended else {
            // The conversation is gone, or the server stops while the disk is full and those who
            // watch were told.
            if !turn.is_over() {
                let error = json!({ "code": "conversation_gone", "status": 404,
                    "error": "the conversation was deleted while the answer was written" });
                self.tell(&turn, &turn.finish(TurnState::Interrupted, "error", error));
            }
            return;
        };
        if turn.is_over() {
            self.inner.conversations.announce_message(turn.identity.owner, &ended);
            return;
        }
        let (kind, data) = last_event(&ended, end.state);
        let mut short = data.clone();
        if let Some(map) = short.as_object_mut() {
            map.remove("message");
        }
        self.inner.conversations.announce_message(turn.identity.owner, &ended);
        // It is all on disk, so whoever asks from here on is answered from there.
        self.forget(turn.identity.id);
        let last = turn.finish(end.state, kind, data);
        short["type"] = kind.into();
        short["turn_id"] = json!(turn.identity.id);
        short["conversation_id"] = json!(conversation);
        short["message_id"] = json!(message);
        short["seq"] = last.seq.into();
        self.inner.feed.announce(turn.identity.owner, "turn", &short);
        let caller = Caller { user: turn.identity.owner, once: None };
        if let Ok(now) = self.inner.conversations.get(&caller, conversation).await {
            self.inner.conversations.announce(turn.identity.owner, "updated", &now);
        }
        if let Some(wanted) = title
            && end.state == TurnState::Complete
        {
            let model = turn.identity.model.clone();
            self.make_title(&caller, conversation, &model, wanted, &ended.content).await;
        }
    }

    /// Lets the model talk until it, the person or the server ends it.
    async fn talk(
        &self,
        turn: &Arc<Turn>,
        request: &ChatRequest,
        kept: bool,
        measured: &mut Measured,
    ) -> End {
        let caller = Caller { user: turn.identity.owner, once: None };
        let notices = |notice: models::Notice| {
            let data = json!({ "text": notice.text, "code": notice.code,
                "attempt": notice.attempt, "of": notice.of });
            self.tell(turn, &turn.add_event("status", data));
        };
        let asked = self.inner.models.stream(&caller, &turn.identity.model, request, notices);
        let mut answer = tokio::select! {
            biased;
            () = turn.cancel.cancelled() => return stopped(),
            () = self.inner.stop.cancelled() => return shut_down(),
            answer = asked => match answer {
                Ok(answer) => answer,
                Err(error) => return failed(turn, &error),
            },
        };
        let config = self.inner.live.now();
        let mut ticks = interval(config.chat.checkpoint);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut saving: Option<tokio::task::JoinHandle<Result<(), Error>>> = None;
        let mut finish = None;
        let end = loop {
            tokio::select! {
                biased;
                () = turn.cancel.cancelled() => break stopped(),
                () = self.inner.stop.cancelled() => break shut_down(),
                delta = answer.next() => match delta {
                    Some(Ok(delta)) => {
                        finish = delta.finish.or(finish);
                        self.take(turn, &delta, measured);
                        if turn.text_bytes() > config.chat.max_answer_bytes {
                            break too_long(config.chat.max_answer_bytes);
                        }
                    }
                    Some(Err(error)) => break failed(turn, &error),
                    None => break complete(turn, finish),
                },
                _ = ticks.tick() => {
                    let idle = saving.as_ref().is_none_or(tokio::task::JoinHandle::is_finished);
                    let events = if idle { turn.events_after(measured.saved_seq) } else { vec![] };
                    if let Some(last) = events.last().filter(|_| kept) {
                        measured.saved_seq = last.seq;
                        saving = Some(self.checkpoint(turn, events));
                    }
                }
            }
        };
        drop(answer);
        // The last save must come after this one.
        if let Some(saving) = saving {
            let _ = saving.await;
        }
        end
    }

    fn take(&self, turn: &Arc<Turn>, delta: &Delta, measured: &mut Measured) {
        if let Some(usage) = delta.usage {
            measured.usage.merge(usage);
        }
        if !delta.reasoning.is_empty() {
            measured.first.get_or_insert_with(clock::monotonic);
            self.tell(turn, &turn.add_reasoning(&delta.reasoning));
        }
        if !delta.text.is_empty() {
            let now = clock::monotonic();
            measured.first.get_or_insert(now);
            measured.first_text.get_or_insert(now);
            self.tell(turn, &turn.add_text(&delta.text));
        }
    }

    fn tell(&self, turn: &Turn, event: &Event) {
        if turn.identity.conversation.is_some() {
            self.inner.feed.announce_json(turn.identity.owner, "turn", Arc::clone(&event.json));
        }
    }

    /// Brings what came since the last time to the disk, beside the stream.
    fn checkpoint(
        &self,
        turn: &Arc<Turn>,
        events: Vec<Event>,
    ) -> tokio::task::JoinHandle<Result<(), Error>> {
        let so_far = turn.so_far();
        let (id, message) = (turn.identity.id, turn.identity.message);
        let store = self.inner.store.clone();
        self.inner.tasks.spawn(async move {
            let saved = store
                .write(move |tx| {
                    queries::insert_events(tx, id, &events)?;
                    let progress = Progress {
                        content: so_far.text,
                        reasoning: so_far.reasoning,
                        state: State::Streaming,
                        error: None,
                        usage: None,
                        timings: None,
                        support: None,
                    };
                    message
                        .map_or(Ok(()), |message| tree::update_progress(tx, message, &progress))?;
                    Ok::<_, Error>(())
                })
                .await;
            if let Err(error) = &saved {
                tracing::error!(%error, "a partial answer is not on disk yet");
            }
            saved
        })
    }

    /// Ends the turn for those who watch, while its answer waits in memory for room on the disk.
    async fn tell_unsaved(
        &self,
        turn: &Turn,
        (conversation, message): (ConversationId, MessageId),
    ) {
        let caller = Caller { user: turn.identity.owner, once: None };
        let mut shown = self.inner.conversations.message(&caller, conversation, message).await.ok();
        if let Some(shown) = &mut shown {
            let so_far = turn.so_far();
            shown.content = so_far.text;
            shown.state = State::Interrupted;
        }
        let error = json!({ "code": "disk_full", "status": 507, "message": shown,
            "error": "the disk does not take this answer; it is held in memory until there is room, \
                      so free some space before you stop the server" });
        let event = turn.finish(TurnState::Interrupted, "error", error);
        self.tell(turn, &event);
    }

    /// Brings the end to the disk, trying until there is room or the server stops.
    async fn keep(
        &self,
        turn: &Arc<Turn>,
        end: &End,
        (conversation, message): (ConversationId, MessageId),
        measured: &Measured,
    ) -> Option<Message> {
        let (id, owner) = (turn.identity.id, turn.identity.owner);
        loop {
            let so_far = turn.so_far();
            let mut events = turn.events_after(measured.saved_seq);
            // The last event is told from the message, so that its text is not kept twice.
            events.retain(|event| !matches!(event.kind, "complete" | "error"));
            let last_seq = so_far.seq + u64::from(!turn.is_over());
            let state = end.state;
            let progress = Progress {
                content: so_far.text,
                reasoning: so_far.reasoning,
                state: match state {
                    TurnState::Complete | TurnState::Running => State::Complete,
                    TurnState::Cancelled => State::Cancelled,
                    TurnState::Failed => State::Failed,
                    TurnState::Interrupted => State::Interrupted,
                },
                error: end.error.clone(),
                usage: measured.usage(),
                timings: Some(measured.timings()),
                support: measured.support.clone(),
            };
            let saved = self
                .inner
                .store
                .write(move |tx| {
                    queries::insert_events(tx, id, &events)?;
                    queries::update_state(tx, id, state, last_seq)?;
                    tree::update_progress(tx, message, &progress)?;
                    let found = conversations_row(tx, owner, conversation)?;
                    let Some(seq) = found else { return Ok(None) };
                    tree::update_activity(tx, seq)?;
                    let node = tree::find(tx, seq, conversation, message)?;
                    Ok::<_, Error>(node.map(|node| node.message))
                })
                .await;
            match saved {
                Ok(message) => return message,
                Err(error) => tracing::error!(%error, "an answer is not on disk yet"),
            }
            if !turn.is_over() {
                self.tell_unsaved(turn, (conversation, message)).await;
            }
            tokio::select! {
                () = tokio::time::sleep(RETRY_SAVE) => {}
                () = self.inner.stop.cancelled() => return None,
            }
        }
    }
}

fn conversations_row(
    db: &rusqlite::Connection,
    owner: crate::base::UserId,
    id: ConversationId,
) -> Result<Option<i64>, Error> {
    Ok(crate::conversations::queries::find(db, owner, id)?.map(|(seq, _)| seq))
}

fn complete(turn: &Turn, finish: Option<Finish>) -> End {
    let said = turn.so_far();
    if said.text.is_empty() {
        return End {
            state: TurnState::Failed,
            error: Some(json!({ "code": "empty_answer", "status": 502,
                "error": "the model answered with nothing; ask again or choose another model" })),
        };
    }
    if finish == Some(Finish::Length) {
        return End {
            state: TurnState::Interrupted,
            error: Some(json!({ "code": "length_limit", "status": 200,
                "error": "the answer reached its length limit; continue it to read on" })),
        };
    }
    End { state: TurnState::Complete, error: None }
}

fn stopped() -> End {
    End { state: TurnState::Cancelled, error: None }
}

fn shut_down() -> End {
    let error = json!({ "code": "server_shutdown", "status": 503,
        "error": "the answer broke off because the server was stopped; what had come was kept" });
    End { state: TurnState::Interrupted, error: Some(error) }
}

fn too_long(limit: usize) -> End {
    let text = format!("the answer was ended at {} kB (MAX_ANSWER_KB)", limit / 1024);
    let error = json!({ "code": "answer_too_long", "status": 502, "error": text });
    End { state: TurnState::Interrupted, error: Some(error) }
}

fn failed(turn: &Turn, error: &models::Error) -> End {
    let mut body = json!({ "error": error.to_string(), "code": error.code(),
        "status": error.status() });
    if let Some(seconds) = error.retry_after_s() {
        body["retry_after"] = seconds.into();
    }
    let details = error.details();
    if !details.is_null() {
        body["details"] = details;
    }
    let empty = turn.text_bytes() == 0;
    let state = if empty { TurnState::Failed } else { TurnState::Interrupted };
    tracing::warn!(code = error.code(), turn.empty = empty, "the model failed: {error}");
    End { state, error: Some(body) }
}
