//! Server-sent events from a byte stream (WHATWG HTML, section 9.2.6), for streams of many small
//! events: a line is found with `memchr`, an event whose one data line lies inside the read is lent
//! and not copied, and text stays bytes until JSON reads it. Lines end in LF, CR or CRLF; a character
//! split over two reads is whole again because only whole lines are looked at. Lines and events have a
//! longest length. `id` and `retry` are ignored: nobody reconnects to a model in mid-answer.

use super::lines::TooLong;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// One event: its name (empty when none was given) and its data, lines joined with `\n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// What follows `event:`.
    pub name: &'a [u8],
    /// What follows `data:`.
    pub data: &'a [u8],
}

/// The parser, fed with one network read after the other.
#[derive(Debug)]
pub struct Parser {
    limit_bytes: usize,
    /// The beginning of a line whose end has not come.
    carry: Vec<u8>,
    /// The data of the event being read, when it is not lent.
    data: Vec<u8>,
    has_data: bool,
    name: Vec<u8>,
    /// The last read ended in CR: a LF that comes first now belongs to it.
    after_cr: bool,
    started: bool,
}

impl Parser {
    /// A parser whose lines and events are at most `limit_bytes` long.
    pub fn new(limit_bytes: usize) -> Self {
        Self {
            limit_bytes,
            carry: Vec::new(),
            data: Vec::new(),
            has_data: false,
            name: Vec::new(),
            after_cr: false,
            started: false,
        }
    }

