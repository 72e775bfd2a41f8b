//! Beginning a turn: gather, search, build the prompt, store question and answer-to-be in one
//! transaction, and only then ask the model.

use std::sync::Arc;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::attach::{self, File};
use super::gather::{Gathered, Plan, gather, new_parent};
use super::offer::Offer;
use super::prompt;
use super::run::Job;
use super::sources::{self, Gathered as Gathering, Wanted};
use super::turn::{Identity, Prompt, SoFar, Turn};
use super::{Again, Chat, Question, Replay, Started, TemporaryQuestion, queries, title};
use crate::base::{Caller, ConversationId, MessageId, Timestamp, TurnId, UserId};
use crate::conversations::tree::{self, NewMessage};
use crate::conversations::{
    self, Conversation, Message, Options, Role, Source, State, check, get_row,
};
use crate::error::Error;
use crate::models::{Model, ModelRef, estimate_tokens};
use crate::notes::{self, Note};

/// Notes that are looked at for a prompt.
const NOTES: usize = 100;

/// What will be written when a turn begins.
struct Beginning {
    turn: TurnId,
    answer: MessageId,
    model: Model,
    sources: Vec<Source>,
    prompt: Prompt,
    title: Option<String>,
    /// What the question wants remembered.
    fact: Option<String>,
}

/// What was written when a turn began.
#[derive(Debug, Serialize, Deserialize)]
struct Begun {
    started: Started,
    conversation: Conversation,
    note: Option<Note>,
}

impl Chat {
    /// Stores a question and begins its answer.
    pub async fn ask(
        &self,
        caller: &Caller,
        id: ConversationId,
        question: Question,
    ) -> Result<Started, Error> {
        self.inner.documents.check_named(caller, &question.documents).await?;
        let most = self.inner.live.now().chat.max_attachments;
        let files = attach::parse(&question.attachments, most)?;
        if question.content.trim().is_empty() && files.is_empty() {
            return Err(Error::invalid("content", "ask something"));
        }
        self.check_size(&question.content)?;
        let plan = Plan::New {
            content: question.content,
            files,
            documents: question.documents,
            parent: question.parent_id,
        };
        self.begin(caller, id, plan, question.model, question.options).await
    }

    /// Begins another answer to the question that a message is or answers.
    pub async fn regenerate(
        &self,
        caller: &Caller,
        id: ConversationId,
        of: MessageId,
        again: Again,
    ) -> Result<Started, Error> {
        self.begin(caller, id, Plan::Sibling { of }, again.model, again.options).await
    }

    /// Goes on with an answer that broke off or was stopped.
    pub async fn go_on(
        &self,
        caller: &Caller,
        id: ConversationId,
        answer: MessageId,
        again: Again,
    ) -> Result<Started, Error> {
        self.begin(caller, id, Plan::GoOn { answer }, again.model, again.options).await
    }

    /// The finished answer of a turn that has begun.
    pub async fn finished(&self, caller: &Caller, started: &Started) -> Result<Message, Error> {
        if let Replay::Running(turn) = self.events(caller, started.turn_id, 0).await? {
            let mut last = turn.watch();
            // An error means that the turn is gone, and then it is over, too.
            let _ = last.wait_for(|_| turn.is_over()).await;
        }
        let answer = &started.assistant_message;
        self.inner.conversations.message(caller, answer.conversation_id, answer.id).await
    }

