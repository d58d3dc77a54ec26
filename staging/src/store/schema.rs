//! The tables, and how the connection is set up.
//!
//! WAL with `synchronous = NORMAL`: a crash of the process loses nothing, a crash of the machine
//! may lose the last commits, which a platform under test can afford.

use rusqlite::Connection;

/// The version of the tables; a file with another one is refused.
pub(crate) const VERSION: i64 = 2;

pub(super) fn prepare(db: &mut Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "NORMAL")?;
    db.pragma_update(None, "foreign_keys", "ON")?;
    db.set_prepared_statement_cache_capacity(64);
    let found: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match found {
        0 => {
            db.execute_batch(TABLES)?;
            db.pragma_update(None, "user_version", VERSION)
        }
        VERSION => Ok(()),
        other => Err(rusqlite::Error::IntegralValueOutOfRange(0, other)),
    }
}

const TABLES: &str = "
CREATE TABLE users (
    id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT, role TEXT NOT NULL,
    salt BLOB NOT NULL, hash BLOB NOT NULL, created_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE refresh_tokens (
    jti TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users(id),
    expires_s INTEGER NOT NULL, spent INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE revoked_tokens (
    jti TEXT PRIMARY KEY, user_id TEXT NOT NULL, expires_s INTEGER NOT NULL
) STRICT;
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users(id), began_ms INTEGER NOT NULL,
    ended_ms INTEGER
) STRICT;
CREATE INDEX sessions_of_user ON sessions(user_id);
CREATE TABLE session_values (
    owner TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (owner, key)
) STRICT;
CREATE TABLE visits (id TEXT PRIMARY KEY, user_id TEXT, began_ms INTEGER NOT NULL) STRICT;
CREATE TABLE sign_ins (
    state TEXT PRIMARY KEY, redirect_uri TEXT NOT NULL, began_ms INTEGER NOT NULL,
    spent INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE codes (
    code TEXT PRIMARY KEY, client_id TEXT NOT NULL, redirect_uri TEXT NOT NULL,
    email TEXT NOT NULL, issued_ms INTEGER NOT NULL, spent INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE settings (user_id TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE configuration (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE servers (
    place INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, status TEXT NOT NULL,
    version TEXT NOT NULL, description TEXT NOT NULL, capabilities TEXT NOT NULL
) STRICT;
CREATE TABLE threads (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL, title TEXT NOT NULL, metadata TEXT NOT NULL,
    created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, archived INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX threads_of_user ON threads(user_id, archived);
CREATE TABLE messages (
    place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    thread_id TEXT NOT NULL REFERENCES threads(id), user_id TEXT NOT NULL,
    role TEXT NOT NULL, kind TEXT NOT NULL, content TEXT NOT NULL, metadata TEXT NOT NULL,
    created_ms INTEGER NOT NULL, seq INTEGER NOT NULL, UNIQUE (thread_id, seq)
) STRICT;
CREATE INDEX messages_of_thread ON messages(thread_id, place);
CREATE INDEX messages_of_user ON messages(user_id, place);
CREATE TABLE runs (
    id TEXT PRIMARY KEY, user_id TEXT, thread_id TEXT, agent TEXT NOT NULL,
    prompt TEXT NOT NULL, status TEXT NOT NULL, started_ms INTEGER NOT NULL, ended_ms INTEGER
) STRICT;
CREATE INDEX runs_of_user ON runs(user_id, started_ms);
CREATE TABLE run_states (
    run_id TEXT NOT NULL REFERENCES runs(id), status TEXT NOT NULL, at_ms INTEGER NOT NULL,
    PRIMARY KEY (run_id, status)
) STRICT;
CREATE TABLE run_events (
    run_id TEXT NOT NULL REFERENCES runs(id), place INTEGER NOT NULL,
    seq INTEGER NOT NULL, kind TEXT NOT NULL, frame TEXT NOT NULL,
    PRIMARY KEY (run_id, place)
) STRICT;
";
