//! The keys of the language: one table that readers, messages, schema and tests share.
//!
//! A key that the language has but the engine can't run yet is in the table with what to do
//! instead, so that it is never called unknown. How values are read is in `read`.

pub(crate) mod files;
pub(crate) mod places;
pub(crate) mod steps;

/// A kind of map in a file, such as a test.
#[derive(Debug)]
pub(crate) struct Noun {
    /// As in messages: `a test`.
    pub(crate) name: &'static str,
    /// As in the schema's definitions.
    pub(crate) id: &'static str,
    pub(crate) keys: &'static [&'static [Key]],
}

#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) support: Support,
    pub(crate) shape: Shape,
    pub(crate) about: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Support {
    Required,
    Optional,
    /// Known and not run yet; the text says what to do instead.
    NotYet(&'static str),
}

/// What a value looks like, as far as an editor can tell.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    Text,
    /// Letters, digits, `_`, `-`, `.`.
    Name,
    Template,
    Expression,
    Duration,
    Boolean,
    Integer {
        least: i64,
        most: i64,
    },
    Scalar,
    Any,
    Words(&'static [&'static str]),
    List(&'static Self),
    Map(&'static Self),
    OneOf(&'static [Self]),
    Noun(&'static Noun),
    Steps,
}

impl Noun {
    pub(crate) fn all(&self) -> impl Iterator<Item = &'static Key> {
        self.keys.iter().flat_map(|group| group.iter())
    }

    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.all().find(|key| key.name == name)
    }
}

pub(crate) const fn required(name: &'static str, shape: Shape, about: &'static str) -> Key {
    let support = Support::Required;
    Key {
        name,
        support,
        shape,
        about,
    }
}

pub(crate) const fn optional(name: &'static str, shape: Shape, about: &'static str) -> Key {
    let support = Support::Optional;
    Key {
        name,
        support,
        shape,
        about,
    }
}

/// `instead`: what the author does until it runs.
pub(crate) const fn not_yet(name: &'static str, instead: &'static str, about: &'static str) -> Key {
    let (support, shape) = (Support::NotYet(instead), Shape::Any);
    Key {
        name,
        support,
        shape,
        about,
    }
}

/// The known name that is nearest to what was written, if one is near enough to be meant.
pub(crate) fn nearest<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let limit = (written.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|name| (distance(written, name), name))
        .filter(|&(distance, _)| distance <= limit)
        .min()
        .map(|(_, name)| name)
}

/// Edit distance in which two swapped neighbours count as one edit.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.to_lowercase().chars().collect();
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=right.len()).collect()];
    for (i, &a) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &b) in right.iter().enumerate() {
            let change = rows[i][j] + usize::from(a != b);
            let mut best = change.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a == right[j - 1] && left[i - 1] == b {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_the_one_meant() {
        let known = ["thresholds", "timeout", "title", "steps"];
        assert_eq!(nearest("tresholds", known), Some("thresholds"));
        assert_eq!(nearest("timeuot", known), Some("timeout"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("ttile", known), Some("title"));
    }
}
