//! Changing the first section of a user: all that is to be mended is said at once, beside its field.

use std::str::FromStr;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::domain::{
    Extension, Invalid, Login, MailAddress, MailMode, Mailbox, Quota, Recipient, Role, TenantPolicy,
};
use crate::http::admin::adding::{new_extension, split};
use crate::http::admin::marks::marks;
use crate::http::portal::frame::Done;
use crate::http::portal::trouble;
use crate::http::seen;
use crate::http::visitor::{Fields, Posted, Visitor, forbidden, see};
use crate::http::{Shared, Site};
use crate::service::accounts::{Account, AccountError, Changes};
use crate::service::signin::SigninError;
use crate::store::Person;

use super::face::Face;
use super::{HERE, Trial, changeable, tried};

pub(in crate::http::admin) async fn change(
    State(site): Shared,
    Path(id): Path<String>,
    posted: Posted,
) -> Response {
    let Posted { visitor, fields } = posted;
    let (person, account) = match changeable(&site, &visitor, &id).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    if seen::is_stale(&fields, &Face::of(&person, &account)) {
        let done = Some(Done::refused(seen::CHANGED));
        return tried(&site, &visitor, &id, done, StatusCode::CONFLICT, Trial::default()).await;
    }
    match changed(&site, &visitor, &fields, &person, &account).await {
        Ok(()) => {
            let new = match fields.get("extension").trim().parse::<Extension>() {
                Ok(now) if now != account.mailbox.extension => {
                    let new = new_extension(&site, visitor.actor.tenant, &now).await;
                    format!("{new}&was={}", account.mailbox.extension)
                }
                _ => String::new(),
            };
            see(&site, &format!("{HERE}/{id}?done=saved{new}"))
        }
        Err(Refused::Mend(error)) => {
            let (wrong, why) = marks(&error, "Nothing was changed");
            let trial = Trial { posted: Some(&fields), wrong, ..Trial::default() };
            let done = Some(Done::refused(why));
            tried(&site, &visitor, &id, done, StatusCode::UNPROCESSABLE_ENTITY, trial).await
        }
        Err(Refused::Response(response)) => *response,
    }
}

/// Why nothing was changed.
enum Refused {
    Mend(AccountError),
    Response(Box<Response>),
}

impl From<AccountError> for Refused {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Store(_) | AccountError::Hash(_) => Self::Response(Box::new(trouble(&error))),
            other => Self::Mend(other),
        }
    }
}

impl From<SigninError> for Refused {
    fn from(error: SigninError) -> Self {
        Self::Response(Box::new(trouble(&error)))
    }
}

async fn changed(
    site: &Site,
    visitor: &Visitor,
    fields: &Fields,
    person: &Person,
    account: &Account,
) -> Result<(), Refused> {
    let services = &site.web.services;
    let tenant = visitor.actor.tenant;
    let policy = services.people.policy(tenant).await;
    let policy = policy.map_err(|error| Refused::Response(Box::new(trouble(&error))))?;
    let mut form = Form { fields, faults: Vec::new() };
    let login = form.login(visitor, person, &policy)?;
    let changes = form.changes(&account.mailbox);
    let accounts = services.accounts.by(&visitor.actor.name);
    accounts.set_unless(tenant, &account.mailbox.extension, changes, form.faults).await?;
    if let Some(login) = login {
        services.signin.by(&visitor.actor.name).set_login(&person.login, &login).await?;
    }
    Ok(())
}

/// The form as it was posted, and what of it is to be mended.
struct Form<'a> {
    fields: &'a Fields,
    faults: Vec<AccountError>,
}

