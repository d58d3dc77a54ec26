//! The forms a secret may travel in: as it is, base64 in either alphabet and at any of three
//! alignments, hex. Escapes are no forms: the searched text is unescaped instead (`views.rs`).

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// One form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Raw,
    /// The digits that depend on nothing but the secret when `skipped` bytes stand before it.
    Base64 {
        is_url_safe: bool,
        skipped: usize,
    },
    /// All digits of the secret alone, the last of which hold bits of nothing else.
    WholeBase64 {
        is_url_safe: bool,
    },
    PaddedBase64,
    Hex {
        is_upper: bool,
    },
}

/// All of them.
pub(super) fn all() -> impl Iterator<Item = Form> {
    let base64 = [false, true].into_iter().flat_map(|is_url_safe| {
        let aligned = (0..3).map(move |skipped| Form::Base64 {
            is_url_safe,
            skipped,
        });
        aligned.chain([Form::WholeBase64 { is_url_safe }])
    });
    let hex = [false, true].map(|is_upper| Form::Hex { is_upper });
    [Form::Raw, Form::PaddedBase64]
        .into_iter()
        .chain(base64)
        .chain(hex)
}

impl Form {
    /// The secret in this form.
    pub(super) fn of(self, secret: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Form::Raw => Cow::Borrowed(secret),
            Form::Base64 {
                is_url_safe,
                skipped,
            } => {
                let mut padded = vec![0; skipped];
                padded.extend_from_slice(secret);
                let digits = encode(is_url_safe, &padded);
                // The first digits hold bits of what stands before, the last of what follows.
                let start = (skipped * 8).div_ceil(6);
                let end = padded.len() * 8 / 6;
                Cow::Owned(digits.as_bytes()[start..end].to_vec())
            }
            Form::WholeBase64 { is_url_safe } => {
                Cow::Owned(encode(is_url_safe, secret).into_bytes())
            }
            Form::PaddedBase64 => Cow::Owned(STANDARD.encode(secret).into_bytes()),
            Form::Hex { is_upper: false } => Cow::Owned(hex::encode(secret).into_bytes()),
            Form::Hex { is_upper: true } => Cow::Owned(hex::encode_upper(secret).into_bytes()),
        }
    }
}

fn encode(is_url_safe: bool, bytes: &[u8]) -> String {
    if is_url_safe {
        URL_SAFE_NO_PAD.encode(bytes)
    } else {
        STANDARD_NO_PAD.encode(bytes)
    }
}
