//! The servers that a new platform knows, and the configuration it begins with.

use rusqlite::Connection;
use serde_json::json;

use crate::agents::AGENTS;
use crate::store::registry::{self, Server};
use crate::tools;

/// What each server is for.
const SERVERS: [(&str, &str); 3] = [
    ("reference-agents", "runs agents and tells of their work"),
    ("reference-tools", "lends the tools that agents use"),
    ("reference-threads", "keeps threads and their messages"),
];

/// The names of the servers, in the order of their registration.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    SERVERS.iter().map(|(name, _)| *name)
}

/// Registers what is not yet there.
pub(crate) fn seed(db: &mut Connection) -> rusqlite::Result<()> {
    registry::seed_servers(db, &servers())?;
    for (key, value) in [
        ("max_agents", json!(8)),
        ("default_agent", json!(AGENTS[0])),
        ("maintenance", json!(false)),
    ] {
        registry::configure(db, key, &value.to_string(), true)?;
    }
    Ok(())
}

fn servers() -> Vec<Server> {
    let capabilities = |name: &str| match name {
        "reference-agents" => json!({ "agents": AGENTS, "tools": [] }),
        "reference-tools" => json!({ "agents": [], "tools": tools::names() }),
        _ => json!({ "agents": [], "tools": ["create_thread", "get_thread_history"] }),
    };
    let server = |(name, description): &(&str, &str)| Server {
        name: (*name).to_owned(),
        status: "connected".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        description: (*description).to_owned(),
        capabilities: capabilities(name).to_string(),
    };
    SERVERS.iter().map(server).collect()
}
