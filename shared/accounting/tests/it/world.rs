//! The simulated world: a queue of happenings in virtual time, and what each does.
//!
//! Everything is drawn from one seed. A broken promise ends the world with its sentence. `hosts`
//! steps the machines, `election` says who leads, `puts` is the store, `links` the network, `sites`
//! the workers and `disks` their spools, `clients` ask, `looks` is a look at the whole now and then.

mod clients;
mod disks;
mod election;
mod hosts;
mod links;
mod looks;
mod outputs;
mod puts;
mod sites;

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use accounting::coordinator::Input;
use accounting::worker::{self, CaseKey};
use domain::message::{FromWorker, ToWorker};
use domain::{Digest, Plan, RunId};

use crate::adapter::Heard;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::faults::{self, Fault, LAST_FAULT, LONGEST};
use crate::history::History;
use crate::meter::Meter;
use crate::node::{Node, Put};
use crate::oracle::{Broken, Invariant, Oracle};
use crate::planned;
use crate::shape::{BIG_EVERY, Keeping, Shape};
use crate::site::Site;
use crate::store::Store;
use crate::world::clients::Client;
use crate::world::disks::DiskOrder;
use crate::world::election::Election;
use crate::world::links::Stream;

pub(crate) const MILLI: u64 = 1_000_000;
pub(crate) const SECOND: u64 = 1_000 * MILLI;
/// Every run has ended and is closed by then, or a promise is broken.
const LAST_MOMENT: u64 = 2_400 * SECOND;
/// Time for what is still under way once all runs are closed.
const AFTERMATH: u64 = 60 * SECOND;

#[derive(Debug)]
pub(crate) enum Happening {
    Fault(Fault),
    Elect,
    ToNode {
        node: usize,
        input: Input,
    },
    NodeWake {
        node: usize,
        at: u64,
    },
    /// A put reaches the store.
    Arrives {
        node: usize,
        put: Box<Put>,
    },
    /// A put lands whose writer has given up waiting.
    LandsLate {
        node: usize,
        put: Box<Put>,
    },
    /// The writer hears what came of its put, or of its look.
    Heard {
        node: usize,
        put: Box<Put>,
        heard: Heard,
    },
    /// A look reaches the store.
    Look {
        node: usize,
        put: Box<Put>,
    },
    BlobLands {
        node: usize,
        digest: Digest,
    },
    Boot {
        site: usize,
    },
    Connect {
        site: usize,
        epoch: u64,
    },
    ToSite {
        site: usize,
        epoch: u64,
        input: worker::Input,
    },
    SiteWake {
        site: usize,
        epoch: u64,
        at: u64,
    },
    Disk {
        site: usize,
        epoch: u64,
        order: DiskOrder,
    },
    Touch {
        site: usize,
        epoch: u64,
        key: CaseKey,
        fatal: bool,
    },
    CaseDone {
        site: usize,
        epoch: u64,
        key: CaseKey,
        is_aborted: bool,
    },
    Up {
        stream: u64,
        message: FromWorker,
    },
    Down {
        stream: u64,
        message: Box<ToWorker>,
    },
    NodeSeesBreak {
        stream: u64,
    },
    CloseStream {
        stream: u64,
    },
    /// Nothing was heard on a stream for so long that its ends look whether it is alive.
    KeepAlive {
        stream: u64,
    },
    Ask {
        client: usize,
    },
    LookAround,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) chance: Chance,
    pub(crate) shape: Shape,
    pub(crate) now: u64,
    queue: BTreeMap<(u64, u64), Happening>,
    n_happenings: u64,
    history: History,
    pub(crate) store: Store,
    /// The store takes nothing before this.
    pub(crate) store_full_until: u64,
    /// The next fsync of the coordinator fails.
    pub(crate) is_sync_failing: bool,
    pub(crate) oracle: Oracle,
    pub(crate) nodes: Vec<Node>,
    pub(crate) election: Election,
    pub(crate) sites: Vec<Site>,
    pub(crate) streams: BTreeMap<u64, Stream>,
    pub(crate) clients: Vec<Client>,
    pub(crate) plans: BTreeMap<RunId, Plan>,
    pub(crate) stats: Stats,
    /// A promise broken where nobody could say so at once.
    broken: Option<Broken>,
    is_loud: bool,
    /// What the coordinators' steps cost, where that is asked for.
    meter: Option<Meter>,
    /// In a row of looks legs waited beside workers that idled.
    n_idle_legs: u32,
    /// Nothing goes wrong.
    pub(crate) is_calm: bool,
    #[cfg(feature = "planted")]
    pub(crate) planted: Option<accounting::planted::Planted>,
}

