//! One verb per file. Each takes its arguments and the output, and ends in an exit code.

pub(crate) mod completions;
pub(crate) mod init;
