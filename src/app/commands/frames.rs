//! `aftertone timeframe …`.

use serde_json::{Value, json};

use crate::domain::time_frame::holidays::Country;
use crate::domain::time_frame::{Entry, Span};
use crate::domain::{Extension, FrameUse, counted};
use crate::service::time_frames::ical::LARGEST;
use crate::service::time_frames::{NewFrame, Shown, TimeFrames};

use super::super::Failure;
use super::super::cli::{FrameAdd, FrameOf, TimeFrameCommand};
use super::messages::time;
use super::{ACTOR, Session, extension, print, read};

pub(super) async fn frame(session: &Session, command: TimeFrameCommand) -> Result<(), Failure> {
    let (base, tenant) = session.open().await?;
    let frames = TimeFrames::new(base.store.clone(), session.clock.clone()).by(ACTOR);
    let moment = |at: Option<String>| at.as_deref().map(time).transpose();
    match command {
        TimeFrameCommand::Add(add) => {
            let (whose, new) = new_frame(add)?;
            let kept = frames.put(tenant.id, whose.as_ref(), new).await?;
            println!(
                "kept time frame {:?} with {}",
                kept.name,
                counted(kept.schedule.entries.len() as u64, "span")
            );
        }
        TimeFrameCommand::List { whose, at, json } => {
            let at = moment(at)?.unwrap_or_else(|| session.clock.now());
            let listed = frames.list(tenant.id, owner(&whose)?.as_ref(), at).await?;
            let rows: Vec<Value> = listed.iter().map(row).collect();
            print::rows(json.json, &["name", "use", "of", "active", "by", "until", "zone", "spans"], &rows);
        }
        TimeFrameCommand::Show { name, whose, at, json } => {
            let at = moment(at)?.unwrap_or_else(|| session.clock.now());
            let of = owner(&whose)?;
            let wanted = frames.find(tenant.id, of.as_ref(), &name).await?;
            let listed = frames.list(tenant.id, of.as_ref(), at).await?;
            let shown = listed.into_iter().find(|shown| shown.frame.id == wanted.id);
            let shown = shown.ok_or_else(|| Failure::refused(format!("the time frame {name:?} is gone")))?;
            print::thing(json.json, &row(&shown));
        }
        TimeFrameCommand::Remove { name, whose } => {
            frames.remove(tenant.id, owner(&whose)?.as_ref(), &name).await?;
            println!("removed time frame {name:?}");
        }
        TimeFrameCommand::Holidays { country, name, zone, whose } => {
            let country = Country::of(&country).map_err(|error| Failure::usage(error.to_string()))?;
            let new = NewFrame { name, purpose: FrameUse::Holiday, zone, entries: Vec::new(), replace: true };
            let kept = frames.holidays(tenant.id, owner(&whose)?.as_ref(), new, country).await?;
            println!("time frame {:?}: {} days", kept.name, kept.schedule.entries.len());
        }
        TimeFrameCommand::Import { name, file, purpose, zone, whose } => {
            let shown = file.display().to_string();
            let calendar = super::read_file(&file, LARGEST).await?;
            let new = NewFrame { name, purpose: read(&purpose)?, zone, entries: Vec::new(), replace: true };
            let kept = frames.import(tenant.id, owner(&whose)?.as_ref(), new, &calendar).await?;
            println!("time frame {:?}: {} days of {shown}", kept.name, kept.schedule.entries.len());
        }
    }
    Ok(())
}

pub(super) fn owner(whose: &FrameOf) -> Result<Option<Extension>, Failure> {
    whose.mailbox.as_deref().map(extension).transpose()
}

fn new_frame(add: FrameAdd) -> Result<(Option<Extension>, NewFrame), Failure> {
    let mut entries = Vec::new();
    for text in &add.span {
        let spans = Span::read_all(text).map_err(|error| Failure::usage(error.to_string()))?;
        entries.extend(spans.into_iter().map(Entry::from));
    }
    let (name, zone, replace) = (add.name, add.zone, add.replace);
    Ok((owner(&add.whose)?, NewFrame { name, purpose: read(&add.purpose)?, zone, entries, replace }))
}

fn row(shown: &Shown) -> Value {
    let Shown { frame, zone, active, by, until } = shown;
    let local = until.map(|at| at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string());
    let spans = frame.schedule.entries.iter().map(|entry| match &entry.note {
        Some(note) => format!("{} ({note})", entry.span),
        None => entry.span.to_string(),
    });
    json!({
        "id": frame.id,
        "name": frame.name,
        "use": frame.purpose.as_str(),
        "of": if frame.mailbox.is_some() { "mailbox" } else { "tenant" },
        "active": active,
        "by": by,
        "until": local,
        "zone": zone.iana_name().unwrap_or("UTC"),
        "spans": spans.collect::<Vec<_>>(),
    })
}
