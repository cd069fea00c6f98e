//! The spool under `kill -9`: a process records in real time, is killed at some moment, and its files are counted.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use aftertone::blob::spool::{Head, Spool};
use aftertone::clock::SystemClock;
use aftertone::domain::{CallerId, MailboxId, RecordingId, RedirectReason, TenantId};

/// Where the child records; its absence tells the test that it is no child.
const FOLDER: &str = "AFTERTONE_TEST_SPOOL";
const RECORDINGS: u128 = 4;
/// 20 ms at 8 kHz.
const FRAME: usize = 160;
/// What may be missing at the end of a recording: a second.
const MAY_MISS: usize = 8_000;

fn head(number: u128) -> Head {
    let id = uuid::Uuid::from_u128(number + 1);
    Head {
        id: RecordingId::from_uuid(id),
        tenant: TenantId::from_uuid(id),
        mailbox: MailboxId::from_uuid(id),
        caller: CallerId::anonymous(),
        alias: None,
        reason: RedirectReason::NoAnswer,
        began_at: "2026-01-02T03:04:05Z".parse().expect("a time"),
        sample_rate: 8_000,
        draft: false,
        presence: None,
    }
}

/// Sample `at` of every recording.
fn sample(at: usize) -> i16 {
    (at * 7 % 30_011) as i16
}

/// Run as a process of its own by the other test; says after each frame how many samples it has handed over.
#[test]
fn child_that_records_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let spool = Spool::open(Path::new(&folder), SystemClock::shared()).unwrap();
    let mut writers: Vec<_> = (0..RECORDINGS).map(|number| spool.begin(&head(number)).unwrap()).collect();
    for at in (0..).step_by(FRAME) {
        let frame: Vec<i16> = (at..at + FRAME).map(sample).collect();
        for writer in &mut writers {
            writer.append(&frame).unwrap();
        }
        let mut out = std::io::stderr().lock();
        writeln!(out, "{}", at + FRAME).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test]
async fn at_most_a_second_is_missing_after_kill_9_at_any_moment() {
    for round in 0..6 {
        let folder = tempfile::tempdir().unwrap();
        // Frames until the kill; odd steps, so that it hits blocks and syncs at different places.
        let frames = 40 + round * 13;
        let handed_over = killed_after(frames, folder.path());
        let spool = Spool::open(folder.path(), SystemClock::shared()).unwrap();
        let found = spool.abandoned().await.unwrap();
        assert_eq!(found.len() as u128, RECORDINGS, "round {round}: no recording is lost");
        for id in found {
            let recorded = spool.read(id).await.unwrap();
            let samples = recorded.samples.len();
            assert!(samples + MAY_MISS >= handed_over, "round {round}: {samples} of {handed_over} samples");
            assert!(recorded.samples.iter().enumerate().all(|(at, value)| *value == sample(at)));
            assert_eq!(recorded.verdict, None);
        }
    }
}

/// Kills the child once it has said `frames` lines, and tells what it had handed over by then.
fn killed_after(frames: usize, folder: &Path) -> usize {
    let mut child = Command::new(std::env::current_exe().expect("a path"))
        .args(["--exact", "child_that_records_until_it_is_killed", "--nocapture", "--quiet"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the child starts");
    let mut lines = BufReader::new(child.stderr.take().expect("its output is piped")).lines();
    let handed_over = lines.by_ref().map_while(Result::ok).filter_map(|line| line.parse().ok()).nth(frames);
    child.kill().expect("the child is killed");
    child.wait().expect("the child is gone");
    handed_over.expect("the child records")
}
