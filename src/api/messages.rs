//! Messages over HTTP: asking, answering again, amending, deleting.

use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::bodies::Paging;
use super::call::Call;
use super::reply::{Failure, Reply, download, ok, raw, with_status};
use crate::base::{ConversationId, MessageId, Page};
use crate::chat::{Again, Question, Started};
use crate::conversations::{Message, Rating, Revision, State};

fn ids(call: &Call) -> Result<(ConversationId, MessageId), Failure> {
    Ok((call.id("id", "conversation")?, call.id("message_id", "message")?))
}

/// The active path, the newest page first.
#[utoipa::path(
    get,
    path = "/conversations/{id}/messages",
    params(("id" = ConversationId, Path), Paging),
    responses((status = 200, body = Page<Message>)),
)]
pub(super) async fn list(call: Call) -> Reply {
    let id = call.id("id", "conversation")?;
    let query = call.query()?;
    let (cursor, limit) = (query.text("cursor"), query.limit()?);
    let list = async || Ok(call.app().chat.messages(&call.caller, id, cursor, limit).await?);
    // What is being written grows without the database.
    call.kept(list, |page| page.items.iter().all(|message| message.state != State::Streaming)).await
}

/// Asks.
#[utoipa::path(
    post,
    path = "/conversations/{id}/messages",
    params(("id" = ConversationId, Path)),
    request_body = Question,
    responses(
        (status = 202, body = Started, description = "The answer is being written"),
        (status = 200, body = Message, description = "The finished answer, for `stream: false`"),
    ),
)]
pub(super) async fn ask(mut call: Call) -> Reply {
    let id = call.id("id", "conversation")?;
    let question: Question = call.json().await?;
    let stream = question.stream;
    let started = call.app().chat.ask(&call.caller, id, question).await?;
    begun(&call, &started, stream).await
}

async fn begun(call: &Call, started: &Started, stream: Option<bool>) -> Reply {
    if stream == Some(false) {
        return ok(&call.app().chat.finished(&call.caller, started).await?);
    }
    with_status(StatusCode::ACCEPTED, started)
}

/// One message.
#[utoipa::path(
    get,
    path = "/conversations/{id}/messages/{message_id}",
    params(("id" = ConversationId, Path), ("message_id" = MessageId, Path)),
    responses((status = 200, body = Message)),
)]
pub(super) async fn get(call: Call) -> Reply {
    let (id, message) = ids(&call)?;
    ok(&call.app().chat.message(&call.caller, id, message).await?)
}

/// What a message shall say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Amended {
    #[schema(min_length = 1, extensions(("x-setting" = json!("MAX_MESSAGE_KB"))))]
    content: String,
}

/// Changes what a message says.
#[utoipa::path(
    patch,
    path = "/conversations/{id}/messages/{message_id}",
    params(("id" = ConversationId, Path), ("message_id" = MessageId, Path)),
    request_body = Amended,
    responses(
        (status = 200, body = Message, description = "The answer, amended in place"),
        (status = 201, body = Message, description = "The question, as a new sibling"),
    ),
)]
pub(super) async fn amend(mut call: Call) -> Reply {
    let (id, message) = ids(&call)?;
    let Amended { content } = call.json().await?;
    let amended = call.app().conversations.amend(&call.caller, id, message, content).await?;
    let status = if amended.1 { StatusCode::CREATED } else { StatusCode::OK };
    with_status(status, &amended.0)
}

/// To the trash, with what follows it.
#[utoipa::path(
    delete,
    path = "/conversations/{id}/messages/{message_id}",
    params(("id" = ConversationId, Path), ("message_id" = MessageId, Path)),
    responses((status = 200, body = Message)),
)]
pub(super) async fn delete(call: Call) -> Reply {
    let (id, message) = ids(&call)?;
    ok(&call.app().conversations.delete_message(&call.caller, id, message).await?)
}

/// Out of the trash.
#[utoipa::path(
    post,
    path = "/conversations/{id}/messages/{message_id}/restore",
    params(("id" = ConversationId, Path), ("message_id" = MessageId, Path)),
    responses((status = 200, body = Message)),
)]
pub(super) async fn restore(call: Call) -> Reply {
    let (id, message) = ids(&call)?;
    ok(&call.app().conversations.restore_message(&call.caller, id, message).await?)
}

/// Another answer beside this one.
#[utoipa::path(
    post,
    path = "/conversations/{id}/messages/{message_id}/regenerate",
    params(("id" = ConversationId, Path), ("message_id" = MessageId, Path)),
    request_body = Option<Again>,
    responses((status = 202, body = Started)),
)]
pub(super) async fn regenerate(mut call: Call) -> Reply {
    let (id, message) = ids(&call)?;
    let again: Again = call.json_or_empty().await?;
    let started = call.app().chat.regenerate(&call.caller, id, message, again).await?;
    begun(&call, &started, None).await
}

/// Goes on with a broken-off answer.
#[utoipa::path(
    post,
    path = "/conversations/{id}/messages/{message_id}/continue",
    params(("id" = ConversationId, Path), ("message_id" = MessageId, Path)),
    request_body = Option<Again>,
    responses((status = 202, body = Started)),
)]
pub(super) async fn go_on(mut call: Call) -> Reply {
    let (id, message) = ids(&call)?;
    let again: Again = call.json_or_empty().await?;
    let started = call.app().chat.go_on(&call.caller, id, message, again).await?;
    begun(&call, &started, None).await
}

/// What a reader thinks of an answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Feedback {
    /// `null` takes it back.
    rating: Option<Rating>,
    #[schema(extensions(("x-setting" = json!("MAX_MESSAGE_KB"))))]
    note: Option<String>,
}

/// Keeps what a reader thought of it.
#[utoipa::path(
    post,
    path = "/conversations/{id}/messages/{message_id}/feedback",
    params(("id" = ConversationId, Path), ("message_id" = MessageId, Path)),
    request_body = Feedback,
    responses((status = 200, body = Message)),
)]
pub(super) async fn rate(mut call: Call) -> Reply {
    let (id, message) = ids(&call)?;
    let Feedback { rating, note } = call.json().await?;
    ok(&call.app().conversations.rate(&call.caller, id, message, rating, note).await?)
}

/// What an answer said before it was amended, the newest text first.
#[utoipa::path(
    get,
    path = "/conversations/{id}/messages/{message_id}/revisions",
    params(("id" = ConversationId, Path), ("message_id" = MessageId, Path), Paging),
    responses((status = 200, body = Page<Revision>)),
)]
pub(super) async fn revisions(call: Call) -> Reply {
    let (id, message) = ids(&call)?;
    let query = call.query()?;
    let (cursor, limit) = (query.text("cursor"), query.limit()?);
    ok(&call.app().conversations.revisions(&call.caller, id, message, cursor, limit).await?)
}

/// The bytes of an attachment.
#[utoipa::path(
    get,
    path = "/conversations/{id}/messages/{message_id}/attachments/{n}",
    params(
        ("id" = ConversationId, Path),
        ("message_id" = MessageId, Path),
        ("n" = u32, Path, description = "Its number in the message, from 0"),
    ),
    responses(
        (status = 200, body = Vec<u8>, description = "The bytes, as a download of their own type", content_type = "*/*"),
    ),
)]
pub(super) async fn attachment(call: Call) -> Reply {
    let (id, message) = ids(&call)?;
    let n = call.id("n", "attachment")?;
    let (listed, bytes) = call.app().conversations.attachment(&call.caller, id, message, n).await?;
    let response = raw(StatusCode::OK, "application/octet-stream", bytes.into());
    Ok(download(&listed.name, &listed.media_type, response))
}
