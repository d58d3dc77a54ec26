//! Every test of the suites can fail: each goes red, by a check, under a semantic defect of its own.

use std::collections::BTreeSet;

use anyhow::Result;
use e2e::matrix::{self, Scope};

/// The first defect of each test, tried on that test in one region. `cargo xtask prove` tries every
/// defect on all suites.
#[tokio::test]
async fn every_test_goes_red_by_a_check_under_a_defect_of_its_own() -> Result<()> {
    let mut killed = BTreeSet::new();
    for defect in matrix::defects().await? {
        if !defect.is_for_a_test() || killed.contains(&defect.test) {
            continue;
        }
        let tried = matrix::attempt(&defect, Scope::ItsTest).await?;
        assert_eq!(tried.verdict, "NO-GO", "{tried:?}");
        assert_eq!(tried.problems(), Vec::<String>::new());
        killed.insert(defect.test);
    }
    assert_eq!(
        killed,
        matrix::tests()?,
        "tests without a defect of their own"
    );
    Ok(())
}
