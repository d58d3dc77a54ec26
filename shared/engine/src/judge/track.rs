//! Sequence counts of a tracked socket: what was lost, what came twice, what came late.
//!
//! Sequences are kept apart by `per`. The first number of a sequence is its beginning: what may
//! have come before it is not known. A number that comes late fills its gap, so it is out of order
//! and not lost.

use std::collections::{BTreeMap, BTreeSet};

/// What the numbers of all sequences came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) lost: i64,
    pub(crate) duplicated: i64,
    pub(crate) out_of_order: i64,
}

#[derive(Debug, Default)]
struct Sequence {
    highest: i64,
    missing: BTreeSet<(i64, i64)>,
    lost: i64,
}

/// Counts numbers in the order they came, each with the text of its `per`.
pub(crate) fn count(numbers: impl IntoIterator<Item = (String, i64)>) -> Counts {
    let mut sequences: BTreeMap<String, Sequence> = BTreeMap::new();
    let mut counts = Counts::default();
    for (per, number) in numbers {
        match sequences.entry(per) {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(Sequence {
                    highest: number,
                    ..Sequence::default()
                });
            }
            std::collections::btree_map::Entry::Occupied(mut place) => {
                place.get_mut().take(number, &mut counts)
            }
        }
    }
    counts.lost = sequences.values().map(|sequence| sequence.lost).sum();
    counts
}

impl Sequence {
    fn take(&mut self, number: i64, counts: &mut Counts) {
        if number > self.highest {
            let first = self.highest.saturating_add(1);
            if number > first {
                self.missing.insert((first, number - 1));
                self.lost = self.lost.saturating_add(number - first);
            }
            self.highest = number;
        } else if self.fill(number) {
            counts.out_of_order += 1;
        } else {
            counts.duplicated += 1;
        }
    }

    /// Takes a number out of the gaps, if it is in one; gaps are ranges, so that a wild number
    /// costs no memory.
    fn fill(&mut self, number: i64) -> bool {
        let Some(&(from, to)) = self.missing.range(..=(number, i64::MAX)).next_back() else {
            return false;
        };
        if number > to {
            return false;
        }
        self.missing.remove(&(from, to));
        if from < number {
            self.missing.insert((from, number - 1));
        }
        if number < to {
            self.missing.insert((number + 1, to));
        }
        self.lost -= 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(numbers: &[i64]) -> (i64, i64, i64) {
        let counts = count(numbers.iter().map(|&number| ("run".to_owned(), number)));
        (counts.lost, counts.duplicated, counts.out_of_order)
    }

    #[test]
    fn numbers_are_lost_doubled_or_late() {
        assert_eq!(counts(&[1, 2, 3]), (0, 0, 0));
        assert_eq!(counts(&[5, 6, 9]), (2, 0, 0));
        assert_eq!(counts(&[1, 2, 2, 3, 1]), (0, 2, 0));
        assert_eq!(counts(&[1, 4, 2, 5]), (1, 0, 1));
        assert_eq!(counts(&[1, 4, 2, 2]), (1, 1, 1));
        assert_eq!(counts(&[1, i64::MAX]).0, i64::MAX - 2);
        assert_eq!(counts(&[3, 1]), (0, 1, 0));
    }

    #[test]
    fn sequences_are_kept_apart() {
        let numbers = [("a", 1), ("b", 10), ("a", 2), ("b", 11)];
        let counted = count(numbers.map(|(per, number)| (per.to_owned(), number)));
        assert_eq!(counted, Counts::default());
    }
}
