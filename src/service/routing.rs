//! Which mailbox a call is for, and why: sources are asked in the trunk's order, and the first one that names a mailbox
//! decides. Nothing is guessed: what names none or several is passed over and said so.
//!
//! Does not answer calls and plays nothing. Driven by the call layer for every call, and by `aftertone explain` with the
//! same facts: both run exactly this.

mod directory;
mod explain;
mod matching;
mod rules;
mod sources;

use std::fmt;
use std::net::IpAddr;

use crate::domain::{CallerId, DefaultAction, GreetingId, Mailbox, PhoneNumber, RedirectReason, Tenant};
use crate::sip::uri::{Uri, plain_number};
use crate::sip::{CallFacts, caller};
use crate::store::{Number, StoreError};

pub use directory::Directory;
pub use explain::{Explanation, Followed, explain};
pub(super) use matching::ABROAD;
pub use rules::{HeaderRule, Redirector, Source, TrunkRules};

/// Why no decision could be made.
#[derive(Debug, thiserror::Error)]
pub enum RoutingError {
    /// The store did not answer. Worth a retry: 503 to the caller.
    #[error("the mailbox cannot be looked up: {0}")]
    Store(#[from] StoreError),
    /// The configuration names a tenant that does not exist. The administrator's to mend.
    #[error("the trunk's rules name the tenant {0:?}, which does not exist: add it or correct `tenant`")]
    Tenant(String),
}

/// Why a source did not decide. Holds nothing that the network sent, so that it may be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Miss {
    /// It is not in the call.
    Absent,
    /// It is there, but cannot be read.
    Unreadable,
    /// It names only parties that the trunk's rules skip.
    Skipped,
    /// It names nobody who has a mailbox here.
    Unknown,
    /// Its last digits are those of several mailboxes.
    Ambiguous(usize),
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("not in the call"),
            Self::Unreadable => f.write_str("cannot be read"),
            Self::Skipped => f.write_str("names only numbers that are skipped"),
            Self::Unknown => f.write_str("names no mailbox"),
            Self::Ambiguous(count) => write!(f, "its last digits fit {count} mailboxes"),
        }
    }
}

/// A source that was asked and did not decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Which.
    pub source: Source,
    /// What it named. Personal: for `explain`, not for the log.
    pub found: Option<String>,
    /// Why that did not do.
    pub miss: Miss,
}

/// What becomes of the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// This mailbox takes it (or says that it is full, disabled, …).
    Mailbox {
        /// The mailbox.
        mailbox: Box<Mailbox>,
        /// The number or alias that was called, by its label if it has one; not the extension (004-09).
        alias: Option<String>,
        /// The greeting of that number or alias, if it has one of its own (004-07).
        greeting: Option<GreetingId>,
    },
    /// An owner wants to hear messages.
    Login,
    /// A caller looks for somebody by name.
    Directory,
    /// Nobody was named: the tenant's default action. A default mailbox that exists has become [`Outcome::Mailbox`], so
    /// one that stands here does not exist: announce that.
    Default(DefaultAction),
}

/// The decision, and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whose world the call is in.
    pub tenant: Tenant,
    /// What becomes of it.
    pub outcome: Outcome,
    /// Which source decided.
    pub source: Source,
    /// What that source named. Personal.
    pub found: Option<String>,
    /// The sources that were asked before, in order.
    pub tried: Vec<Tried>,
    /// Why the call came to voicemail.
    pub reason: RedirectReason,
    /// Who calls.
    pub caller: CallerId,
    /// The caller has a mailbox of the same tenant.
    pub internal: bool,
}

/// For the log: names sources and reasons, and nothing of the network.
impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.outcome {
            Outcome::Mailbox { .. } => "mailbox",
            Outcome::Login => "login",
            Outcome::Directory => "directory",
            Outcome::Default(DefaultAction::Announce) => "announcement",
            Outcome::Default(DefaultAction::Mailbox { .. }) => {
                "announcement (the default mailbox does not exist)"
            }
            Outcome::Default(DefaultAction::Transfer { .. }) => "transfer",
        };
        write!(f, "{what} by {}, reason {}", self.source, self.reason.as_str())?;
        for tried in self.tried.iter().filter(|tried| tried.miss != Miss::Absent) {
            write!(f, "; {}: {}", tried.source, tried.miss)?;
        }
        Ok(())
    }
}

