//! What all areas share of HTTP: error bodies, reading a JSON body, paging, and headers.
//!
//! It decides nothing about users or data; that is each area's own.

mod body;
pub(crate) mod cors;
mod error;
mod headers;
mod page;

pub(crate) use body::{Fields, JsonBody};
pub(crate) use error::{ApiError, Problem, not_allowed, not_found, render};
pub(crate) use headers::{Correlation, bearer, percent_encoded, stamp};
pub(crate) use page::Page;
