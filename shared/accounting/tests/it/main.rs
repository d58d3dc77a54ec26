//! The whole grid simulated: the two machines, a store with all its troubles, and everything that
//! can go wrong between them, from a seed. No sockets, no clock, no threads inside a world.
//!
//! `MUSTER_SEEDS=100000 cargo test -p accounting --test it every_seed` tries more seeds than the
//! 2,000 of every build; `MUSTER_SEED=17` tries one and prints what happened. `world` runs, `oracle`
//! judges, `faults` strike; `rules` and `rig` hold tests of single rules. docs/reliability.md tells
//! what it shows.

mod adapter;
mod chance;
mod clock;
mod crew;
#[cfg(test)]
mod docs;
mod faults;
#[cfg(test)]
mod grid;
mod history;
mod invariant;
mod meter;
mod node;
mod oracle;
mod planned;
#[cfg(feature = "planted")]
mod planted;
#[cfg(test)]
mod reliability;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod rules;
mod shape;
mod site;
#[cfg(test)]
mod situations;
mod store;
mod world;
