//! What a short look at runs reads of their logs, and how often.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::event::RunEvent;
use domain::{Plan, Region, Term, WorkerId};
use run_log::{Batch, Blob, Blobs, Error, FileStore, Layout, Log, Store, Stored};
use tempfile::TempDir;

use super::*;

/// A store that counts the segments which its tails give.
#[derive(Clone, Debug)]
struct Counting {
    store: FileStore,
    n_read: Arc<AtomicU64>,
}

#[derive(Debug)]
struct CountingTail(Box<dyn Tail>, Arc<AtomicU64>);

impl Tail for CountingTail {
    fn next(&mut self, up_to: Position) -> Result<Vec<Stored>, Error> {
        let found = self.0.next(up_to)?;
        self.1.fetch_add(found.len() as u64, Ordering::Relaxed);
        Ok(found)
    }
}

impl Store for Counting {
    fn open(&self, id: &LogId) -> Result<Box<dyn Log>, Error> {
        self.store.open(id)
    }

    fn tail(&self, id: &LogId) -> Box<dyn Tail> {
        Box::new(CountingTail(self.store.tail(id), self.n_read.clone()))
    }

    fn blobs(&self) -> Result<Box<dyn Blobs>, Error> {
        self.store.blobs()
    }
}

struct Grid {
    counting: Counting,
    archive: Archive,
    plan: Digest,
    log: Box<dyn Log>,
    _directory: TempDir,
}

fn run() -> RunId {
    RunId::from("run")
}

fn plan() -> Plan {
    Plan {
        run: run(),
        created_at_ms: 0,
        environment: "staging".to_owned(),
        environment_file: "staging.yaml".to_owned(),
        caps: None,
        regions: vec![Region::from("east")],
        suites: Vec::new(),
        cases: Vec::new(),
        gate: None,
        lock_problems: Vec::new(),
        value: Vec::new(),
        currency: String::new(),
        deadline: Duration::from_secs(600),
        max_fail: None,
        completes: None,
        carried: Vec::new(),
        bundle: Digest::from("bundle"),
        made_by: "test".to_owned(),
    }
}

fn event(event: &RunEvent) -> Vec<u8> {
    wire::event::encode_run(event)
}

impl Grid {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = FileStore::new(directory.path(), Layout::Grid);
        let bytes = wire::plan::encode(&plan());
        let digest = wire::digest::of(&bytes);
        let mut blobs = store.blobs().unwrap();
        let blob = Blob {
            digest: digest.clone(),
            bytes,
        };
        blobs.put(&[blob]).unwrap();
        blobs.sync().unwrap();
        let counting = Counting {
            store: store.clone(),
            n_read: Arc::default(),
        };
        let reader = blobs.reader();
        let mut grid = Self {
            log: store.open(&LogId::Run(run())).unwrap(),
            archive: Archive::new(Arc::new(counting.clone()), reader, store),
            counting,
            plan: digest,
            _directory: directory,
        };
        grid.append(&[
            RunEvent::RunOpened {
                run: run(),
                plan: grid.plan.clone(),
                bundle: Digest::from("bundle"),
            },
            RunEvent::TermStarted {
                term: Term(1),
                leader: "leader".to_owned(),
                format: 1,
            },
        ]);
        grid
    }

    fn append(&mut self, events: &[RunEvent]) {
        let batch = Batch {
            term: Term(1),
            events: events.iter().map(event).collect(),
            ..Batch::default()
        };
        let end = self.log.end();
        self.log.append(end, &batch).unwrap();
    }

    fn joins(&mut self, worker: &str) {
        self.append(&[RunEvent::WorkerJoined {
            worker: WorkerId::from(worker),
            region: Region::from("east"),
            slots: 1,
            incarnation: 1.into(),
        }]);
    }

    fn short(&self, stage: Stage) -> Short {
        self.archive.short(&run(), &self.plan, stage).unwrap()
    }

    fn n_read(&self) -> u64 {
        self.counting.n_read.load(Ordering::Relaxed)
    }
}

#[test]
fn of_an_active_run_only_what_is_new_is_read() {
    let mut grid = Grid::new();
    (0..20).for_each(|nth| grid.joins(&format!("worker {nth}")));
    grid.short(Stage::Active);
    assert_eq!(grid.n_read(), 21);
    grid.short(Stage::Active);
    assert_eq!(grid.n_read(), 21, "nothing came since");
    grid.joins("late");
    grid.short(Stage::Active);
    assert_eq!(grid.n_read(), 22, "what came since is read, and no more");
}

#[test]
fn a_closed_run_is_read_to_its_end_once() {
    let mut grid = Grid::new();
    grid.short(Stage::Active);
    grid.joins("late");
    let short = grid.short(Stage::Closed);
    assert_eq!(grid.n_read(), 2, "what was read while it was open counts");
    (0..5).for_each(|_| assert_eq!(grid.short(Stage::Closed), short));
    assert_eq!(grid.n_read(), 2);
}

#[test]
fn a_run_that_waits_is_not_read_and_one_that_is_broken_is_not_kept() {
    let mut grid = Grid::new();
    grid.short(Stage::Waiting);
    assert_eq!(grid.n_read(), 0);
    // A second opening is illegal.
    let opened = RunEvent::RunOpened {
        run: run(),
        plan: grid.plan.clone(),
        bundle: Digest::from("bundle"),
    };
    grid.append(&[opened]);
    for _ in 0..2 {
        let refused = grid.archive.short(&run(), &grid.plan, Stage::Closed);
        assert!(
            matches!(refused, Err(ReadError::Fold { .. })),
            "{refused:?}"
        );
    }
}
