//! Who may lead, over which store: a data directory of this process alone, or what the
//! coordinators of a cluster share.
//!
//! A directory is taken at the start, or the start fails. In a cluster the doors open at once, and
//! this process waits, as long as it takes, for what it needs (`needs`) and to be elected.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use accounting::coordinator::Exit;
use coordination::{Elector, Embedded, Etcd, Leader, Tenure};
use domain::Term;
use lifecycle::Stop;
use run_log::{FileStore, LogId, ObjectStore, Position, Store, Stored};
use tokio::sync::oneshot;

use crate::app::needs::Needs;
use crate::app::{StartError, vigil};
use crate::archive::Archive;
use crate::archive::ahead::Ahead;
use crate::config::{Cluster, Config};
use crate::seat::{self, Seat, Taker};
use crate::shell::{self, Ended, Shell};
use crate::traces;

/// Results wait so long for company before an append that is a request to an object store.
const GATHER: Duration = Duration::from_millis(100);

/// Between two looks whether etcd names another than this one.
const LOOK_EACH: Duration = Duration::from_secs(5);

/// This process, as one that may lead.
pub(super) struct Candidate {
    config: Config,
    taker: Taker,
    way: Way,
}

enum Way {
    /// The directory is held, and the machine stands ready.
    Directory(Box<Reign>),
    Cluster(Peer),
}

/// What one of several coordinators stands on.
struct Peer {
    elector: Arc<dyn Elector>,
    me: Leader,
    store: ObjectStore,
    needs: Needs,
}

/// What a leader consists of, not yet running.
struct Reign {
    term: Term,
    shell: Shell,
    left: Left,
}

/// What is to be ended after everything else.
#[derive(Debug)]
pub(super) struct Left {
    /// Keeps server spans.
    pub(super) keeper: JoinHandle<()>,
    /// Already given back in a cluster.
    pub(super) tenure: Option<Box<dyn Tenure>>,
}

/// Why this process can't lead, or leads no longer.
#[derive(Debug, thiserror::Error)]
pub(super) enum LeadError {
    #[error(transparent)]
    Ended(#[from] Ended),
    #[error(transparent)]
    Start(#[from] StartError),
}

impl Candidate {
    /// Takes hold of the data directory.
    pub(super) async fn of_directory(
        config: &Config,
        address: SocketAddr,
    ) -> Result<(Self, Seat), StartError> {
        let me = Leader {
            name: config.accounting.leader.clone(),
            address: address.to_string(),
        };
        let elector = Embedded::new(&config.data).with_patience(config.patience);
        let tenure = elector.campaign(&me).await?;
        let (taker, seat) = seat::waiting(Arc::new(elector));
        let files = FileStore::new(&config.data, config.layout);
        let term = tenure.term();
        let begins = (term, Ahead::default());
        let reign = Reign::begin(config, Arc::new(files), begins, Some(tenure), &taker)?;
        let candidate = Self {
            config: config.clone(),
            taker,
            way: Way::Directory(Box::new(reign)),
        };
        Ok((candidate, seat))
    }

    /// Refuses what can be seen to be wrong without asking anybody.
    pub(super) fn of_cluster(
        config: &Config,
        cluster: &Cluster,
        address: SocketAddr,
    ) -> Result<(Self, Seat), StartError> {
        let advertised = match &cluster.advertise {
            Some(advertised) => advertised.clone(),
            None if address.ip().is_unspecified() => {
                return Err(StartError::NotAnAddress { address });
            }
            None => address.to_string(),
        };
        let elector: Arc<dyn Elector> = Arc::new(Etcd::new(&cluster.etcd)?);
        let store = ObjectStore::open(&cluster.store)?;
        let needs = Needs::new(cluster, elector.clone())?;
        let mut config = config.clone();
        // No two writers of one log may look alike, and process ids repeat from host to host.
        let mark = uuid::Uuid::new_v4().simple().to_string();
        config.accounting.leader = format!("{}-{}", config.accounting.leader, &mark[..12]);
        config.accounting.gather = GATHER;
        let me = Leader {
            name: config.accounting.leader.clone(),
            address: advertised,
        };
        let (taker, seat) = seat::waiting(elector.clone());
        let way = Way::Cluster(Peer {
            elector,
            me,
            store,
            needs,
        });
        Ok((Self { config, taker, way }, seat))
    }

    /// Leads until `stop`, or until another does; in a cluster, once it is elected. What is to be
    /// ended later goes into `kept`.
    pub(super) async fn lead(
        self,
        stop: Stop,
        grace: Duration,
        kept: oneshot::Sender<Left>,
    ) -> Result<(), LeadError> {
        let Self { config, taker, way } = self;
        let peer = match way {
            Way::Directory(reign) => {
                let ended = reign.shell.run(stop, Stop::new()).await;
                // Whoever waits for it is the one who spawned this.
                let _ = kept.send(reign.left);
                return Ok(ended?);
            }
            Way::Cluster(peer) => peer,
        };
        let Some((reign, tenure)) = peer.until_it_leads(&config, &taker, &stop).await? else {
            // Nothing was written, and what is being read is of no use to anybody.
            peer.store.halt().cancel();
            peer.needs.halt();
            return Ok(());
        };
        let (silent, own) = (Stop::new(), stop.child_token());
        let leads = async {
            let mut runs = pin!(reign.shell.run(own.clone(), silent.clone()));
            tokio::select! {
                ended = &mut runs => ended,
                by = peer.superseded(reign.term) => {
                    own.cancel();
                    runs.await.and(Err(Ended(Exit::Deposed(by))))
                }
            }
        };
        // Once nothing is said any more the next need not wait for the lease: what is still on its
        // way into the log is there before its term, or is refused.
        let resigned = async {
            silent.cancelled().await;
            tenure.resign().await;
        };
        let ended = tokio::select! {
            (ended, ()) = async { tokio::join!(leads, resigned) } => ended,
            never = let_go(silent.clone(), grace, &peer.store) => match never {},
        };
        let _ = kept.send(reign.left);
        Ok(ended?)
    }
}

impl Peer {
    /// Waits for what it needs, then to be elected, and is ready to run; nothing when `stop` came
    /// first. A store that is gone again by then is waited for again, and another may try.
    async fn until_it_leads(
        &self,
        config: &Config,
        taker: &Taker,
        stop: &Stop,
    ) -> Result<Option<(Reign, Box<dyn Tenure>)>, StartError> {
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(None),
                answered = self.needs.answer() => answered?,
            }
            let me = &self.me;
            taker.stand_by(self.elector.clone(), &me.name);
            tracing::info!(address = me.address, name = me.name, "standing by");
            let ahead = Ahead::default();
            let along = vigil::Along::new(&self.store, config, ahead.clone())?;
            let tenure = tokio::select! {
                () = stop.cancelled() => return Ok(None),
                elected = self.elector.campaign(me) => elected?,
                never = vigil::keep(along) => match never {},
            };
            ahead.close();
            let begun = tokio::select! {
                () = stop.cancelled() => None,
                begun = self.begin(config, taker, (tenure.term(), ahead)) => Some(begun),
            };
            if let Some(Ok(reign)) = begun {
                return Ok(Some((reign, tenure)));
            }
            tenure.resign().await;
            match begun {
                Some(Err(error)) if error.is_retryable() => {
                    tracing::warn!(%error, "elected, and could not read the log; another may try");
                    taker.wait(self.elector.clone());
                }
                Some(Err(error)) => return Err(error),
                _ => return Ok(None),
            }
        }
    }

