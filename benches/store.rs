//! Durable deposits per second on SQLite (a file on the disk of the temporary folder, `synchronous=FULL`), with 1, 16
//! and 128 callers at once.
#![expect(clippy::unwrap_used, reason = "a bench that cannot set itself up says so by failing")]
#![expect(clippy::disallowed_methods, reason = "a bench reads the clock that it measures with")]
#![expect(missing_docs, reason = "the macro of criterion makes a public function")]

use std::time::{Duration, Instant};

use aftertone::clock::{SharedClock, SystemClock};
use aftertone::domain::{
    CallerId, Folder, JobId, MailboxId, Message, MessageId, RecordingClass, RedirectReason, TenantId,
};
use aftertone::service::accounts::{Accounts, MailboxDefaults, NewUser};
use aftertone::store::{Deposited, NewJob, Store, Work};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

struct Bed {
    store: Store,
    clock: SharedClock,
    tenant: TenantId,
    mailbox: MailboxId,
    _folder: tempfile::TempDir,
}

async fn bed() -> Bed {
    let folder = tempfile::tempdir().unwrap();
    let clock = SystemClock::shared();
    let url = format!("sqlite://{}/facts.db", folder.path().display());
    let store = Store::open(&url, clock.clone()).await.unwrap();
    let tenant = store.default_tenant().await.unwrap().id;
    let accounts = Accounts::new(store.clone(), clock.clone(), MailboxDefaults::default());
    let ada = NewUser {
        extension: "1001".parse().unwrap(),
        first: "Ada".to_owned(),
        last: "Lovelace".to_owned(),
        emails: vec!["ada@example.org".parse().unwrap()],
        mode: None,
        pin: None,
    };
    let mailbox = accounts.add_user(tenant, ada).await.unwrap().mailbox.id;
    Bed { store, clock, tenant, mailbox, _folder: folder }
}

impl Bed {
    fn message(&self) -> (Message, NewJob) {
        let now = self.clock.now();
        let id = MessageId::from_uuid(self.clock.uuid());
        let message = Message {
            id,
            tenant: self.tenant,
            mailbox: self.mailbox,
            folder: Folder::Inbox,
            tag: None,
            heard_at: None,
            urgent: false,
            private: false,
            caller: CallerId::new(Some("+15550123"), Some("Grace")),
            alias: None,
            reason: RedirectReason::NoAnswer,
            received_at: now,
            duration_ms: 15_000,
            voiced_ms: 12_000,
            class: RecordingClass::Speech,
            sample_rate: 8000,
            bytes: 240_044,
            sha256: "ab".repeat(32),
            object: format!("messages/{id}.wav"),
        };
        let work = Work::Mail { message: id, to: "ada@example.org".parse().unwrap() };
        (message, NewJob { id: JobId::from_uuid(self.clock.uuid()), work, due: now })
    }

    /// The time that `total` deposits take when `callers` of them are always under way.
    async fn deposit(&self, total: u64, callers: u64) -> Duration {
        let start = Instant::now();
        let mut tasks = tokio::task::JoinSet::new();
        for caller in 0..callers {
            let share = total / callers + u64::from(caller < total % callers);
            let work: Vec<_> = (0..share).map(|_| self.message()).collect();
            let store = self.store.clone();
            tasks.spawn(async move {
                for (message, job) in work {
                    assert_eq!(store.deposit(&message, &[job]).await.unwrap(), Deposited::New);
                }
            });
        }
        tasks.join_all().await;
        start.elapsed()
    }
}

fn deposits(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let bed = runtime.block_on(bed());
    let mut group = criterion.benchmark_group("deposit on SQLite");
    group.throughput(Throughput::Elements(1)).sample_size(10);
    for callers in [1, 16, 128] {
        group.bench_with_input(BenchmarkId::from_parameter(callers), &callers, |bencher, callers| {
            bencher.iter_custom(|total| runtime.block_on(bed.deposit(total, *callers)));
        });
    }
    group.finish();
}

criterion_group!(benches, deposits);
criterion_main!(benches);
