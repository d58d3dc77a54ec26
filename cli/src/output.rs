//! Where words go: data to stdout, talk to stderr; colour and movement only where they help.
//!
//! `NO_COLOR` and pipes switch colour off; only a terminal gets a live view. What is printed is
//! made elsewhere (`report`, `live`).

use std::io::{self, IsTerminal as _, Write as _};

use clap::ValueEnum;

/// `1 case`, `2 cases`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    Always,
    Never,
}

/// The two streams of the program and what they can show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    data_colour: bool,
    talk_colour: bool,
    is_live: bool,
    data_is_read_live: bool,
}

impl Output {
    pub(crate) fn new(choice: Colour) -> Self {
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let wants = |is_terminal: bool| match choice {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => is_terminal && !no_colour && !is_dumb,
        };
        let talk_is_terminal = io::stderr().is_terminal();
        let data_is_terminal = io::stdout().is_terminal();
        Self {
            data_colour: wants(data_is_terminal),
            talk_colour: wants(talk_is_terminal),
            is_live: talk_is_terminal && !is_dumb,
            data_is_read_live: data_is_terminal,
        }
    }

    /// Whether data may hold colour.
    pub(crate) fn data_colour(&self) -> bool {
        self.data_colour
    }

    /// Whether talk may hold colour.
    pub(crate) fn talk_colour(&self) -> bool {
        self.talk_colour
    }

    /// Whether data goes to a terminal: somebody looks on, and no file or CI log keeps it.
    pub(crate) fn data_is_read_live(&self) -> bool {
        self.data_is_read_live
    }

    /// Whether the talk goes to a terminal that can be redrawn.
    pub(crate) fn is_live(&self) -> bool {
        self.is_live
    }

    /// What was asked for. A reader that has gone away is no failure of ours.
    pub(crate) fn data(&self, text: &str) {
        let mut stdout = io::stdout().lock();
        let _ = stdout.write_all(text.as_bytes());
        if !text.ends_with('\n') {
            let _ = stdout.write_all(b"\n");
        }
        let _ = stdout.flush();
    }

    /// What is said besides.
    pub(crate) fn talk(&self, text: &str) {
        let mut stderr = io::stderr().lock();
        let _ = writeln!(stderr, "{}", text.trim_end_matches('\n'));
    }

    /// Why a command ends without an answer.
    pub(crate) fn error(&self, text: &str) {
        let label = if self.talk_colour {
            "\u{1b}[1;31merror\u{1b}[0m"
        } else {
            "error"
        };
        self.talk(&format!("{label}: {text}"));
    }
}
