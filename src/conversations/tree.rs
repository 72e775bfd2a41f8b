//! The SQL of the message tree. A conversation's active path runs from its `active_leaf` up to a
//! root; everything else hangs beside it and is never overwritten.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::Value;

use super::calls::ToolCall;
use super::queries::{json, to_json};
use super::types::{
    Attachment, Branch, Message, Rating, Revision, Role, Source, State, Support, Timings, Usage,
};
use crate::base::{ConversationId, DocumentId, MessageId, Timestamp, TurnId};

/// Characters that lists show of a message.
const SHOWN_CHARS: i64 = 100;

const COLUMNS: &str = "m.seq, m.id, m.role, m.content, m.reasoning, m.state, m.error, m.model,
    m.provider, m.usage, m.timings, m.sources, m.attachments, m.rating, m.note, m.created_at,
    m.edited_at, m.deleted_at, m.turn,
    (SELECT id FROM messages WHERE seq = m.parent),
    (SELECT json_group_array(id) FROM
       (SELECT s.id FROM messages s WHERE s.conversation = m.conversation
        AND s.parent IS m.parent AND s.deleted_at IS NULL ORDER BY s.seq)),
    m.parent, m.support, m.document_ids, m.calls";

/// A message with its row and its parent's row.
#[derive(Debug)]
pub(crate) struct Node {
    /// Its row.
    pub(crate) seq: i64,
    /// Its parent's row.
    pub(crate) parent: Option<i64>,
    /// What it says.
    pub(crate) message: Message,
}

/// A message to be written.
#[derive(Debug)]
pub(crate) struct NewMessage<'a> {
    pub(crate) id: MessageId,
    pub(crate) conversation: i64,
    pub(crate) parent: Option<i64>,
    pub(crate) role: Role,
    pub(crate) content: &'a str,
    pub(crate) state: State,
    pub(crate) model: Option<&'a str>,
    pub(crate) provider: Option<&'a str>,
    pub(crate) sources: &'a [Source],
    pub(crate) attachments: &'a [Attachment],
    pub(crate) document_ids: &'a [DocumentId],
    pub(crate) turn: Option<TurnId>,
}

/// What an answer has become.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    pub(crate) content: String,
    pub(crate) reasoning: String,
    pub(crate) state: State,
    pub(crate) error: Option<Value>,
    pub(crate) usage: Option<Usage>,
    pub(crate) timings: Option<Timings>,
    pub(crate) support: Option<Support>,
    pub(crate) calls: Vec<ToolCall>,
}

fn optional_json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    index: usize,
) -> rusqlite::Result<Option<T>> {
    match row.get_ref(index)? {
        rusqlite::types::ValueRef::Null => Ok(None),
        _ => json(row, index).map(Some),
    }
}

fn node(row: &Row<'_>, conversation_id: ConversationId) -> rusqlite::Result<Node> {
    let state: State = row.get(5)?;
    let mut calls: Vec<ToolCall> = json(row, 24)?;
    if state != State::Streaming {
        // What was under way when the process ended never came to its end.
        calls.iter_mut().for_each(ToolCall::end);
    }
    let message = Message {
        id: row.get(1)?,
        conversation_id,
        parent_id: row.get(19)?,
        role: row.get(2)?,
        content: row.get(3)?,
        reasoning: row.get(4)?,
        state,
        error: optional_json(row, 6)?,
        model: row.get(7)?,
        provider: row.get(8)?,
        usage: optional_json(row, 9)?,
        timings: optional_json(row, 10)?,
        sources: json(row, 11)?,
        support: optional_json(row, 22)?,
        calls,
        attachments: json(row, 12)?,
        document_ids: json(row, 23)?,
        rating: row.get(13)?,
        note: row.get(14)?,
        created_at: row.get(15)?,
        edited_at: row.get(16)?,
        deleted_at: row.get(17)?,
        sibling_ids: json(row, 20)?,
        turn_id: row.get(18)?,
        turn_seq: None,
    };
    Ok(Node { seq: row.get(0)?, parent: row.get(21)?, message })
}

/// A message of a conversation, deleted or not.
pub(crate) fn find(
    db: &Connection,
    conversation: i64,
    conversation_id: ConversationId,
    id: MessageId,
) -> rusqlite::Result<Option<Node>> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM messages m WHERE m.id = ? AND m.conversation = ?"
    ))?
    .query_row(params![id, conversation], |row| node(row, conversation_id))
    .optional()
}

