//! Conversations over HTTP.

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::call::Call;
use super::reply::{self, Failure, Reply, created, no_content, ok};
use crate::base::{ConversationId, MessageId, Page};
use crate::conversations::{Bulk, Filter};

const WHAT: &str = "conversation";

/// `GET /conversations`: lists conversations, pinned first, then by newest activity.
pub(super) async fn list(call: Call) -> Reply {
    let names = ["limit", "cursor", "query", "folder", "tag", "archived", "trash"];
    let query = call.query(&names)?;
    let text = |name| query.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let filter = Filter {
        query: text("query"),
        folder: text("folder"),
        tag: text("tag"),
        archived: query.flag("archived")?,
        trash: query.flag("trash")?,
    };
    let limit = query.limit()?;
    let page =
        call.app().conversations.list(&call.caller, filter, query.text("cursor"), limit).await?;
    ok(&page)
}

/// `POST /conversations`: makes an empty conversation.
pub(super) async fn create(mut call: Call) -> Reply {
    let new = call.json_or_empty().await?;
    created(&call.app().conversations.create(&call.caller, new).await?.value)
}

/// `GET /conversations/{id}`: one conversation.
pub(super) async fn get(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    ok(&call.app().conversations.get(&call.caller, id).await?)
}

/// `PATCH /conversations/{id}`: changes what is given.
pub(super) async fn update(mut call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    let changes = call.json().await?;
    ok(&call.app().conversations.update(&call.caller, id, changes).await?)
}

/// `DELETE /conversations/{id}`: to the trash; with `forever=true` out of it.
pub(super) async fn delete(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    if call.query(&["forever"])?.flag("forever")? {
        call.app().conversations.purge(&call.caller, id).await?;
        return no_content();
    }
    for turn in call.app().chat.running_in(&call.caller, id) {
        call.app().chat.cancel(&call.caller, turn.id()).await?;
    }
    ok(&call.app().conversations.delete(&call.caller, id).await?)
}

/// `POST /conversations/{id}/restore`: out of the trash.
pub(super) async fn restore(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    ok(&call.app().conversations.restore(&call.caller, id).await?)
}

/// `POST /conversations/bulk`: does one thing to many.
pub(super) async fn change_many(mut call: Call) -> Reply {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        ids: Vec<ConversationId>,
        action: String,
        tag: Option<String>,
        folder: Option<String>,
    }
    let Body { ids, action, tag, folder } = call.json().await?;
    let tag = || tag.clone().ok_or_else(|| Failure::invalid("tag", "name the tag"));
    let bulk = match action.as_str() {
        "delete" => Bulk::Delete,
        "restore" => Bulk::Restore,
        "archive" => Bulk::Archive,
        "unarchive" => Bulk::Unarchive,
        "pin" => Bulk::Pin,
        "unpin" => Bulk::Unpin,
        "tag" => Bulk::Tag { tag: tag()? },
        "untag" => Bulk::Untag { tag: tag()? },
        "move" => Bulk::Move { folder },
        _ => {
            let known = "delete, restore, archive, unarchive, pin, unpin, tag, untag or move";
            return Err(Failure::invalid("action", format!("action is {known}")));
        }
    };
    let changed = call.app().conversations.change_many(&call.caller, ids, bulk).await?;
    ok(&json!({ "changed": changed }))
}

/// `GET /folders`: the folders in use.
pub(super) async fn folders(call: Call) -> Reply {
    ok(&Page::whole(call.app().conversations.folders(&call.caller).await?))
}

/// `GET /tags`: the tags in use.
pub(super) async fn tags(call: Call) -> Reply {
    ok(&Page::whole(call.app().conversations.tags(&call.caller).await?))
}

/// `GET /conversations/{id}/tree`: every message in short, for the branch panel.
pub(super) async fn tree(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    let query = call.query(&["limit", "cursor"])?;
    let (cursor, limit) = (query.text("cursor"), query.limit()?);
    ok(&call.app().conversations.branches(&call.caller, id, cursor, limit).await?)
}

/// `POST /conversations/{id}/branch`: a new conversation from the path down to a message.
pub(super) async fn branch(mut call: Call) -> Reply {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        message_id: MessageId,
        title: Option<String>,
    }
    let id = call.id("id", WHAT)?;
    let Body { message_id, title } = call.json().await?;
    let made = call.app().conversations.branch(&call.caller, id, message_id, title).await?;
    reply::with_status(StatusCode::CREATED, &made)
}

/// `POST /conversations/{id}/select`: switches the active path.
pub(super) async fn select(mut call: Call) -> Reply {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        message_id: MessageId,
    }
    let id = call.id("id", WHAT)?;
    let Body { message_id } = call.json().await?;
    ok(&call.app().conversations.select(&call.caller, id, message_id).await?)
}
