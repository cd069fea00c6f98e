//! A mail server that answers nobody: what waits for it, and what must not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aftertone::domain::{LampId, Owner};
use aftertone::outbox::Outbox;
use aftertone::service::lamp::{Lamps, Told, Waiting, WaitingLight, new_lamp};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

/// Takes connections and never says a word. How many came.
async fn silent_server() -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let came = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&came);
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            held.push(stream);
        }
    });
    (url, came)
}

fn run(outbox: &Outbox) -> (JoinHandle<()>, CancellationToken) {
    let (outbox, shutdown) = (outbox.clone(), CancellationToken::new());
    let until = shutdown.clone();
    (tokio::spawn(async move { outbox.run(until).await }), shutdown)
}

/// Every mail is stuck, and a shutdown does not wait for them.
fn stuck(settings: Settings) -> Settings {
    Settings { drain: Duration::from_millis(10), ..settings }
}

#[derive(Debug, Default)]
struct Light(AtomicU32);

impl WaitingLight for Light {
    fn tell(&self, waiting: Waiting) -> Told {
        self.0.store(waiting.counts.new, Ordering::Relaxed);
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn lamps_are_told_while_every_worker_waits_for_the_mail_server() {
    let (url, came) = silent_server().await;
    let bed = MailBed::new(&[(ADA, MailMode::Link)]).await;
    let outbox =
        bed.outbox_with(&url, Timeouts::default(), stuck(Settings { workers: 2, ..Settings::default() }));
    let light = Arc::new(Light::default());
    outbox.tell_lamps(Lamps::new(bed.store.clone(), bed.clock.clone(), light.clone()));
    for _ in 0..5 {
        bed.deposit().await;
    }
    bed.clock.advance(Duration::from_millis(1));
    let (running, shutdown) = run(&outbox);
    until(async || came.load(Ordering::Relaxed) == 2).await;
    let owner = Owner { tenant: bed.mailbox.tenant, mailbox: bed.mailbox.id };
    let lamp = new_lamp(LampId::from_uuid(bed.clock.uuid()), owner, "desk".to_owned(), "{}".to_owned());
    bed.store.put_lamp(&lamp).await.unwrap();
    bed.deposit().await;
    outbox.nudge();
    until(async || light.0.load(Ordering::Relaxed) == 6).await;
    shutdown.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn a_mail_that_finds_no_sender_is_put_off_and_says_so() {
    let (url, came) = silent_server().await;
    let bed = MailBed::new(&[(ADA, MailMode::Link)]).await;
    let settings = Settings { senders: 1, turn: Duration::from_millis(50), ..Settings::default() };
    let outbox = bed.outbox_with(&url, Timeouts::default(), stuck(settings));
    bed.deposit().await;
    bed.deposit().await;
    bed.clock.advance(Duration::from_millis(1));
    let (running, shutdown) = run(&outbox);
    let put_off = async || bed.store.jobs(Some(JobState::Retry), 9).await.unwrap();
    until(async || put_off().await.len() == 1).await;
    let job = put_off().await.remove(0);
    assert!(job.last_error.as_deref().is_some_and(|why| why.contains("still being handed over")), "{job:?}");
    assert!(job.next_at > bed.clock.now());
    assert_eq!(came.load(Ordering::Relaxed), 1, "the other one is on its way");
    shutdown.cancel();
    running.await.unwrap();
    bed.clock.advance(20 * MINUTE);
    bed.outbox(&bed.files_url()).work_off().await;
    assert_eq!(bed.mails().len(), 2);
}
