//! Bytes on a bare socket, for what no well-behaved client would send.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Server, in_time};

impl Server {
    /// A bare connection to the server.
    pub async fn connection(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port())).await.unwrap()
    }

    /// Sends these bytes and gives all that comes back before the server closes.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let mut connection = self.connection().await;
        // A server that has seen enough may close before it has read everything.
        let _ = connection.write_all(bytes).await;
        read_all(&mut connection).await
    }

    /// A GET with exactly these header lines (besides `Connection: close`), and its answer.
    pub async fn raw_get(&self, path: &str, headers: &[&str]) -> String {
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let request = format!("GET {path} HTTP/1.1\r\nConnection: close\r\n{lines}\r\n");
        self.raw(request.as_bytes()).await
    }
}

/// Everything up to the end of the connection.
pub async fn read_all(connection: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = in_time("the server closes the connection", connection.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of an answer in raw form; 0 when there was none.
pub fn status_of(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0)
}
