//! Finds the secrets in what was exchanged, so that the redactor knows them before anything is
//! kept: credentials in headers, fields of bodies and parameters of addresses with secret names.
//!
//! A body is parsed for this only if it mentions a secret name at all. Where a body is not JSON,
//! `name=value` and `name: value` pairs are looked for. Taking secrets out is the redactor's work.

use std::borrow::Cow;

use bytes::Bytes;
use expression::Redactor;
use expression::names::Names;
use http::HeaderMap;
use http::header::{COOKIE, SET_COOKIE};
use regex::bytes::Regex;
use url::Url;

use crate::case::Case;
use crate::recording::{Exchanged, Record, Recording, Seen, json_value};
use crate::socket::Entry;

/// Words of the names that are secret unless an environment says otherwise.
const WORDS: [&str; 5] = ["token", "secret", "password", "authorization", "cookie"];

/// Tells quickly whether a text may hold a field with a secret name.
#[derive(Debug)]
pub(crate) struct Hints {
    mention: Option<Regex>,
    pair: Option<Regex>,
}

impl Hints {
    /// `redact`: the environment's own patterns.
    pub(crate) fn new(redact: &[String]) -> Self {
        let own = redact
            .iter()
            .flat_map(|pattern| pattern.split('*'))
            .filter(|part| !part.is_empty());
        let words: Vec<String> = WORDS.into_iter().chain(own).map(regex::escape).collect();
        // A backslash-u or a percent sign may spell any name.
        let mention = Regex::new(&format!(r"(?i){}|\\u|%[0-9a-f]{{2}}", words.join("|"))).ok();
        let pair = Regex::new(
            r#"([A-Za-z0-9_.\-]+)["']?\s*[:=]\s*["']?(?:[Bb]earer )?([^\s"'&,;<>]{8,})"#,
        )
        .ok();
        Self { mention, pair }
    }

    /// Without an expression to tell by, everything may.
    pub(crate) fn may_hold(&self, bytes: &[u8]) -> bool {
        self.mention
            .as_ref()
            .is_none_or(|mention| mention.is_match(bytes))
    }

    fn pairs<'t>(&self, bytes: &'t [u8]) -> Vec<(Cow<'t, str>, Cow<'t, str>)> {
        let Some(pair) = &self.pair else {
            return Vec::new();
        };
        let text = |found: Option<regex::bytes::Match<'t>>| {
            found.map(|found| String::from_utf8_lossy(found.as_bytes()))
        };
        pair.captures_iter(bytes)
            .filter_map(|found| Some((text(found.get(1))?, text(found.get(2))?)))
            .collect()
    }
}

/// Learns all secrets of a recording.
pub(crate) fn learn_recording(case: &Case, recording: &Recording, redactor: &Redactor) {
    let learner = Learner {
        names: &case.names,
        hints: &case.hints,
        redactor,
    };
    for observation in &recording.observations {
        match &observation.seen {
            Seen::Exchanged(exchanged) => learner.exchange(exchanged),
            Seen::Sent(sent) => learner.bytes(&sent.payload),
            _ => {}
        }
    }
    for (_, entries) in &recording.sockets {
        for entry in entries {
            if let Entry::Received(record) = entry {
                learner.record(record);
            }
        }
    }
}

struct Learner<'a> {
    names: &'a Names,
    hints: &'a Hints,
    redactor: &'a Redactor,
}

impl Learner<'_> {
    fn exchange(&self, exchanged: &Exchanged) {
        self.headers(&exchanged.request_headers);
        self.address(&exchanged.url);
        self.bytes(&exchanged.request_body);
        let Some(response) = &exchanged.response else {
            return;
        };
        self.headers(&response.headers);
        if self.hints.may_hold(&response.body) {
            let body = response.body(self.names);
            self.redactor.learn_value("body", &body);
            if body.is_null() {
                self.pairs(&response.body);
            }
        }
        for record in &response.records {
            self.record(record);
        }
    }

    fn record(&self, record: &Record) {
        if self.hints.may_hold(&record.bytes) {
            let json = record.json(self.names);
            self.redactor.learn_value("message", &json);
            if json.is_null() {
                self.pairs(&record.bytes);
            }
        }
    }

    fn bytes(&self, bytes: &Bytes) {
        if self.hints.may_hold(bytes) {
            let json = json_value(bytes, self.names);
            self.redactor.learn_value("body", &json);
            if json.is_null() {
                self.pairs(bytes);
            }
        }
    }

    fn pairs(&self, bytes: &[u8]) {
        for (name, value) in self.hints.pairs(bytes) {
            if self.names.is_secret(&name) {
                self.redactor.learn(&name, &value);
            }
        }
        for (name, value) in
            url::form_urlencoded::parse(bytes).filter(|(name, _)| self.names.is_secret(name))
        {
            self.redactor.learn(&name, &value);
        }
    }

    fn address(&self, url: &str) {
        if let Ok(url) = Url::parse(url) {
            for (name, value) in url
                .query_pairs()
                .filter(|(name, _)| self.names.is_secret(name))
            {
                self.redactor.learn(&name, &value);
            }
        }
    }

    fn headers(&self, headers: &HeaderMap) {
        for (name, value) in headers {
            if !self.names.is_secret(name.as_str()) {
                continue;
            }
            let text = String::from_utf8_lossy(value.as_bytes());
            match name {
                name if name == COOKIE => text.split(';').for_each(|pair| self.cookie(pair)),
                name if name == SET_COOKIE => {
                    text.split(';').take(1).for_each(|pair| self.cookie(pair))
                }
                _ => self.redactor.learn(name.as_str(), without_scheme(&text)),
            }
        }
    }

    fn cookie(&self, pair: &str) {
        if let Some((name, value)) = pair.split_once('=') {
            self.redactor.learn(name.trim(), value.trim());
        }
    }
}

fn without_scheme(text: &str) -> &str {
    match text.split_once(' ') {
        Some((scheme, secret)) if scheme.len() <= 10 && !secret.contains(' ') => secret,
        _ => text,
    }
}
