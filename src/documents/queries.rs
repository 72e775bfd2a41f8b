//! The SQL of documents and their passages. Free functions on a connection, so that several compose
//! in one transaction. `seq` is a row's number inside the database and never leaves it.

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};
use serde_json::Value;

use super::types::{Document, Filter, Origin, Passage, State};
use crate::base::{CollectionId, DocumentId, Timestamp, UserId};
use crate::store::blobs::Stored;
use crate::store::text;

const COLUMNS: &str = "d.seq, d.id, d.name, d.title, d.kind, d.media_type, d.size_bytes, d.origin,
    d.source, (SELECT id FROM collections WHERE seq = d.collection),
    (SELECT id FROM watched_folders WHERE seq = d.folder), d.state, d.error, d.pages, d.chars,
    d.tokens, d.chunks, d.created_at, d.updated_at, d.deleted_at,
    iif(d.state = 'embedding', (SELECT count(*) FROM to_embed
      WHERE space = (SELECT seq FROM embedding_spaces WHERE state = 'active')
        AND kind = 1 AND parent = d.seq), 0)";

/// Share of a document's way that lies before its meaning is taken in.
const EXTRACTED: f64 = 0.2;

fn from_row(row: &Row<'_>) -> rusqlite::Result<(i64, Document)> {
    let error: Option<String> = row.get(12)?;
    let state: State = row.get(11)?;
    let chunks: u64 = row.get(16)?;
    let waiting: u64 = row.get(20)?;
    let embedded = if state == State::Ready { chunks } else { chunks.saturating_sub(waiting) };
    let searchable = matches!(state, State::Embedding | State::Ready);
    let document = Document {
        id: row.get(1)?,
        name: row.get(2)?,
        title: row.get(3)?,
        kind: row.get(4)?,
        media_type: row.get(5)?,
        size_bytes: row.get(6)?,
        origin: row.get(7)?,
        source: row.get(8)?,
        collection_id: row.get(9)?,
        folder_id: row.get(10)?,
        state,
        progress: progress(state, embedded, chunks),
        searchable,
        error: error.and_then(|text| serde_json::from_str(&text).ok()),
        pages: row.get(13)?,
        chars: row.get(14)?,
        tokens: row.get(15)?,
        chunks,
        embedded: if searchable { embedded } else { 0 },
        created_at: row.get(17)?,
        updated_at: row.get(18)?,
        deleted_at: row.get(19)?,
    };
    Ok((row.get(0)?, document))
}

fn progress(state: State, embedded: u64, chunks: u64) -> f64 {
    let part = |n: u64| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    match state {
        State::Queued | State::Failed => 0.0,
        State::Extracting => EXTRACTED / 4.0,
        State::Chunking => EXTRACTED / 2.0,
        State::Embedding => EXTRACTED + (1.0 - EXTRACTED) * part(embedded) / part(chunks).max(1.0),
        State::Ready => 1.0,
    }
}

/// A document and its row, in the trash or not; `None` when absent or somebody else's.
pub(super) fn find(
    db: &Connection,
    owner: UserId,
    id: DocumentId,
) -> rusqlite::Result<Option<(i64, Document)>> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM documents d WHERE d.id = ? AND d.owner = ?"))?
        .query_row(params![id, owner], from_row)
        .optional()
}

/// A document by its row, whoever's it is.
pub(super) fn find_row(
    db: &Connection,
    seq: i64,
) -> rusqlite::Result<Option<(UserId, String, Document)>> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS}, d.owner, d.hash FROM documents d WHERE d.seq = ?"
    ))?
    .query_row([seq], |row| Ok((row.get(21)?, row.get(22)?, from_row(row)?.1)))
    .optional()
}

/// The hash of a document's bytes.
pub(super) fn hash_of(db: &Connection, seq: i64) -> rusqlite::Result<String> {
    db.prepare_cached("SELECT hash FROM documents WHERE seq = ?")?.query_row([seq], |r| r.get(0))
}

