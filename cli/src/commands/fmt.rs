//! `muster fmt`: the canonical layout of suites, environments, gates and settings.
//!
//! What a layout is, `suite::format` says, and proves that it changes no meaning. A file that has
//! mistakes is left as it is and named; so is one of which no other layout is provably the same.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use suite::Problem;
use suite::format::{Unformatted, format};
use suite::load::{FileKind, kind_of};

use super::check;
use crate::args::FmtArgs;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::output::{Output, count};
use crate::select::tell;
use crate::sources::Found;

/// Written for standard input, as a path and in messages.
const STDIN: &str = "-";
const STDIN_NAME: &str = "standard input";

/// How one file fared.
enum Fate {
    AsItWas,
    LaidOut(String),
    /// Why it keeps the layout it has.
    Left(String),
    /// Another program's file, or the lock.
    NotOurs,
}

pub(crate) fn fmt(args: &FmtArgs, output: &Output) -> Result<ExitCode, Error> {
    if args.paths.iter().any(|path| path == Path::new(STDIN)) {
        return stdin(args, output);
    }
    let found = check::find(&args.paths)?;
    let together = by_file(suite::check(&check::read(&found)?));
    let (mut n_ours, mut n_other, mut n_left) = (0, 0, 0);
    for file in &found {
        let fate = fate(file, mistakes(file, &together)?)?;
        n_ours += usize::from(!matches!(fate, Fate::NotOurs));
        match fate {
            Fate::AsItWas | Fate::NotOurs => {}
            Fate::LaidOut(text) => {
                n_other += 1;
                if args.check {
                    output.data(&format!("not formatted  {}", file.name));
                } else {
                    fs::write(&file.path, text)
                        .map_err(|error| Error::disk("write", &file.path, error))?;
                    output.data(&format!("formatted  {}", file.name));
                }
            }
            Fate::Left(why) => {
                n_left += 1;
                output.talk(&format!("left as it is  {}: {why}", file.name));
            }
        }
    }
    judge(args, n_ours, n_other, n_left, output)
}

fn judge(
    args: &FmtArgs,
    n_ours: usize,
    n_other: usize,
    n_left: usize,
    output: &Output,
) -> Result<ExitCode, Error> {
    if n_left > 0 {
        return Err(Error::Invalid(format!(
            "{} of {} can't be laid out",
            n_left,
            count(n_ours, "file")
        )));
    }
    if args.check && n_other > 0 {
        return Err(Error::Invalid(format!(
            "{n_other} of {} {} laid out otherwise; `muster fmt` writes the canonical layout",
            count(n_ours, "file"),
            if n_other == 1 { "is" } else { "are" }
        )));
    }
    let changed = if n_other == 0 {
        "all laid out already".to_owned()
    } else {
        format!("{n_other} laid out anew")
    };
    output.talk(&format!("{}, {changed}", count(n_ours, "file")));
    Ok(ExitCode::Success)
}

/// How many mistakes a file has by itself: that it does not fit an environment which happens to lie
/// beside it says nothing about its layout. Of one that is too broken to tell its kind, only the
/// look at all files tells whether it is ours.
fn mistakes(file: &Found, together: &BTreeMap<String, usize>) -> Result<usize, Error> {
    let text = String::from_utf8_lossy(&file.read()?).into_owned();
    let found = match kind_of(&file.name, &text) {
        Some(_) => {
            let alone = check::read(std::slice::from_ref(file))?;
            by_file(suite::check(&alone)).get(&file.name).copied()
        }
        None => together.get(&file.name).copied(),
    };
    Ok(found.unwrap_or(0))
}

fn fate(file: &Found, n_mistakes: usize) -> Result<Fate, Error> {
    let see = || {
        let problems = count(n_mistakes.max(1), "problem");
        Fate::Left(format!("{problems}; `muster check` shows them"))
    };
    if n_mistakes > 0 {
        return Ok(see());
    }
    let Ok(text) = String::from_utf8(file.read()?) else {
        return Ok(see());
    };
    let is_ours = kind_of(&file.name, &text).is_some_and(|kind| kind != FileKind::Lock);
    if !is_ours {
        return Ok(Fate::NotOurs);
    }
    Ok(match format(&file.name, &text) {
        Ok(laid_out) if laid_out == text => Fate::AsItWas,
        Ok(laid_out) => Fate::LaidOut(laid_out),
        Err(Unformatted::Mistakes(_)) => see(),
        Err(error @ Unformatted::Unsafe(_)) => Fate::Left(error.to_string()),
    })
}

/// How many problems each file has.
fn by_file(problems: Vec<Problem>) -> BTreeMap<String, usize> {
    let mut by_file = BTreeMap::new();
    for problem in problems {
        *by_file.entry(problem.file).or_default() += 1;
    }
    by_file
}

/// One text in, the same text in its canonical layout out; nothing comes out of a broken one.
fn stdin(args: &FmtArgs, output: &Output) -> Result<ExitCode, Error> {
    if args.paths.len() > 1 {
        return Err(Error::Usage(
            "`-` is standard input and stands alone: muster fmt -".to_owned(),
        ));
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Error::disk("read", Path::new(STDIN_NAME), error))?;
    match format(STDIN_NAME, &text) {
        Ok(laid_out) if args.check && laid_out != text => Err(Error::Invalid(format!(
            "{STDIN_NAME} is laid out otherwise"
        ))),
        Ok(_) if args.check => Ok(ExitCode::Success),
        Ok(laid_out) => {
            output.data(&laid_out);
            Ok(ExitCode::Success)
        }
        Err(Unformatted::Mistakes(problems)) => Err(tell(&problems, STDIN_NAME, &text, output)),
        Err(error @ Unformatted::Unsafe(_)) => {
            Err(Error::Invalid(format!("{STDIN_NAME}: {error}")))
        }
    }
}
