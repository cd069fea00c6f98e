//! `[webhooks]`: where programs that are told what happens may be.

use serde::Deserialize;

use crate::service::webhooks::guard::Guard;

use super::values;

/// `[webhooks]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhooks {
    /// Hosts (names or addresses) that may be told in the own network and without TLS.
    #[serde(deserialize_with = "values::hosts")]
    pub allow: Vec<String>,
}

impl Webhooks {
    /// Where webhooks may lead.
    pub fn guard(&self) -> Guard {
        Guard::new(&self.allow)
    }
}
