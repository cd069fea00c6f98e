//! What of a form is to be mended: beside its field (001-09), or above the form where it is of none.

use std::collections::BTreeMap;

use super::super::portal::sentence;
use crate::service::accounts::AccountError;

/// Fields by name, and what is wrong with them.
pub(super) type Marks = BTreeMap<&'static str, String>;

/// What stands beside the fields, and what stands above the form, where `nothing` such as `Nothing was added` is said of
/// faults that are all marked.
pub(super) fn marks(error: &AccountError, nothing: &str) -> (Marks, String) {
    let (mut wrong, mut above) = (Marks::new(), Vec::new());
    for one in error.each() {
        match (one.field(), one) {
            (Some(field), _) => {
                wrong.entry(field).or_insert_with(|| sentence(one));
            }
            (None, AccountError::Profile(faults)) => {
                wrong.extend(faults.iter().map(|fault| (fault.what, sentence(fault))));
            }
            (None, other) => above.push(sentence(other)),
        }
    }
    let above = if above.is_empty() { format!("{nothing}: see what is marked.") } else { above.join(" ") };
    (wrong, above)
}
