//! Statements on agents' runs and their events, kept so that a run can be resumed after a restart.

use rusqlite::{Connection, OptionalExtension, params};

/// A run as it begins.
#[derive(Debug, Clone)]
pub(crate) struct NewRun {
    pub(crate) id: String,
    pub(crate) user_id: Option<String>,
    pub(crate) thread_id: Option<String>,
    pub(crate) agent: String,
    pub(crate) prompt: String,
    pub(crate) started_ms: i64,
}

/// One event as it is delivered; `place` is its place in the run's line, from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredEvent {
    pub(crate) seq: u64,
    pub(crate) kind: String,
    pub(crate) frame: String,
}

pub(crate) fn insert(db: &mut Connection, run: &NewRun) -> rusqlite::Result<()> {
    let sql = "INSERT INTO runs (id, user_id, thread_id, agent, prompt, status, started_ms)
               VALUES (?1, ?2, ?3, ?4, ?5, 'running', ?6)";
    let NewRun {
        id,
        user_id,
        thread_id,
        agent,
        prompt,
        started_ms,
    } = run;
    db.prepare_cached(sql)?
        .execute(params![id, user_id, thread_id, agent, prompt, started_ms])
        .map(|_| ())
}

pub(crate) fn end(db: &mut Connection, id: &str, now_ms: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE runs SET status = 'completed', ended_ms = ?2 WHERE id = ?1";
    db.prepare_cached(sql)?
        .execute(params![id, now_ms])
        .map(|_| ())
}

pub(crate) fn append(
    db: &mut Connection,
    run_id: &str,
    place: usize,
    event: &StoredEvent,
) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO run_events (run_id, place, seq, kind, frame) VALUES (?1, ?2, ?3, ?4, ?5)";
    let StoredEvent { seq, kind, frame } = event;
    let place = i64::try_from(place).unwrap_or(i64::MAX);
    let seq = i64::try_from(*seq).unwrap_or(i64::MAX);
    db.prepare_cached(sql)?
        .execute(params![run_id, place, seq, kind, frame])
        .map(|_| ())
}

/// Whose run this is; nothing when it is unknown or was nobody's.
pub(crate) fn owner(db: &mut Connection, run_id: &str) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT user_id FROM runs WHERE id = ?1 AND user_id IS NOT NULL";
    db.prepare_cached(sql)?
        .query_row([run_id], |row| row.get(0))
        .optional()
}

/// The user's run that began last.
pub(crate) fn latest(db: &mut Connection, user_id: &str) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT id FROM runs WHERE user_id = ?1 AND thread_id IS NOT NULL
               ORDER BY started_ms DESC, rowid DESC LIMIT 1";
    db.prepare_cached(sql)?
        .query_row([user_id], |row| row.get(0))
        .optional()
}

/// The run's events after this number, in the order of delivery.
pub(crate) fn events_after(
    db: &mut Connection,
    run_id: &str,
    last_seq: u64,
) -> rusqlite::Result<Vec<StoredEvent>> {
    let sql = "SELECT seq, kind, frame FROM run_events WHERE run_id = ?1 AND seq > ?2
               ORDER BY place";
    let last_seq = i64::try_from(last_seq).unwrap_or(i64::MAX);
    db.prepare_cached(sql)?
        .query_map(params![run_id, last_seq], |row| {
            let seq: i64 = row.get(0)?;
            let seq = u64::try_from(seq).unwrap_or(0);
            Ok(StoredEvent {
                seq,
                kind: row.get(1)?,
                frame: row.get(2)?,
            })
        })?
        .collect()
}
