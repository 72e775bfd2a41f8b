//! The SQL of search. Ranking by BM25 reads every row that has a word, which for a common word of a
//! million messages takes most of a second. So a word is first probed: when more messages have it
//! than a limit, the newest of those that match are ranked by how dense the words stand, and BM25
//! is left to words that are rare enough.
//!
//! What was measured over a million messages: asking for one row by `MATCH ? AND rowid = ?` costs
//! hundreds of times a step of a running query, so texts are marked in the query that finds them,
//! and filters look rows up instead of listing them in an `IN`, which FTS5 takes one by one.

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};

use super::snippet::{CLOSE, OPEN, around_first_match, count, short};
use super::{Filters, Hit, id_text};
use crate::base::{ConversationId, MessageId, Timestamp, UserId};
use crate::conversations::{Role, Source};
use crate::error::Error;
use crate::store::text::{Term, any_of};

/// Newest matches that are looked at when a word is common.
const NEWEST: usize = 100;
/// Rows that are fetched for each one that is wanted, since some are in the trash.
const SPARE: usize = 2;
/// Passages that are weighed for each one that is wanted.
const WEIGHED: usize = 8;
/// Characters of a passage that is offered to a model.
const PASSAGE_CHARS: usize = 700;

/// How many messages have a term, counted no further than `limit`.
fn probe(db: &Connection, term: &Term, limit: usize) -> rusqlite::Result<usize> {
    db.prepare_cached(
        "SELECT count(*) FROM (SELECT 1 FROM messages_fts WHERE messages_fts MATCH ? LIMIT ?)",
    )?
    .query_row(params![term.expression(), sql_limit(limit)], |row| row.get::<_, i64>(0))
    .map(|n| usize::try_from(n).unwrap_or(0))
}

