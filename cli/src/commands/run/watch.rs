//! `muster run --watch`: runs, waits for a change, runs again what the change is about.
//!
//! First what failed: while that is red nothing else is worth knowing. Then the tests of the files
//! that changed since they last ran. Nothing is cleared, neither screen nor earlier runs; a file
//! with mistakes is told and waited for.

use std::collections::BTreeSet;
use std::fs;

use domain::plan::PlannedCase;
use domain::{CaseId, Outcome};
use suite::load::{FileKind, kind_of};

use super::files::Files;
use super::once;
use crate::archive::{Archive, Kept};
use crate::args::RunArgs;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::follow::Interrupt;
use crate::output::{Output, count};
use crate::plan::{self, Frozen};
use crate::select::places;

/// What is still to be run.
#[derive(Debug, Default, PartialEq, Eq)]
struct Pending {
    everything: bool,
    files: BTreeSet<String>,
}

struct Watcher<'a> {
    args: &'a RunArgs,
    output: &'a Output,
    archive: Archive,
    interrupt: Interrupt,
    files: Files,
    /// Cases whose last outcome is a failure.
    red: BTreeSet<CaseId>,
    pending: Pending,
    code: ExitCode,
}

pub(super) async fn watch(args: &RunArgs, output: &Output) -> Result<ExitCode, Error> {
    let mut watcher = Watcher {
        args,
        output,
        archive: Archive::here(),
        interrupt: Interrupt::listen(),
        files: Files::new(places(&args.suites)),
        red: BTreeSet::new(),
        pending: Pending::default(),
        code: ExitCode::Success,
    };
    let first = watcher.first().await;
    watcher.told(first)?;
    while !watcher.interrupt.stop().is_cancelled() {
        output.talk(&format!(
            "watching {}; Ctrl-C ends it",
            count(watcher.files.count(), "file")
        ));
        let changed = tokio::select! {
            changed = watcher.files.next_change() => changed,
            () = watcher.interrupt.stop().cancelled() => break,
        };
        watcher.note(&changed);
        let round = watcher.round().await;
        watcher.told(round)?;
    }
    Ok(watcher.code)
}

impl Watcher<'_> {
    /// The run that was typed.
    async fn first(&mut self) -> Result<(), Error> {
        self.pending.everything = true;
        let frozen = plan::freeze(self.args, &self.archive, self.output)?;
        self.pending = Pending::default();
        self.run(&frozen).await
    }

    /// What failed, then, once that is green, what changed.
    async fn round(&mut self) -> Result<(), Error> {
        let red = self.red.clone();
        if !red.is_empty() {
            let again = self.some(&|case| red.contains(&case.id))?;
            match again {
                Some(frozen) => self.run(&frozen).await?,
                None => self.red.clear(),
            }
            if !self.red.is_empty() || self.interrupt.stop().is_cancelled() {
                return Ok(());
            }
        }
        let pending = std::mem::take(&mut self.pending);
        let next = self.some(&|case| !red.contains(&case.id) && pending.has(case));
        match next {
            Ok(Some(frozen)) => self.run(&frozen).await,
            Ok(None) => {
                if red.is_empty() {
                    self.output.talk("no test is about that");
                }
                Ok(())
            }
            Err(error) => {
                self.pending = pending;
                Err(error)
            }
        }
    }

    fn some(&self, is_wanted: &dyn Fn(&PlannedCase) -> bool) -> Result<Option<Frozen>, Error> {
        plan::freeze_some(self.args, is_wanted, self.output)
    }

    async fn run(&mut self, frozen: &Frozen) -> Result<(), Error> {
        if let Ok(bundle) = wire::bundle::decode(&frozen.bundle) {
            self.files
                .also(bundle.files.into_iter().map(|(name, _)| name));
        }
        let (kept, code) = once(
            self.args,
            frozen,
            &self.archive,
            &self.interrupt,
            self.output,
        )
        .await?;
        self.learn(&kept);
        self.code = code;
        Ok(())
    }

    fn learn(&mut self, kept: &Kept) {
        for (case, facts) in kept.run.cases() {
            match facts.outcome() {
                Some(Outcome::Failed) => self.red.insert(case.id.clone()),
                _ => self.red.remove(&case.id),
            };
        }
    }

    fn note(&mut self, changed: &BTreeSet<String>) {
        let names: Vec<&str> = changed.iter().map(String::as_str).collect();
        self.output.talk(&format!("changed: {}", names.join(", ")));
        for name in changed {
            self.pending.add(name);
        }
    }

    /// What an author can mend is told and waited for; anything else ends the watch.
    fn told(&mut self, ended: Result<(), Error>) -> Result<(), Error> {
        match ended {
            Err(error @ (Error::Invalid(_) | Error::NothingRan(_))) => {
                self.output.error(&error.to_string());
                self.code = error.exit_code();
                Ok(())
            }
            ended => ended,
        }
    }
}

impl Pending {
    /// A suite is about its own tests; what all tests stand on is about all of them.
    fn add(&mut self, name: &str) {
        let Ok(text) = fs::read_to_string(name) else {
            // It is gone, and its tests with it.
            return;
        };
        let is_yaml = name.ends_with(".yaml") || name.ends_with(".yml");
        match kind_of(name, &text) {
            Some(FileKind::Gate | FileKind::Value | FileKind::Lock) => {}
            Some(FileKind::Environment | FileKind::Settings) => self.everything = true,
            // One that is broken is told of when the suites are read.
            Some(FileKind::Suite) | None if is_yaml => {
                self.files.insert(name.to_owned());
            }
            Some(FileKind::Suite) | None => self.everything = true,
        }
    }

    fn has(&self, case: &PlannedCase) -> bool {
        self.everything || self.files.contains(&case.file)
    }
}
