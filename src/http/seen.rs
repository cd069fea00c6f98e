//! What a form showed when it was opened, so that it is not saved over what somebody else wrote meanwhile. Its page puts
//! [`mark`] of what it shows into the hidden field `seen`; whoever takes the form asks [`is_stale`] of what there is now.

use std::fmt::Debug;

use sha2::{Digest as _, Sha256};

use super::visitor::Fields;

/// What is said of a form that comes too late.
pub(super) const CHANGED: &str = "Nothing was saved: somebody changed this meanwhile. This is how it is now: look at it, and make your change again.";

/// Bytes of a mark: nobody forges one, who could as well leave it out.
const BYTES: usize = 8;

/// Tells one state of what is shown from another.
pub(super) fn mark(shown: &impl Debug) -> String {
    let hash: [u8; 32] = Sha256::digest(format!("{shown:?}")).into();
    hash.iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect()
}

/// Whether the form was opened on something else than there is now. One without a mark was not made by a page: it says all
/// that it wants.
pub(super) fn is_stale(fields: &Fields, now: &impl Debug) -> bool {
    let seen = fields.get("seen");
    !seen.is_empty() && seen != mark(now)
}
