//! The entries of a log file, and whether what can't be read was torn by a crash or damaged.
//!
//! A crash leaves the beginning of the one append that was under way, or sectors of it that were
//! never written and read as zeros. Anything else that does not hold is damage, at the end of the
//! file too: an entry that is all there, or a length that its own content contradicts.

use crate::file::frame::{self, HEAD, MAGIC};
use crate::port::LogId;
use crate::verify::joining::{InHead, Joining};
use crate::verify::{Checked, Fault, Spot, Torn};

/// What a disk writes whole or not at all.
const SECTOR: u64 = 512;

/// Checks a log file's bytes. `place` names the file; `log` is what is asked for, or none to
/// believe what the first entry says.
pub fn file(place: &str, log: Option<&LogId>, bytes: &[u8]) -> Checked {
    let mut walk = Walk {
        joining: Joining::new(log),
        place,
        bytes,
    };
    if let Some(start) = walk.begin() {
        walk.entries(start);
    }
    walk.joining.checked
}

struct Walk<'a> {
    joining: Joining,
    place: &'a str,
    bytes: &'a [u8],
}

impl Walk<'_> {
    fn spot(&self, at: usize) -> Spot {
        Spot {
            byte: Some(at as u64),
            ..Spot::of(self.place)
        }
    }

    /// Where the first entry begins, if there may be one.
    fn begin(&mut self) -> Option<usize> {
        if self.bytes.starts_with(MAGIC) {
            return Some(MAGIC.len());
        }
        let spot = self.spot(0);
        if self.bytes.len() < MAGIC.len() && MAGIC.starts_with(self.bytes) {
            let n_bytes = self.bytes.len() as u64;
            self.joining.checked.torn = Some(Torn { spot, n_bytes });
            return None;
        }
        if let Some(found) = other_layout(self.bytes) {
            self.joining.say(&spot, Fault::OtherLayout { found });
            return None;
        }
        self.joining.say(&spot, Fault::NotALog);
        frame::next_valid(self.bytes, 0)
    }

    fn entries(&mut self, mut at: usize) {
        while at < self.bytes.len() {
            let rest = &self.bytes[at..];
            match frame::decode(rest) {
                Ok(entry) => {
                    let spot = Spot {
                        segment: Some(entry.position),
                        ..self.spot(at)
                    };
                    let head = InHead {
                        term: entry.term,
                        previous: entry.previous,
                    };
                    let payload = entry.payload.to_vec();
                    self.joining.take(spot, entry.position, Some(head), payload);
                    at += entry.length;
                }
                Err(why) => match frame::next_valid(&rest[1..], 0) {
                    Some(behind) => {
                        self.unreadable(at, at + 1 + behind, why);
                        at += 1 + behind;
                    }
                    None => return self.end(at, why),
                },
            }
        }
    }

    /// Something that can't be read, with an entry behind it.
    fn unreadable(&mut self, at: usize, next: usize, why: &str) {
        let from = self.joining.next();
        let to = frame::head(&self.bytes[next..]).map(|head| head.position);
        let fault = Fault::Unreadable {
            why: reason(&self.bytes[at..next], why),
            n_bytes: (next - at) as u64,
            from,
            to,
        };
        let spot = self.spot(at);
        self.joining.say(&spot, fault);
        // What is lost was said; the entry behind it joins on nothing that is known.
        if let Some(to) = to {
            self.joining.skip_to(to);
        }
    }

    /// Something that can't be read, and nothing behind it.
    fn end(&mut self, at: usize, why: &str) {
        let rest = &self.bytes[at..];
        let (spot, n_bytes) = (self.spot(at), rest.len() as u64);
        if self.is_torn(at) {
            self.joining.checked.torn = Some(Torn { spot, n_bytes });
            return;
        }
        let fault = Fault::Unreadable {
            why: reason(rest, why),
            n_bytes,
            from: self.joining.next(),
            to: None,
        };
        self.joining.say(&spot, fault);
    }

    fn is_torn(&self, at: usize) -> bool {
        let rest = &self.bytes[at..];
        if content_contradicts_length(rest).is_some() {
            return false;
        }
        if has_unwritten_sector(at as u64, rest) {
            return true;
        }
        let Some(head) = frame::head(rest) else {
            return true;
        };
        let is_cut = rest.len() < HEAD.saturating_add(head.length);
        let link = self.joining.link();
        let follows = head.position == self.joining.next()
            && link.is_none_or(|link| head.previous == link.as_slice());
        is_cut && head.length <= frame::LONGEST && follows
    }
}

/// The digit of another layout, where the rest of the first line is ours.
fn other_layout(bytes: &[u8]) -> Option<String> {
    let rest = bytes.strip_prefix(b"muster log ")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_ours = rest.get(digits) == Some(&b'\n');
    let found = std::str::from_utf8(rest.get(..digits)?).ok()?;
    (is_ours && digits > 0 && found != "1").then(|| found.to_owned())
}

fn reason(bytes: &[u8], why: &str) -> String {
    match content_contradicts_length(bytes) {
        None => format!("the entry here is damaged ({why})"),
        Some((says, has)) => format!(
            "the entry here is damaged (its length says {says} bytes; its checksum holds over {has})"
        ),
    }
}

/// The length that an entry states, and the one over which its checksum holds, where they differ.
fn content_contradicts_length(bytes: &[u8]) -> Option<(usize, usize)> {
    let head = frame::head(bytes)?;
    let has = bytes.len() - HEAD;
    let holds = crc32c::crc32c(bytes.get(8..)?) == head.checksum;
    (holds && head.length != has).then_some((head.length, has))
}

/// Whether the part of some sector that `bytes` fill is all zero: it was never written. No entry
/// has such a part, since none ends with a zero and none holds so many.
fn has_unwritten_sector(at: u64, bytes: &[u8]) -> bool {
    let first = usize::try_from(SECTOR - at % SECTOR).unwrap_or(bytes.len());
    let (first, rest) = bytes.split_at(first.min(bytes.len()));
    let sectors = rest.chunks(usize::try_from(SECTOR).unwrap_or(usize::MAX));
    std::iter::once(first)
        .chain(sectors)
        .any(|part| part.iter().all(|byte| *byte == 0))
}
