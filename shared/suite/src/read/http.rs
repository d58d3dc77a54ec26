//! Requests: `http` and `stream` steps, targets, headers, bodies, expected status.

use expression::Template;

use super::expression::Role;
use super::names::{HTTP_ANSWER, Names};
use super::step::Draft;
use super::{Fields, Reader};
use crate::model::{Body, ExpectedStatus, Message, Refusal, Request, StepKind, Target};
use crate::place::Span;
use crate::raw::{Entry, Node};
use crate::vocabulary::nearest;

const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/// Keys that say something about an answer.
const WITH_AN_ANSWER: &[&str] = &["status", "follow_redirects", "track", "reconnect"];
const BODIES: &[&str] = &["json", "form", "text", "bytes"];
/// Written by whoever sends the request; a second one would contradict it.
const OWN_HEADERS: &[&str] = &[
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
];

impl Reader<'_> {
    pub(crate) fn http(&self, draft: &mut Draft<'_, '_>) -> Option<StepKind> {
        let request = self.request(draft);
        draft.left.answer(left_by(draft.fields), true);
        request.map(StepKind::Http)
    }

    pub(crate) fn stream(&self, draft: &mut Draft<'_, '_>) -> Option<StepKind> {
        let request = self.request(draft);
        draft.left.answer(HTTP_ANSWER, true);
        let mut looking = Names::inside(draft.names);
        looking.answer(HTTP_ANSWER, true);
        looking.looking();
        let until = draft.fields.get("until");
        let until = until.map(|node| self.expression(node, &looking, Role::Looking));
        let into = self.handed_out(draft, true, false);
        let until = match until {
            Some(read) => Some(read?),
            None => None,
        };
        Some(StepKind::Stream {
            request: request?,
            into,
            until,
        })
    }

    fn request(&self, draft: &Draft<'_, '_>) -> Option<Request> {
        let (fields, names) = (draft.fields, draft.names);
        let line = self.method_and_target(draft.head, names);
        let query = self.value_templates(fields.get("query"), names);
        let headers = self.headers(fields.get("headers"), names);
        let body = self.body(fields, names);
        let status = self.status(fields);
        let follow = fields
            .get("follow_redirects")
            .and_then(|node| self.boolean(node));
        let (method, target) = line?;
        Some(Request {
            method,
            target,
            query,
            headers,
            body: body?,
            status: status?,
            follow_redirects: follow.unwrap_or(false),
        })
    }

    /// `METHOD target`
    fn method_and_target(&self, node: &Node, names: &Names<'_>) -> Option<(String, Target)> {
        if node.as_map().is_some() {
            let fix =
                "method and path stand together, `http: GET /path`; all else stands beside it";
            self.wrong_form(node, "METHOD /path", Some(fix));
            return None;
        }
        let text = self.text(node, "METHOD /path")?;
        let Some((method, rest)) = text.split_once(' ') else {
            let message = if METHODS.contains(&text.as_str()) {
                "a path is missing"
            } else {
                "a method is missing"
            };
            self.problems
                .fix(node.span, message, "write METHOD and path: `GET /path`");
            return None;
        };
        if !METHODS.contains(&method) {
            let near = nearest(&method.to_uppercase(), METHODS.iter().copied());
            let fix = near.map_or_else(
                || format!("one of {}", METHODS.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            let span = Span::new(node.span.start, node.span.start + method.chars().count());
            self.problems
                .fix(span, format!("unknown method `{method}`"), fix);
            return None;
        }
        let shift = text.len() - rest.trim_start().len();
        let target = self.target(node, &text, shift, names)?;
        Some((method.to_owned(), target))
    }

    /// `/path`, `service:/path`, or `${base}/path`, from byte `shift` of the scalar on.
    pub(crate) fn target(
        &self,
        node: &Node,
        text: &str,
        shift: usize,
        names: &Names<'_>,
    ) -> Option<Target> {
        let written = &text[shift..];
        let (service, path_at) = match written.split_once(":/") {
            _ if written.starts_with('/') || written.starts_with("${") => (None, shift),
            Some((name, rest)) if rest.starts_with('/') || name.contains("://") => {
                let fix = "name the address under `services:` of the environment, and write `GET name:/path`";
                self.problems
                    .fix(node.span, "an address stands where a path is meant", fix);
                return None;
            }
            Some((name, _)) => (Some(self.service(node, name)?), shift + name.len() + 1),
            None => {
                let fix = "write `/path`, `service:/path`, or `${base}/path`";
                self.problems
                    .fix(node.span, format!("`{written}` is not a path"), fix);
                return None;
            }
        };
        let path = self.template_from(node, &text[path_at..], path_at, names)?;
        if has_outside(&path, char::is_control) {
            let fix = "write it percent-encoded, as %0A";
            self.problems
                .fix(node.span, "a path can't hold a control character", fix);
            return None;
        }
        if has_outside(&path, char::is_whitespace) {
            let fix = "write %20 for a space; what `${…}` gives is encoded by itself";
            self.problems
                .fix(node.span, "a path can't hold a space", fix);
            return None;
        }
        Some(Target { service, path })
    }

    fn service(&self, node: &Node, name: &str) -> Option<String> {
        let is_known = self
            .around
            .services
            .as_ref()
            .is_none_or(|services| services.contains(name));
        if !is_known {
            let services: Vec<&str> = self
                .around
                .services
                .iter()
                .flatten()
                .map(String::as_str)
                .collect();
            let fix = nearest(name, services.iter().copied()).map_or_else(
                || format!("the environment has: {}", services.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            self.problems
                .fix(node.span, format!("unknown service `{name}`"), fix);
        }
        is_known.then(|| name.to_owned())
    }

    pub(crate) fn headers(
        &self,
        node: Option<&Node>,
        names: &Names<'_>,
    ) -> Vec<(String, Template)> {
        let entries = node.map_or(&[][..], |node| {
            self.entries(node, "names and values of headers")
        });
        let mut headers = Vec::with_capacity(entries.len());
        for entry in entries {
            if http::HeaderName::from_bytes(entry.key.as_bytes()).is_err() {
                let message = format!("`{}` is not the name of a header", entry.key.escape_debug());
                self.problems
                    .fix(entry.key_span, message, "use letters, digits and `-`");
            } else if OWN_HEADERS.contains(&entry.key.to_ascii_lowercase().as_str()) {
                let message = format!("`{}` is written by the client itself", entry.key);
                self.problems.fix(entry.key_span, message, "leave it out");
            }
            let value = self.template(&entry.value, names);
            if let Some(value) = value.filter(|value| self.is_header_value(entry, value)) {
                headers.push((entry.key.clone(), value));
            }
        }
        headers
    }

    fn is_header_value(&self, entry: &Entry, value: &Template) -> bool {
        let span = entry.value.span;
        self.is_open_header(&entry.key, value.source(), span);
        let is_plain = !has_outside(value, |letter| letter.is_control() && letter != '\t');
        if !is_plain {
            let message = format!(
                "the value of `{}` holds a line break or another control character",
                entry.key
            );
            self.problems.fix(
                span,
                message,
                "a header is one line; what `${…}` gives is looked at when it is sent",
            );
        }
        is_plain
    }

    fn one_body<'n>(&self, fields: Fields<'n>) -> Option<(&'static str, &'n Node)> {
        let mut found = BODIES
            .iter()
            .filter_map(|key| Some((*key, fields.get(key)?)));
        let first = found.next();
        if let Some((second, node)) = found.next() {
            let message = format!(
                "one body at a time; this step has `{}` and `{second}`",
                first?.0
            );
            let span = fields.key_span(second).unwrap_or(node.span);
            self.problems.fix(span, message, "keep one of them");
        }
        first
    }

    fn body(&self, fields: Fields<'_>, names: &Names<'_>) -> Option<Body> {
        match self.one_body(fields) {
            None => Some(Body::Empty),
            Some(("json", node)) => self.json(node, names).map(Body::Json),
            Some(("form", node)) => Some(Body::Form(self.value_templates(Some(node), names))),
            Some(("text", node)) => self.template(node, names).map(Body::Text),
            Some((_, node)) => self.template(node, names).map(Body::Bytes),
        }
    }

    /// What a `send` step sends; problems are told when there is nothing.
    pub(crate) fn message(&self, draft: &Draft<'_, '_>) -> Option<Message> {
        match self.one_body(draft.fields) {
            Some(("json", node)) => self.json(node, draft.names).map(Message::Json),
            Some(("text", node)) => self.template(node, draft.names).map(Message::Text),
            Some((_, node)) => self.template(node, draft.names).map(Message::Bytes),
            None => {
                let fix = "add `json:`, `text:` or `bytes:`";
                self.problems.fix(draft.head.span, "nothing to send", fix);
                None
            }
        }
    }

    /// `status:` or `refused:`, of which a step has one.
    pub(crate) fn status(&self, fields: Fields<'_>) -> Option<ExpectedStatus> {
        if let Some(node) = fields.get("refused") {
            return self.refused(fields, node);
        }
        let Some(node) = fields.get("status") else {
            return Some(ExpectedStatus::Default);
        };
        let items = node.as_list().unwrap_or(std::slice::from_ref(node));
        if let Some(class) = items.iter().find(|item| is_class(item)) {
            let fix = "2xx is expected when `status:` is left out; else list numbers: `[200, 204]`";
            self.wrong_form(class, "a whole number from 100 to 599", Some(fix));
            return None;
        }
        let read: Vec<Option<u16>> = items
            .iter()
            .map(|item| self.integer(item, 100, 599))
            .collect();
        let statuses: Vec<u16> = read.into_iter().collect::<Option<_>>()?;
        if statuses.is_empty() {
            self.problems
                .add(node.span, "a list of statuses with none in it");
            return None;
        }
        let line = fields.key_span("status").map_or(0, |span| self.line(span));
        Some(ExpectedStatus::Listed { statuses, line })
    }

    fn refused(&self, fields: Fields<'_>, node: &Node) -> Option<ExpectedStatus> {
        for key in WITH_AN_ANSWER {
            if let Some(span) = fields.key_span(key) {
                let message =
                    format!("`{key}` and `refused`: where no answer comes, there is none to it");
                self.problems.fix(span, message, "keep one of them");
            }
        }
        let refusal = self.word(node, &Refusal::ALL.map(|refusal| (refusal.word(), refusal)))?;
        let line = fields.key_span("refused").map_or(0, |span| self.line(span));
        Some(ExpectedStatus::Refused { refusal, line })
    }
}

/// What a request or handshake leaves to read: nothing, when none is to be answered.
pub(crate) fn left_by(fields: Fields<'_>) -> &'static [&'static str] {
    if fields.get("refused").is_some() {
        &[]
    } else {
        HTTP_ANSWER
    }
}

/// `2xx`
fn is_class(node: &Node) -> bool {
    let text = node
        .as_scalar()
        .map(|scalar| scalar.text.to_ascii_lowercase());
    text.is_some_and(|text| text.len() == 3 && text.ends_with("xx"))
}

/// Whether such a character is written as it stands, outside every `${…}`.
fn has_outside(written: &Template, is_meant: impl Fn(char) -> bool) -> bool {
    let source = written.source();
    let inside: Vec<_> = written
        .expressions()
        .map(|(at, expression)| at..at + expression.source().len())
        .collect();
    source
        .char_indices()
        .any(|(at, letter)| is_meant(letter) && !inside.iter().any(|range| range.contains(&at)))
}
