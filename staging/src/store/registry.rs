//! Statements on the registry of servers, the platform's configuration, and users' settings.

use rusqlite::{Connection, OptionalExtension, Row, params};

/// A registered server; `capabilities` is JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) version: String,
    pub(crate) description: String,
    pub(crate) capabilities: String,
}

const COLUMNS: &str = "name, status, version, description, capabilities";

/// Registers servers that are not yet known.
pub(crate) fn seed_servers(db: &mut Connection, servers: &[Server]) -> rusqlite::Result<()> {
    let sql = format!("INSERT OR IGNORE INTO servers ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5)");
    let mut statement = db.prepare_cached(&sql)?;
    for server in servers {
        let Server {
            name,
            status,
            version,
            description,
            capabilities,
        } = server;
        statement.execute(params![name, status, version, description, capabilities])?;
    }
    Ok(())
}

/// All servers in the order of their registration.
pub(crate) fn servers(db: &mut Connection) -> rusqlite::Result<Vec<Server>> {
    let sql = format!("SELECT {COLUMNS} FROM servers ORDER BY place");
    db.prepare_cached(&sql)?.query_map([], server)?.collect()
}

pub(crate) fn server_named(db: &mut Connection, name: &str) -> rusqlite::Result<Option<Server>> {
    let sql = format!("SELECT {COLUMNS} FROM servers WHERE name = ?1");
    db.prepare_cached(&sql)?
        .query_row([name], server)
        .optional()
}

fn server(row: &Row<'_>) -> rusqlite::Result<Server> {
    Ok(Server {
        name: row.get(0)?,
        status: row.get(1)?,
        version: row.get(2)?,
        description: row.get(3)?,
        capabilities: row.get(4)?,
    })
}

/// The configuration as keys and JSON texts.
pub(crate) fn configuration(db: &mut Connection) -> rusqlite::Result<Vec<(String, String)>> {
    db.prepare_cached("SELECT key, value FROM configuration ORDER BY key")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Writes one key of the configuration; `seed` keeps what is there.
pub(crate) fn configure(
    db: &mut Connection,
    key: &str,
    value: &str,
    seed: bool,
) -> rusqlite::Result<()> {
    let conflict = if seed {
        "NOTHING"
    } else {
        "UPDATE SET value = excluded.value"
    };
    let sql = format!(
        "INSERT INTO configuration (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO {conflict}"
    );
    db.prepare_cached(&sql)?.execute([key, value]).map(|_| ())
}

/// A user's settings as JSON text, if any were made.
pub(crate) fn settings(db: &mut Connection, user_id: &str) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT value FROM settings WHERE user_id = ?1";
    db.prepare_cached(sql)?
        .query_row([user_id], |row| row.get(0))
        .optional()
}

pub(crate) fn set_settings(
    db: &mut Connection,
    user_id: &str,
    value: &str,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO settings (user_id, value) VALUES (?1, ?2)
               ON CONFLICT (user_id) DO UPDATE SET value = excluded.value";
    db.prepare_cached(sql)?
        .execute([user_id, value])
        .map(|_| ())
}
