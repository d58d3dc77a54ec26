//! The reference platform's own receipts, set beside what a run's log says was counted.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use e2e::Platform;
use serde_json::Value;

use crate::counted::Counted;

/// What the platform heard of one attempt at a case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Each try of a case has a nonce of its own.
    pub(crate) tries: u64,
    pub(crate) requests: u64,
    /// When the last request came, in Unix milliseconds of the platform's clock.
    pub(crate) last_ms: i64,
}

/// All receipts: of each case, by attempt.
#[derive(Debug, Default)]
pub(crate) struct Receipts(pub(crate) BTreeMap<String, BTreeMap<u64, Heard>>);

impl Receipts {
    /// # Errors
    /// When the platform does not answer, or has forgotten some.
    pub(crate) async fn fetch(platform: &Platform) -> Result<Self> {
        let counts = platform.get("/__ref/receipts").await?;
        ensure!(counts["forgotten"] == 0, "the platform forgot receipts");
        let cases = counts["cases"].as_object().context("cases")?;
        let mut receipts = Self::default();
        for (case, attempts) in cases {
            let heard = receipts.0.entry(case.clone()).or_default();
            for (attempt, counts) in attempts.as_object().context("attempts")? {
                heard.insert(attempt.parse()?, of(counts)?);
            }
        }
        Ok(receipts)
    }

    /// The platform heard each counted attempt once, with as many requests as the whole case sends,
    /// and nothing from an attempt that had no lease on the case, or from one behind the counted.
    ///
    /// # Errors
    /// Names the case of which that is not true.
    pub(crate) fn agree_with(
        &self,
        counted: &Counted,
        n_requests: impl Fn(&str) -> u64,
    ) -> Result<()> {
        for (case, attempts) in &counted.settled {
            let n_requests = n_requests(case);
            let heard = self.0.get(case);
            let heard = heard.with_context(|| format!("{case} is counted and was not heard"))?;
            for attempt in attempts {
                let one = heard.get(attempt).copied().unwrap_or_default();
                ensure!(
                    (one.tries, one.requests) == (1, n_requests),
                    "{case}: attempt {attempt} is counted; the platform heard {heard:?}"
                );
                let behind = heard.keys().find(|other| *other > attempt);
                ensure!(
                    behind.is_none(),
                    "{case}: {attempt} is counted, and {behind:?} was heard too"
                );
            }
            for attempt in heard.keys() {
                let leased = counted.leased.get(attempt);
                ensure!(
                    leased.is_some_and(|cases| cases.contains(case)),
                    "{case}: the platform heard attempt {attempt}, which had no lease on it"
                );
            }
        }
        Ok(())
    }
}

fn of(counts: &Value) -> Result<Heard> {
    Ok(Heard {
        tries: counts["tries"].as_u64().context("tries")?,
        requests: counts["requests"].as_u64().context("requests")?,
        last_ms: counts["last_ms"].as_i64().context("last_ms")?,
    })
}

#[test]
fn a_case_lost_doubled_or_heard_without_a_lease_is_noticed() -> Result<()> {
    let case = || "s::t@any".to_owned();
    let heard = |requests| Heard {
        tries: 1,
        requests,
        last_ms: 0,
    };
    let receipts = |attempts: &[(u64, Heard)]| {
        let attempts = attempts.iter().copied().collect();
        Receipts(BTreeMap::from([(case(), attempts)]))
    };
    let mut counted = Counted::default();
    counted.leased.insert(1, [case()].into());
    counted.leased.insert(2, [case()].into());
    counted.settled.insert(case(), vec![2]);
    counted.are_counted_once(&[case()])?;
    let said = |receipts: Receipts| {
        let agreed = receipts.agree_with(&counted, |_| 3);
        agreed.err().map(|why| why.to_string()).unwrap_or_default()
    };
    assert_eq!(said(receipts(&[(1, heard(2)), (2, heard(3))])), "");
    assert!(said(Receipts::default()).contains("was not heard"));
    assert!(said(receipts(&[(1, heard(3))])).contains("attempt 2 is counted"));
    assert!(said(receipts(&[(2, heard(4))])).contains("attempt 2 is counted"));
    let later = said(receipts(&[(2, heard(3)), (3, heard(1))]));
    assert!(later.contains("was heard too"), "{later}");
    let unleased = said(receipts(&[(0, heard(1)), (2, heard(3))]));
    assert!(unleased.contains("no lease"), "{unleased}");
    let other = "s::u@any".to_owned();
    assert!(counted.are_counted_once(&[case(), other.clone()]).is_err());
    assert!(counted.are_counted_once(&[other]).is_err());
    counted.settled.insert(case(), vec![1, 2]);
    assert!(counted.are_counted_once(&[case()]).is_err());
    Ok(())
}
