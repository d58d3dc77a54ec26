//! The thread that keeps spans: whose each is, within which limits, in the file of its run.
//!
//! A span belongs to a run by the mark at the start of its trace id. Spans of other traces are
//! passed over: an environment has other users. It never asks the accounting machine for more than
//! the list of runs, and a coordinator that is stopping stops it too.

use std::collections::BTreeMap;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use accounting::coordinator::{Answer, Request};
use domain::trace::{ServerSpan, mark};
use domain::{Instant, RunId};
use lifecycle::clock;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use proto::v1::ServerSpans;
use run_log::spans::SpanFile;
use run_log::{FileStore, LogId};

use super::clean::Source;
use super::inbox::Incoming;
use crate::shell::Handle;

/// Spans kept of one run, of one trace, and bytes of a run's file.
const PER_RUN: usize = 50_000;
const PER_TRACE: usize = 2_000;
const BYTES_PER_RUN: u64 = 32 * 1024 * 1024;
/// Spans of a run that come so long after it was closed are dropped.
const GRACE: Duration = Duration::from_secs(10);
/// How old the list of runs may be at a span of a run that is known.
const FRESH: Duration = Duration::from_secs(1);
/// The list of runs is given up after this.
const LIST_WITHIN: Duration = Duration::from_secs(2);

/// The keeper and all that it knows.
pub(super) struct Keeper {
    store: FileStore,
    handle: Handle,
    runtime: tokio::runtime::Runtime,
    runs: BTreeMap<String, Known>,
    listed: Option<Instant>,
}

/// A run of the grid.
struct Known {
    run: RunId,
    /// When it was first seen to be closed.
    closed: Option<Instant>,
    file: Option<Kept>,
}

/// What is kept of a run.
struct Kept {
    file: SpanFile,
    n_spans: usize,
    traces: BTreeMap<String, usize>,
}

impl Keeper {
    pub(super) fn new(store: FileStore, handle: Handle, runtime: tokio::runtime::Runtime) -> Self {
        Self {
            store,
            handle,
            runtime,
            runs: BTreeMap::new(),
            listed: None,
        }
    }

    /// Keeps until nobody sends any more.
    pub(super) fn keep(mut self, waiting: &Receiver<Incoming>) {
        while let Ok(incoming) = waiting.recv() {
            let count = self.take(&incoming.spans);
            // The sender may have given up.
            let _ = incoming.reply.send(count);
        }
    }

