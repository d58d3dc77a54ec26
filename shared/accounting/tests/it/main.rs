//! The whole grid simulated: the two machines, a log with delays, and everything that can go
//! wrong between them, from a seed. No sockets, no clock, no threads.
//!
//! `MUSTER_SEEDS=2000 cargo test -p accounting --test it` tries more seeds than the 200 of every
//! build; `MUSTER_SEED=17` tries one and prints what happened. `world` runs, `oracle` judges.

mod chance;
mod faults;
#[cfg(test)]
mod grid;
mod node;
mod oracle;
mod planned;
#[cfg(feature = "planted")]
mod planted;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod rules;
mod site;
mod store;
mod world;
