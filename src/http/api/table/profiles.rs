//! Routes of profiles: places, login names, contacts, the policy of the tenant.

use axum::routing::{get, patch};

use crate::service::access::Act;

use super::super::{policy, profiles};
use super::{Entry, LIMIT, PLACE, Route, Shape, shape};

const WHO: &str = "office-manager|tenant-admin|ticket";
const WHEN_OFF: &str = "announce|unavailable|decline|operator";
const WHEN_OFF_MEANS: &str =
    "what callers of a mailbox that is off get: an announcement, 480, 603, or the operator";

pub(super) fn routes() -> Vec<Entry> {
    vec![
        (
            Route::new(
                "GET",
                "/users/places",
                Some(Act::UsersRead),
                "Departments and sites that are in use, to be suggested",
            )
            .shape("Places"),
            get(profiles::places),
        ),
        (
            Route::new("GET", "/users/suggestion", Some(Act::UsersWrite), "What is likely for a new user")
                .shape("Suggestion")
                .query(&[("first", "first name"), ("last", "last name")]),
            get(profiles::suggestion),
        ),
        (
            Route::new("GET", "/me/profile", Some(Act::SettingsRead), "The own profile")
                .shape("Profile")
                .guarded(),
            get(profiles::own_profile),
        ),
        (
            Route::new(
                "PATCH",
                "/me/profile",
                Some(Act::SettingsWrite),
                "Change what everybody changes themselves",
            )
            .shape("Profile")
            .guarded()
            .body(&[
                ("mobile", "string?", false, "with the country code; null for none"),
                ("listed", "boolean", false, "stands in the contacts"),
            ]),
            patch(profiles::change_own),
        ),
        (
            Route::new(
                "GET",
                "/contacts",
                Some(Act::Directory),
                "Colleagues who want to be listed, by extension",
            )
            .list("Contact")
            .query(&[
                ("search", "part of a name, an address or an extension"),
                ("department", "only those of this department"),
                ("site", "only those of this site"),
                PLACE,
                LIMIT,
            ]),
            get(profiles::contacts),
        ),
        (
            Route::new(
                "GET",
                "/policy",
                Some(Act::TenantsRead),
                "What the tenant lets be created, shows and hides",
            )
            .shape("Policy")
            .guarded(),
            get(policy::show),
        ),
        (
            Route::new("PATCH", "/policy", Some(Act::TenantsWrite), "Change it")
                .shape("Policy")
                .guarded()
                .body(&[
                    ("who_may_create", WHO, false, "who adds users; ticket: nobody of the tenant"),
                    ("help_link", "string?", false, "where new users are asked for: https, http or mailto"),
                    ("hidden_fields", "[string]", false, "fields of profiles that nobody of the tenant sees"),
                    ("queues", "boolean", false, "agents and supervisors can be made"),
                    ("extension_shortest", "integer", false, "digits of new extensions, at least; 2 to 10"),
                    ("extension_longest", "integer", false, "and at most; those that are there stay"),
                    ("extension_length", "integer?", false, "recommended digits: others are warned of"),
                    ("extension_first", "integer?", false, "recommended first digit: others are warned of"),
                    ("mailbox_off", WHEN_OFF, false, WHEN_OFF_MEANS),
                ]),
            patch(policy::change),
        ),
    ]
}

pub(super) const SHAPES: &[Shape] = &[
    shape(
        "Profile",
        &[
            ("login", "string?", "what the user signs in with, in the form of an e-mail address"),
            ("department?", "string?", ""),
            ("site?", "string?", ""),
            ("station?", "premium|standard", ""),
            ("mobile?", "string?", "E.164"),
            ("area_code?", "string?", "1 to 6 digits"),
            ("caller_id?", "string?", "number that calls of the user come from"),
            ("emergency_caller_id?", "string?", "the same for 911; takes users:emergency"),
            ("emergency_address?", "string?", "where rescuers go; takes users:emergency"),
            ("sip_address?", "string?", ""),
            ("music?", "string?", "stream that is played on hold"),
            ("call_paths?", "integer?", "calls at the same time, 1 to 99: busy means that all are used"),
            ("record_calls?", "boolean", "for the phone system"),
            ("listed?", "boolean", "stands in the contacts"),
        ],
    ),
    shape("Places", &[("departments", "[string]", "by name"), ("sites", "[string]", "by name")]),
    shape(
        "Suggestion",
        &[
            ("login", "string?", "first initial and last name, a number behind it where that is somebody's"),
            ("extension", "string?", "the next one after the highest"),
        ],
    ),
    shape(
        "Contact",
        &[
            ("user", "uuid", ""),
            ("first", "string", "first name"),
            ("last", "string", "last name"),
            ("extension", "string?", ""),
            ("department", "string?", ""),
            ("site", "string?", ""),
        ],
    ),
    shape(
        "Policy",
        &[
            ("who_may_create", WHO, "who adds users"),
            ("help_link", "string?", "where new users and phones are asked for"),
            ("hidden_fields", "[string]", "fields of profiles that nobody of the tenant sees"),
            ("queues", "boolean", "agents and supervisors can be made"),
            ("extension_shortest", "integer", "digits of new extensions, at least"),
            ("extension_longest", "integer", "and at most"),
            ("extension_length", "integer?", "recommended digits; null: any"),
            ("extension_first", "integer?", "recommended first digit; null: any"),
            ("mailbox_off", WHEN_OFF, WHEN_OFF_MEANS),
        ],
    ),
];
