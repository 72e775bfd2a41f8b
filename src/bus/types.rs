//! What a message is, what is said of it, and who is there. These types are the JSON on the wire.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::base::{BusId, ClientId, ConnectionId, NodeId, Timestamp, words};

/// Whom a message is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// Everybody but its sender.
    All,
    /// One client.
    One(ClientId),
    /// These, each once.
    Many(Vec<ClientId>),
}

impl To {
    /// Whether a client is meant.
    pub fn includes(&self, client: &ClientId) -> bool {
        match self {
            Self::All => true,
            Self::One(one) => one == client,
            Self::Many(many) => many.contains(client),
        }
    }
}

impl Serialize for To {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => to.serialize_str(ClientId::ALL),
            Self::One(client) => client.serialize(to),
            Self::Many(clients) => clients.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for To {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a client id, a list of client ids, or \"all\"")]
        enum Written {
            One(String),
            Many(Vec<String>),
        }
        let id = |text: String| text.parse().map_err(serde::de::Error::custom);
        match Written::deserialize(from)? {
            Written::One(text) if text == ClientId::ALL => Ok(Self::All),
            Written::One(text) => id(text).map(Self::One),
            Written::Many(texts) => {
                texts.into_iter().map(id).collect::<Result<_, _>>().map(Self::Many)
            }
        }
    }
}

impl PartialSchema for To {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let one = text.pattern(Some("^[A-Za-z0-9._-]{1,64}$")).build();
        let many = ArrayBuilder::new().items(one.clone()).min_items(Some(1));
        OneOfBuilder::new().item(one).item(many).into()
    }
}

impl ToSchema for To {}

/// A message as it is delivered.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = BusMessage)]
pub struct Message {
    /// Its number; later ones are larger, and none is used twice.
    pub seq: i64,
    /// Its id.
    pub id: BusId,
    /// Who sent it.
    pub from: ClientId,
    /// Whom it is for.
    pub to: To,
    /// What kind of message its sender says it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it says, as it was written.
    #[schema(value_type = Value)]
    pub payload: Box<RawValue>,
    /// When it was stored.
    pub timestamp: Timestamp,
    /// Whether it is delivered again until it is acknowledged.
    pub requires_ack: bool,
    /// What it answers.
    pub reply_to: Option<BusId>,
}

words! {
    /// How messages without an id are told from one another.
    #[schema(as = Dedup)]
    Dedup {
        /// The same content to the same clients is the same message.
        Content = "content",
    }
}

/// A message to be sent.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Who sends it; may be left out by who can be only one.
    pub from: Option<ClientId>,
    /// Whom it is for.
    pub to: To,
    /// What kind it is.
    pub kind: String,
    /// What it says; `{}` when it is absent.
    pub payload: Option<Box<RawValue>>,
    /// Shorthand for `payload.text`.
    pub text: Option<String>,
    /// What its sender calls it: the same once more is not sent again.
    pub id: Option<String>,
    /// Whether it is delivered again until it is acknowledged.
    pub require_ack: bool,
    /// What it answers.
    pub reply_to: Option<BusId>,
    /// From 1, first, to 9.
    pub priority: u8,
    /// How long it waits; the setting `MESSAGE_TTL_SECONDS` when it is absent.
    pub ttl_seconds: Option<u64>,
    /// Whether clients that nobody ever saw are refused.
    pub strict: bool,
    /// How it is told from others when it has no id.
    pub dedup: Option<Dedup>,
}

/// The priority of a message that says none.
pub const USUAL_PRIORITY: u8 = 5;

impl Draft {
    /// A plain message.
    pub fn new(from: Option<ClientId>, to: To, kind: impl Into<String>) -> Self {
        Self {
            from,
            to,
            kind: kind.into(),
            payload: None,
            text: None,
            id: None,
            require_ack: false,
            reply_to: None,
            priority: USUAL_PRIORITY,
            ttl_seconds: None,
            strict: false,
            dedup: None,
        }
    }
}

/// On whose behalf the bus is used.
#[derive(Debug, Clone, Default)]
pub struct Sender {
    /// The one client that they may be; anybody when absent.
    pub only: Option<ClientId>,
}

words! {
    /// Whether somebody is there.
    #[schema(as = ClientState)]
    Presence {
        /// It is connected.
        Online = "online",
        /// It was here before.
        Away = "away",
        /// Nobody ever came under that id.
        Unknown = "unknown",
    }
}

/// What became of a message that was sent.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Sent {
    /// `sent`.
    pub status: String,
    /// Its id.
    pub message_id: BusId,
    /// Its number.
    pub seq: i64,
    /// Whether it had been sent before and was not delivered again.
    pub duplicate: bool,
    /// Whether those it is for are there; it waits for who is not.
    pub recipients: BTreeMap<ClientId, Presence>,
}

