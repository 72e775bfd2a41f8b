//! Reading the bus: first what waits (or what was said after a number), then what comes, without a
//! gap and nothing twice. A reader that falls behind goes back to what is stored and catches up.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::hub::{Delivery, Seat};
use super::marks::Mark;
use super::queries::{self, Place};
use super::types::{Filter, Message, Sender, To};
use super::{Bus, json_of};
use crate::base::{ClientId, ConnectionId};
use crate::error::Error;

/// Messages that are fetched at once.
const PAGE: usize = 100;
/// Messages after which it is noted how far a client has heard.
const NOTED_EVERY: u32 = 256;

/// Before everything in a queue.
const FIRST: Place = (i64::MIN, 0);

/// Where a reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// In the queue of what waits for the client, after a place in it.
    Waiting(Place),
    /// In what is stored, after `last`.
    Stored,
    /// At what comes.
    Live,
}

/// A reader of the bus, for one client or for everything. It is heard of as connected until it is
/// dropped.
#[derive(Debug)]
pub struct Subscription {
    bus: Bus,
    seat: Seat,
    stage: Stage,
    /// The newest number that was given.
    last: i64,
    ready: VecDeque<Arc<Delivery>>,
    types: Option<Vec<String>>,
    since_noted: u32,
    /// Messages that were given and not yet said to be delivered.
    given: usize,
    /// Whether everything up to `last` was given.
    whole: bool,
}

impl Subscription {
    pub(super) fn begin(bus: Bus, seat: Seat, since: Option<i64>) -> Self {
        let last = since.unwrap_or(seat.handed_out);
        let stage = match (&seat.client, since) {
            (_, Some(_)) => Stage::Stored,
            (Some(_), None) => Stage::Waiting(FIRST),
            (None, None) => Stage::Live,
        };
        let whole = seat.client.is_some() && since.is_none();
        let ready = VecDeque::new();
        let subscription =
            Self { bus, seat, stage, last, ready, types: None, since_noted: 0, given: 0, whole };
        if let Some(client) = &subscription.seat.client {
            if subscription.seat.first {
                subscription.bus.tell_connected(client);
            }
            subscription.bus.mark(Mark::Seen(client.clone(), subscription.seat.handed_out));
        }
        subscription
    }

    /// Its id.
    pub fn id(&self) -> ConnectionId {
        self.seat.id
    }

    /// Gives only messages of these kinds from now on, beginning after a number if one is named.
    pub fn narrow(&mut self, types: Option<Vec<String>>, since: Option<i64>) {
        self.whole = self.whole && types.is_none() && since.is_none();
        self.types = types;
        if let Some(since) = since {
            self.ready.clear();
            self.last = since;
            self.stage = Stage::Stored;
        }
    }

    /// Fetches what is stored, until there is something to give or nothing more to fetch. Who waits for
    /// other things beside [`Subscription::next`] calls it first, for broken off it begins again.
    pub async fn fetch(&mut self) -> Result<(), Error> {
        while self.ready.is_empty() {
            match self.stage {
                Stage::Waiting(after) => self.fetch_waiting(after).await?,
                Stage::Stored => self.fetch_stored().await?,
                Stage::Live => return Ok(()),
            }
        }
        Ok(())
    }

