//! An environment: the system under test, what may be dialled, who the users are, and the limits.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use expression::{Expression, Template, Value};

use crate::model::Step;

#[derive(Clone, Debug)]
pub struct Environment {
    pub name: String,
    pub file: String,
    /// In the order written; the first is the default.
    pub services: Vec<(String, String)>,
    pub allow: Vec<Allow>,
    pub vars: BTreeMap<String, Value>,
    /// Values readable as `env.tokens.NAME`, tainted: those that the file spells out. What it refers
    /// to is added where it is resolved.
    pub tokens: BTreeMap<String, Value>,
    /// Values readable as `env.secrets.NAME`, tainted; empty until they are resolved.
    pub secrets: BTreeMap<String, Value>,
    /// What the file refers to. References travel; values are read where the engine is made.
    pub references: Vec<Reference>,
    pub tls: Tls,
    pub regions: Vec<String>,
    /// In the order written; the first is the default class.
    pub users: Vec<UserClass>,
    pub caps: Caps,
    /// Field and header name patterns whose values are secret, lower case, `*` is a wildcard.
    pub redact: Vec<String>,
    /// Names taken out of `redact`.
    pub redact_not: Vec<String>,
}

/// A secret that stands elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    pub group: SecretGroup,
    pub name: String,
    pub source: SecretSource,
    /// Line of the entry in the environment's file.
    pub line: u32,
}

/// Under which key of the file a secret is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretGroup {
    Tokens,
    Secrets,
}

/// Where a secret stands, on the machine of the worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// A variable of the worker's process.
    Variable(String),
    /// A file in the worker's folder of secrets: a relative path that never leads out of it.
    File(String),
}

/// One entry of the allow-list; a connection must match one by resolved address and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allow {
    /// `*.staging.example:443` or `api.example:443`: a host name pattern and a port.
    Host { pattern: String, port: u16 },
    /// `{ cidr: 10.0.0.0/8, port: 443 }`; no port means every port.
    Network {
        cidr: ipnet::IpNet,
        port: Option<u16>,
        hook: Option<String>,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// PEM with the certificates to trust instead of the machine's.
    pub ca_pem: Option<Vec<u8>>,
    /// As written, for messages.
    pub ca_path: Option<PathBuf>,
}

/// A class of users: how one is made, how it logs in, what its requests carry.
#[derive(Clone, Debug)]
pub struct UserClass {
    pub name: String,
    /// Steps that make a fresh account; `account.email` and `account.password` are in scope.
    pub create: Vec<Step>,
    pub login: Vec<Step>,
    pub delete: Vec<Step>,
    pub attach_headers: Vec<(String, Template)>,
    pub refresh: Option<Refresh>,
}

#[derive(Clone, Debug)]
pub struct Refresh {
    pub every: Duration,
    /// Empty: log in again.
    pub steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caps {
    /// Requests per second over the whole fleet.
    pub rps: Option<u32>,
    /// Users at one time over the whole fleet.
    pub users: Option<u32>,
}

/// An expression that reads the environment's fingerprint off a `requires` answer.
pub type FingerprintRule = Expression;
