//! Where rules lead a call that a mailbox was called for: from user to user, to a phone, a voicemail or a line (002-042 …
//! 002-045). A way that leads nowhere leaves the call where it began: a message is wanted by somebody.

use crate::domain::answering::{AnswerBy, Rule};
use crate::domain::{Extension, Mailbox, PhoneNumber, RedirectReason};
use crate::service::answering::{self, Answered, Asked, Goes, Lead, Trail};
use crate::service::remembered::Inquiry;
use crate::service::routing::{Decision, Directory as _, Followed, Outcome};
use crate::store::{Result, StoreError};

use super::Verdict;

/// Where the rules led a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Led {
    /// Whose rules, one after the other. Empty where the rule that holds leads nowhere else.
    pub steps: Vec<Followed>,
    /// Where the call goes at once; a message is taken only if it cannot.
    pub transfer: Option<String>,
    /// Why the call stays with the mailbox where it began, in spite of its rule.
    pub stays: Option<String>,
}

/// How a way ends.
enum End {
    /// It goes on in the phone system.
    Transfer(String),
    /// Where it began, and why, unless the rules themselves lead back.
    Stays(Option<String>),
    /// In the voicemail of a colleague.
    Taken(Box<Verdict>),
}

/// Follows the rule that holds; what the colleague's voicemail says of the call, if one takes it.
pub(super) async fn follow(inquiry: &Inquiry<'_>, verdict: &Verdict) -> (Led, Option<Verdict>) {
    let nowhere = (Led::default(), None);
    let (Some(mailbox), Some((_, rule))) = (verdict.mailbox(), &verdict.answered.rule) else {
        return nowhere;
    };
    let is_open = mailbox.enabled && verdict.answered.turned_away().is_none();
    let Some(lead) = Lead::of(&rule.then.answer).filter(|_| is_open) else { return nowhere };
    let mut way = Way { inquiry, verdict, mailbox, led: Led::default() };
    way.step(&mailbox.extension, Some(rule), lead.to_string());
    let end = match way.walk(lead).await {
        Ok(end) => end,
        // The database is away and a colleague was never asked for.
        Err(error) => End::Stays(Some(format!("a colleague cannot be looked up now ({error})"))),
    };
    let mut led = way.led;
    match end {
        End::Transfer(target) => led.transfer = Some(target),
        End::Stays(why) => {
            if let Some(why) = &why {
                tracing::warn!(rule = %rule.id, %why, "an answering rule leads nowhere: a message is taken");
            }
            led.stays = why;
        }
        End::Taken(mut theirs) => {
            theirs.handed = Some((mailbox.extension.clone(), rule.name.clone()));
            return (led, Some(*theirs));
        }
    }
    (led, None)
}

struct Way<'a> {
    inquiry: &'a Inquiry<'a>,
    verdict: &'a Verdict,
    /// Where the call began.
    mailbox: &'a Mailbox,
    led: Led,
}

