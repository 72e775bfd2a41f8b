//! Files and folders that only their owner may open, under any umask.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use super::Error;

/// Makes a folder, and those above it, that only their owner may enter.
pub fn create_private_folder(path: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| unusable(path, source))
}

/// Makes an empty file that only its owner may read, unless it is there already.
pub fn create_private(path: &Path) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(unusable(path, source)),
    }
}

/// Whether a database is empty beside what is only made when one was opened. (An empty file alone is
/// what a stop in the middle of the very first start leaves.)
pub fn was_emptied(database: &Path) -> bool {
    let empty = fs::metadata(database).is_ok_and(|file| file.len() == 0);
    empty && ["control.key", "snapshots"].iter().any(|name| database.with_file_name(name).exists())
}

/// Writes a small file that only its owner may read, whole or not at all.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let fresh = path.with_extension("new");
    let written = || -> io::Result<()> {
        let _ = fs::remove_file(&fresh);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&fresh)?.write_all(bytes)?;
        fs::rename(&fresh, path)
    };
    written().map_err(|source| unusable(path, source))
}

/// Closes a data folder that others may enter, and what of it is ours: it may have been made, or put
/// back from a backup, by hand. What else lies there is left alone.
pub fn close_to_others(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        if !is_open(folder)? {
            return Ok(());
        }
        restrict(folder, 0o700)?;
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let ours = name
                .to_str()
                .is_some_and(|name| name.starts_with("inglenook.") || OURS.contains(&name));
            if ours {
                close(&entry)?;
            }
        }
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// What stands in a data folder besides the database and the lock.
#[cfg(unix)]
const OURS: [&str; 5] = ["documents", "logs", "snapshots", "secret.key", "control.key"];

#[cfg(unix)]
fn close(entry: &fs::DirEntry) -> io::Result<()> {
    let (kind, path) = (entry.file_type()?, entry.path());
    // Not through links: what they lead to is not ours to change.
    if kind.is_dir() {
        restrict(&path, 0o700)?;
        for inner in fs::read_dir(&path)? {
            close(&inner?)?;
        }
    } else if kind.is_file() {
        restrict(&path, 0o600)?;
    }
    Ok(())
}

#[cfg(unix)]
fn is_open(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// Removes a file, unless it is gone already.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(unusable(path, source)),
        _ => Ok(()),
    }
}

/// Puts on disk which names stand in a folder.
#[cfg(unix)]
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

/// A folder cannot be opened for syncing on Windows; its journal keeps names.
#[cfg(not(unix))]
pub(super) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

pub(super) fn unusable(path: &Path, source: io::Error) -> Error {
    Error::File { path: path.to_owned(), source: Arc::new(source) }
}
