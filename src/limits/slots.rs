//! Connections that stay open (WebSocket and SSE): so many in all, so many for each client. A slot is
//! given back when its value is dropped.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::ClientId;

/// Whose connection it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Holder {
    /// Whoever is at an address.
    Address(IpAddr),
    /// A client of the bus, wherever it is.
    Client(ClientId),
}

/// Who has how many.
#[derive(Debug, Default)]
struct Counts {
    total: usize,
    by_client: HashMap<Holder, usize>,
}

/// All slots.
#[derive(Debug, Clone, Default)]
pub struct Slots {
    counts: Arc<Mutex<Counts>>,
}

/// One open connection.
#[derive(Debug)]
pub struct Slot {
    counts: Arc<Mutex<Counts>>,
    holder: Holder,
}

/// Why there is no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// The server has as many as it may.
    Total {
        /// How many that are.
        limit: usize,
        /// How many there are.
        open: usize,
    },
    /// This client has as many as it may.
    Client {
        /// How many that are.
        limit: usize,
        /// How many it has.
        open: usize,
    },
}

impl Slots {
    /// Takes a slot for a client.
    pub fn take(&self, holder: Holder, total: usize, each: usize) -> Result<Slot, Full> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.total >= total {
            return Err(Full::Total { limit: total, open: counts.total });
        }
        let mine = counts.by_client.get(&holder).copied().unwrap_or(0);
        if mine >= each {
            return Err(Full::Client { limit: each, open: mine });
        }
        counts.by_client.insert(holder.clone(), mine + 1);
        counts.total += 1;
        Ok(Slot { counts: Arc::clone(&self.counts), holder })
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        self.counts.lock().map_or(0, |counts| counts.total)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Ok(mut counts) = self.counts.lock() else { return };
        counts.total = counts.total.saturating_sub(1);
        if let Some(mine) = counts.by_client.get_mut(&self.holder) {
            *mine = mine.saturating_sub(1);
            if *mine == 0 {
                counts.by_client.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_comes_back_and_limits_hold() {
        let (slots, a) = (Slots::default(), Holder::Address(IpAddr::from([127, 0, 0, 1])));
        let b = Holder::Client("b".parse().unwrap());
        let first = slots.take(a.clone(), 3, 2).unwrap();
        let _second = slots.take(a.clone(), 3, 2).unwrap();
        assert_eq!(slots.take(a.clone(), 3, 2).unwrap_err(), Full::Client { limit: 2, open: 2 });
        let _third = slots.take(b.clone(), 3, 2).unwrap();
        assert_eq!(slots.take(b.clone(), 3, 2).unwrap_err(), Full::Total { limit: 3, open: 3 });
        drop(first);
        assert_eq!(slots.taken(), 2);
        assert!(slots.take(a.clone(), 3, 2).is_ok());
    }
}
