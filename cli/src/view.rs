//! What is seen of a run while it goes on: a live table on a terminal, plain lines in a pipe.
//!
//! Both read the same fold that the report reads. What an event says in words is `view::words`.

mod live;
mod words;

use domain::Plan;
use domain::event::RunEvent;
use domain::run::Run;
use lifecycle::clock;

use crate::output::Output;
use live::Live;

/// The eyes on one run.
#[derive(Debug)]
pub(crate) struct View {
    output: Output,
    live: Option<Live>,
}

impl View {
    pub(crate) fn new(output: Output, plan: &Plan) -> Self {
        Self {
            output,
            live: output
                .is_live()
                .then(|| Live::new(plan, output.talk_colour())),
        }
    }

    /// After `event` was folded into `run`.
    pub(crate) fn seen(&mut self, run: &Run, event: &RunEvent) {
        let words = words::of(run, event);
        match &mut self.live {
            Some(live) => {
                if let Some(words) = words.filter(|words| words.is_news) {
                    live.note(&words.text);
                }
                live.show(run, clock::now());
            }
            None => {
                if let Some(words) = words {
                    self.output.talk(&words.text);
                }
            }
        }
    }

    /// Something that is no event of the run.
    pub(crate) fn note(&self, text: &str) {
        match &self.live {
            Some(live) => live.note(text),
            None => self.output.talk(text),
        }
    }

    /// Takes the live table away; what was noted stays.
    pub(crate) fn end(self) {
        if let Some(live) = self.live {
            live.end();
        }
    }
}
