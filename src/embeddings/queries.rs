//! The SQL of vectors and of what waits for one. Chunks of documents and messages are read here, and
//! written by the modules that own them; triggers put whatever is new or changed into the queue.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::base::Timestamp;

/// What a vector belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A passage of a document; its parent is the document.
    Chunk,
    /// A message; its parent is the conversation.
    Message,
}

impl Kind {
    /// Both, in the order in which they are embedded.
    pub(super) const ALL: [Self; 2] = [Self::Chunk, Self::Message];

    fn number(self) -> i64 {
        match self {
            Self::Chunk => 1,
            Self::Message => 2,
        }
    }

    /// The statement that reads the text of one item.
    fn text_of(self) -> &'static str {
        match self {
            Self::Chunk => {
                "SELECT iif(heading = '', text, heading || char(10) || text)
                 FROM chunks WHERE seq = ?"
            }
            Self::Message => "SELECT content FROM messages WHERE seq = ?",
        }
    }
}

/// The vectors of one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Space {
    pub(super) seq: i64,
    pub(super) model: String,
    pub(super) error: Option<String>,
}

/// Something that waits for its vectors.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) kind: Kind,
    pub(super) parent: i64,
    pub(super) item: i64,
    pub(super) text: String,
}

/// The vectors of one item, ready to be kept.
#[derive(Debug, Clone)]
pub(super) struct Embedded {
    pub(super) waiting: Waiting,
    /// One for each part of its text, as stored.
    pub(super) vectors: Vec<Vec<u8>>,
}

/// A vector that is kept, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The number of the vector.
    pub(super) seq: i64,
    pub(super) item: i64,
    pub(super) parent: i64,
}

/// What was kept of an item.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) kind: Kind,
    /// Its vectors, as stored.
    pub(super) vectors: Vec<(Place, Vec<u8>)>,
}

/// The space that serves, or the one that is being built.
pub(super) fn find_space(db: &Connection, building: bool) -> rusqlite::Result<Option<Space>> {
    db.prepare_cached("SELECT seq, model, error FROM embedding_spaces WHERE state = ?")?
        .query_row([if building { "building" } else { "active" }], |row| {
            Ok(Space { seq: row.get(0)?, model: row.get(1)?, error: row.get(2)? })
        })
        .optional()
}

/// Begins a space for another model; everything there is waits to be embedded for it.
pub(super) fn insert_space(tx: &Connection, model: &str) -> rusqlite::Result<()> {
    retire_building(tx)?;
    tx.prepare_cached(
        "INSERT INTO embedding_spaces (model, state, created_at) VALUES (?, 'building', ?)",
    )?
    .execute(params![model, Timestamp::now()])?;
    let space = tx.last_insert_rowid();
    tx.execute(
        "INSERT INTO to_embed (space, kind, parent, item)
         SELECT ?1, 1, document, seq FROM chunks
         UNION ALL
         SELECT ?1, 2, conversation, seq FROM messages
         WHERE state <> 'streaming' AND deleted_at IS NULL AND content <> ''
           AND role IN ('user', 'assistant') AND provider IS NOT 'passages'",
        [space],
    )?;
    Ok(())
}

/// Gives up the space that is being built.
pub(super) fn retire_building(tx: &Connection) -> rusqlite::Result<()> {
    tx.execute("UPDATE embedding_spaces SET state = 'retired' WHERE state = 'building'", [])
        .map(drop)
}

/// The space that was being built serves from now on; the one before goes.
pub(super) fn update_switched(tx: &Connection, built: i64) -> rusqlite::Result<()> {
    tx.execute("UPDATE embedding_spaces SET state = 'retired' WHERE state = 'active'", [])?;
    tx.execute("UPDATE embedding_spaces SET state = 'active' WHERE seq = ?", [built]).map(drop)
}

/// Clears away some of what is retired, so that no write takes long; says whether there was any.
pub(super) fn delete_retired(tx: &Connection, limit: u32) -> rusqlite::Result<bool> {
    let space: Option<i64> = tx
        .prepare_cached("SELECT seq FROM embedding_spaces WHERE state = 'retired' LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let Some(space) = space else { return Ok(false) };
    for (table, key) in [("vectors", "seq"), ("to_embed", "space, kind, parent, item")] {
        let gone = tx.execute(
            &format!(
                "DELETE FROM {table} WHERE ({key}) IN
                   (SELECT {key} FROM {table} WHERE space = ? LIMIT ?)"
            ),
            params![space, limit],
        )?;
        if gone > 0 {
            return Ok(true);
        }
    }
    tx.execute("DELETE FROM embedding_spaces WHERE seq = ?", [space])?;
    Ok(true)
}

/// Notes why a space does not get on, or that it does.
pub(super) fn update_error(
    tx: &Connection,
    space: i64,
    error: Option<&str>,
) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE embedding_spaces SET error = ?2 WHERE seq = ?1 AND error IS NOT ?2")?
        .execute(params![space, error])
        .map(drop)
}

