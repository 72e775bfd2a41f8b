//! The only place that asks what time it is. Instants are UTC with three fraction digits and a fixed
//! width, so that the order of their text is the order of time. Durations that decide behaviour use
//! [`monotonic`], which a step of the wall clock does not move.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

/// The first and last millisecond that four-digit years can write (RFC 3339).
const RANGE_MS: std::ops::RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

/// An instant in UTC, kept to the millisecond: `2026-02-22T10:30:45.123Z`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// A text that is not an RFC 3339 instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an instant like 2026-02-22T10:30:45.123Z")]
pub struct BadTimestamp;

impl Timestamp {
    /// The wall clock's reading.
    pub fn now() -> Self {
        Self::from_ms(jiff::Timestamp::now().as_millisecond())
    }

    /// The instant so many milliseconds after 1970-01-01T00:00:00Z, held inside the years 0 to 9999.
    pub fn from_ms(ms: i64) -> Self {
        Self(ms.clamp(*RANGE_MS.start(), *RANGE_MS.end()))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn as_ms(self) -> i64 {
        self.0
    }

    /// The instant so much earlier.
    #[must_use]
    pub fn before(self, by: Duration) -> Self {
        Self::from_ms(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The instant so much later.
    #[must_use]
    pub fn after(self, by: Duration) -> Self {
        Self::from_ms(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// The wall clock's reading.
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// A reading of the clock that never jumps, for measuring how long things take.
#[expect(clippy::disallowed_methods, reason = "the one place that asks the clock")]
pub fn monotonic() -> Instant {
    Instant::now()
}

/// A deadline noticed so late was missed by this process, which stood still.
pub const STOOD_STILL: Duration = Duration::from_secs(1);

/// Waits for some work, at most so long. Where this process stood still meanwhile, as on a machine that
/// swaps, it waits anew: what came in that time is yet to be read.
pub async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    let mut work = std::pin::pin!(work);
    loop {
        let until = monotonic() + limit;
        if let Ok(done) = tokio::time::timeout_at(until.into(), &mut work).await {
            return Some(done);
        }
        if monotonic().saturating_duration_since(until) <= STOOD_STILL {
            return None;
        }
    }
}

/// Wall time that no step of the wall clock moves as long as the process runs: for what must end in
/// time, survives a restart and so is written down.
#[derive(Debug, Clone, Copy)]
pub struct Steady {
    at: Timestamp,
    began: Instant,
}

impl Steady {
    /// Begins at the wall clock's reading.
    #[expect(clippy::new_without_default, reason = "reads the clock")]
    pub fn new() -> Self {
        Self { at: Timestamp::now(), began: monotonic() }
    }

    /// The instant now.
    pub fn now(&self) -> Timestamp {
        self.at.after(monotonic().saturating_duration_since(self.began))
    }
}

/// Whole milliseconds since an earlier reading of [`monotonic`].
pub fn ms_since(earlier: Instant) -> u64 {
    u64::try_from(monotonic().saturating_duration_since(earlier).as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => write!(f, "{instant:.3}"),
            Err(_) => Err(fmt::Error),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = BadTimestamp;
    fn from_str(text: &str) -> Result<Self, BadTimestamp> {
        let instant: jiff::Timestamp = text.parse().map_err(|_| BadTimestamp)?;
        let ms = instant.as_millisecond();
        RANGE_MS.contains(&ms).then_some(Self(ms)).ok_or(BadTimestamp)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
    }
}

impl ToSchema for Timestamp {}

impl ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.to_string()))
    }
}

impl FromSql for Timestamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map_err(|e: BadTimestamp| FromSqlError::Other(Box::new(e)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn any_offset_is_read_and_utc_is_written() {
        let read: Timestamp = "2026-02-22T12:30:45.1239+02:00".parse().unwrap();
        assert_eq!(read.to_string(), "2026-02-22T10:30:45.123Z");
        assert_eq!(
            "2026-02-22T10:30:45Z".parse::<Timestamp>().unwrap().to_string(),
            "2026-02-22T10:30:45.000Z"
        );
        for bad in ["", "yesterday", "2026-02-22", "2026-02-22T10:30:45", "-000044-01-01T00:00:00Z"]
        {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn text_order_is_time_order_at_a_fixed_width(a in RANGE_MS, b in RANGE_MS) {
            let (a, b) = (Timestamp::from_ms(a), Timestamp::from_ms(b));
            prop_assert_eq!(a.to_string().len(), 24);
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
            prop_assert_eq!(a.to_string().parse::<Timestamp>(), Ok(a));
        }
    }
}
