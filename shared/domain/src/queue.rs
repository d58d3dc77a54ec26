//! The queue of runs: what a run asks of its environment, who is admitted next, and what the
//! others wait for.
//!
//! Pure functions over what the grid log says. A lock belongs to a run from its admission until it
//! is closed. Who is leased what inside admitted runs is `schedule`.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::ids::RunId;
use crate::plan::{Caps, Plan};

/// Which run goes first: a number from 0 to 9, three of which have names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(u8);

impl Priority {
    pub const LOW: Self = Self(2);
    pub const NORMAL: Self = Self(5);
    pub const HIGH: Self = Self(8);
    pub const MAX: Self = Self(9);

    /// `None` beyond 9.
    pub fn of(number: u32) -> Option<Self> {
        let number = u8::try_from(number).ok()?;
        (number <= Self::MAX.0).then_some(Self(number))
    }

    pub fn number(self) -> u32 {
        self.0.into()
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self::NORMAL
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::LOW => out.pad("low"),
            Self::NORMAL => out.pad("normal"),
            Self::HIGH => out.pad("high"),
            Self(number) => out.pad(&number.to_string()),
        }
    }
}

/// The text was no priority of a run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no priority of a run; write low, normal, high, or a number from 0 to 9")]
pub struct UnknownPriority(pub String);

impl FromStr for Priority {
    type Err = UnknownPriority;

    fn from_str(text: &str) -> Result<Self, UnknownPriority> {
        let named = match text {
            "low" => Some(Self::LOW),
            "normal" => Some(Self::NORMAL),
            "high" => Some(Self::HIGH),
            number => number.parse().ok().and_then(Self::of),
        };
        named.ok_or_else(|| UnknownPriority(text.to_owned()))
    }
}

/// A name that runs hold together, or one run alone. Each environment is one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lock {
    pub name: String,
    pub exclusive: bool,
}

/// What a run asks of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Empty in logs of versions that led one run at a time: such a run is alone on the grid.
    pub environment: String,
    pub priority: Priority,
    /// No other run may touch the environment meanwhile.
    pub exclusive: bool,
    pub caps: Option<Caps>,
}

impl Ask {
    /// A run with an exclusive test is exclusive: the test is to be alone on its environment.
    pub fn of(plan: &Plan, priority: Priority, exclusive: bool) -> Self {
        let is_carried = |case| plan.carried.iter().any(|done| done.case == case);
        let mut cases = plan.cases.iter();
        let has_exclusive = cases.any(|case| {
            case.exclusive && case.declared_skip.is_none() && !is_carried(case.id.clone())
        });
        Self {
            environment: plan.environment.clone(),
            priority,
            exclusive: exclusive || has_exclusive,
            caps: plan.caps,
        }
    }

    /// What logs before the queue knew of a run.
    pub fn unnamed() -> Self {
        Self {
            environment: String::new(),
            priority: Priority::NORMAL,
            exclusive: true,
            caps: None,
        }
    }

    pub fn is_unnamed(&self) -> bool {
        self.environment.is_empty()
    }

    /// What the run holds once it is admitted.
    pub fn locks(&self) -> Vec<Lock> {
        match self.is_unnamed() {
            true => Vec::new(),
            false => vec![Lock {
                name: self.environment.clone(),
                exclusive: self.exclusive,
            }],
        }
    }

    fn is_beside(&self, other: &Self) -> bool {
        self.is_unnamed() || other.is_unnamed() || self.environment == other.environment
    }
}

/// A run of the queue, in the order of submission.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub run: &'a RunId,
    pub ask: &'a Ask,
    /// `None` while it waits; empty for one that is admitted only to be ended.
    pub locks: Option<&'a [Lock]>,
    /// It takes one of the places for active runs.
    pub takes_place: bool,
}

/// What a run waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// As many runs are active as may be.
    Place { n_active: usize },
    /// Another run that waits is to have the environment first.
    Turn { environment: String, after: RunId },
    /// One of the two wants the environment alone.
    Lock { name: String, held_by: RunId },
    /// Caps are shared by runs only that name the same ones, and whose tests fit into one part.
    Caps { environment: String, held_by: RunId },
}

