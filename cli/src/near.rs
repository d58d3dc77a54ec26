//! The name that a mistyped one was probably meant to be.

/// The nearest of `known`, if one is near enough that a slip of the fingers explains it.
pub(crate) fn nearest<'k>(
    typed: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Option<&'k str> {
    let typed = typed.to_lowercase();
    let limit = (typed.chars().count() / 3).clamp(1, 4);
    let distances = known
        .into_iter()
        .map(|name| (distance(&typed, &name.to_lowercase()), name));
    distances
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Letters to insert, remove or replace (Levenshtein), or to swap with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, against) in other.iter().enumerate() {
            let replaced = last[column] + usize::from(letter != against);
            let mut least = replaced.min(last[column + 1] + 1).min(line[column] + 1);
            let is_swap =
                row > 0 && column > 0 && one[row - 1] == *against && *letter == other[column - 1];
            if is_swap {
                least = least.min(before_last[column - 1] + 1);
            }
            line.push(least);
        }
        before_last = std::mem::replace(&mut last, line);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_forgiven_and_another_word_is_not() {
        let known = ["test_016_user_context", "test_017_rooms", "status"];
        assert_eq!(nearest("test_016_user_contxt", known), Some(known[0]));
        assert_eq!(nearest("statsu", known), Some("status"));
        assert_eq!(nearest("wholly_other", known), None);
        assert_eq!(nearest("", ["a"]), Some("a"), "one letter is a slip");
    }
}
