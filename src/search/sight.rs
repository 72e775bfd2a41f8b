//! Which messages may be shown to whom, as conditions of SQL.

use std::collections::HashSet;

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};

use super::Filters;
use crate::base::{ConversationId, UserId};
use crate::error::Error;

/// What a message is that may be cited.
pub(super) const QUOTABLE: &str =
    "m.role IN ('user', 'assistant') AND m.provider IS NOT 'passages'";

/// Which messages may be shown.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    /// To whom.
    pub(super) owner: UserId,
    /// As far as they pass.
    pub(super) filters: Filters,
    /// For citing: only what was said, outside of the conversation that asks.
    pub(super) citing: Option<Except>,
}

/// The conversation that is left out.
pub(super) type Except = Option<ConversationId>;

impl Sight {
    /// Looks rows of messages up, in their order, as far as they may be shown.
    pub(super) fn each<T>(
        &self,
        db: &Connection,
        columns: &str,
        rows: &[i64],
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Error> {
        let mut values: Vec<SqlValue> = vec![SqlValue::Null, self.owner.to_string().into()];
        let mut inside = conditions(&self.filters, &mut values);
        if let Some(except) = self.citing {
            inside.push_str(&format!(" AND {QUOTABLE} AND c.id IS NOT ?"));
            values.push(id_or_null(except));
        }
        let mut statement = db.prepare_cached(&format!(
            "SELECT {columns} FROM messages m JOIN conversations c ON c.seq = m.conversation
             WHERE m.seq = ? AND c.owner = ? AND c.deleted_at IS NULL AND m.deleted_at IS NULL{inside}"
        ))?;
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            values[0] = (*row).into();
            all.extend(statement.query_row(params_from_iter(values.iter()), &read).optional()?);
        }
        Ok(all)
    }

    /// Those of these rows that may be shown.
    pub(super) fn shown(&self, db: &Connection, rows: &[i64]) -> Result<Vec<i64>, Error> {
        self.each(db, "m.seq", rows, |row| row.get(0))
    }

    /// The conversations with messages that may be shown.
    pub(super) fn conversations(&self, db: &Connection) -> Result<HashSet<i64>, Error> {
        let one = self.filters.conversation_id;
        let only = if one.is_some() { "c.id = ?3" } else { "?3 IS NULL" };
        let mut statement = db.prepare_cached(&format!(
            "SELECT c.seq FROM conversations c
             WHERE c.owner = ?1 AND c.deleted_at IS NULL AND c.id IS NOT ?2 AND {only}"
        ))?;
        let except = id_or_null(self.citing.flatten());
        let rows =
            statement.query_map(params![self.owner, except, id_or_null(one)], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// An id as a value.
pub(super) fn id_or_null(id: Option<ConversationId>) -> SqlValue {
    id.map_or(SqlValue::Null, |id| id.to_string().into())
}

/// The filters as conditions on a message `m`; their values follow.
pub(super) fn conditions(filters: &Filters, values: &mut Vec<SqlValue>) -> String {
    let mut inside = String::new();
    let mut need = |condition: &str, value: SqlValue| {
        inside.push_str(condition);
        values.push(value);
    };
    if let Some(id) = filters.conversation_id {
        let its = " AND m.conversation = (SELECT seq FROM conversations WHERE id = ?)";
        need(its, id.to_string().into());
    }
    if let Some(role) = filters.role {
        need(" AND m.role = ?", role.as_str().to_owned().into());
    }
    if let Some(from) = filters.from {
        need(" AND m.created_at >= ?", from.to_string().into());
    }
    if let Some(to) = filters.to {
        need(" AND m.created_at < ?", to.to_string().into());
    }
    inside
}
