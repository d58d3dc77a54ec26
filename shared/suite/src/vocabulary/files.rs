//! Keys of whole files and of what stands in them outside steps.

use super::Support::{NotYet, Optional, Required};
use super::{Key, Noun, Shape, key};

const TIERS: Shape = Shape::Words(&["P1", "P2", "P3", "P4", "P5", "P6", "core"]);
const VERSION: Key = key(
    "muster",
    Required,
    Shape::Words(&["v1"]),
    "Version of the language.",
);
const TEXT_LIST: Shape = Shape::List(&Shape::Text);
const LOSS: Shape = Shape::Words(&["rerun", "lost"]);
const COUNT: Shape = Shape::Integer {
    least: 1,
    most: 100_000,
};
const PLACEMENT: Shape = Shape::OneOf(&[
    Shape::Words(&["any", "all"]),
    Shape::List(&Shape::Name),
    Shape::Map(&Shape::Name),
]);
const TEST_USERS: Shape = Shape::Map(&Shape::OneOf(&[Shape::Name, Shape::Noun(&POOL)]));

pub(crate) static SUITE: Noun = Noun {
    name: "a suite",
    id: "suite",
    keys: &[&[
        VERSION,
        key(
            "suite",
            Required,
            Shape::Name,
            "The suite's name, unique in a run.",
        ),
        key(
            "priority",
            Required,
            TIERS,
            "Priority tier: P1 (critical) to P6, or core.",
        ),
        key(
            "value",
            Optional,
            Shape::Text,
            "The capability that the suite stands for.",
        ),
        key(
            "owner",
            Optional,
            Shape::Text,
            "Who is asked when it fails.",
        ),
        key(
            "description",
            Optional,
            Shape::Text,
            "What the suite shows, for readers.",
        ),
        key(
            "requires",
            Optional,
            Shape::Steps,
            "Must be green in a region before its cases start.",
        ),
        key(
            "defaults",
            Optional,
            Shape::Noun(&DEFAULTS),
            "Values for all tests of the file.",
        ),
        key(
            "define",
            Optional,
            Shape::Map(&Shape::Noun(&DEFINE)),
            "Named blocks of steps for `use`.",
        ),
        key(
            "grammars",
            Optional,
            Shape::Map(&Shape::Noun(&GRAMMAR)),
            "Event grammars for `collect`.",
        ),
        key(
            "include",
            NotYet("write what both files need in each of them"),
            Shape::Any,
            "Other files whose `define` and `grammars` are taken in.",
        ),
        key(
            "tests",
            Required,
            Shape::List(&Shape::Noun(&TEST)),
            "The tests.",
        ),
    ]],
};

pub(crate) static DEFAULTS: Noun = Noun {
    name: "`defaults`",
    id: "defaults",
    keys: &[&[
        key("regions", Optional, PLACEMENT, "Where tests are planned."),
        key("users", Optional, TEST_USERS, "Users of each test."),
        key("timeout", Optional, Shape::Duration, "For a whole try."),
        key(
            "within",
            Optional,
            Shape::Duration,
            "For each step that waits.",
        ),
        key(
            "retries",
            Optional,
            Shape::Integer { least: 0, most: 10 },
            "Tries after the first.",
        ),
        key(
            "exclusive",
            Optional,
            Shape::Boolean,
            "Each test alone on its environment.",
        ),
        key(
            "on_worker_loss",
            Optional,
            LOSS,
            "What happens to a case whose worker went away.",
        ),
        key("group", Optional, Shape::Text, "Heading in reports."),
        key("tags", Optional, TEXT_LIST, "Words for the filter."),
        key(
            "baggage",
            Optional,
            Shape::Boolean,
            "Send W3C baggage with each request (default).",
        ),
    ]],
};

