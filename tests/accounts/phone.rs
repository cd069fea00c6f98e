//! What an owner does by phone: listening, sorting, settings, greetings. Real store, objects and spool.

use std::sync::Arc;

use aftertone::audio::wav;
use aftertone::blob::objects::Objects;
use aftertone::blob::spool::{Head, Spool, Verdict};
use aftertone::clock::{Clock as _, ManualClock};
use aftertone::domain::{
    CallerId, Extension, Folder, GreetingKind, GreetingName, MailMode, Mark, MessageId, Owner,
    RecordingClass, RecordingId, RedirectReason, Shelf, TenantId,
};
use aftertone::service::accounts::{Accounts, MailboxDefaults, NewUser};
use aftertone::service::deposit::{Deposit, DepositSettings, Kept};
use aftertone::service::greetings::Greetings;
use aftertone::service::owner::OwnerError;
use aftertone::service::retrieval::Retrieval;
use aftertone::service::settings::Settings;
use aftertone::store::Store;

/// An office with two mailboxes, without the calls.
pub(crate) struct Office {
    pub(crate) store: Store,
    pub(crate) objects: Objects,
    pub(crate) spool: Spool,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) retrieval: Retrieval,
    pub(crate) settings: Settings,
    pub(crate) accounts: Accounts,
    pub(crate) ada: Owner,
    pub(crate) eve: Owner,
    _folder: tempfile::TempDir,
}

impl Office {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::new("2026-03-04T05:06:07Z".parse().unwrap(), 7);
        let path = folder.path().display();
        let store = Store::open(&format!("sqlite://{path}/facts.db"), clock.clone()).await.unwrap();
        let objects = Objects::open(&format!("file://{path}/audio")).unwrap();
        let spool = Spool::open(&folder.path().join("spool"), clock.clone()).unwrap();
        let greetings = Greetings::new(store.clone(), objects.clone(), clock.clone());
        let tenant = store.default_tenant().await.unwrap().id;
        let accounts = Accounts::new(store.clone(), clock.clone(), MailboxDefaults::default());
        let ada = add(&accounts, tenant, "1001", Some("ada@example.org")).await;
        let eve = add(&accounts, tenant, "1002", None).await;
        let retrieval = Retrieval::new(store.clone(), objects.clone(), greetings.clone(), clock.clone());
        let settings = Settings::new(store.clone(), spool.clone(), greetings, clock.clone());
        Self { store, objects, spool, clock, retrieval, settings, accounts, ada, eve, _folder: folder }
    }

    pub(crate) async fn add(&self, number: &str) -> Owner {
        add(&self.accounts, self.ada.tenant, number, None).await
    }

    /// A finished recording in the spool: one second of a tone that grows.
    /// A take of the owner's, which becomes what he makes of it.
    pub(crate) async fn recording(&self, owner: Owner, samples: usize) -> RecordingId {
        self.spoken(owner, samples, true).await
    }

    async fn spoken(&self, owner: Owner, samples: usize, draft: bool) -> RecordingId {
        let id = RecordingId::from_uuid(self.clock.uuid());
        let head = Head {
            id,
            tenant: owner.tenant,
            mailbox: owner.mailbox,
            caller: CallerId::new(Some("+15550123"), None),
            alias: None,
            reason: RedirectReason::NoAnswer,
            began_at: self.clock.now(),
            sample_rate: 8000,
            draft,
            presence: None,
        };
        let sound: Vec<i16> = (0..samples).map(|n| if n % 16 < 8 { 6000 } else { -6000 }).collect();
        let mut writer = self.spool.begin(&head).unwrap();
        writer.append(&sound).unwrap();
        let keep_samples = samples as u64;
        writer.finish(Verdict { keep_samples, voiced_ms: 900, class: RecordingClass::Speech }).unwrap();
        self.spool.settle(id).await.unwrap();
        id
    }

    pub(crate) async fn message(&self, owner: Owner) -> MessageId {
        let settings = DepositSettings::default();
        let deposit = Deposit::new(
            self.store.clone(),
            self.objects.clone(),
            self.spool.clone(),
            self.clock.clone(),
            settings,
        );
        match deposit.keep(self.spoken(owner, 8000, false).await).await {
            Kept::Stored(id) => id,
            other => panic!("{other:?}"),
        }
    }
}

