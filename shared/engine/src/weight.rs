//! What received bytes take in memory once an expression reads them: the measure of the limits.
//!
//! JSON is small on the wire and large as values: `[0,0,…]` takes two bytes for what is a hundred.
//! So the values are counted before anything is parsed, and limits are on memory, not on bytes.

/// Memory of one value with what holds it, in bytes; measured by `tests/hostile`.
const PER_VALUE: usize = 96;

/// Memory that bytes take when they are kept and read as JSON.
pub(crate) fn weight(bytes: &[u8]) -> usize {
    bytes
        .len()
        .saturating_add(values(bytes).saturating_mul(PER_VALUE))
}

/// About how many values the list or map has that the bytes begin with, never fewer than there are;
/// 0 for anything else. What stands behind it is no JSON and is not parsed.
pub(crate) fn values(bytes: &[u8]) -> usize {
    let (mut values, mut depth) = (0_usize, 0_usize);
    let (mut is_text, mut is_escaped) = (false, false);
    for &byte in bytes.trim_ascii_start() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            _ if is_text => {}
            b'[' | b'{' => (values, depth) = (values + 1, depth + 1),
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    // Each list and map has one item more than commas; the outermost is a value too.
    values + usize::from(values > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_of_texts() {
        for (json, least) in [
            ("[]", 1),
            ("[0,0,0]", 4),
            (r#"{"a":"[,,,{","b":[1,{}]}"#, 5),
            (r#" {"a":"\",\"","b":1}"#, 2),
            ("{\"line\":1}\n{\"line\":2}\n", 1),
        ] {
            let counted = values(json.as_bytes());
            assert!((least..=least + 2).contains(&counted), "{json}: {counted}");
        }
        for other in ["", "plain, text, [", "1", "\"a,b\""] {
            assert_eq!(values(other.as_bytes()), 0, "{other}");
        }
    }
}