impl fmt::Display for Wait {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place { n_active } => write!(out, "until one of {n_active} active runs is over"),
            Self::Turn { environment, after } => {
                write!(out, "for {environment}, after run {after}")
            }
            Self::Lock { name, held_by } => {
                write!(out, "for the lock {name}: run {held_by} holds it")
            }
            Self::Caps {
                environment,
                held_by,
            } => write!(
                out,
                "for the caps of {environment}: run {held_by} shares them in another way"
            ),
        }
    }
}

/// What is to be done with the queue now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// In the order in which they are to be admitted.
    pub admit: Vec<RunId>,
    /// The others that wait, those first whose turn is next.
    pub waiting: Vec<(RunId, Wait)>,
}

/// Goes along the queue, by priority and then by submission. A run that has to wait lets nobody
/// behind it have its environment, and everybody another one.
///
/// `parts` says into how many parts an environment's caps are divided now.
pub fn look(entries: &[Entry<'_>], parts: &BTreeMap<String, u32>, max_active: usize) -> Look {
    let mut active: Vec<(&RunId, &Ask, Vec<Lock>)> = Vec::new();
    let mut waiting: Vec<&Entry<'_>> = Vec::new();
    for entry in entries {
        match entry.locks {
            Some(locks) => active.push((entry.run, entry.ask, locks.to_vec())),
            None => waiting.push(entry),
        }
    }
    let mut n_active = entries
        .iter()
        .filter(|entry| entry.locks.is_some() && entry.takes_place)
        .count();
    waiting.sort_by_key(|entry| Reverse(entry.ask.priority));
    let mut look = Look::default();
    let mut spoken_for: Vec<&Entry<'_>> = Vec::new();
    for entry in waiting {
        let ask = entry.ask;
        let before = spoken_for.iter().find(|other| ask.is_beside(other.ask));
        let in_the_way = active
            .iter()
            .find_map(|(run, of, locks)| conflict(ask, run, of, locks, parts));
        let wait = match (before, in_the_way) {
            (_, Some(wait)) => wait,
            (Some(before), None) => Wait::Turn {
                environment: ask.environment.clone(),
                after: before.run.clone(),
            },
            (None, None) if n_active >= max_active => {
                // So is everybody behind it.
                let place = Wait::Place { n_active };
                look.waiting.push((entry.run.clone(), place));
                continue;
            }
            (None, None) => {
                n_active += 1;
                active.push((entry.run, ask, ask.locks()));
                look.admit.push(entry.run.clone());
                continue;
            }
        };
        spoken_for.push(entry);
        look.waiting.push((entry.run.clone(), wait));
    }
    look
}

/// Why a run can't be active beside another.
fn conflict(
    ask: &Ask,
    run: &RunId,
    of: &Ask,
    locks: &[Lock],
    parts: &BTreeMap<String, u32>,
) -> Option<Wait> {
    if of.is_unnamed() || ask.is_unnamed() {
        return Some(Wait::Lock {
            name: "every environment".to_owned(),
            held_by: run.clone(),
        });
    }
    let wanted = ask.locks();
    let clashing = wanted
        .iter()
        .find(|wanted| locks.iter().any(|held| clash(wanted, held)));
    if let Some(lock) = clashing {
        return Some(Wait::Lock {
            name: lock.name.clone(),
            held_by: run.clone(),
        });
    }
    let is_same = !locks.is_empty() && of.environment == ask.environment;
    (is_same && !fits(ask, of, parts)).then(|| Wait::Caps {
        environment: ask.environment.clone(),
        held_by: run.clone(),
    })
}

/// Two runs can't hold these at one time.
pub fn clash(one: &Lock, other: &Lock) -> bool {
    one.name == other.name && (one.exclusive || other.exclusive)
}

/// The run can take parts of the caps as they are divided now.
fn fits(ask: &Ask, of: &Ask, parts: &BTreeMap<String, u32>) -> bool {
    let limits = |ask: &Ask| ask.caps.map(|caps| (caps.rps, caps.users));
    let parts = parts.get(&ask.environment).copied().unwrap_or(1);
    let most = ask.caps.map_or(u32::MAX, |caps| caps.most_sharers());
    limits(ask) == limits(of) && parts <= most
}
