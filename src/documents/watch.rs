//! Keeping documents in step with watched folders: a look through each when it is named, at the start,
//! after file events have calmed down, and from time to time, for events can be lost. Links are not
//! followed, so nothing outside of the folder is ever read.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;

use super::folders::{self, FolderRow, Known, SKIPPED_SHOWN};
use super::queries::{self, NewRow};
use super::types::{FolderState, Origin, Skipped};
use super::{Documents, check_there, naming};
use crate::base::Timestamp;
use crate::error::Error;
use crate::store::blobs::Stored;

/// Calm after the last file event before a folder is looked through.
const CALM: Duration = Duration::from_millis(300);
/// Events that wait; more of them say nothing new.
const EVENTS: usize = 64;
/// Bytes that are read of a file at a time.
const PIECE: usize = 256 * 1024;

/// A file of a folder.
#[derive(Debug)]
struct Listed {
    path: PathBuf,
    size_bytes: u64,
    /// In ms since 1970.
    modified: i64,
}

/// What a look through a folder found.
#[derive(Debug, Default)]
struct Found {
    files: Vec<Listed>,
    skipped: Vec<Skipped>,
}

impl Found {
    fn skip(&mut self, path: &Path, reason: &str) {
        if self.skipped.len() < SKIPPED_SHOWN {
            let name = path.to_string_lossy().into_owned();
            self.skipped.push(Skipped { name, reason: reason.to_owned() });
        }
    }
}

impl Documents {
    /// Follows the watched folders until the product stops.
    pub(super) async fn follow_folders(self) {
        let (events, mut changed) = mpsc::channel::<()>(EVENTS);
        let mut watched: HashMap<PathBuf, RecommendedWatcher> = HashMap::new();
        loop {
            let rows = self.read(|db| Ok(folders::list_all(db)?)).await.unwrap_or_else(|error| {
                tracing::error!(%error, "the watched folders cannot be read");
                Vec::new()
            });
            watched.retain(|path, _| rows.iter().any(|row| Path::new(&row.folder.path) == path));
            for row in &rows {
                let path = PathBuf::from(&row.folder.path);
                if !path.is_dir() {
                    // A new folder at the same path is another one.
                    watched.remove(&path);
                } else if !watched.contains_key(&path)
                    && let Some(watcher) = watch(&path, events.clone())
                {
                    watched.insert(path, watcher);
                }
                self.look_through(row).await;
            }
            let scan = self.inner.live.now().documents.folder_scan;
            tokio::select! {
                () = self.inner.stop.cancelled() => return,
                () = self.inner.folders.notified() => {}
                Some(()) = changed.recv() => {
                    // A copied tree makes many events: look when it is quiet.
                    while let Ok(Some(())) = tokio::time::timeout(CALM, changed.recv()).await {}
                }
                () = tokio::time::sleep(scan), if !rows.is_empty() => {}
            }
        }
    }

    async fn look_through(&self, row: &FolderRow) {
        let before = row.folder.state;
        let result = self.keep_in_step(row).await;
        let (state, error) = match result {
            Ok(()) => return,
            Err(Trouble::Missing) => (
                FolderState::Missing,
                "the folder is not there; its documents are kept, and it is followed again when it \
                 comes back"
                    .to_owned(),
            ),
            Err(Trouble::Unreadable(error)) => {
                (FolderState::Failed, format!("the folder cannot be read: {error}"))
            }
            Err(Trouble::Ours(error)) => {
                tracing::error!(%error, folder.path = row.folder.path, "a folder was not followed");
                (FolderState::Failed, "its files could not be kept; it is tried again".to_owned())
            }
        };
        if before != state {
            tracing::warn!(folder.path = row.folder.path, "{error}");
        }
        let seq = row.seq;
        let kept = self
            .inner
            .store
            .write(move |tx| Ok::<_, Error>(folders::update_state(tx, seq, state, Some(&error))?));
        if let Err(error) = kept.await {
            tracing::error!(%error, "the state of a folder was not kept");
        }
        if before != state {
            self.announce_library(row.owner);
        }
    }

