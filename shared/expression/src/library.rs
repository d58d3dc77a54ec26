//! The table of all functions that suites can call: one line each, by group. Every one is bounded
//! by the budget, and pure but for the four of `library/effects.rs`. The bodies are in the file of
//! their group; `sort_by` and `group`, which take an expression, are macros (`lower/macros.rs`).

mod codecs;
mod convert;
mod effects;
mod lists;
mod numbers;
mod suggest;
mod texts;

use std::fmt;
use std::ops::RangeInclusive;

use crate::budget::{Budget, bytes_cost};
use crate::error::ErrorKind;
use crate::kinds::Kinds;
use crate::scope::Effects;
use crate::value::{Marks, Value};

pub(crate) use lists::sort_by_key;
pub(crate) use suggest::unknown;
pub(crate) use texts::pattern_of;

/// One function: how it is written, what it takes and gives, and what it does.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// An example of its use, for messages.
    pub(crate) usage: &'static str,
    pub(crate) written: Written,
    /// How many values it takes, that before the dot included.
    pub(crate) arity: RangeInclusive<usize>,
    /// The kinds it takes, position by position; the last stands for all further ones.
    pub(crate) takes: &'static [Kinds],
    pub(crate) gives: Kinds,
    pub(crate) is_pure: bool,
    marking: Marking,
    body: fn(&mut Call<'_>) -> Answer,
}

/// How a call of it may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    Function,
    Member,
    Either,
}

/// Where the marks of a result come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marking {
    /// All of the result has the marks of all that went in.
    Whole,
    /// Items keep their own marks; the shape has those of the lists' shapes.
    Leaves,
}

/// The values of one call, with what it may use.
pub(crate) struct Call<'a> {
    pub(crate) arguments: &'a [Value],
    pub(crate) budget: &'a mut Budget,
    pub(crate) effects: &'a dyn Effects,
}

/// Why a function or operator gave no value.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
}

pub(crate) type Answer = Result<Value, Refusal>;

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

const ANY: Kinds = Kinds::ANY;
const BOOL: Kinds = Kinds::BOOL;
const NUMBER: Kinds = Kinds::NUMBER;
const TEXT: Kinds = Kinds::TEXT;
const BYTES: Kinds = Kinds::BYTES;
const LIST: Kinds = Kinds::LIST;
const MAP: Kinds = Kinds::MAP;
const DATA: Kinds = TEXT.or(BYTES);
const SIZED: Kinds = DATA.or(LIST).or(MAP);
const SCALAR: Kinds = NUMBER.or(DATA).or(BOOL);

