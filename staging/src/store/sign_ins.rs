//! Statements on logins at the identity provider: the states we gave out, the codes it gave out.

use rusqlite::{Connection, OptionalExtension, params};

/// Notes a state that was given out.
pub(crate) fn begin(
    db: &mut Connection,
    state: &str,
    redirect_uri: &str,
    now_ms: i64,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO sign_ins (state, redirect_uri, began_ms) VALUES (?1, ?2, ?3)";
    db.prepare_cached(sql)?
        .execute(params![state, redirect_uri, now_ms])
        .map(|_| ())
}

/// Uses a state up; whether it was ours, unused, and given out after `since_ms`.
pub(crate) fn spend_state(
    db: &mut Connection,
    state: &str,
    since_ms: i64,
) -> rusqlite::Result<bool> {
    let sql = "UPDATE sign_ins SET spent = 1 WHERE state = ?1 AND spent = 0 AND began_ms >= ?2";
    let spent = db.prepare_cached(sql)?.execute(params![state, since_ms])?;
    Ok(spent == 1)
}

/// A code that the identity provider gave out.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub(crate) code: String,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) email: String,
    pub(crate) issued_ms: i64,
}

pub(crate) fn note_code(db: &mut Connection, code: &Code) -> rusqlite::Result<()> {
    let sql = "INSERT INTO codes (code, client_id, redirect_uri, email, issued_ms)
               VALUES (?1, ?2, ?3, ?4, ?5)";
    let Code {
        code,
        client_id,
        redirect_uri,
        email,
        issued_ms,
    } = code;
    db.prepare_cached(sql)?
        .execute(params![code, client_id, redirect_uri, email, issued_ms])
        .map(|_| ())
}

/// Uses a code up; the email address it stands for, if client and address are the same.
pub(crate) fn spend_code(
    db: &mut Connection,
    code: &str,
    client_id: &str,
    redirect_uri: &str,
    since_ms: i64,
) -> rusqlite::Result<Option<String>> {
    let sql = "UPDATE codes SET spent = 1
               WHERE code = ?1 AND client_id = ?2 AND redirect_uri = ?3 AND issued_ms >= ?4
                 AND spent = 0
               RETURNING email";
    db.prepare_cached(sql)?
        .query_row(params![code, client_id, redirect_uri, since_ms], |row| {
            row.get(0)
        })
        .optional()
}
