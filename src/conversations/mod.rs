//! Conversations and their message trees: making, finding, changing, deleting and bringing back.
//! Nothing said is ever overwritten. Asking a model is `chat`; this module only keeps what was said.

mod calls;
pub(crate) mod check;
pub(crate) mod messages;
mod options;
pub(crate) mod queries;
pub(crate) mod tree;
mod types;

use std::time::Duration;

use rusqlite::Connection;
use serde::Serialize;

pub use calls::{CallState, SEARCH_CONVERSATIONS, SEARCH_DOCUMENTS, ToolCall};
pub use options::Options;
pub use types::{
    AllOrNone, Attachment, Branch, Bulk, Changes, Conversation, DocumentScope, Filter, Label,
    Message, New, Place, Rating, Revision, Role, Source, State, Support, SupportState, Timings,
    Usage,
};

use crate::base::{Caller, ConversationId, Cursor, Feed, Page, Timestamp, UserId};
use crate::config::Live;
use crate::error::Error;
use crate::store::{self, Store, Written};

/// Conversations that one sweep deletes for good at a time.
const PURGE_BATCH: u32 = 100;

/// Everybody's conversations.
#[derive(Debug, Clone)]
pub struct Conversations {
    store: Store,
    live: Live,
    feed: Feed,
}

/// What the feed says of a conversation.
#[derive(Debug, Serialize)]
struct Change<'a, C: Serialize> {
    change: &'static str,
    conversation: &'a C,
}

#[derive(Debug, Serialize)]
struct Gone {
    id: ConversationId,
}

/// A conversation that is there and not in the trash, with its row.
pub(crate) fn get_row(
    db: &Connection,
    owner: UserId,
    id: ConversationId,
) -> Result<(i64, Conversation), Error> {
    let found = queries::find(db, owner, id)?.ok_or(Error::not_found("conversation"))?;
    match found.1.deleted_at {
        None => Ok(found),
        Some(_) => Err(Error::conflict(
            "conversation_in_trash",
            "this conversation is in the trash; restore it first",
        )),
    }
}

impl Conversations {
    /// Keeps conversations in `store` and tells `feed` of what changes.
    pub fn new(store: Store, live: Live, feed: Feed) -> Self {
        Self { store, live, feed }
    }

    /// Makes an empty conversation.
    pub async fn create(
        &self,
        caller: &Caller,
        mut new: New,
    ) -> Result<Written<Conversation>, Error> {
        self.rules().new_conversation(&mut new)?;
        let owner = caller.user;
        let written = self
            .store
            .write_once(caller, move |tx| {
                let id = ConversationId::new();
                queries::insert(tx, owner, id, &new)?;
                get_row(tx, owner, id).map(|(_, conversation)| conversation)
            })
            .await?;
        self.announce(owner, "created", &written.value);
        Ok(written)
    }