/// The owner's document that has these bytes, newest first; one in the trash only when none is out
/// of it.
pub(super) fn find_same(
    db: &Connection,
    owner: UserId,
    hash: &str,
) -> rusqlite::Result<Option<(i64, Document)>> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM documents d WHERE d.hash = ? AND d.owner = ?
         ORDER BY d.deleted_at IS NOT NULL, d.seq DESC LIMIT 1"
    ))?
    .query_row(params![hash, owner], from_row)
    .optional()
}

/// One page, newest first, and the key of the next.
pub(super) fn list(
    db: &Connection,
    owner: UserId,
    filter: &Filter,
    after: Option<i64>,
    limit: usize,
) -> rusqlite::Result<(Vec<Document>, Option<i64>)> {
    let mut sql = format!("SELECT {COLUMNS} FROM documents d WHERE d.owner = ?");
    let mut values: Vec<SqlValue> = vec![owner.to_string().into()];
    let mut need = |condition: &str, value: SqlValue| {
        sql.push_str(condition);
        values.push(value);
    };
    match &filter.collection {
        Some(Some(id)) => need(
            " AND d.collection = (SELECT seq FROM collections WHERE id = ?)",
            id.to_string().into(),
        ),
        Some(None) => need(" AND (d.collection IS NULL) = ?", 1.into()),
        None => {}
    }
    if let Some(kind) = &filter.kind {
        need(" AND d.kind = ?", kind.clone().into());
    }
    if let Some(state) = filter.state {
        need(" AND d.state = ?", state.as_str().to_owned().into());
    }
    let terms = filter.query.as_deref().map(|query| text::terms(query, true));
    if let Some(expression) = terms.as_deref().and_then(text::all_of) {
        need(
            " AND d.seq IN (SELECT rowid FROM documents_fts WHERE documents_fts MATCH ?)",
            expression.into(),
        );
    }
    if let Some(seq) = after {
        need(" AND d.seq < ?", seq.into());
    }
    need(" AND (d.deleted_at IS NOT NULL) = ?", filter.trash.into());
    // Says the same again in the words of the partial index.
    sql.push_str(if filter.trash {
        " AND d.deleted_at IS NOT NULL"
    } else {
        " AND d.deleted_at IS NULL"
    });
    sql.push_str(" ORDER BY d.seq DESC LIMIT ?");
    values.push(i64::try_from(limit + 1).unwrap_or(i64::MAX).into());
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), from_row)?;
    let mut found = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let more = found.len() > limit;
    found.truncate(limit);
    let key = found.last().filter(|_| more).map(|(seq, _)| *seq);
    Ok((found.into_iter().map(|(_, document)| document).collect(), key))
}

/// What a new document starts from.
#[derive(Debug, Clone)]
pub(super) struct NewRow {
    pub(super) name: String,
    pub(super) stored: Stored,
    pub(super) origin: Origin,
    pub(super) source: Option<String>,
    pub(super) collection: Option<i64>,
    pub(super) folder: Option<i64>,
}

/// Adds a document to the queue.
pub(super) fn insert(tx: &Connection, owner: UserId, new: &NewRow) -> rusqlite::Result<DocumentId> {
    let id = DocumentId::new();
    tx.prepare_cached(
        "INSERT INTO documents (id, owner, name, size_bytes, hash, origin, source, collection,
           folder, state, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'queued', ?10, ?10)",
    )?
    .execute(params![
        id,
        owner,
        new.name,
        new.stored.size_bytes,
        new.stored.hash,
        new.origin,
        new.source,
        new.collection,
        new.folder,
        Timestamp::now()
    ])?;
    Ok(id)
}

/// The file of a watched folder has other bytes now.
pub(super) fn update_bytes(tx: &Connection, seq: i64, stored: &Stored) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE documents SET hash = ?, size_bytes = ?, state = 'queued', error = NULL,
           updated_at = ? WHERE seq = ?",
    )?
    .execute(params![stored.hash, stored.size_bytes, Timestamp::now(), seq])
    .map(drop)
}

/// Puts a document into the trash or takes it out.
pub(super) fn update_deleted(
    tx: &Connection,
    seq: i64,
    at: Option<Timestamp>,
) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE documents SET deleted_at = ?, updated_at = ? WHERE seq = ?")?
        .execute(params![at, Timestamp::now(), seq])
        .map(drop)
}

