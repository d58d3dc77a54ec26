//! The bytes of a log file: a magic line, then frames
//! `len u32 | crc32c u32 | term u64 | position u64 | prev 32 bytes | payload`, little-endian.
//!
//! `len` counts the payload, the checksum covers everything behind it. Each frame names the digest
//! of the payload before it.

use sha2::{Digest, Sha256};

const MAGIC: &[u8] = b"muster log 1\n\0\0\0";

/// Why the bytes are no log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("it does not begin like a log of muster")]
    NoMagic,
    #[error("the frame at byte {0} is cut short")]
    CutShort(usize),
    #[error("the checksum of the frame at byte {0} does not hold")]
    Checksum(usize),
    #[error("the frame at byte {0} does not follow the one before it")]
    Chain(usize),
    #[error("the frame at byte {at} says it is number {found}, not {expected}")]
    Hole {
        at: usize,
        found: u64,
        expected: u64,
    },
}

/// The payloads of all frames, or of the first `up_to`.
pub fn segments(bytes: &[u8], up_to: Option<u64>) -> Result<Vec<Vec<u8>>, Broken> {
    let mut rest = bytes.strip_prefix(MAGIC).ok_or(Broken::NoMagic)?;
    let mut found: Vec<Vec<u8>> = Vec::new();
    let mut previous = [0_u8; 32];
    let mut position = 0;
    while !rest.is_empty() && up_to.is_none_or(|end| position < end) {
        let at = bytes.len() - rest.len();
        let (length, tail) = u32_le(rest).ok_or(Broken::CutShort(at))?;
        let (checksum, tail) = u32_le(tail).ok_or(Broken::CutShort(at))?;
        let checked = tail
            .get(..48 + length as usize)
            .ok_or(Broken::CutShort(at))?;
        if crc32c::crc32c(checked) != checksum {
            return Err(Broken::Checksum(at));
        }
        let (head, payload) = checked.split_at(48);
        if head[16..48] != previous && !(found.is_empty() && head[16..48] == [0; 32]) {
            return Err(Broken::Chain(at));
        }
        let mut place = [0_u8; 8];
        place.copy_from_slice(&head[8..16]);
        let stands = u64::from_le_bytes(place);
        if stands != position {
            let (found, expected) = (stands, position);
            return Err(Broken::Hole {
                at,
                found,
                expected,
            });
        }
        position += 1;
        previous = Sha256::digest(payload).into();
        found.push(payload.to_vec());
        rest = &tail[48 + length as usize..];
    }
    Ok(found)
}

fn u32_le(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (four, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*four), rest))
}
