//! Notes: facts that a person wants remembered. They write them down, or begin a question with
//! "Remember that ...", which [`of_question`] recognises; then `chat` keeps the fact with [`keep`],
//! in the transaction that keeps the question.
//!
//! Deliberately absent: offering notes to a model, which is `search`'s and `chat`'s.

mod queries;
mod said;
#[cfg(test)]
mod tests;

use std::time::Duration;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use said::of_question;

use crate::base::{
    Caller, ConversationId, Cursor, Feed, MessageId, NoteId, Page, Timestamp, UserId,
};
use crate::config::Live;
use crate::error::Error;
use crate::store::{Store, Written};

/// Notes that one sweep deletes for good at a time.
const PURGE_BATCH: u32 = 500;

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Note {
    /// Its id.
    pub id: NoteId,
    /// The fact.
    pub text: String,
    /// Where it was said, when it came from a question.
    pub conversation_id: Option<ConversationId>,
    /// The question it came from.
    pub message_id: Option<MessageId>,
    /// When it was written down.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it went to the trash.
    pub deleted_at: Option<Timestamp>,
}

/// Which notes to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Words in them.
    pub query: Option<String>,
    /// The trash instead.
    pub trash: bool,
}

/// Everybody's notes.
#[derive(Debug, Clone)]
pub struct Notes {
    store: Store,
    live: Live,
    feed: Feed,
}

/// What the feed says of a note.
#[derive(Debug, Serialize)]
struct Change<'a> {
    change: &'static str,
    note: &'a Note,
}

/// Keeps a fact out of a question, given the rows of its conversation and message; for a transaction
/// that somebody else began. Whoever commits it tells the feed with [`Notes::announce_created`].
pub fn keep(
    tx: &Connection,
    owner: UserId,
    fact: &str,
    conversation: i64,
    message: i64,
) -> Result<Note, Error> {
    insert(tx, owner, fact, Some((conversation, message)))
}

impl Notes {
    /// Keeps notes in `store` and tells `feed` of what changes.
    pub fn new(store: Store, live: Live, feed: Feed) -> Self {
        Self { store, live, feed }
    }

    /// Writes a fact down.
    pub async fn create(&self, caller: &Caller, text: &str) -> Result<Written<Note>, Error> {
        let text = self.checked(text)?;
        let owner = caller.user;
        let work = move |tx: &Connection| insert(tx, owner, &text, None);
        let written = self.store.write_once(caller, work).await?;
        self.announce(owner, "created", &written.value);
        Ok(written)
    }

    /// One page of the list, newest first; of the trash, those deleted last first.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: Filter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Note>, Error> {
        let after = cursor.map(Cursor::decode).transpose();
        let after = after.map_err(|error| Error::invalid("cursor", error.to_string()))?;
        let owner = caller.user;
        self.store
            .read(move |db| {
                let (items, next) = queries::list(db, owner, &filter, after.as_ref(), limit)?;
                Ok(Page { items, next_cursor: next.and_then(|key| Cursor::encode(&key)) })
            })
            .await
    }

    /// One note, in the trash or not.
    pub async fn get(&self, caller: &Caller, id: NoteId) -> Result<Note, Error> {
        let owner = caller.user;
        self.store.read(move |db| Ok(get_row(db, owner, id)?.1)).await
    }

    /// Changes what a note says.
    pub async fn update(&self, caller: &Caller, id: NoteId, text: &str) -> Result<Note, Error> {
        let text = self.checked(text)?;
        self.change(caller, "updated", id, move |tx, seq, note| match note.deleted_at {
            None => Ok(queries::update(tx, seq, &text)?),
            Some(_) => {
                Err(Error::conflict("note_in_trash", "this note is in the trash; restore it first"))
            }
        })
        .await
    }

    /// Puts a note into the trash. One that is there already stays as it is.
    pub async fn delete(&self, caller: &Caller, id: NoteId) -> Result<Note, Error> {
        self.change(caller, "deleted", id, |tx, seq, note| match note.deleted_at {
            None => Ok(queries::update_deleted(tx, seq, Some(Timestamp::now()))?),
            Some(_) => Ok(()),
        })
        .await
    }

    /// Takes a note out of the trash.
    pub async fn restore(&self, caller: &Caller, id: NoteId) -> Result<Note, Error> {
        self.change(caller, "restored", id, |tx, seq, _| {
            Ok(queries::update_deleted(tx, seq, None)?)
        })
        .await
    }

    /// Deletes for good what has been in the trash for long enough. Says how many went.
    pub async fn sweep(&self, keep: Duration) -> Result<usize, Error> {
        let before = Timestamp::now().before(keep);
        let mut total = 0;
        loop {
            let gone = self
                .store
                .write(move |tx| Ok::<_, Error>(queries::purge(tx, before, PURGE_BATCH)?))
                .await?;
            total += gone;
            if gone == 0 {
                return Ok(total);
            }
        }
    }

    /// Deletes all notes of somebody who is gone.
    pub async fn remove_all(&self, owner: UserId) -> Result<(), Error> {
        self.store.write(move |tx| Ok::<_, Error>(queries::delete_all(tx, owner)?)).await
    }

    /// The fact that a question wants remembered, unless it is longer than a note may be.
    pub fn fact_of<'a>(&self, question: &'a str) -> Option<&'a str> {
        of_question(question).filter(|fact| fact.len() <= self.max_bytes())
    }

    /// Tells the owner's tabs of a note that [`keep`] made.
    pub fn announce_created(&self, owner: UserId, note: &Note) {
        self.announce(owner, "created", note);
    }

    fn announce(&self, owner: UserId, change: &'static str, note: &Note) {
        self.feed.announce(owner, "note", &Change { change, note });
    }

    fn max_bytes(&self) -> usize {
        self.live.now().conversations.max_note_bytes
    }

    /// The text without the white space around it.
    fn checked(&self, text: &str) -> Result<String, Error> {
        let (text, limit) = (text.trim(), self.max_bytes());
        if text.is_empty() {
            return Err(Error::invalid("text", "a note says something; its text is empty"));
        }
        if text.len() > limit {
            return Err(Error::TooLarge {
                message: format!("the note is longer than {} kB (MAX_NOTE_KB)", limit / 1024),
                limit_bytes: limit as u64,
            });
        }
        Ok(text.to_owned())
    }

    async fn change(
        &self,
        caller: &Caller,
        change: &'static str,
        id: NoteId,
        work: impl FnOnce(&Connection, i64, &Note) -> Result<(), Error> + Send + 'static,
    ) -> Result<Note, Error> {
        let owner = caller.user;
        let written = self
            .store
            .write_once(caller, move |tx| {
                let (seq, note) = get_row(tx, owner, id)?;
                work(tx, seq, &note)?;
                Ok::<_, Error>(get_row(tx, owner, id)?.1)
            })
            .await?;
        self.announce(owner, change, &written.value);
        Ok(written.value)
    }
}

fn insert(
    tx: &Connection,
    owner: UserId,
    text: &str,
    said: Option<(i64, i64)>,
) -> Result<Note, Error> {
    let id = NoteId::new();
    queries::insert(tx, owner, id, text, said)?;
    Ok(get_row(tx, owner, id)?.1)
}

fn get_row(db: &Connection, owner: UserId, id: NoteId) -> Result<(i64, Note), Error> {
    queries::find(db, owner, id)?.ok_or(Error::not_found("note"))
}
