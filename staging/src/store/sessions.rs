//! Statements on what sessions keep, and on the visits that browsers' cookies name.

use rusqlite::{Connection, OptionalExtension, params};

/// Keeps a value under a key; an earlier one is replaced.
pub(crate) fn keep(
    db: &mut Connection,
    owner: &str,
    key: &str,
    value: &str,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO session_values (owner, key, value) VALUES (?1, ?2, ?3)
               ON CONFLICT (owner, key) DO UPDATE SET value = excluded.value";
    db.prepare_cached(sql)?
        .execute(params![owner, key, value])
        .map(|_| ())
}

pub(crate) fn kept(
    db: &mut Connection,
    owner: &str,
    key: &str,
) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT value FROM session_values WHERE owner = ?1 AND key = ?2";
    db.prepare_cached(sql)?
        .query_row([owner, key], |row| row.get(0))
        .optional()
}

/// Begins a visit, or gives one that goes on to a user.
pub(crate) fn visit(
    db: &mut Connection,
    id: &str,
    user_id: Option<&str>,
    now_ms: i64,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO visits (id, user_id, began_ms) VALUES (?1, ?2, ?3)
               ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id";
    db.prepare_cached(sql)?
        .execute(params![id, user_id, now_ms])
        .map(|_| ())
}

/// The user of a visit that goes on; `Some(None)` before anyone logged in.
pub(crate) fn visitor(db: &mut Connection, id: &str) -> rusqlite::Result<Option<Option<String>>> {
    let sql = "SELECT user_id FROM visits WHERE id = ?1";
    db.prepare_cached(sql)?
        .query_row([id], |row| row.get(0))
        .optional()
}

pub(crate) fn leave(db: &mut Connection, id: &str) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM visits WHERE id = ?1")?
        .execute([id])
        .map(|_| ())
}
