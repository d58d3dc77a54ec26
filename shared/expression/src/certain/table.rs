//! All answers to the questions of a check, tried: is there one that makes it false, one that makes
//! it true, and does anything received make a difference?
//!
//! Subjects vary freely here, more freely than real answers do, so that what no combination shows no
//! answer shows either. What can't be evaluated ends in no value, and counts as neither.

use super::formula::Formula;
use super::subject::{Region, Subject};

/// Combinations that are tried; a check with more is not decided.
const MAX_COMBINATIONS: usize = 20_000;

/// How a check turns out whatever the target answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Always,
    Never,
    /// What was received makes no difference.
    Unmoved,
}

/// The verdict over all combinations in which `given` holds.
pub(super) fn decide(
    formula: &Formula,
    given: Option<&Formula>,
    subjects: &[Subject],
) -> Option<Verdict> {
    let regions: Vec<Vec<Region>> = subjects.iter().map(Subject::regions).collect();
    let combinations = |is_received: bool| {
        subjects
            .iter()
            .zip(&regions)
            .filter(|(subject, _)| subject.is_received == is_received)
            .try_fold(1_usize, |all, (_, regions)| all.checked_mul(regions.len()))
    };
    let (sent, received) = (combinations(false)?, combinations(true)?);
    if sent.checked_mul(received)? > MAX_COMBINATIONS {
        return None;
    }
    let (mut can_hold, mut can_fail, mut is_moved) = (false, false, false);
    for of_sent in 0..sent {
        let (mut holds, mut fails) = (false, false);
        for of_received in 0..received {
            let chosen = choose(subjects, &regions, of_sent, of_received);
            if given.is_some_and(|given| given.value(&chosen) != Some(true)) {
                continue;
            }
            match formula.value(&chosen) {
                Some(true) => holds = true,
                Some(false) => fails = true,
                None => {}
            }
        }
        is_moved |= holds && fails;
        can_hold |= holds;
        can_fail |= fails;
    }
    match (can_hold, can_fail) {
        (true, false) => Some(Verdict::Always),
        (false, true) => Some(Verdict::Never),
        (true, true) if !is_moved => Some(Verdict::Unmoved),
        _ => None,
    }
}

/// The regions of one combination, as digits of its two numbers.
fn choose<'r>(
    subjects: &[Subject],
    regions: &'r [Vec<Region>],
    mut of_sent: usize,
    mut of_received: usize,
) -> Vec<Option<&'r Region>> {
    let pick = |(subject, regions): (&Subject, &'r Vec<Region>)| {
        let number = if subject.is_received {
            &mut of_received
        } else {
            &mut of_sent
        };
        let count = regions.len().max(1);
        let region = regions.get(*number % count);
        *number /= count;
        region
    };
    subjects.iter().zip(regions).map(pick).collect()
}

impl Formula {
    /// Its value where each subject is in its region; `None` where it gives none.
    fn value(&self, chosen: &[Option<&Region>]) -> Option<bool> {
        match self {
            Formula::Known(truth, _) => Some(*truth),
            Formula::Ask(subject, test) => {
                let region = chosen.get(*subject).copied().flatten()?;
                test.answer(region)
            }
            Formula::Not(operand) => operand.value(chosen).map(|truth| !truth),
            Formula::And(pair) => match (pair[0].value(chosen), pair[1].value(chosen)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Formula::Or(pair) => match (pair[0].value(chosen), pair[1].value(chosen)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Formula::Choose(parts) => match parts[0].value(chosen)? {
                true => parts[1].value(chosen),
                false => parts[2].value(chosen),
            },
            Formula::Alike(pair) => Some(pair[0].value(chosen)? == pair[1].value(chosen)?),
        }
    }
}
