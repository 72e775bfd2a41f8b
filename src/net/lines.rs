//! Cuts a byte stream into lines (`\n`, a `\r` before it dropped), for newline-delimited JSON. Lines
//! inside one network read are lent, only a line that spans reads is copied, and a line without an
//! end stops at a limit.

/// A line, or an event, longer than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a line of the answer is longer than {limit_bytes} bytes")]
pub struct TooLong {
    /// The limit.
    pub limit_bytes: usize,
}

/// The splitter. Empty lines are not given out.
#[derive(Debug)]
pub struct Lines {
    carry: Vec<u8>,
    limit_bytes: usize,
}

impl Lines {
    /// A splitter for lines of at most `limit_bytes`.
    pub fn new(limit_bytes: usize) -> Self {
        Self { carry: Vec::new(), limit_bytes }
    }

    /// Takes the next bytes and gives out every line that they complete.
    pub fn push(&mut self, mut bytes: &[u8], mut line: impl FnMut(&[u8])) -> Result<(), TooLong> {
        let too_long = TooLong { limit_bytes: self.limit_bytes };
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (head, rest) = (&bytes[..end], &bytes[end + 1..]);
            bytes = rest;
            if self.carry.len() + head.len() > self.limit_bytes {
                return Err(too_long);
            }
            if self.carry.is_empty() {
                give(head, &mut line);
            } else {
                self.carry.extend_from_slice(head);
                give(&self.carry, &mut line);
                self.carry.clear();
            }
        }
        if self.carry.len() + bytes.len() > self.limit_bytes {
            return Err(too_long);
        }
        self.carry.extend_from_slice(bytes);
        Ok(())
    }

    /// The stream is over: gives out a last line that had no end.
    pub fn finish(&mut self, mut line: impl FnMut(&[u8])) {
        let last = std::mem::take(&mut self.carry);
        give(&last, &mut line);
    }
}

fn give(line: &[u8], to: &mut impl FnMut(&[u8])) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if !line.is_empty() {
        to(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(parts: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut lines = Lines::new(1 << 20);
        let mut out = Vec::new();
        for part in parts {
            lines.push(part, |l| out.push(l.to_vec())).unwrap();
        }
        lines.finish(|l| out.push(l.to_vec()));
        out
    }

    #[test]
    fn lines_are_cut_at_their_ends_and_the_last_may_have_none() {
        let out = all(&[b"{\"a\":1}\r\n\n{\"b\"", b":2}\n{\"c\":3}"]);
        assert_eq!(out, [&b"{\"a\":1}"[..], b"{\"b\":2}", b"{\"c\":3}"]);
    }

    #[test]
    fn an_endless_line_stops_at_the_limit() {
        let mut lines = Lines::new(10);
        assert!(lines.push(b"123456", |_| ()).is_ok());
        assert_eq!(lines.push(b"789012", |_| ()), Err(TooLong { limit_bytes: 10 }));
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_lines(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200),
            cuts in proptest::collection::vec(0usize..200, 0..8),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let parts: Vec<&[u8]> = cuts.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
            prop_assert_eq!(all(&parts), all(&[&bytes]));
        }
    }
}
