//! What people do with time frames: add, list, change, remove, and import holidays from a calendar file.
//!
//! Which greeting or rule follows from a frame is `answering`'s; reading the calendar is `ical`'s.

pub mod ical;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::answering::{AnsweringError, checked_name, mailbox_and_zone, no_undo, noting, same_name};
use super::audit::NotedStore;
use crate::clock::SharedClock;
use crate::domain::answering::Undo;
use crate::domain::time_frame::holidays::Country;
use crate::domain::time_frame::{Entry, MOST_SPANS};
use crate::domain::{
    ChangeId, Extension, FrameUse, Invalid, MailboxId, Schedule, TenantId, TimeFrame, TimeFrameId,
};
use crate::store::{Store, StoreError};

/// A short alias.
type Result<T, E = AnsweringError> = std::result::Result<T, E>;

/// Years after this one for which holidays are reckoned that have no date of their own.
const AHEAD: i16 = 9;
/// Longest note of a span.
const LONGEST_NOTE: usize = 80;

/// A frame to be kept.
#[derive(Debug, Clone)]
pub struct NewFrame {
    /// Unique within tenant or mailbox.
    pub name: String,
    /// What it is for.
    pub purpose: FrameUse,
    /// IANA zone. `None`: the mailbox's or tenant's.
    pub zone: Option<String>,
    /// When, 1 to [`MOST_SPANS`].
    pub entries: Vec<Entry>,
    /// Take the place of a frame with the same name.
    pub replace: bool,
}

/// A frame as it stands at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The frame.
    pub frame: TimeFrame,
    /// The zone that it is read in.
    pub zone: TimeZone,
    /// Whether it is active.
    pub active: bool,
    /// What makes it so: `Christmas Day`, or the span.
    pub by: Option<String>,
    /// When it ceases to be active, or begins to. `None`: not within nine years.
    pub until: Option<Timestamp>,
}

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TimeFrames {
    store: NotedStore,
    clock: SharedClock,
}

impl TimeFrames {
    /// Works on this store.
    pub fn new(store: Store, clock: SharedClock) -> Self {
        Self { store: NotedStore::new(store, clock.clone()), clock }
    }

    /// The same, for changes by somebody, which the audit keeps.
    #[must_use]
    pub fn by(&self, actor: &str) -> Self {
        Self { store: self.store.by(actor), ..self.clone() }
    }

    /// The frames of a mailbox, its own first, then the tenant's; without a mailbox, the tenant's.
    ///
    /// # Errors
    /// [`AnsweringError::NoMailbox`].
    pub async fn list(&self, tenant: TenantId, of: Option<&Extension>, at: Timestamp) -> Result<Vec<Shown>> {
        let (mailbox, zone) = self.owner(tenant, of).await?;
        let frames = self.store.time_frames(tenant, mailbox).await?;
        Ok(frames.into_iter().map(|frame| shown(frame, &zone, at)).collect())
    }

    /// The frame of this name: the mailbox's own, else the tenant's.
    ///
    /// # Errors
    /// [`AnsweringError::NoFrame`].
    pub async fn find(&self, tenant: TenantId, of: Option<&Extension>, name: &str) -> Result<TimeFrame> {
        let (mailbox, _) = self.owner(tenant, of).await?;
        let frames = self.store.time_frames(tenant, mailbox).await?;
        let found = frames.into_iter().find(|frame| frame.name == name);
        found.ok_or_else(|| AnsweringError::NoFrame(name.to_owned()))
    }

    /// Keeps a frame for a mailbox, or for the tenant.
    ///
    /// # Errors
    /// [`AnsweringError`], each with its remedy; nothing is written then.
    pub async fn put(&self, tenant: TenantId, of: Option<&Extension>, new: NewFrame) -> Result<TimeFrame> {
        let (mailbox, _) = self.owner(tenant, of).await?;
        let known = self.own(tenant, mailbox, new.name.trim()).await?;
        if let Some(known) = known.as_ref().filter(|_| !new.replace) {
            return Err(AnsweringError::Taken { what: "time frame", name: known.name.clone() });
        }
        let action = if known.is_some() { "hours.saved" } else { "hours.added" };
        self.keep(action, (tenant, of), mailbox, known, new).await
    }

    /// Keeps a frame in place of the known one of this mailbox, or of the tenant, also by another name.
    ///
    /// # Errors
    /// [`AnsweringError`], each with its remedy; nothing is written then.
    pub async fn change(
        &self,
        tenant: TenantId,
        of: Option<&Extension>,
        id: TimeFrameId,
        new: NewFrame,
    ) -> Result<TimeFrame> {
        let (mailbox, _) = self.owner(tenant, of).await?;
        let known = self.known(tenant, mailbox, id).await?;
        self.keep("hours.saved", (tenant, of), mailbox, Some(known), new).await
    }

