//! What an owner hears who is called to record a greeting.

use super::Saying;

sayings! {
    /// Who calls, and why.
    CALL_ME = "call-me";
    /// What callers hear is what they heard before.
    NOTHING_CHANGED = "nothing-changed";
}
