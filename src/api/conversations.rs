//! Conversations over HTTP.

use http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::bodies::{Changed, Paging};
use super::call::Call;
use super::reply::{self, Failure, Reply, created, no_content, ok};
use crate::base::{ConversationId, MessageId, Page};
use crate::conversations::{Branch, Bulk, Changes, Conversation, Filter, Label, New};

const WHAT: &str = "conversation";

/// Which conversations to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "says what `Call::query` takes")]
struct Wanted {
    /// Words in titles or messages.
    query: Option<String>,
    /// Only this folder.
    folder: Option<String>,
    /// Only this tag.
    tag: Option<String>,
    /// Those put away instead of the others.
    archived: Option<bool>,
    /// Those in the trash instead.
    trash: Option<bool>,
}

/// Lists conversations, pinned first, then by newest activity.
#[utoipa::path(
    get,
    path = "/conversations",
    params(Paging, Wanted),
    responses((status = 200, body = Page<Conversation>)),
)]
pub(super) async fn list(call: Call) -> Reply {
    let query = call.query()?;
    let text = |name| query.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let filter = Filter {
        query: text("query"),
        folder: text("folder"),
        tag: text("tag"),
        archived: query.flag("archived")?,
        trash: query.flag("trash")?,
    };
    let limit = query.limit()?;
    let list = async || {
        let conversations = &call.app().conversations;
        Ok(conversations.list(&call.caller, filter, query.text("cursor"), limit).await?)
    };
    call.kept(list, |_| true).await
}

/// Makes an empty conversation.
#[utoipa::path(
    post,
    path = "/conversations",
    request_body = Option<New>,
    responses((status = 201, body = Conversation)),
)]
pub(super) async fn create(mut call: Call) -> Reply {
    let new = call.json_or_empty().await?;
    created(&call.app().conversations.create(&call.caller, new).await?.value)
}

/// One conversation.
#[utoipa::path(
    get,
    path = "/conversations/{id}",
    params(("id" = ConversationId, Path)),
    responses((status = 200, body = Conversation)),
)]
pub(super) async fn get(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    ok(&call.app().conversations.get(&call.caller, id).await?)
}

/// Changes what is given.
#[utoipa::path(
    patch,
    path = "/conversations/{id}",
    params(("id" = ConversationId, Path)),
    request_body = Changes,
    responses((status = 200, body = Conversation)),
)]
pub(super) async fn update(mut call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    let changes = call.json().await?;
    ok(&call.app().conversations.update(&call.caller, id, changes).await?)
}

/// To the trash; with `forever=true` out of it.
#[utoipa::path(
    delete,
    path = "/conversations/{id}",
    params(
        ("id" = ConversationId, Path),
        ("forever" = Option<bool>, Query, description = "Out of the trash, for good"),
    ),
    responses(
        (status = 200, body = Conversation, description = "In the trash"),
        (status = 204, description = "Gone for good"),
    ),
)]
pub(super) async fn delete(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    if call.query()?.flag("forever")? {
        call.app().conversations.purge(&call.caller, id).await?;
        return no_content();
    }
    for turn in call.app().chat.running_in(&call.caller, id) {
        call.app().chat.cancel(&call.caller, turn.id()).await?;
    }
    ok(&call.app().conversations.delete(&call.caller, id).await?)
}

/// Out of the trash.
#[utoipa::path(
    post,
    path = "/conversations/{id}/restore",
    params(("id" = ConversationId, Path)),
    responses((status = 200, body = Conversation)),
)]
pub(super) async fn restore(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    ok(&call.app().conversations.restore(&call.caller, id).await?)
}

/// One thing to do to many conversations.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ManyConversations {
    #[schema(min_items = 1, max_items = 200)]
    ids: Vec<ConversationId>,
    action: Action,
    /// For `tag` and `untag`.
    #[schema(extensions(("x-setting" = json!("MAX_NAME_CHARS"))))]
    tag: Option<String>,
    /// For `move`; none takes them out of theirs.
    #[schema(extensions(("x-setting" = json!("MAX_NAME_CHARS"))))]
    folder: Option<String>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ConversationAction)]
enum Action {
    Delete,
    Restore,
    Archive,
    Unarchive,
    Pin,
    Unpin,
    Tag,
    Untag,
    Move,
}

/// Does one thing to many.
#[utoipa::path(
    post,
    path = "/conversations/bulk",
    request_body = ManyConversations,
    responses((status = 200, body = Changed), (status = 404)),
)]
pub(super) async fn change_many(mut call: Call) -> Reply {
    let ManyConversations { ids, action, tag, folder } = call.json().await?;
    let tag = || tag.clone().ok_or_else(|| Failure::invalid("tag", "name the tag"));
    let bulk = match action {
        Action::Delete => Bulk::Delete,
        Action::Restore => Bulk::Restore,
        Action::Archive => Bulk::Archive,
        Action::Unarchive => Bulk::Unarchive,
        Action::Pin => Bulk::Pin,
        Action::Unpin => Bulk::Unpin,
        Action::Tag => Bulk::Tag { tag: tag()? },
        Action::Untag => Bulk::Untag { tag: tag()? },
        Action::Move => Bulk::Move { folder },
    };
    let changed = call.app().conversations.change_many(&call.caller, ids, bulk).await?;
    ok(&Changed { changed })
}

/// The folders in use.
#[utoipa::path(get, path = "/folders", responses((status = 200, body = Page<Label>)))]
pub(super) async fn folders(call: Call) -> Reply {
    ok(&Page::whole(call.app().conversations.folders(&call.caller).await?))
}

/// The tags in use.
#[utoipa::path(get, path = "/tags", responses((status = 200, body = Page<Label>)))]
pub(super) async fn tags(call: Call) -> Reply {
    ok(&Page::whole(call.app().conversations.tags(&call.caller).await?))
}

/// Every message in short, for the branch panel.
#[utoipa::path(
    get,
    path = "/conversations/{id}/tree",
    params(("id" = ConversationId, Path), Paging),
    responses((status = 200, body = Page<Branch>)),
)]
pub(super) async fn tree(call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    let query = call.query()?;
    let (cursor, limit) = (query.text("cursor"), query.limit()?);
    ok(&call.app().conversations.branches(&call.caller, id, cursor, limit).await?)
}

/// Where a branch begins.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BranchFrom {
    message_id: MessageId,
    /// By default the conversation's.
    #[schema(extensions(("x-setting" = json!("MAX_NAME_CHARS"))))]
    title: Option<String>,
}

/// A new conversation from the path down to a message.
#[utoipa::path(
    post,
    path = "/conversations/{id}/branch",
    params(("id" = ConversationId, Path)),
    request_body = BranchFrom,
    responses((status = 201, body = Conversation)),
)]
pub(super) async fn branch(mut call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    let BranchFrom { message_id, title } = call.json().await?;
    let made = call.app().conversations.branch(&call.caller, id, message_id, title).await?;
    reply::with_status(StatusCode::CREATED, &made)
}

/// A message that the active path shall run through.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Selected {
    message_id: MessageId,
}

/// Switches the active path.
#[utoipa::path(
    post,
    path = "/conversations/{id}/select",
    params(("id" = ConversationId, Path)),
    request_body = Selected,
    responses((status = 200, body = Conversation)),
)]
pub(super) async fn select(mut call: Call) -> Reply {
    let id = call.id("id", WHAT)?;
    let Selected { message_id } = call.json().await?;
    ok(&call.app().conversations.select(&call.caller, id, message_id).await?)
}
