//! The SQL of people, sessions, tokens and claims.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::identity::{How, Origin};
use super::need::{Role, Scope};
use super::secret::Hash;
use super::types::{ClaimPurpose, NewToken, Session, Token, User};
use crate::base::{SessionId, Timestamp, TokenId, UserId};

const USER: &str =
    "id, name, role, password IS NOT NULL, disabled_at IS NOT NULL, created_at, last_seen_at";

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(0)?,
        name: row.get(1)?,
        role: row.get(2)?,
        has_password: row.get(3)?,
        disabled: row.get(4)?,
        created_at: row.get(5)?,
        last_seen_at: row.get(6)?,
    })
}

/// What cookies of this data folder are called after.
pub(super) fn instance(db: &Connection) -> rusqlite::Result<String> {
    db.query_row("SELECT name FROM instance", [], |row| row.get(0))
}

/// Whether anybody has a password, which closes the door to everybody else.
pub(super) fn has_passwords(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("SELECT EXISTS (SELECT 1 FROM users WHERE password IS NOT NULL)", [], |row| {
        row.get(0)
    })
}

pub(super) fn find_user(db: &Connection, id: UserId) -> rusqlite::Result<Option<User>> {
    db.prepare_cached(&format!("SELECT {USER} FROM users WHERE id = ?"))?
        .query_row([id], user)
        .optional()
}

pub(super) fn list_users(
    db: &Connection,
    after: Option<UserId>,
    limit: usize,
) -> rusqlite::Result<Vec<User>> {
    db.prepare_cached(&format!(
        "SELECT {USER} FROM users WHERE ?1 IS NULL OR id > ?1 ORDER BY id LIMIT ?2"
    ))?
    .query_map(params![after, limit], user)?
    .collect()
}

/// Whoever signs in with a name, and the hash of their password.
pub(super) fn find_by_name(
    db: &Connection,
    name: &str,
) -> rusqlite::Result<Option<(UserId, Option<String>)>> {
    db.prepare_cached(
        "SELECT id, password FROM users
         WHERE name = ? COLLATE NOCASE AND disabled_at IS NULL",
    )?
    .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
    .optional()
}

/// The hash of somebody's password.
pub(super) fn password(db: &Connection, id: UserId) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT password FROM users WHERE id = ? AND disabled_at IS NULL")?
        .query_row([id], |row| row.get(0))
        .optional()
        .map(Option::flatten)
}

pub(super) fn insert_user(
    tx: &Connection,
    id: UserId,
    name: &str,
    role: Role,
) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT INTO users (id, name, role, created_at) VALUES (?, ?, ?, ?)")?
        .execute(params![id, name, role, Timestamp::now()])
        .map(drop)
}

pub(super) fn is_name_taken(db: &Connection, name: &str, but: UserId) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM users WHERE name = ? COLLATE NOCASE AND id <> ?")?
        .exists(params![name, but])
}

pub(super) fn update_name(tx: &Connection, id: UserId, name: &str) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE users SET name = ? WHERE id = ?")?
        .execute(params![name, id])
        .map(drop)
}

pub(super) fn update_role(tx: &Connection, id: UserId, role: Role) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE users SET role = ? WHERE id = ?")?
        .execute(params![role, id])
        .map(drop)
}

pub(super) fn update_disabled(
    tx: &Connection,
    id: UserId,
    at: Option<Timestamp>,
) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE users SET disabled_at = ? WHERE id = ?")?
        .execute(params![at, id])
        .map(drop)
}

pub(super) fn update_password(tx: &Connection, id: UserId, hash: &str) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE users SET password = ? WHERE id = ?")?
        .execute(params![hash, id])
        .map(drop)
}

/// Whether somebody else still looks after the product.
pub(super) fn has_other_admin(db: &Connection, but: UserId) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT 1 FROM users WHERE role = 'admin' AND disabled_at IS NULL AND id <> ?
           AND password IS NOT NULL",
    )?
    .exists([but])
}

pub(super) fn delete_user(tx: &Connection, id: UserId) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM users WHERE id = ?")?.execute([id]).map(drop)
}

