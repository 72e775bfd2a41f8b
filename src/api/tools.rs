//! Tools over HTTP: the servers that the owner lists, and what a conversation may use.

use super::call::Call;
use super::reply::{Failure, Reply, created, no_content, ok};
use crate::base::{ConversationId, Page, ToolServerId};
use crate::tools::{NewToolServer, ToolChoice, ToolServer, ToolServerChanges, ToolServerTest};

fn id(call: &Call) -> Result<ToolServerId, Failure> {
    call.id("id", "server of tools")
}

/// Every server of tools, in the order in which they were added.
#[utoipa::path(get, path = "/tool-servers", responses((status = 200, body = Page<ToolServer>)))]
pub(super) async fn list(call: Call) -> Reply {
    ok(&call.app().tools.list_servers().await?)
}

/// Adds one, and asks it for its tools in the background.
#[utoipa::path(
    post,
    path = "/tool-servers",
    request_body = NewToolServer,
    responses((status = 201, body = ToolServer)),
)]
pub(super) async fn create(mut call: Call) -> Reply {
    let new: NewToolServer = call.json().await?;
    created(&call.app().tools.create_server(&call.caller, new).await?)
}

/// One of them.
#[utoipa::path(
    get,
    path = "/tool-servers/{id}",
    params(("id" = ToolServerId, Path)),
    responses((status = 200, body = ToolServer)),
)]
pub(super) async fn get(call: Call) -> Reply {
    ok(&call.app().tools.get_server(id(&call)?).await?)
}

/// Changes what is given. A connection that is open ends.
#[utoipa::path(
    patch,
    path = "/tool-servers/{id}",
    params(("id" = ToolServerId, Path)),
    request_body = ToolServerChanges,
    responses((status = 200, body = ToolServer)),
)]
pub(super) async fn update(mut call: Call) -> Reply {
    let id = id(&call)?;
    let changes: ToolServerChanges = call.json().await?;
    ok(&call.app().tools.update_server(&call.caller, id, changes).await?)
}

/// Removes it, with what was allowed of it; a program that runs is ended.
#[utoipa::path(
    delete,
    path = "/tool-servers/{id}",
    params(("id" = ToolServerId, Path)),
    responses((status = 204)),
)]
pub(super) async fn delete(call: Call) -> Reply {
    call.app().tools.delete_server(&call.caller, id(&call)?).await?;
    no_content()
}

/// Connects to it anew, on or off, and asks for its tools.
#[utoipa::path(
    post,
    path = "/tool-servers/{id}/test",
    params(("id" = ToolServerId, Path)),
    responses((status = 200, body = ToolServerTest)),
)]
pub(super) async fn test(call: Call) -> Reply {
    let id = id(&call)?;
    call.once(async { Ok(call.app().tools.test_server(id).await?) }).await
}

/// What a conversation may choose from, and what it uses.
#[utoipa::path(
    get,
    path = "/conversations/{id}/tools",
    params(("id" = ConversationId, Path)),
    responses((status = 200, body = Page<ToolChoice>)),
)]
pub(super) async fn of_conversation(call: Call) -> Reply {
    let id = call.id("id", "conversation")?;
    ok(&Page::whole(call.app().chat.tools(&call.caller, id).await?))
}

/// Takes back what was allowed for the whole conversation.
#[utoipa::path(
    delete,
    path = "/conversations/{id}/tools/allowed",
    params(("id" = ConversationId, Path)),
    responses((status = 204)),
)]
pub(super) async fn forbid(call: Call) -> Reply {
    let id = call.id("id", "conversation")?;
    call.app().chat.forbid_tools(&call.caller, id).await?;
    no_content()
}
