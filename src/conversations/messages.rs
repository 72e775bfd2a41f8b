//! Operations on the messages of one conversation.

use rusqlite::Connection;
use serde::Serialize;

use super::types::{Branch, Conversation, Message, Rating, Revision, Role, State};
use super::{Conversations, again, get_row, queries, read_cursor, tree};
use crate::base::{Caller, ConversationId, Cursor, MessageId, Page, Timestamp, UserId};
use crate::error::Error;
use crate::store::Written;

/// What the feed says of a message.
#[derive(Debug, Serialize)]
struct Said<'a> {
    conversation_id: ConversationId,
    message: &'a Message,
}

/// A message that is there and not in the trash.
pub(crate) fn get_node(
    db: &Connection,
    conversation: i64,
    conversation_id: ConversationId,
    id: MessageId,
) -> Result<tree::Node, Error> {
    let node = tree::find(db, conversation, conversation_id, id)?;
    match node {
        None => Err(Error::not_found("message")),
        Some(node) if node.message.deleted_at.is_some() => {
            Err(Error::conflict("message_in_trash", "this message was deleted; restore it first"))
        }
        Some(node) => Ok(node),
    }
}

fn busy() -> Error {
    Error::conflict("answer_running", "an answer is still being written here; stop it first")
}

impl Conversations {
    /// A page of the active path, the newest first; within a page the oldest first.
    pub async fn messages(
        &self,
        caller: &Caller,
        id: ConversationId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Message>, Error> {
        let before: Option<MessageId> = read_cursor(cursor)?;
        let owner = caller.user;
        self.store
            .read(move |db| {
                let found = queries::find(db, owner, id)?;
                let (seq, _) = found.ok_or(Error::not_found("conversation"))?;
                let leaf = match before {
                    None => tree::active_leaf(db, seq)?,
                    Some(before) => {
                        let node = tree::find(db, seq, id, before)?;
                        let node = node
                            .ok_or_else(|| Error::invalid("cursor", "not a cursor of this list"))?;
                        node.parent
                    }
                };
                let Some(leaf) = leaf else { return Ok(Page::whole(Vec::new())) };
                let nodes = tree::list_path(db, id, leaf, limit)?;
                let oldest = nodes.first().filter(|node| node.parent.is_some());
                let next_cursor = oldest.and_then(|node| Cursor::encode(&node.message.id));
                let items = nodes.into_iter().map(|node| node.message).collect();
                Ok(Page { items, next_cursor })
            })
            .await
    }

    /// A page of the whole tree, in the order of writing.
    pub async fn branches(
        &self,
        caller: &Caller,
        id: ConversationId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Branch>, Error> {
        let after: i64 = read_cursor(cursor)?.unwrap_or(0);
        let owner = caller.user;
        self.store
            .read(move |db| {
                let found = queries::find(db, owner, id)?;
                let (seq, _) = found.ok_or(Error::not_found("conversation"))?;
                let mut rows = tree::list_branches(db, seq, after, limit + 1)?;
                let more = rows.len() > limit;
                rows.truncate(limit);
                let last = rows.last().filter(|_| more).map(|(seq, _)| *seq);
                Ok(Page {
                    items: rows.into_iter().map(|(_, branch)| branch).collect(),
                    next_cursor: last.and_then(|seq| Cursor::encode(&seq)),
                })
            })
            .await
    }

    /// One message, in the trash or not.
    pub async fn message(
        &self,
        caller: &Caller,
        id: ConversationId,
        message: MessageId,
    ) -> Result<Message, Error> {
        let owner = caller.user;
        self.store
            .read(move |db| {
                let found = queries::find(db, owner, id)?;
                let (seq, _) = found.ok_or(Error::not_found("conversation"))?;
                let node = tree::find(db, seq, id, message)?;
                node.map(|node| node.message).ok_or(Error::not_found("message"))
            })
            .await
    }

    /// What a message said before it was amended, the newest first.
    pub async fn revisions(
        &self,
        caller: &Caller,
        id: ConversationId,
        message: MessageId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Revision>, Error> {
        let below: i64 = read_cursor(cursor)?.unwrap_or(i64::MAX);
        let owner = caller.user;
        self.store
            .read(move |db| {
                let found = queries::find(db, owner, id)?;
                let (seq, _) = found.ok_or(Error::not_found("conversation"))?;
                let node = tree::find(db, seq, id, message)?.ok_or(Error::not_found("message"))?;
                let mut rows = tree::list_revisions(db, node.seq, below, limit + 1)?;
                let more = rows.len() > limit;
                rows.truncate(limit);
                let last = rows.last().filter(|_| more).map(|(seq, _)| *seq);
                Ok(Page {
                    items: rows.into_iter().map(|(_, revision)| revision).collect(),
                    next_cursor: last.and_then(|seq| Cursor::encode(&seq)),
                })
            })
            .await
    }

    /// An attachment's name, type and bytes.
    pub async fn attachment(
        &self,
        caller: &Caller,
        id: ConversationId,
        message: MessageId,
        n: u32,
    ) -> Result<(super::Attachment, Vec<u8>), Error> {
        let owner = caller.user;
        self.store
            .read(move |db| {
                let found = queries::find(db, owner, id)?;
                let (seq, _) = found.ok_or(Error::not_found("conversation"))?;
                let node = tree::find(db, seq, id, message)?.ok_or(Error::not_found("message"))?;
                let listed = node.message.attachments.into_iter().find(|file| file.n == n);
                let listed = listed.ok_or(Error::not_found("attachment"))?;
                let bytes = tree::find_attachment(db, node.seq, n)?;
                Ok((listed, bytes.ok_or(Error::not_found("attachment"))?))
            })
            .await
    }

    /// Changes what a message says. A question becomes a new sibling with the same files and
    /// documents, an answer is amended in place and keeps its earlier text, so that what follows it
    /// stays. Says whether a sibling was made.
    pub async fn amend(
        &self,
        caller: &Caller,
        id: ConversationId,
        message: MessageId,
        content: String,
    ) -> Result<(Message, bool), Error> {
        if content.trim().is_empty() {
            return Err(Error::invalid("content", "say something; to remove a message, delete it"));
        }
        self.rules().text("content", Some(&content))?;
        let written = self
            .write_message(caller, id, move |tx, conversation| {
                let node = get_node(tx, conversation, id, message)?;
                if node.message.state == State::Streaming {
                    return Err(busy());
                }
                if node.message.role != Role::User {
                    tree::update_content(tx, node.seq, &content)?;
                    let leaf = tree::active_leaf(tx, conversation)?;
                    tree::update_leaf(tx, conversation, leaf)?;
                    return Ok((message, false));
                }
                let sibling = MessageId::new();
                let seq = tree::insert(
                    tx,
                    &tree::NewMessage {
                        id: sibling,
                        conversation,
                        parent: node.parent,
                        role: Role::User,
                        content: &content,
                        state: State::Complete,
                        model: None,
                        provider: None,
                        sources: &[],
                        attachments: &node.message.attachments,
                        document_ids: &node.message.document_ids,
                        turn: None,
                    },
                )?;
                tree::copy_attachments(tx, node.seq, seq)?;
                tree::update_leaf(tx, conversation, Some(seq))?;
                tree::update_activity(tx, conversation)?;
                Ok((sibling, true))
            })
            .await?;
        Ok(written.value)
    }

    /// Puts a message and what follows it into the trash. The active path then ends at its newest
    /// sibling's newest leaf, or at its parent.
    pub async fn delete_message(
        &self,
        caller: &Caller,
        id: ConversationId,
        message: MessageId,
    ) -> Result<Message, Error> {
        let written = self
            .write_message(caller, id, move |tx, conversation| {
                let node = get_node(tx, conversation, id, message)?;
                if tree::is_streaming_below(tx, node.seq)? {
                    return Err(busy());
                }
                let path_ends = tree::active_leaf(tx, conversation)?;
                tree::update_deleted_below(tx, node.seq, Timestamp::now())?;
                let still = match path_ends {
                    Some(leaf) => is_there(tx, leaf)?,
                    None => false,
                };
                let leaf = match (still, tree::newest_child(tx, conversation, node.parent)?) {
                    (true, _) => path_ends,
                    (false, Some(sibling)) => Some(tree::newest_leaf(tx, sibling)?),
                    (false, None) => node.parent,
                };
                tree::update_leaf(tx, conversation, leaf)?;
                Ok((message, false))
            })
            .await?;
        Ok(written.value.0)
    }

    /// Takes a message, and what was deleted with it, out of the trash and shows it.
    pub async fn restore_message(
        &self,
        caller: &Caller,
        id: ConversationId,
        message: MessageId,
    ) -> Result<Message, Error> {
        let written = self
            .write_message(caller, id, move |tx, conversation| {
                let node = tree::find(tx, conversation, id, message)?;
                let node = node.ok_or(Error::not_found("message"))?;
                let Some(at) = node.message.deleted_at else { return Ok((message, false)) };
                if let Some(parent) = node.parent
                    && !is_there(tx, parent)?
                {
                    return Err(Error::conflict(
                        "parent_in_trash",
                        "what this message answers was deleted, too; restore that first",
                    ));
                }
                tree::update_restored_below(tx, node.seq, at)?;
                let leaf = tree::newest_leaf(tx, node.seq)?;
                tree::update_leaf(tx, conversation, Some(leaf))?;
                Ok((message, false))
            })
            .await?;
        Ok(written.value.0)
    }

    /// Keeps what a reader thought of a message.
    pub async fn rate(
        &self,
        caller: &Caller,
        id: ConversationId,
        message: MessageId,
        rating: Option<Rating>,
        note: Option<String>,
    ) -> Result<Message, Error> {
        self.rules().text("note", note.as_deref())?;
        let written = self
            .write_message(caller, id, move |tx, conversation| {
                let node = get_node(tx, conversation, id, message)?;
                tree::update_rating(tx, node.seq, rating, note.as_deref())?;
                Ok((message, false))
            })
            .await?;
        Ok(written.value.0)
    }

    /// Switches the active path to run through a message, down to its newest leaf.
    pub async fn select(
        &self,
        caller: &Caller,
        id: ConversationId,
        message: MessageId,
    ) -> Result<Conversation, Error> {
        self.change(caller, "updated", move |tx, owner| {
            let (seq, _) = get_row(tx, owner, id)?;
            let node = get_node(tx, seq, id, message)?;
            let leaf = tree::newest_leaf(tx, node.seq)?;
            tree::update_leaf(tx, seq, Some(leaf))?;
            again(tx, owner, id)
        })
        .await
    }

    /// A new conversation that begins with a copy of the path down to a message.
    pub async fn branch(
        &self,
        caller: &Caller,
        id: ConversationId,
        message: MessageId,
        title: Option<String>,
    ) -> Result<Conversation, Error> {
        let mut new = super::New { title, ..super::New::default() };
        self.rules().new_conversation(&mut new)?;
        self.change(caller, "created", move |tx, owner| {
            let (seq, from) = get_row(tx, owner, id)?;
            let node = get_node(tx, seq, id, message)?;
            let new = super::New {
                title: new.title.or(from.title),
                folder: from.folder,
                tags: from.tags,
                pinned: false,
                model: from.model,
                system_prompt: from.system_prompt,
                document_ids: Some(from.document_ids),
                pinned_document_ids: Some(from.pinned_document_ids),
                tools: from.tools,
                options: from.options,
                metadata: Some(from.metadata),
            };
            let made = ConversationId::new();
            let conversation = queries::insert(tx, owner, made, &new)?;
            let mut parent = None;
            for node in tree::list_path(tx, id, node.seq, usize::MAX)? {
                parent = Some(tree::copy(tx, node.seq, conversation, parent)?);
            }
            tree::update_leaf(tx, conversation, parent)?;
            again(tx, owner, made)
        })
        .await
    }

    /// Tells the owner's tabs of a message.
    pub(crate) fn announce_message(&self, owner: UserId, message: &Message) {
        let said = Said { conversation_id: message.conversation_id, message };
        self.feed.announce(owner, "message", &said);
    }

    /// Writes to one message, then tells of it and of its conversation.
    async fn write_message(
        &self,
        caller: &Caller,
        id: ConversationId,
        work: impl FnOnce(&Connection, i64) -> Result<(MessageId, bool), Error> + Send + 'static,
    ) -> Result<Written<(Message, bool)>, Error> {
        let owner = caller.user;
        let written = self
            .store
            .write_once(caller, move |tx| {
                let (seq, _) = get_row(tx, owner, id)?;
                let (message, made) = work(tx, seq)?;
                let node = tree::find(tx, seq, id, message)?.ok_or(Error::not_found("message"))?;
                Ok::<_, Error>((node.message, made, again(tx, owner, id)?))
            })
            .await?;
        let (message, made, conversation) = written.value;
        self.announce_message(owner, &message);
        self.announce(owner, "updated", &conversation);
        Ok(Written { value: (message, made), replayed: written.replayed })
    }
}

fn is_there(db: &Connection, seq: i64) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT deleted_at IS NULL FROM messages WHERE seq = ?")?
        .query_row([seq], |row| row.get(0))
}