/// What came up in a world, and how often.
pub(crate) type Stats = BTreeMap<&'static str, u64>;

/// A world that kept its promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) stats: Stats,
    pub(crate) n_happenings: u64,
    /// A hash of all that happened.
    pub(crate) history: u64,
}

impl World {
    /// A world in which nothing goes wrong, and no case kills its worker.
    pub(crate) fn calm(seed: u64) -> Self {
        let mut world = Self::new(seed, false);
        world
            .queue
            .retain(|_, happening| !matches!(happening, Happening::Fault(_)));
        world.is_calm = true;
        world
    }

    pub(crate) fn new(seed: u64, is_loud: bool) -> Self {
        Self::shaped(seed, is_loud, |_| {})
    }

    /// One of the large worlds, with so many workers; it says at its end what it took.
    pub(crate) fn crowded(number: u64, n_workers: u64) -> Self {
        let seed = number * BIG_EVERY + BIG_EVERY - 1;
        let mut world = Self::shaped(seed, false, |shape| shape.crowd(n_workers));
        world.meter = Some(Meter::start());
        world
    }

    fn shaped(seed: u64, is_loud: bool, adjust: impl Fn(&mut Shape)) -> Self {
        let mut chance = Chance::new(seed);
        let mut shape = Shape::draw(seed, &mut chance);
        adjust(&mut shape);
        let mut world = Self {
            now: 0,
            queue: BTreeMap::new(),
            n_happenings: 0,
            history: History::default(),
            store: Store::default(),
            store_full_until: 0,
            is_sync_failing: false,
            oracle: Oracle::new(&shape, LAST_FAULT + LONGEST),
            nodes: Vec::new(),
            election: Election::default(),
            sites: Vec::new(),
            streams: BTreeMap::new(),
            clients: Vec::new(),
            plans: BTreeMap::new(),
            stats: BTreeMap::new(),
            broken: None,
            is_loud,
            meter: None,
            n_idle_legs: 0,
            is_calm: false,
            shape,
            chance,
            #[cfg(feature = "planted")]
            planted: None,
        };
        world.schedule(0, Happening::Elect);
        world.schedule(LAST_FAULT + LONGEST, Happening::LookAround);
        for place in 0..shape.n_sites {
            world.add_site(place);
        }
        for number in 0..shape.n_runs {
            world.add_run(number);
        }
        for (at, fault) in faults::draw(&mut world.chance, &shape) {
            world.schedule(at, Happening::Fault(fault));
        }
        world.count_shape();
        world
    }

    fn add_site(&mut self, place: u64) {
        // Each region has a worker; where others stand is chance.
        let region = match place {
            0 | 1 => planned::REGIONS[usize::try_from(place).unwrap_or_default()],
            _ => self.chance.pick(&planned::REGIONS).unwrap_or_default(),
        };
        let most_slots = if self.shape.is_big { 2 } else { 4 };
        let slots = u32::try_from(self.chance.within(1..most_slots + 1)).unwrap_or(1);
        let clock = self.draw_clock();
        let mut site = Site::new(place, region, slots, clock);
        site.is_greedy = self.shape.has_greedy && place == 0;
        self.sites.push(site);
        let (at, site) = (self.chance.within(0..2 * SECOND), self.sites.len() - 1);
        self.schedule(at, Happening::Boot { site });
    }

    pub(crate) fn draw_clock(&mut self) -> Clock {
        let offset = self.chance.within(0..1_000 * SECOND);
        let gains = self.chance.around(self.shape.clocks_off);
        let wall_off_ms = self.chance.around(5_000);
        Clock::new(offset, gains, wall_off_ms)
    }

    fn count_shape(&mut self) {
        let shape = self.shape;
        let is_off = self.sites.iter().any(|site| site.clock.is_off());
        for (is_so, what) in [
            (shape.is_big, "a thousand workers"),
            (shape.is_laptop, "coordinator and workers in one process"),
            (shape.keeping == Keeping::Files, "logs in files"),
            (shape.keeping == Keeping::Objects, "logs in an object store"),
            (is_off, "clock more than 2 % fast or slow"),
        ] {
            if is_so {
                self.count(what);
            }
        }
    }

