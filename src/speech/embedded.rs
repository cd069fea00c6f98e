//! The languages that are part of the program, so that it speaks from any folder and on a machine without a
//! synthesiser.
//!
//! The lists of clips are written by `aftertone prompts build` beside the clips. A new language needs its line here.

/// A language as it is part of the program.
#[derive(Debug)]
pub struct Embedded {
    /// Its name, for example `en`.
    pub name: &'static str,
    /// Its `phrases.toml`.
    pub phrases: &'static str,
    /// Its clips by name: FLAC files, 16 kHz, mono, 16-bit.
    pub clips: &'static [(&'static str, &'static [u8])],
}

/// Every language that is part of the program.
pub const EMBEDDED: &[Embedded] = &[
    Embedded {
        name: "en",
        phrases: include_str!("../../prompts/en/phrases.toml"),
        clips: include!("../../prompts/en/clips.rs"),
    },
    Embedded {
        name: "de",
        phrases: include_str!("../../prompts/de/phrases.toml"),
        clips: include!("../../prompts/de/clips.rs"),
    },
];
