//! The SQL of conversations. Free functions on a connection, so that several compose in one
//! transaction. `seq` is a row's number inside the database and never leaves it.

use std::collections::HashMap;

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};
use serde::de::DeserializeOwned;

use super::types::{Changes, Conversation, Filter, Label, LastMessage, New};
use crate::base::{ConversationId, Timestamp, TurnId, UserId};
use crate::store::text;

/// What a page of conversations is sorted by: pinned, activity, row.
pub(super) type ListKey = (bool, String, i64);

const COLUMNS: &str = "c.seq, c.id, c.title, c.created_at, c.updated_at, c.message_count,
    c.last_role, c.last_text, c.last_at, c.pinned, c.archived, c.folder, c.model, c.system_prompt,
    c.document_ids, c.options, c.metadata, c.deleted_at, c.active_leaf_id, c.pinned_document_ids,
    c.tools";

/// Reads a column that holds JSON.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(index)?.as_str()?;
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(
            index,
            rusqlite::types::Type::Text,
            Box::new(error),
        )
    })
}

/// Writes a value for a column that holds JSON.
pub(super) fn to_json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<(i64, Conversation)> {
    let last_message = match row.get::<_, Option<_>>(6)? {
        None => None,
        Some(role) => Some(LastMessage { role, text: row.get(7)?, created_at: row.get(8)? }),
    };
    let conversation = Conversation {
        id: row.get(1)?,
        title: row.get(2)?,
        created_at: row.get(3)?,
        updated_at: row.get(4)?,
        message_count: row.get(5)?,
        last_message,
        pinned: row.get(9)?,
        archived: row.get(10)?,
        folder: row.get(11)?,
        model: row.get(12)?,
        system_prompt: row.get(13)?,
        document_ids: json(row, 14)?,
        pinned_document_ids: json(row, 19)?,
        tools: match row.get_ref(20)? {
            rusqlite::types::ValueRef::Null => None,
            _ => Some(json(row, 20)?),
        },
        options: json(row, 15)?,
        metadata: json(row, 16)?,
        deleted_at: row.get(17)?,
        active_leaf_id: row.get(18)?,
        tags: Vec::new(),
        running_turns: Vec::new(),
    };
    Ok((row.get(0)?, conversation))
}

/// Adds what stands in other tables, in one statement for all.
fn complete(db: &Connection, found: &mut [(i64, Conversation)]) -> rusqlite::Result<()> {
    let rows: Vec<i64> = found.iter().map(|(seq, _)| *seq).collect();
    let places: HashMap<i64, usize> = rows.iter().zip(0..).map(|(seq, at)| (*seq, at)).collect();
    let mut statement = db.prepare_cached(
        "SELECT conversation, tag, NULL FROM conversation_tags
         WHERE conversation IN (SELECT value FROM json_each(?1))
         UNION ALL
         SELECT conversation, NULL, turn FROM messages
         WHERE state = 'streaming' AND turn IS NOT NULL
           AND +conversation IN (SELECT value FROM json_each(?1))
         ORDER BY 1, 2",
    )?;
    let mut rows = statement.query([to_json(&rows)?])?;
    while let Some(row) = rows.next()? {
        let Some((_, one)) = places.get(&row.get(0)?).and_then(|at| found.get_mut(*at)) else {
            continue;
        };
        one.tags.extend(row.get::<_, Option<String>>(1)?);
        one.running_turns.extend(row.get::<_, Option<TurnId>>(2)?);
    }
    Ok(())
}

/// The conversation and its row, in the trash or not; `None` when absent or somebody else's.
pub(crate) fn find(
    db: &Connection,
    owner: UserId,
    id: ConversationId,
) -> rusqlite::Result<Option<(i64, Conversation)>> {
    let sql = format!("SELECT {COLUMNS} FROM conversations c WHERE c.id = ? AND c.owner = ?");
    let found = db.prepare_cached(&sql)?.query_row(params![id, owner], from_row).optional()?;
    let Some(mut found) = found else { return Ok(None) };
    complete(db, std::slice::from_mut(&mut found))?;
    Ok(Some(found))
}

