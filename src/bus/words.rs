//! The words that messages are found by, which are indexed a moment after they were stored.

use rusqlite::{Connection, params};
use serde_json::Value;

use super::queries::{COLUMNS, MINE, message};
use super::types::{Message, Sender};

/// Bytes of a message that can be searched for.
const SEARCHED: usize = 64 * 1024;

/// Messages, and bytes of their words, that are indexed together: nothing else is written meanwhile.
const TOGETHER: usize = 512;
const BYTES_TOGETHER: usize = 4 * SEARCHED;

/// The newest message that is found by its words: they are indexed in the order of their numbers.
const INDEXED: &str = "coalesce((SELECT rowid FROM bus_fts ORDER BY rowid DESC LIMIT 1), 0)";

/// The newest message that is not found by its words yet.
pub(super) fn unindexed(db: &Connection) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached(&format!("SELECT max(seq) FROM bus_messages WHERE seq > {INDEXED}"))?
        .query_row([], |row| row.get(0))
}

/// The words of the next messages to be indexed, by number.
pub(super) fn next(db: &Connection) -> rusqlite::Result<Vec<(i64, String)>> {
    let mut select = db.prepare_cached(&format!(
        "SELECT seq, type, payload FROM bus_messages WHERE seq > {INDEXED} ORDER BY seq LIMIT ?"
    ))?;
    let mut rows = select.query([TOGETHER])?;
    let (mut next, mut bytes) = (Vec::new(), 0);
    while bytes < BYTES_TOGETHER
        && let Some(row) = rows.next()?
    {
        let words = words(row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?);
        bytes += words.len();
        next.push((row.get(0)?, words));
    }
    Ok(next)
}

/// Lets messages be found by their words, if they are still there and nobody else did meanwhile.
pub(super) fn index(tx: &Connection, words: &[(i64, String)]) -> rusqlite::Result<()> {
    let indexed: i64 =
        tx.prepare_cached(&format!("SELECT {INDEXED}"))?.query_row([], |row| row.get(0))?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO bus_fts (rowid, text) SELECT seq, ?2 FROM bus_messages WHERE seq = ?1",
    )?;
    for (seq, words) in words.iter().filter(|(seq, _)| *seq > indexed) {
        insert.execute(params![seq, words])?;
    }
    Ok(())
}

/// Messages with these words, newest first.
pub(super) fn search(
    db: &Connection,
    who: &Sender,
    expression: &str,
    limit: usize,
) -> rusqlite::Result<Vec<Message>> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM bus_fts f JOIN bus_messages m ON m.seq = f.rowid
         WHERE bus_fts MATCH ?1 AND (?2 IS NULL OR {MINE}) ORDER BY f.rowid DESC LIMIT ?3"
    ))?
    .query_map(params![expression, who.only, limit], message)?
    .collect()
}

/// What a message is found by: its kind and the words of its payload, which is JSON.
fn words(kind: &str, payload: &str) -> String {
    let mut words = kind.to_owned();
    if let Ok(payload) = serde_json::from_str(payload) {
        gather(&payload, &mut words);
    }
    words
}

/// The words of a value: its texts, its numbers and the names of its fields.
fn gather(value: &Value, into: &mut String) {
    if into.len() > SEARCHED {
        return;
    }
    match value {
        Value::String(text) => add(text, into),
        Value::Number(number) => add(&number.to_string(), into),
        Value::Array(items) => items.iter().for_each(|item| gather(item, into)),
        Value::Object(map) => {
            for (name, item) in map {
                add(name, into);
                gather(item, into);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn add(text: &str, into: &mut String) {
    let room = SEARCHED.saturating_sub(into.len());
    into.push(' ');
    into.push_str(&text[..text.floor_char_boundary(room)]);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_numbers_and_names_are_found() {
        let payload = json!({ "goal": "boil", "cups": [2, { "kind": "Tee é" }], "on": true });
        let words = words("task", &payload.to_string());
        for word in ["task", "goal", "boil", "cups", "2", "Tee é"] {
            assert!(words.contains(word), "{words}");
        }
        let mut long = String::new();
        gather(&json!(["é".repeat(SEARCHED)]), &mut long);
        assert!(long.len() <= SEARCHED + 1);
    }
}
