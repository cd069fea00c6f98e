//! No message is lost: the whole server is killed, its database, bucket, disk and mail server go away and come back.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
#![expect(
    clippy::disallowed_methods,
    reason = "these tests wait for a real process and measure it by a real clock"
)]

#[path = "durability/caller.rs"]
mod caller;
#[expect(dead_code, reason = "shared with the tests of mail, which use the rest of it")]
#[path = "support/mail_bed.rs"]
mod mail_bed;
#[path = "support/ports.rs"]
mod ports;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/s3.rs"]
mod s3;
#[path = "durability/server.rs"]
mod server;
#[expect(dead_code, reason = "shared with the tests of mail, which use the rest of it")]
#[path = "support/smtp_server.rs"]
mod smtp_server;

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use aftertone::blob::objects::{ObjectError, Objects};
use aftertone::blob::spool::{Head, Spool, Verdict};
use aftertone::clock::SystemClock;
use aftertone::domain::{AfterMail, CallerId, Folder, MailMode, RecordingClass, RecordingId, RedirectReason};
use aftertone::service::deposit::{Deposit, DepositSettings, Kept};
use aftertone::service::retention::{Retention, Swept};
use aftertone::store::{JobState, StoreError, Work};
use caller::{Phone, Speech, Talk, was_said};
use futures_util::future::join_all;
use mail_bed::{ADA, MailBed};
use postgres::Postgres;
use s3::S3;
use server::{Inbox, Node, Site};
use smtp_server::SmtpServer;

/// Calls at the same time when the server is killed.
const CALLS: usize = 4;
/// What may be missing at the end of a recording that was cut: a second.
const MAY_MISS: usize = 8_000;

// ---- kill -9

/// What a call had said when the server died.
struct Said {
    number: String,
    samples: usize,
    late: usize,
}

impl Said {
    fn by(talk: &Talk) -> Self {
        Self { number: talk.number.clone(), samples: talk.sent(), late: talk.late() }
    }
}

/// Rounds of four calls, killed in turn while they record and just after they hung up. Set `AFTERTONE_TEST_KILLS` for
/// more rounds than these.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_at_any_moment_loses_no_message_doubles_none_and_costs_a_second_at_most() {
    let rounds: usize = std::env::var("AFTERTONE_TEST_KILLS").map_or(12, |rounds| rounds.parse().unwrap());
    let site = Site::local();
    let mut node = site.node("data");
    node.add_ada();
    let inbox = Inbox::of(&site).await;
    let mut worst = [0; 2];
    node.start().await;
    for round in 0..rounds {
        let after_hang_up = round % 2 == 1;
        let said = killed(&mut node, round, after_hang_up).await;
        node.start().await;
        for said in &said {
            let missing = arrived(&inbox, &node, said).await;
            assert!(
                missing <= MAY_MISS + said.late,
                "round {round}: {missing} samples are missing at the end (our own ticks were {} late)\n{}",
                said.late,
                node.log()
            );
            worst[usize::from(after_hang_up)] = worst[usize::from(after_hang_up)].max(missing);
        }
    }
    let [recording, after] = worst.map(|samples| samples as f64 / 8_000.0);
    println!(
        "{rounds} kills: at most {recording:.2} s missing of those cut off, {after:.2} s of those hung up"
    );
    node.until_spool("nothing stays in the spool", <[u64]>::is_empty).await;
    assert_eq!(inbox.messages().await.len(), rounds * CALLS, "nothing is lost, nothing is doubled");
    until("each message is mailed once", || site.mails() == rounds * CALLS).await;
}

/// A server that has Ada's mailbox and does not run yet, who calls it, and who looks into it.
async fn with_ada(site: &Site) -> (Node, Phone, Inbox) {
    let node = site.node("data");
    node.add_ada();
    (node, Phone::new().await, Inbox::of(site).await)
}