    async fn keep(
        &self,
        action: &str,
        (tenant, of): (TenantId, Option<&Extension>),
        mailbox: Option<MailboxId>,
        known: Option<TimeFrame>,
        new: NewFrame,
    ) -> Result<TimeFrame> {
        let name = checked_name("name of a time frame", &new.name)?;
        let other = self.own(tenant, mailbox, &name).await?;
        if other.is_some_and(|other| known.as_ref().is_none_or(|known| known.id != other.id)) {
            return Err(AnsweringError::Taken { what: "time frame", name });
        }
        if let Some(zone) = &new.zone {
            TimeZone::get(zone)
                .map_err(|_| Invalid::new("zone", zone, "write an IANA zone like Europe/Berlin"))?;
        }
        if new.entries.is_empty() || new.entries.len() > MOST_SPANS {
            return Err(AnsweringError::Spans(new.entries.len()));
        }
        let was = known.as_ref().map_or(&[][..], |known| &known.schedule.entries);
        check_hours(new.entries.iter().filter(|entry| !was.contains(entry)))?;
        let entries = new.entries.into_iter().map(cleaned).collect();
        let id = known.as_ref().map_or_else(|| TimeFrameId::from_uuid(self.clock.uuid()), |known| known.id);
        let created_at = known.as_ref().map_or_else(|| self.clock.now(), |known| known.created_at);
        let schedule = Schedule { entries };
        let frame = TimeFrame {
            id,
            tenant,
            mailbox,
            name,
            purpose: new.purpose,
            zone: new.zone,
            schedule,
            created_at,
        };
        let store = noting(&self.store, action, (tenant, of), (known.as_ref(), Some(&frame)), noted);
        store.put_time_frame(&frame).await.map_err(|error| match error {
            StoreError::Taken { value, .. } => AnsweringError::Taken { what: "time frame", name: value },
            other => other.into(),
        })?;
        tracing::info!(frame = %id, "a time frame was set");
        Ok(frame)
    }

    /// Keeps the days of a calendar file as a frame, in place of an earlier one of that name. How many there are.
    ///
    /// # Errors
    /// [`AnsweringError::Calendar`] with every line that is not understood; nothing is written then.
    pub async fn import(
        &self,
        tenant: TenantId,
        of: Option<&Extension>,
        frame: NewFrame,
        calendar: &[u8],
    ) -> Result<TimeFrame> {
        let entries = ical::read(calendar).map_err(|refusals| {
            AnsweringError::Calendar(refusals.iter().map(ToString::to_string).collect())
        })?;
        let (mailbox, _) = self.owner(tenant, of).await?;
        let known = self.own(tenant, mailbox, frame.name.trim()).await?;
        self.keep("hours.imported", (tenant, of), mailbox, known, NewFrame { entries, ..frame }).await
    }

    /// Keeps the public holidays of a country as a frame, in place of an earlier one of that name: those that follow Easter for
    /// this year and nine more (002-033).
    ///
    /// # Errors
    /// [`AnsweringError`], with its remedy; nothing is written then.
    pub async fn holidays(
        &self,
        tenant: TenantId,
        of: Option<&Extension>,
        frame: NewFrame,
        country: Country,
    ) -> Result<TimeFrame> {
        let (mailbox, zone) = self.owner(tenant, of).await?;
        let year = self.clock.now().to_zoned(zone).year();
        let entries = country.entries(year..=year.saturating_add(AHEAD));
        let name = if frame.name.trim().is_empty() { country.frame_name() } else { frame.name };
        let known = self.own(tenant, mailbox, name.trim()).await?;
        self.keep("hours.imported", (tenant, of), mailbox, known, NewFrame { name, entries, ..frame }).await
    }

    /// Removes a frame of a mailbox, or of the tenant.
    ///
    /// # Errors
    /// [`AnsweringError::NoFrame`]; [`AnsweringError::Store`] names the rule that names it.
    pub async fn remove(&self, tenant: TenantId, of: Option<&Extension>, name: &str) -> Result<()> {
        let (mailbox, _) = self.owner(tenant, of).await?;
        let known = self.own(tenant, mailbox, name).await?;
        let frame = known.ok_or_else(|| AnsweringError::NoFrame(name.to_owned()))?;
        let store = noting(&self.store, "hours.removed", (tenant, of), (Some(&frame), None), noted);
        Ok(store.remove_time_frame(tenant, frame.id).await?)
    }

    /// Removes a frame of a mailbox, or of the tenant; the frame, and what takes that back.
    ///
    /// # Errors
    /// [`AnsweringError::NoFrame`]; [`AnsweringError::Store`] names the rule that names it.
    pub async fn delete(
        &self,
        tenant: TenantId,
        of: Option<&Extension>,
        id: TimeFrameId,
    ) -> Result<(TimeFrame, ChangeId)> {
        let (mailbox, _) = self.owner(tenant, of).await?;
        let frame = self.known(tenant, mailbox, id).await?;
        let store = noting(&self.store, "hours.removed", (tenant, of), (Some(&frame), None), noted);
        store.remove_time_frame(tenant, id).await?;
        let (change, undo) = (ChangeId::from_uuid(self.clock.uuid()), Undo::Frame { frame: frame.clone() });
        self.store.put_undo(tenant, mailbox, change, &undo).await?;
        Ok((frame, change))
    }

