//! The plan of a run; its digest is that of the bytes `encode` gives.

use std::time::Duration;

use domain::plan::{
    Caps, DeclaredSkip, Leg, Needs, OnWorkerLoss, Plan, PlannedCase, PlannedRegion, PlannedSuite,
    ValueLine,
};
use prost::Message;
use proto::v1;

use crate::bad_message::{BadMessage, decode_all, name, names, nanos, read, required, texts};
use crate::{digest, gate, outcome, result};

pub fn encode(plan: &Plan) -> Vec<u8> {
    v1::Plan {
        run: plan.run.to_string(),
        created_at_ms: plan.created_at_ms,
        environment: plan.environment.clone(),
        regions: texts(&plan.regions),
        suites: plan.suites.iter().map(encode_suite).collect(),
        cases: plan.cases.iter().map(encode_case).collect(),
        gate: plan.gate.as_ref().map(gate::encode),
        lock_problems: plan.lock_problems.clone(),
        value: plan.value.iter().map(encode_value).collect(),
        deadline_ns: nanos(plan.deadline),
        max_fail: plan.max_fail,
        completes: plan.completes.as_ref().map(ToString::to_string),
        carried: plan.carried.iter().map(result::encode).collect(),
        bundle: Some(digest::encode(&plan.bundle)),
        made_by: plan.made_by.clone(),
        currency: plan.currency.clone(),
        environment_file: plan.environment_file.clone(),
        caps: plan.caps.map(encode_caps),
    }
    .encode_to_vec()
}

pub fn decode(bytes: &[u8]) -> Result<Plan, BadMessage> {
    let message: v1::Plan = read("the plan", bytes)?;
    Ok(Plan {
        run: name("plan.run", message.run)?,
        created_at_ms: message.created_at_ms,
        environment: message.environment,
        regions: names(message.regions),
        suites: decode_all(message.suites, decode_suite)?,
        cases: decode_all(message.cases, decode_case)?,
        gate: message.gate.map(gate::decode).transpose()?,
        lock_problems: message.lock_problems,
        value: decode_all(message.value, decode_value)?,
        deadline: Duration::from_nanos(message.deadline_ns),
        max_fail: message.max_fail,
        completes: message.completes.map(Into::into),
        carried: decode_all(message.carried, result::decode)?,
        bundle: digest::decode("plan.bundle", message.bundle)?,
        made_by: message.made_by,
        currency: message.currency,
        environment_file: message.environment_file,
        caps: message.caps.map(decode_caps),
    })
}

pub(crate) fn encode_caps(caps: Caps) -> v1::Caps {
    v1::Caps {
        rps: caps.rps,
        users: caps.users,
        users_at_once: caps.users_at_once,
    }
}

pub(crate) fn decode_caps(caps: v1::Caps) -> Caps {
    Caps {
        rps: caps.rps,
        users: caps.users,
        users_at_once: caps.users_at_once,
    }
}

fn encode_suite(suite: &PlannedSuite) -> v1::PlannedSuite {
    v1::PlannedSuite {
        name: suite.name.to_string(),
        tier: outcome::encode_tier(suite.tier),
        value: suite.value.clone(),
        owner: suite.owner.clone(),
        file: suite.file.clone(),
    }
}

fn decode_suite(message: v1::PlannedSuite) -> Result<PlannedSuite, BadMessage> {
    Ok(PlannedSuite {
        name: name("suite.name", message.name)?,
        tier: outcome::decode_tier("suite.tier", message.tier)?,
        value: message.value,
        owner: message.owner,
        file: message.file,
    })
}

fn encode_case(case: &PlannedCase) -> v1::PlannedCase {
    v1::PlannedCase {
        id: case.id.to_string(),
        suite: case.suite.to_string(),
        test: case.test.to_string(),
        title: case.title.clone(),
        tier: outcome::encode_tier(case.tier),
        region: Some(encode_region(&case.region)),
        row: case.row.clone(),
        legs: case.legs.iter().map(encode_leg).collect(),
        timeout_ns: nanos(case.timeout),
        exclusive: case.exclusive,
        on_worker_loss: match case.on_worker_loss {
            OnWorkerLoss::Rerun => v1::OnWorkerLoss::Rerun.into(),
            OnWorkerLoss::Lost => v1::OnWorkerLoss::Lost.into(),
        },
        declared_skip: case.declared_skip.map(|skip| match skip {
            DeclaredSkip::NotSelected => v1::DeclaredSkip::NotSelected.into(),
            DeclaredSkip::Quarantined => v1::DeclaredSkip::Quarantined.into(),
        }),
        retries: case.retries,
        file: case.file.clone(),
        line: case.line,
        group: case.group.clone(),
    }
}

