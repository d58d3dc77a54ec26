//! Steps around steps: repeat, parallel, poll, when, barrier, and blocks used by name.

use expression::Expression;

use super::Reader;
use super::expression::Role;
use super::names::{Known, Names};
use super::setting::Setting;
use super::step::Draft;
use crate::model::{Branches, During, Parallel, Repeat, Step, StepKind};
use crate::raw::{Map, Node};
use crate::vocabulary::files::DEFINE;
use crate::vocabulary::nearest;
use crate::vocabulary::steps::{DURING, PARALLEL_HEAD, POLL_HEAD, REPEAT_HEAD, USE};

/// More turns or branches than this are a load, not a test.
const MOST_TURNS: i64 = 100_000;
const MOST_BRANCHES: i64 = 1_000;

/// What `each:` keeps, and whether any of it came from the target.
struct Kept {
    each: Vec<(String, Expression)>,
    is_received: bool,
}

impl Reader<'_> {
    pub(crate) fn repeat(
        &self,
        draft: &mut Draft<'_, '_>,
        setting: &Setting<'_>,
    ) -> Option<StepKind> {
        let head = self.fields(draft.head, &REPEAT_HEAD);
        let times = head.and_then(|head| self.count(head.get("times")?, draft.names, MOST_TURNS));
        let mut turn = Names::inside(draft.names);
        let index = head.and_then(|head| self.index(head.get("index")?, &mut turn));
        let steps = self.steps(
            draft.fields.get("steps"),
            &mut turn,
            &setting.inside(&draft.who),
        );
        let kept = self.each(draft.fields.get("each"), draft.fields.get("into"), &turn);
        let into = self.handed_out(draft, kept.is_received, true);
        Some(StepKind::Repeat(Repeat {
            times: times?,
            index,
            into,
            each: kept.each,
            steps,
        }))
    }

    pub(crate) fn parallel(
        &self,
        draft: &mut Draft<'_, '_>,
        setting: &Setting<'_>,
    ) -> Option<StepKind> {
        let head = self.fields(draft.head, &PARALLEL_HEAD)?;
        let inner = Setting {
            in_parallel: true,
            ..setting.inside(&draft.who)
        };
        let mut branch = Names::inside(draft.names);
        let index = head
            .get("index")
            .and_then(|node| self.index(node, &mut branch));
        let branches = match (head.get("count"), head.get("branches")) {
            (Some(count), None) => {
                if draft.fields.get("steps").is_none() {
                    let fix = "add `steps:` beside `parallel:`";
                    self.problems
                        .fix(draft.head.span, "`count` of what? there are no steps", fix);
                }
                let count = self.count(count, draft.names, MOST_BRANCHES);
                let steps = self.steps(draft.fields.get("steps"), &mut branch, &inner);
                count.map(|count| Branches::Count { count, steps })
            }
            (None, Some(named)) => self.named_branches(named, draft, &inner),
            _ => {
                let fix =
                    "write `parallel: { count: 5 }` with `steps:`, or name them under `branches:`";
                self.problems.fix(
                    draft.head.span,
                    "`parallel` takes either `count` or `branches`",
                    fix,
                );
                None
            }
        };
        let kept = self.each(draft.fields.get("each"), draft.fields.get("into"), &branch);
        let during = draft
            .fields
            .get("during")
            .and_then(|node| self.during(node, draft, &inner));
        let into = self.handed_out(draft, kept.is_received, true);
        Some(StepKind::Parallel(Parallel {
            branches: branches?,
            index,
            into,
            each: kept.each,
            during,
        }))
    }

    fn named_branches(
        &self,
        named: &Node,
        draft: &Draft<'_, '_>,
        setting: &Setting<'_>,
    ) -> Option<Branches> {
        for key in ["steps", "each", "into"] {
            if let Some(span) = draft.fields.key_span(key) {
                let message = format!("`{key}` goes with `count`, not with `branches`");
                self.problems
                    .fix(span, message, "write the steps under each branch's name");
            }
        }
        let read = |entry: &crate::raw::Entry| {
            self.is_name(&entry.key, entry.key_span);
            let mut branch = Names::inside(draft.names);
            (
                entry.key.clone(),
                self.steps(Some(&entry.value), &mut branch, setting),
            )
        };
        let map = self.map(named, "branches by name")?;
        Some(Branches::Named(map.entries.iter().map(read).collect()))
    }

    fn during(
        &self,
        node: &Node,
        draft: &mut Draft<'_, '_>,
        setting: &Setting<'_>,
    ) -> Option<During> {
        let fields = self.fields(node, &DURING)?;
        let every = fields.get("every").and_then(|node| self.duration(node));
        let mut sample = Names::inside(draft.names);
        let inner = Setting {
            in_parallel: false,
            ..setting.clone()
        };
        let steps = self.steps(fields.get("steps"), &mut sample, &inner);
        let kept = self.each(fields.get("each"), fields.get("into"), &sample);
        let into = fields.get("into").and_then(|node| {
            let name = self.name(node, "a name")?;
            let known = Known {
                has_all_fields: true,
                ..Known::value(kept.is_received, self.line(node.span))
            };
            self.give(&mut draft.left, &name, node.span, known);
            Some(name)
        });
        Some(During {
            every: every?,
            into,
            each: kept.each,
            steps,
        })
    }

    pub(crate) fn poll(
        &self,
        draft: &mut Draft<'_, '_>,
        setting: &Setting<'_>,
    ) -> Option<StepKind> {
        let head = self.fields(draft.head, &POLL_HEAD);
        let every = head.and_then(|head| self.duration(head.get("every")?));
        let mut turn = Names::inside(draft.names);
        let steps = self.steps(
            draft.fields.get("steps"),
            &mut turn,
            &setting.inside(&draft.who),
        );
        let into = self.handed_out(draft, true, false);
        Some(StepKind::Poll {
            every: every?,
            steps,
            into,
        })
    }

    pub(crate) fn when(
        &self,
        draft: &mut Draft<'_, '_>,
        setting: &Setting<'_>,
    ) -> Option<StepKind> {
        let condition = self.expression(draft.head, draft.names, Role::Condition);
        let mut inside = Names::inside(draft.names);
        let steps = self.steps(
            draft.fields.get("steps"),
            &mut inside,
            &setting.inside(&draft.who),
        );
        Some(StepKind::When {
            condition: condition?,
            steps,
        })
    }

    pub(crate) fn barrier(&self, draft: &Draft<'_, '_>, setting: &Setting<'_>) -> Option<StepKind> {
        let name = self.name(draft.head, "a name for the barrier")?;
        if !setting.in_parallel {
            let fix = "put it into the steps of a `parallel`";
            self.problems.fix(
                draft.head.span,
                "a barrier outside `parallel` has nobody to wait for",
                fix,
            );
            return None;
        }
        Some(StepKind::Barrier { name })
    }

    /// `use:` stands for the steps of a named block, which are read as if they stood here.
    pub(crate) fn use_block(
        &self,
        node: &Node,
        map: &Map,
        names: &mut Names<'_>,
        setting: &Setting<'_>,
        steps: &mut Vec<Step>,
    ) {
        let Some(fields) = self.fields(node, &USE) else {
            return;
        };
        let (acting, who) = self.acting(fields, names, setting);
        let Some(head) = map.get("use") else { return };
        let Some(name) = self.name(head, "a block of `define`") else {
            return;
        };
        let Some(block) = setting.named.blocks.get(&name) else {
            let blocks = setting.named.blocks.keys().map(String::as_str);
            let fix = nearest(&name, blocks).map_or_else(
                || format!("write it under `define:` of the file: `{name}:` with `steps:`"),
                |near| format!("did you mean `{near}`?"),
            );
            self.problems
                .fix(head.span, format!("unknown block `{name}`"), fix);
            return;
        };
        if setting.using.contains(&name) {
            let way = [&setting.using[..], std::slice::from_ref(&name)]
                .concat()
                .join(" → ");
            let message = format!("the block `{name}` uses itself: {way}");
            self.problems
                .fix(head.span, message, "write a `repeat` instead");
            return;
        }
        let mut inner = setting.clone();
        inner.using.push(name);
        inner.who = who;
        inner.unsaid = acting.unwrap_or_else(|| setting.unsaid.clone());
        self.spliced(block, names, &inner, steps);
    }

    fn spliced(
        &self,
        block: &Node,
        names: &mut Names<'_>,
        setting: &Setting<'_>,
        steps: &mut Vec<Step>,
    ) {
        let before: Vec<String> = names.own().map(|(name, _)| name.clone()).collect();
        let user = names.get("user").cloned();
        self.set_user(names, setting.read_by(&setting.who));
        steps.extend(self.steps(block.get("steps"), names, setting));
        if let Some(user) = user {
            names.set("user", user);
        }
        let returns = block
            .get("returns")
            .and_then(Node::as_list)
            .unwrap_or_default();
        let is_returned = |name: &str| {
            returns
                .iter()
                .any(|node| node.as_scalar().is_some_and(|scalar| scalar.text == name))
        };
        let new: Vec<String> = names
            .own()
            .filter(|(name, known)| {
                matches!(known.what, super::names::What::Value) && !before.contains(name)
            })
            .map(|(name, _)| name.clone())
            .collect();
        for name in new.iter().filter(|name| !is_returned(name)) {
            names.hide(name);
        }
    }

    /// The blocks of `define:`; their steps are read where they are used.
    pub(crate) fn blocks<'n>(
        &self,
        node: Option<&'n Node>,
    ) -> std::collections::BTreeMap<String, &'n Node> {
        let entries = node.map_or(&[][..], |node| self.entries(node, "blocks by name"));
        for entry in entries {
            self.is_name(&entry.key, entry.key_span);
            if let Some(returns) = self
                .fields(&entry.value, &DEFINE)
                .and_then(|fields| fields.get("returns"))
            {
                self.texts(returns, "a saved name");
            }
        }
        entries
            .iter()
            .map(|entry| (entry.key.clone(), &entry.value))
            .collect()
    }

    /// A number of turns: written, or computed when the test runs.
    fn count(&self, node: &Node, names: &Names<'_>, most: i64) -> Option<Expression> {
        let read = self.expression(node, names, Role::Value)?;
        let constant = read.constant().map(expression::Value::as_int);
        match constant {
            Some(Some(count)) if (1..=most).contains(&count) => Some(read),
            Some(_) => {
                let message = format!("`{}` is not a whole number from 1 to {most}", read.source());
                self.problems.add(node.span, message);
                None
            }
            None => Some(read),
        }
    }

    fn index(&self, node: &Node, layer: &mut Names<'_>) -> Option<String> {
        let name = self.name(node, "a name")?;
        self.give(
            layer,
            &name,
            node.span,
            Known::value(false, self.line(node.span)),
        );
        Some(name)
    }

    fn each(&self, node: Option<&Node>, into: Option<&Node>, names: &Names<'_>) -> Kept {
        let read = self.named(node, names);
        let is_received =
            read.is_empty() || read.iter().any(|(_, read)| Self::is_received(read, names));
        match (node, into) {
            (Some(node), None) => {
                self.problems.fix(
                    node.span,
                    "`each` keeps values that nobody can read",
                    "add `into:` with a name",
                );
            }
            (None, Some(into)) => {
                self.problems.fix(
                    into.span,
                    "`into` without `each` keeps nothing",
                    "add `each:` with names and expressions",
                );
            }
            _ => {}
        }
        let each = read
            .into_iter()
            .map(|(entry, read)| (entry.key.clone(), read))
            .collect();
        Kept { each, is_received }
    }
}
