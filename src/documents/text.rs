//! The extracted text of a document, a part at a time. Places are counted in characters; the passages
//! of the document say at which byte a character stands, so that a part of a large text is found
//! without reading what is before it.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::types::{Document, TextPart};
use super::{Documents, find, queries};
use crate::base::{Caller, DocumentId};
use crate::conversations::{Place, Source};
use crate::error::Error;
use crate::store;

/// Pages and headings that a part brings along at most.
const MARKS: u32 = 2000;
/// Documents that a question may name.
const NAMED: usize = 100;
/// Bytes that a character takes at most.
const CHAR_BYTES: u64 = 4;

/// Which part of a text is wanted, in characters.
#[derive(Debug, Clone, Copy, Default)]
pub struct Window {
    /// From here.
    pub start: Option<u64>,
    /// To here.
    pub end: Option<u64>,
    /// Or with this in the middle.
    pub around: Option<u64>,
}

impl Window {
    /// The part to read, no longer than `most`.
    fn range(self, chars: u64, most: u64) -> (u64, u64) {
        let start = match (self.start, self.around) {
            (Some(start), _) => start,
            (None, Some(middle)) => middle.saturating_sub(most / 2),
            (None, None) => 0,
        };
        let start = start.min(chars);
        let end = self.end.unwrap_or(u64::MAX).clamp(start, start.saturating_add(most)).min(chars);
        (start, end)
    }
}

impl Documents {
    /// A part of a document's text, with where its pages and headings are.
    pub async fn text(
        &self,
        caller: &Caller,
        id: DocumentId,
        window: Window,
    ) -> Result<TextPart, Error> {
        let owner = caller.user;
        let most = self.inner.live.now().documents.text_window_chars;
        let blobs = self.inner.blobs.clone();
        self.read(move |db| {
            let (seq, document) = find(db, owner, id)?;
            let chars = readable(&document)?;
            let (start, end) = window.range(chars, most);
            let path = blobs.beside(&queries::hash_of(db, seq)?, "txt");
            let text = read(db, seq, &path, start, end)?;
            let pages = marks(
                db,
                seq,
                "SELECT page, min(start_char) FROM chunks WHERE document = ? AND page IS NOT NULL
                 GROUP BY page ORDER BY page LIMIT ?",
                |row| Ok(json!({ "page": row.get::<_, i64>(0)?, "start": row.get::<_, i64>(1)? })),
            )?;
            let headings = marks(
                db,
                seq,
                "SELECT heading, min(start_char) FROM chunks WHERE document = ? AND heading <> ''
                 GROUP BY heading ORDER BY 2 LIMIT ?",
                |row| {
                    let path: String = row.get(0)?;
                    let level = path.matches(" > ").count() + 1;
                    let text = path.rsplit(" > ").next().unwrap_or(&path);
                    Ok(json!({ "level": level, "text": text, "start": row.get::<_, i64>(1)? }))
                },
            )?;
            Ok(TextPart { text, start, end, chars, pages, headings })
        })
        .await
    }

    /// The whole text of a document, when it has no more characters than `most`.
    pub(crate) async fn whole_text(
        &self,
        caller: &Caller,
        id: DocumentId,
        most: u64,
    ) -> Result<Option<(Document, String)>, Error> {
        let owner = caller.user;
        let blobs = self.inner.blobs.clone();
        self.read(move |db| {
            let (seq, document) = find(db, owner, id)?;
            match document.chars {
                Some(chars) if document.searchable && chars <= most => {
                    let path = blobs.beside(&queries::hash_of(db, seq)?, "txt");
                    let text = read(db, seq, &path, 0, chars)?;
                    Ok(Some((document, text)))
                }
                _ => Ok(None),
            }
        })
        .await
    }

    /// Refuses documents that a question names and that are not there.
    pub(crate) async fn check_named(
        &self,
        caller: &Caller,
        ids: &[DocumentId],
    ) -> Result<(), Error> {
        if ids.len() > NAMED {
            let message = format!("a question names at most {NAMED} documents");
            return Err(Error::invalid("documents", message));
        }
        let (owner, ids) = (caller.user, ids.to_vec());
        self.read(move |db| {
            ids.into_iter().try_for_each(|id| match find(db, owner, id)?.1.deleted_at {
                None => Ok(()),
                Some(_) => Err(Error::not_found("document")),
            })
        })
        .await
    }

    /// Looks each passage of a document up at its place, and says whether it is there word by word.
    pub(crate) async fn verify(
        &self,
        caller: &Caller,
        sources: &mut [Source],
    ) -> Result<(), Error> {
        let passages: Vec<(usize, Place, String)> = sources
            .iter()
            .enumerate()
            .filter_map(|(at, source)| Some((at, source.place.clone()?, source.text.clone())))
            .filter(|(_, place, _)| !place.verified)
            .collect();
        if passages.is_empty() {
            return Ok(());
        }
        let (owner, blobs) = (caller.user, self.inner.blobs.clone());
        let verified = self
            .read(move |db| {
                let is_there = |place: &Place, text: &str| -> Result<bool, Error> {
                    let Some((seq, _)) = queries::find(db, owner, place.document_id)? else {
                        return Ok(false);
                    };
                    let path = blobs.beside(&queries::hash_of(db, seq)?, "txt");
                    Ok(read(db, seq, &path, place.start, place.end).is_ok_and(|now| now == text))
                };
                passages
                    .into_iter()
                    .map(|(at, place, text)| Ok((at, is_there(&place, &text)?)))
                    .collect::<Result<Vec<_>, Error>>()
            })
            .await?;
        for (at, is_there) in verified {
            if let Some(place) = sources.get_mut(at).and_then(|source| source.place.as_mut()) {
                place.verified = is_there;
            }
        }
        Ok(())
    }
}

fn readable(document: &Document) -> Result<u64, Error> {
    document.chars.filter(|_| document.error.is_none()).ok_or_else(|| {
        Error::conflict("no_text", "this document has no text yet; it has not been read")
    })
}

/// Reads the characters from `start` to `end`.
fn read(db: &Connection, seq: i64, path: &Path, start: u64, end: u64) -> Result<String, Error> {
    let (char, byte) = queries::find_place(db, seq, start)?.unwrap_or_default();
    let failed = |source| {
        Error::from(store::Error::File { path: path.to_owned(), source: Arc::new(source) })
    };
    let mut file = File::open(path).map_err(failed)?;
    file.seek(SeekFrom::Start(byte)).map_err(failed)?;
    let mut bytes = Vec::new();
    let most = end.saturating_sub(char).saturating_mul(CHAR_BYTES);
    file.take(most).read_to_end(&mut bytes).map_err(failed)?;
    let text = String::from_utf8_lossy(&bytes);
    let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    Ok(text.chars().skip(count(start - char)).take(count(end - start)).collect())
}

fn marks(
    db: &Connection,
    seq: i64,
    sql: &str,
    mark: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<Value>,
) -> Result<Vec<Value>, Error> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params![seq, MARKS], mark)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_lies_inside_the_text_and_is_no_longer_than_allowed() {
        let range = |start, end, around| Window { start, end, around }.range(100, 30);
        assert_eq!(range(None, None, None), (0, 30));
        assert_eq!(range(Some(90), None, None), (90, 100));
        assert_eq!(range(Some(10), Some(15), None), (10, 15));
        assert_eq!(range(Some(10), Some(5), None), (10, 10));
        assert_eq!(range(None, None, Some(50)), (35, 65));
        assert_eq!(range(Some(u64::MAX), Some(u64::MAX), None), (100, 100));
    }
}
