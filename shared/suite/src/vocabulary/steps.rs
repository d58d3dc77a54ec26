//! Keys of steps: one noun for each kind, made of shared groups.

use super::{Key, Noun, Shape, not_yet, optional, required};
use crate::model::Refusal;

const NAME_MAP: Shape = Shape::Map(&Shape::Expression);
const SOCKET: Shape = Shape::Name;
const STATUS: Shape = Shape::Integer {
    least: 100,
    most: 599,
};

#[rustfmt::skip]
const ANY_STEP: &[Key] = &[
    optional("name", Shape::Text, "Label in traces and reports."),
    optional("as", Shape::Text, "Who acts: a user of the test, `pool[expression]`, `nobody`."),
    optional("in", Shape::Name, "Role of a test across regions."),
    optional("within", Shape::Duration, "For whatever waits; default 10s."),
    optional("check", Shape::List(&Shape::Expression), "All must hold."),
    optional("save", NAME_MAP, "Names for values, readable by later steps."),
    optional("soft", Shape::Boolean, "Go on when a check fails; the case still fails."),
    not_yet("measure", "save the value and check it", "Custom measures."),
];

#[rustfmt::skip]
const REQUEST: &[Key] = &[
    optional("headers", Shape::Map(&Shape::Template), "Headers of the request."),
    optional("query", Shape::Map(&Shape::Scalar), "Query parameters."),
    optional("status", Shape::OneOf(&[STATUS, Shape::List(&STATUS)]), "Expected status; 2xx when absent."),
    optional("socket", SOCKET, "The socket's name; default `socket`."),
];

/// In the order of `model::Refusal`.
pub(crate) const REFUSALS: &[&str] = &[
    Refusal::ALL[0].word(),
    Refusal::ALL[1].word(),
    Refusal::ALL[2].word(),
    Refusal::ALL[3].word(),
    Refusal::ALL[4].word(),
];

#[rustfmt::skip]
const REFUSED: &[Key] = &[
    optional("refused", Shape::Words(REFUSALS), "No answer is wanted: the connection is to be refused in this way."),
];

#[rustfmt::skip]
const BODY: &[Key] = &[
    optional("json", Shape::Any, "A JSON document, with `${…}` in its values."),
    optional("text", Shape::Template, "A body of text."),
    optional("bytes", Shape::Template, "Bytes, written in base64."),
];

#[rustfmt::skip]
const HTTP_BODY: &[Key] = &[
    optional("form", Shape::Map(&Shape::Scalar), "A URL-encoded form."),
    not_yet("multipart", "send `form:` or `text:`", "A multipart form."),
    optional("follow_redirects", Shape::Boolean, "Follow redirects; default false."),
];

#[rustfmt::skip]
const BLOCK: &[Key] = &[
    required("steps", Shape::Steps, "The steps inside."),
    optional("into", Shape::Name, "A name for what the block hands out."),
];

#[rustfmt::skip]
const EACH: &[Key] = &[optional("each", NAME_MAP, "What `into` keeps of each turn.")];
#[rustfmt::skip]
const INTO: &[Key] = &[optional("into", Shape::Name, "A name for the list of records.")];
#[rustfmt::skip]
const WHERE: &[Key] = &[optional("where", Shape::Expression, "Which messages match; all when absent.")];

const STEPS_NOT_YET: &str = "use `http`, `websocket` or `stream` steps";

#[rustfmt::skip]
pub(crate) static HTTP: Noun = Noun {
    name: "an `http` step",
    id: "http",
    keys: &[
        &[required("http", Shape::Template, "METHOD /path, or METHOD service:/path.")],
        REQUEST_WITHOUT_SOCKET,
        REFUSED,
        BODY,
        HTTP_BODY,
        ANY_STEP,
    ],
};

#[rustfmt::skip]
const REQUEST_WITHOUT_SOCKET: &[Key] = REQUEST.split_at(3).0;

#[rustfmt::skip]
pub(crate) static WEBSOCKET: Noun = Noun {
    name: "a `websocket` step",
    id: "websocket",
    keys: &[
        &[required("websocket", Shape::Template, "/path, or service:/path.")],
        REQUEST,
        REFUSED,
        &[
            optional("subprotocols", Shape::List(&Shape::Template), "Offered in this order."),
            optional("track", Shape::Noun(&TRACK), "Count lost, doubled, misplaced messages."),
            optional("reconnect", Shape::Noun(&RECONNECT), "Open again when it breaks."),
            not_yet("read", "leave it out; the socket is read at full speed", "Slow or paused reading."),
        ],
        ANY_STEP,
    ],
};

