//! Deposits on a real database, a real folder and a real spool; through outages and crashes.

mod world;

use super::*;
use crate::audio::wav;
use crate::blob::spool::{Head, Marks};
use crate::clock::Clock;
use crate::domain::{CallerId, RedirectReason};
use crate::service::deposit::resume::Resumed;
use world::{World, patient, speech};

#[tokio::test]
async fn a_recording_becomes_one_message_with_its_audio_and_a_mail_for_each_who_wants_one() {
    let world = World::new().await;
    let sound = speech(3);
    let id = world.record(&sound, RecordingClass::Speech);
    world.spool().mark(id, Marks { urgent: true, private: false }).await.unwrap();
    assert_eq!(world.deposit.keep(id).await, Kept::Stored(id.into()));
    let [message] = &world.inbox().await[..] else { panic!("one message") };
    assert_eq!((message.id, message.duration_ms, message.voiced_ms), (id.into(), 3_000, 900));
    assert_eq!((message.urgent, message.private), (true, false));
    assert_eq!(message.caller, CallerId::new(Some("+15550100"), Some("Grace")));
    assert_eq!((message.alias.as_deref(), message.reason), (Some("sales"), RedirectReason::UserBusy));
    assert_eq!(message.object, format!("{}/{}/2026/03/{id}.wav", world.mailbox.tenant, world.mailbox.id));
    let stored = world.objects.get(&message.object).await.unwrap();
    assert_eq!(stored.len() as u64, message.bytes);
    assert_eq!(wav::read(&stored).unwrap().samples, sound);
    assert_eq!(message.sha256.len(), 64);
    assert_eq!(world.mails().await, 2);
    world.depth(0).await;
}

#[tokio::test]
async fn what_has_no_speech_is_kept_only_if_the_mailbox_says_so_and_is_never_mailed() {
    let mut world = World::new().await;
    let id = world.record(&[0; 8_000], RecordingClass::NoSpeech);
    assert_eq!(world.deposit.keep(id).await, Kept::NoMessage);
    world.depth(0).await;
    assert_eq!(world.inbox().await, []);
    world.change_mailbox(|mailbox| mailbox.keep_no_speech = true).await;
    let id = world.record(&[0; 8_000], RecordingClass::NoSpeech);
    assert_eq!(world.deposit.keep(id).await, Kept::Stored(id.into()));
    assert_eq!((world.inbox().await.len(), world.mails().await), (1, 0));
}

#[tokio::test]
async fn a_tone_is_mailed_only_if_the_mailbox_says_so() {
    let mut world = World::new().await;
    world.deposit.keep(world.record(&speech(1), RecordingClass::BusyTone)).await;
    assert_eq!((world.inbox().await.len(), world.mails().await), (1, 0));
    world.change_mailbox(|mailbox| mailbox.mail_tones = true).await;
    world.deposit.keep(world.record(&speech(1), RecordingClass::FaxTone)).await;
    assert_eq!((world.inbox().await.len(), world.mails().await), (2, 2));
}

#[tokio::test]
async fn a_recording_without_a_sample_is_never_a_message() {
    let mut world = World::new().await;
    world.change_mailbox(|mailbox| mailbox.keep_no_speech = true).await;
    let id = world.record(&[], RecordingClass::Speech);
    assert_eq!(world.deposit.keep(id).await, Kept::NoMessage);
    let cut_off = world.head();
    drop(world.spool().begin(&cut_off).unwrap());
    world.spool().settle(cut_off.id).await.unwrap();
    assert_eq!(world.deposit.resume().await.unwrap(), Resumed { done: 1, waiting: 0 });
    assert_eq!(world.inbox().await, []);
    world.depth(0).await;
}

#[tokio::test]
async fn without_the_object_store_messages_wait_and_then_arrive_exactly_once() {
    let world = World::new().await;
    world.objects_away(true);
    let first = world.record(&speech(1), RecordingClass::Speech);
    assert_eq!(world.deposit.keep(first).await, Kept::Waiting);
    let second = world.record(&speech(2), RecordingClass::Speech);
    assert_eq!(world.deposit.keep(second).await, Kept::Waiting);
    assert_eq!(world.deposit.resume().await.unwrap(), Resumed { done: 0, waiting: 2 });
    assert_eq!((world.inbox().await.len(), world.spool().health().depth), (0, 2));
    world.objects_away(false);
    assert_eq!(world.deposit.resume().await.unwrap(), Resumed { done: 2, waiting: 0 });
    world.depth(0).await;
    assert_eq!(world.deposit.resume().await.unwrap(), Resumed::default());
    let lengths: Vec<_> = world.inbox().await.iter().map(|message| message.duration_ms).collect();
    assert_eq!((lengths, world.mails().await), (vec![2_000, 1_000], 4));
    let third = world.record(&speech(1), RecordingClass::Speech);
    assert_eq!(world.deposit.keep(third).await, Kept::Stored(third.into()), "callers are served again");
}

