//! Rules of the worker, one feature a test.