    /// One page of the list, in two statements however long the list is.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: Filter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Conversation>, Error> {
        let after = read_cursor(cursor)?;
        let (owner, looks_at) = (caller.user, self.live.now().conversations.query_messages);
        self.store
            .read(move |db| {
                let filter = (&filter, looks_at);
                let (items, next) = queries::list(db, owner, filter, after.as_ref(), limit)?;
                Ok(Page { items, next_cursor: next.and_then(|key| Cursor::encode(&key)) })
            })
            .await
    }

    /// One conversation, in the trash or not.
    pub async fn get(&self, caller: &Caller, id: ConversationId) -> Result<Conversation, Error> {
        let owner = caller.user;
        self.store
            .read(move |db| {
                let found = queries::find(db, owner, id)?;
                found.map(|(_, found)| found).ok_or(Error::not_found("conversation"))
            })
            .await
    }

    /// Changes what is given.
    pub async fn update(
        &self,
        caller: &Caller,
        id: ConversationId,
        mut changes: Changes,
    ) -> Result<Conversation, Error> {
        self.rules().changes(&mut changes)?;
        self.change(caller, "updated", move |tx, owner| {
            let (seq, _) = get_row(tx, owner, id)?;
            queries::update(tx, seq, &changes)?;
            Ok(get_row(tx, owner, id)?.1)
        })
        .await
    }

    /// Puts a conversation into the trash. One that is there already stays as it is.
    pub async fn delete(&self, caller: &Caller, id: ConversationId) -> Result<Conversation, Error> {
        self.change(caller, "deleted", move |tx, owner| {
            let found = queries::find(tx, owner, id)?.ok_or(Error::not_found("conversation"))?;
            if found.1.deleted_at.is_none() {
                queries::update_deleted(tx, found.0, Some(Timestamp::now()))?;
            }
            again(tx, owner, id)
        })
        .await
    }

    /// Deletes for good what is in the trash.
    pub async fn purge(&self, caller: &Caller, id: ConversationId) -> Result<(), Error> {
        let owner = caller.user;
        self.store
            .write_once(caller, move |tx| {
                let (seq, found) =
                    queries::find(tx, owner, id)?.ok_or(Error::not_found("conversation"))?;
                if found.deleted_at.is_none() {
                    return Err(Error::conflict(
                        "not_in_trash",
                        "only what is in the trash can be deleted for good; delete it first",
                    ));
                }
                Ok(queries::delete(tx, seq)?)
            })
            .await?;
        self.announce(owner, "purged", &Gone { id });
        Ok(())
    }

    /// Takes a conversation out of the trash.
    pub async fn restore(
        &self,
        caller: &Caller,
        id: ConversationId,
    ) -> Result<Conversation, Error> {
        self.change(caller, "restored", move |tx, owner| {
            let found = queries::find(tx, owner, id)?.ok_or(Error::not_found("conversation"))?;
            queries::update_deleted(tx, found.0, None)?;
            again(tx, owner, id)
        })
        .await
    }

    /// Does one thing to many conversations, all or none, and says how many there were.
    pub async fn change_many(
        &self,
        caller: &Caller,
        ids: Vec<ConversationId>,
        mut bulk: Bulk,
    ) -> Result<u32, Error> {
        self.rules().bulk(&ids, &mut bulk)?;
        let owner = caller.user;
        let change = match bulk {
            Bulk::Delete => "deleted",
            Bulk::Restore => "restored",
            _ => "updated",
        };
        let written = self
            .store
            .write_once(caller, move |tx| {
                let mut done = Vec::with_capacity(ids.len());
                for id in ids {
                    let found = queries::find(tx, owner, id)?;
                    let (seq, _) = found.ok_or(Error::not_found("conversation"))?;
                    apply(tx, seq, &bulk)?;
                    done.push(again(tx, owner, id)?);
                }
                Ok::<_, Error>(done)
            })
            .await?;
        for conversation in &written.value {
            self.announce(owner, change, conversation);
        }
        Ok(u32::try_from(written.value.len()).unwrap_or(u32::MAX))
    }

    /// All folders in use, in alphabetical order.
    pub async fn folders(&self, caller: &Caller) -> Result<Vec<Label>, Error> {
        let owner = caller.user;
        self.store.read(move |db| Ok(queries::folders(db, owner)?)).await
    }

    /// All tags in use, in alphabetical order.
    pub async fn tags(&self, caller: &Caller) -> Result<Vec<Label>, Error> {
        let owner = caller.user;
        self.store.read(move |db| Ok(queries::tags(db, owner)?)).await
    }

    /// Deletes for good what has been in the trash for long enough. Says how many rows went.
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

    /// Deletes everything that somebody said, because they are gone.
    pub async fn remove_all(&self, owner: UserId) -> Result<(), Error> {
        loop {
            let gone = self
                .store
                .write(move |tx| Ok::<_, Error>(queries::delete_some(tx, owner, PURGE_BATCH)?))
                .await?;
            if gone == 0 {
                return Ok(());
            }
        }
    }

    /// Tells the owner's tabs that a conversation is not as it was.
    pub(crate) fn announce(
        &self,
        owner: UserId,
        change: &'static str,
        conversation: &impl Serialize,
    ) {
        self.feed.announce(owner, "conversation", &Change { change, conversation });
    }

    fn rules(&self) -> check::Rules {
        check::Rules::of(&self.live.now())
    }

    async fn change(
        &self,
        caller: &Caller,
        change: &'static str,
        work: impl FnOnce(&Connection, UserId) -> Result<Conversation, Error> + Send + 'static,
    ) -> Result<Conversation, Error> {
        let owner = caller.user;
        let written = self.store.write_once(caller, move |tx| work(tx, owner)).await?;
        self.announce(owner, change, &written.value);
        Ok(written.value)
    }
}

fn again(tx: &Connection, owner: UserId, id: ConversationId) -> Result<Conversation, Error> {
    let found = queries::find(tx, owner, id)?;
    found.map(|(_, found)| found).ok_or(Error::not_found("conversation"))
}

fn apply(tx: &Connection, seq: i64, bulk: &Bulk) -> Result<(), store::Error> {
    let changes = |changes: Changes| queries::update(tx, seq, &changes);
    match bulk {
        Bulk::Delete => queries::update_deleted(tx, seq, Some(Timestamp::now())),
        Bulk::Restore => queries::update_deleted(tx, seq, None),
        Bulk::Archive => changes(Changes { archived: Some(true), ..Changes::default() }),
        Bulk::Unarchive => changes(Changes { archived: Some(false), ..Changes::default() }),
        Bulk::Pin => changes(Changes { pinned: Some(true), ..Changes::default() }),
        Bulk::Unpin => changes(Changes { pinned: Some(false), ..Changes::default() }),
        Bulk::Tag { tag } => queries::add_tag(tx, seq, tag),
        Bulk::Untag { tag } => queries::delete_tag(tx, seq, tag),
        Bulk::Move { folder } => {
            changes(Changes { folder: Some(folder.clone()), ..Changes::default() })
        }
    }?;
    Ok(())
}

fn read_cursor<K: serde::de::DeserializeOwned>(cursor: Option<&str>) -> Result<Option<K>, Error> {
    cursor
        .map(Cursor::decode)
        .transpose()
        .map_err(|error| Error::invalid("cursor", error.to_string()))
}
