//! The rules of a mailbox in their order: which is active and until when, moved, switched, removed, undone.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::domain::answering::{CallerPattern, Conditions};
use crate::domain::{ChangeId, Owner, RuleId};
use crate::service::access::{Act, Reach};
use crate::service::answering::{Overview, Rules, Standing, acts, conditions, phone_system, reason_word};

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{missing, words};
use super::super::shell::render;
use super::super::visitor::{Posted, Visitor, see};
use super::super::{Shared, Site};
use super::trying::{Tried, Try};
use super::{Refused, Whose};

#[derive(Template)]
#[template(path = "portal/rules.html", config = "src/http/pages/askama.toml")]
struct RulesPage {
    frame: Frame,
    whose: Whose,
    /// Whoever sees the rules of colleagues.
    may_copy: bool,
    rows: Vec<Row>,
    is_default: bool,
    default_badge: String,
    zone: String,
    now: String,
    attempt: Try,
    tried: Option<Tried>,
}

struct Row {
    id: String,
    place: usize,
    name: String,
    enabled: bool,
    active: bool,
    badge: String,
    when: String,
    does: Vec<String>,
    phones: Vec<String>,
    warning: Option<String>,
    /// The question of a call that it names, as a query.
    attempt: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    done: String,
    change: String,
    caller: Option<String>,
    reason: String,
    at: String,
}

pub(super) async fn list(
    State(site): Shared,
    visitor: Visitor,
    Path(word): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let whose = match Whose::read(&site, &visitor, &word).await {
        Ok(whose) => whose,
        Err(response) => return response,
    };
    let said = match asked.done.as_str() {
        "added" => Some("The rule is kept. It holds from the next call on."),
        "saved" => Some("The rule is saved. It holds from the next call on."),
        "moved" => Some("The order is saved. It holds from the next call on."),
        "on" => Some("The rule is on."),
        "off" => Some("The rule is off: as if it were not there."),
        "removed" => Some("The rule is deleted."),
        "copied" => Some("The rules are copied."),
        "undone" => Some("Undone: the rules are as before."),
        _ => None,
    };
    let undo = asked.change.parse::<ChangeId>().ok().filter(|_| whose.may_write);
    let undo = undo.map(|change| format!("{}/rules/undo/{change}", whose.path));
    let done = said.map(|text| Done { undo, ..Done::said(text) });
    shown(&site, &visitor, whose, &asked, done, StatusCode::OK).await
}

async fn shown(
    site: &Site,
    visitor: &Visitor,
    whose: Whose,
    asked: &Asked,
    done: Option<Done>,
    status: StatusCode,
) -> Response {
    match page(site, visitor, whose, asked, done).await {
        Ok(page) => render(&page, status),
        Err(Refused::Response(response)) => *response,
        Err(Refused::Mend(_)) => missing(),
    }
}

async fn page(
    site: &Site,
    visitor: &Visitor,
    whose: Whose,
    asked: &Asked,
    done: Option<Done>,
) -> Result<RulesPage, Refused> {
    let now = site.web.clock.now();
    let (_, extension) = whose.mailbox()?;
    let overview = site.web.services.rules.overview(whose.tenant, extension, now).await?;
    let zone = &overview.zone;
    let attempt = Try {
        caller: asked.caller.clone().unwrap_or_default(),
        reason: asked.reason.clone(),
        at: asked.at.clone(),
    };
    let (tried, refused) = match &asked.caller {
        None => (None, None),
        Some(_) => match attempt.ask(site, visitor, extension, zone).await {
            Ok(tried) => (Some(tried), None),
            Err(Refused::Mend(why)) => (None, Some(Done::refused(why))),
            Err(other) => return Err(other),
        },
    };
    let rows = (1..).zip(&overview.standings).map(|(place, standing)| row(place, standing, &overview, now));
    let rows = rows.collect();
    Ok(RulesPage {
        frame: Frame::new(site, visitor, whose.here(), None).with(refused.or(done)),
        rows,
        is_default: overview.is_default,
        default_badge: badge(overview.default_until, "no rule holds", now, zone),
        zone: zone.iana_name().unwrap_or("UTC").to_owned(),
        now: words::exactly(now, zone),
        may_copy: visitor.actor.reach(Act::SettingsRead) > Reach::Own,
        whose,
        attempt,
        tried,
    })
}

/// `Active now, until Tue 1 Dec, 17:00, because within "Office hours"` (002-055).
fn badge(until: Option<Timestamp>, because: &str, now: Timestamp, zone: &TimeZone) -> String {
    let until = until.map(|at| format!(", until {}", soon(at, now, zone))).unwrap_or_default();
    format!("Active now{until}, because {because}")
}

/// A time to come, as short as it can be: `17:00`, `Tue 17:00`, `24 Dec, 00:00`, `4 Jul 2027, 00:00`.
pub(super) fn soon(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let days = at.date().duration_since(now.date()).as_hours() / 24;
    let format = match days {
        0 => "%H:%M",
        1..=6 => "%a %H:%M",
        _ if at.year() == now.year() => "%a %-d %b, %H:%M",
        _ => "%-d %b %Y, %H:%M",
    };
    at.strftime(format).to_string()
}

