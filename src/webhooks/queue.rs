//! The SQL of what is on its way to webhooks: events that wait, are tried, and end.

#[cfg(test)]
mod tests;

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, named_params, params};

use super::Policy;
use super::delivery::{Job, Outcome, pause};
use super::queries::{add_lost, listeners};
use super::telling::News;
use super::types::{Delivery, State};
use crate::base::{DeliveryId, EventId, HookId, Timestamp};

const DELIVERY: &str = "d.id, w.id AS webhook_id, d.event_id, d.event, d.state, d.attempts,
     d.created_at, d.next_at, d.ended_at, d.last_status, d.last_error";

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        id: row.get("id")?,
        webhook_id: row.get("webhook_id")?,
        event_id: row.get("event_id")?,
        event: row.get("event")?,
        state: row.get("state")?,
        attempts: row.get("attempts")?,
        created_at: row.get("created_at")?,
        next_at: row.get("next_at")?,
        ended_at: row.get("ended_at")?,
        last_status: row.get("last_status")?,
        last_error: row.get("last_error")?,
    })
}

/// What one webhook is told, and what it lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) id: HookId,
    /// Events that found no room.
    pub(super) lost: u64,
    /// All that it ever lost.
    pub(super) lost_in_all: u64,
}

/// Makes a delivery of every event for everybody who wants it, while there is room.
pub(super) fn insert_news(
    tx: &Connection,
    news: &[News],
    queue_max: usize,
) -> rusqlite::Result<Vec<Told>> {
    let mut told = Vec::new();
    for (webhook, id, events) in listeners(tx)? {
        let mut wanted = news.iter().filter(|news| events.contains(&news.event)).peekable();
        if wanted.peek().is_none() {
            continue;
        }
        let (mut room, mut lost) = (queue_max.saturating_sub(waiting(tx, webhook)?), 0);
        for news in wanted {
            match room.checked_sub(1) {
                Some(left) => room = left,
                None => {
                    lost += 1;
                    continue;
                }
            }
            tx.prepare_cached(
                "INSERT INTO webhook_deliveries (id, webhook, event_id, event, state, created_at,
                   queued_at, body)
                 VALUES (?1, ?2, ?3, ?4, 'waiting', ?5, ?5, ?6)",
            )?
            .execute(params![
                DeliveryId::new(),
                webhook,
                news.id,
                news.event.as_str(),
                news.at,
                news.body
            ])?;
        }
        let lost_in_all = if lost > 0 { add_lost(tx, webhook, lost)? } else { 0 };
        told.push(Told { id, lost, lost_in_all });
    }
    Ok(told)
}

/// How many wait for a webhook.
pub(super) fn waiting(db: &Connection, webhook: i64) -> rusqlite::Result<usize> {
    db.prepare_cached(
        "SELECT count(*) FROM webhook_deliveries WHERE webhook = ? AND state = 'waiting'",
    )?
    .query_row([webhook], |row| row.get(0))
}

/// How many wait for their first try, for those who can be told now.
pub(super) fn fresh(db: &Connection, now: Timestamp) -> rusqlite::Result<u64> {
    db.prepare_cached(
        "SELECT count(*) FROM webhook_deliveries d JOIN webhooks w ON w.seq = d.webhook
         WHERE w.enabled AND (w.paused_until IS NULL OR w.paused_until <= ?)
           AND d.state = 'waiting' AND d.attempts = 0",
    )?
    .query_row([now], |row| row.get(0))
}

/// A delivery that is tried once and by itself. Until that is over it is one that was broken off.
pub(super) fn insert_test(
    tx: &Connection,
    webhook: i64,
    event: &str,
    event_id: EventId,
    body: &str,
) -> rusqlite::Result<DeliveryId> {
    let (id, now) = (DeliveryId::new(), Timestamp::now());
    tx.prepare_cached(
        "INSERT INTO webhook_deliveries
           (id, webhook, event_id, event, state, created_at, queued_at, ended_at, last_error, body)
         VALUES (?1, ?2, ?3, ?4, 'dead', ?5, ?5, ?5, 'the test was broken off', ?6)",
    )?
    .execute(params![id, webhook, event_id, event, now, body])?;
    Ok(id)
}

/// What comes next for a webhook.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The webhook is not there any more.
    Gone,
    /// Nothing waits, or it is off.
    Nothing,
    /// Nothing before this.
    At(Timestamp),
    /// This, now.
    Try(Box<Job>),
}

