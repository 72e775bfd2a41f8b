//! Connections that stay open (WebSocket and SSE): so many in all, so many for each client. A slot is
//! given back when its value is dropped.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

/// Who has how many.
#[derive(Debug, Default)]
struct Counts {
    total: usize,
    by_client: HashMap<IpAddr, usize>,
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
    client: IpAddr,
}

/// Why there is no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// The server has as many as it may.
    Total {
        /// How many that are.
        limit: usize,
    },
    /// This client has as many as it may.
    Client {
        /// How many that are.
        limit: usize,
    },
}

impl Slots {
    /// Takes a slot for a client.
    pub fn take(&self, client: IpAddr, total: usize, each: usize) -> Result<Slot, Full> {
        let mut counts = self.counts.lock().map_err(|_| Full::Total { limit: total })?;
        if counts.total >= total {
            return Err(Full::Total { limit: total });
        }
        let mine = counts.by_client.entry(client).or_default();
        if *mine >= each {
            return Err(Full::Client { limit: each });
        }
        *mine += 1;
        counts.total += 1;
        Ok(Slot { counts: Arc::clone(&self.counts), client })
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
        if let Some(mine) = counts.by_client.get_mut(&self.client) {
            *mine = mine.saturating_sub(1);
            if *mine == 0 {
                counts.by_client.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_comes_back_and_limits_hold() {
        let (slots, a) = (Slots::default(), IpAddr::from([127, 0, 0, 1]));
        let b = IpAddr::from([127, 0, 0, 2]);
        let first = slots.take(a, 3, 2).unwrap();
        let _second = slots.take(a, 3, 2).unwrap();
        assert_eq!(slots.take(a, 3, 2).unwrap_err(), Full::Client { limit: 2 });
        let _third = slots.take(b, 3, 2).unwrap();
        assert_eq!(slots.take(b, 3, 2).unwrap_err(), Full::Total { limit: 3 });
        drop(first);
        assert_eq!(slots.taken(), 2);
        assert!(slots.take(a, 3, 2).is_ok());
    }
}
