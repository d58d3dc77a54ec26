//! An environment: services, what may be dialled, values, users, limits.
//!
//! `read::environment::allow` decides what is too wide and what covers a service.

mod allow;
mod classes;
mod secrets;

use std::collections::BTreeMap;
use std::path::PathBuf;

use expression::Value;
use expression::names::Names as SecretNames;

use self::secrets::{has_secret_form, is_secret};
use super::template::{literal, value_of};
use super::{Fields, Reader};
use crate::environment::{Allow, Caps, Environment, Tls};
use crate::place::Span;
use crate::raw::{Entry, Node, Scalar};
use crate::sources::{Sources, beside};
use crate::vocabulary::files::{CAPS, ENVIRONMENT, REDACT, TLS};
use crate::vocabulary::nearest;

impl Reader<'_> {
    pub(crate) fn environment(
        &self,
        root: &Node,
        sources: &Sources,
        vars: &[(String, String)],
    ) -> Option<Environment> {
        let fields = self.fields(root, &ENVIRONMENT)?;
        self.version(fields.get("muster"));
        let name = fields
            .get("environment")
            .and_then(|node| self.name(node, "the environment's name"));
        let allow = fields
            .get("allow")
            .map_or_else(Vec::new, |node| self.allow_list(node));
        let services = fields
            .get("services")
            .map_or_else(Vec::new, |node| self.services(node, &allow));
        let (redact, redact_not) = self.redact(fields.get("redact"));
        let secret = SecretNames::new(&redact, &redact_not);
        let vars = self.vars(fields, vars, &secret, &redact_not);
        let mut references = Vec::new();
        let tokens = self.tokens(fields.get("tokens"), &mut references);
        self.secrets(fields.get("secrets"), &mut references);
        let tls = fields.get("tls").and_then(|node| self.tls(node, sources));
        let regions = fields
            .get("regions")
            .map_or_else(Vec::new, |node| self.regions(node));
        let users = fields
            .get("users")
            .map_or_else(Vec::new, |node| self.classes(node));
        let caps = fields
            .get("caps")
            .map(|node| self.caps(node))
            .unwrap_or_default();
        Some(Environment {
            name: name?,
            file: self.problems.file().to_owned(),
            services,
            allow,
            vars,
            tokens,
            secrets: BTreeMap::new(),
            references,
            tls: tls.unwrap_or_default(),
            regions,
            users,
            caps,
            redact,
            redact_not,
        })
    }

    fn services(&self, node: &Node, allow: &[Allow]) -> Vec<(String, String)> {
        let entries = self.entries(node, "services by name");
        if entries.is_empty() && node.as_map().is_some() {
            self.problems.fix(
                node.span,
                "an environment without a service",
                "add `api: https://HOST`",
            );
        }
        entries
            .iter()
            .filter_map(|entry| self.service_address(entry, allow))
            .collect()
    }

    fn service_address(&self, entry: &Entry, allow: &[Allow]) -> Option<(String, String)> {
        self.is_name(&entry.key, entry.key_span);
        let written = self.text(&entry.value, "an address, as https://api.example")?;
        let span = entry.value.span;
        let refuse = |message: String, fix: &str| self.problems.fix(span, message, fix);
        let url = match url::Url::parse(&written) {
            Ok(url) => url,
            Err(bad) => {
                refuse(
                    format!("`{written}` is not an address: {bad}"),
                    "write it as https://api.example",
                );
                return None;
            }
        };
        if !matches!(url.scheme(), "http" | "https") {
            refuse(
                format!("`{}:` is not http or https", url.scheme()),
                "a service is an HTTP address",
            );
            return None;
        }
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            refuse(
                format!("`{written}` has no host"),
                "write it as https://api.example",
            );
            return None;
        };
        if !url.username().is_empty() || url.password().is_some() {
            refuse(
                "an address can't hold a user or password".into(),
                "log in under `users:`",
            );
        } else if url.query().is_some() || url.fragment().is_some() {
            refuse(
                "the address of a service has no `?` and no `#`".into(),
                "write them in the steps",
            );
        // With nothing readable in `allow`, that nothing covers a service says nothing new.
        } else if !allow.is_empty() && !allow::covers(allow, &host, port) {
            refuse(
                format!("no entry of `allow` covers {host}:{port}"),
                &format!("add `- \"{host}:{port}\"` under `allow:` if it may be dialled"),
            );
        }
        Some((entry.key.clone(), written))
    }

    fn vars(
        &self,
        fields: Fields<'_>,
        given: &[(String, String)],
        secret: &SecretNames,
        redact_not: &[String],
    ) -> BTreeMap<String, Value> {
        let entries = fields
            .get("vars")
            .map_or(&[][..], |node| self.entries(node, "values by name"));
        let mut vars = BTreeMap::new();
        for entry in entries {
            self.identifier(&entry.key, entry.key_span);
            let value = value_of(&entry.value);
            if is_secret(secret, &entry.key, &value) {
                self.tell_secret_var(&entry.key, entry.key_span);
            } else if !redact_not.contains(&entry.key.to_lowercase()) && has_secret_form(&value) {
                self.tell_secret_form(&entry.key, entry.value.span);
            }
            vars.insert(entry.key.clone(), value);
        }
        for (name, written) in given {
            let value = literal(&Scalar::plain(written.trim()));
            if is_secret(secret, name, &value) {
                let span = fields.key_span("vars").unwrap_or(Span::new(0, 1));
                self.tell_secret_given(name, span);
            } else if vars.contains_key(name) {
                vars.insert(name.clone(), value);
            } else {
                self.tell_unknown_var(name, written, &vars, fields);
            }
        }
        vars
    }

    fn tell_unknown_var(
        &self,
        name: &str,
        written: &str,
        vars: &BTreeMap<String, Value>,
        fields: Fields<'_>,
    ) {
        let known = vars.keys().map(String::as_str);
        let fix = nearest(name, known).map_or_else(
            || format!("add `{name}:` with its default under `vars:` of the environment"),
            |near| format!("did you mean `{near}`?"),
        );
        let span = fields.key_span("vars").unwrap_or(Span::new(0, 1));
        let message = format!("`--var {name}={written}` names no variable of this environment");
        self.problems.fix(span, message, fix);
    }

    fn tls(&self, node: &Node, sources: &Sources) -> Option<Tls> {
        let fields = self.fields(node, &TLS)?;
        let node = fields.get("ca")?;
        let written = self.text(node, "the path of a PEM file")?;
        let path = beside(self.problems.file(), &written);
        let Some(pem) = sources.bytes(&path) else {
            let fix = "the path is relative to this file";
            self.problems
                .fix(node.span, format!("there is no file `{path}`"), fix);
            return None;
        };
        if !String::from_utf8_lossy(pem).contains("-----BEGIN CERTIFICATE-----") {
            let fix = "give a PEM file with `-----BEGIN CERTIFICATE-----`";
            self.problems
                .fix(node.span, format!("`{path}` holds no certificate"), fix);
            return None;
        }
        Some(Tls {
            ca_pem: Some(pem.to_vec()),
            ca_path: Some(PathBuf::from(written)),
        })
    }

    fn regions(&self, node: &Node) -> Vec<String> {
        let mut regions: Vec<String> = Vec::new();
        for item in self.list(node, "regions") {
            let Some(region) = self.name(item, "a region") else {
                continue;
            };
            if matches!(region.as_str(), "any" | "all") {
                let fix = "choose another name; it is a placement of tests";
                self.problems
                    .fix(item.span, format!("`{region}` can't be a region"), fix);
            } else if regions.contains(&region) {
                self.problems.fix(
                    item.span,
                    format!("`{region}` is listed twice"),
                    "keep one of them",
                );
            } else {
                regions.push(region);
            }
        }
        regions
    }

    fn caps(&self, node: &Node) -> Caps {
        let Some(fields) = self.fields(node, &CAPS) else {
            return Caps::default();
        };
        let cap = |key: &str| {
            fields
                .get(key)
                .and_then(|node| self.integer(node, 1, 10_000_000))
        };
        Caps {
            rps: cap("rps"),
            users: cap("users"),
        }
    }

    /// Names added, and names taken out; lower case.
    fn redact(&self, node: Option<&Node>) -> (Vec<String>, Vec<String>) {
        let Some(node) = node else {
            return (Vec::new(), Vec::new());
        };
        let names = |node: &Node| -> Vec<String> {
            self.texts(node, "a name")
                .iter()
                .map(|name| name.to_lowercase())
                .collect()
        };
        if node.as_map().is_none() {
            return (names(node), Vec::new());
        }
        let Some(fields) = self.fields(node, &REDACT) else {
            return (Vec::new(), Vec::new());
        };
        let of = |key: &str| fields.get(key).map(names).unwrap_or_default();
        (of("names"), of("not"))
    }
}
