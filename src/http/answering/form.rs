//! A rule as a form: when it holds, what it does, and what the phone system is to do.

mod meaning;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::domain::answering::{
    Cadence, CallerPattern, Conditions, KeyTarget, PhoneSystem, RingTarget, Rule, RuleActions, WithinFrame,
};
use crate::domain::{GreetingKind, Invalid, PresenceState, RuleId, TimeFrame, TimeFrameId};
use crate::service::answering::{ALL_REASONS, NewRule, answer_of, answer_word, reason_of, reason_word};

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{greeting_title, missing, sentence};
use super::super::seen;
use super::super::shell::render;
use super::super::visitor::{Fields, Posted, Visitor, see};
use super::super::{Shared, Site};
use super::rules::changed;
use super::{Refused, Whose, answer, trying};
use meaning::Marks;

/// Lines for phones that are empty in the form.
const MORE_PHONES: usize = 2;
/// Phones that ring besides, at most.
const MOST_PHONES: usize = 10;

#[derive(Template)]
#[template(path = "portal/rule.html", config = "src/http/pages/askama.toml")]
struct RulePage {
    frame: Frame,
    whose: Whose,
    /// `None`: it is added.
    id: Option<String>,
    title: String,
    form: Form,
    frames: Vec<(String, String)>,
    reasons: Vec<(&'static str, &'static str)>,
    presences: [PresenceState; 6],
    cadences: [Cadence; 3],
    greetings: Vec<(GreetingKind, &'static str)>,
    /// Fields, and what is wrong with them.
    wrong: Marks,
    /// See [`seen`]; empty for a rule that is added.
    seen: String,
}

/// What a page shows: the form as it is, or as it was tried.
struct View {
    id: Option<RuleId>,
    form: Form,
    refused: Option<String>,
    wrong: Marks,
    seen: String,
}

impl View {
    /// A rule as it is kept.
    fn of(id: RuleId, form: Form) -> Self {
        Self { id: Some(id), seen: seen::mark(&form), form, refused: None, wrong: Marks::new() }
    }
}

/// What stands in the form.
#[derive(Debug, Clone, Default)]
struct Form {
    name: String,
    enabled: bool,
    frame: String,
    outside: bool,
    presence: Vec<String>,
    reasons: Vec<String>,
    callers: String,
    answer: String,
    target: String,
    greeting: String,
    operator: String,
    keys: Vec<(char, String)>,
    has_keys: bool,
    dnd: bool,
    screening: bool,
    ring_s: String,
    ring_count: String,
    cadence_internal: String,
    cadence_external: String,
    forward_always: String,
    forward_busy: String,
    forward_unanswered: String,
    forward_offline: String,
    all_phones: bool,
    only_extension: bool,
    phones: Vec<Phone>,
    has_phone_system: bool,
}

#[derive(Debug, Clone, Default)]
struct Phone {
    target: String,
    delay: String,
    confirm: bool,
}

impl Form {
    fn of(rule: &Rule) -> Self {
        let RuleActions { answer, greeting, operator, keys, phones } = &rule.then;
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let number = |given: Option<u16>| given.map(|number| number.to_string()).unwrap_or_default();
        let cadence = |given: Option<Cadence>| given.map_or("", Cadence::as_str).to_owned();
        let (word, target) = answer_word(answer);
        let phone = |ring: &RingTarget| Phone {
            target: ring.target.clone(),
            delay: ring.delay_s.to_string(),
            confirm: ring.confirm,
        };
        let callers: Vec<String> = rule.when.callers.iter().map(ToString::to_string).collect();
        Self {
            name: rule.name.clone(),
            enabled: rule.enabled,
            frame: rule.when.within.map(|within| within.frame.to_string()).unwrap_or_default(),
            outside: rule.when.within.is_some_and(|within| within.outside),
            presence: rule.when.presence.iter().map(ToString::to_string).collect(),
            reasons: rule.when.reasons.iter().map(|reason| reason_word(*reason).to_owned()).collect(),
            callers: callers.join("\n"),
            answer: word.to_owned(),
            target: target.unwrap_or_default().to_owned(),
            greeting: greeting.map(|kind| kind.to_string()).unwrap_or_default(),
            operator: text(operator),
            keys: keys.iter().map(|key| (key.key, key.target.clone())).collect(),
            dnd: phones.dnd,
            screening: phones.screening,
            ring_s: number(phones.ring_s),
            ring_count: number(phones.ring_count),
            cadence_internal: cadence(phones.cadence_internal),
            cadence_external: cadence(phones.cadence_external),
            forward_always: text(&phones.forward_always),
            forward_busy: text(&phones.forward_busy),
            forward_unanswered: text(&phones.forward_unanswered),
            forward_offline: text(&phones.forward_offline),
            all_phones: phones.all_phones,
            only_extension: phones.only_extension,
            phones: phones.simring.iter().map(phone).collect(),
            has_phone_system: *phones != PhoneSystem::default(),
            ..Self::default()
        }
        .filled()
    }