type Body = fn(&mut Call<'_>) -> Answer;
type Arity = RangeInclusive<usize>;

const fn function(
    usage: &'static str,
    arity: Arity,
    takes: &'static [Kinds],
    gives: Kinds,
    body: Body,
) -> Function {
    let (name, _) = usage.as_bytes().split_at(name_length(usage));
    let name = match std::str::from_utf8(name) {
        Ok(name) => name,
        Err(_) => usage,
    };
    let (written, marking) = (Written::Function, Marking::Whole);
    Function {
        name,
        usage,
        written,
        arity,
        takes,
        gives,
        is_pure: true,
        marking,
        body,
    }
}

const fn name_length(usage: &str) -> usize {
    let bytes = usage.as_bytes();
    let mut at = 0;
    while at < bytes.len() && bytes[at] != b'(' {
        at += 1;
    }
    at
}

const fn either(function: Function) -> Function {
    Function {
        written: Written::Either,
        ..function
    }
}

const fn member(function: Function, usage: &'static str) -> Function {
    Function {
        written: Written::Member,
        usage,
        ..function
    }
}

const fn leaves(function: Function) -> Function {
    Function {
        marking: Marking::Leaves,
        ..function
    }
}

const fn impure(function: Function) -> Function {
    Function {
        is_pure: false,
        ..function
    }
}

/// The library.
#[rustfmt::skip]
static TABLE: [Function; 44] = [
    // Numbers.
    function("abs(x)", 1..=1, &[NUMBER], NUMBER, numbers::abs),
    function("sum(xs)", 1..=1, &[LIST], NUMBER, numbers::sum),
    function("min(xs)", 1..=usize::MAX, &[ANY], ANY, numbers::min),
    function("max(xs)", 1..=usize::MAX, &[ANY], ANY, numbers::max),
    function("avg(xs)", 1..=1, &[LIST], NUMBER, numbers::avg),
    function("percentile(xs, 95)", 2..=2, &[LIST, NUMBER], NUMBER, numbers::percentile),
    function("deltas(xs)", 1..=1, &[LIST], LIST, numbers::deltas),
    // Lists.
    function("range(40)", 1..=2, &[NUMBER], LIST, lists::range),
    leaves(function("sorted(xs)", 1..=1, &[LIST], LIST, lists::sorted)),
    leaves(either(function("distinct(xs)", 1..=1, &[LIST], LIST, lists::distinct))),
    leaves(either(function("flatten(xs)", 1..=2, &[LIST, NUMBER], LIST, lists::flatten))),
    leaves(function("zip(xs, ys)", 2..=2, &[LIST], LIST, lists::zip)),
    either(function("join(xs, \",\")", 1..=2, &[LIST, TEXT], TEXT, lists::join)),
    leaves(either(function("size(xs)", 1..=1, &[SIZED], NUMBER, lists::size))),
    // Texts.
    member(function("startsWith()", 2..=2, &[TEXT], BOOL, texts::starts_with), "text.startsWith(\"a\")"),
    member(function("endsWith()", 2..=2, &[TEXT], BOOL, texts::ends_with), "text.endsWith(\"a\")"),
    member(function("contains()", 2..=2, &[TEXT], BOOL, texts::contains), "text.contains(\"a\")"),
    either(function("matches(text, \"^a\")", 2..=2, &[TEXT], BOOL, texts::matches)),
    either(function("split(text, \",\")", 2..=3, &[TEXT, TEXT, NUMBER], LIST, texts::split)),
    either(function("lower(text)", 1..=1, &[TEXT], TEXT, texts::lower)),
    either(function("trim(text)", 1..=1, &[TEXT], TEXT, texts::trim)),
    either(function("substring(text, 0, 8)", 2..=3, &[TEXT, NUMBER], TEXT, texts::substring)),
    either(function("replace(text, \"a\", \"b\")", 3..=3, &[TEXT], TEXT, texts::replace)),
    // Conversions.
    function("int(x)", 1..=1, &[SCALAR], NUMBER, convert::int),
    function("double(x)", 1..=1, &[SCALAR], NUMBER, convert::double),
    function("string(x)", 1..=1, &[SCALAR], TEXT, convert::string),
    function("bool(x)", 1..=1, &[BOOL.or(TEXT)], BOOL, convert::boolean),
    function("bytes(x)", 1..=1, &[DATA], BYTES, convert::bytes),
    // Codecs.
    function("json(text)", 1..=1, &[DATA], ANY, codecs::json),
    function("to_json(x)", 1..=1, &[ANY], TEXT, codecs::to_json),
    function("base64(x)", 1..=1, &[DATA], TEXT, codecs::base64),
    function("base64url(x)", 1..=1, &[DATA], TEXT, codecs::base64url),
    function("hex(x)", 1..=1, &[DATA], TEXT, codecs::hex),
    function("from_base64(text)", 1..=1, &[TEXT], BYTES, codecs::from_base64),
    function("from_base64url(text)", 1..=1, &[TEXT], BYTES, codecs::from_base64url),
    function("from_hex(text)", 1..=1, &[TEXT], BYTES, codecs::from_hex),
    function("sha256(x)", 1..=1, &[DATA], TEXT, codecs::sha256),
    function("hmac_sha256(key, x)", 2..=2, &[DATA], TEXT, codecs::hmac_sha256),
    function("jwt(token)", 1..=1, &[TEXT], MAP, codecs::jwt),
    function("url(text)", 1..=1, &[TEXT], MAP, codecs::url),
    // Effects.
    impure(function("uuid()", 0..=0, &[], TEXT, effects::uuid)),
    impure(function("random()", 0..=1, &[NUMBER], NUMBER, effects::random)),
    impure(function("now()", 0..=0, &[], NUMBER, effects::now)),
    impure(function("metric(\"name\")", 1..=2, &[TEXT, MAP], ANY, effects::metric)),
];

/// The function of that name.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    TABLE.iter().find(|function| function.name == name)
}

