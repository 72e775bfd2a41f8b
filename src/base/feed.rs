//! The live feed: everything that changes, announced once, for every tab of its owner. It carries
//! names and ready JSON and knows nothing of what they mean. A listener that is too slow is told so
//! and fetches again; it never slows the others.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::broadcast;

use super::ids::UserId;

/// One thing that happened.
#[derive(Debug)]
pub struct Announcement {
    /// Whose it is; `None` is for everybody.
    pub owner: Option<UserId>,
    /// The event's name on the wire.
    pub event: &'static str,
    /// The event's data, written once for all listeners.
    pub json: Arc<str>,
}

/// Where things are announced and listened to.
#[derive(Debug, Clone)]
pub struct Feed {
    sender: broadcast::Sender<Arc<Announcement>>,
}

impl Feed {
    /// A feed that keeps so many announcements for a listener that is behind.
    pub fn new(buffer: usize) -> Self {
        Self { sender: broadcast::Sender::new(buffer.max(1)) }
    }

    /// Tells the owner's listeners; costs nothing when nobody listens.
    pub fn announce(&self, owner: UserId, event: &'static str, data: &impl Serialize) {
        self.send(Some(owner), event, data);
    }

    /// Tells every listener.
    pub fn announce_to_all(&self, event: &'static str, data: &impl Serialize) {
        self.send(None, event, data);
    }

    /// Whether anybody listens, for callers whose announcement is dear to make.
    pub fn is_heard(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// Listens from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Announcement>> {
        self.sender.subscribe()
    }

    /// Tells the owner's listeners what is written already.
    pub fn announce_json(&self, owner: UserId, event: &'static str, json: Arc<str>) {
        if self.is_heard() {
            // No receiver is fine: the last one may have left a moment ago.
            let _ = self.sender.send(Arc::new(Announcement { owner: Some(owner), event, json }));
        }
    }

    fn send(&self, owner: Option<UserId>, event: &'static str, data: &impl Serialize) {
        if !self.is_heard() {
            return;
        }
        match serde_json::to_string(data) {
            Ok(json) => {
                let json = json.into();
                let _ = self.sender.send(Arc::new(Announcement { owner, event, json }));
            }
            Err(error) => tracing::error!(feed.event = event, %error, "announcement not written"),
        }
    }
}
