//! `a b+ (c d)* e?` → `Order`.
//!
//! Names are letters, digits, `_`, `-`, `.`; a sign stands right behind a name or a group. How an
//! order judges events is in `grammar::judge`.

use super::Order;

/// Groups inside one another.
const MAX_DEPTH: usize = 16;

/// What is wrong with an order, in bytes of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadOrder {
    pub offset: usize,
    pub len: usize,
    pub message: String,
    pub fix: String,
}

/// Reads an order.
///
/// # Errors
/// The first place that can't be read.
pub fn parse(text: &str) -> Result<Order, BadOrder> {
    let mut reading = Reading { text, at: 0 };
    let order = reading.sequence(0)?;
    match reading.peek() {
        None => Ok(order),
        Some(_) => Err(reading.bad(1, "a `)` without its `(`", "take it out")),
    }
}

impl Order {
    /// The names of all events in it, each once, in the order written.
    pub fn events(&self) -> Vec<&str> {
        let mut events = Vec::new();
        self.gather(&mut events);
        events
    }

    fn gather<'o>(&'o self, events: &mut Vec<&'o str>) {
        match self {
            Self::Event(name) if events.contains(&name.as_str()) => {}
            Self::Event(name) => events.push(name),
            Self::Sequence(parts) => parts.iter().for_each(|part| part.gather(events)),
            Self::Repeated { what, .. } => what.gather(events),
        }
    }
}

struct Reading<'t> {
    text: &'t str,
    at: usize,
}

impl Reading<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn bad(&self, len: usize, message: &str, fix: &str) -> BadOrder {
        BadOrder {
            offset: self.at,
            len,
            message: message.to_owned(),
            fix: fix.to_owned(),
        }
    }

    fn sequence(&mut self, depth: usize) -> Result<Order, BadOrder> {
        let mut parts = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                None | Some(')') => break,
                Some(_) => parts.push(self.part(depth)?),
            }
        }
        match (parts.len(), parts.pop()) {
            (1, Some(only)) => Ok(only),
            (_, Some(last)) => {
                parts.push(last);
                Ok(Order::Sequence(parts))
            }
            (_, None) => Err(self.bad(
                1,
                "an order without an event",
                "write the events' names, with spaces between",
            )),
        }
    }

    fn part(&mut self, depth: usize) -> Result<Order, BadOrder> {
        let what = if self.peek() == Some('(') {
            self.group(depth)?
        } else {
            self.event()?
        };
        let (at_least, at_most) = match self.peek() {
            Some('+') => (1, None),
            Some('*') => (0, None),
            Some('?') => (0, Some(1)),
            _ => return Ok(what),
        };
        self.at += 1;
        if matches!(self.peek(), Some('+' | '*' | '?')) {
            return Err(self.bad(1, "two signs behind one event", "keep one of `+`, `*`, `?`"));
        }
        Ok(Order::Repeated {
            what: Box::new(what),
            at_least,
            at_most,
        })
    }

    fn group(&mut self, depth: usize) -> Result<Order, BadOrder> {
        if depth >= MAX_DEPTH {
            return Err(self.bad(1, "too many groups inside one another", "write it flatter"));
        }
        let open = self.at;
        self.at += 1;
        let inside = self.sequence(depth + 1)?;
        if self.peek() != Some(')') {
            self.at = open;
            return Err(self.bad(1, "a `(` without its `)`", "close the group"));
        }
        self.at += 1;
        Ok(inside)
    }

    fn event(&mut self) -> Result<Order, BadOrder> {
        let rest = &self.text[self.at..];
        let is_name = |letter: char| letter.is_alphanumeric() || "_-.".contains(letter);
        let len = rest.len() - rest.trim_start_matches(is_name).len();
        if len == 0 {
            let wrong = rest.chars().next().map_or(1, char::len_utf8);
            let message = format!("`{}` can't stand here", &rest[..wrong]);
            let fix = "write events' names with `+`, `*` or `?` right behind, groups in ( )";
            return Err(self.bad(wrong, &message, fix));
        }
        self.at += len;
        Ok(Order::Event(rest[..len].to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(order: &Order) -> String {
        match order {
            Order::Event(name) => name.clone(),
            Order::Sequence(parts) => {
                format!(
                    "({})",
                    parts.iter().map(shown).collect::<Vec<_>>().join(" ")
                )
            }
            Order::Repeated {
                what,
                at_least,
                at_most,
            } => format!("{}{{{at_least},{at_most:?}}}", shown(what)),
        }
    }

    #[test]
    fn an_order_is_names_groups_and_signs() {
        let order =
            parse("started thinking+ (executing completed)+ done?").map(|order| shown(&order));
        let expected = "(started thinking{1,None} (executing completed){1,None} done{0,Some(1)})";
        assert_eq!(order.as_deref(), Ok(expected));
        assert_eq!(parse("a").map(|order| shown(&order)).as_deref(), Ok("a"));
    }

    #[test]
    fn a_bad_order_says_where() {
        for (text, offset) in [
            ("", 0),
            ("a (b", 2),
            ("a b)", 3),
            ("a ++", 2),
            ("a++", 2),
            ("a | b", 2),
            ("()", 1),
        ] {
            let bad = parse(text)
                .map(|order| shown(&order))
                .map_err(|bad| bad.offset);
            assert_eq!(bad, Err(offset), "{text}");
        }
    }
}
