//! What the second routine must notice.
