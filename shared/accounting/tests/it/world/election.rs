//! Who is told to lead. An election only says who tries; it may say so to two, take it back early,
//! or be noticed late. Files know one holder of the directory lock at a time.

use accounting::coordinator::{Config, Coordinator, Input};
use domain::Term;

use crate::faults::Fault;
use crate::node::Node;
use crate::shape::Keeping;
use crate::world::{Happening, SECOND, World};

#[derive(Debug, Default)]
pub(crate) struct Election {
    term: u64,
    /// Before this nobody notices that nobody leads.
    pub(crate) unwatched_until: u64,
    /// By how much wall clocks of coordinators are set.
    wall_steps_ms: i64,
}

impl World {
    /// Somebody looks whether anybody leads.
    pub(super) fn vacancy(&mut self) {
        if self.nodes.iter().any(|node| node.machine.is_some())
            && self.nodes.last().is_some_and(|node| node.machine.is_some())
        {
            return;
        }
        if self.election.unwatched_until > self.now {
            let until = self.election.unwatched_until;
            self.count("watch on the election lost");
            return self.schedule(until, Happening::Elect);
        }
        if self.may_elect() {
            self.elect(0);
        } else {
            self.schedule(self.now + SECOND, Happening::Elect);
        }
    }

    /// The lock on a directory is free once its holder is dead.
    fn may_elect(&self) -> bool {
        self.shape.keeping == Keeping::Objects
            || self.nodes.iter().all(|node| node.machine.is_none())
    }

    /// Makes another process leader, whatever the others think; it hears so after a while.
    pub(crate) fn elect(&mut self, after: u64) {
        self.election.term += 1;
        let term = Term(self.election.term);
        if self.nodes.iter().any(|node| !node.in_flight.is_empty()) {
            self.count("takeover with an append in flight");
        }
        if self.nodes.iter().any(|node| node.machine.is_some()) {
            self.count("two leaders at once");
        }
        let mut config = Config::new(format!("node-{term}"));
        config.max_active = self.shape.max_active;
        config.batch_events = self.shape.batch_events;
        config.hellos_per_second = self.shape.hellos_per_second;
        config.one_process = self.shape.is_laptop;
        config.max_unacked = self.shape.max_unacked;
        #[cfg(feature = "planted")]
        {
            config.planted = self.planted;
        }
        let mut clock = self.draw_clock();
        clock.step_wall(self.election.wall_steps_ms);
        self.nodes
            .push(Node::new(Coordinator::new(config), term, clock));
        let node = self.nodes.len() - 1;
        let input = Input::Elected { term };
        self.schedule(self.now + after, Happening::ToNode { node, input });
        self.say(|| format!("node {node} is elected for term {term}"));
    }

    pub(crate) fn strike_election(&mut self, fault: Fault) {
        let is_led = self.nodes.last().is_some_and(|node| node.machine.is_some());
        if let Fault::LoseWatch { seconds } = fault {
            self.election.unwatched_until = self.now + seconds * SECOND;
            return self.crash_leader();
        }
        if !is_led {
            return;
        }
        let node = self.nodes.len() - 1;
        match (fault, self.shape.keeping) {
            (Fault::HandOver, _) => {
                self.count("leader handed over");
                let input = Input::Retire;
                self.schedule(self.now, Happening::ToNode { node, input });
            }
            (Fault::IsolateLeader { seconds }, Keeping::Objects) => {
                self.count("leader isolated from the store");
                self.nodes[node].isolated_until = self.now + seconds * SECOND;
                self.elect(0);
                // Some workers lose it too, and may find either.
                for site in 0..self.sites.len() {
                    if self.chance.percent(30) {
                        self.disconnect(site);
                    }
                }
            }
            (Fault::RevokeElection, Keeping::Objects) => {
                self.count("election revoked early");
                self.elect(0);
            }
            (Fault::TwoLeaders, Keeping::Objects) => {
                self.count("two told that they lead");
                let late = self.chance.within(0..5 * SECOND);
                self.elect(late);
                self.elect(0);
            }
            // On one disk none of this can be: the process is started again instead.
            _ => self.crash_leader(),
        }
    }

    pub(crate) fn crash_leader(&mut self) {
        let Some(node) = self.nodes.len().checked_sub(1) else {
            return;
        };
        if self.nodes[node].machine.is_some() {
            self.count("leader crashed");
            if !self.nodes[node].in_flight.is_empty() {
                self.count("leader crashed with an append in flight");
            }
            self.node_gone(node);
        }
    }

    pub(crate) fn pause_leader(&mut self, seconds: u64) {
        let until = self.now + seconds * SECOND;
        if let Some(node) = self.nodes.last_mut() {
            node.paused_until = until;
            self.count("leader paused");
        }
    }

    pub(crate) fn step_wall(&mut self, by_ms: i64) {
        self.count("wall clock set");
        self.election.wall_steps_ms += by_ms;
        for node in &mut self.nodes {
            node.clock.step_wall(by_ms);
        }
    }

    /// The process is gone: its streams break, and somebody else is elected.
    pub(super) fn node_gone(&mut self, node: usize) {
        self.say(|| format!("node {node} is gone"));
        self.nodes[node].machine = None;
        let streams: Vec<u64> = self
            .streams
            .iter()
            .filter(|(_, stream)| stream.node == node && stream.is_down_alive)
            .map(|(id, _)| *id)
            .collect();
        for stream in streams {
            self.break_stream(stream);
        }
        if self.shape.keeping == Keeping::Files {
            self.leave_tails(node);
        }
        if self.shape.is_laptop {
            for site in 0..self.sites.len() {
                self.site_dies_with_coordinator(site);
            }
        }
        let at = self.now + self.chance.within(SECOND / 2..6 * SECOND);
        self.schedule(at, Happening::Elect);
    }
}
