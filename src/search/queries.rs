//! The SQL of search. Ranking by BM25 reads every row that has a word, which for a common word of a
//! million messages takes most of a second. So a word is first probed: when more messages have it
//! than a limit, the newest of those that match are ranked by how dense the words stand, and BM25
//! is left to words that are rare enough.
//!
//! What was measured over a million messages: asking for one row by `MATCH ? AND rowid = ?` costs
//! hundreds of times a step of a running query, so texts are marked in the query that finds them or
//! apart from the index, and filters look rows up instead of listing them in an `IN`, which FTS5 takes one by one.

use std::collections::HashMap;

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, Row, params, params_from_iter};

use super::sight::{Except, QUOTABLE, Sight, conditions, id_or_null};
use super::snippet::{CLOSE, OPEN, around_first_match, count, short};
use super::{Filters, Hit};
use crate::base::{ConversationId, MessageId, Timestamp, UserId};
use crate::conversations::{Role, Source};
use crate::error::Error;
use crate::store::text::{self, Term, any_of};

/// Newest matches that are looked at when a word is common.
const NEWEST: usize = 100;
/// Messages of a time up to now from which on it is not worth counting them.
const LONG_TIME: i64 = 200_000;
/// Characters of a passage that is offered to a model.
const PASSAGE_CHARS: usize = 700;

/// What words are looked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Texts {
    /// Messages.
    Messages,
    /// Passages of documents.
    Chunks,
}

impl Texts {
    fn table(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Chunks => "chunks",
        }
    }
}

/// About how many texts there are.
fn total(db: &Connection, texts: Texts) -> rusqlite::Result<i64> {
    db.prepare_cached(&format!("SELECT coalesce(max(seq), 0) FROM {}", texts.table()))?
        .query_row([], |row| row.get(0))
}

/// How many texts have a term, counted no further than `limit`.
fn probe(db: &Connection, texts: Texts, term: &Term, limit: usize) -> rusqlite::Result<usize> {
    let table = texts.table();
    db.prepare_cached(&format!(
        "SELECT count(*) FROM (SELECT 1 FROM {table}_fts WHERE {table}_fts MATCH ? LIMIT ?)",
    ))?
    .query_row(params![term.expression(), sql_limit(limit)], |row| row.get::<_, i64>(0))
    .map(|n| usize::try_from(n).unwrap_or(0))
}

fn sql_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A term, and in how many texts it is, counted no further than there are texts to be ranked.
#[derive(Debug, Clone)]
pub(super) struct Counted {
    pub(super) term: Term,
    pub(super) texts: usize,
}

/// In how many texts each term is.
pub(super) fn counted(
    db: &Connection,
    texts: Texts,
    terms: &[Term],
    candidates: usize,
) -> Result<Vec<Counted>, Error> {
    let count = |term: &Term| {
        probe(db, texts, term, candidates).map(|texts| Counted { term: term.clone(), texts })
    };
    Ok(terms.iter().map(count).collect::<rusqlite::Result<_>>()?)
}

/// The terms that tell texts apart: those in few of them, rarest first, as long as all of them
/// together are in few enough to be ranked; when all are common, none.
pub(super) fn rare(
    db: &Connection,
    texts: Texts,
    mut counted: Vec<Counted>,
    candidates: usize,
) -> Result<Vec<Counted>, Error> {
    // In a small collection a word of every tenth message says little, too.
    let total = usize::try_from(total(db, texts)?).unwrap_or(usize::MAX);
    let common = if total > 100 { candidates.min(total / 10) } else { candidates };
    counted.retain(|one| (1..common).contains(&one.texts) && !is_stop_word(&one.term.text));
    counted.sort_by_key(|one| one.texts);
    counted.truncate(12);
    let mut ranked = 0;
    counted.retain(|one| {
        ranked += one.texts;
        ranked <= candidates * 2
    });
    Ok(counted)
}