    /// Runs until everything is over, or a promise is broken.
    pub(crate) fn run(mut self) -> Result<Kept, Broken> {
        let mut over_at = None;
        while let Some(((at, _), happening)) = self.queue.pop_first() {
            self.now = at;
            self.history.write_u64(at);
            std::mem::discriminant(&happening).hash(&mut self.history);
            self.happen(happening)?;
            if let Some(broken) = self.broken.take() {
                return Err(broken);
            }
            if over_at.is_none() && self.is_over() {
                over_at = Some(self.now.max(LAST_FAULT + LONGEST));
            }
            if over_at.is_some_and(|over_at| self.now > over_at + AFTERMATH) {
                break;
            }
            if self.now > LAST_MOMENT {
                let what = format!("not everything ended: {}", self.what_is_open());
                return Err(Invariant::EndsInTime.broken(what));
            }
        }
        self.oracle.at_the_end(&self.store)?;
        for site in &self.sites {
            let n_unacked = site.machine.as_ref().map_or(0, worker::Worker::n_unacked);
            if n_unacked > 0 {
                let what = format!("{} still holds {n_unacked} results", site.worker);
                return Err(Invariant::AllAccountedFor.broken(what));
            }
        }
        self.count_ends();
        if let Some(meter) = &self.meter {
            println!("{meter}");
        }
        Ok(Kept {
            stats: self.stats,
            n_happenings: self.n_happenings,
            history: self.history.finish(),
        })
    }

    fn is_over(&self) -> bool {
        self.oracle.closed.len() == self.plans.len()
            && self.clients.iter().all(|client| client.is_answered)
    }

    fn what_is_open(&self) -> String {
        let runs = self.oracle.runs.iter().map(|(id, seen)| {
            let fold = seen.fold.as_ref();
            let n_open = fold.map_or(0, |run| run.n_open());
            let is_ended = fold.is_some_and(|run| run.is_ended());
            let is_closed = self.oracle.closed.contains(id);
            format!("{id}: {n_open} cases open, ended {is_ended}, closed {is_closed}")
        });
        runs.collect::<Vec<_>>().join("; ")
    }

    pub(crate) fn schedule(&mut self, at: u64, happening: Happening) {
        self.n_happenings += 1;
        let key = (at.max(self.now), self.n_happenings);
        self.queue.insert(key, happening);
    }

    pub(crate) fn count(&mut self, what: &'static str) {
        *self.stats.entry(what).or_default() += 1;
    }

    pub(crate) fn say(&self, what: impl Fn() -> String) {
        if self.is_loud {
            println!("{:>9.3} {}", self.now as f64 / SECOND as f64, what());
        }
    }

    pub(crate) fn remember(&mut self, bytes: &[u8]) {
        self.history.write(bytes);
    }

    /// Faults may still come of themselves.
    pub(crate) fn is_troubled(&self) -> bool {
        !self.is_calm && self.now < LAST_FAULT
    }

    /// Mostly quick, now and then slow.
    pub(crate) fn delay(&mut self) -> u64 {
        match self.chance.percent(3) && self.is_troubled() {
            true => self.chance.within(100 * MILLI..3 * SECOND),
            false => self.chance.within(MILLI..40 * MILLI),
        }
    }

    fn happen(&mut self, happening: Happening) -> Result<(), Broken> {
        match happening {
            Happening::Fault(fault) => self.strike(fault),
            Happening::Elect => self.vacancy(),
            Happening::Ask { client } => self.ask(client),
            Happening::Boot { site } => self.boot_site(site),
            Happening::KeepAlive { stream } => self.keep_alive(stream),
            Happening::CloseStream { stream } => self.break_stream(stream),
            Happening::Connect { site, epoch } => return self.connect(site, epoch),
            Happening::Arrives { node, put } => return self.arrives(node, put),
            Happening::LandsLate { node, put } => return self.lands_late(node, put),
            Happening::Look { node, put } => self.look(node, put),
            Happening::Heard { node, put, heard } => return self.put_heard(node, put, heard),
            Happening::Disk { site, epoch, order } => return self.disk(site, epoch, order),
            Happening::LookAround => return self.look_around(),
            happening => return self.happen_to_hosts(happening),
        }
        Ok(())
    }
}
