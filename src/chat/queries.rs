//! The SQL of turns and their events.

use std::fmt::Write as _;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::turn::{Event, Prompt, TurnState, TurnView, kind_of};
use crate::base::{MessageId, Timestamp, TurnId, UserId};

/// Keeps a turn that begins.
pub(super) fn insert(
    tx: &Connection,
    id: TurnId,
    owner: UserId,
    (conversation, message): (i64, i64),
    model: &str,
    prompt: &Prompt,
) -> rusqlite::Result<()> {
    let prompt = serde_json::to_string(prompt)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    tx.prepare_cached(
        "INSERT INTO turns (id, owner, conversation, message, state, model, created_at, prompt)
         VALUES (?, ?, ?, ?, 'running', ?, ?, ?)",
    )?
    .execute(params![id, owner, conversation, message, model, Timestamp::now(), prompt])
    .map(drop)
}

/// Keeps events that came since the last time.
pub(super) fn insert_events(tx: &Connection, id: TurnId, events: &[Event]) -> rusqlite::Result<()> {
    let Some(last) = events.last() else { return Ok(()) };
    let mut lines = String::new();
    for event in events {
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "{} {} {}", event.seq, event.kind, event.json);
    }
    tx.prepare_cached("INSERT INTO turn_events (turn, last_seq, events) VALUES (?, ?, ?)")?
        .execute(params![id, i64::try_from(last.seq).unwrap_or(i64::MAX), lines])
        .map(drop)
}

/// Keeps how a turn ended.
pub(super) fn update_state(
    tx: &Connection,
    id: TurnId,
    state: TurnState,
    last_seq: u64,
) -> rusqlite::Result<()> {
    let last_seq = i64::try_from(last_seq).unwrap_or(i64::MAX);
    tx.prepare_cached("UPDATE turns SET state = ?2, last_seq = ?3 WHERE id = ?1")?
        .execute(params![id, state.as_str(), last_seq])
        .map(drop)
}

/// Keeps what was sent in all, calls and results included.
pub(super) fn update_prompt(tx: &Connection, id: TurnId, prompt: &Prompt) -> rusqlite::Result<()> {
    let prompt = serde_json::to_string(prompt)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    tx.prepare_cached("UPDATE turns SET prompt = ?2 WHERE id = ?1")?
        .execute(params![id, prompt])
        .map(drop)
}

/// Marks turns that were running when the process ended. Says how many.
pub(super) fn update_interrupted(tx: &Connection) -> rusqlite::Result<usize> {
    tx.execute(
        "UPDATE turns SET state = 'interrupted', last_seq = 1 + coalesce(
           (SELECT max(last_seq) FROM turn_events WHERE turn = turns.id), 0)
         WHERE state = 'running'",
        [],
    )
}

/// A finished turn.
pub(super) fn find(
    db: &Connection,
    owner: UserId,
    id: TurnId,
) -> rusqlite::Result<Option<TurnView>> {
    db.prepare_cached(
        "SELECT c.id, m.id, t.state, t.model, t.last_seq, t.created_at, t.prompt
         FROM turns t JOIN conversations c ON c.seq = t.conversation
         JOIN messages m ON m.seq = t.message WHERE t.id = ? AND t.owner = ?",
    )?
    .query_row(params![id, owner], |row| {
        let state = match row.get_ref(2)?.as_str()? {
            "running" => TurnState::Running,
            "complete" => TurnState::Complete,
            "cancelled" => TurnState::Cancelled,
            "failed" => TurnState::Failed,
            _ => TurnState::Interrupted,
        };
        let prompt: Option<String> = row.get(6)?;
        Ok(TurnView {
            id,
            conversation_id: row.get(0)?,
            message_id: row.get::<_, Option<MessageId>>(1)?,
            state,
            model: row.get(3)?,
            seq: row.get::<_, i64>(4)?.unsigned_abs(),
            created_at: row.get(5)?,
            prompt: prompt.and_then(|json| serde_json::from_str(&json).ok()),
        })
    })
    .optional()
}

/// The kept events after a number.
pub(super) fn list_events(db: &Connection, id: TurnId, after: u64) -> rusqlite::Result<Vec<Event>> {
    let after_sql = i64::try_from(after).unwrap_or(i64::MAX);
    let mut statement = db.prepare_cached(
        "SELECT events FROM turn_events WHERE turn = ? AND last_seq > ? ORDER BY last_seq",
    )?;
    let mut rows = statement.query(params![id, after_sql])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        for line in row.get_ref(0)?.as_str()?.lines() {
            let mut parts = line.splitn(3, ' ');
            let seq = parts.next().and_then(|seq| seq.parse().ok()).unwrap_or(0);
            let kind = parts.next().and_then(kind_of);
            if let (Some(kind), Some(json)) = (kind, parts.next())
                && seq > after
            {
                events.push(Event { seq, kind, json: json.into() });
            }
        }
    }
    Ok(events)
}

/// Forgets the events of turns that began before an instant.
pub(super) fn delete_old_events(tx: &Connection, before: Timestamp) -> rusqlite::Result<()> {
    // From the events, which are few: the turns of years have none.
    tx.execute(
        "DELETE FROM turn_events WHERE EXISTS (SELECT 1 FROM turns t
           WHERE t.id = turn_events.turn AND t.created_at < ?1 AND t.state <> 'running')",
        [before],
    )
    .map(drop)
}

/// Forgets the prompts of turns that began before an instant. Says how many.
pub(super) fn update_old_prompts(tx: &Connection, before: Timestamp) -> rusqlite::Result<usize> {
    tx.execute(
        "UPDATE turns SET prompt = NULL
         WHERE prompt IS NOT NULL AND created_at < ?1 AND state <> 'running'",
        [before],
    )
}

/// Forgets all turns of an owner, with their events.
pub(super) fn delete_all(tx: &Connection, owner: UserId) -> rusqlite::Result<()> {
    tx.execute(
        "DELETE FROM turn_events WHERE turn IN (SELECT id FROM turns WHERE owner = ?)",
        [owner],
    )?;
    tx.execute("DELETE FROM turns WHERE owner = ?", [owner]).map(drop)
}
