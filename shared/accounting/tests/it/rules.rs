//! Single rules of the coordinator and the worker, one feature a test, with a log that answers.

mod caps;
mod closing;
mod completing;
mod credits;
mod ingest;
mod leases;
mod legs;
mod losses;
mod namesakes;
mod queue;
mod runs;
mod sharing;
mod takeovers;
mod worker;
