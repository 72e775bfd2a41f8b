//! Turning a request into a WebSocket (RFC 6455), with a small read buffer: an idle socket costs a few
//! kilobytes, where the library's own default is 128.

use std::time::Duration;

use http::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use http::{HeaderMap, StatusCode};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt as _;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use super::reply::{Failure, Response};

/// An open socket.
pub(crate) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// How long what follows a message that is too large is read on.
const DRAIN: Duration = Duration::from_secs(1);
/// What is read at once.
const READ_BUFFER: usize = 4 * 1024;
/// What is gathered before it is written, unless it is flushed.
const WRITE_BUFFER: usize = 16 * 1024;

/// Close codes that several doors use (RFC 6455).
pub(crate) const GOING_AWAY: u16 = 1001;
/// A message was longer than it may be.
pub(crate) const TOO_BIG: u16 = 1009;

/// A request that wants to become a socket.
pub(crate) struct Handshake {
    accept: HeaderValue,
    upgrade: OnUpgrade,
}

impl Handshake {
    /// Reads the request's headers; `None` when it is no such request.
    pub(crate) fn of(headers: &HeaderMap, upgrade: Option<OnUpgrade>) -> Option<Self> {
        let has = |name, word: &str| {
            let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
            values
                .flat_map(|text| text.split(','))
                .any(|part| part.trim().eq_ignore_ascii_case(word))
        };
        let asked = has(CONNECTION, "upgrade")
            && has(UPGRADE, "websocket")
            && headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
        let key = headers.get(SEC_WEBSOCKET_KEY).filter(|_| asked)?;
        let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()?;
        Some(Self { accept, upgrade: upgrade? })
    }

    /// Answers 101, and runs the socket once the client has heard so. A message may have so many bytes.
    pub(crate) fn open<F, A>(self, tasks: &TaskTracker, max_bytes: usize, run: F) -> Response
    where
        F: FnOnce(Socket) -> A + Send + 'static,
        A: Future<Output = ()> + Send + 'static,
    {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            .max_write_buffer_size(2 * WRITE_BUFFER + max_bytes)
            .max_message_size(Some(max_bytes))
            .max_frame_size(Some(max_bytes));
        let Self { accept, upgrade } = self;
        let task = async move {
            match upgrade.await {
                Ok(upgraded) => {
                    let io = TokioIo::new(upgraded);
                    run(Socket::from_raw_socket(io, Role::Server, Some(config)).await).await;
                }
                Err(error) => tracing::debug!(%error, "a socket was not opened"),
            }
        };
        tasks.spawn(task.instrument(tracing::Span::current()));
        let mut response = Response::default();
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        response
    }

    /// The refusal of a request that is none.
    pub(crate) fn required() -> Failure {
        Failure::new(
            StatusCode::UPGRADE_REQUIRED,
            "websocket_required",
            "this address is a WebSocket; connect to it with a WebSocket client",
        )
        .with_header(UPGRADE, HeaderValue::from_static("websocket"))
    }
}

/// Reads on for a moment: a client that is still writing when the connection closes would never see
/// why it was closed.
pub(crate) async fn drain(socket: &mut Socket, largest: usize) {
    let reading = async {
        let mut rest = vec![0; READ_BUFFER];
        let mut left = largest.saturating_mul(8);
        while let Ok(read @ 1..) = socket.get_mut().read(&mut rest).await {
            left = left.saturating_sub(read);
            if left == 0 {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(DRAIN, reading).await;
}

/// The frame that closes a socket.
pub(crate) fn closing(code: u16, reason: &'static str) -> Message {
    Message::Close(Some(CloseFrame { code: code.into(), reason: reason.into() }))
}

/// Whether a message was longer than it may be.
pub(crate) fn is_too_big(error: &Error) -> bool {
    matches!(error, Error::Capacity(_))
}
