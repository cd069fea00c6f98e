//! A mailbox with its database, folder and spool, on which deposits are tried.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::*;
use crate::blob::spool::{Head, Verdict};
use crate::clock::{Clock, ManualClock};
use crate::domain::{
    AfterMail, CallerId, Folder, MailMode, Message, Quota, Recipient, RedirectReason, User, UserId,
};
use crate::service::accounts::MailboxDefaults;

pub(super) struct World {
    pub(super) folder: tempfile::TempDir,
    pub(super) clock: Arc<ManualClock>,
    pub(super) store: Store,
    pub(super) objects: Objects,
    pub(super) mailbox: Mailbox,
    pub(super) deposit: Deposit,
}

/// Nobody hangs on the line, so a busy machine may take its time.
pub(super) fn patient() -> DepositSettings {
    DepositSettings { patience: Duration::from_secs(120), ..DepositSettings::default() }
}

impl World {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::new("2026-03-04T05:06:07Z".parse().unwrap(), 1);
        let url = format!("sqlite://{}/facts.db", folder.path().display());
        let store = Store::open(&url, Arc::clone(&clock) as SharedClock).await.unwrap();
        let tenant = store.default_tenant().await.unwrap();
        let mailbox = mailbox(&clock, tenant.id);
        let user = User {
            id: mailbox.user.unwrap(),
            tenant: tenant.id,
            first: "Ada".to_owned(),
            last: "Lovelace".to_owned(),
            emails: Vec::new(),
            profile: crate::domain::Profile::default(),
            created_at: clock.now(),
        };
        store.add_user(&user, &mailbox, None).await.unwrap();
        let objects = Objects::open(&format!("file://{}/audio", folder.path().display())).unwrap();
        let deposit = start(&folder, &clock, &store, &objects, patient());
        Self { folder, clock, store, objects, mailbox, deposit }
    }

    /// As after a crash: another process on the same data.
    pub(super) fn restart(mut self) -> Self {
        let elsewhere = tempfile::tempdir().unwrap();
        // The lock of the spool goes with its last handle.
        self.deposit = self.start(&elsewhere, patient());
        self.deposit = self.start(&self.folder, patient());
        self
    }

    pub(super) fn start(&self, folder: &tempfile::TempDir, settings: DepositSettings) -> Deposit {
        start(folder, &self.clock, &self.store, &self.objects, settings)
    }

    pub(super) fn spool(&self) -> &Spool {
        &self.deposit.inner.spool
    }

    pub(super) fn head(&self) -> Head {
        Head {
            id: RecordingId::from_uuid(self.clock.uuid()),
            tenant: self.mailbox.tenant,
            mailbox: self.mailbox.id,
            caller: CallerId::new(Some("+15550100"), Some("Grace")),
            alias: Some("sales".to_owned()),
            reason: RedirectReason::UserBusy,
            began_at: self.clock.now(),
            sample_rate: 8_000,
            draft: false,
            presence: None,
        }
    }

    pub(super) fn record(&self, samples: &[i16], class: RecordingClass) -> RecordingId {
        let head = self.head();
        let mut writer = self.spool().begin(&head).unwrap();
        writer.append(samples).unwrap();
        writer.finish(Verdict { keep_samples: samples.len() as u64, voiced_ms: 900, class }).unwrap();
        self.clock.advance(Duration::from_millis(2));
        head.id
    }

    pub(super) async fn inbox(&self) -> Vec<Message> {
        self.store.messages(self.mailbox.tenant, self.mailbox.id, Folder::Inbox).await.unwrap()
    }

    pub(super) async fn mails(&self) -> usize {
        self.store.jobs(None, 100).await.unwrap().len()
    }

    pub(super) async fn change_mailbox(&mut self, change: impl FnOnce(&mut Mailbox)) {
        change(&mut self.mailbox);
        self.store.put_mailbox(&self.mailbox).await.unwrap();
    }

    /// Waits until the spool holds so many recordings.
    pub(super) async fn depth(&self, wanted: usize) {
        for _ in 0..2_000 {
            if self.spool().health().depth == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the spool holds {} recordings, not {wanted}", self.spool().health().depth);
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a file where the audio folder was, or takes it away again.
    pub(super) fn objects_away(&self, away: bool) {
        let (folder, aside) = (self.path("audio"), self.path("audio-aside"));
        if away {
            std::fs::rename(&folder, &aside).unwrap();
            std::fs::write(&folder, "not a folder").unwrap();
        } else {
            std::fs::remove_file(&folder).unwrap();
            std::fs::rename(&aside, &folder).unwrap();
        }
    }
}

fn start(
    folder: &tempfile::TempDir,
    clock: &Arc<ManualClock>,
    store: &Store,
    objects: &Objects,
    settings: DepositSettings,
) -> Deposit {
    let clock = Arc::clone(clock) as SharedClock;
    let spool = Spool::open(&folder.path().join("spool"), Arc::clone(&clock)).unwrap();
    Deposit::new(store.clone(), objects.clone(), spool, clock, settings)
}

fn mailbox(clock: &ManualClock, tenant: crate::domain::TenantId) -> Mailbox {
    let recipient = |address: &str, mode| Recipient { address: address.parse().unwrap(), mode };
    let defaults = MailboxDefaults { quota: Quota::default(), ..MailboxDefaults::default() };
    let id = crate::domain::MailboxId::from_uuid(clock.uuid());
    Mailbox {
        user: Some(UserId::from_uuid(clock.uuid())),
        recipients: vec![
            recipient("ada@example.org", MailMode::Link),
            recipient("assistant@example.org", MailMode::Attachment(AfterMail::LeaveNew)),
            recipient("old@example.org", MailMode::None),
        ],
        ..defaults.mailbox(id, tenant, "1001".parse().unwrap(), clock.now())
    }
}

/// A buzz of 120 Hz with the rhythm of syllables: the voice detector takes it for speech.
pub(super) fn speech(seconds: usize) -> Vec<i16> {
    let sample = |at: usize| {
        let time = at as f64 / 8_000.0;
        let buzz: f64 =
            (1..20).map(|n| (std::f64::consts::TAU * 120.0 * f64::from(n) * time).sin() / f64::from(n)).sum();
        let syllable = (std::f64::consts::TAU * 3.0 * time).sin().max(0.0);
        (buzz * syllable * 6_000.0) as i16
    };
    (0..seconds * 8_000).map(sample).collect()
}
