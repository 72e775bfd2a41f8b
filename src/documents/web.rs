//! Documents by URL: fetched to the disk as they come, under the rules of `net::fetch`.

use tokio::io::AsyncReadExt as _;

use super::types::Origin;
use super::{Documents, Received};
use crate::base::Caller;
use crate::error::Error;
use crate::net::fetch;

/// Bytes between the network and the disk.
const PIECE: usize = 64 * 1024;

impl Documents {
    /// Fetches what a URL leads to.
    pub async fn fetch(
        &self,
        _caller: &Caller,
        url: &str,
        name: Option<String>,
    ) -> Result<Received, Error> {
        let (mut into, mut from) = tokio::io::duplex(PIECE);
        let incoming = self.receive();
        let fetching = async {
            let fetched = self.inner.fetcher.fetch(url, &mut into).await;
            drop(into);
            fetched
        };
        let keeping = async {
            let mut piece = vec![0; PIECE];
            // A broken pipe of our own cannot be: both ends live here.
            while let Ok(read) = from.read(&mut piece).await {
                if read == 0 {
                    break;
                }
                incoming.push(bytes::Bytes::copy_from_slice(&piece[..read])).await;
            }
            incoming
        };
        let (fetched, incoming) = tokio::join!(fetching, keeping);
        let fetched = fetched.map_err(refused)?;
        let stored = incoming.finish().await?;
        let mut name = name.or(fetched.name).unwrap_or_else(|| "page".to_owned());
        // A page's address rarely has the ending of what it is.
        if fetched.media_type.as_deref() == Some("text/html") && !name.contains(".htm") {
            name.push_str(".html");
        }
        Ok(Received { name, stored, origin: Origin::Url, source: Some(fetched.url) })
    }
}

fn refused(error: fetch::Error) -> Error {
    let (code, message) = (error.code(), error.to_string());
    match error {
        fetch::Error::BadUrl { .. } => Error::invalid("url", message),
        fetch::Error::Private { .. }
        | fetch::Error::Forbidden { .. }
        | fetch::Error::Offline { .. } => Error::Forbidden { code, message },
        fetch::Error::TooLarge { limit_bytes, .. } => Error::TooLarge { message, limit_bytes },
        fetch::Error::NotKept(source) => Error::internal("keeping what was fetched", source),
        fetch::Error::TimedOut { .. } => upstream(code, message, 504),
        _ => upstream(code, message, 502),
    }
}

fn upstream(code: &'static str, message: String, status: u16) -> Error {
    Error::Upstream { code, message, status, retry_after_s: None, details: serde_json::Value::Null }
}
