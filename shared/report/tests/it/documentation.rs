//! The documentation of report.json is true: schema, page and file name the same fields.

use std::collections::BTreeSet;

use domain::ids::{RunId, SuiteName, TestId};
use report::{Previous, json};
use serde_json::Value;

use crate::{scenarios, schema};

const PAGE: &str = include_str!("../../../../docs/report-format.md");

fn written(value: &Value, at: &str, fields: &mut BTreeSet<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        match value.as_array() {
            Some(items) => {
                fields.insert(format!("{at}{name}[]"));
                items
                    .iter()
                    .for_each(|item| written(item, &format!("{at}{name}[]."), fields));
            }
            None => {
                fields.insert(format!("{at}{name}"));
                written(value, &format!("{at}{name}."), fields);
            }
        }
    }
}

#[test]
fn what_is_written_has_exactly_the_documented_fields() {
    for synthetic in [
        scenarios::all_green(),
        scenarios::one_of_each(),
        scenarios::too_few_can_fail(),
    ] {
        let text = json::render(&synthetic.summary(None)).unwrap();
        let report: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(schema::problems(&report), Vec::<String>::new());
    }
}

#[test]
fn a_field_too_many_or_too_few_is_noticed() {
    let text = json::render(&scenarios::all_green().summary(None)).unwrap();
    let report: Value = serde_json::from_str(&text).unwrap();
    let mut more = report.clone();
    more["cases"][0]["secret"] = Value::from(1);
    assert_eq!(
        schema::problems(&more),
        ["report.cases[0].secret is not documented"]
    );
    let mut fewer = report.clone();
    fewer["totals"].as_object_mut().unwrap().remove("lost");
    assert_eq!(schema::problems(&fewer), ["report.totals.lost is missing"]);
    let mut other = report;
    other["totals"]["lost"] = Value::from("none");
    assert_eq!(schema::problems(&other).len(), 1);
}

/// The page lists each field once, in the first column of a table, as code.
#[test]
fn the_page_names_every_field_and_no_other() {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `"));
    let listed: Vec<_> = rows
        .filter_map(|row| row.split('`').next())
        .map(str::to_owned)
        .collect();
    let unique: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(unique.len(), listed.len(), "a field stands twice");
    assert_eq!(
        unique,
        schema::fields().into_iter().collect::<BTreeSet<_>>()
    );
}

/// Together these runs fill every list, so that no field of the schema is there for nothing.
#[test]
fn every_documented_field_is_met_in_some_report() {
    let previous = Previous {
        run: RunId::from("run-6"),
        is_gated: true,
        failed: [(SuiteName::from("p1"), TestId::from("test_002"))].into(),
    };
    let runs = [
        scenarios::one_of_each(),
        scenarios::all_green(),
        scenarios::troubled(),
        scenarios::too_few_can_fail(),
    ];
    let mut found = BTreeSet::new();
    for run in runs {
        let text = json::render(&run.summary(Some(&previous))).unwrap();
        written(&serde_json::from_str(&text).unwrap(), "", &mut found);
    }
    let documented: BTreeSet<_> = schema::fields().into_iter().collect();
    assert_eq!(
        documented.difference(&found).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
    assert_eq!(
        found.difference(&documented).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
}
