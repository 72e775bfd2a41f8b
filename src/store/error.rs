//! What can go wrong with the database, told apart by what a caller can do about it.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::ErrorCode;
use rusqlite::ffi;

use super::indexes;

/// A failure of the database. `Clone`, because one failed commit is the answer to many writers.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Nothing was written: the disk is full, or the file may not grow.
    #[error("the disk is full")]
    DiskFull(#[source] Arc<rusqlite::Error>),
    /// Nothing was written: the folder or file became read-only.
    #[error("the data folder cannot be written")]
    ReadOnly(#[source] Arc<rusqlite::Error>),
    /// The sync of a commit failed: whether it is on disk is not known.
    #[error("the disk did not confirm the write")]
    OutcomeUnknown(#[source] Arc<rusqlite::Error>),
    /// The file is damaged or not a database.
    #[error("the database file is damaged")]
    Corrupt(#[source] Arc<rusqlite::Error>),
    /// An index of words does not fit together; it is made anew, from texts that are all there.
    #[error("an index of words is damaged")]
    Index(#[source] Arc<rusqlite::Error>),
    /// Nothing was written: the file was found to be damaged before.
    #[error("the database file is damaged and only read")]
    Damaged,
    /// Somebody else holds the database for too long.
    #[error("the database is busy")]
    Busy,
    /// The store is closing.
    #[error("the database is closing")]
    Closed,
    /// The key was used before, for another request.
    #[error("this idempotency key was used for another request")]
    KeyReused,
    /// Made by a newer version of the program.
    #[error("the database has schema version {found}, this program knows versions up to {known}")]
    Newer {
        /// The version in the file.
        found: usize,
        /// The newest version this program knows.
        known: usize,
    },
    /// An empty file where a database was: a fresh one in its place would hide that it is gone.
    #[error(
        "the file is empty, though this folder was in use; to begin anew, move the empty file away"
    )]
    Emptied,
    /// What is to be put in the database's place is no whole copy of one.
    #[error("{path} is not a sound copy of an Inglenook database")]
    NoCopy {
        /// Which file.
        path: PathBuf,
    },
    /// A schema change failed; the file is as it was before.
    #[error("the database could not be upgraded")]
    Migration(#[source] Arc<rusqlite_migration::Error>),
    /// A file or folder of the store cannot be used.
    #[error("cannot use {path}")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// A stored value that this program cannot read.
    #[error("a stored {what} cannot be read")]
    Unreadable {
        /// Which value.
        what: &'static str,
        /// Why not.
        #[source]
        source: Arc<serde_json::Error>,
    },
    /// A bug, ours or SQLite's.
    #[error("the database answered with an error")]
    Sqlite(#[source] Arc<rusqlite::Error>),
    /// No reader came free.
    #[error("no database reader is free")]
    Pool(#[source] Arc<r2d2::Error>),
    /// The work on the database panicked; it was rolled back.
    #[error("the work on the database panicked")]
    Panicked,
}

/// What work on the database may fail with: the database's own failure, or more.
pub trait WorkError: From<Error> + Send + 'static {
    /// The database's own failure, if it was that.
    fn of_store(&self) -> Option<&Error>;
}

impl WorkError for Error {
    fn of_store(&self) -> Option<&Error> {
        Some(self)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        if indexes::is_damage(&error) {
            return Self::Index(Arc::new(error));
        }
        let Some(code) = error.sqlite_error().copied() else {
            return Self::Sqlite(Arc::new(error));
        };
        match (code.code, code.extended_code) {
            // A limit on the file's size shows as a failed write, a full disk under the
            // shared-memory file as a failed resize.
            (ErrorCode::DiskFull, _) | (_, ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_SHMSIZE) => {
                Self::DiskFull(Arc::new(error))
            }
            (_, ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC) => {
                Self::OutcomeUnknown(Arc::new(error))
            }
            (ErrorCode::ReadOnly | ErrorCode::CannotOpen, _) => Self::ReadOnly(Arc::new(error)),
            (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _) => {
                Self::Corrupt(Arc::new(error))
            }
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Self::Busy,
            _ => Self::Sqlite(Arc::new(error)),
        }
    }
}

impl From<r2d2::Error> for Error {
    fn from(error: r2d2::Error) -> Self {
        Self::Pool(Arc::new(error))
    }
}
