//! The body of an answer on its way into a writer. What travels and what it unpacks to are counted
//! apart, for a small packed body can hold an endless one; never more than one slice's worth of
//! either is in memory.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;
use http::header;
use reqwest::Response;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::Error;

/// What is unpacked at a time. Deflate makes at most 1032 bytes of one, so 1 MB comes of this.
const SLICE_BYTES: usize = 1024;

/// Writes the body into `into` and says how many bytes it was, unpacked.
pub(super) async fn copy<W>(
    mut response: Response,
    host: &str,
    max_bytes: u64,
    into: &mut W,
) -> Result<u64, Error>
where
    W: AsyncWrite + Unpin + Send,
{
    let too_large = || Error::TooLarge { host: host.to_owned(), limit_bytes: max_bytes };
    let bad = || Error::BadEncoding { host: host.to_owned() };
    let mut gzip = is_gzip(&response).ok_or_else(bad)?.then(|| {
        let room = Room { bytes: Vec::new(), left: max_bytes, full: false };
        MultiGzDecoder::new(room)
    });
    if response.content_length().is_some_and(|said| said > max_bytes) {
        return Err(too_large());
    }
    let (mut travelled, mut written) = (0_u64, 0_u64);
    let broke_off = |_| Error::BrokeOff { host: host.to_owned() };
    while let Some(part) = response.chunk().await.map_err(broke_off)? {
        travelled = travelled.saturating_add(part.len() as u64);
        if travelled > max_bytes {
            return Err(too_large());
        }
        let Some(decoder) = &mut gzip else {
            into.write_all(&part).await.map_err(Error::NotKept)?;
            continue;
        };
        for slice in part.chunks(SLICE_BYTES) {
            if decoder.write_all(slice).is_err() {
                return Err(if decoder.get_ref().full { too_large() } else { bad() });
            }
            written += empty(&mut decoder.get_mut().bytes, into).await?;
        }
    }
    match gzip {
        None => written = travelled,
        // Nothing at all is a well packed nothing to some servers.
        Some(_) if travelled == 0 => {}
        Some(mut decoder) => {
            if decoder.try_finish().is_err() {
                return Err(if decoder.get_ref().full { too_large() } else { bad() });
            }
            written += empty(&mut decoder.get_mut().bytes, into).await?;
        }
    }
    into.flush().await.map_err(Error::NotKept)?;
    Ok(written)
}

async fn empty<W>(bytes: &mut Vec<u8>, into: &mut W) -> Result<u64, Error>
where
    W: AsyncWrite + Unpin + Send,
{
    into.write_all(bytes).await.map_err(Error::NotKept)?;
    let count = bytes.len() as u64;
    bytes.clear();
    Ok(count)
}

/// Whether the body is packed; `None` when in a way that nobody asked for.
fn is_gzip(response: &Response) -> Option<bool> {
    let mut all = response.headers().get_all(header::CONTENT_ENCODING).iter();
    let Some(first) = all.next() else { return Some(false) };
    let said = first.to_str().ok()?.trim().to_ascii_lowercase();
    match (said.as_str(), all.next()) {
        ("" | "identity", None) => Some(false),
        ("gzip" | "x-gzip", None) => Some(true),
        _ => None,
    }
}

/// Takes what is unpacked, as long as there is room.
struct Room {
    bytes: Vec<u8>,
    left: u64,
    full: bool,
}

impl Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(left) = self.left.checked_sub(bytes.len() as u64) else {
            self.full = true;
            return Err(io::Error::other("no room"));
        };
        self.left = left;
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
