//! Routes of answering rules, time frames and lists of callers.

use axum::routing::{delete, get, patch, post, put};

use crate::service::access::Act;

use super::super::{answering, hours};
use super::{Entry, Route, Shape, shape};

/// What a list says of a caller.
const VERDICTS: &str = "allow|announce|busy|not-found|decline";
/// What a time frame is for.
const USES: &str = "open|closed|holiday|custom";

type Body = &'static [(&'static str, &'static str, bool, &'static str)];

const RULE: Body = &[
    ("name", "string", true, "unique in the mailbox"),
    ("enabled", "boolean", false, "else true"),
    ("when", "RuleWhen", false, "when it holds; else always"),
    ("then", "RuleThen", false, "what it does"),
    ("place", "integer", false, "from 1 on; else the last"),
];

const RULE_CHANGE: Body = &[
    ("name", "string", false, ""),
    ("enabled", "boolean", false, ""),
    ("when", "RuleWhen", false, "takes the place of all conditions"),
    ("then", "RuleThen", false, "takes the place of all that it does"),
    ("place", "integer", false, "from 1 on"),
];

const FRAME: Body = &[
    ("name", "string", true, "unique in the mailbox, or among the tenant's"),
    ("use", USES, true, "what it is for"),
    ("zone", "string?", false, "IANA zone; null: the mailbox's or tenant's"),
    ("spans", "[FrameSpan]", false, "such as mon-fri 09:00-17:00, 2026-12-24..2027-01-02, yearly 12-25"),
    ("calendar", "string", false, "instead of spans: a calendar file (RFC 5545) with whole days"),
    ("country", "string", false, "instead of spans: a country (ISO 3166-1, as de), for its public holidays"),
    ("replace", "boolean", false, "take the place of one with this name"),
];

const FRAME_CHANGE: Body = &[
    ("name", "string", false, ""),
    ("use", USES, false, ""),
    ("zone", "string?", false, "null: the mailbox's or tenant's"),
    ("spans", "[FrameSpan]", false, "all of them"),
];

const LINE: Body = &[
    ("caller", "string", true, "a number, its beginning as +4930*, anonymous, internal or external"),
    ("verdict", VERDICTS, true, "let through, or how the caller is turned away"),
    ("note", "string?", false, "at most 80 characters"),
];

const UNDO: Body = &[("change", "uuid", true, "`undo` of the answer to the change")];

pub(super) fn routes() -> Vec<Entry> {
    let mut routes = rules();
    routes.extend(frames());
    routes.extend(lists());
    routes
}

fn rules() -> Vec<Entry> {
    let (read, write) = (Some(Act::SettingsRead), Some(Act::SettingsWrite));
    vec![
        (
            Route::new(
                "GET",
                "/mailboxes/{mailbox}/rules",
                read,
                "Answering rules in their order, and how they stand",
            )
            .list("Rule"),
            get(answering::list),
        ),
        (
            Route::new("POST", "/mailboxes/{mailbox}/rules", write, "Add an answering rule")
                .status(201)
                .shape("Rule")
                .body(RULE),
            post(answering::add),
        ),
        (
            Route::new("GET", "/mailboxes/{mailbox}/rules/{rule}", read, "An answering rule").shape("Rule"),
            get(answering::show),
        ),
        (
            Route::new("PATCH", "/mailboxes/{mailbox}/rules/{rule}", write, "Change, switch or move a rule")
                .shape("Rule")
                .body(RULE_CHANGE),
            patch(answering::change),
        ),
        (
            Route::new("DELETE", "/mailboxes/{mailbox}/rules/{rule}", write, "Remove a rule")
                .shape("Undoable"),
            delete(answering::remove),
        ),
        (
            Route::new("PUT", "/mailboxes/{mailbox}/rules/order", write, "Put the rules into another order")
                .shape("Undoable")
                .body(&[("rules", "[uuid]", true, "each rule of the mailbox once")]),
            put(answering::order),
        ),
        (
            Route::new(
                "POST",
                "/mailboxes/{mailbox}/rules/copy",
                write,
                "Copy the rules of a colleague over those of this mailbox, and say what that changes",
            )
            .shape("RuleCopy")
            .body(&[
                ("from", "string", true, "extension of the colleague"),
                ("preview", "boolean", false, "only say it"),
                ("seen", "string", false, "what a preview said: when that is no more so, nothing is copied"),
            ]),
            post(answering::copy),
        ),
        (
            Route::new("POST", "/mailboxes/{mailbox}/rules/undo", write, "Undo a change of the rules")
                .empty(204)
                .body(UNDO),
            post(answering::undo),
        ),
    ]
}

