//! The settings in force, over HTTP.

use super::call::Call;
use super::reply::{Reply, ok};

/// `GET /config`: every setting, its value and where it comes from.
pub(super) async fn show(call: Call) -> Reply {
    ok(&call.app().live.snapshot())
}
