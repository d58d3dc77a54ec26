//! One step: which kind it is, who acts, and what it leaves to read for those that follow.
//!
//! Kinds are read in `read::http`, `read::sockets` and `read::blocks`.

use std::time::Duration;

use super::expression::Before;
use super::names::{Known, Names};
use super::setting::{Setting, Who};
use super::{Fields, Reader};
use crate::model::{Acting, Receive, Step, StepKind};
use crate::raw::{Map, Node};
use crate::vocabulary::steps::{CHECK, KINDS, KINDS_NOT_YET};
use crate::vocabulary::{Noun, nearest};

/// A step while it is read.
pub(crate) struct Draft<'n, 'o> {
    pub(crate) fields: Fields<'n>,
    /// The value under the key that tells the kind.
    pub(crate) head: &'n Node,
    /// What the step itself can read.
    pub(crate) names: &'o Names<'o>,
    /// What the step leaves: its own checks and saves read it, and so do later steps.
    pub(crate) left: Names<'o>,
    pub(crate) who: Who,
}

/// Kinds that talk to the target, so that somebody must be acting.
const TALKING: &[&str] = &[
    "http",
    "websocket",
    "send",
    "receive",
    "collect",
    "silence",
    "close",
    "abandon",
    "stream",
];
/// Kinds that make an exchange with a status.
const EXCHANGING: &[&str] = &["http", "websocket", "stream"];
/// Blocks last as long as what is in them; only what waits by itself has the short default.
const LASTING: &[&str] = &["repeat", "parallel", "when", "use", "wait", "silence"];

