//! Parts of requests and answers that several doors share.

use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

/// Which page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "says what `Call::query` takes")]
pub(super) struct Paging {
    /// Rows of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    #[param(min_length = 1, max_length = 1024, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// What came of a change to many.
#[derive(Serialize, ToSchema)]
pub(super) struct Changed {
    /// How many were changed.
    pub(super) changed: u32,
}
