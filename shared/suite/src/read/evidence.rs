//! Whether an expression is fit for what it is for: above all, whether a check can be evidence.
//!
//! A check is refused when that is certain: it reads nothing received, or no answer makes it false.
//! What is not certain here is for `muster prove`.

use expression::{About, Certain, CertainKind, Expression, Lint, LintKind};

use super::Reader;
use super::expression::{Before, Role};
use super::locate::Locator;
use super::names::{Names, What};
use crate::raw::Node;

impl Reader<'_> {
    /// Whether something it reads came from the target.
    pub(crate) fn is_received(compiled: &Expression, names: &Names<'_>) -> bool {
        compiled
            .roots()
            .any(|root| names.get(root).is_some_and(|known| known.is_received))
    }

    pub(crate) fn fits(
        &self,
        node: &Node,
        compiled: &Expression,
        names: &Names<'_>,
        role: Role<'_>,
        locator: &Locator,
    ) -> bool {
        if matches!(role, Role::Value) {
            return true;
        }
        if let Some(kind) = compiled.type_name().filter(|kind| *kind != "bool") {
            let message = format!("this must be true or false, it gives {kind}");
            self.problems
                .fix(node.span, message, "compare it with something");
            return false;
        }
        match role {
            Role::Check(before) => self.is_evidence(node, compiled, names, before, locator),
            Role::Looking => self.can_match(node, compiled, names),
            Role::Condition | Role::Value => true,
        }
    }

    fn is_evidence(
        &self,
        node: &Node,
        compiled: &Expression,
        names: &Names<'_>,
        before: Before<'_>,
        locator: &Locator,
    ) -> bool {
        let told = |message: &str, fix: &str| {
            self.problems.fix(node.span, message, fix);
            false
        };
        if before.after_exchange
            && let Some(status) = compared_status(compiled.source())
        {
            let fix = format!("write `status: {status}` beside `check:`");
            return told("the expected status has a key of its own", &fix);
        }
        if compiled.is_constant() {
            return told(
                "this check is the same whatever the target answers",
                "read something that the target answered",
            );
        }
        if !Self::is_received(compiled, names) {
            return told(
                "this check reads nothing received from the target",
                "a check is evidence only if it reads an answer, a message, or what was saved from one",
            );
        }
        if let Some(Certain { kind, because, fix }) = certainty(compiled, names, before.given) {
            let message = match kind {
                CertainKind::Always => "this check holds whatever the target answers",
                CertainKind::Never => "this check can never hold",
                CertainKind::Unmoved => "nothing received can change this check",
            };
            return told(&format!("{message}: {because}"), &fix);
        }
        self.tell_lints(compiled, names, locator)
    }

    /// Whether some message can be the one that is looked for.
    fn can_match(&self, node: &Node, compiled: &Expression, names: &Names<'_>) -> bool {
        let because = match compiled.constant().map(|value| value.as_bool()) {
            Some(Some(false)) => Some("it is a constant".to_owned()),
            _ => certainty(compiled, names, None)
                .filter(|certain| certain.kind == CertainKind::Never)
                .map(|certain| certain.because),
        };
        if let Some(because) = &because {
            let message = format!("no message can match this: {because}");
            self.problems
                .fix(node.span, message, "say what the message looks like");
        }
        because.is_none()
    }

    fn tell_lints(&self, compiled: &Expression, names: &Names<'_>, locator: &Locator) -> bool {
        // Fields that `each` made are there, or null; an absent one can't hide.
        let has_all_fields = |root: &str| names.get(root).is_some_and(|known| known.has_all_fields);
        let is_told = |lint: &&Lint| match lint.kind {
            LintKind::AlwaysSame => true,
            LintKind::AbsorbedField if lint.root.is_empty() => false,
            _ => !has_all_fields(&lint.root),
        };
        let lints: Vec<_> = compiled.lints().iter().filter(is_told).collect();
        for lint in &lints {
            self.problems.fix(
                locator.span(lint.offset, lint.len),
                lint.message.clone(),
                lint.fix.clone(),
            );
        }
        lints.is_empty()
    }
}

fn certainty(
    compiled: &Expression,
    names: &Names<'_>,
    given: Option<&Expression>,
) -> Option<Certain> {
    // While a message is looked for, no time has passed for it; afterwards it has.
    let given = given.filter(|given| given.roots().all(|root| root != "elapsed_ms"));
    compiled.certainty(given, &|name| about(name, names))
}

/// What is known of a name, whatever the target answers.
fn about(name: &str, names: &Names<'_>) -> About {
    let known = names.get(name);
    let is_received = known.is_some_and(|known| known.is_received);
    let is_of_answer = known.is_some_and(|known| matches!(known.what, What::Answer));
    match name {
        // Other numbers are no HTTP, and no `status:` can expect one: such an answer fails the step.
        "status" if is_of_answer => About::whole(100, 599),
        "elapsed_ms" | "at_ms" if is_of_answer => About::time(is_received),
        _ => About::anything(is_received),
    }
}

/// `status == 200` or `status in [401, 403]`, as `status:` would be written.
fn compared_status(source: &str) -> Option<String> {
    let rest = source.trim().strip_prefix("status")?.trim_start();
    let is_code = |text: &str| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(code) = rest.strip_prefix("==") {
        return is_code(code.trim()).then(|| code.trim().to_owned());
    }
    let list = rest
        .strip_prefix("in")?
        .trim()
        .strip_prefix('[')?
        .strip_suffix(']')?;
    list.split(',')
        .all(|code| is_code(code.trim()))
        .then(|| format!("[{list}]"))
}
