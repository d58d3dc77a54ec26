//! Keys of steps: one noun for each kind, made of shared groups.

use super::Support::{NotYet, Optional, Required};
use super::{Key, Noun, Shape, key};

const NAME_MAP: Shape = Shape::Map(&Shape::Expression);
const SOCKET: Shape = Shape::Name;
const STATUS: Shape = Shape::Integer {
    least: 100,
    most: 599,
};

const ANY_STEP: &[Key] = &[
    key(
        "name",
        Optional,
        Shape::Text,
        "Label in traces and reports.",
    ),
    key(
        "as",
        Optional,
        Shape::Text,
        "Who acts: a user of the test, `pool[expression]`, `nobody`.",
    ),
    key(
        "in",
        Optional,
        Shape::Name,
        "Role of a test across regions.",
    ),
    key(
        "within",
        Optional,
        Shape::Duration,
        "For whatever waits; default 10s.",
    ),
    key(
        "check",
        Optional,
        Shape::List(&Shape::Expression),
        "All must hold.",
    ),
    key(
        "save",
        Optional,
        NAME_MAP,
        "Names for values, readable by later steps.",
    ),
    key(
        "soft",
        Optional,
        Shape::Boolean,
        "Go on when a check fails; the case still fails.",
    ),
    key(
        "measure",
        NotYet("save the value and check it"),
        Shape::Any,
        "Custom measures.",
    ),
];

const REQUEST: &[Key] = &[
    key(
        "headers",
        Optional,
        Shape::Map(&Shape::Template),
        "Headers of the request.",
    ),
    key(
        "query",
        Optional,
        Shape::Map(&Shape::Scalar),
        "Query parameters.",
    ),
    key(
        "status",
        Optional,
        Shape::OneOf(&[STATUS, Shape::List(&STATUS)]),
        "Expected status; 2xx when absent.",
    ),
    key(
        "socket",
        Optional,
        SOCKET,
        "The socket's name; default `socket`.",
    ),
];

const BODY: &[Key] = &[
    key(
        "json",
        Optional,
        Shape::Any,
        "A JSON document, with `${…}` in its values.",
    ),
    key("text", Optional, Shape::Template, "A body of text."),
    key(
        "bytes",
        Optional,
        Shape::Template,
        "Bytes, written in base64.",
    ),
];

const HTTP_BODY: &[Key] = &[
    key(
        "form",
        Optional,
        Shape::Map(&Shape::Scalar),
        "A URL-encoded form.",
    ),
    key(
        "multipart",
        NotYet("send `form:` or `text:`"),
        Shape::Any,
        "A multipart form.",
    ),
    key(
        "follow_redirects",
        Optional,
        Shape::Boolean,
        "Follow redirects; default false.",
    ),
];

const BLOCK: &[Key] = &[
    key("steps", Required, Shape::Steps, "The steps inside."),
    key(
        "into",
        Optional,
        Shape::Name,
        "A name for what the block hands out.",
    ),
];

const EACH: &[Key] = &[key(
    "each",
    Optional,
    NAME_MAP,
    "What `into` keeps of each turn.",
)];
const INTO: &[Key] = &[key(
    "into",
    Optional,
    Shape::Name,
    "A name for the list of records.",
)];
const WHERE: &[Key] = &[key(
    "where",
    Optional,
    Shape::Expression,
    "Which messages match; all when absent.",
)];

const STEPS_NOT_YET: &str = "use `http`, `websocket` or `stream` steps";

pub(crate) static HTTP: Noun = Noun {
    name: "an `http` step",
    id: "http",
    keys: &[
        &[key(
            "http",
            Required,
            Shape::Template,
            "METHOD /path, or METHOD service:/path.",
        )],
        REQUEST_WITHOUT_SOCKET,
        BODY,
        HTTP_BODY,
        ANY_STEP,
    ],
};

const REQUEST_WITHOUT_SOCKET: &[Key] = REQUEST.split_at(3).0;

