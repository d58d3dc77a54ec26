//! Names and numbers that tell one thing from another.
//!
//! Each is a type of its own, so that a worker can't stand where a region is meant. Their text
//! form is their only form: what is printed is what is typed.

use std::fmt;
use std::sync::Arc;

/// A name that is text, cheap to clone.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(Arc::from(text.as_ref()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{:?}", &*self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(Arc::from(text))
            }
        }
    };
}

/// A number that only its giver may count up.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(out)
            }
        }
    };
}

name!(
    /// One execution of chosen suites against one environment.
    RunId
);
name!(
    /// A process that executes cases, named by whoever starts it.
    WorkerId
);
name!(
    /// A place where workers run, such as `us-central1`.
    Region
);
name!(
    /// The name of a suite, unique in a plan.
    SuiteName
);
name!(
    /// The id of a test, unique in its suite.
    TestId
);
name!(
    /// `suite::test[row]@region`: the smallest planned thing that gets an outcome.
    CaseId
);
name!(
    /// SHA-256 in lower-case hexadecimal: the name of a blob is the digest of its bytes.
    Digest
);

number!(
    /// The reign of one leader; grows with every takeover.
    Term
);
number!(
    /// One leasing of a shard, and its fencing token; strictly increasing in a run.
    AttemptId
);
/// One process of a worker: the folder that it lives in, and how many processes held that folder up
/// to it. Only one holds it at a time, so of two processes of one folder the earlier is dead; of
/// two of different folders nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Incarnation {
    /// Drawn at random when the folder was made; 0 where nobody drew one.
    pub home: u64,
    /// Grows with each process that holds the folder.
    pub number: u64,
}

impl Incarnation {
    /// That this one lives proves that `earlier` is dead.
    pub fn supersedes(self, earlier: Self) -> bool {
        self.home == earlier.home && self.number > earlier.number
    }
}

impl From<u64> for Incarnation {
    fn from(number: u64) -> Self {
        Self { home: 0, number }
    }
}

number!(
    /// One connection of a worker; a later session of the same worker fences the earlier.
    SessionId
);
