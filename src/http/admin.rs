//! The administrator's portal: pages for who looks after others. Which page opens is `service::access`'s.

use crate::service::access::Act;

/// Pages that stand in the navigation, with what opens them.
pub(super) const PLACES: &[(&str, &str, Act)] = &[];
