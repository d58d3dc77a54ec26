//! Checks that say nothing, and checks that say something: the list that the language's own test of
//! `check` reads too.

const LIST: &str = include_str!("../../../../suite/tests/it/files/fifty_and_fifty.txt");

/// Who finds that a check can't fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Check,
    Prove,
    /// It can fail.
    Nobody,
}

pub(super) struct Listed {
    pub(super) who: Who,
    /// It stands behind what was saved, not under the first answer.
    pub(super) is_of_saved: bool,
    pub(super) check: &'static str,
}

pub(super) fn listed() -> Vec<Listed> {
    let lines = LIST
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(read).collect()
}

fn read(line: &'static str) -> Listed {
    let (who, rest) = line.split_once(' ').unwrap();
    let (place, check) = rest.trim_start().split_once(' ').unwrap();
    let who = match who {
        "check" => Who::Check,
        "prove" => Who::Prove,
        other => {
            assert_eq!(other, "good");
            Who::Nobody
        }
    };
    Listed {
        who,
        is_of_saved: place == "saved",
        check: check.trim(),
    }
}
