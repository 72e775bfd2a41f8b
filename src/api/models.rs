//! Models and providers over HTTP.

use super::call::Call;
use super::reply::{Reply, created, no_content, ok};
use crate::base::Page;
use crate::models::ProviderRef;

fn id(call: &Call) -> Result<ProviderRef, super::reply::Failure> {
    call.id("id", "provider")
}

/// `GET /models`: every model of every provider that is on.
pub(super) async fn list(call: Call) -> Reply {
    let refresh = call.query(&["refresh"])?.flag("refresh")?;
    ok(&Page::whole(call.app().models.list(&call.caller, refresh).await))
}

/// `GET /providers`: where models come from.
pub(super) async fn list_providers(call: Call) -> Reply {
    ok(&Page::whole(call.app().models.list_providers(&call.caller)))
}

/// `POST /providers`: adds one.
pub(super) async fn create_provider(mut call: Call) -> Reply {
    let new = call.json().await?;
    created(&call.app().models.create_provider(&call.caller, new).await?)
}

/// `GET /providers/found`: servers that run on this machine and were not added yet.
pub(super) async fn found(call: Call) -> Reply {
    ok(&Page::whole(call.app().models.found(&call.caller).await))
}

/// `GET /providers/{id}`: one.
pub(super) async fn get_provider(call: Call) -> Reply {
    ok(&call.app().models.get_provider(&call.caller, id(&call)?)?)
}

/// `PATCH /providers/{id}`: changes what is given.
pub(super) async fn update_provider(mut call: Call) -> Reply {
    let id = id(&call)?;
    let change = call.json().await?;
    ok(&call.app().models.update_provider(&call.caller, id, change).await?)
}

/// `DELETE /providers/{id}`: forgets it and its key.
pub(super) async fn delete_provider(call: Call) -> Reply {
    call.app().models.delete_provider(&call.caller, id(&call)?).await?;
    no_content()
}

/// `POST /providers/{id}/test`: asks it for its models now.
pub(super) async fn test_provider(call: Call) -> Reply {
    ok(&call.app().models.test_provider(&call.caller, id(&call)?).await?)
}

/// `POST /providers/{id}/reset`: closes its breaker.
pub(super) async fn reset_provider(call: Call) -> Reply {
    ok(&call.app().models.reset_provider(&call.caller, id(&call)?)?)
}
