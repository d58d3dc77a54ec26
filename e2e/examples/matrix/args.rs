//! The arguments of this program; people give them to `cargo xtask prove`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

#[derive(Debug)]
pub(crate) struct Args {
    /// The page to write or to compare with.
    pub(crate) page: PathBuf,
    pub(crate) check: bool,
    pub(crate) at_once: usize,
    /// Only defects with this word in their name or their test; nothing is written then.
    pub(crate) only: Option<String>,
}

impl Args {
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Self> {
        let mut words = words;
        let page = words.next().context("say which page: matrix PAGE")?;
        let mut args = Self {
            page: page.into(),
            check: false,
            at_once: 2,
            only: None,
        };
        while let Some(word) = words.next() {
            let mut value = || {
                words
                    .next()
                    .with_context(|| format!("{word} needs a value"))
            };
            match word.as_str() {
                "--check" => args.check = true,
                "--at-once" => args.at_once = value()?.parse().context("--at-once is a number")?,
                "--only" => args.only = Some(value()?),
                other => bail!("`{other}` is not known; see `cargo xtask prove --help`"),
            }
        }
        ensure!(args.at_once > 0, "--at-once is at least 1");
        Ok(args)
    }
}
