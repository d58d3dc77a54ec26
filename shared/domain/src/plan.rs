//! The plan of a run: the frozen set of cases, and all that the verdict will need to know.
//!
//! A plan is made once, hashed, and never changes. It holds no secrets and no file contents: the
//! suites themselves travel in the bundle that `Plan::bundle` names.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::gate::Gate;
use crate::ids::{CaseId, Digest, Region, RunId, SuiteName, TestId};

/// Priority of a suite, from P1 (critical) to P6 (low), and the core staging suites.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    P1,
    Core,
    P2,
    P3,
    P4,
    P5,
    P6,
}

impl Tier {
    pub const ALL: [Self; 7] = [
        Self::P1,
        Self::Core,
        Self::P2,
        Self::P3,
        Self::P4,
        Self::P5,
        Self::P6,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::P1 => "P1",
            Self::Core => "core",
            Self::P2 => "P2",
            Self::P3 => "P3",
            Self::P4 => "P4",
            Self::P5 => "P5",
            Self::P6 => "P6",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.word())
    }
}

/// The text was none of P1 … P6 and core.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a priority; write P1, P2, P3, P4, P5, P6 or core")]
pub struct UnknownTier(pub String);

impl FromStr for Tier {
    type Err = UnknownTier;

    fn from_str(text: &str) -> Result<Self, UnknownTier> {
        Self::ALL
            .into_iter()
            .find(|tier| tier.word().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownTier(text.to_owned()))
    }
}

/// Where a case is planned; conservation counts by this, not by where it ran.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlannedRegion {
    Any,
    Named(Region),
    /// One region for each role of the test, in the order written.
    Roles(Vec<(String, Region)>),
}

impl fmt::Display for PlannedRegion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => out.write_str("any"),
            Self::Named(region) => region.fmt(out),
            Self::Roles(roles) => {
                let names: Vec<_> = roles.iter().map(|(_, region)| region.as_str()).collect();
                out.write_str(&names.join("+"))
            }
        }
    }
}

/// A case's part in one region; a plain case has one leg. All legs are granted together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    pub role: Option<String>,
    /// `None`: any region of the run.
    pub region: Option<Region>,
}

/// What happens to a case whose worker went away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnWorkerLoss {
    #[default]
    Rerun,
    Lost,
}

/// A case that is planned and known not to be executed; the reason is one of design's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeclaredSkip {
    /// In the lock, but not selected; gated runs only.
    NotSelected,
    Quarantined,
}

impl DeclaredSkip {
    pub fn word(self) -> &'static str {
        match self {
            Self::NotSelected => "not_selected",
            Self::Quarantined => "quarantined",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedCase {
    pub id: CaseId,
    pub suite: SuiteName,
    pub test: TestId,
    pub title: String,
    /// Heading in reports, as the suite gives it.
    pub group: Option<String>,
    pub tier: Tier,
    pub region: PlannedRegion,
    pub row: Option<String>,
    pub legs: Vec<Leg>,
    pub timeout: Duration,
    pub exclusive: bool,
    pub on_worker_loss: OnWorkerLoss,
    pub declared_skip: Option<DeclaredSkip>,
    /// Tries after the first that the test allows (gated runs: for errored only).
    pub retries: u32,
    /// Where the test is written, for the reader of a failure: path as given, line from 1.
    pub file: String,
    pub line: u32,
}

impl PlannedCase {
    /// It has several legs, which are leased together or not at all.
    pub fn is_gang(&self) -> bool {
        self.legs.len() > 1
    }

    /// `suite::test[row]@region`.
    pub fn make_id(
        suite: &SuiteName,
        test: &TestId,
        row: Option<&str>,
        region: &PlannedRegion,
    ) -> CaseId {
        let row = row.map(|row| format!("[{row}]")).unwrap_or_default();
        CaseId::from(format!("{suite}::{test}{row}@{region}"))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedSuite {
    pub name: SuiteName,
    pub tier: Tier,
    /// The capability the suite stands for, as `value.yaml` names it.
    pub value: Option<String>,
    pub owner: Option<String>,
    pub file: String,
}

/// One line of `value.yaml`: revenue, and what must be proven before it counts as verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueLine {
    /// A tier (`P1`) or a named capability.
    pub name: String,
    /// Monthly recurring revenue in whole units of `Plan::currency`.
    pub mrr: u64,
    pub needs: Needs,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Needs {
    /// At least this many tests must stand behind the line.
    Tests(u32),
    /// Exactly these tests, by id.
    Named(Vec<TestId>),
}

/// The environment's limits over the whole fleet, whose workers share them in equal parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Requests per second.
    pub rps: Option<u32>,
    /// Users at one time.
    pub users: Option<u32>,
    /// The most users that any test needs at one time; a part with fewer could not run it.
    pub users_at_once: u32,
}

impl Caps {
    /// Workers that may share them at most: each part holds a request a second and the users of
    /// any test. At least one, which has them all.
    pub fn most_sharers(&self) -> u32 {
        let by_users = self.users.map(|users| users / self.users_at_once.max(1));
        let most = self.rps.into_iter().chain(by_users).min();
        most.unwrap_or(u32::MAX).max(1)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub run: RunId,
    /// Unix time in milliseconds.
    pub created_at_ms: u64,
    pub environment: String,
    /// Path of the environment's file, as given: logins and refreshes are written there.
    pub environment_file: String,
    /// `None`: the environment has no caps.
    pub caps: Option<Caps>,
    pub regions: Vec<Region>,
    pub suites: Vec<PlannedSuite>,
    pub cases: Vec<PlannedCase>,
    pub gate: Option<Gate>,
    /// What `muster.lock` and the suites disagree on, one sentence each; empty when there is no
    /// gate. Anything here makes the verdict INCONCLUSIVE.
    pub lock_problems: Vec<String>,
    pub value: Vec<ValueLine>,
    /// Of `value`: three letters (ISO 4217), as `USD`; empty when there is none.
    pub currency: String,
    /// Elapsed time after which the run ends whatever happens.
    pub deadline: Duration,
    /// `-x` is 1; `None` never stops early.
    pub max_fail: Option<u32>,
    /// The run that this one completes (`--complete`): its proven outcomes were taken over.
    pub completes: Option<RunId>,
    /// Outcomes taken over from `completes`, so that the joint report counts every case.
    pub carried: Vec<crate::record::CaseResult>,
    /// The blob with suites, environment and variables that workers execute from.
    pub bundle: Digest,
    /// Version of the grid that made the plan.
    pub made_by: String,
}
