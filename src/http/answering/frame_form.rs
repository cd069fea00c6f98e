//! A time frame as a form: a line for each day of the week, and lines for dates and days of the year.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::tz::TimeZone;

use crate::domain::time_frame::{Days, Entry};
use crate::domain::{FrameUse, Schedule, Span, TimeFrame, TimeFrameId};
use crate::service::time_frames::{NewFrame, check_hours};

use super::super::portal::frame::{Done, Frame};
use super::super::portal::missing;
use super::super::seen;
use super::super::shell::render;
use super::super::visitor::{Fields, Posted, Visitor, see};
use super::super::{Shared, Site};
use super::{Refused, Whose, answer, hours};

const WEEK: [(&str, &str); 7] = [
    ("mon", "Monday"),
    ("tue", "Tuesday"),
    ("wed", "Wednesday"),
    ("thu", "Thursday"),
    ("fri", "Friday"),
    ("sat", "Saturday"),
    ("sun", "Sunday"),
];

#[derive(Template)]
#[template(path = "portal/frame_edit.html", config = "src/http/pages/askama.toml")]
struct FramePage {
    frame: Frame,
    whose: Whose,
    id: Option<String>,
    title: String,
    form: Form,
    uses: Vec<(FrameUse, &'static str)>,
    inherited: String,
    /// What comes next, were it kept so.
    coming: Option<String>,
    /// See [`seen`]; empty for a frame that is added.
    seen: String,
}

/// What stands in the form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Form {
    name: String,
    purpose: String,
    zone: String,
    /// Short and long name of each day, and its hours.
    week: Vec<(&'static str, &'static str, String)>,
    others: String,
}

impl Form {
    fn of(frame: &TimeFrame) -> Self {
        let mut week: Vec<_> = WEEK.iter().map(|(day, name)| (*day, *name, Vec::new())).collect();
        let mut others = Vec::new();
        for Entry { span, note } in &frame.schedule.entries {
            match (&span.days, note) {
                (Days::Weekly(days), None) => {
                    for (weekday, (.., hours)) in weekdays().zip(&mut week) {
                        if days.contains(weekday) {
                            hours.push(span.hours.to_string());
                        }
                    }
                }
                (_, Some(note)) => others.push(format!("{span} # {note}")),
                (_, None) => others.push(span.to_string()),
            }
        }
        Self {
            name: frame.name.clone(),
            purpose: frame.purpose.to_string(),
            zone: frame.zone.clone().unwrap_or_default(),
            week: week.into_iter().map(|(day, name, hours)| (day, name, hours.join(", "))).collect(),
            others: others.join("\n"),
        }
    }

    fn posted(fields: &Fields) -> Self {
        let get = |name: &str| fields.get(name).trim().to_owned();
        Self {
            name: get("name"),
            purpose: get("purpose"),
            zone: get("zone"),
            week: WEEK.iter().map(|(day, name)| (*day, *name, get(day))).collect(),
            others: fields.get("others").replace('\r', ""),
        }
    }

    fn read(&self) -> Result<NewFrame, Refused> {
        let mut entries: Vec<Entry> = Vec::new();
        // Days with the same hours become one span: mon-fri 09:00-17:00.
        let mut kinds: Vec<(String, Vec<&str>)> = Vec::new();
        for (day, _, hours) in &self.week {
            let hours: String = hours.to_lowercase().split_whitespace().collect();
            let hours = hours.replace(['–', '—'], "-");
            if hours.is_empty() {
                continue;
            }
            match kinds.iter_mut().find(|(known, _)| *known == hours) {
                Some((_, days)) => days.push(day),
                None => kinds.push((hours, vec![day])),
            }
        }
        for (hours, days) in kinds {
            let days = days.join(",");
            let span = match hours.as_str() {
                "allday" | "open" | "0-24" | "00:00-24:00" => days,
                hours => format!("{days} {hours}"),
            };
            entries.extend(Span::read_all(&span)?.into_iter().map(Entry::from));
        }
        for line in self.others.lines().map(str::trim).filter(|line| !line.is_empty()) {
            // A span has a `#` of its own: nov thu#4. A note has a blank before it.
            let (span, note) = match line.split_once(" #") {
                Some((span, note)) => (span, Some(note.trim().to_owned())),
                None => (line, None),
            };
            let spans = Span::read_all(span.trim())?;
            entries.extend(spans.into_iter().map(|span| Entry { span, note: note.clone() }));
        }
        Ok(NewFrame {
            name: self.name.clone(),
            purpose: self.purpose.parse()?,
            zone: (!self.zone.is_empty()).then(|| self.zone.clone()),
            entries,
            replace: false,
        })
    }
}