/// Decides what becomes of a call.
///
/// # Errors
/// When the directory does not answer, or when the rules name a tenant that is not there.
pub async fn route<D: Directory>(
    directory: &D,
    rules: &TrunkRules,
    facts: &CallFacts,
) -> Result<Decision, RoutingError> {
    let mut lookup = Lookup::begin(directory, rules, facts).await?;
    let mut tried = Vec::new();
    let mut hit = None;
    for source in rules.sources() {
        let called = match sources::called(source, facts, rules) {
            Ok(called) => called,
            Err(miss) => {
                tried.push(Tried { source, found: None, miss });
                continue;
            }
        };
        let found = called.uri.user().map(str::to_owned);
        let tenant = lookup.tenant_of(&called.uri).await?;
        let own = match source {
            Source::Access => Some(Outcome::Login),
            Source::Directory => Some(Outcome::Directory),
            _ => None,
        };
        if let Some(outcome) = own {
            hit = Some((source, found, tenant, outcome, called.reason));
            break;
        }
        match lookup.mailbox(&tenant, &called.uri).await? {
            Ok(outcome) => {
                hit = Some((source, found, tenant, outcome, called.reason));
                break;
            }
            Err(miss) => tried.push(Tried { source, found, miss }),
        }
    }
    let (source, found, tenant, outcome, reason) = match hit {
        Some(hit) => hit,
        None => {
            let tenant = lookup.base.clone();
            let outcome = lookup.default_outcome(&tenant).await?;
            (Source::Default, None, tenant, outcome, RedirectReason::Unknown)
        }
    };
    let caller = caller(facts);
    let internal = match lookup.is_internal(&tenant, &outcome, &caller).await {
        // The database is away and this caller was never asked for: no reason to turn a known mailbox's caller away.
        Err(RoutingError::Store(StoreError::Away(_))) => false,
        answer => answer?,
    };
    let reason = sources::reason(reason, facts, rules);
    Ok(Decision { tenant, outcome, source, found, tried, reason, caller, internal })
}

/// The caller's number in every spelling that the trunk's rules make equal; empty when there is none.
pub fn caller_forms(caller: &CallerId, rules: &TrunkRules) -> Vec<String> {
    let Some(number) = caller.number.as_deref().filter(|_| !caller.anonymous) else { return Vec::new() };
    let mut forms = matching::forms(number, rules).exact;
    // Lists and rules keep numbers as E.164: who comes as 0049… is who was typed so.
    let rest = number.strip_prefix(ABROAD).filter(|_| rules.international_prefix.is_none());
    forms.extend(rest.map(|rest| format!("+{rest}")).filter(|form| form.parse::<PhoneNumber>().is_ok()));
    forms
}

/// Questions to the directory on behalf of one call.
struct Lookup<'a, D> {
    directory: &'a D,
    rules: &'a TrunkRules,
    /// The tenant of parties whose host is no tenant's domain.
    base: Tenant,
    /// Hosts that were asked for already.
    hosts: Vec<(String, Option<Tenant>)>,
}

impl<'a, D: Directory> Lookup<'a, D> {
    /// The tenant is that of the Request-URI's host, else the trunk's, else the usual one.
    async fn begin(directory: &'a D, rules: &'a TrunkRules, facts: &CallFacts) -> Result<Self, RoutingError> {
        let request = Uri::lenient(&facts.request_uri).ok();
        let host = request.as_ref().and_then(|uri| domain(uri).map(str::to_owned));
        let named = match &host {
            Some(host) => directory.tenant_by_domain(host).await?,
            None => None,
        };
        let base = match (&named, &rules.tenant) {
            (Some(tenant), _) => tenant.clone(),
            (None, Some(name)) => {
                let tenant = directory.tenant_by_name(name).await?;
                tenant.ok_or_else(|| RoutingError::Tenant(name.clone()))?
            }
            (None, None) => directory.usual_tenant().await?,
        };
        let hosts = host.map(|host| (host, named)).into_iter().collect();
        Ok(Self { directory, rules, base, hosts })
    }

    /// The tenant whose domain the URI's host is, else the call's.
    async fn tenant_of(&mut self, uri: &Uri) -> Result<Tenant, RoutingError> {
        let Some(host) = domain(uri) else { return Ok(self.base.clone()) };
        if let Some((_, known)) = self.hosts.iter().find(|(known, _)| known == host) {
            return Ok(known.clone().unwrap_or_else(|| self.base.clone()));
        }
        let tenant = self.directory.tenant_by_domain(host).await?;
        self.hosts.push((host.to_owned(), tenant.clone()));
        Ok(tenant.unwrap_or_else(|| self.base.clone()))
    }

