//! libFuzzer over the target `redaction` of the crate `fuzz`; what it promises stands there.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::run("redaction", data));
