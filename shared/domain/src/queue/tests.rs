//! Rules of the queue, one feature a test.

use proptest::prelude::*;

use super::*;

fn ask(environment: &str) -> Ask {
    Ask {
        environment: environment.to_owned(),
        priority: Priority::NORMAL,
        exclusive: false,
        caps: None,
    }
}

fn alone(environment: &str) -> Ask {
    Ask {
        exclusive: true,
        ..ask(environment)
    }
}

fn capped(rps: u32, users: u32, users_at_once: u32) -> Ask {
    Ask {
        caps: Some(Caps {
            rps: Some(rps),
            users: Some(users),
            users_at_once,
        }),
        ..ask("lab")
    }
}

/// Runs named by their place; those before `n_admitted` are active.
fn look_at(
    asks: &[Ask],
    n_admitted: usize,
    parts: u32,
    max_active: usize,
) -> (Vec<usize>, Vec<Wait>) {
    let runs: Vec<RunId> = (0..asks.len()).map(name).collect();
    let locks: Vec<Vec<Lock>> = asks.iter().map(Ask::locks).collect();
    let entries: Vec<Entry<'_>> = asks
        .iter()
        .enumerate()
        .map(|(place, ask)| Entry {
            run: &runs[place],
            ask,
            locks: (place < n_admitted).then_some(locks[place].as_slice()),
            takes_place: true,
        })
        .collect();
    let parts = BTreeMap::from([("lab".to_owned(), parts)]);
    let look = look(&entries, &parts, max_active);
    let place = |run: &RunId| runs.iter().position(|known| known == run).unwrap();
    (
        look.admit.iter().map(place).collect(),
        look.waiting.into_iter().map(|(_, wait)| wait).collect(),
    )
}

fn name(place: usize) -> RunId {
    RunId::from(format!("run {place}"))
}

fn lock_of(place: usize) -> Wait {
    Wait::Lock {
        name: "lab".to_owned(),
        held_by: name(place),
    }
}

fn turn_after(place: usize) -> Wait {
    Wait::Turn {
        environment: "lab".to_owned(),
        after: name(place),
    }
}

#[test]
fn a_higher_priority_is_admitted_first_and_equals_in_the_order_they_came() {
    let high = Ask {
        priority: Priority::HIGH,
        ..ask("lab")
    };
    let asks = [ask("lab"), ask("lab"), high];
    assert_eq!(look_at(&asks, 0, 1, 2).0, [2, 0]);
    assert_eq!(look_at(&asks, 0, 1, 2).1, [Wait::Place { n_active: 2 }]);
}

#[test]
fn an_exclusive_run_waits_for_all_others_on_its_environment_and_nobody_passes_it() {
    let asks = [ask("lab"), alone("lab"), ask("lab"), ask("other")];
    let (admitted, waits) = look_at(&asks, 1, 1, 9);
    assert_eq!(admitted, [3], "another environment is free");
    assert_eq!(waits, [lock_of(0), turn_after(1)]);
    let (admitted, waits) = look_at(&asks[1..], 1, 1, 9);
    assert_eq!((admitted, waits), (vec![2], vec![lock_of(0)]));
}

#[test]
fn runs_share_caps_only_when_they_name_the_same_and_fit_into_a_part() {
    let caps = |held_by| Wait::Caps {
        environment: "lab".to_owned(),
        held_by: name(held_by),
    };
    let same = [capped(100, 12, 1), capped(100, 12, 4)];
    assert_eq!(look_at(&same, 1, 3, 9).0, [1]);
    assert_eq!(
        look_at(&same, 1, 4, 9).1,
        [caps(0)],
        "a part has 3 users, 4 are needed"
    );
    let other = [capped(100, 12, 1), capped(200, 12, 1)];
    assert_eq!(look_at(&other, 1, 1, 9).1, [caps(0)]);
    assert_eq!(
        look_at(&[capped(100, 12, 1), ask("lab")], 1, 1, 9).1,
        [caps(0)]
    );
}

#[test]
fn a_run_of_an_older_log_is_alone() {
    let asks = [Ask::unnamed(), ask("lab"), ask("other")];
    assert_eq!(look_at(&asks, 1, 1, 9).0, []);
    assert_eq!(look_at(&asks[1..], 1, 1, 9).0, [1]);
    let behind = [ask("lab"), Ask::unnamed(), ask("other")];
    assert_eq!(
        look_at(&behind, 1, 1, 9).0,
        [],
        "or it would never be alone"
    );
}

#[test]
fn a_priority_is_a_name_or_a_number() {
    for (text, number) in [("low", 2), ("normal", 5), ("high", 8), ("0", 0), ("9", 9)] {
        let priority: Priority = text.parse().unwrap();
        assert_eq!(priority.number(), number);
        assert_eq!(priority.to_string(), text);
    }
    for bad in ["", "10", "-1", "urgent", "P1"] {
        assert!(bad.parse::<Priority>().is_err(), "{bad} was taken");
    }
}

fn any_ask() -> impl Strategy<Value = Ask> {
    let environment = proptest::sample::select(vec!["lab", "other", "", "third"]);
    (environment, 0..10u32, any::<bool>(), 1..3u32).prop_map(
        |(environment, number, exclusive, rps)| Ask {
            environment: environment.to_owned(),
            priority: Priority::of(number).unwrap_or_default(),
            exclusive,
            caps: Some(Caps {
                rps: Some(rps),
                users: None,
                users_at_once: 1,
            }),
        },
    )
}

proptest! {
    #[test]
    fn whatever_is_submitted_active_runs_never_disturb_each_other_and_the_queue_runs_dry(
        asks in proptest::collection::vec(any_ask(), 1..12),
        max_active in 1..4usize,
    ) {
        let runs: Vec<RunId> = (0..asks.len()).map(name).collect();
        let locks: Vec<Vec<Lock>> = asks.iter().map(Ask::locks).collect();
        let mut active: Vec<usize> = Vec::new();
        let mut closed = vec![false; asks.len()];
        for _ in 0..asks.len() {
            let entries: Vec<Entry<'_>> = (0..asks.len())
                .filter(|&place| !closed[place])
                .map(|place| Entry {
                    run: &runs[place],
                    ask: &asks[place],
                    locks: active.contains(&place).then_some(locks[place].as_slice()),
                    takes_place: true,
                })
                .collect();
            let look = look(&entries, &BTreeMap::new(), max_active);
            active.extend((0..asks.len()).filter(|&place| look.admit.contains(&runs[place])));
            prop_assert!(active.len() <= max_active);
            for &one in &active {
                for &other in active.iter().filter(|&&other| other != one) {
                    let (a, b) = (&asks[one], &asks[other]);
                    prop_assert!(!a.is_unnamed() && !b.is_unnamed());
                    let is_same = a.environment == b.environment;
                    prop_assert!(!is_same || (!a.exclusive && !b.exclusive && a.caps == b.caps));
                }
            }
            // The longest active one ends, so that sooner or later everybody has been active.
            prop_assert!(!active.is_empty() || closed.iter().all(|&closed| closed));
            if !active.is_empty() {
                closed[active.remove(0)] = true;
            }
        }
        prop_assert!(closed.iter().all(|&closed| closed));
    }
}