/// Everything that somebody could come in with.
pub(super) fn delete_credentials(tx: &Connection, owner: UserId) -> rusqlite::Result<()> {
    for table in ["sessions", "tokens", "claims"] {
        tx.execute(&format!("DELETE FROM {table} WHERE owner = ?"), [owner])?;
    }
    Ok(())
}

/// Whom a secret belongs to, what it is, and until when it is good.
pub(super) type Credential = (UserId, Role, How, Option<Timestamp>);

/// What a secret opens.
pub(super) fn find_credential(
    db: &Connection,
    hash: &Hash,
) -> rusqlite::Result<Option<Credential>> {
    let session = db
        .prepare_cached(
            "SELECT s.owner, u.role, s.id, s.expires_at
             FROM sessions s JOIN users u ON u.id = s.owner
             WHERE s.hash = ? AND u.disabled_at IS NULL",
        )?
        .query_row([hash], |row| {
            Ok((row.get(0)?, row.get(1)?, How::Session(row.get(2)?), row.get(3)?))
        })
        .optional()?;
    if session.is_some() {
        return Ok(session);
    }
    db.prepare_cached(
        "SELECT t.owner, u.role, t.id, t.scopes, t.client_id, t.expires_at
         FROM tokens t JOIN users u ON u.id = t.owner
         WHERE t.hash = ? AND u.disabled_at IS NULL",
    )?
    .query_row([hash], |row| {
        let how = How::Token { id: row.get(2)?, scopes: scopes(row, 3)?, client_id: row.get(4)? };
        Ok((row.get(0)?, row.get(1)?, how, row.get(5)?))
    })
    .optional()
}

fn scopes(row: &Row<'_>, index: usize) -> rusqlite::Result<Vec<Scope>> {
    serde_json::from_str(row.get_ref(index)?.as_str()?).map_err(|error| {
        let text = rusqlite::types::Type::Text;
        rusqlite::Error::FromSqlConversionFailure(index, text, Box::new(error))
    })
}

pub(super) fn insert_session(
    tx: &Connection,
    id: SessionId,
    owner: UserId,
    hash: &Hash,
    expires_at: Timestamp,
    from: &Origin,
) -> rusqlite::Result<()> {
    let now = Timestamp::now();
    tx.prepare_cached(
        "INSERT INTO sessions (id, owner, hash, created_at, last_used_at, expires_at, address, agent)
         VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![id, owner, hash, now, expires_at, from.address, from.agent])?;
    tx.prepare_cached("UPDATE users SET last_seen_at = ? WHERE id = ?")?
        .execute(params![now, owner])
        .map(drop)
}

pub(super) fn list_sessions(
    db: &Connection,
    owner: UserId,
    current: Option<SessionId>,
    after: Option<SessionId>,
    limit: usize,
    now: Timestamp,
) -> rusqlite::Result<Vec<Session>> {
    db.prepare_cached(
        "SELECT id, created_at, last_used_at, expires_at, address, agent FROM sessions
         WHERE owner = ?1 AND (?2 IS NULL OR id < ?2) AND expires_at > ?3
         ORDER BY id DESC LIMIT ?4",
    )?
    .query_map(params![owner, after, now, limit], |row| {
        let id = row.get(0)?;
        Ok(Session {
            id,
            created_at: row.get(1)?,
            last_used_at: row.get(2)?,
            expires_at: row.get(3)?,
            address: row.get(4)?,
            agent: row.get(5)?,
            current: current == Some(id),
        })
    })?
    .collect()
}

/// Ends one session of an owner; says whether there was one.
pub(super) fn delete_session(
    tx: &Connection,
    owner: UserId,
    id: SessionId,
) -> rusqlite::Result<bool> {
    tx.prepare_cached("DELETE FROM sessions WHERE id = ? AND owner = ?")?
        .execute(params![id, owner])
        .map(|rows| rows > 0)
}

pub(super) fn delete_sessions(tx: &Connection, owner: UserId) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM sessions WHERE owner = ?")?.execute([owner]).map(drop)
}

