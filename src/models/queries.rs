//! The SQL of the `providers` table.

use rusqlite::{Connection, OptionalExtension as _, Row as SqlRow, named_params, params};

use super::provider::{Key, Row};
use super::providers::Kind;
use crate::base::{ProviderId, UserId};

const COLUMNS: &str = "id, owner, kind, name, base_url, key_cipher, key_last4, enabled, created_at";

/// Every provider, of everybody, in the order in which they were added.
pub(super) fn all(db: &Connection) -> rusqlite::Result<Vec<Row>> {
    let sql = format!("SELECT {COLUMNS} FROM providers ORDER BY created_at, id");
    let mut statement = db.prepare_cached(&sql)?;
    statement.query_map([], row)?.collect()
}

/// One of the owner's.
pub(super) fn find(
    db: &Connection,
    owner: UserId,
    id: ProviderId,
) -> rusqlite::Result<Option<Row>> {
    let sql = format!("SELECT {COLUMNS} FROM providers WHERE id = ? AND owner = ?");
    db.prepare_cached(&sql)?.query_row(params![id, owner], row).optional()
}

/// Adds one.
pub(super) fn insert(tx: &Connection, new: &Row) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT INTO providers ({COLUMNS}) VALUES
         (:id, :owner, :kind, :name, :base_url, :key, :last4, :enabled, :created_at)"
    );
    tx.prepare_cached(&sql)?.execute(named_params! {
        ":id": new.id,
        ":owner": new.owner,
        ":kind": new.kind.as_str(),
        ":name": new.name,
        ":base_url": new.base_url,
        ":key": new.key.sealed(),
        ":last4": new.last4,
        ":enabled": new.enabled,
        ":created_at": new.created_at,
    })?;
    Ok(())
}

/// Writes what may change of one.
pub(super) fn update(tx: &Connection, row: &Row) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE providers SET name = :name, base_url = :base_url, key_cipher = :key,
           key_last4 = :last4, enabled = :enabled
         WHERE id = :id",
    )?
    .execute(named_params! {
        ":id": row.id,
        ":name": row.name,
        ":base_url": row.base_url,
        ":key": row.key.sealed(),
        ":last4": row.last4,
        ":enabled": row.enabled,
    })?;
    Ok(())
}

/// Removes one of the owner's; `false` when there is none.
pub(super) fn delete(tx: &Connection, owner: UserId, id: ProviderId) -> rusqlite::Result<bool> {
    let sql = "DELETE FROM providers WHERE id = ? AND owner = ?";
    Ok(tx.prepare_cached(sql)?.execute(params![id, owner])? > 0)
}

fn row(row: &SqlRow<'_>) -> rusqlite::Result<Row> {
    let kind: String = row.get("kind")?;
    let sealed: Option<Vec<u8>> = row.get("key_cipher")?;
    Ok(Row {
        id: row.get("id")?,
        owner: row.get("owner")?,
        // The table admits no other word.
        kind: Kind::of_added(&kind).unwrap_or(Kind::Openai),
        name: row.get("name")?,
        base_url: row.get("base_url")?,
        key: sealed.map_or(Key::None, Key::Sealed),
        last4: row.get("key_last4")?,
        enabled: row.get("enabled")?,
        builtin: false,
        created_at: Some(row.get("created_at")?),
    })
}
