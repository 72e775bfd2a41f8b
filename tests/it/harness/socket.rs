//! A WebSocket client.

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{Server, in_time};

/// An open socket.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The headers of the upgrade's answer.
    pub headers: http::HeaderMap,
}

impl Socket {
    /// Sends a JSON frame.
    pub async fn send(&mut self, frame: Value) {
        self.send_text(&frame.to_string()).await;
    }

    /// Sends a text frame as it is.
    pub async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    /// Sends any frame.
    pub async fn send_message(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    /// The next JSON frame.
    pub async fn next(&mut self) -> Value {
        match self.next_message().await {
            Some(Message::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("wanted a text frame, got {other:?}"),
        }
    }

    /// The next frame that is no ping; `None` when the connection is gone.
    pub async fn next_message(&mut self) -> Option<Message> {
        loop {
            match in_time("a frame", self.stream.next()).await {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(message)) => return Some(message),
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// The next frame of any kind; `None` when the connection is gone.
    pub async fn any_message(&mut self) -> Option<Message> {
        in_time("a frame", self.stream.next()).await.and_then(Result::ok)
    }

    /// Frames up to and with the first of this type.
    pub async fn until(&mut self, kind: &str) -> Vec<Value> {
        let mut seen: Vec<Value> = Vec::new();
        loop {
            let frame = self.next().await;
            let found = frame["type"] == kind;
            seen.push(frame);
            if found {
                return seen;
            }
        }
    }

    /// Reads on until the server closes, and gives the close code (1006: none was given).
    pub async fn close_code(&mut self) -> u16 {
        in_time("the server closes the socket", self.read_to_close()).await
    }

    async fn read_to_close(&mut self) -> u16 {
        loop {
            match self.next_message().await {
                Some(Message::Close(Some(frame))) => return frame.code.into(),
                Some(Message::Close(None)) => return 1005,
                Some(_) => {}
                None => return 1006,
            }
        }
    }
}

impl Server {
    /// Opens a socket as a program would, without an `Origin`.
    pub async fn socket(&self, path: &str) -> Socket {
        self.try_socket(path, &[]).await.unwrap_or_else(|status| panic!("{path} answered {status}"))
    }

    /// Opens a socket with further headers, or gives the status that refused it.
    pub async fn try_socket(&self, path: &str, headers: &[(&str, &str)]) -> Result<Socket, u16> {
        let address = self.url(path).replacen("http://", "ws://", 1);
        let mut request = address.into_client_request().unwrap();
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        match in_time("the upgrade", connect_async(request)).await {
            Ok((stream, answer)) => Ok(Socket { stream, headers: answer.headers().clone() }),
            Err(tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{path}: {error}"),
        }
    }
}

/// The text that the chunks among these frames make.
pub fn text_of(frames: &[Value]) -> String {
    let chunks = frames.iter().filter(|frame| frame["type"] == "chunk");
    chunks.map(|frame| frame["text"].as_str().unwrap()).collect()
}
