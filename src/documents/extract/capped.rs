//! A reader that stops when one piece (an XML node, a record, a value) grows too large to be held.
//!
//! The parser above cannot be asked how much it holds, so its input is counted: whoever drives the
//! parser says when a piece was complete.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use super::Refusal;

pub(super) struct Capped<R> {
    inner: R,
    meter: Meter,
    max: u64,
}

/// Bytes read since the last complete piece.
#[derive(Clone, Default)]
pub(super) struct Meter(Rc<Cell<u64>>);

impl Meter {
    /// A piece was complete.
    pub(super) fn reset(&self) {
        self.0.set(0);
    }
}

impl<R> Capped<R> {
    pub(super) fn new(inner: R, max: u64) -> (Self, Meter) {
        let meter = Meter::default();
        (Self { inner, meter: meter.clone(), max }, meter)
    }

    fn count(&self, bytes: usize) {
        self.meter.0.set(self.meter.0.get() + bytes as u64);
    }

    fn check(&self) -> io::Result<()> {
        if self.meter.0.get() > self.max {
            let mib = self.max / (1024 * 1024);
            let reason = format!("a single piece of it is larger than {mib} MB");
            return Err(Refusal::too_large(reason).into());
        }
        Ok(())
    }
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        let read = self.inner.read(out)?;
        self.count(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Capped<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.check()?;
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.count(amount);
        self.inner.consume(amount);
    }
}
