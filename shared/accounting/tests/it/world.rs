//! The simulated world: a queue of happenings in virtual time, and what each does.
//!
//! Everything is drawn from one seed. A broken promise ends the world with its sentence.

mod clients;
mod hosts;
mod outputs;
mod sites;

use std::collections::BTreeMap;

use accounting::coordinator::{Config, Coordinator, Input, Request};
use accounting::worker::{self, CaseKey};
use domain::message::{FromWorker, ToWorker};
use domain::{Digest, Plan, RunId, Term};

use crate::chance::Chance;
use crate::faults::{self, Fault, LAST_FAULT};
use crate::node::Node;
use crate::oracle::{Broken, Oracle};
use crate::planned;
use crate::site::Site;
use crate::store::{Append, Store};

pub(crate) const MILLI: u64 = 1_000_000;
pub(crate) const SECOND: u64 = 1_000 * MILLI;
/// Every run has ended and is closed by then, or a promise is broken.
const LAST_MOMENT: u64 = 1_200 * SECOND;
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
    Land {
        node: usize,
        append: Append,
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
    SpoolWritten {
        site: usize,
        epoch: u64,
        frame: Box<Frame>,
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
    Ask {
        client: usize,
    },
}

#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) run: RunId,
    pub(crate) attempt: domain::AttemptId,
    pub(crate) seq: u64,
    pub(crate) result: domain::record::CaseResult,
    pub(crate) record: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) site: usize,
    pub(crate) epoch: u64,
    pub(crate) node: usize,
    pub(crate) is_up_alive: bool,
    pub(crate) is_down_alive: bool,
    pub(crate) up_ready: u64,
    pub(crate) down_ready: u64,
}

/// Asks until it is answered.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) request: Request,
    pub(crate) is_answered: bool,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) chance: Chance,
    pub(crate) now: u64,
    queue: BTreeMap<(u64, u64), Happening>,
    n_happenings: u64,
    pub(crate) store: Store,
    pub(crate) oracle: Oracle,
    pub(crate) nodes: Vec<Node>,
    pub(crate) sites: Vec<Site>,
    pub(crate) streams: BTreeMap<u64, Stream>,
    pub(crate) clients: Vec<Client>,
    pub(crate) plans: BTreeMap<RunId, Plan>,
    term: u64,
    pub(crate) stats: BTreeMap<&'static str, u64>,
    is_loud: bool,
    /// Events that a segment holds at most: in some worlds so few that decisions spread over many.
    batch_events: usize,
    /// Nothing goes wrong.
    pub(crate) is_calm: bool,
    #[cfg(feature = "planted")]
    pub(crate) planted: Option<accounting::planted::Planted>,
}

