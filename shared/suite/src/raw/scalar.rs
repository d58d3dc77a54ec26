//! What a scalar means by the core schema of YAML 1.2: `on` and `no` are text, `0o17` is octal.

use super::{Scalar, Style};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(&'a str),
}

impl Value<'_> {
    pub(crate) fn kind_name(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Double(_) => "a number",
            Self::Text(_) => "text",
        }
    }
}

impl Scalar {
    pub(crate) fn plain(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            style: Style::Plain,
        }
    }

    /// Quoted scalars and blocks are text whatever they hold.
    pub(crate) fn value(&self) -> Value<'_> {
        if self.style != Style::Plain {
            return Value::Text(&self.text);
        }
        match self.text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => Value::Null,
            "true" | "True" | "TRUE" => Value::Bool(true),
            "false" | "False" | "FALSE" => Value::Bool(false),
            text => number(text).unwrap_or(Value::Text(text)),
        }
    }

    /// `yes`, `no`, `on`, `off` and the like: booleans only to YAML 1.1.
    pub(crate) fn old_boolean(&self) -> Option<bool> {
        if self.style != Style::Plain {
            return None;
        }
        match self.text.to_ascii_lowercase().as_str() {
            "yes" | "on" | "y" => Some(true),
            "no" | "off" | "n" => Some(false),
            _ => None,
        }
    }
}

fn number(text: &str) -> Option<Value<'static>> {
    if let Some(digits) = text.strip_prefix("0x") {
        return plain_digits(digits, 16).map(Value::Int);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return plain_digits(digits, 8).map(Value::Int);
    }
    if !looks_like_a_number(text) {
        return special_double(text).map(Value::Double);
    }
    match text.parse::<i64>() {
        Ok(whole) => Some(Value::Int(whole)),
        Err(_) => text.parse::<f64>().ok().map(Value::Double),
    }
}

/// `from_str_radix` takes a sign, which the core schema doesn't allow behind a prefix.
fn plain_digits(digits: &str, radix: u32) -> Option<i64> {
    let all_digits = digits.chars().all(|digit| digit.is_digit(radix));
    (all_digits && !digits.is_empty())
        .then(|| i64::from_str_radix(digits, radix).ok())
        .flatten()
}

fn special_double(text: &str) -> Option<f64> {
    match text {
        ".inf" | ".Inf" | ".INF" | "+.inf" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        _ => None,
    }
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn looks_like_a_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !digits.is_empty() && is_digits(digits)
    });
    is_digits(whole) && is_digits(fraction) && whole.len() + fraction.len() > 0 && exponent_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        for (text, expected) in [
            ("on", Value::Text("on")),
            ("no", Value::Text("no")),
            ("012", Value::Int(12)),
            ("0o17", Value::Int(15)),
            ("0x1F", Value::Int(31)),
            ("0x+1", Value::Text("0x+1")),
            ("-3", Value::Int(-3)),
            ("1.5", Value::Double(1.5)),
            (".5", Value::Double(0.5)),
            ("1e3", Value::Double(1000.0)),
            ("1e", Value::Text("1e")),
            ("-", Value::Text("-")),
            ("1_000", Value::Text("1_000")),
            ("~", Value::Null),
            ("true", Value::Bool(true)),
            ("5s", Value::Text("5s")),
            ("99999999999999999999", Value::Double(1e20)),
        ] {
            assert_eq!(Scalar::plain(text).value(), expected, "{text}");
        }
    }
}