/// One page, and the key of the next. Its `query` looks at so many messages, newest first: a word that
/// is everywhere must not make the list slow.
pub(super) fn list(
    db: &Connection,
    owner: UserId,
    (filter, looks_at): (&Filter, u32),
    after: Option<&ListKey>,
    limit: usize,
) -> rusqlite::Result<(Vec<Conversation>, Option<ListKey>)> {
    let mut sql = format!("SELECT {COLUMNS} FROM conversations c WHERE c.owner = ?");
    let mut values: Vec<SqlValue> = vec![owner.to_string().into()];
    let instant = if filter.trash { "c.deleted_at" } else { "c.updated_at" };
    if filter.trash {
        sql.push_str(" AND c.deleted_at IS NOT NULL");
    } else {
        sql.push_str(" AND c.deleted_at IS NULL AND c.archived = ?");
        values.push(i64::from(filter.archived).into());
    }
    if let Some(folder) = &filter.folder {
        sql.push_str(" AND c.folder = ?");
        values.push(folder.clone().into());
    }
    if let Some(tag) = &filter.tag {
        sql.push_str(" AND c.seq IN (SELECT conversation FROM conversation_tags WHERE tag = ?)");
        values.push(tag.clone().into());
    }
    if let Some(query) = &filter.query
        && let Some(expression) = text::all_of(&text::terms(query, true))
    {
        sql.push_str(
            " AND c.seq IN (SELECT rowid FROM conversations_fts WHERE conversations_fts MATCH ?
              UNION SELECT conversation FROM messages WHERE seq IN
              (SELECT rowid FROM messages_fts WHERE messages_fts MATCH ?
               ORDER BY rowid DESC LIMIT ?))",
        );
        values.extend([expression.clone().into(), expression.into(), looks_at.into()]);
    }
    let pinned = if filter.trash { "0" } else { "c.pinned" };
    if let Some((was_pinned, at, seq)) = after {
        let key = [i64::from(*was_pinned).into(), at.clone().into(), SqlValue::from(*seq)];
        values.extend(key);
        sql.push_str(&format!(" AND ({pinned}, {instant}, c.seq) < (?, ?, ?)"));
    }
    sql.push_str(&match filter.trash {
        true => " ORDER BY c.deleted_at DESC, c.seq DESC LIMIT ?".to_owned(),
        false => " ORDER BY c.pinned DESC, c.updated_at DESC, c.seq DESC LIMIT ?".to_owned(),
    });
    values.push(i64::try_from(limit + 1).unwrap_or(i64::MAX).into());

    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), from_row)?;
    let mut found = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let more = found.len() > limit;
    found.truncate(limit);
    complete(db, &mut found)?;
    let key = found.last().filter(|_| more).map(|(seq, last)| {
        let at = if filter.trash { last.deleted_at } else { Some(last.updated_at) };
        (last.pinned && !filter.trash, at.map(|at| at.to_string()).unwrap_or_default(), *seq)
    });
    Ok((found.into_iter().map(|(_, conversation)| conversation).collect(), key))
}

/// Makes a conversation and returns its row.
pub(super) fn insert(
    tx: &Connection,
    owner: UserId,
    id: ConversationId,
    new: &New,
) -> rusqlite::Result<i64> {
    let now = Timestamp::now();
    let scope = new.document_ids.as_ref().map_or(Ok("\"all\"".to_owned()), to_json)?;
    let metadata = new.metadata.as_ref().map_or(Ok("{}".to_owned()), to_json)?;
    tx.prepare_cached(
        "INSERT INTO conversations (id, owner, title, title_source, created_at, updated_at, pinned,
           folder, model, system_prompt, document_ids, options, metadata, pinned_document_ids,
           tools)
         VALUES (?1, ?2, ?3, iif(?3 IS NULL, 'none', 'user'), ?4, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,
           ?12, ?13)",
    )?
    .execute(params![
        id,
        owner,
        new.title,
        now,
        new.pinned,
        new.folder,
        new.model,
        new.system_prompt,
        scope,
        to_json(&new.options)?,
        metadata,
        to_json(&new.pinned_document_ids.as_deref().unwrap_or_default())?,
        new.tools.as_ref().map(to_json).transpose()?,
    ])?;
    let seq = tx.last_insert_rowid();
    set_tags(tx, seq, &new.tags)?;
    Ok(seq)
}

/// Writes what changed.
pub(super) fn update(tx: &Connection, seq: i64, changes: &Changes) -> rusqlite::Result<()> {
    let set = |column: &str, value: SqlValue| {
        tx.prepare_cached(&format!("UPDATE conversations SET {column} = ? WHERE seq = ?"))?
            .execute(params![value, seq])
            .map(drop)
    };
    let text = |value: &Option<String>| value.clone().map_or(SqlValue::Null, SqlValue::from);
    if let Some(title) = &changes.title {
        set("title", text(title))?;
        set("title_source", if title.is_some() { "user" } else { "none" }.to_owned().into())?;
    }
    if let Some(folder) = &changes.folder {
        set("folder", text(folder))?;
    }
    if let Some(tags) = &changes.tags {
        set_tags(tx, seq, tags)?;
    }
    if let Some(pinned) = changes.pinned {
        set("pinned", pinned.into())?;
    }
    if let Some(archived) = changes.archived {
        set("archived", archived.into())?;
    }
    if let Some(model) = &changes.model {
        set("model", text(model))?;
    }
    if let Some(prompt) = &changes.system_prompt {
        set("system_prompt", text(prompt))?;
    }
    if let Some(scope) = &changes.document_ids {
        set("document_ids", to_json(scope)?.into())?;
    }
    if let Some(pinned) = &changes.pinned_document_ids {
        set("pinned_document_ids", to_json(pinned)?.into())?;
    }
    if let Some(tools) = &changes.tools {
        let tools = tools.as_ref().map(to_json).transpose()?;
        set("tools", tools.map_or(SqlValue::Null, SqlValue::from))?;
    }
    if let Some(options) = &changes.options {
        set("options", to_json(options)?.into())?;
    }
    if let Some(metadata) = &changes.metadata {
        set("metadata", to_json(metadata)?.into())?;
    }
    Ok(())
}

