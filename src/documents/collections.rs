//! Collections: named sets of documents. A document is in one or in none.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::Documents;
use super::queries::collection_row;
use super::types::Collection;
use crate::base::{Caller, CollectionId, Timestamp, UserId};
use crate::error::Error;

const COLUMNS: &str = "c.id, c.name, c.created_at,
    (SELECT count(*) FROM documents WHERE collection = c.seq AND deleted_at IS NULL)";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Collection> {
    Ok(Collection {
        id: row.get(0)?,
        name: row.get(1)?,
        created_at: row.get(2)?,
        documents: row.get(3)?,
    })
}

/// The row of a collection that was named, if one was.
pub(super) fn row(
    db: &Connection,
    owner: UserId,
    id: Option<CollectionId>,
) -> Result<Option<i64>, Error> {
    let Some(id) = id else { return Ok(None) };
    let found = collection_row(db, owner, id)?;
    found.map(Some).ok_or_else(|| Error::invalid("collection_id", "there is no such collection"))
}

fn find(db: &Connection, owner: UserId, id: CollectionId) -> Result<Collection, Error> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM collections c WHERE c.id = ? AND c.owner = ?"
    ))?
    .query_row(params![id, owner], from_row)
    .optional()?
    .ok_or(Error::not_found("collection"))
}

fn free_name(db: &Connection, owner: UserId, name: &str) -> Result<(), Error> {
    let taken: bool = db
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM collections WHERE owner = ? AND name = ?)")?
        .query_row(params![owner, name], |row| row.get(0))?;
    if taken {
        let message = format!("there is a collection named {name:?} already");
        return Err(Error::conflict("name_taken", message));
    }
    Ok(())
}

impl Documents {
    /// All collections, in alphabetical order.
    pub async fn collections(&self, caller: &Caller) -> Result<Vec<Collection>, Error> {
        let owner = caller.user;
        self.read(move |db| {
            let mut statement = db.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM collections c WHERE c.owner = ?
                 ORDER BY c.name COLLATE NOCASE, c.name"
            ))?;
            let rows = statement.query_map([owner], from_row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// Makes a collection.
    pub async fn create_collection(
        &self,
        caller: &Caller,
        name: String,
    ) -> Result<Collection, Error> {
        let name = self.checked_name(&name)?;
        let owner = caller.user;
        let made = self
            .inner
            .store
            .write_once(caller, move |tx| {
                free_name(tx, owner, &name)?;
                let id = CollectionId::new();
                tx.prepare_cached(
                    "INSERT INTO collections (id, owner, name, created_at) VALUES (?, ?, ?, ?)",
                )?
                .execute(params![id, owner, name, Timestamp::now()])?;
                find(tx, owner, id)
            })
            .await?;
        self.announce_library(owner);
        Ok(made.value)
    }

    /// Gives a collection another name.
    pub async fn rename_collection(
        &self,
        caller: &Caller,
        id: CollectionId,
        name: String,
    ) -> Result<Collection, Error> {
        let name = self.checked_name(&name)?;
        let owner = caller.user;
        let renamed = self
            .inner
            .store
            .write_once(caller, move |tx| {
                let found = find(tx, owner, id)?;
                if found.name != name {
                    free_name(tx, owner, &name)?;
                }
                tx.prepare_cached("UPDATE collections SET name = ? WHERE id = ?")?
                    .execute(params![name, id])?;
                find(tx, owner, id)
            })
            .await?;
        self.announce_library(owner);
        Ok(renamed.value)
    }

    /// Deletes a collection; its documents stay.
    pub async fn delete_collection(&self, caller: &Caller, id: CollectionId) -> Result<(), Error> {
        let owner = caller.user;
        self.inner
            .store
            .write_once(caller, move |tx| {
                find(tx, owner, id)?;
                tx.prepare_cached("DELETE FROM collections WHERE id = ?")?.execute([id])?;
                Ok::<_, Error>(())
            })
            .await?;
        self.announce_library(owner);
        Ok(())
    }

    fn checked_name(&self, name: &str) -> Result<String, Error> {
        let max = self.inner.live.now().conversations.max_name_chars;
        let long = name.chars().count() > max;
        let name = name.trim();
        if name.is_empty() || long || name.chars().any(char::is_control) {
            let message = format!("a name has 1 to {max} characters on one line (MAX_NAME_CHARS)");
            return Err(Error::invalid("name", message));
        }
        Ok(name.to_owned())
    }
}

/// Deletes all collections of an owner.
pub(super) fn delete_all(tx: &Connection, owner: UserId) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM collections WHERE owner = ?", [owner]).map(drop)
}
