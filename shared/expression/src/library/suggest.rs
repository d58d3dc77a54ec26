//! What to say of a function that does not exist: what other languages call it, or the nearest
//! name by edit distance.

use super::{TABLE, Written};

/// Names that people bring along, and what they are here.
#[rustfmt::skip]
const FOREIGN: [(&str, &str); 28] = [
    ("len", "xs.size()"), ("length", "xs.size()"), ("count", "xs.size()"),
    ("any", "xs.exists(x, …)"), ("some", "xs.exists(x, …)"), ("every", "xs.all(x, …)"),
    ("find", "xs.filter(x, …)[0]"), ("where", "xs.filter(x, …)"), ("select", "xs.map(x, …)"),
    ("includes", "text.contains(\"a\")` or `x in xs"), ("sort", "sorted(xs)"),
    ("sortBy", "xs.sort_by(x, x.id)"), ("group_by", "xs.group(x, x.id)"),
    ("groupBy", "xs.group(x, x.id)"), ("unique", "distinct(xs)"), ("uniq", "distinct(xs)"),
    ("lowerAscii", "lower(text)"), ("toLowerCase", "lower(text)"), ("lowercase", "lower(text)"),
    ("mean", "avg(xs)"), ("average", "avg(xs)"), ("slice", "text.substring(0, 8)"),
    ("parseInt", "int(text)"), ("float", "double(x)"), ("str", "string(x)"), ("uint", "int(x)"),
    ("timestamp", "now()"), ("duration", "5000"),
];

/// The names of macros with their use.
const MACROS: [(&str, &str); 8] = [
    ("all", "xs.all(x, x > 0)"),
    ("exists", "xs.exists(x, x > 0)"),
    ("exists_one", "xs.exists_one(x, x > 0)"),
    ("map", "xs.map(x, x.id)"),
    ("filter", "xs.filter(x, x > 0)"),
    ("has", "has(body.id)"),
    ("sort_by", "xs.sort_by(x, x.id)"),
    ("group", "xs.group(x, x.id)"),
];

/// The message and the fix for a call of `name`.
pub(crate) fn unknown(name: &str) -> (String, String) {
    if let Some((_, usage)) = MACROS.iter().find(|(known, _)| *known == name) {
        return (
            format!("{name} is not written like this"),
            format!("write `{usage}`"),
        );
    }
    let message = format!("there is no function `{name}`");
    if let Some((_, usage)) = FOREIGN.iter().find(|(known, _)| *known == name) {
        let note = if name == "duration" {
            ": times are numbers of milliseconds"
        } else {
            ""
        };
        return (message, format!("write `{usage}`{note}"));
    }
    let functions = TABLE.iter().map(|function| (function.name, function.usage));
    let nearest = functions
        .chain(MACROS)
        .chain(FOREIGN)
        .map(|(known, usage)| (distance(&name.to_lowercase(), &known.to_lowercase()), usage))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= 1 + name.len() / 5);
    let fix = match nearest {
        Some((_, usage)) => format!("did you mean `{usage}`?"),
        None => format!("the functions are {}", all()),
    };
    (message, fix)
}

fn all() -> String {
    let dotted = |written| if written == Written::Member { "." } else { "" };
    let functions = TABLE
        .iter()
        .map(|f| format!("{}{}", dotted(f.written), f.name));
    functions
        .chain(MACROS.iter().map(|(name, _)| (*name).to_owned()))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Insertions, deletions and replacements between two names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
