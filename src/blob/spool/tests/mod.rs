//! The spool on real folders and on simulated disks that are full, broken, slow or unplugged.

mod sim;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use self::sim::Sim;
use super::disk::Disk;
use super::shared::MAX_BLOCKS;
use super::*;
use crate::clock::{Clock, ManualClock};
use crate::domain::{CallerId, MailboxId, RecordingClass, RedirectReason, TenantId};

/// A head with an id of its own for each `number`, ordered as the numbers are.
pub(crate) fn head(number: u64) -> Head {
    let id = |kind: u128| uuid::Uuid::from_u128((kind << 96) | u128::from(number));
    Head {
        id: RecordingId::from_uuid(id(1)),
        tenant: TenantId::from_uuid(id(2)),
        mailbox: MailboxId::from_uuid(id(3)),
        caller: CallerId::new(Some("+15550100"), Some("Grace")),
        alias: Some("sales".to_owned()),
        reason: RedirectReason::NoAnswer,
        began_at: "2026-01-02T03:04:05Z".parse().unwrap(),
        sample_rate: 8_000,
        draft: false,
        presence: None,
    }
}

fn clock() -> Arc<ManualClock> {
    ManualClock::new("2026-01-02T03:04:05Z".parse().unwrap(), 1)
}

fn verdict(keep_samples: u64) -> Verdict {
    Verdict { keep_samples, voiced_ms: 10, class: RecordingClass::Speech }
}

/// A ramp: every sample tells where it belongs.
fn ramp(count: usize) -> Vec<i16> {
    (0..count).map(|at| (at % 30_000) as i16).collect()
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never happened: {what}");
}

#[tokio::test]
async fn what_was_recorded_is_read_back_and_survives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), clock()).unwrap();
    let (head, sound) = (head(1), ramp(20_000));
    let mut writer = spool.begin(&head).unwrap();
    for frame in sound.chunks(160) {
        writer.append(frame).unwrap();
    }
    assert_eq!((writer.id(), writer.len_samples()), (head.id, 20_000));
    writer.finish(verdict(19_000)).unwrap();
    spool.mark(head.id, Marks { urgent: true, private: false }).await.unwrap();
    spool.settle(head.id).await.unwrap();
    drop(spool);

    let spool = Spool::open(folder.path(), clock()).unwrap();
    assert_eq!(spool.health(), SpoolHealth { depth: 1, trouble: None });
    let recorded = spool.read(head.id).await.unwrap();
    assert_eq!(recorded.samples, sound[..19_000]);
    assert_eq!(recorded.head, head);
    assert_eq!((recorded.marks.urgent, recorded.verdict), (true, Some(verdict(19_000))));
}

#[tokio::test]
async fn adding_to_a_recording_goes_on_after_what_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), clock()).unwrap();
    let id = head(1).id;
    let mut writer = spool.begin(&head(1)).unwrap();
    writer.append(&[1; 500]).unwrap();
    writer.finish(verdict(300)).unwrap();
    let mut writer = spool.reopen(id).await.unwrap();
    assert_eq!(writer.len_samples(), 300);
    writer.append(&[2; 100]).unwrap();
    writer.finish(verdict(400)).unwrap();
    let recorded = spool.read(id).await.unwrap();
    assert_eq!(recorded.samples, [vec![1; 300], vec![2; 100]].concat());
    assert!(matches!(spool.reopen(head(2).id).await, Err(SpoolError::Missing(_))));
}

#[tokio::test]
async fn two_processes_do_not_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = Spool::open(folder.path(), clock()).unwrap();
    let second = Spool::open(folder.path(), clock()).unwrap_err();
    assert!(matches!(&second, SpoolError::Taken(_)) && second.to_string().contains("--data"), "{second}");
    drop(first);
    assert!(Spool::open(folder.path(), clock()).is_ok());
}

#[tokio::test]
async fn a_recording_belongs_to_its_call_until_that_is_done_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let spool = Spool::open(folder.path(), Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
    let mut open = spool.begin(&head(1)).unwrap();
    open.append(&[1; 100]).unwrap();
    let in_review = spool.begin(&head(2)).unwrap();
    in_review.finish(verdict(0)).unwrap();
    let left = spool.begin(&head(3)).unwrap();
    left.finish(verdict(0)).unwrap();
    spool.release(head(3).id);
    let mut cut_off = spool.begin(&head(4)).unwrap();
    cut_off.append(&[1; 100]).unwrap();
    drop(cut_off);
    for number in 1..=4 {
        spool.settle(head(number).id).await.unwrap();
    }
    std::fs::write(folder.path().join("notes.txt"), "not ours").unwrap();
    assert_eq!(spool.abandoned().await.unwrap(), [head(3).id, head(4).id]);
    assert_eq!(spool.read(head(4).id).await.unwrap().samples, [1; 100]);
    clock.advance(HOLD_LIMIT + Duration::from_secs(1));
    assert_eq!(spool.abandoned().await.unwrap(), [head(2).id, head(3).id, head(4).id]);
    drop((spool, open));
    let spool = Spool::open(folder.path(), clock).unwrap();
    assert_eq!(spool.abandoned().await.unwrap().len(), 4);
}

