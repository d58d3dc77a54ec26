//! Secrets that stand in a file in clear, told by their form: keys with a well-known beginning, and
//! credentials in headers. Suites and variables travel and are kept; a secret is named by reference.

use super::Reader;
use crate::place::Span;

/// Beginnings that issuers give their keys, the least length, and what they are.
const FORMS: &[(&str, usize, &str)] = &[
    ("AKIA", 20, "an access key"),
    ("ASIA", 20, "an access key"),
    ("AIza", 39, "an API key"),
    ("ghp_", 40, "an access token"),
    ("gho_", 40, "an access token"),
    ("ghs_", 40, "an access token"),
    ("ghu_", 40, "an access token"),
    ("github_pat_", 40, "an access token"),
    ("glpat-", 26, "an access token"),
    ("xoxb-", 30, "an access token"),
    ("xoxp-", 30, "an access token"),
    ("sk_live_", 24, "an API key"),
    ("rk_live_", 24, "an API key"),
    ("sk-", 40, "an API key"),
];
/// A credential has at least so many characters; shorter ones are made up by the author.
const LEAST_CREDENTIAL: usize = 20;
/// Bits for each character: words and repetitions have fewer, random texts of this length more.
const LEAST_BITS: f64 = 3.5;
/// The same for texts that no header marks as a credential.
const LEAST_LONG: usize = 32;
const LEAST_LONG_BITS: f64 = 4.3;

const FIX: &str = "write it under `secrets:` of the environment, by reference, and read `${env.secrets.NAME}`; \
                   if it is good for nothing, such as a forged token, under `tokens:`, and read `${env.tokens.NAME}`";

impl Reader<'_> {
    /// Tells of a text that has the form of a secret wherever it stands.
    pub(crate) fn is_open(&self, text: &str, span: Span) -> bool {
        let found = known_form(text);
        if let Some(what) = found {
            let message = format!("{what} stands here in clear, and this file travels");
            self.problems.fix(span, message, FIX);
        }
        found.is_none()
    }

    /// Tells of a credential that is spelled out in a header.
    pub(crate) fn is_open_header(&self, name: &str, text: &str, span: Span) {
        if text.contains("${") || known_form(text).is_some() {
            return;
        }
        let name = name.to_ascii_lowercase();
        let credential = match name.as_str() {
            "authorization" | "proxy-authorization" => text.rsplit(' ').next(),
            "cookie" => text.split_once('=').map(|(_, value)| value),
            _ => ["Bearer ", "Basic "]
                .iter()
                .find_map(|scheme| text.strip_prefix(scheme))
                .or(expression::names::Names::default()
                    .is_secret(&name)
                    .then_some(text)),
        };
        if credential.is_some_and(is_credential) {
            let message = format!("`{name}` holds a credential in clear, and this file travels");
            self.problems.fix(span, message, FIX);
        }
    }
}

/// What the text has the form of, where that is a secret.
pub(crate) fn known_form(text: &str) -> Option<&'static str> {
    if text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----") {
        return Some("a private key");
    }
    let words =
        text.split(|letter: char| !(letter.is_ascii_alphanumeric() || "_-".contains(letter)));
    words.into_iter().find_map(|word| {
        let is_example = word.to_ascii_uppercase().contains("EXAMPLE");
        let form = FORMS.iter().find(|(begins, least, _)| {
            word.len() >= *least && word.strip_prefix(begins).is_some_and(is_mixed)
        });
        form.filter(|_| !is_example).map(|(_, _, what)| *what)
    })
}

/// A long text that looks random, and is neither a digest nor a path.
pub(crate) fn looks_random(text: &str) -> bool {
    let is_dense = text
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "+/=_-".contains(letter));
    let has = |of: fn(&char) -> bool| text.chars().any(|letter| of(&letter));
    text.len() >= LEAST_LONG
        && is_dense
        && has(char::is_ascii_uppercase)
        && has(char::is_ascii_lowercase)
        && has(char::is_ascii_digit)
        && bits(text) >= LEAST_LONG_BITS
}

fn is_credential(text: &str) -> bool {
    text.len() >= LEAST_CREDENTIAL && is_mixed(text) && bits(text) >= LEAST_BITS
}

fn is_mixed(text: &str) -> bool {
    let has_letter = text.chars().any(|letter| letter.is_ascii_alphabetic());
    has_letter && text.chars().any(|letter| letter.is_ascii_digit())
}

/// Shannon's entropy of the text's characters, in bits for each.
fn bits(text: &str) -> f64 {
    let mut counts = std::collections::BTreeMap::new();
    for letter in text.chars() {
        *counts.entry(letter).or_insert(0_u32) += 1;
    }
    let all = f64::from(counts.values().sum::<u32>());
    let share = |count: &u32| f64::from(*count) / all;
    counts
        .values()
        .map(|count| -share(count) * share(count).log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_secrets_are_known_and_other_texts_are_not() {
        for secret in [
            "key=AKIAQ7XN4MZ2PL9WTV3K",
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
        ] {
            assert!(known_form(secret).is_some(), "{secret}");
        }
        for open in [
            "AKIAIOSFODNN7EXAMPLE",
            "ghp_short",
            "AKIA",
            "sk-a-word-with-many-dashes-and-no-digits-in-it",
            "",
        ] {
            assert_eq!(known_form(open), None, "{open}");
        }
    }

    #[test]
    fn what_looks_random_is_told_from_words_digests_and_paths() {
        assert!(looks_random("fT9xQ2mLr7Kc0ZpW4vYbN8sHd1EjUa6G"));
        for open in [
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "123e4567-e89b-12d3-a456-426614174000",
            "a-rather-long-name-of-a-thread-in-the-lab-42",
            "https://api.staging.example/v1/Threads",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAa1",
        ] {
            assert!(!looks_random(open), "{open}");
        }
    }
}
