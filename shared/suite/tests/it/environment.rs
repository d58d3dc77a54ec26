//! Environments: what may be dialled, who acts, what is secret.

use std::time::Duration;

use suite::environment::{Allow, SecretGroup, SecretSource};
use suite::{Options, Sources};

use crate::{CA, ENVIRONMENT, ENVIRONMENT_PATH};

fn load(environment: &str, vars: &[(&str, &str)]) -> Result<suite::Loaded, Vec<String>> {
    let sources = Sources::from_iter([(ENVIRONMENT_PATH, environment), ("envs/certs/ca.pem", CA)]);
    let vars = vars
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    suite::load(
        &sources,
        &Options {
            environment: ENVIRONMENT_PATH.into(),
            vars,
        },
    )
    .map_err(|problems| problems.iter().map(crate::shown).collect())
}

fn good() -> suite::Environment {
    match load(ENVIRONMENT, &[]) {
        Ok(loaded) => (*loaded.environment).clone(),
        Err(problems) => panic!("{problems:#?}"),
    }
}

#[test]
fn an_environment_is_read_whole() {
    let environment = good();
    assert_eq!(environment.name, "test");
    assert_eq!(
        environment.services[0],
        ("api".into(), "https://api.test.example".into())
    );
    assert_eq!(environment.regions, ["us", "eu", "asia"]);
    assert_eq!(
        environment.allow[0],
        Allow::Host {
            pattern: "*.test.example".into(),
            port: 443
        }
    );
    assert!(matches!(
        &environment.allow[2],
        Allow::Network {
            port: None,
            hook: None,
            ..
        }
    ));
    assert_eq!(environment.caps.rps, Some(500));
    assert_eq!(environment.redact, ["pin"]);
    assert_eq!(environment.redact_not, ["token_type"]);
    assert_eq!(environment.tls.ca_pem.as_deref(), Some(CA.as_bytes()));
    let member = &environment.users[0];
    assert_eq!(
        (member.create.len(), member.login.len(), member.delete.len()),
        (1, 1, 0)
    );
    assert_eq!(member.attach_headers[0].0, "authorization");
    let refresh = member.refresh.as_ref();
    assert_eq!(
        refresh.map(|refresh| (refresh.every, refresh.steps.len())),
        Some((Duration::from_secs(840), 0))
    );
    assert_eq!(
        environment.users[1]
            .refresh
            .as_ref()
            .map(|refresh| refresh.steps.len()),
        Some(1)
    );
}

#[test]
fn secrets_are_tainted_from_the_start() {
    let environment = good();
    assert!(environment.tokens["expired"].is_tainted());
    assert!(!environment.vars["limit"].is_tainted());
}

#[test]
fn secrets_are_references_and_never_values() {
    let environment = good();
    let found: Vec<_> = environment
        .references
        .iter()
        .map(|reference| (reference.group, reference.name.as_str(), &reference.source))
        .collect();
    let file = SecretSource::File("tokens/foreign".to_owned());
    let variable = SecretSource::Variable("TEST_API_KEY".to_owned());
    let expected = [
        (SecretGroup::Tokens, "foreign", &file),
        (SecretGroup::Secrets, "api_key", &variable),
    ];
    assert_eq!(found, expected);
    assert!(environment.secrets.is_empty());
}

#[test]
fn a_secret_in_clear_is_refused_wherever_it_would_travel() {
    let line = "  api_key: { env: TEST_API_KEY }\n";
    for (written, expected) in [
        (
            "  api_key: hunter2\n",
            "`api_key` stands here in clear, and this file travels",
        ),
        ("  api_key: {}\n", "where does `api_key` stand?"),
        (
            "  api_key: { env: A, file: b }\n",
            "where does `api_key` stand?",
        ),
        (
            "  api_key: { file: /etc/shadow }\n",
            "`/etc/shadow` is not a path inside a folder of secrets",
        ),
        (
            "  api_key: { file: a/../../b }\n",
            "`a/../../b` is not a path inside a folder of secrets",
        ),
        ("  api_key: { env: A B }\n", "`A B` is not a name"),
    ] {
        let told = load(&ENVIRONMENT.replace(line, written), &[])
            .err()
            .unwrap_or_default();
        assert!(
            told.len() == 1 && told[0].contains(expected),
            "{written} {told:?}"
        );
    }
    for (vars, expected) in [
        (
            "vars:\n  api_token: hunter2\n",
            "`api_token` holds a secret by its name",
        ),
        (
            "vars:\n  login: { password: hunter2 }\n",
            "`login` holds a secret by its name",
        ),
    ] {
        let told = load(&ENVIRONMENT.replace("vars:\n", vars), &[])
            .err()
            .unwrap_or_default();
        assert!(
            told.len() == 1 && told[0].contains(expected) && !told[0].contains("hunter2"),
            "{told:?}"
        );
    }
    for given in ["api_token", "limit_secret"] {
        let told = load(ENVIRONMENT, &[(given, "hunter2")])
            .err()
            .unwrap_or_default();
        assert!(
            told.len() == 1
                && told[0].contains(&format!("`--var {given}=…` is a secret by its name")),
            "{told:?}"
        );
    }
}

