//! Classes of users: how an account is made, how it logs in, what its requests carry.

use crate::environment::{Refresh, UserClass};
use crate::model::Step;
use crate::raw::{Entry, Node};
use crate::read::Reader;
use crate::read::names::Names;
use crate::read::setting::{DEFAULT_TIMEOUT, DEFAULT_WITHIN, Named, Setting, Who};
use crate::vocabulary::files::{ATTACH, REFRESH, USER_CLASS};

impl Reader<'_> {
    pub(super) fn classes(&self, node: &Node) -> Vec<UserClass> {
        let entries = self.entries(node, "classes of users by name");
        entries
            .iter()
            .filter_map(|entry| self.class_of_users(entry))
            .collect()
    }

    fn class_of_users(&self, entry: &Entry) -> Option<UserClass> {
        self.is_name(&entry.key, entry.key_span);
        let fields = self.fields(&entry.value, &USER_CLASS)?;
        let who = Who::Class(Some(entry.key.clone()));
        let account = |key: &str, as_user: bool| self.account_steps(fields.get(key), &who, as_user);
        let create = account("create", false);
        let login = account("login", false);
        let delete = account("delete", true);
        let mut names = self.base_names();
        self.set_user(&mut names, &who);
        let attach = fields
            .get("attach")
            .and_then(|node| self.fields(node, &ATTACH));
        let attach_headers = self.headers(attach.and_then(|attach| attach.get("headers")), &names);
        let refresh = fields
            .get("refresh")
            .and_then(|node| self.refresh(node, &who));
        Some(UserClass {
            name: entry.key.clone(),
            create,
            login,
            delete,
            attach_headers,
            refresh,
        })
    }

    fn refresh(&self, node: &Node, who: &Who) -> Option<Refresh> {
        if node.as_map().is_none() {
            return Some(Refresh {
                every: self.duration(node)?,
                steps: Vec::new(),
            });
        }
        let fields = self.fields(node, &REFRESH)?;
        let steps = self.account_steps(fields.get("steps"), who, true);
        Some(Refresh {
            every: self.duration(fields.get("every")?)?,
            steps,
        })
    }

    /// Steps about an account: `account` is in scope, and `user` as far as it is known by then.
    /// Making one and logging in carry no credentials yet.
    fn account_steps(&self, node: Option<&Node>, who: &Who, as_user: bool) -> Vec<Step> {
        let named = Named::default();
        let setting = Setting::new(&named, &[], DEFAULT_WITHIN, DEFAULT_TIMEOUT);
        let setting = if as_user {
            setting.inside(who)
        } else {
            setting.as_nobody()
        };
        let mut base = self.base_names();
        let members = ["email", "name", "password"].map(str::to_owned);
        base.record("account", Some(members.into()), false);
        self.set_user(&mut base, who);
        // What login saves becomes a member of `user`; as names they end with these steps.
        let mut names = Names::inside(&base);
        self.steps(node, &mut names, &setting)
    }
}
