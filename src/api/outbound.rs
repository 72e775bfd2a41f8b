//! What leaves this machine, over HTTP.

use super::bodies::Paging;
use super::call::Call;
use super::reply::{Reply, ok};
use crate::outbound::Contacts;

/// Lists the hosts that were asked, when and why, by name.
#[utoipa::path(
    get,
    path = "/outbound",
    params(Paging),
    responses((status = 200, body = Contacts)),
)]
pub(super) async fn list(call: Call) -> Reply {
    let query = call.query()?;
    let limit = query.limit()?;
    ok(&call.app().outbound.list(query.text("cursor"), limit).await?)
}