    /// Asks without keeping anything; under a key its id and a hash of the request, no longer than the
    /// key.
    pub async fn ask_temporary(
        &self,
        caller: &Caller,
        question: TemporaryQuestion,
    ) -> Result<TurnId, Error> {
        check::options(&question.options)?;
        if let Some(begun) = self.inner.store.earlier_answer(caller).await? {
            return Ok(begun);
        }
        let count = question.messages.len();
        let asks = question.messages.last().is_some_and(|m| m.role == Role::User);
        let most = self.inner.live.now().chat.temporary_max_messages;
        if !asks || count > most {
            let message = format!(
                "give 1 to {most} messages (TEMPORARY_MAX_MESSAGES), the last one the user's"
            );
            return Err(Error::invalid("messages", message));
        }
        for message in &question.messages {
            self.check_size(&message.content)?;
        }
        self.check_room()?;
        let model = self.inner.models.pick(caller, question.model.as_deref()).await?;
        let words = question.messages.last().map(|m| m.content.clone()).unwrap_or_default();
        let budget = self.budget(&model, &question.options);
        let wanted = Wanted {
            question: &words,
            conversation: None,
            named: &[],
            model: &model,
            options: &question.options,
            budget,
        };
        let (Gathering { sources, looked }, notes) = self.draw_on(caller, wanted, None).await?;
        let said = question.messages.into_iter().map(|message| prompt::Said {
            role: message.role,
            content: message.content,
            images: Vec::new(),
            calls: Vec::new(),
        });
        let (request, prompt) = prompt::build(prompt::Parts {
            system: question.system_prompt.as_deref(),
            notes: &notes,
            sources: &sources,
            said: said.collect(),
            history_limit: self.inner.live.now().chat.history_limit,
            budget: u32::try_from(budget).unwrap_or(u32::MAX),
            options: question.options,
            goes_on: false,
            noted: false,
            tools: Vec::new(),
        });
        // Written before it begins: a crash ends both, and the same key never asks twice.
        let id = TurnId::new();
        if caller.once.is_some() {
            let kept = self.inner.store.write_once(caller, move |_| Ok::<_, Error>(id)).await?;
            if kept.replayed {
                return Ok(kept.value);
            }
        }
        let identity = Identity {
            id,
            owner: caller.user,
            conversation: None,
            message: None,
            model: model.id.clone(),
            created_at: Timestamp::now(),
        };
        let turn = Arc::new(Turn::new(identity, prompt, SoFar::nothing()));
        // A temporary chat keeps nothing, so it calls nothing: there would be no record of it.
        let (tools, troubles) = (Vec::new(), Vec::new());
        self.start(Job {
            turn,
            request,
            tools,
            troubles,
            sources,
            looked,
            kept: None,
            title: None,
        });
        Ok(id)
    }