    /// The one mailbox that this number or name means. A whole address that is known goes before its user part (004-06).
    async fn mailbox(&self, tenant: &Tenant, uri: &Uri) -> Result<Result<Outcome, Miss>, RoutingError> {
        let user = uri.user().unwrap_or_default();
        if let Some(number) = self.whole_address(tenant, uri, user).await? {
            return self.behind(tenant, number).await;
        }
        let forms = matching::forms(user, self.rules);
        if let Some(extension) = &forms.extension
            && let Some(mailbox) = self.directory.mailbox_by_extension(tenant.id, extension).await?
        {
            return Ok(Ok(found(mailbox)));
        }
        for number in &forms.exact {
            if let Some(number) = self.directory.number(tenant.id, number).await? {
                return self.behind(tenant, number).await;
            }
        }
        let Some(ending) = &forms.ending else { return Ok(Err(Miss::Unknown)) };
        let mut numbers = self.directory.numbers_ending(tenant.id, ending).await?;
        numbers.sort_by_key(|number| number.mailbox);
        numbers.dedup_by_key(|number| number.mailbox);
        let short = match ending.as_str().parse() {
            Ok(extension) => self.directory.mailbox_by_extension(tenant.id, &extension).await?,
            Err(_) => None,
        };
        if let Some(mailbox) = &short {
            numbers.retain(|number| number.mailbox != mailbox.id);
        }
        match (short, numbers.pop(), numbers.len()) {
            (Some(mailbox), None, _) => Ok(Ok(found(mailbox))),
            (None, Some(only), 0) => self.behind(tenant, only).await,
            (None, None, _) => Ok(Err(Miss::Unknown)),
            (short, _, others) => Ok(Err(Miss::Ambiguous(others + 1 + usize::from(short.is_some())))),
        }
    }

    async fn whole_address(
        &self,
        tenant: &Tenant,
        uri: &Uri,
        user: &str,
    ) -> Result<Option<Number>, RoutingError> {
        let Some(host) = domain(uri) else { return Ok(None) };
        match self.directory.number(tenant.id, &matching::address(user, host)).await {
            // The database is away and was never asked for this address: a known extension takes its calls all the same.
            Err(StoreError::Away(_)) if plain_number(user).is_some() => Ok(None),
            answer => Ok(answer?),
        }
    }

    /// The mailbox that a number leads to. A number whose mailbox was removed a moment ago leads nowhere.
    async fn behind(&self, tenant: &Tenant, number: Number) -> Result<Result<Outcome, Miss>, RoutingError> {
        match self.directory.mailbox(tenant.id, number.mailbox).await {
            Ok(mailbox) => {
                let Number { number, label, greeting, .. } = number;
                let alias = Some(label.unwrap_or(number));
                Ok(Ok(Outcome::Mailbox { mailbox: Box::new(mailbox), alias, greeting }))
            }
            Err(StoreError::Missing { .. }) => Ok(Err(Miss::Unknown)),
            Err(error) => Err(error.into()),
        }
    }

    async fn default_outcome(&self, tenant: &Tenant) -> Result<Outcome, RoutingError> {
        if let DefaultAction::Mailbox { extension } = &tenant.default_action
            && let Some(mailbox) = self.directory.mailbox_by_extension(tenant.id, extension).await?
        {
            return Ok(found(mailbox));
        }
        Ok(Outcome::Default(tenant.default_action.clone()))
    }

    /// Whether the caller's number is a mailbox of this tenant, exactly. Chooses a greeting, and grants nothing: caller
    /// identities can be forged. Asked for every call, also those without a number, and last of all.
    async fn is_internal(
        &self,
        tenant: &Tenant,
        outcome: &Outcome,
        caller: &CallerId,
    ) -> Result<bool, RoutingError> {
        let taking = match outcome {
            Outcome::Mailbox { mailbox, .. } => Some(mailbox.id),
            Outcome::Login | Outcome::Directory | Outcome::Default(_) => None,
        };
        let forms =
            caller.number.as_deref().map(|number| matching::forms(number, self.rules)).unwrap_or_default();
        Ok(self.directory.is_party(tenant.id, taking, forms.extension.as_ref(), &forms.exact).await?)
    }
}

fn found(mailbox: Mailbox) -> Outcome {
    Outcome::Mailbox { mailbox: Box::new(mailbox), alias: None, greeting: None }
}

/// The host as a domain name; addresses belong to no tenant.
fn domain(uri: &Uri) -> Option<&str> {
    uri.host().filter(|host| host.parse::<IpAddr>().is_err())
}

#[cfg(test)]
mod tests;
