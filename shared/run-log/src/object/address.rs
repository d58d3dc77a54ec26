//! Where a store is: `s3://bucket/prefix`, or `file:///directory` on a disk that all coordinators share.
//!
//! Credentials, region and endpoint of S3 come from the usual variables (`AWS_ACCESS_KEY_ID`,
//! `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL`, …), never from the address.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::local::LocalFileSystem;
use object_store::{ClientOptions, RetryConfig};
// Named for its features alone: without them the S3 client has no TLS.
use reqwest as _;

use crate::object::{Patience, unreadable};
use crate::port::Error;

/// An address that was understood.
#[derive(Clone, Debug)]
pub enum Address {
    /// A bucket of S3, or of a server that speaks its protocol and honours `If-None-Match`.
    S3 {
        bucket: String,
        /// Without slashes at its ends; may be empty.
        prefix: String,
        /// Settings that stand above those of the environment.
        settings: Vec<(AmazonS3ConfigKey, String)>,
    },
    /// A directory; every write is synced.
    Directory(PathBuf),
}

/// Why an address was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no address of a store ({why}); write s3://BUCKET/PREFIX or file:///DIRECTORY")]
pub struct AddressError {
    pub text: String,
    pub why: String,
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let refuse = |why: &str| AddressError {
            text: text.to_owned(),
            why: why.to_owned(),
        };
        if let Some(path) = text.strip_prefix("file://") {
            let path = Path::new(path);
            return match path.is_absolute() {
                true => Ok(Self::Directory(path.to_owned())),
                false => Err(refuse("the directory must begin with `/`")),
            };
        }
        let rest = text
            .strip_prefix("s3://")
            .ok_or_else(|| refuse("it begins with neither `s3://` nor `file://`"))?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_plain = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        if !is_plain(bucket) {
            return Err(refuse("the bucket's name is missing or not plain"));
        }
        let prefix = prefix.trim_matches('/');
        if !prefix.is_empty() && !prefix.split('/').all(is_plain) {
            return Err(refuse(
                "the prefix may hold letters, digits, `-`, `_`, `.` and `/` between names",
            ));
        }
        Ok(Self::S3 {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            settings: Vec::new(),
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { bucket, prefix, .. } => write!(out, "s3://{bucket}/{prefix}"),
            Self::Directory(path) => write!(out, "file://{}", path.display()),
        }
    }
}

impl Address {
    /// What every key begins with.
    pub(super) fn prefix(&self) -> &str {
        match self {
            Self::S3 { prefix, .. } => prefix,
            Self::Directory(_) => "",
        }
    }

    /// Makes the client. The crate's own retries are off: it does not tell an answer that was lost
    /// from one that says no, and the outcome of a put is this adapter's to find out.
    pub(super) fn connect(
        &self,
        patience: Patience,
    ) -> Result<Arc<dyn object_store::ObjectStore>, Error> {
        let place = self.to_string();
        match self {
            Self::Directory(path) => {
                std::fs::create_dir_all(path).map_err(crate::file::at(path))?;
                let local = LocalFileSystem::new_with_prefix(path)
                    .map_err(|error| unreadable(&place, error.to_string()))?;
                Ok(Arc::new(local.with_fsync(true)))
            }
            Self::S3 {
                bucket, settings, ..
            } => {
                let options = ClientOptions::new()
                    .with_connect_timeout(patience.request)
                    .with_timeout_disabled();
                let mut builder = AmazonS3Builder::from_env()
                    .with_client_options(options)
                    .with_bucket_name(bucket)
                    .with_conditional_put(S3ConditionalPut::ETagMatch)
                    .with_retry(RetryConfig {
                        max_retries: 0,
                        ..RetryConfig::default()
                    });
                if wants_plaintext() {
                    builder = builder.with_allow_http(true);
                }
                for (key, value) in settings {
                    builder = builder.with_config(*key, value);
                }
                let s3 = builder
                    .build()
                    .map_err(|error| unreadable(&place, error.to_string()))?;
                Ok(Arc::new(s3))
            }
        }
    }
}

/// The client options above replace those that the environment gave.
fn wants_plaintext() -> bool {
    std::env::var("AWS_ALLOW_HTTP").is_ok_and(|text| text == "true" || text == "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_others_refused_with_the_reason() {
        let good = |text: &str| text.parse::<Address>().unwrap().to_string();
        assert_eq!(good("s3://grid/team-a/prod/"), "s3://grid/team-a/prod");
        assert_eq!(good("s3://grid"), "s3://grid/");
        assert_eq!(good("file:///var/muster"), "file:///var/muster");
        for bad in [
            "",
            "grid",
            "s3://",
            "s3:///x",
            "s3://a/b//c",
            "s3://a/../b",
            "file://x",
            "gs://a/b",
        ] {
            let error = bad.parse::<Address>().unwrap_err();
            assert!(error.to_string().contains("s3://BUCKET/PREFIX"), "{error}");
        }
    }
}
