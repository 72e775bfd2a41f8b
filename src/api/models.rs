//! Models and providers over HTTP.

use super::call::Call;
use super::reply::{Reply, created, no_content, ok};
use crate::base::Page;
use crate::models::{Found, Model, NewProvider, Provider, ProviderChange, ProviderRef, Test};

fn id(call: &Call) -> Result<ProviderRef, super::reply::Failure> {
    call.id("id", "provider")
}

/// Every model of every provider that is on.
#[utoipa::path(
    get,
    path = "/models",
    params(
        ("refresh" = Option<bool>, Query, description = "Waits for the providers instead of giving kept answers"),
    ),
    responses((status = 200, body = Page<Model>)),
)]
pub(super) async fn list(call: Call) -> Reply {
    let refresh = call.query()?.flag("refresh")?;
    ok(&Page::whole(call.app().models.list(&call.caller, refresh).await))
}

/// Where models come from.
#[utoipa::path(get, path = "/providers", responses((status = 200, body = Page<Provider>)))]
pub(super) async fn list_providers(call: Call) -> Reply {
    ok(&Page::whole(call.app().models.list_providers(&call.caller)))
}

/// Adds one.
#[utoipa::path(
    post,
    path = "/providers",
    request_body = NewProvider,
    responses((status = 201, body = Provider)),
)]
pub(super) async fn create_provider(mut call: Call) -> Reply {
    let new = call.json().await?;
    created(&call.app().models.create_provider(&call.caller, new).await?)
}

/// Servers that run on this machine and were not added yet.
#[utoipa::path(get, path = "/providers/found", responses((status = 200, body = Page<Found>)))]
pub(super) async fn found(call: Call) -> Reply {
    ok(&Page::whole(call.app().models.found(&call.caller).await))
}

/// One provider.
#[utoipa::path(
    get,
    path = "/providers/{id}",
    params(("id" = ProviderRef, Path)),
    responses((status = 200, body = Provider)),
)]
pub(super) async fn get_provider(call: Call) -> Reply {
    ok(&call.app().models.get_provider(&call.caller, id(&call)?)?)
}

/// Changes what is given.
#[utoipa::path(
    patch,
    path = "/providers/{id}",
    params(("id" = ProviderRef, Path)),
    request_body = ProviderChange,
    responses((status = 200, body = Provider)),
)]
pub(super) async fn update_provider(mut call: Call) -> Reply {
    let id = id(&call)?;
    let change = call.json().await?;
    ok(&call.app().models.update_provider(&call.caller, id, change).await?)
}

/// Forgets it and its key.
#[utoipa::path(
    delete,
    path = "/providers/{id}",
    params(("id" = ProviderRef, Path)),
    responses((status = 204)),
)]
pub(super) async fn delete_provider(call: Call) -> Reply {
    call.app().models.delete_provider(&call.caller, id(&call)?).await?;
    no_content()
}

/// Asks it for its models now.
#[utoipa::path(
    post,
    path = "/providers/{id}/test",
    params(("id" = ProviderRef, Path)),
    responses((status = 200, body = Test)),
)]
pub(super) async fn test_provider(call: Call) -> Reply {
    let id = id(&call)?;
    call.once(async { Ok(call.app().models.test_provider(&call.caller, id).await?) }).await
}

/// Closes its breaker.
#[utoipa::path(
    post,
    path = "/providers/{id}/reset",
    params(("id" = ProviderRef, Path)),
    responses((status = 200, body = Provider)),
)]
pub(super) async fn reset_provider(call: Call) -> Reply {
    let id = id(&call)?;
    call.once(async { Ok(call.app().models.reset_provider(&call.caller, id)?) }).await
}
