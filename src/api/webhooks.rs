//! Webhooks over HTTP: who is told what happens, and what became of it.

use http::StatusCode;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use utoipa::ToSchema;

use super::bodies::Paging;
use super::call::Call;
use super::reply::{Failure, Reply, no_content, ok, with_status};
use crate::base::{DeliveryId, HookId, Page};
use crate::webhooks::{Delivery, Made, NewWebhook, State, Webhook, WebhookChanges};

fn id(call: &Call) -> Result<HookId, Failure> {
    call.id("id", "webhook")
}

/// A webhook with its secret, told this once.
#[derive(Serialize, ToSchema)]
struct MadeWebhook<'a> {
    #[serde(flatten)]
    webhook: &'a Webhook,
    /// What its deliveries are signed with, told this once.
    secret: &'a str,
}

fn told(status: StatusCode, made: &Made) -> Reply {
    let secret = made.secret.expose_secret();
    with_status(status, &MadeWebhook { webhook: &made.webhook, secret })
}

/// Everybody who is told what happens.
#[utoipa::path(
    get,
    path = "/webhooks",
    params(Paging),
    responses((status = 200, body = Page<Webhook>)),
)]
pub(super) async fn list(call: Call) -> Reply {
    let query = call.query()?;
    ok(&call.app().webhooks.list(query.text("cursor"), query.limit()?).await?)
}

/// Adds one. Its secret is shown this once.
#[utoipa::path(
    post,
    path = "/webhooks",
    request_body = NewWebhook,
    responses((status = 201, body = MadeWebhook)),
)]
pub(super) async fn create(mut call: Call) -> Reply {
    let new: NewWebhook = call.json().await?;
    told(StatusCode::CREATED, &call.app().webhooks.create(&call.caller, new).await?)
}

/// One of them.
#[utoipa::path(
    get,
    path = "/webhooks/{id}",
    params(("id" = HookId, Path)),
    responses((status = 200, body = Webhook)),
)]
pub(super) async fn get(call: Call) -> Reply {
    ok(&call.app().webhooks.get(id(&call)?).await?)
}

/// Changes what is given; what waits is tried at once.
#[utoipa::path(
    patch,
    path = "/webhooks/{id}",
    params(("id" = HookId, Path)),
    request_body = WebhookChanges,
    responses((status = 200, body = Webhook)),
)]
pub(super) async fn update(mut call: Call) -> Reply {
    let id = id(&call)?;
    let changes: WebhookChanges = call.json().await?;
    ok(&call.app().webhooks.update(&call.caller, id, changes).await?)
}

/// Removes it, with all that is on its way to it.
#[utoipa::path(
    delete,
    path = "/webhooks/{id}",
    params(("id" = HookId, Path)),
    responses((status = 204)),
)]
pub(super) async fn delete(call: Call) -> Reply {
    call.app().webhooks.delete(&call.caller, id(&call)?).await?;
    no_content()
}

/// Another secret in place of its own, shown this once.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/secret",
    params(("id" = HookId, Path)),
    responses((status = 200, body = MadeWebhook)),
)]
pub(super) async fn change_secret(call: Call) -> Reply {
    told(StatusCode::OK, &call.app().webhooks.change_secret(&call.caller, id(&call)?).await?)
}

/// Sends a test (`webhook.test`) now, once, and answers with what came of it.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/test",
    params(("id" = HookId, Path)),
    responses((status = 200, body = Delivery)),
)]
pub(super) async fn test(call: Call) -> Reply {
    ok(&call.app().webhooks.test(&call.caller, id(&call)?).await?)
}

/// What was on its way to it, the newest first.
#[utoipa::path(
    get,
    path = "/webhooks/{id}/deliveries",
    params(
        ("id" = HookId, Path),
        Paging,
        ("state" = Option<State>, Query, description = "Only those in this state"),
    ),
    responses((status = 200, body = Page<Delivery>)),
)]
pub(super) async fn deliveries(call: Call) -> Reply {
    let (id, query) = (id(&call)?, call.query()?);
    let state = match query.text("state") {
        None => None,
        Some("waiting") => Some(State::Waiting),
        Some("delivered") => Some(State::Delivered),
        Some("dead") => Some(State::Dead),
        Some(_) => {
            return Err(Failure::invalid("state", "state is waiting, delivered or dead"));
        }
    };
    let (cursor, limit) = (query.text("cursor"), query.limit()?);
    ok(&call.app().webhooks.deliveries(id, state, cursor, limit).await?)
}

/// Lets a delivery that ended begin anew, as if it were new.
#[utoipa::path(
    post,
    path = "/webhooks/deliveries/{id}/resend",
    params(("id" = DeliveryId, Path)),
    responses((status = 202, body = Delivery)),
)]
pub(super) async fn resend(call: Call) -> Reply {
    let id: DeliveryId = call.id("id", "delivery")?;
    let delivery = call.app().webhooks.resend(&call.caller, id).await?;
    with_status(StatusCode::ACCEPTED, &delivery)
}
