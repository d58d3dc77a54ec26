//! Users of a test, and who is meant by `as:`.

use super::Reader;
use super::locate::Locator;
use super::names::Names;
use super::setting::{Setting, Who};
use crate::model::{Acting, TestUser};
use crate::raw::Node;
use crate::vocabulary::files::POOL;
use crate::vocabulary::nearest;

/// The only user of a test that names none.
const ONLY_USER: &str = "user";

impl Reader<'_> {
    /// `users: { alice: member, crowd: { pool: member, count: 5 } }`
    pub(crate) fn test_users(&self, node: Option<&Node>) -> Vec<TestUser> {
        let entries = node.map_or(&[][..], |node| self.entries(node, "users by name"));
        let mut users = Vec::with_capacity(entries.len());
        for entry in entries {
            self.identifier(&entry.key, entry.key_span);
            if entry.key == "nobody" {
                let fix = "choose another name";
                self.problems
                    .fix(entry.key_span, "`nobody` is who sends no credentials", fix);
            }
            let (class, count) = match entry.value.as_map() {
                Some(_) => self.pool(&entry.value),
                None => (self.class(&entry.value), None),
            };
            users.extend(class.map(|class| TestUser {
                name: entry.key.clone(),
                class,
                count,
            }));
        }
        users
    }

    fn pool(&self, node: &Node) -> (Option<String>, Option<u32>) {
        let Some(fields) = self.fields(node, &POOL) else {
            return (None, None);
        };
        let class = fields.get("pool").and_then(|node| self.class(node));
        let count = fields
            .get("count")
            .and_then(|node| self.integer(node, 1, 1_000));
        (class, Some(count.unwrap_or(1)))
    }

    fn class(&self, node: &Node) -> Option<String> {
        let class = self.name(node, "a class of users")?;
        if !self.around.has_class(&class) {
            let classes: Vec<&str> = self
                .around
                .classes
                .iter()
                .flatten()
                .map(|(name, _)| name.as_str())
                .collect();
            let fix = match nearest(&class, classes.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if classes.is_empty() => "the environment has no `users:`".to_owned(),
                None => format!("the environment has: {}", classes.join(", ")),
            };
            self.problems
                .fix(node.span, format!("unknown class of users `{class}`"), fix);
        }
        Some(class)
    }

    /// `alice`, `crowd[i]`, `nobody`; `None` when a problem was told.
    pub(crate) fn user_of(
        &self,
        node: &Node,
        written: &str,
        names: &Names<'_>,
        setting: &Setting<'_>,
    ) -> Option<(Option<Acting>, Who)> {
        if written == "nobody" {
            return Some((Some(Acting::Nobody), Who::Nobody));
        }
        if written == ONLY_USER && setting.users.is_empty() {
            return Some((Some(Acting::User(written.to_owned())), Who::Class(None)));
        }
        let (name, index) = match written.split_once('[') {
            Some((name, rest)) => (name, rest.strip_suffix(']')),
            None => (written, None),
        };
        let Some(user) = setting.users.iter().find(|user| user.name == name) else {
            self.tell_unknown_user(node, name, setting);
            return None;
        };
        let who = Who::Class(Some(user.class.clone()));
        match (user.count, index) {
            (None, None) if !written.contains('[') => {
                Some((Some(Acting::User(name.to_owned())), who))
            }
            (Some(_), Some(index)) => {
                let index = self.pool_index(node, index, name.len() + 1, names)?;
                Some((
                    Some(Acting::Pool {
                        name: name.to_owned(),
                        index,
                    }),
                    who,
                ))
            }
            (Some(count), None) => {
                let fix = format!(
                    "say which: `{name}[0]` to `{name}[{}]`, or `{name}[i]`",
                    count.saturating_sub(1)
                );
                self.problems.fix(
                    node.span,
                    format!("`{name}` is a pool of {count} users"),
                    fix,
                );
                None
            }
            (None, _) => {
                let message = format!("`{name}` is one user, not a pool");
                self.problems
                    .fix(node.span, message, format!("write `as: {name}`"));
                None
            }
        }
    }

    fn pool_index(
        &self,
        node: &Node,
        index: &str,
        shift: usize,
        names: &Names<'_>,
    ) -> Option<expression::Expression> {
        let locator = Locator::new(node, self.problems.text());
        match expression::Expression::compile(index) {
            Ok(read) => self.look_up(&read, shift, &locator, names).then_some(read),
            Err(bad) => {
                self.tell_compile_error(node, &bad, shift, &locator);
                None
            }
        }
    }

    fn tell_unknown_user(&self, node: &Node, name: &str, setting: &Setting<'_>) {
        let users: Vec<&str> = setting
            .users
            .iter()
            .map(|user| user.name.as_str())
            .collect();
        let fix = match nearest(name, users.iter().copied().chain(["nobody"])) {
            Some(near) => format!("did you mean `{near}`?"),
            None if users.is_empty() => {
                format!("name the test's users: `users: {{ {name}: CLASS }}`")
            }
            None => format!("the test has: {}, nobody", users.join(", ")),
        };
        self.problems
            .fix(node.span, format!("unknown user `{name}`"), fix);
    }
}
