//! Webhooks and deliveries as they are shown, and what adding and changing one takes.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::{DeliveryId, EventId, HookId, Timestamp, words};

/// What a webhook can be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[schema(as = WebhookEvent)]
pub enum Event {
    /// A message was taken in by the bus.
    #[serde(rename = "message.sent")]
    MessageSent,
    /// A message did not reach somebody it was for.
    #[serde(rename = "message.failed")]
    MessageFailed,
    /// A client of the bus has its first connection.
    #[serde(rename = "client.connected")]
    ClientConnected,
    /// A client of the bus lost its last connection.
    #[serde(rename = "client.disconnected")]
    ClientDisconnected,
    /// Somebody sends faster than they may.
    #[serde(rename = "rate_limit.hit")]
    RateLimitHit,
    /// This server started.
    #[serde(rename = "system.started")]
    SystemStarted,
    /// This server stops.
    #[serde(rename = "system.stopped")]
    SystemStopped,
}

impl Event {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::MessageSent,
        Self::MessageFailed,
        Self::ClientConnected,
        Self::ClientDisconnected,
        Self::RateLimitHit,
        Self::SystemStarted,
        Self::SystemStopped,
    ];

    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MessageSent => "message.sent",
            Self::MessageFailed => "message.failed",
            Self::ClientConnected => "client.connected",
            Self::ClientDisconnected => "client.disconnected",
            Self::RateLimitHit => "rate_limit.hit",
            Self::SystemStarted => "system.started",
            Self::SystemStopped => "system.stopped",
        }
    }

    /// A bit of its own, for sets.
    pub(super) fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// Somebody who is told what happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Webhook {
    /// Its id.
    pub id: HookId,
    /// Where it is told.
    pub url: String,
    /// Of what.
    pub events: Vec<Event>,
    /// Whether it is told at present. One that answers 410 is turned off.
    pub enabled: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was last tried.
    pub last_at: Option<Timestamp>,
    /// What it answered then; `None` when no answer came.
    #[schema(minimum = 100, maximum = 999)]
    pub last_status: Option<u16>,
    /// Why that was a failure; `None` when it was none.
    pub last_error: Option<String>,
    /// Deliveries that wait for it.
    pub waiting: u64,
    /// Deliveries that were given up.
    pub dead: u64,
    /// Events that found its queue full, and dead deliveries that had to make room for newer ones.
    pub lost: u64,
}

/// What adding a webhook takes.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// Where it is told, `http://` or `https://`.
    #[schema(min_length = 1, max_length = 8192)]
    pub url: String,
    /// Of what.
    #[schema(min_items = 1)]
    pub events: Vec<Event>,
    /// By default yes.
    pub enabled: Option<bool>,
}

/// What may change of a webhook.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookChanges {
    /// Another address; what waits goes there.
    #[schema(min_length = 1, max_length = 8192)]
    pub url: Option<String>,
    /// Other events.
    #[schema(min_items = 1)]
    pub events: Option<Vec<Event>>,
    /// On or off. What waits is kept while it is off.
    pub enabled: Option<bool>,
}

/// A webhook with its secret, which is told this once.
#[derive(Debug)]
pub struct Made {
    /// The webhook.
    pub webhook: Webhook,
    /// What its deliveries are signed with.
    pub secret: SecretString,
}

words! {
    /// Where a delivery is on its way.
    #[schema(as = WebhookDeliveryState)]
    State {
        /// To be tried, or tried again.
        Waiting = "waiting",
        /// It arrived.
        Delivered = "delivered",
        /// It was given up.
        Dead = "dead",
    }
}

/// One event on its way to one webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// Whom it is for.
    pub webhook_id: HookId,
    /// The event; the same in every try, and for all who are told of it.
    pub event_id: EventId,
    /// The event's name; `webhook.test` for a test.
    pub event: String,
    /// Where it is.
    pub state: State,
    /// Tries so far.
    pub attempts: u32,
    /// When the event happened.
    pub created_at: Timestamp,
    /// When it is tried next; `None` as soon as its turn comes, or never again.
    pub next_at: Option<Timestamp>,
    /// When it arrived or was given up.
    pub ended_at: Option<Timestamp>,
    /// What the last try was answered.
    #[schema(minimum = 100, maximum = 999)]
    pub last_status: Option<u16>,
    /// Why the last try failed.
    pub last_error: Option<String>,
}

/// What the webhooks are doing, all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// How many there are.
    pub webhooks: u64,
    /// Deliveries that wait.
    pub waiting: u64,
    /// Deliveries that were given up.
    pub dead: u64,
    /// What the webhooks lost.
    pub lost: u64,
    /// Events that could not be kept for anybody since the start.
    pub missed: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_one_name_and_a_bit_of_its_own() {
        let mut bits = 0;
        for event in Event::ALL {
            assert_eq!(serde_json::to_value(event).unwrap(), event.as_str());
            assert_eq!(bits & event.bit(), 0);
            bits |= event.bit();
        }
    }
}
