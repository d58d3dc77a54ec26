//! Keys of whole files and of what stands in them outside steps.

use super::{Key, Noun, Shape, not_yet, optional, required};

const TIERS: Shape = Shape::Words(&["P1", "P2", "P3", "P4", "P5", "P6", "core"]);
const VERSION: Key = required("muster", Shape::Words(&["v1"]), "Version of the language.");
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

#[rustfmt::skip]
pub(crate) static SUITE: Noun = Noun {
    name: "a suite",
    id: "suite",
    keys: &[&[
        VERSION,
        required("suite", Shape::Name, "The suite's name, unique in a run."),
        required("priority", TIERS, "Priority tier: P1 (critical) to P6, or core."),
        optional("value", Shape::Text, "The capability that the suite stands for."),
        optional("owner", Shape::Text, "Who is asked when it fails."),
        optional("description", Shape::Text, "What the suite shows, for readers."),
        optional("requires", Shape::Steps, "Must be green in a region before its cases start."),
        optional("defaults", Shape::Noun(&DEFAULTS), "Values for all tests of the file."),
        optional("define", Shape::Map(&Shape::Noun(&DEFINE)), "Named blocks of steps for `use`."),
        optional("grammars", Shape::Map(&Shape::Noun(&GRAMMAR)), "Event grammars for `collect`."),
        not_yet("include", "write what both files need in each of them", "Other files whose `define` and `grammars` are taken in."),
        required("tests", Shape::List(&Shape::Noun(&TEST)), "The tests."),
    ]],
};

#[rustfmt::skip]
pub(crate) static DEFAULTS: Noun = Noun {
    name: "`defaults`",
    id: "defaults",
    keys: &[&[
        optional("regions", PLACEMENT, "Where tests are planned."),
        optional("users", TEST_USERS, "Users of each test."),
        optional("timeout", Shape::Duration, "For a whole try."),
        optional("within", Shape::Duration, "For each step that waits."),
        optional("retries", Shape::Integer { least: 0, most: 10 }, "Tries after the first."),
        optional("exclusive", Shape::Boolean, "Each test alone on its environment."),
        optional("on_worker_loss", LOSS, "What happens to a case whose worker went away."),
        optional("group", Shape::Text, "Heading in reports."),
        optional("tags", TEXT_LIST, "Words for the filter."),
        optional("baggage", Shape::Boolean, "Send W3C baggage with each request (default)."),
    ]],
};

#[rustfmt::skip]
pub(crate) static TEST: Noun = Noun {
    name: "a test",
    id: "test",
    keys: &[&[
        required("id", Shape::Name, "Unique in the suite, stable over time."),
        optional("title", Shape::Text, "One line for readers; the id when absent."),
        optional("group", Shape::Text, "Heading in reports."),
        optional("tags", TEXT_LIST, "Words for the filter."),
        optional("users", TEST_USERS, "Who acts: a name and a class, or a pool."),
        optional("regions", PLACEMENT, "`any` (default), `all`, or a list."),
        optional("rows", Shape::Map(&Shape::Map(&Shape::Scalar)), "One case for each row."),
        optional("timeout", Shape::Duration, "For a whole try; default 60s."),
        optional("retries", Shape::Integer { least: 0, most: 10 }, "Tries after the first."),
        optional("exclusive", Shape::Boolean, "Alone on its environment."),
        optional("on_worker_loss", LOSS, "`rerun` (default) or `lost`."),
        optional("quarantine", Shape::Noun(&QUARANTINE), "Not run until a date, and why."),
        optional("setup", Shape::Steps, "Steps before the test; a failure here is an error."),
        required("steps", Shape::Steps, "What the test does."),
        optional("teardown", Shape::Steps, "Always run, whatever came before."),
        optional("after", Shape::Steps, "Once, when every user is done."),
        not_yet("load", "use `repeat` and `parallel` for a bounded number of users", "Load profile."),
        not_yet("thresholds", "write a `check` or `expect` instead", "Limits over all users."),
        not_yet("faults", "let the target's own switch make the fault", "Harm done to traffic on purpose."),
        optional("expect", Shape::List(&Shape::Expression), "Checks when all steps are done."),
        not_yet("command", "write the requests as steps", "A program as a test."),
        not_yet("proxy", "leave it out; it belongs to `command`", "Exchanges a program must make."),
        not_yet("results", "leave it out; it belongs to `command`", "Format of a program's results."),
    ]],
};

#[rustfmt::skip]
pub(crate) static POOL: Noun = Noun {
    name: "a pool of users",
    id: "pool",
    keys: &[&[
        required("pool", Shape::Name, "A class of users of the environment."),
        required("count", Shape::Integer { least: 1, most: 1_000 }, "How many users."),
    ]],
};