/// The next few that wait: documents before messages, the latest conversations first.
pub(super) fn list_waiting(
    db: &Connection,
    space: i64,
    limit: usize,
) -> rusqlite::Result<Vec<Waiting>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    for kind in Kind::ALL {
        let order = if kind == Kind::Chunk { "ASC" } else { "DESC" };
        let mut statement = db.prepare_cached(&format!(
            "SELECT parent, item FROM to_embed WHERE space = ? AND kind = ?
             ORDER BY parent {order}, item {order} LIMIT ?"
        ))?;
        let rows = statement.query_map(params![space, kind.number(), limit], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        })?;
        let mut found = Vec::new();
        for row in rows {
            let (parent, item) = row?;
            let text = text_of(db, kind, item)?.unwrap_or_default();
            found.push(Waiting { kind, parent, item, text });
        }
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

fn text_of(db: &Connection, kind: Kind, item: i64) -> rusqlite::Result<Option<String>> {
    db.prepare_cached(kind.text_of())?.query_row([item], |row| row.get(0)).optional()
}

/// How many wait, in all.
pub(super) fn count_waiting(db: &Connection, space: i64) -> rusqlite::Result<u64> {
    db.prepare_cached("SELECT count(*) FROM to_embed WHERE space = ?")?
        .query_row([space], |row| row.get(0))
}

/// How many vectors there are.
pub(super) fn count_vectors(db: &Connection, space: i64) -> rusqlite::Result<u64> {
    db.prepare_cached("SELECT count(*) FROM vectors WHERE space = ?")?
        .query_row([space], |row| row.get(0))
}

/// Keeps vectors and takes their items out of the queue. An item whose text changed meanwhile stays
/// in it; one that is gone leaves nothing. Gives back what was kept.
pub(super) fn insert_vectors(
    tx: &Connection,
    space: i64,
    batch: Vec<Embedded>,
) -> rusqlite::Result<Vec<Kept>> {
    let mut kept = Vec::with_capacity(batch.len());
    for Embedded { waiting: Waiting { kind, parent, item, text }, vectors } in batch {
        let now = text_of(tx, kind, item)?;
        if now.as_ref().is_some_and(|now| *now != text) {
            continue;
        }
        let queued = tx
            .prepare_cached(
                "DELETE FROM to_embed WHERE space = ? AND kind = ? AND parent = ? AND item = ?",
            )?
            .execute(params![space, kind.number(), parent, item])?;
        if queued == 0 || now.is_none() {
            continue;
        }
        let mut statement = tx.prepare_cached(
            "INSERT OR REPLACE INTO vectors (space, kind, item, part, parent, vector)
             VALUES (?, ?, ?, ?, ?, ?)",
        )?;
        let mut stored = Vec::with_capacity(vectors.len());
        for (part, vector) in (0_i64..).zip(vectors) {
            let seq =
                statement.insert(params![space, kind.number(), item, part, parent, vector])?;
            stored.push((Place { seq, item, parent }, vector));
        }
        kept.push(Kept { kind, vectors: stored });
    }
    Ok(kept)
}

/// Reads every vector of a kind, for the index.
pub(super) fn each_vector(
    db: &Connection,
    space: i64,
    kind: Kind,
    mut take: impl FnMut(Place, &[u8]),
) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(
        "SELECT seq, item, parent, vector FROM vectors WHERE space = ? AND kind = ?",
    )?;
    let mut rows = statement.query(params![space, kind.number()])?;
    while let Some(row) = rows.next()? {
        let place = Place { seq: row.get(0)?, item: row.get(1)?, parent: row.get(2)? };
        take(place, row.get_ref(3)?.as_blob()?);
    }
    Ok(())
}

/// Looks at these vectors, by their places among them; what is gone is left out.
pub(super) fn each_of(
    db: &Connection,
    seqs: &[i64],
    mut look: impl FnMut(usize, &[u8]),
) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(
        "SELECT wanted.key, vectors.vector FROM json_each(?) wanted
         CROSS JOIN vectors ON vectors.seq = wanted.value",
    )?;
    let wanted = serde_json::to_string(seqs).unwrap_or_else(|_| "[]".to_owned());
    let mut rows = statement.query([wanted])?;
    while let Some(row) = rows.next()? {
        look(row.get(0)?, row.get_ref(1)?.as_blob()?);
    }
    Ok(())
}
