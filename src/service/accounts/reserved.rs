//! Numbers that lead to no mailbox, because whoever dials them signs in or looks for somebody by name.

use std::sync::Arc;

use super::{Accounts, Result, number_text};
use crate::domain::Invalid;

impl Accounts {
    /// The same, where these numbers are not given to anybody: `sip.access_numbers`, `sip.directory_numbers` and those of trunks.
    #[must_use]
    pub fn with_reserved(self, numbers: impl IntoIterator<Item = String>) -> Self {
        let plain = |text: String| number_text(&text).unwrap_or_else(|_| text.to_lowercase());
        Self { reserved: Arc::new(numbers.into_iter().map(plain).collect()), ..self }
    }

    /// That calls to the number can reach a mailbox.
    pub(in crate::service) fn check_reserved(&self, what: &'static str, number: &str) -> Result<()> {
        if !self.reserved.contains(number) {
            return Ok(());
        }
        let remedy = "who dials it signs in or searches by name: choose another number, or take it out of access_numbers \
                      and directory_numbers of the configuration";
        Err(Invalid::new(what, number, remedy).into())
    }
}