impl Way<'_> {
    fn step(&mut self, at: &Extension, rule: Option<&Rule>, does: String) {
        let rule = rule.map(|rule| rule.name.clone());
        self.led.steps.push(Followed { mailbox: at.to_string(), rule, does });
    }

    async fn walk(&mut self, mut lead: Lead) -> Result<End> {
        let mut trail = Trail::of(vec![self.mailbox.extension.clone()]);
        loop {
            let target = match lead {
                Lead::Voicemail(extension) => return self.voicemail(&extension).await,
                Lead::Handset(name) => return self.phone(name).await,
                Lead::User(extension) => extension.to_string(),
                Lead::Line(target) => target,
            };
            let Some(colleague) = self.owner(&target).await? else { return Ok(End::Transfer(target)) };
            let extension = colleague.extension.clone();
            if let Err(astray) = trail.step(&extension) {
                return Ok(End::Stays(Some(astray.to_string())));
            }
            // Whose voicemail is off has no rules that hold.
            if !colleague.enabled {
                self.step(&extension, None, "has no voicemail; the phones ring".to_owned());
                return Ok(End::Transfer(target));
            }
            let (theirs, answered) = self.asked(colleague).await?;
            let rule = answered.rule.as_ref().map(|(_, rule)| rule);
            match Goes::by(&answered) {
                Goes::On(next) => {
                    self.step(&extension, rule, next.to_string());
                    lead = next;
                }
                Goes::Phones => {
                    self.step(&extension, rule, "the phones ring".to_owned());
                    return Ok(End::Transfer(target));
                }
                Goes::Voicemail => {
                    self.step(&extension, rule, "goes to voicemail without ringing".to_owned());
                    return self.taken(theirs, answered).await;
                }
                Goes::Away => {
                    self.step(&extension, rule, "turns this caller away".to_owned());
                    return Ok(End::Stays(Some(format!("{extension} turns this caller away"))));
                }
            }
        }
    }

    /// Whose number this is.
    async fn owner(&self, target: &str) -> Result<Option<Mailbox>> {
        let tenant = self.mailbox.tenant;
        if let Ok(extension) = target.parse::<Extension>()
            && let Some(mailbox) = self.inquiry.mailbox_by_extension(tenant, &extension).await?
        {
            return Ok(Some(mailbox));
        }
        let Ok(number) = target.parse::<PhoneNumber>() else { return Ok(None) };
        let Some(number) = self.inquiry.number(tenant, number.as_str()).await? else { return Ok(None) };
        match self.inquiry.mailbox(tenant, number.mailbox).await {
            Ok(mailbox) => Ok(Some(mailbox)),
            // It was removed a moment ago.
            Err(StoreError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn phone(&self, name: String) -> Result<End> {
        Ok(match self.inquiry.has_phone(self.mailbox.tenant, &name).await? {
            true => End::Transfer(name),
            false => End::Stays(Some(format!("nobody has a phone {name}"))),
        })
    }

    /// The call as it would be for a colleague, and what their rules say of it before any phone has rung.
    async fn asked(&self, colleague: Mailbox) -> Result<(Verdict, Answered)> {
        let (tenant, id) = (colleague.tenant, colleague.id);
        let outcome = Outcome::Mailbox { mailbox: Box::new(colleague), alias: None, greeting: None };
        let decision = Decision { outcome, ..self.verdict.decision.clone() };
        let mut theirs = Verdict::empty(decision, self.verdict.numbers.clone(), self.verdict.now);
        theirs.arrangements = self.inquiry.arrangements(tenant, id).await?;
        let zone = theirs.zone();
        let asked = Asked { reason: RedirectReason::Unknown, ..theirs.asked(&zone) };
        let answered = answering::decide(&theirs.arrangements, &asked);
        Ok((theirs, answered))
    }

    /// The voicemail of whoever has this extension, whatever their rules say; but not a caller whom their list turns away.
    async fn voicemail(&self, extension: &Extension) -> Result<End> {
        if *extension == self.mailbox.extension {
            return Ok(End::Stays(None));
        }
        let found = self.inquiry.mailbox_by_extension(self.mailbox.tenant, extension).await?;
        let Some(colleague) = found else {
            return Ok(End::Stays(Some(format!("nobody has the extension {extension}"))));
        };
        let (theirs, answered) = self.asked(colleague).await?;
        self.taken(theirs, Answered { rule: None, ..answered }).await
    }

    /// The colleague's voicemail, unless it takes no message.
    async fn taken(&self, mut theirs: Verdict, answered: Answered) -> Result<End> {
        let Some(colleague) = theirs.mailbox().cloned() else { return Ok(End::Stays(None)) };
        let (tenant, id) = (colleague.tenant, colleague.id);
        let announces =
            matches!(&answered.rule, Some((_, rule)) if rule.then.answer == AnswerBy::Announcement);
        // How full that mailbox is comes with this answer.
        self.inquiry.is_party(tenant, Some(id), None, &[]).await?;
        theirs.usage = self.inquiry.usage(tenant, id)?;
        let why = if !colleague.enabled {
            "is off"
        } else if answered.turned_away().is_some() {
            "turns this caller away"
        } else if colleague.announcement_only || announces {
            "only announces"
        } else if theirs.is_full() {
            "is full"
        } else {
            theirs.greetings = self.inquiry.greetings(tenant, id).await?;
            theirs.answered = answered;
            return Ok(End::Taken(Box::new(theirs)));
        };
        Ok(End::Stays(Some(format!("the voicemail of {} {why}", colleague.extension))))
    }
}
