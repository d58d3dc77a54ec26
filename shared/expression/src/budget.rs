//! The bound on one evaluation: steps taken, and sizes of what was made, in one number.
//! It never counts time, so that the same expression ends the same way on every machine.

/// Steps that one evaluation may take; what it makes (lists, texts) costs steps by its size.
#[derive(Debug, Clone)]
pub struct Budget {
    left: u64,
}

/// Bytes of text that cost one step to read or to write.
pub(crate) const BYTES_PER_STEP: usize = 64;

impl Budget {
    /// The bound for one check or template when nobody says otherwise.
    pub const DEFAULT_STEPS: u64 = 200_000;

    /// A budget of that many steps.
    #[must_use]
    pub fn new(steps: u64) -> Self {
        Budget { left: steps }
    }

    /// Steps that are left.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Takes `steps`; `false`, and nothing left, when that is more than there is.
    #[must_use]
    pub(crate) fn take(&mut self, steps: u64) -> bool {
        match self.left.checked_sub(steps) {
            Some(left) => {
                self.left = left;
                true
            }
            None => {
                self.left = 0;
                false
            }
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Budget::new(Self::DEFAULT_STEPS)
    }
}

/// What it costs to read or write that many bytes.
pub(crate) fn bytes_cost(bytes: usize) -> u64 {
    1 + (bytes / BYTES_PER_STEP) as u64
}