#[rustfmt::skip]
pub(crate) static TRACK: Noun = Noun {
    name: "`track`",
    id: "track",
    keys: &[&[
        required("sequence", Shape::Expression, "The number that grows by one."),
        optional("per", Shape::Expression, "Keeps parallel sequences apart."),
    ]],
};

#[rustfmt::skip]
pub(crate) static RECONNECT: Noun = Noun {
    name: "`reconnect`",
    id: "reconnect",
    keys: &[&[
        required("within", Shape::Duration, "All of it, from the break on."),
        optional("backoff", Shape::Duration, "Before the second attempt, then doubled; default 200ms."),
        optional("jitter", Shape::Boolean, "Vary the waiting; default true."),
        optional("resume", Shape::Any, "A JSON message sent after each new handshake."),
    ]],
};

#[rustfmt::skip]
pub(crate) static SEND: Noun = Noun {
    name: "a `send` step",
    id: "send",
    keys: &[
        &[required("send", SOCKET, "The socket.")],
        BODY,
        ANY_STEP,
    ],
};

#[rustfmt::skip]
pub(crate) static RECEIVE: Noun = Noun {
    name: "a `receive` step",
    id: "receive",
    keys: &[
        &[required("receive", SOCKET, "The socket.")],
        WHERE,
        ANY_STEP,
    ],
};

#[rustfmt::skip]
pub(crate) static COLLECT: Noun = Noun {
    name: "a `collect` step",
    id: "collect",
    keys: &[
        &[
            required("collect", SOCKET, "The socket."),
            required("until", Shape::Expression, "The message that ends it."),
            optional("grammar", Shape::Name, "Judges what was collected."),
        ],
        WHERE,
        INTO,
        ANY_STEP,
    ],
};

#[rustfmt::skip]
pub(crate) static SILENCE: Noun = Noun {
    name: "a `silence` step",
    id: "silence",
    keys: &[
        &[
            required("silence", SOCKET, "The socket."),
            required("for", Shape::Duration, "How long nothing may match."),
        ],
        WHERE,
        ANY_STEP,
    ],
};

#[rustfmt::skip]
pub(crate) static CLOSE: Noun = Noun {
    name: "a `close` step",
    id: "close",
    keys: &[
        &[
            required("close", SOCKET, "The socket."),
            optional("code", Shape::Integer { least: 1000, most: 4999}, "Close code; default 1000."),
        ],
        ANY_STEP,
    ],
};

#[rustfmt::skip]
pub(crate) static ABANDON: Noun = Noun {
    name: "an `abandon` step",
    id: "abandon",
    keys: &[
        &[required("abandon", SOCKET, "The socket, reset without a goodbye.")],
        ANY_STEP,
    ],
};

#[rustfmt::skip]
pub(crate) static STREAM: Noun = Noun {
    name: "a `stream` step",
    id: "stream",
    keys: &[
        &[
            required("stream", Shape::Template, "METHOD /path of an answer read piece by piece."),
            optional("until", Shape::Expression, "The record that ends it; the end of the answer when absent."),
            not_yet("grammar", "check `into` instead", "Judges the records."),
        ],
        REQUEST_WITHOUT_SOCKET,
        BODY,
        HTTP_BODY,
        INTO,
        ANY_STEP,
    ],
};

#[rustfmt::skip]
pub(crate) static USE: Noun = Noun {
    name: "a `use` step",
    id: "use",
    keys: &[&[
        required("use", Shape::Name, "A block of `define`."),
        optional("name", Shape::Text, "Label in traces and reports."),
        optional("as", Shape::Text, "Who acts in the block."),
        optional("in", Shape::Name, "Role of a test across regions."),
        not_yet("with", "save the value before `use:`; the block reads it by its name", "Values in."),
    ]],
};

#[rustfmt::skip]
pub(crate) static REPEAT: Noun = Noun {
    name: "a `repeat` step",
    id: "repeat",
    keys: &[
        &[required("repeat", Shape::Noun(&REPEAT_HEAD), "How often.")],
        BLOCK,
        EACH,
        ANY_STEP,
    ],
};

