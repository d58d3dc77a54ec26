//! What surrounds a step: who acts, how long it may wait, which blocks and grammars have names.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Reader;
use super::names::{ANSWERS, Names};
use crate::grammar::Grammar;
use crate::model::{Acting, TestUser};
use crate::raw::Node;

/// Whatever waits and doesn't say how long.
pub(crate) const DEFAULT_WITHIN: Duration = Duration::from_secs(10);
/// A whole try of a test that doesn't say.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// Who acts where a step stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Nobody,
    /// Several could; none is said.
    Unsaid,
    /// A user of this class; `None`: of the environment's first.
    Class(Option<String>),
}

/// What the file gives names to.
#[derive(Debug, Default)]
pub(crate) struct Named<'n> {
    /// `None` for a grammar with problems of its own.
    pub(crate) grammars: BTreeMap<String, Option<Grammar>>,
    pub(crate) blocks: BTreeMap<String, &'n Node>,
    /// Grammars as typed, for the hash of tests that name them.
    pub(crate) grammar_nodes: BTreeMap<String, &'n Node>,
}

/// What surrounds a step.
#[derive(Clone, Debug)]
pub(crate) struct Setting<'a> {
    pub(crate) named: &'a Named<'a>,
    pub(crate) users: &'a [TestUser],
    pub(crate) roles: &'a [String],
    pub(crate) who: Who,
    /// The test's only user, whose login even steps of nobody may read.
    pub(crate) sole: Who,
    /// What a step that doesn't say `as:` gets.
    pub(crate) unsaid: Acting,
    pub(crate) within: Duration,
    pub(crate) timeout: Duration,
    pub(crate) in_parallel: bool,
    /// Blocks being expanded, against endless ones.
    pub(crate) using: Vec<String>,
}

impl<'a> Setting<'a> {
    pub(crate) fn new(
        named: &'a Named<'a>,
        users: &'a [TestUser],
        within: Duration,
        timeout: Duration,
    ) -> Self {
        Self {
            named,
            users,
            roles: &[],
            who: sole_user(users),
            sole: sole_user(users),
            unsaid: Acting::Inherited,
            within,
            timeout,
            in_parallel: false,
            using: Vec::new(),
        }
    }

    /// For steps that act as nobody unless told: `requires`, `after`, and those of an account.
    pub(crate) fn as_nobody(&self) -> Self {
        Self {
            who: Who::Nobody,
            unsaid: Acting::Nobody,
            ..self.clone()
        }
    }

    /// For steps that no user stands behind.
    pub(crate) fn without_user(&self) -> Self {
        Self {
            sole: Who::Nobody,
            ..self.as_nobody()
        }
    }

    /// Whose `user` is read where `who` acts.
    pub(crate) fn read_by<'w>(&'w self, who: &'w Who) -> &'w Who {
        if *who == Who::Nobody && self.sole != Who::Unsaid {
            &self.sole
        } else {
            who
        }
    }

    /// For the steps inside a block.
    pub(crate) fn inside(&self, who: &Who) -> Self {
        Self {
            who: who.clone(),
            unsaid: Acting::Inherited,
            ..self.clone()
        }
    }
}

fn sole_user(users: &[TestUser]) -> Who {
    match users {
        [] => Who::Class(None),
        [only] if only.count.is_none() => Who::Class(Some(only.class.clone())),
        _ => Who::Unsaid,
    }
}

impl Reader<'_> {
    /// The names every expression of a file can read.
    pub(crate) fn base_names(&self) -> Names<'static> {
        let mut names = Names::default();
        names.record("vars", self.around.vars.clone(), false);
        let of_env = ["name", "secrets", "tokens"].map(str::to_owned);
        names.record("env", Some(BTreeSet::from(of_env)), false);
        let of_test = ["nonce", "id"].map(str::to_owned);
        names.record("test", Some(BTreeSet::from(of_test)), false);
        for name in ANSWERS {
            names.absent(name, "no step before this one received anything");
        }
        names.absent("row", "this test has no `rows:`");
        names.absent(
            "account",
            "it is there in `create:`, `login:` and `delete:` of a class of users",
        );
        names.absent("result", "only a hook leaves it");
        self.set_user(&mut names, &Who::Unsaid);
        names
    }

    /// Makes `user` that of whoever acts.
    pub(crate) fn set_user(&self, names: &mut Names<'_>, who: &Who) {
        match who {
            Who::Nobody => names.absent(
                "user",
                "this acts as nobody; save the value earlier, or say `as:`",
            ),
            Who::Unsaid => names.absent("user", "it is the acting user; say `as:` who that is"),
            Who::Class(class) => {
                let saved = self.around.saved_by(class.as_deref());
                names.record("user", saved, true);
            }
        }
    }
}
