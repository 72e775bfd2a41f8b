//! The people of this Inglenook over HTTP.

use super::auth::{Link, link};
use super::bodies::Paging;
use super::call::Call;
use super::reply::{Reply, no_content, ok};
use crate::auth::{NewUser, User, UserChanges};
use crate::base::{Page, UserId};

/// Everybody.
#[utoipa::path(get, path = "/users", params(Paging), responses((status = 200, body = Page<User>)))]
pub(super) async fn list(call: Call) -> Reply {
    let query = call.query()?;
    ok(&call.app().auth.users(query.text("cursor"), query.limit()?).await?)
}

/// Invites somebody.
#[utoipa::path(
    post,
    path = "/users",
    request_body = NewUser,
    responses((status = 201, body = Link)),
)]
pub(super) async fn invite(mut call: Call) -> Reply {
    let new: NewUser = call.json().await?;
    let invited = call.app().auth.invite(&call.caller, new).await?;
    link(&call, invited)
}

/// One person.
#[utoipa::path(
    get,
    path = "/users/{id}",
    params(("id" = UserId, Path)),
    responses((status = 200, body = User)),
)]
pub(super) async fn get(call: Call) -> Reply {
    ok(&call.app().auth.user(call.id("id", "user")?).await?)
}

/// Another name or role, kept out or let in.
#[utoipa::path(
    patch,
    path = "/users/{id}",
    params(("id" = UserId, Path)),
    request_body = UserChanges,
    responses((status = 200, body = User)),
)]
pub(super) async fn update(mut call: Call) -> Reply {
    let id = call.id("id", "user")?;
    let changes: UserChanges = call.json().await?;
    ok(&call.app().auth.update_user(&call.caller, id, changes).await?)
}

/// Keeps somebody out; with `forever=true` deletes who is kept out already,
/// with everything that is theirs.
#[utoipa::path(
    delete,
    path = "/users/{id}",
    params(
        ("id" = UserId, Path),
        ("forever" = Option<bool>, Query, description = "Deletes who is kept out, with everything that is theirs"),
    ),
    responses(
        (status = 200, body = User, description = "Kept out"),
        (status = 204, description = "Gone for good"),
    ),
)]
pub(super) async fn delete(call: Call) -> Reply {
    let id = call.id("id", "user")?;
    if call.query()?.flag("forever")? {
        call.app().delete_user(&call.caller, id).await?;
        return no_content();
    }
    let out = UserChanges { disabled: Some(true), ..UserChanges::default() };
    ok(&call.app().auth.update_user(&call.caller, id, out).await?)
}

/// A fresh link that lets them set a password.
#[utoipa::path(
    post,
    path = "/users/{id}/claim",
    params(("id" = UserId, Path)),
    responses((status = 201, body = Link)),
)]
pub(super) async fn claim(call: Call) -> Reply {
    let id = call.id("id", "user")?;
    let made = call.app().auth.new_claim(&call.caller, id).await?;
    link(&call, made)
}