    async fn keep_in_step(&self, row: &FolderRow) -> Result<(), Trouble> {
        let config = self.inner.live.now();
        let root = PathBuf::from(&row.folder.path);
        let (max_files, max_bytes) =
            (config.documents.folder_max_files, config.documents.max_bytes);
        let mut found =
            tokio::task::spawn_blocking(move || list_files(&root, max_files, max_bytes))
                .await
                .map_err(|error| Trouble::Ours(Error::internal("listing a folder", error)))??;
        let folder = row.seq;
        let known = self.read(move |db| Ok(folders::list_documents(db, folder)?)).await?;
        let mut known: HashMap<String, Known> =
            known.into_iter().map(|known| (known.source.clone(), known)).collect();
        let mut changed = false;
        for file in std::mem::take(&mut found.files) {
            let Some(source) = file.path.to_str().map(str::to_owned) else {
                found.skip(&file.path, "its name is not written in Unicode");
                continue;
            };
            let before = known.remove(&source);
            let as_before = before.as_ref().is_some_and(|known| {
                known.size_bytes == file.size_bytes && known.modified == Some(file.modified)
            });
            if as_before {
                continue;
            }
            if self.inner.stop.is_cancelled() {
                return Ok(());
            }
            match self.take_file(&file.path).await {
                Ok(stored) => {
                    let kept = self.keep_file(row, source, file.modified, stored, before);
                    changed |= kept.await?;
                }
                Err(Unread::File(error)) => found.skip(&file.path, &error.to_string()),
                Err(Unread::Store(error)) => return Err(Trouble::Ours(error)),
            }
        }
        // What is no longer there goes to the trash, from which it can be had back.
        let gone: Vec<i64> =
            known.into_values().filter(|known| !known.in_trash).map(|known| known.seq).collect();
        changed |= !gone.is_empty();
        let (skipped, seq) = (found.skipped, row.seq);
        let news = row.folder.state != FolderState::Watching || row.folder.skipped != skipped;
        let trashed = gone.clone();
        self.inner
            .store
            .write(move |tx| {
                for document in trashed {
                    queries::update_deleted(tx, document, Some(Timestamp::now()))?;
                    folders::update_modified(tx, document, None)?;
                }
                Ok::<_, Error>(folders::update_scanned(tx, seq, &skipped)?)
            })
            .await?;
        for seq in gone {
            self.tell(seq).await;
        }
        if changed || news {
            self.announce_library(row.owner);
        }
        if changed {
            self.inner.work.notify_one();
        }
        Ok(())
    }

    /// Brings the bytes of a file to where documents are kept.
    async fn take_file(&self, path: &Path) -> Result<Stored, Unread> {
        let mut file = tokio::fs::File::open(path).await?;
        let incoming = self.receive();
        let mut piece = vec![0; PIECE];
        loop {
            let read = file.read(&mut piece).await?;
            if read == 0 {
                break;
            }
            incoming.push(Bytes::copy_from_slice(&piece[..read])).await;
        }
        incoming.finish().await.map_err(|error| Unread::Store(error.into()))
    }

    /// A file that is new or other than before becomes a document or changes one; says whether.
    async fn keep_file(
        &self,
        row: &FolderRow,
        source: String,
        modified: i64,
        stored: Stored,
        before: Option<Known>,
    ) -> Result<bool, Error> {
        let (owner, folder, collection) = (row.owner, row.seq, row.collection);
        let name = naming::shown(&source);
        let blobs = self.inner.blobs.clone();
        let kept = self
            .inner
            .store
            .write(move |tx| {
                check_there(&blobs, &stored)?;
                let changed = match before {
                    Some(known) => {
                        let came_back = known.in_trash && known.modified.is_none();
                        let other = known.hash != stored.hash;
                        if other {
                            queries::update_bytes(tx, known.seq, &stored)?;
                        }
                        if known.in_trash && (other || came_back) {
                            queries::update_deleted(tx, known.seq, None)?;
                        }
                        folders::update_modified(tx, known.seq, Some(modified))?;
                        (other || came_back).then_some(known.seq)
                    }
                    None => {
                        let row = NewRow {
                            name,
                            stored,
                            origin: Origin::Folder,
                            source: Some(source),
                            collection,
                            folder: Some(folder),
                        };
                        queries::insert(tx, owner, &row)?;
                        let seq = tx.last_insert_rowid();
                        folders::update_modified(tx, seq, Some(modified))?;
                        Some(seq)
                    }
                };
                Ok::<_, Error>(changed)
            })
            .await?;
        if let Some(seq) = kept {
            self.tell(seq).await;
            self.inner.work.notify_one();
        }
        Ok(kept.is_some())
    }
}

