//! Which runs a list shows: a grid has ever more closed ones, and nobody asks for all of them.

use accounting::coordinator::RunLine;
use proto::v1::ListRequest;

/// Closed runs, where nothing else is asked for.
const USUAL: u32 = 20;

pub(super) struct Chosen<'a> {
    /// In the order of submission.
    pub(super) lines: Vec<&'a RunLine>,
    /// Closed runs that were asked for and are beyond the limit.
    pub(super) left_out: u64,
}

/// All open runs and the newest closed ones, of those that are asked for.
pub(super) fn choose<'a>(runs: &'a [RunLine], message: &ListRequest) -> Chosen<'a> {
    let wanted = message.run.as_str();
    if let Some(exact) = runs.iter().find(|line| line.run.as_str() == wanted) {
        return Chosen {
            lines: vec![exact],
            left_out: 0,
        };
    }
    let limit = message.limit.unwrap_or(USUAL);
    let mut left_out = 0;
    let mut room = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut lines: Vec<&RunLine> = runs
        .iter()
        .rev()
        .filter(|line| line.run.as_str().starts_with(wanted))
        .filter(|line| {
            if line.is_closed && room == 0 {
                left_out += 1;
                return false;
            }
            room -= usize::from(line.is_closed);
            true
        })
        .collect();
    lines.reverse();
    Chosen { lines, left_out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::queue::{Ask, Priority};
    use domain::{Digest, RunId};

    fn runs() -> Vec<RunLine> {
        let line = |name: &str, is_closed| RunLine {
            run: RunId::from(name),
            plan: Digest::from("plan"),
            bundle: Digest::from("bundle"),
            ask: Ask {
                environment: "staging".to_owned(),
                priority: Priority::default(),
                exclusive: false,
                caps: None,
            },
            locks: Vec::new(),
            stop: None,
            is_admitted: true,
            is_closed,
        };
        vec![
            line("1-open", false),
            line("2-a", true),
            line("2-b", true),
            line("2", true),
            line("3-open", false),
        ]
    }

    fn names(run: &str, limit: Option<u32>) -> (Vec<String>, u64) {
        let runs = runs();
        let run = run.to_owned();
        let chosen = choose(&runs, &ListRequest { run, limit });
        let names = chosen.lines.iter().map(|line| line.run.to_string());
        (names.collect(), chosen.left_out)
    }

    #[test]
    fn open_runs_are_always_listed_and_of_closed_ones_the_newest() {
        assert_eq!(names("", None).0.len(), 5);
        let (few, left_out) = names("", Some(1));
        assert_eq!((few.join(" "), left_out), ("1-open 2 3-open".to_owned(), 2));
        let (open, left_out) = names("", Some(0));
        assert_eq!((open.join(" "), left_out), ("1-open 3-open".to_owned(), 3));
    }

    #[test]
    fn a_run_is_named_by_its_id_or_the_beginning_of_it() {
        assert_eq!(names("2", None).0, ["2"], "an id is no beginning");
        assert_eq!(names("2-", Some(9)).0, ["2-a", "2-b"]);
        assert_eq!(names("3-o", Some(0)).0, ["3-open"]);
        assert!(names("4", None).0.is_empty());
    }
}