    async fn begin(
        &self,
        caller: &Caller,
        id: ConversationId,
        plan: Plan,
        model: Option<String>,
        options: Options,
    ) -> Result<Started, Error> {
        check::options(&options)?;
        let earlier = self.inner.store.earlier_answer::<Begun>(caller).await?;
        if let Some(begun) = earlier {
            return Ok(begun.started);
        }
        self.check_room()?;
        let (owner, config) = (caller.user, self.inner.live.now());
        let (read_plan, history) = (plan.clone(), config.chat.history_limit);
        let gathered =
            self.inner.store.read(move |db| gather(db, owner, id, &read_plan, history)).await?;
        let Gathered { conversation, said, question, documents, answer, writer } = gathered;
        let still = writer.filter(|writer| self.can_write(caller, writer)).map(|id| id.to_string());
        let wanted = model.or(still).or_else(|| conversation.model.clone());
        let model = self.inner.models.pick(caller, wanted.as_deref()).await?;
        let options = options.or(conversation.options.clone());
        let budget = self.budget(&model, &options);
        let Offer { tools, troubles, told: offered, tokens } =
            self.offer(&model, conversation.tools.as_deref(), budget).await?;
        let budget = budget.saturating_sub(tokens);
        let wanted = Wanted {
            question: &question,
            conversation: Some(&conversation),
            named: &documents,
            model: &model,
            options: &options,
            budget,
        };
        let (Gathering { sources, looked }, notes) =
            self.draw_on(caller, wanted, answer.as_ref()).await?;
        // Another model may have less room for them.
        let told = sources::fitting(sources.clone(), self.sources_room(wanted));
        let is_new = matches!(plan, Plan::New { .. });
        let fact = if is_new { self.inner.notes.fact_of(&question) } else { None };
        let (request, prompt) = prompt::build(prompt::Parts {
            system: conversation.system_prompt.as_deref(),
            notes: &notes,
            sources: &told,
            said,
            history_limit: config.chat.history_limit,
            budget: u32::try_from(budget).unwrap_or(u32::MAX),
            options,
            goes_on: answer.is_some(),
            noted: fact.is_some(),
            tools: offered,
        });

        let first = conversation.title.is_none();
        let words = first.then(|| title::from_words(&question, config.chat.title_max_chars));
        let beginning = Beginning {
            turn: TurnId::new(),
            answer: answer.as_ref().map_or_else(MessageId::new, |answer| answer.id),
            model: model.clone(),
            sources: sources.clone(),
            prompt: prompt.clone(),
            title: words.flatten(),
            fact: fact.map(str::to_owned),
        };
        let before = answer.map_or_else(SoFar::nothing, |answer| SoFar {
            text: answer.content,
            reasoning: answer.reasoning.unwrap_or_default(),
            calls: answer.calls,
            seq: 0,
        });
        let written = self
            .inner
            .store
            .write_once(caller, move |tx| {
                let (started, note) = write(tx, owner, id, &plan, &beginning)?;
                let (_, conversation) = get_row(tx, owner, id)?;
                Ok::<_, Error>(Begun { started, conversation, note })
            })
            .await?;
        let Begun { started, conversation, note } = written.value;
        if written.replayed {
            return Ok(started);
        }
        let identity = Identity {
            id: started.turn_id,
            owner,
            conversation: Some(id),
            message: Some(started.assistant_message.id),
            model: model.id.clone(),
            created_at: Timestamp::now(),
        };
        let turn = Arc::new(Turn::new(identity, prompt, before));
        let title = first.then_some(title::Wanted { question });
        let kept = Some((id, started.assistant_message.id));
        if let Some(note) = note {
            self.inner.notes.announce_created(owner, &note);
        }
        self.inner.conversations.announce_message(owner, &started.user_message);
        self.inner.conversations.announce_message(owner, &started.assistant_message);
        self.inner.conversations.announce(owner, "updated", &conversation);
        self.start(Job { turn, request, tools, troubles, sources, looked, kept, title });
        Ok(started)
    }

    /// The sources and the notes that an answer is given.
    async fn draw_on(
        &self,
        caller: &Caller,
        wanted: Wanted<'_>,
        before: Option<&Message>,
    ) -> Result<(Gathering, Vec<String>), Error> {
        let sources = async {
            match before {
                // What it cites are the numbers that it was given.
                Some(answer) => Ok(sources::given_before(&answer.sources, wanted)),
                None => self.gather_sources(caller, wanted).await,
            }
        };
        tokio::try_join!(sources, self.notes(caller, wanted.options))
    }

    /// The notes that a prompt brings along, the newest first.
    pub(super) async fn notes(
        &self,
        caller: &Caller,
        options: &Options,
    ) -> Result<Vec<String>, Error> {
        if options.memory == Some(false) {
            return Ok(Vec::new());
        }
        let page = self.inner.notes.list(caller, notes::Filter::default(), None, NOTES).await?;
        let mut left = self.inner.live.now().chat.notes_max_tokens;
        let texts = page.items.into_iter().map(|note| note.text).take_while(|text| {
            let cost = estimate_tokens(text);
            let fits = cost <= left;
            left = left.saturating_sub(cost);
            fits
        });
        Ok(texts.collect())
    }

    /// Whether the model of an answer can be asked for another one, or for more of it. The passages
    /// only stood in for a model.
    fn can_write(&self, caller: &Caller, writer: &ModelRef) -> bool {
        let provider = self.inner.models.get_provider(caller, writer.provider);
        *writer != ModelRef::passages() && provider.is_ok_and(|provider| provider.enabled)
    }

