//! The files that the program carries with it: the example, and the suites of the demo.
//!
//! Each is a list of path (from its folder) and text, made by `build.rs`.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
