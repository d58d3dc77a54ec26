//! Statements on agents' runs, the states they went through and their events, kept so that a run
//! can be resumed after a restart.
//!
//! A run is pending, then running, then completed; it can be cancelled until it is completed.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

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
               VALUES (?1, ?2, ?3, ?4, ?5, 'pending', ?6)";
    let NewRun {
        id,
        user_id,
        thread_id,
        agent,
        prompt,
        started_ms,
    } = run;
    let all = db.transaction()?;
    all.prepare_cached(sql)?
        .execute(params![id, user_id, thread_id, agent, prompt, started_ms])?;
    reached(&all, id, "pending", *started_ms)?;
    all.commit()
}

/// Moves a pending run to running; false when it is no longer pending.
pub(crate) fn start(db: &mut Connection, id: &str, now_ms: i64) -> rusqlite::Result<bool> {
    moved(db, id, "status = 'pending'", "running", now_ms)
}

/// Moves a running run to completed; false when it was cancelled.
pub(crate) fn end(db: &mut Connection, id: &str, now_ms: i64) -> rusqlite::Result<bool> {
    moved(db, id, "status = 'running'", "completed", now_ms)
}

/// Cancels a run; false when it is over.
pub(crate) fn cancel(db: &mut Connection, id: &str, now_ms: i64) -> rusqlite::Result<bool> {
    let open = "status IN ('pending', 'running')";
    moved(db, id, open, "cancelled", now_ms)
}

fn moved(
    db: &mut Connection,
    id: &str,
    only: &str,
    status: &str,
    now_ms: i64,
) -> rusqlite::Result<bool> {
    let all = db.transaction()?;
    let ended_ms = (status != "running").then_some(now_ms);
    let sql = format!("UPDATE runs SET status = ?2, ended_ms = ?3 WHERE id = ?1 AND {only}");
    let moved = all
        .prepare_cached(&sql)?
        .execute(params![id, status, ended_ms])?
        == 1;
    if moved {
        reached(&all, id, status, now_ms)?;
    }
    all.commit()?;
    Ok(moved)
}

fn reached(all: &Transaction<'_>, id: &str, status: &str, now_ms: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO run_states (run_id, status, at_ms) VALUES (?1, ?2, ?3)";
    all.prepare_cached(sql)?
        .execute(params![id, status, now_ms])
        .map(|_| ())
}

/// A run as it stands; `states` are those it went through, with their times.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) id: String,
    pub(crate) agent: String,
    pub(crate) thread_id: Option<String>,
    pub(crate) status: String,
    pub(crate) states: Vec<(String, i64)>,
}

pub(crate) fn standing(db: &mut Connection, id: &str) -> rusqlite::Result<Option<Standing>> {
    let states = db
        .prepare_cached("SELECT status, at_ms FROM run_states WHERE run_id = ?1 ORDER BY rowid")?
        .query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let sql = "SELECT id, agent, thread_id, status FROM runs WHERE id = ?1";
    db.prepare_cached(sql)?
        .query_row([id], |row| {
            Ok(Standing {
                id: row.get(0)?,
                agent: row.get(1)?,
                thread_id: row.get(2)?,
                status: row.get(3)?,
                states,
            })
        })
        .optional()
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
