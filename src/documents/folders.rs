//! Watched folders: named by a person, kept in step by file events and by a look from time to time.
//! A folder that vanishes keeps its documents; they are told apart by their path.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::Documents;
use super::types::{FolderState, Skipped, WatchedFolder};
use super::{collections, queries};
use crate::base::{Caller, CollectionId, FolderId, Timestamp, UserId};
use crate::error::Error;

/// Files that were passed over, of which the reasons are kept.
pub(super) const SKIPPED_SHOWN: usize = 20;

const COLUMNS: &str = "f.seq, f.owner, f.id, f.path,
    (SELECT id FROM collections WHERE seq = f.collection), f.state, f.error, f.skipped,
    f.scanned_at, f.created_at,
    (SELECT count(*) FROM documents WHERE folder = f.seq AND deleted_at IS NULL), f.collection";

/// A watched folder with what only this module needs of it.
#[derive(Debug, Clone)]
pub(super) struct FolderRow {
    pub(super) seq: i64,
    pub(super) owner: UserId,
    pub(super) collection: Option<i64>,
    pub(super) folder: WatchedFolder,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<FolderRow> {
    let skipped: String = row.get(7)?;
    Ok(FolderRow {
        seq: row.get(0)?,
        owner: row.get(1)?,
        collection: row.get(11)?,
        folder: WatchedFolder {
            id: row.get(2)?,
            path: row.get(3)?,
            collection_id: row.get(4)?,
            state: row.get(5)?,
            error: row.get(6)?,
            documents: row.get(10)?,
            skipped: serde_json::from_str(&skipped).unwrap_or_default(),
            scanned_at: row.get(8)?,
            created_at: row.get(9)?,
        },
    })
}

/// Every watched folder, whoever named it.
pub(super) fn list_all(db: &Connection) -> rusqlite::Result<Vec<FolderRow>> {
    let mut statement =
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM watched_folders f ORDER BY f.seq"))?;
    let rows = statement.query_map([], from_row)?;
    rows.collect()
}

fn find(db: &Connection, owner: UserId, id: FolderId) -> Result<FolderRow, Error> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM watched_folders f WHERE f.id = ? AND f.owner = ?"
    ))?
    .query_row(params![id, owner], from_row)
    .optional()?
    .ok_or(Error::not_found("watched folder"))
}

/// Says how a folder is.
pub(super) fn update_state(
    tx: &Connection,
    seq: i64,
    state: FolderState,
    error: Option<&str>,
) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE watched_folders SET state = ?, error = ? WHERE seq = ?")?
        .execute(params![state, error, seq])
        .map(drop)
}

/// Keeps what a look through a folder found.
pub(super) fn update_scanned(
    tx: &Connection,
    seq: i64,
    skipped: &[Skipped],
) -> rusqlite::Result<()> {
    let skipped = serde_json::to_string(skipped).unwrap_or_else(|_| "[]".to_owned());
    tx.prepare_cached(
        "UPDATE watched_folders SET state = 'watching', error = NULL, skipped = ?, scanned_at = ?
         WHERE seq = ?",
    )?
    .execute(params![skipped, Timestamp::now(), seq])
    .map(drop)
}

/// A document that came from a folder.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) seq: i64,
    pub(super) source: String,
    pub(super) hash: String,
    pub(super) size_bytes: u64,
    /// The file's time when it was read; none when it had vanished.
    pub(super) modified: Option<i64>,
    pub(super) in_trash: bool,
}

/// The documents that came from a folder.
pub(super) fn list_documents(db: &Connection, folder: i64) -> rusqlite::Result<Vec<Known>> {
    let mut statement = db.prepare_cached(
        "SELECT seq, source, hash, size_bytes, source_modified, deleted_at IS NOT NULL
         FROM documents WHERE folder = ? AND source IS NOT NULL",
    )?;
    let rows = statement.query_map([folder], |row| {
        Ok(Known {
            seq: row.get(0)?,
            source: row.get(1)?,
            hash: row.get(2)?,
            size_bytes: row.get(3)?,
            modified: row.get(4)?,
            in_trash: row.get(5)?,
        })
    })?;
    rows.collect()
}

/// Keeps the time of the file that a document was read from.
pub(super) fn update_modified(
    tx: &Connection,
    document: i64,
    modified: Option<i64>,
) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE documents SET source_modified = ? WHERE seq = ?")?
        .execute(params![modified, document])
        .map(drop)
}