/// Writes down that a credential is in use.
pub(super) fn update_used(
    tx: &Connection,
    how: &How,
    owner: UserId,
    expires_at: Timestamp,
) -> rusqlite::Result<()> {
    let now = Timestamp::now();
    match how {
        How::Session(id) => {
            tx.prepare_cached("UPDATE sessions SET last_used_at = ?, expires_at = ? WHERE id = ?")?
                .execute(params![now, expires_at, id])?;
            tx.prepare_cached("UPDATE users SET last_seen_at = ? WHERE id = ?")?
                .execute(params![now, owner])?;
        }
        How::Token { id, .. } => {
            tx.prepare_cached("UPDATE tokens SET last_used_at = ? WHERE id = ?")?
                .execute(params![now, id])?;
        }
        How::Here | How::Key => {}
    }
    Ok(())
}

fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    Ok(Token {
        id: row.get(0)?,
        name: row.get(1)?,
        scopes: scopes(row, 2)?,
        client_id: row.get(3)?,
        created_at: row.get(4)?,
        expires_at: row.get(5)?,
        last_used_at: row.get(6)?,
        hint: row.get(7)?,
    })
}

const TOKEN: &str = "id, name, scopes, client_id, created_at, expires_at, last_used_at, hint";

pub(super) fn list_tokens(
    db: &Connection,
    owner: UserId,
    after: Option<TokenId>,
    limit: usize,
) -> rusqlite::Result<Vec<Token>> {
    db.prepare_cached(&format!(
        "SELECT {TOKEN} FROM tokens WHERE owner = ?1 AND (?2 IS NULL OR id < ?2)
         ORDER BY id DESC LIMIT ?3"
    ))?
    .query_map(params![owner, after, limit], token)?
    .collect()
}

pub(super) fn insert_token(
    tx: &Connection,
    owner: UserId,
    hash: &Hash,
    hint: &str,
    new: &NewToken,
) -> rusqlite::Result<Token> {
    let id = TokenId::new();
    let scopes = serde_json::to_string(&new.scopes)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    tx.prepare_cached(
        "INSERT INTO tokens (id, owner, name, hash, hint, scopes, client_id, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        id,
        owner,
        new.name,
        hash,
        hint,
        scopes,
        new.client_id,
        Timestamp::now(),
        new.expires_at
    ])?;
    tx.prepare_cached(&format!("SELECT {TOKEN} FROM tokens WHERE id = ?"))?.query_row([id], token)
}

/// Ends one token of an owner; says whether there was one.
pub(super) fn delete_token(tx: &Connection, owner: UserId, id: TokenId) -> rusqlite::Result<bool> {
    tx.prepare_cached("DELETE FROM tokens WHERE id = ? AND owner = ?")?
        .execute(params![id, owner])
        .map(|rows| rows > 0)
}

/// Makes a one-time link good and every earlier one of the same person useless.
pub(super) fn insert_claim(
    tx: &Connection,
    owner: UserId,
    hash: &Hash,
    purpose: ClaimPurpose,
    expires_at: Timestamp,
) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM claims WHERE owner = ?")?.execute([owner])?;
    tx.prepare_cached(
        "INSERT INTO claims (hash, owner, purpose, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
    )?
    .execute(params![hash, owner, purpose, Timestamp::now(), expires_at])
    .map(drop)
}

pub(super) fn find_claim(
    db: &Connection,
    hash: &Hash,
    now: Timestamp,
) -> rusqlite::Result<Option<(UserId, ClaimPurpose, Timestamp)>> {
    db.prepare_cached(
        "SELECT c.owner, c.purpose, c.expires_at FROM claims c JOIN users u ON u.id = c.owner
         WHERE c.hash = ? AND c.expires_at > ? AND u.disabled_at IS NULL",
    )?
    .query_row(params![hash, now], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    .optional()
}

/// What has ended by itself.
pub(super) fn delete_expired(tx: &Connection, now: Timestamp) -> rusqlite::Result<usize> {
    let mut gone = 0;
    for table in ["sessions", "tokens", "claims"] {
        gone += tx.execute(&format!("DELETE FROM {table} WHERE expires_at < ?"), [now])?;
    }
    Ok(gone)
}
