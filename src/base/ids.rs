//! Typed ids: `<kind>_<32 hex of a UUIDv7>`, so an id says what it names, can be found with grep, and
//! sorts by the time it was made. An id is parsed where it enters (a path, a body, a row) and is
//! known good from then on.

use std::fmt;
use std::str::FromStr;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

/// A text that is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix}_ and 32 lower-case hex digits")]
pub struct BadId {
    /// The kind that was wanted, for example `conv`.
    pub prefix: &'static str,
}

fn parse(text: &str, prefix: &'static str) -> Result<Uuid, BadId> {
    let bad = BadId { prefix };
    let hex = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
    let hex = hex.filter(|hex| hex.len() == 32).ok_or_else(|| bad.clone())?;
    if !hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return Err(bad);
    }
    Uuid::try_parse(hex).map_err(|_| bad)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// The word before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Makes a fresh id; later ids sort after earlier ones.
            #[expect(clippy::new_without_default, reason = "a default id would be a trap")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// The id that always stands for the same 128 bits, for things that are built in.
            pub const fn fixed(bits: u128) -> Self {
                Self(Uuid::from_u128(bits))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                parse(text, $prefix).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let pattern = concat!("^", $prefix, "_[0-9a-f]{32}$");
                let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
                text.into()
            }
        }

        impl ToSchema for $name {}

        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::from(self.to_string()))
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_str()?.parse().map_err(|e: BadId| FromSqlError::Other(Box::new(e)))
            }
        }
    )*};
}

ids! {
    /// A conversation.
    ConversationId = "conv";
    /// A message in a conversation.
    MessageId = "msg";
    /// One answer being made, with its numbered events.
    TurnId = "turn";
    /// A document.
    DocumentId = "doc";
    /// A collection of documents.
    CollectionId = "coll";
    /// A watched folder.
    FolderId = "fold";
    /// A note.
    NoteId = "note";
    /// A sign-in that lasts.
    SessionId = "sess";
    /// A message on the bus.
    BusId = "bus";
    /// A process that takes part in a bus of many, for as long as its data folder lives.
    NodeId = "node";
    /// A connection to the bus.
    ConnectionId = "link";
    /// A key for agents.
    TokenId = "tok";
    /// A webhook.
    HookId = "hook";
    /// Something that webhooks were told of.
    EventId = "evt";
    /// One event on its way to one webhook.
    DeliveryId = "dlv";
    /// A listed server of tools.
    ToolServerId = "tsrv";
    /// One call of a tool inside an answer.
    CallId = "call";
    /// A configured source of models.
    ProviderId = "prov";
    /// A person.
    UserId = "user";
    /// One HTTP request, for its log lines and error bodies.
    RequestId = "req";
    /// One running process, so that clients notice a restart.
    InstanceId = "inst";
}

impl UserId {
    /// The one local owner, until others are invited.
    pub const OWNER: Self = Self::fixed(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_later_ones_sort_after() {
        let (first, second) = (ConversationId::new(), ConversationId::new());
        assert!(first < second && first.to_string() < second.to_string());
        assert_eq!(first.to_string().parse(), Ok(first));
        assert_eq!(first.to_string().len(), "conv_".len() + 32);
    }

    #[test]
    fn another_kind_or_a_sloppy_spelling_is_refused() {
        let id = MessageId::new().to_string();
        for bad in [
            id.replace("msg", "conv"),
            id.to_uppercase(),
            format!("{id}0"),
            id[..id.len() - 1].to_owned(),
            String::new(),
            "msg_".to_owned(),
            "msg_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz".to_owned(),
            "msg_é".to_owned(),
        ] {
            assert!(bad.parse::<MessageId>().is_err(), "{bad}");
        }
    }
}
