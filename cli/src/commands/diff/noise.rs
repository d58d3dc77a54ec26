//! Whether the times of two runs differ, or only waver as they do from run to run. Pure.
//!
//! A change is told when both hold: the rank-sum test (Mann and Whitney, normal approximation with
//! ties corrected) finds one sample shifted against the other at 1 %, and the 95th percentile
//! moved by a fifth and by 5 ms at least. Small samples are not compared at all.

/// Exchanges that a test needs in each run to be compared.
const ENOUGH: usize = 8;
/// Two-sided 1 % of the normal distribution.
const Z: f64 = 2.576;
const LEAST_SHARE: f64 = 0.2;
const LEAST_MS: f64 = 5.0;

/// A change of a 95th percentile (nearest rank), in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Change {
    pub(super) before_p95: f64,
    pub(super) after_p95: f64,
    pub(super) n_before: usize,
    pub(super) n_after: usize,
}

/// One of the samples says too little.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooFew;

/// The change, if there is one beyond noise.
pub(super) fn compare(before: &[f64], after: &[f64]) -> Result<Option<Change>, TooFew> {
    if before.len() < ENOUGH || after.len() < ENOUGH {
        return Err(TooFew);
    }
    let change = Change {
        before_p95: p95(before),
        after_p95: p95(after),
        n_before: before.len(),
        n_after: after.len(),
    };
    let moved = change.after_p95 - change.before_p95;
    let is_big = moved.abs() >= LEAST_MS && moved.abs() >= LEAST_SHARE * change.before_p95;
    let shift = shift(before, after);
    // The whole sample and its slow end must have moved the same way.
    let is_shifted = shift.abs() > Z && shift.is_sign_positive() == moved.is_sign_positive();
    Ok((is_big && is_shifted).then_some(change))
}

fn p95(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * 95).div_ceil(100);
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

/// By how many standard deviations the later sample ranks above the earlier one.
fn shift(before: &[f64], after: &[f64]) -> f64 {
    let (n_before, n_after) = (before.len() as f64, after.len() as f64);
    let all = n_before + n_after;
    let mut ranked: Vec<(f64, bool)> = before.iter().map(|&ms| (ms, false)).collect();
    ranked.extend(after.iter().map(|&ms| (ms, true)));
    ranked.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut ranks_after, mut ties, mut passed) = (0.0, 0.0, 0.0);
    for equal in ranked.chunk_by(|one, other| one.0 == other.0) {
        let count = equal.len() as f64;
        let rank = passed + (count + 1.0) / 2.0;
        ranks_after += rank * equal.iter().filter(|(_, is_after)| *is_after).count() as f64;
        ties += count.powi(3) - count;
        passed += count;
    }
    let u = ranks_after - n_after * (n_after + 1.0) / 2.0;
    let mean = n_before * n_after / 2.0;
    let spread = (all + 1.0) - ties / (all * (all - 1.0));
    let deviation = (n_before * n_after / 12.0 * spread).sqrt();
    if deviation > 0.0 {
        (u - mean) / deviation
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Evenly from `from` to `to`.
    fn even(from: f64, to: f64, count: u32) -> Vec<f64> {
        let step = (to - from) / f64::from(count - 1);
        (0..count).map(|at| from + step * f64::from(at)).collect()
    }

    #[test]
    fn a_shift_of_everything_is_a_change() {
        let change = compare(&even(10.0, 50.0, 20), &even(110.0, 150.0, 20));
        let change = change.expect("enough samples").expect("a change");
        assert_eq!(
            (change.before_p95, change.after_p95),
            (even(10.0, 50.0, 20)[18], even(110.0, 150.0, 20)[18])
        );
        let back = compare(&even(110.0, 150.0, 20), &even(10.0, 50.0, 20));
        assert!(back.expect("enough samples").is_some());
    }

    #[test]
    fn one_slow_answer_is_noise() {
        let mut after = even(10.0, 50.0, 20);
        after[19] = 5_000.0;
        after[18] = 4_000.0;
        assert_eq!(compare(&even(10.0, 50.0, 20), &after), Ok(None));
    }

    #[test]
    fn a_sure_but_small_shift_is_not_told() {
        assert_eq!(
            compare(&even(100.0, 110.0, 500), &even(103.0, 113.0, 500)),
            Ok(None)
        );
    }

    #[test]
    fn few_samples_say_nothing() {
        assert_eq!(compare(&[1.0; 7], &even(100.0, 200.0, 50)), Err(TooFew));
        assert_eq!(compare(&[1.0; 8], &[1.0; 8]), Ok(None), "all equal");
    }
}
