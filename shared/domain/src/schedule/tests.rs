//! Rules of the schedule, one feature a test.
