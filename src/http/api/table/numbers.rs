//! Routes of the inventory of numbers.

use axum::routing::{delete, get, post, put};

use crate::service::access::Act;

use super::super::numbers;
use super::{Entry, LIMIT, PLACE, Route, Shape, shape};

pub(super) fn routes() -> Vec<Entry> {
    let (read, write) = (Some(Act::UsersRead), Some(Act::UsersWrite));
    vec![
        (
            Route::new("GET", "/numbers", read, "Numbers and aliases, whether they lead somewhere or not")
                .query(&[
                    ("search", "part of a number, a name, an extension, a label or a phone"),
                    ("show", "free: lead nowhere; unreachable: lead or ring nowhere; else all"),
                    PLACE,
                    LIMIT,
                ])
                .list("InventoryNumber"),
            get(numbers::list),
        ),
        (
            Route::new("POST", "/numbers", write, "Put numbers into the inventory")
                .status(201)
                .shape("NumbersAdded")
                .body(&[(
                    "numbers",
                    "[string]",
                    true,
                    "a number, a range +4930100..+4930199, or an alias each; a note after #",
                )]),
            post(numbers::add),
        ),
        (
            Route::new(
                "DELETE",
                "/numbers/{number}",
                write,
                "Take a number that leads nowhere out of the inventory",
            )
            .empty(204),
            delete(numbers::remove),
        ),
        (
            Route::new(
                "PUT",
                "/numbers/{number}/assignment",
                write,
                "Lead a number to a user and a port of a phone",
            )
            .shape("InventoryNumber")
            .body(&[
                ("user", "string", true, "extension"),
                (
                    "label",
                    "string",
                    false,
                    "shown as \"called as\"; for an alias the person that it stands for",
                ),
                ("extension", "string", false, "the one that the user gets, if it is another"),
                (
                    "phone",
                    "string",
                    false,
                    "id of a phone of the user, or of nobody's, which becomes the user's",
                ),
                ("port", "integer", false, "else 1"),
                ("appearances", "integer", false, "keys that show it; else 1"),
            ]),
            put(numbers::assign),
        ),
        (
            Route::new(
                "DELETE",
                "/numbers/{number}/assignment",
                write,
                "Let a number lead nowhere; it stays in the inventory",
            )
            .empty(204),
            delete(numbers::release),
        ),
    ]
}

pub(super) const SHAPES: &[Shape] = &[
    shape(
        "InventoryNumber",
        &[
            ("number", "string", "E.164, national digits, or an alias"),
            ("note", "string?", "null: nobody put it into the inventory, it leads somewhere all the same"),
            ("label", "string?", "shown as \"called as\""),
            ("user", "uuid?", "who it leads to"),
            ("extension", "string?", "of that user"),
            ("phone", "NumberPhone?", "where it rings"),
            ("unreachable", "no-user|no-phone?", "why nobody can call it"),
            ("is_of_removed", "boolean", "goes back to a removed user unless it is given away"),
        ],
    ),
    shape(
        "NumberPhone",
        &[
            ("id", "uuid", ""),
            ("name", "string", ""),
            ("mac", "string?", "12 hexadecimal digits"),
            ("port", "integer", ""),
        ],
    ),
    shape("NumbersAdded", &[("added", "integer", "those that were not there before")]),
];
