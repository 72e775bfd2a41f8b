//! Large bytes beside the database: files named by the BLAKE3 hash of what they hold, so the same
//! bytes are kept once. A file gets its name only when it is whole and synced; what a crash leaves
//! half-written lies in a folder of its own that is swept at the next start.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Error;
use super::files::{create_private_folder, sync_folder, unusable};

/// Pieces that wait for the disk while more arrive.
const PIECES_WAITING: usize = 8;
/// Bytes gathered before they go to the file.
const BUFFER_BYTES: usize = 256 * 1024;

/// A folder of blobs.
#[derive(Debug, Clone)]
pub struct Blobs {
    folder: Arc<Path>,
}

/// What was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The hash of the bytes, in hex: their name.
    pub hash: String,
    /// How many they are.
    pub size_bytes: u64,
}

/// Bytes on their way in. Dropping it leaves nothing behind.
#[derive(Debug)]
pub struct Incoming {
    pieces: mpsc::Sender<Option<Bytes>>,
    done: JoinHandle<Result<Option<Stored>, Error>>,
}

impl Blobs {
    /// Blobs in a folder, which is made; sweeps what an earlier process left half-written.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let blobs = Self { folder: folder.into() };
        let unfinished = blobs.unfinished();
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(|source| unusable(&unfinished, source))?;
        }
        create_private_folder(&unfinished)?;
        Ok(blobs)
    }

    fn unfinished(&self) -> PathBuf {
        self.folder.join("unfinished")
    }

    /// Where the bytes of a hash are, whether they are there or not.
    pub fn path(&self, hash: &str) -> PathBuf {
        self.folder.join(hash.get(..2).unwrap_or("00")).join(hash)
    }

    /// Whether the bytes of a hash are there.
    pub fn has(&self, hash: &str) -> bool {
        self.path(hash).exists()
    }

    /// A fresh file for bytes that are made here, to be kept with [`Blobs::keep_beside`].
    pub fn scratch(&self) -> PathBuf {
        self.unfinished().join(uuid::Uuid::now_v7().simple().to_string())
    }

    /// Gives a finished scratch file its name: what belongs to a hash, told apart by an ending.
    pub fn keep_beside(&self, scratch: &Path, hash: &str, ending: &str) -> Result<(), Error> {
        let target = self.beside(hash, ending);
        keep(scratch, &target).map_err(|source| unusable(&target, source))
    }

    /// Where what belongs to a hash is.
    pub fn beside(&self, hash: &str, ending: &str) -> PathBuf {
        self.path(hash).with_extension(ending)
    }

    /// Takes in bytes as they come.
    pub fn receive(&self) -> Incoming {
        let (pieces, mut waiting) = mpsc::channel::<Option<Bytes>>(PIECES_WAITING);
        let (blobs, scratch) = (self.clone(), self.scratch());
        let done = tokio::task::spawn_blocking(move || {
            let mut stored = || -> io::Result<Option<Stored>> {
                let mut file = BufWriter::with_capacity(BUFFER_BYTES, create(&scratch)?);
                let mut hash = blake3::Hasher::new();
                let mut size_bytes = 0;
                while let Some(piece) = waiting.blocking_recv() {
                    let Some(piece) = piece else {
                        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                        file.sync_all()?;
                        drop(file);
                        let hash = hash.finalize().to_hex().to_string();
                        keep(&scratch, &blobs.path(&hash))?;
                        return Ok(Some(Stored { hash, size_bytes }));
                    };
                    hash.update(&piece);
                    size_bytes += piece.len() as u64;
                    file.write_all(&piece)?;
                }
                Ok(None)
            };
            let stored = stored();
            if !matches!(stored, Ok(Some(_))) {
                // It may never have been made.
                let _ = fs::remove_file(&scratch);
            }
            stored.map_err(|source| unusable(&scratch, source))
        });
        Incoming { pieces, done }
    }

    /// Deletes the bytes of a hash and what belongs to them.
    pub fn remove(&self, hash: &str, endings: &[&str]) -> Result<(), Error> {
        let beside = endings.iter().map(|ending| self.beside(hash, ending));
        for path in std::iter::once(self.path(hash)).chain(beside) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(unusable(&path, error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Every hash that has a file; slow on a large folder.
    pub fn hashes(&self) -> Result<Vec<String>, Error> {
        let list = |folder: &Path| -> Result<Vec<PathBuf>, Error> {
            fs::read_dir(folder)
                .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
                .map_err(|source| unusable(folder, source))
        };
        let mut found = Vec::new();
        for folder in list(&self.folder)? {
            if !folder.is_dir() || folder == self.unfinished() {
                continue;
            }
            let names = list(&folder)?.into_iter();
            found.extend(names.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())));
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}

impl Incoming {
    /// Takes in some bytes; waits while the disk is behind. An error of the disk is told by
    /// [`Incoming::finish`].
    pub async fn push(&self, piece: Bytes) {
        let _ = self.pieces.send(Some(piece)).await;
    }

    /// Brings everything to the disk and says what it is called.
    pub async fn finish(self) -> Result<Stored, Error> {
        let _ = self.pieces.send(None).await;
        drop(self.pieces);
        self.done.await.map_err(|_| Error::Panicked)??.ok_or(Error::Closed)
    }
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Gives a whole file its name, and makes sure that the name lasts.
fn keep(scratch: &Path, target: &Path) -> io::Result<()> {
    let folder = target.parent().unwrap_or(target);
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let fresh = !folder.exists();
    builder.create(folder)?;
    fs::rename(scratch, target)?;
    sync_folder(folder)?;
    if fresh && let Some(above) = folder.parent() {
        sync_folder(above)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_come_in_pieces_and_are_kept_once() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        let mut names = Vec::new();
        for _ in 0..2 {
            let incoming = blobs.receive();
            incoming.push(Bytes::from_static(b"one ")).await;
            incoming.push(Bytes::from_static(b"two")).await;
            names.push(incoming.finish().await.unwrap());
        }
        assert_eq!(names[0], names[1]);
        assert_eq!(names[0].size_bytes, 7);
        assert_eq!(fs::read(blobs.path(&names[0].hash)).unwrap(), b"one two");
        assert_eq!(blobs.hashes().unwrap(), [names[0].hash.clone()]);
        blobs.remove(&names[0].hash, &["txt"]).unwrap();
        assert!(blobs.hashes().unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_broke_off_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        let incoming = blobs.receive();
        incoming.push(Bytes::from_static(b"half")).await;
        let Incoming { pieces, done } = incoming;
        drop(pieces);
        assert_eq!(done.await.unwrap().unwrap(), None);
        assert_eq!(fs::read_dir(blobs.unfinished()).unwrap().count(), 0);
        fs::write(blobs.scratch(), b"left by a crash").unwrap();
        let again = Blobs::open(folder.path()).unwrap();
        assert_eq!(fs::read_dir(again.unfinished()).unwrap().count(), 0);
    }
}
