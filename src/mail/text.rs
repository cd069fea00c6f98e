//! Hostile text made harmless, and lengths as a clock shows them. Pure.
//!
//! Does not escape HTML: the templates do.

use std::time::Duration;

/// Longest name of a caller, an owner or an alias in a mail, in characters.
pub(super) const NAME_LIMIT: usize = 80;
/// Longest text of an error, in characters.
pub(super) const ERROR_LIMIT: usize = 300;

/// One line of visible text: runs of white space and control characters become one space, characters that reorder
/// or hide text go, what is longer than `limit` characters ends in `…`.
///
/// `=?` is pulled apart, so that no reader takes the text for an encoded word (RFC 2047 §2).
pub(super) fn line(text: &str, limit: usize) -> String {
    let mut out = String::new();
    let mut kept = 0;
    let mut gap = false;
    for c in text.chars().filter(|&c| !is_invisible(c)) {
        if c.is_whitespace() || c.is_control() {
            gap = kept > 0;
            continue;
        }
        let broken_word = c == '?' && !gap && out.ends_with('=');
        let needed = usize::from(gap || broken_word) + 1;
        if kept + needed > limit {
            out.push('…');
            break;
        }
        if gap || broken_word {
            out.push(' ');
        }
        out.push(c);
        kept += needed;
        gap = false;
    }
    out
}

/// Bidirectional controls, zero-width and tag characters and the like: text that is not seen, or that changes how
/// its neighbours are seen. The joiners stay: scripts and emoji need them.
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// `0:42`, `12:05`, `1:02:03`; rounded to the second, at least one.
pub(super) fn clock_length(length: Duration) -> String {
    let seconds = u64::try_from(length.as_millis().saturating_add(500) / 1000).unwrap_or(u64::MAX).max(1);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_control_characters_and_no_hidden_ones() {
        assert_eq!(line("  Ada\r\n\tBcc: x@y \u{7} ", 80), "Ada Bcc: x@y");
        assert_eq!(line("gpj\u{202E}.exe\u{200B}", 80), "gpj.exe");
        assert_eq!(line("", 80), "");
    }

    #[test]
    fn emoji_and_other_scripts_stay_whole() {
        assert_eq!(line("👩‍👩‍👧 Жанна 李", 80), "👩‍👩‍👧 Жанна 李");
    }

    #[test]
    fn a_long_line_ends_in_an_ellipsis() {
        let long = line(&"x".repeat(1000), 80);
        assert_eq!(long.chars().count(), 81);
        assert!(long.ends_with('…'));
        assert_eq!(line(&"x".repeat(80), 80).chars().count(), 80);
    }

    #[test]
    fn nothing_in_a_line_can_be_taken_for_an_encoded_word() {
        assert_eq!(line("=?utf-8?q?Boss?=", 80), "= ?utf-8?q?Boss?=");
        assert!(!line("=\u{200B}?utf-8?q?Boss?=", 80).contains("=?"));
    }

    #[test]
    fn lengths_read_well() {
        assert_eq!(clock_length(Duration::from_millis(41_600)), "0:42");
        assert_eq!(clock_length(Duration::from_secs(3723)), "1:02:03");
        assert_eq!(clock_length(Duration::ZERO), "0:01");
    }
}
