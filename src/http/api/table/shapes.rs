//! What routes answer, field by field.

use super::{Shape, shape};

/// Kinds of greetings.
pub(super) const GREETINGS: &str = "away|busy|internal|holiday|closed|standard|name";
/// What users may be.
pub(super) const ROLES: &str = "basic|call-center-agent|supervisor|office-manager|tenant-admin|operator";

pub(super) const PEOPLE: &[Shape] = &[
    shape(
        "User",
        &[
            ("id", "uuid", ""),
            ("first", "string", "first name"),
            ("last", "string", "last name"),
            ("emails", "[email]", "addresses, the primary one first"),
            ("profile", "Profile", "what is there for whoever asks: the policy and the own scopes decide"),
            ("role", ROLES, "what the user may"),
            ("portal", "boolean", "may sign in by the web"),
            ("has_password", "boolean", "has chosen a password"),
            ("needs_setup", "boolean", "was reset, and has no name since"),
            ("unheard?", "integer", "in lists: messages in the inbox that were not heard"),
            ("last_message_at?", "date-time?", "in lists: when the last message came; null: none yet"),
            ("created_at", "date-time", ""),
            ("mailbox", "MailboxSettings?", ""),
            ("numbers?", "[Number]", "numbers and aliases that lead to the mailbox; not in lists"),
            ("has_pin?", "boolean", "may sign in by phone; not in lists"),
            ("used?", "Usage", "what the mailbox holds; not in lists"),
            ("invited?", "boolean", "after an addition: the invitation is on its way"),
            ("warnings?", "[string]", "after an addition or change: what the policy recommends otherwise"),
        ],
    ),
    shape(
        "MailboxSettings",
        &[
            ("id", "uuid", ""),
            ("extension", "string", "2 to 10 digits"),
            ("enabled", "boolean", "takes messages"),
            ("announcement_only", "boolean", "plays the greeting and takes no message"),
            ("mail", "[Recipient]", "address and mode of each"),
            ("attachment", "mp3|wav", "format of attachments"),
            ("language", "string?", "null: the tenant's"),
            ("zone", "string?", "IANA zone; null: the tenant's"),
            ("max_message_s", "integer", "longest message"),
            ("silence_s", "integer", "silence that ends a message"),
            ("min_speech_ms", "integer", "speech that makes a message"),
            ("instructions", "boolean", "says how to leave a message"),
            ("operator", "string?", "where 0 leads; null: the tenant's"),
            ("max_messages", "integer?", "null: no limit"),
            ("max_bytes", "integer?", "of audio; null: no limit"),
            ("max_megabytes", "number?", "the same in millions of bytes"),
            ("announce", "boolean", "callers find the person"),
            ("newest_first", "boolean", "order by phone"),
        ],
    ),
    shape("Recipient", &[("address", "email", ""), ("mode", "string", "what mails carry, for example link")]),
    shape(
        "Number",
        &[
            ("number", "string", "E.164, national digits, or an alias"),
            ("label", "string?", "shown as \"called as\""),
            (
                "greeting",
                "uuid?",
                "what its callers hear in place of the standard greeting; null: the main one",
            ),
        ],
    ),
    shape("Usage", &[("messages", "integer", ""), ("bytes", "integer", "of audio")]),
    shape(
        "RemovedUser",
        &[
            ("id", "uuid", "what brings the user back"),
            ("first", "string", "first name"),
            ("last", "string", "last name"),
            ("extension", "string?", "the extension at that time"),
            ("role", "string", "what the user was"),
            ("removed_at", "date-time", "when"),
            ("messages", "integer", "messages that come back"),
            ("why", "removed|reset|cleared", "removed; or what was cleared of somebody who stayed"),
        ],
    ),
    shape(
        "RestoredUser",
        &[
            ("id", "uuid", "the user"),
            ("extension", "string", "the extension"),
            ("warnings", "[string]", "what stayed with the old extension, such as the 911 data of its desk"),
        ],
    ),
    shape("Invitation", &[("mailed_to", "email", "where the link goes")]),
    shape("Access", &[("role", ROLES, ""), ("portal", "boolean", "may sign in by the web")]),
];

