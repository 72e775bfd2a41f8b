//! What a program writes to its standard output, held to a longest line and to so much in all between
//! two calls: one that floods ends its own connection and costs nobody else anything.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};

use super::http::Why;

/// What is kept of a program's standard error.
const TAIL_BYTES: usize = 2048;

/// What may still come before the next call.
#[derive(Debug, Clone, Default)]
pub(super) struct Allowance(Arc<AtomicUsize>);

impl Allowance {
    /// Lets so much come from now on.
    pub(super) fn set(&self, bytes: usize) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    /// Takes so much from it; `false` when there is less.
    fn take(&self, bytes: usize) -> bool {
        let less = |left: usize| left.checked_sub(bytes);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

/// A reader that fails where a line or the whole is too long.
#[derive(Debug)]
pub(super) struct Bounded<R> {
    pub(super) inner: R,
    pub(super) max_line: usize,
    /// Bytes of the line that is being read.
    pub(super) line: usize,
    pub(super) allowance: Allowance,
    pub(super) why: Why,
}

impl<R: AsyncRead + Unpin> AsyncRead for Bounded<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, into))?;
        let came = &into.filled()[before..];
        let mut longest = 0;
        for (n, part) in came.split(|byte| *byte == b'\n').enumerate() {
            self.line = part.len() + if n == 0 { self.line } else { 0 };
            longest = longest.max(self.line);
        }
        let trouble = match (longest > self.max_line, self.allowance.take(came.len())) {
            (true, _) => "it sent a longer message than is read (TOOL_MESSAGE_MAX_KB)",
            (false, false) => "it sent more than is read between two calls",
            (false, true) => return Poll::Ready(Ok(())),
        };
        self.why.note(trouble);
        // A reader that fails has read nothing.
        into.set_filled(before);
        Poll::Ready(Err(io::Error::other(trouble)))
    }
}

/// The end of what a program wrote to its standard error.
#[derive(Debug, Clone, Default)]
pub(super) struct Tail(Arc<Mutex<Vec<u8>>>);

impl Tail {
    /// Reads on to the end, so that the program never waits for a reader.
    pub(super) async fn follow(self, mut from: impl AsyncRead + Unpin) {
        let mut piece = vec![0; 4096];
        while let Ok(read @ 1..) = from.read(&mut piece).await {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(&piece[..read]);
            let over = kept.len().saturating_sub(TAIL_BYTES);
            kept.drain(..over);
        }
    }

    /// What there is, for a person.
    pub(super) fn text(&self) -> Option<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept);
        let plain = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
        let text = text.trim().chars().map(plain).collect::<String>();
        (!text.is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(text: &[u8], max_line: usize, all: usize) -> io::Result<Vec<u8>> {
        let (allowance, why) = (Allowance::default(), Why::default());
        allowance.set(all);
        let mut bounded = Bounded { inner: text, max_line, line: 0, allowance, why };
        let mut read = Vec::new();
        bounded.read_to_end(&mut read).await.map(|_| read)
    }

    #[tokio::test]
    async fn lines_and_the_whole_have_a_longest_length() {
        let text = b"12345\n1234\n\n12";
        assert_eq!(read(text, 5, 100).await.unwrap(), text);
        assert!(read(text, 4, 100).await.is_err());
        assert!(read(text, 5, text.len() - 1).await.is_err());
        assert!(read(&vec![b'x'; 50_000], 40_000, 1_000_000).await.is_err());
    }

    #[tokio::test]
    async fn the_last_words_are_kept() {
        let tail = Tail::default();
        let said = format!("{}\nno such file\x1b[0m\n", "x".repeat(10_000));
        tail.clone().follow(said.as_bytes()).await;
        let text = tail.text().unwrap();
        assert!(text.len() <= TAIL_BYTES && text.ends_with("no such file [0m"), "{text}");
        assert_eq!(Tail::default().text(), None);
    }
}