fn weekdays() -> impl Iterator<Item = jiff::civil::Weekday> {
    jiff::civil::Weekday::Monday.cycle_forward().take(7)
}

struct View {
    id: Option<TimeFrameId>,
    form: Form,
    done: Option<Done>,
    preview: bool,
    seen: String,
}

impl View {
    /// A frame as it is kept.
    fn of(id: TimeFrameId, form: Form) -> Self {
        Self { id: Some(id), seen: seen::mark(&form), form, done: None, preview: true }
    }
}

async fn shown(site: &Site, visitor: &Visitor, whose: Whose, view: View) -> Result<Response, Refused> {
    let View { id, form, done, preview, seen } = view;
    let zone = site.web.services.frames.zone(whose.tenant, whose.extension()).await?;
    let (coming, done) = match preview.then(|| coming(site, &whose, &form, &zone)).transpose() {
        Ok(coming) => (coming, done),
        Err(Refused::Mend(why)) => (None, Some(Done::refused(why))),
        Err(other) => return Err(other),
    };
    let is_bad = done.as_ref().is_some_and(|done| done.is_error);
    let status = if is_bad { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = FramePage {
        frame: Frame::new(site, visitor, whose.here(), None).with(done),
        whose,
        title: if id.is_some() {
            format!("Time frame “{}”", form.name)
        } else {
            "Add time frame".to_owned()
        },
        id: id.map(|id| id.to_string()),
        form,
        uses: FrameUse::ALL.into_iter().map(|purpose| (purpose, hours::title(purpose))).collect(),
        inherited: zone.iana_name().unwrap_or("UTC").to_owned(),
        coming,
        seen,
    };
    Ok(render(&page, status))
}

/// What comes next, were it kept so.
fn coming(site: &Site, whose: &Whose, form: &Form, inherited: &TimeZone) -> Result<String, Refused> {
    let new = form.read()?;
    check_hours(new.entries.iter())?;
    let now = site.web.clock.now();
    let frame = TimeFrame {
        id: TimeFrameId::from_uuid(uuid::Uuid::nil()),
        tenant: whose.tenant,
        mailbox: None,
        name: new.name,
        purpose: new.purpose,
        zone: new.zone,
        schedule: Schedule { entries: new.entries },
        created_at: now,
    };
    let zone = frame.zone(inherited);
    let is = if frame.schedule.is_active(&zone, now) { "Active now" } else { "Not active now" };
    let mut told = vec![is.to_owned()];
    told.extend(hours::changes(&frame, &zone, now));
    Ok(told.join(", "))
}

pub(super) async fn new(State(site): Shared, visitor: Visitor, Path(word): Path<String>) -> Response {
    let shown = async {
        let whose = Whose::write(&site, &visitor, &word).await?;
        let week = WEEK.iter().map(|(day, name)| (*day, *name, String::new())).collect();
        let form = Form { purpose: FrameUse::Open.to_string(), week, ..Form::default() };
        shown(
            &site,
            &visitor,
            whose,
            View { id: None, form, done: None, preview: false, seen: String::new() },
        )
        .await
    };
    answer(shown.await)
}

pub(super) async fn edit(
    State(site): Shared,
    visitor: Visitor,
    Path((word, frame)): Path<(String, String)>,
) -> Response {
    let shown = async {
        let whose = Whose::write(&site, &visitor, &word).await?;
        let known = known(&site, &whose, &frame).await?;
        let form = Form::of(&known);
        shown(&site, &visitor, whose, View::of(known.id, form)).await
    };
    answer(shown.await)
}

/// A frame that belongs to what the pages are about.
async fn known(site: &Site, whose: &Whose, id: &str) -> Result<TimeFrame, Refused> {
    let id: TimeFrameId = id.parse().map_err(|_| missing())?;
    let (frames, now) = (&site.web.services.frames, site.web.clock.now());
    let found = frames.list(whose.tenant, whose.extension(), now).await?;
    let own = found.into_iter().map(|shown| shown.frame);
    let mut own = own.filter(|frame| frame.mailbox.is_some() == whose.of.is_some());
    Ok(own.find(|frame| frame.id == id).ok_or_else(missing)?)
}

pub(super) async fn add(State(site): Shared, Path(word): Path<String>, posted: Posted) -> Response {
    answer(kept(&site, &posted, &word, None).await)
}

pub(super) async fn save(
    State(site): Shared,
    Path((word, frame)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    answer(kept(&site, &posted, &word, Some(&frame)).await)
}

async fn kept(site: &Site, posted: &Posted, word: &str, id: Option<&str>) -> Result<Response, Refused> {
    let visitor = &posted.visitor;
    let whose = Whose::write(site, visitor, word).await?;
    let form = Form::posted(&posted.fields);
    let seen = posted.fields.get("seen").to_owned();
    let known = match id {
        Some(id) => Some(known(site, &whose, id).await?),
        None => None,
    };
    let id = known.as_ref().map(|known| known.id);
    if posted.fields.is_on("preview") {
        return shown(site, visitor, whose, View { id, form, done: None, preview: true, seen }).await;
    }
    if let Some(now) = known.map(|known| View::of(known.id, Form::of(&known)))
        && seen::is_stale(&posted.fields, &now.form)
    {
        let done = Some(Done::refused(seen::CHANGED));
        return shown(site, visitor, whose, View { done, ..now }).await;
    }
    let frames = site.web.services.frames.by(&visitor.actor.name);
    let written = async {
        let (new, of) = (form.read()?, whose.extension());
        match id {
            Some(id) => frames.change(whose.tenant, of, id, new).await?,
            None => frames.put(whose.tenant, of, new).await?,
        };
        Ok::<_, Refused>(())
    };
    match written.await {
        Ok(()) => {
            let action = if id.is_some() { "saved" } else { "added" };
            Ok(see(site, &format!("{}/hours?done={action}", whose.path)))
        }
        Err(Refused::Mend(why)) => {
            let done = Some(Done::refused(why));
            shown(site, visitor, whose, View { id, form, done, preview: false, seen }).await
        }
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(week: &[(&str, &str)], others: &str) -> Form {
        let hours = |day: &str| week.iter().find(|(known, _)| *known == day).map_or("", |(_, hours)| hours);
        Form {
            name: "Office hours".to_owned(),
            purpose: "open".to_owned(),
            zone: String::new(),
            week: WEEK.iter().map(|(day, name)| (*day, *name, hours(day).to_owned())).collect(),
            others: others.to_owned(),
        }
    }

    fn spans(form: &Form) -> Vec<String> {
        let Ok(new) = form.read() else { panic!("{form:?}") };
        new.entries.iter().map(|entry| entry.span.to_string()).collect()
    }

    // 002-033
    #[test]
    fn a_week_and_its_exceptions_are_read_and_come_back_as_they_were_written() {
        let given = form(
            &[
                ("mon", "9-12:30, 13:30–17"),
                ("tue", "09:00-17:00"),
                ("wed", "09:00-17:00"),
                ("sat", "all day"),
            ],
            "2026-12-24..2027-01-02 # Company holidays\nyearly nov thu#4 # Thanksgiving\n",
        );
        assert_eq!(
            spans(&given),
            [
                "mon 09:00-12:30",
                "mon 13:30-17:00",
                "tue,wed 09:00-17:00",
                "sat",
                "2026-12-24..2027-01-02",
                "yearly nov thu#4"
            ]
        );
        let Ok(new) = given.read() else { panic!() };
        assert_eq!(new.entries[5].note.as_deref(), Some("Thanksgiving"));
        let id = uuid::Uuid::nil();
        let frame = TimeFrame {
            id: TimeFrameId::from_uuid(id),
            tenant: crate::domain::TenantId::from_uuid(id),
            mailbox: None,
            name: new.name,
            purpose: new.purpose,
            zone: None,
            schedule: Schedule { entries: new.entries },
            created_at: jiff::Timestamp::UNIX_EPOCH,
        };
        let back = Form::of(&frame);
        assert_eq!(back.week[0].2, "09:00-12:30, 13:30-17:00");
        assert_eq!(back.week[5].2, "00:00-24:00");
        assert!(back.others.contains("yearly nov thu#4 # Thanksgiving"));
        assert_eq!(spans(&back), spans(&given));
    }

    #[test]
    fn hours_that_are_none_are_refused_in_words() {
        for (week, others, words) in [
            (&[("mon", "25-26")][..], "", "no such hours"),
            (&[][..], "tomorrow", "mon-fri 09:00-17:00"),
            (&[("sun", "9")][..], "", "mon-fri 09:00-17:00"),
        ] {
            let Err(Refused::Mend(why)) = form(week, others).read() else { panic!("{week:?} {others}") };
            assert!(why.contains(words), "{why}");
        }
    }
}