    fn check_size(&self, content: &str) -> Result<(), Error> {
        let limit = self.inner.live.now().conversations.max_message_bytes;
        if content.len() <= limit {
            return Ok(());
        }
        Err(Error::TooLarge {
            message: format!("the message is longer than {} kB (MAX_MESSAGE_KB)", limit / 1024),
            limit_bytes: limit as u64,
        })
    }

    fn check_room(&self) -> Result<(), Error> {
        let limit = self.inner.live.now().chat.max_turns;
        if self.running() < limit {
            return Ok(());
        }
        Err(Error::TooMany {
            code: "too_many_turns",
            message: format!("{limit} answers are being written at once (MAX_TURNS); wait for one"),
            retry_after_s: 5,
        })
    }
}

/// Writes the question, the answer-to-be, the turn and what is to be remembered.
fn write(
    tx: &Connection,
    owner: UserId,
    id: ConversationId,
    plan: &Plan,
    beginning: &Beginning,
) -> Result<(Started, Option<Note>), Error> {
    let (conversation, _) = get_row(tx, owner, id)?;
    let model = beginning.model.id.to_string();
    let provider = beginning.model.kind.as_str();
    let new = |id, parent, role, state| NewMessage {
        id,
        conversation,
        parent,
        role,
        content: "",
        state,
        model: None,
        provider: None,
        sources: &[],
        attachments: &[],
        document_ids: &[],
        turn: None,
    };
    let find = |message: MessageId| -> Result<tree::Node, Error> {
        conversations::messages::get_node(tx, conversation, id, message)
    };
    let (asked, answer) = match plan {
        Plan::New { content, files, documents, parent } => {
            let parent = new_parent(tx, conversation, id, *parent)?;
            let listed: Vec<_> = files.iter().map(|file| file.listed.clone()).collect();
            let question = MessageId::new();
            let seq = tree::insert(
                tx,
                &NewMessage {
                    content,
                    attachments: &listed,
                    document_ids: documents,
                    ..new(question, parent, Role::User, State::Complete)
                },
            )?;
            for File { listed, bytes } in files {
                tree::insert_attachment(tx, seq, listed.n, bytes)?;
            }
            (seq, None)
        }
        Plan::Sibling { of } => {
            let node = find(*of)?;
            let asked = if node.message.role == Role::User { Some(node.seq) } else { node.parent };
            (asked.ok_or(Error::not_found("message"))?, None)
        }
        Plan::GoOn { answer } => {
            let node = find(*answer)?;
            if node.message.state == State::Streaming {
                return Err(Error::conflict("answer_running", "this answer is being written"));
            }
            (node.parent.ok_or(Error::not_found("message"))?, Some(node.seq))
        }
    };
    let answer = match answer {
        Some(seq) => {
            tree::update_resumed(tx, seq, beginning.turn, &model, provider)?;
            seq
        }
        None => tree::insert(
            tx,
            &NewMessage {
                model: Some(&model),
                provider: Some(provider),
                sources: &beginning.sources,
                turn: Some(beginning.turn),
                ..new(beginning.answer, Some(asked), Role::Assistant, State::Streaming)
            },
        )?,
    };
    let rows = (conversation, answer);
    queries::insert(tx, beginning.turn, owner, rows, &model, &beginning.prompt)?;
    tree::update_leaf(tx, conversation, Some(answer))?;
    tree::update_activity(tx, conversation)?;
    if let Some(title) = &beginning.title {
        conversations::queries::update_made_title(tx, id, title, false)?;
    }
    let note = match &beginning.fact {
        Some(fact) => Some(notes::keep(tx, owner, fact, conversation, asked)?),
        None => None,
    };
    let path = tree::list_path(tx, id, answer, 2)?;
    let mut messages = path.into_iter().map(|node| node.message);
    match (messages.next(), messages.next()) {
        (Some(user_message), Some(assistant_message)) => {
            Ok((Started { turn_id: beginning.turn, user_message, assistant_message }, note))
        }
        _ => Err(Error::internal("beginning a turn", json!("no question above it").to_string())),
    }
}
