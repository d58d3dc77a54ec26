//! The twenty promises by name, as docs/reliability.md words them. The oracle names the one that a
//! seed breaks.

use std::fmt;

macro_rules! invariants {
    ($($name:ident: $sentence:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Invariant { $($name,)* }

        impl Invariant {
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];

            pub(crate) fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

invariants! {
    Conserved: "planned = passed + failed + skipped + unproven + errored + lost + cancelled + open; when the verdict is written, open = 0",
    OneOutcomeEach: "each case of the plan has at most one outcome, at the end exactly one, and no other case has any",
    FirstIsFinal: "an outcome, the end of an attempt and a verdict never change",
    OneHolder: "a case is under at most one open attempt, or one for each of its legs, leased together; attempt numbers rise, and no run holds leases on an environment that another has for itself",
    AckedIsDurable: "what a worker was told is acknowledged, granted or over, and what a client was answered, is in the log that every later leader reads",
    NoPhantom: "every counted result was produced by that attempt, bit for bit, and its record is stored",
    ExactSums: "what the counted results add up to is what the executions behind them add up to",
    TermsRise: "no segment has a lower term than the one before; a leader decides under its own term only, and is deposed only by another's segment",
    NothingAfterTheLease: "the target hears nothing from an attempt that was given up, nor from one that was leased earlier than another that it has heard",
    CapsHold: "no more workers, counted for each run, touch an environment at a time than share its caps, and all its runs divide these alike, into parts that hold a case of each",
    OnlyWhatWasGranted: "the target hears only of cases whose lease is durable, of runs that are admitted and not closed",
    NoFalseGo: "GO and PASSED only when every case passed, and really did",
    NoFailureVanishes: "a failure that is in the log when the verdict is written is counted or makes its test flaky, and GO is not said",
    AllAccountedFor: "every result that was produced is counted, kept, late, or destroyed before its acknowledgement for a reason that is known",
    Bounded: "segments, reasons, spools, active runs and what is under way keep to their limits",
    EndsInTime: "after faults heal every run ends within its deadline and the time to drain, no case waits while a worker that could take it idles, none waits for a lower tier, and no run is passed over again and again by one that does not come before it",
    PureFold: "folding the bytes again gives the same state, at every takeover and at the end, and the second routine agrees",
    RecordsStayInBlobs: "recorded bytes are in no ledger and in no message to a worker",
    ChainIntact: "each segment names its predecessor's digest, its number and its place; none is missing, replaced or written twice",
    SameSeedSameHistory: "the same seed gives the same history",
}

impl Invariant {
    /// From 1, as the failure model counts them.
    pub(crate) fn number(self) -> usize {
        self as usize + 1
    }

    pub(crate) fn broken(self, what: impl Into<String>) -> Broken {
        Broken {
            invariant: self,
            what: what.into(),
        }
    }
}

/// Which promise was broken, and how, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) invariant: Invariant,
    pub(crate) what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{:?} ({}): {}",
            self.invariant,
            self.invariant.number(),
            self.what
        )
    }
}
