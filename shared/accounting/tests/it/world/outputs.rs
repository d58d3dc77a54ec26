//! What the machines ask for, done after a delay.

use accounting::coordinator::{self, Input, LogId};
use accounting::worker::{self, CaseKey};
use domain::RunId;

use crate::oracle::Broken;
use crate::planned;
use crate::store::Append;
use crate::world::{Frame, Happening, MILLI, World};

impl World {
    #[expect(
        clippy::too_many_lines,
        reason = "the closed list of outputs, one arm each"
    )]
    pub(super) fn node_says(
        &mut self,
        node: usize,
        output: coordinator::Output,
    ) -> Result<(), Broken> {
        use coordinator::Output;
        match output {
            Output::ReadGrid { from } => {
                let from = usize::try_from(from).unwrap_or_default();
                let segments = self
                    .store
                    .grid
                    .segments
                    .get(from..)
                    .unwrap_or_default()
                    .to_vec();
                self.later(node, Input::GridTail { segments });
            }
            Output::ReadRun { run, from, .. } => self.read_run(node, run, from),
            Output::Append {
                log,
                at,
                term,
                elapsed,
                events,
            } => {
                let wall_ms = self.now / MILLI;
                let append = Append {
                    log,
                    at,
                    term,
                    elapsed,
                    wall_ms,
                    events,
                };
                self.nodes[node].n_in_flight += 1;
                let lands = self.now + self.delay();
                self.schedule(lands, Happening::Land { node, append });
            }
            Output::Send {
                stream, message, ..
            } => {
                self.say(|| format!("node {node} -> stream {}: {:?}", stream.0, message.body));
                self.oracle.leaves(&message.body)?;
                self.send_down(stream.0, message);
            }
            Output::Close { stream } => self.break_stream(stream.0),
            Output::Reply { client, answer, .. } => self.answered(client, &answer)?,
            Output::PutBlob { digest, .. } => {
                let at = self.now + self.delay();
                self.schedule(at, Happening::BlobLands { node, digest });
            }
            Output::Recheck { run, up_to, .. } => self.recheck(node, run, up_to),
            Output::WakeAt(at) => {
                let at = at.0.saturating_sub(self.nodes[node].offset);
                self.nodes[node].wake = Some(at);
                self.schedule(at, Happening::NodeWake { node, at });
            }
            Output::Exit(why) => {
                self.say(|| format!("node {node} exits: {why}"));
                self.count("leader exited");
                if matches!(why, coordinator::Exit::Unreadable(_)) {
                    return Err(format!("a leader can't follow the log: {why}"));
                }
                self.node_gone(node);
            }
            Output::Note(text) => {
                self.say(|| format!("node {node} notes: {text}"));
                if text.contains("illegal") {
                    return Err(format!("node {node}: {text}"));
                }
            }
            Output::Published { .. } | Output::Forgotten { .. } | Output::Resign => {}
        }
        Ok(())
    }

    fn later(&mut self, node: usize, input: Input) {
        let at = self.now + self.delay();
        self.schedule(at, Happening::ToNode { node, input });
    }

    fn read_run(&mut self, node: usize, run: RunId, from: u64) {
        let from = usize::try_from(from).unwrap_or_default();
        let log = self.store.runs.get(&LogId::Run(run.clone()));
        let segments = log.and_then(|log| log.segments.get(from..));
        let segments = segments.unwrap_or_default().to_vec();
        if let Some(plan) = self.plans.get(&run).cloned() {
            let input = Input::RunTail {
                run,
                plan: Box::new(plan),
                segments,
                wall_ms: self.now / MILLI,
            };
            self.later(node, input);
        }
    }

    fn recheck(&mut self, node: usize, run: RunId, up_to: u64) {
        let plan = self
            .plans
            .get(&run)
            .map(wire::plan::encode)
            .unwrap_or_default();
        let log = self.store.runs.get(&LogId::Run(run.clone()));
        let encoded = log.map(|log| log.encoded.as_slice()).unwrap_or_default();
        let again = recheck::recheck(&plan, encoded, Some(up_to));
        let input = Input::Rechecked {
            run,
            hash: domain::Digest::from(again.hash),
            marks: again.marks,
            problems: again.problems,
        };
        self.later(node, input);
    }

    /// Messages of one stream arrive in order.
    fn send_down(&mut self, id: u64, message: domain::message::ToWorker) {
        let Some(site) = self.streams.get(&id).map(|stream| stream.site) else {
            return;
        };
        let lag = self.lag(site, |lag| lag.1);
        let at = self.now + self.delay() + lag;
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.down_ready = stream.down_ready.max(at);
            let at = stream.down_ready;
            let message = Box::new(message);
            self.schedule(
                at,
                Happening::Down {
                    stream: id,
                    message,
                },
            );
        }
    }

    fn send_up(&mut self, id: u64, message: domain::message::FromWorker) {
        let Some(site) = self.streams.get(&id).map(|stream| stream.site) else {
            return;
        };
        let lag = self.lag(site, |lag| lag.0);
        let at = self.now + self.delay() + lag;
        let is_doubled = self.chance.percent(2);
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.up_ready = stream.up_ready.max(at);
            let at = stream.up_ready;
            if is_doubled {
                let message = message.clone();
                self.count("message doubled");
                self.schedule(
                    at,
                    Happening::Up {
                        stream: id,
                        message,
                    },
                );
            }
            self.schedule(
                at,
                Happening::Up {
                    stream: id,
                    message,
                },
            );
        }
    }

    fn lag(&self, site: usize, which: impl Fn((u64, u64, u64)) -> u64) -> u64 {
        let lag = self.sites[site].lag;
        match lag.2 > self.now {
            true => which(lag) * MILLI,
            false => 0,
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "the closed list of outputs, one arm each"
    )]
    pub(super) fn site_says(
        &mut self,
        site: usize,
        epoch: u64,
        output: worker::Output,
    ) -> Result<(), Broken> {
        use worker::Output;
        match output {
            Output::Send { stream, message } => {
                self.say(|| format!("site {site} -> stream {}: {message:?}", stream.0));
                self.send_up(stream.0, message);
            }
            Output::Close { stream } => self.break_stream(stream.0),
            Output::OpenGate {
                run,
                attempt,
                until,
            } => {
                self.sites[site].gates.insert((run, attempt), until);
            }
            Output::CloseGate { run, attempt, .. } => {
                self.sites[site].gates.remove(&(run, attempt));
            }
            Output::Start { key, .. } => self.start(site, epoch, key),
            Output::Abort { key, .. } => {
                let at = self.now + self.delay();
                let is_aborted = true;
                self.schedule(
                    at,
                    Happening::CaseDone {
                        site,
                        epoch,
                        key,
                        is_aborted,
                    },
                );
            }
            Output::Spool {
                run,
                attempt,
                seq,
                result,
                record,
            } => {
                let result = *result;
                let frame = Box::new(Frame {
                    run,
                    attempt,
                    seq,
                    result,
                    record,
                });
                let at = self.now + self.delay();
                self.schedule(at, Happening::SpoolWritten { site, epoch, frame });
            }
            Output::Unspool {
                run,
                attempt,
                through,
            } => {
                if let Some(frames) = self.sites[site].spool.get_mut(&(run, attempt)) {
                    frames.retain(|&seq, _| seq > through);
                }
            }
            Output::Forget { run, attempt } => {
                self.sites[site].spool.remove(&(run, attempt));
            }
            Output::Probe { run, .. } => {
                let at = self.now + self.delay();
                let preflight = Self::green();
                let input = worker::Input::Probed { run, preflight };
                self.schedule(at, Happening::ToSite { site, epoch, input });
            }
            Output::WakeAt(at) => {
                let at = at.0.saturating_sub(self.sites[site].offset);
                self.sites[site].wake = Some(at);
                self.schedule(at, Happening::SiteWake { site, epoch, at });
            }
            Output::Done => self.site_gone(site),
            // It connects again: the later incarnation that it was refused for may be itself, paused.
            Output::Refused { .. } => {
                if let Some(stream) = self.sites[site].stream {
                    self.break_stream(stream);
                }
            }
            Output::Note(text) => self.say(|| format!("site {site} notes: {text}")),
        }
        Ok(())
    }

    /// An execution touches the target at its beginning, in between and at its end.
    fn start(&mut self, site: usize, epoch: u64, key: CaseKey) {
        self.sites[site].running.insert(key.clone(), epoch);
        let took = planned::duration_ms(&mut self.chance, &key.case) * MILLI;
        let kills = planned::is_poison(&key.case) && !self.is_calm;
        let is_fatal = kills && self.chance.percent(60);
        let n_touches = 4;
        for touch in 0..=n_touches {
            let at = self.now + took * touch / n_touches;
            let fatal = is_fatal && touch == 2;
            let key = key.clone();
            self.schedule(
                at,
                Happening::Touch {
                    site,
                    epoch,
                    key,
                    fatal,
                },
            );
        }
        let is_aborted = false;
        let at = self.now + took;
        self.schedule(
            at,
            Happening::CaseDone {
                site,
                epoch,
                key,
                is_aborted,
            },
        );
    }
}