pub(crate) static TEST: Noun = Noun {
    name: "a test",
    id: "test",
    keys: &[&[
        key(
            "id",
            Required,
            Shape::Name,
            "Unique in the suite, stable over time.",
        ),
        key(
            "title",
            Optional,
            Shape::Text,
            "One line for readers; the id when absent.",
        ),
        key("group", Optional, Shape::Text, "Heading in reports."),
        key("tags", Optional, TEXT_LIST, "Words for the filter."),
        key(
            "users",
            Optional,
            TEST_USERS,
            "Who acts: a name and a class, or a pool.",
        ),
        key(
            "regions",
            Optional,
            PLACEMENT,
            "`any` (default), `all`, or a list.",
        ),
        key(
            "rows",
            Optional,
            Shape::Map(&Shape::Map(&Shape::Scalar)),
            "One case for each row.",
        ),
        key(
            "timeout",
            Optional,
            Shape::Duration,
            "For a whole try; default 60s.",
        ),
        key(
            "retries",
            Optional,
            Shape::Integer { least: 0, most: 10 },
            "Tries after the first.",
        ),
        key(
            "exclusive",
            Optional,
            Shape::Boolean,
            "Alone on its environment.",
        ),
        key(
            "on_worker_loss",
            Optional,
            LOSS,
            "`rerun` (default) or `lost`.",
        ),
        key(
            "quarantine",
            Optional,
            Shape::Noun(&QUARANTINE),
            "Not run until a date, and why.",
        ),
        key(
            "setup",
            Optional,
            Shape::Steps,
            "Steps before the test; a failure here is an error.",
        ),
        key("steps", Required, Shape::Steps, "What the test does."),
        key(
            "teardown",
            Optional,
            Shape::Steps,
            "Always run, whatever came before.",
        ),
        key(
            "after",
            Optional,
            Shape::Steps,
            "Once, when every user is done.",
        ),
        key(
            "load",
            NotYet("use `repeat` and `parallel` for a bounded number of users"),
            Shape::Any,
            "Load profile.",
        ),
        key(
            "thresholds",
            NotYet("write a `check` or `expect` instead"),
            Shape::Any,
            "Limits over all users.",
        ),
        key(
            "faults",
            NotYet("let the target's own switch make the fault"),
            Shape::Any,
            "Harm done to traffic on purpose.",
        ),
        key(
            "expect",
            Optional,
            Shape::List(&Shape::Expression),
            "Checks when all steps are done.",
        ),
        key(
            "command",
            NotYet("write the requests as steps"),
            Shape::Any,
            "A program as a test.",
        ),
        key(
            "proxy",
            NotYet("leave it out; it belongs to `command`"),
            Shape::Any,
            "Exchanges a program must make.",
        ),
        key(
            "results",
            NotYet("leave it out; it belongs to `command`"),
            Shape::Any,
            "Format of a program's results.",
        ),
    ]],
};

pub(crate) static POOL: Noun = Noun {
    name: "a pool of users",
    id: "pool",
    keys: &[&[
        key(
            "pool",
            Required,
            Shape::Name,
            "A class of users of the environment.",
        ),
        key("count", Required, COUNT, "How many users."),
    ]],
};

pub(crate) static QUARANTINE: Noun = Noun {
    name: "`quarantine`",
    id: "quarantine",
    keys: &[&[
        key(
            "until",
            Required,
            Shape::Text,
            "Last day it holds, as 2026-12-31.",
        ),
        key("owner", Required, Shape::Text, "Who brings it back."),
        key("why", Required, Shape::Text, "Why it is not run."),
    ]],
};

pub(crate) static DEFINE: Noun = Noun {
    name: "a named block",
    id: "define",
    keys: &[&[
        key(
            "steps",
            Required,
            Shape::Steps,
            "The steps that `use` stands for.",
        ),
        key(
            "with",
            NotYet("save the value before `use:`; the block reads it by its name"),
            Shape::Any,
            "Values in.",
        ),
        key(
            "returns",
            Optional,
            Shape::List(&Shape::Name),
            "Saved names that the test may read afterwards.",
        ),
    ]],
};

pub(crate) static GRAMMAR: Noun = Noun {
    name: "a grammar",
    id: "grammar",
    keys: &[&[
        key(
            "per",
            Optional,
            Shape::Expression,
            "Keeps parallel runs apart.",
        ),
        key(
            "event",
            Required,
            Shape::Expression,
            "The event's name in a message.",
        ),
        key(
            "order",
            Required,
            Shape::Text,
            "Event names with `+`, `*`, `?` and groups in ( ).",
        ),
        key(
            "ignore",
            Optional,
            TEXT_LIST,
            "Events that may come anywhere.",
        ),
        key(
            "pairs",
            Optional,
            Shape::List(&Shape::Noun(&PAIR)),
            "Events that open and close.",
        ),
        key(
            "same",
            Optional,
            Shape::List(&Shape::Expression),
            "Equal over all events.",
        ),
        key(
            "sequence",
            Optional,
            Shape::Expression,
            "Grows by one from event to event.",
        ),
    ]],
};

pub(crate) static PAIR: Noun = Noun {
    name: "a pair",
    id: "pair",
    keys: &[&[
        key("open", Required, Shape::Text, "The event that opens."),
        key("close", Required, Shape::Text, "The event that closes it."),
        key("by", Required, Shape::Expression, "Equal in both."),
    ]],
};