/// The path that ends at `leaf`, oldest first, at most `limit` messages of it.
pub(crate) fn list_path(
    db: &Connection,
    conversation_id: ConversationId,
    leaf: i64,
    limit: usize,
) -> rusqlite::Result<Vec<Node>> {
    let mut statement = db.prepare_cached(&format!(
        "WITH RECURSIVE path (seq, depth) AS (
           SELECT ?1, 1
           UNION ALL
           SELECT m.parent, depth + 1 FROM path JOIN messages m ON m.seq = path.seq
           WHERE m.parent IS NOT NULL AND depth < ?2)
         SELECT {COLUMNS} FROM path CROSS JOIN messages m ON m.seq = path.seq ORDER BY depth DESC"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![leaf, limit], |row| node(row, conversation_id))?;
    rows.collect()
}

/// A page of the whole tree in the order of writing, after a row.
pub(super) fn list_branches(
    db: &Connection,
    conversation: i64,
    after: i64,
    limit: usize,
) -> rusqlite::Result<Vec<(i64, Branch)>> {
    let mut statement = db.prepare_cached(
        "WITH RECURSIVE path (seq) AS (
           SELECT active_leaf FROM conversations WHERE seq = ?1
           UNION ALL
           SELECT m.parent FROM path JOIN messages m ON m.seq = path.seq
           WHERE m.parent IS NOT NULL)
         SELECT m.seq, m.id, (SELECT id FROM messages WHERE seq = m.parent), m.role, m.state,
           substr(m.content, 1, ?4), m.created_at, m.seq IN path
         FROM messages m WHERE m.conversation = ?1 AND m.seq > ?2 AND m.deleted_at IS NULL
         ORDER BY m.seq LIMIT ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![conversation, after, limit, SHOWN_CHARS], |row| {
        let branch = Branch {
            id: row.get(1)?,
            parent_id: row.get(2)?,
            role: row.get(3)?,
            state: row.get(4)?,
            text: row.get(5)?,
            created_at: row.get(6)?,
            active: row.get(7)?,
        };
        Ok((row.get(0)?, branch))
    })?;
    rows.collect()
}

/// The end of the active path.
pub(crate) fn active_leaf(db: &Connection, conversation: i64) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT active_leaf FROM conversations WHERE seq = ?")?
        .query_row([conversation], |row| row.get(0))
}

/// The newest leaf at or below a message.
pub(crate) fn newest_leaf(db: &Connection, from: i64) -> rusqlite::Result<i64> {
    let mut child =
        db.prepare_cached("SELECT max(seq) FROM messages WHERE parent = ? AND deleted_at IS NULL")?;
    let mut leaf = from;
    while let Some(next) = child.query_row([leaf], |row| row.get(0))? {
        leaf = next;
    }
    Ok(leaf)
}

/// Writes a message and returns its row. The active path does not change.
pub(crate) fn insert(tx: &Connection, new: &NewMessage<'_>) -> rusqlite::Result<i64> {
    tx.prepare_cached(
        "INSERT INTO messages (id, conversation, parent, role, content, state, model, provider,
           sources, attachments, document_ids, turn, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        new.id,
        new.conversation,
        new.parent,
        new.role,
        new.content,
        new.state,
        new.model,
        new.provider,
        to_json(&new.sources)?,
        to_json(&new.attachments)?,
        to_json(&new.document_ids)?,
        new.turn,
        Timestamp::now(),
    ])?;
    Ok(tx.last_insert_rowid())
}

/// Makes a message the end of the active path and the list's newest word.
pub(crate) fn update_leaf(
    tx: &Connection,
    conversation: i64,
    leaf: Option<i64>,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE conversations SET active_leaf = ?2,
           message_count =
             (SELECT count(*) FROM messages WHERE conversation = ?1 AND deleted_at IS NULL),
           (active_leaf_id, last_role, last_text, last_at) =
             (SELECT id, role, substr(content, 1, ?3), created_at FROM messages WHERE seq = ?2)
         WHERE seq = ?1",
    )?
    .execute(params![conversation, leaf, SHOWN_CHARS])
    .map(drop)
}

