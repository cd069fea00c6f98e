//! What a rule may want of the phone system.

use super::error::Result;
use super::leading::Lead;
use crate::domain::answering::PhoneSystem;
use crate::domain::{HandsetName, Invalid};
use crate::service::outbound::check_shape;

/// Longest ringing, and longest delay of a phone, in seconds.
const LONGEST_RING: u16 = 300;
/// Longest target.
const LONGEST_TARGET: usize = 128;
/// Most rings.
const MOST_RINGS: u16 = 20;
/// Phones that ring besides.
const MOST_PHONES: usize = 10;

/// What the phone system does is not ours to allow; it must read, and be bounded.
pub(super) fn check_phones(phones: &PhoneSystem) -> Result<()> {
    let forwards = [
        ("forward always", &phones.forward_always),
        ("forward when busy", &phones.forward_busy),
        ("forward when unanswered", &phones.forward_unanswered),
        ("forward when offline", &phones.forward_offline),
    ];
    let forwards = forwards.into_iter().filter_map(|(what, target)| Some((what, target.as_ref()?)));
    let rings = phones.simring.iter().map(|ring| ("phones", &ring.target));
    for (what, target) in forwards.chain(rings) {
        let is_named =
            matches!(Lead::read(target), Lead::Voicemail(_)) || target.parse::<HandsetName>().is_ok();
        if target.len() > LONGEST_TARGET || !is_named && check_shape(target).is_err() {
            let remedy = "write a number or SIP URI of at most 128 characters, the name of a phone, or a voicemail as vm-1001";
            return Err(Invalid::new(what, target, remedy).into());
        }
    }
    if phones.only_extension && (phones.all_phones || !phones.simring.is_empty()) {
        let others = if phones.all_phones { "every phone of the user" } else { "phones that ring as well" };
        let remedy = "just the extension rings, or other phones too: choose one of them";
        return Err(Invalid::new("ring beside the extension alone", others, remedy).into());
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