impl Documents {
    /// The watched folders, oldest first.
    pub async fn folders(&self, caller: &Caller) -> Result<Vec<WatchedFolder>, Error> {
        let owner = caller.user;
        self.read(move |db| {
            let mut all = list_all(db)?;
            all.retain(|row| row.owner == owner);
            Ok(all.into_iter().map(|row| row.folder).collect())
        })
        .await
    }

    /// Begins to watch a folder of this machine.
    pub async fn watch_folder(
        &self,
        caller: &Caller,
        path: String,
        collection: Option<CollectionId>,
    ) -> Result<WatchedFolder, Error> {
        let path = self.checked_folder(path).await?;
        let (owner, most) = (caller.user, self.inner.live.now().documents.max_folders);
        let written =
            self.inner
                .store
                .write_once(caller, move |tx| {
                    let collection = collections::row(tx, owner, collection)?;
                    let all = list_all(tx)?.into_iter().filter(|row| row.owner == owner);
                    let known: Vec<_> = all.collect();
                    if known.iter().any(|row| row.folder.path == path) {
                        let message = "this folder is watched already".to_owned();
                        return Err(Error::conflict("folder_watched", message));
                    }
                    if known.len() >= most {
                        let message = format!(
                            "{most} folders can be watched (MAX_WATCHED_FOLDERS); let one go first"
                        );
                        return Err(Error::conflict("too_many_folders", message));
                    }
                    let id = FolderId::new();
                    tx.prepare_cached(
                    "INSERT INTO watched_folders (id, owner, path, collection, state, created_at)
                     VALUES (?, ?, ?, ?, 'scanning', ?)",
                )?
                .execute(params![id, owner, path, collection, Timestamp::now()])?;
                    Ok(find(tx, owner, id)?.folder)
                })
                .await?;
        self.inner.folders.notify_one();
        self.announce_library(owner);
        Ok(written.value)
    }

    /// Stops watching a folder; its documents stay, or go to the trash.
    pub async fn unwatch_folder(
        &self,
        caller: &Caller,
        id: FolderId,
        with_documents: bool,
    ) -> Result<(), Error> {
        let owner = caller.user;
        self.inner
            .store
            .write_once(caller, move |tx| {
                let row = find(tx, owner, id)?;
                if with_documents {
                    for known in list_documents(tx, row.seq)? {
                        if !known.in_trash {
                            queries::update_deleted(tx, known.seq, Some(Timestamp::now()))?;
                        }
                    }
                }
                tx.prepare_cached("DELETE FROM watched_folders WHERE seq = ?")?
                    .execute([row.seq])?;
                Ok::<_, Error>(())
            })
            .await?;
        self.inner.folders.notify_one();
        self.announce_library(owner);
        Ok(())
    }

    /// Looks through a folder again now.
    pub async fn scan_folder(&self, caller: &Caller, id: FolderId) -> Result<WatchedFolder, Error> {
        let owner = caller.user;
        let written = self
            .inner
            .store
            .write_once(caller, move |tx| {
                let row = find(tx, owner, id)?;
                update_state(tx, row.seq, FolderState::Scanning, None)?;
                Ok::<_, Error>(find(tx, owner, id)?.folder)
            })
            .await?;
        self.inner.folders.notify_one();
        self.announce_library(owner);
        Ok(written.value)
    }

    /// A folder that is there, by its whole path, and that does not hold our own data.
    async fn checked_folder(&self, path: String) -> Result<String, Error> {
        let data = self.inner.live.now().data_dir.clone();
        let check = move || {
            let given = Path::new(&path);
            if !given.is_absolute() {
                return Err("give the whole path of the folder, for example /home/me/Documents");
            }
            let real = given.canonicalize().map_err(|_| "there is no such folder here")?;
            if !real.is_dir() {
                return Err("this is a file, not a folder; add the file itself");
            }
            std::fs::read_dir(&real).map_err(|_| "this folder cannot be read")?;
            let data = data.canonicalize().unwrap_or(data);
            if data.starts_with(&real) || real.starts_with(&data) {
                return Err("this folder holds Inglenook's own data; choose another");
            }
            real.to_str().map(str::to_owned).ok_or("the path is not written in Unicode")
        };
        tokio::task::spawn_blocking(check)
            .await
            .map_err(|error| Error::internal("looking at a folder", error))?
            .map_err(|reason| Error::invalid("path", reason))
    }
}

/// Stops watching everything that an owner had watched.
pub(super) fn delete_all(tx: &Connection, owner: UserId) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM watched_folders WHERE owner = ?", [owner]).map(drop)
}
