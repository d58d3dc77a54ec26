//! A problem as it is shown: the message, where it is, the line, a caret and the fix.

use std::fmt::Write;

use crate::place::Text;
use crate::problem::Problem;
use crate::sources::Sources;

/// Characters of a source line that are shown at most.
const MAX_SHOWN: usize = 160;

/// Colours for a terminal; without them for files, pipes and `NO_COLOR`.
struct Paint(bool);

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn error(&self, text: &str) -> String {
        self.with("1;31", text)
    }

    fn bold(&self, text: &str) -> String {
        self.with("1", text)
    }

    fn frame(&self, text: &str) -> String {
        self.with("34", text)
    }
}

/// One problem, several lines, each with its line break.
pub fn render(problem: &Problem, sources: &Sources, colour: bool) -> String {
    let paint = Paint(colour);
    let number = problem.line.to_string();
    let gutter = " ".repeat(number.len());
    let bar = paint.frame("│");
    let place = format!("{}:{}:{}", problem.file, problem.line, problem.column);
    let head = format!(
        "{}: {}",
        paint.error("error"),
        paint.bold(&printable(&problem.message))
    );
    let mut out = format!(
        "{head}\n{gutter}{} {}\n",
        paint.frame("┌─"),
        printable(&place)
    );
    let fix = problem.fix.as_deref().map(printable);
    let source = sources
        .text(&problem.file)
        .and_then(|text| Text::new(text).line(problem.line));
    match source
        .as_deref()
        .map(printable)
        .filter(|line| !line.trim().is_empty())
    {
        Some(line) => {
            let (line, before, width) = window(&line, problem.column, problem.width);
            let carets = paint.error(&"^".repeat(width));
            let _ = writeln!(out, "{} {bar} {line}", paint.frame(&number));
            let fix = fix.map(|fix| format!(" {fix}")).unwrap_or_default();
            let _ = writeln!(out, "{gutter} {bar} {}{carets}{fix}", " ".repeat(before));
        }
        None => {
            if let Some(fix) = fix {
                let _ = writeln!(out, "{gutter} {bar} {fix}");
            }
        }
    }
    out
}

/// All problems, and the line that counts them.
pub fn render_all(problems: &[Problem], sources: &Sources, colour: bool) -> String {
    let shown: Vec<String> = problems
        .iter()
        .map(|problem| render(problem, sources, colour))
        .collect();
    format!("{}{}\n", shown.concat(), summary(problems))
}

/// `2 problems in 1 file; nothing was started`
pub fn summary(problems: &[Problem]) -> String {
    let mut files: Vec<&str> = problems
        .iter()
        .map(|problem| problem.file.as_str())
        .collect();
    files.sort_unstable();
    files.dedup();
    let counted = |number: usize, noun: &str| {
        format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
    };
    let (problems, files) = (
        counted(problems.len(), "problem"),
        counted(files.len(), "file"),
    );
    format!("{problems} in {files}; nothing was started")
}

/// Control characters would move the caret, or the terminal.
fn printable(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '\t' => ' ',
            letter if letter.is_control() => '\u{fffd}',
            letter => letter,
        })
        .collect()
}

/// The part of a long line around the column, with where the carets begin and how many there are.
fn window(line: &str, column: u32, width: u32) -> (String, usize, usize) {
    let letters: Vec<char> = line.chars().collect();
    let column = usize::try_from(column)
        .unwrap_or(1)
        .saturating_sub(1)
        .min(letters.len());
    let width = usize::try_from(width).unwrap_or(1);
    let start = column.saturating_sub(MAX_SHOWN / 2);
    let start = if letters.len() <= MAX_SHOWN { 0 } else { start };
    let end = letters.len().min(start + MAX_SHOWN);
    let (front, back) = (
        if start > 0 { "…" } else { "" },
        if end < letters.len() { "…" } else { "" },
    );
    let shown: String = letters[start..end].iter().collect();
    let before = column - start + front.chars().count();
    let width = width.clamp(1, (end - column).max(1));
    (format!("{front}{shown}{back}"), before, width)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(column: u32, width: u32) -> Problem {
        Problem {
            file: "suites/p4.yaml".into(),
            line: 2,
            column,
            width,
            message: "unknown key `tresholds`".into(),
            fix: Some("did you mean `thresholds`?".into()),
        }
    }

    fn sources(second: &str) -> Sources {
        Sources::from_iter([("suites/p4.yaml", format!("tests:\n{second}\n"))])
    }

    #[test]
    fn a_problem_shows_its_line_a_caret_and_the_fix() {
        let shown = render(&problem(5, 9), &sources("    tresholds: { a: 1 }"), false);
        let expected = "error: unknown key `tresholds`\n ┌─ suites/p4.yaml:2:5\n\
            2 │     tresholds: { a: 1 }\n  │     ^^^^^^^^^ did you mean `thresholds`?\n";
        assert_eq!(shown, expected);
    }

    #[test]
    fn colour_is_asked_for() {
        let shown = render(&problem(5, 9), &sources("    tresholds: 1"), true);
        assert!(shown.contains("\u{1b}[1;31merror"));
        assert!(!render(&problem(5, 9), &sources("x"), false).contains('\u{1b}'));
    }

    #[test]
    fn a_source_line_can_not_move_the_terminal() {
        let shown = render(&problem(1, 1), &sources("a\u{1b}[2Jb"), false);
        assert!(!shown.contains('\u{1b}'));
    }

    #[test]
    fn a_long_line_is_shown_around_its_place() {
        let long = format!("{}tresholds{}", "x".repeat(500), "y".repeat(500));
        let shown = render(&problem(501, 9), &sources(&long), false);
        let lines: Vec<&str> = shown.lines().collect();
        let at = lines[3].chars().position(|letter| letter == '^');
        let caret = at.and_then(|at| lines[2].chars().nth(at));
        assert_eq!(caret, Some('t'));
    }

    #[test]
    fn the_last_line_counts() {
        assert_eq!(
            summary(&[problem(1, 1), problem(2, 1)]),
            "2 problems in 1 file; nothing was started"
        );
    }
}