/// Four calls talk until the server is killed at some moment.
async fn killed(node: &mut Node, round: usize, after_hang_up: bool) -> Vec<Said> {
    // A file of the round before, whose message is there already, is not taken for a call of this one.
    node.until_spool("nothing is left of the round before", <[u64]>::is_empty).await;
    let phone = Phone::new().await;
    let numbers: Vec<String> = (0..CALLS).map(|call| format!("55{round:03}{call:02}")).collect();
    let calls = join_all(numbers.iter().map(|number| phone.talk(node.sip, number))).await;
    let mut calls: Vec<Talk> = calls.into_iter().map(|call| call.expect("the call is answered")).collect();
    // A second and a half of sound each, so that each counts as speech.
    let enough = |spool: &[u64]| spool.iter().filter(|bytes| **bytes > 24_000).count() == CALLS;
    node.until_spool("all calls are being recorded", enough).await;
    tokio::time::sleep(Duration::from_millis(phone.chance(1_500))).await;
    if after_hang_up {
        join_all(calls.iter_mut().map(Talk::hang_up)).await;
        tokio::time::sleep(Duration::from_millis(phone.chance(300))).await;
    }
    node.kill();
    calls.iter().map(Said::by).collect()
}

/// Waits for the one message of a call; how many samples are missing at its end.
async fn arrived(inbox: &Inbox, node: &Node, said: &Said) -> usize {
    let found = inbox.until(&said.number, 1, Duration::from_secs(90)).await;
    let [message] = &found[..] else { panic!("{} messages of {}\n{}", found.len(), said.number, node.log()) };
    let samples = inbox.samples(message).await;
    let end = Speech::get().end_of(&samples).expect("what was said is in the recording");
    said.samples.saturating_sub(end)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sip_answers_after_a_restart_long_before_a_thousand_recordings_in_the_spool_are_worked_off() {
    let site = Site::local();
    let mut node = site.node("data");
    node.add_ada();
    let inbox = Inbox::of(&site).await;
    fill_spool(&node, &inbox, 1_000).await;
    node.spawn();
    let took = node.until_sip();
    // How long that takes on a machine that does other things too says nothing; what was left to do then does.
    let left = node.spooled().len();
    assert!(left > 500, "SIP answered after {took:?}, with {left} recordings left");
    println!("SIP answered {} ms after a start with 1000 recordings in the spool", took.as_millis());
    let phone = Phone::new().await;
    let heard = phone.leave(node.sip, "5550001", 2).await;
    assert!(heard.answered, "{heard:?}");
    node.until_spool("every recording becomes a message", <[u64]>::is_empty).await;
    assert_eq!(inbox.from("5559999").await.len(), 1_000);
    assert_eq!(inbox.from("5550001").await.len(), 1);
}

/// Recordings as a killed server leaves them.
async fn fill_spool(node: &Node, inbox: &Inbox, count: usize) {
    let spool = Spool::open(&node.spool(), SystemClock::shared()).unwrap();
    for _ in 0..count {
        record(&spool, inbox);
    }
}

/// A finished recording of two seconds that no call holds.
fn record(spool: &Spool, inbox: &Inbox) -> RecordingId {
    let clock = SystemClock::shared();
    let head = Head {
        id: RecordingId::from_uuid(clock.uuid()),
        tenant: inbox.ada().tenant,
        mailbox: inbox.ada().id,
        caller: CallerId::new(Some("5559999"), None),
        alias: None,
        reason: RedirectReason::NoAnswer,
        began_at: clock.now(),
        sample_rate: 8_000,
        draft: false,
        presence: None,
    };
    let sound = Speech::get().samples(2);
    let mut writer = spool.begin(&head).unwrap();
    writer.append(sound).unwrap();
    let class = RecordingClass::Speech;
    writer.finish(Verdict { keep_samples: sound.len() as u64, voiced_ms: 900, class }).unwrap();
    spool.release(head.id);
    head.id
}

// ---- outages of the running server

/// One message is left before the outage, one in it; the second arrives once when it is over.
struct Outage<'a> {
    node: &'a Node,
    phone: &'a Phone,
    inbox: &'a Inbox,
}

