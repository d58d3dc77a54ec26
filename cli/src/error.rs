//! Why a command could not do what it was asked, and the exit code that follows.
//!
//! A message says what, where, why, and what to do; it never says `error:` itself. Verdicts are
//! not errors: a NO-GO is a command that worked.

use std::path::{Path, PathBuf};

use dial::DialError;

use crate::exit_code::ExitCode;

/// Anything that ends a command before it has an answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The command line asks for something that makes no sense.
    #[error("{0}")]
    Usage(String),
    /// A file or setting is wrong; problems with places were printed before.
    #[error("{0}")]
    Invalid(String),
    /// Nothing to run, or nobody to run it.
    #[error("{0}")]
    NothingRan(String),
    /// Another coordinator leads the grid that this one led.
    #[error("{0}")]
    Superseded(String),
    /// A run was frozen, and its end could not be seen.
    #[error("{0}")]
    NotProven(String),
    #[error("could not {doing} {}: {source}", path.display())]
    Disk {
        doing: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    /// Something that should not happen.
    #[error("{0}")]
    Unexpected(String),
}

impl Error {
    pub(crate) fn disk(doing: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Disk {
            doing,
            path: path.to_owned(),
            source,
        }
    }

    /// For what another part of the grid says went wrong, with what was being done.
    pub(crate) fn unexpected(doing: &str, source: impl std::fmt::Display) -> Self {
        Self::Unexpected(format!("could not {doing}: {source}"))
    }

    /// The number that the shell sees.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::Usage,
            Self::Invalid(_) => ExitCode::Invalid,
            Self::NotProven(_) => ExitCode::NotProven,
            Self::NothingRan(_) => ExitCode::NothingRan,
            Self::Superseded(_) => ExitCode::Superseded,
            Self::Disk { .. } | Self::Unexpected(_) => ExitCode::Unexpected,
        }
    }
}

/// An address is typed; what is wrong with files is a matter of configuration.
impl From<DialError> for Error {
    fn from(error: DialError) -> Self {
        let text = error.to_string();
        match error {
            DialError::Address { .. } | DialError::Plaintext { .. } => Self::Usage(text),
            DialError::File { .. } | DialError::Tls { .. } => Self::Invalid(text),
        }
    }
}
