//! Full-text queries: any text that a person types becomes a valid FTS5 expression. Words are quoted
//! so that none of FTS5's operators can be met by accident; `"quoted phrases"` stay together, and the
//! last word is taken as a beginning while it is being typed.

use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, params};

/// Words of a query that are looked at; the rest of a pasted page adds nothing.
const MAX_WORDS: usize = 32;
/// Characters of one word that are looked at.
const MAX_WORD_CHARS: usize = 64;
/// Bytes of a text that matches are marked in; what is longer is cut.
const MAX_MARKED_BYTES: usize = 64 * 1024;

/// One thing to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// A word, or the words of a phrase.
    pub text: String,
    /// Whether words that begin so are meant, too.
    pub prefix: bool,
    /// Whether it was quoted.
    pub phrase: bool,
}

impl Term {
    /// As an FTS5 string.
    pub fn expression(&self) -> String {
        let star = if self.prefix { "*" } else { "" };
        format!("\"{}\"{star}", self.text)
    }
}

/// The terms of a person's query. `typing` takes the last word as a beginning, unless a space or a
/// quote ended it.
pub fn terms(query: &str, typing: bool) -> Vec<Term> {
    let mut found = Vec::new();
    for (index, part) in query.split('"').enumerate() {
        let words = part.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let words = words.map(|word| word.chars().take(MAX_WORD_CHARS).collect::<String>());
        if index % 2 == 1 {
            let text = words.take(MAX_WORDS).collect::<Vec<_>>().join(" ");
            if !text.is_empty() {
                found.push(Term { text, prefix: false, phrase: true });
            }
        } else {
            found.extend(words.map(|text| Term { text, prefix: false, phrase: false }));
        }
        if found.len() >= MAX_WORDS {
            break;
        }
    }
    found.truncate(MAX_WORDS);
    let ended = !query.chars().next_back().is_some_and(char::is_alphanumeric);
    if typing
        && !ended
        && let Some(last) = found.last_mut()
        && !last.phrase
    {
        last.prefix = true;
    }
    found
}

/// Names made of several words, like `sqlite3_open_v2` or `std::env`, as phrases: in a question they
/// are one thing.
pub fn joined(query: &str) -> Vec<Term> {
    let names = query.split(char::is_whitespace).filter_map(|name| {
        let words: Vec<String> = name
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(|word| word.chars().take(MAX_WORD_CHARS).collect())
            .collect();
        // "don't" and "e.g." are no names.
        let long = words.iter().filter(|word| word.chars().count() > 1).count();
        (long > 1).then(|| Term { text: words.join(" "), prefix: false, phrase: true })
    });
    names.take(MAX_WORDS).collect()
}

/// An expression that wants all terms; `None` when there is nothing to look for.
pub fn all_of(terms: &[Term]) -> Option<String> {
    join(terms, " AND ")
}

/// An expression that wants any of the terms; `None` when there is nothing to look for.
pub fn any_of(terms: &[Term]) -> Option<String> {
    join(terms, " OR ")
}

fn join(terms: &[Term], with: &str) -> Option<String> {
    let parts: Vec<_> = terms.iter().map(Term::expression).collect();
    (!parts.is_empty()).then(|| parts.join(with))
}