#[rustfmt::skip]
pub(crate) static REPEAT_HEAD: Noun = Noun {
    name: "`repeat`",
    id: "repeat-head",
    keys: &[&[
        required("times", Shape::Expression, "A number, or an expression."),
        optional("index", Shape::Name, "A name for the turn, from 0."),
    ]],
};

#[rustfmt::skip]
pub(crate) static PARALLEL: Noun = Noun {
    name: "a `parallel` step",
    id: "parallel",
    keys: &[
        &[
            required("parallel", Shape::Noun(&PARALLEL_HEAD), "How many at once, or which."),
            optional("steps", Shape::Steps, "The steps of each branch, with `count`."),
            optional("into", Shape::Name, "A name for what the block hands out."),
            optional("during", Shape::Noun(&DURING), "Sampling while the branches run."),
        ],
        EACH,
        ANY_STEP,
    ],
};

#[rustfmt::skip]
pub(crate) static PARALLEL_HEAD: Noun = Noun {
    name: "`parallel`",
    id: "parallel-head",
    keys: &[&[
        optional("count", Shape::Expression, "How many branches of the same steps."),
        optional("index", Shape::Name, "A name for the branch, from 0."),
        optional("branches", Shape::Map(&Shape::Steps), "Branches by name."),
    ]],
};

#[rustfmt::skip]
pub(crate) static DURING: Noun = Noun {
    name: "`during`",
    id: "during",
    keys: &[
        &[required("every", Shape::Duration, "The time between samples.")],
        BLOCK,
        EACH,
    ],
};

#[rustfmt::skip]
pub(crate) static POLL: Noun = Noun {
    name: "a `poll` step",
    id: "poll",
    keys: &[
        &[required("poll", Shape::Noun(&POLL_HEAD), "Repeat until all steps pass.")],
        BLOCK,
        ANY_STEP,
    ],
};

#[rustfmt::skip]
pub(crate) static POLL_HEAD: Noun = Noun {
    name: "`poll`",
    id: "poll-head",
    keys: &[&[required("every", Shape::Duration, "The time between turns.")]],
};

#[rustfmt::skip]
pub(crate) static WAIT: Noun = Noun {
    name: "a `wait` step",
    id: "wait",
    keys: &[
        &[required("wait", Shape::Duration, "Pacing the test itself is about.")],
        ANY_STEP,
    ],
};

#[rustfmt::skip]
pub(crate) static WHEN: Noun = Noun {
    name: "a `when` step",
    id: "when",
    keys: &[
        &[
            required("when", Shape::Expression, "The steps run only if this holds."),
            required("steps", Shape::Steps, "The steps inside."),
        ],
        ANY_STEP,
    ],
};

#[rustfmt::skip]
pub(crate) static BARRIER: Noun = Noun {
    name: "a `barrier` step",
    id: "barrier",
    keys: &[
        &[required("barrier", Shape::Name, "All branches of a `parallel` meet here.")],
        ANY_STEP,
    ],
};

#[rustfmt::skip]
pub(crate) static CHECK: Noun = Noun {
    name: "a step of checks",
    id: "check",
    keys: &[ANY_STEP],
};

/// Kinds of step that run, with the key that tells them.
#[rustfmt::skip]
pub(crate) static KINDS: &[(&str, &Noun)] = &[
    ("http", &HTTP),
    ("websocket", &WEBSOCKET),
    ("send", &SEND),
    ("receive", &RECEIVE),
    ("collect", &COLLECT),
    ("silence", &SILENCE),
    ("close", &CLOSE),
    ("abandon", &ABANDON),
    ("stream", &STREAM),
    ("use", &USE),
    ("repeat", &REPEAT),
    ("parallel", &PARALLEL),
    ("poll", &POLL),
    ("wait", &WAIT),
    ("when", &WHEN),
    ("barrier", &BARRIER),
];

/// Kinds of step that the language has and the engine can't run yet.
#[rustfmt::skip]
pub(crate) static KINDS_NOT_YET: &[(&str, &str)] = &[
    (
        "hook",
        "start the program beside the grid and name its address under `services:`",
    ),
    (
        "resume",
        "let `reconnect:` of the `websocket` step open it again",
    ),
    ("publish", "write and read in one region"),
    (
        "await",
        "write and read in one region; `poll` waits for a state",
    ),
    ("signal", "use `barrier` inside `parallel`"),
    ("command", STEPS_NOT_YET),
];