/// Says that something was said just now.
pub(crate) fn update_activity(tx: &Connection, conversation: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE conversations SET updated_at = ? WHERE seq = ?")?
        .execute(params![Timestamp::now(), conversation])
        .map(drop)
}

/// Writes how far an answer has come, and the list's newest word when it is the active leaf.
pub(crate) fn update_progress(
    tx: &Connection,
    id: MessageId,
    progress: &Progress,
) -> rusqlite::Result<()> {
    let error = progress.error.as_ref().map(to_json).transpose()?;
    let usage = progress.usage.as_ref().map(to_json).transpose()?;
    let timings = progress.timings.as_ref().map(to_json).transpose()?;
    let support = progress.support.as_ref().map(to_json).transpose()?;
    let reasoning = (!progress.reasoning.is_empty()).then_some(&progress.reasoning);
    tx.prepare_cached(
        "UPDATE messages SET content = ?2, reasoning = ?3, state = ?4, error = ?5, usage = ?6,
           timings = ?7, support = ?8, calls = ?9 WHERE id = ?1",
    )?
    .execute(params![
        id,
        progress.content,
        reasoning,
        progress.state,
        error,
        usage,
        timings,
        support,
        to_json(&progress.calls)?,
    ])?;
    tx.prepare_cached(
        "UPDATE conversations SET last_text = substr(?2, 1, ?3)
         WHERE active_leaf = (SELECT seq FROM messages WHERE id = ?1)
           AND seq = (SELECT conversation FROM messages WHERE id = ?1)",
    )?
    .execute(params![id, progress.content, SHOWN_CHARS])
    .map(drop)
}

/// Takes an answer up again under a new turn. What it was given stays, for it cites its numbers.
pub(crate) fn update_resumed(
    tx: &Connection,
    seq: i64,
    turn: TurnId,
    model: &str,
    provider: &str,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE messages SET state = 'streaming', error = NULL, turn = ?2, model = ?3,
           provider = ?4 WHERE seq = ?1",
    )?
    .execute(params![seq, turn, model, provider])
    .map(drop)
}

/// Amends a message and keeps what it said before.
pub(super) fn update_content(tx: &Connection, seq: i64, content: &str) -> rusqlite::Result<()> {
    let now = Timestamp::now();
    tx.prepare_cached(
        "INSERT INTO message_revisions (message, content, created_at)
         SELECT seq, content, ?2 FROM messages WHERE seq = ?1",
    )?
    .execute(params![seq, now])?;
    tx.prepare_cached("UPDATE messages SET content = ?2, edited_at = ?3 WHERE seq = ?1")?
        .execute(params![seq, content, now])
        .map(drop)
}

/// What a message said before, the newest first, below a row. A text was written when the one before
/// it was replaced, the first one with the message.
pub(super) fn list_revisions(
    db: &Connection,
    message: i64,
    below: i64,
    limit: usize,
) -> rusqlite::Result<Vec<(i64, Revision)>> {
    let mut statement = db.prepare_cached(
        "SELECT r.seq, r.content, r.created_at, coalesce(
           (SELECT o.created_at FROM message_revisions o
            WHERE o.message = r.message AND o.seq < r.seq ORDER BY o.seq DESC LIMIT 1),
           (SELECT created_at FROM messages WHERE seq = r.message))
         FROM message_revisions r WHERE r.message = ? AND r.seq < ? ORDER BY r.seq DESC LIMIT ?",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![message, below, limit], |row| {
        let (content, replaced_at, created_at) = (row.get(1)?, row.get(2)?, row.get(3)?);
        Ok((row.get(0)?, Revision { content, created_at, replaced_at }))
    })?;
    rows.collect()
}

/// Keeps what a reader thought of a message.
pub(super) fn update_rating(
    tx: &Connection,
    seq: i64,
    rating: Option<Rating>,
    note: Option<&str>,
) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE messages SET rating = ?2, note = ?3 WHERE seq = ?1")?
        .execute(params![seq, rating, note])
        .map(drop)
}

const SUBTREE: &str = "WITH RECURSIVE below (seq) AS (
    SELECT ?1 UNION ALL SELECT m.seq FROM below JOIN messages m ON m.parent = below.seq)";

