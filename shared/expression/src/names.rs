//! Which header and field names hold secrets: a suite's `redact`, over the defaults.
//! Patterns are names with `*` for any run of characters; case never counts.

/// What is secret when a suite says nothing. Cookies are secret whole.
const DEFAULTS: [&str; 7] = [
    "*token*",
    "*secret*",
    "password",
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
];

/// The names whose values are secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    secret: Vec<String>,
    not: Vec<String>,
}

impl Default for Names {
    fn default() -> Self {
        Names::new(std::iter::empty::<&str>(), std::iter::empty::<&str>())
    }
}

impl Names {
    /// The defaults, with `redact` added; what `not` names is open whatever else says otherwise.
    #[must_use]
    pub fn new(
        redact: impl IntoIterator<Item = impl AsRef<str>>,
        not: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Self {
        let lower = |name: &str| name.to_lowercase();
        let added = redact.into_iter().map(|name| lower(name.as_ref()));
        Names {
            secret: DEFAULTS
                .iter()
                .map(|name| lower(name))
                .chain(added)
                .collect(),
            not: not.into_iter().map(|name| lower(name.as_ref())).collect(),
        }
    }

    /// Whether the value of a header or field of this name is secret.
    #[must_use]
    pub fn is_secret(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let among = |patterns: &[String]| {
            patterns
                .iter()
                .any(|pattern| fits(pattern.as_bytes(), name.as_bytes()))
        };
        among(&self.secret) && !among(&self.not)
    }
}

/// Whether all of `name` fits `pattern`: the part after the latest `*` is tried at every position.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, n));
            p += 1;
        } else if pattern.get(p) == Some(&name[n]) {
            p += 1;
            n += 1;
        } else if let Some((at, from)) = star {
            p = at + 1;
            n = from + 1;
            star = Some((at, from + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_secrets_passwords_and_credentials_are_secret_by_default() {
        let names = Names::default();
        for name in [
            "token",
            "access_token",
            "refreshToken",
            "X-Auth-Token",
            "client_secret",
            "Password",
            "Authorization",
            "cookie",
            "Set-Cookie",
        ] {
            assert!(names.is_secret(name), "{name}");
        }
        for name in ["id", "passwords_changed", "cookies", "status", ""] {
            assert!(!names.is_secret(name), "{name}");
        }
    }

    #[test]
    fn a_suite_adds_names_and_takes_names_out() {
        let names = Names::new(["x-*-key", "pin"], ["token_type", "max_*"]);
        assert!(names.is_secret("X-Api-Key") && names.is_secret("PIN"));
        assert!(!names.is_secret("x-key") && !names.is_secret("token_type"));
        assert!(!names.is_secret("max_tokens") && names.is_secret("access_token"));
    }

    #[test]
    fn stars_match_any_run() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("**a", "ba", true),
            ("a*b*c", "aXbXbc", true),
            ("a*b*c", "aXbXcb", false),
            ("*ab", "aab", true),
            ("", "a", false),
        ] {
            assert_eq!(
                fits(pattern.as_bytes(), name.as_bytes()),
                expected,
                "{pattern} {name}"
            );
        }
    }
}