pub(crate) static WEBSOCKET: Noun = Noun {
    name: "a `websocket` step",
    id: "websocket",
    keys: &[
        &[key(
            "websocket",
            Required,
            Shape::Template,
            "/path, or service:/path.",
        )],
        REQUEST,
        &[
            key(
                "subprotocols",
                Optional,
                Shape::List(&Shape::Template),
                "Offered in this order.",
            ),
            key(
                "track",
                Optional,
                Shape::Noun(&TRACK),
                "Count lost, doubled, misplaced messages.",
            ),
            key(
                "reconnect",
                Optional,
                Shape::Noun(&RECONNECT),
                "Open again when it breaks.",
            ),
            key(
                "read",
                NotYet("leave it out; the socket is read at full speed"),
                Shape::Any,
                "Slow or paused reading.",
            ),
        ],
        ANY_STEP,
    ],
};

pub(crate) static TRACK: Noun = Noun {
    name: "`track`",
    id: "track",
    keys: &[&[
        key(
            "sequence",
            Required,
            Shape::Expression,
            "The number that grows by one.",
        ),
        key(
            "per",
            Optional,
            Shape::Expression,
            "Keeps parallel sequences apart.",
        ),
    ]],
};

pub(crate) static RECONNECT: Noun = Noun {
    name: "`reconnect`",
    id: "reconnect",
    keys: &[&[
        key(
            "within",
            Required,
            Shape::Duration,
            "All of it, from the break on.",
        ),
        key(
            "backoff",
            Optional,
            Shape::Duration,
            "Before the second attempt, then doubled; default 200ms.",
        ),
        key(
            "jitter",
            Optional,
            Shape::Boolean,
            "Vary the waiting; default true.",
        ),
        key(
            "resume",
            Optional,
            Shape::Any,
            "A JSON message sent after each new handshake.",
        ),
    ]],
};

pub(crate) static SEND: Noun = Noun {
    name: "a `send` step",
    id: "send",
    keys: &[
        &[key("send", Required, SOCKET, "The socket.")],
        BODY,
        ANY_STEP,
    ],
};

pub(crate) static RECEIVE: Noun = Noun {
    name: "a `receive` step",
    id: "receive",
    keys: &[
        &[key("receive", Required, SOCKET, "The socket.")],
        WHERE,
        ANY_STEP,
    ],
};

pub(crate) static COLLECT: Noun = Noun {
    name: "a `collect` step",
    id: "collect",
    keys: &[
        &[
            key("collect", Required, SOCKET, "The socket."),
            key(
                "until",
                Required,
                Shape::Expression,
                "The message that ends it.",
            ),
            key(
                "grammar",
                Optional,
                Shape::Name,
                "Judges what was collected.",
            ),
        ],
        WHERE,
        INTO,
        ANY_STEP,
    ],
};

pub(crate) static SILENCE: Noun = Noun {
    name: "a `silence` step",
    id: "silence",
    keys: &[
        &[
            key("silence", Required, SOCKET, "The socket."),
            key(
                "for",
                Required,
                Shape::Duration,
                "How long nothing may match.",
            ),
        ],
        WHERE,
        ANY_STEP,
    ],
};

pub(crate) static CLOSE: Noun = Noun {
    name: "a `close` step",
    id: "close",
    keys: &[
        &[
            key("close", Required, SOCKET, "The socket."),
            key(
                "code",
                Optional,
                Shape::Integer {
                    least: 1000,
                    most: 4999,
                },
                "Close code; default 1000.",
            ),
        ],
        ANY_STEP,
    ],
};

pub(crate) static ABANDON: Noun = Noun {
    name: "an `abandon` step",
    id: "abandon",
    keys: &[
        &[key(
            "abandon",
            Required,
            SOCKET,
            "The socket, reset without a goodbye.",
        )],
        ANY_STEP,
    ],
};

pub(crate) static STREAM: Noun = Noun {
    name: "a `stream` step",
    id: "stream",
    keys: &[
        &[
            key(
                "stream",
                Required,
                Shape::Template,
                "METHOD /path of an answer read piece by piece.",
            ),
            key(
                "until",
                Optional,
                Shape::Expression,
                "The record that ends it; the end of the answer when absent.",
            ),
            key(
                "grammar",
                NotYet("check `into` instead"),
                Shape::Name,
                "Judges the records.",
            ),
        ],
        REQUEST_WITHOUT_SOCKET,
        BODY,
        HTTP_BODY,
        INTO,
        ANY_STEP,
    ],
};