    async fn begin(
        &self,
        config: &Config,
        taker: &Taker,
        (elected, ahead): (Term, Ahead),
    ) -> Result<Reign, StartError> {
        let term = term_above(elected, self.store.clone()).await?;
        tracing::info!(%term, "elected");
        let store = Arc::new(self.store.clone());
        Reign::begin(config, store, (term, ahead), None, taker)
    }
}

impl Peer {
    /// Waits until the log says that another leads. Whoever has nothing to append would never find
    /// out, and would tell clients for ever how things stood. Etcd gives the hint to look.
    async fn superseded(&self, term: Term) -> String {
        let mut tail = self.store.tail(&LogId::Grid);
        loop {
            tokio::time::sleep(LOOK_EACH).await;
            let holder = self.elector.leader().await.ok().flatten();
            if holder.is_none_or(|holder| holder.name == self.me.name) {
                continue;
            }
            let read = tokio::task::spawn_blocking(move || {
                let read = tail.next(Position::MAX);
                (tail, read)
            });
            // The thread ends with an answer, unless the process is ending.
            let Ok((given_back, read)) = read.await else {
                return std::future::pending().await;
            };
            tail = given_back;
            let segments = read.unwrap_or_else(|error| {
                tracing::debug!(%error, "can't look who leads; looking again later");
                tail = self.store.tail(&LogId::Grid);
                Vec::new()
            });
            let above = |stored: &&Stored| stored.segment.term > term.0;
            if let Some(by) = segments.iter().find(above) {
                return by.segment.writer.clone();
            }
        }
    }
}

/// Appends that the store does not answer keep nobody waiting for ever once nothing is said any
/// more: their outcome is for the next leader to read.
async fn let_go(silent: Stop, grace: Duration, store: &ObjectStore) -> std::convert::Infallible {
    silent.cancelled().await;
    tokio::time::sleep(grace / 2).await;
    store.halt().cancel();
    std::future::pending().await
}

impl Reign {
    fn begin(
        config: &Config,
        store: Arc<dyn Store>,
        (term, ahead): (Term, Ahead),
        tenure: Option<Box<dyn Tenure>>,
        taker: &Taker,
    ) -> Result<Self, StartError> {
        let files = FileStore::new(&config.data, config.layout);
        let blobs = store.blobs()?;
        let archive = Archive::new(store, blobs.reader(), files.clone()).with_ahead(ahead);
        let accounting = config.accounting.clone();
        let (shell, handle) =
            shell::make(accounting, archive, blobs, term).map_err(StartError::Thread)?;
        let (spans, keeper) = traces::start(files, handle.clone()).map_err(StartError::Thread)?;
        taker.take(handle, spans);
        Ok(Self {
            term,
            shell,
            left: Left { keeper, tenure },
        })
    }
}

/// The term of an etcd that was set up anew begins low again, and a log never falls: then the next
/// term of the log is taken. Two who take the same can't both write it down.
async fn term_above(elected: Term, store: ObjectStore) -> Result<Term, StartError> {
    let last = off_runtime(move || {
        let segments = store.tail(&LogId::Grid).next(Position::MAX)?;
        Ok(segments.last().map_or(0, |last| last.segment.term))
    });
    let above = Term(last.await?.saturating_add(1));
    Ok(elected.max(above))
}

pub(super) async fn off_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StartError> + Send + 'static,
) -> Result<T, StartError> {
    let worked = tokio::task::spawn_blocking(work).await;
    worked.unwrap_or(Err(StartError::Gone))
}