/// The same for a mailbox and for the tenant.
fn frames() -> Vec<Entry> {
    let mailbox = (
        Some(Act::SettingsRead),
        Some(Act::SettingsWrite),
        [
            "/mailboxes/{mailbox}/time-frames",
            "/mailboxes/{mailbox}/time-frames/{frame}",
            "/mailboxes/{mailbox}/time-frames/undo",
        ],
    );
    let paths = ["/time-frames", "/time-frames/{frame}", "/time-frames/undo"];
    let tenant = (Some(Act::TenantsRead), Some(Act::TenantsWrite), paths);
    [mailbox, tenant]
        .into_iter()
        .flat_map(|(read, write, [all, one, undo])| frames_of(read, write, all, one, undo))
        .collect()
}

fn frames_of(
    read: Option<Act>,
    write: Option<Act>,
    all: &'static str,
    one: &'static str,
    undo: &'static str,
) -> [Entry; 5] {
    [
        (
            Route::new(
                "GET",
                all,
                read,
                "Time frames, and how they stand; a mailbox has the tenant's as well",
            )
            .list("TimeFrame")
            .query(&[("at", "how they stand then; else now")]),
            get(hours::frames),
        ),
        (
            Route::new("POST", all, write, "Add a time frame, or the days of a calendar")
                .status(201)
                .shape("TimeFrame")
                .body(FRAME),
            post(hours::add),
        ),
        (
            Route::new("PATCH", one, write, "Change a time frame").shape("TimeFrame").body(FRAME_CHANGE),
            patch(hours::change),
        ),
        (
            Route::new("DELETE", one, write, "Remove a time frame that no rule names").shape("Undoable"),
            delete(hours::remove),
        ),
        (
            Route::new("POST", undo, write, "Undo the removal of a time frame").shape("TimeFrame").body(UNDO),
            post(hours::undo),
        ),
    ]
}

/// The same for a mailbox and for the tenant.
fn lists() -> Vec<Entry> {
    let mailbox = (
        Some(Act::SettingsRead),
        Some(Act::SettingsWrite),
        [
            "/mailboxes/{mailbox}/callers",
            "/mailboxes/{mailbox}/callers/{line}",
            "/mailboxes/{mailbox}/callers/undo",
        ],
    );
    let paths = ["/callers", "/callers/{line}", "/callers/undo"];
    let tenant = (Some(Act::TenantsRead), Some(Act::TenantsWrite), paths);
    [mailbox, tenant]
        .into_iter()
        .flat_map(|(read, write, [all, one, undo])| lists_of(read, write, all, one, undo))
        .collect()
}

fn lists_of(
    read: Option<Act>,
    write: Option<Act>,
    all: &'static str,
    one: &'static str,
    undo: &'static str,
) -> [Entry; 4] {
    [
        (
            Route::new(
                "GET",
                all,
                read,
                "Callers who are let through or turned away; a mailbox has the tenant's as well",
            )
            .list("ListedCaller")
            .query(&[("caller", "only the line that decides about this caller")]),
            get(hours::lines),
        ),
        (
            Route::new("POST", all, write, "List a caller; replaces what was said of the same one")
                .status(201)
                .shape("ListedCaller")
                .body(LINE),
            post(hours::put_line),
        ),
        (
            Route::new("DELETE", one, write, "Take a caller off the list").shape("Undoable"),
            delete(hours::remove_line),
        ),
        (
            Route::new("POST", undo, write, "Put a caller that was taken off on the list again")
                .shape("ListedCaller")
                .body(UNDO),
            post(hours::undo_line),
        ),
    ]
}

