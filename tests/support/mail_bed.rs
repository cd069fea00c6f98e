//! A tenant with a mailbox, stored recordings, a clock that stands still, and an outbox over them.

#[path = "home.rs"]
mod home;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aftertone::audio::wav;
use aftertone::blob::objects::Objects;
use aftertone::clock::{Clock as _, ManualClock};
use aftertone::domain::{CallerId, JobId, MailAddress, MailMode, Mailbox, Message, MessageId, Recipient};
use aftertone::mail::{Mailer, Sender, Timeouts};
use aftertone::outbox::{Outbox, Settings};
use aftertone::service::links::Links;
use aftertone::store::{Job, NewJob, Store, Work};

pub(crate) use self::home::ADA;

pub(crate) struct MailBed {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Store,
    pub(crate) objects: Objects,
    pub(crate) links: Links,
    pub(crate) mailbox: Mailbox,
    folder: tempfile::TempDir,
}

impl MailBed {
    /// One mailbox; `recipients` are told.
    pub(crate) async fn new(recipients: &[(&str, MailMode)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/facts.db", folder.path().display());
        Self::on(&url, folder, recipients).await
    }

    /// The same with its facts in this empty database.
    pub(crate) async fn on(url: &str, folder: tempfile::TempDir, recipients: &[(&str, MailMode)]) -> Self {
        let clock = ManualClock::new("2026-11-21T13:32:10Z".parse().unwrap(), 7);
        let store = Store::open(url, clock.clone()).await.unwrap();
        std::fs::create_dir(folder.path().join("audio")).unwrap();
        let objects = Objects::open(&format!("file://{}/audio", folder.path().display())).unwrap();
        let month = Duration::from_secs(30 * 24 * 3600);
        let links = Links::new(store.clone(), clock.clone(), "https://vm.example.org/", month);
        let tenant = home::tenant(&clock, "home");
        let user = home::user(&clock, tenant.id, "Ada", "Lovelace");
        let mut mailbox = home::mailbox(&clock, &user, "1001");
        mailbox.recipients = recipients
            .iter()
            .map(|(address, mode)| Recipient { address: address.parse().unwrap(), mode: *mode })
            .collect();
        store.put_tenant(&tenant).await.unwrap();
        store.add_user(&user, &mailbox, None).await.unwrap();
        Self { clock, store, objects, links, mailbox, folder }
    }

    /// Where mails go as files.
    pub(crate) fn mail_folder(&self) -> PathBuf {
        self.folder.path().join("mail")
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn files_url(&self) -> String {
        format!("file://{}", self.mail_folder().display())
    }

    /// The mails that were written as files.
    pub(crate) fn mails(&self) -> Vec<Vec<u8>> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(self.mail_folder())
            .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
            .unwrap_or_default();
        // One that is being written has another name.
        files.retain(|file| file.extension().is_some_and(|ending| ending == "eml"));
        files.sort();
        files.iter().map(|file| std::fs::read(file).unwrap()).collect()
    }

    pub(crate) fn mailer(&self, url: &str, timeouts: Timeouts) -> Mailer {
        let sender = Sender::parse("Aftertone <voicemail@pbx.example.org>").unwrap();
        Mailer::open(url, sender, timeouts, self.clock.clone()).unwrap()
    }

    pub(crate) fn outbox(&self, url: &str) -> Outbox {
        self.outbox_with(url, quick(), Settings::default())
    }

    pub(crate) fn outbox_with(&self, url: &str, timeouts: Timeouts, settings: Settings) -> Outbox {
        let mailer = self.mailer(url, timeouts);
        let (store, objects, links) = (self.store.clone(), self.objects.clone(), self.links.clone());
        Outbox::new(store, objects, mailer, links, self.clock.clone(), settings)
    }

    /// A stored message of two seconds with a mail job for each recipient.
    pub(crate) async fn deposit(&self) -> Message {
        self.deposit_with(|message, to| Work::Mail { message, to }).await
    }

    /// The same, and its owner had it mailed away to each address.
    pub(crate) async fn mailed_away(&self) -> Message {
        self.deposit_with(|message, to| Work::MailAway { message, to }).await
    }

    async fn deposit_with(&self, work: fn(MessageId, MailAddress) -> Work) -> Message {
        let samples: Vec<i16> = (0..16_000).map(|n| ((n % 40) * 400 - 8000) as i16).collect();
        let audio = wav::write(&samples, 8000).unwrap();
        let message = Message {
            caller: CallerId::new(Some("5550123"), Some("Grace Hopper")),
            duration_ms: 2000,
            voiced_ms: 1500,
            bytes: audio.len() as u64,
            ..home::message(&self.clock, &self.mailbox)
        };
        self.objects.put(&message.object, audio.into()).await.unwrap();
        let jobs: Vec<NewJob> = self
            .mailbox
            .recipients
            .iter()
            .map(|to| NewJob {
                id: JobId::from_uuid(self.clock.uuid()),
                work: work(message.id, to.address.clone()),
                due: self.clock.now(),
            })
            .collect();
        self.store.deposit(&message, &jobs).await.unwrap();
        message
    }

    pub(crate) async fn message(&self, id: MessageId) -> Message {
        self.store.message_anywhere(id).await.unwrap()
    }

    /// The words of the message's ledger.
    pub(crate) async fn events(&self, id: MessageId) -> Vec<String> {
        let ledger = self.store.ledger(self.mailbox.tenant, id).await.unwrap();
        ledger.into_iter().map(|entry| entry.event).collect()
    }

    /// The one job that there is.
    pub(crate) async fn only_job(&self) -> Job {
        let mut jobs = self.store.jobs(None, 10).await.unwrap();
        assert_eq!(jobs.len(), 1);
        jobs.remove(0)
    }
}

/// Time limits for servers that do not answer: a test waits them out.
pub(crate) fn quick() -> Timeouts {
    Timeouts {
        connect: Duration::from_secs(2),
        command: Duration::from_secs(5),
        data: Duration::from_millis(1500),
    }
}
