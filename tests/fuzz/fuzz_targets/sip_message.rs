//! See `sip_message` in the library.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| aftertone_fuzz::sip_message(data));
