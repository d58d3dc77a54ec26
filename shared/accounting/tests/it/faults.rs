//! What goes wrong, and when: drawn from the seed before the world begins.

use crate::chance::Chance;
use crate::world::{SECOND, World};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// The leading process dies; another is elected a little later.
    CrashLeader,
    /// Another is elected while the leader lives.
    ElectAnother,
    /// The leader reaches its workers and not the store, and another is elected.
    IsolateLeader {
        seconds: u64,
    },
    PauseLeader {
        seconds: u64,
    },
    CrashWorker {
        site: usize,
    },
    PauseWorker {
        site: usize,
        seconds: u64,
    },
    Disconnect {
        site: usize,
    },
    Lag {
        site: usize,
        up_ms: u64,
        down_ms: u64,
        seconds: u64,
    },
    /// SIGTERM, and a new process after it.
    Leave {
        site: usize,
    },
}

/// Faults stop here; from then on everything must heal.
pub(crate) const LAST_FAULT: u64 = 100 * SECOND;

pub(crate) fn draw(chance: &mut Chance, n_sites: u64) -> Vec<(u64, Fault)> {
    let n_faults = chance.within(0..9);
    (0..n_faults)
        .map(|_| (chance.within(0..LAST_FAULT), one(chance, n_sites)))
        .collect()
}

fn one(chance: &mut Chance, n_sites: u64) -> Fault {
    let site = usize::try_from(chance.within(0..n_sites)).unwrap_or_default();
    match chance.within(0..20) {
        0..3 => Fault::CrashLeader,
        3..5 => Fault::ElectAnother,
        5..7 => Fault::IsolateLeader {
            seconds: chance.within(5..60),
        },
        7 => Fault::PauseLeader {
            seconds: chance.within(1..40),
        },
        8..12 => Fault::CrashWorker { site },
        12..14 => Fault::PauseWorker {
            site,
            seconds: chance.within(1..40),
        },
        14..17 => Fault::Disconnect { site },
        17..19 => Fault::Lag {
            site,
            up_ms: chance.within(0..25_000),
            down_ms: chance.within(0..12_000),
            seconds: chance.within(5..40),
        },
        _ => Fault::Leave { site },
    }
}

impl World {
    pub(crate) fn strike(&mut self, fault: Fault) {
        self.say(|| format!("fault: {fault:?}"));
        match fault {
            Fault::CrashLeader => self.crash_leader(),
            Fault::ElectAnother => self.elect(),
            Fault::IsolateLeader { seconds } => self.isolate_leader(seconds),
            Fault::PauseLeader { seconds } => {
                let until = self.now + seconds * SECOND;
                if let Some(node) = self.nodes.last_mut() {
                    node.paused_until = until;
                    self.count("leader paused");
                }
            }
            Fault::CrashWorker { site } => self.crash_site(site),
            Fault::PauseWorker { site, seconds } => {
                let until = self.now + seconds * SECOND;
                if self.sites[site].machine.is_some() {
                    self.sites[site].paused_until = until;
                    self.count("worker paused");
                }
            }
            Fault::Disconnect { site } => {
                if let Some(stream) = self.sites[site].stream {
                    self.count("worker disconnected");
                    self.break_stream(stream);
                }
            }
            Fault::Lag {
                site,
                up_ms,
                down_ms,
                seconds,
            } => {
                let until = self.now + seconds * SECOND;
                self.sites[site].lag = (up_ms, down_ms, until);
                self.count("link lagged");
            }
            Fault::Leave { site } => self.leave_site(site),
        }
    }
}
