//! A text with its escapes undone, each byte knowing where it came from: percent-encoding, JSON's
//! escapes, and both, so that a secret is found however an encoder chose to escape it.

use std::collections::VecDeque;

/// An unescaped text.
pub(super) struct View {
    pub(super) bytes: Vec<u8>,
    /// Where in the original each byte starts, and at the end where the text ends.
    starts: Vec<u32>,
}

/// How often escapes are undone: JSON in JSON in a URL is as deep as it gets.
const MAX_LAYERS: usize = 3;

impl View {
    /// The start in the original of the byte at `position`.
    pub(super) fn start_of(&self, position: usize) -> usize {
        self.starts.get(position).map_or(0, |start| *start as usize)
    }

    /// The end in the original of what ends before `position`.
    pub(super) fn end_of(&self, position: usize) -> usize {
        self.start_of(position)
    }
}

/// The views of a text: none if it has no escapes. With `plus` a `+` stands for a blank too.
pub(super) fn of(text: &[u8], plus: bool) -> Vec<View> {
    let mut views = Vec::new();
    let is_escape = |byte: &u8| matches!(byte, b'%' | b'\\') || plus && *byte == b'+';
    if !text.iter().any(is_escape) {
        return views;
    }
    let mut open = VecDeque::from([(plain(text), 0)]);
    while let Some((view, layers)) = open.pop_front() {
        if layers < MAX_LAYERS {
            let percent = undo(&view, |rest| unescape_percent(rest, plus));
            let json = undo(&view, unescape_json);
            open.extend(
                [percent, json]
                    .into_iter()
                    .flatten()
                    .map(|view| (view, layers + 1)),
            );
        }
        if layers > 0 {
            views.push(view);
        }
    }
    views
}

fn plain(text: &[u8]) -> View {
    View {
        bytes: text.to_vec(),
        starts: (0..=text.len()).map(narrow).collect(),
    }
}

/// Half the memory; texts of 4 GiB are never recorded.
fn narrow(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

/// Undoes one layer; `unescape` gives the bytes an escape stands for and its length.
fn undo(view: &View, unescape: impl Fn(&[u8]) -> Option<(Decoded, usize)>) -> Option<View> {
    let mut undone = View {
        bytes: Vec::new(),
        starts: Vec::new(),
    };
    let mut at = 0;
    let mut is_changed = false;
    while at < view.bytes.len() {
        let (decoded, length) = match unescape(&view.bytes[at..]) {
            Some(escape) => {
                is_changed = true;
                escape
            }
            None => (Decoded::byte(view.bytes[at]), 1),
        };
        for byte in decoded.bytes() {
            undone.bytes.push(*byte);
            undone.starts.push(narrow(view.start_of(at)));
        }
        at += length;
    }
    undone.starts.push(narrow(view.end_of(view.bytes.len())));
    is_changed.then_some(undone)
}

/// The UTF-8 that one escape stands for.
struct Decoded {
    bytes: [u8; 4],
    len: usize,
}

impl Decoded {
    fn byte(byte: u8) -> Self {
        Decoded {
            bytes: [byte, 0, 0, 0],
            len: 1,
        }
    }

    fn char(c: char) -> Self {
        let mut bytes = [0; 4];
        let len = c.encode_utf8(&mut bytes).len();
        Decoded { bytes, len }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

fn unescape_percent(rest: &[u8], plus: bool) -> Option<(Decoded, usize)> {
    match rest {
        [b'%', high, low, ..] => {
            let byte = hex_digit(*high)? * 16 + hex_digit(*low)?;
            Some((Decoded::byte(u8::try_from(byte).ok()?), 3))
        }
        [b'+', ..] if plus => Some((Decoded::byte(b' '), 1)),
        _ => None,
    }
}

fn unescape_json(rest: &[u8]) -> Option<(Decoded, usize)> {
    let [b'\\', kind, after @ ..] = rest else {
        return None;
    };
    let byte = match kind {
        b'"' | b'\\' | b'/' | b'\'' => *kind,
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        b'u' => return unescape_unicode(after),
        _ => return None,
    };
    Some((Decoded::byte(byte), 2))
}

/// What follows `\u`: four digits, or two such escapes for a character beyond them.
fn unescape_unicode(after: &[u8]) -> Option<(Decoded, usize)> {
    let first = hex_number(after)?;
    if let Some(c) = char::from_u32(first) {
        return Some((Decoded::char(c), 6));
    }
    let [b'\\', b'u', low @ ..] = after.get(4..)? else {
        return None;
    };
    let second = hex_number(low)?;
    let is_pair = (0xd800..0xdc00).contains(&first) && (0xdc00..0xe000).contains(&second);
    let code = is_pair.then(|| 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00))?;
    Some((Decoded::char(char::from_u32(code)?), 12))
}

fn hex_number(digits: &[u8]) -> Option<u32> {
    let digits = digits.first_chunk::<4>()?;
    digits
        .iter()
        .try_fold(0, |number, digit| Some(number * 16 + hex_digit(*digit)?))
}

fn hex_digit(digit: u8) -> Option<u32> {
    char::from(digit).to_digit(16)
}
