//! Puts a copy of the database in its place. What was there is kept beside it, and a copy that is not
//! sound, or not ours, changes nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rusqlite::{Connection, OpenFlags};

use super::files::{create_private, create_private_folder, remove, sync_folder, unusable};
use super::{Error, migrate};
use crate::base::Timestamp;

/// A copy that can be put back.
#[derive(Debug)]
pub struct Copy {
    /// Where it is.
    pub path: PathBuf,
    /// When it was last written.
    pub made_at: Timestamp,
    /// How large it is.
    pub bytes: u64,
}

/// The copies that were made of a database, newest first.
pub fn copies(database: &Path) -> Result<Vec<Copy>, Error> {
    let folder = database.with_file_name("snapshots");
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(unusable(&folder, source)),
    };
    let mut copies: Vec<Copy> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let facts = fs::metadata(&path).ok()?;
            let since = facts.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
            let made_at = Timestamp::from_ms(i64::try_from(since.as_millis()).ok()?);
            let ours = path.extension().is_some_and(|ending| ending == "db") && facts.len() > 0;
            ours.then_some(Copy { path, made_at, bytes: facts.len() })
        })
        .collect();
    copies.sort_by(|a, b| b.made_at.cmp(&a.made_at).then_with(|| b.path.cmp(&a.path)));
    Ok(copies)
}

/// Puts a copy where the database is, which nobody may have open; says where what was there is kept.
pub fn restore(copy: &Path, database: &Path) -> Result<Option<PathBuf>, Error> {
    let fresh = database.with_extension("db-restored");
    remove(&fresh)?;
    rewrite(copy, &fresh)?;
    let kept = set_aside(database)?;
    let folder = database.parent().unwrap_or(Path::new("."));
    fs::rename(&fresh, database)
        .and_then(|()| sync_folder(folder))
        .map_err(|source| unusable(database, source))?;
    Ok(kept)
}

/// Writes what a sound copy holds, and what its log may hold besides, into a file of its own.
#[expect(clippy::disallowed_methods, reason = "a copy is opened here and nowhere else")]
fn rewrite(copy: &Path, fresh: &Path) -> Result<(), Error> {
    fs::metadata(copy).map_err(|source| unusable(copy, source))?;
    let db = Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let found: usize = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let ours = db.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE name IN ('conversations', 'messages')",
        [],
        |row| Ok(row.get::<_, u32>(0)? == 2),
    )?;
    let known = migrate::STEPS.len();
    if found > known {
        return Err(Error::Newer { found, known });
    }
    let first: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if !ours || first != "ok" {
        return Err(Error::NoCopy { path: copy.to_owned() });
    }
    write_copy(&db, fresh)
}

/// Writes everything that a database holds into a file that is not there yet, and syncs it.
pub(super) fn write_copy(db: &Connection, target: &Path) -> Result<(), Error> {
    create_private(target)?;
    db.execute("VACUUM INTO ?", [target.to_string_lossy()])?;
    let synced = fs::OpenOptions::new().write(true).open(target).and_then(|file| file.sync_all());
    synced.map_err(|source| unusable(target, source))
}

/// Keeps the database that is there, and its log, in a folder beside it. The database itself stays in
/// its place too, so that at no moment there is none: a start would make a fresh one. A log goes also
/// where its database is gone: it would be taken for the copy's.
fn set_aside(database: &Path) -> Result<Option<PathBuf>, Error> {
    let logs = ["db-wal", "db-shm"].map(|ending| database.with_extension(ending));
    if !database.exists() && !logs.iter().any(|log| log.exists()) {
        return Ok(None);
    }
    let folder = database.with_file_name(format!("replaced-{}", Timestamp::now().as_ms()));
    create_private_folder(&folder)?;
    let to = |from: &Path| folder.join(from.file_name().unwrap_or_default());
    if database.exists() {
        fs::hard_link(database, to(database))
            .or_else(|_| fs::copy(database, to(database)).map(drop))
            .map_err(|source| unusable(database, source))?;
    }
    for path in logs {
        match fs::rename(&path, to(&path)) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(unusable(&path, source));
            }
            _ => {}
        }
    }
    Ok(Some(folder))
}
