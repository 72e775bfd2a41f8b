//! The settings in force, over HTTP.

use super::call::Call;
use super::reply::{Reply, ok};
use crate::config::Snapshot;

/// Every setting, its value and where it comes from.
#[utoipa::path(get, path = "/config", responses((status = 200, body = Snapshot)))]
pub(super) async fn show(call: Call) -> Reply {
    ok(&call.app().live.snapshot())
}