async fn add(accounts: &Accounts, tenant: TenantId, number: &str, email: Option<&str>) -> Owner {
    let new = NewUser {
        extension: number.parse::<Extension>().unwrap(),
        first: "Ada".to_owned(),
        last: "Lovelace".to_owned(),
        emails: email.map(|email| email.parse().unwrap()).into_iter().collect(),
        mode: None,
        pin: None,
    };
    let account = accounts.add_user(tenant, new).await.unwrap();
    Owner { tenant, mailbox: account.mailbox.id }
}

#[tokio::test]
async fn a_message_is_opened_by_its_owner_only_and_a_damaged_one_harms_no_other() {
    let office = Office::new().await;
    let (first, second) = (office.message(office.ada).await, office.message(office.ada).await);
    let opened = office.retrieval.open(office.ada, first).await.unwrap();
    assert_eq!((opened.audio.rate, opened.audio.samples.len()), (8000, 8000));
    let stranger = office.retrieval.open(office.eve, first).await.unwrap_err();
    assert!(matches!(stranger, OwnerError::Missing { what: "message" }), "{stranger:?}");
    office.objects.put(&opened.message.object, "RIFF, or is it?".into()).await.unwrap();
    let damaged = office.retrieval.open(office.ada, first).await.unwrap_err();
    assert!(matches!(damaged, OwnerError::Damaged { id, .. } if id == first), "{damaged:?}");
    assert!(office.retrieval.open(office.ada, second).await.is_ok());
    office.objects.delete(&opened.message.object).await.unwrap();
    let lost = office.retrieval.open(office.ada, first).await.unwrap_err();
    assert!(matches!(lost, OwnerError::Missing { what: "audio" }), "{lost:?}");
}

