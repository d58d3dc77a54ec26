//! What a fuzzer feeds with bytes: one function for each door through which foreign bytes come.
//!
//! A function here takes any bytes and returns; it panics where a promise is broken, and a fuzzer
//! or the replay in `tests` sees that. Nothing here knows a fuzzing engine: `libfuzzer/` beside this
//! crate is a workspace of its own that calls these functions. Seeds are in `seeds`.

#![expect(
    clippy::panic,
    reason = "a broken promise must stop whoever runs these functions"
)]

mod expressions;
mod files;
mod logs;
mod messages;
mod network;
pub mod seeds;

/// One door: its name, the function that takes bytes, and good bytes to begin with.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Damaged copies of seeds that the replay tries: fewer where one takes longer.
    pub replayed: usize,
}

const fn target(
    name: &'static str,
    run: fn(&[u8]),
    seeds: fn() -> Vec<Vec<u8>>,
    replayed: usize,
) -> Target {
    Target {
        name,
        run,
        seeds,
        replayed,
    }
}

/// All doors. Each has a file of its name in `libfuzzer/fuzz_targets`.
pub const TARGETS: &[Target] = &[
    target("suite_file", files::suite, seeds::suites, 150),
    target(
        "environment_file",
        files::environment,
        seeds::environments,
        400,
    ),
    target("other_file", files::other, seeds::other_files, 400),
    target(
        "expression",
        expressions::expression,
        seeds::expressions,
        1_500,
    ),
    target("template", expressions::template, seeds::templates, 4_000),
    target("grammar", expressions::grammar, seeds::grammars, 2_000),
    target(
        "redaction",
        expressions::redaction,
        seeds::redactions,
        2_000,
    ),
    target(
        "event_stream",
        network::event_stream,
        seeds::event_streams,
        4_000,
    ),
    target("allow_list", network::allow_list, seeds::addresses, 8_000),
    target("run_log", logs::run_log, seeds::damages, 1_000),
    target("spool", logs::spool, seeds::damages, 1_500),
    target("recheck", logs::recheck, seeds::rechecked, 1_500),
    target(
        "worker_message",
        messages::worker,
        seeds::worker_frames,
        3_000,
    ),
    target(
        "coordinator_message",
        messages::coordinator,
        seeds::coordinator_frames,
        3_000,
    ),
    target("stored_message", messages::stored, seeds::stored, 3_000),
];

/// Runs one target by its name; an unknown name does nothing.
pub fn run(name: &str, data: &[u8]) {
    if let Some(target) = TARGETS.iter().find(|target| target.name == name) {
        (target.run)(data);
    }
}
