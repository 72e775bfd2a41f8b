//! What a turn starts from, read in one snapshot: the conversation, where the answer will hang, and
//! what was said before.

use rusqlite::Connection;

use super::attach::{self, File};
use super::prompt::Said;
use crate::base::{ConversationId, DocumentId, MessageId, UserId};
use crate::conversations::messages::get_node;
use crate::conversations::tree::{self, Node};
use crate::conversations::{Conversation, Message, Role, State, get_row};
use crate::error::Error;
use crate::models::ModelRef;

/// What kind of answer is wanted.
#[derive(Debug, Clone)]
pub(super) enum Plan {
    /// An answer to a new question.
    New {
        content: String,
        files: Vec<File>,
        documents: Vec<DocumentId>,
        parent: Option<Option<MessageId>>,
    },
    /// Another answer to the same question.
    Sibling { of: MessageId },
    /// More of an answer that broke off.
    GoOn { answer: MessageId },
}

/// What a turn starts from.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) conversation: Conversation,
    /// What was said, the question last; for more of an answer, that answer last.
    pub(super) said: Vec<Said>,
    /// The question's text, to search with.
    pub(super) question: String,
    /// The documents that the question names.
    pub(super) documents: Vec<DocumentId>,
    /// The answer that is gone on with.
    pub(super) answer: Option<Message>,
    /// The model that wrote the answer before; `None` for a new question and where none is known.
    pub(super) writer: Option<ModelRef>,
}

/// Reads it.
pub(super) fn gather(
    db: &Connection,
    owner: UserId,
    id: ConversationId,
    plan: &Plan,
    history_limit: usize,
) -> Result<Gathered, Error> {
    let (seq, conversation) = get_row(db, owner, id)?;
    // The question comes on top of the history, the answer that is gone on with on top of that.
    let limit = history_limit.saturating_add(2);
    match plan {
        Plan::New { content, files, documents, parent } => {
            let parent = new_parent(db, seq, id, *parent)?;
            let mut said = match parent {
                Some(parent) => read_path(db, id, parent, limit)?,
                None => Vec::new(),
            };
            let (content_sent, images) = attach::weave(content, files);
            said.push(Said { role: Role::User, content: content_sent, images, calls: Vec::new() });
            let (question, documents) = (content.clone(), documents.clone());
            Ok(Gathered { conversation, said, question, documents, answer: None, writer: None })
        }
        Plan::Sibling { of } => {
            let node = get_node(db, seq, id, *of)?;
            let writer = writer(&node.message);
            let asked = question_of(db, id, &node)?;
            let said = read_path(db, id, asked.seq, limit)?;
            let Message { content: question, document_ids: documents, .. } = asked.message;
            Ok(Gathered { conversation, said, question, documents, answer: None, writer })
        }
        Plan::GoOn { answer } => {
            let node = get_node(db, seq, id, *answer)?;
            let broken = [State::Interrupted, State::Cancelled, State::Failed];
            if node.message.role != Role::Assistant || !broken.contains(&node.message.state) {
                return Err(Error::conflict(
                    "nothing_to_continue",
                    "only an answer that was stopped or broke off can be continued",
                ));
            }
            let asked = question_of(db, id, &node)?;
            let said = read_path(db, id, node.seq, limit)?;
            Ok(Gathered {
                conversation,
                said,
                question: asked.message.content,
                documents: asked.message.document_ids,
                writer: writer(&node.message),
                answer: Some(node.message),
            })
        }
    }
}

/// A conversation and its latest messages, so many at most.
pub(super) fn past(
    db: &Connection,
    owner: UserId,
    id: ConversationId,
    limit: usize,
) -> Result<(Conversation, Vec<Said>), Error> {
    let (seq, conversation) = get_row(db, owner, id)?;
    let said = match tree::active_leaf(db, seq)? {
        Some(leaf) if limit > 0 => read_path(db, id, leaf, limit)?,
        _ => Vec::new(),
    };
    Ok((conversation, said))
}

/// The model that wrote a message. One of an imported chat has a name that is no model's here.
fn writer(message: &Message) -> Option<ModelRef> {
    message.model.as_deref()?.parse().ok()
}

/// Where a new question hangs.
pub(super) fn new_parent(
    db: &Connection,
    conversation: i64,
    id: ConversationId,
    wanted: Option<Option<MessageId>>,
) -> Result<Option<i64>, Error> {
    let parent = match wanted {
        Some(None) => return Ok(None),
        None => tree::active_leaf(db, conversation)?,
        Some(Some(message)) => {
            let node = tree::find(db, conversation, id, message)?;
            let node = node.ok_or(Error::not_found("message"))?;
            if node.message.deleted_at.is_some() {
                return Err(Error::conflict(
                    "stale_parent",
                    "the message this should follow was deleted meanwhile; load the conversation \
                     again",
                ));
            }
            Some(node.seq)
        }
    };
    let Some(parent) = parent else { return Ok(None) };
    let last = tree::list_path(db, id, parent, 1)?;
    if last.first().is_some_and(|node| node.message.state == State::Streaming) {
        return Err(Error::conflict(
            "answer_running",
            "the answer this should follow is still being written; wait for it or stop it",
        ));
    }
    Ok(Some(parent))
}

fn question_of(db: &Connection, id: ConversationId, node: &Node) -> Result<Node, Error> {
    let path = tree::list_path(db, id, node.seq, 2)?;
    let asked = path.into_iter().rev().find(|node| node.message.role == Role::User);
    asked.ok_or_else(|| {
        Error::conflict("no_question", "there is no question that this message answers")
    })
}

fn read_path(
    db: &Connection,
    id: ConversationId,
    leaf: i64,
    limit: usize,
) -> Result<Vec<Said>, Error> {
    let mut said = Vec::new();
    for node in tree::list_path(db, id, leaf, limit)? {
        let mut files = Vec::with_capacity(node.message.attachments.len());
        for listed in node.message.attachments {
            let bytes = tree::find_attachment(db, node.seq, listed.n)?.unwrap_or_default();
            files.push(File { listed, bytes });
        }
        let (content, images) = attach::weave(&node.message.content, &files);
        // A failed answer without a word would only puzzle the model.
        let Message { role, calls, .. } = node.message;
        if !content.is_empty() || !calls.is_empty() {
            said.push(Said { role, content, images, calls });
        }
    }
    Ok(said)
}
