//! The way of an extension to somebody else, in four steps and a look at all of it (001-05, 001-10 … 001-13, 002-095).

mod review;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use self::review::{leads_nowhere, review};
use crate::domain::{Extension, Handset, Invalid, MailAddress, MailMode, Recipient, UserId, counted};
use crate::service::access::Act;
use crate::service::accounts::{AccountError, Comer, Handover, Pointer, Takeover};
use crate::store::{Fate, Holdings};

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{missing, mode_title, sentence, trouble};
use super::super::shell::render;
use super::super::visitor::{Fields, Posted, Visitor, forbidden, see};
use super::super::{Shared, Site};
use super::adding::split;
use super::extensions::HERE;
use super::lamps;
use super::marks::{Marks, marks};
use super::users;

/// Before the marks of what is to be mended.
const NOTHING: &str = "Nothing was changed";

#[derive(Template)]
#[template(path = "portal/takeover.html", config = "src/http/pages/askama.toml")]
struct TakeoverPage {
    frame: Frame,
    extension: String,
    name: String,
    from: UserId,
    messages: String,
    greetings: String,
    devices: String,
    holdings: Holdings,
    numbers: Vec<String>,
    recipients: Vec<(String, &'static str)>,
    pointers: Vec<Pointer>,
    lamps: Vec<String>,
    /// Phones of who has it.
    phones: Vec<String>,
    may_give_phones: bool,
    modes: Vec<(MailMode, &'static str)>,
    given: Given,
    /// What will happen; empty while it is asked.
    review: Vec<String>,
    /// Fields, and what is wrong with them.
    wrong: Marks,
}

/// What was typed and chosen.
#[derive(Debug, Clone, Default)]
struct Given {
    fate: String,
    keep: String,
    comer: String,
    first: String,
    last: String,
    emails: String,
    mode: String,
    no_mail: bool,
    known: String,
    with_numbers: bool,
    with_phones: bool,
    invite: bool,
    reason: String,
}

impl Given {
    fn of(fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).to_owned();
        Self {
            fate: text("fate"),
            keep: text("keep"),
            comer: text("comer"),
            first: text("first"),
            last: text("last"),
            emails: text("emails"),
            mode: text("mode"),
            no_mail: fields.is_on("no_mail"),
            known: text("known"),
            with_numbers: fields.is_on("with_numbers"),
            with_phones: fields.is_on("with_phones"),
            invite: fields.is_on("invite"),
            reason: text("reason"),
        }
    }

    fn takeover(&self, visitor: &Visitor, extension: &Extension, from: UserId) -> Result<Takeover, Marks> {
        let mut wrong = Marks::new();
        let (fate, comer) = (self.fate(&mut wrong), self.comer(&mut wrong));
        let (Some(fate), Some(comer)) = (fate, comer) else { return Err(wrong) };
        Ok(Takeover {
            extension: extension.clone(),
            from,
            fate,
            comer,
            with_numbers: self.with_numbers,
            with_phones: self.with_phones && visitor.must(Act::PhonesWrite).is_ok(),
            reason: self.reason.trim().to_owned(),
            by: visitor.actor.user,
            most: visitor.actor.rank(),
        })
    }

    fn fate(&self, wrong: &mut Marks) -> Option<Fate> {
        match self.fate.as_str() {
            "keep" => noted(self.keep.trim().parse().map(Fate::Keep), "keep", wrong),
            "archive" => Some(Fate::Archive),
            "delete" => Some(Fate::Delete),
            _ => {
                wrong.insert("fate", "Choose what becomes of who has the extension now.".to_owned());
                None
            }
        }
    }

    fn comer(&self, wrong: &mut Marks) -> Option<Comer> {
        if self.comer == "known" {
            return noted(self.known.trim().parse().map(Comer::Known), "known", wrong);
        }
        let mode = noted(self.mode.parse::<MailMode>(), "mode", wrong);
        Some(Comer::New {
            first: self.first.clone(),
            last: self.last.clone(),
            emails: self.new_addresses(wrong)?,
            mode: mode.filter(|_| !self.no_mail),
        })
    }

    /// That nobody is told must be meant so (001-10).
    fn new_addresses(&self, wrong: &mut Marks) -> Option<Vec<MailAddress>> {
        let emails: Vec<MailAddress> = noted(split(&self.emails).map(str::parse).collect(), "emails", wrong)?;
        let why = match (emails.is_empty(), self.no_mail) {
            (true, false) => {
                "Type where messages of this extension are mailed from now on, or tick that they are mailed to nobody."
            }
            (false, true) => {
                "There are addresses, and a tick that messages are mailed to nobody: choose one."
            }
            _ => return Some(emails),
        };
        wrong.insert("emails", why.to_owned());
        None
    }
}

fn noted<T>(read: Result<T, Invalid>, field: &'static str, wrong: &mut Marks) -> Option<T> {
    read.map_err(|fault| wrong.insert(field, sentence(&fault))).ok()
}

/// Why an extension does not change hands.
enum Refused {
    /// What is marked, and what stands above the form.
    Mend(Marks, String),
    /// It is somebody else's by now.
    Gone(String),
    Response(Box<Response>),
}

impl From<Marks> for Refused {
    fn from(wrong: Marks) -> Self {
        Self::Mend(wrong, format!("{NOTHING}: see what is marked."))
    }
}

impl From<AccountError> for Refused {
    fn from(error: AccountError) -> Self {
        if matches!(error, AccountError::Store(_) | AccountError::Hash(_)) {
            return Self::Response(Box::new(trouble(&error)));
        }
        if matches!(error, AccountError::GoneOver(_)) {
            return Self::Gone(sentence(&error));
        }
        let (wrong, why) = marks(&error, NOTHING);
        // Here they stand under the names of this form.
        let here = |field| match field {
            "extension" => "keep",
            "mail" => "emails",
            same => same,
        };
        Self::Mend(wrong.into_iter().map(|(field, why)| (here(field), why)).collect(), why)
    }
}

/// An extension by its number: who has it can be asked to give it up; a free one leads to a new user.
pub(super) async fn show(State(site): Shared, visitor: Visitor, Path(number): Path<String>) -> Response {
    let (extension, handover) = match handover(&site, &visitor, &number).await {
        Ok(found) => found,
        Err(response) => return *response,
    };
    let keep = match site.web.services.people.suggestion(visitor.actor.tenant).await {
        Ok(free) => free,
        Err(error) => return trouble(&error),
    };
    let given = Given {
        keep,
        comer: "new".to_owned(),
        mode: MailMode::Link.to_string(),
        with_numbers: true,
        with_phones: true,
        invite: true,
        ..Given::default()
    };
    let page = page(&site, &visitor, &extension, handover, given);
    render(&page, StatusCode::OK)
}

/// What there is, of somebody whom the visitor may change.
async fn handover(
    site: &Site,
    visitor: &Visitor,
    number: &str,
) -> Result<(Extension, Handover), Box<Response>> {
    visitor.must(Act::UsersWrite).map_err(Box::new)?;
    let extension: Extension = number.parse().map_err(|_| missing())?;
    let (tenant, services) = (visitor.actor.tenant, &site.web.services);
    match services.accounts.handover(tenant, &extension).await {
        Ok(handover) => {
            let login = services.signin.login(tenant, handover.account.user.id).await;
            let login = login.map_err(|error| trouble(&error))?;
            if visitor.actor.may_change(login.role) {
                Ok((extension, handover))
            } else {
                Err(Box::new(forbidden()))
            }
        }
        Err(AccountError::NoMailbox(_)) => {
            Err(Box::new(see(site, &format!("{}/new?extension={extension}", users::HERE))))
        }
        Err(error) => Err(Box::new(trouble(&error))),
    }
}

fn page(
    site: &Site,
    visitor: &Visitor,
    extension: &Extension,
    handover: Handover,
    given: Given,
) -> TakeoverPage {
    let Handover { account, holdings, dependents, lamps: watching } = handover;
    let name = account.user.full_name();
    TakeoverPage {
        frame: Frame::new(site, visitor, HERE, None),
        extension: extension.to_string(),
        name: if name.is_empty() { "No name".to_owned() } else { name },
        from: account.user.id,
        messages: counted(holdings.messages, "message"),
        greetings: counted(holdings.greetings, "greeting"),
        devices: counted(holdings.devices, "trusted device"),
        holdings,
        numbers: dependents.numbers,
        recipients: told(&account.mailbox.recipients),
        pointers: dependents.pointers,
        lamps: watching.iter().map(lamps::address).collect(),
        phones: dependents.phones.iter().map(Handset::in_words).collect(),
        may_give_phones: visitor.must(Act::PhonesWrite).is_ok(),
        modes: MailMode::ALL.into_iter().map(|mode| (mode, mode_title(mode))).collect(),
        given,
        review: Vec::new(),
        wrong: Marks::new(),
    }
}

fn told(recipients: &[Recipient]) -> Vec<(String, &'static str)> {
    recipients.iter().map(|to| (to.address.to_string(), mode_title(to.mode))).collect()
}

/// Shows what will happen; once that was seen, does it.
pub(super) async fn take_over(State(site): Shared, Path(number): Path<String>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    let (extension, handover) = match handover(&site, &visitor, &number).await {
        Ok(found) => found,
        Err(response) => return *response,
    };
    let now = &handover.account.user;
    // Whoever presses twice is told what the first press did, and nothing changes hands once more.
    if fields.get("from") != now.id.to_string() {
        return see(&site, &format!("{}/{}?done=theirs", users::HERE, now.id));
    }
    let (given, accounts) = (Given::of(&fields), site.web.services.accounts.by(&visitor.actor.name));
    let mut page = page(&site, &visitor, &extension, handover, given.clone());
    if fields.is_on("back") {
        return render(&page, StatusCode::OK);
    }
    let planned = async {
        let takeover = given.takeover(&visitor, &extension, page.from)?;
        let policy = site.web.services.people.policy(visitor.actor.tenant).await;
        let policy = policy.map_err(|error| Refused::Response(Box::new(trouble(&error))))?;
        if matches!(takeover.comer, Comer::New { .. }) && !visitor.actor.may_create(&policy) {
            let ask = policy.help_link.as_deref().unwrap_or("an administrator");
            let why = format!("You add no new people: choose somebody who is here, or ask {ask}.");
            return Err(Refused::Mend(Marks::new(), why));
        }
        accounts.check_takeover(visitor.actor.tenant, &takeover).await?;
        Ok::<_, Refused>(takeover)
    };
    let done = match planned.await {
        Ok(takeover) if !fields.is_on("confirm") => {
            page.review = review(&page, &takeover);
            match accounts.given_up(visitor.actor.tenant, &takeover).await {
                Ok(pointers) if pointers.is_empty() => {}
                Ok(pointers) => page.review.push(leads_nowhere(&pointers)),
                Err(error) => return trouble(&error),
            }
            return render(&page, StatusCode::OK);
        }
        Ok(takeover) => accounts.take_over(visitor.actor.tenant, takeover).await.map_err(Refused::from),
        Err(refused) => Err(refused),
    };
    match done {
        Ok(after) => {
            let is_asked = given.invite && given.comer != "known" && !after.user.emails.is_empty();
            let is_uninvited = is_asked && !site.web.services.invite_added(&after.user).await;
            let done = if is_uninvited { "added-uninvited" } else { "taken-over" };
            see(&site, &format!("{}/{}?done={done}", users::HERE, after.user.id))
        }
        Err(Refused::Mend(wrong, why)) => {
            page.wrong = wrong;
            page.frame = page.frame.with(Some(Done::refused(why)));
            render(&page, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(Refused::Gone(why)) => {
            page.frame = page.frame.with(Some(Done::refused(why)));
            render(&page, StatusCode::CONFLICT)
        }
        Err(Refused::Response(response)) => *response,
    }
}
