//! Outputs that wait: each leaves when every log is durable to where the output depends on it.
//!
//! What goes to one stream leaves in the order it was decided.

use std::collections::{BTreeSet, VecDeque};

use crate::coordinator::input::{LogId, StreamId};
use crate::coordinator::output::{Mark, Output};

#[derive(Debug, Default)]
pub(crate) struct Held(VecDeque<(Vec<Mark>, Output)>);

impl Held {
    pub(crate) fn push(&mut self, after: Vec<Mark>, output: Output) {
        self.0.push_back((after, output));
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// A stream that is gone hears nothing more.
    pub(crate) fn forget(&mut self, stream: StreamId) {
        self.0
            .retain(|(_, output)| stream_of(output) != Some(stream));
    }

    /// Takes what may leave now.
    pub(crate) fn release(&mut self, durable: impl Fn(&LogId) -> u64) -> Vec<Output> {
        let mut leaving = Vec::new();
        let mut blocked = BTreeSet::new();
        let mut staying = VecDeque::new();
        for (after, output) in std::mem::take(&mut self.0) {
            let stream = stream_of(&output);
            let is_covered = after.iter().all(|mark| durable(&mark.log) >= mark.to);
            let waits_in_line = stream.is_some_and(|stream| blocked.contains(&stream));
            if is_covered && !waits_in_line {
                leaving.push(output);
            } else {
                blocked.extend(stream);
                staying.push_back((after, output));
            }
        }
        self.0 = staying;
        leaving
    }
}

fn stream_of(output: &Output) -> Option<StreamId> {
    match output {
        Output::Send { stream, .. } | Output::Close { stream } => Some(*stream),
        _ => None,
    }
}
