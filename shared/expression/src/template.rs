//! Texts with `${…}` in them. Exactly one `${…}` and nothing else keeps the type of its value;
//! anything more is text. In a URL values are percent-encoded, but one that begins it is a base
//! address. `$${` stands for `${` itself.

use std::sync::Arc;

use crate::budget::{Budget, bytes_cost};
use crate::error::{CompileError, ErrorKind, EvalError};
use crate::expression::Expression;
use crate::scope::Scope;
use crate::value::{Marks, Value};

/// A parsed template; a clone shares it.
#[derive(Debug, Clone)]
pub struct Template {
    shared: Arc<Parsed>,
}

#[derive(Debug)]
struct Parsed {
    source: String,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(String),
    Value {
        offset: usize,
        expression: Expression,
    },
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// A `${` without its `}`, or what is wrong with an expression in it, with offsets in the
    /// template.
    pub fn parse(source: &str) -> Result<Self, CompileError> {
        let parts = parse_parts(source)?;
        Ok(Template {
            shared: Arc::new(Parsed {
                source: source.to_owned(),
                parts,
            }),
        })
    }

    /// The source as it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.shared.source
    }

    /// Whether there is no `${…}` in it.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.expressions().next().is_none()
    }

    /// The text, if it is one without any `${…}`, with `$${` resolved.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        match self.shared.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether it begins with `${…}`: in a URL that is a base address.
    #[must_use]
    pub fn begins_with_value(&self) -> bool {
        matches!(self.shared.parts.first(), Some(Part::Value { .. }))
    }

    /// The expressions with their byte offsets in the template.
    pub fn expressions(&self) -> impl Iterator<Item = (usize, &Expression)> {
        self.shared.parts.iter().filter_map(|part| match part {
            Part::Value { offset, expression } => Some((*offset, expression)),
            Part::Text(_) => None,
        })
    }

    /// The free variables of all expressions, each once, in the order they appear.
    #[must_use]
    pub fn roots(&self) -> Vec<&str> {
        let mut roots = Vec::new();
        for root in self
            .expressions()
            .flat_map(|(_, expression)| expression.roots())
        {
            if !roots.contains(&root) {
                roots.push(root);
            }
        }
        roots
    }

    /// The value: that of the one `${…}` if there is nothing else, otherwise a text.
    ///
    /// # Errors
    /// Those of its expressions, with offsets in the template.
    pub fn render(&self, scope: &Scope, budget: &mut Budget) -> Result<Value, EvalError> {
        match self.shared.parts.as_slice() {
            [Part::Value { offset, expression }] => evaluate(*offset, expression, scope, budget),
            _ => self.render_text(scope, budget),
        }
    }

    /// The text, as a text value with the marks of all that went into it.
    ///
    /// # Errors
    /// Those of its expressions, with offsets in the template; a spent budget.
    pub fn render_text(&self, scope: &Scope, budget: &mut Budget) -> Result<Value, EvalError> {
        self.write(scope, budget, |_, value| Ok(value.to_string()))
    }

    /// The text of a URL: values are percent-encoded, all but one that begins it.
    ///
    /// # Errors
    /// Those of its expressions; a null, list or map, which no URL can hold; a spent budget.
    pub fn render_url(&self, scope: &Scope, budget: &mut Budget) -> Result<Value, EvalError> {
        self.write(scope, budget, |position, value| {
            if value.is_null() || value.as_list().is_some() || value.as_map().is_some() {
                let kind = value.type_name();
                return Err(format!("{kind} in a URL: take a text or a number from it"));
            }
            let text = value.to_string();
            Ok(if position == 0 {
                text
            } else {
                percent_encoded(&text)
            })
        })
    }

    fn write(
        &self,
        scope: &Scope,
        budget: &mut Budget,
        text_of: impl Fn(usize, &Value) -> Result<String, String>,
    ) -> Result<Value, EvalError> {
        let mut text = String::new();
        let mut marks = Marks::NONE;
        for (position, part) in self.shared.parts.iter().enumerate() {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Value { offset, expression } => {
                    let value = evaluate(*offset, expression, scope, budget)?;
                    let refused = |kind, message| EvalError {
                        kind,
                        message,
                        offset: *offset,
                        len: expression.source().len(),
                        reads: Vec::new(),
                    };
                    if !budget.take(value.weight()) {
                        let message = "this text takes more steps than allowed".to_owned();
                        return Err(refused(ErrorKind::Budget, message));
                    }
                    marks = marks.union(value.marks());
                    text +=
                        &text_of(position, &value).map_err(|why| refused(ErrorKind::Type, why))?;
                }
            }
        }
        let _ = budget.take(bytes_cost(text.len()));
        Ok(Value::text(text).with_marks(marks))
    }
}

fn evaluate(
    offset: usize,
    expression: &Expression,
    scope: &Scope,
    budget: &mut Budget,
) -> Result<Value, EvalError> {
    match expression.evaluate(scope, budget) {
        Ok(evaluated) => Ok(evaluated.value),
        Err(error) => Err(EvalError {
            offset: error.offset + offset,
            ..error
        }),
    }
}

fn parse_parts(source: &str) -> Result<Vec<Part>, CompileError> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut at = 0;
    while let Some(found) = source[at..].find("${") {
        let open = at + found;
        if source[..open].ends_with('$') && open > at {
            text += &source[at..open - 1];
            text += "${";
            at = open + 2;
            continue;
        }
        text += &source[at..open];
        if !text.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut text)));
        }
        let start = open + 2;
        let end = start + expression_length(source, start)?;
        parts.push(Part::Value {
            offset: start,
            expression: compile(source, start, end)?,
        });
        at = end + 1;
    }
    text += &source[at..];
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    Ok(parts)
}

fn compile(source: &str, start: usize, end: usize) -> Result<Expression, CompileError> {
    if source[start..end].trim().is_empty() {
        return Err(CompileError {
            offset: start - 2,
            len: end + 1 - (start - 2),
            message: "nothing between `${` and `}`".to_owned(),
            fix: Some("name a value, or write `$${` for the two characters".to_owned()),
        });
    }
    Expression::compile(&source[start..end]).map_err(|error| CompileError {
        offset: error.offset + start,
        ..error
    })
}

/// The bytes from `start` to the brace that closes it: braces nest, and quoted ones don't count.
fn expression_length(source: &str, start: usize) -> Result<usize, CompileError> {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut escaped = false;
    for (at, byte) in source.bytes().enumerate().skip(start) {
        match (quote, byte) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'{') => depth += 1,
            (None, b'}') if depth == 0 => return Ok(at - start),
            (None, b'}') => depth -= 1,
            (None, _) => {}
        }
    }
    Err(CompileError {
        offset: start - 2,
        len: source.len() - (start - 2),
        message: "`${` without its `}`".to_owned(),
        fix: Some("close it, or write `$${` for the two characters".to_owned()),
    })
}

/// Percent-encodes all but RFC 3986's unreserved characters.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded += &format!("%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
