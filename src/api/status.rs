//! What the running product is doing, and the newest lines of its log.

use std::collections::BTreeMap;

use super::call::Call;
use super::reply::{Reply, ok};
use crate::auth::Need;
use crate::base::Page;
use crate::telemetry::LogLine;

/// Connections, turns, limits, breakers, sizes; for who does not look after the product, the bus alone.
#[utoipa::path(get, path = "/status", responses((status = 200, body = Object)))]
pub(super) async fn status(call: Call) -> Reply {
    let status = call.app().status().await?;
    if call.who()?.may(Need::Admin) {
        return ok(&status);
    }
    let told = ["version", "status", "uptime_seconds", "bus", "nodes", "limits"];
    ok(&told.iter().map(|name| (*name, &status[*name])).collect::<BTreeMap<_, _>>())
}

/// The newest lines of the log, oldest first.
#[utoipa::path(
    get,
    path = "/logs",
    params(
        ("limit" = Option<u64>, Query, description = "Lines at most", minimum = 1, maximum = 200),
    ),
    responses((status = 200, body = Page<LogLine>)),
)]
pub(super) async fn logs(call: Call) -> Reply {
    let limit = call.query()?.limit()?;
    ok(&Page::whole(call.app().log.newest(limit)))
}
