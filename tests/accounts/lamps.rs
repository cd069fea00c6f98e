//! Lamps converge to the counts of their mailbox, whatever fails on the way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aftertone::clock::Clock as _;
use aftertone::domain::{Counts, LampId, Mark, MessageId, Owner};
use aftertone::service::lamp::{LampFault, Lamps, Told, Waiting, WaitingLight, new_lamp};
use aftertone::store::{Lamp, Store, Work};
use proptest::strategy::{Just, Strategy, ValueTree as _};

use super::phone::Office;

/// How the phones answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Well,
    /// Nothing reaches the phone.
    Dead,
    /// The phone is told, and its confirmation is lost.
    Deaf,
    /// The phone says that it never subscribed.
    Gone,
}

/// Phones, each showing what came last by CSeq.
#[derive(Debug)]
struct Phones {
    line: Mutex<Line>,
    shown: Mutex<HashMap<LampId, (u32, Counts)>>,
}

impl WaitingLight for Phones {
    fn tell(&self, waiting: Waiting) -> Told {
        let line = *self.line.lock().unwrap();
        if matches!(line, Line::Well | Line::Deaf) {
            let mut shown = self.shown.lock().unwrap();
            let known = shown.entry(waiting.lamp.id).or_insert((0, Counts::default()));
            assert_ne!(known.0, waiting.cseq, "each number is used once");
            if waiting.cseq > known.0 {
                *known = (waiting.cseq, waiting.counts);
            }
        }
        let answer = match line {
            Line::Well => Ok(()),
            Line::Dead | Line::Deaf => Err(LampFault::Later("no answer".to_owned())),
            Line::Gone => Err(LampFault::Gone("481".to_owned())),
        };
        Box::pin(async move { answer })
    }
}

struct Desk {
    office: Office,
    phones: Arc<Phones>,
    lamps: Lamps,
}

impl Desk {
    async fn new() -> Self {
        let office = Office::new().await;
        let phones = Arc::new(Phones { line: Mutex::new(Line::Well), shown: Mutex::default() });
        let lamps = Lamps::new(office.store.clone(), office.clock.clone(), phones.clone());
        Self { office, phones, lamps }
    }

    async fn lamp(&self, owner: Owner, name: &str, lasts: Option<Duration>) -> Lamp {
        let id = LampId::from_uuid(self.office.clock.uuid());
        let now = self.office.clock.now();
        let expires_at = lasts.map(|lasts| now.checked_add(lasts).unwrap());
        let lamp = Lamp { expires_at, ..new_lamp(id, owner, name.to_owned(), "{}".to_owned()) };
        self.office.store.put_lamp(&lamp).await.unwrap()
    }

    fn line(&self, line: Line) {
        *self.phones.line.lock().unwrap() = line;
    }

    fn shown(&self, lamp: &Lamp) -> Option<Counts> {
        self.phones.shown.lock().unwrap().get(&lamp.id).map(|(_, counts)| *counts)
    }