/// Texts in which something matches an expression, by their place, with `edges` before and after each match. The
/// texts are indexed anew, in memory: asking the index in the file for one of its rows costs ten times as much.
pub fn marked(
    expression: &str,
    texts: &[&str],
    edges: (char, char),
) -> rusqlite::Result<Vec<(usize, String)>> {
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let mut desk = desk()?;
    // What is never committed is never written into the index's own tables.
    let session = desk.transaction()?;
    let mut add = session.prepare_cached("INSERT INTO texts (rowid, text) VALUES (?, ?)")?;
    for (n, text) in texts.iter().enumerate() {
        add.execute(params![n, &text[..text.floor_char_boundary(MAX_MARKED_BYTES)]])?;
    }
    let (open, close) = (edges.0.to_string(), edges.1.to_string());
    let mut find = session.prepare_cached(
        "SELECT rowid, highlight(texts, 0, ?2, ?3) FROM texts WHERE texts MATCH ?1",
    )?;
    let rows =
        find.query_map(params![expression, open, close], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let marked = rows.collect::<rusqlite::Result<_>>()?;
    drop((add, find));
    session.rollback()?;
    *DESK.lock().unwrap_or_else(PoisonError::into_inner) = Some(desk);
    Ok(marked)
}

/// The database in memory that texts were marked in last, empty again: to make one takes longer than to
/// mark a page of hits.
static DESK: Mutex<Option<Connection>> = Mutex::new(None);

/// It, or another one while it is in use.
fn desk() -> rusqlite::Result<Connection> {
    let last = DESK.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(desk) = last {
        return Ok(desk);
    }
    let desk = Connection::open_in_memory()?;
    desk.execute_batch(
        "CREATE VIRTUAL TABLE texts USING fts5
           (text, tokenize = 'porter unicode61 remove_diacritics 2')",
    )?;
    Ok(desk)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_several_words_are_phrases() {
        let found = joined("what does sqlite3_open_v2 do, and std::env? don't e.g. well-known");
        let texts: Vec<_> = found.iter().map(|term| term.text.as_str()).collect();
        assert_eq!(texts, ["sqlite3 open v2", "std env", "well known"]);
    }

    #[test]
    fn words_phrases_and_a_beginning() {
        let found = terms("wood-stove \"slow burn\" chim", true);
        let shown = all_of(&found).unwrap();
        assert_eq!(shown, r#""wood" AND "stove" AND "slow burn" AND "chim"*"#);
        assert_eq!(all_of(&terms("chim ", true)).unwrap(), r#""chim""#);
        assert_eq!(all_of(&terms(" *^-() ", true)), None);
    }

    #[test]
    fn marks_are_those_of_the_index() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(
            "CREATE VIRTUAL TABLE t USING fts5
               (c, tokenize = 'porter unicode61 remove_diacritics 2', prefix = '1 2 3')",
        )
        .unwrap();
        let texts = ["The tides came in", "über die Brücke", "nothing", "a slow tide, slow burn"];
        for text in texts {
            db.execute("INSERT INTO t VALUES (?)", [text]).unwrap();
        }
        for query in ["tide", "brucke tid", "\"slow burn\"", "none"] {
            let any = any_of(&terms(query, true)).unwrap();
            let mut find = db
                .prepare("SELECT rowid - 1, highlight(t, 0, '<', '>') FROM t WHERE t MATCH ?")
                .unwrap();
            let rows = find.query_map([&any], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            let rows: Vec<(usize, String)> = rows.collect::<Result<_, _>>().unwrap();
            assert_eq!(marked(&any, &texts, ('<', '>')).unwrap(), rows, "{query}");
        }
        assert_eq!(marked("\"tide\"", &texts, ('<', '>')).unwrap().len(), 2);
        let long = format!("tide {}", "ü".repeat(MAX_MARKED_BYTES));
        let (_, cut) = marked("\"tide\"", &[&long], ('<', '>')).unwrap().remove(0);
        assert!(cut.starts_with("<tide> ü") && cut.len() <= MAX_MARKED_BYTES + 2);
    }

    proptest! {
        #[test]
        fn any_text_is_a_valid_query(query in "\\PC{0,60}", typing: bool) {
            let db = rusqlite::Connection::open_in_memory().unwrap();
            db.execute_batch("CREATE VIRTUAL TABLE t USING fts5(c, prefix='1 2 3')").unwrap();
            let found = terms(&query, typing);
            for expression in [all_of(&found), any_of(&found)].into_iter().flatten() {
                db.query_row("SELECT count(*) FROM t WHERE t MATCH ?", [expression], |_| Ok(()))
                    .unwrap();
            }
        }
    }

    #[test]
    fn fuzz_queries() {
        let db = rusqlite::Connection::open_in_memory().unwrap();
        db.execute_batch(
            "CREATE VIRTUAL TABLE t USING fts5 (a, b, tokenize = 'porter unicode61 remove_diacritics 2',
               prefix = '2 3');
             INSERT INTO t VALUES ('the tide came in', 'over stones'), ('near and not', 'or');",
        )
        .unwrap();
        let mut find = db.prepare("SELECT count(*) FROM t WHERE t MATCH ?").unwrap();
        crate::base::fuzz::fuzz("queries", |bytes| {
            let query = String::from_utf8_lossy(bytes);
            for typing in [false, true] {
                let terms = terms(&query, typing);
                for expression in [all_of(&terms), any_of(&terms), any_of(&joined(&query))] {
                    let Some(expression) = expression else { continue };
                    let found: Result<i64, _> = find.query_row([&expression], |row| row.get(0));
                    found.unwrap_or_else(|error| panic!("{expression}: {error}"));
                }
            }
        });
    }
}