/// Gives a title that the product made, unless somebody gave one meanwhile. Says whether it did.
pub(crate) fn update_made_title(
    tx: &Connection,
    id: ConversationId,
    title: &str,
    over_made: bool,
) -> rusqlite::Result<bool> {
    tx.prepare_cached(
        "UPDATE conversations SET title = ?2, title_source = 'made'
         WHERE id = ?1 AND (title_source = 'none' OR ?3 AND title_source = 'made')",
    )?
    .execute(params![id, title, over_made])
    .map(|rows| rows > 0)
}

fn set_tags(tx: &Connection, seq: i64, tags: &[String]) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM conversation_tags WHERE conversation = ?")?.execute([seq])?;
    tags.iter().try_for_each(|tag| add_tag(tx, seq, tag))
}

/// Adds a tag, if it is not there.
pub(super) fn add_tag(tx: &Connection, seq: i64, tag: &str) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT OR IGNORE INTO conversation_tags (conversation, tag) VALUES (?, ?)")?
        .execute(params![seq, tag])
        .map(drop)
}

/// Takes a tag away.
pub(super) fn delete_tag(tx: &Connection, seq: i64, tag: &str) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM conversation_tags WHERE conversation = ? AND tag = ?")?
        .execute(params![seq, tag])
        .map(drop)
}

/// Puts a conversation into the trash or takes it out.
pub(super) fn update_deleted(
    tx: &Connection,
    seq: i64,
    at: Option<Timestamp>,
) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE conversations SET deleted_at = ? WHERE seq = ?")?
        .execute(params![at, seq])
        .map(drop)
}

/// Deletes for good, with everything in it.
pub(super) fn delete(tx: &Connection, seq: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM conversations WHERE seq = ?")?.execute([seq]).map(drop)
}

/// Deletes for good what has been in the trash since before an instant, a few at a time so that
/// other writes go on between. Says how many conversations and messages went.
pub(super) fn purge(tx: &Connection, before: Timestamp, limit: u32) -> rusqlite::Result<usize> {
    let conversations = tx.execute(
        "DELETE FROM conversations WHERE seq IN
           (SELECT seq FROM conversations WHERE deleted_at < ? LIMIT ?)",
        params![before, limit],
    )?;
    // A subtree goes to the trash with one instant, so it is whole here; newest first, children
    // before parents.
    let messages = tx.execute("DELETE FROM messages WHERE deleted_at < ?", params![before])?;
    Ok(conversations + messages)
}

/// Deletes some of an owner's conversations for good. Says how many went.
pub(super) fn delete_some(tx: &Connection, owner: UserId, limit: u32) -> rusqlite::Result<usize> {
    tx.execute(
        "DELETE FROM conversations WHERE seq IN
           (SELECT seq FROM conversations WHERE owner = ? LIMIT ?)",
        params![owner, limit],
    )
}

/// All folders in use.
pub(super) fn folders(db: &Connection, owner: UserId) -> rusqlite::Result<Vec<Label>> {
    labels(
        db,
        owner,
        "SELECT folder, count(*) FROM conversations
         WHERE owner = ? AND deleted_at IS NULL AND folder IS NOT NULL
         GROUP BY folder ORDER BY folder COLLATE NOCASE, folder",
    )
}

/// All tags in use.
pub(super) fn tags(db: &Connection, owner: UserId) -> rusqlite::Result<Vec<Label>> {
    labels(
        db,
        owner,
        "SELECT tag, count(*) FROM conversation_tags t JOIN conversations c ON c.seq = t.conversation
         WHERE c.owner = ? AND c.deleted_at IS NULL
         GROUP BY tag ORDER BY tag COLLATE NOCASE, tag",
    )
}

fn labels(db: &Connection, owner: UserId, sql: &str) -> rusqlite::Result<Vec<Label>> {
    let mut statement = db.prepare_cached(sql)?;
    let rows =
        statement.query_map([owner], |row| Ok(Label { name: row.get(0)?, count: row.get(1)? }))?;
    rows.collect()
}
