//! The zip container of docx, pptx, xlsx, odt and epub, with a meter on everything that is unpacked.
//!
//! Parts are read as streams; what an archive claims about its sizes is not believed. Archives
//! inside archives are never opened.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read};

use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use super::{Limits, Refusal};

/// Below this a part may be as compressible as it likes: repeated text is no bomb.
const RATIO_FREE_BYTES: u64 = 8 * 1024 * 1024;

pub(super) struct Archive<'f> {
    zip: ZipArchive<&'f mut File>,
    unpacked: Cell<u64>,
    limits: Limits,
}

/// A part, unpacked as it is read, in pieces.
pub(super) type Part<'a, 'f> = BufReader<Metered<'a, 'f>>;

impl<'f> Archive<'f> {
    pub(super) fn open(file: &'f mut File, limits: &Limits) -> Result<Self, Refusal> {
        let zip = ZipArchive::new(file).map_err(|e| refused(&e))?;
        let entries = zip.len();
        if entries > limits.max_archive_entries {
            return Err(Refusal::too_large(format!("it is an archive of {entries} parts")));
        }
        Ok(Self { zip, unpacked: Cell::new(0), limits: limits.clone() })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(name).is_some()
    }

    /// Whether any part has a name that begins so.
    pub(super) fn has_under(&self, folder: &str) -> bool {
        self.zip.file_names_raw().any(|name| name.starts_with(folder.as_bytes()))
    }

    /// A part that may be absent.
    pub(super) fn find(&mut self, name: &str) -> Result<Option<Part<'_, 'f>>, Refusal> {
        let name = name.trim_start_matches('/');
        let Some(index) = self.zip.index_for_name(name) else { return Ok(None) };
        let part = self.zip.by_index(index).map_err(|e| refused(&e))?;
        let packed = part.compressed_size();
        let metered = Metered {
            part,
            packed,
            unpacked: 0,
            all: &self.unpacked,
            max_all: self.limits.max_unpacked_bytes,
            max_ratio: self.limits.max_unpacked_ratio,
        };
        Ok(Some(BufReader::with_capacity(16 * 1024, metered)))
    }

    /// A part without which the document is broken.
    pub(super) fn part(&mut self, name: &str) -> Result<Part<'_, 'f>, Refusal> {
        self.find(name)?.ok_or_else(|| Refusal::broken(format!("a part of it is missing ({name})")))
    }

    /// The beginning of a small part, as text.
    pub(super) fn head(&mut self, name: &str, max: u64) -> Result<Option<String>, Refusal> {
        let Some(part) = self.find(name)? else { return Ok(None) };
        let mut bytes = Vec::new();
        part.take(max).read_to_end(&mut bytes).map_err(|e| Refusal::from_io(&e))?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

/// A part that counts what comes out and stops a bomb.
pub(super) struct Metered<'a, 'f> {
    part: ZipFile<'a, &'f mut File>,
    packed: u64,
    unpacked: u64,
    all: &'a Cell<u64>,
    max_all: u64,
    max_ratio: u64,
}

impl Read for Metered<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.part.read(out).map_err(|e| match e.get_ref() {
            Some(_) => io::Error::new(io::ErrorKind::InvalidData, "a packed part is damaged"),
            None => e,
        })?;
        self.unpacked += read as u64;
        self.all.set(self.all.get() + read as u64);
        if self.all.get() > self.max_all {
            let mib = self.max_all / (1024 * 1024);
            return Err(Refusal::too_large(format!("it unpacks to more than {mib} MB")).into());
        }
        let allowed = self.packed.max(1).saturating_mul(self.max_ratio);
        if self.unpacked > RATIO_FREE_BYTES && self.unpacked > allowed {
            let ratio = self.max_ratio;
            let reason = format!("a part of it unpacks to more than {ratio} times its size");
            return Err(Refusal::too_large(reason).into());
        }
        Ok(read)
    }
}

fn refused(error: &ZipError) -> Refusal {
    match error {
        ZipError::Io(io) => Refusal::from_io(io),
        ZipError::UnsupportedArchive(text) if text.contains("assword") => encrypted(),
        ZipError::InvalidPassword => encrypted(),
        ZipError::CompressionMethodNotSupported(_) => {
            Refusal::new("unsupported", "it is packed by a method that documents do not use")
        }
        _ => Refusal::broken("the file is damaged or cut short: its parts cannot be found"),
    }
}

fn encrypted() -> Refusal {
    Refusal::new(
        "encrypted",
        "it is protected with a password: save it without one and add it again",
    )
}