    /// Takes the removal of a frame back.
    ///
    /// # Errors
    /// [`AnsweringError::NoUndo`]; [`AnsweringError::Taken`] when there is another of its name by now.
    pub async fn undo(
        &self,
        tenant: TenantId,
        of: Option<&Extension>,
        change: ChangeId,
    ) -> Result<TimeFrame> {
        let (mailbox, _) = self.owner(tenant, of).await?;
        let undo = self.store.undo(tenant, mailbox, change).await.map_err(no_undo)?;
        let Undo::Frame { frame } = undo else { return Err(AnsweringError::NoUndo) };
        if self.own(tenant, mailbox, &frame.name).await?.is_some() {
            return Err(AnsweringError::Taken { what: "time frame", name: frame.name });
        }
        let store = noting(&self.store, "hours.restored", (tenant, of), (None, Some(&frame)), noted);
        store.put_time_frame(&frame).await?;
        self.store.forget_undo(tenant, change).await?;
        Ok(frame)
    }

    /// The zone that frames without one of their own are read in.
    ///
    /// # Errors
    /// [`AnsweringError::NoMailbox`].
    pub async fn zone(&self, tenant: TenantId, of: Option<&Extension>) -> Result<TimeZone> {
        Ok(self.owner(tenant, of).await?.1)
    }

    /// The frame of this id that is the mailbox's (or tenant's) own.
    async fn known(
        &self,
        tenant: TenantId,
        mailbox: Option<MailboxId>,
        id: TimeFrameId,
    ) -> Result<TimeFrame> {
        let frames = self.store.time_frames(tenant, mailbox).await?;
        let known = frames.into_iter().find(|frame| frame.mailbox == mailbox && frame.id == id);
        known.ok_or_else(|| AnsweringError::NoFrame(id.to_string()))
    }

    /// The frame of this name that is the mailbox's (or tenant's) own.
    async fn own(
        &self,
        tenant: TenantId,
        mailbox: Option<MailboxId>,
        name: &str,
    ) -> Result<Option<TimeFrame>> {
        let frames = self.store.time_frames(tenant, mailbox).await?;
        let mut own: Vec<TimeFrame> = frames
            .into_iter()
            .filter(|frame| frame.mailbox == mailbox && same_name(&frame.name, name))
            .collect();
        // Of those that were there before names were compared so, the one that is named to the letter.
        own.sort_by_key(|frame| frame.name != name);
        Ok(own.into_iter().next())
    }

    async fn owner(&self, tenant: TenantId, of: Option<&Extension>) -> Result<(Option<MailboxId>, TimeZone)> {
        if let Some(extension) = of {
            let (mailbox, zone) = mailbox_and_zone(&self.store, tenant, extension).await?;
            return Ok((Some(mailbox.id), zone));
        }
        let zone = self.store.tenant(tenant).await?.zone;
        Ok((None, TimeZone::get(&zone).unwrap_or(TimeZone::UTC)))
    }
}

/// As the audit keeps a frame.
pub(super) fn noted(frame: &TimeFrame) -> Value {
    let TimeFrame { name, purpose, zone, schedule, .. } = frame;
    json!({"name": name, "use": purpose, "zone": zone, "spans": schedule})
}

/// Hours that end when they begin say nothing. What was kept before stays.
///
/// # Errors
/// [`Invalid`] with what would be the whole day.
pub fn check_hours<'a>(mut entries: impl Iterator<Item = &'a Entry>) -> Result<(), Invalid> {
    match entries.find(|entry| entry.span.hours.are_nothing()) {
        None => Ok(()),
        Some(entry) => {
            let remedy = "these hours end when they begin: 00:00-24:00 is the whole day";
            Err(Invalid::new("time span", &entry.span.to_string(), remedy))
        }
    }
}

fn cleaned(entry: Entry) -> Entry {
    let note: Option<String> =
        entry.note.map(|note| note.chars().filter(|c| !c.is_control()).take(LONGEST_NOTE).collect());
    Entry { note: note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty()), ..entry }
}

/// The next moments at which a frame begins to be active (true) or ceases to be, at most so many.
pub fn coming(schedule: &Schedule, zone: &TimeZone, from: Timestamp, most: usize) -> Vec<(Timestamp, bool)> {
    let mut at = from;
    let mut changes = Vec::new();
    while let Some(next) = schedule.next_change(zone, at).filter(|_| changes.len() < most) {
        changes.push((next, schedule.is_active(zone, next)));
        at = next;
    }
    changes
}

fn shown(frame: TimeFrame, inherited: &TimeZone, at: Timestamp) -> Shown {
    let zone = frame.zone(inherited);
    let standing = frame.schedule.standing(&zone, at);
    let by = standing.entry.map(|entry| entry.note.clone().unwrap_or_else(|| entry.span.to_string()));
    let (active, until) = (standing.active, standing.until);
    Shown { zone, active, by, until, frame }
}
