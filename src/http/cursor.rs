//! Places in lists, as text that clients hand back unread.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use crate::domain::{Message, MessageId};
use crate::store::{BinPlace, Person, Removed, UserPlace};

/// The place after this message.
pub(super) fn after_message(message: &Message) -> String {
    pack(&format!("{} {}", message.received_at.as_microsecond(), message.id))
}

/// The place that a client hands back; `None` when it is none of ours.
pub(super) fn message(text: &str) -> Option<(Timestamp, MessageId)> {
    let text = unpack(text)?;
    let (at, id) = text.split_once(' ')?;
    Some((Timestamp::from_microsecond(at.parse().ok()?).ok()?, id.parse().ok()?))
}

/// The place after this user.
pub(super) fn after_person(person: &Person) -> String {
    let UserPlace { user, extension, last_message_at } = person.place();
    pack(&format!("{extension} {user} {last_message_at}"))
}

/// As [`message`], for users.
pub(super) fn person(text: &str) -> Option<UserPlace> {
    let text = unpack(text)?;
    let mut parts = text.split(' ');
    let (extension, user, at) = (parts.next()?, parts.next()?, parts.next()?);
    let place = UserPlace {
        user: user.parse().ok()?,
        extension: extension.to_owned(),
        last_message_at: at.parse().ok()?,
    };
    parts.next().is_none().then_some(place)
}

/// The place after somebody in the recycle bin.
pub(super) fn after_removed(removed: &Removed) -> String {
    pack(&format!("{} {}", removed.at.as_microsecond(), removed.user))
}

/// As [`message`], for the recycle bin.
pub(super) fn removed(text: &str) -> Option<BinPlace> {
    let text = unpack(text)?;
    let (at, user) = text.split_once(' ')?;
    Some(BinPlace { at: Timestamp::from_microsecond(at.parse().ok()?).ok()?, user: user.parse().ok()? })
}

fn pack(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn unpack(text: &str) -> Option<String> {
    if text.len() > 200 {
        return None;
    }
    String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_reading_of_a_place(text in ".{0,300}") {
            let _ = message(&text);
            let _ = person(&text);
            let _ = removed(&text);
        }
    }

    #[test]
    fn a_place_that_is_no_time_is_none() {
        assert_eq!(message(&pack("99999999999999999999 x")), None);
        assert_eq!(message(""), None);
    }
}