impl Function {
    /// The kinds it takes in that position.
    pub(crate) fn takes_at(&self, position: usize) -> Kinds {
        self.takes
            .get(position)
            .or_else(|| self.takes.last())
            .copied()
            .unwrap_or(Kinds::ANY)
    }

    /// Calls it; the result has its marks.
    pub(crate) fn call(
        &self,
        arguments: &[Value],
        budget: &mut Budget,
        effects: &dyn Effects,
    ) -> Answer {
        for (position, argument) in arguments.iter().enumerate() {
            let wanted = self.takes_at(position);
            if !wanted.meets(Kinds::of(argument)) {
                let given = argument.type_name();
                return Err(Refusal::kind(format!(
                    "{} takes {wanted}, not {given}",
                    self.name
                )));
            }
        }
        let mut call = Call {
            arguments,
            budget,
            effects,
        };
        let value = (self.body)(&mut call)?;
        let whole = |marks: Marks, value: &Value| marks.union(value.marks());
        match self.marking {
            Marking::Whole => {
                let marks = arguments.iter().fold(Marks::NONE, whole);
                if marks != Marks::NONE && !budget.take(value.weight()) {
                    return Err(Refusal::budget());
                }
                Ok(value.with_marks(marks))
            }
            Marking::Leaves => {
                let own = arguments
                    .iter()
                    .map(Value::own_marks)
                    .fold(Marks::NONE, Marks::union);
                Ok(value.with_own_marks(own))
            }
        }
    }
}

impl Refusal {
    /// The function refuses these values.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Refusal {
            kind: ErrorKind::Function,
            message: message.into(),
        }
    }

    /// The kinds of the values do not fit.
    pub(crate) fn kind(message: impl Into<String>) -> Self {
        Refusal {
            kind: ErrorKind::Type,
            message: message.into(),
        }
    }

    /// The budget is spent.
    pub(crate) fn budget() -> Self {
        let message = "this takes more steps than allowed: work on fewer items".to_owned();
        Refusal {
            kind: ErrorKind::Budget,
            message,
        }
    }
}

impl<'a> Call<'a> {
    /// Takes steps before the work that they stand for is done.
    fn charge(&mut self, steps: u64) -> Result<(), Refusal> {
        if self.budget.take(steps) {
            Ok(())
        } else {
            Err(Refusal::budget())
        }
    }

    /// Takes the steps of reading or writing that many bytes.
    fn charge_bytes(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.charge(bytes_cost(bytes))
    }

    fn argument(&self, position: usize) -> Result<&'a Value, Refusal> {
        self.arguments
            .get(position)
            .ok_or_else(|| Refusal::new("a value is missing"))
    }

    /// A text, and the steps of reading it.
    fn text(&mut self, position: usize) -> Result<&'a str, Refusal> {
        let value = self.argument(position)?;
        let text = value.as_text().ok_or_else(|| not("a text", value))?;
        self.charge_bytes(text.len())?;
        Ok(text)
    }

    /// The bytes of a text or of bytes, and the steps of reading them.
    fn data(&mut self, position: usize) -> Result<&'a [u8], Refusal> {
        let value = self.argument(position)?;
        let bytes = value
            .as_text()
            .map(str::as_bytes)
            .or_else(|| value.as_bytes());
        let bytes = bytes.ok_or_else(|| not("a text or bytes", value))?;
        self.charge_bytes(bytes.len())?;
        Ok(bytes)
    }

    /// A list, and the steps of walking its items.
    fn list(&mut self, position: usize) -> Result<&'a [Value], Refusal> {
        let value = self.argument(position)?;
        let list = value.as_list().ok_or_else(|| not("a list", value))?;
        self.charge(list.len() as u64)?;
        Ok(list)
    }

    fn whole(&self, position: usize) -> Result<i64, Refusal> {
        let value = self.argument(position)?;
        value.as_int().ok_or_else(|| not("a whole number", value))
    }

    fn has(&self, position: usize) -> bool {
        position < self.arguments.len()
    }
}

fn not(wanted: &str, value: &Value) -> Refusal {
    Refusal::kind(format!(
        "{} is {}, not {wanted}",
        value.excerpt(40),
        value.type_name()
    ))
}

#[cfg(test)]
mod tests;
