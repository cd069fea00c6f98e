//! A fresh database with two handles on it, a clock that stands still, and things to put into it.

use std::sync::Arc;
use std::time::Duration;

use aftertone::clock::{Clock as _, ManualClock};
use aftertone::domain::{
    AttachmentFormat, CallerId, Folder, Greeting, GreetingId, GreetingKind, JobId, LinkId, MailMode, Mailbox,
    MailboxId, Message, MessageId, Quota, Recipient, RecordingClass, RedirectReason, Tenant, TenantId,
    ToneChoice, User, UserId,
};
use aftertone::store::{Link, NewJob, Number, Store, Work};
use sqlx::Connection as _;

/// One database, two handles as two nodes would have.
pub(crate) struct Bed {
    pub(crate) url: String,
    pub(crate) store: Store,
    pub(crate) second: Store,
    pub(crate) clock: Arc<ManualClock>,
    folder: Option<tempfile::TempDir>,
}

/// A tenant with one user and mailbox.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    pub(crate) tenant: TenantId,
    pub(crate) user: User,
    pub(crate) mailbox: Mailbox,
}

impl Bed {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut bed = Self::new(format!("sqlite://{}/facts.db", folder.path().display())).await;
        bed.folder = Some(folder);
        bed
    }

    pub(crate) async fn new(url: String) -> Self {
        let clock = ManualClock::new("2026-03-04T05:06:07.891234Z".parse().unwrap(), 7);
        // Two nodes that start together must not trip over each other's migrations.
        let (store, second) =
            tokio::join!(Store::open(&url, clock.clone()), Store::open(&url, clock.clone()));
        Self { url, store: store.unwrap(), second: second.unwrap(), clock, folder: None }
    }

    pub(crate) async fn tenant(&self, name: &str) -> TenantId {
        let id = TenantId::from_uuid(self.clock.uuid());
        let tenant = Tenant {
            id,
            name: name.to_owned(),
            domains: Vec::new(),
            zone: "UTC".to_owned(),
            language: "en".to_owned(),
            operator: None,
            default_action: aftertone::domain::DefaultAction::Announce,
        };
        self.store.put_tenant(&tenant).await.unwrap();
        id
    }

    /// A tenant of its own with one stored user.
    pub(crate) async fn home(&self, extension: &str) -> Home {
        let tenant = self.tenant(&format!("tenant of {extension}")).await;
        let home = self.person(tenant, extension);
        self.store.add_user(&home.user, &home.mailbox, None).await.unwrap();
        home
    }

    /// A user who is not stored yet.
    pub(crate) fn person(&self, tenant: TenantId, extension: &str) -> Home {
        let now = self.clock.now();
        let address: aftertone::domain::MailAddress = "ada@example.org".parse().unwrap();
        let user = User {
            id: UserId::from_uuid(self.clock.uuid()),
            tenant,
            first: "Ada".to_owned(),
            last: "Lovelace".to_owned(),
            emails: vec![address.clone()],
            created_at: now,
        };
        let mailbox = Mailbox {
            id: MailboxId::from_uuid(self.clock.uuid()),
            tenant,
            user: Some(user.id),
            extension: extension.parse().unwrap(),
            enabled: true,
            announcement_only: false,
            language: None,
            zone: None,
            max_message: Duration::from_secs(180),
            silence: Duration::from_secs(5),
            min_speech: Duration::from_secs(1),
            keep_no_speech: false,
            mail_tones: false,
            instructions: true,
            tone: ToneChoice::default(),
            operator: None,
            keys: Default::default(),
            quota: Quota::default(),
            recipients: vec![Recipient { address, mode: MailMode::Link }],
            attachment: AttachmentFormat::Mp3,
            phone: aftertone::domain::PhoneSettings::default(),
            created_at: now,
        };
        Home { tenant, user, mailbox }
    }

    pub(crate) fn message(&self, home: &Home) -> Message {
        let id = MessageId::from_uuid(self.clock.uuid());
        Message {
            id,
            tenant: home.tenant,
            mailbox: home.mailbox.id,
            folder: Folder::Inbox,
            heard_at: None,
            urgent: false,
            private: false,
            caller: CallerId::new(Some("+15550123"), Some("Grace")),
            alias: None,
            reason: RedirectReason::NoAnswer,
            received_at: self.clock.now(),
            duration_ms: 12_000,
            voiced_ms: 9_000,
            class: RecordingClass::Speech,
            sample_rate: 8000,
            bytes: 192_044,
            sha256: "ab".repeat(32),
            object: format!("messages/{id}.wav"),
        }
    }

    pub(crate) async fn deposited(&self, home: &Home) -> Message {
        let message = self.message(home);
        self.store.deposit(&message, &[]).await.unwrap();
        message
    }

    pub(crate) fn mail(&self, message: &Message) -> NewJob {
        NewJob {
            id: JobId::from_uuid(self.clock.uuid()),
            work: Work::Mail { message: message.id, to: "ada@example.org".parse().unwrap() },
            due: self.clock.now(),
        }
    }

    pub(crate) fn greeting(&self, home: &Home, kind: GreetingKind) -> Greeting {
        let id = GreetingId::from_uuid(self.clock.uuid());
        Greeting {
            id,
            tenant: home.tenant,
            mailbox: home.mailbox.id,
            kind,
            label: "on the beach.mp3".to_owned(),
            object: format!("greetings/{id}.wav"),
            duration_ms: 4_000,
            active: true,
            from: None,
            until: None,
            created_at: self.clock.now(),
        }
    }

    pub(crate) fn number(&self, home: &Home, number: &str) -> Number {
        Number {
            tenant: home.tenant,
            number: number.to_owned(),
            mailbox: home.mailbox.id,
            label: Some("label".to_owned()),
        }
    }

    pub(crate) fn link(&self, message: &Message, token_hash: [u8; 32]) -> Link {
        Link {
            id: LinkId::from_uuid(self.clock.uuid()),
            tenant: message.tenant,
            message: message.id,
            sent_to: "ada@example.org".parse().unwrap(),
            token_hash,
            expires_at: self.clock.now().checked_add(Duration::from_secs(86_400)).unwrap(),
            revoked_at: None,
            created_at: self.clock.now(),
        }
    }

    /// The words of the message's ledger.
    pub(crate) async fn events(&self, home: &Home, message: MessageId) -> Vec<String> {
        let ledger = self.store.ledger(home.tenant, message).await.unwrap();
        ledger.into_iter().map(|entry| entry.event).collect()
    }

    /// Does to the database what no version of the program does.
    pub(crate) async fn sql(&self, sql: &'static str) {
        if let Some(path) = self.url.strip_prefix("sqlite://") {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        } else {
            let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}