/// What comes next: the oldest whose time has come. One that failed is waited for, so that the order
/// is kept, until it has had so many tries; then later ones overtake it.
pub(super) fn next(
    db: &Connection,
    id: HookId,
    now: Timestamp,
    ordered_attempts: u32,
) -> rusqlite::Result<Next> {
    let webhook = db
        .prepare_cached("SELECT seq, enabled, paused_until FROM webhooks WHERE id = ?")?
        .query_row([id], |row| {
            Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get::<_, Option<Timestamp>>(2)?))
        })
        .optional()?;
    let (seq, paused) = match webhook {
        None => return Ok(Next::Gone),
        Some((_, false, _)) => return Ok(Next::Nothing),
        Some((seq, true, paused)) => (seq, paused),
    };
    if let Some(until) = paused.filter(|until| *until > now) {
        return Ok(Next::At(until));
    }
    let head = one(db, "d.attempts < ?2 ORDER BY d.seq", params![seq, ordered_attempts])?;
    let due = "d.attempts >= ?2 AND coalesce(d.next_at, '') <= ?3 ORDER BY d.seq";
    let overtaken = one(db, due, params![seq, ordered_attempts, now])?;
    let head_at = head.as_ref().and_then(|(_, at)| *at).filter(|at| *at > now);
    let candidates = [head.filter(|_| head_at.is_none()), overtaken];
    let first = candidates.into_iter().flatten().map(|(job, _)| job).min_by_key(|job| job.seq);
    if let Some(job) = first {
        return Ok(Next::Try(Box::new(job)));
    }
    let later: Option<Timestamp> = db
        .prepare_cached(
            "SELECT min(next_at) FROM webhook_deliveries
             WHERE webhook = ? AND state = 'waiting' AND attempts >= ?",
        )?
        .query_row(params![seq, ordered_attempts], |row| row.get(0))?;
    Ok(head_at.into_iter().chain(later).min().map_or(Next::Nothing, Next::At))
}

fn one(
    db: &Connection,
    which: &str,
    values: &[&dyn ToSql],
) -> rusqlite::Result<Option<(Job, Option<Timestamp>)>> {
    let sql = format!("{JOB} WHERE d.webhook = ?1 AND d.state = 'waiting' AND {which} LIMIT 1");
    db.prepare_cached(&sql)?
        .query_row(values, |row| Ok((job(row)?, row.get("next_at")?)))
        .optional()
}

const JOB: &str = "SELECT d.seq, d.id, d.event_id, d.event, d.body, d.attempts, d.next_at,
       w.seq AS webhook, w.id AS webhook_id, w.url, w.secret
     FROM webhook_deliveries d JOIN webhooks w ON w.seq = d.webhook";

fn job(row: &Row<'_>) -> rusqlite::Result<Job> {
    Ok(Job {
        seq: row.get("seq")?,
        id: row.get("id")?,
        webhook: row.get("webhook")?,
        webhook_id: row.get("webhook_id")?,
        event_id: row.get("event_id")?,
        event: row.get("event")?,
        body: row.get("body")?,
        attempts: row.get("attempts")?,
        url: row.get("url")?,
        secret: row.get("secret")?,
    })
}

/// One delivery, to be tried now whatever its state.
pub(super) fn find_job(db: &Connection, id: DeliveryId) -> rusqlite::Result<Option<Job>> {
    let sql = format!("{JOB} WHERE d.id = ?");
    db.prepare_cached(&sql)?.query_row([id], job).optional()
}

/// What became of a try, once it is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) state: State,
    /// Dead deliveries that had to make room.
    pub(super) lost: u64,
}

/// Writes down what came of a try. `last` says that there is no other; `recovered` that the webhook
/// answers again, so that all that waits goes now, the oldest first.
pub(super) fn settle(
    tx: &Connection,
    job: &Job,
    outcome: &Outcome,
    policy: &Policy,
    now: Timestamp,
    (last, recovered): (bool, bool),
) -> rusqlite::Result<Settled> {
    let attempts = job.attempts.saturating_add(1);
    let state = match outcome.arrived() {
        true => State::Delivered,
        false if last || outcome.gone || attempts >= policy.retry.attempts => State::Dead,
        false => State::Waiting,
    };
    let pause = |asked: Option<Duration>| now.after(pause(policy.retry, attempts, asked));
    let ended = state != State::Waiting;
    tx.prepare_cached(
        "UPDATE webhook_deliveries SET state = :state, attempts = :attempts, next_at = :next_at,
           ended_at = :ended_at, last_status = :status, last_error = :error
         WHERE seq = :seq",
    )?
    .execute(named_params! {
        ":seq": job.seq,
        ":state": state,
        ":attempts": attempts,
        ":next_at": (!ended).then(|| pause(outcome.retry_after)),
        ":ended_at": ended.then(Timestamp::now),
        ":status": outcome.status,
        ":error": outcome.error,
    })?;
    let paused = outcome.retry_after.filter(|_| !outcome.arrived());
    let paused = paused.map(|asked| now.after(asked.min(policy.retry.max)));
    tx.prepare_cached(
        "UPDATE webhooks SET last_at = :at, last_status = :status, last_error = :error,
           paused_until = :paused, enabled = enabled AND NOT :gone
         WHERE seq = :seq",
    )?
    .execute(named_params! {
        ":seq": job.webhook,
        ":at": Timestamp::now(),
        ":status": outcome.status,
        ":error": outcome.error,
        ":paused": paused,
        ":gone": outcome.gone,
    })?;
    if recovered {
        update_due(tx, job.webhook)?;
    }
    let mut lost = 0;
    if ended {
        let beyond = prune(tx, job.webhook, state, policy.keep_max)?;
        if state == State::Dead && beyond > 0 {
            lost = beyond as u64;
            add_lost(tx, job.webhook, lost)?;
        }
    }
    Ok(Settled { state, lost })
}

