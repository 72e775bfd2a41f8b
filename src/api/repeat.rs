//! `Idempotency-Key` where nothing of the effect is written down: what is asked of memory or of another
//! machine, and does no harm twice. Whatever writes keeps the key in the same transaction instead
//! ([`crate::store::once`]).

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::call::Call;
use super::reply::{Failure, Reply, ok};
use crate::error::Error;

impl Call {
    /// Does it, or answers as the same key was answered before. Broken off between the two, the same
    /// request does it again.
    pub(crate) async fn once<T: Serialize>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Reply {
        let (app, caller) = (Arc::clone(self.app()), &self.caller);
        if let Some(earlier) = app.earlier_answer(caller).await? {
            return ok(&earlier);
        }
        let value = to_raw_value(&work.await?);
        let value: Box<RawValue> = value.map_err(|e| Error::internal("making an answer", e))?;
        ok(&app.keep_answer(caller, value).await?)
    }
}
