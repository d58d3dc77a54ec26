//! One request to the store, and how an outcome is found that the answer did not tell.
//!
//! A put may have happened although its answer was lost, late, or an error. So nothing but the
//! object itself is believed: it is read, and either it is ours or somebody else's, or it is
//! absent and the same bytes are put again.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use lifecycle::Stop;
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, PutMode, PutOptions, PutPayload};
use tokio::runtime::{Handle, Runtime};
use tokio::time::{Instant, sleep, timeout};

use crate::object::{Address, Patience, unreadable};
use crate::port::Error;

/// Threads that wait for the network on behalf of the callers.
const THREADS: usize = 2;
const SHORTEST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// Requests of one caller that are under way at a time.
const AT_A_TIME: usize = 64;

/// The store, blocking to use from any thread that is not an async runtime's.
#[derive(Clone, Debug)]
pub(crate) struct Bucket(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Arc<dyn object_store::ObjectStore>,
    place: String,
    prefix: String,
    is_disk: bool,
    patience: Patience,
    halt: Stop,
    handle: Handle,
    /// There until the drop.
    runtime: Option<Runtime>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // A plain drop would wait, which an async caller must not.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Whose object stands at a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stands {
    Ours,
    Theirs(Vec<u8>),
}

/// Why a request brought nothing.
#[derive(Clone, Debug)]
enum Trouble {
    /// It may have been done, or may be done yet.
    Unclear(String),
    /// Asking again changes nothing.
    Final(String),
}

impl Bucket {
    pub(crate) fn open(address: &Address, patience: Patience) -> Result<Self, Error> {
        let place = address.to_string();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("object store")
            .enable_all()
            .build()
            .map_err(|why| unreadable(&place, why.to_string()))?;
        Ok(Self(Arc::new(Inner {
            store: address.connect(patience)?,
            prefix: address.prefix().to_owned(),
            is_disk: matches!(address, Address::Directory(_)),
            place,
            patience,
            halt: Stop::new(),
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
        })))
    }

    pub(crate) fn halt(&self) -> &Stop {
        &self.0.halt
    }

    /// The key as people know it.
    pub(crate) fn place(&self, key: &str) -> String {
        format!("{}/{key}", self.0.place.trim_end_matches('/'))
    }

    /// Makes the object with these bytes, or finds out who did. Asks until it knows; an error says
    /// that it can't be known (`TimedOut`), or that the bytes will never be taken.
    pub(crate) fn create(&self, key: &str, bytes: &Bytes) -> io::Result<Stands> {
        self.wait(self.until_known(key, bytes))
    }

    /// Stores bytes under keys that nobody gives other bytes; asks until all are there.
    pub(crate) fn put_all(&self, objects: Vec<(String, Bytes)>) -> io::Result<()> {
        self.wait(async {
            let puts = objects
                .into_iter()
                .map(|(key, bytes)| async move { self.put_until_taken(&key, &bytes).await });
            let mut puts = futures_util::stream::iter(puts).buffer_unordered(AT_A_TIME);
            while let Some(put) = puts.next().await {
                put?;
            }
            Ok(())
        })
    }

    /// One attempt to store an object, in the background; whether it worked is told.
    pub(crate) fn try_put(
        &self,
        key: String,
        bytes: Bytes,
    ) -> tokio::sync::oneshot::Receiver<bool> {
        let (tell, told) = tokio::sync::oneshot::channel();
        let bucket = self.clone();
        // The runtime owns it, and its end ends it.
        drop(self.0.handle.spawn(async move {
            let put = bucket.put(&key, bytes, PutMode::Overwrite).await;
            // Whoever asked may have closed the log.
            let _ = tell.send(put.is_ok());
        }));
        told
    }

    /// An object, or `None` when it is absent.
    pub(crate) fn read(&self, key: &str) -> Result<Option<Bytes>, Error> {
        self.wait(self.read_patiently(key))
            .map_err(|why| self.failed(key, why))
    }

