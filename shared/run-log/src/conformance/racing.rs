//! Many who append at the same number at the same time: exactly one of them wrote it.

use std::collections::BTreeMap;
use std::sync::{Barrier, Mutex, PoisonError};

use super::{Checked, batch, ensure, run_log, texts};
use crate::port::{AppendError, Log, Position, Store};

/// Whether racers share one holder of the log, or each is a process of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holders {
    /// For stores whose logs have one holder at a time.
    One,
    /// For stores that several processes hold.
    Each,
}

/// How large a race is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Race {
    pub racers: usize,
    pub numbers: u64,
}

/// The race that every adapter is held to.
pub const FULL: Race = Race {
    racers: 64,
    numbers: 200,
};

/// Each number is won once, by the one whose event stands there; all others hear of a conflict.
pub fn each_number_has_one_winner(store: &dyn Store, race: Race, holders: Holders) -> Checked {
    let shared = Mutex::new(store.open(&run_log())?);
    let won: Mutex<BTreeMap<Position, Vec<String>>> = Mutex::default();
    let wrong: Mutex<Vec<String>> = Mutex::default();
    let line = Barrier::new(race.racers);
    std::thread::scope(|scope| {
        for racer in 0..race.racers {
            let (shared, won, wrong, line) = (&shared, &won, &wrong, &line);
            scope.spawn(move || {
                let mut own = match holders {
                    Holders::One => None,
                    Holders::Each => Some(store.open(&run_log())),
                };
                for number in 0..race.numbers {
                    line.wait();
                    let text = format!("{racer} wrote {number}");
                    let said = match &mut own {
                        None => run(held(shared).as_mut(), number, racer, &text),
                        Some(Ok(log)) => run(log.as_mut(), number, racer, &text),
                        Some(Err(error)) => Err(error.to_string()),
                    };
                    match said {
                        Ok(true) => held(won).entry(number).or_default().push(text),
                        Ok(false) => {}
                        Err(why) => held(wrong).push(why),
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
    ensure(wrong.is_empty(), &format!("no racer fails: {wrong:?}"))?;
    let won = won.into_inner().unwrap_or_else(PoisonError::into_inner);
    let winners: Vec<String> = won.into_values().flatten().collect();
    ensure(
        winners.len() as u64 == race.numbers,
        &format!("{} winners for {} numbers", winners.len(), race.numbers),
    )?;
    ensure(
        texts(store, &run_log())? == winners,
        "the log holds what the winners wrote",
    )
}

fn held<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// True when this racer won the number.
fn run(log: &mut dyn Log, at: Position, racer: usize, text: &str) -> Result<bool, String> {
    let mut batch = batch(1, &[text]);
    batch.writer = format!("racer {racer}");
    match log.append(at, &batch) {
        Ok(_) => Ok(true),
        Err(AppendError::Conflict { .. }) => Ok(false),
        Err(error) => Err(error.to_string()),
    }
}
