//! What goes wrong, and when: drawn from the seed before the world begins.
//!
//! Each world has a few kinds of faults of its own, so that one kind meets itself often enough
//! (Groce and others: Swarm testing, 2012).

use crate::chance::Chance;
use crate::shape::{Keeping, Shape};
use crate::world::{Happening, SECOND, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The leading process dies; another is elected a little later.
    CrashLeader,
    /// The lease of the election is revoked early: another is elected while the leader lives.
    RevokeElection,
    /// Two are told at once that they lead; the one of the lower term hears it later.
    TwoLeaders,
    /// The watch on the election is lost: a vacancy is found only by looking again.
    LoseWatch {
        seconds: u64,
    },
    /// The leader gives up in an orderly way.
    HandOver,
    /// The leader reaches its workers and not the store, and another is elected.
    IsolateLeader {
        seconds: u64,
    },
    PauseLeader {
        seconds: u64,
    },
    /// The wall clocks of all coordinators are set.
    StepWall {
        by_ms: i64,
    },
    /// The coordinator's disk takes nothing, or the object store nothing that is put.
    CoordinatorDiskFull {
        seconds: u64,
    },
    /// fsync fails; what of it is on the disk is chance.
    FailSync,
    CrashWorker {
        site: usize,
    },
    /// The host and its disk are gone; another host takes its place.
    LoseHost {
        site: usize,
    },
    /// The host and its disk are gone; another takes its place under the name of one that lives.
    Namesake {
        site: usize,
    },
    /// The end of it.
    NameAnew {
        site: usize,
    },
    /// The process dies while it can't deliver, and the newest frames of its spool were never on
    /// the disk.
    TearSpool {
        site: usize,
    },
    /// The second half of it.
    TearSpoolNow {
        site: usize,
    },
    PauseWorker {
        site: usize,
        seconds: u64,
    },
    /// The host is suspended: its clock runs on, its streams don't.
    SuspendWorker {
        site: usize,
        seconds: u64,
    },
    Disconnect {
        site: usize,
    },
    /// Nothing gets through, one way or both.
    Cut {
        site: usize,
        up: bool,
        down: bool,
        seconds: u64,
    },
    Lag {
        site: usize,
        up_ms: u64,
        down_ms: u64,
        seconds: u64,
    },
    WorkerDiskFull {
        site: usize,
        seconds: u64,
    },
    /// SIGTERM, and a new process after it.
    Leave {
        site: usize,
    },
    /// All workers of a region die and stay away.
    LoseRegion {
        region: usize,
        seconds: u64,
    },
    /// Many workers die at once.
    Storm {
        of_hundred: u64,
    },
}

/// Faults stop here; from then on everything must heal.
pub(crate) const LAST_FAULT: u64 = 100 * SECOND;
/// The longest that any of them lasts, and what is late because of it.
pub(crate) const LONGEST: u64 = 90 * SECOND;

const N_KINDS: u64 = 30;

pub(crate) fn draw(chance: &mut Chance, shape: &Shape) -> Vec<(u64, Fault)> {
    let n_kinds = chance.within(1..7);
    let kinds: Vec<u64> = (0..n_kinds).map(|_| chance.within(0..N_KINDS)).collect();
    let n_faults = match shape.is_big {
        true => chance.within(4..16),
        false => chance.within(0..10),
    };
    let drawn = (0..n_faults).map(|_| {
        let kind = chance.pick(&kinds).unwrap_or_default();
        (chance.within(0..LAST_FAULT), one(chance, kind, shape))
    });
    drawn.collect()
}

