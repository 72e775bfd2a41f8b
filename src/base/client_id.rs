//! The name under which a process takes part in the bus and its rooms.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// The longest that one may be.
const MAX_LEN: usize = 64;

/// A client of the bus: 1 to 64 of `A-Za-z0-9._-`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(Arc<str>);

/// A text that no client can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadClientId {
    /// It has other characters, none, or too many.
    #[error("a client id has 1 to 64 of the characters A-Z a-z 0-9 . _ -")]
    Malformed,
    /// It means something else already.
    #[error(
        "\"all\", \"inglenook\", \".\" and \"..\" are no client ids: they stand for everybody, the bus itself, and steps in a path"
    )]
    Reserved,
}

impl ClientId {
    /// The word that stands for everybody.
    pub const ALL: &'static str = "all";
    /// What the bus itself says comes from this.
    pub const SYSTEM: &'static str = "inglenook";

    /// The bus itself.
    pub fn system() -> Self {
        Self(Self::SYSTEM.into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the bus itself.
    pub fn is_system(&self) -> bool {
        &*self.0 == Self::SYSTEM
    }
}

impl Borrow<str> for ClientId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientId {
    type Err = BadClientId;
    fn from_str(text: &str) -> Result<Self, BadClientId> {
        let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if !(1..=MAX_LEN).contains(&text.len()) || !text.bytes().all(good) {
            return Err(BadClientId::Malformed);
        }
        // Dots alone could not be addressed: they are steps in a path.
        if [Self::ALL, Self::SYSTEM, ".", ".."].contains(&text) {
            return Err(BadClientId::Reserved);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for ClientId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ClientId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for ClientId {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        text.pattern(Some("^[A-Za-z0-9._-]{1,64}$")).into()
    }
}

impl ToSchema for ClientId {}

impl ToSql for ClientId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(&*self.0))
    }
}

impl FromSql for ClientId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            Self::SYSTEM => Ok(Self::system()),
            text => text.parse().map_err(|e: BadClientId| FromSqlError::Other(Box::new(e))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_four_characters_are_a_client_and_sixty_five_are_none() {
        for good in ["a", "Agent-7.planner_x", &"x".repeat(64)] {
            assert_eq!(good.parse::<ClientId>().map(|id| id.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "a b", "ä", "a/b", &"x".repeat(65), "a\n"] {
            assert_eq!(bad.parse::<ClientId>(), Err(BadClientId::Malformed), "{bad:?}");
        }
        for reserved in ["all", "inglenook", ".", ".."] {
            assert_eq!(reserved.parse::<ClientId>(), Err(BadClientId::Reserved));
        }
    }
}
