//! The reference platform from outside: real TLS sockets, real HTTP and WebSocket, real files.
//!
//! `lab` starts a platform and holds every answer against the platform's own declaration;
//! `socket` and `stream` are clients; `promises` says of each defect what it breaks; the other
//! modules are the tests, one per area.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod accounts;
mod browsers;
mod chat;
mod configuration;
mod control;
mod declared;
mod defects;
mod entrances;
mod health;
mod lab;
mod limits;
mod load;
mod messages;
mod oauth;
mod promises;
mod receipts;
mod runs;
mod schema;
mod sessions;
mod socket;
mod start;
mod stream;
mod threads;
mod tools;