/// Gives a title, or takes the given one away.
pub(super) fn update_title(tx: &Connection, seq: i64, title: Option<&str>) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE documents SET title = ?2, title_given = ?2 IS NOT NULL, updated_at = ?3
         WHERE seq = ?1",
    )?
    .execute(params![seq, title, Timestamp::now()])
    .map(drop)
}

/// Moves a document into a collection, or out of any.
pub(super) fn update_collection(
    tx: &Connection,
    seq: i64,
    collection: Option<i64>,
) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE documents SET collection = ?, updated_at = ? WHERE seq = ?")?
        .execute(params![collection, Timestamp::now(), seq])
        .map(drop)
}

/// Says how far a document is.
pub(super) fn update_state(
    tx: &Connection,
    seq: i64,
    state: State,
    error: Option<&Value>,
) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE documents SET state = ?, error = ?, updated_at = ? WHERE seq = ?")?
        .execute(params![state, error.map(ToString::to_string), Timestamp::now(), seq])
        .map(drop)
}

/// What extraction found out.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) kind: String,
    pub(super) media_type: String,
    pub(super) title: Option<String>,
    pub(super) pages: Option<u64>,
    pub(super) chars: u64,
}

/// Keeps what extraction found out; the passages come next.
pub(super) fn update_facts(tx: &Connection, seq: i64, facts: &Facts) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE documents SET kind = ?2, media_type = ?3, title = iif(title_given, title, ?4),
           pages = ?5, chars = ?6, state = 'chunking', error = NULL, updated_at = ?7
         WHERE seq = ?1",
    )?
    .execute(params![
        seq,
        facts.kind,
        facts.media_type,
        facts.title,
        facts.pages,
        facts.chars,
        Timestamp::now()
    ])
    .map(drop)
}

/// Says that all passages are in.
pub(super) fn update_chunked(
    tx: &Connection,
    seq: i64,
    chunks: u64,
    tokens: u64,
    state: State,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE documents SET chunks = ?, tokens = ?, state = ?, updated_at = ? WHERE seq = ?",
    )?
    .execute(params![chunks, tokens, state, Timestamp::now(), seq])
    .map(drop)
}

/// A passage on its way in.
#[derive(Debug, Clone)]
pub(super) struct NewChunk {
    pub(super) n: u64,
    pub(super) bytes: (u64, u64),
    pub(super) chars: (u64, u64),
    pub(super) page: Option<u32>,
    pub(super) heading: String,
    pub(super) text: String,
}

/// Adds passages.
pub(super) fn insert_chunks(
    tx: &Connection,
    document: i64,
    chunks: &[NewChunk],
) -> rusqlite::Result<()> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO chunks (document, n, start_byte, end_byte, start_char, end_char, page, heading,
           text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    for chunk in chunks {
        statement.execute(params![
            document,
            chunk.n,
            chunk.bytes.0,
            chunk.bytes.1,
            chunk.chars.0,
            chunk.chars.1,
            chunk.page,
            chunk.heading,
            chunk.text
        ])?;
    }
    Ok(())
}

/// Takes some of a document's passages away and says how many there were: a large document must not
/// hold the writer for long.
pub(super) fn delete_chunks(tx: &Connection, document: i64, limit: u32) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "DELETE FROM chunks WHERE seq IN (SELECT seq FROM chunks WHERE document = ? LIMIT ?)",
    )?
    .execute(params![document, limit])
}

/// Deletes a document for good. Its passages are gone before.
pub(super) fn delete(tx: &Connection, seq: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM documents WHERE seq = ?")?.execute([seq]).map(drop)
}

/// Whether any document has these bytes.
pub(super) fn is_used(db: &Connection, hash: &str) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT EXISTS (SELECT 1 FROM documents WHERE hash = ?)")?
        .query_row([hash], |row| row.get(0))
}