/// Words that say nothing of what a question is about, for collections too small to tell by counting.
fn is_stop_word(word: &str) -> bool {
    const WORDS: &str = " a about all am an and any are as at be been but by can could did do does \
        for from get had has have he her him his how i if in into is it its just like me more my no \
        not of on one or our out please say said she should so some tell than that the their them \
        then there these they this to up us use was we were what when where which who why will \
        with would you your aber als am an auch auf aus bei bin bis bitte da das dass dem den der \
        des die dies doch du ein eine einem einen einer er es für hat ich ihr im in ist ja kann \
        man mein mich mir mit nach nicht noch nur oder sich sie sind so und uns vom von war was \
        wenn wer wie wir wird wo zu zum zur ";
    let lower = word.to_lowercase();
    WORDS.contains(&format!(" {lower} "))
}

/// Conversations whose title matches, the latest first.
pub(super) fn titles(
    db: &Connection,
    owner: UserId,
    expression: &str,
    limit: usize,
) -> Result<Vec<Hit>, Error> {
    let mut statement = db.prepare_cached(
        "SELECT c.id, c.title, c.updated_at, highlight(conversations_fts, 0, ?2, ?3)
         FROM conversations_fts CROSS JOIN conversations c ON c.seq = conversations_fts.rowid
         WHERE conversations_fts MATCH ?1 AND c.owner = ?4 AND c.deleted_at IS NULL
         ORDER BY conversations_fts.rowid DESC LIMIT ?5",
    )?;
    let rows = statement.query_map(
        params![expression, OPEN.to_string(), CLOSE.to_string(), owner, sql_limit(limit)],
        |row| {
            let id: ConversationId = row.get(0)?;
            let marked: String = row.get(3)?;
            Ok(Hit {
                conversation_id: Some(id),
                title: row.get(1)?,
                score: density(&marked),
                ..Hit::new("conversation", id.to_string(), short(&marked), "title", row.get(2)?)
            })
        },
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A message that was found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) seq: i64,
    id: MessageId,
    role: Role,
    created_at: Timestamp,
    conversation_id: ConversationId,
    title: Option<String>,
    pub(super) score: f64,
    pub(super) marked: String,
}

impl Found {
    /// As a hit of a search.
    pub(super) fn into_hit(self) -> Hit {
        Hit {
            conversation_id: Some(self.conversation_id),
            title: self.title,
            score: self.score,
            ..Hit::new(
                "message",
                self.id.to_string(),
                short(&self.marked),
                self.role.as_str(),
                self.created_at,
            )
        }
    }

    /// As a passage that an answer may cite.
    pub(super) fn into_source(self, score: f64) -> Source {
        Source {
            n: 0,
            kind: "message".to_owned(),
            title: self.title.unwrap_or_default(),
            location: self.role.as_str().to_owned(),
            text: around_first_match(&self.marked, PASSAGE_CHARS).text,
            score,
            created_at: self.created_at,
            conversation_id: Some(self.conversation_id),
            message_id: Some(self.id),
            place: None,
        }
    }
}

fn found(row: &Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found {
        seq: row.get(0)?,
        id: row.get(1)?,
        role: row.get(2)?,
        created_at: row.get(3)?,
        conversation_id: row.get(4)?,
        title: row.get(5)?,
        score: row.get(6)?,
        marked: row.get(7)?,
    })
}

/// Messages that match, best first, with the words marked.
pub(super) fn messages(
    db: &Connection,
    owner: UserId,
    expression: &str,
    common: bool,
    filters: &Filters,
    limit: usize,
) -> Result<Vec<Found>, Error> {
    let wanted = if common { NEWEST.max(limit) } else { limit };
    let mut hits = candidates(db, owner, expression, common, filters, wanted)?;
    if common {
        for one in &mut hits {
            one.score = density(&one.marked);
        }
        // Newest first among equals: the sort is stable and they came so.
        hits.sort_by(|a, b| b.score.total_cmp(&a.score));
    }
    hits.truncate(limit);
    Ok(hits)
}