#[rustfmt::skip]
pub(crate) static QUARANTINE: Noun = Noun {
    name: "`quarantine`",
    id: "quarantine",
    keys: &[&[
        required("until", Shape::Text, "Last day it holds, as 2026-12-31."),
        required("owner", Shape::Text, "Who brings it back."),
        required("why", Shape::Text, "Why it is not run."),
    ]],
};

#[rustfmt::skip]
pub(crate) static DEFINE: Noun = Noun {
    name: "a named block",
    id: "define",
    keys: &[&[
        required("steps", Shape::Steps, "The steps that `use` stands for."),
        not_yet("with", "save the value before `use:`; the block reads it by its name", "Values in."),
        optional("returns", Shape::List(&Shape::Name), "Saved names that the test may read afterwards."),
    ]],
};

#[rustfmt::skip]
pub(crate) static GRAMMAR: Noun = Noun {
    name: "a grammar",
    id: "grammar",
    keys: &[&[
        optional("per", Shape::Expression, "Keeps parallel runs apart."),
        required("event", Shape::Expression, "The event's name in a message."),
        required("order", Shape::Text, "Event names with `+`, `*`, `?` and groups in ( )."),
        optional("ignore", TEXT_LIST, "Events that may come anywhere."),
        optional("pairs", Shape::List(&Shape::Noun(&PAIR)), "Events that open and close."),
        optional("same", Shape::List(&Shape::Expression), "Equal over all events."),
        optional("sequence", Shape::Expression, "Grows by one from event to event."),
    ]],
};

#[rustfmt::skip]
pub(crate) static PAIR: Noun = Noun {
    name: "a pair",
    id: "pair",
    keys: &[&[
        required("open", Shape::Text, "The event that opens."),
        required("close", Shape::Text, "The event that closes it."),
        required("by", Shape::Expression, "Equal in both."),
    ]],
};

#[rustfmt::skip]
pub(crate) static ENVIRONMENT: Noun = Noun {
    name: "an environment",
    id: "environment",
    keys: &[&[
        VERSION,
        required("environment", Shape::Name, "The environment's name."),
        required("services", Shape::Map(&Shape::Text), "Base addresses; the first is the default."),
        required("allow", Shape::List(&Shape::OneOf(&[Shape::Text, Shape::Noun(&ALLOW)])), "What may be dialled."),
        optional("vars", Shape::Map(&Shape::Any), "Values readable as `vars.NAME`."),
        optional("secrets", Shape::Map(&Shape::Noun(&REFERENCE)), "Where secrets stand; readable as `env.secrets.NAME`."),
        optional("tokens", Shape::Map(&Shape::OneOf(&[Shape::Text, Shape::Noun(&REFERENCE)])), "Readable as `env.tokens.NAME`, never printed."),
        optional("tls", Shape::Noun(&TLS), "Whom to trust."),
        optional("regions", Shape::List(&Shape::Name), "Where workers run."),
        optional("users", Shape::Map(&Shape::Noun(&USER_CLASS)), "Classes of users; the first is the default."),
        not_yet("hooks", "run the program beside the grid and name its address under `services:`", "Programs the worker may start."),
        optional("caps", Shape::Noun(&CAPS), "Limits over the whole fleet."),
        optional("redact", Shape::OneOf(&[Shape::List(&Shape::Text), Shape::Noun(&REDACT)]), "Names of secret fields and headers."),
    ]],
};

#[rustfmt::skip]
pub(crate) static REFERENCE: Noun = Noun {
    name: "a secret",
    id: "secret",
    keys: &[&[
        optional("env", Shape::Text, "A variable of the worker's process."),
        optional("file", Shape::Text, "A file in the worker's folder of secrets."),
    ]],
};

#[rustfmt::skip]
pub(crate) static ALLOW: Noun = Noun {
    name: "an entry of `allow`",
    id: "allow",
    keys: &[&[
        required("cidr", Shape::Text, "A network, as 10.1.0.0/16."),
        optional("port", Shape::Integer { least: 1, most: 65_535}, "One port; every port when absent."),
        optional("hook", Shape::Name, "Only for what this hook started."),
    ]],
};

#[rustfmt::skip]
pub(crate) static TLS: Noun = Noun {
    name: "`tls`",
    id: "tls",
    keys: &[&[required("ca", Shape::Text, "PEM file, relative to this file.")]],
};

#[rustfmt::skip]
pub(crate) static USER_CLASS: Noun = Noun {
    name: "a class of users",
    id: "user-class",
    keys: &[&[
        not_yet("from", "make accounts by `create:` steps", "A file of accounts."),
        optional("create", Shape::Steps, "Makes a fresh account."),
        optional("login", Shape::Steps, "What it saves is readable as `user.NAME`."),
        optional("delete", Shape::Steps, "Removes the account."),
        optional("attach", Shape::Noun(&ATTACH), "What each request of the user carries."),
        optional("refresh", Shape::OneOf(&[Shape::Duration, Shape::Noun(&REFRESH)]), "Renews the login."),
    ]],
};