    /// The next message; waits for it. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Arc<Delivery>, Error> {
        loop {
            self.fetch().await?;
            if let Some(delivery) = self.give() {
                return Ok(delivery);
            }
            self.take_live().await?;
        }
    }

    /// The next message, if there is one already.
    pub fn next_now(&mut self) -> Option<Arc<Delivery>> {
        if self.ready.is_empty() && self.stage == Stage::Live {
            self.look_live();
        }
        self.give()
    }

    fn give(&mut self) -> Option<Arc<Delivery>> {
        let delivery = self.ready.pop_front()?;
        self.given += 1;
        Some(delivery)
    }

    /// Notes that a message was written to its reader.
    pub fn delivered(&mut self, delivery: &Delivery) {
        self.given = self.given.saturating_sub(1);
        let Some(client) = &self.seat.client else { return };
        if delivery.again {
            self.bus.inner.hub.count_again(client);
        }
        let message = &delivery.message;
        let (client, seq) = (client.clone(), message.seq);
        self.bus.mark(if message.to == To::All && !message.requires_ack {
            Mark::Told { client, seq }
        } else {
            Mark::Delivered { client, seq, wants_ack: message.requires_ack }
        });
        self.since_noted += 1;
        if self.since_noted >= NOTED_EVERY {
            self.note();
        }
    }

    /// Notes how far the client has heard, when that is known.
    fn note(&mut self) {
        self.since_noted = 0;
        let all_read = self.stage == Stage::Live && self.ready.is_empty() && self.given == 0;
        if let Some(client) = self.seat.client.as_ref().filter(|_| self.whole && all_read) {
            self.bus.mark(Mark::Heard(client.clone(), self.last));
        }
    }

    fn wants(&self, message: &Message) -> bool {
        self.types.as_ref().is_none_or(|types| types.contains(&message.kind))
    }

    async fn fetch_waiting(&mut self, after: Place) -> Result<(), Error> {
        let Some(client) = self.seat.client.clone() else {
            self.stage = Stage::Live;
            return Ok(());
        };
        if after == FIRST {
            // What was read of this client's queue a moment ago is noted before it is looked at.
            self.bus.marks_written().await;
        }
        let (up_to, now) = (self.last, self.bus.now());
        let page = self
            .bus
            .store()
            .read(move |db| Ok::<_, Error>(queries::waiting(db, &client, up_to, after, now, PAGE)?))
            .await?;
        self.stage = match page.last() {
            Some(last) if page.len() == PAGE => Stage::Waiting(last.place),
            _ => Stage::Live,
        };
        for waiting in page {
            self.put(waiting.message, waiting.again)?;
        }
        Ok(())
    }

    async fn fetch_stored(&mut self) -> Result<(), Error> {
        // Whatever is handed out from here on comes through the queue again.
        self.seat.behind.store(false, Ordering::Release);
        let filter = Filter {
            to: self.seat.client.clone(),
            since_seq: Some(self.last),
            limit: PAGE,
            ..Filter::default()
        };
        let everybody = Sender::default();
        let page = self
            .bus
            .store()
            .read(move |db| Ok::<_, Error>(queries::list(db, &everybody, &filter)?))
            .await?;
        if page.len() < PAGE {
            self.stage = Stage::Live;
        }
        for message in page {
            self.last = message.seq;
            self.put(message, false)?;
        }
        Ok(())
    }

    fn put(&mut self, message: Message, again: bool) -> Result<(), Error> {
        if self.wants(&message) {
            let json = json_of(&message)?;
            let message = Arc::new(message);
            self.ready.push_back(Arc::new(Delivery::new(message, json, again)));
        }
        Ok(())
    }

    async fn take_live(&mut self) -> Result<(), Error> {
        if self.look_live() {
            return Ok(());
        }
        tokio::select! {
            delivery = self.seat.queue.recv() => {
                self.take(delivery.ok_or_else(gone)?);
            }
            () = self.seat.nudge.notified() => self.stage = Stage::Waiting(FIRST),
        }
        Ok(())
    }

    /// Takes what is there, or turns to what is stored; whether there was anything to do.
    fn look_live(&mut self) -> bool {
        if let Ok(delivery) = self.seat.queue.try_recv() {
            self.take(delivery);
            return true;
        }
        let behind = self.seat.behind.load(Ordering::Acquire);
        if behind {
            self.stage = Stage::Stored;
        }
        behind
    }

    fn take(&mut self, delivery: Arc<Delivery>) {
        if delivery.message.seq > self.last {
            self.last = delivery.message.seq;
            if self.wants(&delivery.message) {
                self.ready.push_back(delivery);
            }
        }
    }

    /// The client it reads for.
    pub fn client(&self) -> Option<&ClientId> {
        self.seat.client.as_ref()
    }
}

fn gone() -> Error {
    Error::Unavailable {
        code: "stopping",
        message: "the bus is stopping".to_owned(),
        retry_after_s: Some(1),
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.note();
        self.bus.leave(self.seat.id, self.seat.client.as_ref());
    }
}
