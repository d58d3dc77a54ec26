//! Stores whose answers lie, come late or never come: what an adapter makes of it.
//!
//! A store that can be told to do so implements `Harmful`; the properties say what must hold.

use std::thread;

use super::{Checked, batch, ensure, run_log, texts};
use crate::port::{AppendError, Store};

/// What a store does with a put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// Stores it, and answers 500.
    FailAfterCommit,
    /// Stores nothing, and answers 500.
    FailBeforeCommit,
    /// Stores nothing, and answers 409, as a store does when two puts met and neither won.
    Conflict,
    /// Stores it, and never answers.
    SilentAfterCommit,
    /// Stores nothing, and never answers.
    SilentBeforeCommit,
    /// Never answers, and stores it when `land` says so: as late as it likes.
    Late,
}

/// A store that does as it is told.
pub trait Harmful: Sync {
    /// The next put is treated so.
    fn harm_next(&self, harm: Harm);

    /// Until `land`, every put whose body holds the text is late.
    fn hold(&self, text: &str);

    /// Blocks until so many puts are held.
    fn wait_for_held(&self, n_puts: usize);

    /// Lets every held put happen now, in order, and holds none any more; says how many of them
    /// found their place still free.
    fn land(&self) -> usize;
}

/// Whatever an answer says, a segment is written once, and the append says that it is durable.
pub fn an_answer_that_lies_changes_nothing(store: &dyn Store, harmful: &dyn Harmful) -> Checked {
    let harms = [
        Harm::FailAfterCommit,
        Harm::FailBeforeCommit,
        Harm::Conflict,
        Harm::SilentAfterCommit,
        Harm::SilentBeforeCommit,
    ];
    let mut log = store.open(&run_log())?;
    let mut expected = Vec::new();
    for (at, harm) in (0..).zip(harms) {
        harmful.harm_next(harm);
        let text = format!("{harm:?}");
        let appended = log.append(at, &batch(1, &[&text]));
        ensure(
            matches!(appended, Ok(end) if end == at + 1),
            &format!("after {harm:?}: {appended:?}"),
        )?;
        expected.push(text);
    }
    ensure(
        texts(store, &run_log())? == expected,
        "each stands there once",
    )
}

/// A put that lands long after its successor was answered finds its place taken by the same bytes.
pub fn our_own_late_landing_is_no_second_segment(
    store: &dyn Store,
    harmful: &dyn Harmful,
) -> Checked {
    let mut log = store.open(&run_log())?;
    harmful.harm_next(Harm::Late);
    ensure(
        log.append(0, &batch(1, &["a"]))? == 1,
        "the put that was sent again is durable",
    )?;
    ensure(log.append(1, &batch(1, &["b"]))? == 2, "the log goes on")?;
    ensure(harmful.land() == 0, "the late one finds its place taken")?;
    ensure(
        texts(store, &run_log())? == ["a", "b"],
        "the log holds each once",
    )
}

/// A successor writes where the deposed leader's put still hangs: the late put loses, and the
/// deposed leader hears so and never writes again.
pub fn a_late_landing_loses_to_a_successor(store: &dyn Store, harmful: &dyn Harmful) -> Checked {
    let mut deposed = store.open(&run_log())?;
    harmful.hold("of the deposed");
    thread::scope(|scope| -> Checked {
        let hanging = scope.spawn(|| deposed.append(0, &batch(1, &["of the deposed"])));
        harmful.wait_for_held(1);
        let successor = store
            .open(&run_log())
            .map_err(Into::into)
            .and_then(|mut log| {
                let to = log.append(0, &batch(2, &["of the successor"]))?;
                ensure(to == 1, "the number was free")
            });
        let n_landed = harmful.land();
        let answer = hanging.join().map_err(|_| "the append panicked")?;
        successor?;
        ensure(n_landed == 0, "no late put takes a place")?;
        ensure(
            matches!(answer, Err(AppendError::Conflict { end: 1, .. })),
            &format!("the deposed hears of it: {answer:?}"),
        )
    })?;
    let again = deposed.append(1, &batch(1, &["of the deposed"]));
    ensure(
        matches!(again, Err(AppendError::Conflict { .. })),
        "its term is over",
    )?;
    ensure(
        texts(store, &run_log())? == ["of the successor"],
        "nothing of it stands in the log",
    )
}

/// The late put lands after the successor has read to the end: the successor hears of a conflict,
/// reads on, and goes on behind it; the deposed leader's segment was durable after all.
pub fn a_successor_reads_what_landed_before_it(
    store: &dyn Store,
    harmful: &dyn Harmful,
) -> Checked {
    let mut deposed = store.open(&run_log())?;
    harmful.hold("of the deposed");
    thread::scope(|scope| -> Checked {
        let hanging = scope.spawn(|| deposed.append(0, &batch(1, &["of the deposed"])));
        harmful.wait_for_held(1);
        let successor = store.open(&run_log());
        let n_landed = harmful.land();
        let answer = hanging.join().map_err(|_| "the append panicked")?;
        let mut successor = successor?;
        ensure(n_landed == 1, "one of its puts lands, the others find it")?;
        ensure(
            matches!(answer, Ok(1)),
            &format!("it was durable: {answer:?}"),
        )?;
        let refused = successor.append(0, &batch(2, &["of the successor"]));
        ensure(
            matches!(refused, Err(AppendError::Conflict { end: 1, .. })),
            &format!("the successor hears of it: {refused:?}"),
        )?;
        ensure(
            successor.append(1, &batch(2, &["of the successor"]))? == 2,
            "it goes on behind it",
        )
    })?;
    let again = deposed.append(1, &batch(1, &["more"]));
    ensure(
        matches!(again, Err(AppendError::Conflict { .. })),
        "the deposed finds its place taken",
    )?;
    ensure(
        texts(store, &run_log())? == ["of the deposed", "of the successor"],
        "both stand there, in order",
    )
}

/// Runs every property above as a test of its own; the block gives `(store, harmful)`.
#[macro_export]
macro_rules! harmed_suite {
    ($name:ident, $make:expr) => {
        mod $name {
            use super::*;

            $crate::harmed_suite!(@tests $make,
                an_answer_that_lies_changes_nothing,
                our_own_late_landing_is_no_second_segment,
                a_late_landing_loses_to_a_successor,
                a_successor_reads_what_landed_before_it
            );
        }
    };
    (@tests $make:expr, $($property:ident),*) => {
        $(
            #[test]
            fn $property() {
                let (store, harmful) = $make;
                $crate::conformance::harmed::$property(&store, &harmful).unwrap();
            }
        )*
    };
}

pub use crate::harmed_suite as suite;
