//! Properties of the shares of runs.

use proptest::prelude::*;

use super::*;

fn claim(priority: Priority, demand: u32, n_held: u32, turn: u64) -> Claim {
    Claim {
        priority,
        demand,
        n_held,
        turn,
    }
}

fn any_claim() -> impl Strategy<Value = Claim> {
    let priority = (0..3u32).prop_map(|number| Priority::of(number).unwrap_or_default());
    (priority, 0..12u32, 0..12u32, 0..50u64)
        .prop_map(|(priority, demand, n_held, turn)| claim(priority, demand, n_held, turn))
}

proptest! {
    #[test]
    fn no_more_parts_are_given_than_there_are_and_none_that_can_be_used_is_kept(
        n_parts in 0..30u32,
        claims in proptest::collection::vec(any_claim(), 0..8),
    ) {
        let given = entitled(n_parts, &claims);
        let wanted: u32 = claims.iter().map(|claim| claim.demand).sum();
        prop_assert_eq!(given.iter().sum::<u32>(), n_parts.min(wanted));
        for (given, claim) in given.iter().zip(&claims) {
            prop_assert!(*given <= claim.demand);
        }
    }

    #[test]
    fn a_higher_priority_never_waits_for_a_lower_one(
        n_parts in 0..30u32,
        claims in proptest::collection::vec(any_claim(), 0..8),
    ) {
        let given = entitled(n_parts, &claims);
        for (high, has) in claims.iter().zip(&given) {
            for (low, other) in claims.iter().zip(&given) {
                let overtaken = high.priority > low.priority && *has < high.demand && *other > 0;
                prop_assert!(!overtaken, "{:?} {:?}", claims, given);
            }
        }
    }

    #[test]
    fn equal_runs_differ_by_one_part_at_most_unless_they_can_use_no_more(
        n_parts in 0..30u32,
        claims in proptest::collection::vec(any_claim(), 0..8),
    ) {
        let given = entitled(n_parts, &claims);
        for (one, has) in claims.iter().zip(&given) {
            for (two, other) in claims.iter().zip(&given) {
                let is_behind = one.priority == two.priority && *has < one.demand && *has + 1 < *other;
                prop_assert!(!is_behind, "{:?} {:?}", claims, given);
            }
        }
    }

    #[test]
    fn every_equal_run_comes_to_its_turn(
        n_runs in 1..8usize,
        n_parts in 1..4u32,
    ) {
        let mut claims = vec![claim(Priority::NORMAL, 1, 0, 0); n_runs];
        let mut served = vec![0u32; n_runs];
        let mut now = 0;
        for _ in 0..2 * n_runs {
            let given = entitled(n_parts, &claims);
            let mut given: Vec<usize> = (0..n_runs).filter(|&place| given[place] > 0).collect();
            given.sort_by_key(|&place| claims[place].turn);
            for place in given {
                now += 1;
                served[place] += 1;
                claims[place].turn = now;
            }
        }
        let (least, most) = (served.iter().min(), served.iter().max());
        prop_assert!(least.zip(most).is_some_and(|(least, most)| *least > 0 && most - least <= 1));
    }

    #[test]
    fn only_the_highest_priority_is_asked_and_the_least_served_run_of_it_first(
        slots in 1..16usize,
        wants in proptest::collection::vec((0..3u32, 0..9usize, 0..9u64), 1..7),
    ) {
        let wants: Vec<Want> = wants
            .into_iter()
            .map(|(number, n_leased, turn)| Want {
                priority: Priority::of(number).unwrap_or_default(),
                n_leased,
                turn,
            })
            .collect();
        let asked = slots_of(slots, &wants);
        let highest = wants.iter().map(|want| want.priority).max().unwrap_or_default();
        let equals = wants.iter().filter(|want| want.priority == highest).count();
        prop_assert_eq!(asked.len(), equals);
        prop_assert!(asked.iter().all(|(place, _)| wants[*place].priority == highest));
        let served: Vec<usize> = asked.iter().map(|(place, _)| wants[*place].n_leased).collect();
        prop_assert!(served.is_sorted());
        let filled: usize = asked.iter().map(|(_, each)| each).sum();
        prop_assert!(filled >= slots && filled < slots + equals);
    }
}

#[test]
fn a_part_that_can_not_be_divided_stays_with_the_run_that_holds_it() {
    let (normal, turn) = (Priority::NORMAL, 9);
    let claims = [claim(normal, 5, 1, 0), claim(normal, 5, 2, turn)];
    assert_eq!(entitled(3, &claims), [1, 2]);
}