#[tokio::test]
async fn what_is_settled_survives_a_power_cut_and_what_is_removed_does_not_come_back() {
    let sim = Sim::default();
    let spool = sim.spool();
    let mut writer = spool.begin(&head(1)).unwrap();
    writer.append(&ramp(9_000)).unwrap();
    spool.settle(head(1).id).await.unwrap();
    let after = sim.after_power_cut().spool();
    assert_eq!(after.read(head(1).id).await.unwrap().samples, ramp(8_000), "whole blocks are on the disk");

    writer.finish(verdict(9_000)).unwrap();
    spool.settle(head(1).id).await.unwrap();
    let after = sim.after_power_cut().spool();
    assert_eq!(after.read(head(1).id).await.unwrap().samples, ramp(9_000));

    spool.remove(head(1).id).await.unwrap();
    assert_eq!(sim.after_power_cut().spool().health().depth, 0);
    assert!(matches!(spool.remove(head(1).id).await, Err(SpoolError::Missing(_))));
    assert!(matches!(spool.read(head(1).id).await, Err(SpoolError::Missing(_))));
}

#[tokio::test]
async fn nobody_needs_to_ask_for_a_recording_to_become_durable() {
    let sim = Sim::default();
    let spool = sim.spool();
    let mut writer = spool.begin(&head(1)).unwrap();
    writer.append(&ramp(4_000)).unwrap();
    until("half a second of sound is durable", || {
        let names = sim.0.names.lock().unwrap();
        names.1.values().any(|content| content.lock().unwrap().1.len() > 8_000)
    })
    .await;
}

#[tokio::test]
async fn a_power_cut_at_any_moment_costs_two_seconds_at_most() {
    let sim = Sim::default();
    let spool = sim.spool();
    let mut writers: Vec<_> = (1..=4).map(|number| spool.begin(&head(number)).unwrap()).collect();
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    let said = ramp(200 * 160);
    for (tick, frame) in said.chunks(160).enumerate() {
        ticks.tick().await;
        writers.iter_mut().for_each(|writer| writer.append(frame).unwrap());
        // Moments that fall differently on blocks and syncs.
        if tick % 17 != 0 {
            continue;
        }
        let after = sim.after_power_cut().spool();
        for number in 1..=4 {
            let left = after.read(head(number).id).await.map_or(Vec::new(), |recorded| recorded.samples);
            assert!(
                left.len() + 16_000 >= (tick + 1) * 160,
                "{} of {} samples",
                left.len(),
                (tick + 1) * 160
            );
            assert_eq!(left, said[..left.len()]);
        }
    }
}

#[tokio::test]
async fn a_full_disk_keeps_what_was_written_and_heals_when_there_is_room() {
    let sim = Sim::default();
    let spool = sim.spool();
    let mut writer = spool.begin(&head(1)).unwrap();
    writer.append(&ramp(8_000)).unwrap();
    spool.settle(head(1).id).await.unwrap();
    sim.rules(|rules| rules.room = Some(1_000));
    let mut refused = None;
    until("append fails", || {
        refused = refused.take().or(writer.append(&ramp(4_000)).err());
        refused.is_some()
    })
    .await;
    assert!(matches!(refused, Some(SpoolError::Disk { .. })), "{refused:?}");
    until("trouble is told", || spool.health().trouble.is_some()).await;
    assert!(spool.begin(&head(2)).is_err());
    sim.rules(|rules| rules.room = None);
    until("the spool heals", || spool.health().trouble.is_none()).await;
    assert!(writer.append(&[1]).is_err(), "a gap must not be closed up");
    writer.finish(verdict(u64::MAX)).unwrap();
    assert!(matches!(spool.settle(head(1).id).await, Err(SpoolError::Disk { .. })), "its end is missing");
    assert_eq!(spool.safe_samples(head(1).id).await.unwrap(), 8_000, "what came before is safe");
    assert_eq!(spool.read(head(1).id).await.unwrap().samples, ramp(8_000));
    let mut writer = spool.begin(&head(2)).unwrap();
    writer.append(&[5; 10]).unwrap();
    writer.finish(verdict(10)).unwrap();
    assert_eq!(spool.read(head(2).id).await.unwrap().samples, [5; 10]);
}

#[tokio::test]
async fn a_disk_that_cannot_sync_is_not_called_settled() {
    let sim = Sim::default();
    let spool = sim.spool();
    let mut writer = spool.begin(&head(1)).unwrap();
    writer.append(&[1; 4_000]).unwrap();
    sim.rules(|rules| rules.sync_fails = true);
    assert!(matches!(spool.settle(head(1).id).await, Err(SpoolError::Disk { .. })));
    assert!(spool.health().trouble.is_some());
    assert_eq!(spool.safe_samples(head(1).id).await.unwrap(), 0, "nobody knows what the disk has");
    assert!(matches!(spool.mark(head(1).id, Marks::default()).await, Err(SpoolError::Disk { .. })));
}