impl Outage<'_> {
    async fn before(&self) {
        let heard = self.phone.leave(self.node.sip, "5550001", 2).await;
        assert!(was_said(&heard, "message-sent"), "{}", self.node.log());
        assert_eq!(self.inbox.until("5550001", 1, Duration::from_secs(60)).await.len(), 1);
    }

    /// The caller is told the truth, and `/readyz` says which part is away and what to do.
    async fn during(&self, part: &str, remedy: &str) {
        let heard = self.phone.leave(self.node.sip, "5550002", 2).await;
        assert!(was_said(&heard, "message-waiting"), "{}", self.node.log());
        assert!(!was_said(&heard, "message-sent"));
        let body = self.node.until_ready_says(503).await;
        let checks: serde_json::Value = serde_json::from_str(&body).unwrap();
        let check = checks["checks"].as_array().unwrap().iter().find(|check| check["name"] == part).unwrap();
        assert_eq!(check["ok"], false, "{body}");
        assert!(check["detail"].as_str().unwrap().contains(remedy), "{body}");
        assert_eq!(self.node.spooled().len(), 1);
    }

    async fn after(&self) {
        assert_eq!(
            self.inbox.until("5550002", 1, Duration::from_secs(90)).await.len(),
            1,
            "{}",
            self.node.log()
        );
        self.node.until_ready_says(200).await;
        self.node.until_spool("nothing waits any more", <[u64]>::is_empty).await;
        assert_eq!(self.inbox.messages().await.len(), 2);
        assert_eq!(self.node.says("a message waits in the spool"), 1, "said once: {}", self.node.log());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_audio_folder_callers_hear_that_their_message_waits_and_it_arrives_later() {
    let site = Site::local();
    let (mut node, phone, inbox) = with_ada(&site).await;
    node.start().await;
    let outage = Outage { node: &node, phone: &phone, inbox: &inbox };
    outage.before().await;
    let (audio, aside) = (site.path("audio"), site.path("audio-aside"));
    std::fs::rename(&audio, &aside).unwrap();
    std::fs::write(&audio, "no folder").unwrap();
    outage.during("storage", "make the folder or bucket reachable").await;
    std::fs::remove_file(&audio).unwrap();
    std::fs::rename(&aside, &audio).unwrap();
    outage.after().await;
    until("each message is mailed once", || site.mails() == 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_database_known_mailboxes_go_on_taking_messages() {
    let Some(mut postgres) = Postgres::own() else { return };
    let mut site = Site::local();
    site.database = postgres.database().await;
    let (mut node, phone, inbox) = with_ada(&site).await;
    node.start().await;
    let outage = Outage { node: &node, phone: &phone, inbox: &inbox };
    outage.before().await;
    postgres.stop();
    outage.during("database", "start the database").await;
    postgres.start_again();
    outage.after().await;
    until("each message is mailed once", || site.mails() == 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_starts_before_its_database_comes_up_says_so_and_takes_messages_once_it_is_there() {
    let Some(mut postgres) = Postgres::own() else { return };
    let mut site = Site::local();
    site.database = postgres.database().await;
    // What was recorded before still lies in the spool; its mailbox is known to the database only.
    let (mut node, phone, inbox) = with_ada(&site).await;
    fill_spool(&node, &inbox, 1).await;
    postgres.stop();
    node.start().await;
    assert_eq!(node.get("/healthz").await.unwrap().0, 200);
    let body = node.until_ready_says(503).await;
    assert!(body.contains("Connection refused") || body.contains("No such file"), "why it is away: {body}");
    assert!(body.contains("start the database, or correct database.url"), "what to do: {body}");
    assert_eq!(node.says("starting without the database"), 1, "{}", node.log());
    let heard = phone.leave(node.sip, "5550001", 1).await;
    assert!(heard.answered && was_said(&heard, "technical-trouble"), "{}", node.log());
    postgres.start_again();
    node.until_ready_says(200).await;
    assert_eq!(inbox.until("5559999", 1, Duration::from_secs(90)).await.len(), 1, "{}", node.log());
    assert!(was_said(&phone.leave(node.sip, "5550002", 2).await, "message-sent"), "{}", node.log());
    assert_eq!(node.says("the database is there"), 1, "{}", node.log());
    until("both messages are mailed", || site.mails() == 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_database_that_comes_late_gets_its_tables_and_its_first_tenant() {
    let Some(mut postgres) = Postgres::own() else { return };
    let mut site = Site::local();
    site.database = postgres.database().await;
    let mut node = site.node("data");
    postgres.stop();
    node.start().await;
    node.until_ready_says(503).await;
    postgres.start_again();
    node.until_ready_says(200).await;
    assert_eq!(site.store().await.tenants().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_refuses_the_account_or_does_not_exist_is_named_at_the_start_and_by_check() {
    let Some(postgres) = Postgres::own() else { return };
    let mut site = Site::local();
    let right = postgres.database().await;
    for (url, why) in [
        (right.replace("aftertone@", "nobody:s3cret-word@"), "role \"nobody\" does not exist"),
        (right.replace("test_0", "no_such"), "database \"no_such\" does not exist"),
    ] {
        site.database = url;
        let node = site.node("data");
        for command in ["serve", "check"] {
            let (code, said) = node.refused(command);
            assert_eq!(code, Some(1), "{command}: {said}");
            assert!(said.contains(why) && said.contains("correct database.url"), "{command}: {said}");
            assert!(!said.contains("s3cret-word"), "{command} repeats the password");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_share_a_database_and_a_bucket_and_each_message_is_mailed_once() {
    let Some(postgres) = Postgres::own() else { return };
    let Some(bucket) = S3::start(0) else { return };
    let Some(mail) = SmtpServer::start("accept", &[]) else { return };
    let mut site = Site::local();
    site.database = postgres.database().await;
    site.storage = "s3://audio/voicemail".to_owned();
    site.variables = bucket.variables();
    site.mail = format!("smtp://127.0.0.1:{}", mail.port);
    let (mut one, mut two) = (site.node("one"), site.node("two"));
    one.add_ada();
    let (phone, inbox) = (Phone::new().await, Inbox::of(&site).await);
    one.start().await;
    two.start().await;
    let calls = (0..6).map(|call| {
        let target = if call % 2 == 0 { one.sip } else { two.sip };
        let (phone, number) = (&phone, format!("555000{call}"));
        async move { phone.leave(target, &number, 2).await }
    });
    for heard in join_all(calls).await {
        assert!(was_said(&heard, "message-sent"), "{}{}", one.log(), two.log());
    }
    let messages = inbox.messages().await;
    assert_eq!(messages.len(), 6);
    for message in &messages {
        assert!(Speech::get().end_of(&inbox.samples(message).await).is_some());
    }
    until("six mails arrive", || mail.received().len() >= 6).await;

    // The bucket goes away; node two dies with a message in its spool, and comes back.
    let port = bucket.port;
    drop(bucket);
    let heard = phone.leave(two.sip, "5550009", 2).await;
    assert!(was_said(&heard, "message-waiting"), "{}", two.log());
    assert!(one.until_ready_says(503).await.contains("make the folder or bucket reachable"));
    two.kill();
    let Some(_bucket) = S3::start(port) else { return };
    two.start().await;
    assert_eq!(inbox.until("5550009", 1, Duration::from_secs(120)).await.len(), 1, "{}", two.log());
    one.until_ready_says(200).await;
    until("the seventh mail arrives", || mail.received().len() >= 7).await;
    let ids: HashSet<String> = mail.received().iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!((mail.received().len(), ids.len(), inbox.messages().await.len()), (7, 7, 7));
}

/// A small disk of its own; gone with its guard.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("aftertone-disk-").tempdir().unwrap();
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", "size=16m", "none"]).arg(folder.path()).output();
        if mounted.is_ok_and(|mounted| mounted.status.success()) {
            return Some(Self(folder));
        }
        eprintln!("SKIPPED on a full disk: a small one can be mounted by root only");
        None
    }

    fn ballast(&self) -> PathBuf {
        self.0.path().join("ballast")
    }

    /// Takes all the room there is.
    fn fill(&self) {
        let refused = std::fs::write(self.ballast(), vec![0; 32 * 1024 * 1024]).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::StorageFull);
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // What cannot be unmounted now goes with the machine.
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_to_callers_and_loses_nothing_that_was_taken() {
    let Some(disk) = SmallDisk::mount() else { return };
    let site = Site::on_disk(disk.0.path());
    let (mut node, phone, inbox) = with_ada(&site).await;
    node.start().await;
    assert!(was_said(&phone.leave(node.sip, "5550001", 2).await, "message-sent"), "{}", node.log());

    // It fills up while somebody speaks: what was said before is kept.
    let mut cut = phone.talk(node.sip, "5550002").await.unwrap();
    let stays = phone.leave(node.sip, "5550005", 15);
    let filled = async {
        let enough = |spool: &[u64]| spool.iter().filter(|bytes| **bytes > 32_000).count() == 2;
        node.until_spool("both calls are being recorded", enough).await;
        let said = cut.sent();
        disk.fill();
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        cut.hang_up().await;
        said
    };
    let (heard, said) = tokio::join!(stays, filled);
    // Who stays on the line hears the truth: it ended early, and what was said is kept.
    assert!(was_said(&heard, "recording-trouble") && was_said(&heard, "kept-so-far"), "{}", node.log());
    assert!(!was_said(&heard, "message-lost"), "{}", node.log());

    // Whoever calls now hears that no message can be taken.
    let heard = phone.leave(node.sip, "5550003", 3).await;
    assert!(was_said(&heard, "technical-trouble"), "{}", node.log());
    assert!(!was_said(&heard, "message-sent") && !was_said(&heard, "message-waiting"));
    assert!(node.until_ready_says(503).await.contains("make room on the disk"), "{}", node.log());

    std::fs::remove_file(disk.ballast()).unwrap();
    node.until_ready_says(200).await;
    let [kept] = &inbox.until("5550002", 1, Duration::from_secs(90)).await[..] else {
        panic!("{}", node.log())
    };
    let end = Speech::get().end_of(&inbox.samples(kept).await).unwrap();
    assert!(end + MAY_MISS + cut.late() >= said, "{end} of {said} samples were kept");
    assert!(was_said(&phone.leave(node.sip, "5550004", 2).await, "message-sent"), "{}", node.log());
    node.until_spool("nothing waits any more", <[u64]>::is_empty).await;
    assert_eq!(inbox.until("5550005", 1, Duration::from_secs(90)).await.len(), 1, "{}", node.log());
    assert_eq!(inbox.messages().await.len(), 4, "the third caller was told to call again");
    until("each message is mailed once", || site.mails() == 4).await;
}

#[tokio::test]
async fn a_day_without_a_mail_server_loses_and_doubles_nothing_on_postgresql() {
    let Some(postgres) = Postgres::own() else { return };
    let Some(mut server) = SmtpServer::start("accept", &[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let bed = MailBed::on(&postgres.database().await, folder, &[(ADA, MailMode::Link)]).await;
    let outbox = bed.outbox(&format!("smtp://127.0.0.1:{}", server.port));
    server.stop();
    for hour in 0..24 {
        if hour % 6 == 0 {
            bed.deposit().await;
        }
        for _ in 0..6 {
            outbox.work_off().await;
            bed.clock.advance(Duration::from_secs(600));
        }
    }
    assert_eq!(bed.store.jobs(Some(JobState::Retry), 100).await.unwrap().len(), 4);
    server.restart();
    for _ in 0..30 {
        bed.clock.advance(Duration::from_secs(60));
        outbox.work_off().await;
    }
    let ids: HashSet<String> = server.received().iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!((server.received().len(), ids.len()), (4, 4));
    bed.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(outbox.work_off().await, 0);
}

// ---- the states that a crash can leave

/// A recording that is to be deposited into PostgreSQL and a bucket, and its file as it was before.
struct Crash {
    inbox: Inbox,
    site: Site,
    objects: Objects,
    id: RecordingId,
    file: Vec<u8>,
}

impl Crash {
    async fn new(postgres: &Postgres, bucket: &S3) -> Self {
        let mut site = Site::local();
        site.database = postgres.database().await;
        site.storage = "s3://audio/crash".to_owned();
        site.variables = bucket.variables();
        site.node("setup").add_ada();
        let inbox = Inbox::of(&site).await;
        let spool = Spool::open(&site.path("before"), SystemClock::shared()).unwrap();
        let id = record(&spool, &inbox);
        spool.settle(id).await.unwrap();
        let file = std::fs::read(site.path("before").join(format!("{id}.rec"))).unwrap();
        let objects = site.objects();
        Self { inbox, site, objects, id, file }
    }

    /// A new process that finds the recording in its spool.
    async fn resumer(&self, name: &str) -> Deposit {
        let folder = self.site.path(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{}.rec", self.id)), &self.file).unwrap();
        let clock = SystemClock::shared();
        let spool = Spool::open(&folder, clock.clone()).unwrap();
        let settings = DepositSettings { patience: Duration::from_secs(30), ..DepositSettings::default() };
        Deposit::new(self.site.store().await, self.objects.clone(), spool, clock, settings)
    }

    async fn is_there_once(&self) {
        assert_eq!(self.inbox.messages().await.len(), 1);
        assert_eq!(self.inbox.store.jobs(None, 10).await.unwrap().len(), 1);
        let message = self.inbox.messages().await.remove(0);
        assert_eq!(self.inbox.samples(&message).await, Speech::get().samples(2));
    }
}

#[tokio::test]
async fn a_crash_between_object_row_and_spool_ends_with_one_message_and_one_mail() {
    let Some(postgres) = Postgres::own() else { return };
    let Some(bucket) = S3::start(0) else { return };
    let crash = Crash::new(&postgres, &bucket).await;
    let stored = Kept::Stored(crash.id.into());

    // Object put, row not written: made by a deposit whose database forgets it.
    assert_eq!(crash.resumer("first").await.keep(crash.id).await, stored);
    let message = crash.inbox.messages().await.remove(0);
    forget(&crash, &message.object).await;
    assert_eq!(crash.resumer("second").await.keep(crash.id).await, stored);
    crash.is_there_once().await;

    // Object and row there, spool file not yet removed.
    let resumed = crash.resumer("third").await.resume().await.unwrap();
    assert_eq!((resumed.done, resumed.waiting), (1, 0));
    crash.is_there_once().await;
}

#[tokio::test]
async fn a_mail_that_a_crash_cut_off_goes_at_once_on_one_machine_and_after_its_lease_on_many() {
    on_both(async |bed| {
        bed.deposit().await;
        let lease = Duration::from_secs(600);
        assert_eq!(bed.store.lease_jobs(1, lease).await.unwrap().len(), 1);
        let outbox = bed.outbox(&bed.files_url());
        let taken_back = bed.store.take_back_jobs().await.unwrap();
        assert_eq!(outbox.work_off().await as u64, taken_back);
        bed.clock.advance(lease);
        outbox.work_off().await;
        assert_eq!(bed.mails().len(), 1);
        assert_eq!(bed.only_job().await.state, JobState::Done);
    })
    .await;
}

#[tokio::test]
async fn two_nodes_that_deposit_the_same_recording_at_once_make_one_message() {
    let Some(postgres) = Postgres::own() else { return };
    let Some(bucket) = S3::start(0) else { return };
    let crash = Crash::new(&postgres, &bucket).await;
    let (one, two) = (crash.resumer("one").await, crash.resumer("two").await);
    let (one, two) = tokio::join!(one.keep(crash.id), two.keep(crash.id));
    assert_eq!((one, two), (Kept::Stored(crash.id.into()), Kept::Stored(crash.id.into())));
    crash.is_there_once().await;
}

/// Takes the row of the only message away, as if it had never been committed; its object stays.
async fn forget(crash: &Crash, object: &str) {
    use sqlx::Connection as _;
    let mut database = sqlx::PgConnection::connect(&crash.site.database).await.unwrap();
    sqlx::raw_sql("DELETE FROM jobs; DELETE FROM ledger; DELETE FROM messages")
        .execute(&mut database)
        .await
        .unwrap();
    assert!(crash.inbox.messages().await.is_empty());
    crash.objects.size(object).await.unwrap();
}

// ---- what time removes

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn on_both(test: impl AsyncFn(MailBed)) {
    let attached = MailMode::Attachment(AfterMail::LeaveNew);
    test(MailBed::new(&[(ADA, attached)]).await).await;
    if let Some(postgres) = Postgres::shared() {
        let folder = tempfile::tempdir().unwrap();
        test(MailBed::on(&postgres.database().await, folder, &[(ADA, attached)]).await).await;
    }
}

fn retention(bed: &MailBed) -> Retention {
    Retention::new(bed.store.clone(), bed.clock.clone(), 30 * DAY)
}

#[tokio::test]
async fn the_trash_is_emptied_after_its_time_and_the_audio_goes_too() {
    on_both(async |bed| {
        let (outbox, retention) = (bed.outbox(&bed.files_url()), retention(&bed));
        let (old, saved, inbox) = (bed.deposit().await, bed.deposit().await, bed.deposit().await);
        outbox.work_off().await;
        bed.links.issue(&old, &ADA.parse().unwrap()).await.unwrap();
        for message in [&old, &saved] {
            bed.store.move_message(old.tenant, message.id, Folder::Trash).await.unwrap();
        }
        bed.clock.advance(29 * DAY);
        assert_eq!(retention.sweep().await.unwrap(), Swept::default(), "not before its time");
        bed.store.move_message(old.tenant, saved.id, Folder::Saved).await.unwrap();
        bed.clock.advance(2 * DAY);
        assert_eq!(retention.sweep().await.unwrap().messages, 1);
        assert!(matches!(bed.store.message_anywhere(old.id).await, Err(StoreError::Missing { .. })));
        assert!(bed.objects.get(&old.object).await.is_ok(), "the audio goes by a job");
        assert_eq!(outbox.work_off().await, 1);
        assert!(matches!(bed.objects.get(&old.object).await, Err(ObjectError::Missing(_))));
        for message in [&saved, &inbox] {
            assert!(bed.store.message_anywhere(message.id).await.is_ok());
            assert!(bed.objects.get(&message.object).await.is_ok());
        }
        assert_eq!(retention.sweep().await.unwrap(), Swept::default());
    })
    .await;
}

#[tokio::test]
async fn a_message_whose_mail_is_under_way_stays_in_the_trash_until_that_has_ended() {
    on_both(async |bed| {
        let message = bed.deposit().await;
        bed.store.move_message(message.tenant, message.id, Folder::Trash).await.unwrap();
        bed.clock.advance(31 * DAY);
        assert_eq!(retention(&bed).sweep().await.unwrap().messages, 0);
        bed.outbox(&bed.files_url()).work_off().await;
        assert_eq!(bed.mails().len(), 1);
        assert_eq!(retention(&bed).sweep().await.unwrap().messages, 1);
    })
    .await;
}

#[tokio::test]
async fn audio_that_cannot_be_deleted_now_is_deleted_when_its_folder_is_back() {
    let bed = MailBed::new(&[]).await;
    let message = bed.deposit().await;
    bed.store.move_message(message.tenant, message.id, Folder::Trash).await.unwrap();
    bed.clock.advance(31 * DAY);
    assert_eq!(retention(&bed).sweep().await.unwrap().messages, 1);
    let (audio, aside) = (bed.path().join("audio"), bed.path().join("aside"));
    std::fs::rename(&audio, &aside).unwrap();
    std::fs::write(&audio, "no folder").unwrap();
    let outbox = bed.outbox(&bed.files_url());
    outbox.work_off().await;
    let job = bed.only_job().await;
    assert_eq!((job.state, job.work), (JobState::Retry, Work::Purge { object: message.object.clone() }));
    std::fs::remove_file(&audio).unwrap();
    std::fs::rename(&aside, &audio).unwrap();
    bed.clock.advance(Duration::from_secs(60));
    outbox.work_off().await;
    assert_eq!(bed.only_job().await.state, JobState::Done);
    assert!(matches!(bed.objects.get(&message.object).await, Err(ObjectError::Missing(_))));
}

#[tokio::test]
async fn done_jobs_and_expired_links_go_after_a_season_and_dead_jobs_stay() {
    on_both(async |bed| {
        let message = bed.deposit().await;
        bed.outbox(&bed.files_url()).work_off().await;
        bed.deposit().await;
        let job = bed.store.lease_jobs(1, DAY).await.unwrap().remove(0);
        bed.store.job_dead(&job, "no such address").await.unwrap();
        bed.links.issue(&message, &ADA.parse().unwrap()).await.unwrap();
        bed.clock.advance(89 * DAY);
        assert_eq!(retention(&bed).sweep().await.unwrap(), Swept::default());
        bed.clock.advance(2 * DAY);
        assert_eq!(retention(&bed).sweep().await.unwrap().jobs, 1);
        assert_eq!(bed.only_job().await.state, JobState::Dead);
        bed.clock.advance(14 * DAY);
        assert_eq!(retention(&bed).sweep().await.unwrap().links, 1);
    })
    .await;
}

/// Waits until something is so.
async fn until(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..1_200 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what}: not within a minute");
}
