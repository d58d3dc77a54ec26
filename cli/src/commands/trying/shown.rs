//! A try, printed: on a terminal each step when it is told, and the rest of its record at the end.
//! Into a file or a pipe all of it at the end, from the record, which knows every secret of the try.
//!
//! Steps may end in another order than their exchanges began, and some lines are only judged at
//! the end; so what was printed is remembered, and nothing is printed twice or left out.

use std::collections::BTreeMap;

use domain::Outcome;
use domain::plan::PlannedCase;
use domain::record::{Check, Exchange, Failure, TryRecord, is_of_environment};
use engine::Ended;
use report::page::{Page, Style};
use report::show::{Files, Show};

use crate::args::TryArgs;
use crate::output::{Output, count};
use crate::select::Selection;
use crate::uncounted;

/// What prints one try.
pub(super) struct Shown<'a> {
    selection: &'a Selection,
    output: Output,
    show: Show,
    trace: bool,
    /// A request was asked for; that its user was made first is not what is looked at.
    hides_logins: bool,
    printed: BTreeMap<String, usize>,
}

impl<'a> Shown<'a> {
    pub(super) fn new(
        args: &TryArgs,
        is_request: bool,
        selection: &'a Selection,
        output: Output,
    ) -> Self {
        Self {
            selection,
            output,
            show: Show {
                curl: args.curl,
                trace: false,
                whole_bodies: args.whole,
                colour: output.data_colour(),
            },
            trace: args.trace,
            hides_logins: is_request,
            printed: BTreeMap::new(),
        }
    }

    pub(super) fn begin(&self, case: &PlannedCase) {
        let region = uncounted::region(self.selection, case);
        let place = region
            .map(|region| format!(" in {region}"))
            .unwrap_or_default();
        let written = match self.hides_logins {
            true => String::new(),
            false => format!("{} ({}:{}) ", case.id, case.file, case.line),
        };
        self.output.talk(&format!(
            "trying {written}on {}{place}",
            self.selection.environment.name
        ));
    }

    /// A step has ended. A file would keep what only a later answer tells to be a secret.
    pub(super) fn step(&mut self, piece: &TryRecord) {
        if self.output.data_is_read_live() {
            self.piece(piece);
        }
    }

    /// Prints what was told and not printed before.
    fn piece(&mut self, piece: &TryRecord) {
        let new = self.unprinted(piece);
        if new != TryRecord::default() {
            let files = Files {
                environment: &self.selection.bundle.environment,
            };
            self.output
                .data(&report::show::piece(files, &new, self.show));
        }
    }

    /// Prints what is left, and how it ended.
    pub(super) fn end(&mut self, ended: &Ended) {
        let last = ended.record.tries.last();
        if let Some(last) = last {
            self.rest(last);
        }
        if let Some(last) = last.filter(|_| self.trace) {
            self.output
                .data(&report::waterfall::render(last, self.output.data_colour()));
        }
        self.outcome(ended);
    }

    /// Prints of the whole record what was not printed yet.
    fn rest(&mut self, record: &TryRecord) {
        let mut printed = std::mem::take(&mut self.printed);
        let mut is_new = |key: String| match printed.get_mut(&key) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        };
        let mut rest = TryRecord {
            spans: Vec::new(),
            ..record.clone()
        };
        rest.exchanges.retain(|one| is_new(exchange_key(one)));
        rest.checks.retain(|one| is_new(check_key(one)));
        rest.saved.retain(|one| is_new(saved_key(one)));
        rest.failure = rest.failure.filter(|one| is_new(failure_key(one)));
        self.piece(&rest);
    }

    fn unprinted(&mut self, piece: &TryRecord) -> TryRecord {
        let failure = piece.failure.as_ref();
        let is_told = !self.hides_logins || failure.is_some_and(|one| is_of_environment(&one.step));
        let mut new = piece.clone();
        // A poll goes on behind a turn that was not what it waits for.
        new.failure = new.failure.filter(|one| !one.step.contains(".poll["));
        new.exchanges
            .retain(|one| is_told || !is_of_environment(&one.step));
        new.checks
            .retain(|one| is_told || !is_of_environment(&one.step));
        if !is_told
            && piece
                .exchanges
                .iter()
                .any(|one| is_of_environment(&one.step))
        {
            new.saved.clear();
        }
        let keys = piece.exchanges.iter().map(exchange_key);
        let keys = keys.chain(piece.checks.iter().map(check_key));
        let keys = keys.chain(piece.saved.iter().map(saved_key));
        let keys = keys.chain(piece.failure.iter().map(failure_key));
        for key in keys {
            *self.printed.entry(key).or_default() += 1;
        }
        new
    }

    fn outcome(&self, ended: &Ended) {
        let result = &ended.result;
        let mut page = Page::new(self.output.data_colour());
        let no_check = self.hides_logins && result.reason.starts_with("no_check");
        let (style, word) = match result.outcome {
            Outcome::Passed => (Style::Good, "passed"),
            Outcome::Unproven if no_check => (Style::Good, "answered"),
            Outcome::Failed => (Style::Bad, "failed"),
            other => (Style::Doubtful, other.word()),
        };
        page.styled(style, word);
        if !result.reason.is_empty() && !no_check {
            page.put(&format!(": {}", result.reason));
        }
        let evidence = result.evidence;
        let counted =
            |number: u64, noun| count(usize::try_from(number).unwrap_or(usize::MAX), noun);
        page.row(&format!(
            " ({}, {} on what was received, {:.2} s)",
            counted(evidence.exchanges, "exchange"),
            counted(evidence.checks, "check"),
            result.duration.as_secs_f64()
        ));
        self.output.data(&page.finish());
    }
}

fn exchange_key(one: &Exchange) -> String {
    format!("exchange {:?} {} {}", one.kind, one.step, one.at_ms)
}

fn check_key(one: &Check) -> String {
    format!(
        "check {} {} {} {}",
        one.step, one.line, one.expression, one.held
    )
}

fn saved_key((name, value): &(String, String)) -> String {
    format!("saved {name} {value}")
}

fn failure_key(one: &Failure) -> String {
    format!("failure {} {}", one.step, one.line)
}
