//! Changes of rules, hours and lists in the audit, by pages and programs alike.

use serde_json::{Value, json};

use crate::domain::answering::{Rule, ScreenedCaller};
use crate::domain::{GreetingId, Presence, PresenceState, TenantId, TimeFrame};
use crate::service::access::Actor;
use crate::service::answering::verdict_word;
use crate::service::audit::Deed;

use super::super::Site;

/// Who changes what is whose.
pub(in crate::http) struct By<'a> {
    pub(in crate::http) actor: &'a Actor,
    pub(in crate::http) tenant: TenantId,
    /// `mailbox 1001`, or `everybody`.
    pub(in crate::http) whose: String,
}

impl By<'_> {
    /// The rules of a mailbox became others.
    pub(in crate::http) async fn rules(&self, site: &Site, action: &str, was: &[Rule], became: &[Rule]) {
        let deed = Deed { action: &format!("rules.{action}"), target: self.whose.clone() };
        site.web.services.audit.note(self.actor, self.tenant, deed, Some(&was), Some(&became)).await;
    }

    /// A time frame was made, changed or removed.
    pub(in crate::http) async fn frame(
        &self,
        site: &Site,
        action: &str,
        was: Option<&TimeFrame>,
        became: Option<&TimeFrame>,
    ) {
        let told = |frame: &TimeFrame| {
            let TimeFrame { name, purpose, zone, schedule, .. } = frame;
            json!({"name": name, "use": purpose, "zone": zone, "spans": schedule})
        };
        self.note(site, &format!("hours.{action}"), was.map(told), became.map(told)).await;
    }

    /// A line of a list was made, changed or removed.
    pub(in crate::http) async fn line(
        &self,
        site: &Site,
        action: &str,
        was: Option<&ScreenedCaller>,
        became: Option<&ScreenedCaller>,
    ) {
        let told = |line: &ScreenedCaller| {
            let ScreenedCaller { pattern, screening, note, .. } = line;
            json!({"caller": pattern, "verdict": verdict_word(*screening), "note": note})
        };
        self.note(site, &format!("list.{action}"), was.map(told), became.map(told)).await;
    }

    /// Somebody says something else of themselves.
    pub(in crate::http) async fn presence(&self, site: &Site, was: &Presence, became: &Presence) {
        self.note(site, "presence.set", Some(json!(was)), Some(json!(became))).await;
    }

    /// Other greetings play while somebody says what.
    pub(in crate::http) async fn presence_greetings(
        &self,
        site: &Site,
        was: &[(PresenceState, Option<GreetingId>)],
        became: &[(PresenceState, Option<GreetingId>)],
    ) {
        let told = |ties: &[(PresenceState, Option<GreetingId>)]| {
            let ties = ties.iter().map(|(state, greeting)| (state.as_str().to_owned(), json!(greeting)));
            Value::Object(ties.collect())
        };
        self.note(site, "presence.greetings", Some(told(was)), Some(told(became))).await;
    }

    async fn note(&self, site: &Site, action: &str, was: Option<Value>, became: Option<Value>) {
        let deed = Deed { action, target: self.whose.clone() };
        site.web.services.audit.note(self.actor, self.tenant, deed, was.as_ref(), became.as_ref()).await;
    }
}
