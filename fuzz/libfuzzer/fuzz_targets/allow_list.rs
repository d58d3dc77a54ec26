//! libFuzzer over the target `allow_list` of the crate `fuzz`; what it promises stands there.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::run("allow_list", data));