    /// What the outbox does with the jobs that are due.
    async fn work(&self) {
        let store = &self.office.store;
        for job in store.lease_jobs(100, Duration::from_secs(600)).await.unwrap() {
            let Work::Lamp { mailbox } = job.work else { continue };
            let again = self.office.clock.now().checked_add(Duration::from_secs(30)).unwrap();
            match self.lamps.converge(Owner { tenant: job.tenant, mailbox }).await {
                Ok(()) => store.job_finished(&job).await.unwrap(),
                Err(why) => store.job_retry(&job, again, &why).await.unwrap(),
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Deposit,
    Mark(usize, Mark),
    Line(Line),
    Work,
}

fn step() -> impl Strategy<Value = Step> {
    let marks =
        proptest::sample::select(vec![Mark::Heard, Mark::New, Mark::Save, Mark::Trash, Mark::Restore]);
    let lines = proptest::sample::select(vec![Line::Well, Line::Dead, Line::Deaf]);
    proptest::prop_oneof![
        2 => Just(Step::Deposit),
        4 => (0..4_usize, marks).prop_map(|(which, mark)| Step::Mark(which, mark)),
        2 => lines.prop_map(Step::Line),
        3 => Just(Step::Work),
    ]
}

#[tokio::test]
async fn a_lamp_always_converges_to_the_count() {
    let desk = Desk::new().await;
    let owner = desk.office.ada;
    let lamps = [desk.lamp(owner, "a", None).await, desk.lamp(owner, "b", None).await];
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    // Many short stretches: a change that tells no lamp shows only when no other follows it.
    let steps = proptest::collection::vec(step(), 1..8);
    let mut messages: Vec<MessageId> = vec![desk.office.message(owner).await];
    for _ in 0..60 {
        for step in steps.new_tree(&mut runner).unwrap().current() {
            match step {
                Step::Deposit if messages.len() < 4 => messages.push(desk.office.message(owner).await),
                Step::Deposit => {}
                Step::Mark(which, mark) => {
                    let id = messages[which % messages.len()];
                    desk.office.retrieval.mark(owner, id, mark).await.unwrap();
                }
                Step::Line(line) => desk.line(line),
                Step::Work => desk.work().await,
            }
        }
        desk.line(Line::Well);
        desk.office.clock.advance(Duration::from_secs(60));
        desk.work().await;
        let counts = desk.office.retrieval.counts(owner).await.unwrap().of_a_lamp();
        for lamp in &lamps {
            assert_eq!(desk.shown(lamp).unwrap_or_default(), counts);
            let stored = desk.office.store.lamp(&lamp.name).await.unwrap().unwrap();
            assert_eq!(stored.told, Some(counts), "what is listed is what was confirmed");
        }
    }
}

#[tokio::test]
async fn a_phone_that_does_not_know_its_subscription_or_falls_silent_is_forgotten() {
    let desk = Desk::new().await;
    let owner = desk.office.ada;
    let hour = Some(Duration::from_secs(3600));
    let known = async |name: &str| desk.office.store.lamp(name).await.unwrap().is_some();
    desk.lamp(owner, "gone", hour).await;
    desk.line(Line::Gone);
    assert!(desk.lamps.converge(owner).await.is_ok());
    assert!(!known("gone").await);
    let silent = desk.lamp(owner, "silent", hour).await;
    desk.lamp(owner, "configured", None).await;
    desk.line(Line::Dead);
    for try_ in 1..8 {
        assert!(desk.lamps.converge(owner).await.is_err());
        assert!(known("silent").await, "it may be restarting: try {try_}");
    }
    assert!(desk.lamps.converge(owner).await.is_err());
    assert!(!known("silent").await);
    assert!(known("configured").await, "what is configured stays");
    assert_eq!(desk.shown(&silent), None);
}

#[tokio::test]
async fn a_phone_that_did_not_confirm_is_told_again_until_it_does() {
    let desk = Desk::new().await;
    let owner = desk.office.ada;
    desk.office.message(owner).await;
    let hour = Some(Duration::from_secs(3600));
    let phone = desk.lamp(owner, "restarting", hour).await;
    desk.line(Line::Dead);
    // The NOTIFY that follows its SUBSCRIBE is lost, and so are the next ones; nothing changes in the mailbox.
    assert!(desk.lamps.answer(phone.clone()).await.is_err());
    for _ in 0..4 {
        desk.office.clock.advance(Duration::from_secs(60));
        desk.work().await;
        desk.lamps.reconcile().await.unwrap();
    }
    assert_eq!(desk.shown(&phone), None);
    assert!(desk.office.store.lamp("restarting").await.unwrap().unwrap().failures > 3);
    desk.line(Line::Well);
    desk.office.clock.advance(Duration::from_secs(60));
    desk.work().await;
    assert_eq!(desk.shown(&phone).unwrap().new, 1);
    assert_eq!(desk.office.store.lamp("restarting").await.unwrap().unwrap().failures, 0, "it starts anew");
}

#[tokio::test]
async fn a_lamp_whose_job_was_given_up_is_found_wrong_and_told() {
    let desk = Desk::new().await;
    let owner = desk.office.ada;
    let pbx = desk.lamp(owner, "pbx", None).await;
    desk.office.message(owner).await;
    desk.line(Line::Dead);
    assert!(desk.lamps.converge(owner).await.is_err());
    let jobs = desk.office.store.lease_jobs(100, Duration::from_secs(600)).await.unwrap();
    for job in jobs.iter().filter(|job| matches!(job.work, Work::Lamp { .. })) {
        desk.office.store.job_dead(job, "days of silence").await.unwrap();
    }
    desk.line(Line::Well);
    assert_eq!(desk.lamps.reconcile().await.unwrap(), 1);
    desk.work().await;
    assert_eq!(desk.shown(&pbx).unwrap().new, 1);
}

#[tokio::test]
async fn an_expired_subscription_ends_and_a_lost_job_is_noticed() {
    let desk = Desk::new().await;
    let owner = desk.office.ada;
    let short = desk.lamp(owner, "short", Some(Duration::from_secs(60))).await;
    let long = desk.lamp(owner, "long", None).await;
    desk.lamps.converge(owner).await.unwrap();
    desk.office.message(owner).await;
    let stolen = desk.office.store.lease_jobs(100, Duration::from_secs(600)).await.unwrap();
    for job in stolen.iter().filter(|job| matches!(job.work, Work::Lamp { .. })) {
        desk.office.store.job_finished(job).await.unwrap();
    }
    desk.office.clock.advance(Duration::from_secs(61));
    assert_eq!(desk.lamps.end_expired().await.unwrap(), 1);
    assert_eq!(desk.shown(&short).unwrap().new, 1, "the last NOTIFY tells the truth");
    assert!(desk.office.store.lamp("short").await.unwrap().is_none());
    assert_eq!(desk.shown(&long).unwrap().new, 0);
    assert_eq!(desk.lamps.reconcile().await.unwrap(), 1);
    desk.work().await;
    assert_eq!(desk.shown(&long).unwrap().new, 1);
    assert_eq!(desk.lamps.reconcile().await.unwrap(), 0);
}

/// While the lamps are told, somebody hears the message.
#[derive(Debug)]
struct HeardMeanwhile {
    store: Store,
    owner: Owner,
    message: MessageId,
    told: Mutex<Vec<u32>>,
}

impl WaitingLight for HeardMeanwhile {
    fn tell(&self, waiting: Waiting) -> Told {
        self.told.lock().unwrap().push(waiting.counts.new);
        let (store, owner, message) = (self.store.clone(), self.owner, self.message);
        Box::pin(async move {
            store.mark(owner, message, Mark::Heard).await.unwrap();
            Ok(())
        })
    }
}

#[tokio::test]
async fn what_changes_while_lamps_are_told_is_told_to_all_of_them_after_it() {
    let desk = Desk::new().await;
    let (owner, store) = (desk.office.ada, desk.office.store.clone());
    for name in ["first", "second"] {
        desk.lamp(owner, name, None).await;
    }
    let message = desk.office.message(owner).await;
    let told = Mutex::default();
    let light = Arc::new(HeardMeanwhile { store: store.clone(), owner, message, told });
    let lamps = Lamps::new(store, desk.office.clock.clone(), light.clone());
    lamps.converge(owner).await.unwrap();
    lamps.converge(owner).await.unwrap();
    assert_eq!(*light.told.lock().unwrap(), [1, 1, 0, 0]);
}