pub(super) const SHAPES: &[Shape] = &[
    shape("Undoable", &[("undo", "uuid", "takes the change back for a day, if nothing was changed since")]),
    shape(
        "Rule",
        &[
            ("id", "uuid", ""),
            ("place", "integer", "from 1 on; the first that fits a call decides"),
            ("name", "string", ""),
            ("enabled", "boolean", "off: as if it were not there"),
            ("when", "RuleWhen", ""),
            ("then", "RuleThen", ""),
            (
                "call_paths",
                "integer?",
                "calls that the owner has at the same time: busy means that all are used",
            ),
            ("in_time", "boolean", "its time frame lets it hold now"),
            ("active", "boolean", "it decides now about calls that no rule before it names"),
            ("until", "date-time?", "how long `active` stays so; null: for more than a year"),
            (
                "warning",
                "string?",
                "why it can never hold, or leads nowhere: to what is gone, or in a circle",
            ),
            ("told", "RuleTold", "in words"),
            ("created_at", "date-time", ""),
            ("undo?", "uuid", "after a change: takes it back"),
        ],
    ),
    shape("RuleTold", &[("when", "string", ""), ("does", "[string]", "")]),
    shape(
        "RuleWhen",
        &[
            ("frame?", "uuid?", "a time frame; null: always"),
            ("outside?", "boolean", "outside of the frame instead"),
            ("presence?", "[string]", "in-office, out-of-office, in-meeting, …; none: whatever it is"),
            ("reasons?", "[string]", "busy, unanswered, offline, dnd, …; none: whatever the reason"),
            ("callers?", "[string]", "numbers, beginnings as +4930*, anonymous, internal, external"),
        ],
    ),
    shape(
        "RuleThen",
        &[
            (
                "answer?",
                "message|announcement|tone|transfer|voicemail|announce|busy|not-found|decline",
                "what becomes of the call",
            ),
            ("target?", "string?", "where it is transferred, or the colleague's extension"),
            (
                "greeting?",
                "string?",
                "away, busy, internal, holiday, closed, standard or name; null: what fits best",
            ),
            ("operator?", "string?", "where 0 leads"),
            ("keys?", "[RuleKey]", "where 1 to 9 lead"),
            (
                "phones?",
                "RulePhones",
                "kept here; acts in the phone system, but for the name that screening asks for",
            ),
        ],
    ),
    shape("RuleKey", &[("key", "string", "1 to 9"), ("target", "string", "")]),
    shape(
        "RulePhones",
        &[
            ("dnd?", "boolean", "to voicemail without ringing, but not for callers whom a list allows"),
            (
                "screening?",
                "boolean",
                "callers say their name, and the owner decides; a message begins with it; not for callers whom a list allows",
            ),
            ("ring_s?", "integer?", "seconds"),
            ("ring_count?", "integer?", "rings, in place of seconds"),
            ("cadence_internal?", "single|double|triple?", "how it rings for colleagues"),
            ("cadence_external?", "single|double|triple?", "how it rings for all others"),
            ("forward_always?", "string?", ""),
            ("forward_busy?", "string?", "once the owner has as many calls as call_paths says"),
            ("forward_unanswered?", "string?", ""),
            ("forward_offline?", "string?", ""),
            ("simring?", "[RulePhone]", "phones that ring as well"),
            ("all_phones?", "boolean", "every phone of the user rings"),
            ("only_extension?", "boolean", "just the extension rings"),
        ],
    ),
    shape(
        "RulePhone",
        &[
            ("target", "string", ""),
            ("delay_s?", "integer", "seconds before it rings"),
            ("confirm?", "boolean", "whoever answers presses 1"),
        ],
    ),
    shape(
        "RuleCopy",
        &[
            ("steps", "[RuleStep]", ""),
            ("seen", "string", "names exactly this"),
            ("undo", "uuid?", "takes it back, with time frames that came along; null: nothing was copied"),
        ],
    ),
    shape(
        "RuleStep",
        &[
            ("name", "string", "of the rule"),
            ("was", "string?", "in words; null: there was none"),
            ("becomes", "string?", "in words; null: it goes, or does not come"),
            ("notes", "[string]", "what is other than at the colleague's"),
        ],
    ),
    shape(
        "TimeFrame",
        &[
            ("id", "uuid", ""),
            ("mailbox", "uuid?", "null: the tenant's"),
            ("name", "string", ""),
            ("use", USES, ""),
            ("zone", "string?", "its own"),
            ("read_in", "string?", "the zone whose clock it follows"),
            ("spans", "[FrameSpan]", ""),
            ("active", "boolean", ""),
            ("by", "string?", "what makes it so"),
            ("until", "date-time?", "when `active` changes"),
            ("coming", "[FrameChange]", "what comes next"),
            ("created_at", "date-time", ""),
        ],
    ),
    shape("FrameSpan", &[("span", "string", "such as mon-fri 09:00-17:00"), ("note?", "string?", "")]),
    shape("FrameChange", &[("at", "date-time", ""), ("active", "boolean", "from then on")]),
    shape(
        "ListedCaller",
        &[
            ("id", "uuid", ""),
            ("mailbox", "uuid?", "null: the tenant's"),
            ("caller", "string", ""),
            ("verdict", VERDICTS, ""),
            ("note", "string?", ""),
            ("created_at", "date-time", ""),
        ],
    ),
];
