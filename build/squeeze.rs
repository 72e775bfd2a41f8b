//! Writes every file with its compressed siblings `.br` and `.gz`, where those are smaller. What was compressed
//! once is remembered by its hash, so that an edit costs only the file that changed.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use super::Files;

/// A file of the page, as the index names it.
pub(crate) struct Entry {
    /// With forward slashes, from the root of the site.
    pub(crate) path: String,
    /// Of the plain content: the base of its `ETags`.
    pub(crate) hash: String,
    /// For `Content-Type`.
    pub(crate) mime: &'static str,
    /// Whether `path.br` is there.
    pub(crate) brotli: bool,
    /// Whether `path.gz` is there.
    pub(crate) gzip: bool,
}

/// Smaller files gain nothing over one network packet.
const LEAST_BYTES: usize = 256;

/// The short hash behind `?v=`.
pub(crate) fn version(bytes: &[u8]) -> String {
    hash(bytes)[..10].to_owned()
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..32].to_owned()
}

/// Writes all files below `out/assets`; `compress` is off where the files are not served.
pub(crate) fn write(files: &Files, out: &Path, compress: bool) -> io::Result<Vec<Entry>> {
    let folder = out.join("assets");
    let memory = out.join("assets_squeezed");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&memory)?;
    let all: Vec<_> = files.iter().collect();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        while let Some((path, bytes)) =
            all.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
        {
            entries.push(write_one(path, bytes, &folder, &memory, compress)?);
        }
        Ok(entries)
    };
    let parts = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let join = |worker: std::thread::ScopedJoinHandle<'_, io::Result<Vec<Entry>>>| {
            worker.join().map_err(|_| io::Error::other("a worker died"))?
        };
        workers.into_iter().map(join).collect::<io::Result<Vec<_>>>()
    })?;
    let mut entries: Vec<_> = parts.into_iter().flatten().collect();
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(entries)
}

fn write_one(
    path: &str,
    bytes: &[u8],
    folder: &Path,
    memory: &Path,
    compress: bool,
) -> io::Result<Entry> {
    let target = path.split('/').fold(folder.to_path_buf(), |target, part| target.join(part));
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(&target, bytes)?;
    let (mime, text) = mime(path);
    let hash = hash(bytes);
    let mut entry = Entry { path: path.to_owned(), hash, mime, brotli: false, gzip: false };
    if compress && text && bytes.len() >= LEAST_BYTES {
        let sibling = |extension: &str| folder.join(format!("{path}.{extension}"));
        entry.brotli =
            keep(bytes, &sibling("br"), &memory.join(format!("{}.br", entry.hash)), brotli)?;
        entry.gzip = keep(bytes, &sibling("gz"), &memory.join(format!("{}.gz", entry.hash)), gzip)?;
    }
    Ok(entry)
}

/// Writes the compressed form, from memory where it was made before; answers whether it is worth having.
fn keep(
    bytes: &[u8],
    target: &Path,
    memory: &Path,
    squeeze: fn(&[u8]) -> io::Result<Vec<u8>>,
) -> io::Result<bool> {
    let squeezed = match fs::read(memory) {
        Ok(known) if !known.is_empty() => known,
        _ => {
            let squeezed = squeeze(bytes)?;
            fs::write(memory, &squeezed)?;
            squeezed
        }
    };
    let smaller = squeezed.len() < bytes.len();
    if smaller {
        fs::write(target, squeezed)?;
    }
    Ok(smaller)
}

fn brotli(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 1 << 16, 11, 22);
    writer.write_all(bytes)?;
    writer.flush()?;
    Ok(writer.into_inner())
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes)?;
    writer.finish()
}

/// Whether a path is a page.
pub(crate) fn is_page(path: &str) -> bool {
    mime(path).0.starts_with("text/html")
}

/// The media type by extension, and whether it is text that compresses.
fn mime(path: &str) -> (&'static str, bool) {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => ("text/html; charset=utf-8", true),
        "js" => ("text/javascript; charset=utf-8", true),
        "css" => ("text/css; charset=utf-8", true),
        "svg" => ("image/svg+xml", true),
        "webmanifest" => ("application/manifest+json", true),
        "json" => ("application/json", true),
        "md" | "txt" => ("text/plain; charset=utf-8", true),
        "png" => ("image/png", false),
        "woff2" => ("font/woff2", false),
        _ => ("application/octet-stream", false),
    }
}