impl Reader<'_> {
    pub(crate) fn steps(
        &self,
        node: Option<&Node>,
        names: &mut Names<'_>,
        setting: &Setting<'_>,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        let Some(node) = node else { return steps };
        let items = self.list(node, "steps, each after `- `");
        if items.is_empty() && node.as_list().is_some() {
            self.problems
                .add(node.span, "a list of steps with no step in it");
        }
        for item in items {
            self.step(item, names, setting, &mut steps);
        }
        steps
    }

    fn step(
        &self,
        node: &Node,
        names: &mut Names<'_>,
        setting: &Setting<'_>,
        steps: &mut Vec<Step>,
    ) {
        let Some(map) = self.map(node, "a step") else {
            return;
        };
        let Some((key, noun)) = self.kind_of(node, map) else {
            self.declare(map, names);
            return;
        };
        if key == "use" {
            self.use_block(node, map, names, setting, steps);
            return;
        }
        steps.extend(self.step_of_kind(node, key, noun, names, setting));
    }

    fn step_of_kind(
        &self,
        node: &Node,
        key: &str,
        noun: &'static Noun,
        names: &mut Names<'_>,
        setting: &Setting<'_>,
    ) -> Option<Step> {
        let fields = self.fields(node, noun)?;
        let acting_names = with_index(fields.get(key), names);
        let (acting, who) = self.acting(fields, &acting_names, setting);
        if TALKING.contains(&key) && who == Who::Unsaid {
            let span = fields.key_span(key).unwrap_or(node.span);
            let users: Vec<_> = setting
                .users
                .iter()
                .map(|user| user.name.as_str())
                .collect();
            let fix = format!("add `as:` with one of {} or nobody", users.join(", "));
            self.problems
                .fix(span, "who acts here? the test has several users", fix);
        }
        let within = self.within(fields, key, setting);
        let mut own = Names::inside(names);
        if acting.is_some() {
            self.set_user(&mut own, setting.read_by(&who));
        }
        let mut draft = Draft {
            fields,
            head: fields.get(key).unwrap_or(node),
            names: &own,
            left: Names::inside(&own),
            who,
        };
        let kind = self.kind(key, &mut draft, setting);
        let before = before(key, kind.as_ref());
        let checks = self.checks(fields.get("check"), &draft.left, before);
        let save = self.saved(fields.get("save"), &mut draft.left);
        let left: Vec<(String, Known)> = draft
            .left
            .own()
            .map(|(name, known)| (name.clone(), known.clone()))
            .collect();
        for (name, known) in left {
            names.set(&name, known);
        }
        let label = fields
            .get("name")
            .and_then(|node| self.label(node, "a label"));
        let role = self.role(fields, setting);
        let soft = fields
            .get("soft")
            .and_then(|node| self.boolean(node))
            .unwrap_or(false);
        let name = label.unwrap_or_else(|| default_name(key, node.get(key)));
        let acting = acting.unwrap_or_else(|| setting.unsaid.clone());
        let line = self.line(node.as_map()?.entries.first()?.key_span);
        Some(Step {
            name,
            line,
            acting,
            role,
            within,
            checks,
            save,
            soft,
            kind: kind?,
        })
    }

    fn kind(
        &self,
        key: &str,
        draft: &mut Draft<'_, '_>,
        setting: &Setting<'_>,
    ) -> Option<StepKind> {
        match key {
            "http" => self.http(draft),
            "stream" => self.stream(draft),
            "websocket" => self.websocket(draft),
            "send" => self.send(draft),
            "receive" => self.receive(draft),
            "collect" => self.collect(draft, setting),
            "silence" => self.silence(draft),
            "close" => self.close(draft),
            "abandon" => self.abandon(draft),
            "repeat" => self.repeat(draft, setting),
            "parallel" => self.parallel(draft, setting),
            "poll" => self.poll(draft, setting),
            "when" => self.when(draft, setting),
            "wait" => {
                let duration = self.duration(draft.head)?;
                Some(StepKind::Wait { duration })
            }
            "barrier" => self.barrier(draft, setting),
            _ => Some(StepKind::CheckOnly),
        }
    }

    /// The key that tells the kind, with the kind's noun; `None` when a problem was told.
    fn kind_of(&self, node: &Node, map: &Map) -> Option<(&'static str, &'static Noun)> {
        let later = KINDS_NOT_YET
            .iter()
            .find_map(|(key, instead)| Some((map.entry(key)?, instead)));
        if let Some((entry, instead)) = later {
            self.not_yet(entry.key_span, &entry.key, instead);
            return None;
        }
        let found: Vec<_> = KINDS
            .iter()
            .filter(|(key, _)| map.get(key).is_some())
            .collect();
        match found[..] {
            [&(key, noun)] => Some((key, noun)),
            [] if map.get("check").is_some() || map.get("save").is_some() => {
                Some(("check", &CHECK))
            }
            [] => {
                self.tell_no_kind(node, map);
                None
            }
            [(first, _), (second, _), ..] => {
                let span = map.entry(second).map_or(node.span, |entry| entry.key_span);
                let message =
                    format!("a step does one thing; this one has `{first}` and `{second}`");
                self.problems
                    .fix(span, message, "begin another step with `- `");
                None
            }
        }
    }

    fn tell_no_kind(&self, node: &Node, map: &Map) {
        let kinds = || KINDS.iter().map(|(key, _)| *key);
        for entry in &map.entries {
            if let Some(near) = nearest(&entry.key, kinds()) {
                let message = format!("unknown key `{}`", entry.key);
                self.problems
                    .fix(entry.key_span, message, format!("did you mean `{near}`?"));
                return;
            }
        }
        let unknown = map
            .entries
            .iter()
            .find(|entry| CHECK.key(&entry.key).is_none());
        let kinds = kinds().collect::<Vec<_>>().join(", ");
        match unknown {
            Some(entry) => self.without_kind(&CHECK, &entry.key, entry.key_span, &kinds),
            None => {
                let span = map
                    .entries
                    .first()
                    .map_or(node.span, |entry| entry.key_span);
                let fix = format!("a step has one of: {kinds}");
                self.problems.fix(span, "this step does nothing", fix);
            }
        }
    }

    /// `as:`, with who that is; `None` when it isn't said.
    pub(crate) fn acting(
        &self,
        fields: Fields<'_>,
        names: &Names<'_>,
        setting: &Setting<'_>,
    ) -> (Option<Acting>, Who) {
        let Some(node) = fields.get("as") else {
            return (None, setting.who.clone());
        };
        // Somebody was meant: what follows is read as if by any user.
        let unclear = (Some(Acting::Inherited), Who::Class(None));
        let Some(written) = self.text(node, "a user of the test") else {
            return unclear;
        };
        self.user_of(node, &written, names, setting)
            .unwrap_or(unclear)
    }

    fn role(&self, fields: Fields<'_>, setting: &Setting<'_>) -> Option<String> {
        let node = fields.get("in")?;
        let role = self.name(node, "a role of the test")?;
        if !setting.roles.contains(&role) {
            let fix = "roles are the keys of the test's `regions:`";
            self.problems
                .fix(node.span, format!("unknown role `{role}`"), fix);
        }
        Some(role)
    }

    fn within(&self, fields: Fields<'_>, key: &str, setting: &Setting<'_>) -> Duration {
        let written = fields.get("within").and_then(|node| self.duration(node));
        let default = if LASTING.contains(&key) {
            setting.timeout
        } else {
            setting.within
        };
        written.unwrap_or(default).min(setting.timeout)
    }
}

/// A block's own `as:` may read its `index`.
fn with_index<'o>(head: Option<&Node>, names: &'o Names<'o>) -> Names<'o> {
    let mut names = Names::inside(names);
    if let Some(index) = head.and_then(|head| head.get("index")?.as_scalar()) {
        names.set(&index.text, Known::value(false, 0));
    }
    names
}

/// What is known before a step's checks: what its message was chosen for needs no second question.
fn before<'k>(key: &str, kind: Option<&'k StepKind>) -> Before<'k> {
    let given = match kind {
        Some(StepKind::Receive(Receive { matching, .. })) => matching.as_ref(),
        _ => None,
    };
    Before {
        after_exchange: EXCHANGING.contains(&key),
        given,
    }
}

fn default_name(key: &str, head: Option<&Node>) -> String {
    match (key, head.and_then(Node::as_scalar)) {
        ("http", Some(scalar)) => scalar.text.clone(),
        (_, Some(scalar)) => format!("{key} {}", scalar.text),
        (_, None) => key.to_owned(),
    }
}