    fn posted(fields: &Fields) -> Self {
        let get = |name: &str| fields.get(name).trim().to_owned();
        let targets = fields.all("phone").iter().zip(fields.all("delay"));
        let confirmed = fields.all("confirm");
        let phones = (0_usize..).zip(targets).filter(|(_, (target, _))| !target.trim().is_empty());
        let phone = |(place, (target, delay)): (usize, (&String, &String))| Phone {
            target: target.trim().to_owned(),
            delay: delay.trim().to_owned(),
            confirm: confirmed.iter().any(|known| *known == place.to_string()),
        };
        let keys = ('1'..='9').map(|key| (key, get(&format!("key{key}"))));
        Self {
            name: get("name"),
            enabled: fields.is_on("enabled") || fields.is_on("is_new"),
            frame: get("frame"),
            outside: get("outside") == "1",
            presence: fields.all("presence").to_vec(),
            reasons: fields.all("reason").to_vec(),
            callers: fields.get("callers").to_owned(),
            answer: get("answer"),
            target: get("target"),
            greeting: get("greeting"),
            operator: get("operator"),
            keys: keys.filter(|(_, target)| !target.is_empty()).collect(),
            has_keys: false,
            dnd: fields.is_on("dnd"),
            screening: fields.is_on("screening"),
            ring_s: get("ring_s"),
            ring_count: get("ring_count"),
            cadence_internal: get("cadence_internal"),
            cadence_external: get("cadence_external"),
            forward_always: get("forward_always"),
            forward_busy: get("forward_busy"),
            forward_unanswered: get("forward_unanswered"),
            forward_offline: get("forward_offline"),
            all_phones: fields.is_on("all_phones"),
            only_extension: fields.is_on("only_extension"),
            phones: phones.map(phone).collect(),
            has_phone_system: true,
        }
    }

    fn has_presence(&self, word: &str) -> bool {
        self.presence.iter().any(|known| known == word)
    }

    fn has_reason(&self, word: &str) -> bool {
        self.reasons.iter().any(|known| known == word)
    }

    /// With empty lines to fill in.
    fn filled(mut self) -> Self {
        self.has_keys = !self.keys.is_empty();
        let given = std::mem::take(&mut self.keys);
        let target = |key| given.iter().find(|(known, _)| *known == key).map(|(_, target)| target.clone());
        self.keys = ('1'..='9').map(|key| (key, target(key).unwrap_or_default())).collect();
        let lines = (self.phones.len() + MORE_PHONES).min(MOST_PHONES);
        self.phones.resize_with(lines.max(self.phones.len()), Phone::default);
        self
    }

