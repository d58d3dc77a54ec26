//! Rules of the coordinator, one feature a test.
