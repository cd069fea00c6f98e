//! Extensions that go from one person to another.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{Extension as Number, Handset, MailAddress, UserId};
use crate::service::access::{Act, Reach};
use crate::service::accounts::{AccountError, Comer, Takeover};
use crate::store::Fate;

use super::super::Site;
use super::super::admin::lamps;
use super::caller::Caller;
use super::policy::must_create;
use super::problem::Problem;
use super::reset::holdings_json;

type Answer = Result<Response, Problem>;

fn number(text: &str) -> Result<Number, Problem> {
    text.parse().map_err(|_| Problem::missing("extension"))
}

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(extension): Path<String>,
) -> Answer {
    let (tenant, services) = (caller.must_reach_tenant()?, &site.web.services);
    let handover = services.accounts.handover(tenant, &number(&extension)?).await?;
    let user = &handover.account.user;
    if !caller.actor.may_change(services.signin.login(tenant, user.id).await?.role) {
        return Err(Problem::forbidden());
    }
    let watching: Vec<String> = handover.lamps.iter().map(lamps::address).collect();
    let pointers = handover.dependents.pointers.iter();
    let pointers: Vec<_> = pointers.map(|one| json!({"at": one.at, "what": one.what})).collect();
    let phones: Vec<_> = handover.dependents.phones.iter().map(phone_json).collect();
    let told = json!({"user": user.id, "first": user.first, "last": user.last,
        "mail": handover.account.mailbox.recipients, "numbers": handover.dependents.numbers,
        "holdings": holdings_json(&handover.holdings), "lamps": watching, "pointers": pointers,
        "phones": phones});
    Ok(Json(told).into_response())
}

/// A phone that hangs on a user.
fn phone_json(phone: &Handset) -> Value {
    let numbers: Vec<_> = phone.ports.iter().filter_map(|port| port.number.as_ref()).collect();
    json!({"id": phone.id, "name": phone.name, "numbers": numbers, "groups": phone.settings.groups})
}

/// Who goes, who comes, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Taking {
    from: String,
    fate: String,
    keep: Option<String>,
    known: Option<String>,
    #[serde(default)]
    first: String,
    #[serde(default)]
    last: String,
    emails: Option<Vec<String>>,
    mail: Option<String>,
    #[serde(default)]
    numbers: bool,
    #[serde(default)]
    phones: bool,
    reason: String,
    #[serde(default)]
    dry_run: bool,
}

impl Taking {
    fn takeover(self, caller: &Caller, extension: Number) -> Result<Takeover, Problem> {
        let fate = match (self.fate.as_str(), self.keep) {
            ("keep", Some(to)) => Fate::Keep(to.parse()?),
            ("keep", None) => {
                return Err(Problem::field("keep", "name the extension that they have from now on"));
            }
            ("archive", None) => Fate::Archive,
            ("delete", None) => Fate::Delete,
            ("archive" | "delete", Some(_)) => {
                return Err(Problem::field(
                    "keep",
                    "only who stays has another extension: choose the fate keep",
                ));
            }
            _ => return Err(Problem::field("fate", "choose keep, archive or delete")),
        };
        let comer = match (self.known, self.emails) {
            (Some(known), None) => Comer::Known(known.parse()?),
            (Some(_), Some(_)) => {
                let why = "who is here already keeps the own addresses: leave emails or known out";
                return Err(Problem::field("emails", why));
            }
            (None, None) => {
                let why = "say where messages are mailed from now on; an empty list for nobody";
                return Err(Problem::field("emails", why));
            }
            (None, Some(emails)) => Comer::New {
                first: self.first,
                last: self.last,
                emails: emails.iter().map(|text| text.parse()).collect::<Result<Vec<MailAddress>, _>>()?,
                mode: self.mail.as_deref().map(str::parse).transpose()?,
            },
        };
        let from: UserId = self.from.parse().map_err(|_| Problem::field("from", "the id of a user"))?;
        Ok(Takeover {
            extension,
            from,
            fate,
            comer,
            with_numbers: self.numbers,
            with_phones: self.phones,
            reason: self.reason.trim().to_owned(),
            by: caller.actor.user,
            most: caller.actor.rank(),
        })
    }
}

pub(super) async fn take_over(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(extension): Path<String>,
    Json(taking): Json<Taking>,
) -> Answer {
    let (tenant, services) = (caller.must_reach_tenant()?, &site.web.services);
    let extension = number(&extension)?;
    let dry_run = taking.dry_run;
    let takeover = taking.takeover(&caller, extension.clone())?;
    if takeover.with_phones && caller.actor.reach(Act::PhonesWrite) < Reach::Tenant {
        return Err(Problem::forbidden());
    }
    if matches!(takeover.comer, Comer::New { .. }) {
        must_create(&site, &caller.actor, tenant).await?;
    }
    let before = services.accounts.show(tenant, &extension).await?;
    if before.user.id != takeover.from {
        return Err(AccountError::GoneOver(extension).into());
    }
    let given_up = services.accounts.given_up(tenant, &takeover).await?;
    let given_up: Vec<_> = given_up.iter().map(|one| json!({"at": one.at, "what": one.what})).collect();
    let user = if dry_run {
        services.accounts.check_takeover(tenant, &takeover).await?;
        before.user.id
    } else {
        services.accounts.by(&caller.actor.name).take_over(tenant, takeover).await?.user.id
    };
    let told = json!({"extension": extension, "user": user, "dry_run": dry_run, "leads_nowhere": given_up});
    Ok(Json(told).into_response())
}