pub(super) const MESSAGES: &[Shape] = &[
    shape(
        "Message",
        &[
            ("id", "uuid", ""),
            ("mailbox", "uuid", ""),
            ("folder", "inbox|saved|trash", ""),
            ("tag", "work|family|friends?", "where a saved one is filed"),
            ("heard_at", "date-time?", "null: new"),
            ("urgent", "boolean", ""),
            ("private", "boolean", "is not passed on"),
            ("caller", "Caller", ""),
            ("alias", "string?", "name of the number that was called"),
            (
                "reason",
                "unknown|user-busy|no-answer|unavailable|unconditional|deflection|time-of-day|do-not-disturb|follow-me|away|out-of-service",
                "why the call came to voicemail (RFC 5806)",
            ),
            ("received_at", "date-time", ""),
            ("duration_ms", "integer", ""),
            ("voiced_ms", "integer", "speech in it"),
            ("class", "speech|no-speech|busy-tone|dial-tone|fax-tone", "what was heard in it"),
            ("bytes", "integer", "of audio"),
            ("sha256", "string", "of the audio, in hexadecimal"),
            ("note?", "string?", "what a colleague wrote who sent it; of a single message only"),
        ],
    ),
    shape(
        "Caller",
        &[
            ("number", "string?", ""),
            ("name", "string?", ""),
            ("anonymous", "boolean", "withheld, or never known"),
        ],
    ),
    shape(
        "LedgerLine",
        &[
            ("at", "date-time", ""),
            ("event", "string", "for example mail-accepted"),
            ("detail", "string?", ""),
        ],
    ),
    shape(
        "Greeting",
        &[
            ("id", "uuid", ""),
            ("mailbox", "uuid", ""),
            ("kind", GREETINGS, "when it plays"),
            ("label", "string", "its name"),
            ("duration_ms", "integer", ""),
            ("active", "boolean", "plays, where it fits"),
            ("from", "date-time?", "plays from then on"),
            ("until", "date-time?", "plays until then"),
            ("created_at", "date-time", ""),
            ("remarks?", "[string]", "after an upload: what was heard in it that should be mended"),
        ],
    ),
];

