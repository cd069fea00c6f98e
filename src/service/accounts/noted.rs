//! Users, mailboxes and numbers as the audit keeps them: page, API and command line note the same words. Secrets never.

use serde_json::{Map, Value, json};

use crate::domain::{Mailbox, ProfileField, User};
use crate::store::{Holdings, Number};

/// A user with the mailbox. Of the PIN only that there is one, or a new one.
pub(super) fn account(user: &User, mailbox: &Mailbox, has_new_pin: bool) -> Value {
    let mut noted = json!({
        "first": user.first, "last": user.last, "emails": user.emails, "extension": mailbox.extension,
        "enabled": mailbox.enabled, "announcement_only": mailbox.announcement_only, "language": mailbox.language,
        "zone": mailbox.zone, "max_message_s": mailbox.max_message.as_secs_f64(), "silence_s": mailbox.silence.as_secs_f64(),
        "min_speech_ms": u64::try_from(mailbox.min_speech.as_millis()).unwrap_or(u64::MAX),
        "keep_no_speech": mailbox.keep_no_speech, "mail_tones": mailbox.mail_tones,
        "instructions": mailbox.instructions, "tone": mailbox.tone, "operator": mailbox.operator, "keys": mailbox.keys,
        "quota": mailbox.quota, "mail": mailbox.recipients, "attachment": mailbox.attachment,
        "announce": mailbox.phone.announce, "newest_first": mailbox.phone.newest_first, "nicknames": mailbox.phone.nicknames,
        "may_broadcast": mailbox.phone.may_broadcast, "may_call_back": mailbox.phone.may_call_back,
        "pin": has_new_pin.then_some("set"),
    });
    let profile = |field: ProfileField| (field.as_str().to_owned(), Value::from(user.profile.get(field)));
    if let Some(fields) = noted.as_object_mut() {
        fields.extend(ProfileField::ALL.into_iter().map(profile).collect::<Map<_, _>>());
    }
    noted
}

/// Whose an extension is.
pub(super) fn owner(user: &User, mailbox: &Mailbox) -> Value {
    json!({"user": user.id, "first": user.first, "last": user.last, "emails": user.emails, "mail": mailbox.recipients})
}

/// What there is before something of it is cleared.
pub(super) fn held(user: &User, mailbox: &Mailbox, held: &Holdings) -> Value {
    let mut noted = owner(user, mailbox);
    noted["messages"] = json!(held.messages);
    noted["greetings"] = json!(held.greetings);
    noted
}

/// A number or alias.
pub(super) fn number(number: &Number) -> Value {
    json!({"number": number.number, "label": number.label, "greeting": number.greeting})
}
