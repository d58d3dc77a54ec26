//! One verb per file. Each takes its arguments and the output, and ends in an exit code.

pub(crate) mod completions;
pub(crate) mod init;
pub(crate) mod report;
pub(crate) mod runs;
pub(crate) mod show;