pub(crate) static USE: Noun = Noun {
    name: "a `use` step",
    id: "use",
    keys: &[&[
        key("use", Required, Shape::Name, "A block of `define`."),
        key(
            "name",
            Optional,
            Shape::Text,
            "Label in traces and reports.",
        ),
        key("as", Optional, Shape::Text, "Who acts in the block."),
        key(
            "in",
            Optional,
            Shape::Name,
            "Role of a test across regions.",
        ),
        key(
            "with",
            NotYet("save the value before `use:`; the block reads it by its name"),
            Shape::Any,
            "Values in.",
        ),
    ]],
};

pub(crate) static REPEAT: Noun = Noun {
    name: "a `repeat` step",
    id: "repeat",
    keys: &[
        &[key(
            "repeat",
            Required,
            Shape::Noun(&REPEAT_HEAD),
            "How often.",
        )],
        BLOCK,
        EACH,
        ANY_STEP,
    ],
};

pub(crate) static REPEAT_HEAD: Noun = Noun {
    name: "`repeat`",
    id: "repeat-head",
    keys: &[&[
        key(
            "times",
            Required,
            Shape::Expression,
            "A number, or an expression.",
        ),
        key(
            "index",
            Optional,
            Shape::Name,
            "A name for the turn, from 0.",
        ),
    ]],
};

pub(crate) static PARALLEL: Noun = Noun {
    name: "a `parallel` step",
    id: "parallel",
    keys: &[
        &[
            key(
                "parallel",
                Required,
                Shape::Noun(&PARALLEL_HEAD),
                "How many at once, or which.",
            ),
            key(
                "steps",
                Optional,
                Shape::Steps,
                "The steps of each branch, with `count`.",
            ),
            key(
                "into",
                Optional,
                Shape::Name,
                "A name for what the block hands out.",
            ),
            key(
                "during",
                Optional,
                Shape::Noun(&DURING),
                "Sampling while the branches run.",
            ),
        ],
        EACH,
        ANY_STEP,
    ],
};

pub(crate) static PARALLEL_HEAD: Noun = Noun {
    name: "`parallel`",
    id: "parallel-head",
    keys: &[&[
        key(
            "count",
            Optional,
            Shape::Expression,
            "How many branches of the same steps.",
        ),
        key(
            "index",
            Optional,
            Shape::Name,
            "A name for the branch, from 0.",
        ),
        key(
            "branches",
            Optional,
            Shape::Map(&Shape::Steps),
            "Branches by name.",
        ),
    ]],
};

pub(crate) static DURING: Noun = Noun {
    name: "`during`",
    id: "during",
    keys: &[
        &[key(
            "every",
            Required,
            Shape::Duration,
            "The time between samples.",
        )],
        BLOCK,
        EACH,
    ],
};

pub(crate) static POLL: Noun = Noun {
    name: "a `poll` step",
    id: "poll",
    keys: &[
        &[key(
            "poll",
            Required,
            Shape::Noun(&POLL_HEAD),
            "Repeat until all steps pass.",
        )],
        BLOCK,
        ANY_STEP,
    ],
};

pub(crate) static POLL_HEAD: Noun = Noun {
    name: "`poll`",
    id: "poll-head",
    keys: &[&[key(
        "every",
        Required,
        Shape::Duration,
        "The time between turns.",
    )]],
};

pub(crate) static WAIT: Noun = Noun {
    name: "a `wait` step",
    id: "wait",
    keys: &[
        &[key(
            "wait",
            Required,
            Shape::Duration,
            "Pacing the test itself is about.",
        )],
        ANY_STEP,
    ],
};

pub(crate) static WHEN: Noun = Noun {
    name: "a `when` step",
    id: "when",
    keys: &[
        &[
            key(
                "when",
                Required,
                Shape::Expression,
                "The steps run only if this holds.",
            ),
            key("steps", Required, Shape::Steps, "The steps inside."),
        ],
        ANY_STEP,
    ],
};

pub(crate) static BARRIER: Noun = Noun {
    name: "a `barrier` step",
    id: "barrier",
    keys: &[
        &[key(
            "barrier",
            Required,
            Shape::Name,
            "All branches of a `parallel` meet here.",
        )],
        ANY_STEP,
    ],
};

pub(crate) static CHECK: Noun = Noun {
    name: "a step of checks",
    id: "check",
    keys: &[ANY_STEP],
};

/// Kinds of step that run, with the key that tells them.
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
