//! What the running product is doing, and the newest lines of its log.

use super::call::Call;
use super::reply::{Reply, ok};
use crate::base::Page;

/// `GET /status`: connections, turns, limits, breakers, sizes.
pub(super) async fn status(call: Call) -> Reply {
    ok(&call.app().status().await?)
}

/// `GET /logs`: the newest lines of the log, oldest first.
pub(super) async fn logs(call: Call) -> Reply {
    let limit = call.query(&["limit"])?.limit()?;
    ok(&Page::whole(call.app().log.newest(limit)))
}