    /// `abroad`: what people dial for `+`; `known`: callers that the rule has already.
    fn read(&self, abroad: &[String], known: &[CallerPattern]) -> Result<NewRule, Invalid> {
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        let seconds = |what: &'static str, text: &str| {
            let remedy = "write whole seconds, at most 300";
            text.parse::<u16>().map_err(|_| Invalid::new(what, text, remedy))
        };
        let answer = if self.answer.is_empty() { "message" } else { &self.answer };
        let answer = answer_of(answer, &self.target)?;
        let frame = match self.frame.as_str() {
            "" if self.outside => {
                let remedy = "outside of always is never: choose the time frame, or “Within”";
                return Err(Invalid::new("time frame", "Always", remedy));
            }
            "" => None,
            id => Some(WithinFrame { frame: id.parse::<TimeFrameId>()?, outside: self.outside }),
        };
        let callers = self.callers.split(['\n', ',', ';']).map(str::trim).filter(|text| !text.is_empty());
        let phone = |phone: &Phone| {
            let delay_s = if phone.delay.is_empty() { 0 } else { seconds("delay", &phone.delay)? };
            Ok::<_, Invalid>(RingTarget { target: phone.target.clone(), delay_s, confirm: phone.confirm })
        };
        let ring_s = some(&self.ring_s).map(|text| seconds("ringing", &text)).transpose()?;
        let rings =
            |text: String| text.parse::<u16>().map_err(|_| Invalid::new("rings", &text, "write 1 to 20"));
        let cadence = |text: &String| some(text).map(|text| text.parse::<Cadence>()).transpose();
        let key = |(key, target): &(char, String)| KeyTarget { key: *key, target: target.clone() };
        Ok(NewRule {
            name: self.name.clone(),
            enabled: self.enabled,
            when: Conditions {
                within: frame,
                presence: self.presence.iter().map(|text| text.parse()).collect::<Result<_, Invalid>>()?,
                reasons: self.reasons.iter().map(|text| reason_of(text)).collect::<Result<_, _>>()?,
                callers: callers
                    .map(|text| CallerPattern::given_anew(text, abroad, known))
                    .collect::<Result<_, _>>()?,
            },
            then: RuleActions {
                answer,
                greeting: some(&self.greeting).map(|text| text.parse()).transpose()?,
                operator: some(&self.operator),
                keys: self.keys.iter().map(key).collect(),
                phones: PhoneSystem {
                    dnd: self.dnd,
                    screening: self.screening,
                    ring_s,
                    ring_count: some(&self.ring_count).map(rings).transpose()?,
                    cadence_internal: cadence(&self.cadence_internal)?,
                    cadence_external: cadence(&self.cadence_external)?,
                    forward_always: some(&self.forward_always),
                    forward_busy: some(&self.forward_busy),
                    forward_unanswered: some(&self.forward_unanswered),
                    forward_offline: some(&self.forward_offline),
                    simring: self.phones.iter().map(phone).collect::<Result<_, _>>()?,
                    all_phones: self.all_phones,
                    only_extension: self.only_extension,
                },
            },
            place: None,
            replace: false,
        })
    }
}

async fn shown(
    site: &Site,
    visitor: &Visitor,
    whose: Whose,
    View { id, form, refused, wrong, seen }: View,
) -> Result<Response, Refused> {
    let (owner, extension) = whose.mailbox()?;
    let now = site.web.clock.now();
    let frames = site.web.services.frames.list(owner.tenant, Some(extension), now).await?;
    let frame = |frame: &TimeFrame| {
        let of = if frame.mailbox.is_some() { "" } else { " (everybody's)" };
        (frame.id.to_string(), format!("{}{of}", frame.name))
    };
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = RulePage {
        frame: Frame::new(site, visitor, whose.here(), None).with(refused.map(Done::refused)),
        whose,
        title: if id.is_some() { format!("Rule “{}”", form.name) } else { "Add rule".to_owned() },
        id: id.map(|id| id.to_string()),
        form: form.filled(),
        frames: frames.iter().map(|shown| frame(&shown.frame)).collect(),
        reasons: ALL_REASONS.into_iter().map(|reason| (reason_word(reason), trying::title(reason))).collect(),
        presences: PresenceState::ALL,
        cadences: Cadence::ALL,
        greetings: GreetingKind::ALL.into_iter().map(|kind| (kind, greeting_title(kind))).collect(),
        wrong,
        seen,
    };
    Ok(render(&page, status))
}

