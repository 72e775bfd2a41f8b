//! Asking a model. A question is stored, the answer becomes a turn that belongs to the server: it goes
//! on when the tab closes, anybody may watch it, and what came of it is kept whatever happens.

mod ask;
mod attach;
mod budget;
mod calls;
mod end;
mod gather;
mod measured;
mod offer;
mod past;
mod prompt;
mod queries;
mod run;
mod sources;
mod support;
mod title;
mod turn;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use utoipa::ToSchema;

pub use attach::NewAttachment;
pub use budget::PromptBudget;
pub use turn::{Decision, Event, Turn, TurnState, TurnView};

use crate::base::objects;
use crate::base::{
    Caller, ConversationId, DocumentId, Feed, MessageId, Page, Timestamp, TurnId, UserId,
};
use crate::config::Live;
use crate::conversations::{self, Conversations, Message, Options, State, tree};
use crate::documents::Documents;
use crate::error::Error;
use crate::models::Models;
use crate::notes::Notes;
use crate::search::Search;
use crate::store::Store;
use crate::tools::Tools;

/// A question.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Question {
    /// What is asked.
    #[schema(extensions(("x-setting" = json!("MAX_MESSAGE_KB"))))]
    pub content: String,
    /// The model to ask instead of the conversation's.
    pub model: Option<String>,
    /// What it follows: absent the active leaf, `null` nothing, so that it begins a new tree.
    #[serde(deserialize_with = "given")]
    pub parent_id: Option<Option<MessageId>>,
    /// Files that come with it.
    #[schema(max_items = 20, default = json!([]))]
    pub attachments: Vec<NewAttachment>,
    /// Documents to draw on.
    #[schema(max_items = 100)]
    pub documents: Vec<DocumentId>,
    /// How to ask.
    pub options: Options,
    /// `false` waits for the whole answer.
    pub stream: Option<bool>,
}

/// Tells `null` from a field that is not there.
pub(crate) fn given<'de, D, T>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(from).map(Some)
}

/// How to answer again.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = AnswerAgain)]
pub struct Again {
    /// The model to ask instead of the one that wrote the answer.
    pub model: Option<String>,
    /// How to ask.
    pub options: Options,
}

/// A question outside of any conversation; nothing of it is kept.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemporaryQuestion {
    /// The talk so far, the question last.
    #[schema(min_items = 1, max_items = 1000)]
    pub messages: Vec<TemporaryMessage>,
    /// The model to ask.
    #[serde(default)]
    pub model: Option<String>,
    /// Instructions.
    #[serde(default)]
    pub system_prompt: Option<String>,
    /// How to ask.
    #[serde(default)]
    pub options: Options,
}

/// A message of a temporary chat.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct TemporaryMessage {
    /// Who speaks.
    pub role: conversations::Role,
    /// What they say.
    #[schema(extensions(("x-setting" = json!("MAX_MESSAGE_KB"))))]
    pub content: String,
}

objects::object!(TemporaryMessage);

/// A turn that has begun.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = StartedTurn)]
pub struct Started {
    /// The turn.
    pub turn_id: TurnId,
    /// The question.
    pub user_message: Message,
    /// The answer, empty so far or with what it goes on from.
    pub assistant_message: Message,
}

/// The events of a turn, from wherever they are.
#[derive(Debug)]
pub enum Replay {
    /// It runs: these, and more to come from the turn.
    Running(Arc<Turn>),
    /// It is over: these are all.
    Over(Vec<Event>),
}

/// All turns.
#[derive(Debug, Clone)]
pub struct Chat {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    live: Live,
    feed: Feed,
    conversations: Conversations,
    models: Models,
    search: Search,
    documents: Documents,
    notes: Notes,
    tools: Tools,
    tasks: TaskTracker,
    stop: CancellationToken,
    running: Mutex<HashMap<TurnId, Arc<Turn>>>,
}

/// What chat works with.
#[derive(Debug)]
pub struct Parts {
    /// Where turns are kept.
    pub store: Store,
    /// The settings.
    pub live: Live,
    /// Where events are announced.
    pub feed: Feed,
    /// Where messages are kept.
    pub conversations: Conversations,
    /// Who is asked.
    pub models: Models,
    /// Where passages come from.
    pub search: Search,
    /// Documents that may be given whole.
    pub documents: Documents,
    /// Facts to remember.
    pub notes: Notes,
    /// What models may call.
    pub tools: Tools,
    /// Runs the turns.
    pub tasks: TaskTracker,
    /// Ends the turns at shutdown.
    pub stop: CancellationToken,
}