/// All that waits for a webhook goes now.
pub(super) fn update_due(tx: &Connection, webhook: i64) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE webhook_deliveries SET next_at = NULL WHERE webhook = ? AND state = 'waiting'",
    )?
    .execute([webhook])
    .map(drop)
}

/// Deletes the oldest of those that ended so, where there are more than so many.
fn prune(tx: &Connection, webhook: i64, state: State, most: usize) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "DELETE FROM webhook_deliveries WHERE seq IN
           (SELECT seq FROM webhook_deliveries WHERE webhook = ? AND state = ?
            ORDER BY seq DESC LIMIT -1 OFFSET ?)",
    )?
    .execute(params![webhook, state, most])
}

/// One delivery.
pub(super) fn find_delivery(db: &Connection, id: DeliveryId) -> rusqlite::Result<Option<Delivery>> {
    let sql = format!(
        "SELECT {DELIVERY} FROM webhook_deliveries d JOIN webhooks w ON w.seq = d.webhook
         WHERE d.id = ?"
    );
    db.prepare_cached(&sql)?.query_row([id], delivery).optional()
}

/// So many before this row, the newest first, with their rows.
pub(super) fn list_deliveries(
    db: &Connection,
    webhook: i64,
    state: Option<State>,
    before: Option<i64>,
    limit: usize,
) -> rusqlite::Result<Vec<(i64, Delivery)>> {
    let sql = format!(
        "SELECT {DELIVERY}, d.seq FROM webhook_deliveries d JOIN webhooks w ON w.seq = d.webhook
         WHERE d.webhook = :webhook AND d.seq < :before {}
         ORDER BY d.seq DESC LIMIT :limit",
        // Only what is asked for, so that the index serves it.
        if state.is_some() { "AND d.state = :state" } else { "AND :state IS NULL" }
    );
    let before = before.unwrap_or(i64::MAX);
    let values = named_params! {
        ":webhook": webhook, ":state": state, ":before": before, ":limit": limit,
    };
    db.prepare_cached(&sql)?
        .query_map(values, |row| Ok((row.get("seq")?, delivery(row)?)))?
        .collect()
}

/// Lets a delivery begin anew.
pub(super) fn revive(tx: &Connection, id: DeliveryId) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE webhook_deliveries SET state = 'waiting', attempts = 0, next_at = NULL,
           ended_at = NULL, queued_at = ?
         WHERE id = ?",
    )?
    .execute(params![Timestamp::now(), id])
    .map(drop)
}

/// Gives up what has waited since before an instant, for example for one that is off.
pub(super) fn give_up(tx: &Connection, before: Timestamp) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "UPDATE webhook_deliveries SET state = 'dead', next_at = NULL, ended_at = ?,
           last_error = coalesce(last_error, 'it waited for too long (WEBHOOK_KEEP_DAYS)')
         WHERE state = 'waiting' AND queued_at < ?",
    )?
    .execute(params![Timestamp::now(), before])
}

/// Deletes what ended before an instant, a few at a time; how many went, and how many of them dead.
pub(super) fn forget(
    tx: &Connection,
    before: Timestamp,
    limit: u32,
) -> rusqlite::Result<(usize, usize)> {
    let mut statement = tx.prepare_cached(
        "DELETE FROM webhook_deliveries WHERE seq IN
           (SELECT seq FROM webhook_deliveries WHERE ended_at < ? LIMIT ?)
         RETURNING state",
    )?;
    let states = statement.query_map(params![before, limit], |row| row.get(0))?;
    let states = states.collect::<rusqlite::Result<Vec<State>>>()?;
    Ok((states.len(), states.iter().filter(|state| **state == State::Dead).count()))
}

/// Lets nothing wait for longer than until then: the clock may have been set back between two starts.
pub(super) fn clamp(tx: &Connection, latest: Timestamp) -> rusqlite::Result<()> {
    tx.execute("UPDATE webhooks SET paused_until = ?1 WHERE paused_until > ?1", [latest])?;
    tx.execute("UPDATE webhook_deliveries SET next_at = ?1 WHERE next_at > ?1", [latest])?;
    Ok(())
}