    /// Takes the next bytes and gives out every event that they complete.
    pub fn push(
        &mut self,
        mut bytes: &[u8],
        mut event: impl FnMut(Event<'_>),
    ) -> Result<(), TooLong> {
        if self.after_cr && !bytes.is_empty() {
            self.after_cr = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        // The data line of the event being read, while it can be lent.
        let mut lent: Option<&[u8]> = None;
        while let Some(end) = memchr::memchr2(b'\n', b'\r', bytes) {
            let line = &bytes[..end];
            let cr = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            if cr {
                match bytes.first() {
                    Some(b'\n') => bytes = &bytes[1..],
                    Some(_) => {}
                    None => self.after_cr = true,
                }
            }
            self.check(self.carry.len() + line.len())?;
            if self.carry.is_empty() {
                self.line(line, &mut lent, &mut event)?;
            } else {
                // Not lendable: the line's bytes are about to be reused.
                let mut whole = std::mem::take(&mut self.carry);
                whole.extend_from_slice(line);
                self.keep(&mut lent)?;
                let mut copied = None;
                self.line(&whole, &mut copied, &mut event)?;
                self.keep(&mut copied)?;
                whole.clear();
                self.carry = whole;
            }
        }
        self.keep(&mut lent)?;
        self.check(self.carry.len() + bytes.len())?;
        self.carry.extend_from_slice(bytes);
        Ok(())
    }

    /// The stream is over: gives out a last event whose empty line, or even line end, never came.
    /// (The standard drops it; model servers end like this often enough.)
    pub fn finish(&mut self, mut event: impl FnMut(Event<'_>)) -> Result<(), TooLong> {
        let last = std::mem::take(&mut self.carry);
        let mut lent = None;
        if !last.is_empty() {
            self.line(&last, &mut lent, &mut event)?;
        }
        self.line(b"", &mut lent, &mut event)
    }

    fn line<'a>(
        &mut self,
        line: &'a [u8],
        lent: &mut Option<&'a [u8]>,
        event: &mut impl FnMut(Event<'_>),
    ) -> Result<(), TooLong> {
        let line = if self.started { line } else { line.strip_prefix(BOM).unwrap_or(line) };
        self.started = true;
        if line.is_empty() {
            match lent.take() {
                Some(data) if !self.has_data => event(Event { name: &self.name, data }),
                whole => {
                    *lent = whole;
                    self.keep(lent)?;
                    if self.has_data {
                        event(Event { name: &self.name, data: &self.data });
                    }
                }
            }
            self.data.clear();
            self.has_data = false;
            self.name.clear();
            return Ok(());
        }
        let (field, value) = match memchr::memchr(b':', line) {
            Some(0) => return Ok(()),
            Some(colon) => {
                let value = &line[colon + 1..];
                (&line[..colon], value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &line[..0]),
        };
        match field {
            b"data" => {
                self.keep(lent)?;
                *lent = Some(value);
            }
            b"event" => {
                self.name.clear();
                self.name.extend_from_slice(value);
            }
            _ => {}
        }
        Ok(())
    }

    /// Copies a lent data line, because the event needs more than it.
    fn keep(&mut self, lent: &mut Option<&[u8]>) -> Result<(), TooLong> {
        if let Some(data) = lent.take() {
            if self.has_data {
                self.data.push(b'\n');
            }
            self.check(self.data.len() + data.len())?;
            self.data.extend_from_slice(data);
            self.has_data = true;
        }
        Ok(())
    }

    fn check(&self, size: usize) -> Result<(), TooLong> {
        if size > self.limit_bytes {
            return Err(TooLong { limit_bytes: self.limit_bytes });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Seen = Vec<(String, String)>;

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    fn parse(parts: &[&[u8]]) -> Seen {
        let mut parser = Parser::new(1 << 16);
        let mut seen = Vec::new();
        let mut take = |e: Event<'_>| seen.push((text(e.name), text(e.data)));
        for part in parts {
            parser.push(part, &mut take).unwrap();
        }
        parser.finish(&mut take).unwrap();
        seen
    }

    fn data(parts: &[&[u8]]) -> Vec<String> {
        parse(parts).into_iter().map(|(_, data)| data).collect()
    }

    #[test]
    fn events_end_in_every_kind_of_empty_line() {
        let all = b"data: a\n\ndata: b\r\n\r\ndata: c\r\rdata:d\n\n";
        assert_eq!(data(&[all]), ["a", "b", "c", "d"]);
    }

    #[test]
    fn comments_ids_and_a_byte_order_mark_are_passed_over() {
        let all = b"\xEF\xBB\xBF: hi\nid: 7\nretry: 9\nevent: delta\ndata: {\"x\": 1}\n\n:\n\nevent: lost\n\ndata\n\n";
        let seen = parse(&[all]);
        assert_eq!(seen[0], ("delta".to_owned(), "{\"x\": 1}".to_owned()));
        assert_eq!(seen[1], (String::new(), String::new()));
        assert_eq!(seen.len(), 2);
    }

    #[test]
    fn several_data_lines_are_one_text() {
        assert_eq!(data(&[b"data: a\ndata: b\ndata:\ndata:  c\n\n"]), ["a\nb\n\n c"]);
        assert_eq!(data(&[b"data: a\nda", b"ta: b\n", b"\n"]), ["a\nb"]);
    }

    #[test]
    fn a_character_split_over_two_reads_is_whole() {
        let all = "data: é🙂\n\n".as_bytes();
        for cut in 0..all.len() {
            assert_eq!(data(&[&all[..cut], &all[cut..]]), ["é🙂"], "cut at {cut}");
        }
    }

    #[test]
    fn the_last_event_needs_no_empty_line() {
        assert_eq!(data(&[b"data: a\n\ndata: [DONE]"]), ["a", "[DONE]"]);
        assert_eq!(data(&[b"data: a\n\ndata: [DONE]\r\n"]), ["a", "[DONE]"]);
    }

    #[test]
    fn endless_lines_and_endless_events_stop_at_the_limit() {
        let mut parser = Parser::new(64);
        let line = [b'x'; 65];
        assert_eq!(parser.push(&line, |_| ()), Err(TooLong { limit_bytes: 64 }));
        let mut parser = Parser::new(64);
        let fed = (0..100).try_for_each(|_| parser.push(b"data: more\n", |_| ()));
        assert_eq!(fed, Err(TooLong { limit_bytes: 64 }));
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_events(
            lines in proptest::collection::vec(
                ("(data: |data:|event: |: |id: |)", "[a-zé🙂:]{0,6}", "(\n|\r|\r\n|\n\n|\r\n\r\n)"),
                0..24,
            ),
            bom: bool,
            cuts in proptest::collection::vec(0usize..400, 0..12),
        ) {
            let mut all = if bom { BOM.to_vec() } else { Vec::new() };
            for (field, value, end) in lines {
                all.extend_from_slice(format!("{field}{value}{end}").as_bytes());
            }
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(all.len())).collect();
            cuts.extend([0, all.len()]);
            cuts.sort_unstable();
            let parts: Vec<&[u8]> = cuts.windows(2).map(|w| &all[w[0]..w[1]]).collect();
            prop_assert_eq!(parse(&parts), parse(&[&all]));
        }

        #[test]
        fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut parser = Parser::new(128);
            let _ = parser.push(&bytes, |_| ());
            let _ = parser.finish(|_| ());
        }
    }

    #[test]
    fn fuzz_sse() {
        crate::base::fuzz::fuzz("sse", |bytes| {
            let read = |pieces: &mut dyn Iterator<Item = &[u8]>| {
                let (mut seen, mut parser) = (Seen::new(), Parser::new(64 * 1024));
                let mut ended = false;
                for piece in pieces {
                    let each = |event: Event<'_>| seen.push((text(event.name), text(event.data)));
                    ended = parser.push(piece, each).is_err();
                    if ended {
                        break;
                    }
                }
                if !ended {
                    let each = |event: Event<'_>| seen.push((text(event.name), text(event.data)));
                    ended = parser.finish(each).is_err();
                }
                (seen, ended)
            };
            let whole = read(&mut std::iter::once(bytes));
            let dripped = read(&mut bytes.chunks(1));
            // Where a line is too long, how much was given out before depends on the pieces.
            assert!(whole == dripped || whole.1 || dripped.1, "the pieces make a difference");
        });
    }
}
