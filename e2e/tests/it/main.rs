//! What the whole grid promises, shown with real processes over real sockets.

#[path = "../one_process/certificates.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "shared with other tests, which use the rest of it; it panics with what is wrong"
)]
mod certificates;
mod clean_run;
mod clients;
mod counted;
mod cut_off;
mod defects;
mod failover;
mod full_disk;
mod html_report;
mod losses;
mod measured;
mod no_false_go;
mod poisoned;
mod proof_page;
mod proven_checks;
mod queue;
mod receipts;
mod report_numbers;
mod secrets;
mod storm;
#[path = "../one_process/target.rs"]
#[expect(
    clippy::unwrap_used,
    reason = "shared with other tests, which use the rest of it; its helpers panic with what is wrong"
)]
mod target;
mod traces;
mod twins;
mod zombies;

/// A number from the environment, for the long form of a test; the short form otherwise.
fn times(variable: &str, short: usize) -> usize {
    std::env::var(variable)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(short)
}
