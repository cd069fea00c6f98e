//! Routes of phones.

use axum::routing::{delete, get, patch, post, put};

use crate::service::access::Act;

use super::super::handsets;
use super::{Entry, LIMIT, PLACE, Route, Shape, shape};

/// A field of a body: name, kind, whether it is needed, what it means.
type Field = (&'static str, &'static str, bool, &'static str);

const MAC: Field = ("mac", "string", false, "hardware address, however it is written; empty for none");
const MODEL: Field = ("model", "string", false, "a `model` of /handsets/models; generic for any other");
const SITE: Field = ("site", "string", false, "where it stands");
const GROUP: Field = ("preference_group", "string", false, "unique at its site; empty for none");
const SERVER: Field =
    ("server", "string", false, "host that it should register with; empty for the usual one");
const TEMPLATE: Field = ("template", "string", false, "what provisioning begins with");
const FIRMWARE: Field = ("firmware", "string", false, "version that it runs");
const OPTIONS: Field = ("options", "{string}", false, "fields of its model");
const OVERRIDES: Field = ("overrides", "string", false, "lines key=value; only linted");
const RECORD: Field = ("record_calls", "boolean", false, "the phone system should record its calls");
const GROUPS: Field = ("groups", "[string]", false, "ring groups");
const PORTS: Field = ("ports", "[PhonePort]", false, "numbers by port; what is not named has none");

pub(super) fn routes() -> Vec<Entry> {
    let (read, write) = (Some(Act::PhonesRead), Some(Act::PhonesWrite));
    vec![
        (
            Route::new("GET", "/handsets", read, "Phones by name")
                .query(&[("search", "part of a name, MAC address, owner, extension or number"), PLACE, LIMIT])
                .list("Phone"),
            get(handsets::list),
        ),
        (
            Route::new("POST", "/handsets", write, "Add a phone").status(201).shape("Phone").body(&[
                ("name", "string", false, "for example 111a, for good; else the next free one of its owner"),
                ("owner", "string", false, "extension or id of a user; empty for nobody"),
                MAC,
                MODEL,
                SITE,
                GROUP,
                SERVER,
                TEMPLATE,
                FIRMWARE,
                OPTIONS,
                OVERRIDES,
                RECORD,
                GROUPS,
                PORTS,
            ]),
            post(handsets::add),
        ),
        (
            Route::new("GET", "/handsets/models", read, "Models, and what they can do").list("PhoneModel"),
            get(handsets::models),
        ),
        (
            Route::new("GET", "/handsets/export", read, "Every phone for provisioning, with what it shows")
                .list("ExportedPhone"),
            get(handsets::export),
        ),
        (
            Route::new("GET", "/handsets/export.csv", read, "The same as a table, a row for each line")
                .answers("text/csv"),
            get(handsets::export_csv),
        ),
        (
            Route::new("GET", "/handsets/{handset}", read, "A phone").shape("Phone").guarded(),
            get(handsets::show),
        ),
        (
            Route::new("PATCH", "/handsets/{handset}", write, "Change a phone; its name stays")
                .shape("Phone")
                .guarded()
                .body(&[
                    MAC, MODEL, SITE, GROUP, SERVER, TEMPLATE, FIRMWARE, OPTIONS, OVERRIDES, RECORD, GROUPS,
                    PORTS,
                ]),
            patch(handsets::change),
        ),
        (
            Route::new("DELETE", "/handsets/{handset}", write, "Remove a phone").guarded().empty(204),
            delete(handsets::remove),
        ),
        (
            Route::new(
                "PUT",
                "/handsets/{handset}/owner",
                write,
                "Give a phone to another user or to nobody; it leaves its ring groups",
            )
            .shape("Phone")
            .body(&[("owner", "string?", true, "extension or id of a user; null for nobody")]),
            put(handsets::give),
        ),
        (
            Route::new(
                "POST",
                "/handsets/{handset}/groups",
                write,
                "Put a phone back into ring groups of before its owner changed, and forget the others",
            )
            .shape("Phone")
            .body(&[("groups", "[string]", true, "of `former_groups`")]),
            post(handsets::regroup),
        ),
        (
            Route::new(
                "POST",
                "/handsets/{handset}/restart",
                write,
                "Ask a phone by SIP to load its settings again, and tell webhooks",
            )
            .shape("PhoneRestart"),
            post(handsets::restart),
        ),
    ]
}

pub(super) const SHAPES: &[Shape] = &[
    shape(
        "Phone",
        &[
            ("id", "uuid", ""),
            ("name", "string", "given once"),
            ("mac", "string?", "with colons"),
            ("model", "string", "see /handsets/models"),
            ("owner", "uuid?", "the user"),
            ("label", "string", "what it shows: name and extension of its owner"),
            ("extension", "string?", "of its owner"),
            ("site", "string", "where it stands"),
            ("preference_group", "string?", "unique at its site"),
            ("server", "string?", "where it should register"),
            ("template", "string?", "what provisioning begins with"),
            ("firmware", "string?", "what it runs"),
            ("options", "{string}", "fields of its model"),
            ("overrides", "string", "lines key=value"),
            ("hints", "[string]", "what looks wrong in the overrides"),
            ("record_calls", "boolean", "its calls should be recorded"),
            ("groups", "[string]", "ring groups"),
            ("former_groups", "[string]", "those of before its owner changed"),
            ("ports", "[PhonePort]", "those that have something"),
            ("waiting", "boolean", "something changed since it restarted"),
            ("changed_at", "date-time", ""),
            ("restart_sent", "boolean?", "it was asked then; false: nothing could be sent"),
            ("restart_at", "date-time?", "when somebody wanted it to restart"),
            ("restart", "string?", "what came of that"),
            ("created_at", "date-time", ""),
        ],
    ),
    shape(
        "PhonePort",
        &[
            ("port", "integer", "from 1"),
            ("number?", "string?", "what rings there"),
            ("appearances?", "integer", "keys that show it"),
        ],
    ),
    shape(
        "PhoneModel",
        &[
            ("model", "string", ""),
            ("title", "string", ""),
            ("ports", "integer", "that can have a number each"),
            ("appearances", "integer", "most of a port"),
            ("options", "{array}", "its own fields, and what they can be"),
        ],
    ),
    shape(
        "ExportedPhone",
        &[
            ("name", "string", ""),
            ("mac", "string?", "12 hexadecimal digits, as names of provisioning files have them"),
            ("model", "string", ""),
            ("label", "string", "what it shows"),
            ("extension", "string?", ""),
            ("site", "string", ""),
            ("preference_group", "string?", ""),
            ("server", "string?", ""),
            ("template", "string?", ""),
            ("firmware", "string?", ""),
            ("record_calls", "boolean", "for the phone's or its owner's sake"),
            ("owner", "{string}", "what the profile of its owner says, as far as one may see it"),
            ("groups", "[string]", ""),
            ("options", "{string}", ""),
            ("overrides", "{string}", ""),
            ("lines", "[PhoneLine]", "port 1 at least"),
            ("waiting", "boolean", "something changed since it restarted"),
        ],
    ),
    shape(
        "PhoneLine",
        &[
            ("port", "integer", ""),
            ("number", "string?", ""),
            ("label", "string", "what the line shows: whose number it is, else the owner of the phone"),
            ("appearances", "integer", ""),
        ],
    ),
    shape(
        "PhoneRestart",
        &[
            ("sent", "boolean", "it was asked; false: nothing could be sent"),
            ("confirmed", "boolean", "it answered that it was asked; whether it restarts is its own"),
            ("said", "string", "what happened"),
        ],
    ),
];