#[rustfmt::skip]
pub(crate) static ATTACH: Noun = Noun {
    name: "`attach`",
    id: "attach",
    keys: &[&[required("headers", Shape::Map(&Shape::Template), "Headers of each request.")]],
};

#[rustfmt::skip]
pub(crate) static REFRESH: Noun = Noun {
    name: "`refresh`",
    id: "refresh",
    keys: &[&[
        required("every", Shape::Duration, "How often."),
        optional("steps", Shape::Steps, "How; logging in again when absent."),
    ]],
};

#[rustfmt::skip]
pub(crate) static CAPS: Noun = Noun {
    name: "`caps`",
    id: "caps",
    keys: &[&[
        optional("rps", Shape::Integer { least: 1, most: 10_000_000}, "Requests per second."),
        optional("users", Shape::Integer { least: 1, most: 10_000_000}, "Users at one time."),
    ]],
};

#[rustfmt::skip]
pub(crate) static REDACT: Noun = Noun {
    name: "`redact`",
    id: "redact",
    keys: &[&[
        optional("names", TEXT_LIST, "Added to the names that are secret; `*` is a wildcard."),
        optional("not", TEXT_LIST, "Taken out of them."),
    ]],
};

#[rustfmt::skip]
pub(crate) static GATE: Noun = Noun {
    name: "a gate",
    id: "gate",
    keys: &[&[
        VERSION,
        required("gate", Shape::Name, "The gate's name."),
        optional("description", Shape::Text, "What it is for."),
        required("tiers", Shape::Map(&Shape::Noun(&TIER_GATE)), "Tolerances of each tier."),
        optional("tolerated_skips", Shape::List(&Shape::Noun(&SKIP)), "Skips accepted by name."),
        optional("retries_failed", Shape::Boolean, "Retries also serve `failed`."),
        optional("proven_checks", Shape::Text, "Share of checks that must be shown able to fail: `>= 95%`."),
        not_yet("latency", "write a `check` on `elapsed_ms`", "Limits on waiting time."),
    ]],
};

#[rustfmt::skip]
pub(crate) static TIER_GATE: Noun = Noun {
    name: "a tier's gate",
    id: "tier-gate",
    keys: &[&[
        required("failed", TOLERANCE, "Tests that may fail: `0`, or `< 5%`."),
        optional("not_proven", TOLERANCE, "Tests without a proven outcome; default 0."),
        optional("flaky", TOLERANCE, "Tests whose tries differ; default 0."),
    ]],
};

const TOLERANCE: Shape = Shape::OneOf(&[
    Shape::Integer {
        least: 0,
        most: 1_000_000,
    },
    Shape::Text,
]);

#[rustfmt::skip]
pub(crate) static SKIP: Noun = Noun {
    name: "a tolerated skip",
    id: "tolerated-skip",
    keys: &[&[
        required("test", Shape::Text, "The test: `suite::id`, or its id when no other suite of the run has it."),
        required("owner", Shape::Text, "Who answers for it."),
        required("until", Shape::Text, "Last day it holds, as 2026-12-31."),
        required("why", Shape::Text, "Why it is accepted."),
    ]],
};

#[rustfmt::skip]
pub(crate) static VALUE: Noun = Noun {
    name: "a value file",
    id: "value",
    keys: &[&[
        VERSION,
        required("currency", Shape::Text, "Three letters, as USD."),
        required("value", Shape::Map(&Shape::Noun(&VALUE_LINE)), "Tier or capability → revenue."),
    ]],
};

#[rustfmt::skip]
pub(crate) static VALUE_LINE: Noun = Noun {
    name: "a line of value",
    id: "value-line",
    keys: &[&[
        required("mrr", Shape::Integer { least: 0, most: i64::MAX}, "Monthly recurring revenue."),
        required("tests", Shape::OneOf(&[COUNT, Shape::List(&Shape::Name)]), "How many tests, or which, must stand behind it."),
    ]],
};

#[rustfmt::skip]
pub(crate) static SETTINGS: Noun = Noun {
    name: "muster.yaml",
    id: "settings",
    keys: &[&[
        VERSION,
        optional("suites", TEXT_LIST, "Files and folders of suites."),
        optional("environment", Shape::Text, "Name or file of the environment."),
        optional("gate", Shape::Text, "Name of the gate."),
        optional("value", Shape::Text, "File of revenue; default value.yaml beside the suites."),
        optional("out", Shape::Text, "Folder for reports."),
        optional("grid", Shape::Text, "Address of a coordinator."),
        optional("regions", Shape::List(&Shape::Name), "Regions of a run."),
        optional("workers", COUNT, "Workers in each region of a run on this machine."),
        optional("deadline", Shape::Duration, "When a run ends whatever happens."),
        optional("max_fail", COUNT, "Stop after so many failures."),
        optional("vars", Shape::Map(&Shape::Scalar), "As `--var NAME=VALUE`."),
    ]],
};
