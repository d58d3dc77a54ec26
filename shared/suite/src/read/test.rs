//! One test: its users, rows and placement, and the order in which its steps give names.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::TestId;
use domain::plan::OnWorkerLoss;

use super::expression::Before;
use super::names::Names;
use super::setting::{DEFAULT_TIMEOUT, DEFAULT_WITHIN, Named, Setting, Who};
use super::{Fields, Reader};
use crate::fingerprint;
use crate::model::{CheckLine, Placement, Quarantine, RowValue, Step, Test};
use crate::raw::{Entry, Node};
use crate::vocabulary::files::{QUARANTINE, TEST};
use crate::vocabulary::nearest;

/// `defaults:` of the file, still as typed: each test reads them as if they were its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Defaults<'n> {
    pub(crate) fields: Option<Fields<'n>>,
    pub(crate) node: Option<&'n Node>,
    pub(crate) within: Option<Duration>,
}

/// A test as typed, with the file's defaults behind it.
#[derive(Clone, Copy)]
struct Typed<'n> {
    own: Fields<'n>,
    defaults: Option<Fields<'n>>,
}

impl<'n> Typed<'n> {
    fn own(self, key: &str) -> Option<&'n Node> {
        self.own.get(key)
    }

    fn default(self, key: &str) -> Option<&'n Node> {
        self.defaults.and_then(|fields| fields.get(key))
    }

    fn either(self, key: &str) -> Option<&'n Node> {
        self.own(key).or_else(|| self.default(key))
    }
}

/// What a test does, in the order in which names are given.
struct Parts {
    rows: Vec<(String, Vec<(String, RowValue)>)>,
    setup: Vec<Step>,
    steps: Vec<Step>,
    teardown: Vec<Step>,
    after: Vec<Step>,
    expect: Vec<CheckLine>,
}

