//! The accept loop: connections under deadlines and caps, and a stop that waits for no one for ever.
//! warp's own server has no header timeout, no cap and no deadline at shutdown.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::dispatch::respond;
use super::mcp::Carried;
use super::stall::Stall;
use super::{Tables, tables};
use crate::app::App;

/// The wait after a failed accept, for example when descriptors are used up.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Listening sockets, bound before anything promises to answer.
#[derive(Debug)]
pub struct Listeners {
    sockets: Vec<TcpListener>,
    /// The address that is shown to people.
    pub address: SocketAddr,
}

impl Listeners {
    /// Binds the address; for the loopback of one family also the other's, because `localhost` may
    /// mean either.
    pub async fn bind(host: IpAddr, port: u16) -> io::Result<Self> {
        let first = TcpListener::bind((host, port)).await?;
        let address = first.local_addr()?;
        let other = match host {
            IpAddr::V4(Ipv4Addr::LOCALHOST) => Some(IpAddr::V6(Ipv6Addr::LOCALHOST)),
            IpAddr::V6(Ipv6Addr::LOCALHOST) => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            _ => None,
        };
        let mut sockets = vec![first];
        if let Some(other) = other {
            match TcpListener::bind((other, address.port())).await {
                Ok(second) => sockets.push(second),
                Err(error) => tracing::debug!(%error, "only one loopback family is served"),
            }
        }
        Ok(Self { sockets, address })
    }
}

/// Serves until `stop`, then drains for as long as `grace` allows.
pub async fn serve(
    app: Arc<App>,
    carried: Carried,
    listeners: Listeners,
    stop: CancellationToken,
    grace: Duration,
) {
    let tables = match tables(carried) {
        Ok(tables) => Arc::new(tables),
        Err(error) => {
            tracing::error!(%error, "the route table is malformed");
            return;
        }
    };
    // An event stream is an HTTP connection too; a WebSocket is none any more.
    let (_, normal) = app.connections();
    let reserved = app.config().server.health_reserved_connections;
    let server = Arc::new(Server {
        normal,
        slots: Arc::new(Semaphore::new(normal + reserved)),
        open: AtomicUsize::new(0),
        stop: stop.clone(),
        app,
        tables,
    });
    let tracker = TaskTracker::new();
    for listener in listeners.sockets {
        let (server, stop, connections) = (Arc::clone(&server), stop.clone(), tracker.clone());
        tracker.spawn(async move { accept(server, listener, stop, connections).await });
    }
    stop.cancelled().await;
    tracing::info!("stopped accepting connections");
    tracker.close();
    if tokio::time::timeout(grace, tracker.wait()).await.is_err() {
        tracing::warn!("connections that did not end in time are dropped");
    }
}

struct Server {
    normal: usize,
    slots: Arc<Semaphore>,
    open: AtomicUsize,
    stop: CancellationToken,
    app: Arc<App>,
    tables: Arc<Tables>,
}

async fn accept(
    server: Arc<Server>,
    listener: TcpListener,
    stop: CancellationToken,
    tracker: TaskTracker,
) {
    loop {
        let slot = tokio::select! {
            () = stop.cancelled() => return,
            slot = Arc::clone(&server.slots).acquire_owned() => slot,
        };
        let Ok(slot) = slot else { return };
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let server = Arc::clone(&server);
                tracker.spawn(async move {
                    connection(&server, stream, peer).await;
                    drop(slot);
                });
            }
            Err(error) => {
                // The connection is gone or descriptors are used up; both pass.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(server: &Arc<Server>, stream: TcpStream, peer: SocketAddr) {
    let _ = stream.set_nodelay(true);
    let config = server.app.config();
    let reserved = server.open.fetch_add(1, Ordering::Relaxed) >= server.normal;
    let (app, tables) = (Arc::clone(&server.app), Arc::clone(&server.tables));
    let service = service_fn(move |request| {
        let (app, tables) = (Arc::clone(&app), Arc::clone(&tables));
        async move {
            Ok::<_, std::convert::Infallible>(respond(app, tables, peer, reserved, request).await)
        }
    });
    // HTTP/1.1 and nothing else: the builder that tells protocols apart takes HTTP/2 too, whatever
    // it is set to, once upgrades are allowed, and none of these deadlines and caps hold there.
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(config.server.header_timeout)
        .max_buf_size(config.server.max_header_bytes.max(8192))
        // The few beyond the others are for a question after the health, not to be kept.
        .keep_alive(!reserved)
        .half_close(false);
    let io = TokioIo::new(Stall::new(
        stream,
        config.server.body_timeout,
        config.server.connection_timeout,
    ));
    let mut connection = pin!(builder.serve_connection(io, service).with_upgrades());
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = server.stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(client = %peer, %error, "a connection ended early");
    }
    server.open.fetch_sub(1, Ordering::Relaxed);
}