fn one(chance: &mut Chance, kind: u64, shape: &Shape) -> Fault {
    let site = usize::try_from(chance.within(0..shape.n_sites)).unwrap_or_default();
    let seconds = chance.within(1..40);
    match kind {
        0 | 1 => Fault::CrashLeader,
        2 => Fault::RevokeElection,
        3 => Fault::TwoLeaders,
        4 => Fault::LoseWatch { seconds },
        5 => Fault::HandOver,
        6 | 7 => Fault::IsolateLeader {
            seconds: seconds + 5,
        },
        8 => Fault::PauseLeader { seconds },
        9 => Fault::StepWall {
            by_ms: chance.around(3_600_000),
        },
        10 => Fault::CoordinatorDiskFull { seconds },
        11 => Fault::FailSync,
        12 | 13 => Fault::CrashWorker { site },
        14 => Fault::LoseHost { site },
        15 | 26 => Fault::TearSpool { site },
        27 => Fault::Namesake { site },
        28 => Fault::CrashLeader,
        16 | 17 => Fault::PauseWorker {
            site,
            seconds: seconds + seconds / 2,
        },
        18 => Fault::SuspendWorker { site, seconds },
        19 => Fault::Disconnect { site },
        20 | 21 => cut(chance, site),
        22 => Fault::Lag {
            site,
            up_ms: chance.within(0..25_000),
            down_ms: chance.within(0..12_000),
            seconds,
        },
        23 => Fault::WorkerDiskFull { site, seconds },
        24 => Fault::Leave { site },
        _ if shape.is_big => Fault::Storm {
            of_hundred: chance.within(5..60),
        },
        _ => Fault::LoseRegion {
            region: site % 2,
            seconds: chance.within(30..90),
        },
    }
}

fn cut(chance: &mut Chance, site: usize) -> Fault {
    let seconds = chance.within(5..50);
    let (up, down) = match chance.within(0..3) {
        0 => (true, false),
        1 => (false, true),
        _ => (true, true),
    };
    Fault::Cut {
        site,
        up,
        down,
        seconds,
    }
}

impl World {
    pub(crate) fn strike(&mut self, fault: Fault) {
        self.say(|| format!("fault: {fault:?}"));
        match fault {
            Fault::CrashLeader => self.crash_leader(),
            Fault::RevokeElection
            | Fault::TwoLeaders
            | Fault::LoseWatch { .. }
            | Fault::HandOver
            | Fault::IsolateLeader { .. } => self.strike_election(fault),
            Fault::PauseLeader { seconds } => self.pause_leader(seconds),
            Fault::StepWall { by_ms } => self.step_wall(by_ms),
            Fault::CoordinatorDiskFull { seconds } => {
                self.store_full_until = self.now + seconds * SECOND;
            }
            Fault::FailSync => self.is_sync_failing = self.shape.keeping == Keeping::Files,
            fault => self.strike_worker(fault),
        }
    }

    fn strike_worker(&mut self, fault: Fault) {
        match fault {
            Fault::CrashWorker { site } => self.crash_site(site),
            Fault::LoseHost { site } => self.lose_host(site),
            Fault::Namesake { site } => self.name_alike(site),
            Fault::NameAnew { site } => self.name_anew(site),
            Fault::TearSpool { site } => {
                self.cut(site, (true, true), 12);
                let at = self.now + self.chance.within(4 * SECOND..11 * SECOND);
                self.schedule(at, Happening::Fault(Fault::TearSpoolNow { site }));
            }
            Fault::TearSpoolNow { site } => self.tear_spool(site),
            Fault::PauseWorker { site, seconds } => {
                self.pause_site(site, seconds, "worker paused");
            }
            Fault::SuspendWorker { site, seconds } => {
                self.pause_site(site, seconds, "worker suspended");
                self.disconnect(site);
            }
            Fault::Disconnect { site } => {
                if self.sites[site].stream.is_some() {
                    self.count("worker disconnected");
                }
                self.disconnect(site);
            }
            Fault::Cut {
                site,
                up,
                down,
                seconds,
            } => self.cut(site, (up, down), seconds),
            Fault::Lag {
                site,
                up_ms,
                down_ms,
                seconds,
            } => self.lag(site, (up_ms, down_ms), seconds),
            Fault::WorkerDiskFull { site, seconds } => {
                self.sites[site].full_until = self.now + seconds * SECOND;
            }
            Fault::Leave { site } => self.leave_site(site),
            Fault::LoseRegion { region, seconds } => self.lose_region(region, seconds),
            Fault::Storm { of_hundred } => self.storm(of_hundred),
            _ => {}
        }
    }
}
