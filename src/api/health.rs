//! Health: measured facts, for people and for supervisors.

use http::StatusCode;
use serde_json::json;

use super::call::Call;
use super::reply::{Reply, with_status};
use crate::app::Report;

/// The process answers.
#[utoipa::path(get, path = "/health/live", responses((status = 200, body = Object)))]
pub(super) async fn live(_call: Call) -> Reply {
    with_status(StatusCode::OK, &json!({ "status": "ok" }))
}

/// The process takes work; 503 while it stops or its database fails.
#[utoipa::path(
    get,
    path = "/health/ready",
    responses(
        (status = 200, body = Object, description = "It takes work"),
        (status = 503, body = Object, description = "It does not"),
    ),
)]
pub(super) async fn ready(call: Call) -> Reply {
    let report = call.app().health().await;
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    with_status(status, &json!({ "status": report.status, "checks": report.checks }))
}

/// Everything that is measured.
#[utoipa::path(
    get,
    path = "/health",
    responses(
        (status = 200, body = Report),
        (status = 503, body = Report, description = "It takes no work"),
    ),
)]
pub(super) async fn health(call: Call) -> Reply {
    let report = call.app().health().await;
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    with_status(status, &report)
}
