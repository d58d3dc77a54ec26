//! Three runs: all green, one of everything, and everything that troubles a run.

use domain::event::{RunEvent, StopCause};
use domain::ids::{AttemptId, Region, TestId, WorkerId};
use domain::outcome::Outcome;
use domain::plan::{DeclaredSkip, Needs, Plan, Tier, ValueLine};
use domain::record::{CaseProof, CheckProof};

use crate::records;
use crate::synthetic::{REGIONS, Synthetic, cases, plan, release, suite};

/// Everything passes, by a gate, in one tier of two.
pub(crate) fn all_green() -> Synthetic {
    let planned = [
        cases("p1", Tier::P1, "test_002", Some("none"), 12),
        cases("p1", Tier::P1, "test_002", Some("forged"), 12),
        cases("p1", Tier::P1, "test_003", None, 40),
    ];
    let mut plan = plan(
        Some(release()),
        vec![suite("p1", Tier::P1)],
        planned.concat(),
    );
    plan.currency = "USD".to_owned();
    plan.value = vec![ValueLine {
        name: "P1".to_owned(),
        mrr: 120_000,
        needs: Needs::Tests(25),
    }];
    let mut synthetic = Synthetic::new(plan);
    for (attempt, (worker, region)) in [(1, ("eu-1", REGIONS[0])), (2, ("us-1", REGIONS[1]))] {
        let ids = ["p1::test_002[none]", "p1::test_002[forged]", "p1::test_003"]
            .map(|id| format!("{id}@{region}"));
        synthetic.lease(attempt, worker, region, &ids.each_ref().map(String::as_str));
        for id in &ids {
            synthetic.settle(
                attempt,
                id,
                Outcome::Passed,
                "",
                records::passed(f64::from(u32::try_from(attempt).unwrap())),
            );
        }
        synthetic.finish(attempt);
    }
    synthetic.end();
    synthetic
}

/// As `all_green`, under a gate that asks for more checks that can fail than there are.
pub(crate) fn too_few_can_fail() -> Synthetic {
    let mut plan = plan(
        Some(release()),
        vec![suite("p1", Tier::P1)],
        cases("p1", Tier::P1, "test_003", None, 40),
    );
    if let Some(gate) = &mut plan.gate {
        gate.proven_checks = Some(95);
    }
    let mut synthetic = Synthetic::new(plan);
    for (attempt, (worker, region)) in [(1, ("eu-1", REGIONS[0])), (2, ("us-1", REGIONS[1]))] {
        let id = format!("p1::test_003@{region}");
        synthetic.lease(attempt, worker, region, &[&id]);
        let mut result = synthetic.result(attempt, &id, Outcome::Passed, "", records::passed(1.0));
        let check = |line, expression: &str, can_fail| CheckProof {
            line,
            expression: expression.to_owned(),
            can_fail,
        };
        result.proof = (attempt == 1).then(|| CaseProof::Known {
            checks: vec![
                check(41, "status: 200", true),
                check(42, "true || body.ok", false),
            ],
            is_complete: true,
        });
        let seq = synthetic.next_seq(attempt);
        synthetic.apply(RunEvent::CaseSettled {
            attempt: AttemptId(attempt),
            seq,
            result,
        });
        synthetic.finish(attempt);
    }
    synthetic.end();
    synthetic
}

/// One of everything that can happen to a case, and a worker that went away.
pub(crate) fn one_of_each() -> Synthetic {
    let mut synthetic = Synthetic::new(plan_of_each());
    happen_in_europe(&mut synthetic);
    happen_on_a_lost_worker(&mut synthetic);
    let us = |test: &str| format!("{test}@{}", REGIONS[1]);
    synthetic.lease(3, "us-1", REGIONS[1], &[&us(LIMIT)]);
    synthetic.settle(3, &us(LIMIT), Outcome::Passed, "", records::passed(4.0));
    synthetic.finish(3);
    synthetic.close(&us(FLAKY), Outcome::Lost, "worker_lost: no budget left");
    synthetic.close(&us(BARE), Outcome::Cancelled, "deadline");
    synthetic.close(&us(BROKEN), Outcome::Errored, "no_capacity: us-central1");
    for region in REGIONS {
        synthetic.close(
            &format!("p2::test_033@{region}"),
            Outcome::Skipped,
            "quarantined",
        );
    }
    synthetic.end();
    synthetic
}

const ISOLATION: &str = "p1::test_016";
const LIMIT: &str = "p1::test_018";
const FLAKY: &str = "p1::test_020";
const BARE: &str = "p2::test_031";
const BROKEN: &str = "p2::test_032";
const FALSE: &str = "check_failed: status == 403 (line 31)";

