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
    /// Named values of the environment file readable as `env.tokens.NAME`; secrets are tainted.
    pub tokens: BTreeMap<String, Value>,
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
