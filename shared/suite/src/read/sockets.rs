//! WebSocket steps: the handshake, and what is sent, received and waited for on a socket.

use expression::Expression;

use super::Reader;
use super::expression::Role;
use super::http::left_by;
use super::names::{Known, MESSAGE, Names, What};
use super::setting::Setting;
use super::step::Draft;
use crate::model::{Collect, Handshake, Receive, Reconnect, StepKind, Track};
use crate::raw::Node;
use crate::vocabulary::nearest;
use crate::vocabulary::steps::{RECONNECT, TRACK};
use std::time::Duration;

/// The name of a socket that has none.
const DEFAULT_SOCKET: &str = "socket";
const DEFAULT_BACKOFF: Duration = Duration::from_millis(200);

impl Reader<'_> {
    pub(crate) fn websocket(&self, draft: &mut Draft<'_, '_>) -> Option<StepKind> {
        let (fields, names) = (draft.fields, draft.names);
        let text = self.text(draft.head, "/path, or service:/path");
        let target = text.and_then(|text| self.target(draft.head, &text, 0, names));
        let query = self.value_templates(fields.get("query"), names);
        let headers = self.headers(fields.get("headers"), names);
        let protocols = fields.get("subprotocols");
        let protocols = protocols.map_or(&[][..], |node| self.list(node, "subprotocols"));
        let subprotocols = protocols
            .iter()
            .filter_map(|item| self.template(item, names))
            .collect();
        let status = self.status(fields);
        let track = fields.get("track").and_then(|node| self.track(node, names));
        let socket = match fields.get("socket") {
            Some(node) => self
                .name(node, "a name for the socket")
                .map(|name| (name, node.span)),
            None => Some((DEFAULT_SOCKET.to_owned(), draft.head.span)),
        };
        draft.left.answer(left_by(fields), true);
        let (socket, span) = socket?;
        if fields.get("refused").is_none() {
            self.give_socket(draft, &socket, span, fields.get("track").is_some());
        }
        // What is sent after a reconnect may read the socket's own log.
        let reconnect = fields
            .get("reconnect")
            .and_then(|node| self.reconnect(node, &draft.left));
        Some(StepKind::WebSocket(Handshake {
            socket,
            target: target?,
            query,
            headers,
            subprotocols,
            status: status?,
            track,
            reconnect,
        }))
    }

    /// Users share nothing, so that each may have a socket of the same name.
    fn give_socket(
        &self,
        draft: &mut Draft<'_, '_>,
        socket: &str,
        span: crate::place::Span,
        is_tracked: bool,
    ) {
        let known = |is_tracked| Known {
            what: What::Socket { is_tracked },
            ..Known::value(true, self.line(span))
        };
        match draft.left.get(socket).map(|known| &known.what) {
            Some(What::Socket { is_tracked: before }) => {
                let is_tracked = is_tracked || *before;
                draft.left.set(socket, known(is_tracked));
            }
            _ => self.give(&mut draft.left, socket, span, known(is_tracked)),
        }
    }

    fn track(&self, node: &Node, names: &Names<'_>) -> Option<Track> {
        let fields = self.fields(node, &TRACK)?;
        let looking = looking_at_message(names);
        let per = fields
            .get("per")
            .map(|node| self.expression(node, &looking, Role::Value));
        let sequence = self.expression(fields.get("sequence")?, &looking, Role::Value);
        Some(Track {
            sequence: sequence?,
            per: per.flatten(),
        })
    }

    fn reconnect(&self, node: &Node, names: &Names<'_>) -> Option<Reconnect> {
        let fields = self.fields(node, &RECONNECT)?;
        let backoff = fields.get("backoff").and_then(|node| self.duration(node));
        let jitter = fields.get("jitter").and_then(|node| self.boolean(node));
        let resume = fields.get("resume").and_then(|node| self.json(node, names));
        Some(Reconnect {
            within: self.duration(fields.get("within")?)?,
            backoff: backoff.unwrap_or(DEFAULT_BACKOFF),
            jitter: jitter.unwrap_or(true),
            resume,
        })
    }

    pub(crate) fn send(&self, draft: &mut Draft<'_, '_>) -> Option<StepKind> {
        let socket = self.is_socket(draft.head, draft.names);
        let message = self.message(draft);
        // When it was sent is our own clock, not something received.
        draft.left.answer(&["at_ms", "elapsed_ms"], false);
        Some(StepKind::Send {
            socket: socket?,
            message: message?,
        })
    }

    pub(crate) fn receive(&self, draft: &mut Draft<'_, '_>) -> Option<StepKind> {
        let socket = self.is_socket(draft.head, draft.names);
        let matching = self.matching(draft);
        draft.left.answer(MESSAGE, true);
        Some(StepKind::Receive(Receive {
            socket: socket?,
            matching: matching?,
        }))
    }

    pub(crate) fn collect(
        &self,
        draft: &mut Draft<'_, '_>,
        setting: &Setting<'_>,
    ) -> Option<StepKind> {
        let socket = self.is_socket(draft.head, draft.names);
        let matching = self.matching(draft);
        let looking = looking_at_message(draft.names);
        let until = draft.fields.get("until");
        let until = until.and_then(|node| self.expression(node, &looking, Role::Looking));
        let grammar = draft
            .fields
            .get("grammar")
            .map(|node| self.grammar_named(node, setting));
        draft.left.answer(MESSAGE, true);
        let into = self.handed_out(draft, true, false);
        Some(StepKind::Collect(Collect {
            socket: socket?,
            matching: matching?,
            until: until?,
            into,
            grammar: match grammar {
                Some(found) => Some(found?),
                None => None,
            },
        }))
    }

    fn grammar_named(&self, node: &Node, setting: &Setting<'_>) -> Option<crate::grammar::Grammar> {
        let name = self.name(node, "the name of a grammar")?;
        let grammars = &setting.named.grammars;
        let Some(found) = grammars.get(&name) else {
            let fix = nearest(&name, grammars.keys().map(String::as_str)).map_or_else(
                || format!("write it under `grammars:` of the file: `{name}:`"),
                |near| format!("did you mean `{near}`?"),
            );
            self.problems
                .fix(node.span, format!("unknown grammar `{name}`"), fix);
            return None;
        };
        found.clone()
    }

    pub(crate) fn silence(&self, draft: &mut Draft<'_, '_>) -> Option<StepKind> {
        let socket = self.is_socket(draft.head, draft.names);
        let matching = self.matching(draft);
        let duration = self.duration(draft.fields.get("for")?)?;
        Some(StepKind::Silence {
            socket: socket?,
            matching: matching?,
            duration,
        })
    }

    pub(crate) fn close(&self, draft: &mut Draft<'_, '_>) -> Option<StepKind> {
        let socket = self.is_socket(draft.head, draft.names);
        let code = draft
            .fields
            .get("code")
            .and_then(|node| self.integer(node, 1000, 4999));
        Some(StepKind::Close {
            socket: socket?,
            code,
        })
    }

    pub(crate) fn abandon(&self, draft: &mut Draft<'_, '_>) -> Option<StepKind> {
        let socket = self.is_socket(draft.head, draft.names)?;
        Some(StepKind::Abandon { socket })
    }

    /// `where:`; the outer `None` is a problem told, the inner one that nothing was said.
    fn matching(&self, draft: &Draft<'_, '_>) -> Option<Option<Expression>> {
        let Some(node) = draft.fields.get("where") else {
            return Some(None);
        };
        let looking = looking_at_message(draft.names);
        self.expression(node, &looking, Role::Looking).map(Some)
    }
}

/// The names while a message is looked at.
pub(crate) fn looking_at_message<'o>(names: &'o Names<'o>) -> Names<'o> {
    let mut looking = Names::inside(names);
    looking.looking();
    looking
}
