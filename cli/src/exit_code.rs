//! The only exit numbers of the program, and what each means.
//!
//! The first that fits is used. They are an interface: CI jobs branch on them, so a number never
//! changes its meaning. The table for people is docs/errors.md.

use domain::VerdictWord;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// GO, PASSED, or the command did what it was asked; of `run --detach`: submitted, no verdict.
    Success,
    /// Something that should not happen: a disk that is full, a mistake of ours.
    Unexpected,
    /// The command line can't be understood.
    Usage,
    /// The plan is empty, or nobody could be started or reached to execute it.
    NothingRan,
    /// A file or a configuration is invalid.
    Invalid,
    /// Another coordinator leads: nothing is wrong, and this one may be started again.
    Superseded,
    /// Something failed, or NO-GO.
    Failed,
    /// Ended by Ctrl-C or a cancel.
    Aborted,
    /// INCONCLUSIVE or INCOMPLETE: nothing failed, and not everything is proven.
    NotProven,
    /// A log is damaged, or does not say what its report says.
    Damaged,
}

impl ExitCode {
    /// The number the shell sees. 99 is kept for runs in which thresholds alone were crossed.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Unexpected => 1,
            Self::Usage => 2,
            Self::NothingRan => 4,
            // What `sysexits.h` calls a temporary failure.
            Self::Superseded => 75,
            Self::Failed => 100,
            Self::Invalid => 104,
            Self::Aborted => 105,
            Self::NotProven => 106,
            Self::Damaged => 107,
        }
    }

    /// A failure counts before an abort: what failed has failed, whoever stopped the rest.
    pub(crate) fn of_verdict(word: VerdictWord, was_aborted: bool) -> Self {
        match word {
            VerdictWord::NoGo | VerdictWord::Failed => Self::Failed,
            _ if was_aborted => Self::Aborted,
            VerdictWord::Go | VerdictWord::Passed => Self::Success,
            VerdictWord::Inconclusive | VerdictWord::Incomplete => Self::NotProven,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_has_its_number() {
        let number = |word| ExitCode::of_verdict(word, false).number();
        assert_eq!(number(VerdictWord::Go), 0);
        assert_eq!(number(VerdictWord::Passed), 0);
        assert_eq!(number(VerdictWord::NoGo), 100);
        assert_eq!(number(VerdictWord::Failed), 100);
        assert_eq!(number(VerdictWord::Inconclusive), 106);
        assert_eq!(number(VerdictWord::Incomplete), 106);
    }

    #[test]
    fn an_aborted_run_is_never_a_success_and_still_a_failure() {
        let number = |word| ExitCode::of_verdict(word, true).number();
        assert_eq!(number(VerdictWord::Incomplete), 105);
        assert_eq!(number(VerdictWord::Inconclusive), 105);
        assert_eq!(number(VerdictWord::NoGo), 100);
    }
}
