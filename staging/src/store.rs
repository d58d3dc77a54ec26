//! The database: SQLite on disk, one connection, one thread of its own.
//!
//! Handlers hand over a closure and wait for its answer, so that no SQL ever blocks the runtime.
//! The tables are in `schema`; each noun has its file of statements. An outage can be switched on,
//! in which the store answers nothing, as a database that is down.

pub(crate) mod messages;
pub(crate) mod registry;
pub(crate) mod runs;
mod schema;
pub(crate) mod sessions;
pub(crate) mod sign_ins;
pub(crate) mod threads;
pub(crate) mod users;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

pub(crate) use schema::VERSION;

use crate::telemetry;

/// Jobs that may wait before callers have to.
const QUEUE: usize = 1024;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// Why the store gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the database is out or has been closed")]
    Unavailable,
    #[error("the database refused a statement: {0}")]
    Sql(#[from] rusqlite::Error),
}

/// A handle to the database's thread.
pub(crate) struct Store {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    worker: Mutex<Option<JoinHandle<()>>>,
    out: AtomicBool,
}

impl Store {
    /// Opens the file, makes its tables, and starts the thread.
    pub(crate) fn open(path: &Path) -> rusqlite::Result<Self> {
        let mut db = Connection::open(path)?;
        schema::prepare(&mut db)?;
        let (sender, mut receiver) = mpsc::channel::<Job>(QUEUE);
        let work = move || {
            while let Some(job) = receiver.blocking_recv() {
                job(&mut db);
            }
        };
        let worker = std::thread::Builder::new().name("store".into()).spawn(work);
        let worker =
            worker.map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        Ok(Self {
            jobs: Mutex::new(Some(sender)),
            worker: Mutex::new(Some(worker)),
            out: AtomicBool::new(false),
        })
    }

    /// Runs `work` on the database's thread and waits for its answer.
    pub(crate) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        if self.out.load(Ordering::Acquire) {
            return Err(StoreError::Unavailable);
        }
        let sender = self.jobs.lock().ok().and_then(|jobs| jobs.clone());
        let sender = sender.ok_or(StoreError::Unavailable)?;
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |db| drop(answer.send(work(db))));
        sender
            .send(job)
            .await
            .map_err(|_| StoreError::Unavailable)?;
        let database = ("db.system.name", "sqlite");
        let answered = telemetry::step("database", database, answered).await;
        Ok(answered.map_err(|_| StoreError::Unavailable)??)
    }

    /// Begins or ends an outage.
    pub(crate) fn set_out(&self, out: bool) {
        self.out.store(out, Ordering::Release);
    }

    /// Lets waiting jobs finish and closes the file; blocks until then.
    pub(crate) fn close(&self) {
        drop(self.jobs.lock().ok().and_then(|mut jobs| jobs.take()));
        let worker = self.worker.lock().ok().and_then(|mut worker| worker.take());
        if worker.is_some_and(|worker| worker.join().is_err()) {
            tracing::error!("the store's thread ended with a panic");
        }
    }
}