pub(super) async fn new(State(site): Shared, visitor: Visitor, Path(word): Path<String>) -> Response {
    let shown = async {
        let whose = Whose::write(&site, &visitor, &word).await?;
        let form = Form { enabled: true, answer: "message".to_owned(), ..Form::default() };
        let view = View { id: None, form, refused: None, wrong: Marks::new(), seen: String::new() };
        shown(&site, &visitor, whose, view).await
    };
    answer(shown.await)
}

/// What stands in the form of a rule as it is kept.
async fn as_kept(site: &Site, whose: &Whose, id: RuleId) -> Result<Form, Refused> {
    let (owner, _) = whose.mailbox()?;
    let rules = site.web.services.rules.of(owner).await?;
    Ok(Form::of(rules.iter().find(|rule| rule.id == id).ok_or_else(missing)?))
}

pub(super) async fn edit(
    State(site): Shared,
    visitor: Visitor,
    Path((word, rule)): Path<(String, String)>,
) -> Response {
    let shown = async {
        let whose = Whose::read(&site, &visitor, &word).await?;
        let id: RuleId = rule.parse().map_err(|_| missing())?;
        let form = as_kept(&site, &whose, id).await?;
        shown(&site, &visitor, whose, View::of(id, form)).await
    };
    answer(shown.await)
}

pub(super) async fn add(State(site): Shared, Path(word): Path<String>, posted: Posted) -> Response {
    kept(&site, &posted, &word, None).await
}

pub(super) async fn save(
    State(site): Shared,
    Path((word, rule)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    match rule.parse::<RuleId>() {
        Ok(id) => kept(&site, &posted, &word, Some(id)).await,
        Err(_) => missing(),
    }
}

async fn kept(site: &Site, posted: &Posted, word: &str, id: Option<RuleId>) -> Response {
    let visitor = &posted.visitor;
    let whose = match Whose::write(site, visitor, word).await {
        Ok(whose) => whose,
        Err(response) => return response,
    };
    if let Some(id) = id {
        match as_kept(site, &whose, id).await {
            Ok(now) if seen::is_stale(&posted.fields, &now) => {
                let view = View { refused: Some(seen::CHANGED.to_owned()), ..View::of(id, now) };
                return answer(shown(site, visitor, whose, view).await);
            }
            Ok(_) => {}
            Err(refused) => return answer(Err(refused)),
        }
    }
    let form = Form::posted(&posted.fields);
    let action = if id.is_some() { "saved" } else { "added" };
    let mut wrong = Marks::new();
    let done = changed(site, visitor, &whose, async |owner, rules| {
        let (_, extension) = whose.mailbox()?;
        let saved = async {
            let form = form.clone().meant(rules, owner.tenant).await?;
            let known = rules.of(owner).await?.into_iter().find(|rule| Some(rule.id) == id);
            let known = known.map(|rule| rule.when.callers).unwrap_or_default();
            let new = form.read(&site.web.services.reception.abroad(), &known)?;
            rules.save(owner.tenant, extension, id, new).await
        };
        let saved = saved.await.inspect_err(|error| {
            wrong.extend(form.field(error).map(|field| (field, sentence(error))));
        })?;
        Ok((action, Some(saved.change)))
    });
    match done.await {
        Ok((done, change)) => {
            let change = change.map(|change| format!("&change={change}")).unwrap_or_default();
            see(site, &format!("{}/rules?done={done}{change}", whose.path))
        }
        Err(Refused::Mend(why)) => {
            let seen = posted.fields.get("seen").to_owned();
            let view = View { id, form, refused: Some(why), wrong, seen };
            answer(shown(site, visitor, whose, view).await)
        }
        Err(Refused::Response(response)) => *response,
    }
}
