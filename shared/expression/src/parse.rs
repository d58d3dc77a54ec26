//! From text to CEL's syntax tree, by the `cel` crate's parser, within bounds that keep its
//! recursion far from the end of any stack. Its errors become one error with a place and, for the
//! mistakes people make, a fix.

use cel::IdedExpr;
use cel::common::ast::SourceInfo;
use cel::parser::{ParseErrors, Parser};

use crate::error::CompileError;

/// Bytes of one expression.
const MAX_SOURCE: usize = 8 * 1024;
/// Operators, selections and brackets on one way down the tree.
const MAX_DEPTH: usize = 160;
/// What one conditional counts: the parser goes down through all its rules for it.
const CONDITIONAL: usize = 6;
/// Brackets within brackets.
const MAX_NESTING: u16 = 24;
/// Brackets that the parser can follow on any stack.
const SHALLOW: usize = 2;
/// Bytes of stack that the parser may need for one more bracket, twice what was measured without
/// optimisation: that is why deeper expressions are parsed on a stack of their own.
const STACK_PER_BRACKET: usize = 512 * 1024;

/// Levels of a tree that every walk over it can follow on any stack.
const SHALLOW_TREE: usize = 32;
/// Bytes of stack for one more level, twice what the hungriest walk was measured to need without
/// optimisation.
const STACK_PER_LEVEL: usize = 24 * 1024;

/// CEL's syntax tree with the places of its nodes.
pub(crate) struct Syntax {
    pub(crate) root: IdedExpr,
    pub(crate) places: SourceInfo,
}

pub(crate) fn parse(source: &str) -> Result<Syntax, CompileError> {
    let nesting = check_bounds(source)?;
    if nesting <= SHALLOW {
        return parse_here(source);
    }
    let stack = (nesting + 2) * STACK_PER_BRACKET;
    on_a_stack(source, stack, || parse_here(source))
}

/// Does work of which every walk goes down the tree of `source`, where there is stack enough for it:
/// here, or for a deep tree on a stack of its own.
pub(crate) fn with_stack_for<T: Send>(
    source: &str,
    work: impl FnOnce() -> Result<T, CompileError> + Send,
) -> Result<T, CompileError> {
    check_bounds(source)?;
    let (depth, _) = depth(source);
    if depth <= SHALLOW_TREE {
        return work();
    }
    on_a_stack(source, (depth + SHALLOW_TREE) * STACK_PER_LEVEL, work)
}

fn on_a_stack<T: Send>(
    source: &str,
    bytes: usize,
    work: impl FnOnce() -> Result<T, CompileError> + Send,
) -> Result<T, CompileError> {
    let failed = || {
        let message = "the expression cannot be parsed".to_owned();
        at(source, 0, message, Some("save parts of it first"))
    };
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(bytes);
        let working = builder.spawn_scoped(scope, work).map_err(|_| failed())?;
        working.join().unwrap_or_else(|_| Err(failed()))
    })
}

fn parse_here(source: &str) -> Result<Syntax, CompileError> {
    // Conditionals nest for the parser without a bracket.
    let nesting = MAX_NESTING + u16::try_from(MAX_DEPTH).unwrap_or(u16::MAX / 2);
    let parser = Parser::new()
        .max_recursion_depth(nesting)
        .error_recovery_limit(4);
    match parser.parse_with_source_info(source) {
        Ok((root, places)) => Ok(Syntax { root, places }),
        Err(errors) => Err(translate(source, &errors)),
    }
}

/// Refuses what is too long or too deep, and tells how many brackets are open at once.
fn check_bounds(source: &str) -> Result<usize, CompileError> {
    let fail = |message: String, fix: &str| {
        Err(CompileError {
            offset: 0,
            len: source.len(),
            message,
            fix: Some(fix.to_owned()),
        })
    };
    if source.trim().is_empty() {
        return fail(
            "the expression is empty".to_owned(),
            "write one, such as `status == 200`",
        );
    }
    if source.len() > MAX_SOURCE {
        let message = format!("the expression is longer than {MAX_SOURCE} bytes");
        return fail(
            message,
            "split it into several checks, or save parts of it first",
        );
    }
    let (depth, nesting) = depth(source);
    if nesting > usize::from(MAX_NESTING) {
        let message = format!("brackets are nested deeper than {MAX_NESTING}");
        return fail(message, "save parts of it first");
    }
    if depth > MAX_DEPTH {
        let message = format!("the expression is deeper than {MAX_DEPTH} operators");
        return fail(
            message,
            "split it into several checks, or save parts of it first",
        );
    }
    Ok(nesting)
}

/// An upper bound on the depth of the tree, from the characters that can deepen it: commas part
/// siblings, and a bracket's depth adds to that of what it stands in. With it the brackets that
/// are open at once, at most: the parser's own limit comes too late for small stacks.
fn depth(source: &str) -> (usize, usize) {
    let mut levels = vec![(0_usize, 0_usize)];
    let (mut deepest, mut nesting) = (0, 0);
    let blank = blank_quotes(source);
    let bytes = blank.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let is_inner = levels.len() > 1;
        let Some((here, best)) = levels.last_mut() else {
            break;
        };
        match byte {
            b'(' | b'[' | b'{' => levels.push((1, 0)),
            b')' | b']' | b'}' if is_inner => {
                let inner = levels.pop().map_or(0, |(here, best)| here.max(best));
                if let Some((here, _)) = levels.last_mut() {
                    *here += inner;
                }
            }
            b',' => {
                *best = (*best).max(*here);
                *here = 1;
            }
            // The parser balances `&&` and `||`: a long row of them is hardly deeper than its parts.
            b'&' | b'|' => {
                *best = (*best).max(*here);
                *here = 8;
            }
            b'?' => *here += CONDITIONAL,
            b'+' | b'-' | b'*' | b'/' | b'%' | b'<' | b'>' | b'=' | b'!' | b'.' => *here += 1,
            b'i' if is_in(&bytes[at..]) => *here += 1,
            _ => continue,
        }
        let open: usize = levels.iter().map(|(here, best)| (*here).max(*best)).sum();
        deepest = deepest.max(open);
        nesting = nesting.max(levels.len() - 1);
    }
    (deepest, nesting)
}

