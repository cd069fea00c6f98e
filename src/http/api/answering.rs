//! The rules of a mailbox: list, add, change, order, copy, remove, undo.

mod given;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::answering::{Rule, RuleActions};
use crate::domain::{ChangeId, Extension as Number, Invalid, Owner, RuleId};
use crate::service::access::Act;
use crate::service::answering::{
    AnsweringError, NewRule, Overview, Rules, Standing, Step, acts, answer_word, conditions, phone_system,
    reason_word,
};
use crate::store::StoreError;

use super::super::Site;
use super::caller::Caller;
use super::greetings::given;
use super::page;
use super::problem::Problem;
use given::{Then, When};

type Answer = Result<Response, Problem>;

impl From<AnsweringError> for Problem {
    fn from(error: AnsweringError) -> Self {
        let detail = error.to_string();
        match error {
            AnsweringError::Invalid(invalid) => Self::field(field(invalid.what), detail),
            AnsweringError::NoMailbox(_) => Self::missing("mailbox"),
            AnsweringError::NoFrame(_) => Self::missing("time frame"),
            AnsweringError::NoRule(_) => Self::missing("rule"),
            AnsweringError::NoCaller(_) => Self::missing("line"),
            AnsweringError::Taken { what, name } => {
                Self::new(StatusCode::CONFLICT, format!("there is a {what} {name:?} already"))
            }
            AnsweringError::TooManyRules
            | AnsweringError::OtherRules { .. }
            | AnsweringError::CopyChanged
            | AnsweringError::NoUndo
            | AnsweringError::ChangedSince => Self::new(StatusCode::CONFLICT, detail),
            AnsweringError::TooManyCallers => Self::field("callers", detail),
            AnsweringError::Spans(_) => Self::field("spans", detail),
            AnsweringError::DoesNothing => Self::field("then", detail),
            AnsweringError::Target { .. } => Self::field("target", detail),
            AnsweringError::Calendar(_) => Self::field("calendar", detail),
            AnsweringError::Store(StoreError::InUse(why)) => Self::new(StatusCode::CONFLICT, why),
            AnsweringError::Store(error) => error.into(),
        }
    }
}

