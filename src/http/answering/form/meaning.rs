//! What was typed into the form of a rule: users by their names, and beside which field it stands what is wrong.

use std::collections::BTreeMap;

use super::Form;
use crate::domain::TenantId;
use crate::service::answering::{AnsweringError, Rules};

/// Fields of the form, and what is wrong with each.
pub(super) type Marks = BTreeMap<&'static str, String>;

impl Form {
    /// With extensions in place of names.
    pub(super) async fn meant(mut self, rules: &Rules, tenant: TenantId) -> Result<Self, AnsweringError> {
        let fields = [
            ("target", &mut self.target),
            ("operator", &mut self.operator),
            ("forward always", &mut self.forward_always),
            ("forward when busy", &mut self.forward_busy),
            ("forward when unanswered", &mut self.forward_unanswered),
            ("forward when offline", &mut self.forward_offline),
        ];
        let keys = self.keys.iter_mut().map(|(_, target)| ("key", target));
        let phones = self.phones.iter_mut().map(|phone| ("phones", &mut phone.target));
        for (field, target) in fields.into_iter().chain(keys).chain(phones) {
            *target = rules.meant(tenant, field, target).await?;
        }
        Ok(self)
    }

    /// The field that something is wrong with, if it is one.
    pub(super) fn field(&self, error: &AnsweringError) -> Option<&'static str> {
        Some(match error {
            AnsweringError::Target { target, .. } if *target == self.operator => "operator",
            AnsweringError::Target { target, .. } if *target == self.target => "target",
            AnsweringError::Target { .. } => "key",
            AnsweringError::TooManyCallers => "callers",
            AnsweringError::Taken { .. } => "name",
            AnsweringError::Invalid(invalid) => match invalid.what {
                "name of a rule" => "name",
                "time frame" => "frame",
                "caller" => "callers",
                "greeting of the rule" => "greeting",
                "voicemail" | "extension" => "target",
                "ringing" => "ring_s",
                "rings" => "ring_count",
                "forward always" => "forward_always",
                "forward when busy" => "forward_busy",
                "forward when unanswered" => "forward_unanswered",
                "forward when offline" => "forward_offline",
                "ring beside the extension alone" => "only_extension",
                "delay" => "phones",
                other => other,
            },
            _ => return None,
        })
    }
}
