//! What stands on the stream: a message with what its node knows of its deliveries, or a mark, which
//! tells what became of messages. Entries of a kind that is not known are passed over, so that nodes
//! of different versions can work together.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::base::{BusId, ClientId, Timestamp, words};
use crate::bus::queries::NewMessage;
use crate::bus::types::State;

words! {
    /// What a mark tells.
    #[schema(as = BusMark)]
    Kind {
        /// A client came for the first time.
        Seen = "seen",
        /// A message was delivered.
        Delivered = "delivered",
        /// A message was acknowledged.
        Acknowledged = "acknowledged",
        /// A message waits once more.
        Again = "again",
        /// A message was never acknowledged.
        Timeout = "timeout",
        /// All messages were deleted.
        Cleared = "cleared",
        /// Its node lacks messages of another one, which stands where clients do.
        Missed = "missed",
    }
}

/// The word for an entry that is a message.
pub(super) const MESSAGE: &str = "message";

/// A message on its way between nodes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Carried {
    /// The number that its node gave it, and that of the one which the node told before: who lacks that
    /// one missed something.
    pub(super) number: i64,
    pub(super) after: i64,
    pub(super) id: BusId,
    #[serde(deserialize_with = "sender")]
    pub(super) from: ClientId,
    pub(super) to: String,
    pub(super) broadcast: bool,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) payload: Box<RawValue>,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) requires_ack: bool,
    pub(super) reply_to: Option<BusId>,
    pub(super) thread: BusId,
    pub(super) priority: u8,
    /// How far it came with those it is for, or with those whom what is for all has reached.
    pub(super) deliveries: Vec<(ClientId, State)>,
    /// What its sender called it.
    pub(super) key: Option<String>,
}

/// A client, or the bus itself, which tells senders what did not arrive.
fn sender<'de, D: Deserializer<'de>>(from: D) -> Result<ClientId, D::Error> {
    match String::deserialize(from)?.as_str() {
        ClientId::SYSTEM => Ok(ClientId::system()),
        text => text.parse().map_err(serde::de::Error::custom),
    }
}

impl Carried {
    /// The message as this node stores it.
    pub(super) fn into_new(self) -> NewMessage {
        NewMessage {
            id: self.id,
            from: self.from,
            to: self.to,
            broadcast: self.broadcast,
            kind: self.kind,
            payload: self.payload,
            created_at: self.created_at,
            expires_at: self.expires_at,
            requires_ack: self.requires_ack,
            reply_to: self.reply_to,
            priority: self.priority,
        }
    }
}

/// A mark on its way between nodes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Marked {
    pub(super) message: Option<BusId>,
    pub(super) clients: Vec<ClientId>,
    pub(super) at: Timestamp,
}

/// An entry as it is written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) kind: &'static str,
    pub(super) json: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuzz_node_entries() {
        let (mut messages, mut marks) = (0, 0);
        crate::base::fuzz::fuzz("node_entries", |bytes| {
            if let Ok(carried) = serde_json::from_slice::<Carried>(bytes) {
                messages += 1;
                let _ = serde_json::to_string(&carried).unwrap();
                let _ = carried.into_new();
            }
            if let Ok(marked) = serde_json::from_slice::<Marked>(bytes) {
                marks += 1;
                let _ = serde_json::to_string(&marked).unwrap();
            }
        });
        assert!(messages > 0 && marks > 0, "the inputs are entries no more");
    }
}
