//! A worker's spool: orders are obeyed in turn by a disk that may be full, or lie about what it
//! has synced.

use accounting::worker::{self, CaseKey};
use domain::record::CaseResult;
use domain::{AttemptId, RunId};

use crate::oracle::{Broken, Invariant};
use crate::world::{Happening, World};

#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) run: RunId,
    pub(crate) attempt: AttemptId,
    pub(crate) seq: u64,
    pub(crate) result: CaseResult,
    pub(crate) record: Vec<u8>,
}

#[derive(Clone, Debug)]
pub(crate) enum DiskOrder {
    Write(Box<Frame>),
    /// Frames up to here are durable elsewhere.
    Drop(RunId, AttemptId, u64),
    Forget(RunId, AttemptId),
}

/// More than a result takes, in the spool and in the machine's count.
const BIGGEST: usize = 700;

impl World {
    pub(super) fn order_disk(&mut self, site: usize, epoch: u64, order: DiskOrder) {
        let at = self.now + self.delay();
        let host = &mut self.sites[site];
        host.disk_ready = host.disk_ready.max(at);
        let at = host.disk_ready;
        self.schedule(at, Happening::Disk { site, epoch, order });
    }

    pub(super) fn disk(&mut self, site: usize, epoch: u64, order: DiskOrder) -> Result<(), Broken> {
        let host = &mut self.sites[site];
        if host.epoch != epoch {
            return Ok(());
        }
        if host.full_until > self.now {
            let until = host.full_until;
            host.disk_ready = host.disk_ready.max(until);
            self.count("worker's disk full");
            self.schedule(until, Happening::Disk { site, epoch, order });
            return Ok(());
        }
        match order {
            DiskOrder::Write(frame) => self.spool(site, epoch, *frame),
            DiskOrder::Drop(run, attempt, through) => {
                if let Some(frames) = host.spool.get_mut(&(run, attempt)) {
                    frames.retain(|&seq, _| seq > through);
                }
                Ok(())
            }
            DiskOrder::Forget(run, attempt) => {
                self.forget(
                    site,
                    &(run, attempt),
                    "its attempt was over or behind a hole",
                );
                Ok(())
            }
        }
    }

    fn spool(&mut self, site: usize, epoch: u64, frame: Frame) -> Result<(), Broken> {
        let Frame {
            run,
            attempt,
            seq,
            result,
            record,
        } = frame;
        let host = &mut self.sites[site];
        let key = CaseKey {
            run: run.clone(),
            attempt,
            case: result.case.clone(),
        };
        host.unspooled.retain(|held| *held != key);
        host.spool
            .entry((run.clone(), attempt))
            .or_default()
            .insert(seq, (result, record));
        let most = self.shape.spool_bytes + host.slots as usize * BIGGEST;
        if !host.is_greedy && host.spooled_bytes() > most {
            let what = format!("the spool of {} holds more than {most} bytes", host.worker);
            return Err(Invariant::Bounded.broken(what));
        }
        self.step_site(
            site,
            epoch,
            worker::Input::SpoolWritten { run, attempt, seq },
        )
    }

    /// The frames of an attempt go; those that nobody else has are gone for good.
    fn forget(&mut self, site: usize, attempt: &(RunId, AttemptId), why: &'static str) {
        let frames = self.sites[site].spool.remove(attempt).unwrap_or_default();
        for (result, _) in frames.values() {
            self.oracle.fates.destroyed(&case_key(attempt, result), why);
        }
    }

    /// A disk is gone with all that it held.
    pub(super) fn lose_disk(&mut self, site: usize) {
        let attempts: Vec<_> = self.sites[site].spool.keys().cloned().collect();
        for attempt in attempts {
            self.forget(site, &attempt, "its host was lost");
        }
    }

    /// The process dies, and of each attempt the newest frames, or one in the middle, were never
    /// on the disk although it had said so.
    pub(crate) fn tear_spool(&mut self, site: usize) {
        if self.sites[site].machine.is_none() {
            return;
        }
        self.crash_site(site);
        let attempts: Vec<_> = self.sites[site].spool.keys().cloned().collect();
        for attempt in attempts {
            let is_middle = self.chance.percent(20);
            let n_torn = usize::try_from(self.chance.within(1..3)).unwrap_or(1);
            let Some(frames) = self.sites[site].spool.get_mut(&attempt) else {
                continue;
            };
            let torn: Vec<u64> = match is_middle {
                true => frames.keys().take(1).copied().collect(),
                false => frames.keys().rev().take(n_torn).copied().collect(),
            };
            let lost: Vec<_> = torn.iter().filter_map(|seq| frames.remove(seq)).collect();
            if frames.is_empty() {
                self.sites[site].spool.remove(&attempt);
            }
            for (result, _) in lost {
                self.count("spool torn");
                let key = case_key(&attempt, &result);
                self.oracle
                    .fates
                    .destroyed(&key, "its disk had lied about a sync");
            }
        }
    }
}

fn case_key((run, attempt): &(RunId, AttemptId), result: &CaseResult) -> CaseKey {
    CaseKey {
        run: run.clone(),
        attempt: *attempt,
        case: result.case.clone(),
    }
}