#[tokio::test]
async fn short_writes_do_no_harm() {
    let sim = Sim::default();
    sim.rules(|rules| rules.at_most = Some(7));
    let spool = sim.spool();
    let mut writer = spool.begin(&head(1)).unwrap();
    writer.append(&ramp(10_000)).unwrap();
    writer.finish(verdict(10_000)).unwrap();
    assert_eq!(spool.read(head(1).id).await.unwrap().samples, ramp(10_000));
}

#[tokio::test]
async fn a_stalled_disk_never_blocks_the_recorder_and_memory_stays_bounded() {
    let sim = Sim::default();
    let spool = sim.spool();
    let mut writer = spool.begin(&Head { sample_rate: 8, ..head(1) }).unwrap();
    spool.settle(head(1).id).await.unwrap();
    sim.rules(|rules| rules.stalled = true);
    let frame = [3; 160];
    let taken = (0..3 * MAX_BLOCKS).take_while(|_| writer.append(&frame).is_ok()).count();
    assert!((MAX_BLOCKS..=MAX_BLOCKS + 2).contains(&taken), "{taken} blocks were taken");
    let health = spool.health().trouble.unwrap();
    assert!(health.contains("behind"), "{health}");
    writer.finish(verdict(u64::MAX)).unwrap();
    sim.rules(|rules| rules.stalled = false);
    let recorded = spool.read(head(1).id).await.unwrap();
    assert_eq!(recorded.samples.len(), taken * 160);
    assert!(recorded.verdict.is_some(), "what ends a recording still fits into the queue");
}

#[tokio::test]
async fn many_recordings_share_one_sync() {
    let sim = Sim::default();
    let spool = sim.spool();
    let mut writers: Vec<_> = (0..300).map(|number| spool.begin(&head(number)).unwrap()).collect();
    for writer in &mut writers {
        writer.append(&ramp(4_000)).unwrap();
    }
    until("one sync for all", || sim.0.whole_syncs.load(Ordering::Relaxed) > 0).await;
    until("all are durable", || {
        let after = sim.after_power_cut();
        let names = after.0.names.lock().unwrap();
        names.0.values().filter(|content| content.lock().unwrap().0.len() > 8_000).count() == 300
    })
    .await;
}

#[tokio::test]
async fn a_torn_tail_is_cut_before_anything_is_added() {
    let folder = tempfile::tempdir().unwrap();
    let id = head(1).id;
    {
        let spool = Spool::open(folder.path(), clock()).unwrap();
        let mut writer = spool.begin(&head(1)).unwrap();
        writer.append(&[1; 100]).unwrap();
    }
    let path = folder.path().join(file_name(id));
    let mut torn = std::fs::read(&path).unwrap();
    torn.extend([0x55; 37]);
    std::fs::write(&path, torn).unwrap();
    let spool = Spool::open(folder.path(), clock()).unwrap();
    spool.mark(id, Marks { urgent: false, private: true }).await.unwrap();
    let recorded = spool.read(id).await.unwrap();
    assert_eq!((recorded.samples, recorded.marks.private), (vec![1; 100], true));
}

#[tokio::test]
async fn a_file_that_is_no_recording_is_said_so_and_can_be_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), clock()).unwrap();
    let id = head(1).id;
    std::fs::write(folder.path().join(file_name(id)), "what is this").unwrap();
    assert_eq!(spool.abandoned().await.unwrap(), [id]);
    assert!(matches!(spool.read(id).await, Err(SpoolError::Corrupt(_))));
    spool.quarantine(id).await.unwrap();
    assert_eq!(spool.abandoned().await.unwrap(), []);
    let aside = folder.path().join("quarantine").join(file_name(id));
    assert_eq!(std::fs::read(aside).unwrap(), b"what is this");
}

#[tokio::test]
async fn a_recording_that_became_a_message_is_forgotten_and_its_writer_does_no_harm() {
    let sim = Sim::default();
    let spool = sim.spool();
    let mut writer = spool.begin(&head(1)).unwrap();
    writer.append(&ramp(4_000)).unwrap();
    spool.forget(head(1).id).await.unwrap();
    until("the file is gone", || spool.health().depth == 0).await;
    let _ = writer.append(&ramp(8_000));
    drop(writer);
    until("the folder is synced", || sim.after_power_cut().list().unwrap().is_empty()).await;
    assert!(matches!(spool.read(head(1).id).await, Err(SpoolError::Missing(_))));
}

/// A recording stays one while the caller fills it at any pace and in any portions.
mod portions {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn any_portions_read_back_as_they_were_given(
            portions in prop::collection::vec(prop::collection::vec(any::<i16>(), 0..9_000), 0..6),
            rate in prop::sample::select(vec![8_000_u32, 16_000, 48_000]),
        ) {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let spool = Sim::default().spool();
                let mut writer = spool.begin(&Head { sample_rate: rate, ..head(1) }).unwrap();
                for portion in &portions {
                    writer.append(portion).unwrap();
                }
                writer.finish(verdict(u64::MAX)).unwrap();
                assert_eq!(spool.read(head(1).id).await.unwrap().samples, portions.concat());
            });
        }
    }
}
