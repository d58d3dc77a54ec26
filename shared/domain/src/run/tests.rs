//! Rules of the fold, one feature a test.