fn decode_case(message: v1::PlannedCase) -> Result<PlannedCase, BadMessage> {
    Ok(PlannedCase {
        id: name("case.id", message.id)?,
        suite: name("case.suite", message.suite)?,
        test: name("case.test", message.test)?,
        title: message.title,
        tier: outcome::decode_tier("case.tier", message.tier)?,
        region: decode_region(message.region)?,
        row: message.row,
        legs: message.legs.into_iter().map(decode_leg).collect(),
        timeout: Duration::from_nanos(message.timeout_ns),
        exclusive: message.exclusive,
        on_worker_loss: decode_on_loss(message.on_worker_loss)?,
        declared_skip: message.declared_skip.map(decode_skip).transpose()?,
        retries: message.retries,
        file: message.file,
        line: message.line,
        group: message.group,
    })
}

fn decode_on_loss(number: i32) -> Result<OnWorkerLoss, BadMessage> {
    match v1::OnWorkerLoss::try_from(number) {
        Ok(v1::OnWorkerLoss::Rerun) => Ok(OnWorkerLoss::Rerun),
        Ok(v1::OnWorkerLoss::Lost) => Ok(OnWorkerLoss::Lost),
        Err(_) => Err(BadMessage::invalid("case.on_worker_loss", number)),
    }
}

fn decode_skip(number: i32) -> Result<DeclaredSkip, BadMessage> {
    match v1::DeclaredSkip::try_from(number) {
        Ok(v1::DeclaredSkip::NotSelected) => Ok(DeclaredSkip::NotSelected),
        Ok(v1::DeclaredSkip::Quarantined) => Ok(DeclaredSkip::Quarantined),
        _ => Err(BadMessage::invalid("case.declared_skip", number)),
    }
}

fn encode_region(region: &PlannedRegion) -> v1::PlannedRegion {
    use v1::planned_region::Place;
    let place = match region {
        PlannedRegion::Any => Place::Any(v1::Nothing {}),
        PlannedRegion::Named(region) => Place::Named(region.to_string()),
        PlannedRegion::Roles(roles) => {
            let role = |(role, region): &(String, domain::Region)| v1::Role {
                role: role.clone(),
                region: region.to_string(),
            };
            Place::Roles(v1::Roles {
                roles: roles.iter().map(role).collect(),
            })
        }
    };
    v1::PlannedRegion { place: Some(place) }
}

fn decode_region(message: Option<v1::PlannedRegion>) -> Result<PlannedRegion, BadMessage> {
    use v1::planned_region::Place;
    let message = required("case.region", message)?;
    Ok(match required("case.region", message.place)? {
        Place::Any(_) => PlannedRegion::Any,
        Place::Named(region) => PlannedRegion::Named(region.into()),
        Place::Roles(message) => {
            let roles = message.roles.into_iter();
            PlannedRegion::Roles(roles.map(|role| (role.role, role.region.into())).collect())
        }
    })
}

fn encode_leg(leg: &Leg) -> v1::Leg {
    v1::Leg {
        role: leg.role.clone(),
        region: leg.region.as_ref().map(ToString::to_string),
    }
}

fn decode_leg(message: v1::Leg) -> Leg {
    Leg {
        role: message.role,
        region: message.region.map(Into::into),
    }
}

fn encode_value(line: &ValueLine) -> v1::ValueLine {
    use v1::value_line::Needs as Message;
    let needs = match &line.needs {
        Needs::Tests(tests) => Message::Tests(*tests),
        Needs::Named(tests) => Message::Named(v1::NamedTests {
            tests: texts(tests),
        }),
    };
    v1::ValueLine {
        name: line.name.clone(),
        mrr: line.mrr,
        needs: Some(needs),
    }
}

fn decode_value(message: v1::ValueLine) -> Result<ValueLine, BadMessage> {
    use v1::value_line::Needs as Message;
    Ok(ValueLine {
        name: message.name,
        mrr: message.mrr,
        needs: match required("value.needs", message.needs)? {
            Message::Tests(tests) => Needs::Tests(tests),
            Message::Named(named) => Needs::Named(names(named.tests)),
        },
    })
}
