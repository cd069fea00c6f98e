//! See `upload` in the library.
#![no_main]

libfuzzer_sys::fuzz_target!(
    init: aftertone_fuzz::pass_over_contained_panics(),
    |data: &[u8]| aftertone_fuzz::upload(data)
);