words! {
    /// How far a message came with one recipient.
    #[schema(as = DeliveryState)]
    State {
        /// It waits.
        Stored = "stored",
        /// It was written to a connection, or read.
        Delivered = "delivered",
        /// The recipient said so.
        Acknowledged = "acknowledged",
        /// Its time ended while it waited.
        Expired = "expired",
        /// It was delivered as often as it may be, and never acknowledged.
        Timeout = "timeout",
    }
}

/// How far a message came with one recipient.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = BusDelivery)]
pub struct Progress {
    /// Who.
    pub client_id: ClientId,
    /// How far.
    pub state: State,
    /// Times it was delivered.
    pub attempts: u32,
    /// Since when it waits.
    pub stored_at: Timestamp,
    /// When it was delivered first.
    pub delivered_at: Option<Timestamp>,
    /// When it was acknowledged.
    pub acknowledged_at: Option<Timestamp>,
    /// When it was given up.
    pub ended_at: Option<Timestamp>,
}

/// A message with all its recipients.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = BusMessageStatus)]
pub struct Status {
    /// Its id.
    pub message_id: BusId,
    /// Its number.
    pub seq: i64,
    /// From 1, first, to 9.
    pub priority: u8,
    /// Until when it waits.
    pub expires_at: Timestamp,
    /// How far it came with each.
    pub recipients: Vec<Progress>,
}

/// Which messages are listed.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Those for this client.
    pub to: Option<ClientId>,
    /// Those of this client.
    pub from: Option<ClientId>,
    /// Those of this kind.
    pub kind: Option<String>,
    /// Not before this.
    pub since: Option<Timestamp>,
    /// After this number.
    pub since_seq: Option<i64>,
    /// Before this number.
    pub before_seq: Option<i64>,
    /// So many.
    pub limit: usize,
}

/// One connection of a client.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = BusConnection)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// `websocket` or `sse`.
    #[schema(value_type = String)]
    pub kind: Cow<'static, str>,
    /// Since when.
    pub since: Timestamp,
    /// From where.
    pub address: String,
    /// To which node, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
}

/// What was counted of a client since this process began or forgot it.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[schema(as = BusCounters)]
pub struct Counters {
    /// Messages it sent.
    pub r#in: u64,
    /// Messages delivered to it.
    pub out: u64,
    /// Messages that had to wait for it.
    pub queued: u64,
    /// Messages whose time ended while they waited for it.
    pub expired: u64,
    /// Messages it sent that had been sent before.
    pub deduplicated: u64,
    /// Times one of its connections fell behind.
    pub overflows: u64,
    /// Times a message was delivered to it again.
    pub redelivered: u64,
    /// Milliseconds from a request of its to the disk's word, on average.
    pub send_ms_avg: f64,
    /// And the slowest but 5 %.
    pub send_ms_p95: f64,
}

/// A client of the bus.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = BusClient)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// Whether it is there.
    pub state: Presence,
    /// Its connections.
    pub connections: Vec<Connection>,
    /// Messages that wait for it.
    pub waiting: u64,
    /// What was counted.
    pub counters: Counters,
    /// When it was first seen.
    pub first_seen_at: Option<Timestamp>,
    /// When it last sent, read or was connected.
    pub last_seen_at: Option<Timestamp>,
}

/// How the bus is.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = BusFacts)]
pub struct Facts {
    /// The newest message.
    pub last_seq: i64,
    /// The oldest message that is kept; 0 when there is none.
    pub first_seq: i64,
    /// Messages that wait for somebody.
    pub waiting: u64,
    /// Clients that were ever seen.
    pub clients: u64,
    /// Clients that are connected.
    pub online: usize,
    /// Their connections.
    pub connections: usize,
    /// Messages sent since this process began.
    pub sent: u64,
    /// Messages that were sent before and not again.
    pub duplicates: u64,
    /// Deliveries.
    pub delivered: u64,
    /// Deliveries that were given up.
    pub failed: u64,
}

/// Something that others want to hear of.
#[derive(Debug, Clone)]
pub enum Happening {
    /// A message was stored.
    MessageSent(std::sync::Arc<Message>),
    /// A message was given up for one recipient.
    MessageFailed {
        /// Which.
        message_id: BusId,
        /// Whose it was.
        from: ClientId,
        /// Whom it did not reach.
        client: ClientId,
        /// `timeout` or `expired`.
        reason: &'static str,
    },
    /// A client came: its first connection.
    ClientConnected(ClientId),
    /// A client went: its last connection.
    ClientDisconnected(ClientId),
    /// Somebody sent more than they may.
    RateLimitHit {
        /// As whom.
        client: Option<ClientId>,
        /// From where.
        address: String,
        /// Requests that are allowed in a minute.
        limit: u64,
    },
}
