//! `limit` and `offset` of a query: read strictly, refused with 422 when out of range.

use std::collections::HashMap;

use super::{ApiError, Problem};

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) limit: i64,
    pub(crate) offset: i64,
}

impl Page {
    /// Reads both from a query; `limit` is 1 to 100 and `usual` when left out.
    pub(crate) fn read(query: &HashMap<String, String>, usual: i64) -> Result<Self, ApiError> {
        let limit = number(query, "limit", usual, 1, 100);
        let offset = number(query, "offset", 0, 0, i64::from(i32::MAX));
        match (limit, offset) {
            (Ok(limit), Ok(offset)) => Ok(Self { limit, offset }),
            (limit, offset) => Err(ApiError::invalid(
                limit.err().into_iter().chain(offset.err()).collect(),
            )),
        }
    }

    /// The number of this page, from 1.
    pub(crate) fn number(self) -> i64 {
        self.offset / self.limit + 1
    }
}

fn number(
    query: &HashMap<String, String>,
    name: &str,
    usual: i64,
    least: i64,
    most: i64,
) -> Result<i64, Problem> {
    let Some(text) = query.get(name) else {
        return Ok(usual);
    };
    match text.parse::<i64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(Problem {
            field: name.into(),
            message: format!("must be a whole number from {least} to {most}"),
            kind: "range",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn an_offset_names_its_page() {
        let page = Page::read(&query(&[("limit", "10"), ("offset", "20")]), 50).unwrap();
        assert_eq!((page.limit, page.offset, page.number()), (10, 20, 3));
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        assert!(Page::read(&query(&[("limit", "0")]), 50).is_err());
        assert!(Page::read(&query(&[("limit", "101")]), 50).is_err());
        assert!(Page::read(&query(&[("offset", "-1")]), 50).is_err());
        assert!(Page::read(&query(&[("offset", "x")]), 50).is_err());
    }
}
