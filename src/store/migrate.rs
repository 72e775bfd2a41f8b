//! Brings the file to this program's schema: numbered SQL files, each in one transaction, with a
//! snapshot of the file taken before the first. A shipped file is never edited; `user_version`
//! counts those that ran.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use super::Error;
use super::files::{create_private_folder, remove, sync_folder, unusable};
use super::restore::write_copy;
use crate::base::Timestamp;

/// Every schema change, oldest first.
pub(super) const STEPS: &[&str] = &[
    include_str!("migrations/0001_conversations.sql"),
    include_str!("migrations/0002_providers.sql"),
    include_str!("migrations/0003_documents.sql"),
    include_str!("migrations/0004_notes.sql"),
    include_str!("migrations/0005_auth.sql"),
    include_str!("migrations/0006_outbound.sql"),
    include_str!("migrations/0007_messages_by_time.sql"),
    include_str!("migrations/0008_bus.sql"),
    include_str!("migrations/0009_webhooks.sql"),
    include_str!("migrations/0010_nodes.sql"),
    include_str!("migrations/0011_tools.sql"),
    include_str!("migrations/0012_deliveries.sql"),
    include_str!("migrations/0013_leaves.sql"),
    include_str!("migrations/0014_reranker.sql"),
    include_str!("migrations/0015_vectors.sql"),
];

/// Runs what has not run yet.
pub(super) fn to_latest(db: &mut Connection, path: &Path, kept: usize) -> Result<(), Error> {
    let found: u32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let (found, known) = (usize::try_from(found).unwrap_or(usize::MAX), STEPS.len());
    if found > known {
        return Err(Error::Newer { found, known });
    }
    if found == known {
        return Ok(());
    }
    if found > 0 {
        tracing::info!("the database gets a new schema; with much in it this takes a while");
        snapshot(db, path, found, kept)?;
    }
    Migrations::new(STEPS.iter().map(|sql| M::up(sql)).collect())
        .to_latest(db)
        .map_err(|error| Error::Migration(Arc::new(error)))?;
    tracing::info!(schema.from = found, schema.to = known, "the database has the new schema");
    Ok(())
}

/// Keeps the file as it is in `snapshots/` beside it, and only the newest few.
fn snapshot(db: &Connection, path: &Path, version: usize, kept: usize) -> Result<(), Error> {
    let folder = path.with_file_name("snapshots");
    create_private_folder(&folder)?;
    let name = format!("before-schema-{}-{}.db", version + 1, Timestamp::now().as_ms());
    let target = folder.join(name);
    // Under its name only when it is whole: half of one, left by a kill, would pass for a copy.
    let unfinished = folder.join("unfinished");
    remove(&unfinished)?;
    write_copy(db, &unfinished)?;
    std::fs::rename(&unfinished, &target)
        .and_then(|()| sync_folder(&folder))
        .map_err(|source| unusable(&target, source))?;
    tracing::info!(snapshot.path = %target.display(), "kept a snapshot from before the upgrade");
    let mut all: Vec<_> = std::fs::read_dir(&folder)
        .map_err(|source| unusable(&folder, source))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "db"))
        .collect();
    all.sort();
    let surplus = all.len().saturating_sub(kept.max(1));
    for old in all.drain(..surplus) {
        if let Err(error) = std::fs::remove_file(&old) {
            tracing::warn!(snapshot.path = %old.display(), %error, "an old snapshot stays");
        }
    }
    Ok(())
}
