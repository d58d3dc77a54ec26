//! What the machines ask for, done after a delay.

use accounting::coordinator::{self, Exit, Folded, Input, LogId};
use accounting::worker::{self, CaseKey};
use domain::event::{GridEvent, RunEvent, Segment};
use domain::{Digest, Plan, RunId};

use crate::oracle::{Broken, Invariant, decode_grid, decode_run};
use crate::planned;
use crate::shape::Keeping;
use crate::site::Site;
use crate::store::Append;
use crate::world::disks::{DiskOrder, Frame};
use crate::world::{Happening, MILLI, SECOND, World};

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
                let segments = self.read_grid(node, from)?;
                self.later(node, Input::GridTail { segments });
            }
            Output::ReadRun { run, from, .. } => self.read_run(node, run, from)?,
            Output::Append {
                log,
                at,
                term,
                elapsed,
                events,
            } => {
                let wall_ms = self.nodes[node].clock.wall_ms(self.now);
                let append = Append {
                    log,
                    at,
                    term,
                    elapsed,
                    wall_ms,
                    events,
                };
                self.put(node, append);
            }
            Output::Send {
                stream, message, ..
            } => {
                self.say(|| format!("node {node} -> stream {}: {:?}", stream.0, message.body));
                self.oracle.leaves(&message.body)?;
                self.send_down(stream.0, message);
            }
            Output::Close { stream } => self.close_stream(stream.0),
            Output::Reply { client, answer, .. } => self.answered(client, &answer)?,
            Output::PutBlob { digest, .. } => {
                let at = self.now + self.delay();
                let is_slow = self.is_troubled() && self.chance.percent(15);
                let at = if is_slow {
                    at + self.chance.within(0..3 * SECOND)
                } else {
                    at
                };
                self.schedule(at, Happening::BlobLands { node, digest });
            }
            Output::Recheck { run, up_to, .. } => self.recheck(node, run, up_to),
            Output::WakeAt(at) => {
                let at = self.nodes[node].clock.when(at);
                self.nodes[node].wake = Some(at);
                self.schedule(at, Happening::NodeWake { node, at });
            }
            Output::Exit(why) => self.exits(node, &why)?,
            Output::Note(text) => {
                self.say(|| format!("node {node} notes: {text}"));
                self.understand(&text)?;
                if text.contains("illegal") {
                    let what = format!("node {node}: {text}");
                    return Err(Invariant::FirstIsFinal.broken(what));
                }
            }
            Output::Published { .. } | Output::Forgotten { .. } | Output::Resign => {}
        }
        Ok(())
    }

    fn understand(&mut self, text: &str) -> Result<(), Broken> {
        if text.contains("bytes of results on top of") {
            let is_of = |site: &Site| text.starts_with(&format!("worker {} ", site.worker));
            let mut greedy = self.sites.iter().filter(|site| site.is_greedy);
            if !greedy.any(is_of) {
                return Err(Invariant::Bounded.broken(format!("it kept to its credits: {text}")));
            }
            self.count("worker beyond its credits");
        }
        if text.contains("gives no result for longer") {
            self.count("worker stuck");
        }
        if text.contains("earlier leaders have waited") {
            self.count("wait for a worker begun by an earlier leader");
        }
        Ok(())
    }

    fn exits(&mut self, node: usize, why: &Exit) -> Result<(), Broken> {
        self.say(|| format!("node {node} exits: {why}"));
        let term = self.nodes[node].term;
        match why {
            Exit::Unreadable(_) => {
                let what = format!("a leader can't follow the log: {why}");
                return Err(Invariant::ChainIntact.broken(what));
            }
            Exit::Deposed(_) if !self.oracle.is_succeeded(term) => {
                let what = format!("the leader of term {term} is deposed, and by nobody: {why}");
                return Err(Invariant::TermsRise.broken(what));
            }
            Exit::Deposed(_) => self.count("leader deposed"),
            Exit::Store(_) => self.count("leader ended by its store"),
            Exit::Retired => {}
        }
        self.node_gone(node);
        Ok(())
    }

    fn later(&mut self, node: usize, input: Input) {
        let at = self.now + self.delay();
        self.schedule(at, Happening::ToNode { node, input });
    }

    /// Reads what is durable out of its bytes; the reader writes behind it from now on.
    fn read_grid(&mut self, node: usize, from: u64) -> Result<Vec<Segment<GridEvent>>, Broken> {
        let from = usize::try_from(from).unwrap_or_default();
        let encoded = self.store.encoded(&LogId::Grid);
        let segments = decode_grid(encoded.get(from..).unwrap_or_default())?;
        let pen = self.store.pen(&LogId::Grid);
        self.nodes[node].pens.insert(LogId::Grid, pen);
        Ok(segments)
    }

    fn read_run(&mut self, node: usize, run: RunId, from: u64) -> Result<(), Broken> {
        let from = usize::try_from(from).unwrap_or_default();
        let log = LogId::Run(run.clone());
        let mut segments: Vec<Segment<RunEvent>> = decode_run(self.store.encoded(&log))?;
        self.oracle.read_again(&run, &segments)?;
        let pen = self.store.pen(&log);
        self.nodes[node].pens.insert(log, pen);
        if let Some(plan) = self.plans.get(&run).cloned() {
            let wall_ms = self.nodes[node].clock.wall_ms(self.now);
            let input = match from {
                0 => folded(run, plan, &segments, wall_ms),
                from => Input::RunTail {
                    run,
                    segments: segments.split_off(from.min(segments.len())),
                    wall_ms,
                },
            };
            self.later(node, input);
        }
        Ok(())
    }

    fn recheck(&mut self, node: usize, run: RunId, up_to: u64) {
        let plan = self
            .plans
            .get(&run)
            .map(wire::plan::encode)
            .unwrap_or_default();
        let encoded = self.store.encoded(&LogId::Run(run.clone()));
        let again = recheck::recheck(&plan, encoded, Some(up_to));
        let input = Input::Rechecked {
            run,
            hash: Digest::from(again.hash),
            marks: again.marks,
            problems: again.problems,
        };
        self.later(node, input);
    }

    /// Blobs are repeated until the object store takes them; a disk that takes none ends the process.
    pub(super) fn blob_lands(&mut self, node: usize, digest: Digest) -> Result<(), Broken> {
        let until = self.store_full_until.max(self.nodes[node].isolated_until);
        if until > self.now && self.shape.keeping == Keeping::Objects {
            self.schedule(until, Happening::BlobLands { node, digest });
            return Ok(());
        }
        if until > self.now && self.nodes[node].machine.is_some() {
            self.count("coordinator's disk full");
            let why = "the disk takes no blob".to_owned();
            return self.step_node(node, Input::StoreFailed { why });
        }
        if self.nodes[node].machine.is_none() {
            self.count("blob stored and never named");
        }
        self.store.blobs.insert(digest.clone());
        self.step_node(node, Input::BlobStored { digest })
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
            Output::Close { stream } => {
                self.count("deposed coordinator refused by a worker");
                self.break_stream(stream.0);
            }
            Output::OpenGate {
                run,
                attempt,
                until,
            } => {
                self.sites[site].gates.insert((run, attempt), until);
            }
            Output::CloseGate { run, attempt, why } => {
                if why.contains("not renewed") {
                    self.count("lease ran out at a worker");
                }
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
                let frame = Box::new(Frame {
                    run,
                    attempt,
                    seq,
                    result: *result,
                    record,
                });
                self.sites[site].n_spool_orders += 1;
                self.order_disk(site, epoch, DiskOrder::Write(frame));
            }
            Output::Unspool {
                run,
                attempt,
                through,
            } => self.order_disk(site, epoch, DiskOrder::Drop(run, attempt, through)),
            Output::Forget { run, attempt } => {
                self.order_disk(site, epoch, DiskOrder::Forget(run, attempt));
            }
            Output::Probe { run, .. } => {
                let at = self.now + self.delay();
                let preflight = Self::green();
                let input = worker::Input::Probed { run, preflight };
                self.schedule(at, Happening::ToSite { site, epoch, input });
            }
            Output::WakeAt(at) => {
                let at = self.sites[site].clock.when(at);
                self.sites[site].wake = Some(at);
                self.schedule(at, Happening::SiteWake { site, epoch, at });
            }
            Output::Done => self.site_gone(site),
            // It connects again: the later incarnation that it was refused for may be itself, paused.
            Output::Refused { .. } => self.disconnect(site),
            Output::Note(text) => {
                if text.contains("hole in the spool") {
                    self.count("hole in a spool");
                }
                self.say(|| format!("site {site} notes: {text}"));
            }
        }
        Ok(())
    }

    /// An execution touches the target at its beginning, in between and at its end.
    fn start(&mut self, site: usize, epoch: u64, key: CaseKey) {
        self.sites[site].running.insert(key.clone(), epoch);
        let is_big = self.shape.is_big;
        let took = planned::duration_ms(&mut self.chance, &key.case, is_big) * MILLI;
        let hangs = planned::may_hang(&key.case) && !self.is_calm && self.chance.percent(40);
        let took = if hangs { 2_000 * SECOND } else { took };
        let kills = planned::is_poison(&key.case) && !self.is_calm;
        let is_fatal = kills && self.chance.percent(60);
        let n_touches = if hangs { 100 } else { 4 };
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

/// What the reader of a run's log makes of it.
fn folded(run: RunId, plan: Plan, segments: &[Segment<RunEvent>], wall_ms: u64) -> Input {
    let mut folded = Folded::new(plan);
    match segments.iter().try_for_each(|one| folded.fold(one)) {
        Ok(()) => Input::RunFolded {
            run,
            folded: Box::new(folded),
            wall_ms,
        },
        Err(why) => Input::RunUnreadable { run, why },
    }
}