/// What a world was like that kept its promises.
pub(crate) type Stats = BTreeMap<&'static str, u64>;

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
        let mut chance = Chance::new(seed);
        let n_sites = chance.within(2..6);
        let n_runs = chance.within(1..3);
        let mut world = Self {
            now: 0,
            queue: BTreeMap::new(),
            n_happenings: 0,
            store: Store::default(),
            oracle: Oracle::default(),
            nodes: Vec::new(),
            sites: Vec::new(),
            streams: BTreeMap::new(),
            clients: Vec::new(),
            plans: BTreeMap::new(),
            term: 0,
            stats: BTreeMap::new(),
            is_loud,
            batch_events: if seed.is_multiple_of(3) { 2 } else { 1_000 },
            is_calm: false,
            chance,
            #[cfg(feature = "planted")]
            planted: None,
        };
        world.schedule(0, Happening::Elect);
        for place in 0..n_sites {
            world.add_site(place);
        }
        for number in 0..n_runs {
            world.add_run(number);
        }
        for (at, fault) in faults::draw(&mut world.chance, n_sites) {
            world.schedule(at, Happening::Fault(fault));
        }
        world
    }

    fn add_site(&mut self, place: u64) {
        // Each region has a worker; where others stand is chance.
        let region = match place {
            0 | 1 => planned::REGIONS[usize::try_from(place).unwrap_or_default()],
            _ => self.chance.pick(&planned::REGIONS).unwrap_or_default(),
        };
        let slots = u32::try_from(self.chance.within(1..5)).unwrap_or(1);
        let offset = self.chance.within(0..1_000 * SECOND);
        self.sites.push(Site::new(place, region, slots, offset));
        let (at, site) = (self.chance.within(0..2 * SECOND), self.sites.len() - 1);
        self.schedule(at, Happening::Boot { site });
    }

    /// Runs until everything is over, or a promise is broken.
    pub(crate) fn run(mut self) -> Result<Stats, Broken> {
        let mut over_at = None;
        while let Some(((at, _), happening)) = self.queue.pop_first() {
            self.now = at;
            self.happen(happening)?;
            if over_at.is_none() && self.is_over() {
                over_at = Some(self.now.max(LAST_FAULT));
            }
            if over_at.is_some_and(|over_at| self.now > over_at + AFTERMATH) {
                break;
            }
            if self.now > LAST_MOMENT {
                return Err(format!("not everything ended: {}", self.what_is_open()));
            }
        }
        self.oracle.at_the_end(&self.store)?;
        for site in &self.sites {
            let n_unacked = site.machine.as_ref().map_or(0, worker::Worker::n_unacked);
            if n_unacked > 0 {
                return Err(format!("{} still holds {n_unacked} results", site.worker));
            }
        }
        self.count_ends();
        Ok(self.stats)
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
            format!("{id}: {n_open} cases open, ended {is_ended}")
        });
        runs.collect::<Vec<_>>().join("; ")
    }

    fn count_ends(&mut self) {
        let folds: Vec<_> = self
            .oracle
            .runs
            .values()
            .filter_map(|seen| seen.fold.as_ref())
            .collect();
        let totals = folds.iter().map(|run| run.totals());
        let (mut lost, mut cancelled, mut settled) = (0, 0, 0);
        for of in totals {
            lost += of.lost;
            cancelled += of.cancelled;
            settled += of.passed + of.failed + of.unproven;
        }
        let n_kept: usize = folds
            .iter()
            .flat_map(|run| run.cases())
            .map(|(_, facts)| facts.kept.len())
            .sum();
        let n_late: usize = folds.iter().map(|run| run.late().len()).sum();
        let n_reattached: u32 = folds
            .iter()
            .flat_map(|run| run.attempts().values())
            .map(|attempt| attempt.n_reattached)
            .sum();
        for (name, n) in [
            ("cases settled", settled),
            ("cases lost", lost),
            ("cases cancelled", cancelled),
            ("results kept", n_kept as u64),
            ("results late", n_late as u64),
            ("attempts reattached", u64::from(n_reattached)),
        ] {
            *self.stats.entry(name).or_default() += n;
        }
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

    /// Mostly quick, now and then slow.
    pub(crate) fn delay(&mut self) -> u64 {
        match self.chance.percent(3) && self.now < LAST_FAULT && !self.is_calm {
            true => self.chance.within(100 * MILLI..3 * SECOND),
            false => self.chance.within(MILLI..40 * MILLI),
        }
    }

    /// Makes another process leader, whatever the others think.
    pub(crate) fn elect(&mut self) {
        self.term += 1;
        let mut config = Config::new(format!("node-{}", self.term));
        config.max_active = 1;
        config.batch_events = self.batch_events;
        #[cfg(feature = "planted")]
        {
            config.planted = self.planted;
        }
        if self.nodes.iter().any(|node| node.n_in_flight > 0) {
            self.count("takeover with an append in flight");
        }
        if self.nodes.iter().any(|node| node.machine.is_some()) {
            self.count("two leaders at once");
        }
        let offset = self.chance.within(0..1_000 * SECOND);
        self.nodes.push(Node::new(Coordinator::new(config), offset));
        let (node, term) = (self.nodes.len() - 1, Term(self.term));
        let input = Input::Elected { term };
        self.schedule(self.now, Happening::ToNode { node, input });
        self.say(|| format!("node {node} is elected for term {term}"));
    }

    fn happen(&mut self, happening: Happening) -> Result<(), Broken> {
        match happening {
            Happening::Fault(fault) => self.strike(fault),
            Happening::Elect => {
                if self.nodes.last().is_none_or(|node| node.machine.is_none()) {
                    self.elect();
                }
            }
            Happening::Ask { client } => self.ask(client),
            Happening::Boot { site } => self.boot_site(site),
            Happening::Connect { site, epoch } => return self.connect(site, epoch),
            happening => return self.happen_to_hosts(happening),
        }
        Ok(())
    }
}
