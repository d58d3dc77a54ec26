//! Statements on messages. Their order is the order in which they were stored; `seq` numbers those
//! of a thread from 1.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::web::Page;

/// A message; `metadata` is JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) thread_id: String,
    pub(crate) user_id: String,
    pub(crate) role: String,
    pub(crate) kind: String,
    pub(crate) content: String,
    pub(crate) metadata: String,
    pub(crate) created_ms: i64,
    /// Its number in its thread, from 1; given when it is stored.
    pub(crate) seq: i64,
}

const COLUMNS: &str = "id, thread_id, user_id, role, kind, content, metadata, created_ms, seq";

/// The message's number if it was stored; nothing when its id is taken.
pub(crate) fn insert(db: &mut Connection, message: &Message) -> rusqlite::Result<Option<i64>> {
    let sql = format!(
        "INSERT INTO messages ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,
             (SELECT coalesce(max(seq), 0) + 1 FROM messages WHERE thread_id = ?2))
         ON CONFLICT (id) DO NOTHING RETURNING seq"
    );
    let Message {
        id,
        thread_id,
        user_id,
        role,
        kind,
        content,
        metadata,
        created_ms,
        ..
    } = message;
    let row = params![
        id, thread_id, user_id, role, kind, content, metadata, created_ms
    ];
    db.prepare_cached(&sql)?
        .query_row(row, |row| row.get(0))
        .optional()
}

pub(crate) fn by_id(db: &mut Connection, id: &str) -> rusqlite::Result<Option<Message>> {
    let sql = format!("SELECT {COLUMNS} FROM messages WHERE id = ?1");
    db.prepare_cached(&sql)?.query_row([id], message).optional()
}

/// One page of a thread's messages, oldest first, and how many there are.
pub(crate) fn of_thread(
    db: &mut Connection,
    thread_id: &str,
    page: Page,
) -> rusqlite::Result<(Vec<Message>, i64)> {
    listed(db, "thread_id", "ASC", thread_id, page)
}

/// One page of a user's messages, newest first, and how many there are.
pub(crate) fn of_user(
    db: &mut Connection,
    user_id: &str,
    page: Page,
) -> rusqlite::Result<(Vec<Message>, i64)> {
    listed(db, "user_id", "DESC", user_id, page)
}

pub(crate) fn delete(db: &mut Connection, id: &str) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM messages WHERE id = ?1")?
        .execute([id])
        .map(|_| ())
}

fn listed(
    db: &mut Connection,
    column: &str,
    order: &str,
    value: &str,
    page: Page,
) -> rusqlite::Result<(Vec<Message>, i64)> {
    let sql = format!(
        "SELECT {COLUMNS} FROM messages WHERE {column} = ?1
         ORDER BY place {order} LIMIT ?2 OFFSET ?3"
    );
    let messages = db
        .prepare_cached(&sql)?
        .query_map(params![value, page.limit, page.offset], message)?
        .collect::<Result<_, _>>()?;
    let count = format!("SELECT count(*) FROM messages WHERE {column} = ?1");
    let total = db
        .prepare_cached(&count)?
        .query_row([value], |row| row.get(0))?;
    Ok((messages, total))
}

fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        id: row.get(0)?,
        thread_id: row.get(1)?,
        user_id: row.get(2)?,
        role: row.get(3)?,
        kind: row.get(4)?,
        content: row.get(5)?,
        metadata: row.get(6)?,
        created_ms: row.get(7)?,
        seq: row.get(8)?,
    })
}