fn row(place: usize, standing: &Standing, overview: &Overview, now: Timestamp) -> Row {
    let Standing { rule, active, until, warning, in_time } = standing;
    let when = conditions(&rule.when, &overview.arrangements);
    let because = if when == "always" { "it always holds".to_owned() } else { when.clone() };
    let zone = &overview.zone;
    let badge = match (active, rule.enabled, in_time) {
        (true, ..) => badge(*until, &because, now, zone),
        (false, false, _) => "Off".to_owned(),
        (false, true, true) if rule.when.reasons.is_empty() && rule.when.callers.is_empty() => {
            "Would hold now, but a rule above does".to_owned()
        }
        (false, true, true) => "Holds now for calls that it names".to_owned(),
        (false, true, false) => match until {
            Some(at) => format!("Not now; active from {}", soon(*at, now, zone)),
            None => "Not now".to_owned(),
        },
    };
    Row {
        id: rule.id.to_string(),
        place,
        name: rule.name.clone(),
        enabled: rule.enabled,
        active: *active,
        badge,
        when: words::begun(&when),
        does: acts(&rule.then),
        phones: phone_system(&rule.then.phones),
        warning: warning.as_ref().map(|warning| words::begun(&warning.to_string())),
        attempt: attempt(standing, zone),
    }
}

/// A call that the rule names: its first caller and reason, and when it is next in time.
fn attempt(standing: &Standing, zone: &TimeZone) -> String {
    let Conditions { reasons, callers, .. } = &standing.rule.when;
    let caller = callers.first().map(|caller| match caller {
        CallerPattern::Number(number) | CallerPattern::Prefix(number) => number.as_str(),
        CallerPattern::Anonymous | CallerPattern::Internal | CallerPattern::External => "",
    });
    let at = standing.until.filter(|_| !standing.in_time);
    let at = at.map(|at| at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M").to_string());
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("caller", caller.unwrap_or_default())
        .append_pair("reason", reasons.first().map_or("", |reason| reason_word(*reason)))
        .append_pair("at", &at.unwrap_or_default())
        .finish()
}

pub(super) async fn act(
    State(site): Shared,
    Path((word, rule, action)): Path<(String, String, String)>,
    posted: Posted,
) -> Response {
    let Ok(id) = rule.parse::<RuleId>() else { return missing() };
    change(&site, &posted, &word, async |owner, rules| {
        let place = rules.of(owner).await?.iter().position(|rule| rule.id == id).ok_or_else(missing)?;
        let (done, change) = match action.as_str() {
            "up" => ("moved", rules.place(owner, id, place.max(1)).await?),
            "down" => ("moved", rules.place(owner, id, place + 2).await?),
            "on" | "off" => {
                let on = action == "on";
                (if on { "on" } else { "off" }, rules.enable(owner, id, on).await?)
            }
            "remove" => ("removed", rules.delete(owner, id).await?),
            _ => return Err(missing().into()),
        };
        Ok((done, Some(change)))
    })
    .await
}

/// The ids of all rules in their new order, as somebody has drawn them (002-054).
pub(super) async fn order(State(site): Shared, Path(word): Path<String>, posted: Posted) -> Response {
    let ids: Option<Vec<RuleId>> = posted.fields.all("rule").iter().map(|id| id.parse().ok()).collect();
    let Some(ids) = ids else { return missing() };
    change(&site, &posted, &word, async |owner, rules| Ok(("moved", Some(rules.order(owner, &ids).await?))))
        .await
}

pub(super) async fn undo(
    State(site): Shared,
    Path((word, change_id)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    let Ok(id) = change_id.parse::<ChangeId>() else { return missing() };
    change(&site, &posted, &word, async |owner, rules| {
        rules.undo(owner, id).await?;
        Ok(("undone", None))
    })
    .await
}

/// Changes rules, and goes back to them.
async fn change(
    site: &Site,
    posted: &Posted,
    word: &str,
    change: impl AsyncFnOnce(Owner, &Rules) -> Result<(&'static str, Option<ChangeId>), Refused>,
) -> Response {
    let visitor = &posted.visitor;
    let whose = match Whose::write(site, visitor, word).await {
        Ok(whose) => whose,
        Err(response) => return response,
    };
    match changed(site, visitor, &whose, change).await {
        Ok((done, change)) => {
            let change = change.map(|change| format!("&change={change}")).unwrap_or_default();
            see(site, &format!("{}/rules?done={done}{change}", whose.path))
        }
        Err(Refused::Response(response)) => *response,
        Err(Refused::Mend(why)) => {
            let done = Some(Done::refused(why));
            shown(site, visitor, whose, &Asked::default(), done, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}

pub(super) async fn changed(
    site: &Site,
    visitor: &Visitor,
    whose: &Whose,
    change: impl AsyncFnOnce(Owner, &Rules) -> Result<(&'static str, Option<ChangeId>), Refused>,
) -> Result<(&'static str, Option<ChangeId>), Refused> {
    let (owner, _) = whose.mailbox()?;
    change(owner, &site.web.services.rules.by(&visitor.actor.name)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    // 002-055
    #[test]
    fn what_is_to_come_is_told_as_short_as_it_can_be() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let now = "2026-11-28T15:00:00Z".parse().unwrap();
        for (at, told) in [
            ("2026-11-28T16:00:00Z", "17:00"),
            ("2026-12-01T16:00:00Z", "Tue 17:00"),
            ("2026-12-23T23:00:00Z", "Thu 24 Dec, 00:00"),
            ("2027-07-03T22:00:00Z", "4 Jul 2027, 00:00"),
        ] {
            assert_eq!(soon(at.parse().unwrap(), now, &zone), told);
        }
        let until = Some("2026-12-01T16:00:00Z".parse().unwrap());
        let told = badge(until, "within \"Office hours\"", now, &zone);
        assert_eq!(told, "Active now, until Tue 17:00, because within \"Office hours\"");
    }
}