/// The field of ours that a value is given in.
fn field(what: &'static str) -> &'static str {
    match what {
        "name of a rule" | "name of a time frame" => "name",
        "greeting of the rule" | "greeting kind" => "greeting",
        "reason" => "reasons",
        "key" => "keys",
        "ringing" => "ring_s",
        "rings" => "ring_count",
        "ring cadence" => "cadence_internal",
        "voicemail" | "extension" => "target",
        "phones" => "simring",
        "forward always" => "forward_always",
        "forward when busy" => "forward_busy",
        "forward when unanswered" => "forward_unanswered",
        "forward when offline" => "forward_offline",
        "ring beside the extension alone" => "only_extension",
        "use of a time frame" => "use",
        "time span" => "spans",
        other => other,
    }
}

/// A value that does not read, by the field that it is given in.
pub(super) fn invalid(error: Invalid) -> Problem {
    AnsweringError::from(error).into()
}

fn then_json(then: &RuleActions) -> Value {
    let (answer, target) = answer_word(&then.answer);
    let (greeting, operator, keys, phones) = (&then.greeting, &then.operator, &then.keys, &then.phones);
    json!({"answer": answer, "target": target, "greeting": greeting, "operator": operator, "keys": keys, "phones": phones})
}

fn rule_json(place: usize, standing: &Standing, overview: &Overview) -> Value {
    let Standing { rule, in_time, active, until, warning } = standing;
    let reasons: Vec<&str> = rule.when.reasons.iter().map(|reason| reason_word(*reason)).collect();
    let within = rule.when.within;
    let mut does = acts(&rule.then);
    does.extend(phone_system(&rule.then.phones));
    json!({
        "id": rule.id,
        "place": place,
        "name": rule.name,
        "enabled": rule.enabled,
        "when": {
            "frame": within.map(|within| within.frame),
            "outside": within.is_some_and(|within| within.outside),
            "presence": rule.when.presence,
            "reasons": reasons,
            "callers": rule.when.callers,
        },
        "then": then_json(&rule.then),
        "call_paths": overview.call_paths,
        "in_time": in_time,
        "active": active,
        "until": until,
        "warning": warning.as_ref().map(ToString::to_string),
        "told": {"when": conditions(&rule.when, &overview.arrangements), "does": does},
        "created_at": rule.created_at,
    })
}

/// A mailbox that is reached, and its number.
pub(super) async fn numbered(site: &Site, caller: &Caller, text: &str) -> Result<(Owner, Number), Problem> {
    let owner = caller.owner(text)?;
    let number =
        site.web.services.people.extension(owner.tenant, owner.mailbox).await.map_err(
            |error| match error {
                StoreError::Missing { .. } => Problem::missing("mailbox"),
                other => other.into(),
            },
        )?;
    Ok((owner, number.parse()?))
}

async fn overview(site: &Site, owner: Owner, number: &Number) -> Result<Overview, Problem> {
    Ok(site.web.services.rules.overview(owner.tenant, number, site.web.clock.now()).await?)
}

async fn one(site: &Site, owner: Owner, number: &Number, id: RuleId) -> Result<Value, Problem> {
    let overview = overview(site, owner, number).await?;
    let mut numbered = (1..).zip(&overview.standings);
    let found = numbered.find(|(_, standing)| standing.rule.id == id);
    let (place, standing) = found.ok_or_else(|| Problem::missing("rule"))?;
    Ok(rule_json(place, standing, &overview))
}

fn rule_id(text: &str) -> Result<RuleId, Problem> {
    text.parse().map_err(|_| Problem::missing("rule"))
}

pub(super) async fn list(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(mailbox): Path<String>,
) -> Answer {
    let (owner, number) = numbered(&site, &caller, &mailbox).await?;
    let overview = overview(&site, owner, &number).await?;
    let rules = (1..).zip(&overview.standings).map(|(place, standing)| rule_json(place, standing, &overview));
    Ok(page(rules.collect(), None::<&str>))
}

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path((mailbox, rule)): Path<(String, String)>,
) -> Answer {
    let (owner, number) = numbered(&site, &caller, &mailbox).await?;
    Ok(Json(one(&site, owner, &number, rule_id(&rule)?).await?).into_response())
}

/// The rules, for changes by the caller.
fn rules_by(site: &Site, caller: &Caller) -> Rules {
    site.web.services.rules.by(&caller.actor.name)
}

