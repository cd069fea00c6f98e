//! Routes of second factors.

use axum::routing::{delete, get};

use crate::service::access::Act;

use super::super::second_factors;
use super::{Entry, Route, Shape, shape};

pub(super) const SHAPES: &[Shape] = &[shape(
    "SecondFactor",
    &[
        ("since", "date-time?", "since when codes are asked for at the sign-in; null: they are not"),
        ("recovery_codes", "integer", "recovery codes that were not used"),
    ],
)];

pub(super) fn routes() -> Vec<Entry> {
    vec![
        (
            Route::new(
                "GET",
                "/users/{user}/second-factor",
                Some(Act::UsersRead),
                "Whether the sign-in by the web asks the user for a code",
            )
            .shape("SecondFactor"),
            get(second_factors::show),
        ),
        (
            Route::new(
                "DELETE",
                "/users/{user}/second-factor",
                Some(Act::UsersWrite),
                "Reset the second factor of somebody who lost it; all sessions of the user end",
            )
            .empty(204),
            delete(second_factors::reset),
        ),
    ]
}
