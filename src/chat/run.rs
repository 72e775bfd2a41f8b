//! Running a turn: the model talks, every piece becomes an event, and what came reaches the disk in
//! short intervals and at the end, whatever the end is.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};

use super::calls::Round;
use super::end::{End, complete, failed, shut_down, stopped, too_long, too_many_rounds};
use super::measured::Measured;
use super::turn::{Event, PromptMessage, Turn, TurnState};
use super::{Chat, last_event, past, queries, support, title};
use crate::base::{Caller, ConversationId, MessageId, TurnId, clock};
use crate::conversations::tree::{self, Progress};
use crate::conversations::{Message, Source, State};
use crate::error::Error;
use crate::models::{self, ChatRequest, Delta, Finish};
use crate::tools::Tool;

/// How long a turn waits before it tries again to keep its answer on a disk that is full.
const RETRY_SAVE: Duration = Duration::from_secs(1);

/// A turn and what it needs to run.
pub(super) struct Job {
    pub(super) turn: Arc<Turn>,
    pub(super) request: ChatRequest,
    /// What the model may call, as the request tells it.
    pub(super) tools: Vec<Tool>,
    /// What is told at the beginning: tools that are not there.
    pub(super) troubles: Vec<String>,
    pub(super) sources: Vec<Source>,
    /// Whether the answer is to be judged by its sources.
    pub(super) looked: bool,
    /// Where the answer is kept; `None` for a temporary chat.
    pub(super) kept: Option<(ConversationId, MessageId)>,
    /// When the conversation has no title of its own yet.
    pub(super) title: Option<title::Wanted>,
}

/// What a model said before it ended or called something.
struct Heard {
    finish: Option<Finish>,
    text: String,
    calls: Vec<models::ToolCall>,
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
        let Job { turn, request, tools, troubles, sources, looked, kept, title } = job;
        let mut measured = Measured::begin();
        let model = turn.identity.model.to_string();
        self.tell(&turn, &turn.add_event("start", json!({ "model": model })));
        if !sources.is_empty() {
            self.tell(&turn, &turn.add_event("sources", json!({ "items": sources })));
        }
        for text in troubles {
            let data = json!({ "text": text, "code": "tools_missing" });
            self.tell(&turn, &turn.add_event("status", data));
        }
        let conversation = kept.map(|(conversation, _)| conversation);
        let end = self.talk(&turn, request, &tools, conversation, &mut measured).await;
        for ended in turn.end_calls() {
            self.tell(&turn, &ended);
        }
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
                "state": end.state, "sources": sources, "support": support, "calls": text.calls,
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

    /// Lets the model talk until it, the person or the server ends it, and brings what came to the
    /// disk meanwhile.
    async fn talk(
        &self,
        turn: &Arc<Turn>,
        request: ChatRequest,
        tools: &[Tool],
        kept: Option<ConversationId>,
        measured: &mut Measured,
    ) -> End {
        let mut ticks = interval(self.inner.live.now().chat.checkpoint);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut saving: Option<tokio::task::JoinHandle<Result<(), Error>>> = None;
        let mut saved_seq = measured.saved_seq;
        let end = {
            let mut rounds = std::pin::pin!(self.rounds(turn, request, tools, kept, measured));
            loop {
                tokio::select! {
                    biased;
                    end = &mut rounds => break end,
                    _ = ticks.tick() => {
                        let idle = saving.as_ref().is_none_or(tokio::task::JoinHandle::is_finished);
                        let events = if idle { turn.events_after(saved_seq) } else { vec![] };
                        if let Some(last) = events.last().filter(|_| kept.is_some()) {
                            saved_seq = last.seq;
                            saving = Some(self.checkpoint(turn, events));
                        }
                    }
                }
            }
        };
        measured.saved_seq = saved_seq;
        // The last save must come after this one.
        if let Some(saving) = saving {
            let _ = saving.await;
        }
        end
    }