#[tokio::test]
async fn a_caller_does_not_wait_for_a_database_that_stalls_and_the_message_arrives_once() {
    let mut world = World::new().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let settings = DepositSettings { patience: Duration::from_millis(300), ..DepositSettings::default() };
    world.deposit = world.start(&elsewhere, settings);
    let url = format!("sqlite://{}/facts.db", world.folder.path().display());
    let mut other = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let id = world.record(&speech(1), RecordingClass::Speech);
    assert_eq!(world.deposit.keep(id).await, Kept::Waiting);
    assert_eq!((world.inbox().await.len(), world.deposit.waiting()), (0, 1));
    assert_eq!(world.deposit.resume().await.unwrap(), Resumed::default(), "the deposit goes on: not twice");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    world.depth(0).await;
    assert_eq!((world.inbox().await.len(), world.mails().await, world.deposit.waiting()), (1, 2, 0));
}

#[tokio::test]
async fn a_row_that_a_person_must_mend_holds_up_its_own_mailbox_only() {
    let world = World::new().await;
    let odd = world.record(&speech(1), RecordingClass::Speech);
    let url = format!("sqlite://{}/facts.db", world.folder.path().display());
    let mut hand = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url).await.unwrap();
    sqlx::raw_sql("ALTER TABLE messages RENAME TO aside").execute(&mut hand).await.unwrap();
    assert_eq!(world.deposit.keep(odd).await, Kept::Waiting, "kept, and not put aside");
    sqlx::raw_sql("ALTER TABLE aside RENAME TO messages").execute(&mut hand).await.unwrap();
    let next = world.record(&speech(1), RecordingClass::Speech);
    assert_eq!(world.deposit.keep(next).await, Kept::Stored(next.into()), "the next caller need not wait");
    assert_eq!(world.deposit.resume().await.unwrap(), Resumed { done: 1, waiting: 0 });
    assert_eq!(world.inbox().await.len(), 2);
}

#[tokio::test]
async fn a_recording_that_the_disk_does_not_give_back_holds_up_no_other() {
    let world = World::new().await;
    let unreadable = RecordingId::from_uuid(world.clock.uuid());
    std::fs::create_dir(world.path("spool").join(format!("{unreadable}.rec"))).unwrap();
    let resumed = world.deposit.resume().await.unwrap();
    assert_eq!(resumed, Resumed { done: 0, waiting: 1 });
    let id = world.record(&speech(1), RecordingClass::Speech);
    assert!(matches!(world.deposit.keep(id).await, Kept::Stored(_)), "store and bucket are well");
}

#[tokio::test]
async fn a_crash_after_the_row_and_before_the_file_went_doubles_nothing() {
    let world = World::new().await;
    let id = world.record(&speech(1), RecordingClass::Speech);
    world.spool().settle(id).await.unwrap();
    let file = world.path("spool").join(format!("{id}.rec"));
    let bytes = std::fs::read(&file).unwrap();
    assert_eq!(world.deposit.keep(id).await, Kept::Stored(id.into()));
    world.depth(0).await;
    std::fs::write(&file, bytes).unwrap();
    let world = world.restart();
    assert_eq!(world.deposit.resume().await.unwrap(), Resumed { done: 1, waiting: 0 });
    assert_eq!((world.inbox().await.len(), world.mails().await), (1, 2));
    assert_eq!(world.deposit.keep(id).await, Kept::Stored(id.into()), "asked again, it is there");
    world.depth(0).await;
}

