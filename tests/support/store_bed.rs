//! A fresh database with two handles on it, a clock that stands still, and things to put into it.

#[path = "home.rs"]
mod home;

use std::sync::Arc;
use std::time::Duration;

use aftertone::clock::{Clock as _, ManualClock};
use aftertone::domain::{
    Greeting, GreetingId, GreetingKind, JobId, LinkId, MailMode, Mailbox, Message, MessageId, Recipient,
    Tenant, TenantId, User,
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
        let tenant = Tenant { zone: "UTC".to_owned(), ..home::tenant(&self.clock, name) };
        self.store.put_tenant(&tenant).await.unwrap();
        tenant.id
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
        let user = home::user(&self.clock, tenant, "Ada", "Lovelace");
        let told = Recipient { address: user.emails[0].clone(), mode: MailMode::Link };
        let plain = home::mailbox(&self.clock, &user, extension);
        let mailbox = Mailbox { recipients: vec![told], ..plain };
        Home { tenant, user, mailbox }
    }

    pub(crate) fn message(&self, home: &Home) -> Message {
        Message { tenant: home.tenant, ..home::message(&self.clock, &home.mailbox) }
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
            greeting: None,
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