fn sql_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Whether some term is in so many messages that ranking them all would be slow.
pub(super) fn has_common_term(
    db: &Connection,
    terms: &[Term],
    candidates: usize,
) -> Result<bool, Error> {
    for term in terms {
        if probe(db, term, candidates)? >= candidates {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A term that tells messages apart, and in how many messages it is.
#[derive(Debug, Clone)]
pub(super) struct Rare {
    pub(super) term: Term,
    pub(super) messages: usize,
}

/// The terms that tell messages apart: those in few messages, rarest first, as long as all of them
/// together are in few enough to be ranked; when all are common, none.
pub(super) fn rare_terms(
    db: &Connection,
    terms: &[Term],
    candidates: usize,
) -> Result<Vec<Rare>, Error> {
    // In a small collection a word of every tenth message says little, too.
    let total: i64 =
        db.query_row("SELECT coalesce(max(seq), 0) FROM messages", [], |r| r.get(0))?;
    let total = usize::try_from(total).unwrap_or(usize::MAX);
    let common = if total > 100 { candidates.min(total / 10) } else { candidates };
    let mut counted = Vec::with_capacity(terms.len());
    for term in terms {
        let found = probe(db, term, common)?;
        if found > 0 && found < common && !is_stop_word(&term.text) {
            counted.push(Rare { term: term.clone(), messages: found });
        }
    }
    counted.sort_by_key(|rare| rare.messages);
    counted.truncate(12);
    let mut ranked = 0;
    counted.retain(|rare| {
        ranked += rare.messages;
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
                kind: "conversation",
                id: id.to_string(),
                conversation_id: id,
                title: row.get(1)?,
                score: density(&marked),
                snippet: short(&marked),
                location: "title",
                created_at: row.get(2)?,
            })
        },
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A message that matched.
struct Found {
    seq: i64,
    id: MessageId,
    role: Role,
    created_at: Timestamp,
    conversation_id: ConversationId,
    title: Option<String>,
    score: f64,
    provider: Option<String>,
    marked: String,
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
        provider: row.get(7)?,
        marked: row.get(8)?,
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
) -> Result<Vec<Hit>, Error> {
    let wanted = if common { NEWEST.max(limit) } else { limit * SPARE };
    let mut hits = candidates(db, owner, expression, common, filters, wanted)?;
    if common {
        for one in &mut hits {
            one.score = density(&one.marked);
        }
        // Newest first among equals: the sort is stable and they came so.
        hits.sort_by(|a, b| b.score.total_cmp(&a.score));
    }
    hits.truncate(limit);
    Ok(hits
        .into_iter()
        .map(|one| Hit {
            kind: "message",
            id: id_text(one.id),
            conversation_id: one.conversation_id,
            title: one.title,
            snippet: short(&one.marked),
            score: one.score,
            location: one.role.as_str(),
            created_at: one.created_at,
        })
        .collect())
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
        true => ("0.0", "rowid DESC"),
        false => ("-rank", "rank"),
    };
    let mut values: Vec<SqlValue> =
        vec![OPEN.to_string().into(), CLOSE.to_string().into(), expression.to_owned().into()];
    let mut inside = String::new();
    let mut need = |condition: &str, value: SqlValue| {
        inside.push_str(condition);
        values.push(value);
    };
    if let Some(id) = filters.conversation_id {
        let all = "SELECT {} FROM messages WHERE conversation =
                   (SELECT seq FROM conversations WHERE id = ?)";
        for (bound, edge) in [(">=", "min(seq)"), ("<=", "max(seq)")] {
            let within = format!(" AND rowid {bound} ({})", all.replace("{}", edge));
            need(&within, id.to_string().into());
        }
        let its = " AND (SELECT conversation FROM messages WHERE seq = messages_fts.rowid) =
                   (SELECT seq FROM conversations WHERE id = ?)";
        need(its, id.to_string().into());
    }
    let row = "FROM messages WHERE seq = messages_fts.rowid";
    if let Some(role) = filters.role {
        need(&format!(" AND (SELECT role {row}) = ?"), role.as_str().to_owned().into());
    }
    if let Some(from) = filters.from {
        need(&format!(" AND (SELECT created_at {row}) >= ?"), from.to_string().into());
    }
    if let Some(to) = filters.to {
        need(&format!(" AND (SELECT created_at {row}) < ?"), to.to_string().into());
    }
    values.extend([sql_limit(limit).into(), owner.to_string().into()]);
    let sql = format!(
        "WITH hit AS MATERIALIZED
           (SELECT rowid AS seq, {score} AS score, highlight(messages_fts, 0, ?, ?) AS marked
            FROM messages_fts WHERE messages_fts MATCH ?{inside} ORDER BY {order} LIMIT ?)
         SELECT m.seq, m.id, m.role, m.created_at, c.id, c.title, hit.score, m.provider, hit.marked
         FROM hit CROSS JOIN messages m ON m.seq = hit.seq
         CROSS JOIN conversations c ON c.seq = m.conversation
         WHERE c.owner = ? AND c.deleted_at IS NULL"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), found)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How dense matches stand in a text, between 0 and 1; long texts are forgiven some length, as BM25
/// does.
fn density(marked: &str) -> f64 {
    let matches = f64::from(u32::try_from(count(marked)).unwrap_or(u32::MAX));
    let words = f64::from(u32::try_from(marked.len() / 6).unwrap_or(u32::MAX));
    matches / (matches + 1.2 * (0.25 + 0.75 * words / 100.0))
}

/// Passages of earlier conversations that share at least `wanted` of the terms, best first: those
/// that share the most, a term counting the more the rarer it is.
pub(super) fn passages(
    db: &Connection,
    owner: UserId,
    terms: &[Rare],
    wanted: usize,
    except: Option<ConversationId>,
    limit: usize,
) -> Result<Vec<Source>, Error> {
    let words: Vec<Term> = terms.iter().map(|rare| rare.term.clone()).collect();
    let Some(any) = any_of(&words) else { return Ok(Vec::new()) };
    let mut sources: Vec<Source> = Vec::with_capacity(limit);
    for one in sharing(db, owner, terms, wanted, limit * WEIGHED)? {
        // An answer made of passages would only quote itself.
        let quotes = one.provider.as_deref() == Some("passages");
        let said = matches!(one.role, Role::User | Role::Assistant);
        if Some(one.conversation_id) == except || quotes || !said {
            continue;
        }
        let Some(marked) = mark(db, &any, one.seq)? else { continue };
        let text = around_first_match(&marked, PASSAGE_CHARS).text;
        if sources.iter().any(|known| known.text == text) {
            continue;
        }
        sources.push(Source {
            n: u32::try_from(sources.len() + 1).unwrap_or(u32::MAX),
            kind: "message".to_owned(),
            conversation_id: one.conversation_id,
            message_id: one.id,
            title: one.title.unwrap_or_default(),
            location: one.role.as_str().to_owned(),
            text,
            score: one.score,
            created_at: one.created_at,
        });
        if sources.len() == limit {
            break;
        }
    }
    Ok(sources)
}

/// Messages that share at least `wanted` of the terms. One query over the terms' lists, because BM25
/// over an OR of many looks each of them up twice.
fn sharing(
    db: &Connection,
    owner: UserId,
    terms: &[Rare],
    wanted: usize,
    limit: usize,
) -> Result<Vec<Found>, Error> {
    let lists =
        vec!["SELECT rowid, ? AS weight FROM messages_fts WHERE messages_fts MATCH ?"; terms.len()];
    let sql = format!(
        "WITH hit AS MATERIALIZED
           (SELECT rowid AS seq, sum(weight) AS score FROM ({})
            GROUP BY rowid HAVING count(*) >= ? ORDER BY score DESC, rowid DESC LIMIT ?)
         SELECT m.seq, m.id, m.role, m.created_at, c.id, c.title, hit.score, m.provider, ''
         FROM hit CROSS JOIN messages m ON m.seq = hit.seq
         CROSS JOIN conversations c ON c.seq = m.conversation
         WHERE c.owner = ? AND c.deleted_at IS NULL",
        lists.join(" UNION ALL ")
    );
    let total: i64 =
        db.query_row("SELECT coalesce(max(seq), 0) FROM messages", [], |r| r.get(0))?;
    let mut values: Vec<SqlValue> = Vec::new();
    for Rare { term, messages } in terms {
        values.push(weight(*messages, total).into());
        values.push(term.expression().into());
    }
    values.extend([sql_limit(wanted).into(), sql_limit(limit).into(), owner.to_string().into()]);
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), found)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How much a term tells that is in so many of all messages (the inverse document frequency of BM25,
/// Robertson and Zaragoza 2009, kept above zero).
fn weight(messages: usize, total: i64) -> f64 {
    let number = |count: i64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let (n, all) = (number(sql_limit(messages)), number(total));
    (1.0 + (all - n + 0.5).max(0.0) / (n + 0.5)).ln()
}

/// A message's text with the matches marked.
fn mark(db: &Connection, expression: &str, seq: i64) -> Result<Option<String>, Error> {
    Ok(db
        .prepare_cached(
            "SELECT highlight(messages_fts, 0, ?3, ?4) FROM messages_fts
             WHERE messages_fts MATCH ?1 AND rowid = ?2",
        )?
        .query_row(params![expression, seq, OPEN.to_string(), CLOSE.to_string()], |r| r.get(0))
        .optional()?)
}