pub(super) const REST: &[Shape] = &[
    shape("JobsRetried", &[("jobs", "integer", "those of removed mailboxes are left out")]),
    shape(
        "Me",
        &[
            ("tenant", "uuid", ""),
            ("user", "uuid?", "null: a key of the tenant"),
            ("mailbox", "uuid?", "the own one"),
            ("role", ROLES, ""),
            ("name", "string", "as the audit names one"),
            ("with", "session|key", "what one came with"),
            ("reach", "{nothing|own|tenant|all}", "how far each scope reaches"),
        ],
    ),
    shape(
        "Tenant",
        &[
            ("id", "uuid", ""),
            ("name", "string", "short and unique"),
            ("domains", "[string]", "domains of its SIP addresses"),
            ("zone", "string", "IANA zone"),
            ("language", "string", "for example en"),
            ("operator", "string?", "where 0 leads"),
            ("default_action", "DefaultAction", "what calls to no mailbox get"),
        ],
    ),
    shape(
        "DefaultAction",
        &[
            ("action", "announce|mailbox|transfer", ""),
            ("extension?", "string", "the mailbox that takes the message"),
            ("target?", "string", "where the caller is transferred to"),
        ],
    ),
    shape(
        "Found",
        &[
            ("items", "[DirectoryEntry]", "whole words before beginnings, then by name"),
            ("all", "integer", "how many there are in all"),
            ("more_keys", "boolean", "fewer than three keys were given"),
        ],
    ),
    shape(
        "DirectoryEntry",
        &[
            ("extension", "string", ""),
            ("mailbox", "uuid", ""),
            ("name_greeting", "uuid?", "the recorded name"),
            ("spelled", "string?", "the name in plain letters, when there is no recorded one"),
        ],
    ),
    shape(
        "Job",
        &[
            ("id", "uuid", ""),
            ("work", "object", "what is to be done: `kind`, and what it is about"),
            ("state", "queued|running|retry|done|dead", ""),
            ("attempts", "integer", ""),
            ("next_at", "date-time", "not before"),
            ("created_at", "date-time", ""),
            ("last_error", "string?", ""),
        ],
    ),
    shape(
        "Key",
        &[
            ("id", "uuid", ""),
            ("name", "string", "what it is for"),
            ("user", "uuid?", "only what this user may; null: a key of the tenant"),
            ("scopes", "[string]", "what it may"),
            ("created_at", "date-time", ""),
            ("expires_at", "date-time?", "null: never"),
            ("revoked_at", "date-time?", ""),
            ("last_used_at", "date-time?", ""),
            ("key?", "string", "the key itself, when it is made and never again"),
        ],
    ),
    shape(
        "AuditLine",
        &[
            ("id", "uuid", ""),
            ("at", "date-time", ""),
            ("actor", "string", "who"),
            ("action", "string", "for example user.changed"),
            ("target", "string", "for example mailbox 1001"),
            ("was", "any", "before"),
            ("became", "any", "after"),
        ],
    ),
    shape(
        "Followed",
        &[
            ("mailbox", "string", "whose rules: the extension"),
            ("rule", "string?", "the name of the one that holds"),
            ("does", "string", "where it leads, in words"),
        ],
    ),
    shape(
        "Explanation",
        &[
            ("outcome", "mailbox|login|directory|announce|transfer", ""),
            ("tenant", "string", "its name"),
            ("mailbox", "string?", "its extension"),
            ("alias", "string?", "label of the number or alias that was called"),
            ("handed_by", "string?", "the rule of another mailbox that gave the call to this voicemail"),
            ("followed", "[Followed]", "whose rules the call follows, where a rule leads to somebody else"),
            ("stays", "string?", "why the call stays where it began, in spite of its rule"),
            ("transfer", "string?", "where the call is transferred to"),
            ("decided_by", "string", "the source that decided, for example diversion"),
            ("named", "string?", "what that source named"),
            ("tried", "[object]", "sources that were asked before and did not decide, and why"),
            ("reason", "string", "why the call came to voicemail (RFC 5806)"),
            ("caller", "string?", "the number, unless withheld"),
            ("anonymous", "boolean", ""),
            ("internal", "boolean", "the caller has a mailbox of the same tenant"),
            ("greeting", "object?", "what the caller hears, and why"),
            ("answering", "object?", "hours, lists and rules"),
            ("state", "string?", "for example takes-messages or full"),
            (
                "when_off",
                "announce|unavailable|decline|operator?",
                "what callers of a mailbox that is off get",
            ),
        ],
    ),
    shape(
        "Health",
        &[
            ("ready", "boolean", "all checks are well"),
            ("checks", "[Check]", "what the server cannot do without"),
            ("mail", "MailHealth", "of all nodes and tenants"),
            ("prompts", "[VoiceHealth]", "every language"),
            ("unspoken", "[Unspoken]", "tenants whose language is not there; they hear English"),
        ],
    ),
    shape(
        "MailHealth",
        &[
            ("waiting", "integer", "mails that are to be sent"),
            ("oldest", "date-time?", "when the oldest of them was asked for"),
            ("put_off", "integer", "of them, tried and put off"),
            ("given_up", "integer", "until somebody tries them again"),
            ("accepted_at", "date-time?", "when the newest was handed over"),
            ("trouble", "MailTrouble?", "what stands against the newest that was put off or given up"),
        ],
    ),
    shape(
        "MailTrouble",
        &[
            ("error", "string", ""),
            ("attempts", "integer", ""),
            ("next_at", "date-time?", "null: it was given up"),
        ],
    ),
    shape(
        "VoiceHealth",
        &[
            ("language", "string", "for example en"),
            ("phrases", "integer", ""),
            ("clips", "integer", "recordings that it is made of"),
            ("missing", "[string]", "those whose files are gone, 20 at most"),
            ("folder", "string?", "null: part of the program"),
        ],
    ),
    shape("Unspoken", &[("tenant", "string", "its name"), ("language", "string", "")]),
    shape("Check", &[("name", "string", ""), ("ok", "boolean", ""), ("detail", "string", "what to do")]),
];
