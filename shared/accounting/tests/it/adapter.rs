//! The rules by which the object adapter finds out whether its put is durable, as a model: what it
//! hears of the store, and what it does next. The bytes of a number never change.

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The put made the object.
    Created,
    /// The put found an object there, or the store takes it for one (409 and 412 alike).
    AlreadyExists,
    /// Timeout, 5xx, a broken connection: the put may have been done, or may be done yet.
    Unclear,
    /// A look found our very bytes.
    Ours,
    /// A look found another's segment; of the same writer, with other bytes.
    Theirs { same_writer: bool },
    /// A look found nothing.
    Absent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Durable,
    Conflict,
    /// Read the object at this number.
    Look,
    /// Put again.
    Again,
}

pub(crate) fn next(heard: Heard) -> Next {
    match heard {
        Heard::Created | Heard::Ours => Next::Durable,
        Heard::Theirs { .. } => Next::Conflict,
        Heard::AlreadyExists | Heard::Unclear => Next::Look,
        Heard::Absent => Next::Again,
    }
}

/// The rules with a bug in them.
#[cfg(feature = "planted")]
pub(crate) fn next_with(heard: Heard, bug: Option<accounting::planted::Planted>) -> Next {
    use accounting::planted::Planted;
    match (bug, heard) {
        (Some(Planted::AlreadyExistsIsDeposed), Heard::AlreadyExists) => Next::Conflict,
        (Some(Planted::AlreadyExistsIsSuccess), Heard::AlreadyExists) => Next::Durable,
        (Some(Planted::NumberReused), Heard::Theirs { same_writer: true }) => Next::Durable,
        _ => next(heard),
    }
}
