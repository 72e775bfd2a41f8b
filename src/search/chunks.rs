//! The SQL of documents as search sees them: passages by their words, passages by their rows, names
//! and titles. Which documents may be seen is decided once, as a set of rows.

use std::collections::HashSet;

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, Row, params, params_from_iter};

use super::snippet::{CLOSE, OPEN, short};
use super::{Filters, Hit};
use crate::base::{DocumentId, Timestamp, UserId};
use crate::error::Error;

/// Weights of a passage's text and of the headings above it in BM25.
const WEIGHTS: &str = "1.0, 0.6";

/// A passage that was found.
#[derive(Debug, Clone)]
pub(super) struct Passage {
    pub(super) document: i64,
    pub(super) document_id: DocumentId,
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) n: u64,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) page: Option<u64>,
    pub(super) heading: String,
    pub(super) text: String,
    pub(super) created_at: Timestamp,
}

impl Passage {
    /// What the document is called.
    pub(super) fn shown_title(&self) -> String {
        self.title.clone().unwrap_or_else(|| self.name.clone())
    }

    /// Where in the document it stands, for a person.
    pub(super) fn location(&self) -> String {
        match (self.page, self.heading.as_str()) {
            (Some(page), "") => format!("page {page}"),
            (Some(page), heading) => format!("page {page}, {heading}"),
            (None, heading) => heading.to_owned(),
        }
    }
}

const COLUMNS: &str = "d.seq, d.id, d.name, d.title, c.n, c.start_char, c.end_char, c.page,
    c.heading, c.text, d.created_at";

fn passage(row: &Row<'_>) -> rusqlite::Result<Passage> {
    Ok(Passage {
        document: row.get(0)?,
        document_id: row.get(1)?,
        name: row.get(2)?,
        title: row.get(3)?,
        n: row.get(4)?,
        start: row.get(5)?,
        end: row.get(6)?,
        page: row.get(7)?,
        heading: row.get(8)?,
        text: row.get(9)?,
        created_at: row.get(10)?,
    })
}

/// The rows of the documents that a caller may see and that pass the filters. `None` stands for all
/// there are, so that the usual search carries no list.
pub(super) fn visible(
    db: &Connection,
    owner: UserId,
    filters: &Filters,
    only: Option<&[DocumentId]>,
) -> Result<Option<HashSet<i64>>, Error> {
    let mut sql = String::from("SELECT d.seq FROM documents d WHERE d.owner = ?");
    let mut values: Vec<SqlValue> = vec![owner.to_string().into()];
    let mut need = |condition: &str, value: SqlValue| {
        sql.push_str(condition);
        values.push(value);
    };
    let named = |ids: &[DocumentId]| {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        serde_json::to_string(&ids).unwrap_or_else(|_| "[]".to_owned())
    };
    let mut limited = false;
    if let Some(ids) = only {
        limited = true;
        need(" AND d.id IN (SELECT value FROM json_each(?))", named(ids).into());
    }
    if let Some(id) = filters.document_id {
        limited = true;
        need(" AND d.id = ?", id.to_string().into());
    }
    if let Some(id) = filters.collection_id {
        limited = true;
        need(
            " AND d.collection = (SELECT seq FROM collections WHERE id = ?)",
            id.to_string().into(),
        );
    }
    if let Some(kind) = &filters.kind {
        limited = true;
        need(" AND d.kind = ?", kind.clone().into());
    }
    if let Some(from) = filters.from {
        limited = true;
        need(" AND d.created_at >= ?", from.to_string().into());
    }
    if let Some(to) = filters.to {
        limited = true;
        need(" AND d.created_at < ?", to.to_string().into());
    }
    if !limited {
        // Everything is visible when nothing is in the trash and nobody else has documents.
        let hidden: bool = db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM documents WHERE deleted_at IS NOT NULL)
                     OR EXISTS (SELECT 1 FROM documents WHERE owner <> ?)",
            )?
            .query_row([owner], |row| row.get(0))?;
        if !hidden {
            return Ok(None);
        }
    }
    sql.push_str(" AND d.deleted_at IS NULL");
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), |row| row.get(0))?;
    Ok(Some(rows.collect::<rusqlite::Result<_>>()?))
}

