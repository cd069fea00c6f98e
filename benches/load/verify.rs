//! Reads the server's mailboxes after the calls: every call that was held has left one message, and a whole one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::call::{Call, State};
use super::server::{Message, Server};
use super::speech::Speech;

/// A message may be so much shorter or longer than the time from tone to BYE: the trimmed end, a packet on its way.
const TOLERANCE: Duration = Duration::from_millis(600);
/// Where a recording begins is known to so many frames.
const SLACK: usize = 50;
/// A recording that is compared is whole when this share of its frames is exactly what was said.
const INTACT: f64 = 0.99;
/// Looks at the mailboxes until all messages are there.
const LOOKS: u32 = 30;

/// What the mailboxes hold against what they should hold.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Verdict {
    /// Calls that were held to their BYE.
    pub(crate) expected: usize,
    /// Of those, with exactly one message of the right length.
    pub(crate) complete: usize,
    /// Calls without a message.
    pub(crate) missing: usize,
    /// Messages beyond one a call, or of nobody's call.
    pub(crate) doubled: usize,
    /// Calls with a message of a wrong length.
    pub(crate) wrong_length: usize,
    /// Messages compared sample by sample.
    pub(crate) compared: usize,
    /// Of those, whole.
    pub(crate) whole: usize,
    /// The smallest share of frames in place among those.
    pub(crate) worst: Option<f64>,
}

/// Looks at every mailbox, and compares `compare` of the messages with what was said.
pub(crate) fn recordings(server: &Server, calls: &[Call], speech: &Speech, compare: usize) -> Verdict {
    let held: Vec<&Call> = calls.iter().filter(|call| call.state == State::Done).collect();
    let found = settled(server, calls, held.len());
    let mut verdict = Verdict { expected: held.len(), ..Verdict::default() };
    let callers: BTreeSet<String> = calls.iter().map(|call| call.dialog.caller.clone()).collect();
    let mut good = Vec::new();
    for call in held {
        let messages = found.get(&call.dialog.caller).map_or(&[][..], Vec::as_slice);
        match messages {
            [] => verdict.missing += 1,
            [message] if has_length(call, message) => good.push((call, message)),
            [_] => verdict.wrong_length += 1,
            [_, more @ ..] => verdict.doubled += more.len(),
        }
    }
    verdict.complete = good.len();
    verdict.doubled +=
        found.iter().filter(|(caller, _)| !callers.contains(*caller)).map(|(_, of)| of.len()).sum::<usize>();
    for (call, message) in good.iter().step_by((good.len() / compare.max(1)).max(1)).take(compare) {
        let begin = call.first_recorded_frame().unwrap_or(0);
        let share = speech.intact(call.dialog.call, begin, SLACK, &server.samples(message));
        verdict.compared += 1;
        verdict.whole += usize::from(share >= INTACT);
        verdict.worst = Some(verdict.worst.map_or(share, |worst: f64| worst.min(share)));
    }
    verdict
}

/// The messages by caller, once there are as many as expected or no more come.
fn settled(server: &Server, calls: &[Call], expected: usize) -> BTreeMap<String, Vec<Message>> {
    let mut mailboxes: Vec<u32> = calls.iter().map(|call| call.dialog.mailbox).collect();
    mailboxes.sort_unstable();
    mailboxes.dedup();
    let mut before = 0;
    for look in 0..LOOKS {
        let all: Vec<Message> = mailboxes.iter().flat_map(|mailbox| server.messages(*mailbox)).collect();
        let standstill = look > 0 && all.len() == before;
        if all.len() >= expected || standstill || look + 1 == LOOKS {
            let mut found: BTreeMap<String, Vec<Message>> = BTreeMap::new();
            for message in all {
                found.entry(message.caller_number.clone().unwrap_or_default()).or_default().push(message);
            }
            return found;
        }
        before = all.len();
        std::thread::sleep(Duration::from_secs(2));
    }
    BTreeMap::new()
}

fn has_length(call: &Call, message: &Message) -> bool {
    let length = Duration::from_millis(message.duration_ms);
    call.recorded().is_some_and(|expected| length.abs_diff(expected) <= TOLERANCE)
}
