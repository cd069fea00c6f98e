//! What a rule may want of the phone system.

use super::error::Result;
use crate::domain::Invalid;
use crate::domain::answering::PhoneSystem;

/// Longest ringing, and longest delay of a phone, in seconds.
const LONGEST_RING: u16 = 300;
/// Most rings.
const MOST_RINGS: u16 = 20;
/// Phones that ring besides.
const MOST_PHONES: usize = 10;

/// What the phone system does is not ours to allow; it must read, and be bounded.
pub(super) fn check_phones(phones: &PhoneSystem) -> Result<()> {
    let forwards =
        [&phones.forward_always, &phones.forward_busy, &phones.forward_unanswered, &phones.forward_offline];
    let rings = phones.simring.iter().map(|ring| &ring.target);
    for target in forwards.into_iter().flatten().chain(rings) {
        let plain = !target.is_empty()
            && target.len() <= 128
            && target.chars().all(|c| c.is_ascii_graphic() && !"<>\"".contains(c) || c == ' ');
        if !plain {
            return Err(Invalid::new(
                "target",
                target,
                "write a number or SIP URI of at most 128 characters",
            )
            .into());
        }
    }
    let mut delays = phones.simring.iter().map(|ring| ring.delay_s);
    if let Some(seconds) = phones.ring_s.filter(|seconds| !(1..=LONGEST_RING).contains(seconds)) {
        return Err(Invalid::new(
            "ringing",
            &seconds.to_string(),
            "a phone rings for one second or more, at most 300 seconds",
        )
        .into());
    }
    if let Some(seconds) = delays.find(|seconds| *seconds > LONGEST_RING) {
        return Err(
            Invalid::new("delay", &seconds.to_string(), "a phone waits for at most 300 seconds").into()
        );
    }
    if let Some(count) = phones.ring_count.filter(|count| !(1..=MOST_RINGS).contains(count)) {
        return Err(Invalid::new("rings", &count.to_string(), "a phone rings 1 to 20 times").into());
    }
    if phones.ring_count.is_some() && phones.ring_s.is_some() {
        let both = "seconds and rings";
        return Err(Invalid::new("ringing", both, "give seconds or a number of rings, not both").into());
    }
    if phones.simring.len() > MOST_PHONES {
        return Err(Invalid::new("phones", "", "at most 10 phones ring at the same time").into());
    }
    Ok(())
}