/// How matches are ranked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order<'a> {
    /// The newest first, for a word that is everywhere.
    Newest,
    /// By BM25.
    Best,
    /// By BM25, of these rows alone: it costs about 1.5 µs a row.
    BestOf(&'a [i64]),
}

/// Rows of passages that match, best first.
pub(super) fn by_words(
    db: &Connection,
    expression: &str,
    order: Order<'_>,
    documents: Option<&HashSet<i64>>,
    limit: usize,
) -> Result<Vec<i64>, Error> {
    let (order, rows) = match order {
        Order::Newest => ("rowid DESC".to_owned(), None),
        Order::Best => (format!("bm25(chunks_fts, {WEIGHTS})"), None),
        Order::BestOf(rows) => (format!("bm25(chunks_fts, {WEIGHTS})"), Some(as_list(rows))),
    };
    // With a plus, so that matches are looked up among the rows and not the rows among the matches.
    let among = match rows {
        Some(_) => " AND +rowid IN (SELECT value FROM json_each(?4))",
        None => " AND ?4 IS NULL",
    };
    let inside = match documents {
        Some(_) => {
            " AND (SELECT document FROM chunks WHERE seq = chunks_fts.rowid)
                IN (SELECT value FROM json_each(?2))"
        }
        None => " AND ?2 IS NULL",
    };
    let list = documents.map(|rows| as_list(&rows.iter().copied().collect::<Vec<_>>()));
    let mut statement = db.prepare_cached(&format!(
        "SELECT rowid FROM chunks_fts WHERE chunks_fts MATCH ?1{among}{inside} ORDER BY {order} LIMIT ?3"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![expression, list, limit, rows], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn as_list(rows: &[i64]) -> String {
    serde_json::to_string(rows).unwrap_or_else(|_| "[]".to_owned())
}

/// A passage by its row, if its owner may see it and it is not in the trash.
pub(super) fn find(db: &Connection, owner: UserId, seq: i64) -> Result<Option<Passage>, Error> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM chunks c JOIN documents d ON d.seq = c.document
         WHERE c.seq = ? AND d.owner = ? AND d.deleted_at IS NULL"
    ))?;
    let mut rows = statement.query_map(params![seq, owner], passage)?;
    Ok(rows.next().transpose()?)
}

/// Documents whose name or title matches, the latest first.
pub(super) fn titles(
    db: &Connection,
    owner: UserId,
    expression: &str,
    documents: Option<&HashSet<i64>>,
    limit: usize,
) -> Result<Vec<Hit>, Error> {
    let mut statement = db.prepare_cached(
        "SELECT d.seq, d.id, coalesce(d.title, d.name), d.created_at,
           highlight(documents_fts, iif(d.title IS NULL, 0, 1), ?2, ?3)
         FROM documents_fts CROSS JOIN documents d ON d.seq = documents_fts.rowid
         WHERE documents_fts MATCH ?1 AND d.owner = ?4 AND d.deleted_at IS NULL
         ORDER BY documents_fts.rowid DESC",
    )?;
    let mut rows =
        statement.query(params![expression, OPEN.to_string(), CLOSE.to_string(), owner])?;
    let mut hits = Vec::new();
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        if hits.len() == limit {
            break;
        }
        if documents.is_some_and(|visible| !visible.contains(&seq)) {
            continue;
        }
        let id: DocumentId = row.get(1)?;
        let marked: String = row.get(4)?;
        let created_at = row.get(3)?;
        hits.push(Hit {
            title: row.get(2)?,
            ..Hit::new("document", id.to_string(), short(&marked), "title", created_at)
        });
    }
    Ok(hits)
}
