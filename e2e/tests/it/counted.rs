//! A run's own log, read back by the second routine: what was leased, what was counted, and once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use proto::v1::{RunEvent, Segment, run_event::Event};
use run_log::{ReadLog, RunFolder};

/// What a run's log says of its cases.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub(crate) terms: BTreeSet<u64>,
    /// Of each attempt: its cases.
    pub(crate) leased: BTreeMap<u64, BTreeSet<String>>,
    /// Of each case: the attempt of every result that counts. One, or something is wrong.
    pub(crate) settled: BTreeMap<String, Vec<u64>>,
    /// Cases whose outcome the coordinator decided, with the reason.
    pub(crate) closed: BTreeMap<String, String>,
    /// Attempts that ended without their worker.
    pub(crate) lost: BTreeSet<u64>,
    /// Results of fenced attempts and of no lease: attempt and case.
    pub(crate) kept: Vec<(u64, String)>,
}

impl Counted {
    /// Reads the log that `muster run` copied to where it was called, and has it rechecked.
    ///
    /// # Errors
    /// When it is not whole, or the second routine disagrees with it.
    pub(crate) fn read(dir: &Path) -> Result<Self> {
        let folder = only_run(dir)?;
        let stored = folder.segments(0)?;
        let mut counted = Self::default();
        let mut plan = None;
        for one in &stored {
            counted.terms.insert(one.segment.term);
            for event in events(&one.segment)? {
                match event {
                    Event::RunOpened(opened) => plan = opened.plan,
                    event => counted.see(event)?,
                }
            }
        }
        let digest = wire::digest::decode("plan", plan)?;
        let plan = folder.blob(&digest)?.context("the plan is kept")?;
        let raw: Vec<Vec<u8>> = stored.into_iter().map(|one| one.bytes).collect();
        let rechecked = recheck::recheck(&plan, &raw, None);
        ensure!(
            rechecked.problems.is_empty(),
            "recheck: {:?}",
            rechecked.problems
        );
        Ok(counted)
    }

    fn see(&mut self, event: Event) -> Result<()> {
        match event {
            Event::ShardLeased(shard) => {
                let cases = shard.cases.into_iter().collect();
                self.leased.insert(shard.attempt, cases);
            }
            Event::CaseSettled(case) => {
                let result = case.result.context("a settled case has a result")?;
                let attempts = self.settled.entry(result.case).or_default();
                attempts.push(case.attempt);
            }
            Event::CaseClosed(case) => {
                self.closed.insert(case.case, case.reason);
            }
            Event::AttemptLost(lost) => {
                self.lost.insert(lost.attempt);
            }
            Event::ResultKept(kept) => {
                let result = kept.result.context("a kept result is one")?;
                self.kept.push((kept.attempt, result.case));
            }
            Event::ResultLate(late) => {
                let result = late.result.context("a late result is one")?;
                self.kept.push((late.attempt, result.case));
            }
            Event::ResultRejected(rejected) => {
                let result = rejected.result.context("a rejected result is one")?;
                anyhow::bail!("two results of {} differ: {}", result.case, rejected.why);
            }
            _ => {}
        }
        Ok(())
    }

    /// Each of these cases was counted once, none was closed, and no other case was counted.
    ///
    /// # Errors
    /// Names the cases of which that is not true.
    pub(crate) fn are_counted_once<'a>(
        &self,
        planned: impl IntoIterator<Item = &'a String>,
    ) -> Result<()> {
        let planned: BTreeSet<&String> = planned.into_iter().collect();
        let settled: BTreeSet<&String> = self.settled.keys().collect();
        let lost: Vec<_> = planned.difference(&settled).collect();
        ensure!(lost.is_empty(), "lost: {lost:?}, closed: {:?}", self.closed);
        let others: Vec<_> = settled.difference(&planned).collect();
        ensure!(others.is_empty(), "counted and not planned: {others:?}");
        let mut all = self.settled.iter();
        let doubled = all.find(|(_, attempts)| attempts.len() != 1);
        ensure!(doubled.is_none(), "doubled: {doubled:?}");
        Ok(())
    }
}

fn events(segment: &Segment) -> Result<Vec<Event>> {
    let decoded = segment.events.iter().map(|bytes| {
        let event: RunEvent = prost::Message::decode(bytes.as_slice())?;
        event.event.context("an event of a known kind")
    });
    decoded.collect()
}

/// The copy of its only run that `muster` made where it was called.
fn only_run(dir: &Path) -> Result<RunFolder> {
    let runs = fs::read_dir(dir.join(".muster/runs"))?;
    let folders: Vec<_> = runs.collect::<Result<_, _>>()?;
    let with_log = folders.iter().map(fs::DirEntry::path);
    let with_log = with_log.filter(|path| path.join("run.log").is_file());
    let found: Vec<_> = with_log.collect();
    ensure!(found.len() == 1, "one run: {found:?}");
    Ok(RunFolder::open(&found[0])?)
}