/// What was made of a thing, with what takes the change back.
pub(super) fn undoable(mut told: Value, change: ChangeId) -> Value {
    if let Some(fields) = told.as_object_mut() {
        fields.insert("undo".to_owned(), json!(change));
    }
    told
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Adding {
    name: String,
    enabled: Option<bool>,
    #[serde(default)]
    when: When,
    #[serde(default)]
    then: Then,
    place: Option<usize>,
}

pub(super) async fn add(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(mailbox): Path<String>,
    Json(adding): Json<Adding>,
) -> Answer {
    let (owner, number) = numbered(&site, &caller, &mailbox).await?;
    let new = NewRule {
        name: adding.name,
        enabled: adding.enabled.unwrap_or(true),
        when: adding.when.read(&site.web.services.reception.abroad(), &[])?,
        then: adding.then.read()?,
        place: adding.place,
        replace: false,
    };
    let saved = rules_by(&site, &caller).save(owner.tenant, &number, None, new).await?;
    let told = undoable(one(&site, owner, &number, saved.rule).await?, saved.change);
    Ok((StatusCode::CREATED, Json(told)).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Changing {
    name: Option<String>,
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    when: Option<Option<When>>,
    #[serde(default, deserialize_with = "given")]
    then: Option<Option<Then>>,
    place: Option<usize>,
}

pub(super) async fn change(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path((mailbox, rule)): Path<(String, String)>,
    Json(changing): Json<Changing>,
) -> Answer {
    let (owner, number) = numbered(&site, &caller, &mailbox).await?;
    let id = rule_id(&rule)?;
    let rules = rules_by(&site, &caller);
    let known = rules.of(owner).await?.into_iter().find(|rule| rule.id == id);
    let Rule { name, enabled, when, then, .. } = known.ok_or_else(|| Problem::missing("rule"))?;
    let (abroad, callers) = (site.web.services.reception.abroad(), when.callers.clone());
    let new = NewRule {
        name: changing.name.unwrap_or(name),
        enabled: changing.enabled.unwrap_or(enabled),
        when: changing.when.map_or(Ok(when), |given| given.unwrap_or_default().read(&abroad, &callers))?,
        then: changing.then.map_or(Ok(then), |given| given.unwrap_or_default().read())?,
        place: changing.place,
        replace: false,
    };
    let saved = rules.save(owner.tenant, &number, Some(id), new).await?;
    Ok(Json(undoable(one(&site, owner, &number, id).await?, saved.change)).into_response())
}

pub(super) async fn remove(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path((mailbox, rule)): Path<(String, String)>,
) -> Answer {
    let (owner, _) = numbered(&site, &caller, &mailbox).await?;
    let change = rules_by(&site, &caller).delete(owner, rule_id(&rule)?).await?;
    Ok(Json(json!({"undo": change})).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ordering {
    rules: Vec<RuleId>,
}

pub(super) async fn order(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(mailbox): Path<String>,
    Json(ordering): Json<Ordering>,
) -> Answer {
    let (owner, _) = numbered(&site, &caller, &mailbox).await?;
    let change = rules_by(&site, &caller).order(owner, &ordering.rules).await?;
    Ok(Json(json!({"undo": change})).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Copying {
    from: String,
    #[serde(default)]
    preview: bool,
    /// What a preview said: nothing else is copied.
    seen: Option<String>,
}

pub(super) async fn copy(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(mailbox): Path<String>,
    Json(copying): Json<Copying>,
) -> Answer {
    let (owner, number) = numbered(&site, &caller, &mailbox).await?;
    let rules = rules_by(&site, &caller);
    let unknown = || Problem::field("from", "there is no such extension whose rules you may see");
    let from: Number = copying.from.parse().map_err(|_| unknown())?;
    let known = rules.overview(owner.tenant, &from, site.web.clock.now()).await.map_err(|_| unknown())?;
    let source = known.mailbox.id;
    if source == owner.mailbox || !caller.actor.may(Act::SettingsRead, owner.tenant, Some(source)) {
        return Err(unknown());
    }
    let plan = rules.copy_preview(owner.tenant, &from, &number).await?;
    let step = |step: &Step| json!({"name": step.name, "was": step.was, "becomes": step.becomes, "notes": step.notes});
    let steps: Vec<Value> = plan.steps.iter().map(step).collect();
    // What is told is what is copied.
    let wanted = copying.seen.as_deref().unwrap_or(&plan.seen);
    let change = match copying.preview {
        true => None,
        false => Some(rules.copy(owner.tenant, &from, &number, wanted).await?),
    };
    Ok(Json(json!({"steps": steps, "seen": plan.seen, "undo": change})).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Undoing {
    change: String,
}

impl Undoing {
    pub(super) fn id(&self) -> Result<ChangeId, Problem> {
        self.change.parse().map_err(|_| Problem::missing("change"))
    }
}

pub(super) async fn undo(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(mailbox): Path<String>,
    Json(undoing): Json<Undoing>,
) -> Answer {
    let (owner, _) = numbered(&site, &caller, &mailbox).await?;
    rules_by(&site, &caller).undo(owner, undoing.id()?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