/// Whether an answer is being written at or below a message.
pub(super) fn is_streaming_below(db: &Connection, seq: i64) -> rusqlite::Result<bool> {
    db.prepare_cached(&format!(
        "{SUBTREE} SELECT EXISTS (SELECT 1 FROM below JOIN messages m ON m.seq = below.seq
         WHERE m.state = 'streaming' AND m.deleted_at IS NULL)"
    ))?
    .query_row([seq], |row| row.get(0))
}

/// Puts a message and what follows it into the trash, with one instant for all of it.
pub(super) fn update_deleted_below(
    tx: &Connection,
    seq: i64,
    at: Timestamp,
) -> rusqlite::Result<()> {
    tx.prepare_cached(&format!(
        "{SUBTREE} UPDATE messages SET deleted_at = ?2
         WHERE seq IN below AND deleted_at IS NULL"
    ))?
    .execute(params![seq, at])
    .map(drop)
}

/// Takes out of the trash what went there together.
pub(super) fn update_restored_below(
    tx: &Connection,
    seq: i64,
    at: Timestamp,
) -> rusqlite::Result<()> {
    tx.prepare_cached(&format!(
        "{SUBTREE} UPDATE messages SET deleted_at = NULL WHERE seq IN below AND deleted_at = ?2"
    ))?
    .execute(params![seq, at])
    .map(drop)
}

/// The newest message under a parent that is not in the trash.
pub(super) fn newest_child(
    db: &Connection,
    conversation: i64,
    parent: Option<i64>,
) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached(
        "SELECT max(seq) FROM messages
         WHERE conversation = ? AND parent IS ? AND deleted_at IS NULL",
    )?
    .query_row(params![conversation, parent], |row| row.get(0))
}

/// Copies one message, with its earlier texts, under a new parent in another conversation. It keeps
/// naming the turn that wrote it, which tells what was sent.
pub(super) fn copy(
    tx: &Connection,
    from: i64,
    conversation: i64,
    parent: Option<i64>,
) -> rusqlite::Result<i64> {
    tx.prepare_cached(
        "INSERT INTO messages (id, conversation, parent, role, content, reasoning, state, error,
           model, provider, usage, timings, sources, support, calls, attachments, document_ids, rating,
           note, turn, created_at, edited_at)
         SELECT ?2, ?3, ?4, role, content, reasoning, iif(state = 'streaming', 'interrupted', state),
           error, model, provider, usage, timings, sources, support, calls, attachments,
           document_ids, rating, note, turn, created_at, edited_at FROM messages WHERE seq = ?1",
    )?
    .execute(params![from, MessageId::new(), conversation, parent])?;
    let seq = tx.last_insert_rowid();
    copy_attachments(tx, from, seq)?;
    tx.prepare_cached(
        "INSERT INTO message_revisions (message, content, created_at)
         SELECT ?2, content, created_at FROM message_revisions WHERE message = ?1 ORDER BY seq",
    )?
    .execute(params![from, seq])?;
    Ok(seq)
}

/// Copies the bytes of a message's attachments to another message.
pub(super) fn copy_attachments(tx: &Connection, from: i64, to: i64) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO message_attachments (message, n, bytes)
         SELECT ?2, n, bytes FROM message_attachments WHERE message = ?1",
    )?
    .execute(params![from, to])
    .map(drop)
}

/// Keeps the bytes of an attachment.
pub(crate) fn insert_attachment(
    tx: &Connection,
    message: i64,
    n: u32,
    bytes: &[u8],
) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT INTO message_attachments (message, n, bytes) VALUES (?, ?, ?)")?
        .execute(params![message, n, bytes])
        .map(drop)
}

/// The bytes of an attachment.
pub(crate) fn find_attachment(
    db: &Connection,
    message: i64,
    n: u32,
) -> rusqlite::Result<Option<Vec<u8>>> {
    db.prepare_cached("SELECT bytes FROM message_attachments WHERE message = ? AND n = ?")?
        .query_row(params![message, n], |row| row.get(0))
        .optional()
}

/// Marks answers that were being written when the process ended. Says how many.
pub(crate) fn update_interrupted(tx: &Connection) -> rusqlite::Result<usize> {
    tx.execute("UPDATE messages SET state = 'interrupted' WHERE state = 'streaming'", [])
}