/// Documents whose time in the trash is over.
pub(super) fn list_expired(
    db: &Connection,
    before: Timestamp,
    limit: u32,
) -> rusqlite::Result<Vec<(i64, UserId, DocumentId)>> {
    let mut statement = db.prepare_cached(
        "SELECT seq, owner, id FROM documents WHERE deleted_at < ? ORDER BY seq LIMIT ?",
    )?;
    let rows = statement
        .query_map(params![before, limit], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}

/// Some documents of an owner, in the trash or not.
pub(super) fn list_owned(db: &Connection, owner: UserId, limit: u32) -> rusqlite::Result<Vec<i64>> {
    let mut statement = db.prepare_cached("SELECT seq FROM documents WHERE owner = ? LIMIT ?")?;
    let rows = statement.query_map(params![owner, limit], |row| row.get(0))?;
    rows.collect()
}

/// Documents that wait to be read, oldest first.
pub(super) fn list_queued(db: &Connection, limit: usize) -> rusqlite::Result<Vec<i64>> {
    let mut statement = db.prepare_cached(
        "SELECT seq FROM documents WHERE state = 'queued' AND deleted_at IS NULL
         ORDER BY seq LIMIT ?",
    )?;
    let rows = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| row.get(0))?;
    rows.collect()
}

/// After a crash: what was being read is to be read again. Says how many there were.
pub(super) fn update_interrupted(tx: &Connection) -> rusqlite::Result<usize> {
    tx.execute(
        "UPDATE documents SET state = 'queued'
         WHERE state IN ('extracting', 'chunking') AND state NOT IN ('ready', 'failed')",
        [],
    )
}

/// Documents whose meaning is being taken in, with how many passages are still to come.
pub(super) fn list_embedding(db: &Connection) -> rusqlite::Result<Vec<(i64, UserId, u64)>> {
    let mut statement = db.prepare_cached(
        "SELECT d.seq, d.owner, (SELECT count(*) FROM to_embed
           WHERE space = (SELECT seq FROM embedding_spaces WHERE state = 'active')
             AND kind = 1 AND parent = d.seq)
         FROM documents d WHERE d.state = 'embedding' AND d.state NOT IN ('ready', 'failed')
           AND d.deleted_at IS NULL",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}

/// A page of a document's passages, and the key of the next.
pub(super) fn list_chunks(
    db: &Connection,
    document: i64,
    after: Option<u64>,
    limit: usize,
) -> rusqlite::Result<(Vec<Passage>, Option<u64>)> {
    let mut statement = db.prepare_cached(
        "SELECT n, start_char, end_char, page, heading, text FROM chunks
         WHERE document = ? AND start_char > ? ORDER BY start_char LIMIT ?",
    )?;
    let from = after.and_then(|start| i64::try_from(start).ok()).unwrap_or(-1);
    let more = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![document, from, more], |row| {
        Ok(Passage {
            n: row.get(0)?,
            start: row.get(1)?,
            end: row.get(2)?,
            page: row.get(3)?,
            heading: row.get(4)?,
            text: row.get(5)?,
        })
    })?;
    let mut found = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let is_more = found.len() > limit;
    found.truncate(limit);
    let key = found.last().filter(|_| is_more).map(|last| last.start);
    Ok((found, key))
}

/// The byte at which to begin reading so as to reach a character: the place of the last passage that
/// begins at or before it, as (character, byte).
pub(super) fn find_place(
    db: &Connection,
    document: i64,
    char: u64,
) -> rusqlite::Result<Option<(u64, u64)>> {
    let char = i64::try_from(char).unwrap_or(i64::MAX);
    db.prepare_cached(
        "SELECT start_char, start_byte FROM chunks WHERE document = ? AND start_char <= ?
         ORDER BY start_char DESC LIMIT 1",
    )?
    .query_row(params![document, char], |row| Ok((row.get(0)?, row.get(1)?)))
    .optional()
}

/// The row of a collection.
pub(super) fn collection_row(
    db: &Connection,
    owner: UserId,
    id: CollectionId,
) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT seq FROM collections WHERE id = ? AND owner = ?")?
        .query_row(params![id, owner], |row| row.get(0))
        .optional()
}