pub(crate) static ENVIRONMENT: Noun = Noun {
    name: "an environment",
    id: "environment",
    keys: &[&[
        VERSION,
        key(
            "environment",
            Required,
            Shape::Name,
            "The environment's name.",
        ),
        key(
            "services",
            Required,
            Shape::Map(&Shape::Text),
            "Base addresses; the first is the default.",
        ),
        key(
            "allow",
            Required,
            Shape::List(&Shape::OneOf(&[Shape::Text, Shape::Noun(&ALLOW)])),
            "What may be dialled.",
        ),
        key(
            "vars",
            Optional,
            Shape::Map(&Shape::Any),
            "Values readable as `vars.NAME`.",
        ),
        key(
            "tokens",
            Optional,
            Shape::Map(&Shape::Text),
            "Secrets readable as `env.tokens.NAME`.",
        ),
        key("tls", Optional, Shape::Noun(&TLS), "Whom to trust."),
        key(
            "regions",
            Optional,
            Shape::List(&Shape::Name),
            "Where workers run.",
        ),
        key(
            "users",
            Optional,
            Shape::Map(&Shape::Noun(&USER_CLASS)),
            "Classes of users; the first is the default.",
        ),
        key(
            "hooks",
            NotYet("run the program beside the grid and name its address under `services:`"),
            Shape::Any,
            "Programs the worker may start.",
        ),
        key(
            "caps",
            Optional,
            Shape::Noun(&CAPS),
            "Limits over the whole fleet.",
        ),
        key(
            "redact",
            Optional,
            Shape::OneOf(&[Shape::List(&Shape::Text), Shape::Noun(&REDACT)]),
            "Names of secret fields and headers.",
        ),
    ]],
};

pub(crate) static ALLOW: Noun = Noun {
    name: "an entry of `allow`",
    id: "allow",
    keys: &[&[
        key("cidr", Required, Shape::Text, "A network, as 10.1.0.0/16."),
        key(
            "port",
            Optional,
            Shape::Integer {
                least: 1,
                most: 65_535,
            },
            "One port; every port when absent.",
        ),
        key(
            "hook",
            Optional,
            Shape::Name,
            "Only for what this hook started.",
        ),
    ]],
};

pub(crate) static TLS: Noun = Noun {
    name: "`tls`",
    id: "tls",
    keys: &[&[key(
        "ca",
        Required,
        Shape::Text,
        "PEM file, relative to this file.",
    )]],
};

pub(crate) static USER_CLASS: Noun = Noun {
    name: "a class of users",
    id: "user-class",
    keys: &[&[
        key(
            "from",
            NotYet("make accounts by `create:` steps"),
            Shape::Text,
            "A file of accounts.",
        ),
        key("create", Optional, Shape::Steps, "Makes a fresh account."),
        key(
            "login",
            Optional,
            Shape::Steps,
            "What it saves is readable as `user.NAME`.",
        ),
        key("delete", Optional, Shape::Steps, "Removes the account."),
        key(
            "attach",
            Optional,
            Shape::Noun(&ATTACH),
            "What each request of the user carries.",
        ),
        key(
            "refresh",
            Optional,
            Shape::OneOf(&[Shape::Duration, Shape::Noun(&REFRESH)]),
            "Renews the login.",
        ),
    ]],
};

pub(crate) static ATTACH: Noun = Noun {
    name: "`attach`",
    id: "attach",
    keys: &[&[key(
        "headers",
        Required,
        Shape::Map(&Shape::Template),
        "Headers of each request.",
    )]],
};

pub(crate) static REFRESH: Noun = Noun {
    name: "`refresh`",
    id: "refresh",
    keys: &[&[
        key("every", Required, Shape::Duration, "How often."),
        key(
            "steps",
            Optional,
            Shape::Steps,
            "How; logging in again when absent.",
        ),
    ]],
};

pub(crate) static CAPS: Noun = Noun {
    name: "`caps`",
    id: "caps",
    keys: &[&[
        key(
            "rps",
            Optional,
            Shape::Integer {
                least: 1,
                most: 10_000_000,
            },
            "Requests per second.",
        ),
        key(
            "users",
            Optional,
            Shape::Integer {
                least: 1,
                most: 10_000_000,
            },
            "Users at one time.",
        ),
    ]],
};

