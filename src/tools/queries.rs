//! The SQL of servers of tools, and of what was allowed. Free functions on a connection, so that
//! several compose in one transaction.

use rusqlite::{Connection, OptionalExtension as _, Row as SqlRow, named_params, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::types::{ListedTool, Row, ToolServer};
use crate::base::{ConversationId, Timestamp, ToolServerId, UserId};

const COLUMNS: &str = "id, name, kind, url, token_end, program, args, env, secrets, enabled,
     everywhere, allowed, tools, listed_at, created_at, updated_at";

fn to_json(value: &impl Serialize) -> rusqlite::Result<String> {
    let json = serde_json::to_string(value);
    json.map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn json<T: DeserializeOwned + Default>(row: &SqlRow<'_>, name: &str) -> rusqlite::Result<T> {
    let text: Option<String> = row.get(name)?;
    text.map_or_else(|| Ok(T::default()), |text| serde_json::from_str(&text)).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
    })
}

fn row(row: &SqlRow<'_>) -> rusqlite::Result<Row> {
    let token_end: Option<String> = row.get("token_end")?;
    let server = ToolServer {
        id: row.get("id")?,
        name: row.get("name")?,
        kind: row.get("kind")?,
        url: row.get("url")?,
        token: token_end.map(|end| format!("…{end}")),
        program: row.get("program")?,
        args: json(row, "args")?,
        env: json(row, "env")?,
        enabled: row.get("enabled")?,
        everywhere: row.get("everywhere")?,
        allowed: json(row, "allowed")?,
        tools: json(row, "tools")?,
        listed_at: row.get("listed_at")?,
        connected: false,
        last_error: None,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    };
    Ok(Row { server, sealed: row.get("secrets")? })
}

/// Every server, in the order in which they were added.
pub(super) fn all(db: &Connection) -> rusqlite::Result<Vec<Row>> {
    let sql = format!("SELECT {COLUMNS} FROM tool_servers ORDER BY seq");
    db.prepare_cached(&sql)?.query_map([], row)?.collect()
}

/// One.
pub(super) fn find(db: &Connection, id: ToolServerId) -> rusqlite::Result<Option<Row>> {
    let sql = format!("SELECT {COLUMNS} FROM tool_servers WHERE id = ?");
    db.prepare_cached(&sql)?.query_row([id], row).optional()
}

/// Whether another server has a name; the case of letters makes no difference.
pub(super) fn is_taken(db: &Connection, name: &str, by: ToolServerId) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM tool_servers WHERE name = ? COLLATE NOCASE AND id <> ?)",
    )?
    .query_row(params![name, by], |row| row.get(0))
}

/// How many there are.
pub(super) fn count(db: &Connection) -> rusqlite::Result<usize> {
    db.prepare_cached("SELECT count(*) FROM tool_servers")?.query_row([], |row| row.get(0))
}

/// Adds one.
pub(super) fn insert(tx: &Connection, new: &Row, token_end: Option<&str>) -> rusqlite::Result<()> {
    let server = &new.server;
    tx.prepare_cached(
        "INSERT INTO tool_servers (id, name, kind, url, token_end, program, args, env, secrets,
           enabled, everywhere, allowed, created_at, updated_at)
         VALUES (:id, :name, :kind, :url, :token_end, :program, :args, :env, :secrets,
           :enabled, :everywhere, :allowed, :at, :at)",
    )?
    .execute(named_params! {
        ":id": server.id,
        ":name": server.name,
        ":kind": server.kind,
        ":url": server.url,
        ":token_end": token_end,
        ":program": server.program,
        ":args": to_json(&server.args)?,
        ":env": to_json(&server.env)?,
        ":secrets": new.sealed,
        ":enabled": server.enabled,
        ":everywhere": server.everywhere,
        ":allowed": server.allowed.as_ref().map(to_json).transpose()?,
        ":at": server.created_at,
    })
    .map(drop)
}

/// Writes what a person may change.
pub(super) fn update(tx: &Connection, now: &Row, token_end: Option<&str>) -> rusqlite::Result<()> {
    let server = &now.server;
    tx.prepare_cached(
        "UPDATE tool_servers SET name = :name, url = :url, token_end = :token_end,
           program = :program, args = :args, env = :env, secrets = :secrets, enabled = :enabled,
           everywhere = :everywhere, allowed = :allowed, updated_at = :at
         WHERE id = :id",
    )?
    .execute(named_params! {
        ":id": server.id,
        ":name": server.name,
        ":url": server.url,
        ":token_end": token_end,
        ":program": server.program,
        ":args": to_json(&server.args)?,
        ":env": to_json(&server.env)?,
        ":secrets": now.sealed,
        ":enabled": server.enabled,
        ":everywhere": server.everywhere,
        ":allowed": server.allowed.as_ref().map(to_json).transpose()?,
        ":at": Timestamp::now(),
    })
    .map(drop)
}

/// Keeps what a server listed.
pub(super) fn update_tools(
    tx: &Connection,
    id: ToolServerId,
    tools: &[ListedTool],
) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE tool_servers SET tools = ?2, listed_at = ?3 WHERE id = ?1")?
        .execute(params![id, to_json(&tools)?, Timestamp::now()])
        .map(drop)
}

/// Forgets what a server listed, and what was allowed of it: it is another one now.
pub(super) fn update_other(tx: &Connection, id: ToolServerId) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE tool_servers SET tools = NULL, listed_at = NULL WHERE id = ?")?
        .execute([id])?;
    tx.prepare_cached("DELETE FROM tool_consents WHERE server = ?")?.execute([id]).map(drop)
}

/// Removes one; `false` when there is none.
pub(super) fn delete(tx: &Connection, id: ToolServerId) -> rusqlite::Result<bool> {
    Ok(tx.prepare_cached("DELETE FROM tool_servers WHERE id = ?")?.execute([id])? > 0)
}

/// Allows a tool, as it is described now, for a whole conversation of its owner; `false` when there
/// is no such conversation.
pub(super) fn insert_consent(
    tx: &Connection,
    owner: UserId,
    conversation: ConversationId,
    (server, tool, print): (ToolServerId, &str, &str),
) -> rusqlite::Result<bool> {
    let added = tx
        .prepare_cached(
            "INSERT INTO tool_consents (conversation, server, tool, print, created_at)
             SELECT c.id, s.id, ?4, ?5, ?6 FROM conversations c, tool_servers s
             WHERE c.id = ?1 AND c.owner = ?2 AND s.id = ?3
             ON CONFLICT DO UPDATE SET print = excluded.print, created_at = excluded.created_at",
        )?
        .execute(params![conversation, owner, server, tool, print, Timestamp::now()])?;
    Ok(added > 0)
}

/// What was allowed for a conversation: server, tool and what it was then.
pub(super) fn consents(
    db: &Connection,
    conversation: ConversationId,
) -> rusqlite::Result<Vec<(ToolServerId, String, String)>> {
    db.prepare_cached("SELECT server, tool, print FROM tool_consents WHERE conversation = ?")?
        .query_map([conversation], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect()
}

/// Takes back what was allowed for a conversation of its owner.
pub(super) fn delete_consents(
    tx: &Connection,
    owner: UserId,
    conversation: ConversationId,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "DELETE FROM tool_consents WHERE conversation IN
           (SELECT id FROM conversations WHERE id = ? AND owner = ?)",
    )?
    .execute(params![conversation, owner])
    .map(drop)
}
