//! All defects and all checks together: who is killed by what, and what is missing. Pure.

use std::collections::BTreeSet;

use super::inventory::Test;
use super::{Check, Inventory, Tried};

/// The whole matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    pub inventory: Inventory,
    /// In the platform's order.
    pub tried: Vec<Tried>,
}

impl Proof {
    /// The defects that are for this test and turned it red.
    pub fn killers(&self, test: &str) -> Vec<&Tried> {
        let killers = self.tried.iter();
        killers
            .filter(|tried| tried.defect.test == test && tried.own().is_some())
            .collect()
    }

    /// Tests that a defect of their own turned red.
    pub fn killed(&self) -> usize {
        let tests = self.inventory.tests.iter();
        tests
            .filter(|test| !self.killers(&test.id).is_empty())
            .count()
    }

    /// Checks that no defect turned false, in any test, with the tests that evaluate them.
    pub fn unproven(&self) -> Vec<(&Check, Vec<&str>)> {
        let red = self.tried.iter().flat_map(|tried| &tried.red);
        let fired: BTreeSet<&Check> = red.flat_map(|red| &red.fired).collect();
        let checks = self.inventory.checks().into_iter();
        checks.filter(|(check, _)| !fired.contains(check)).collect()
    }

    /// Why this proves too little, one sentence each; empty when it proves what it should.
    pub fn problems(&self) -> Vec<String> {
        let tests = &self.inventory.tests;
        let alive = |test: &&Test| self.killers(&test.id).is_empty();
        let alive = tests.iter().filter(alive);
        let alive = alive.map(|test| format!("no defect of its own turns {} red", test.id));
        let is_missing = |tried: &&Tried| {
            tried.defect.is_for_a_test() && !tests.iter().any(|test| test.id == tried.defect.test)
        };
        let missing = self.tried.iter().filter(is_missing).map(|tried| {
            let (name, test) = (&tried.defect.name, &tried.defect.test);
            format!("{name} is for {test}, which the suites don't have")
        });
        let unknown = tests.iter().flat_map(|test| &test.unknown);
        let unknown = unknown.map(|why| format!("`muster prove` does not know all of {why}"));
        let tried = self.tried.iter().flat_map(Tried::problems);
        tried.chain(alive).chain(missing).chain(unknown).collect()
    }
}
