//! Connections that wait for the next request of the same user to the same origin.
//!
//! One user never gets another's connection, and no connection outlives its try. Every connection
//! is driven by a task that this pool owns and that ends with it.

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use tokio::task::JoinSet;

use crate::dialer::Origin;
use crate::dialer::stream::Meter;
use crate::dialer::tls::Session;

/// Idle connections kept for one user and origin.
const KEPT: usize = 4;

/// Whose connection to where.
pub(super) type Key = (Arc<str>, Origin);

/// A connection on which a request can be sent.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) sender: SendRequest<Full<Bytes>>,
    pub(super) meter: Arc<Meter>,
    pub(super) peer: SocketAddr,
    pub(super) session: Option<Arc<Session>>,
}

/// The idle connections of one try, and the tasks that drive all of them.
#[derive(Debug, Default)]
pub(super) struct Pool {
    idle: Mutex<HashMap<Key, Vec<Connection>>>,
    tasks: Mutex<JoinSet<()>>,
}

impl Pool {
    /// A connection that was open when it was last looked at; it may have died since.
    pub(super) fn take(&self, key: &Key) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle.get_mut(key)?;
        while let Some(connection) = kept.pop() {
            if !connection.sender.is_closed() {
                return Some(connection);
            }
        }
        None
    }

    pub(super) fn keep(&self, key: Key, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle.entry(key).or_default();
        if kept.len() < KEPT && !connection.sender.is_closed() {
            kept.push(connection);
        }
    }

    /// Drives a connection until it or the try ends.
    pub(super) fn drive(&self, connection: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(connection);
    }
}