    /// Several objects at once, in order.
    pub(crate) fn read_all(&self, keys: &[String]) -> Result<Vec<Option<Bytes>>, Error> {
        self.wait(async {
            let reads = keys.iter().map(|key| async move {
                let read = self.read_patiently(key).await;
                read.map_err(|why| self.failed(key, why))
            });
            let mut reads = futures_util::stream::iter(reads).buffered(AT_A_TIME);
            let mut found = Vec::with_capacity(keys.len());
            while let Some(read) = reads.next().await {
                found.push(read?);
            }
            Ok(found)
        })
    }

    /// True when an object of the folder stands behind `key`.
    pub(crate) fn has_behind(&self, folder: &str, key: &str) -> Result<bool, Error> {
        let (folder_path, offset) = (self.path(folder), self.path(key));
        let look = async {
            let mut listed = self.0.store.list_with_offset(Some(&folder_path), &offset);
            match listed.next().await {
                None => Ok(false),
                Some(Ok(_)) => Ok(true),
                Some(Err(error)) => Err(self.judge(error)),
            }
        };
        let looked = self.wait(async {
            match timeout(self.0.patience.read, look).await {
                Ok(Ok(found)) => Ok(found),
                Ok(Err(Trouble::Unclear(why) | Trouble::Final(why))) => Err(why),
                Err(_) => Err("it does not answer".to_owned()),
            }
        });
        looked.map_err(|why| unreadable(&self.place(folder), why))
    }

    /// The last parts of all keys below `folder`, in no order.
    pub(crate) fn list(&self, folder: &str) -> Result<Vec<String>, Error> {
        let path = self.path(folder);
        let listed = self.wait(async {
            let mut listed = self.0.store.list(Some(&path));
            let mut names = Vec::new();
            loop {
                match timeout(self.0.patience.read, listed.next()).await {
                    Ok(None) => return Ok(names),
                    Ok(Some(Ok(object))) => {
                        names.extend(object.location.filename().map(str::to_owned));
                    }
                    Ok(Some(Err(error))) => match self.judge(error) {
                        Trouble::Unclear(why) | Trouble::Final(why) => return Err(why),
                    },
                    Err(_) => return Err("it does not answer".to_owned()),
                }
            }
        });
        listed.map_err(|why| unreadable(&self.place(folder), why))
    }

    fn failed(&self, key: &str, why: io::Error) -> Error {
        let place = self.place(key);
        Error::Io { place, why }
    }

    fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.0.handle.block_on(work)
    }

    fn path(&self, key: &str) -> Path {
        let parts = self.0.prefix.split('/').chain(key.split('/'));
        Path::from_iter(parts.filter(|part| !part.is_empty()))
    }

    async fn until_known(&self, key: &str, bytes: &Bytes) -> io::Result<Stands> {
        let mut waits = Waits::new(&self.0.halt, self.0.patience.append);
        loop {
            match self.put(key, bytes.clone(), PutMode::Create).await {
                Ok(()) => return Ok(Stands::Ours),
                Err(Trouble::Final(why)) => return Err(io::Error::other(why)),
                Err(Trouble::Unclear(why)) => {
                    tracing::debug!(key, why, "looking who wrote the object");
                }
            }
            // Until it is known what stands there, nothing is put.
            loop {
                match self.get(key).await {
                    Ok(Some(found)) if found == bytes => return Ok(Stands::Ours),
                    Ok(Some(found)) => return Ok(Stands::Theirs(found.to_vec())),
                    Ok(None) => break,
                    Err(Trouble::Final(why)) => return Err(io::Error::other(why)),
                    Err(Trouble::Unclear(why)) => waits.wait(&self.place(key), &why).await?,
                }
            }
            waits.wait(&self.place(key), "it is absent").await?;
        }
    }

    /// For objects whose key fixes their bytes: a put that was done twice has done no harm.
    async fn put_until_taken(&self, key: &str, bytes: &Bytes) -> io::Result<()> {
        let mut waits = Waits::new(&self.0.halt, self.0.patience.append);
        loop {
            match self.put(key, bytes.clone(), PutMode::Overwrite).await {
                Ok(()) => return Ok(()),
                Err(Trouble::Final(why)) => return Err(io::Error::other(why)),
                Err(Trouble::Unclear(why)) => waits.wait(&self.place(key), &why).await?,
            }
        }
    }

    async fn read_patiently(&self, key: &str) -> io::Result<Option<Bytes>> {
        let mut waits = Waits::new(&self.0.halt, self.0.patience.read);
        loop {
            match self.get(key).await {
                Ok(found) => return Ok(found),
                Err(Trouble::Final(why)) => return Err(io::Error::other(why)),
                Err(Trouble::Unclear(why)) => waits.wait(&self.place(key), &why).await?,
            }
        }
    }

    async fn put(&self, key: &str, bytes: Bytes, mode: PutMode) -> Result<(), Trouble> {
        let limit = self.0.patience.request + seconds_for(bytes.len());
        let options = PutOptions::from(mode);
        let path = self.path(key);
        let put = self
            .0
            .store
            .put_opts(&path, PutPayload::from_bytes(bytes), options);
        match timeout(limit, put).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error @ object_store::Error::NotFound { .. })) => {
                Err(Trouble::Final(format!("{error}; does the bucket exist?")))
            }
            Ok(Err(error)) => Err(self.judge(error)),
            Err(_) => Err(Trouble::Unclear("no answer in time".to_owned())),
        }
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>, Trouble> {
        let path = self.path(key);
        let get = async { self.0.store.get(&path).await?.bytes().await };
        // How long the body is, is not known before.
        match timeout(self.0.patience.request * 2, get).await {
            Ok(Ok(bytes)) => Ok(Some(bytes)),
            Ok(Err(object_store::Error::NotFound { .. })) => Ok(None),
            Ok(Err(error)) => Err(self.judge(error)),
            Err(_) => Err(Trouble::Unclear("no answer in time".to_owned())),
        }
    }

    /// What an error says about the request. `AlreadyExists` says little: the crate makes it of
    /// 409, which is also a race without a winner, as of 412.
    fn judge(&self, error: object_store::Error) -> Trouble {
        use object_store::Error as E;
        match error {
            E::AlreadyExists { .. } | E::Precondition { .. } | E::NotModified { .. } => {
                Trouble::Unclear("something stands there, or is about to".to_owned())
            }
            E::PermissionDenied { .. } | E::Unauthenticated { .. } => Trouble::Final(format!(
                "{error}; reading, writing and listing (s3:GetObject, s3:PutObject, s3:ListBucket) \
                 must be allowed"
            )),
            // After a failed sync nobody knows what a disk holds, and a second sync would lie.
            E::Generic { .. } if self.0.is_disk => Trouble::Final(error.to_string()),
            E::Generic { .. } | E::JoinError { .. } => Trouble::Unclear(error.to_string()),
            _ => Trouble::Final(error.to_string()),
        }
    }
}

/// A second for each MiB.
fn seconds_for(n_bytes: usize) -> Duration {
    Duration::from_secs(u64::try_from(n_bytes >> 20).unwrap_or(u64::MAX >> 20))
}

/// Growing waits between two requests, until patience is spent (`TimedOut`) or the store is halted.
#[derive(Debug)]
struct Waits<'a> {
    next: Duration,
    halt: &'a Stop,
    patience: Duration,
    give_up: Instant,
    is_said: bool,
}

impl<'a> Waits<'a> {
    fn new(halt: &'a Stop, patience: Duration) -> Self {
        Self {
            next: SHORTEST_WAIT,
            halt,
            patience,
            give_up: Instant::now() + patience,
            is_said: false,
        }
    }

    async fn wait(&mut self, place: &str, why: &str) -> io::Result<()> {
        let wait = self.next;
        if Instant::now() + wait > self.give_up {
            let patience = self.patience;
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!(
                    "{why}; it has been so for {patience:?}, look at the store and at the way there"
                ),
            ));
        }
        if wait >= LONGEST_WAIT && !std::mem::replace(&mut self.is_said, true) {
            tracing::warn!(place, why, "the store has not answered yet; asking again");
        }
        self.next = (wait * 2).min(LONGEST_WAIT);
        tokio::select! {
            () = self.halt.cancelled() => {
                let asked = "asked to end before it was known what is stored";
                Err(io::Error::other(format!("{asked}: {why}")))
            }
            () = sleep(wait) => Ok(()),
        }
    }
}
