//! Readers that cost as little as possible: sockets whose frames are counted and not looked into.

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Something that waits for messages.
pub trait Reader {
    /// Waits for the next message; `false` when there will be none.
    async fn message(&mut self) -> bool;
}

/// A WebSocket as a client has it.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    buffer: Vec<u8>,
    from: usize,
}

/// What a frame with a message begins with.
const MESSAGE: &[u8] = br#"{"type":"message""#;

impl Socket {
    /// Connects and waits to be let in.
    pub async fn open(port: u16, path: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut socket = Self { stream, buffer: Vec::new(), from: 0 };
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        socket.stream.write_all(request.as_bytes()).await.unwrap();
        loop {
            assert!(socket.more().await, "it was not let in");
            let Some(end) = memchr::memmem::find(&socket.buffer, b"\r\n\r\n") else { continue };
            assert!(socket.buffer.starts_with(b"HTTP/1.1 101"), "it was not let in");
            socket.from = end + 4;
            break;
        }
        let frame = socket.frame().await.expect("a first frame");
        assert!(memchr::memmem::find(&frame, b"connection_confirmed").is_some());
        socket
    }

    /// Sends a JSON frame.
    pub async fn send(&mut self, frame: &Value) {
        let text = frame.to_string();
        // A client masks; a mask of zeros is one.
        let mut bytes = vec![0x81, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0];
        bytes.extend_from_slice(text.as_bytes());
        self.stream.write_all(&bytes).await.unwrap();
    }

    async fn more(&mut self) -> bool {
        if self.from > 0 {
            self.buffer.drain(..self.from);
            self.from = 0;
        }
        self.buffer.reserve(1024);
        self.stream.read_buf(&mut self.buffer).await.is_ok_and(|read| read > 0)
    }

    /// The next frame's payload.
    async fn frame(&mut self) -> Option<Vec<u8>> {
        loop {
            let bytes = &self.buffer[self.from..];
            let head = match bytes.get(1) {
                Some(126) if bytes.len() >= 4 => {
                    Some((4, usize::from(u16::from_be_bytes([bytes[2], bytes[3]]))))
                }
                Some(127) if bytes.len() >= 10 => {
                    let length = u64::from_be_bytes(bytes[2..10].try_into().unwrap());
                    Some((10, length as usize))
                }
                Some(126 | 127) | None => None,
                Some(length) => Some((2, usize::from(*length))),
            };
            match head {
                Some((head, length)) if bytes.len() >= head + length => {
                    let payload = bytes[head..head + length].to_vec();
                    self.from += head + length;
                    return Some(payload);
                }
                _ => {
                    if !self.more().await {
                        return None;
                    }
                }
            }
        }
    }
}

impl Reader for Socket {
    async fn message(&mut self) -> bool {
        loop {
            match self.frame().await {
                None => return false,
                Some(frame) if frame.starts_with(MESSAGE) => return true,
                Some(_) => {}
            }
        }
    }
}
