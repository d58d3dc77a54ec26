//! Statements on threads.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::web::Page;

/// A thread; `metadata` is JSON text, times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Thread {
    pub(crate) id: String,
    pub(crate) user_id: String,
    pub(crate) title: String,
    pub(crate) metadata: String,
    pub(crate) created_ms: i64,
    pub(crate) updated_ms: i64,
    pub(crate) message_count: i64,
}

const COLUMNS: &str = "id, user_id, title, metadata, created_ms, updated_ms,
    (SELECT count(*) FROM messages WHERE thread_id = threads.id)";

pub(crate) fn insert(db: &mut Connection, thread: &Thread) -> rusqlite::Result<()> {
    let sql = "INSERT INTO threads (id, user_id, title, metadata, created_ms, updated_ms)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let Thread {
        id,
        user_id,
        title,
        metadata,
        created_ms,
        updated_ms,
        ..
    } = thread;
    db.prepare_cached(sql)?
        .execute(params![
            id, user_id, title, metadata, created_ms, updated_ms
        ])
        .map(|_| ())
}

/// The thread of this id, whosever it is; nothing when it was archived.
pub(crate) fn by_id(db: &mut Connection, id: &str) -> rusqlite::Result<Option<Thread>> {
    let sql = format!("SELECT {COLUMNS} FROM threads WHERE id = ?1 AND archived = 0");
    db.prepare_cached(&sql)?.query_row([id], thread).optional()
}

/// One page of a user's threads, newest first, and how many there are.
pub(crate) fn of_user(
    db: &mut Connection,
    user_id: &str,
    page: Page,
) -> rusqlite::Result<(Vec<Thread>, i64)> {
    let sql = format!(
        "SELECT {COLUMNS} FROM threads WHERE user_id = ?1 AND archived = 0
         ORDER BY created_ms DESC, rowid DESC LIMIT ?2 OFFSET ?3"
    );
    let threads = db
        .prepare_cached(&sql)?
        .query_map(params![user_id, page.limit, page.offset], thread)?
        .collect::<Result<_, _>>()?;
    let count = "SELECT count(*) FROM threads WHERE user_id = ?1 AND archived = 0";
    let total = db
        .prepare_cached(count)?
        .query_row([user_id], |row| row.get(0))?;
    Ok((threads, total))
}

/// Writes title and metadata anew.
pub(crate) fn update(
    db: &mut Connection,
    id: &str,
    title: &str,
    metadata: &str,
    now_ms: i64,
) -> rusqlite::Result<()> {
    let sql = "UPDATE threads SET title = ?2, metadata = ?3, updated_ms = ?4 WHERE id = ?1";
    db.prepare_cached(sql)?
        .execute(params![id, title, metadata, now_ms])
        .map(|_| ())
}

/// Takes the thread out of sight; its messages stay in the table.
pub(crate) fn archive(db: &mut Connection, id: &str, now_ms: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE threads SET archived = 1, updated_ms = ?2 WHERE id = ?1";
    db.prepare_cached(sql)?
        .execute(params![id, now_ms])
        .map(|_| ())
}

fn thread(row: &Row<'_>) -> rusqlite::Result<Thread> {
    Ok(Thread {
        id: row.get(0)?,
        user_id: row.get(1)?,
        title: row.get(2)?,
        metadata: row.get(3)?,
        created_ms: row.get(4)?,
        updated_ms: row.get(5)?,
        message_count: row.get(6)?,
    })
}