pub(crate) static REDACT: Noun = Noun {
    name: "`redact`",
    id: "redact",
    keys: &[&[
        key(
            "names",
            Optional,
            TEXT_LIST,
            "Added to the names that are secret; `*` is a wildcard.",
        ),
        key("not", Optional, TEXT_LIST, "Taken out of them."),
    ]],
};

pub(crate) static GATE: Noun = Noun {
    name: "a gate",
    id: "gate",
    keys: &[&[
        VERSION,
        key("gate", Required, Shape::Name, "The gate's name."),
        key("description", Optional, Shape::Text, "What it is for."),
        key(
            "tiers",
            Required,
            Shape::Map(&Shape::Noun(&TIER_GATE)),
            "Tolerances of each tier.",
        ),
        key(
            "tolerated_skips",
            Optional,
            Shape::List(&Shape::Noun(&SKIP)),
            "Skips accepted by name.",
        ),
        key(
            "retries_failed",
            Optional,
            Shape::Boolean,
            "Retries also serve `failed`.",
        ),
        key(
            "proven_checks",
            NotYet("leave it out"),
            Shape::Text,
            "Share of checks shown able to fail.",
        ),
        key(
            "latency",
            NotYet("write a `check` on `elapsed_ms`"),
            Shape::Any,
            "Limits on waiting time.",
        ),
    ]],
};

pub(crate) static TIER_GATE: Noun = Noun {
    name: "a tier's gate",
    id: "tier-gate",
    keys: &[&[
        key(
            "failed",
            Required,
            TOLERANCE,
            "Tests that may fail: `0`, or `< 5%`.",
        ),
        key(
            "not_proven",
            Optional,
            TOLERANCE,
            "Tests without a proven outcome; default 0.",
        ),
        key(
            "flaky",
            Optional,
            TOLERANCE,
            "Tests whose tries differ; default 0.",
        ),
    ]],
};

const TOLERANCE: Shape = Shape::OneOf(&[
    Shape::Integer {
        least: 0,
        most: 1_000_000,
    },
    Shape::Text,
]);

pub(crate) static SKIP: Noun = Noun {
    name: "a tolerated skip",
    id: "tolerated-skip",
    keys: &[&[
        key("test", Required, Shape::Text, "The test's id."),
        key("owner", Required, Shape::Text, "Who answers for it."),
        key(
            "until",
            Required,
            Shape::Text,
            "Last day it holds, as 2026-12-31.",
        ),
        key("why", Required, Shape::Text, "Why it is accepted."),
    ]],
};

pub(crate) static VALUE: Noun = Noun {
    name: "a value file",
    id: "value",
    keys: &[&[
        VERSION,
        key("currency", Required, Shape::Text, "Three letters, as USD."),
        key(
            "value",
            Required,
            Shape::Map(&Shape::Noun(&VALUE_LINE)),
            "Tier or capability → revenue.",
        ),
    ]],
};

pub(crate) static VALUE_LINE: Noun = Noun {
    name: "a line of value",
    id: "value-line",
    keys: &[&[
        key(
            "mrr",
            Required,
            Shape::Integer {
                least: 0,
                most: i64::MAX,
            },
            "Monthly recurring revenue.",
        ),
        key(
            "tests",
            Required,
            Shape::OneOf(&[COUNT, Shape::List(&Shape::Name)]),
            "How many tests, or which, must stand behind it.",
        ),
    ]],
};

pub(crate) static SETTINGS: Noun = Noun {
    name: "muster.yaml",
    id: "settings",
    keys: &[&[
        VERSION,
        key(
            "suites",
            Optional,
            TEXT_LIST,
            "Files and folders of suites.",
        ),
        key(
            "environment",
            Optional,
            Shape::Text,
            "Name or file of the environment.",
        ),
        key("gate", Optional, Shape::Text, "Name of the gate."),
        key(
            "value",
            Optional,
            Shape::Text,
            "File of revenue; default value.yaml beside the suites.",
        ),
        key("out", Optional, Shape::Text, "Folder for reports."),
        key("grid", Optional, Shape::Text, "Address of a coordinator."),
        key(
            "regions",
            Optional,
            Shape::List(&Shape::Name),
            "Regions of a run.",
        ),
        key(
            "workers",
            Optional,
            COUNT,
            "Workers in each region of a run on this machine.",
        ),
        key(
            "deadline",
            Optional,
            Shape::Duration,
            "When a run ends whatever happens.",
        ),
        key("max_fail", Optional, COUNT, "Stop after so many failures."),
        key(
            "vars",
            Optional,
            Shape::Map(&Shape::Scalar),
            "As `--var NAME=VALUE`.",
        ),
    ]],
};
