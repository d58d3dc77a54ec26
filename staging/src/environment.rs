//! The environment file that tells a client all it needs: addresses, authority, users, limits.
//!
//! It is written on every start, because ports, authority and tokens are new each time. The file
//! travels with every run, so that secrets stand in files beside it, which do not. The tokens that
//! it calls expired or foreign are signed with the real key, and good for nothing.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use crate::auth::{Claims, Kind, Tokens};
use crate::entrances::Ports;
use crate::{Config, Error, clock, discovery};

/// What changes from start to start.
pub(crate) struct Facts<'a> {
    pub(crate) config: &'a Config,
    pub(crate) ports: Ports,
    pub(crate) useless: UselessTokens,
    pub(crate) admin_key: &'a str,
}

/// Tokens with our signature that must be refused.
pub(crate) struct UselessTokens {
    expired: String,
    foreign_audience: String,
    foreign_issuer: String,
}

/// A token that expired an hour ago, one for another audience, and one of another issuer.
pub(crate) fn useless_tokens(tokens: &Tokens) -> Result<UselessTokens, Error> {
    let user = ("user_of_the_environment_file", "nobody@example.org");
    let hour = 3600;
    let expired = Claims::new(user, Kind::Access, clock::now_s() - 2 * hour, hour);
    let good = Claims::new(user, Kind::Access, clock::now_s(), 365 * 24 * hour);
    let audience = Claims {
        aud: "another-platform".into(),
        ..good.clone()
    };
    let issuer = Claims {
        iss: "another-auth-service".into(),
        ..good
    };
    let sign = |claims| tokens.sign(claims).map_err(|_| Error::Random);
    Ok(UselessTokens {
        expired: sign(&expired)?,
        foreign_audience: sign(&audience)?,
        foreign_issuer: sign(&issuer)?,
    })
}

/// Writes what the file refers to, in a folder beside it that only its owner can read.
pub(crate) fn write_secrets(facts: &Facts<'_>, folder: &Path) -> io::Result<()> {
    let useless = &facts.useless;
    let secrets = folder.join("secrets");
    fs::create_dir_all(&secrets)?;
    for (name, value) in [
        ("expired", useless.expired.as_str()),
        ("foreign_audience", useless.foreign_audience.as_str()),
        ("foreign_issuer", useless.foreign_issuer.as_str()),
        ("admin_key", facts.admin_key),
    ] {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(secrets.join(name))?
            .write_all(value.as_bytes())?;
    }
    Ok(())
}

/// The file's text.
pub(crate) fn written(facts: &Facts<'_>) -> String {
    hosts(facts) + &values(facts) + USERS
}

fn hosts(facts: &Facts<'_>) -> String {
    let host = &facts.config.public_host;
    let Ports {
        api,
        auth,
        provider,
        self_signed,
        expired,
        wrong_host,
        plain,
    } = facts.ports;
    format!(
        r#"# Written by muster-staging when it started; written anew with each start.
muster: v1
environment: staging

services:
  api: "https://{host}:{api}"
  auth: "https://{host}:{auth}"
  # The identity provider that logins end at.
  provider: "https://{host}:{provider}"
  # The API again, behind certificates that must be refused, and in plain text.
  self_signed: "https://{host}:{self_signed}"
  expired: "https://{host}:{expired}"
  wrong_host: "https://{host}:{wrong_host}"
  plain: "http://{host}:{plain}"

# Nothing else may be dialled.
allow:
  - "{host}:{api}"
  - "{host}:{auth}"
  - "{host}:{provider}"
  - "{host}:{self_signed}"
  - "{host}:{expired}"
  - "{host}:{wrong_host}"
  - "{host}:{plain}"

tls:
  ca: ca.pem

regions: [us-central1, europe-west1, asia-east1]

"#
    )
}

fn values(facts: &Facts<'_>) -> String {
    let config = facts.config;
    let (limit, window_ms) = (config.limit, config.limit_window.as_millis());
    let servers = discovery::names().collect::<Vec<_>>().join(", ");
    let origin = config.origins.first().map_or("", String::as_str);
    format!(
        r#"# What suites need to know about this platform; a suite reads ${{vars.limit}}.
vars:
  limit: {limit}
  limit_window_ms: {window_ms}
  servers: [{servers}]
  origin: "{origin}"
  p95_ms: 3000

# Really signed, and no longer or nowhere here of use; a suite reads ${{env.tokens.expired}}.
tokens:
  expired: {{ file: secrets/expired }}
  foreign_audience: {{ file: secrets/foreign_audience }}
  foreign_issuer: {{ file: secrets/foreign_issuer }}
  admin_key: {{ file: secrets/admin_key }}

"#
    )
}

/// How an account is made, logs in and stays logged in; the same on every start.
const USERS: &str = r#"users:
  member:
    create:
      - http: POST auth:/auth/register
        json:
          email: "${account.email}"
          password: "${account.password}"
        status: 201
    login:
      - http: POST auth:/auth/login
        json:
          email: "${account.email}"
          password: "${account.password}"
        save:
          token: body.access_token
          refresh_token: body.refresh_token
          id: body.user.id
          email: account.email
          password: account.password
    attach:
      headers:
        authorization: "Bearer ${user.token}"
    refresh:
      every: 14m
      steps:
        - http: POST auth:/auth/refresh
          json:
            refresh_token: "${user.refresh_token}"
          save:
            token: body.access_token
            refresh_token: body.refresh_token

  admin:
    create:
      - http: POST auth:/auth/register
        json:
          email: "${account.email}"
          password: "${account.password}"
          role: admin
          admin_key: "${env.tokens.admin_key}"
        status: 201
    login:
      - http: POST auth:/auth/login
        json:
          email: "${account.email}"
          password: "${account.password}"
        save:
          token: body.access_token
          id: body.user.id
    attach:
      headers:
        authorization: "Bearer ${user.token}"

caps:
  rps: 2000
  users: 2000
"#;
