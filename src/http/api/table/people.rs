//! Routes of users and their numbers.

use axum::routing::{delete, get, patch, post, put};

use crate::service::access::Act;

use super::super::{bin, roles, users};
use super::shapes::ROLES;
use super::{Entry, LIMIT, PLACE, Route};

pub(super) fn routes() -> Vec<Entry> {
    let (read, write) = (Some(Act::UsersRead), Some(Act::UsersWrite));
    vec![
        (
            Route::new("GET", "/users", read, "Users, by extension unless asked otherwise").query(&[
                ("search", "part of a name, an address or an extension"),
                ("department", "only those of this department"),
                ("site", "only those of this site"),
                ("status", "new, active or setup-required"),
                ("voicemail", "on, off or none (no mailbox)"),
                ("role", "only users of this role"),
                ("sort", "extension, name, email, status, role or last-message; else by extension"),
                ("order", "asc or desc"),
                PLACE,
                LIMIT,
            ])
            .list("User"),
            get(users::list),
        ),
        (
            Route::new("POST", "/users", write, "Add a user with a mailbox").status(201).shape("User").body(&[
                ("extension", "string", true, "2 to 10 digits"),
                ("first", "string", false, "first name"),
                ("last", "string", false, "last name"),
                ("emails", "[email]", false, "addresses, the primary one first"),
                ("mail", "string", false, "what mails carry, for example link; the answer names it for each address"),
                ("pin", "string", false, "4 to 12 digits"),
                ("enabled", "boolean", false, "the mailbox takes messages; true unless said otherwise"),
                ("role", "string", false, "basic unless said otherwise; takes roles:write"),
                ("profile", "Profile", false, "fields of the profile, as in the answer"),
                (
                    "invite",
                    "boolean",
                    false,
                    "mail a link to choose a password; `invited` in the answer says whether it is on its way",
                ),
            ]),
            post(users::add),
        ),
        (
            Route::new("GET", "/users/removed", write, "Users who can be brought back for 30 days, the last one first")
                .query(&[PLACE, LIMIT])
                .list("RemovedUser"),
            get(bin::list),
        ),
        (
            Route::new("GET", "/users/{user}", read, "A user; `me` for the own one")
                .shape("User")
                .guarded(),
            get(users::show),
        ),
        (
            Route::new(
                "PATCH",
                "/users/{user}",
                write,
                "Change a user or the mailbox",
            )
            .shape("User")
            .guarded()
            .body(&[
                ("extension", "string", false, "2 to 10 digits"),
                ("first", "string", false, "first name"),
                ("last", "string", false, "last name"),
                ("emails", "[email]", false, "all addresses"),
                ("mail", "string or [Recipient]", false, "the mode of every address, or addresses with theirs"),
                ("attachment", "mp3|wav", false, "format of attachments"),
                ("pin", "string", false, "a new PIN"),
                ("enabled", "boolean", false, "takes messages"),
                ("announcement_only", "boolean", false, "plays the greeting and takes no message"),
                ("instructions", "boolean", false, "says how to leave a message"),
                ("max_message_s", "integer", false, "5 to 3600"),
                ("silence_s", "integer", false, "1 to 60"),
                ("min_speech_ms", "integer", false, "0 to 60000"),
                ("announce", "boolean", false, "callers find the person"),
                ("newest_first", "boolean", false, "order by phone"),
                ("profile", "Profile", false, "fields of the profile that change; null takes one away"),
                ("zone", "string?", false, "IANA zone; null for the tenant's"),
                ("language", "string?", false, "null for the tenant's"),
                ("operator", "string?", false, "where 0 leads; null for the tenant's"),
                ("max_messages", "integer?", false, "null for no limit"),
                ("max_bytes", "integer?", false, "of audio; null for no limit"),
                ("max_megabytes", "number?", false, "the same in millions of bytes; one of the two"),
            ]),
            patch(users::change),
        ),
        (
            Route::new(
                "DELETE",
                "/users/{user}",
                write,
                "Remove a user; the messages stay in the trash for its days",
            )
            .guarded()
            .empty(204),
            delete(users::remove),
        ),
        (
            Route::new("POST", "/users/{user}/restore", write, "Bring a removed user back with everything")
                .shape("RestoredUser")
                .body(&[("extension", "string", false, "another one, where the old one is somebody else's by now")]),
            post(bin::restore),
        ),
        (
            Route::new("POST", "/users/{user}/invite", write, "Mail a link to choose a password")
                .status(202)
                .shape("Invitation"),
            post(users::invite),
        ),
        (
            Route::new("PUT", "/users/{user}/role", Some(Act::RolesWrite), "Give a role").shape("Access").body(&[
                ("role", ROLES, true, "what the user may"),
                ("portal", "boolean", false, "may sign in by the web"),
            ]),
            put(roles::give_role),
        ),
        (
            Route::new("POST", "/users/{user}/numbers", write, "Let a number or alias lead to the mailbox")
                .status(201)
                .shape("Number")
                .body(&[
                    ("number", "string", true, "E.164, national digits, or an alias"),
                    ("label", "string", false, "shown as \"called as\""),
                ]),
            post(roles::add_number),
        ),
        (
            Route::new(
                "PUT",
                "/users/{user}/numbers/{number}/greeting",
                write,
                "Give a number or alias a greeting of its own, or the main one again",
            )
            .shape("Number")
            .body(&[("greeting", "uuid?", true, "one of the mailbox; null for the main one")]),
            put(roles::greet_number),
        ),
        (
            Route::new("DELETE", "/users/{user}/numbers/{number}", write, "Take a number or alias away")
                .empty(204),
            delete(roles::remove_number),
        ),
    ]
}