#[tokio::test]
async fn a_list_is_in_the_order_that_its_owner_chose() {
    let office = Office::new().await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(office.message(office.ada).await);
        office.clock.advance(std::time::Duration::from_secs(60));
    }
    office.retrieval.mark(office.ada, ids[3], Mark::Heard).await.unwrap();
    let listed = async || {
        let list = office.retrieval.list(office.ada, Shelf::Inbox).await.unwrap();
        list.iter()
            .map(|heading| ids.iter().position(|id| *id == heading.message.id).unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(listed().await, [2, 1, 0, 3], "unheard first, newest first");
    office.settings.update(office.ada, |phone| phone.newest_first = false).await.unwrap();
    assert_eq!(listed().await, [0, 1, 2, 3]);
    assert_eq!(office.retrieval.counts(office.ada).await.unwrap().new, 3);
}

#[tokio::test]
async fn marks_are_there_for_everybody_at_once() {
    let office = Office::new().await;
    let id = office.message(office.ada).await;
    office.retrieval.mark(office.ada, id, Mark::Trash).await.unwrap();
    assert_eq!(office.store.message(office.ada.tenant, id).await.unwrap().folder, Folder::Trash);
    assert!(office.retrieval.mark(office.eve, id, Mark::Restore).await.is_err());
    let marked = office.retrieval.mark(office.ada, id, Mark::Restore).await.unwrap();
    assert_eq!(marked.folder, Some(Folder::Inbox));
    office.retrieval.leave_place(office.ada, Some((id, 1500))).await.unwrap();
    assert!(office.retrieval.leave_place(office.eve, Some((id, 1500))).await.is_err());
    assert_eq!(office.store.place(office.ada).await.unwrap().unwrap().position_ms, 1500);
}

#[tokio::test]
async fn a_kept_greeting_replaces_the_old_one_and_leaves_the_spool() {
    let office = Office::new().await;
    let first = office.recording(office.ada, 16_000).await;
    let old = office.settings.keep(office.ada, first, GreetingKind::Standard, None, None).await.unwrap();
    let second = office.recording(office.ada, 24_000).await;
    let refused =
        office.settings.keep(office.eve, second, GreetingKind::Standard, None, None).await.unwrap_err();
    assert!(matches!(refused, OwnerError::Missing { what: "recording" }), "{refused:?}");
    let gone = Some(office.clock.now());
    let late =
        office.settings.keep(office.ada, second, GreetingKind::Standard, None, gone).await.unwrap_err();
    assert!(matches!(late, OwnerError::Invalid(_)), "{late:?}");
    let active = async || {
        let all = office.settings.greetings(office.ada).await.unwrap();
        all.into_iter().filter(|greeting| greeting.active).map(|greeting| greeting.id).collect::<Vec<_>>()
    };
    assert_eq!(active().await, [old.id], "until the new one is kept, the old one plays");
    let new = office.settings.keep(office.ada, second, GreetingKind::Standard, None, None).await.unwrap();
    assert_eq!(active().await, [new.id]);
    assert!(office.spool.read(second).await.is_err(), "it left the spool");
    assert!(wav::read(&office.objects.get(&new.object).await.unwrap()).unwrap().samples.len() > 16_000);
    office.settings.choose(office.ada, old.id).await.unwrap();
    assert_eq!(active().await, [old.id]);
    office.settings.switch_off(office.ada, GreetingKind::Standard).await.unwrap();
    assert_eq!(active().await, []);
    let tutorial = office.settings.show(office.ada).await.unwrap().phone.tutorial;
    assert!(tutorial.greeting && !tutorial.name);
}

// 002-071
#[tokio::test]
async fn a_recording_has_the_name_that_was_asked_for_and_is_not_lost_when_it_was_taken_meanwhile() {
    let office = Office::new().await;
    let name: Option<GreetingName> = Some("At the sea".parse().unwrap());
    let mut labels = Vec::new();
    for name in [name.clone(), name, None] {
        let recording = office.recording(office.ada, 16_000).await;
        let kept = office.settings.keep(office.ada, recording, GreetingKind::Away, name, None).await.unwrap();
        labels.push(kept.label);
    }
    assert_eq!(labels, ["At the sea", "At the sea (2)", "away"]);
}

#[tokio::test]
async fn a_mail_mode_needs_an_address() {
    let office = Office::new().await;
    let set = office.settings.set_mail_mode(office.ada, MailMode::BriefLink).await.unwrap();
    assert_eq!(set.recipients[0].mode, MailMode::BriefLink);
    let none = office.settings.set_mail_mode(office.eve, MailMode::BriefLink).await.unwrap_err();
    assert!(matches!(none, OwnerError::Invalid(_)), "{none:?}");
    assert!(office.settings.set_mail_mode(office.eve, MailMode::None).await.is_ok());
}

#[tokio::test]
async fn a_greeting_that_is_chosen_again_plays_even_when_its_last_day_has_gone() {
    let office = Office::new().await;
    let until = office.clock.now() + std::time::Duration::from_secs(3600);
    let recording = office.recording(office.ada, 8000).await;
    let away =
        office.settings.keep(office.ada, recording, GreetingKind::Away, None, Some(until)).await.unwrap();
    assert_eq!(
        office.settings.choose(office.ada, away.id).await.unwrap().until,
        Some(until),
        "still to come"
    );
    office.clock.advance(std::time::Duration::from_secs(7200));
    let chosen = office.settings.choose(office.ada, away.id).await.unwrap();
    assert!(chosen.active && chosen.until.is_none());
    let past = office.settings.set_until(office.ada, away.id, Some(until)).await;
    assert!(matches!(past, Err(OwnerError::Invalid(_))), "{past:?}");
    let other = office.settings.choose(office.eve, away.id).await;
    assert!(matches!(other, Err(OwnerError::Missing { .. })), "{other:?}");
}
