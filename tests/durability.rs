//! No message is lost: the whole server is killed, its database, bucket, disk and mail server go away and come back.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
#![expect(clippy::disallowed_methods, reason = "these tests wait for a real process and measure it by a real clock")]

#[path = "durability/caller.rs"]
mod caller;
#[path = "durability/server.rs"]
mod server;

use std::time::Duration;

use aftertone::blob::spool::{Head, Spool, Verdict};
use aftertone::clock::SystemClock;
use aftertone::domain::{CallerId, RecordingClass, RecordingId, RedirectReason};
use caller::{Phone, Speech, Talk};
use futures_util::future::join_all;
use server::{Inbox, Node, Site};

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
    node.until_spool("nothing stays in the spool", <[u64]>::is_empty).await;
    assert_eq!(inbox.messages().await.len(), rounds * CALLS, "nothing is lost, nothing is doubled");
    until("each message is mailed", || site.mails() == rounds * CALLS).await;
    let [recording, after] = worst.map(|samples| samples as f64 / 8_000.0);
    println!("{rounds} kills: at most {recording:.2} s missing of those cut off, {after:.2} s of those hung up");
}

/// Four calls talk until the server is killed at some moment.
async fn killed(node: &mut Node, round: usize, after_hang_up: bool) -> Vec<Said> {
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
    let found = inbox.until(&said.number, 1, Duration::from_secs(30)).await;
    let [message] = &found[..] else {
        panic!("{} messages of {}\n{}", found.len(), said.number, node.log())
    };
    let samples = inbox.samples(message).await;
    let end = Speech::get().end_of(&samples).expect("what was said is in the recording");
    said.samples.saturating_sub(end)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sip_answers_within_two_seconds_of_a_restart_with_a_thousand_recordings_in_the_spool() {
    let site = Site::local();
    let mut node = site.node("data");
    node.add_ada();
    let inbox = Inbox::of(&site).await;
    fill_spool(&node, &inbox, 1_000).await;
    node.spawn();
    let took = node.until_sip();
    assert!(took <= Duration::from_secs(2), "SIP answered after {took:?}");
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
    let clock = SystemClock::shared();
    let spool = Spool::open(&node.spool(), clock.clone()).unwrap();
    let sound = Speech::get().samples(2);
    for _ in 0..count {
        let head = Head {
            id: RecordingId::from_uuid(clock.uuid()),
            tenant: inbox.ada().tenant,
            mailbox: inbox.ada().id,
            caller: CallerId::new(Some("5559999"), None),
            alias: None,
            reason: RedirectReason::NoAnswer,
            began_at: clock.now(),
            sample_rate: 8_000,
        };
        let mut writer = spool.begin(&head).unwrap();
        writer.append(sound).unwrap();
        let verdict =
            Verdict { keep_samples: sound.len() as u64, voiced_ms: 900, class: RecordingClass::Speech };
        writer.finish(verdict).unwrap();
    }
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
