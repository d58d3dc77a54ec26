//! Statements on accounts, their sessions, refresh tokens and tokens that were logged out.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, Row, params};

/// An account without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) name: Option<String>,
    /// `member` or `admin`.
    pub(crate) role: String,
    pub(crate) created_ms: i64,
}

/// Whether the account was made; false when the address has one.
pub(crate) fn insert(
    db: &mut Connection,
    account: &Account,
    salt: &[u8],
    hash: &[u8],
) -> rusqlite::Result<bool> {
    let sql = "INSERT INTO users (id, email, name, role, created_ms, salt, hash)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (email) DO NOTHING";
    let Account {
        id,
        email,
        name,
        role,
        created_ms,
    } = account;
    let made = db
        .prepare_cached(sql)?
        .execute(params![id, email, name, role, created_ms, salt, hash])?;
    Ok(made == 1)
}

/// An account with its salt and password hash.
pub(crate) type WithPassword = (Account, Vec<u8>, Vec<u8>);

/// The account of this address, with salt and hash.
pub(crate) fn by_email(db: &mut Connection, email: &str) -> rusqlite::Result<Option<WithPassword>> {
    let sql = "SELECT id, email, name, role, created_ms, salt, hash FROM users WHERE email = ?1";
    db.prepare_cached(sql)?
        .query_row([email], |row| Ok((account(row)?, row.get(5)?, row.get(6)?)))
        .optional()
}

pub(crate) fn by_id(db: &mut Connection, id: &str) -> rusqlite::Result<Option<Account>> {
    let sql = "SELECT id, email, name, role, created_ms FROM users WHERE id = ?1";
    db.prepare_cached(sql)?.query_row([id], account).optional()
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: row.get(0)?,
        email: row.get(1)?,
        name: row.get(2)?,
        role: row.get(3)?,
        created_ms: row.get(4)?,
    })
}

/// Remembers a refresh token as not yet used.
pub(crate) fn note_refresh(
    db: &mut Connection,
    jti: &str,
    user_id: &str,
    expires_s: i64,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO refresh_tokens (jti, user_id, expires_s) VALUES (?1, ?2, ?3)";
    db.prepare_cached(sql)?
        .execute(params![jti, user_id, expires_s])
        .map(|_| ())
}

/// Uses a refresh token up; its account, or nothing if it was used before or is unknown.
pub(crate) fn spend_refresh(db: &mut Connection, jti: &str) -> rusqlite::Result<Option<Account>> {
    spent(db, jti, "AND spent = 0")
}

/// The account of a refresh token, used before or not; what a lax refresh takes.
pub(crate) fn respend_refresh(db: &mut Connection, jti: &str) -> rusqlite::Result<Option<Account>> {
    spent(db, jti, "")
}

fn spent(db: &mut Connection, jti: &str, only: &str) -> rusqlite::Result<Option<Account>> {
    let sql =
        format!("UPDATE refresh_tokens SET spent = 1 WHERE jti = ?1 {only} RETURNING user_id");
    let owner: Option<String> = db
        .prepare_cached(&sql)?
        .query_row([jti], |row| row.get(0))
        .optional()?;
    owner.map_or(Ok(None), |id| by_id(db, &id))
}

/// Notes a session that began.
pub(crate) fn begin_session(
    db: &mut Connection,
    id: &str,
    user_id: &str,
    now_ms: i64,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO sessions (id, user_id, began_ms) VALUES (?1, ?2, ?3)";
    db.prepare_cached(sql)?
        .execute(params![id, user_id, now_ms])
        .map(|_| ())
}

/// Ends every session of a user, and says which were still open.
pub(crate) fn end_sessions(
    db: &mut Connection,
    user_id: &str,
    now_ms: i64,
) -> rusqlite::Result<Vec<String>> {
    let sql = "UPDATE sessions SET ended_ms = ?2 WHERE user_id = ?1 AND ended_ms IS NULL
               RETURNING id";
    db.prepare_cached(sql)?
        .query_map(params![user_id, now_ms], |row| row.get(0))?
        .collect()
}

/// Notes that one session ended.
pub(crate) fn end_session(db: &mut Connection, id: &str, now_ms: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE sessions SET ended_ms = ?2 WHERE id = ?1 AND ended_ms IS NULL";
    db.prepare_cached(sql)?
        .execute(params![id, now_ms])
        .map(|_| ())
}

/// Logs out: the id of a token, or of a session with all its tokens, is noted as dead.
pub(crate) fn revoke(
    db: &mut Connection,
    jti: &str,
    expires_s: i64,
    user_id: &str,
) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO revoked_tokens (jti, user_id, expires_s) VALUES (?1, ?2, ?3)";
    db.prepare_cached(sql)?
        .execute(params![jti, user_id, expires_s])
        .map(|_| ())
}

/// The ids of all tokens that were logged out and would not have expired by now.
pub(crate) fn revoked(db: &mut Connection, now_s: i64) -> rusqlite::Result<HashSet<String>> {
    let mut statement = db.prepare("SELECT jti FROM revoked_tokens WHERE expires_s > ?1")?;
    let ids = statement.query_map([now_s], |row| row.get(0))?;
    ids.collect()
}