#[test]
fn a_variable_given_is_read_as_yaml_and_must_be_named() {
    let loaded = load(ENVIRONMENT, &[("limit", "5"), ("capacity", "many")])
        .unwrap_or_else(|told| panic!("{told:#?}"));
    assert_eq!(loaded.environment.vars["limit"].as_int(), Some(5));
    assert_eq!(loaded.environment.vars["capacity"].as_text(), Some("many"));
    let told = load(ENVIRONMENT, &[("limt", "5")])
        .err()
        .unwrap_or_default();
    assert_eq!(
        told,
        ["10:1 `--var limt=5` names no variable of this environment"]
    );
}

#[test]
fn too_wide_and_disguised_entries_are_refused() {
    for (entry, expected) in [
        ("\"*\"", "`*` is too wide for an allow-list"),
        ("\"*:443\"", "`*:443` is too wide"),
        ("\"*.com:443\"", "`*.com` is too wide"),
        ("{ cidr: 0.0.0.0/0 }", "`0.0.0.0/0` is too wide"),
        ("\"::/0\"", "`::/0` is too wide"),
        ("{ cidr: \"::/0\" }", "`::/0` is too wide"),
        ("{ cidr: 10.0.0.0 }", "`10.0.0.0` is not a network"),
        (
            "{ cidr: 169.254.0.0/16 }",
            "`169.254.0.0/16` holds 169.254.169.254",
        ),
        (
            "\"169.254.169.254:80\"",
            "`169.254.169.254/32` holds 169.254.169.254",
        ),
        ("10.0.0.0/8", "`10.0.0.0/8` is a network"),
        ("api.example", "`api.example` names no port"),
        ("api.example:0", "`0` is not a port"),
        ("api.example:https", "`https` is not a port"),
        (
            "https://api.example",
            "`https://api.example` is an address, not a host",
        ),
        (
            "\"api.*.example:443\"",
            "`api.*.example` has a `*` in its middle",
        ),
        (
            "0x7f000001:80",
            "`0x7f000001` is the address 127.0.0.1 in disguise",
        ),
        ("127.1:80", "`127.1` is the address 127.0.0.1 in disguise"),
        (
            "\"аpi.example:443\"",
            "`аpi.example` is `xn--pi-6kc.example` to machines",
        ),
        ("\"a b:443\"", "`a b` is not a host name"),
    ] {
        let text = format!(
            "muster: v1\nenvironment: e\nservices: {{ api: \"http://127.0.0.1:1\" }}\nallow:\n  - \"127.0.0.1:1\"\n  - {entry}\n"
        );
        let told = load(&text, &[]).err().unwrap_or_default();
        assert_eq!(told.len(), 1, "{entry} {told:?}");
        assert!(told[0].contains(expected), "{entry}: {told:?}");
    }
}

#[test]
fn a_service_is_an_http_address_that_may_be_dialled() {
    for (address, expected) in [
        ("ftp://api.example", "`ftp:` is not http or https"),
        ("file:///etc/passwd", "`file:` is not http or https"),
        ("api.example", "`api.example` is not an address"),
        (
            "https://other.example",
            "no entry of `allow` covers other.example:443",
        ),
        (
            "https://api.example:22",
            "no entry of `allow` covers api.example:22",
        ),
        (
            "https://api.example.evil.test",
            "no entry of `allow` covers api.example.evil.test:443",
        ),
        (
            "https://user@api.example",
            "an address can't hold a user or password",
        ),
        (
            "https://api.example/?a=1",
            "the address of a service has no `?`",
        ),
        (
            "http://169.254.169.254",
            "no entry of `allow` covers 169.254.169.254:80",
        ),
        (
            "http://[::ffff:10.0.0.1]",
            "no entry of `allow` covers [::ffff:a00:1]:80",
        ),
    ] {
        let text = format!(
            "muster: v1\nenvironment: e\nservices: {{ api: \"{address}\" }}\nallow: [ \"api.example:443\", \"*.evil.example:443\" ]\n"
        );
        let told = load(&text, &[]).err().unwrap_or_default();
        assert_eq!(told.len(), 1, "{address} {told:?}");
        assert!(told[0].contains(expected), "{address}: {told:?}");
    }
}

#[test]
fn mistakes_in_an_environment_are_told_at_once() {
    let text = "muster: v1\nenvironment: e\nservices: { api: \"http://127.0.0.1:1\" }\nallow:\n  - \"127.0.0.1:1\"\n\
        tls: { ca: missing.pem }\nregions: [eu, eu, any]\nhooks: {}\ncaps: { rsp: 5 }\nusers:\n  member:\n    from: users.csv\n    login:\n      - http: POST /login\n        json: { email: \"${account.mail}\" }\n    attach:\n      headers: { authorization: \"${user.token}\" }\n    refresh: often\n";
    let told = load(text, &[]).err().unwrap_or_default();
    assert_eq!(
        told,
        [
            "6:12 there is no file `envs/missing.pem`",
            "7:15 `eu` is listed twice",
            "7:19 `any` can't be a region",
            "8:1 not supported yet: hooks",
            "9:9 unknown key `rsp`",
            "12:5 not supported yet: from",
            "15:27 unknown name `account.mail`",
            "17:36 unknown name `user.token`",
            "18:14 `often` is not a duration; write a number and a unit: 500ms, 10s, 5m, 2h",
        ]
    );
}

#[test]
fn files_named_by_an_environment_are_found_beside_it() {
    let named = suite::named_by_environment(ENVIRONMENT_PATH, ENVIRONMENT);
    assert_eq!(named, ["envs/certs/ca.pem"]);
}
