//! From hang-up to durable: recordings of 15 s through spool, local folder and SQLite, 64 callers at once, as the server
//! does it. Prints deposits per second, and how long a caller waited (p50, p99).
//!
//! Not criterion: the distribution of single waits is what counts, and each deposit is made once.
#![expect(clippy::unwrap_used, reason = "a bench that cannot set itself up says so by failing")]
#![expect(clippy::disallowed_methods, reason = "a bench reads the clock that it measures with")]

use std::time::{Duration, Instant};

use aftertone::blob::objects::Objects;
use aftertone::blob::spool::{Head, Spool, Verdict};
use aftertone::clock::{SharedClock, SystemClock};
use aftertone::domain::{CallerId, Mailbox, RecordingClass, RecordingId, RedirectReason};
use aftertone::service::accounts::{Accounts, MailboxDefaults, NewUser};
use aftertone::service::deposit::{Deposit, DepositSettings, Kept};
use aftertone::store::Store;

const CALLERS: usize = 64;
const EACH: usize = 25;
const SECONDS: usize = 15;

struct Bed {
    clock: SharedClock,
    spool: Spool,
    deposit: Deposit,
    mailbox: Mailbox,
    _folder: tempfile::TempDir,
}

async fn bed() -> Bed {
    // The temporary folder may be in memory: the target folder is on a disk.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let at = folder.path().display();
    let clock = SystemClock::shared();
    let store = Store::open(&format!("sqlite://{at}/facts.db"), clock.clone()).await.unwrap();
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
    let mailbox = accounts.add_user(tenant, ada).await.unwrap().mailbox;
    let objects = Objects::open(&format!("file://{at}/audio")).unwrap();
    let spool = Spool::open(&folder.path().join("spool"), clock.clone()).unwrap();
    // A caller who waits longer than the usual patience is measured, not sent away.
    let settings = DepositSettings { patience: Duration::from_secs(60), ..DepositSettings::default() };
    let deposit = Deposit::new(store, objects, spool.clone(), clock.clone(), settings);
    Bed { clock, spool, deposit, mailbox, _folder: folder }
}

impl Bed {
    /// A call up to its hang-up.
    fn record(&self, sound: &[i16]) -> RecordingId {
        let head = Head {
            id: RecordingId::from_uuid(self.clock.uuid()),
            tenant: self.mailbox.tenant,
            mailbox: self.mailbox.id,
            caller: CallerId::new(Some("+15550123"), Some("Grace")),
            alias: None,
            reason: RedirectReason::NoAnswer,
            began_at: self.clock.now(),
            sample_rate: 8_000,
            draft: false,
            presence: None,
        };
        let mut writer = self.spool.begin(&head).unwrap();
        writer.append(sound).unwrap();
        let class = RecordingClass::Speech;
        writer.finish(Verdict { keep_samples: sound.len() as u64, voiced_ms: 9_000, class }).unwrap();
        head.id
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let bed = std::sync::Arc::new(bed().await);
        let sound: std::sync::Arc<[i16]> = (0..SECONDS * 8_000).map(|at| (at * 7 % 9_001) as i16).collect();
        let began = Instant::now();
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..CALLERS {
            let (bed, sound) = (std::sync::Arc::clone(&bed), std::sync::Arc::clone(&sound));
            callers.spawn(async move {
                let mut waits = Vec::with_capacity(EACH);
                for _ in 0..EACH {
                    let id = bed.record(&sound);
                    let hung_up = Instant::now();
                    assert_eq!(bed.deposit.keep(id).await, Kept::Stored(id.into()));
                    waits.push(hung_up.elapsed());
                }
                waits
            });
        }
        let mut waits: Vec<Duration> = callers.join_all().await.into_iter().flatten().collect();
        let took = began.elapsed();
        waits.sort_unstable();
        let part = |percent: usize| waits[(waits.len() - 1) * percent / 100].as_millis();
        println!(
            "{} deposits of {SECONDS} s, {CALLERS} at once: {:.0}/s, hang-up to durable p50 {} ms, p99 {} ms",
            waits.len(),
            waits.len() as f64 / took.as_secs_f64(),
            part(50),
            part(99)
        );
    });
}
