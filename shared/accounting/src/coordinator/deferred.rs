//! Workers and clients who come before there is a leader here: they wait, or are sent on.

use crate::coordinator::input::{Input, StreamId};
use crate::coordinator::output::{Answer, Output};
use crate::coordinator::{Coordinator, Phase};

impl Coordinator {
    /// Before there is a leader here, workers and clients wait; in standby they are sent on.
    pub(super) fn defer(&mut self, input: Input) {
        match (self.phase, input) {
            (Phase::Standby, Input::FromClient { client, .. }) => {
                let why = "this coordinator does not lead; ask the leader".to_owned();
                self.reply(client, Answer::Refused { why }, Vec::new());
            }
            (Phase::Standby, Input::FromWorker { stream, .. }) => {
                self.held.push(Vec::new(), Output::Close { stream });
            }
            (_, input) if self.deferred.len() < self.config.max_deferred => {
                self.deferred.push_back(input);
            }
            (_, Input::FromClient { client, .. }) => {
                let why = "this coordinator is still reading its logs: ask again soon".to_owned();
                self.reply(client, Answer::NotYet { why }, Vec::new());
            }
            (_, Input::FromWorker { stream, .. }) => self.turn_away(stream),
            (_, Input::Disconnected { stream }) => self.undefer(stream),
            _ => {}
        }
    }

    /// The worker comes back by itself, with all that it still holds.
    fn turn_away(&mut self, stream: StreamId) {
        self.undefer(stream);
        self.held.push(Vec::new(), Output::Close { stream });
    }

    fn undefer(&mut self, gone: StreamId) {
        self.deferred.retain(|input| match input {
            Input::FromWorker { stream, .. } | Input::Disconnected { stream } => *stream != gone,
            _ => true,
        });
    }
}
