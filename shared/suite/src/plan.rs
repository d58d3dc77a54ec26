//! Checked suites → planned cases: rows × regions, filtered, with the skips that are known already.

pub mod filter;

use std::sync::Arc;

use domain::Region;
use domain::plan::{Caps, DeclaredSkip, Leg, PlannedCase, PlannedRegion, PlannedSuite};

pub use filter::{BadFilter, Filter};

use crate::environment::Environment;
use crate::model::{Placement, Suite, Test};

/// The cases that the filter selects, in the order of files and tests; quarantine always holds.
pub fn cases(suites: &[Arc<Suite>], regions: &[Region], filter: &Filter) -> Vec<PlannedCase> {
    cases_on(suites, regions, filter, "")
}

/// As [`cases`], on a day written as `2026-12-31`: a quarantine that ended before is over.
pub fn cases_on(
    suites: &[Arc<Suite>],
    regions: &[Region],
    filter: &Filter,
    today: &str,
) -> Vec<PlannedCase> {
    let tests = suites
        .iter()
        .flat_map(|suite| suite.tests.iter().map(move |test| (suite, test)));
    tests
        .filter(|(suite, test)| filter.selects(suite, test))
        .flat_map(|(suite, test)| cases_of(suite, test, regions, today))
        .collect()
}

/// The environment's caps, with what the tests need of them.
pub fn caps(environment: &Environment, suites: &[Arc<Suite>]) -> Option<Caps> {
    let crate::environment::Caps { rps, users } = environment.caps;
    let tests = suites.iter().flat_map(|suite| &suite.tests);
    let needed = tests.map(|test| {
        let declared = test.users.iter().map(|user| user.count.unwrap_or(1));
        declared.fold(0, u32::saturating_add)
    });
    let users_at_once = needed.max().unwrap_or_default().max(1);
    (rps.is_some() || users.is_some()).then_some(Caps {
        rps,
        users,
        users_at_once,
    })
}

/// All cases, for a gated run, wherever the environment has regions or a test names one: those
/// that the filter or the run's own regions leave out are declared as not selected.
pub fn gated_cases(
    suites: &[Arc<Suite>],
    regions: &[Region],
    of_environment: &[Region],
    filter: &Filter,
    today: &str,
) -> Vec<PlannedCase> {
    let tests = suites
        .iter()
        .flat_map(|suite| suite.tests.iter().map(move |test| (suite, test)));
    tests
        .flat_map(|(suite, test)| {
            let is_selected = filter.selects(suite, test);
            let everywhere = everywhere(&test.regions, regions, of_environment);
            let mut cases = cases_of(suite, test, &everywhere, today);
            let is_left_out = |case: &PlannedCase| !is_selected || !is_within(case, regions);
            for case in cases.iter_mut().filter(|case| is_left_out(case)) {
                case.declared_skip = Some(DeclaredSkip::NotSelected);
            }
            cases
        })
        .collect()
}

/// The run's regions, then the environment's, then those that the test names; each once.
fn everywhere(placement: &Placement, regions: &[Region], of_environment: &[Region]) -> Vec<Region> {
    let named: Vec<&str> = match placement {
        Placement::Any | Placement::All => Vec::new(),
        Placement::Named(names) => names.iter().map(String::as_str).collect(),
        Placement::Roles(roles) => roles.iter().map(|(_, region)| region.as_str()).collect(),
    };
    let mut all: Vec<Region> = Vec::new();
    let named = named.into_iter().map(Region::new);
    for region in regions.iter().chain(of_environment).cloned().chain(named) {
        if !all.contains(&region) {
            all.push(region);
        }
    }
    all
}

/// Whether a run in these regions can execute the case.
fn is_within(case: &PlannedCase, regions: &[Region]) -> bool {
    match &case.region {
        PlannedRegion::Any => true,
        PlannedRegion::Named(region) => regions.contains(region),
        PlannedRegion::Roles(roles) => roles.iter().all(|(_, region)| regions.contains(region)),
    }
}

/// The suites as a plan keeps them.
pub fn suites(suites: &[Arc<Suite>]) -> Vec<PlannedSuite> {
    let planned = suites.iter().map(|suite| PlannedSuite {
        name: suite.name.clone(),
        tier: suite.tier,
        value: suite.value.clone(),
        owner: suite.owner.clone(),
        file: suite.file.clone(),
    });
    planned.collect()
}

fn cases_of(suite: &Suite, test: &Test, regions: &[Region], today: &str) -> Vec<PlannedCase> {
    let rows: Vec<Option<&str>> = match &test.rows[..] {
        [] => vec![None],
        rows => rows.iter().map(|(name, _)| Some(name.as_str())).collect(),
    };
    let places = places(&test.regions, regions);
    let pairs = places
        .iter()
        .flat_map(|place| rows.iter().map(move |row| (place, *row)));
    pairs
        .map(|(place, row)| case(suite, test, place, row, today))
        .collect()
}

/// Named regions that the run does not have give no case there.
fn places(placement: &Placement, regions: &[Region]) -> Vec<PlannedRegion> {
    match placement {
        Placement::Any => vec![PlannedRegion::Any],
        Placement::All => regions.iter().cloned().map(PlannedRegion::Named).collect(),
        Placement::Named(names) => regions
            .iter()
            .filter(|region| names.iter().any(|name| name == region.as_str()))
            .cloned()
            .map(PlannedRegion::Named)
            .collect(),
        Placement::Roles(roles) => {
            let has = |name: &str| regions.iter().any(|region| region.as_str() == name);
            if !roles.iter().all(|(_, region)| has(region)) {
                return Vec::new();
            }
            let roles = roles
                .iter()
                .map(|(role, region)| (role.clone(), Region::new(region)));
            vec![PlannedRegion::Roles(roles.collect())]
        }
    }
}

fn legs(place: &PlannedRegion) -> Vec<Leg> {
    match place {
        PlannedRegion::Any => vec![Leg {
            role: None,
            region: None,
        }],
        PlannedRegion::Named(region) => vec![Leg {
            role: None,
            region: Some(region.clone()),
        }],
        PlannedRegion::Roles(roles) => {
            let leg = |(role, region): &(String, Region)| Leg {
                role: Some(role.clone()),
                region: Some(region.clone()),
            };
            roles.iter().map(leg).collect()
        }
    }
}

fn case(
    suite: &Suite,
    test: &Test,
    place: &PlannedRegion,
    row: Option<&str>,
    today: &str,
) -> PlannedCase {
    // ISO dates compare as text.
    let is_quarantined = test
        .quarantine
        .as_ref()
        .is_some_and(|quarantine| *quarantine.until >= *today);
    PlannedCase {
        id: PlannedCase::make_id(&suite.name, &test.id, row, place),
        suite: suite.name.clone(),
        test: test.id.clone(),
        title: test.title.clone(),
        group: test.group.clone(),
        tier: suite.tier,
        region: place.clone(),
        row: row.map(str::to_owned),
        legs: legs(place),
        timeout: test.timeout,
        exclusive: test.exclusive,
        on_worker_loss: test.on_worker_loss,
        declared_skip: is_quarantined.then_some(DeclaredSkip::Quarantined),
        retries: test.retries,
        file: suite.file.clone(),
        line: test.line,
    }
}