impl Form<'_> {
    /// What is to change; a field with a fault stays as it is.
    fn changes(&mut self, mailbox: &Mailbox) -> Changes {
        let fields = self.fields;
        let text = |name: &str| Some(fields.get(name).to_owned());
        let choice =
            |name: &str| Some(Some(fields.get(name).trim().to_owned()).filter(|text| !text.is_empty()));
        // 002-015
        if fields.get("pin") != fields.get("pin_again") {
            self.faults.push(AccountError::PinsDiffer);
        }
        let emails = self.addresses();
        Changes {
            extension: self.read::<Extension>(fields.get("extension")),
            first: text("first"),
            last: text("last"),
            modes: self.modes(mailbox, emails.as_deref().unwrap_or_default()),
            emails,
            enabled: Some(fields.is_on("enabled")),
            announce: Some(fields.is_on("announce")),
            newest_first: Some(fields.get("order") != "oldest"),
            zone: choice("zone"),
            operator: choice("operator"),
            quota: self.quota(),
            pin: text("pin").filter(|pin| !pin.is_empty()).map(Into::into),
            ..Changes::default()
        }
    }

    /// Notes what is to be mended.
    fn note<T>(&mut self, read: Result<T, Invalid>) -> Option<T> {
        read.map_err(|fault| self.faults.push(fault.into())).ok()
    }

    fn read<T: FromStr<Err = Invalid>>(&mut self, text: &str) -> Option<T> {
        self.note(text.trim().parse())
    }

    fn addresses(&mut self) -> Option<Vec<MailAddress>> {
        self.note(split(self.fields.get("emails")).map(str::parse).collect())
    }

    /// How addresses that stay get their mail.
    fn modes(&mut self, mailbox: &Mailbox, emails: &[MailAddress]) -> Vec<Recipient> {
        let mut modes = Vec::new();
        for (recipient, mode) in mailbox.recipients.iter().zip(self.fields.all("mode")) {
            let mode = self.read::<MailMode>(mode);
            if let Some(mode) = mode.filter(|_| emails.contains(&recipient.address)) {
                modes.push(Recipient { address: recipient.address.clone(), mode });
            }
        }
        modes
    }

    fn quota(&mut self) -> Option<Quota> {
        let fields = self.fields;
        let messages = fields.get("max_messages").trim();
        let messages = self.note(limit(messages, |text| text.parse().ok()).ok_or_else(|| {
            Invalid::new(
                "number of messages",
                messages,
                "give a whole number, or leave it empty for no limit",
            )
        }));
        let megabytes = fields.get("max_megabytes").trim();
        let bytes = self.note(limit(megabytes, bytes_of).ok_or_else(|| {
            Invalid::new(
                "number of megabytes",
                megabytes,
                "give a number like 25, or leave it empty for no limit",
            )
        }));
        Some(Quota { messages: messages?, bytes: bytes? })
    }

    /// Role and web access, where they change and the visitor may give them.
    fn login(
        &mut self,
        visitor: &Visitor,
        person: &Person,
        policy: &TenantPolicy,
    ) -> Result<Option<Login>, Refused> {
        let (fields, before) = (self.fields, &person.login);
        if fields.get("role").is_empty() || !visitor.actor.may_give(before.role) {
            return Ok(None);
        }
        let Some(role) = self.read::<Role>(fields.get("role")) else { return Ok(None) };
        if !visitor.actor.may_give(role) {
            return Err(Refused::Response(Box::new(forbidden())));
        }
        let login = Login { role, portal: fields.is_on("portal"), ..before.clone() };
        if login == *before {
            return Ok(None);
        }
        // 002-046
        let why = if role != before.role && !policy.offers(role) {
            "there are no queues here: choose another role"
        } else if visitor.actor.is(person.user.id) {
            "your own role and access are changed by somebody else"
        } else {
            return Ok(Some(login));
        };
        self.faults.push(Invalid::new("role", role.as_str(), why).into());
        Ok(None)
    }
}

/// A limit of a form; empty for none.
fn limit<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    if text.is_empty() { Some(None) } else { read(text).map(Some) }
}

fn bytes_of(text: &str) -> Option<u64> {
    Quota::bytes_of(text.parse().ok()?)
}