    /// Answers with how many spans of runs were dropped.
    fn take(&mut self, resources: &[ResourceSpans]) -> u64 {
        let taken = clock::now();
        if self
            .listed
            .is_none_or(|listed| taken.since(listed) >= FRESH)
        {
            self.list_again();
        }
        let mut frames: BTreeMap<String, ServerSpans> = BTreeMap::new();
        let mut malformed = 0;
        for resource in resources {
            let source = Source::of(resource);
            for span in resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
                let Some(span) = source.clean(span) else {
                    malformed += 1;
                    continue;
                };
                self.sort_in(&span, taken, &mut frames);
            }
        }
        let dropped: u64 = frames
            .iter()
            .map(|(mark, frame)| self.write(mark, frame))
            .sum();
        if malformed + dropped > 0 {
            tracing::debug!(malformed, dropped, "server spans were dropped");
        }
        malformed + dropped
    }

    /// Puts a span into the frame of its run, or counts it there as dropped.
    ///
    /// A run that nobody told of may have been opened since the list was made. So a span passes for
    /// a stranger's only by a list that is younger than the request which brought it; there is one
    /// such list per request at most, and only this thread asks for it, one at a time.
    fn sort_in(
        &mut self,
        span: &ServerSpan,
        taken: Instant,
        frames: &mut BTreeMap<String, ServerSpans>,
    ) {
        let Some(mark) = span.trace_id.get(..16) else {
            return;
        };
        let is_older = self.listed.is_none_or(|listed| listed < taken);
        if is_older && !self.runs.contains_key(mark) {
            self.list_again();
        }
        let Some(known) = self.runs.get_mut(mark) else {
            return;
        };
        let frame = frames.entry(mark.to_owned()).or_default();
        match known.has_room(&self.store, span) {
            true => frame.spans.push(wire::spans::encode(span)),
            false => frame.dropped += 1,
        }
    }

    /// Writes a frame; answers with how many of its spans are not kept.
    fn write(&mut self, mark: &str, frame: &ServerSpans) -> u64 {
        let kept = self
            .runs
            .get_mut(mark)
            .and_then(|known| known.file.as_mut());
        let all = frame.spans.len() as u64 + frame.dropped;
        let Some(kept) = kept else {
            return all;
        };
        match kept.file.append(frame) {
            Ok(()) => frame.dropped,
            Err(error) => {
                tracing::warn!(%error, "server spans can't be kept; results are not touched");
                all
            }
        }
    }

    /// Asks for the runs anew.
    fn list_again(&mut self) {
        self.listed = Some(clock::now());
        let asked = self.handle.ask(Request::List);
        let answer = self
            .runtime
            .block_on(async { tokio::time::timeout(LIST_WITHIN, asked).await });
        let Ok(Ok(Answer::Runs(look))) = answer else {
            // What was known serves on; a coordinator that does not lead keeps no spans.
            return;
        };
        for line in look.runs {
            let known = self.runs.entry(mark(&line.run)).or_insert(Known {
                run: line.run,
                closed: None,
                file: None,
            });
            if line.is_closed && known.closed.is_none() {
                known.closed = Some(clock::now());
            }
        }
        // Files of runs that nothing is kept of any more are closed.
        let late = self.runs.values_mut().filter(|known| known.is_late());
        late.for_each(|known| known.file = None);
    }
}

impl Known {
    fn is_late(&self) -> bool {
        self.closed
            .is_some_and(|closed| clock::now().since(closed) > GRACE)
    }

    /// Counts the span in, if it may be kept.
    fn has_room(&mut self, store: &FileStore, span: &ServerSpan) -> bool {
        if self.is_late() {
            return false;
        }
        if self.file.is_none() {
            let folder = store.folder(&LogId::Run(self.run.clone()));
            match SpanFile::open(&folder) {
                Ok(file) => self.file = Some(Kept::new(file)),
                Err(error) => {
                    tracing::warn!(run = %self.run, %error, "server spans can't be kept");
                    return false;
                }
            }
        }
        self.file.as_mut().is_some_and(|kept| kept.count_in(span))
    }
}

impl Kept {
    fn new(file: SpanFile) -> Self {
        let mut traces = BTreeMap::new();
        let found = file.found().spans.iter().cloned();
        for span in found.filter_map(|span| wire::spans::decode(span).ok()) {
            *traces.entry(span.trace_id).or_default() += 1;
        }
        Self {
            n_spans: traces.values().sum(),
            traces,
            file,
        }
    }

    fn count_in(&mut self, span: &ServerSpan) -> bool {
        if self.n_spans >= PER_RUN || self.file.length() >= BYTES_PER_RUN {
            return false;
        }
        let of_trace = self.traces.entry(span.trace_id.clone()).or_default();
        if *of_trace >= PER_TRACE {
            return false;
        }
        *of_trace += 1;
        self.n_spans += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_trace_and_of_a_run_only_so_many_spans_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut kept = Kept::new(SpanFile::open(folder.path()).unwrap());
        let of_trace = |number: usize| ServerSpan {
            trace_id: format!("{number:032x}"),
            ..ServerSpan::default()
        };
        let of_one = (0..PER_TRACE + 5).filter(|_| kept.count_in(&of_trace(1)));
        assert_eq!(of_one.count(), PER_TRACE);
        let of_many = (0..PER_RUN).filter(|number| kept.count_in(&of_trace(number + 2)));
        assert_eq!(of_many.count(), PER_RUN - PER_TRACE);
    }
}