/// Why a folder was not kept in step.
enum Trouble {
    Missing,
    Unreadable(std::io::Error),
    Ours(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

/// Why a file was not taken.
enum Unread {
    File(std::io::Error),
    Store(Error),
}

impl From<std::io::Error> for Unread {
    fn from(error: std::io::Error) -> Self {
        Self::File(error)
    }
}

fn watch(path: &Path, events: mpsc::Sender<()>) -> Option<RecommendedWatcher> {
    let tell = move |_: notify::Result<notify::Event>| {
        // A full channel says already that something happened.
        let _ = events.try_send(());
    };
    let watcher = notify::recommended_watcher(tell).and_then(|mut watcher| {
        watcher.watch(path, RecursiveMode::Recursive)?;
        Ok(watcher)
    });
    watcher
        .inspect_err(|error| {
            tracing::warn!(%error, folder.path = %path.display(),
                "changes of this folder are not told; it is looked through from time to time");
        })
        .ok()
}

/// The files of a folder and those below it, without hidden ones and without following links.
fn list_files(root: &Path, max_files: usize, max_bytes: u64) -> Result<Found, Trouble> {
    if !root.is_dir() {
        return Err(Trouble::Missing);
    }
    let mut found = Found::default();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if folder == root => return Err(Trouble::Unreadable(error)),
            Err(error) => {
                found.skip(&folder, &error.to_string());
                continue;
            }
        };
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let hidden = name.to_string_lossy().starts_with(['.', '~']);
            let Ok(kind) = entry.file_type() else { continue };
            if hidden || kind.is_symlink() {
                continue;
            }
            if kind.is_dir() {
                folders.push(path);
                continue;
            }
            let Ok(facts) = entry.metadata() else { continue };
            if !kind.is_file() || facts.len() == 0 {
                continue;
            }
            if facts.len() > max_bytes {
                let limit = max_bytes / 1024 / 1024;
                found.skip(&path, &format!("it is larger than {limit} MB (MAX_UPLOAD_MB)"));
            } else if found.files.len() >= max_files {
                found.skip(
                    &path,
                    &format!("there are more than {max_files} files (FOLDER_MAX_FILES)"),
                );
            } else {
                let modified = facts.modified().ok();
                let since = modified.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
                let modified =
                    since.and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or(0);
                found.files.push(Listed { path, size_bytes: facts.len(), modified });
            }
        }
    }
    found.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_without_links_hidden_ones_and_large_ones() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir(root.join("inner")).unwrap();
        std::fs::create_dir(root.join(".git")).unwrap();
        for (name, text) in [
            ("a.txt", "a"),
            ("inner/b.md", "b"),
            (".hidden", "h"),
            (".git/config", "g"),
            ("~lock.docx", "l"),
            ("empty.txt", ""),
            ("large.txt", "0123456789"),
        ] {
            std::fs::write(root.join(name), text).unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/passwd", root.join("link.txt")).unwrap();
        let Ok(found) = list_files(root, 10, 5) else { panic!("the folder is there") };
        let names: Vec<_> =
            found.files.iter().map(|file| file.path.strip_prefix(root).unwrap()).collect();
        assert_eq!(names, [Path::new("a.txt"), Path::new("inner/b.md")]);
        assert_eq!(found.skipped.len(), 1);
        assert!(found.skipped[0].reason.contains("MAX_UPLOAD_MB"));
        let Ok(few) = list_files(root, 1, 5) else { panic!("the folder is there") };
        assert_eq!((few.files.len(), few.skipped.len()), (1, 2));
        assert!(matches!(list_files(&root.join("none"), 1, 1), Err(Trouble::Missing)));
    }
}
