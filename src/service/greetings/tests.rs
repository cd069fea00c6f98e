//! Greetings on a real database and a real folder.

use std::time::Duration;

use super::*;
use crate::clock::{Clock as _, ManualClock};
use crate::domain::{Mailbox, User, UserId};
use crate::service::accounts::MailboxDefaults;

struct World {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    store: Store,
    greetings: Greetings,
    mailbox: Mailbox,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::new("2026-03-04T05:06:07Z".parse().unwrap(), 1);
        let shared = Arc::clone(&clock) as SharedClock;
        let url = format!("sqlite://{}/facts.db", folder.path().display());
        let store = Store::open(&url, Arc::clone(&shared)).await.unwrap();
        let tenant = store.default_tenant().await.unwrap().id;
        let user = User {
            id: UserId::from_uuid(clock.uuid()),
            tenant,
            first: "Ada".to_owned(),
            last: "Lovelace".to_owned(),
            emails: Vec::new(),
            profile: crate::domain::Profile::default(),
            created_at: clock.now(),
        };
        let id = MailboxId::from_uuid(clock.uuid());
        let plain = MailboxDefaults::default().mailbox(id, tenant, "1001".parse().unwrap(), clock.now());
        let mailbox = Mailbox { user: Some(user.id), ..plain };
        store.add_user(&user, &mailbox, None).await.unwrap();
        let objects = Objects::open(&format!("file://{}/audio", folder.path().display())).unwrap();
        let greetings = Greetings::new(store.clone(), objects, shared);
        Self { folder, clock, store, greetings, mailbox }
    }

    fn upload(&self, file: Vec<u8>) -> NewGreeting {
        NewGreeting {
            tenant: self.mailbox.tenant,
            mailbox: self.mailbox.id,
            kind: GreetingKind::Standard,
            name: None,
            label: "hello.wav".to_owned(),
            file: Bytes::from(file),
            from: None,
            until: None,
            is_aside: false,
        }
    }

    async fn set(&self, file: Vec<u8>) -> Greeting {
        self.greetings.set(self.upload(file)).await.unwrap().greeting
    }

    async fn remarks(&self, file: Vec<u8>) -> Vec<Remark> {
        self.greetings.set(self.upload(file)).await.unwrap().remarks
    }

    fn objects(&self) -> usize {
        fn files(folder: &std::path::Path) -> usize {
            let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
        }
        files(&self.folder.path().join("audio"))
    }
}

/// A sine of 440 Hz.
fn tone(seconds: f64, rate: u32, height: f64) -> Vec<i16> {
    let sample = |at: u32| (std::f64::consts::TAU * 440.0 * f64::from(at) / f64::from(rate)).sin() * height;
    (0..(seconds * f64::from(rate)) as u32).map(|at| sample(at) as i16).collect()
}

fn file(seconds: f64, rate: u32, height: f64) -> Vec<u8> {
    wav::write(&tone(seconds, rate, height), rate).unwrap()
}

fn rms(samples: &[i16]) -> f64 {
    let power: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (power / samples.len() as f64).sqrt()
}

#[tokio::test]
async fn an_uploaded_file_becomes_the_active_greeting_and_is_loaded_for_calls() {
    let world = World::new().await;
    let first = world.set(file(2.0, 44_100, 9_000.0)).await;
    assert_eq!((first.kind, first.label.as_str(), first.active), (GreetingKind::Standard, "hello.wav", true));
    assert!((1_990..=2_010).contains(&first.duration_ms), "{} ms", first.duration_ms);
    let clip = world.greetings.load(&first).await.unwrap();
    assert_eq!(clip.sample_rate(), 16_000);
    assert!(Arc::ptr_eq(&clip, &world.greetings.load(&first).await.unwrap()), "loaded once");

    world.clock.advance(Duration::from_secs(1));
    let second = world.set(file(1.0, 8_000, 9_000.0)).await;
    let listed = world.greetings.list(world.mailbox.tenant, world.mailbox.id).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|greeting| (greeting.id, greeting.active)).collect();
    assert_eq!(listed, [(second.id, true), (first.id, false)]);
    world.greetings.clear(world.mailbox.tenant, world.mailbox.id, GreetingKind::Standard).await.unwrap();
    let listed = world.greetings.list(world.mailbox.tenant, world.mailbox.id).await.unwrap();
    assert!(listed.iter().all(|greeting| !greeting.active));
    assert_eq!(world.objects(), 2, "switched off is not deleted");
}

#[tokio::test]
async fn quiet_and_loud_files_come_out_equally_loud_and_unclipped() {
    let world = World::new().await;
    let mut heard = Vec::new();
    for height in [800.0, 4_000.0, 32_000.0] {
        let greeting = world.set(file(2.0, 16_000, height)).await;
        let clip = world.greetings.load(&greeting).await.unwrap();
        assert!(clip.pcm().iter().all(|sample| sample.unsigned_abs() < 32_000));
        heard.push(rms(clip.pcm()));
    }
    let (least, most) =
        (heard.iter().copied().fold(f64::MAX, f64::min), heard.iter().copied().fold(0.0, f64::max));
    assert!(least > 1_000.0 && most / least < 1.12, "within 1 dB: {heard:?}");
}