impl Reader<'_> {
    pub(crate) fn test(
        &self,
        node: &Node,
        defaults: Defaults<'_>,
        named: &Named<'_>,
    ) -> Option<Test> {
        let own = self.fields(node, &TEST)?;
        let typed = Typed {
            own,
            defaults: defaults.fields,
        };
        let id = typed.own("id").and_then(|node| self.name(node, "an id"));
        let users = self.test_users(typed.either("users"));
        let timeout = typed.either("timeout").and_then(|node| self.duration(node));
        let timeout = timeout.unwrap_or(DEFAULT_TIMEOUT);
        let placement = typed.either("regions").map(|node| self.placement(node));
        let (regions, roles) = placement.unwrap_or((Some(Placement::Any), Vec::new()));
        let within = defaults.within.unwrap_or(DEFAULT_WITHIN).min(timeout);
        let mut setting = Setting::new(named, &users, within, timeout);
        setting.roles = &roles;
        let parts = self.parts(typed, &setting);
        let title = typed
            .own("title")
            .and_then(|node| self.label(node, "a title"));
        let group = typed
            .either("group")
            .and_then(|node| self.label(node, "a group"));
        let retries = typed
            .either("retries")
            .and_then(|node| self.integer(node, 0, 10));
        let exclusive = typed
            .either("exclusive")
            .and_then(|node| self.boolean(node));
        let on_worker_loss = typed
            .either("on_worker_loss")
            .and_then(|node| self.on_loss(node));
        let quarantine = typed
            .own("quarantine")
            .and_then(|node| self.quarantine(node));
        let tags = self.tags(typed);
        let id = id?;
        Some(Test {
            title: title.unwrap_or_else(|| id.clone()),
            id: TestId::from(id),
            group,
            tags,
            line: self.line(node.as_map()?.entries.first()?.key_span),
            regions: regions?,
            rows: parts.rows,
            timeout,
            retries: retries.unwrap_or(0),
            exclusive: exclusive.unwrap_or(false),
            on_worker_loss: on_worker_loss.unwrap_or_default(),
            quarantine,
            setup: parts.setup,
            steps: parts.steps,
            teardown: parts.teardown,
            after: parts.after,
            expect: parts.expect,
            hash: fingerprint::test(node, defaults.node, named),
            users: users.clone(),
        })
    }

    /// Steps in the order they run, so that each list reads what those before it saved.
    fn parts(&self, typed: Typed<'_>, setting: &Setting<'_>) -> Parts {
        let mut names = self.base_names();
        self.set_user(&mut names, &setting.who);
        let rows = self.rows(typed.own("rows"), &mut names);
        let setup = self.steps(typed.own("setup"), &mut names, setting);
        let steps = self.steps(typed.own("steps"), &mut names, setting);
        let mut at_the_end = Names::inside(&names);
        if typed.own("after").is_some() {
            // `after` runs before `expect`, so that the last answer is one of its own.
            at_the_end.answer(&[], false);
        }
        let expect = self.checks(typed.own("expect"), &at_the_end, Before::default());
        let teardown = self.steps(typed.own("teardown"), &mut Names::inside(&names), setting);
        let mut after_names = Names::inside(&names);
        self.set_user(&mut after_names, setting.read_by(&Who::Nobody));
        let after = self.steps(typed.own("after"), &mut after_names, &setting.as_nobody());
        Parts {
            rows,
            setup,
            steps,
            teardown,
            after,
            expect,
        }
    }

    /// Those of the file and those of the test.
    fn tags(&self, typed: Typed<'_>) -> Vec<String> {
        let lists = [typed.default("tags"), typed.own("tags")];
        let tags = lists
            .into_iter()
            .flatten()
            .flat_map(|node| self.labels(node, "a tag"));
        tags.collect()
    }

    fn on_loss(&self, node: &Node) -> Option<OnWorkerLoss> {
        self.word(
            node,
            &[("rerun", OnWorkerLoss::Rerun), ("lost", OnWorkerLoss::Lost)],
        )
    }

    fn quarantine(&self, node: &Node) -> Option<Quarantine> {
        let fields = self.fields(node, &QUARANTINE)?;
        let until = fields.get("until").and_then(|node| self.date(node));
        let owner = fields
            .get("owner")
            .and_then(|node| self.label(node, "who brings it back"));
        let why = fields
            .get("why")
            .and_then(|node| self.label(node, "why it is not run"));
        Some(Quarantine {
            until: until?,
            owner: owner?,
            why: why?,
        })
    }

    /// Where the test is planned, and the names of its roles.
    fn placement(&self, node: &Node) -> (Option<Placement>, Vec<String>) {
        if let Some(map) = node.as_map() {
            let fix = "plan the test in one region: `regions: [NAME]`";
            self.problems
                .fix(node.span, "not supported yet: roles in `regions`", fix);
            return (
                None,
                map.entries.iter().map(|entry| entry.key.clone()).collect(),
            );
        }
        let placement = match node.as_list() {
            Some([]) => {
                let fix = "write `any`, `all`, or at least one region";
                self.problems
                    .fix(node.span, "a test in no region never runs", fix);
                None
            }
            Some(items) => {
                let read: Vec<_> = items.iter().map(|item| self.region(item)).collect();
                read.into_iter()
                    .collect::<Option<Vec<_>>>()
                    .map(Placement::Named)
            }
            None => self.all_or_any(node),
        };
        (placement, Vec::new())
    }

    fn all_or_any(&self, node: &Node) -> Option<Placement> {
        let text = self.text(node, "`any`, `all`, or a list of regions")?;
        match text.as_str() {
            "any" => Some(Placement::Any),
            "all" => Some(Placement::All),
            _ => {
                let fix = format!("`any`, `all`, or a list: `[{text}]`");
                self.problems
                    .fix(node.span, format!("`{text}` is not a placement"), fix);
                None
            }
        }
    }

    fn region(&self, node: &Node) -> Option<String> {
        let region = self.name(node, "a region")?;
        let known = self.around.regions.as_ref();
        if known.is_some_and(|regions| !regions.contains(&region)) {
            let regions: Vec<&str> = known.into_iter().flatten().map(String::as_str).collect();
            let fix = nearest(&region, regions.iter().copied()).map_or_else(
                || format!("the environment has: {}", regions.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            self.problems
                .fix(node.span, format!("unknown region `{region}`"), fix);
        }
        Some(region)
    }

    /// Rows with their values; every row has the same keys, which `row` then knows.
    fn rows(
        &self,
        node: Option<&Node>,
        names: &mut Names<'_>,
    ) -> Vec<(String, Vec<(String, RowValue)>)> {
        let Some(node) = node else { return Vec::new() };
        let entries = self.entries(node, "rows by name");
        if entries.is_empty() && node.as_map().is_some() {
            self.problems.fix(
                node.span,
                "`rows` without a row",
                "leave `rows` out for a single case",
            );
        }
        let keys: BTreeSet<String> = entries.iter().flat_map(keys_of).collect();
        let mut rows = Vec::with_capacity(entries.len());
        for entry in entries {
            self.is_name(&entry.key, entry.key_span);
            let values = self.value_templates(Some(&entry.value), names);
            let own: BTreeSet<String> = keys_of(entry).into_iter().collect();
            if let Some(missing) = keys
                .difference(&own)
                .next()
                .filter(|_| entry.value.as_map().is_some())
            {
                let message = format!(
                    "the row `{}` has no `{missing}`, other rows have",
                    entry.key
                );
                self.problems
                    .fix(entry.key_span, message, format!("add `{missing}:` to it"));
            }
            rows.push((entry.key.clone(), values));
        }
        names.record("row", Some(keys), false);
        rows
    }
}

fn keys_of(entry: &Entry) -> Vec<String> {
    let map = entry.value.as_map();
    map.map_or_else(Vec::new, |map| {
        map.entries.iter().map(|entry| entry.key.clone()).collect()
    })
}