    /// Asks the model, makes the calls it wants, and asks again with their results, until it answers.
    async fn rounds(
        &self,
        turn: &Arc<Turn>,
        mut request: ChatRequest,
        tools: &[Tool],
        conversation: Option<ConversationId>,
        measured: &mut Measured,
    ) -> End {
        let most = self.inner.live.now().tools.max_rounds;
        for number in 1_usize.. {
            let heard = match self.listen(turn, &request, number > 1, measured).await {
                Ok(heard) => heard,
                Err(end) => return end,
            };
            let Some(conversation) = conversation.filter(|_| !heard.calls.is_empty()) else {
                return complete(turn, heard.finish);
            };
            if heard.finish == Some(Finish::Length) {
                // The last call may have been cut off anywhere.
                return complete(turn, heard.finish);
            }
            if number > most + 1 {
                return too_many_rounds(most);
            }
            let prompt = turn.prompt();
            let room = prompt.budget.saturating_sub(prompt.tokens);
            let refused = number > most;
            let round_number = u32::try_from(number).unwrap_or(u32::MAX);
            let round = Round { turn, conversation, tools, number: round_number, refused, room };
            let more = match self.make_calls(round, heard.text, heard.calls).await {
                Ok(more) => more,
                Err(end) => return end,
            };
            let tokens = more.iter().map(past::cost).fold(0, u32::saturating_add);
            turn.add_prompt(more.iter().map(PromptMessage::of).collect(), tokens);
            request.messages.extend(more);
            measured.begin_round();
        }
        complete(turn, None)
    }

    /// Lets the model talk once. Of a later round, the text is set apart from what was said before.
    async fn listen(
        &self,
        turn: &Arc<Turn>,
        request: &ChatRequest,
        mut apart: bool,
        measured: &mut Measured,
    ) -> Result<Heard, End> {
        let caller = Caller { user: turn.identity.owner, once: None };
        let notices = |notice: models::Notice| {
            let mut data = json!({ "text": notice.text, "code": notice.code });
            if notice.of > 1 {
                data["attempt"] = notice.attempt.into();
                data["of"] = notice.of.into();
            }
            self.tell(turn, &turn.add_event("status", data));
        };
        let asked = self.inner.models.stream(&caller, &turn.identity.model, request, notices);
        let mut answer = tokio::select! {
            biased;
            () = turn.cancel.cancelled() => return Err(stopped()),
            () = self.inner.stop.cancelled() => return Err(shut_down()),
            answer = asked => answer.map_err(|error| failed(turn, &error))?,
        };
        let limit = self.inner.live.now().chat.max_answer_bytes;
        let mut heard = Heard { finish: None, text: String::new(), calls: Vec::new() };
        loop {
            tokio::select! {
                biased;
                () = turn.cancel.cancelled() => return Err(stopped()),
                () = self.inner.stop.cancelled() => return Err(shut_down()),
                delta = answer.next() => match delta {
                    Some(Ok(delta)) => {
                        heard.finish = delta.finish.or(heard.finish);
                        heard.text.push_str(&delta.text);
                        if apart && !delta.text.is_empty() {
                            apart = false;
                            self.set_apart(turn);
                        }
                        self.take(turn, &delta, measured);
                        heard.calls.extend(delta.calls);
                        if turn.text_bytes() > limit {
                            return Err(too_long(limit));
                        }
                    }
                    Some(Err(error)) => return Err(failed(turn, &error)),
                    None => return Ok(heard),
                },
            }
        }
    }

    /// Begins a paragraph of its own for what is said after calls.
    fn set_apart(&self, turn: &Turn) {
        let so_far = turn.so_far().text;
        if !so_far.is_empty() && !so_far.ends_with("\n\n") {
            self.tell(turn, &turn.add_text("\n\n"));
        }
    }

    fn take(&self, turn: &Arc<Turn>, delta: &Delta, measured: &mut Measured) {
        measured.take(delta);
        if !delta.reasoning.is_empty() {
            self.tell(turn, &turn.add_reasoning(&delta.reasoning));
        }
        if !delta.text.is_empty() {
            self.tell(turn, &turn.add_text(&delta.text));
        }
    }

    pub(super) fn tell(&self, turn: &Turn, event: &Event) {
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
                        calls: so_far.calls,
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
            shown.calls = so_far.calls;
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
                calls: so_far.calls,
            };
            // With what was sent after calls.
            let prompt = (!progress.calls.is_empty()).then(|| turn.prompt());
            let saved = self
                .inner
                .store
                .write(move |tx| {
                    queries::insert_events(tx, id, &events)?;
                    queries::update_state(tx, id, state, last_seq)?;
                    if let Some(prompt) = &prompt {
                        queries::update_prompt(tx, id, prompt)?;
                    }
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
