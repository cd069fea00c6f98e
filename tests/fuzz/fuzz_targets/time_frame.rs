//! See `time_frame` in the library.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| aftertone_fuzz::time_frame(data));
