//! Bodies of `application/simple-message-summary` (RFC 3842 §5.2): whether messages wait, and how many. Pure.
//!
//! Written for lamps, read back for tests and for whoever subscribes elsewhere. Only voice messages are ours.

use std::fmt::Write as _;

use crate::domain::Counts;

/// The content type of the body.
pub const CONTENT_TYPE: &str = "application/simple-message-summary";
/// The event package.
pub const EVENT: &str = "message-summary";
/// Bodies beyond this are not read.
const LONGEST: usize = 4096;

/// What a body says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Whether the lamp is on.
    pub waiting: bool,
    /// Whose messages.
    pub account: Option<String>,
    /// How many voice messages, if it says so.
    pub voice: Option<Counts>,
}

/// Why a body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SummaryError {
    /// The first line is not `Messages-Waiting: yes` or `no`.
    #[error("a message summary begins with Messages-Waiting: yes or no")]
    Status,
    /// A line has no colon, or counts that are none.
    #[error("line {0} of the message summary cannot be read")]
    Line(usize),
    /// It is longer than anything a lamp needs.
    #[error("the message summary has more than {LONGEST} bytes")]
    Long,
}

/// The body for these counts. The lamp is on while there are new messages.
pub fn write(account: &str, counts: Counts) -> String {
    let mut body = String::with_capacity(96);
    let waiting = if counts.new > 0 { "yes" } else { "no" };
    let account: String = account.chars().filter(|c| !c.is_control()).collect();
    let Counts { new, old, new_urgent, old_urgent, .. } = counts;
    // Writing to a string cannot fail.
    let _ = write!(
        body,
        "Messages-Waiting: {waiting}\r\nMessage-Account: {account}\r\n\
         Voice-Message: {new}/{old} ({new_urgent}/{old_urgent})\r\n"
    );
    body
}

/// Reads a body. Names are case-insensitive, lines that are not ours are passed over.
///
/// # Errors
/// [`SummaryError`].
pub fn read(body: &str) -> Result<Summary, SummaryError> {
    if body.len() > LONGEST {
        return Err(SummaryError::Long);
    }
    let mut lines = body.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let (_, first) = lines.next().ok_or(SummaryError::Status)?;
    let waiting = match first.split_once(':').map(|(name, value)| (name.trim(), value.trim())) {
        Some((name, yes)) if name.eq_ignore_ascii_case("Messages-Waiting") => match yes {
            yes if yes.eq_ignore_ascii_case("yes") => true,
            no if no.eq_ignore_ascii_case("no") => false,
            _ => return Err(SummaryError::Status),
        },
        _ => return Err(SummaryError::Status),
    };
    let mut summary = Summary { waiting, account: None, voice: None };
    for (at, line) in lines {
        if line.is_empty() {
            // Headers of single messages follow (RFC 3842 §3.5).
            break;
        }
        let (name, value) = line.split_once(':').ok_or(SummaryError::Line(at))?;
        match name.trim() {
            name if name.eq_ignore_ascii_case("Message-Account") => {
                summary.account = Some(value.trim().to_owned());
            }
            name if name.eq_ignore_ascii_case("Voice-Message") => {
                summary.voice = Some(counts(value).ok_or(SummaryError::Line(at))?);
            }
            _ => {}
        }
    }
    Ok(summary)
}

/// `2/8 (0/2)`; the urgent ones may be absent.
fn counts(value: &str) -> Option<Counts> {
    let pair = |text: &str| {
        let (new, old) = text.split_once('/')?;
        Some((new.trim().parse().ok()?, old.trim().parse().ok()?))
    };
    let (all, urgent) = match value.split_once('(') {
        Some((all, rest)) => (all, Some(rest.trim().strip_suffix(')')?)),
        None => (value, None),
    };
    let (new, old) = pair(all)?;
    let (new_urgent, old_urgent) = match urgent {
        Some(urgent) => pair(urgent)?,
        None => (0, 0),
    };
    Some(Counts { new, old, new_urgent, old_urgent, trash: 0, filed: 0 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_body_reads_as_the_rfc_writes_it() {
        let counts = Counts { new: 2, old: 8, new_urgent: 0, old_urgent: 2, trash: 9, filed: 4 };
        let body = write("sip:1001@pbx.example.org", counts);
        assert_eq!(
            body,
            "Messages-Waiting: yes\r\nMessage-Account: sip:1001@pbx.example.org\r\nVoice-Message: 2/8 (0/2)\r\n"
        );
        let none = write("sip:1001@x", Counts { old: 8, ..Counts::default() });
        assert!(none.starts_with("Messages-Waiting: no\r\n"), "old messages light no lamp: {none}");
    }

    #[test]
    fn what_others_write_reads_as_well() {
        let read =
            read("messages-waiting: YES\nVoice-Message: 4/8\nFax-Message: 1/1 (0/0)\n\nTo: <x>").unwrap();
        assert_eq!((read.waiting, read.voice.unwrap().new, read.account), (true, 4, None));
    }

    #[test]
    fn what_is_no_summary_is_refused() {
        for bad in ["", "Voice-Message: 1/1", "Messages-Waiting: perhaps", "Messages-Waiting"] {
            assert_eq!(read(bad), Err(SummaryError::Status), "{bad:?}");
        }
        for bad in ["Voice-Message: 1", "Voice-Message: -1/2", "Voice-Message: 1/2 (3/4", "no colon"] {
            assert_eq!(
                read(&format!("Messages-Waiting: no\r\n{bad}")),
                Err(SummaryError::Line(2)),
                "{bad:?}"
            );
        }
        assert_eq!(read(&"x".repeat(5000)), Err(SummaryError::Long));
    }

    proptest! {
        #[test]
        fn every_body_that_is_written_reads_back(new: u32, old: u32, a: u32, b: u32, account in "[ -~]{0,40}") {
            let counts = Counts { new, old, new_urgent: a, old_urgent: b, trash: 0, filed: 0 };
            let summary = read(&write(&account, counts)).unwrap();
            prop_assert_eq!(summary.voice, Some(counts));
            prop_assert_eq!(summary.waiting, new > 0);
            prop_assert_eq!(summary.account.as_deref(), Some(account.trim()));
        }

        #[test]
        fn no_text_breaks_the_reader(text in "\\PC{0,200}") {
            let _ = read(&text);
        }
    }
}
