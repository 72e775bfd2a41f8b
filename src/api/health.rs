//! Health: measured facts, for people and for supervisors.

use http::StatusCode;
use serde_json::json;

use super::call::Call;
use super::reply::{Reply, with_status};

/// `GET /health/live`: the process answers.
pub(super) async fn live(_call: Call) -> Reply {
    with_status(StatusCode::OK, &json!({ "status": "ok" }))
}

/// `GET /health/ready`: the process takes work; 503 while it stops or its database fails.
pub(super) async fn ready(call: Call) -> Reply {
    let report = call.app().health().await;
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    with_status(status, &json!({ "status": report.status, "checks": report.checks }))
}

/// `GET /health`: everything that is measured.
pub(super) async fn health(call: Call) -> Reply {
    let report = call.app().health().await;
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    with_status(status, &report)
}