impl Chat {
    /// Opens chat and marks answers that a crash broke off.
    pub async fn open(parts: Parts) -> Result<Self, Error> {
        let broken = parts
            .store
            .write(|tx| {
                queries::update_interrupted(tx)?;
                Ok::<_, Error>(tree::update_interrupted(tx)?)
            })
            .await?;
        if broken > 0 {
            tracing::warn!(messages = broken, "answers that broke off are marked as interrupted");
        }
        let inner = Inner {
            store: parts.store,
            live: parts.live,
            feed: parts.feed,
            conversations: parts.conversations,
            models: parts.models,
            search: parts.search,
            documents: parts.documents,
            notes: parts.notes,
            tools: parts.tools,
            tasks: parts.tasks,
            stop: parts.stop,
            running: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// How many turns run.
    pub fn running(&self) -> usize {
        self.inner.running.lock().map_or(0, |running| running.len())
    }

    /// The running turns of a conversation.
    pub fn running_in(&self, caller: &Caller, id: ConversationId) -> Vec<Arc<Turn>> {
        let Ok(running) = self.inner.running.lock() else { return Vec::new() };
        let mine = |turn: &&Arc<Turn>| {
            turn.identity.conversation == Some(id) && turn.identity.owner == caller.user
        };
        running.values().filter(mine).cloned().collect()
    }

    fn find_running(&self, caller: &Caller, id: TurnId) -> Option<Arc<Turn>> {
        let running = self.inner.running.lock().ok()?;
        running.get(&id).filter(|turn| turn.identity.owner == caller.user).cloned()
    }

    /// A page of messages, where those being written have all their text so far.
    pub async fn messages(
        &self,
        caller: &Caller,
        id: ConversationId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Message>, Error> {
        let mut page = self.inner.conversations.messages(caller, id, cursor, limit).await?;
        for message in &mut page.items {
            self.freshen(caller, message);
        }
        Ok(page)
    }

    /// One message; when it is being written, with all its text so far.
    pub async fn message(
        &self,
        caller: &Caller,
        id: ConversationId,
        message: MessageId,
    ) -> Result<Message, Error> {
        let mut message = self.inner.conversations.message(caller, id, message).await?;
        self.freshen(caller, &mut message);
        Ok(message)
    }

    /// Brings a message that is being written up to date.
    fn freshen(&self, caller: &Caller, message: &mut Message) {
        if message.state != State::Streaming {
            return;
        }
        let turn = message.turn_id.and_then(|turn| self.find_running(caller, turn));
        if let Some(turn) = turn {
            let so_far = turn.so_far();
            message.content = so_far.text;
            message.reasoning = (!so_far.reasoning.is_empty()).then_some(so_far.reasoning);
            message.calls = so_far.calls;
            message.turn_seq = Some(so_far.seq);
        }
    }

    /// A turn, running or over.
    pub async fn get(&self, caller: &Caller, id: TurnId) -> Result<TurnView, Error> {
        if let Some(turn) = self.find_running(caller, id) {
            return Ok(turn.view());
        }
        let owner = caller.user;
        self.inner
            .store
            .read(move |db| queries::find(db, owner, id)?.ok_or(Error::not_found("turn")))
            .await
    }

    /// Stops a turn, keeping what came. One that is over stays as it is.
    pub async fn cancel(&self, caller: &Caller, id: TurnId) -> Result<TurnView, Error> {
        if let Some(turn) = self.find_running(caller, id) {
            turn.cancel.cancel();
            let mut last = turn.watch();
            // Over when the text is kept; until then the view says `running`, which is the truth.
            let _ = tokio::time::timeout(Duration::from_secs(2), last.wait_for(|_| turn.is_over()))
                .await;
            return Ok(turn.view());
        }
        self.get(caller, id).await
    }

    /// Stops everything that somebody asked and forgets it, because they are gone.
    pub async fn remove_all(&self, owner: UserId) -> Result<(), Error> {
        let running = self.inner.running.lock().map(|running| {
            let mine = running.values().filter(|turn| turn.identity.owner == owner);
            mine.map(|turn| turn.id()).collect::<Vec<_>>()
        });
        let caller = Caller { user: owner, once: None };
        for id in running.unwrap_or_default() {
            self.cancel(&caller, id).await?;
        }
        self.inner.store.write(move |tx| Ok::<_, Error>(queries::delete_all(tx, owner)?)).await
    }

    /// The events of a turn after a number. The last one of a turn that is over is always among
    /// them, unless the client has it already.
    pub async fn events(&self, caller: &Caller, id: TurnId, after: u64) -> Result<Replay, Error> {
        if let Some(turn) = self.find_running(caller, id) {
            return Ok(Replay::Running(turn));
        }
        let view = self.get(caller, id).await?;
        if after == view.seq {
            return Ok(Replay::Over(Vec::new()));
        }
        let mut events = self
            .inner
            .store
            .read(move |db| Ok::<_, Error>(queries::list_events(db, id, after)?))
            .await?;
        if let (Some(conversation), Some(message)) = (view.conversation_id, view.message_id) {
            let message = self.inner.conversations.message(caller, conversation, message).await?;
            let (kind, mut data) = last_event(&message, view.state);
            if let Some(map) = data.as_object_mut() {
                map.insert("type".to_owned(), kind.into());
                map.insert("turn_id".to_owned(), json!(id));
                map.insert("seq".to_owned(), view.seq.into());
                map.insert("conversation_id".to_owned(), json!(conversation));
                map.insert("message_id".to_owned(), json!(message.id));
            }
            events.push(Event { seq: view.seq, kind, json: data.to_string().into() });
        }
        Ok(Replay::Over(events))
    }

    /// Forgets the events of turns that began longer ago than this, and the prompts of those that
    /// began longer ago than the setting for them. Says how many prompts.
    pub async fn sweep(&self, keep: Duration) -> Result<usize, Error> {
        let now = Timestamp::now();
        let (events, prompts) =
            (now.before(keep), now.before(self.inner.live.now().chat.prompt_keep));
        self.inner
            .store
            .write(move |tx| {
                queries::delete_old_events(tx, events)?;
                Ok::<_, Error>(queries::update_old_prompts(tx, prompts)?)
            })
            .await
    }
}

/// The event that ends a turn.
fn last_event(message: &Message, state: TurnState) -> (&'static str, Value) {
    match state {
        TurnState::Complete | TurnState::Cancelled | TurnState::Running => {
            ("complete", json!({ "message": message }))
        }
        TurnState::Failed | TurnState::Interrupted => {
            let mut data = message.error.clone().filter(Value::is_object).unwrap_or_else(|| {
                json!({
                    "error": "the answer broke off when the server stopped; what had come was kept",
                    "code": "interrupted",
                    "status": 503,
                })
            });
            data["message"] = json!(message);
            ("error", data)
        }
    }
}