/// Matches that the owner may see: the best by BM25, or, of a common word, the newest.
fn candidates(
    db: &Connection,
    owner: UserId,
    expression: &str,
    common: bool,
    filters: &Filters,
    limit: usize,
) -> Result<Vec<Found>, Error> {
    let (score, order) = match common {
        true => ("0.0", "messages_fts.rowid DESC"),
        false => ("-rank", "rank"),
    };
    let mut values: Vec<SqlValue> =
        vec![OPEN.to_string().into(), CLOSE.to_string().into(), expression.to_owned().into()];
    let mut inside = String::new();
    for (first, last) in [within(db, filters)?, span(db, filters)?].into_iter().flatten() {
        inside.push_str(" AND messages_fts.rowid BETWEEN ? AND ?");
        values.extend([first.into(), last.into()]);
    }
    inside.push_str(&conditions(filters, &mut values));
    values.extend([owner.to_string().into(), sql_limit(limit).into()]);
    // The index gives its matches in this order, so no more of them are looked up than it takes to find
    // enough that may be seen: what others said, and the trash, must not take their place.
    let sql = format!(
        "SELECT m.seq, m.id, m.role, m.created_at, c.id, c.title, {score},
           highlight(messages_fts, 0, ?, ?)
         FROM messages_fts CROSS JOIN messages m ON m.seq = messages_fts.rowid
         CROSS JOIN conversations c ON c.seq = m.conversation
         WHERE messages_fts MATCH ?{inside} AND c.owner = ? AND c.deleted_at IS NULL
         ORDER BY {order} LIMIT ?"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), found)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The first and the last message by number of the conversation that is looked through, if only one is.
fn within(db: &Connection, filters: &Filters) -> rusqlite::Result<Option<(i64, i64)>> {
    let Some(id) = filters.conversation_id else { return Ok(None) };
    let mut statement = db.prepare_cached(
        "SELECT min(seq), max(seq) FROM messages
         WHERE conversation = (SELECT seq FROM conversations WHERE id = ?)",
    )?;
    let (first, last): (Option<i64>, Option<i64>) =
        statement.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Some((first.unwrap_or(0), last.unwrap_or(-1))))
}

/// The first and the last message by number of a time, so that the matches outside of it are passed
/// over; nothing where that would not pay: matches come newest first, so a time that goes on until now
/// is either found at once or short.
fn span(db: &Connection, filters: &Filters) -> rusqlite::Result<Option<(i64, i64)>> {
    if filters.from.is_none() && filters.to.is_none() {
        return Ok(None);
    }
    let from = filters.from.map_or_else(String::new, |from| from.to_string());
    let to = filters.to.map_or_else(|| "~".to_owned(), |to| to.to_string());
    let most = if filters.to.is_none() { LONG_TIME } else { i64::MAX };
    let mut statement = db.prepare_cached(
        "SELECT min(seq), max(seq), count(*) FROM
           (SELECT seq FROM messages WHERE created_at >= ? AND created_at < ? LIMIT ?)",
    )?;
    let (first, last, count): (Option<i64>, Option<i64>, i64) =
        statement.query_row((from, to, most), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok((count < most).then(|| (first.unwrap_or(0), last.unwrap_or(-1))))
}

/// How dense matches stand in a text, between 0 and 1; long texts are forgiven some length, as BM25
/// does.
fn density(marked: &str) -> f64 {
    let matches = f64::from(u32::try_from(count(marked)).unwrap_or(u32::MAX));
    let words = f64::from(u32::try_from(marked.len() / 6).unwrap_or(u32::MAX));
    matches / (matches + 1.2 * (0.25 + 0.75 * words / 100.0))
}

/// Messages of earlier conversations that share at least `wanted` of the terms, best first: those
/// that share the most, a term counting the more the rarer it is. Only what was said: an answer made
/// of passages would only quote itself.
pub(super) fn passages(
    db: &Connection,
    owner: UserId,
    terms: &[Counted],
    wanted: usize,
    except: Except,
    limit: usize,
) -> Result<Vec<Found>, Error> {
    let words: Vec<Term> = terms.iter().map(|one| one.term.clone()).collect();
    let Some(any) = any_of(&words) else { return Ok(Vec::new()) };
    let mut found = sharing(db, owner, terms, wanted, except, limit)?;
    let mut content = db.prepare_cached("SELECT content FROM messages WHERE seq = ?")?;
    for one in &mut found {
        one.marked = content.query_row([one.seq], |row| row.get(0))?;
    }
    mark(&any, &mut found)?;
    Ok(found)
}

/// Messages by their rows, in that order, as far as they may be shown; with the words of `expression`
/// marked, where it is given.
pub(super) fn by_rows(
    db: &Connection,
    sight: &Sight,
    rows: &[i64],
    expression: Option<&str>,
) -> Result<Vec<Found>, Error> {
    let columns = "m.seq, m.id, m.role, m.created_at, c.id, c.title, 0.0, m.content";
    let mut all = sight.each(db, columns, rows, found)?;
    if let Some(expression) = expression {
        mark(expression, &mut all)?;
    }
    Ok(all)
}

/// Messages that share at least `wanted` of the terms. One query over the terms' lists, because BM25
/// over an OR of many looks each of them up twice; rows are looked up until there are enough.
fn sharing(
    db: &Connection,
    owner: UserId,
    terms: &[Counted],
    wanted: usize,
    except: Except,
    limit: usize,
) -> Result<Vec<Found>, Error> {
    let lists =
        vec!["SELECT rowid, ? AS weight FROM messages_fts WHERE messages_fts MATCH ?"; terms.len()];
    let sql = format!(
        "WITH hit AS MATERIALIZED
           (SELECT rowid AS seq, sum(weight) AS score FROM ({})
            GROUP BY rowid HAVING count(*) >= ? ORDER BY score DESC, rowid DESC)
         SELECT m.seq, m.id, m.role, m.created_at, c.id, c.title, hit.score, ''
         FROM hit CROSS JOIN messages m ON m.seq = hit.seq
         CROSS JOIN conversations c ON c.seq = m.conversation
         WHERE c.owner = ? AND c.deleted_at IS NULL AND c.id IS NOT ?
           AND {QUOTABLE} LIMIT ?",
        lists.join(" UNION ALL ")
    );
    let total = total(db, Texts::Messages)?;
    let mut values: Vec<SqlValue> = Vec::new();
    for Counted { term, texts } in terms {
        values.push(weight(*texts, total).into());
        values.push(term.expression().into());
    }
    values.extend([sql_limit(wanted).into(), owner.to_string().into(), id_or_null(except)]);
    values.push(sql_limit(limit).into());
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), found)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// For every text that has some of the terms, the share of them that it has, weighed by how much each
/// tells: from 0 to 1.
pub(super) fn coverage(
    db: &Connection,
    texts: Texts,
    terms: &[Counted],
) -> Result<HashMap<i64, f64>, Error> {
    let total = total(db, texts)?;
    let table = texts.table();
    let weights: Vec<f64> = terms.iter().map(|one| weight(one.texts, total)).collect();
    let all: f64 = weights.iter().sum();
    let mut shares: HashMap<i64, f64> = HashMap::new();
    let mut statement =
        db.prepare_cached(&format!("SELECT rowid FROM {table}_fts WHERE {table}_fts MATCH ?"))?;
    for (one, weight) in terms.iter().zip(weights) {
        let mut rows = statement.query([one.term.expression()])?;
        while let Some(row) = rows.next()? {
            *shares.entry(row.get(0)?).or_default() += weight / all;
        }
    }
    Ok(shares)
}

/// How much a term tells that is in so many of all messages (the inverse document frequency of BM25,
/// Robertson and Zaragoza 2009, kept above zero).
fn weight(messages: usize, total: i64) -> f64 {
    let number = |count: i64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let (n, all) = (number(sql_limit(messages)), number(total));
    (1.0 + (all - n + 0.5).max(0.0) / (n + 0.5)).ln()
}

/// Marks the matches in the texts of messages.
fn mark(expression: &str, found: &mut [Found]) -> Result<(), Error> {
    let texts: Vec<&str> = found.iter().map(|one| one.marked.as_str()).collect();
    for (n, marked) in text::marked(expression, &texts, (OPEN, CLOSE))? {
        found[n].marked = marked;
    }
    Ok(())
}