#[tokio::test]
async fn a_file_that_cannot_be_a_greeting_is_refused_with_the_remedy_and_changes_nothing() {
    let world = World::new().await;
    let refusal =
        async |file: Vec<u8>| world.greetings.set(world.upload(file)).await.unwrap_err().to_string();
    assert!(refusal(Vec::new()).await.contains("empty"));
    assert!(refusal(b"%PDF-1.7 ...".to_vec()).await.contains("MP3"));
    assert!(refusal(file(1.0, 8_000, 0.0)).await.contains("no sound"));
    assert!(refusal(file(301.0, 8_000, 5_000.0)).await.contains("300 seconds"));
    assert!(refusal(vec![0; MAX_UPLOAD + 1]).await.contains("MP3"));
    let listed = world.greetings.list(world.mailbox.tenant, world.mailbox.id).await.unwrap();
    assert_eq!((listed, world.objects()), (Vec::new(), 0));
}

#[tokio::test]
async fn a_period_that_can_never_come_is_refused() {
    let world = World::new().await;
    let now = world.clock.now();
    let hour = Duration::from_secs(3_600);
    let until = async |from: Option<Timestamp>, until: Timestamp| {
        let upload = world.upload(file(1.0, 8_000, 5_000.0));
        world.greetings.set(NewGreeting { from, until: Some(until), ..upload }).await
    };
    assert!(matches!(until(None, now - hour).await, Err(GreetingError::Period { .. })));
    assert!(matches!(until(Some(now + hour), now + hour).await, Err(GreetingError::Period { .. })));
    let away = until(Some(now + hour), now + hour * 2).await.unwrap().greeting;
    assert!(!away.is_on(now) && away.is_on(now + hour) && !away.is_on(now + hour * 2));
}

#[tokio::test]
async fn a_greeting_for_a_mailbox_of_another_tenant_is_refused() {
    let world = World::new().await;
    let stranger = TenantId::from_uuid(world.clock.uuid());
    let upload = world.upload(file(1.0, 8_000, 5_000.0));
    let refused = world.greetings.set(NewGreeting { tenant: stranger, ..upload }).await;
    assert!(matches!(refused, Err(GreetingError::Store(StoreError::Missing { .. }))), "{refused:?}");
    assert_eq!(world.objects(), 0);
}

#[tokio::test]
async fn a_label_is_cleaned_and_never_empty() {
    let world = World::new().await;
    let label = async |label: &str| {
        let upload = NewGreeting { label: label.to_owned(), ..world.upload(file(1.0, 8_000, 5_000.0)) };
        world.greetings.set(upload).await.unwrap().greeting.label
    };
    assert_eq!(label(" \r\n ").await, "standard");
    assert_eq!(label("Grüße\u{0}\n.mp3").await, "Grüße.mp3");
    assert_eq!(label(&"x".repeat(200)).await.len(), 64);
}

#[tokio::test]
async fn a_label_that_is_taken_gets_a_number_and_stays_within_64_characters() {
    // 002-070
    let world = World::new().await;
    let label = async |label: &str| {
        let upload = NewGreeting { label: label.to_owned(), ..world.upload(file(1.0, 8_000, 5_000.0)) };
        world.greetings.set(upload).await.unwrap().greeting.label
    };
    assert_eq!(label("hello.wav").await, "hello.wav");
    assert_eq!(label("hello.wav").await, "hello.wav (2)");
    assert_eq!(label("hello.wav").await, "hello.wav (3)");
    let long = "ä".repeat(70);
    assert_eq!(label(&long).await, "ä".repeat(64));
    assert_eq!(label(&long).await, format!("{} (2)", "ä".repeat(60)));
}

#[tokio::test]
async fn the_owner_is_told_what_is_wrong_with_the_file_and_what_was_done() {
    let world = World::new().await;
    assert_eq!(world.remarks(file(2.0, 16_000, 5_000.0)).await, []);
    let quiet = world.remarks(file(2.0, 16_000, 500.0)).await;
    assert!(matches!(quiet[..], [Remark::Raised(13..=24)]), "{quiet:?}");
    assert!(quiet[0].to_string().ends_with("dB too quiet and was raised"), "{}", quiet[0]);
    let mut faint = tone(2.0, 16_000, 25.0);
    faint[9_000] = 90;
    let faint = world.remarks(wav::write(&faint, 16_000).unwrap()).await;
    assert!(matches!(faint[..], [Remark::Raised(38..), Remark::StillQuiet(12..)]), "{faint:?}");
    let square: Vec<i16> = tone(2.0, 16_000, 32_000.0).iter().map(|s| s.saturating_mul(4)).collect();
    assert_eq!(world.remarks(wav::write(&square, 16_000).unwrap()).await, [Remark::Clipped]);
    let mut late = vec![0; 48_000];
    late.extend(tone(2.0, 16_000, 5_000.0));
    assert_eq!(world.remarks(wav::write(&late, 16_000).unwrap()).await, [Remark::Trimmed(2_500)]);
}

#[tokio::test]
async fn damaged_and_missing_audio_is_said_so() {
    let world = World::new().await;
    let greeting = world.set(file(1.0, 8_000, 5_000.0)).await;
    let path = world.folder.path().join("audio").join(&greeting.object);
    std::fs::write(&path, b"RIFF").unwrap();
    let damaged = world.greetings.load(&greeting).await.unwrap_err();
    assert!(matches!(damaged, GreetingError::Damaged { .. }), "{damaged}");
    std::fs::remove_file(&path).unwrap();
    let missing = world.greetings.load(&greeting).await.unwrap_err();
    assert!(matches!(missing, GreetingError::Objects(ObjectError::Missing(_))), "{missing}");
    world.store.ping().await.unwrap();
}
