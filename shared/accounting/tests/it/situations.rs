//! What has to come up in the simulated worlds for their silence to mean anything.

use std::collections::BTreeMap;

use crate::docs;
use crate::world::Stats;

/// Each must have come up in at least one of a hundred seeds, or the run shows nothing.
pub(crate) const NAMED: &[&str] = &[
    "a thousand workers",
    "append conflicted",
    "append landed after its writer died",
    "attempts lost",
    "attempts reattached",
    "blob stored and never named",
    "caps shared",
    "caps shared by several runs",
    "case killed its worker",
    "case poisoned",
    "cases cancelled",
    "cases lost",
    "clock more than 2 % fast or slow",
    "coordinator and workers in one process",
    "coordinator's disk full",
    "coordinator's messages cut off",
    "draining with stragglers",
    "election revoked early",
    "failure kept beside a pass",
    "fsync failed",
    "gang refused",
    "gate closed under a running case",
    "late put found its number taken",
    "late put landed",
    "late result of a fenced attempt",
    "leader crashed",
    "leader crashed with an append in flight",
    "leader deposed",
    "leader handed over",
    "leader isolated from the store",
    "leader paused",
    "leg settled and its case leased again",
    "legs given back together",
    "legs settled together",
    "lease lost with its holder alive",
    "lease ran out at a worker",
    "link lagged",
    "logs in an object store",
    "logs in files",
    "message doubled",
    "message out of order",
    "put done and answered by an error",
    "put found its number taken",
    "put refused without effect",
    "put repeated",
    "reason cut for the ledger",
    "region lost",
    "region without a worker past the placement deadline",
    "request repeated and answered alike",
    "result destroyed before its acknowledgement",
    "results after the verdict",
    "results kept",
    "run admitted before an earlier one",
    "run stopped early",
    "run waited for a lock",
    "run waited for a place",
    "run waited for other caps",
    "runs on two environments at once",
    "several runs at once",
    "spool torn",
    "store refused puts",
    "stream given up for silence",
    "takeover with an append in flight",
    "three runs at once",
    "tier gate closed",
    "torn tail",
    "two leaders at once",
    "two told that they lead",
    "verdict GO",
    "verdict INCONCLUSIVE",
    "verdict NO-GO",
    "wait for a worker begun by an earlier leader",
    "wall clock set",
    "watch on the election lost",
    "worker asked to leave",
    "worker beyond its credits",
    "worker crashed",
    "worker crashed under running cases",
    "worker crashed with results",
    "worker cut off from the coordinator",
    "worker disconnected",
    "worker paused",
    "worker stuck",
    "worker suspended",
    "worker told to come later",
    "worker's disk full",
    "worker's host lost with its disk",
    "worker's messages cut off",
    "worker's name held by another host",
    "zombie: paused beyond its lease",
];

/// In how many seeds each situation came up.
#[derive(Debug, Default)]
pub(crate) struct Table {
    n_seeds: u64,
    seeds_with: BTreeMap<&'static str, u64>,
}

impl Table {
    pub(crate) fn add(&mut self, stats: &Stats) {
        self.n_seeds += 1;
        for (name, _) in stats.iter().filter(|(_, n)| **n > 0) {
            *self.seeds_with.entry(name).or_default() += 1;
        }
    }

    fn of(&self, name: &str) -> u64 {
        self.seeds_with.get(name).copied().unwrap_or_default()
    }

    pub(crate) fn rare(&self) -> Vec<(&'static str, u64)> {
        let named = NAMED.iter().map(|name| (*name, self.of(name)));
        named
            .filter(|(_, n_with)| n_with * 100 < self.n_seeds)
            .collect()
    }

    pub(crate) fn print(&self) -> String {
        let lines = self
            .seeds_with
            .iter()
            .map(|(name, n_with)| format!("{n_with:>6} of {} seeds: {name}", self.n_seeds));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn rows(&self) -> String {
        let mut rows = format!("| situation | of {} seeds |\n|---|---|\n", self.n_seeds);
        for name in NAMED {
            rows.push_str(&format!("| {name} | {} |\n", self.of(name)));
        }
        rows
    }
}

/// Writes the table into docs/reliability.md, when asked to.
pub(crate) fn write(table: &Table) {
    if docs::is_to_write() {
        docs::replace("situations", &table.rows());
    }
}
