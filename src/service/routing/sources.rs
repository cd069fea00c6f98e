//! What each source says about who was called. Pure: headers and rules in, a called party out.

use crate::domain::RedirectReason;
use crate::sip::CallFacts;
use crate::sip::diversion::Diversion;
use crate::sip::history::{HistoryEntry, redirections};
use crate::sip::target;
use crate::sip::uri::{NameAddr, Uri, plain_number};

use super::rules::{HeaderRule, Redirector, Source, TrunkRules};
use super::{Miss, matching};

/// Who was called, by the word of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Called {
    pub(super) uri: Uri,
    /// Why the call was sent on, if this source says so.
    pub(super) reason: RedirectReason,
}

impl Called {
    fn plain(uri: Uri) -> Self {
        Self { uri, reason: RedirectReason::Unknown }
    }
}

/// What `source` says.
pub(super) fn called(source: Source, facts: &CallFacts, rules: &TrunkRules) -> Result<Called, Miss> {
    match source {
        Source::Target => by_target(facts),
        Source::Prefix => by_prefix(facts, rules),
        Source::Header => by_header(facts, rules),
        Source::HistoryInfo => by_history(facts, rules),
        Source::Diversion => by_diversion(facts, rules),
        Source::RequestUri => of_mailbox(&facts.request_uri, rules),
        Source::To => of_mailbox(&facts.to.uri, rules),
        Source::Access => among(facts, &rules.access_numbers),
        Source::Directory => among(facts, &rules.directory_numbers),
        Source::Default => Err(Miss::Absent),
    }
}

/// Why the call was sent on, by whatever says so: the deciding source first, then the others.
pub(super) fn reason(decided: RedirectReason, facts: &CallFacts, rules: &TrunkRules) -> RedirectReason {
    let asked = || Uri::lenient(&facts.request_uri).ok().as_ref().and_then(target::cause);
    let diverted = || by_diversion(facts, rules).ok().map(|called| called.reason);
    let history = || by_history(facts, rules).ok().map(|called| called.reason);
    let known = |reason: &RedirectReason| *reason != RedirectReason::Unknown;
    let first = Some(decided).filter(known).or_else(|| asked().filter(known));
    first.or_else(|| diverted().filter(known)).or_else(history).unwrap_or_default()
}

fn named(text: &str) -> Result<Called, Miss> {
    if text.trim().is_empty() {
        return Err(Miss::Absent);
    }
    let uri = Uri::lenient(text).map_err(|_| Miss::Unreadable)?;
    if uri.user().is_none() { Err(Miss::Absent) } else { Ok(Called::plain(uri)) }
}

/// As [`named`], but not where callers sign in or search: a mailbox that was given such a number takes neither from anybody.
fn of_mailbox(text: &str, rules: &TrunkRules) -> Result<Called, Miss> {
    let called = named(text)?;
    if is_listed(&called.uri, &rules.access_numbers) || is_listed(&called.uri, &rules.directory_numbers) {
        return Err(Miss::Absent);
    }
    Ok(called)
}

fn by_target(facts: &CallFacts) -> Result<Called, Miss> {
    let request = Uri::lenient(&facts.request_uri).map_err(|_| Miss::Unreadable)?;
    let uri = target::target(&request).ok_or(Miss::Absent)?.map_err(|_| Miss::Unreadable)?;
    Ok(Called { uri, reason: target::cause(&request).unwrap_or_default() })
}

fn by_prefix(facts: &CallFacts, rules: &TrunkRules) -> Result<Called, Miss> {
    // `*97` may be an access number and begin with the prefix `*`: the exact number is meant.
    let request = of_mailbox(&facts.request_uri, rules)?;
    let user = request.uri.user().unwrap_or_default();
    let longest =
        rules.prefixes.iter().filter_map(|prefix| without(user, prefix)).min_by_key(|rest| rest.len());
    let number = longest.ok_or(Miss::Absent)?.to_owned();
    Ok(Called::plain(request.uri.with_user(&number)))
}

fn without<'a>(user: &'a str, prefix: &str) -> Option<&'a str> {
    let head = user.get(..prefix.len())?;
    let rest = user.get(prefix.len()..)?;
    (!prefix.is_empty() && !rest.is_empty() && head.eq_ignore_ascii_case(prefix)).then_some(rest)
}

fn by_header(facts: &CallFacts, rules: &TrunkRules) -> Result<Called, Miss> {
    let found = rules.headers.iter().find_map(|rule| header_value(facts, rule));
    let value = found.ok_or(Miss::Absent)?;
    let uri = NameAddr::parse(&value).map_err(|_| Miss::Unreadable)?.uri;
    named(&uri)
}

fn header_value(facts: &CallFacts, rule: &HeaderRule) -> Option<String> {
    let mut lines = facts.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(&rule.name));
    match &rule.param {
        None => lines.next().map(|(_, value)| value.clone()),
        Some(param) => lines.find_map(|(_, value)| param_of(value, param)),
    }
}

/// `mod=vm;usr=1001` or `mod=vm usr=1001`, with or without quotes.
fn param_of(value: &str, param: &str) -> Option<String> {
    let pairs = value.split([';', ',', ' ', '\t']).filter_map(|pair| pair.split_once('='));
    let mut hits = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case(param));
    hits.next().map(|(_, value)| value.trim().trim_matches('"').to_owned())
}

fn by_diversion(facts: &CallFacts, rules: &TrunkRules) -> Result<Called, Miss> {
    let mut values = Diversion::parse_all(&facts.diversion);
    if rules.diversion == Redirector::First {
        values.reverse();
    }
    let seen = !values.is_empty();
    for value in values {
        let diversion = value.map_err(|_| Miss::Unreadable)?;
        if !is_listed(&diversion.uri, &rules.skip) {
            return Ok(Called { uri: diversion.uri, reason: diversion.reason });
        }
    }
    Err(if seen { Miss::Skipped } else { Miss::Absent })
}

fn by_history(facts: &CallFacts, rules: &TrunkRules) -> Result<Called, Miss> {
    let entries: Result<Vec<_>, _> = HistoryEntry::parse_all(&facts.history_info).into_iter().collect();
    let mut redirected = redirections(&entries.map_err(|_| Miss::Unreadable)?);
    if rules.history == Redirector::Last {
        redirected.reverse();
    }
    let seen = !redirected.is_empty();
    let owner = redirected.into_iter().find(|one| !is_listed(&one.by, &rules.skip));
    match owner {
        Some(one) => Ok(Called { uri: one.by, reason: one.reason }),
        None => Err(if seen { Miss::Skipped } else { Miss::Absent }),
    }
}

fn among(facts: &CallFacts, numbers: &[String]) -> Result<Called, Miss> {
    let request = named(&facts.request_uri)?;
    if is_listed(&request.uri, numbers) { Ok(request) } else { Err(Miss::Absent) }
}

fn is_listed(uri: &Uri, list: &[String]) -> bool {
    let plain = |text: &str| plain_number(text).unwrap_or_else(|| matching::alias(text));
    uri.user().is_some_and(|user| list.iter().any(|listed| plain(listed) == plain(user)))
}