#[tokio::test]
async fn a_recording_that_a_crash_cut_off_is_judged_and_kept() {
    let world = World::new().await;
    let (spoken, silent) =
        (world.head(), Head { id: RecordingId::from_uuid(world.clock.uuid()), ..world.head() });
    let mut writer = world.spool().begin(&spoken).unwrap();
    writer.append(&speech(4)).unwrap();
    drop(writer);
    let mut writer = world.spool().begin(&silent).unwrap();
    writer.append(&[0; 32_000]).unwrap();
    drop(writer);
    let world = world.restart();
    assert_eq!(world.deposit.resume().await.unwrap(), Resumed { done: 2, waiting: 0 });
    let [message] = &world.inbox().await[..] else { panic!("one message") };
    assert_eq!(
        (message.id, message.duration_ms, message.class),
        (spoken.id.into(), 4_000, RecordingClass::Speech)
    );
    assert!(message.voiced_ms > 500, "{} ms", message.voiced_ms);
}

#[tokio::test]
async fn a_recording_that_its_caller_still_reviews_is_left_alone() {
    let world = World::new().await;
    let id = world.record(&speech(1), RecordingClass::Speech);
    world.spool().settle(id).await.unwrap();
    assert_eq!(world.deposit.resume().await.unwrap(), Resumed::default());
    world.deposit.discard(id).await.unwrap();
    world.deposit.discard(id).await.unwrap();
    let world = world.restart();
    assert_eq!(world.deposit.resume().await.unwrap(), Resumed::default());
    assert_eq!(world.deposit.keep(id).await, Kept::Failed, "a discarded recording cannot be kept");
    assert_eq!(world.inbox().await, []);
}

#[tokio::test]
async fn a_recording_for_a_mailbox_that_is_gone_is_put_aside_and_not_deleted() {
    let world = World::new().await;
    let id = world.record(&speech(1), RecordingClass::Speech);
    world.store.remove_user(world.mailbox.tenant, world.mailbox.user.unwrap()).await.unwrap();
    assert_eq!(world.deposit.keep(id).await, Kept::Failed);
    assert!(world.path("spool/quarantine").join(format!("{id}.rec")).is_file());
    assert_eq!(world.deposit.resume().await.unwrap(), Resumed::default());
}

#[tokio::test]
async fn a_damaged_file_is_put_aside_and_the_others_arrive() {
    let world = World::new().await;
    let damaged = world.head().id;
    std::fs::write(world.path("spool").join(format!("{damaged}.rec")), [0xAB; 500]).unwrap();
    world.clock.advance(Duration::from_secs(1));
    let good = world.record(&speech(1), RecordingClass::Speech);
    world.spool().settle(good).await.unwrap();
    let world = world.restart();
    assert_eq!(world.deposit.resume().await.unwrap(), Resumed { done: 2, waiting: 0 });
    assert!(world.path("spool/quarantine").join(format!("{damaged}.rec")).is_file());
    assert_eq!(world.inbox().await.len(), 1);
}

#[tokio::test]
async fn many_deposits_at_once_share_little_memory_and_all_arrive() {
    let world = World::new().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let settings = DepositSettings { memory: 256 * 1024, at_once: 3, ..patient() };
    let mut world = world;
    world.deposit = world.start(&elsewhere, settings);
    let ids: Vec<_> = (0..40).map(|_| world.record(&speech(1), RecordingClass::Speech)).collect();
    let kept = futures_util::future::join_all(ids.iter().map(|id| world.deposit.keep(*id))).await;
    assert!(kept.iter().zip(&ids).all(|(kept, id)| *kept == Kept::Stored((*id).into())), "{kept:?}");
    assert_eq!((world.inbox().await.len(), world.mails().await), (40, 80));
}

#[tokio::test]
async fn the_resumer_works_by_itself_until_it_is_stopped() {
    let world = World::new().await;
    let head = world.head();
    let mut writer = world.spool().begin(&head).unwrap();
    writer.append(&speech(2)).unwrap();
    drop(writer);
    world.spool().settle(head.id).await.unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let resumer = tokio::spawn({
        let (deposit, stop) = (world.deposit.clone(), stop.clone());
        async move { deposit.run_resumer(stop).await }
    });
    world.depth(0).await;
    stop.cancel();
    resumer.await.unwrap();
    assert_eq!(world.inbox().await.len(), 1);
}

#[tokio::test]
async fn an_unfinished_greeting_of_the_owner_never_becomes_a_message() {
    let world = World::new().await;
    let head = Head { draft: true, ..world.head() };
    let mut writer = world.spool().begin(&head).unwrap();
    writer.append(&[900; 8_000]).unwrap();
    drop(writer);
    let world = world.restart();
    assert_eq!(world.deposit.resume().await.unwrap(), Resumed { done: 1, waiting: 0 });
    world.depth(0).await;
    assert!(world.inbox().await.is_empty());
}
