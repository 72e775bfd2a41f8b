//! Listening to a streamed answer, the product's or the model server's own: when the first token came
//! and how many there were. Lines are looked at, not parsed; the lines of HTTP's chunks between them
//! begin with neither word.

use std::time::Instant;

use memchr::{memchr, memmem};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::load::Connection;
use crate::upstream::TOKEN;

/// What was heard.
#[derive(Debug)]
pub struct Heard {
    /// When the first token was there.
    pub first: Instant,
    /// When the last was.
    pub last: Instant,
    /// Tokens in all.
    pub tokens: usize,
}

/// Sends a request and listens to its stream of events until the last.
pub async fn listen(connection: &mut Connection, request: &[u8]) -> Heard {
    connection.stream.write_all(request).await.unwrap();
    let mut buffer = Vec::with_capacity(256 * 1024);
    let (mut first, mut tokens, mut in_chunk, mut over) = (None, 0, true, false);
    let finder = memmem::Finder::new(TOKEN.as_bytes());
    loop {
        let read = connection.stream.read_buf(&mut buffer).await.unwrap();
        assert!(read > 0 || over, "the stream broke off");
        let mut from = 0;
        while let Some(length) = memchr(b'\n', &buffer[from..]) {
            let line = &buffer[from..from + length];
            from += length + 1;
            if let Some(kind) = line.strip_prefix(b"event: ") {
                in_chunk = kind == b"chunk";
                over |= kind == b"complete";
                assert!(kind != b"error", "{}", String::from_utf8_lossy(&buffer[from..]));
            } else if line == b"data: [DONE]" {
                over = true;
            } else if in_chunk && line.starts_with(b"data: ") {
                tokens += finder.find_iter(line).count();
                if tokens > 0 {
                    first.get_or_insert_with(Instant::now);
                }
            } else if over && line == b"0\r" {
                let last = Instant::now();
                return Heard { first: first.expect("a token"), last, tokens };
            }
        }
        buffer.drain(..from);
    }
}
