//! Messages over HTTP: asking, answering again, amending, deleting.

use http::StatusCode;
use serde::Deserialize;

use super::call::Call;
use super::reply::{Failure, Reply, download, ok, raw, with_status};
use crate::base::{ConversationId, MessageId};
use crate::chat::{Again, Question, Started};
use crate::conversations::Rating;

fn ids(call: &Call) -> Result<(ConversationId, MessageId), Failure> {
    Ok((call.id("id", "conversation")?, call.id("message_id", "message")?))
}

/// `GET /conversations/{id}/messages`: the active path, the newest page first.
pub(super) async fn list(call: Call) -> Reply {
    let id = call.id("id", "conversation")?;
    let query = call.query(&["limit", "cursor"])?;
    let (cursor, limit) = (query.text("cursor"), query.limit()?);
    ok(&call.app().chat.messages(&call.caller, id, cursor, limit).await?)
}

/// `POST /conversations/{id}/messages`: asks.
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

/// `GET /conversations/{id}/messages/{message_id}`: one message.
pub(super) async fn get(call: Call) -> Reply {
    let (id, message) = ids(&call)?;
    ok(&call.app().chat.message(&call.caller, id, message).await?)
}

/// `PATCH /conversations/{id}/messages/{message_id}`: changes what a message says.
pub(super) async fn amend(mut call: Call) -> Reply {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        content: String,
    }
    let (id, message) = ids(&call)?;
    let Body { content } = call.json().await?;
    let amended = call.app().conversations.amend(&call.caller, id, message, content).await?;
    let status = if amended.1 { StatusCode::CREATED } else { StatusCode::OK };
    with_status(status, &amended.0)
}

/// `DELETE /conversations/{id}/messages/{message_id}`: to the trash, with what follows it.
pub(super) async fn delete(call: Call) -> Reply {
    let (id, message) = ids(&call)?;
    ok(&call.app().conversations.delete_message(&call.caller, id, message).await?)
}

/// `POST /conversations/{id}/messages/{message_id}/restore`: out of the trash.
pub(super) async fn restore(call: Call) -> Reply {
    let (id, message) = ids(&call)?;
    ok(&call.app().conversations.restore_message(&call.caller, id, message).await?)
}

/// `POST /conversations/{id}/messages/{message_id}/regenerate`: another answer beside this one.
pub(super) async fn regenerate(mut call: Call) -> Reply {
    let (id, message) = ids(&call)?;
    let again: Again = call.json_or_empty().await?;
    let started = call.app().chat.regenerate(&call.caller, id, message, again).await?;
    begun(&call, &started, None).await
}

/// `POST /conversations/{id}/messages/{message_id}/continue`: goes on with a broken-off answer.
pub(super) async fn go_on(mut call: Call) -> Reply {
    let (id, message) = ids(&call)?;
    let again: Again = call.json_or_empty().await?;
    let started = call.app().chat.go_on(&call.caller, id, message, again).await?;
    begun(&call, &started, None).await
}

/// `POST /conversations/{id}/messages/{message_id}/feedback`: keeps what a reader thought of it.
pub(super) async fn rate(mut call: Call) -> Reply {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        rating: Option<Rating>,
        note: Option<String>,
    }
    let (id, message) = ids(&call)?;
    let Body { rating, note } = call.json().await?;
    ok(&call.app().conversations.rate(&call.caller, id, message, rating, note).await?)
}

/// `GET /conversations/{id}/messages/{message_id}/attachments/{n}`: the bytes of an attachment.
pub(super) async fn attachment(call: Call) -> Reply {
    let (id, message) = ids(&call)?;
    let n = call.id("n", "attachment")?;
    let (listed, bytes) = call.app().conversations.attachment(&call.caller, id, message, n).await?;
    let response = raw(StatusCode::OK, "application/octet-stream", bytes.into());
    Ok(download(&listed.name, &listed.media_type, response))
}