fn happen_in_europe(synthetic: &mut Synthetic) {
    let ids = [ISOLATION, LIMIT, FLAKY, BARE, BROKEN].map(|test| format!("{test}@{}", REGIONS[0]));
    synthetic.lease(1, "eu-1", REGIONS[0], &ids.each_ref().map(String::as_str));
    let bare = "no_check: nothing that was received is checked";
    synthetic.settle(1, &ids[0], Outcome::Failed, FALSE, records::check_failed());
    synthetic.settle(1, &ids[1], Outcome::Passed, "", records::passed(3.0));
    synthetic.settle(1, &ids[2], Outcome::Passed, "", records::flaky());
    synthetic.settle(1, &ids[3], Outcome::Unproven, bare, records::bare());
    let broken = "setup_failed: login answered 500";
    synthetic.settle(
        1,
        &ids[4],
        Outcome::Errored,
        broken,
        records::login_failed(),
    );
    synthetic.finish(1);
}

/// One result counts, one comes after the lease was lost, one never comes.
fn happen_on_a_lost_worker(synthetic: &mut Synthetic) {
    let ids = [ISOLATION, LIMIT, FLAKY].map(|test| format!("{test}@{}", REGIONS[1]));
    synthetic.lease(2, "us-2", REGIONS[1], &ids.each_ref().map(String::as_str));
    synthetic.settle(2, &ids[0], Outcome::Failed, FALSE, records::check_failed());
    synthetic.apply(RunEvent::AttemptLost {
        attempt: AttemptId(2),
        why: "lease expired: nothing heard for 16.7 s".to_owned(),
        blames: true,
    });
    synthetic.apply(RunEvent::WorkerLeft {
        worker: WorkerId::from("us-2"),
        why: "connection lost".to_owned(),
    });
    let result = synthetic.result(2, &ids[1], Outcome::Failed, FALSE, records::check_failed());
    let seq = synthetic.next_seq(2);
    synthetic.apply(RunEvent::ResultKept {
        attempt: AttemptId(2),
        seq,
        result,
        why: "the attempt was lost before".to_owned(),
    });
}

fn plan_of_each() -> Plan {
    let mut quarantined = cases("p2", Tier::P2, "test_033", None, 80);
    for case in &mut quarantined {
        case.declared_skip = Some(DeclaredSkip::Quarantined);
    }
    let planned = [
        cases("p1", Tier::P1, "test_016", None, 20),
        cases("p1", Tier::P1, "test_018", None, 50),
        cases("p1", Tier::P1, "test_020", None, 70),
        cases("p2", Tier::P2, "test_031", None, 10),
        cases("p2", Tier::P2, "test_032", None, 30),
        quarantined,
    ];
    let mut plan = plan(
        Some(release()),
        vec![suite("p1", Tier::P1), suite("p2", Tier::P2)],
        planned.concat(),
    );
    plan.currency = "USD".to_owned();
    for case in plan.cases.iter_mut().filter(|case| case.tier == Tier::P1) {
        case.group = Some("Messaging".to_owned());
    }
    plan.value = vec![
        ValueLine {
            name: "P1".to_owned(),
            mrr: 120_000,
            needs: Needs::Tests(3),
        },
        ValueLine {
            name: "limits".to_owned(),
            mrr: 9_500,
            needs: Needs::Named(vec![TestId::from("test_018")]),
        },
        ValueLine {
            name: "P2".to_owned(),
            mrr: 80_000,
            needs: Needs::Tests(20),
        },
    ];
    plan
}

/// Stopped, polluted and late: what the other two runs do not have.
pub(crate) fn troubled() -> Synthetic {
    let mut plan = plan(
        Some(release()),
        vec![suite("p1", Tier::P1)],
        cases("p1", Tier::P1, "test_016", None, 20),
    );
    plan.lock_problems = vec!["p1::test_016 has 2 checks, and the lock says 3".to_owned()];
    let mut synthetic = Synthetic::new(plan);
    let ids = REGIONS.map(|region| format!("p1::test_016@{region}"));
    synthetic.lease(1, "eu-1", REGIONS[0], &[&ids[0]]);
    synthetic.settle(
        1,
        &ids[0],
        Outcome::Failed,
        "check_failed",
        records::check_failed(),
    );
    let result = synthetic.result(1, &ids[0], Outcome::Passed, "", records::passed(1.0));
    let seq = synthetic.next_seq(1);
    synthetic.apply(RunEvent::ResultRejected {
        attempt: AttemptId(1),
        seq,
        result,
        why: "the first one said failed".to_owned(),
    });
    synthetic.apply(RunEvent::EnvironmentChanged {
        region: Region::from(REGIONS[0]),
        from: "f".repeat(64),
        to: "e".repeat(64),
    });
    synthetic.apply(RunEvent::GateClosed {
        tier: Tier::P1,
        why: "1 failed, 0 allowed".to_owned(),
    });
    synthetic.apply(RunEvent::StopRequested {
        cause: StopCause::MaxFail,
        why: "1 case failed".to_owned(),
    });
    synthetic.lease(2, "us-1", REGIONS[1], &[&ids[1]]);
    synthetic.apply(RunEvent::Draining {
        why: "max_fail".to_owned(),
    });
    synthetic.close(&ids[1], Outcome::Cancelled, "max_fail");
    synthetic.end();
    let result = synthetic.result(2, &ids[1], Outcome::Passed, "", records::passed(1.0));
    let seq = synthetic.next_seq(2);
    synthetic.apply(RunEvent::ResultLate {
        attempt: AttemptId(2),
        seq,
        result,
    });
    synthetic
}
