//! A worker as its coordinator sees it: where it is connected, and when it was last heard.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use domain::message::Hello;
use domain::{Incarnation, Instant, Region, RunId, SessionId};

use crate::coordinator::credit::Credit;
use crate::coordinator::input::{LogId, StreamId};

#[derive(Debug)]
pub(crate) struct Attendance {
    pub(crate) region: Region,
    pub(crate) slots: u32,
    pub(crate) incarnation: Incarnation,
    /// `None` while it is not connected.
    pub(crate) stream: Option<StreamId>,
    pub(crate) session: SessionId,
    /// It said that it takes nothing new.
    pub(crate) is_leaving: bool,
    /// When the newest stamp arrived; its leases are counted from here. Of one that was not heard under
    /// this leader: since when nobody else can have renewed its leases.
    pub(crate) heard: Instant,
    /// When it last did something for a run: a stuck worker is heard and does nothing.
    pub(crate) progressed: Instant,
    /// Since when it counts as stuck: its leases are not renewed and run out.
    pub(crate) stuck: Option<Instant>,
    /// Stamps by the order of their arrival among all workers' stamps.
    stamps: VecDeque<(u64, Instant)>,
    /// The newest stamp that an append to this log proves.
    proven: BTreeMap<LogId, (u64, Instant)>,
    /// The stamp of each run's last renewal.
    pub(crate) renewed: BTreeMap<RunId, u64>,
    /// What it has under way on its stream.
    pub(crate) credit: Credit,
}

impl Attendance {
    /// A worker that holds leases of an earlier term and has not come back yet.
    pub(crate) fn expected(
        region: Region,
        slots: u32,
        incarnation: Incarnation,
        now: Instant,
    ) -> Self {
        Self {
            region,
            slots,
            incarnation,
            stream: None,
            session: SessionId::default(),
            is_leaving: false,
            heard: now,
            progressed: now,
            stuck: None,
            stamps: VecDeque::new(),
            proven: BTreeMap::new(),
            renewed: BTreeMap::new(),
            credit: Credit::default(),
        }
    }

    pub(crate) fn arrived(
        hello: &Hello,
        stream: StreamId,
        session: SessionId,
        now: Instant,
    ) -> Self {
        let mut it = Self::expected(hello.region.clone(), hello.slots, hello.incarnation, now);
        it.stream = Some(stream);
        it.session = session;
        it
    }

    /// Takes a stamp in; `order` counts all stamps of all workers.
    pub(crate) fn stamp(&mut self, order: u64, stamp: Instant, now: Instant) {
        self.heard = now;
        self.stamps.push_back((order, stamp));
        while self.stamps.len() > 8 {
            self.stamps.pop_front();
        }
    }

    /// An append to `log` succeeded that began after `n_stamps` had arrived.
    pub(crate) fn prove(&mut self, log: &LogId, n_stamps: u64) {
        let newest = self
            .stamps
            .iter()
            .rev()
            .find(|(order, _)| *order <= n_stamps);
        let Some(&newest) = newest else {
            return;
        };
        // Most have sent nothing since the last append.
        if self.proven.get(log).is_none_or(|proven| *proven < newest) {
            let proven = self.proven.entry(log.clone()).or_insert(newest);
            *proven = newest.max(*proven);
        }
    }

    /// Nobody leads the run's log any more.
    pub(crate) fn forget(&mut self, run: &RunId) {
        self.proven.remove(&LogId::Run(run.clone()));
        self.renewed.remove(run);
    }

    /// The newest stamp that may be echoed for this run: an append to its log, or to the grid
    /// log, began after it arrived.
    pub(crate) fn proven_for(&self, run: &RunId) -> Option<(u64, Instant)> {
        let own = self.proven.get(&LogId::Run(run.clone()));
        own.max(self.proven.get(&LogId::Grid)).copied()
    }

    /// A stamp was proven since the last renewal for this run, and its leases may be renewed.
    pub(crate) fn is_renewal_due(&self, run: &RunId) -> bool {
        let renewed = self.renewed.get(run).copied();
        let proven = self.proven_for(run).map(|(order, _)| order);
        self.stream.is_some() && self.stuck.is_none() && proven > renewed
    }

    /// The newest stamp that an append to any log proves.
    pub(crate) fn proven(&self) -> Option<(u64, Instant)> {
        self.proven.values().max().copied()
    }

    /// The newest stamp of all, proven or not.
    pub(crate) fn newest(&self) -> Option<(u64, Instant)> {
        self.stamps.back().copied()
    }

    /// When its leases are given to others unless it is heard.
    pub(crate) fn expires(&self, silence: Duration) -> Instant {
        self.heard + silence
    }

    pub(crate) fn takes_work(&self) -> bool {
        self.stream.is_some() && !self.is_leaving && self.stuck.is_none()
    }
}
