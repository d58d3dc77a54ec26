//! A fixed window: so many requests from its first one on, then none until it is over. Pure.

/// One user's window; times are milliseconds since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Window {
    began_ms: Option<i64>,
    used: u32,
}

/// What is said to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) allowed: bool,
    /// Requests left in this window after this one.
    pub(super) remaining: u32,
    /// When the window is over.
    pub(super) resets_ms: i64,
    /// Whole seconds until then, rounded up, so that who waits so long is not refused again.
    pub(super) wait_s: i64,
}

impl Window {
    pub(super) fn is_over(&self, length_ms: i64, now_ms: i64) -> bool {
        self.began_ms
            .is_none_or(|began| now_ms - began >= length_ms)
    }

    pub(super) fn ask(&mut self, limit: u32, length_ms: i64, now_ms: i64) -> Decision {
        if self.is_over(length_ms, now_ms) {
            *self = Self {
                began_ms: Some(now_ms),
                used: 0,
            };
        }
        let allowed = self.used < limit;
        self.used += u32::from(allowed);
        let resets_ms = self.began_ms.unwrap_or(now_ms) + length_ms;
        let left_ms = (resets_ms - now_ms).max(1);
        let wait_s = (left_ms + 999) / 1000;
        Decision {
            allowed,
            remaining: limit - self.used,
            resets_ms,
            wait_s,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_limit_passes_until_the_window_is_over() {
        let mut window = Window::default();
        let asked: Vec<_> = (0..5).map(|i| window.ask(3, 1000, 10 + i)).collect();
        let allowed: Vec<_> = asked.iter().map(|d| d.allowed).collect();
        assert_eq!(allowed, [true, true, true, false, false]);
        let remaining: Vec<_> = asked.iter().map(|d| d.remaining).collect();
        assert_eq!(remaining, [2, 1, 0, 0, 0]);
        assert!(!window.ask(3, 1000, 1009).allowed);
        assert!(window.ask(3, 1000, 1010).allowed);
    }

    #[test]
    fn who_waits_as_told_is_let_through() {
        let mut window = Window::default();
        window.ask(1, 1500, 0);
        let refused = window.ask(1, 1500, 1);
        assert_eq!((refused.allowed, refused.wait_s), (false, 2));
        assert!(window.ask(1, 1500, 1 + refused.wait_s * 1000).allowed);
    }
}
