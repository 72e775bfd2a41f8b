//! The yardstick of serving: hyper on tokio, answering `hello` to everything, or as many bytes as the path
//! says, and doing nothing else.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// As long as an answer that is measured can be.
static BYTES: [u8; 256 * 1024] = [b'x'; 256 * 1024];

/// What `/` and `/1000` are answered with.
fn body(path: &str) -> Full<Bytes> {
    let bytes = path[1..].parse().map_or(&b"hello"[..], |count: usize| &BYTES[..count]);
    Full::new(Bytes::from_static(bytes))
}

/// Serves until it is killed.
pub fn serve() -> ! {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("listening on http://{}", listener.local_addr().unwrap());
        tokio::spawn(async {
            // The same signal stops the real one.
            let terminate = tokio::signal::unix::SignalKind::terminate();
            tokio::signal::unix::signal(terminate).unwrap().recv().await;
            std::process::exit(0);
        });
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let hello = |request: Request<_>| async move {
                Ok::<_, Infallible>(Response::new(body(request.uri().path())))
            };
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service_fn(hello));
            tokio::spawn(async move {
                // Clients leave when they have measured enough.
                let _ = connection.await;
            });
        }
    })
}
