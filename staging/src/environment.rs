//! The environment file that tells a client all it needs: addresses, authority, users, limits.
//!
//! It is written on every start, because ports, authority and tokens are new each time. The two
//! tokens in it are signed with the real key, and good for nothing.

use crate::Error;
use crate::auth::{Claims, Kind, Tokens};
use crate::clock;

/// What changes from start to start.
pub(crate) struct Facts<'a> {
    pub(crate) host: &'a str,
    pub(crate) api_port: u16,
    pub(crate) auth_port: u16,
    pub(crate) limit: u32,
    pub(crate) window_ms: u128,
    pub(crate) expired: String,
    pub(crate) foreign: String,
}

/// A token that expired an hour ago, and one for another audience.
pub(crate) fn useless_tokens(tokens: &Tokens) -> Result<(String, String), Error> {
    let user = ("user_of_the_environment_file", "nobody@example.org");
    let hour = 3600;
    let expired = Claims::new(user, Kind::Access, clock::now_s() - 2 * hour, hour);
    let mut foreign = Claims::new(user, Kind::Access, clock::now_s(), 365 * 24 * hour);
    foreign.aud = "another-platform".into();
    let sign = |claims| tokens.sign(claims).map_err(|_| Error::Random);
    Ok((sign(&expired)?, sign(&foreign)?))
}

/// The file's text.
pub(crate) fn written(facts: &Facts<'_>) -> String {
    let Facts {
        host,
        api_port,
        auth_port,
        limit,
        window_ms,
        expired,
        foreign,
    } = facts;
    format!(
        r#"# Written by muster-staging when it started; written anew with each start.
muster: v1
environment: staging

services:
  api: "https://{host}:{api_port}"
  auth: "https://{host}:{auth_port}"

# Nothing else may be dialled.
allow:
  - "{host}:{api_port}"
  - "{host}:{auth_port}"

tls:
  ca: ca.pem

regions: [us-central1, europe-west1, asia-east1]

# What suites need to know about this platform; a suite reads ${{vars.limit}}.
vars:
  limit: {limit}
  limit_window_ms: {window_ms}

# Really signed, and no longer or nowhere here of use; a suite reads ${{env.tokens.expired}}.
tokens:
  expired: "{expired}"
  foreign_audience: "{foreign}"

"#
    ) + USERS
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

caps:
  rps: 2000
  users: 2000
"#;