/// Whether the operator `in` may begin here.
fn is_in(bytes: &[u8]) -> bool {
    bytes.starts_with(b"in") && !bytes.get(2).is_some_and(u8::is_ascii_alphanumeric)
}

fn translate(source: &str, errors: &ParseErrors) -> CompileError {
    let Some(first) = errors.errors.first() else {
        return at(source, 0, "this is not an expression".to_owned(), None);
    };
    let offset = offset_of(source, first.pos);
    if let Some((offset, message, fix)) = known_mistake(source) {
        return at(source, offset, message.to_owned(), Some(fix));
    }
    if first.msg == "UNKNOWN" || first.msg.contains("ecursion limit") {
        let message = format!("brackets are nested deeper than {MAX_NESTING}");
        return at(source, 0, message, Some("save parts of it first"));
    }
    if first.msg.contains("invalid argument to has()") {
        let fix = "give it a field: `has(body.id)`; for a key in brackets write `\"key\" in body`";
        return at(
            source,
            offset,
            "has() asks for a field".to_owned(),
            Some(fix),
        );
    }
    at(source, offset, plain(&first.msg), None)
}

/// The parser's message without its list of everything that it could have taken.
fn plain(message: &str) -> String {
    let message = message.trim_start_matches("Syntax error: ");
    let cut = message.find(" expecting {").unwrap_or(message.len());
    let message = message[..cut].replace("<EOF>", "the end");
    match message.strip_prefix("token recognition error at: ") {
        Some(what) => format!("cannot read {what}"),
        None => message.replace("no viable alternative at input", "cannot read"),
    }
}

fn at(source: &str, offset: usize, message: String, fix: Option<&str>) -> CompileError {
    let offset = source.floor_char_boundary(offset.min(source.len()));
    let word = source[offset..]
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_');
    let len = word.map(char::len_utf8).sum::<usize>();
    let next = source[offset..].chars().next().map_or(0, char::len_utf8);
    CompileError {
        offset,
        len: len.max(next),
        message,
        fix: fix.map(str::to_owned),
    }
}

/// The byte offset of a line and column that both count from 1, columns in characters.
fn offset_of(source: &str, (line, column): (isize, isize)) -> usize {
    let skip = usize::try_from(line - 1).unwrap_or(0);
    let before: usize = source.split_inclusive('\n').take(skip).map(str::len).sum();
    let characters = usize::try_from(column - 1).unwrap_or(0);
    let within: usize = source[before..]
        .chars()
        .take(characters)
        .map(char::len_utf8)
        .sum();
    before + within
}

/// What people who know other languages write, with what it is here. Asked only once the parser
/// has refused, so that nothing that is right is ever taken for one of these.
fn known_mistake(source: &str) -> Option<(usize, &'static str, &'static str)> {
    const MISTAKES: [(&str, &str, &str); 10] = [
        (
            "${",
            "`${…}` is for templates; this is an expression already",
            "write the name alone",
        ),
        (
            "$.",
            "there is no `$.`",
            "the answer's JSON is `body`: write `body.id`",
        ),
        ("===", "there is no `===`", "write `==`"),
        ("!==", "there is no `!==`", "write `!=`"),
        (
            "=~",
            "there is no `=~`",
            "write `text.matches(\"pattern\")`",
        ),
        (" and ", "there is no `and`", "write `&&`"),
        (" or ", "there is no `or`", "write `||`"),
        ("not ", "there is no `not`", "write `!`"),
        (
            "=>",
            "there is no `=>`",
            "write `xs.map(x, x.id)`, or `>=` to compare",
        ),
        (" = ", "a single `=` compares nothing", "write `==`"),
    ];
    let unquoted = blank_quotes(source);
    let listed = MISTAKES.iter().find_map(|(wrong, message, fix)| {
        let at = unquoted.find(wrong)?;
        let blank = wrong.len() - wrong.trim_start().len();
        Some((at + blank, *message, *fix))
    });
    listed.or_else(|| {
        let message = "durations with a unit are for keys, such as `within: 5s`";
        let fix = "times in expressions are numbers of milliseconds: `elapsed_ms < 500`";
        Some((duration(&unquoted)?, message, fix))
    })
}

/// Where a number with a unit of time stands, such as `500ms`.
fn duration(unquoted: &str) -> Option<usize> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '.';
    let words = unquoted.split(|letter: char| !is_word(letter));
    let unit = |word: &&str| {
        let number = word.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let is_number = number.parse::<f64>().is_ok();
        is_number && matches!(&word[number.len()..], "ms" | "s" | "m" | "h")
    };
    let word = words.into_iter().find(unit)?;
    unquoted.find(word)
}

/// The source with quoted text blanked, byte for byte.
fn blank_quotes(source: &str) -> String {
    let mut quote = None;
    let mut escaped = false;
    let mut blank = String::with_capacity(source.len());
    for c in source.chars() {
        match quote {
            None => blank.push(c),
            Some(_) => blank.extend(std::iter::repeat_n('_', c.len_utf8())),
        }
        match quote {
            None => quote = Some(c).filter(|c| matches!(c, '"' | '\'')),
            Some(_) if escaped => escaped = false,
            Some(open) if open == c => quote = None,
            Some(_) => escaped = c == '\\',
        }
    }
    blank
}

#[cfg(test)]
mod tests;
